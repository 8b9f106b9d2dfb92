// What no recording shows for sure: every trap of the Responses API, written by hand.
import fc from 'fast-check'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { agent, type Chunk, collect, KitError, type Message, type ModelCall, type Part, run, textOf, tool, user } from '../../src/index.ts'
import { openai, type OpenAIOptions, responsesServers } from '../../src/providers/openai.ts'
import type { Fields } from './checks.ts'

const hi: ModelCall = { messages: [user('hi')] }
const sse = (...events: unknown[]): string =>
  events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('')
const stream = (body: string): Response => new Response(body, { headers: { 'content-type': 'text/event-stream' } })
const answer = (...output: Fields[]): Fields => ({
  id: 'resp_1',
  model: 'm-1',
  status: 'completed',
  output,
  usage: { input_tokens: 3, output_tokens: 2 },
})
const completed = (...output: Fields[]): Fields => ({ type: 'response.completed', response: answer(...output) })
const message = (text: string, more: Fields = {}): Fields => ({
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [] }],
  ...more,
})
const call = (more: Fields = {}): Fields => ({
  type: 'function_call',
  id: 'fc_1',
  call_id: 'call_1',
  name: 'add',
  arguments: '{"a":1}',
  status: 'completed',
  ...more,
})

const read = (response: Response, options: OpenAIOptions = {}, more: Partial<ModelCall> = {}): AsyncIterable<Chunk> =>
  openai('m', { fetch: async () => response.clone(), ...options })({ ...hi, ...more })
const events = (...list: unknown[]): AsyncIterable<Chunk> => read(stream(sse(...list)))
const partsOf = async (chunks: AsyncIterable<Chunk>): Promise<Part[]> => (await collect(chunks)).parts
async function chunksOf(chunks: AsyncIterable<Chunk>): Promise<Chunk[]> {
  const all: Chunk[] = []
  for await (const chunk of chunks) all.push(chunk)
  return all
}

/** What is sent for a call. */
async function sent(more: Partial<ModelCall>, options: OpenAIOptions = {}, id = 'gpt-5-mini'): Promise<Fields & { input: Fields[] }> {
  let body: unknown
  const fetch: typeof globalThis.fetch = async (_url, init) => {
    body = JSON.parse(init!.body as string)
    return Response.json(answer(message('ok')))
  }
  await collect(openai(id, { fetch, ...options })({ ...hi, ...more }))
  return body as Fields & { input: Fields[] }
}

/** The parts that a model gave, sent back as history. */
async function replayed(output: Fields[], options: OpenAIOptions = {}, more: Partial<ModelCall> = {}): Promise<Fields[]> {
  const parts = await partsOf(read(Response.json(answer(...output)), options, more))
  const { input } = await sent({ ...more, messages: [user('hi'), { role: 'assistant', parts }] }, options)
  return input.slice(1)
}

describe('an answer that comes', () => {
  test('a stream that ends too early is no answer; the same with its end is', async () => {
    const begun = { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'Hel' }
    await expect(collect(events(begun))).rejects.toMatchObject({ code: 'model/truncated', retryable: true })
    await expect(collect(events(begun, '[DONE]'))).rejects.toMatchObject({ code: 'model/truncated' })
    expect(textOf(await collect(events(begun, completed(message('Hello')))))).toBe('Hello')
  })

  test('nothing after the end is waited for', async () => {
    const open = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(sse(completed(message('Hi'))))),
    })
    expect(textOf(await collect(read(new Response(open, { headers: { 'content-type': 'text/event-stream' } }).clone())))).toBe('Hi')
  })

  test('unknown events, padding and comments pass', async () => {
    const body = `: hello\n\n${sse(
      { type: 'response.created', response: { id: 'resp_1', model: 'm-1' } },
      { type: 'response.brand_new', output_index: 9, delta: 'no' },
      { type: 'keepalive' },
      { type: 'response.output_text.delta', output_index: 0, delta: 'Hi', obfuscation: 'xyzzy', logprobs: [] },
      completed(message('Hi')),
    )}`
    const chunks = await chunksOf(read(stream(body)))
    expect(chunks.filter(({ type }) => type === 'text')).toEqual([{ type: 'text', delta: 'Hi' }])
    expect(chunks.at(-1)).toEqual({ type: 'finish', reason: 'stop', raw: 'completed', model: 'm-1', id: 'resp_1' })
  })

  test('a server that says only what is whole is read as one that streams', async () => {
    const chunks = await chunksOf(
      events(
        { type: 'response.output_item.added', output_index: 0, item: message('', { content: [] }) },
        { type: 'response.output_text.done', output_index: 0, content_index: 0, text: 'Hi there' },
        { type: 'response.output_item.added', output_index: 1, item: call({ arguments: '' }) },
        { type: 'response.function_call_arguments.done', output_index: 1, arguments: '{"a":1}' },
        { type: 'response.completed', response: { status: 'completed', output: [] } },
      ),
    )
    expect(chunks.filter(({ type }) => type === 'text')).toEqual([{ type: 'text', delta: 'Hi there' }])
    expect(chunks.filter(({ type }) => type === 'tool-input')).toEqual([
      { type: 'tool-input', id: 'call_1', name: 'add', delta: '{"a":1}' },
    ])
    expect(chunks.filter(({ type }) => type === 'part')).toMatchObject([
      { part: { type: 'text', text: 'Hi there' } },
      { part: { type: 'call', id: 'call_1', name: 'add', input: { a: 1 } } },
    ])
  })

  test('a stream of nothing but its end is an answer', async () => {
    expect(await partsOf(events(completed(message('Hi'), call())))).toMatchObject([{ text: 'Hi' }, { id: 'call_1' }])
  })

  test('what interleaves comes out in the order of the items', async () => {
    const chunks = await chunksOf(
      events(
        { type: 'response.output_item.added', output_index: 0, item: { type: 'reasoning', id: 'rs_1', summary: [] } },
        { type: 'response.output_item.added', output_index: 1, item: message('', { content: [] }) },
        { type: 'response.output_item.added', output_index: 2, item: call({ arguments: '' }) },
        { type: 'response.output_text.delta', output_index: 1, delta: 'B' },
        { type: 'response.function_call_arguments.delta', output_index: 2, delta: '{"a"' },
        { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 0, delta: 'A' },
        { type: 'response.output_item.done', output_index: 2, item: call() },
        { type: 'response.output_text.delta', output_index: 1, delta: 'b' },
        { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 1, delta: 'a' },
        {
          type: 'response.output_item.done',
          output_index: 0,
          item: {
            type: 'reasoning',
            id: 'rs_1',
            summary: [
              { type: 'summary_text', text: 'A' },
              { type: 'summary_text', text: 'a' },
            ],
          },
        },
        { type: 'response.output_text.delta', output_index: 1, delta: '!' },
        { type: 'response.output_item.done', output_index: 1, item: message('Bb!') },
        completed(),
      ),
    )
    expect(
      chunks.map((chunk) => (chunk.type === 'part' ? chunk.part.type : 'delta' in chunk ? `${chunk.type} ${chunk.delta}` : chunk.type)),
    ).toEqual([
      'tool-input {"a"',
      'reasoning A',
      'reasoning \n\na',
      'reasoning',
      'text Bb',
      'text !',
      'text',
      'tool-input :1}',
      'call',
      'usage',
      'finish',
    ])
  })

  test('two items of one id are two items, and one item whose id changes is one', async () => {
    const reasoning = (text: string): Fields => ({ type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text }] })
    const twice = [reasoning('one'), reasoning('two'), message('Hi')]
    const done = twice.map((item, output_index) => ({ type: 'response.output_item.done', output_index, item }))
    expect(await partsOf(events(...done, completed(...twice)))).toMatchObject([{ text: 'one' }, { text: 'two' }, { text: 'Hi' }])
    expect(await partsOf(events(done[0], completed(...twice)))).toMatchObject([{ text: 'one' }, { text: 'two' }, { text: 'Hi' }])
    expect(
      await partsOf(
        events(
          { type: 'response.output_item.added', output_index: 0, item: message('', { id: 'a', content: [] }) },
          { type: 'response.output_text.delta', output_index: 0, item_id: 'b', delta: 'Hi' },
          { type: 'response.output_item.done', output_index: 0, item: message('Hi', { id: 'c' }) },
          completed(message('Hi', { id: 'd' })),
        ),
      ),
    ).toMatchObject([{ text: 'Hi' }])
  })

  test('an answer to a stream may be one body, and an answer to a body a stream', async () => {
    expect(textOf(await collect(read(Response.json(answer(message('Hi'))))))).toBe('Hi')
    expect(textOf(await collect(read(stream(sse(completed(message('Hi')))), {}, { stream: false })))).toBe('Hi')
  })

  test('nulls, missing fields and foreign types are no reason to fall', async () => {
    const odd = answer(
      {
        type: 'message',
        id: null,
        content: [
          { type: 'output_text', text: null },
          null,
          7,
          { type: 'output_text', text: 'Hi', annotations: [null, { type: 'url_citation' }] },
        ],
      },
      { type: 'reasoning', summary: null },
      { type: 'function_call', name: 'add', arguments: null },
      { type: 'function_call', call_id: 'c2', name: 'add', arguments: { a: 2 } },
      { type: 'function_call', call_id: 'c3', name: 'add', arguments: '{"a":' },
    )
    odd.usage = { input_tokens: '12', output_tokens: 2.5, input_tokens_details: null, output_tokens_details: { reasoning_tokens: null } }
    const { parts, usage } = await collect(read(Response.json(odd)))
    expect(parts).toMatchObject([
      { type: 'text', text: 'Hi' },
      { type: 'reasoning', text: '' },
      { type: 'call', id: expect.stringMatching(/^call_2_/), input: {} },
      { type: 'call', id: 'c2', input: { a: 2 } },
      { type: 'call', id: 'c3', input: '{"a":', invalid: true },
    ])
    expect(usage).toEqual({ input: 12, output: 2.5 })
  })

  test('arguments of any depth are a call that can be told again', async () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
    const [part] = await partsOf(read(Response.json(answer(call({ arguments: deep })))))
    expect(part).toMatchObject({ type: 'call', input: deep, invalid: true })
    expect((await replayed([call({ arguments: deep })]))[0]!.arguments).toBe(deep)
    expect((await partsOf(read(Response.json(answer(call({ arguments: '[[1]]' }))))))[0]).toMatchObject({ input: [[1]] })
  })

  test('an empty answer ends, and says nothing', async () => {
    expect(await collect(events(completed()))).toMatchObject({ parts: [], finish: 'stop' })
    expect(await collect(read(Response.json(answer(message('')))))).toMatchObject({ parts: [], finish: 'stop' })
  })

  test('why it ended', async () => {
    const cut = (reason: string | null, ...output: Fields[]): Response =>
      Response.json({ ...answer(...output), status: 'incomplete', incomplete_details: reason === null ? null : { reason } })
    expect(await collect(read(cut('max_output_tokens', message('Hal'))))).toMatchObject({ finish: 'length' })
    expect(await collect(read(cut('content_filter')))).toMatchObject({ finish: 'refusal' })
    expect(await collect(read(cut('brand_new')))).toMatchObject({ finish: 'other' })
    expect(await collect(read(cut(null)))).toMatchObject({ finish: 'other' })
    const refusal = message('', { content: [{ type: 'refusal', refusal: 'No.' }] })
    expect(await collect(read(Response.json(answer(refusal))))).toMatchObject({
      finish: 'refusal',
      parts: [{ type: 'refusal', text: 'No.' }],
    })
    expect(
      await collect(
        events(
          { type: 'response.refusal.delta', output_index: 0, delta: 'No' },
          { type: 'response.refusal.delta', output_index: 0, delta: '.' },
          completed(),
        ),
      ),
    ).toMatchObject({ finish: 'refusal', parts: [{ type: 'refusal', text: 'No.' }] })
  })

  test('a call that was cut off does not run; one that was whole does', async () => {
    const cut = (more: Fields): Response =>
      Response.json({ ...answer(call(more)), status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } })
    expect(await collect(read(cut({ arguments: '{"a":', status: 'incomplete' })))).toMatchObject({ parts: [], finish: 'length' })
    expect(await collect(read(cut({ arguments: '{"a":', status: undefined })))).toMatchObject({ parts: [] })
    expect(await collect(read(cut({})))).toMatchObject({ parts: [{ type: 'call' }] })
  })

  test('citations are sources, counted over the whole answer in UTF-16', async () => {
    const cited = (text: string, start_index: number): Fields => ({
      type: 'output_text',
      text,
      annotations: [{ type: 'url_citation', url: 'https://a.example', title: 'A', start_index, end_index: start_index + 2 }],
    })
    const output = message('', { content: [cited('😀 ab', 2), cited('xab', 1)] })
    const sources = (chunks: Chunk[]): unknown[] => chunks.flatMap((chunk) => (chunk.type === 'source' ? [chunk.source] : []))
    const expected = [
      { url: 'https://a.example', title: 'A', start: 3, end: 5 },
      { url: 'https://a.example', title: 'A', start: 6, end: 8 },
    ]
    expect(sources(await chunksOf(read(Response.json(answer(output)))))).toEqual(expected)
    const annotated = {
      type: 'response.output_text.annotation.added',
      output_index: 0,
      content_index: 0,
      annotation: { type: 'file_citation', file_id: 'f1', filename: 'a.txt', index: 1 },
    }
    const delta = { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'Hi' }
    expect(sources(await chunksOf(events(delta, annotated, completed())))).toEqual([{ document: 'f1', title: 'a.txt' }])
  })

  test('what it cost, where a server says so', async () => {
    const cost = async (usage: Fields): Promise<unknown> =>
      (await chunksOf(read(Response.json({ ...answer(), usage: { input_tokens: 1, output_tokens: 1, ...usage } })))).find(
        ({ type }) => type === 'usage',
      )
    expect(await cost({ cost: 0.5 })).toMatchObject({ usd: 0.5 })
    expect(await cost({ cost_in_usd_ticks: 3_515_000 })).toMatchObject({ usd: 0.0003515 })
    expect(await cost({})).not.toHaveProperty('usd')
  })
})

describe('an answer that fails', () => {
  const failed = (error: unknown): Fields => ({
    type: 'response.failed',
    response: { status: 'failed', error, output: [message('billing')] },
  })

  test.each([
    [failed({ code: 'server_error', message: 'boom' }), 'model/http', true],
    [failed({ code: 'rate_limit_exceeded', message: 'Please try again in 1m30.5s.' }), 'model/rate', true],
    [failed({ code: 'invalid_prompt', message: 'no' }), 'model/filtered', false],
    [failed({ code: 'bio_policy', message: 'no' }), 'model/filtered', false],
    [failed({ code: 'image_too_large', message: 'no' }), 'model/request', false],
    [failed({ code: 'vector_store_timeout', message: 'no' }), 'model/http', true],
    [failed(null), 'model/http', true],
    [{ type: 'error', code: 'context_length_exceeded', message: 'long', param: null }, 'model/context', false],
    [{ type: 'error', error: { type: 'insufficient_quota', code: 'insufficient_quota', message: 'pay' } }, 'model/quota', false],
    [{ type: 'error', error: { type: 'invalid_request_error', code: null, message: 'no' } }, 'model/request', false],
    [{ type: 'error', code: 'server_is_overloaded', message: 'busy' }, 'model/overloaded', true],
    [{ error: { code: 429, message: 'slow' } }, 'model/rate', true],
    [{ error: 'down', code: 'x' }, 'model/http', true],
    [{ type: 'error' }, 'model/http', true],
    [{ type: 'response.cancelled', response: {} }, 'model/truncated', true],
    ['{"type":', 'model/garbled', false],
    ['7', 'model/garbled', false],
  ])('%j after 200 is %s', async (event, code, retryable) => {
    const begun = { type: 'response.output_text.delta', output_index: 0, delta: 'Hi' }
    const thrown = await collect(events(begun, event, completed(message('Hi')))).catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(KitError)
    expect(thrown).toMatchObject({ code, retryable })
    expect((thrown as Error).message).not.toMatch(/boom|billing|try again/)
  })

  test('the wait that an error names is kept, a longer one than a day is not', async () => {
    const wait = async (message: string): Promise<number | undefined> =>
      ((await collect(events(failed({ code: 'rate_limit_exceeded', message }))).catch((error: unknown) => error)) as KitError).retryAfter
    expect(await wait('Please try again in 1m30.5s.')).toBe(90_500)
    expect(await wait('Please try again in 20ms.')).toBe(20)
    expect(await wait('Please try again in 99h.')).toBeUndefined()
    expect(await wait('Please try again later.')).toBeUndefined()
  })

  test.each([
    [401, { error: { code: 'invalid_api_key', message: 'secret' } }, 'model/auth', false],
    [400, { error: { code: 'model_not_found', message: 'secret' } }, 'model/unknown', false],
    [429, { error: { code: 'rate_limit_exceeded', message: 'secret try again in 2s' } }, 'model/rate', true],
    [429, { error: { code: 'insufficient_quota', message: 'secret' } }, 'model/quota', false],
    [400, { error: { code: 'context_length_exceeded' } }, 'model/context', false],
    [500, { error: { code: 'server_error' } }, 'model/http', true],
    [503, { error: { code: 'server_error' } }, 'model/overloaded', true],
    [400, { code: 'Client specified an invalid argument', error: 'Incorrect API key provided.' }, 'model/auth', false],
    [502, undefined, 'model/http', true],
  ])('status %d with %j', async (status, body, code, retryable) => {
    const response = new Response(body === undefined ? '<html>' : JSON.stringify(body), { status, headers: { 'retry-after': '7' } })
    const thrown = (await collect(read(response)).catch((error: unknown) => error)) as KitError
    expect(thrown).toMatchObject({ code, retryable, status, message: `openai answered ${status}` })
    expect(thrown.retryAfter).toBe(JSON.stringify(body ?? '').includes('in 2s') ? 2000 : 7000)
  })

  test('a body that is no answer is refused', async () => {
    await expect(collect(read(Response.json({ hello: 'world' })))).rejects.toMatchObject({ code: 'model/garbled' })
    await expect(collect(read(Response.json([1])))).rejects.toMatchObject({ code: 'model/garbled' })
    await expect(collect(read(new Response('{', { headers: { 'content-type': 'application/json' } })))).rejects.toMatchObject({
      code: 'model/garbled',
    })
    await expect(collect(read(Response.json({ error: { code: 'server_error', message: 'x' } })))).rejects.toMatchObject({
      code: 'model/http',
    })
    await expect(collect(read(Response.json({ ...answer(), status: 'failed', error: { code: 'invalid_prompt' } })))).rejects.toMatchObject({
      code: 'model/filtered',
    })
  })

  test('an answer in the background must be streamed: one body of it is refused, its stream is read', async () => {
    await expect(collect(read(Response.json({ id: 'r', status: 'queued', output: [] })))).rejects.toMatchObject({
      code: 'model/unsupported',
    })
    const queued = { type: 'response.queued', response: { id: 'r', status: 'queued' } }
    expect(textOf(await collect(events(queued, completed(message('Hi')))))).toBe('Hi')
  })

  test('an answer without end is cut: by items, by text', async () => {
    const items = Array.from({ length: 2001 }, (_, output_index) => ({
      type: 'response.output_item.added',
      output_index,
      item: { type: 'x' },
    }))
    await expect(collect(events(...items))).rejects.toMatchObject({ code: 'model/garbled' })
    expect(await partsOf(events(...items.slice(0, 100), completed()))).toHaveLength(100)
    const long = 'x'.repeat(9_000_000)
    const deltas = Array.from({ length: 2 }, () => ({ type: 'response.output_text.delta', output_index: 1, delta: long }))
    await expect(collect(events(...deltas))).rejects.toMatchObject({ code: 'model/garbled' })
  }, 30_000)

  test('an abort reaches the provider and ends the answer', async () => {
    const abort = new AbortController()
    const fetch: typeof globalThis.fetch = async (_url, init) => {
      const begun = new TextEncoder().encode(sse({ type: 'response.output_text.delta', output_index: 0, delta: 'Hi' }))
      return new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(begun)
            init!.signal!.addEventListener('abort', () => controller.error(init!.signal!.reason))
          },
        }),
        { headers: { 'content-type': 'text/event-stream' } },
      )
    }
    const reading = (async () => {
      for await (const chunk of openai('m', { fetch })({ ...hi, signal: abort.signal }))
        if (chunk.type === 'text') abort.abort(new Error('enough'))
    })()
    await expect(reading).rejects.toThrow('enough')
  })
})

describe('hosted tools', () => {
  const hosted = (name: string, definition: Fields): NonNullable<ModelCall['tools']>[number] => ({
    name,
    hosted: { wire: 'openai-responses', definition },
  })

  test('what the provider did is kept in its place and goes back as it came', async () => {
    const output: Fields[] = [
      { type: 'mcp_list_tools', id: 'mcpl_1', server_label: 's', tools: [] },
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'e' },
      { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } },
      { type: 'file_search_call', id: 'fs_1', status: 'completed', queries: ['q'], results: null },
      {
        type: 'code_interpreter_call',
        id: 'ci_1',
        status: 'completed',
        code: '1+1',
        container_id: 'c',
        outputs: [{ type: 'logs', logs: '2' }],
      },
      { type: 'mcp_call', id: 'mcp_1', server_label: 's', name: 'roll', arguments: '{"n":2}', output: '7', error: null },
      {
        type: 'mcp_call',
        id: 'mcp_2',
        server_label: 's',
        name: 'roll',
        arguments: '{}',
        output: null,
        error: { type: 'x', message: 'no dice' },
      },
      { type: 'tool_search_call', id: 'ts_1', call_id: null, execution: 'server', arguments: {}, status: 'completed' },
      { type: 'tool_search_output', id: 'tso_1', call_id: null, execution: 'server', tools: [], status: 'completed' },
      {
        type: 'shell_call',
        id: 'sh_1',
        call_id: 'c1',
        action: { commands: ['ls'] },
        environment: { type: 'container_reference', container_id: 'c' },
        status: 'completed',
      },
      { type: 'shell_call_output', id: 'sho_1', call_id: 'c1', output: [], status: 'completed' },
      { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'AAAA', output_format: 'webp', revised_prompt: 'a cat' },
      { type: 'compaction', id: 'cmp_1', encrypted_content: 'e' },
      { type: 'brand_new', id: 'x', anything: [1] },
    ]
    const all = [...output, message('Done')]
    const { parts, finish } = await collect(read(Response.json(answer(...all))))
    expect(finish).toBe('stop')
    expect(
      parts.map((part) =>
        part.type === 'opaque' ? part.kind : part.type === 'call' || part.type === 'result' ? `${part.type} ${part.name}` : part.type,
      ),
    ).toEqual([
      'mcp_list_tools',
      'reasoning',
      'call web_search',
      'call file_search',
      'call code_interpreter',
      'result code_interpreter',
      'call roll',
      'result roll',
      'call roll',
      'result roll',
      'call tool_search',
      'tool_search_output',
      'call shell',
      'shell_call_output',
      'call image_generation',
      'media',
      'compaction',
      'brand_new',
      'text',
    ])
    for (const part of parts) if (part.type === 'call' || part.type === 'result') expect(part.by).toBe('provider')
    expect(parts).toContainEqual(expect.objectContaining({ type: 'media', mime: 'image/webp', data: 'AAAA' }))
    expect(parts).toContainEqual(expect.objectContaining({ type: 'result', error: { code: 'tool/failed', message: 'no dice' } }))
    const items = await replayed(all)
    expect(items.slice(0, -1)).toEqual(output)
    expect(items.at(-1)).toMatchObject({ type: 'message', id: 'msg_1' })
  })

  test('another server gets words, and nothing that only its own maker can read', async () => {
    const output: Fields[] = [
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 'e' },
      { type: 'web_search_call', id: 'ws_1', status: 'completed', action: {} },
      message('Look', { phase: 'commentary' }),
      call(),
    ]
    const parts = await partsOf(read(Response.json(answer(...output))))
    const messages: Message[] = [
      user('hi'),
      { role: 'assistant', parts },
      { role: 'tool', parts: [{ type: 'result', id: 'call_1', name: 'add', output: 2 }] },
    ]
    const { input } = await sent({ messages }, responsesServers.xai, 'grok-4.3')
    expect(input.slice(1)).toEqual([
      { role: 'assistant', content: 'Look' },
      { type: 'function_call', call_id: 'call_1', name: 'add', arguments: '{"a":1}' },
      { type: 'function_call_output', call_id: 'call_1', output: '2' },
    ])
    const own = await sent({ messages })
    expect(own.input.slice(1, 5)).toMatchObject([{ id: 'rs_1' }, { id: 'ws_1' }, { id: 'msg_1', phase: 'commentary' }, { id: 'fc_1' }])
  })

  test('a transcript of another wire goes through without its replay data', async () => {
    const foreign = { wire: 'anthropic', data: { signature: 's' } }
    const id = `toolu_${'x'.repeat(80)}`
    const { input } = await sent({
      messages: [
        user('hi'),
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', text: 'hm', replay: foreign },
            { type: 'opaque', kind: 'server_tool_use', replay: foreign },
            { type: 'text', text: 'One ', replay: foreign },
            { type: 'text', text: 'two' },
            { type: 'media', mime: 'image/png', data: 'AAAA', replay: foreign },
            { type: 'call', id: 'srv', name: 'web', input: {}, by: 'provider', replay: foreign },
            { type: 'call', id, name: 'add', input: { a: 1 }, replay: foreign },
          ],
        },
        { role: 'tool', parts: [{ type: 'result', id, name: 'add', error: { code: 'tool/failed', message: 'no' } }] },
      ],
    })
    const call_id = input[3]!.call_id as string
    expect(call_id.length).toBeLessThanOrEqual(64)
    expect(input.slice(1)).toEqual([
      { role: 'assistant', content: 'One two' },
      { role: 'assistant', content: '[image/png]' },
      { type: 'function_call', call_id, name: 'add', arguments: '{"a":1}' },
      { type: 'function_call_output', call_id, output: 'Error: no' },
    ])
  })

  test('a tool that the caller runs is a call of it, and its result has the form of the call', async () => {
    const given: [Fields, Fields, unknown, Fields][] = [
      [
        { type: 'custom', name: 'sql' },
        { type: 'custom_tool_call', id: 'ctc_1', call_id: 'c', name: 'sql', input: 'select 1' },
        '1',
        { type: 'custom_tool_call_output', call_id: 'c', output: '1' },
      ],
      [
        { type: 'shell' },
        { type: 'shell_call', id: 'sh_1', call_id: 'c', action: { commands: ['ls'] }, status: 'completed' },
        'a.txt',
        { type: 'shell_call_output', call_id: 'c', output: [{ stdout: 'a.txt', stderr: '', outcome: { type: 'exit', exit_code: 0 } }] },
      ],
      [
        { type: 'local_shell' },
        { type: 'local_shell_call', id: 'ls_1', call_id: 'c', action: { type: 'exec', command: ['ls'] }, status: 'completed' },
        'a.txt',
        { type: 'local_shell_call_output', id: 'c', call_id: 'c', output: 'a.txt' },
      ],
      [
        { type: 'apply_patch' },
        { type: 'apply_patch_call', id: 'ap_1', call_id: 'c', operation: { type: 'delete_file', path: 'a' }, status: 'completed' },
        'done',
        { type: 'apply_patch_call_output', call_id: 'c', status: 'completed', output: 'done' },
      ],
      [
        { type: 'tool_search', execution: 'client' },
        { type: 'tool_search_call', id: 'ts_1', call_id: 'c', execution: 'client', arguments: { q: 1 }, status: 'completed' },
        { tools: [] },
        { type: 'tool_search_output', call_id: 'c', execution: 'client', status: 'completed', tools: [] },
      ],
      [
        { type: 'mcp', server_label: 's' },
        { type: 'mcp_approval_request', id: 'mcpr_1', server_label: 's', name: 'roll', arguments: '{}' },
        { approve: true },
        { type: 'mcp_approval_response', approval_request_id: 'mcpr_1', approve: true },
      ],
      [
        { type: 'computer' },
        {
          type: 'computer_call',
          id: 'cu_1',
          call_id: 'c',
          actions: [{ type: 'screenshot' }],
          pending_safety_checks: [{ id: 'sc' }],
          status: 'completed',
        },
        { parts: [{ type: 'media', mime: 'image/png', data: 'AAAA' }] },
        {
          type: 'computer_call_output',
          call_id: 'c',
          output: { type: 'computer_screenshot', image_url: 'data:image/png;base64,AAAA' },
          acknowledged_safety_checks: [{ id: 'sc' }],
        },
      ],
    ]
    for (const [definition, item, output, expected] of given) {
      const bodies: Fields[] = []
      const fetch: typeof globalThis.fetch = async (_url, init) => {
        bodies.push(JSON.parse(init!.body as string) as Fields)
        return Response.json(answer(...(bodies.length === 1 ? [item] : [message('Done')])))
      }
      const asked: unknown[] = []
      const mine = tool({
        name: definition.type === 'custom' ? 'sql' : 'mine',
        hosted: { wire: 'openai-responses', definition },
        run(input) {
          asked.push(input)
          return output
        },
      })
      await run(agent({ name: 'a', model: openai('gpt-5-mini', { fetch }), tools: [mine] }), 'hi')
      expect(asked, String(item.type)).toHaveLength(1)
      expect((bodies[1]!.input as Fields[]).slice(1), String(item.type)).toEqual([item, expected])
    }
  })

  test('an MCP call that nobody may approve is declined, not made', async () => {
    const request = { type: 'mcp_approval_request', id: 'mcpr_1', server_label: 's', name: 'roll', arguments: '{}' }
    let answered: unknown
    const fetch: typeof globalThis.fetch = async (_url, init) => {
      const { input } = JSON.parse(init!.body as string) as { input: Fields[] }
      answered = input.find(({ type }) => type === 'mcp_approval_response')
      return Response.json(answer(answered ? message('ok') : request))
    }
    await run(agent({ name: 'a', model: openai('gpt-5-mini', { fetch }) }), 'hi')
    expect(answered).toMatchObject({ approval_request_id: 'mcpr_1', approve: false })
  })

  test('a computer whose tool failed is told of in words', async () => {
    const computer = {
      type: 'computer_call',
      id: 'cu_1',
      call_id: 'c',
      action: { type: 'screenshot' },
      pending_safety_checks: [],
      status: 'completed',
    }
    const parts = await partsOf(read(Response.json(answer({ type: 'reasoning', id: 'rs', summary: [], encrypted_content: 'e' }, computer))))
    const failed: Message = {
      role: 'tool',
      parts: [{ type: 'result', id: 'c', name: 'computer', error: { code: 'tool/failed', message: 'no screen' } }],
    }
    expect((await sent({ messages: [user('hi'), { role: 'assistant', parts }, failed] })).input.slice(1)).toEqual([
      { role: 'user', content: 'computer: Error: no screen' },
    ])
  })

  test('a custom tool that was not in the call is the server’s own work', async () => {
    const item = { type: 'custom_tool_call', id: 'ctc_1', call_id: 'xs_1', name: 'x_keyword_search', input: '{"q":1}', status: 'completed' }
    const tools = [hosted('x_search', { type: 'x_search' })]
    const { parts, finish } = await collect(read(Response.json(answer(item, message('ok'))), responsesServers.xai, { tools }))
    expect(parts[0]).toMatchObject({ type: 'call', by: 'provider', name: 'x_keyword_search', input: { q: 1 } })
    expect(finish).toBe('stop')
    const ours = [hosted('x_keyword_search', { type: 'custom', name: 'x_keyword_search' })]
    expect(await collect(read(Response.json(answer(item)), responsesServers.xai, { tools: ours }))).toMatchObject({
      parts: [{ type: 'call', id: 'xs_1', input: '{"q":1}' }],
      finish: 'tools',
    })
  })

  test('a tool of another wire is not told of, and that is said', async () => {
    const other = { name: 'search', hosted: { wire: 'anthropic', definition: { type: 'web_search_20260318' } } }
    expect(await sent({ tools: [other, hosted('web', { type: 'web_search' })], toolChoice: { tool: 'web' } })).toMatchObject({
      tools: [{ type: 'web_search' }],
      tool_choice: { type: 'web_search_preview' },
    })
    const chunks = await chunksOf(read(Response.json(answer()), {}, { tools: [other], seed: 1 }))
    expect(chunks[0]).toMatchObject({ type: 'notice', data: { dropped: ['seed', 'tool search'] } })
  })
})

describe('reasoning', () => {
  const thought = (more: Fields): Fields => ({ type: 'reasoning', id: 'rs_1', summary: [], ...more })

  test('without a store it goes back encrypted or in full, else not at all, and then the rest goes without ids', async () => {
    const kept = thought({ encrypted_content: 'e' })
    expect(await replayed([kept, call()])).toEqual([
      kept,
      { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'add', arguments: '{"a":1}' },
    ])
    const open = thought({ content: [{ type: 'reasoning_text', text: 'hm' }] })
    expect((await replayed([open, message('Hi')]))[0]).toEqual(open)
    expect(await replayed([thought({}), message('Hi', { phase: 'final_answer' }), call()])).toEqual([
      { role: 'assistant', content: 'Hi', phase: 'final_answer' },
      { type: 'function_call', call_id: 'call_1', name: 'add', arguments: '{"a":1}' },
    ])
  })

  test('with a store its id is enough, and nothing encrypted is asked for', async () => {
    expect((await replayed([thought({}), call()], { store: true }))[0]).toEqual(thought({}))
    expect(await sent({}, { store: true })).not.toHaveProperty('include')
    expect(await sent({})).toMatchObject({ store: false, include: ['reasoning.encrypted_content'] })
    expect(await sent({ providerOptions: { 'openai-responses': { store: true, include: ['a'] } } })).toMatchObject({
      store: true,
      include: ['a'],
    })
  })

  test('a model that does not think is neither asked for it nor given it', async () => {
    const body = await sent({ reasoning: { effort: 'low' } }, {}, 'gpt-4o-mini')
    expect(body).not.toHaveProperty('include')
    expect(body).not.toHaveProperty('reasoning')
    const parts = await partsOf(read(Response.json(answer(thought({ encrypted_content: 'e' }), message('Hi')))))
    expect((await sent({ messages: [user('hi'), { role: 'assistant', parts }] }, {}, 'gpt-4o')).input.slice(1)).toEqual([
      { role: 'assistant', content: 'Hi' },
    ])
  })

  test('reasoning that nothing follows is left out', async () => {
    expect(await replayed([thought({ encrypted_content: 'e' })])).toEqual([])
    expect(await replayed([message('Hi'), thought({ encrypted_content: 'e' })])).toHaveLength(1)
  })

  test('encrypted reasoning that was cut off is not kept', async () => {
    const added = { type: 'response.output_item.added', output_index: 0, item: thought({ encrypted_content: 'half' }) }
    const parts = await partsOf(
      events(added, { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 0, delta: 'hm' }, completed()),
    )
    expect(parts).toMatchObject([{ type: 'reasoning', text: 'hm' }])
    expect(JSON.stringify(parts)).not.toContain('half')
  })

  test('efforts are those that the model knows', async () => {
    const effort = async (asked: 'none' | 'minimal' | 'max', id: string): Promise<unknown> =>
      (await sent({ reasoning: { effort: asked } }, {}, id)).reasoning
    expect(await effort('none', 'gpt-5-mini')).toEqual({ effort: 'minimal' })
    expect(await effort('minimal', 'o3')).toEqual({ effort: 'low' })
    expect(await effort('max', 'gpt-5.1')).toEqual({ effort: 'high' })
    expect(await effort('max', 'gpt-5.6-sol')).toEqual({ effort: 'max' })
    expect((await sent({ reasoning: { summary: true } })).reasoning).toEqual({ summary: 'auto' })
  })

  test('temperature goes where it is taken', async () => {
    expect(await sent({ temperature: 1, topP: 1 }, {}, 'gpt-4o')).toMatchObject({ temperature: 1, top_p: 1 })
    expect(await sent({ temperature: 1 }, {}, 'gpt-5-mini')).not.toHaveProperty('temperature')
    expect(await sent({ temperature: 1 }, {}, 'gpt-5.2')).toHaveProperty('temperature')
    expect(await sent({ temperature: 1, reasoning: { effort: 'high' } }, {}, 'gpt-5.2')).not.toHaveProperty('temperature')
    expect(await sent({ temperature: 1, reasoning: { effort: 'high' } }, responsesServers.xai, 'grok-4.3')).toHaveProperty('temperature')
  })
})

describe('a call that goes', () => {
  test('all of it', async () => {
    const schema = { type: 'object', properties: { a: { type: 'number' } }, required: ['a'], additionalProperties: false }
    expect(
      await sent(
        {
          system: 'Be kind.',
          toolChoice: { tools: ['add'], required: true },
          parallelTools: false,
          maxTokens: 9,
          output: { name: 'my agent', schema },
          tools: [
            { name: 'add' },
            {
              name: 'sub',
              description: 'd',
              input: schema,
              strict: true,
              providerOptions: { 'openai-responses': { defer_loading: true } },
            },
          ],
          providerOptions: { 'openai-responses': { text: { verbosity: 'low' }, metadata: { a: 'b' }, unknown: 1 }, other: { x: 1 } },
          messages: [
            { role: 'system', parts: [{ type: 'text', text: 'Now.' }] },
            {
              role: 'user',
              parts: [
                { type: 'text', text: 'Look', providerOptions: { 'openai-responses': { prompt_cache_breakpoint: { mode: 'explicit' } } } },
                { type: 'media', mime: 'image/png', data: 'AAAA' },
                {
                  type: 'media',
                  mime: 'image/*',
                  url: 'https://a.example/b.png',
                  providerOptions: { 'openai-responses': { detail: 'high' } },
                },
                { type: 'media', mime: 'image/png', ref: 'file_1', store: 'openai' },
                { type: 'media', mime: 'application/pdf', data: 'BBBB' },
                { type: 'media', mime: 'text/plain', data: 'CCCC' },
                { type: 'media', mime: 'application/pdf', url: 'https://a.example/b.pdf' },
                { type: 'media', mime: 'application/pdf', ref: 'file_2', store: 'openai' },
              ],
            },
          ],
        },
        { organization: 'o' },
      ),
    ).toEqual({
      model: 'gpt-5-mini',
      instructions: 'Be kind.',
      stream: true,
      store: false,
      include: ['reasoning.encrypted_content'],
      tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'add' }] },
      parallel_tool_calls: false,
      max_output_tokens: 16,
      text: { format: { type: 'json_schema', name: 'my_agent', schema, strict: true }, verbosity: 'low' },
      metadata: { a: 'b' },
      // servers have fields of their own
      unknown: 1,
      tools: [
        { type: 'function', name: 'add', parameters: { type: 'object', properties: {} }, strict: false },
        { type: 'function', name: 'sub', description: 'd', parameters: schema, strict: true, defer_loading: true },
      ],
      input: [
        { role: 'system', content: 'Now.' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'Look', prompt_cache_breakpoint: { mode: 'explicit' } },
            { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'auto' },
            { type: 'input_image', image_url: 'https://a.example/b.png', detail: 'high' },
            { type: 'input_image', file_id: 'file_1', detail: 'auto' },
            { type: 'input_file', filename: 'file.pdf', file_data: 'data:application/pdf;base64,BBBB' },
            { type: 'input_file', filename: 'file.txt', file_data: 'data:text/plain;base64,CCCC' },
            { type: 'input_file', file_url: 'https://a.example/b.pdf' },
            { type: 'input_file', file_id: 'file_2' },
          ],
        },
      ],
    })
  })

  test('a schema with optional fields is not called strict, one without them is', async () => {
    const strict = async (schema: Fields): Promise<unknown> =>
      ((await sent({ output: { schema } })).text as { format: Fields }).format.strict
    const closed = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false }
    expect(await strict(closed)).toBe(true)
    expect(await strict({ ...closed, required: [] })).toBe(false)
    expect(await strict({ ...closed, additionalProperties: undefined })).toBe(false)
    expect(await strict({ ...closed, properties: { a: { type: 'array', items: { ...closed, required: [] } } } })).toBe(false)
    expect((await sent({ output: {} })).text).toEqual({ format: { type: 'json_object' } })
  })

  test('the text of a call goes back as it was written, unless its input was changed', async () => {
    const spaced = call({ arguments: '{"a": 1}' })
    expect((await replayed([spaced]))[0]!.arguments).toBe('{"a": 1}')
    const parts = await partsOf(read(Response.json(answer(spaced))))
    const changed = parts.map((part) => ({ ...part, input: { a: 2 } }) as Part)
    expect((await sent({ messages: [user('hi'), { role: 'assistant', parts: changed }] })).input[1]!.arguments).toBe('{"a":2}')
  })

  test('media that no model takes is refused when it is new, and named when it is history', async () => {
    const song: Message = { role: 'user', parts: [{ type: 'media', mime: 'audio/wav', data: 'AAAA' }] }
    await expect(sent({ messages: [song] })).rejects.toMatchObject({ code: 'model/unsupported' })
    await expect(sent({ messages: [{ role: 'user', parts: [{ type: 'media', mime: 'image/png', ref: 'abc' }] }] })).rejects.toMatchObject({
      code: 'model/unsupported',
    })
    const { input } = await sent({ messages: [song, { role: 'assistant', parts: [{ type: 'text', text: 'Nice' }] }, user('hi')] })
    expect(input[0]).toEqual({ role: 'user', content: [{ type: 'input_text', text: '[audio/wav]' }] })
  })

  test('pictures of a tool are part of its result, or follow it where a server takes only text', async () => {
    const messages: Message[] = [
      user('hi'),
      { role: 'assistant', parts: [{ type: 'call', id: 'c', name: 'look', input: {} }] },
      {
        role: 'tool',
        parts: [
          {
            type: 'result',
            id: 'c',
            name: 'look',
            parts: [
              { type: 'text', text: 'Here' },
              { type: 'media', mime: 'image/png', data: 'AAAA' },
            ],
          },
        ],
      },
    ]
    const image = { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'auto' }
    expect((await sent({ messages })).input.slice(2)).toEqual([
      { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: 'Here' }, image] },
    ])
    expect((await sent({ messages }, responsesServers.xai)).input.slice(2)).toEqual([
      { type: 'function_call_output', call_id: 'c', output: 'Here' },
      { role: 'user', content: [{ type: 'input_text', text: 'From the tool call c:' }, image] },
    ])
  })

  test('a server without a choice among tools is told of those tools only', async () => {
    const tools = [{ name: 'a' }, { name: 'b' }]
    const body = await sent({ tools, toolChoice: { tools: ['b'], required: true } }, responsesServers.deepseek, 'deepseek-v4-flash')
    expect(body).toMatchObject({ tools: [{ name: 'b' }], tool_choice: 'required' })
    expect(body.tools).toHaveLength(1)
  })

  test('a conversation that the server holds is told only what is new', async () => {
    const messages: Message[] = [
      user('hi'),
      { role: 'assistant', parts: [{ type: 'call', id: 'c', name: 'add', input: {} }] },
      { role: 'tool', parts: [{ type: 'result', id: 'c', name: 'add', output: 'ok' }] },
    ]
    const { input, conversation } = await sent({ messages, providerOptions: { 'openai-responses': { conversation: 'conv_1' } } })
    expect(conversation).toBe('conv_1')
    expect(input).toEqual([{ type: 'function_call_output', call_id: 'c', output: 'ok' }])
  })

  test('the system text stands where the server looks for it', async () => {
    expect((await sent({ system: 'S' }, { quirks: { system: 'developer' } })).input[0]).toEqual({ role: 'developer', content: 'S' })
    expect((await sent({ system: [{ type: 'text', text: 'S' }] })).input[0]).toEqual({
      role: 'system',
      content: [{ type: 'input_text', text: 'S' }],
    })
    expect(await sent({ system: '' })).not.toHaveProperty('instructions')
  })

  test('an official client has all that is needed', async () => {
    let asked: [string, Headers] | undefined
    const client = new OpenAI({
      apiKey: 'sk-1',
      baseURL: 'https://gateway.example/v1/',
      organization: 'org_1',
      fetch: async (url, init) => {
        asked = [url as string, new Headers(init?.headers)]
        return Response.json(answer(message('Hi')))
      },
    })
    expect(textOf(await collect(openai('gpt-5', client)(hi)))).toBe('Hi')
    expect(asked![0]).toBe('https://gateway.example/v1/responses')
    expect(asked![1].get('authorization')).toBe('Bearer sk-1')
    expect(asked![1].get('openai-organization')).toBe('org_1')
  })
})

describe('whatever comes', () => {
  const settled = async (chunks: AsyncIterable<Chunk>): Promise<void> => {
    const thrown = await collect(chunks).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (thrown !== undefined) expect(thrown).toBeInstanceOf(KitError)
  }

  test('bytes, JSON and events of any shape end in an answer or a KitError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), (bytes) =>
        settled(read(stream('').clone(), { fetch: async () => new Response(bytes, { headers: { 'content-type': 'text/event-stream' } }) })),
      ),
      { numRuns: 100 },
    )
    await fc.assert(
      fc.asyncProperty(fc.json(), (json) => settled(read(new Response(json, { headers: { 'content-type': 'application/json' } })))),
      { numRuns: 100 },
    )
    const types = fc.constantFrom(
      'output_text.delta',
      'refusal.delta',
      'reasoning_text.delta',
      'reasoning_summary_text.delta',
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_text.done',
      'content_part.done',
      'output_text.annotation.added',
      'output_item.added',
      'output_item.done',
      'completed',
      'incomplete',
      'failed',
      'created',
    )
    const kinds = fc.constantFrom(
      'message',
      'reasoning',
      'function_call',
      'custom_tool_call',
      'computer_call',
      'shell_call',
      'mcp_call',
      'image_generation_call',
      'mcp_approval_request',
      'x',
    )
    const item = fc.record(
      {
        type: fc.oneof(kinds, fc.jsonValue()),
        id: fc.oneof(fc.constantFrom('a', 'b'), fc.jsonValue()),
        call_id: fc.jsonValue(),
        content: fc.jsonValue(),
        summary: fc.jsonValue(),
        arguments: fc.jsonValue(),
        input: fc.jsonValue(),
        status: fc.jsonValue(),
        environment: fc.jsonValue(),
        result: fc.jsonValue(),
        output: fc.jsonValue(),
        error: fc.jsonValue(),
      },
      { requiredKeys: ['type'] },
    )
    const event = fc.record(
      {
        type: types.map((type) => `response.${type}`),
        output_index: fc.oneof(fc.nat(3), fc.jsonValue()),
        content_index: fc.jsonValue(),
        item_id: fc.constantFrom('a', 'b', null),
        delta: fc.oneof(fc.string(), fc.jsonValue()),
        text: fc.jsonValue(),
        arguments: fc.jsonValue(),
        annotation: fc.jsonValue(),
        part: fc.jsonValue(),
        item: fc.oneof(item, fc.jsonValue()),
        response: fc.oneof(
          fc.record(
            { output: fc.array(item), status: fc.jsonValue(), usage: fc.jsonValue(), incomplete_details: fc.jsonValue() },
            { requiredKeys: [] },
          ),
          fc.jsonValue(),
        ),
      },
      { requiredKeys: ['type'] },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 30 }), (list) => settled(events(...list))),
      { numRuns: 300 },
    )
  }, 60_000)

  test('however the items of a stream interleave, it says what the one body says', async () => {
    const word = fc.string({ maxLength: 6 })
    const piece = fc.array(word, { minLength: 1, maxLength: 3 })
    const model = fc.array(
      fc.tuple(fc.constantFrom('message', 'reasoning', 'function_call'), fc.array(piece, { minLength: 1, maxLength: 2 })),
      { minLength: 1, maxLength: 5 },
    )
    await fc.assert(
      fc.asyncProperty(model, fc.array(fc.nat(), { minLength: 80, maxLength: 80 }), async (items, picks) => {
        const output = items.map(([type, pieces], at): Fields => {
          const texts = pieces.map((words) => words.join(''))
          if (type === 'message')
            return message('', { id: `msg_${at}`, content: texts.map((text) => ({ type: 'output_text', text, annotations: [] })) })
          if (type === 'reasoning') return { type, id: `rs_${at}`, summary: texts.map((text) => ({ type: 'summary_text', text })) }
          return call({ id: `fc_${at}`, call_id: `call_${at}`, arguments: JSON.stringify(pieces) })
        })
        const queues = items.map(([type, pieces], output_index): unknown[] => {
          const item = output[output_index]!
          const begun = { ...item, ...(type === 'message' ? { content: [] } : type === 'reasoning' ? { summary: [] } : { arguments: '' }) }
          const deltas =
            type === 'function_call'
              ? [{ type: 'response.function_call_arguments.delta', output_index, delta: item.arguments }]
              : pieces.flatMap((words, at) =>
                  words.map((delta) =>
                    type === 'message'
                      ? { type: 'response.output_text.delta', output_index, content_index: at, delta }
                      : { type: 'response.reasoning_summary_text.delta', output_index, summary_index: at, delta },
                  ),
                )
          return [
            { type: 'response.output_item.added', output_index, item: begun },
            ...deltas,
            { type: 'response.output_item.done', output_index, item },
          ]
        })
        const mixed: unknown[] = []
        for (let at = 0; queues.some(({ length }) => length); at++) {
          const open = queues.filter(({ length }) => length)
          mixed.push(open[(picks[at % picks.length] ?? 0) % open.length]!.shift())
        }
        // the first item is begun first, as every server does
        mixed.sort(
          (a, b) =>
            Number((b as Fields).type === 'response.output_item.added') - Number((a as Fields).type === 'response.output_item.added'),
        )
        const streamed = await collect(events(...mixed, completed(...output)))
        const whole = await collect(read(Response.json(answer(...output))))
        expect(streamed.parts).toEqual(whole.parts)
        let told = ''
        for await (const chunk of events(...mixed, completed(...output))) if (chunk.type === 'text') told += chunk.delta
        expect(told).toBe(textOf(whole))
      }),
      { numRuns: 300 },
    )
  }, 60_000)
})
