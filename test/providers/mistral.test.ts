import { describe, expect, test } from 'vitest'
import { type Chunk, collect, type KitErrorCode, type Message, type ModelCall, type Part, user } from '../../src/index.ts'
import { mistral, type MistralOptions } from '../../src/providers/mistral.ts'

type Fields = Record<string, unknown>

const call: ModelCall = { messages: [user('hi')] }
const sse = (...events: unknown[]): Response =>
  new Response(events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  })
const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
const chunk = (delta: Fields, more: Fields = {}, body: Fields = {}): Fields => ({
  id: 'a',
  model: 'mistral-small-2603',
  choices: [{ index: 0, delta, ...more }],
  p: 'abcdef',
  ...body,
})
const done = { finish_reason: 'stop' }

const read = (response: Response): ReturnType<typeof collect> =>
  collect(mistral('mistral-small-latest', { fetch: async () => response })(call))

async function sent(asked: ModelCall, id = 'mistral-small-latest', options: MistralOptions = {}): Promise<Fields> {
  let body: Fields = {}
  const fetch: typeof globalThis.fetch = async (_url, init) => {
    body = JSON.parse(init?.body as string) as Fields
    return sse(chunk({ content: 'ok' }, done), '[DONE]')
  }
  await collect(mistral(id, { apiKey: 'k', fetch, ...options })(asked))
  return body
}

const answered = (parts: Part[], id: string): Message[] => [
  user('hi'),
  { role: 'assistant', parts },
  { role: 'tool', parts: [{ type: 'result', id, name: 'f', output: 'x' }] },
]

describe('Mistral: what is sent', () => {
  test('ids of others become nine letters and digits, the same for a call and its result, and its own stay', async () => {
    const idsOf = async (id: string): Promise<unknown[]> => {
      const [, said, result] = (await sent({ messages: answered([{ type: 'call', id, name: 'f', input: {} }], id) })).messages as [
        Fields,
        { tool_calls: Fields[] },
        Fields,
      ]
      return [said.tool_calls[0]!.id, result.tool_call_id]
    }
    const seen = new Set<unknown>()
    for (const id of ['call_0a1b2c3d', 'toolu_01AbCdEf', 'call_0a1b2c3e', 'weather_abcdefghijkl', '', '1', 'call_€🌊', 'x'.repeat(300)]) {
      const [asked, given] = await idsOf(id)
      expect(asked).toMatch(/^[a-zA-Z0-9]{9}$/)
      expect(given).toBe(asked)
      expect(await idsOf(id)).toEqual([asked, given])
      seen.add(asked)
    }
    expect(seen.size).toBe(8)
    expect(await idsOf('wVug6SNgl')).toEqual(['wVug6SNgl', 'wVug6SNgl'])
  })

  test('an effort under the name that the model has for it', async () => {
    const askedOf = async (id: string, effort: 'none' | 'minimal' | 'low' | 'max'): Promise<unknown> => {
      const { reasoning_effort, prompt_mode } = await sent({ ...call, reasoning: { effort } }, id)
      return reasoning_effort ?? (prompt_mode && ['mode', prompt_mode])
    }
    const table: [string, unknown[]][] = [
      ['mistral-small-latest', ['none', 'none', 'high', 'high']],
      ['mistral-medium-3-5', ['none', 'none', 'high', 'high']],
      ['mistral-large-4-0', ['low', 'low', 'low', 'high']],
      ['magistral-medium-latest', [undefined, undefined, ['mode', 'reasoning'], ['mode', 'reasoning']]],
      ['codestral-latest', [undefined, undefined, undefined, undefined]],
      ['a-new-model', ['none', 'minimal', 'low', 'max']],
    ]
    for (const [id, expected] of table)
      expect(await Promise.all((['none', 'minimal', 'low', 'max'] as const).map((effort) => askedOf(id, effort))), id).toEqual(expected)
    expect(await sent(call, 'magistral-medium-latest')).not.toHaveProperty('prompt_mode')
  })

  test('names of its own, a forced choice, a schema with a name; nothing that it does not know', async () => {
    const body = await sent({
      ...call,
      seed: 7,
      topK: 3,
      toolChoice: 'required',
      tools: [{ name: 'f' }],
      parallelTools: false,
      output: { schema: { type: 'object', properties: {}, additionalProperties: false } },
    })
    expect(body).toMatchObject({
      random_seed: 7,
      tool_choice: 'any',
      parallel_tool_calls: false,
      response_format: { type: 'json_schema', json_schema: { name: 'output', strict: true } },
    })
    for (const name of ['seed', 'top_k', 'stream_options']) expect(body).not.toHaveProperty(name)
  })

  test('an answer that is begun is marked as one; an answer with calls, or one in the middle, is not', async () => {
    const begun: Message = { role: 'assistant', parts: [{ type: 'text', text: 'Once' }] }
    expect((await sent({ messages: [user('hi'), begun] })).messages).toEqual([
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'Once', prefix: true },
    ])
    expect((await sent({ messages: [user('hi'), { ...begun, providerOptions: { mistral: { prefix: false } } }] })).messages).toMatchObject([
      {},
      { prefix: false },
    ])
    expect(JSON.stringify(await sent({ messages: [user('hi'), begun, user('so?')] }))).not.toContain('prefix')
  })

  test('documents by address, files by id, sound as bare base64; films and sound that a model does not take are refused', async () => {
    const parts: Part[] = [
      { type: 'media', mime: 'application/pdf', data: 'JVBERi0=', name: 'a.pdf' },
      { type: 'media', mime: 'application/pdf', url: 'https://a.example/b.pdf' },
      { type: 'media', mime: 'application/pdf', ref: 'file-1', store: 'mistral' },
      { type: 'media', mime: 'audio/wav', data: 'UklGRg==' },
      { type: 'media', mime: 'image/png', url: 'https://a.example/a.png', providerOptions: { mistral: { detail: 'low' } } },
    ]
    const { messages } = (await sent({ messages: [{ role: 'user', parts }] })) as { messages: { content: Fields[] }[] }
    expect(messages[0]!.content).toEqual([
      { type: 'document_url', document_url: 'data:application/pdf;base64,JVBERi0=', document_name: 'a.pdf' },
      { type: 'document_url', document_url: 'https://a.example/b.pdf', document_name: 'file.pdf' },
      { type: 'file', file_id: 'file-1' },
      { type: 'input_audio', input_audio: 'UklGRg==' },
      { type: 'image_url', image_url: { url: 'https://a.example/a.png', detail: 'low' } },
    ])
    const film: ModelCall = { messages: [{ role: 'user', parts: [{ type: 'media', mime: 'video/mp4', url: 'https://a.example/a.mp4' }] }] }
    await expect(sent(film)).rejects.toMatchObject({ code: 'model/unsupported' })
    const sound: ModelCall = { messages: [{ role: 'user', parts: [parts[3]!] }] }
    await expect(sent(sound, 'codestral-latest', { capabilities: { input: ['text'] } })).rejects.toMatchObject({
      code: 'model/unsupported',
    })
  })

  test('options under its own name at call, message and part level, over those of the protocol', async () => {
    const body = await sent({
      messages: [{ ...user('hi'), providerOptions: { mistral: { extra: 1 }, cohere: { no: 1 } } }],
      providerOptions: {
        mistral: { safe_prompt: true, prompt_cache_key: 'k', n: 2 },
        'openai-chat': { safe_prompt: false, metadata: { a: 'b' } },
      },
    })
    expect(body).toMatchObject({
      safe_prompt: true,
      prompt_cache_key: 'k',
      n: 2,
      metadata: { a: 'b' },
      messages: [{ content: 'hi', extra: 1 }],
    })
    expect(JSON.stringify(body)).not.toContain('"no"')
  })

  test('the address and the key', async () => {
    const asked: [string, Record<string, string>][] = []
    const fetch: typeof globalThis.fetch = async (url, init) => {
      asked.push([url as string, init?.headers as Record<string, string>])
      return sse(chunk({ content: 'ok' }, done))
    }
    await collect(mistral('m', { apiKey: () => 'secret', fetch })(call))
    await collect(mistral('m', { baseURL: 'https://a.example/v1/?q=1', fetch })(call))
    expect(asked.map(([url]) => url)).toEqual(['https://api.mistral.ai/v1/chat/completions', 'https://a.example/v1/chat/completions?q=1'])
    expect(asked[0]![1]).toMatchObject({ authorization: 'Bearer secret' })
    expect(asked[1]![1]).not.toHaveProperty('authorization')
    expect(() => mistral('m', { baseURL: 'nowhere' })).toThrow(TypeError)
  })
})

describe('Mistral: what an answer says', () => {
  const thinking = (text: string, more: Fields = {}): Fields => ({ type: 'thinking', thinking: [{ type: 'text', text }], ...more })

  test('thinking comes as reasoning, and goes back before the text, signed as it came', async () => {
    const events = [
      chunk({ content: [thinking('Hm')] }),
      chunk({ content: [thinking('.', { signature: 'sig', closed: true })] }),
      chunk({ content: [{ type: 'text', text: '4' }] }),
      chunk({ content: '2' }, done),
    ]
    const { parts } = await read(sse(...events, '[DONE]'))
    expect(parts.map((part) => ('text' in part ? [part.type, part.text] : part.type))).toEqual([
      ['reasoning', 'Hm.'],
      ['text', '42'],
      'opaque',
    ])
    const { messages } = (await sent({ messages: [user('hi'), { role: 'assistant', parts }, user('so?')] })) as { messages: Fields[] }
    expect(messages[1]).toEqual({ role: 'assistant', content: [thinking('Hm.', { signature: 'sig' }), { type: 'text', text: '42' }] })
    const unsigned = await sent({ messages: [user('hi'), { role: 'assistant', parts: parts.slice(0, 2) }, user('so?')] })
    expect((unsigned.messages as Fields[])[1]).toEqual({ role: 'assistant', content: [thinking('Hm.'), { type: 'text', text: '42' }] })
  })

  test('thinking of another wire does not go back', async () => {
    const foreign: Part = { type: 'reasoning', text: 'secret', replay: { wire: 'cohere', data: 'thinking' } }
    expect(
      JSON.stringify(
        await sent({ messages: [user('hi'), { role: 'assistant', parts: [foreign, { type: 'text', text: 'a' }] }, user('b')] }),
      ),
    ).not.toContain('secret')
  })

  test('thinking beside calls goes back with them', async () => {
    const body = await sent({
      messages: answered(
        [
          { type: 'reasoning', text: 'Hm' },
          { type: 'call', id: 'abcdefghi', name: 'f', input: { a: 1 } },
        ],
        'abcdefghi',
      ),
    })
    expect((body.messages as Fields[])[1]).toEqual({
      role: 'assistant',
      content: [thinking('Hm')],
      tool_calls: [{ id: 'abcdefghi', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
    })
  })

  test('calls without an index, whole in one chunk, with arguments as text or as an object', async () => {
    const calls = [
      { id: 'aaaaaaaaa', function: { name: 'f', arguments: '{"x":1}' } },
      { id: 'bbbbbbbbb', function: { name: 'f', arguments: { x: 2 } } },
    ]
    const { parts, finish } = await read(sse(chunk({ content: '', tool_calls: calls }, { finish_reason: 'tool_calls' })))
    expect(finish).toBe('tools')
    expect(parts).toEqual([
      { type: 'call', id: 'aaaaaaaaa', name: 'f', input: { x: 1 } },
      { type: 'call', id: 'bbbbbbbbb', name: 'f', input: { x: 2 } },
    ])
  })

  test('usage beside the choices; sound that was heard is input, though it is counted in the total alone', async () => {
    const usageOf = async (usage: Fields): Promise<unknown> => (await read(sse(chunk({ content: 'a' }, done, { usage })))).usage
    expect(await usageOf({ prompt_tokens: 5, completion_tokens: 2, total_tokens: 7, prompt_tokens_details: { cached_tokens: 4 } })).toEqual(
      { input: 5, output: 2, cacheRead: 4 },
    )
    expect(await usageOf({ prompt_tokens: 9, completion_tokens: 2, total_tokens: 100, prompt_audio_seconds: 5 })).toEqual({
      input: 98,
      output: 2,
    })
  })

  test.each<[raw: string, finish: string]>([
    ['stop', 'stop'],
    ['length', 'length'],
    ['model_length', 'length'],
    ['error', 'error'],
  ])('finish reason %s is %s', async (raw, finish) => {
    expect((await read(sse(chunk({ content: 'a' }, { finish_reason: raw })))).finish).toBe(finish)
  })

  test('of several answers the first is read; the dated name of the model is told', async () => {
    const chunks: Chunk[] = []
    const response = sse({
      id: 'a',
      model: 'mistral-small-2603',
      choices: [
        { index: 1, delta: { content: 'no' } },
        { index: 0, delta: { content: 'yes' }, ...done },
      ],
    })
    for await (const said of mistral('mistral-small-latest', { fetch: async () => response })(call)) chunks.push(said)
    expect(chunks).toEqual([
      { type: 'text', delta: 'yes' },
      { type: 'finish', reason: 'stop', raw: 'stop', model: 'mistral-small-2603', id: 'a' },
    ])
  })
})

describe('Mistral: what goes wrong', () => {
  test.each<[status: number, body: unknown, code: KitErrorCode, retryable: boolean]>([
    [401, { detail: 'Unauthorized' }, 'model/auth', false],
    [401, { message: 'Unauthorized', request_id: 'x' }, 'model/auth', false],
    [400, { object: 'error', message: 'Invalid model: x', type: 'invalid_model', param: null, code: '1500' }, 'model/unknown', false],
    [
      400,
      {
        object: 'error',
        message: 'Prompt contains 9 tokens, too large for model with 8 maximum context length',
        type: 'invalid_request_prompt',
        code: '3051',
      },
      'model/context',
      false,
    ],
    [422, { detail: [{ type: 'missing', loc: ['body', 'messages'], msg: 'Field required' }] }, 'model/request', false],
    [429, { message: 'Requests rate limit exceeded' }, 'model/rate', true],
    [500, { object: 'error', message: 'Internal server error', type: 'internal_error', code: '1000' }, 'model/http', true],
    [503, 'upstream connect error', 'model/overloaded', true],
  ])('%i %j is %s', async (status, body, code, retryable) => {
    await expect(read(json(body, status))).rejects.toMatchObject({ code, retryable, status, provider: 'mistral' })
  })

  test.each<[what: string, events: unknown[], code: KitErrorCode, retryable: boolean]>([
    ['cut', [chunk({ content: 'a' })], 'model/truncated', true],
    [
      'an error with its status',
      [chunk({ content: 'a' }), { object: 'error', message: 'x', type: 'internal_error', code: '1000', raw_status_code: 429 }],
      'model/rate',
      true,
    ],
    ['an error without', [{ object: 'error', message: 'x', type: 'internal_error' }], 'model/http', true],
    ['no JSON', ['{'], 'model/garbled', false],
  ])('a stream: %s', async (_what, events, code, retryable) => {
    await expect(read(sse(...events))).rejects.toMatchObject({ code, retryable })
  })
})
