import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Answer, type Chunk, collect, KitError, type Message, type ModelCall, type Part, textOf, user } from '../src/index.ts'
import { openaiChat, openaiCompatible, type OpenAIChatOptions } from '../src/providers/openai-chat.ts'
import { azure, presets, workersAi } from '../src/providers/presets.ts'

type Fields = Record<string, unknown>

const sse = (...lines: unknown[]): Response =>
  new Response(lines.map((line) => `data: ${typeof line === 'string' ? line : JSON.stringify(line)}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  })
const delta = (delta: unknown, finish_reason?: string): Fields => ({ choices: [{ index: 0, delta, finish_reason }] })
const done = delta({}, 'stop')

const answered = (response: () => Response, options: OpenAIChatOptions = {}, call: Partial<ModelCall> = {}): AsyncIterable<Chunk> =>
  openaiChat('m', { apiKey: 'k', ...options, fetch: async () => response() })({ messages: [user('hi')], ...call })
const read = (...lines: unknown[]): Promise<Answer> => collect(answered(() => sse(...lines)))
const preset = (name: keyof typeof presets, response: () => Response): AsyncIterable<Chunk> =>
  openaiCompatible(presets[name], { fetch: async () => response() })('m')({ messages: [user('hi')] })

/** The body that is sent for a call. */
async function sent(
  call: Partial<ModelCall>,
  make: (options: OpenAIChatOptions) => (call: ModelCall) => AsyncIterable<Chunk>,
): Promise<Fields> {
  let body: Fields = {}
  const fetch: OpenAIChatOptions['fetch'] = async (_url, init) => {
    body = JSON.parse(init?.body as string) as Fields
    return sse(done)
  }
  await collect(make({ fetch })({ messages: [user('hi')], ...call }))
  return body
}
const byOpenAI = (call: Partial<ModelCall>): Promise<Fields> => sent(call, (options) => openaiChat('m', options))
const by = (name: keyof typeof presets, call: Partial<ModelCall>): Promise<Fields> =>
  sent(call, (options) => openaiCompatible(presets[name], options)('m'))

const add = { name: 'add', input: { type: 'object' } }
const conversation: readonly Message[] = [
  user('1 + 1?'),
  {
    role: 'assistant',
    parts: [
      { type: 'reasoning', text: 'Easy.' },
      { type: 'call', id: 'call_abcdefghijklmnop', name: 'add', input: { a: 1 } },
    ],
  },
  { role: 'tool', parts: [{ type: 'result', id: 'call_abcdefghijklmnop', name: 'add', output: { sum: 2 } }] },
]

describe('an answer', () => {
  test('that ends too early is none; the same with its end is one', async () => {
    const lines = [delta({ content: 'Hel' }), delta({ content: 'lo' })]
    await expect(read(...lines)).rejects.toMatchObject({ code: 'model/truncated', retryable: true })
    expect(textOf(await read(...lines, done))).toBe('Hello')
    expect(textOf(await read(...lines, '[DONE]'))).toBe('Hello')
  })

  test('without a choice is empty', async () => {
    await expect(collect(answered(() => Response.json({ choices: [] })))).rejects.toMatchObject({ code: 'model/empty', retryable: true })
    expect(
      await collect(answered(() => Response.json({ choices: [{ message: { content: null }, finish_reason: 'stop' }] }))),
    ).toMatchObject({ parts: [] })
  })

  test('may come whole though a stream was asked for', async () => {
    const body = {
      choices: [{ index: 0, message: { content: 'ok' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 2 },
    }
    expect(await collect(answered(() => Response.json(body)))).toMatchObject({
      parts: [{ type: 'text', text: 'ok' }],
      usage: { input: 1, output: 2 },
    })
    await expect(collect(answered(() => new Response('{"cho', { headers: { 'content-type': 'application/json' } })))).rejects.toMatchObject(
      {
        code: 'model/garbled',
      },
    )
  })

  test('that is whole needs no finish reason, and numbers may come as text', async () => {
    const body = {
      choices: [
        { index: '1', message: { content: 'no' } },
        { index: '0', message: { content: 'ok' } },
      ],
    }
    expect(textOf(await collect(answered(() => Response.json(body))))).toBe('ok')
  })

  test('thinks under either name, also where the other one is there and says nothing', async () => {
    for (const thought of [{ reasoning_content: 'Hm.' }, { reasoning: 'Hm.' }, { reasoning_content: '', reasoning: 'Hm.' }])
      expect((await read(delta({ ...thought, content: '' }), done)).parts).toEqual([{ type: 'reasoning', text: 'Hm.' }])
  })

  test('passes what is not known, and reads only the first choice', async () => {
    const other = {
      choices: [
        { index: 1, delta: { content: 'no' } },
        { index: 0, delta: { content: 'yes', wonder: [1] }, logprobs: null },
      ],
      p: 'xx',
    }
    expect(textOf(await read({ object: 'new.thing' }, other, delta({ content: null, tool_calls: null }), delta({}, 'unheard_of')))).toBe(
      'yes',
    )
  })

  test.each([
    ['stop', 'stop'],
    ['eos_token', 'stop'],
    ['stop_sequence', 'stop'],
    ['length', 'length'],
    ['model_length', 'length'],
    ['tool_calls', 'tools'],
    ['content_filter', 'refusal'],
    ['error', 'error'],
    ['constructor', 'other'],
  ])('that finishes with %s ended by %s', async (raw, reason) => {
    expect((await read(delta({ content: 'x' }, raw))).finish).toBe(reason)
  })

  test('refused is a refusal in its own words', async () => {
    const answer = await read(delta({ refusal: 'I can' }), delta({ refusal: 'not.' }), done)
    expect(answer).toEqual({ parts: [{ type: 'refusal', text: 'I cannot.' }], usage: { input: 0, output: 0 }, finish: 'refusal' })
  })

  test('spoken comes as a sound with its words, padding between pieces or not', async () => {
    const lines = [delta({ audio: { id: 'a', transcript: 'Hi', data: btoa('abcd') } }), delta({ audio: { data: btoa('ef') } }), done]
    const heard = (...chunks: unknown[]): Promise<Answer> => {
      const providerOptions = { 'openai-chat': { audio: { voice: 'alloy', format: 'pcm16' } } }
      return collect(answered(() => sse(...chunks), {}, { providerOptions }))
    }
    expect((await heard(...lines)).parts).toEqual([
      { type: 'text', text: 'Hi' },
      { type: 'media', mime: 'audio/pcm16', data: btoa('abcdef') },
    ])
    expect(
      (await collect(openaiCompatible({ baseURL: 'http://localhost' }, { fetch: async () => sse(...lines) })('m')({ messages: [] }))).parts,
    ).toEqual([{ type: 'text', text: 'Hi' }])
    await expect(heard(delta({ audio: { data: '?' } }), delta({ audio: { data: '!' } }), done)).rejects.toMatchObject({
      code: 'model/garbled',
    })
  })

  test('counts cached, written and reasoning tokens, and reasoning that only the total counts', async () => {
    const usage = {
      prompt_tokens: 300,
      completion_tokens: 26,
      total_tokens: 581,
      prompt_tokens_details: { cached_tokens: 244, cache_write_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 255 },
    }
    expect((await read(done, { choices: [], usage })).usage).toEqual({
      input: 300,
      output: 281,
      cacheRead: 244,
      cacheWrite: 3,
      reasoning: 255,
    })
    expect((await read({ ...done, usage: { prompt_tokens: '7', completion_tokens: null } })).usage).toEqual({ input: 7, output: 0 })
    expect(
      (await read({ choices: [{ delta: {}, finish_reason: 'stop', usage: { prompt_tokens: 1, completion_tokens: 1, cached_tokens: 1 } }] }))
        .usage,
    ).toEqual({
      input: 1,
      output: 1,
      cacheRead: 1,
    })
  })
})

describe('calls', () => {
  const calls = async (...fragments: unknown[]): Promise<Part[]> =>
    (await read(...fragments.map((tool_calls) => delta({ tool_calls })), done)).parts.map((part) =>
      part.type === 'call' ? { ...part, id: part.id.replace(/_[0-9a-f]{8}$/, '') } : part,
    )
  const call = (id: string, input: unknown, name = 'f'): Part => ({ type: 'call', id, name, input })

  test('are put together by index when only the first fragment has an id', async () => {
    const made = await calls(
      [{ index: 0, id: 'a', function: { name: 'f', arguments: '' } }],
      [{ index: 0, id: '', function: { arguments: '{"x":' } }],
      [{ index: 1, id: 'b', function: { name: 'f', arguments: '{}' } }],
      [{ index: 0, function: { name: null, arguments: '1}' } }],
    )
    expect(made).toEqual([call('a', { x: 1 }), call('b', {})])
  })

  test('of one index but two ids are two', async () => {
    const made = await calls(
      [{ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }],
      [{ index: 0, id: 'b', function: { name: 'f', arguments: '{}' } }],
    )
    expect(made).toEqual([call('a', {}), call('b', {})])
  })

  test('whose every fragment has a new id are one', async () => {
    const made = await calls(
      [{ index: 0, id: 'a', function: { name: 'f', arguments: '{"x"' } }],
      [{ index: 0, id: 'b', function: { arguments: ':1}' } }],
    )
    expect(made).toEqual([call('a', { x: 1 })])
  })

  test('may come without id and index, whole, as an object, alone, or with nothing', async () => {
    expect(await calls([{ id: '', function: { name: 'f', arguments: '{}' } }], [{ function: { name: 'g', arguments: null } }])).toEqual([
      call('call_0', {}),
      call('call_1', {}, 'g'),
    ])
    expect(await calls({ id: 'a', function: { name: 'f', arguments: { x: 1 } } })).toEqual([call('a', { x: 1 })])
    expect(await calls([null, 1, { id: 'a', function: { name: 'f' } }])).toEqual([call('a', {})])
  })

  test('that are no JSON stay text', async () => {
    expect(await calls([{ id: 'a', function: { name: 'f', arguments: '{"x":' } }])).toEqual([{ ...call('a', '{"x":'), invalid: true }])
  })

  test('have a bound', async () => {
    const many = (count: number): Promise<Answer> =>
      read(delta({ tool_calls: Array.from({ length: count }, (_, at) => ({ id: `c${at}`, function: { name: 'f' } })) }), done)
    expect((await many(1000)).parts).toHaveLength(1000)
    await expect(many(1001)).rejects.toMatchObject({ code: 'model/garbled' })
  })
})

describe('an error after status 200', () => {
  test.each<[string, unknown, Partial<KitError>]>([
    [
      'Groq',
      { error: { message: 'Tool choice is required', type: 'invalid_request_error', code: 'tool_use_failed', status_code: 400 } },
      { code: 'model/request', retryable: false },
    ],
    [
      'OpenRouter, beside choices',
      { error: { code: 502, message: 'Provider error' }, choices: [{ delta: { content: '' }, finish_reason: 'error' }] },
      { code: 'model/http', retryable: true },
    ],
    [
      'OpenRouter, in a choice',
      { choices: [{ delta: { content: '' }, error: { code: 429, message: 'slow down' } }] },
      { code: 'model/rate', retryable: true },
    ],
    ['TGI', { error: 'Model is overloaded', error_type: 'overloaded' }, { code: 'model/overloaded', retryable: true }],
    ['TGI 3', { error: { message: 'bad', http_status_code: 422 } }, { code: 'model/request', retryable: false }],
    [
      'vLLM',
      { object: 'error', message: 'This model’s maximum context length is 10', type: 'BadRequestError', code: 400 },
      { code: 'model/context', retryable: false },
    ],
    [
      'OpenAI',
      { error: { message: 'The server had an error', type: 'server_error', code: null } },
      { code: 'model/http', retryable: true },
    ],
    ['Azure', { error: { code: 'content_filter', message: 'filtered', status: 400 } }, { code: 'model/filtered', retryable: false }],
  ])('by %s has its code, after the text that came before', async (_name, line, expected) => {
    const chunks: Chunk[] = []
    const reading = (async () => {
      for await (const chunk of answered(() => sse(delta({ content: 'a' }), line, done))) chunks.push(chunk)
    })()
    await expect(reading).rejects.toMatchObject(expected)
    expect(chunks).toEqual([{ type: 'text', delta: 'a' }])
  })

  test('may be an event of its own name', async () => {
    const body = 'event: error\ndata: {"message":"no","code":503}\n\n'
    await expect(collect(answered(() => new Response(body)))).rejects.toMatchObject({ code: 'model/overloaded' })
  })
})

describe('an error', () => {
  const refused = (
    status: number,
    body: unknown,
    headers: Record<string, string> = {},
    name: keyof typeof presets = 'openrouter',
  ): Promise<unknown> => collect(preset(name, () => Response.json(body, { status, headers }))).catch((error: unknown) => error)

  test.each<[number, unknown, string, boolean]>([
    [400, { code: 'Client specified an invalid argument', error: 'Incorrect API key provided: xx' }, 'model/auth', false],
    [400, { error: { code: 'context_length_exceeded' } }, 'model/context', false],
    [400, { error: { message: 'the request exceeds the available context size' } }, 'model/context', false],
    [400, { error: { code: 'content_filter', innererror: { code: 'ResponsibleAIPolicyViolation' } } }, 'model/filtered', false],
    [403, { error: { code: 403, message: 'Input was flagged', metadata: { reasons: ['violence'] } } }, 'model/filtered', false],
    [402, { error: 'Payment required' }, 'model/quota', false],
    [404, { error: { code: 'DeploymentNotFound' } }, 'model/unknown', false],
    [422, { detail: [{ loc: ['body', 'messages'], msg: 'field required', type: 'missing' }] }, 'model/request', false],
    [429, { error: { code: 'insufficient_quota', message: 'You exceeded your current quota' } }, 'model/quota', false],
    [429, { error: { code: 429, message: 'rate' } }, 'model/rate', true],
    [503, { error: 'Model x is currently loading', estimated_time: 20.5 }, 'model/overloaded', true],
    [500, 'oops', 'model/http', true],
  ])('of status %i with %j is %s', async (status, body, code, retryable) => {
    expect(await refused(status, body)).toMatchObject({ code, retryable, status, provider: 'openrouter' })
  })

  test.each<[string, unknown, Record<string, string>, number | undefined]>([
    ['the header in ms', {}, { 'retry-after-ms': '1500', 'retry-after': '9' }, 1500],
    ['the header in seconds', {}, { 'retry-after': '2' }, 2000],
    ['words', { error: { message: 'Please try again in 1m2.5s. Visit …' } }, {}, 62_500],
    ['words in ms', { error: { message: 'Please try again in 6ms.' } }, {}, 6],
    ['words in hours', { error: { message: 'Please try again in 1h2m3s.' } }, {}, 3_723_000],
    ['seconds in words', { error: { message: 'Please retry after 7 seconds.' } }, {}, 7000],
    ['a loading model', { error: 'loading', estimated_time: 20.5 }, {}, 20_500],
    ['Google’s detail', { error: { details: [{ retryDelay: '34s' }] } }, {}, 34_000],
    ['nothing', { error: { message: 'try again in a while' } }, {}, undefined],
    ['more than a day', { error: { message: 'try again in 99h' } }, {}, undefined],
  ])('tells how long to wait by %s', async (_name, body, headers, wait) => {
    expect(await refused(429, body, headers)).toHaveProperty('retryAfter', wait)
  })

  test('of OpenRouter’s own limits tells when they end', async () => {
    const body = { error: { code: 429, metadata: { headers: { 'X-RateLimit-Reset': String(Date.now() + 5000) } } } }
    const { retryAfter } = (await refused(429, body)) as KitError
    expect(retryAfter).toBeGreaterThan(4000)
    expect(retryAfter).toBeLessThanOrEqual(5000)
  })
})

describe('what is sent', () => {
  test('to OpenAI', async () => {
    const body = await byOpenAI({
      system: 'Be kind.',
      toolChoice: { tool: 'add' },
      maxTokens: 9,
      topK: 4,
      reasoning: { effort: 'low' },
      tools: [add, { name: 'noop' }, { name: 'web_search', hosted: { wire: 'another', definition: {} } }],
      messages: [
        {
          role: 'user',
          name: 'Ann B.',
          parts: [
            { type: 'text', text: 'Look' },
            { type: 'media', mime: 'image/png', data: 'AAAA', providerOptions: { 'openai-chat': { detail: 'low' } } },
          ],
        },
        ...conversation.slice(1),
      ],
    })
    expect(body).toEqual({
      model: 'm',
      stream: true,
      stream_options: { include_usage: true },
      max_completion_tokens: 9,
      reasoning_effort: 'low',
      tools: [
        { type: 'function', function: { name: 'add', parameters: { type: 'object' } } },
        { type: 'function', function: { name: 'noop', parameters: { type: 'object', properties: {} } } },
      ],
      tool_choice: { type: 'function', function: { name: 'add' } },
      messages: [
        { role: 'system', content: 'Be kind.' },
        {
          role: 'user',
          name: 'Ann_B_',
          content: [
            { type: 'text', text: 'Look' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call_abcdefghijklmnop', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }],
        },
        { role: 'tool', tool_call_id: 'call_abcdefghijklmnop', content: '{"sum":2}' },
      ],
    })
  })

  test('beside the neutral fields is in providerOptions, but never model, messages or stream', async () => {
    const options = { n: 2, guided_json: {}, model: 'x', messages: [], stream: false, temperature: 1 }
    const body = await byOpenAI({ temperature: 0, providerOptions: { 'openai-chat': options, another: { store: true } } })
    expect(body).toMatchObject({
      n: 2,
      guided_json: {},
      model: 'm',
      stream: true,
      temperature: 1,
      messages: [{ role: 'user', content: 'hi' }],
    })
    expect(body).not.toHaveProperty('store')
  })

  test('of a whole answer asks for no stream', async () => {
    const body = await byOpenAI({ stream: false })
    expect(body).not.toHaveProperty('stream')
    expect(body).not.toHaveProperty('stream_options')
  })

  test('with nothing but tools that another provider runs has neither tools nor a choice: an empty list is refused', async () => {
    const web = { name: 'web', hosted: { wire: 'openai-responses', definition: {} } }
    const body = await byOpenAI({ tools: [web], toolChoice: 'required' })
    expect(body).not.toHaveProperty('tools')
    expect(body).not.toHaveProperty('tool_choice')
    expect(await byOpenAI({ tools: [web, add], toolChoice: 'required' })).toMatchObject({ tools: [{}], tool_choice: 'required' })
  })

  test('for one of several tools: a choice at OpenAI, fewer tools elsewhere', async () => {
    const call: Partial<ModelCall> = {
      tools: [add, { name: 'sub' }, { name: 'mul' }],
      toolChoice: { tools: ['add', 'mul'], required: true },
    }
    expect((await byOpenAI(call)).tool_choice).toMatchObject({ type: 'allowed_tools', allowed_tools: { mode: 'required' } })
    const elsewhere = await by('groq', call)
    expect(elsewhere.tool_choice).toBe('required')
    expect((elsewhere.tools as { function: Fields }[]).map((tool) => tool.function.name)).toEqual(['add', 'mul'])
  })

  test('of a result with an image: its text where it belongs, the image after all results', async () => {
    const parts: Part[] = [
      {
        type: 'result',
        id: 'a',
        name: 'look',
        parts: [
          { type: 'text', text: 'A cat.' },
          { type: 'media', mime: 'image/png', data: 'AAAA' },
        ],
      },
      { type: 'result', id: 'b', name: 'fail', error: { code: 'tool/failed', message: 'no' } },
      { type: 'result', id: 'c', name: 'search', by: 'provider', output: 1 },
    ]
    const { messages } = await byOpenAI({ messages: [user('hi'), { role: 'tool', parts }] })
    expect((messages as Fields[]).slice(1)).toEqual([
      { role: 'tool', tool_call_id: 'a', content: 'A cat.' },
      { role: 'tool', tool_call_id: 'b', content: 'Error: no' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'From the tool look:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        ],
      },
    ])
  })

  test('what the model does not take is refused before the call; an older picture of another model is named in words', async () => {
    const picture: Part = { type: 'media', mime: 'image/png', data: 'iVBORw0KGgo=' }
    const asked: Message = { role: 'user', parts: [{ type: 'text', text: 'what is this?' }, picture] }
    await expect(by('deepseek', { messages: [asked] })).rejects.toMatchObject({ code: 'model/unsupported' })
    expect(JSON.stringify(await by('groq', { messages: [asked] }))).toContain('image_url')
    const answer: Message = { role: 'assistant', parts: [{ type: 'text', text: 'a cat' }] }
    expect(JSON.stringify(await by('deepseek', { messages: [asked, answer, user('why?')] }))).toContain('[image/png]')
  })

  test('of media that there is no place for is refused before anything is sent', async () => {
    const message: Message = { role: 'user', parts: [{ type: 'media', mime: 'application/pdf', url: 'https://example.com/a.pdf' }] }
    await expect(byOpenAI({ messages: [message] })).rejects.toMatchObject({ code: 'model/unsupported' })
    await expect(
      byOpenAI({ messages: [{ role: 'user', parts: [{ type: 'media', mime: 'image/png', ref: 'hash' }] }] }),
    ).rejects.toMatchObject({ code: 'model/unsupported' })
    expect((await by('openrouter', { messages: [message] })).messages).toEqual([
      { role: 'user', content: [{ type: 'file', file: { filename: 'file.pdf', file_data: 'https://example.com/a.pdf' } }] },
    ])
    expect(
      (
        await byOpenAI({
          messages: [{ role: 'user', parts: [{ type: 'media', mime: 'application/pdf', ref: 'file-1', store: 'openai' }] }],
        })
      ).messages,
    ).toEqual([{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }])
  })

  test('of an assistant is one text, unless a part of it has options', async () => {
    const options = { providerOptions: { 'openai-chat': { cache_control: { type: 'ephemeral' } } } }
    const parts: Part[] = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
      { type: 'media', mime: 'audio/wav', data: 'AAAA' },
    ]
    const marked: Part[] = [parts[0]!, { ...(parts[1] as { type: 'text'; text: string }), ...options }]
    const { messages } = await by('openrouter', { messages: [parts, marked].map((parts) => ({ role: 'assistant', parts })) })
    expect(messages).toEqual([
      { role: 'assistant', content: 'ab' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b', cache_control: { type: 'ephemeral' } },
        ],
      },
    ])
  })

  test('of a conversation with another wire holds nothing of that wire', async () => {
    const elsewhere: Message = {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: 'secret', replay: { wire: 'anthropic', data: { signature: 's' } } },
        { type: 'opaque', kind: 'web_search_call', replay: { wire: 'openai-responses', data: { reasoning_details: [1] } } },
        { type: 'call', id: 'srv', name: 'web_search', input: {}, by: 'provider' },
        { type: 'result', id: 'srv', name: 'web_search', output: 1, by: 'provider' },
        { type: 'text', text: 'Sunny' },
        { type: 'text', text: '.' },
        { type: 'call', id: `toolu_${'x'.repeat(60)}`, name: 'add', input: 'half', invalid: true },
      ],
    }
    const result: Message = { role: 'tool', parts: [{ type: 'result', id: `toolu_${'x'.repeat(60)}`, name: 'add', output: 'ok' }] }
    for (const name of ['deepseek', 'openrouter', 'gemini', 'vllm'] as const)
      expect(JSON.stringify(await by(name, { messages: [user('hi'), elsewhere, result] }))).not.toMatch(/secret|web_search|signature|\[1\]/)
    const { messages } = await byOpenAI({ messages: [user('hi'), elsewhere, result] })
    const id = 'x'.repeat(40)
    expect(messages).toEqual([
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'Sunny.', tool_calls: [{ id, type: 'function', function: { name: 'add', arguments: 'half' } }] },
      { role: 'tool', tool_call_id: id, content: 'ok' },
    ])
  })

  test('goes to the address, with its query, and with the key', async () => {
    const seen: [string, string | null][] = []
    const fetch: OpenAIChatOptions['fetch'] = async (url, init) => {
      seen.push([url as string, new Headers(init?.headers).get('authorization')])
      return sse(done)
    }
    await collect(openaiChat('m', { baseURL: 'https://a.test/x/?api-version=1', apiKey: async () => 'k', fetch })({ messages: [] }))
    await collect(openaiCompatible(azure('res'), { fetch })('m')({ messages: [] }))
    await collect(openaiCompatible(workersAi('a/b'), { fetch })('m')({ messages: [] }))
    expect(seen).toEqual([
      ['https://a.test/x/chat/completions?api-version=1', 'Bearer k'],
      ['https://res.openai.azure.com/openai/v1/chat/completions', null],
      ['https://api.cloudflare.com/client/v4/accounts/a%2Fb/ai/v1/chat/completions', null],
    ])
    expect(() => openaiChat('m', { baseURL: 'nowhere' })).toThrow(TypeError)
  })
})

describe('a preset', () => {
  test.each([
    ['deepseek', 'reasoning_content'],
    ['moonshot', 'reasoning_content'],
    ['zai', 'reasoning_content'],
    ['ollama', 'reasoning'],
    ['vllm', 'reasoning'],
  ] as const)('of %s gives reasoning back as %s; OpenAI is sent none', async (name, field) => {
    expect(((await by(name, { messages: conversation })).messages as Fields[])[1]).toHaveProperty(field, 'Easy.')
    expect(JSON.stringify(await byOpenAI({ messages: conversation }))).not.toContain('Easy.')
  })

  test('of DeepSeek gives reasoning back, also none, and tells a schema in words', async () => {
    const { messages } = await by('deepseek', { messages: conversation })
    expect((messages as Fields[])[1]).toMatchObject({ content: '', reasoning_content: 'Easy.' })
    const none = conversation.map((message) => ({ ...message, parts: message.parts.filter(({ type }) => type !== 'reasoning') }))
    expect(((await by('deepseek', { messages: none })).messages as Fields[])[1]).toMatchObject({ reasoning_content: '' })
    const body = await by('deepseek', { system: 'Be kind.', output: { schema: { type: 'object' } }, reasoning: { effort: 'none' } })
    expect(body).toMatchObject({ response_format: { type: 'json_object' }, thinking: { type: 'disabled' } })
    expect(body).not.toHaveProperty('reasoning_effort')
    expect((body.messages as Fields[])[1]).toEqual({
      role: 'system',
      content: 'Answer with JSON only, held to this JSON Schema: {"type":"object"}',
    })
  })

  test('of DeepSeek knows an answer that was broken off for want of capacity', async () => {
    await expect(collect(preset('deepseek', () => sse(delta({ content: 'x' }, 'insufficient_system_resource'))))).rejects.toMatchObject({
      code: 'model/overloaded',
      retryable: true,
    })
  })

  test('of Mistral makes ids of nine characters, always the same, and leaves Mistral’s own', async () => {
    const own: Message[] = [
      { role: 'assistant', parts: [{ type: 'call', id: 'aB3dE6gH9', name: 'add', input: {} }] },
      { role: 'tool', parts: [{ type: 'result', id: 'aB3dE6gH9', name: 'add', output: 1 }] },
    ]
    const body = await by('mistral', { messages: [...conversation, ...own], toolChoice: 'required', seed: 7, maxTokens: 3, tools: [add] })
    const [, asked, told, again, last] = body.messages as [Fields, Fields, Fields, Fields, Fields]
    const [{ id }] = asked.tool_calls as [{ id: string }]
    expect(id).toMatch(/^[a-zA-Z0-9]{9}$/)
    expect(told.tool_call_id).toBe(id)
    expect((again.tool_calls as Fields[])[0]!.id).toBe('aB3dE6gH9')
    expect(last.tool_call_id).toBe('aB3dE6gH9')
    expect(asked.content).toEqual([{ type: 'thinking', thinking: [{ type: 'text', text: 'Easy.' }] }])
    expect(again.content).toBe('')
    expect(body).toMatchObject({ tool_choice: 'any', random_seed: 7, max_tokens: 3 })
    for (const field of ['seed', 'stream_options', 'reasoning_content']) expect(JSON.stringify(body)).not.toContain(`"${field}"`)
    expect(await by('mistral', { messages: conversation })).toEqual(await by('mistral', { messages: conversation }))
  })

  test('of Mistral: no two ids of a thousand become one', async () => {
    const parts: Part[] = Array.from({ length: 1000 }, (_, at) => ({ type: 'call', id: `call_${at}`, name: 'f', input: {} }))
    const { messages } = await by('mistral', { messages: [{ role: 'assistant', parts }] })
    expect(new Set((messages as { tool_calls: { id: string }[] }[])[0]!.tool_calls.map(({ id }) => id)).size).toBe(1000)
  })

  test('of Mistral sends documents by address, files by id and sound bare', async () => {
    const parts: Part[] = [
      { type: 'media', mime: 'application/pdf', data: 'JVBE', name: 'a.pdf' },
      { type: 'media', mime: 'application/pdf', ref: 'f1', store: 'mistral' },
      { type: 'media', mime: 'audio/mpeg', data: 'SUQz' },
    ]
    expect((await by('mistral', { messages: [{ role: 'user', parts }] })).messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'document_url', document_url: 'data:application/pdf;base64,JVBE', document_name: 'a.pdf' },
          { type: 'file', file_id: 'f1' },
          { type: 'input_audio', input_audio: 'SUQz' },
        ],
      },
    ])
  })

  test('of OpenRouter gives reasoning details back, whole, and only those', async () => {
    const piece = (text: string): Fields =>
      delta({ reasoning: text, reasoning_details: [{ type: 'reasoning.text', index: 0, text, signature: null }] })
    const lines = [
      piece('Let me '),
      piece('see.'),
      delta({ reasoning_details: [{ type: 'reasoning.text', index: 0, signature: 'sig' }] }),
      delta({ reasoning_details: [{ type: 'reasoning.encrypted', index: 1, data: 'x', id: 'r1' }] }),
      delta({ reasoning_details: [{ type: 'reasoning.encrypted', index: 1, data: 'y', id: 'r2' }] }),
      delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'add', arguments: '{}' } }] }),
      { ...delta({}, 'tool_calls'), usage: { prompt_tokens: 1, completion_tokens: 2, cost: 0.5 } },
    ]
    const { parts } = await collect(preset('openrouter', () => sse(...lines)))
    const kept = [
      { type: 'reasoning.text', index: 0, text: 'Let me see.', signature: 'sig' },
      { type: 'reasoning.encrypted', index: 1, data: 'x', id: 'r1' },
      { type: 'reasoning.encrypted', index: 1, data: 'y', id: 'r2' },
    ]
    expect(parts[0]).toEqual({ type: 'reasoning', text: 'Let me see.' })
    const messages: Message[] = [user('hi'), { role: 'assistant', parts }]
    expect(((await by('openrouter', { messages })).messages as Fields[])[1]).toMatchObject({ reasoning_details: kept })
    expect(JSON.stringify(await byOpenAI({ messages }))).not.toContain('reasoning')
    expect(await by('openrouter', { reasoning: { effort: 'high', tokens: 9 } })).toMatchObject({
      reasoning: { effort: 'high', max_tokens: 9 },
    })
  })

  test('of OpenRouter reads drawn images and what an answer cost', async () => {
    const images = [{ image_url: { url: 'data:image/png;base64,AAAA' } }, { image_url: { url: 'https://example.com/a.png' } }, {}, null]
    const chunks: Chunk[] = []
    for await (const chunk of preset('openrouter', () =>
      sse(delta({ images }), { ...done, usage: { prompt_tokens: 1, completion_tokens: 2, cost: 0.5 } }),
    ))
      chunks.push(chunk)
    expect(chunks.slice(0, 3)).toEqual([
      { type: 'part', part: { type: 'media', mime: 'image/png', data: 'AAAA' } },
      { type: 'part', part: { type: 'media', mime: 'image/*', url: 'https://example.com/a.png' } },
      { type: 'usage', usage: { input: 1, output: 2 }, usd: 0.5 },
    ])
  })

  test('of Gemini gives a call its thought signature back', async () => {
    const extra_content = { google: { thought_signature: 'sig' } }
    const call = { function: { name: 'add', arguments: '{}' }, id: '', type: 'function', extra_content }
    const { parts } = await collect(preset('gemini', () => sse(delta({ role: 'assistant', tool_calls: [call] }, 'stop'))))
    const { messages } = await by('gemini', { messages: [{ role: 'assistant', parts }] })
    expect((messages as { tool_calls: Fields[] }[])[0]!.tool_calls[0]).toMatchObject({ extra_content, function: { name: 'add' } })
  })

  test('of Perplexity reads its sources once, and joins messages of one role', async () => {
    const cited = { search_results: [{ title: 'A', url: 'https://a.test' }], citations: ['https://a.test'] }
    const last = { ...delta({ role: 'assistant', content: '' }, 'stop'), object: 'chat.completion.done', ...cited }
    const sources: Chunk[] = []
    for await (const chunk of preset('perplexity', () => sse({ ...delta({ content: 'Hi' }), ...cited }, last)))
      if (chunk.type === 'source') sources.push(chunk)
    expect(sources).toEqual([{ type: 'source', source: { title: 'A', url: 'https://a.test' } }])
    const parts: Part[] = [
      { type: 'text', text: 'c' },
      { type: 'media', mime: 'image/png', url: 'https://a.test/a.png' },
    ]
    expect((await by('perplexity', { messages: [user('a'), user('b'), { role: 'user', parts }] })).messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a\n\nb' },
          { type: 'text', text: 'c' },
          { type: 'image_url', image_url: { url: 'https://a.test/a.png' } },
        ],
      },
    ])
  })

  test('of Groq tells of the tools that Groq ran', async () => {
    const tool = { index: 0, type: 'search', arguments: '{"query":"x"}' }
    const { parts } = await collect(
      preset('groq', () => sse(delta({ executed_tools: [tool] }), delta({ executed_tools: [{ ...tool, output: 'found' }] }), done)),
    )
    expect(parts).toEqual([
      { type: 'call', id: 'executed_0', name: 'search', by: 'provider', input: { query: 'x' } },
      { type: 'result', id: 'executed_0', name: 'search', by: 'provider', output: 'found' },
    ])
    expect(await by('groq', { maxTokens: 3, topK: 2, reasoning: { effort: 'max' } })).toEqual({
      model: 'm',
      stream: true,
      messages: [{ role: 'user', content: 'hi' }],
      max_completion_tokens: 3,
      reasoning_effort: 'high',
    })
  })

  test.each([
    ['zai', { effort: 'high' }, { thinking: { type: 'enabled' } }],
    ['moonshot', { effort: 'none' }, { thinking: { type: 'disabled' } }],
    ['alibaba', { effort: 'none', tokens: 5 }, { enable_thinking: false, thinking_budget: 5 }],
    ['deepseek', { effort: 'max' }, { reasoning_effort: 'max' }],
    ['mistral', { effort: 'low' }, { reasoning_effort: 'high' }],
    ['xai', { effort: 'none' }, {}],
  ] as const)('of %s asks for reasoning in its own way: %j', async (name, reasoning, expected) => {
    const plain = await by(name, {})
    expect(await by(name, { reasoning })).toEqual({ ...plain, ...expected })
  })

  test('may be changed field by field', async () => {
    const body = await sent({ maxTokens: 3 }, (options) =>
      openaiCompatible(presets.groq, { ...options, quirks: { system: 'developer' } })('m'),
    )
    expect(body).toHaveProperty('max_completion_tokens', 3)
    const named = openaiCompatible({ baseURL: 'http://localhost:1/v1' })('m', { provider: 'mine' })
    expect(named.info).toMatchObject({ id: 'm', provider: 'mine' })
  })
})

describe('whatever comes', () => {
  const calm = async (response: Response): Promise<void> => {
    for (const name of ['openrouter', 'perplexity', 'groq', 'gemini'] as const)
      await collect(preset(name, () => response.clone())).catch((error: unknown) => expect(error).toBeInstanceOf(KitError))
  }

  test('of bytes: an answer or a KitError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, json) =>
        calm(
          new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { 'content-type': json ? 'application/json' : 'text/event-stream' } }),
        ),
      ),
      { numRuns: 60 },
    )
  })

  test('of JSON in the right places: an answer or a KitError', async () => {
    const any = fc.jsonValue({ maxDepth: 3 })
    const fields = (...names: string[]): fc.Arbitrary<unknown> =>
      fc.oneof({ weight: 5, arbitrary: fc.record(Object.fromEntries(names.map((name) => [name, any])), { requiredKeys: [] }) }, any)
    const f = fc.record({ function: fields('name', 'arguments'), id: any, index: any, extra_content: any }, { requiredKeys: [] })
    const said = fc.record(
      {
        content: fc.oneof(any, fc.array(fields('text', 'thinking'))),
        tool_calls: fc.oneof(any, fc.array(fc.oneof(f, any))),
        reasoning_details: fc.oneof(any, fc.array(fields('type', 'index', 'text', 'data'))),
        annotations: fc.oneof(any, fc.array(fields('url_citation'))),
        images: fc.oneof(any, fc.array(fields('image_url'))),
        executed_tools: fc.oneof(any, fc.array(fields('type', 'output'))),
        audio: fields('data', 'transcript'),
        extra_content: any,
        reasoning: any,
        refusal: any,
      },
      { requiredKeys: [] },
    )
    const choice = fc.record(
      { delta: said, message: said, finish_reason: any, index: fc.constantFrom(0, null, undefined) },
      { requiredKeys: [] },
    )
    const chunk = fc.record(
      {
        choices: fc.oneof(any, fc.array(fc.oneof({ weight: 5, arbitrary: choice }, any))),
        usage: fields('prompt_tokens', 'cost'),
        citations: any,
        x_groq: any,
        model: any,
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 5 }), fc.boolean(), (chunks, json) =>
        calm(json ? Response.json(chunks[0] ?? null) : sse(...chunks, done)),
      ),
      { numRuns: 60 },
    )
  }, 30_000)
})
