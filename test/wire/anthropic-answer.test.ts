// What the Messages API answers, also when it answers badly.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  agent,
  type Answer,
  type Chunk,
  collect,
  KitError,
  type KitErrorCode,
  type Part,
  run,
  textOf,
  tool,
  user,
} from '../../src/index.ts'
import { anthropic } from '../../src/providers/anthropic.ts'
import { jsonSchema } from '../../src/schema/json.ts'

type Event = Record<string, unknown>

interface Sent {
  messages: Record<0 | 1 | 2, { role: string; content: unknown[] }>
}

const lines = (events: readonly Event[]): string =>
  events.map((event) => `event: ${event.type as string}\ndata: ${JSON.stringify(event)}\n\n`).join('')
const streamed = (body: string): Response => new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
const usage = { input_tokens: 3, output_tokens: 1 }
const start = (message: Event = {}): Event => ({
  type: 'message_start',
  message: { id: 'msg_1', model: 'claude-x', content: [], usage, ...message },
})
const end = (stop_reason: unknown = 'end_turn', more: Event = {}): Event[] => [
  { type: 'message_delta', delta: { stop_reason, ...more }, usage: { output_tokens: 7 } },
  { type: 'message_stop' },
]
/** A block that comes in the pieces given. */
const block = (index: number, content_block: Event, ...deltas: Event[]): Event[] => [
  { type: 'content_block_start', index, content_block },
  ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
  { type: 'content_block_stop', index },
]
const words = (index: number, ...deltas: string[]): Event[] =>
  block(index, { type: 'text', text: '' }, ...deltas.map((text) => ({ type: 'text_delta', text })))
const called = (index: number, ...json: string[]): Event[] =>
  block(
    index,
    { type: 'tool_use', id: `toolu_${index}`, name: 'add', input: {} },
    ...json.map((partial_json) => ({ type: 'input_json_delta', partial_json })),
  )

const answering = (response: Response): AsyncIterable<Chunk> =>
  anthropic('claude-x', { fetch: async () => response })({ messages: [user('hi')] })
const read = (events: readonly Event[]): Promise<Answer> => collect(answering(streamed(lines(events))))
const whole = (body: unknown): Promise<Answer> => collect(answering(Response.json(body)))
const chunksOf = async (chunks: AsyncIterable<Chunk>): Promise<Chunk[]> => {
  const all: Chunk[] = []
  for await (const chunk of chunks) all.push(chunk)
  return all
}
const own = (data: object): { replay: { wire: string; data: object } } => ({ replay: { wire: 'anthropic-messages', data } })

describe('an answer', () => {
  test('deltas come as they come, parts in the order of the blocks', async () => {
    const chunks = await chunksOf(
      answering(
        streamed(
          lines([
            start(),
            ...block(
              0,
              { type: 'thinking', thinking: '', signature: '' },
              { type: 'thinking_delta', thinking: 'Hm' },
              { type: 'thinking_delta', thinking: '.' },
              { type: 'signature_delta', signature: 'c2ln' },
            ),
            ...words(1, 'I ', 'add.'),
            ...called(2, '', '{"a"', ':1}'),
            ...end('tool_use'),
          ]),
        ),
      ),
    )
    expect(chunks).toEqual([
      { type: 'reasoning', delta: 'Hm' },
      { type: 'reasoning', delta: '.' },
      { type: 'part', part: { type: 'reasoning', text: 'Hm.', ...own({ type: 'thinking', thinking: 'Hm.', signature: 'c2ln' }) } },
      { type: 'text', delta: 'I ' },
      { type: 'text', delta: 'add.' },
      { type: 'part', part: { type: 'text', text: 'I add.' } },
      { type: 'tool-input', id: 'toolu_2', name: 'add', delta: '{"a"' },
      { type: 'tool-input', id: 'toolu_2', name: 'add', delta: ':1}' },
      { type: 'part', part: { type: 'call', id: 'toolu_2', name: 'add', input: { a: 1 } } },
      { type: 'usage', usage: { input: 3, output: 7 }, model: 'claude-x' },
      { type: 'finish', reason: 'tools', raw: 'tool_use', model: 'claude-x', id: 'msg_1' },
    ])
  })

  test('a whole body says the same as its stream', async () => {
    const blocks = [
      { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' },
      { type: 'redacted_thinking', data: 'xyz' },
      { type: 'text', text: 'So', citations: [{ type: 'char_location', cited_text: 'x', document_index: 0, file_id: null }] },
      { type: 'tool_use', id: 'toolu_2', name: 'add', input: { a: 1 }, caller: { type: 'code_execution_20260120', tool_id: 't' } },
      { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'x' } },
      { type: 'web_search_tool_result', tool_use_id: 's', content: { type: 'web_search_tool_result_error', error_code: 'unavailable' } },
    ]
    const body = {
      type: 'message',
      id: 'msg_1',
      model: 'claude-x',
      content: blocks,
      stop_reason: 'tool_use',
      usage: { input_tokens: 3, output_tokens: 7 },
    }
    const [a, b] = [await whole(body), await read([start(), ...blocks.flatMap((one, at) => block(at, one)), ...end('tool_use')])]
    expect(a).toEqual(b)
    expect(a.parts).toEqual([
      { type: 'reasoning', text: 'Hm.', ...own(blocks[0]!) },
      { type: 'reasoning', text: '', ...own(blocks[1]!) },
      { type: 'text', text: 'So', ...own({ citations: [{ type: 'char_location', cited_text: 'x', document_index: 0 }] }) },
      { type: 'call', id: 'toolu_2', name: 'add', input: { a: 1 }, ...own({ caller: { type: 'code_execution_20260120', tool_id: 't' } }) },
      { type: 'call', id: 's', name: 'web_search', input: { query: 'x' }, by: 'provider', ...own(blocks[4]!) },
      { type: 'opaque', kind: 'web_search_tool_result', ...own(blocks[5]!) },
    ])
  })

  test('a server may answer whole though a stream was asked for, and a body may be a stream of nothing', async () => {
    expect(textOf(await whole({ content: [{ type: 'text', text: 'ok' }], stop_reason: 'end_turn' }))).toBe('ok')
    expect(await read([start(), ...end()])).toMatchObject({ parts: [], finish: 'stop' })
    expect(await whole({ content: [], stop_reason: 'refusal' })).toMatchObject({ parts: [], finish: 'refusal' })
  })

  test('thinking that is not shown is kept with its signature; without both there is nothing', async () => {
    const hidden = await read([
      start(),
      ...block(0, { type: 'thinking', thinking: '' }, { type: 'signature_delta', signature: 's' }),
      ...end(),
    ])
    expect(hidden.parts).toEqual([{ type: 'reasoning', text: '', ...own({ type: 'thinking', thinking: '', signature: 's' }) }])
    expect((await read([start(), ...block(0, { type: 'thinking', thinking: '' }), ...end()])).parts).toEqual([])
  })

  test.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['tool_use', 'tools'],
    ['pause_turn', 'pause'],
    ['compaction', 'pause'],
    ['refusal', 'refusal'],
    ['something_new', 'other'],
    ['constructor', 'other'],
    [null, 'other'],
    [7, 'other'],
  ])('the reason %s is %s', async (raw, finish) => {
    expect((await read([start(), ...words(0, 'a'), ...end(raw)])).finish).toBe(finish)
  })

  test('calls are the truth where the reason knows of none', async () => {
    for (const raw of ['end_turn', 'something_new', undefined])
      expect((await read([start(), ...called(0, '{}'), ...end(raw)])).finish).toBe('tools')
  })

  test('a call without arguments has none; one that the limit cut off must not run', async () => {
    const input = async (raw: string, ...json: string[]): Promise<Part[]> =>
      (await read([start(), ...called(0, ...json), ...end(raw)])).parts
    const call = { type: 'call', id: 'toolu_0', name: 'add' }
    expect(await input('tool_use')).toEqual([{ ...call, input: {} }])
    expect(await input('tool_use', '')).toEqual([{ ...call, input: {} }])
    expect(await input('max_tokens', '')).toEqual([{ ...call, input: '', invalid: true }])
    expect(await input('max_tokens', '{"a":')).toEqual([{ ...call, input: '{"a":', invalid: true }])
    expect(await input('max_tokens', '{"a":1}')).toEqual([{ ...call, input: { a: 1 } }])
    const two = await read([start(), ...called(0, ''), ...called(1, ''), ...end('max_tokens')])
    expect(two.parts).toMatchObject([{ input: {} }, { input: '', invalid: true }])
  })

  test('a refusal is told with its reason, where there is one, after what was said', async () => {
    const details = { type: 'refusal', category: 'cyber', explanation: 'Blocked.' }
    expect(await read([start(), ...words(0, 'Fir'), ...end('refusal', { stop_details: details })])).toMatchObject({
      parts: [
        { type: 'text', text: 'Fir' },
        { type: 'refusal', text: 'Blocked.', ...own({ category: 'cyber' }) },
      ],
      finish: 'refusal',
    })
    expect((await read([start(), ...end('refusal', { stop_details: { category: null, explanation: null } })])).parts).toEqual([])
  })

  test('usage: the cache is part of the input, the last count that is no null wins, and nothing adds up', async () => {
    const { usage: counted } = await read([
      start({
        usage: {
          input_tokens: 10,
          output_tokens: 1,
          cache_read_input_tokens: 100,
          cache_creation_input_tokens: 20,
          cache_creation: { ephemeral_5m_input_tokens: 20 },
        },
      }),
      ...words(0, 'a'),
      { type: 'message_delta', delta: {}, usage: { output_tokens: 5, input_tokens: null } },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn' },
        usage: { output_tokens: 9, input_tokens: 12, cache_read_input_tokens: null, output_tokens_details: { thinking_tokens: 4 } },
      },
      { type: 'message_stop' },
    ])
    expect(counted).toEqual({ input: 132, output: 9, cacheRead: 100, cacheWrite: 20, reasoning: 4 })
    const chunks = await chunksOf(
      answering(Response.json({ content: [], stop_reason: 'end_turn', usage: { input_tokens: '3', output_tokens: null } })),
    )
    expect(chunks.map(({ type }) => type)).toEqual(['finish'])
  })

  test('citations are sources with their place in the answer', async () => {
    const citation = (more: Event): Event => ({ type: 'citations_delta', citation: more })
    const answer = await chunksOf(
      answering(
        streamed(
          lines([
            start(),
            ...words(0, 'See: '),
            ...block(
              1,
              { type: 'text', text: '', citations: [] },
              citation({
                type: 'char_location',
                cited_text: 'c',
                document_index: 2,
                document_title: 'D',
                start_char_index: 0,
                end_char_index: 1,
                file_id: 'file_1',
              }),
              citation({
                type: 'page_location',
                cited_text: 'p',
                document_index: 0,
                document_title: null,
                start_page_number: 3,
                end_page_number: 5,
              }),
              { type: 'text_delta', text: 'one' },
            ),
            ...block(
              2,
              { type: 'text', text: '' },
              { type: 'text_delta', text: 'two' },
              citation({ type: 'content_block_location', cited_text: 'b', document_index: 1, start_block_index: 0, end_block_index: 1 }),
              citation({ type: 'search_result_location', cited_text: 's', source: 'https://s', title: 'S', search_result_index: 0 }),
              citation({ type: 'search_result_location', cited_text: 'k', source: 'kb-7', title: 'K' }),
              citation({ type: 'web_search_result_location', cited_text: 'w', url: 'https://w', title: 'W', encrypted_index: 'e' }),
              { type: 'citations_delta' },
            ),
            ...end(),
          ]),
        ),
      ),
    )
    expect(answer.flatMap((chunk) => (chunk.type === 'source' ? [chunk.source] : []))).toEqual([
      { document: 'file_1', title: 'D', text: 'c', start: 5, end: 8, characters: [0, 1] },
      { document: '0', text: 'p', start: 5, end: 8, pages: [3, 4] },
      { document: '1', text: 'b', start: 8, end: 11, blocks: [0, 1] },
      { url: 'https://s', title: 'S', text: 's', start: 8, end: 11 },
      { document: 'kb-7', title: 'K', text: 'k', start: 8, end: 11 },
      { url: 'https://w', title: 'W', text: 'w', start: 8, end: 11 },
    ])
    const cited = answer.flatMap((chunk) =>
      chunk.type === 'part' ? [chunk.part.replay?.data as { citations: unknown[] } | undefined] : [],
    )
    expect(cited.map((data) => data?.citations.length)).toEqual([undefined, 2, 4])
    expect(JSON.stringify(cited)).not.toContain('file_id')
  })

  test('compaction is kept for the next request, a fallback is a route, a container is remembered', async () => {
    const chunks = await chunksOf(
      answering(
        streamed(
          lines([
            start(),
            ...block(0, { type: 'compaction', content: null }, { type: 'compaction_delta', content: 'Summary', encrypted_content: 'e' }),
            ...block(1, { type: 'fallback', from: { model: 'claude-a' }, to: { model: 'claude-b' }, trigger: { type: 'refusal' } }),
            ...words(2, 'ok'),
            ...end('end_turn', { container: { id: 'container_1', expires_at: '2030-01-01T00:00:00Z' } }),
          ]),
        ),
      ),
    )
    expect(chunks).toContainEqual({ type: 'route', from: 'claude-a', to: 'claude-b', why: 'refusal' })
    const opaque = chunks.flatMap((chunk) => (chunk.type === 'part' && chunk.part.type === 'opaque' ? [chunk.part] : []))
    expect(opaque.map(({ kind, replay }) => [kind, replay.data])).toEqual([
      ['compaction', { type: 'compaction', content: 'Summary', encrypted_content: 'e' }],
      ['fallback', { type: 'fallback', from: { model: 'claude-a' }, to: { model: 'claude-b' }, trigger: { type: 'refusal' } }],
      ['container', { id: 'container_1', expires_at: '2030-01-01T00:00:00Z' }],
    ])
    expect(chunks.at(-1)).toMatchObject({ model: 'claude-b' })
  })

  test('the citations of a code result are not taken back, and are not kept', async () => {
    const { parts } = await whole({
      content: [{ type: 'code_execution_tool_result', tool_use_id: 's', content: {}, citations: null }],
      stop_reason: 'end_turn',
    })
    expect(parts).toEqual([
      { type: 'opaque', kind: 'code_execution_tool_result', ...own({ type: 'code_execution_tool_result', tool_use_id: 's', content: {} }) },
    ])
  })

  test('a start in the middle begins nothing anew, and one may bring calls with it', async () => {
    const spliced = await read([
      start(),
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hel' } },
      start({ content: [{ type: 'text', text: 'again' }] }),
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'lo' } },
      { type: 'content_block_stop', index: 0 },
      ...end(),
    ])
    expect(spliced.parts).toEqual([{ type: 'text', text: 'Hello' }])
    const brought = await read([
      start({ content: [{ type: 'tool_use', id: 't', name: 'add', input: { a: 1 } }] }),
      ...words(0, 'b'),
      ...end('tool_use'),
    ])
    expect(brought.parts).toMatchObject([
      { type: 'call', input: { a: 1 } },
      { type: 'text', text: 'b' },
    ])
  })

  test('what is not known passes, what is missing or of the wrong type does no harm', async () => {
    const odd: Event[] = [
      { type: 'ping' },
      { type: 'brand_new', index: 0 },
      { type: 'content_block_delta', index: 99, delta: { type: 'text_delta', text: 'nobody’s' } },
      { type: 'content_block_stop', index: 98 },
      { type: 'content_block_delta', index: 0, delta: null },
      { type: 'content_block_start', index: 50, content_block: null },
      { type: 'content_block_stop', index: 50 },
      { type: 'message_delta', delta: null, usage: 'x' },
      { type: 'message_start', message: null },
    ]
    const body = `${lines(odd)}event: ping\ndata: not JSON\n\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"hologram","x":1}}   \n\nevent: message_stop\ndata: {}\n\ndata: [DONE]\n\n`
    expect(await collect(answering(streamed(body)))).toMatchObject({ parts: [{ type: 'opaque', kind: 'hologram' }], finish: 'other' })
    const nameless = await read([start(), ...block(0, { type: 'tool_use', input: null }), ...end()])
    expect(nameless.parts).toMatchObject([{ type: 'call', name: '', input: {} }])
    expect((nameless.parts[0] as { id: string }).id).toMatch(/^toolu_/)
  })

  test('a stream that ends too early is no answer; the same with its end is, also without the last event', async () => {
    const begun = [start(), ...words(0, 'Hel')]
    await expect(read(begun)).rejects.toMatchObject({ code: 'model/truncated', retryable: true })
    await expect(read([])).rejects.toMatchObject({ code: 'model/truncated' })
    expect(textOf(await read([...begun, ...end()]))).toBe('Hel')
    expect(textOf(await read([...begun, end()[0]!]))).toBe('Hel')
    expect(textOf(await read([...begun, { type: 'message_stop' }]))).toBe('Hel')
    expect(textOf(await read([...begun.slice(0, -1), ...end()]))).toBe('Hel')
  })

  test('a connection that breaks is truncated, an abort rejects with its reason', async () => {
    const breaking = (by: (controller: ReadableStreamDefaultController) => void, type: string): Response => {
      let sent = false
      const pull = (controller: ReadableStreamDefaultController): void => {
        if (sent) return by(controller)
        sent = true
        controller.enqueue(new TextEncoder().encode(type.includes('json') ? '{"content":' : lines([start(), ...words(0, 'a')])))
      }
      return new Response(new ReadableStream({ pull }), { headers: { 'content-type': type } })
    }
    for (const type of ['text/event-stream', 'application/json']) {
      const broken = breaking((controller) => controller.error(new TypeError('terminated')), type)
      await expect(collect(answering(broken)), type).rejects.toMatchObject({ code: 'model/truncated' })
      const abort = new AbortController()
      const aborted = breaking((controller) => {
        abort.abort(new Error('enough'))
        controller.error(new Error('aborted'))
      }, type)
      const model = anthropic('claude-x', { fetch: async () => aborted })
      await expect(collect(model({ messages: [], signal: abort.signal })), type).rejects.toThrow('enough')
    }
  })
})

describe('an error', () => {
  test.each<[string, Event, KitErrorCode, boolean]>([
    ['overloaded', { type: 'overloaded_error', message: 'Overloaded' }, 'model/overloaded', true],
    ['inside', { type: 'api_error', message: 'Internal server error' }, 'model/http', true],
    ['time', { type: 'timeout_error', message: 'Took too long' }, 'model/http', true],
    ['rate', { type: 'rate_limit_error', message: 'Slow down' }, 'model/rate', true],
    ['request', { type: 'invalid_request_error', message: 'messages: bad' }, 'model/request', false],
    ['context', { type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' }, 'model/context', false],
    ['auth', { type: 'authentication_error', message: 'no' }, 'model/auth', false],
    ['permission', { type: 'permission_error', message: 'no' }, 'model/auth', false],
    ['billing', { type: 'billing_error', message: 'pay' }, 'model/quota', false],
    ['new', { type: 'brand_new_error' }, 'model/http', true],
  ])('%s after 200, in a stream and in a body', async (_name, error, code, retryable) => {
    const body = { type: 'error', error, request_id: 'req_1' }
    for (const response of [
      streamed(lines([start(), ...words(0, 'a'), body])),
      Response.json(body),
      streamed(`event: error\ndata: ${JSON.stringify({ error })}\n\n`),
    ]) {
      const thrown = await collect(answering(response)).catch((caught: unknown) => caught as KitError)
      expect(thrown).toMatchObject({ code, retryable, provider: 'anthropic', message: 'anthropic ended its answer with an error' })
    }
  })

  test.each<[number, Event | string, Record<string, string>, KitErrorCode, boolean, number | undefined]>([
    [400, { type: 'invalid_request_error', message: 'max_tokens: required' }, {}, 'model/request', false, undefined],
    [
      400,
      { type: 'invalid_request_error', message: 'Your credit balance is too low to access the Anthropic API.' },
      {},
      'model/quota',
      false,
      undefined,
    ],
    [
      400,
      { type: 'invalid_request_error', message: 'You have reached your specified API usage limits. You will regain access on 2026-12-01' },
      {},
      'model/quota',
      false,
      undefined,
    ],
    [
      400,
      { type: 'invalid_request_error', message: 'input length and `max_tokens` exceed context limit: 1 + 2 > 2' },
      {},
      'model/context',
      false,
      undefined,
    ],
    [400, { type: 'invalid_request_error', message: 'prompt is too long: 3 tokens > 2 maximum' }, {}, 'model/context', false, undefined],
    [
      400,
      { type: 'invalid_request_error', message: 'x', details: { error_code: 'image_dimensions_too_large' } },
      {},
      'model/request',
      false,
      undefined,
    ],
    [401, { type: 'authentication_error', message: 'invalid x-api-key' }, {}, 'model/auth', false, undefined],
    [
      402,
      { type: 'billing_error', message: 'x', details: { error_code: 'linked_organization_spend_limit_reached' } },
      {},
      'model/quota',
      false,
      undefined,
    ],
    [403, { type: 'permission_error', message: 'x' }, {}, 'model/auth', false, undefined],
    [404, { type: 'not_found_error', message: 'model: claude-sonet' }, {}, 'model/unknown', false, undefined],
    [413, { type: 'request_too_large', message: 'Request exceeds the maximum size' }, {}, 'model/request', false, undefined],
    [429, { type: 'rate_limit_error', message: 'x' }, { 'retry-after': '12' }, 'model/rate', true, 12_000],
    [429, { type: 'rate_limit_error', message: 'x' }, { 'retry-after': '1e9' }, 'model/rate', true, undefined],
    [
      429,
      { type: 'rate_limit_error', message: 'x', details: { error_code: 'contract_spend_limit_reached' } },
      {},
      'model/quota',
      false,
      undefined,
    ],
    [
      429,
      { type: 'rate_limit_error', message: 'x', details: { error_code: 'ramp_limit_exceeded' } },
      { 'retry-after-ms': '40' },
      'model/rate',
      true,
      40,
    ],
    [500, { type: 'api_error', message: 'x' }, {}, 'model/http', true, undefined],
    [503, '<html>busy</html>', {}, 'model/overloaded', true, undefined],
    [504, { type: 'timeout_error', message: 'x' }, {}, 'model/http', true, undefined],
    [529, { type: 'overloaded_error', message: 'Overloaded' }, {}, 'model/overloaded', true, undefined],
    [418, '', {}, 'model/http', false, undefined],
  ])('%i %j', async (status, error, headers, code, retryable, retryAfter) => {
    const body = typeof error === 'string' ? error : JSON.stringify({ type: 'error', error, request_id: 'req_1' })
    const thrown = await collect(answering(new Response(body, { status, headers }))).catch((caught: unknown) => caught as KitError)
    expect(thrown).toMatchObject({ code, retryable, retryAfter, status, message: `anthropic answered ${status}` })
  })

  test('what is no answer is garbled, and nothing of it is in the message', async () => {
    const bad: Response[] = [
      streamed('data: secret {\n\n'),
      streamed('data: "secret"\n\n'),
      Response.json('secret'),
      Response.json({ secret: 1 }),
      new Response('secret', { headers: { 'content-type': 'application/json' } }),
    ]
    for (const response of bad) {
      const thrown = await collect(answering(response)).catch((caught: unknown) => caught as KitError)
      expect(thrown).toMatchObject({ code: 'model/garbled' })
      expect((thrown as KitError).message).not.toContain('secret')
    }
  })

  test('an answer without end is cut off', async () => {
    const chunk = new TextEncoder().encode(lines(block(0, { type: 'hologram', x: 'x'.repeat(5_000_000) })))
    let sent = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += chunk.length
        if (sent > 100_000_000) controller.close()
        else controller.enqueue(chunk)
      },
    })
    const response = new Response(endless, { headers: { 'content-type': 'text/event-stream' } })
    await expect(collect(answering(response))).rejects.toMatchObject({ code: 'model/garbled' })
    expect(sent).toBeLessThan(100_000_000)
  })

  test('whatever comes, only KitErrors are thrown and every answer ends', async () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('text', 'tool_use', 'thinking', 'text_delta', 'input_json_delta', 'citations_delta'),
    )
    const type = fc.constantFrom(
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
      'error',
      'x',
    )
    const inner = fc.dictionary(
      fc.constantFrom(
        'type',
        'text',
        'thinking',
        'partial_json',
        'citation',
        'citations',
        'content',
        'input',
        'id',
        'name',
        'usage',
        'stop_reason',
        'stop_details',
        'container',
        'from',
        'to',
        'caller',
        'signature',
      ),
      value,
    )
    const event = fc.record({
      type,
      index: fc.oneof(fc.nat(2), value),
      delta: fc.oneof(inner, value),
      content_block: fc.oneof(inner, value),
      message: fc.oneof(inner, value),
      usage: value,
      error: value,
    })
    const survives = async (response: Response): Promise<void> => {
      const { finish } = await collect(answering(response)).catch((thrown: unknown) => {
        expect(thrown).toBeInstanceOf(KitError)
        return { finish: 'failed' }
      })
      expect(finish).toBeDefined()
    }
    await fc.assert(
      fc.asyncProperty(fc.array(event), (events) => survives(streamed(lines([...events, { type: 'message_stop' }])))),
      { numRuns: 250 },
    )
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), (bytes) =>
        survives(new Response(bytes, { headers: { 'content-type': 'text/event-stream' } })),
      ),
      { numRuns: 200 },
    )
    await fc.assert(
      fc.asyncProperty(fc.oneof(inner, fc.jsonValue()), (body) => survives(Response.json(body))),
      { numRuns: 150 },
    )
  }, 60_000)
})

describe('in the loop', () => {
  /** A model that answers what it is given, in order, and remembers what it was sent. */
  const scripted = (...answers: unknown[]): { sent: Record<0 | 1, Sent>; model: ReturnType<typeof anthropic> } => {
    const sent = [] as unknown as [Sent, Sent, ...Sent[]]
    const fetch: typeof globalThis.fetch = async (_url, init) => {
      sent.push(JSON.parse(init?.body as string) as Sent)
      return Response.json(answers[sent.length - 1])
    }
    return { sent, model: anthropic('claude-haiku-4-5', { fetch }) }
  }

  test('a turn that pauses is sent back unchanged and goes on', async () => {
    const paused = [
      { type: 'thinking', thinking: '', signature: 's' },
      { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } },
      { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] },
    ]
    const { sent, model } = scripted(
      { content: paused, stop_reason: 'pause_turn' },
      { content: [{ type: 'text', text: 'Found.' }], stop_reason: 'end_turn' },
    )
    const { text, finish } = await run(agent({ name: 'a', model }), 'x?')
    expect([text, finish]).toEqual(['Found.', 'stop'])
    expect(sent[1].messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'x?' }] },
      { role: 'assistant', content: paused },
    ])
  })

  test('a call that the limit cut off is not run, but given back to the model', async () => {
    let ran = 0
    const add = tool({ name: 'add', input: jsonSchema({ type: 'object' }), run: () => ++ran })
    const call = { type: 'tool_use', id: 'toolu_1', name: 'add', input: {} }
    const ok = { content: [{ type: 'text', text: 'ok' }], stop_reason: 'end_turn' }
    const cut = scripted({ content: [call], stop_reason: 'max_tokens' }, ok)
    await run(agent({ name: 'a', model: cut.model, tools: [add] }), 'add')
    expect(ran).toBe(0)
    expect(cut.sent[1].messages[2].content).toMatchObject([{ type: 'tool_result', tool_use_id: 'toolu_1', is_error: true }])
    const meant = scripted({ content: [call], stop_reason: 'tool_use' }, ok)
    await run(agent({ name: 'a', model: meant.model, tools: [add] }), 'add')
    expect(ran).toBe(1)
  })
})
