// The plan of the house: which room may look into which. A room not named here sees nothing but itself.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { transformSync } from 'esbuild'
import { expect, test } from 'vitest'

const plan: Record<string, readonly string[]> = {
  core: ['types:@standard-schema/spec'],
  'src/providers': ['core', 'aws4fetch', 'types:openai', 'types:@anthropic-ai/sdk', 'types:@google/genai'],
  'src/client': ['core', 'react'],
  'src/services': ['core'],
  'src/catalog': ['core', '@pydantic/genai-prices'],
  'src/media': ['core'],
  'src/testing': ['core'],
  'src/schema': ['core', '@cfworker/json-schema'],
  'src/sqlite': ['core'],
  'src/http': ['core', 'hono', 'jose'],
  'adapters/cloudflare': ['core', 'src/sqlite', 'src/http', 'cloudflare:workers', 'types:@cloudflare/workers-types'],
  'adapters/node': [
    'core',
    'src/sqlite',
    'src/http',
    'src/media',
    'node:http',
    'node:https',
    'node:dns',
    'node:stream',
    'node:sqlite',
    'types:node:net',
  ],
  'adapters/deno': ['core', 'src/http'],
  'adapters/bun': ['core', 'src/http'],
  'adapters/vercel': ['src/http'],
}
const root = join(import.meta.dirname, '../..')

const room = (file: string): string => {
  const [top, name, ...rest] = relative(root, file).split('/')
  return top === 'src' && rest.length === 0 ? 'core' : `${top}/${name}`
}

/** What a source imports, with types apart: esbuild drops an import that is only for types. */
function imports(source: string): { from: string; types: boolean }[] {
  const alive = new Set(
    specifiers(transformSync(source, { loader: 'ts', tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } } }).code),
  )
  return specifiers(source).map((from) => ({ from, types: !alive.has(from) }))
}

const specifiers = (code: string): string[] =>
  [
    ...code.matchAll(
      /^(?:import|export)[\w\s{},*$]*?\bfrom\s*['"]([^'"\n]+)['"]|^import\s*['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]/gm,
    ),
  ].map(([, from, bare, late]) => (from ?? bare ?? late)!)

/** The looks that the plan does not allow. */
function trespasses(file: string, source: string): string[] {
  const here = room(file)
  const allowed = [here, ...(plan[here] ?? [])]
  const found = imports(source)
    .map(({ from, types }) => {
      const there = from.startsWith('.')
        ? room(join(dirname(file), from))
        : from
            .split('/')
            .slice(0, from.startsWith('@') ? 2 : 1)
            .join('/')
      return allowed.includes(there) || (types && allowed.includes(`types:${there}`)) ? undefined : `${relative(root, file)} -> ${from}`
    })
    .filter((look) => look !== undefined)
  if (!/^adapters\/(node|bun)/.test(here) && !relative(root, file).startsWith('src/http/page')) {
    const code = transformSync(source, { loader: 'ts', minifyWhitespace: true }).code
    for (const global of ['process.', 'Buffer.', 'require(', '__dirname']) {
      if (new RegExp(`(?<![\\w.$])${global.replace(/[.(]/, '\\$&')}`).test(code)) found.push(`${relative(root, file)} uses ${global}`)
    }
  }
  return found
}

const files = ['src', 'adapters'].flatMap((dir) =>
  readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(root, dir, file)),
)

test.each(files.map((file) => [relative(root, file), file]))('%s keeps to its room', (_name, file) => {
  expect(trespasses(file, readFileSync(file, 'utf8'))).toEqual([])
})

test('the plan can be broken', () => {
  const core = join(root, 'src/core.ts')
  expect(trespasses(core, "import { readFile } from 'node:fs/promises'\nreadFile('x')")).toHaveLength(1)
  expect(trespasses(core, "import { demo } from './providers/demo.ts'\ndemo()")).toHaveLength(1)
  expect(trespasses(core, "export * from './http/app.ts'")).toHaveLength(1)
  expect(trespasses(core, 'export const home = process.env.HOME')).toHaveLength(1)
  expect(trespasses(join(root, 'src/providers/x.ts'), "import OpenAI from 'openai'\nnew OpenAI()")).toHaveLength(1)
  expect(trespasses(join(root, 'src/providers/x.ts'), "import type OpenAI from 'openai'\nexport type A = OpenAI")).toEqual([])
})

test('there are no circles of run-time imports', () => {
  const graph = new Map(
    files.map((file) => [
      file,
      imports(readFileSync(file, 'utf8'))
        .filter(({ from, types }) => !types && from.startsWith('.'))
        .map(({ from }) => join(dirname(file), from)),
    ]),
  )
  const circles: string[] = []
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file))
      return void circles.push([...path.slice(path.indexOf(file)), file].map((step) => relative(root, step)).join(' -> '))
    if (done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  expect(circles).toEqual([])
})
