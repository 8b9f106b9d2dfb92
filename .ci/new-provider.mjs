// `npm run new:provider acme [-- --url https://api.acme.com/v1 --model acme-1]` begins a provider: its file, its test against the
// conformance kit, its page, its place in the exports. It works as it is for a server that speaks Chat Completions; for a protocol of its own
// replace what encodes and what decodes (`src/providers/gemini.ts` is the pattern), and give the test a server of that wire.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

const root = join(import.meta.dirname, '..')
const refuse = (why) => {
  console.error(`${why}\nusage: npm run new:provider <name> [-- --url https://api.<name>.com/v1 --model <id>]`)
  process.exit(1)
}

function read() {
  try {
    return parseArgs({ allowPositionals: true, options: { url: { type: 'string' }, model: { type: 'string' } } })
  } catch (error) {
    return refuse(error.message)
  }
}
const { values, positionals } = read()
const [name, ...more] = positionals
if (!name || more.length) refuse('one name is needed')
if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 40)
  refuse(`a name is lower-case words with hyphens, as in a path: ${name}`)
const own = name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())
// what cannot be the name of a function, or already is that of another here
const words =
  'await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let model new null package private protected public return static super switch this throw true try typeof var void while with yield exchange'
if (words.split(' ').includes(own)) refuse(`${name} is a word that is taken`)
const url = values.url ?? `https://api.${name}.com/v1`
if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) refuse(`--url is no address: ${url}`)
const model = values.model ?? `${name}-1`
if (!/^[\w.:/@-]+$/.test(model)) refuse(`--model is no id: ${model}`)

const type = `${own[0].toUpperCase()}${own.slice(1)}Options`
const title = name.replace(/(^|-)(\w)/g, (_, gap, letter) => (gap && ' ') + letter.toUpperCase())
const files = {
  [`src/providers/${name}.ts`]: `import { model, type Model, type ModelInfo } from '../model.ts'
import { exchange } from './wire/exchange.ts'
import { type Connection, keyOf } from './wire/http.ts'
import { type ChatQuirks, encodeChat } from './wire/openai-chat-request.ts'
import { onlyChosen } from './wire/openai-chat-rewrites.ts'
import { ChatDecoder } from './wire/openai-chat.ts'

export type { Connection } from './wire/http.ts'

export interface ${type} extends Connection {
  /** Named in errors and events; default \`${name}\`. */
  provider?: string
  capabilities?: ModelInfo['capabilities']
  limits?: ModelInfo['limits']
}

/** How ${title} differs from plain Chat Completions, as data: every difference is a field of \`ChatQuirks\`. */
const quirks: ChatQuirks = {
  // a choice among several tools is not known: the others leave the list
  rewrite: [onlyChosen],
  fields: { top_k: false },
}

/**
 * A model of ${title}, or of any server that speaks its protocol. Errors: \`model/*\`; a \`baseURL\` that is no address is a \`TypeError\`.
 * @example ${own}('${model}', { apiKey })
 */
export function ${own}(id: string, options: ${type} = {}): Model {
  const {
    provider = '${name}',
    baseURL = '${url}',
    capabilities = { tools: true, structured: true, input: ['text', 'image'] },
    limits,
  } = options
  const url = new URL(baseURL)
  url.pathname = url.pathname.replace(/\\/*$/, '/chat/completions')
  return model({ id, provider, capabilities, limits }, (call) =>
    exchange(call, { provider, fetch: options.fetch }, async () => {
      const key = await keyOf(options)
      return {
        url: url.href,
        // what is sent
        body: encodeChat(call, id, { ...quirks, files: provider, takes: capabilities.input }),
        headers: { ...(key && { authorization: \`Bearer \${key}\` }), ...options.headers },
        // what the answer says, chunk by chunk
        decoder: new ChatDecoder(provider, quirks, call),
      }
    }),
  )
}
`,
  [`test/providers/${name}.test.ts`]: `import { describe, expect, test } from 'vitest'
import { ${own} } from '../../src/providers/${name}.ts'
import { conformance, openaiChatServer } from '../../src/testing/conformance.ts'

/** ${title}'s server as its documentation describes it: whatever it refuses, this one must refuse too (\`ChatDialect\`). */
const wire = openaiChatServer({
  name: '${name}',
  content: ['text', 'image_url'],
  lacks: { pdf: 'its messages hold text and images' },
})

describe('${name}', () => {
  for (const { name, lacking, run } of conformance({ wire, model: (to) => ${own}('${model}', to) }))
    if (lacking === undefined) test(name, run)

  test('asks its own address', async () => {
    let asked = ''
    const fetch: typeof globalThis.fetch = async (url) => {
      asked = url as string
      return new Response('{}', { status: 401 })
    }
    const chunks = ${own}('${model}', { apiKey: 'k', fetch })({ messages: [] })
    await expect(chunks[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'model/auth', provider: '${name}' })
    expect(asked).toBe('${url.replace(/\/*$/, '')}/chat/completions')
  })
})
`,
  [`docs/providers/${name}.md`]: `# ${title}

\`\`\`ts
import { agent, run } from 'edgeswarm'
import { ${own} } from 'edgeswarm/providers/${name}'

const { text } = await run(agent({ name: 'a', model: ${own}('${model}', { apiKey }) }), 'Hi')
\`\`\`

| | |
|---|---|
| address | \`${url}\`; another by \`baseURL\` |
| key | \`apiKey\`, sent as \`Authorization: Bearer\`; a function is asked before each call |
| wire | Chat Completions: \`providerOptions['openai-chat']\` for what has no neutral name |
| capabilities | tools, structured output, text and images; \`capabilities\` and \`limits\` say otherwise |

What works is tested by \`test/providers/${name}.test.ts\` against the conformance kit.
`,
}
for (const file of Object.keys(files)) if (existsSync(join(root, file))) refuse(`${name} is taken: ${file} is there`)

/** Puts an entry at the end of \`exports\`, and leaves the rest of the file as it is written. */
function exporting(file, entry) {
  const text = readFileSync(join(root, file), 'utf8')
  if (JSON.parse(text).exports[`./providers/${name}`]) refuse(`${name} is taken: ${file} exports it`)
  const from = text.indexOf('"exports": {')
  const to = text.indexOf('\n  }', from)
  return `${text.slice(0, to)},\n    "./providers/${name}": ${entry}${text.slice(to)}`
}
const target = (path) => `./dist/src/providers/${name}${path}`
files['package.json'] = exporting('package.json', `{\n      "types": "${target('.d.ts')}",\n      "default": "${target('.js')}"\n    }`)
files['jsr.json'] = exporting('jsr.json', `"./src/providers/${name}.ts"`)

for (const [file, text] of Object.entries(files)) {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), text)
  console.log(file)
}
console.log(`\nNow: node node_modules/vitest/vitest.mjs run --project node test/providers/${name}.test.ts`)
