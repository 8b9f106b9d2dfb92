// The Interactions API: steps both ways, what the vendor keeps, what it ran, and how an answer ends.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { agent, type Chunk, collect, KitError, type Message, type ModelCall, type Part, run, tool, user } from '../../src/index.ts'
import { interactions, type InteractionsOptions } from '../../src/providers/gemini-interactions.ts'
import { codeExecution, fileSearch, googleSearch } from '../../src/providers/gemini-tools.ts'

type Fields = Record<string, unknown>
const sse = (events: readonly unknown[]): Response =>
  new Response(events.map((event) => `event: x\ndata: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  })
const start = (index: number, step: Fields): Fields => ({ event_type: 'step.start', index, step })
const delta = (index: number, more: Fields): Fields => ({ event_type: 'step.delta', index, delta: more })
const stop = (index: number): Fields => ({ event_type: 'step.stop', index })
const created = { event_type: 'interaction.created', interaction: { id: 'v1_a', status: 'in_progress', model: 'gemini-3.8-flash' } }
const completed = (status = 'completed', more: Fields = {}): Fields => ({
  event_type: 'interaction.completed',
  interaction: { id: 'v1_a', status, ...more },
})
const saying = (words: string): Fields[] => [
  created,
  start(0, { type: 'model_output' }),
  delta(0, { type: 'text', text: words }),
  stop(0),
  completed(),
]

/** A model that answers in turn, and what it was sent. */
function talking(answers: readonly (readonly unknown[] | Response)[], options: InteractionsOptions = {}) {
  const sent: (Fields & { input: Fields[] })[] = []
  const urls: string[] = []
  const fetch: typeof globalThis.fetch = async (url, init) => {
    urls.push(url as string)
    sent.push(JSON.parse(init?.body as string) as never)
    const answer = answers[sent.length - 1]!
    return answer instanceof Response ? answer : sse(answer)
  }
  return { sent, urls, model: interactions('gemini-3.8-flash', { apiKey: 'k', fetch, ...options }) }
}
const read = async (events: readonly unknown[], call: Partial<ModelCall> = {}) => {
  const chunks: Chunk[] = []
  const { model } = talking([events])
  const answer = await collect(
    (async function* () {
      for await (const chunk of model({ messages: [user('hi')], ...call })) {
        chunks.push(chunk)
        yield chunk
      }
    })(),
  )
  return { ...answer, chunks }
}
const replay = (data: Fields) => ({ replay: { wire: 'gemini-interactions', data } })
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof KitError ? error.code : error),
  )

describe('an answer', () => {
  test('thinks, speaks and calls, as it comes', async () => {
    const { parts, usage, finish, chunks } = await read([
      created,
      start(0, { type: 'thought', summary: [{ type: 'text', text: 'Let me' }] }),
      delta(0, { type: 'thought_summary', content: { type: 'text', text: ' see.' } }),
      delta(0, { type: 'thought_signature', signature: 'S' }),
      stop(0),
      start(1, { type: 'model_output', content: [{ type: 'text', text: 'I' }] }),
      delta(1, { type: 'text', text: ' look.' }),
      stop(1),
      start(2, { type: 'function_call', id: 'f1', name: 'add', arguments: {} }),
      delta(2, { type: 'arguments_delta', arguments: '{"a"' }),
      delta(2, { type: 'arguments_delta', arguments: ':1}' }),
      stop(2),
      start(3, { type: 'function_call', id: 'f2', name: 'add', arguments: { a: 2 } }),
      completed('requires_action', {
        usage: {
          total_input_tokens: 10,
          total_cached_tokens: 4,
          total_output_tokens: 5,
          total_thought_tokens: 3,
          total_tool_use_tokens: 2,
        },
      }),
      '[DONE]',
    ])
    expect(parts).toEqual([
      { type: 'reasoning', text: 'Let me see.', ...replay({ signature: 'S' }) },
      { type: 'text', text: 'I look.' },
      { type: 'call', id: 'f1', name: 'add', input: { a: 1 } },
      { type: 'call', id: 'f2', name: 'add', input: { a: 2 } },
    ])
    expect([usage, finish]).toEqual([{ input: 12, output: 8, cacheRead: 4, reasoning: 3 }, 'tools'])
    expect(chunks.flatMap((chunk) => ('delta' in chunk ? `${chunk.type}:${chunk.delta}` : []))).toEqual([
      'reasoning:Let me',
      'reasoning: see.',
      'text:I',
      'text: look.',
      'tool-input:',
      'tool-input:{"a"',
      'tool-input::1}',
      'tool-input:{"a":2}',
    ])
  })

  test('as one body is the same', async () => {
    const steps = [
      { type: 'thought', signature: 'S' },
      {
        type: 'model_output',
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'image', data: 'AAAA', mime_type: 'image/png' },
        ],
      },
    ]
    const { model, urls, sent } = talking([Response.json({ id: 'v1_a', status: 'completed', steps })])
    expect((await collect(model({ messages: [user('hi')], stream: false }))).parts).toEqual([
      { type: 'reasoning', text: '', ...replay({ signature: 'S' }) },
      { type: 'text', text: 'Hi' },
      { type: 'media', mime: 'image/png', data: 'AAAA' },
    ])
    expect([urls[0], sent[0]!.stream]).toEqual(['https://generativelanguage.googleapis.com/v1beta/interactions', false])
  })

  test.each([
    ['completed', 'stop'],
    ['incomplete', 'length'],
    ['budget_exceeded', 'length'],
    ['requires_continuation', 'length'],
    ['cancelled', 'other'],
    ['something_new', 'other'],
  ])('that is %s ends with %s', async (status, finish) => {
    expect((await read([...saying('x').slice(0, -1), completed(status)])).finish).toBe(finish)
  })

  test('that breaks off, fails or waits is an error; the same to its end is none', async () => {
    expect(await codeOf(read(saying('x').slice(0, -1)))).toBe('model/truncated')
    expect(await codeOf(read([created, { event_type: 'error', error: { code: 'unavailable', message: 'Busy.' } }]))).toBe(
      'model/overloaded',
    )
    expect(await codeOf(read([...saying('x').slice(0, -1), completed('failed')]))).toBe('model/http')
    // it need not end well to have failed
    expect(await codeOf(read([created, { event_type: 'interaction.status_update', status: 'failed' }]))).toBe('model/http')
    expect(await codeOf(read(['{"a":']))).toBe('model/garbled')
    expect(await codeOf(read(saying('x')))).toBe('no error')
    const whole = (body: Fields): Promise<unknown> => codeOf(collect(talking([Response.json(body)]).model({ messages: [user('hi')] })))
    expect(await whole({ id: 'a', status: 'in_progress' })).toBe('model/unsupported')
    expect(await whole({ id: 'a', status: 'failed', errors: [{ code: 'invalid_argument', message: 'x' }] })).toBe('model/request')
    expect(await whole({})).toBe('model/empty')
    expect(await whole({ id: 'a', status: 'completed' })).toBe('no error')
  })

  test('a call that the limit cut off before its arguments is not run; one that ended so is', async () => {
    const call = [created, start(0, { type: 'function_call', id: 'c', name: 'rm' }), stop(0)]
    const cut = await read([...call, completed('incomplete')])
    expect([cut.finish, cut.parts]).toMatchObject(['length', [{ name: 'rm', input: '', invalid: true }]])
    const { parts } = await read([...call, completed('requires_action')])
    expect(parts).toMatchObject([{ name: 'rm', input: {} }])
    expect(parts[0]).not.toHaveProperty('invalid')
    const before = [...call, start(1, { type: 'model_output' }), delta(1, { type: 'text', text: 'and' }), completed('incomplete')]
    expect((await read(before)).parts).toMatchObject([{ name: 'rm', input: {} }, { text: 'and' }])
    const whole = { id: 'a', status: 'incomplete', steps: [{ type: 'function_call', id: 'c', name: 'rm', arguments: {} }] }
    expect((await collect(talking([Response.json(whole)]).model({ messages: [user('hi')] }))).parts).toMatchObject([{ invalid: true }])
  })

  test('has sources, whose places are bytes there and UTF-16 units here', async () => {
    const [before, words] = ['🙂 Seen: ', '東京 is big']
    const bytes = (text: string): number => new TextEncoder().encode(text).length
    const cited = { start_index: bytes(before), end_index: bytes(before + words) }
    const { chunks } = await read([
      created,
      start(0, {
        type: 'model_output',
        content: [
          { type: 'text', text: 'One. ', annotations: [] },
          { type: 'text', text: before },
        ],
      }),
      delta(0, { type: 'text', text: `${words}.` }),
      delta(0, {
        type: 'text_annotation_delta',
        annotations: [
          { type: 'url_citation', url: 'https://a.example', title: 'A', ...cited },
          { type: 'file_citation', file_name: 'a.pdf', document_uri: 'd', page_number: 3 },
          { type: 'word_info' },
        ],
      }),
      stop(0),
      completed(),
    ])
    const from = 5 + before.length
    expect(chunks.flatMap((chunk) => (chunk.type === 'source' ? chunk.source : []))).toEqual([
      { url: 'https://a.example', title: 'A', start: from, end: from + words.length },
      { title: 'a.pdf', document: 'd', pages: [3, 3] },
    ])
  })
})

describe('what the provider ran', () => {
  const call = { type: 'google_search_call', id: 'g1', arguments: { queries: ['tokyo'] }, signature: 'T' }
  const result = { type: 'google_search_result', call_id: 'g1', result: [{ search_suggestions: '<b>tokyo</b>' }], signature: 'U' }
  const events = [
    created,
    start(0, { type: 'google_search_call', id: 'g1' }),
    delta(0, { type: 'google_search_call', arguments: call.arguments, signature: 'T' }),
    stop(0),
    start(1, result),
    stop(1),
    start(2, { type: 'dream', of: 'sheep' }),
    stop(2),
    start(3, {
      type: 'url_context_result',
      call_id: 'u',
      result: [
        { url: 'https://a.example', status: 'success' },
        { url: 'https://b.example', status: 'paywall' },
      ],
    }),
    completed(),
  ]

  test('is told as calls and results, and goes back as it came', async () => {
    const { parts, chunks, finish } = await read(events)
    expect(parts).toMatchObject([
      { type: 'call', id: 'g1', name: 'google_search', by: 'provider', input: { queries: ['tokyo'] } },
      { type: 'result', id: 'g1', name: 'google_search', by: 'provider' },
      { type: 'opaque', kind: 'dream' },
      { type: 'result', name: 'url_context' },
    ])
    expect(finish).toBe('stop')
    expect(chunks.filter(({ type }) => type === 'notice' || type === 'source')).toMatchObject([
      { code: 'model/search-entry-point', data: { html: '<b>tokyo</b>' } },
      { source: { url: 'https://a.example' } },
    ])
    const { model, sent } = talking([saying('ok')])
    await collect(model({ messages: [user('hi'), { role: 'assistant', parts }, user('and?')] }))
    expect(sent[0]!.input.slice(1, 4)).toEqual([call, result, { type: 'dream', of: 'sheep' }])
  })

  test('the makers of Gemini’s tools serve here too', async () => {
    const { model, sent } = talking([saying('ok')])
    const tools = [
      googleSearch({ images: true }),
      fileSearch(['fileSearchStores/s'], { top: 3 }),
      codeExecution(),
      tool({ name: 'add', run: () => 1 }),
    ]
    await run(agent({ name: 'a', model, tools }), 'hi')
    expect(sent[0]!.tools).toEqual([
      { type: 'google_search', search_types: ['web_search', 'image_search'] },
      { type: 'file_search', file_search_store_names: ['fileSearchStores/s'], top_k: 3 },
      { type: 'code_execution' },
      { type: 'function', name: 'add', parameters: { type: 'object', properties: {} } },
    ])
  })
})

describe('what is asked', () => {
  const looking = [
    created,
    start(0, { type: 'thought', signature: 'S' }),
    start(1, { type: 'function_call', id: 'f1', name: 'add', arguments: { a: 1 } }),
    stop(1),
    completed('requires_action'),
  ]
  const add = tool({ name: 'add', run: () => ({ sum: 2 }) })
  const thought = { type: 'thought', signature: 'S' }
  const asked = { type: 'function_call', id: 'f1', name: 'add', arguments: { a: 1 } }
  const answer = { type: 'function_result', call_id: 'f1', name: 'add', result: { sum: 2 } }
  const said = (text: string): Fields => ({ type: 'user_input', content: [{ type: 'text', text }] })

  test('a loop sends the whole conversation in its order, and asks that it is not kept', async () => {
    const { model, sent } = talking([looking, saying('2')])
    expect((await run(agent({ name: 'a', model, tools: [add], instructions: 'Be kind.' }), 'hi')).text).toBe('2')
    expect(sent[1]).toMatchObject({ store: false, system_instruction: 'Be kind.', input: [said('hi'), thought, asked, answer] })
    expect(sent[1]).not.toHaveProperty('previous_interaction_id')
  })

  test('where the vendor keeps it, a loop sends what is new; after another model’s answer, everything', async () => {
    const { model, sent } = talking([looking, saying('2'), saying('3'), saying('4')], { store: true })
    const one = agent({ name: 'a', model, tools: [add], instructions: 'Be kind.' })
    const { messages } = await run(one, 'hi')
    expect(sent[1]).toMatchObject({ store: true, previous_interaction_id: 'v1_a', system_instruction: 'Be kind.', input: [answer] })
    const whole = [user('hi'), ...messages, user('and?')]
    await run(one, whole)
    expect(sent[2]).toMatchObject({ previous_interaction_id: 'v1_a', input: [said('and?')] })
    const other: Message = { role: 'assistant', parts: [{ type: 'text', text: 'I am another.', replay: { wire: 'anthropic', data: {} } }] }
    await run(one, [...whole, other, user('so?')])
    expect(sent[3]).not.toHaveProperty('previous_interaction_id')
    expect(sent[3]!.input).toEqual([
      said('hi'),
      thought,
      asked,
      answer,
      { type: 'model_output', content: [{ type: 'text', text: '2' }] },
      said('and?'),
      { type: 'model_output', content: [{ type: 'text', text: 'I am another.' }] },
      said('so?'),
    ])
  })

  test('settings have their names here; what has none is told', async () => {
    const { model, sent } = talking([saying('ok')])
    const notices: unknown[] = []
    const tools = [
      { name: 'add', input: { type: 'object' } },
      { name: 'sub', strict: true },
    ]
    for await (const chunk of model({
      messages: [user('hi')],
      tools,
      toolChoice: { tools: ['add', 'gone'], required: true },
      maxTokens: 9,
      temperature: 0,
      topP: 0.5,
      topK: 3,
      seed: 7,
      stop: ['x'],
      presencePenalty: 1,
      reasoning: { effort: 'xhigh', summary: true },
      output: { schema: { type: 'object' } },
      providerOptions: { 'gemini-interactions': { service_tier: 'flex', speech_config: [{ voice: 'Kore' }], unknown: 1 } },
    }))
      if (chunk.type === 'notice') notices.push(chunk.data)
    expect(notices).toEqual([{ dropped: ['topK', 'presencePenalty'] }])
    const { input: _, tools: __, ...body } = sent[0]!
    expect(body).toEqual({
      model: 'gemini-3.8-flash',
      generation_config: {
        max_output_tokens: 9,
        temperature: 0,
        top_p: 0.5,
        seed: 7,
        stop_sequences: ['x'],
        thinking_level: 'high',
        thinking_summaries: 'auto',
        tool_choice: { allowed_tools: { mode: 'any', tools: ['add'] } },
        speech_config: [{ voice: 'Kore' }],
      },
      response_format: { type: 'text', mime_type: 'application/json', schema: { type: 'object' } },
      stream: true,
      store: false,
      service_tier: 'flex',
    })
  })

  test.each([
    ['auto', 'auto'],
    ['none', 'none'],
    ['required', 'any'],
    [{ tool: 'add' }, { allowed_tools: { mode: 'any', tools: ['add'] } }],
    [{ tools: ['add'] }, { allowed_tools: { mode: 'validated', tools: ['add'] } }],
    [{ tool: 'gone' }, undefined],
  ] as const)('tool choice %o', async (toolChoice, expected) => {
    const { model, sent } = talking([saying('ok')])
    await collect(model({ messages: [user('hi')], tools: [{ name: 'add' }], toolChoice }))
    expect((sent[0]!.generation_config as Fields | undefined)?.tool_choice).toEqual(expected)
  })

  test('media by data, address and file; results with pictures and errors; a foreign file is refused', async () => {
    const parts: Part[] = [
      { type: 'media', mime: 'audio/mp3', data: 'AAAA' },
      { type: 'media', mime: 'application/pdf', ref: 'https://f/a', store: 'gemini' },
      { type: 'media', mime: 'video/*', url: 'https://www.youtube.com/watch?v=a' },
      {
        type: 'media',
        mime: 'image/png',
        url: 'data:image/gif;base64,R0lG',
        providerOptions: { 'gemini-interactions': { resolution: 'low' } },
      },
    ]
    const messages: Message[] = [
      { role: 'user', parts },
      {
        role: 'assistant',
        parts: [
          { type: 'call', id: '1', name: 'a', input: 7 },
          { type: 'call', id: '2', name: 'b', input: {} },
        ],
      },
      {
        role: 'tool',
        parts: [
          {
            type: 'result',
            id: '1',
            name: 'a',
            parts: [
              { type: 'text', text: 'seen' },
              { type: 'media', mime: 'image/png', data: 'AAAA' },
            ],
          },
          { type: 'result', id: '2', name: 'b', error: { code: 'tool/failed', message: 'no luck' } },
        ],
      },
    ]
    const { model, sent } = talking([saying('ok'), saying('ok')])
    await collect(model({ messages }))
    expect(sent[0]!.input).toEqual([
      {
        type: 'user_input',
        content: [
          { type: 'audio', data: 'AAAA', mime_type: 'audio/mp3' },
          { type: 'document', uri: 'https://f/a', mime_type: 'application/pdf' },
          { type: 'video', uri: 'https://www.youtube.com/watch?v=a' },
          { type: 'image', data: 'R0lG', mime_type: 'image/gif', resolution: 'low' },
        ],
      },
      { type: 'function_call', id: '1', name: 'a', arguments: { input: 7 } },
      { type: 'function_call', id: '2', name: 'b', arguments: {} },
      {
        type: 'function_result',
        call_id: '1',
        name: 'a',
        result: [
          { type: 'text', text: 'seen' },
          { type: 'image', data: 'AAAA', mime_type: 'image/png' },
        ],
      },
      { type: 'function_result', call_id: '2', name: 'b', result: 'no luck', is_error: true },
    ])
    const foreign: Message = { role: 'user', parts: [{ type: 'media', mime: 'image/png', ref: 'file-1', store: 'openai' }] }
    expect(await codeOf(collect(model({ messages: [foreign] })))).toBe('model/unsupported')
  })

  test('an agent is named as one, and a token goes in place of the key', async () => {
    let headers = new Headers()
    let body: Fields = {}
    const model = interactions('deep-research-pro', {
      agent: true,
      apiKey: 'k',
      token: async () => 't',
      fetch: async (_url, init) => {
        headers = new Headers(init?.headers)
        body = JSON.parse(init?.body as string) as Fields
        return sse(saying('ok'))
      },
    })
    await collect(model({ messages: [user('hi')], providerOptions: { 'gemini-interactions': { background: true } } }))
    expect(body).toMatchObject({ agent: 'deep-research-pro', background: true })
    expect([headers.get('authorization'), headers.get('x-goog-api-key')]).toEqual(['Bearer t', null])
  })
})

test('whatever a server sends: an answer or a KitError', async () => {
  const words = fc.constantFrom(
    ...'type text content summary signature arguments id name call_id result annotations start_index end_index url data mime_type delta step index interaction status usage error errors steps search_suggestions'.split(
      ' ',
    ),
  )
  const kinds = fc.constantFrom(
    'model_output',
    'thought',
    'function_call',
    'google_search_call',
    'google_search_result',
    'text',
    'image',
    'arguments_delta',
    'thought_summary',
    'text_annotation_delta',
  )
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.jsonValue({ maxDepth: 1 }),
      kinds,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(words, tie('value'), { maxKeys: 5 }),
    ),
  }))
  const event = fc.record(
    {
      event_type: fc.constantFrom(
        'step.start',
        'step.delta',
        'step.stop',
        'interaction.created',
        'interaction.completed',
        'interaction.status_update',
        'new',
      ),
      index: fc.oneof(fc.nat(2), value),
      step: fc.oneof(fc.record({ type: kinds, content: value, summary: value, arguments: value }, { requiredKeys: [] }), value),
      delta: fc.oneof(
        fc.record({ type: kinds, text: value, arguments: value, annotations: value, content: value }, { requiredKeys: [] }),
        value,
      ),
      interaction: value,
      status: value,
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 6 }), fc.boolean(), async (events, whole) => {
      const { model } = talking([
        whole ? Response.json({ ...events[0], steps: events.map(({ step }) => step), status: 'completed' }) : [...events, completed()],
      ])
      const code = await codeOf(collect(model({ messages: [user('hi')] })))
      expect(typeof code).toBe('string')
    }),
    { numRuns: 300 },
  )
})
