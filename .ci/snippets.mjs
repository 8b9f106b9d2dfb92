// Every ```ts block of README, CONTRIBUTING and docs: type-checked against the built package, then run with a fake provider.
// A block is a module of its own; what a reader would have at hand (`given`) is put before it where it is used.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = join(import.meta.dirname, '..')
// inside the package, so that `edgeswarm` means what it means to a user
const dir = join(root, 'examples/snippets')
const given = {
  apiKey: "const apiKey = 'test'",
  tokens: "const tokens = { secret: { id: 'me' } }",
  env: 'const env: Record<string, string> = {}',
  agent: "import { agent } from 'edgeswarm'",
  app: "import { app } from 'edgeswarm/http'",
  bearer: "import { bearer } from 'edgeswarm/http'",
  localHost: "import { localHost } from 'edgeswarm/http'",
  scripted: "import { scripted } from 'edgeswarm/testing'",
  support: "const support = agent({ name: 'support', model: scripted('Hello!') })",
}
const docs = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
]
const snippets = docs.flatMap((doc) =>
  [...readFileSync(join(root, doc), 'utf8').matchAll(/^```ts\n(.*?)^```/gms)].map(([, code], at) => ({
    doc,
    at,
    code,
    file: join(dir, `${basename(doc, '.md')}-${at + 1}.ts`),
  })),
)
if (!snippets.length) throw new Error('no snippet found: has the form of code blocks changed?')

/** What providers answer here, in the wire of the one that is asked. */
const wires = [
  [
    /\/chat\/completions$/,
    '{"choices":[{"index":0,"delta":{"content":"Hello!"}}]}',
    '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
    '[DONE]',
  ],
  [
    /\/responses$/,
    '{"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"m","role":"assistant","content":[]}}',
    '{"type":"response.output_text.delta","item_id":"m","output_index":0,"content_index":0,"delta":"Hello!"}',
    '{"type":"response.completed","response":{"id":"r","status":"completed","output":[{"type":"message","id":"m","role":"assistant","content":[{"type":"output_text","text":"Hello!","annotations":[]}]}]}}',
  ],
  [
    /\/messages$/,
    '{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"model":"claude","usage":{"input_tokens":1,"output_tokens":1}}}',
    '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
    '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello!"}}',
    '{"type":"content_block_stop","index":0}',
    '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}',
    '{"type":"message_stop"}',
  ],
  [/:streamGenerateContent$/, '{"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"Hello!"}]},"finishReason":"STOP"}]}'],
]
globalThis.fetch = async (input) => {
  const { pathname } = new URL(typeof input === 'string' ? input : input.url)
  const [, ...lines] = wires.find(([path]) => path.test(pathname)) ?? []
  if (!lines.length) throw new Error(`a snippet asks for ${pathname}: add that wire to .ci/snippets.mjs`)
  return new Response(lines.map(frame).join(''), { headers: { 'content-type': 'text/event-stream' } })
}
// the Workers runtime has this module; its classes are only extended here
registerHooks({
  resolve: (name, context, next) =>
    name === 'cloudflare:workers' ? { url: 'data:text/javascript,export class DurableObject{}', shortCircuit: true } : next(name, context),
})

try {
  mkdirSync(dir, { recursive: true })
  for (const { code, file } of snippets) writeFileSync(file, `${prelude(code)}${code}`)
  const options = {
    extends: '../../tsconfig.json',
    compilerOptions: { isolatedDeclarations: false, declaration: false, noUnusedLocals: false, types: ['node'] },
    include: ['.'],
  }
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(options))
  execFileSync('tsc', ['-p', dir], { stdio: 'inherit' })
  for (const { doc, at, file } of snippets) {
    try {
      const { default: worker } = await import(pathToFileURL(file).href)
      if (worker && !(await worker.fetch(new Request('http://localhost/health'))).ok) throw new Error('its default export does not answer')
    } catch (cause) {
      throw new Error(`${doc}, code block ${at + 1}`, { cause })
    }
  }
  console.log(`snippets: ${snippets.length} type-checked and run`)
} finally {
  rmSync(dir, { recursive: true, force: true })
}

/** The lines that the code needs and does not have, and that those lines need. */
function prelude(code) {
  const lines = []
  const look = (text) => {
    for (const [name, line] of Object.entries(given)) {
      const word = new RegExp(`(?<![\\w.'/-])${name}(?![\\w'/-])`)
      const has = new RegExp(`(?:import[^;]*?[{,]\\s*${name}\\b[^;]*?from)|(?:\\b(?:const|function)\\s+${name}\\b)`)
      if (lines.includes(line) || !word.test(text) || has.test(code)) continue
      if (line.startsWith('const')) look(line.slice(line.indexOf('=') + 1))
      lines.push(line)
    }
  }
  look(code)
  return lines.map((line) => `${line}\n`).join('')
}

function frame(line) {
  const type = line.startsWith('{') ? JSON.parse(line).type : undefined
  return `${type ? `event: ${type}\n` : ''}data: ${line}\n\n`
}
