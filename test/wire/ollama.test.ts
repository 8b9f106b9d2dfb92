import { Ollama } from 'ollama/browser'
import { describe, expect, test } from 'vitest'
import { type Chunk, collect, type KitErrorCode, user } from '../../src/index.ts'
import { ollamaServices } from '../../src/providers/ollama-services.ts'
import { fields } from '../../src/providers/wire/fields.ts'
import { embed } from '../../src/services/index.ts'
import { answering, checkCuts, checkEncode, checkErrors, checkLoops, type Fields, loops, outcome } from './checks.ts'
import { ollamaWire } from './ollama.ts'
import { type Recording, recorded, recordings, responseOf } from './recordings.ts'
import { checkService, type ServiceCheck } from './services.ts'

const all = recordings(['ollama.chat'])
const good = all.filter(({ response: { status } }) => status === 200)
const bad = all.filter(({ response: { status } }) => status >= 400)
const ask = (recording: Recording): AsyncIterable<Chunk> => ollamaWire.model(recording, answering(recording))({ messages: [user('hi')] })

describe.skipIf(!recorded)('recorded chat with Ollama', () => {
  test('cut at any byte, an answer stays the same', async () => {
    const checked = await checkCuts(ollamaWire, good, [1, 2, 77])
    console.log(`wire: ollama decode: ${checked} answers`)
    expect(checked).toBeGreaterThanOrEqual(6)
  })

  test('an answer says something', async () => {
    for (const recording of good) {
      const { text, parts, error } = (await outcome(ask(recording))) as Fields & { parts: { type: string }[] }
      expect(error, recording.id).toBeUndefined()
      expect(text || parts.some(({ type }) => type === 'call'), recording.id).toBeTruthy()
    }
  })

  test('what is sent is what was sent, and fits the schema', async () => {
    const checked = await checkEncode(ollamaWire, all)
    console.log(`wire: ollama encode: ${checked} requests`)
    expect(checked).toBeGreaterThanOrEqual(2)
  })

  test('whole conversations with tools, every request compared', async () => {
    const several = [...Map.groupBy(all, ({ group }) => group).values()].filter((steps) => steps.length > 1)
    const checked = await checkLoops(ollamaWire, loops(ollamaWire, all))
    console.log(`wire: ollama loops: ${checked} conversations of ${several.length}`)
    expect(checked).toBe(several.length)
  })

  test('an error has its code, and says nothing of the provider’s body', async () => {
    const seen = await checkErrors(ollamaWire, bad, ({ id }, { code, retryable, retryAfter }) => {
      expect([code, retryable, retryAfter], id).toEqual(errors[id])
    })
    console.log(`wire: ollama errors: ${bad.length} ${JSON.stringify(seen)}`)
    expect(bad.length).toBe(Object.keys(errors).length)
  })

  test('the official SDK reads the same from the same answer', async () => {
    for (const recording of good) expect(await byUs(recording), recording.id).toEqual(await bySDK(recording))
    console.log(`wire: ollama against the SDK: ${good.length} answers`)
    expect(good.length).toBeGreaterThanOrEqual(6)
  })
})

const empty: NonNullable<ServiceCheck['normalise']>[number] = {
  why: 'what is empty says nothing',
  apply: ({ body }) => {
    for (const [name, value] of Object.entries(fields(body)))
      if (value === null || value === '' || value === false || (typeof value === 'object' && !Object.keys(value).length))
        delete (body as Fields)[name]
  },
}

const services: readonly ServiceCheck[] = [
  {
    api: 'ollama.embed',
    ask(recording, fetch) {
      const { model = 'm', input, dimensions, ...rest } = bodyOf(recording)
      // a recording without a request says only how many texts there were
      const texts = input ?? (fields(recording.response.body).embeddings as unknown[]).map(String)
      return embed(ollamaServices({ fetch }).embed(model as string), [texts].flat() as string[], {
        dimensions: dimensions as number,
        providerOptions: { ollama: rest },
      })
    },
    expected: ({ response }) => {
      const { embeddings, prompt_eval_count: tokens } = response.body as { embeddings: number[][]; prompt_eval_count?: number }
      return { vectors: embeddings, failed: [], ...(tokens && { usage: { input: tokens, output: 0 } }) }
    },
    normalise: [
      empty,
      { why: 'one text may stand alone', apply: ({ body }) => ((body as Fields).input = [(body as Fields).input].flat()) },
    ],
  },
  {
    api: 'ollama.embeddings',
    ask(recording, fetch) {
      const { model, prompt, ...rest } = bodyOf(recording)
      return embed(ollamaServices({ fetch, embedAPI: 'embeddings' }).embed(model as string), [prompt as string], {
        providerOptions: { ollama: rest },
      })
    },
    expected: ({ response }) => ({ vectors: [fields(response.body).embedding] }),
    normalise: [empty],
  },
  {
    api: 'ollama.generate',
    ask(recording, fetch) {
      const { model = 'm', prompt = '', suffix, system, stream, ...rest } = bodyOf(recording)
      return collect(
        ollamaServices({ fetch }).generate(model as string)({
          prompt: prompt as string,
          suffix: suffix as string,
          system: system as string,
          ...(stream === false && { stream }),
          providerOptions: { ollama: rest },
        }),
      )
    },
    expected({ response }) {
      const said = (response.ndjson ?? JSON.stringify(response.body)).trim().split('\n')
      const all = said.map((line) => JSON.parse(line) as Fields)
      const { prompt_eval_count: input = 0, eval_count: output } = all.at(-1)!
      return { parts: [{ type: 'text', text: all.map((line) => line.response).join('') }], usage: { input, output }, finish: 'stop' }
    },
    normalise: [empty],
  },
]

const bodyOf = ({ request }: Recording): Fields => fields((request as Recording['request'] | null)?.body)

describe.skipIf(!recorded)('recorded services of Ollama', () => {
  test.each(services.map((check) => [check.api, check] as const))('%s', async (api, check) => {
    const read = await checkService(check, recordings([api]))
    console.log(`wire: ${api}: ${read}`)
    expect(read).toBeGreaterThanOrEqual(1)
  })
})

/** Of each refusal: its code, whether the same request may succeed later, and after how many ms. */
const errors: Readonly<Record<string, [KitErrorCode, retryable: boolean, retryAfter: number | undefined]>> = {}

interface Read {
  text: string
  reasoning: string
  calls: { name: string; input: unknown }[]
  input: number
  output: number
  finish: string | undefined
}

async function byUs(recording: Recording): Promise<Read> {
  const read: Read = { text: '', reasoning: '', calls: [], input: 0, output: 0, finish: undefined }
  for await (const chunk of ask(recording)) {
    if (chunk.type === 'text' || chunk.type === 'reasoning') read[chunk.type] += chunk.delta
    if (chunk.type === 'usage') Object.assign(read, chunk.usage)
    if (chunk.type === 'finish') read.finish = chunk.raw
    if (chunk.type === 'part' && chunk.part.type === 'call') read.calls.push({ name: chunk.part.name, input: chunk.part.input })
  }
  return read
}

async function bySDK(recording: Recording): Promise<Read> {
  const client = new Ollama({ host: 'http://localhost:11434', fetch: async () => responseOf(recording, 5) })
  const read: Read = { text: '', reasoning: '', calls: [], input: 0, output: 0, finish: undefined }
  for await (const { message, ...line } of await client.chat({ model: 'm', messages: [], stream: true })) {
    read.text += message.content
    read.reasoning += message.thinking ?? ''
    for (const { function: f } of message.tool_calls ?? []) read.calls.push({ name: f.name, input: f.arguments })
    if (line.done) Object.assign(read, { input: line.prompt_eval_count, output: line.eval_count, finish: line.done_reason })
  }
  return read
}
