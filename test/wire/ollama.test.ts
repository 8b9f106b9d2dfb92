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

// requests that no recording holds, and a conversation: what the protocol allows, in the forms that clients are known to send
const tool = { type: 'function', function: { name: 'add', description: 'Adds.', parameters: { type: 'object', properties: {} } } }
const asked = { role: 'user', content: 'Add 1 and 2, and 3 and 4.' }
const calls = [{ function: { name: 'add', arguments: { a: 1, b: 2 } } }, { function: { name: 'add', arguments: { a: 3, b: 4 } } }]
const called = { role: 'assistant', content: '', thinking: 'Two sums.', tool_calls: calls }
const results = [
  { role: 'tool', content: '3', tool_name: 'add' },
  { role: 'tool', content: '7', tool_name: 'add' },
]
const unseen: Readonly<Record<string, Fields>> = {
  'all settings': {
    messages: [{ role: 'system', content: 'Be brief.' }, asked],
    options: {
      num_predict: 9,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 3,
      seed: 1,
      stop: ['x'],
      presence_penalty: 1,
      frequency_penalty: 1,
      min_p: 0.1,
      num_ctx: 8192,
      mirostat: 1,
    },
    keep_alive: '5m',
    think: 'low',
    logprobs: true,
    top_logprobs: 2,
    stream: true,
  },
  'what says nothing': {
    messages: [{ ...asked, images: null, tool_calls: null }],
    tools: null,
    format: '',
    options: null,
    keep_alive: null,
    think: null,
  },
  'a schema': { messages: [asked], format: { type: 'object', properties: { sum: { type: 'number' } } }, stream: false },
  'any JSON': { messages: [asked], format: 'json', keep_alive: 0, think: false },
  images: { messages: [{ ...asked, images: ['iVBORw0KGgo=', '/9j/'] }] },
  'calls and results': { messages: [asked, called, ...results, { role: 'assistant', content: '3 and 7' }, asked], tools: [tool] },
  'calls with ids, an index and a type, without content': {
    messages: [
      asked,
      {
        role: 'assistant',
        tool_calls: calls.map(({ function: f }, index) => ({ id: `call_${index}`, type: 'function', function: { index, ...f } })),
      },
      ...results.map((result, at) => ({ ...result, tool_call_id: `call_${at}` })),
    ],
    tools: [tool],
  },
  'arguments as text, results by `name` or without one': {
    messages: [
      asked,
      { ...called, tool_calls: calls.map(({ function: f }) => ({ function: { ...f, arguments: JSON.stringify(f.arguments) } })) },
      { role: 'tool', content: '3', name: 'add' },
      { role: 'tool', content: '7' },
    ],
    tools: [tool],
  },
  'an answer that was only thought, a strict tool, a result with a picture': {
    messages: [
      asked,
      { role: 'assistant', content: '', thinking: 'Hm.' },
      asked,
      { ...called, tool_calls: calls.slice(1) },
      { ...results[0], images: ['iVBORw0KGgo='] },
    ],
    tools: [{ function: { ...tool.function, strict: true } }],
  },
  'an answer that said nothing': { messages: [asked, { role: 'assistant', content: '' }, asked] },
}

const made = (id: string, body: Fields, message: Fields, step = 1, steps = 1): Recording => ({
  id,
  api: 'ollama.chat',
  provider: 'ollama',
  group: 'made',
  step,
  steps,
  kind: [],
  request: { method: 'POST', url: 'http://localhost:11434/api/chat', headers: {}, body: { model: 'm', ...body } },
  response: {
    status: 200,
    headers: {},
    ndjson: `${JSON.stringify({ model: 'm', message, done: false })}\n${JSON.stringify({ model: 'm', message: { content: '' }, done: true, done_reason: 'stop' })}\n`,
  },
})

describe('chat with Ollama that no recording holds', () => {
  test.each(Object.entries(unseen))('%s', async (name, body) => {
    expect(await checkEncode(ollamaWire, [made(name, body, { role: 'assistant', content: 'ok' })])).toBe(1)
  })

  test('a loop with parallel calls, every request compared', async () => {
    const steps = [
      made('one', { messages: [asked], tools: [tool] }, called, 1, 2),
      made('two', { messages: [asked, called, ...results], tools: [tool] }, { role: 'assistant', content: '3 and 7' }, 2, 2),
    ]
    expect(loops(ollamaWire, steps)).toHaveLength(1)
    expect(await checkLoops(ollamaWire, [steps])).toBe(1)
  })

  test('the checks see a body that differs', async () => {
    const lost = { ...ollamaWire, parse: (recording: Recording) => ({ ...ollamaWire.parse(recording), temperature: 1 }) }
    await expect(checkEncode(lost, [made('lost', { messages: [asked] }, { content: 'ok' })])).rejects.toThrow('lost')
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
