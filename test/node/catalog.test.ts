import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { checked, endings, families } from '../../src/catalog/known.ts'

const root = join(import.meta.dirname, '../..')

/** Bytes gz of what is loaded at the start, and of what waits to be asked for. */
async function pieces(contents: string): Promise<{ first: number; later: number; inputs: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    outdir: '/out',
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    mainFields: ['module', 'main'],
    conditions: ['import'],
  })
  const sizes = outputFiles.map(({ path, contents }) => [path, gzipSync(contents, { level: 9 }).length] as const)
  const start = sizes.find(([path]) => path.endsWith('stdin.js'))!
  // what the entry imports at once
  const entry = Object.entries(metafile.outputs).find(([path]) => path.endsWith('stdin.js'))![1]
  const now = entry.imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => path.split('/').at(-1))
  const first = sizes.filter(([path]) => now.includes(path.split('/').at(-1))).reduce((sum, [, size]) => sum + size, start[1])
  return { first, later: sizes.reduce((sum, [, size]) => sum + size, 0) - first, inputs: Object.keys(metafile.inputs) }
}

test('the catalog loads its data when it is first asked, not before', async () => {
  const { first, later } = await pieces("export * from './src/catalog/index.ts'")
  console.log(`size: catalog: ${first} bytes gz of 4096, and ${later} when it is asked`)
  expect(first).toBeLessThanOrEqual(4 * 1024)
  expect(later).toBeGreaterThan(50_000)
})

test('who does not ask has none of it', async () => {
  const { inputs } = await pieces("export * from './src/index.ts'; export * from './src/services/index.ts'")
  expect(inputs.filter((file) => /catalog|genai-prices/.test(file))).toEqual([])
})

test('every fact that the kit keeps itself has a source and a date, and no model ends twice', () => {
  const seen = new Set<string>()
  for (const { provider, ids, retires, source } of endings) {
    expect(source).toMatch(/^https:\/\//)
    expect(new Date(`${retires}T00:00:00Z`).toISOString().slice(0, 10)).toBe(retires)
    for (const id of ids) {
      expect(seen.has(`${provider}/${id}`), id).toBe(false)
      seen.add(`${provider}/${id}`)
    }
  }
  for (const { facts } of families) expect(facts.sources!.every((source) => source.startsWith('https://'))).toBe(true)
  console.log(`data: ${seen.size} endings and ${families.length} families of models, checked ${checked}`)
  expect(seen.size).toBeGreaterThanOrEqual(85)
})
