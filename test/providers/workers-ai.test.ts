// What Workers AI does that others do not, by the binding and by REST, and what must not go wrong because of it.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { agent, collect, KitError, type ModelCall, type Part, run, tool, user } from '../../src/index.ts'
import { type AiBinding, workersAi, type WorkersAiOptions } from '../../src/providers/workers-ai.ts'

type Fields = Record<string, unknown>

const older = '@cf/meta/llama-3.3-70b-instruct-fp8-fast'
const newer = '@cf/zai-org/glm-5.3-flash'
const sse = (...events: unknown[]): Response =>
  new Response(events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  })
const rest = (result: unknown, more: Fields = {}): Response => Response.json({ result, success: true, errors: [], messages: [], ...more })
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

/** The same answer by both ways: a fake binding, and a fake address. */
const ways: readonly [name: string, make: (answer: () => unknown, id?: string) => ReturnType<typeof workersAi>][] = [
  ['binding', (answer, id = older) => workersAi(id, { binding: { run: async () => answer() } })],
  ['REST', (answer, id = older) => workersAi(id, { account: 'a', apiKey: 'k', fetch: async () => answer() as Response })],
]
const hi: ModelCall = { messages: [user('hi')] }

describe.each(ways)('what is read, by %s', (_way, make) => {
  const read = (answer: () => unknown, call: Partial<ModelCall> = {}): ReturnType<typeof collect> =>
    collect(make(answer)({ ...hi, ...call }))

  test('a stream of `response`, padded, ends at [DONE]; its usage is told', async () => {
    const answer = (): Response =>
      sse(
        { response: 'Hel', p: 'abcdef' },
        { response: 'lo', tool_calls: [], p: 'a' },
        { response: '', usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } },
        '[DONE]',
      )
    expect(await read(answer)).toEqual({ parts: [{ type: 'text', text: 'Hello' }], usage: { input: 3, output: 2 }, finish: 'stop' })
  })

  test('a stream that ends without its end is truncated', async () => {
    expect(await failure(read(() => sse({ response: 'half' })))).toMatchObject({ code: 'model/truncated', retryable: true })
  })

  test('tokens that are numbers are text, an answer held to a schema is its JSON', async () => {
    expect((await read(() => sse({ response: 4 }, { response: 0 }, { response: '2' }, '[DONE]'))).parts).toEqual([
      { type: 'text', text: '402' },
    ])
    const whole = await read(() => rest({ response: { name: 'Ada', age: 0 } }), { stream: false })
    expect(whole.parts).toEqual([{ type: 'text', text: '{"name":"Ada","age":0}' }])
  })

  test('a whole answer comes in `result` or bare, asked for or not', async () => {
    const body = { response: 'Hello', tool_calls: null, usage: { prompt_tokens: null, completion_tokens: null } }
    for (const answer of [() => rest(body), () => Response.json(body)])
      for (const stream of [false, undefined])
        expect(await read(answer, { stream })).toEqual({
          parts: [{ type: 'text', text: 'Hello' }],
          usage: { input: 0, output: 0 },
          finish: 'stop',
        })
  })

  test('calls without ids get some; falsy arguments stay', async () => {
    const calls = [
      { name: 'add', arguments: { a: '0', b: false, c: 0, d: null } },
      { name: 'now', arguments: {} },
      { name: 'raw', arguments: '{"a":1}' },
    ]
    for (const answer of [() => rest({ response: null, tool_calls: calls }), () => sse({ response: '', tool_calls: calls }, '[DONE]')]) {
      const { parts, finish } = await read(answer, {})
      expect(finish).toBe('tools')
      expect(parts).toMatchObject([
        { name: 'add', input: { a: '0', b: false, c: 0, d: null } },
        { name: 'now', input: {} },
        { name: 'raw', input: { a: 1 } },
      ])
      expect(new Set(parts.map((part) => (part as { id: string }).id)).size).toBe(3)
    }
  })

  test('calls of newer models come in pieces', async () => {
    const piece = (id: string | null, name: string | null, args: string): Fields => ({
      response: '',
      tool_calls: [{ id, type: 'function', index: 0, function: { name, arguments: args } }],
    })
    const { parts } = await read(() => sse(piece('c1', 'add', ''), piece(null, null, '{"a"'), piece(null, null, ':1}'), '[DONE]'))
    expect(parts).toMatchObject([{ id: 'c1', name: 'add', input: { a: 1 } }])
  })

  test('an answer that ends at the limit of the older models is cut off, also where no limit was given', async () => {
    const answer = (n: number) => (): Response =>
      sse({ response: 'a' }, { response: '', usage: { prompt_tokens: 1, completion_tokens: n } }, '[DONE]')
    expect((await read(answer(256))).finish).toBe('length')
    expect((await read(answer(255))).finish).toBe('stop')
    expect((await read(answer(256), { maxTokens: 1000 })).finish).toBe('stop')
    expect((await read(answer(1000), { maxTokens: 1000 })).finish).toBe('length')
  })

  test('Chat Completions are read, streamed and whole, with reasoning and a filter', async () => {
    const chunk = (delta: Fields, finish_reason: string | null = null): Fields => ({
      id: 'x',
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason }],
    })
    const stream = (): Response =>
      sse(
        chunk({ role: 'assistant', content: '', reasoning_content: 'Hm' }),
        chunk({ content: 'Hi', tool_calls: null }),
        chunk({}, 'stop'),
        { choices: [], usage: { prompt_tokens: 2, completion_tokens: 1 } },
        '[DONE]',
      )
    const message = { role: 'assistant', content: 'Hi', reasoning_content: 'Hm', tool_calls: null }
    const whole = (): Response =>
      rest({ id: 'x', choices: [{ index: 0, message, finish_reason: 'stop' }], usage: { prompt_tokens: 2, completion_tokens: 1 } })
    for (const answer of [stream, whole])
      expect(await read(answer)).toEqual({
        parts: [
          { type: 'reasoning', text: 'Hm' },
          { type: 'text', text: 'Hi' },
        ],
        usage: { input: 2, output: 1 },
        finish: 'stop',
      })
    expect((await read(() => sse(chunk({ content: 'x' }, 'content_filter'), '[DONE]'))).finish).toBe('refusal')
    expect(await failure(read(() => rest({ choices: [] })))).toMatchObject({ code: 'model/empty' })
    expect(await failure(read(() => rest({})))).toMatchObject({ code: 'model/empty' })
  })

  test('thinking has either name, also where the other one is there and says nothing', async () => {
    for (const thought of [{ reasoning_content: 'Hm.' }, { reasoning: 'Hm.' }, { reasoning_content: '', reasoning: 'Hm.' }])
      expect((await read(() => sse({ choices: [{ delta: thought }] }, '[DONE]'))).parts).toEqual([{ type: 'reasoning', text: 'Hm.' }])
  })

  test('Responses, which come whole, are read', async () => {
    const response = {
      object: 'response',
      status: 'completed',
      output: [
        { type: 'reasoning', content: [{ type: 'reasoning_text', text: 'Hm' }] },
        { type: 'message', content: [{ type: 'output_text', text: 'Hi' }] },
        { type: 'function_call', call_id: 'c1', name: 'add', arguments: '{"a":1}' },
      ],
      usage: { input_tokens: 4, output_tokens: 2 },
    }
    for (const answer of [() => rest(response), () => Response.json(response)])
      expect(await read(answer)).toMatchObject({
        parts: [
          { type: 'reasoning', text: 'Hm' },
          { type: 'text', text: 'Hi' },
          { type: 'call', id: 'c1', name: 'add', input: { a: 1 } },
        ],
        usage: { input: 4, output: 2 },
        finish: 'tools',
      })
    expect((await read(() => rest({ ...response, output: [], status: 'incomplete' }))).finish).toBe('length')
  })

  test.each<[code: number, status: number, kit: string, retryable: boolean]>([
    [5007, 400, 'model/unknown', false],
    [3042, 404, 'model/unknown', false],
    [3036, 429, 'model/quota', false],
    [4006, 429, 'model/quota', false],
    [3040, 429, 'model/overloaded', true],
    [5016, 403, 'model/auth', false],
    [10_000, 401, 'model/auth', false],
    [3006, 413, 'model/request', false],
    [3007, 408, 'model/http', true],
    [5006, 400, 'model/request', false],
    [10_001, 500, 'model/http', true],
  ])('code %i with status %i is %s', async (code, status, kit, retryable) => {
    for (const body of [
      { errors: [{ code, message: 'secret' }], success: false },
      { internalCode: code, description: 'secret', name: 'X' },
      { success: false, error: [{ code, message: 'secret' }] },
    ]) {
      const error = await failure(read(() => Response.json(body, { status })))
      expect(error).toMatchObject({ code: kit, retryable, status, message: `workers-ai answered ${status}` })
    }
  })

  test('an error may come with status 200, also in a stream after text', async () => {
    const failed = { errors: [{ code: 3040, message: 'secret' }], success: false, result: null }
    for (const answer of [
      () => Response.json(failed),
      () => sse({ response: 'a' }, failed),
      () => sse({ errors: failed.errors }),
      () => sse({ internalCode: 3040, description: 'secret' }),
    ]) {
      const error = await failure(read(answer))
      expect(error).toMatchObject({ code: 'model/overloaded', retryable: true })
      expect((error as Error).message).not.toContain('secret')
    }
  })

  test('what is too long is told from what is wrong', async () => {
    const body = {
      errors: [
        {
          code: 5021,
          message: 'The estimated number of input and maximum output tokens (9000) exceeded this model context window limit (8192).',
        },
      ],
    }
    expect(await failure(read(() => Response.json(body, { status: 413 })))).toMatchObject({ code: 'model/context' })
  })

  test('whatever comes, a reader gets chunks or a KitError, and an end', async () => {
    const field = fc.oneof(fc.string(), fc.constant(null), fc.integer(), fc.array(fc.string()), fc.object({ maxDepth: 2 }))
    const odd = fc.record(
      {
        response: field,
        tool_calls: fc.oneof(field, fc.array(fc.record({ name: field, arguments: field, function: field }, { requiredKeys: [] }))),
        usage: field,
        result: field,
        errors: field,
        error: field,
        success: field,
        choices: field,
        type: fc.oneof(field, fc.constantFrom('message', 'error')),
        output: field,
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(odd, fc.constant('[DONE]'), fc.string()), { maxLength: 6 }),
        fc.boolean(),
        async (events, whole) => {
          const error = await failure(read(() => (whole ? Response.json(events[0] ?? null) : sse(...events))))
          if (error !== undefined) expect(error).toBeInstanceOf(KitError)
        },
      ),
      { numRuns: 150 },
    )
  })
})

/** What a binding is asked. */
async function asked(
  call: Partial<ModelCall>,
  id = older,
  more: Partial<WorkersAiOptions> = {},
): Promise<{ model: string; input: Fields & { messages: Fields[] }; options: Fields }> {
  let seen: unknown[] = []
  const binding: AiBinding = { run: async (...args) => ((seen = args), sse({ response: 'ok' }, '[DONE]')) }
  await collect(workersAi(id, { binding, ...more })({ ...hi, ...call }))
  const [model, input, options] = seen as [string, never, Fields]
  return { model, input, options }
}

describe('the binding', () => {
  test('is asked for a raw response, with the gateway, the signal and headers', async () => {
    const { signal } = new AbortController()
    const { model, input, options } = await asked({ signal }, older, {
      gateway: { id: 'gw', skipCache: true },
      headers: { 'x-session-affinity': 's1', 'x-mine': '1' },
      apiKey: 'unused',
    })
    expect(model).toBe(older)
    expect(input).toEqual({ messages: [{ role: 'user', content: 'hi' }], stream: true })
    expect(options).toEqual({
      returnRawResponse: true,
      gateway: { id: 'gw', skipCache: true },
      signal,
      extraHeaders: { 'x-session-affinity': 's1', 'x-mine': '1' },
    })
    expect((await asked({})).options).toEqual({ returnRawResponse: true, extraHeaders: {} })
  })

  test.each<[what: string, given: () => unknown]>([
    ['a response', () => sse({ response: 'Hi' }, '[DONE]')],
    ['a stream of bytes', () => sse({ response: 'Hi' }, '[DONE]').body],
    ['an object', () => ({ response: 'Hi' })],
  ])('may give %s', async (_what, given) => {
    const { parts } = await collect(workersAi(older, { binding: { run: async () => given() } })(hi))
    expect(parts).toEqual([{ type: 'text', text: 'Hi' }])
  })

  test('what it throws with a code has one here; anything else cannot be reached', async () => {
    const throwing = (error: unknown): Promise<unknown> =>
      failure(collect(workersAi(older, { binding: { run: () => Promise.reject(error) } })(hi)))
    expect(await throwing(new Error('5007: No such model @cf/x or task'))).toMatchObject({ code: 'model/unknown', status: 400 })
    expect(await throwing(new Error('3040: Capacity temporarily exceeded'))).toMatchObject({ code: 'model/overloaded', retryable: true })
    expect(await throwing({ message: '3036: used up' })).toMatchObject({ code: 'model/quota' })
    expect(await throwing('5007: No such model @cf/x or task')).toMatchObject({ code: 'model/unknown', retryable: false })
    for (const error of [new Error('no code'), 'text', null, undefined])
      expect(await throwing(error)).toMatchObject({ code: 'model/http', retryable: true })
  })

  test('an abort ends the wait for one that knows no signal, and the body of one that goes on', async () => {
    const reason = new Error('enough')
    const never: AiBinding = { run: () => new Promise(() => {}) }
    const stop = new AbortController()
    const waiting = failure(collect(workersAi(older, { binding: never })({ ...hi, signal: stop.signal })))
    stop.abort(reason)
    expect(await waiting).toBe(reason)
    expect(await failure(collect(workersAi(older, { binding: never })({ ...hi, signal: AbortSignal.abort(reason) })))).toBe(reason)

    let cancelled: () => void
    const gone = new Promise<void>((resolve) => (cancelled = resolve))
    const endless: AiBinding = {
      run: async () =>
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode('data: {"response":"a"}\n\n')),
          cancel: () => cancelled(),
        }),
    }
    const later = new AbortController()
    const error = await failure(
      (async () => {
        for await (const chunk of workersAi(older, { binding: endless })({ ...hi, signal: later.signal }))
          if (chunk.type === 'text') later.abort(reason)
      })(),
    )
    expect(error).toBe(reason)
    await gone
  })

  test('a loop with tools goes round, ids are ours', async () => {
    const inputs: Fields[] = []
    const binding: AiBinding = {
      async run(_model, input) {
        inputs.push(input)
        if (inputs.length > 1) return sse({ response: '3' }, '[DONE]')
        return {
          response: null,
          tool_calls: [
            { name: 'add', arguments: { a: 1 } },
            { name: 'add', arguments: { a: 2 } },
          ],
        }
      },
    }
    const adder = agent({
      name: 'adder',
      model: workersAi(older, { binding }),
      tools: [tool({ name: 'add', run: (input) => ({ sum: (input as { a: number }).a }) })],
    })
    expect((await run(adder, 'Add.')).text).toBe('3')
    const [, answer, ...results] = inputs[1]!.messages as (Fields & { tool_calls: Fields[] })[]
    expect(answer).toMatchObject({
      role: 'assistant',
      content: '',
      tool_calls: [{ function: { name: 'add', arguments: '{"a":1}' } }, { function: { arguments: '{"a":2}' } }],
    })
    expect(results).toEqual(
      answer!.tool_calls.map(({ id }, at) => ({ role: 'tool', tool_call_id: id, name: 'add', content: `{"sum":${at + 1}}` })),
    )
  })
})

describe('what is sent', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false }
  const tools = [{ name: 'add', input: schema }, { name: 'now' }]
  const names = ({ input }: { input: Fields }): unknown =>
    (input.tools as { function: Fields }[] | undefined)?.map(({ function: f }) => f.name)

  test('by REST: the address, the key, the body without a model', async () => {
    let request: Request | undefined
    const send = async (more: Partial<WorkersAiOptions>): Promise<Request> => {
      const fetch: typeof globalThis.fetch = async (url, init) => (
        (request = new Request(url as string, init)),
        sse({ response: 'ok' }, '[DONE]')
      )
      await collect(workersAi(older, { account: 'acc', apiKey: async () => 'key', fetch, ...more })(hi))
      return request!
    }
    const plain = await send({ headers: { 'x-session-affinity': 's1' } })
    expect([plain.url, plain.headers.get('authorization'), plain.headers.get('x-session-affinity')]).toEqual([
      `https://api.cloudflare.com/client/v4/accounts/acc/ai/run/${older}`,
      'Bearer key',
      's1',
    ])
    expect(await plain.json()).toEqual({ messages: [{ role: 'user', content: 'hi' }], stream: true })
    expect((await send({ baseURL: 'https://proxy.example/ai/' })).url).toBe(`https://proxy.example/ai/run/${older}`)
    expect(() => workersAi(older, { apiKey: 'k' })).toThrow(TypeError)
    expect(() => workersAi(older, { baseURL: 'nowhere' })).toThrow(TypeError)
  })

  test('a schema is bare for older models, and as elsewhere for newer ones', async () => {
    expect((await asked({ output: { schema } })).input.response_format).toEqual({ type: 'json_schema', json_schema: schema })
    expect((await asked({ output: { schema } }, newer)).input.response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'output', schema, strict: true },
    })
    expect((await asked({ output: {} })).input.response_format).toEqual({ type: 'json_object' })
    expect((await asked({ output: { schema } }, newer, { dialect: 'run' })).input.response_format).toEqual({
      type: 'json_schema',
      json_schema: schema,
    })
  })

  test('what may not be called is not sent', async () => {
    for (const id of [older, newer]) {
      expect(names(await asked({ tools }, id))).toEqual(['add', 'now'])
      const none = await asked({ tools, toolChoice: 'none' }, id)
      expect([names(none), none.input.tool_choice]).toEqual([undefined, undefined])
      const one = await asked({ tools, toolChoice: { tool: 'now' } }, id)
      expect([names(one), one.input.tool_choice]).toEqual([['now'], 'required'])
      const some = await asked({ tools, toolChoice: { tools: ['add'] } }, id)
      expect([names(some), some.input.tool_choice]).toEqual([['add'], 'auto'])
      expect((await asked({ tools, toolChoice: 'required' }, id)).input.tool_choice).toBe('required')
    }
  })

  test('fields that a dialect does not know stay away', async () => {
    const call: Partial<ModelCall> = { topK: 3, parallelTools: false, maxTokens: 9, seed: 1, reasoning: { effort: 'max' }, stop: ['x'] }
    const old = (await asked(call)).input
    expect(old).toMatchObject({ top_k: 3, max_tokens: 9, seed: 1, stream: true })
    for (const name of ['parallel_tool_calls', 'reasoning_effort', 'stream_options']) expect(old).not.toHaveProperty(name)
    const now = (await asked(call, newer)).input
    expect(now).toMatchObject({ parallel_tool_calls: false, reasoning_effort: 'high', stream_options: { include_usage: true } })
    expect(now).not.toHaveProperty('top_k')
    expect((await asked({ reasoning: { effort: 'none' } }, newer)).input).toMatchObject({
      chat_template_kwargs: { enable_thinking: false },
    })
    expect((await asked({ reasoning: { effort: 'minimal' } }, newer)).input.reasoning_effort).toBe('low')
    expect((await asked({ stream: false })).input).not.toHaveProperty('stream')
  })

  test('older models take text as text; images as data, refused by address where new and named in history', async () => {
    const image: Part = { type: 'media', mime: 'image/png', data: 'AAAA' }
    const far: Part = { type: 'media', mime: 'image/png', url: 'https://x.example/a.png' }
    const said = (...parts: Part[]): ModelCall['messages'] => [
      { role: 'user', parts: [{ type: 'text', text: 'See.' }, { type: 'text', text: 'This.' }, ...parts] },
    ]
    expect((await asked({ messages: said() })).input.messages[0]!.content).toBe('See.\nThis.')
    expect((await asked({ messages: said(image) })).input.messages[0]!.content).toContainEqual({
      type: 'image_url',
      image_url: { url: 'data:image/png;base64,AAAA' },
    })
    await expect(asked({ messages: said(far) })).rejects.toMatchObject({ code: 'model/unsupported' })
    const later: ModelCall['messages'] = [...said(far), { role: 'assistant', parts: [{ type: 'text', text: 'ok' }] }, user('And?')]
    expect((await asked({ messages: later })).input.messages[0]!.content).toBe('See.\nThis.\n[image]')
    await expect(asked({ messages: said(image) }, older, { capabilities: { input: ['text'] } })).rejects.toMatchObject({
      code: 'model/unsupported',
    })
  })

  test('reasoning goes back to newer models, and provider options at call, message and tool level go in', async () => {
    const messages: ModelCall['messages'] = [
      { ...user('hi'), providerOptions: { 'openai-chat': { mark: 1 } } },
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', text: 'Hm' },
          { type: 'text', text: 'Yes' },
        ],
      },
      user('go on'),
    ]
    const call: Partial<ModelCall> = {
      messages,
      tools: [{ name: 'now', providerOptions: { 'openai-chat': { cache: 1 } } }],
      providerOptions: { 'workers-ai': { lora: 'mine', stream: false, messages: [] }, 'openai-chat': { user: 'u' }, other: { x: 1 } },
    }
    const { input } = await asked(call, newer)
    expect(input).toMatchObject({ lora: 'mine', user: 'u', stream: true, tools: [{ cache: 1 }] })
    expect(input.messages).toEqual([
      { role: 'user', content: 'hi', mark: 1 },
      { role: 'assistant', content: 'Yes', reasoning_content: 'Hm' },
      { role: 'user', content: 'go on' },
    ])
    expect(input).not.toHaveProperty('x')
    expect((await asked({ messages })).input.messages[1]).toEqual({ role: 'assistant', content: 'Yes' })
  })
})
