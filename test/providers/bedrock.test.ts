import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Answer, type Chunk, collect, KitError, type Message, type ModelCall, type Part, user } from '../../src/index.ts'
import { bedrockAnthropic } from '../../src/providers/bedrock-anthropic.ts'
import { bedrock, type BedrockOptions } from '../../src/providers/bedrock.ts'

type Fields = Record<string, unknown>

const utf8 = new TextEncoder()

/** The sum bit by bit, as it is defined. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0xffffffff
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  }
  return (sum ^ 0xffffffff) >>> 0
}

/** One message of AWS's event stream. */
function frame(headers: Readonly<Record<string, string>>, payload: unknown): Uint8Array {
  const body = utf8.encode(typeof payload === 'string' ? payload : JSON.stringify(payload))
  const head = Object.entries(headers).flatMap(([name, value]) => {
    const [key, text] = [utf8.encode(name), utf8.encode(value)]
    return [key.length, ...key, 7, text.length >> 8, text.length & 255, ...text]
  })
  // a number and a boolean, of which nothing is read
  head.push(1, 120, 4, 0, 0, 0, 1, 1, 121, 0)
  const bytes = new Uint8Array(16 + head.length + body.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bytes.length)
  view.setUint32(4, head.length)
  view.setUint32(8, sumOf(bytes.subarray(0, 8)))
  bytes.set(head, 12)
  bytes.set(body, 12 + head.length)
  view.setUint32(bytes.length - 4, sumOf(bytes.subarray(0, -4)))
  return bytes
}
const event = (type: string, payload: unknown): Uint8Array =>
  frame({ ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' }, payload)
const exception = (type: string, message = 'hidden words'): Uint8Array =>
  frame({ ':message-type': 'exception', ':exception-type': type }, { message })
const delta = (delta: unknown, contentBlockIndex = 0): Uint8Array => event('contentBlockDelta', { delta, contentBlockIndex, p: 'abc' })
const stop = (contentBlockIndex = 0): Uint8Array => event('contentBlockStop', { contentBlockIndex })
const ended = (stopReason = 'end_turn'): Uint8Array => event('messageStop', { stopReason })
const metadata = (usage: unknown = { inputTokens: 3, outputTokens: 2, totalTokens: 5 }): Uint8Array =>
  event('metadata', { usage, metrics: { latencyMs: 1 } })

const joined = (frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => Uint8Array.from(frames.flatMap((each) => [...each]))
/** The frames as a body, in one piece or in pieces of a size. */
function streamed(frames: readonly Uint8Array[], size = Infinity): Response {
  const bytes = joined(frames)
  let at = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(at, (at += Math.min(size, bytes.length))))
    },
  })
  return new Response(body, { headers: { 'content-type': 'application/vnd.amazon.eventstream' } })
}
const whole = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  })

const claude = 'us.anthropic.claude-haiku-4-5-20251001-v1:0'
const hi: ModelCall = { messages: [user('hi')] }
const options = (answer: () => Response | Promise<Response>, more: Partial<BedrockOptions> = {}): BedrockOptions => ({
  region: 'us-east-1',
  apiKey: 'k',
  fetch: async () => answer(),
  ...more,
})
const read = (...frames: Uint8Array[]): Promise<Answer> =>
  collect(
    bedrock(
      claude,
      options(() => streamed(frames)),
    )(hi),
  )
const chunksOf = async (chunks: AsyncIterable<Chunk>): Promise<Chunk[]> => {
  const list: Chunk[] = []
  for await (const chunk of chunks) list.push(chunk)
  return list
}
const failure = async (work: Promise<unknown>): Promise<Fields> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(KitError)
  const { code, retryable, message } = error as KitError
  expect(message).not.toContain('hidden words')
  return { code, retryable }
}
/** What is sent for a call, and what it is told was left out. */
async function sent(
  call: Partial<ModelCall>,
  id = claude,
  more: Partial<BedrockOptions> = {},
): Promise<{ body: Fields; url: string; headers: Headers; dropped: unknown }> {
  let [body, url, headers]: [Fields, string, Headers] = [{}, '', new Headers()]
  const fetch: typeof globalThis.fetch = async (to, init) => {
    body = JSON.parse(init?.body as string) as Fields
    url = to as string
    headers = new Headers(init?.headers)
    return streamed([ended(), metadata()])
  }
  const chunks = await chunksOf(
    bedrock(
      id,
      options(() => streamed([]), { fetch, ...more }),
    )({ ...hi, ...call }),
  )
  const notice = chunks.find(({ type }) => type === 'notice') as { data: { dropped: unknown } } | undefined
  return { body, url, headers, dropped: notice?.data.dropped }
}
const bodyFor = async (call: Partial<ModelCall>, id?: string): Promise<Fields> => (await sent(call, id)).body

describe('Converse', () => {
  test('streams text, thinking, calls and sources, with what goes back', async () => {
    const chunks = await chunksOf(
      bedrock(
        claude,
        options(() =>
          streamed([
            event('messageStart', { role: 'assistant' }),
            delta({ reasoningContent: { text: 'Hm' } }),
            delta({ reasoningContent: { text: '.' } }),
            delta({ reasoningContent: { signature: 'sig' } }),
            stop(),
            delta({ reasoningContent: { redactedContent: 'AQID' } }, 1),
            stop(1),
            delta({ text: 'It is ' }, 2),
            delta({ text: 'noon.' }, 2),
            delta(
              {
                citation: {
                  title: 'Clock',
                  source: 'https://x.test',
                  sourceContent: [{ text: 'noon' }],
                  location: { documentPage: { documentIndex: 0, start: 2, end: 3 } },
                },
              },
              2,
            ),
            stop(2),
            event('contentBlockStart', { contentBlockIndex: 3, start: { toolUse: { toolUseId: 't1', name: 'clock' } } }),
            delta({ toolUse: { input: '{"zone":' } }, 3),
            delta({ toolUse: { input: '"UTC"}' } }, 3),
            stop(3),
            event('contentBlockStart', { contentBlockIndex: 4, start: { toolUse: { toolUseId: 't2', name: 'now' } } }),
            stop(4),
            event('somethingNew', { a: 1 }),
            ended('tool_use'),
            metadata({ inputTokens: 3, outputTokens: 2, cacheReadInputTokens: 4, cacheWriteInputTokens: 1 }),
          ]),
        ),
      )(hi),
    )
    const replay = (data: unknown): Fields => ({ replay: { wire: 'bedrock', data } })
    const citation = {
      title: 'Clock',
      source: 'https://x.test',
      sourceContent: [{ text: 'noon' }],
      location: { documentPage: { documentIndex: 0, start: 2, end: 3 } },
    }
    expect(chunks).toEqual([
      { type: 'reasoning', delta: 'Hm' },
      { type: 'reasoning', delta: '.' },
      {
        type: 'part',
        part: { type: 'reasoning', text: 'Hm.', ...replay({ reasoningContent: { reasoningText: { text: 'Hm.', signature: 'sig' } } }) },
      },
      { type: 'part', part: { type: 'reasoning', text: '', ...replay({ reasoningContent: { redactedContent: 'AQID' } }) } },
      { type: 'text', delta: 'It is ' },
      { type: 'text', delta: 'noon.' },
      {
        type: 'part',
        part: {
          type: 'text',
          text: 'It is noon.',
          ...replay({ citationsContent: { content: [{ text: 'It is noon.' }], citations: [citation] } }),
        },
      },
      { type: 'source', source: { url: 'https://x.test', title: 'Clock', text: 'noon', start: 0, end: 11, pages: [2, 3] } },
      { type: 'tool-input', id: 't1', name: 'clock', delta: '{"zone":' },
      { type: 'tool-input', id: 't1', name: 'clock', delta: '"UTC"}' },
      { type: 'part', part: { type: 'call', id: 't1', name: 'clock', input: { zone: 'UTC' } } },
      { type: 'part', part: { type: 'call', id: 't2', name: 'now', input: {} } },
      { type: 'usage', usage: { input: 8, output: 2, cacheRead: 4, cacheWrite: 1 } },
      { type: 'finish', reason: 'tools', raw: 'tool_use' },
    ])
  })

  test('a picture, and the result of a tool that AWS runs, are what began them with what came after', async () => {
    const begin = (start: unknown, contentBlockIndex: number): Uint8Array => event('contentBlockStart', { start, contentBlockIndex })
    const { parts, finish } = await read(
      begin({ toolUse: { toolUseId: 't1', name: 'nova_code_interpreter', type: 'server_tool_use' } }, 0),
      delta({ toolUse: { input: '{"snippet":"1+1"}' } }, 0),
      stop(0),
      begin({ toolResult: { toolUseId: 't1', status: 'success', type: 'nova_code_interpreter_result' } }, 1),
      delta({ toolResult: [{ json: { stdOut: '2' } }, { text: 'al' }] }, 1),
      delta({ toolResult: [{ text: 'so' }] }, 1),
      stop(1),
      begin({ image: { format: 'png' } }, 2),
      delta({ image: { source: { bytes: 'AAAA' } } }, 2),
      stop(2),
      ended(),
    )
    const content = [{ json: { stdOut: '2' } }, { text: 'also' }]
    const data = { toolResult: { toolUseId: 't1', status: 'success', type: 'nova_code_interpreter_result', content } }
    const image = { image: { format: 'png', source: { bytes: 'AAAA' } } }
    expect(parts.slice(1)).toEqual([
      { type: 'result', id: 't1', name: '', output: content, by: 'provider', replay: { wire: 'bedrock', data } },
      { type: 'media', mime: 'image/png', data: 'AAAA', replay: { wire: 'bedrock', data: image } },
    ])
    expect(finish).toBe('stop')
  })

  test('says the same as one body', async () => {
    const content = [
      { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'sig' } } },
      {
        citationsContent: {
          content: [{ text: 'Noon.' }],
          citations: [{ source: 'doc', location: { documentChar: { documentIndex: 0, start: 0, end: 4 } } }],
        },
      },
      { image: { format: 'png', source: { bytes: 'AQID' } } },
      { toolUse: { toolUseId: 's', name: 'nova_grounding', type: 'server_tool_use', input: { q: 1 } } },
      { toolResult: { toolUseId: 's', type: 'nova_grounding_result', content: [{ json: {} }] } },
      { toolUse: { toolUseId: 't', name: 'clock', input: { zone: 'UTC' } } },
      { later: { a: 1 } },
    ]
    const answer = await collect(
      bedrock(
        claude,
        options(() =>
          whole({
            output: { message: { role: 'assistant', content } },
            stopReason: 'tool_use',
            usage: { inputTokens: 1, outputTokens: 2 },
          }),
        ),
      )({
        ...hi,
        stream: false,
      }),
    )
    expect(answer).toMatchObject({ finish: 'tools', usage: { input: 1, output: 2 } })
    expect(answer.parts).toMatchObject([
      { type: 'reasoning', text: 'Hm.' },
      { type: 'text', text: 'Noon.' },
      { type: 'media', mime: 'image/png', data: 'AQID' },
      { type: 'call', id: 's', by: 'provider', input: { q: 1 } },
      { type: 'result', id: 's', by: 'provider' },
      { type: 'call', id: 't', input: { zone: 'UTC' } },
      { type: 'opaque', kind: 'later' },
    ])
    const { messages } = await bodyFor({ messages: [user('hi'), { role: 'assistant', parts: answer.parts }, user('on')] })
    // all goes back as it came, and the open call is answered
    expect((messages as Fields[])[1]!.content).toEqual(
      content.map((block) =>
        block.toolUse?.toolUseId === 't' ? { toolUse: { toolUseId: 't', name: 'clock', input: { zone: 'UTC' } } } : block,
      ),
    )
    expect((messages as Fields[])[2]!.content).toMatchObject([{ toolResult: { toolUseId: 't', status: 'error' } }, { text: 'on' }])
  })

  test.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['guardrail_intervened', 'refusal'],
    ['content_filtered', 'refusal'],
    ['malformed_tool_use', 'error'],
    ['later', 'other'],
  ])('that stops for %s ends with %s', async (raw, finish) => {
    const { parts, finish: reason } = await read(delta({ text: 'Sorry.' }), stop(), ended(raw), metadata())
    expect([reason, parts]).toEqual([finish, [{ type: 'text', text: 'Sorry.' }]])
  })

  test('without any answer, or with half of one', async () => {
    expect(await read(ended(), metadata())).toEqual({ parts: [], usage: { input: 3, output: 2 }, finish: 'stop' })
    expect(await read(delta({ text: 'a' }), ended())).toEqual({
      parts: [{ type: 'text', text: 'a' }],
      usage: { input: 0, output: 0 },
      finish: 'stop',
    })
    const truncated = { code: 'model/truncated', retryable: true }
    expect(await failure(read(delta({ text: 'a' })))).toEqual(truncated)
    expect(await failure(read())).toEqual(truncated)
    expect(await failure(read(delta({ text: 'a' }), ended().subarray(0, 30)))).toEqual(truncated)
    expect(
      await failure(
        collect(
          bedrock(
            claude,
            options(() => whole({ a: 1 })),
          )(hi),
        ),
      ),
    ).toEqual({ code: 'model/garbled', retryable: false })
    expect(
      await failure(
        collect(
          bedrock(
            claude,
            options(() => whole('<html>')),
          )(hi),
        ),
      ),
    ).toEqual({ code: 'model/garbled', retryable: false })
    expect(await failure(read(event('contentBlockDelta', 'no json')))).toEqual({ code: 'model/garbled', retryable: false })
  })

  test.each([
    ['throttlingException', 'model/rate', true],
    ['modelStreamErrorException', 'model/http', true],
    ['internalServerException', 'model/http', true],
    ['serviceUnavailableException', 'model/overloaded', true],
    ['modelTimeoutException', 'model/timeout', true],
    ['validationException', 'model/request', false],
    ['laterException', 'model/http', true],
  ])('an exception in the stream (%s) is %s', async (name, code, retryable) => {
    expect(await failure(read(delta({ text: 'a' }), exception(name)))).toEqual({ code, retryable })
    const seen: Chunk[] = []
    const reading = bedrock(
      claude,
      options(() => streamed([delta({ text: 'a' }), exception(name)])),
    )(hi)
    await expect(
      (async () => {
        for await (const chunk of reading) seen.push(chunk)
      })(),
    ).rejects.toBeInstanceOf(KitError)
    expect(seen).toEqual([{ type: 'text', delta: 'a' }])
  })

  test.each([
    [400, 'ValidationException', 'Input is too long for requested model.', 'model/context', false],
    [400, 'ValidationException', 'The provided model identifier is invalid.', 'model/unknown', false],
    [400, 'ValidationException', 'Malformed input request', 'model/request', false],
    [400, 'ServiceQuotaExceededException', 'x', 'model/quota', false],
    [403, 'ExpiredTokenException:http://internal.amazon.com/', 'x', 'model/auth', false],
    [403, 'UnrecognizedClientException', 'x', 'model/auth', false],
    [404, 'ResourceNotFoundException', 'x', 'model/unknown', false],
    [408, 'ModelTimeoutException', 'x', 'model/timeout', true],
    [424, 'ModelErrorException', 'x', 'model/http', true],
    [429, 'ThrottlingException', 'x', 'model/rate', true],
    [429, 'ModelNotReadyException', 'x', 'model/overloaded', true],
    [500, 'InternalServerException', 'x', 'model/http', true],
    [503, 'ServiceUnavailableException', 'x', 'model/overloaded', true],
    [502, '', 'x', 'model/http', true],
    [401, '', 'x', 'model/auth', false],
  ])('%i %s (%s) is %s', async (status, name, message, code, retryable) => {
    const answer = (): Response => whole({ message }, status, name ? { 'x-amzn-errortype': name } : {})
    expect(await failure(collect(bedrock(claude, options(answer))(hi)))).toEqual({ code, retryable })
  })

  test('an abort is its own reason, before and in the middle, and an unreachable server may be tried again', async () => {
    const reason = new Error('enough')
    const abort = new AbortController()
    const endless = (): Response =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(delta({ text: 'a' })),
          pull: () =>
            new Promise((_, reject) => {
              const tear = (): void => reject(new Error('torn'))
              if (abort.signal.aborted) tear()
              abort.signal.addEventListener('abort', tear)
            }),
        }),
        { headers: { 'content-type': 'application/vnd.amazon.eventstream' } },
      )
    const reading = (async () => {
      for await (const _ of bedrock(claude, options(endless))({ ...hi, signal: abort.signal })) abort.abort(reason)
    })()
    await expect(reading).rejects.toBe(reason)
    const refused = options(() => Promise.reject(new TypeError('x')))
    await expect(collect(bedrock(claude, refused)({ ...hi, signal: abort.signal }))).rejects.toBe(reason)
    expect(await failure(collect(bedrock(claude, refused)(hi)))).toEqual({ code: 'model/http', retryable: true })
  })

  test('cut anywhere, a stream says the same; whatever comes, nothing but a KitError is thrown', async () => {
    const frames = [
      delta({ text: 'Grüße, 世界' }),
      stop(),
      event('contentBlockStart', { contentBlockIndex: 1, start: { toolUse: { toolUseId: 't', name: 'a' } } }),
      delta({ toolUse: { input: '{}' } }, 1),
      ended('tool_use'),
      metadata(),
    ]
    const expected = await read(...frames)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 400 }), async (size) => {
        expect(
          await collect(
            bedrock(
              claude,
              options(() => streamed(frames, size)),
            )(hi),
          ),
        ).toEqual(expected)
      }),
      { numRuns: 60 },
    )
    const kinds = ['messageStart', 'contentBlockStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata', 'chunk', 'x']
    const shapes = fc.record(
      {
        contentBlockIndex: fc.anything(),
        delta: fc.oneof(
          fc.object({ maxDepth: 2 }),
          fc.record(
            { text: fc.anything(), toolUse: fc.anything(), reasoningContent: fc.anything(), citation: fc.anything() },
            { requiredKeys: [] },
          ),
        ),
        start: fc.oneof(fc.object({ maxDepth: 2 }), fc.record({ toolUse: fc.anything() })),
        stopReason: fc.anything(),
        usage: fc.anything(),
        bytes: fc.anything(),
      },
      { requiredKeys: [] },
    )
    const made = fc.tuple(fc.constantFrom(...kinds), fc.oneof(shapes, fc.anything())).map(([type, payload]) => {
      try {
        return event(type, JSON.stringify(payload) ?? '')
      } catch {
        return event(type, '{}')
      }
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(made, fc.uint8Array({ maxLength: 40 })), { maxLength: 6 }), async (pieces) => {
        await read(...pieces).catch((error: unknown) => {
          if (!(error instanceof KitError)) throw error
        })
      }),
      { numRuns: 200 },
    )
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (body) => {
        const answer = (): Response => whole(JSON.stringify(body, (_, value: unknown) => (typeof value === 'bigint' ? 0 : value)) ?? '')
        await collect(bedrock(claude, options(answer))(hi)).catch((error: unknown) => {
          if (!(error instanceof KitError)) throw error
        })
      }),
      { numRuns: 100 },
    )
  })

  test('a length that a message may not have, a wrong sum, a header that does not fit', async () => {
    const garbled = { code: 'model/garbled', retryable: false }
    const huge = new Uint8Array(16)
    new DataView(huge.buffer).setUint32(0, 0x7fffffff)
    new DataView(huge.buffer).setUint32(8, sumOf(huge.subarray(0, 8)))
    expect(await failure(read(huge))).toEqual(garbled)
    const turned = ended()
    turned[20]! ^= 1
    expect(await failure(read(turned))).toEqual(garbled)
    const odd = ended()
    odd[12] = 255
    new DataView(odd.buffer).setUint32(odd.length - 4, sumOf(odd.subarray(0, -4)))
    expect(await failure(read(odd))).toEqual(garbled)
  })
})

describe('a request to Converse', () => {
  const weather = { name: 'weather', description: 'w', input: { type: 'object', properties: { city: { type: 'string' } } } }
  const conversation: Message[] = [
    user('Weather?'),
    { role: 'assistant', parts: [{ type: 'call', id: 'call|1!', name: 'weather', input: { city: 'Rome' } }] },
    { role: 'tool', parts: [{ type: 'result', id: 'call|1!', name: 'weather', output: { sun: true } }] },
  ]

  test('has settings, system and tools where Converse wants them', async () => {
    const { body, url, dropped } = await sent({
      system: [
        { type: 'text', text: 'Be kind.', providerOptions: { bedrock: { cachePoint: true } } },
        { type: 'text', text: ' ' },
      ],
      messages: [
        { role: 'system', parts: [{ type: 'text', text: 'And brief.' }] },
        { role: 'user', parts: [{ type: 'text', text: 'Hi', providerOptions: { bedrock: { cachePoint: { ttl: '1h' } } } }] },
      ],
      maxTokens: 9,
      temperature: 0.5,
      stop: ['END', ' '],
      tools: [
        { ...weather, providerOptions: { bedrock: { cachePoint: true } } },
        { name: 'ground', hosted: { wire: 'bedrock', definition: { systemTool: { name: 'nova_grounding' } } } },
        { name: 'x', hosted: { wire: 'gemini', definition: {} } },
      ],
      toolChoice: { tool: 'weather' },
      seed: 7,
      presencePenalty: 0.1,
      providerOptions: {
        bedrock: { guardrailConfig: { guardrailIdentifier: 'g', guardrailVersion: '1' }, inferenceConfig: { topP: 0.1 }, unknown: 1 },
      },
    })
    expect(url).toBe('https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse-stream')
    expect(body).toEqual({
      system: [{ text: 'Be kind.' }, { cachePoint: { type: 'default' } }, { text: 'And brief.' }],
      messages: [{ role: 'user', content: [{ text: 'Hi' }, { cachePoint: { type: 'default', ttl: '1h' } }] }],
      inferenceConfig: { maxTokens: 9, temperature: 0.5, topP: 0.1, stopSequences: ['END'] },
      toolConfig: {
        tools: [
          { toolSpec: { name: 'weather', description: 'w', inputSchema: { json: weather.input } } },
          { cachePoint: { type: 'default' } },
          { systemTool: { name: 'nova_grounding' } },
        ],
        toolChoice: { tool: { name: 'weather' } },
      },
      guardrailConfig: { guardrailIdentifier: 'g', guardrailVersion: '1' },
    })
    expect(dropped).toEqual(['seed', 'presencePenalty', 'tool x'])
  })

  test('carries the settings of messages, parts and calls', async () => {
    const { messages } = await bodyFor({
      messages: [
        {
          role: 'user',
          parts: [
            {
              type: 'media',
              mime: 'text/plain',
              data: btoa('facts'),
              name: 'facts.txt',
              providerOptions: { bedrock: { citations: { enabled: true } } },
            },
          ],
          providerOptions: { bedrock: { cachePoint: true } },
        },
        { role: 'assistant', parts: [{ type: 'text', text: 'Yes. ' }] },
      ],
    })
    expect(messages).toEqual([
      {
        role: 'user',
        content: [
          { text: '[facts]' },
          { document: { format: 'txt', name: 'facts', source: { text: 'facts' }, citations: { enabled: true } } },
          { cachePoint: { type: 'default' } },
        ],
      },
      { role: 'assistant', content: [{ text: 'Yes.' }] },
    ])
  })

  test('says something of a failure without words: blank text is refused', async () => {
    const parts: Part[] = [{ type: 'call', id: 'c1', name: 'weather', input: {} }]
    const result: Part = { type: 'result', id: 'c1', name: 'weather', error: { code: 'tool/failed', message: '' } }
    const { messages } = await bodyFor({ messages: [user('hi'), { role: 'assistant', parts }, { role: 'tool', parts: [result] }] })
    expect((messages as Fields[])[2]!.content).toEqual([{ toolResult: { toolUseId: 'c1', content: [{ text: '-' }], status: 'error' } }])
  })

  test('alternates turns, answers every call, and writes ids in the letters that are taken', async () => {
    const { messages, toolConfig } = await bodyFor({ messages: [...conversation, user('And?'), user('Well?')], tools: [weather] })
    const { toolUse } = (messages as { content: Fields[] }[])[1]!.content[0] as { toolUse: Fields }
    expect(toolUse.toolUseId).toMatch(/^[\w-]{1,64}$/)
    expect(messages).toMatchObject([
      { role: 'user', content: [{ text: 'Weather?' }] },
      { role: 'assistant', content: [{ toolUse: { name: 'weather', input: { city: 'Rome' } } }] },
      {
        role: 'user',
        content: [
          { toolResult: { toolUseId: toolUse.toolUseId, content: [{ json: { sun: true } }] } },
          { text: 'And?' },
          { text: 'Well?' },
        ],
      },
    ])
    expect(toolConfig).not.toHaveProperty('toolChoice')
    const long = 'x'.repeat(80)
    const { messages: other } = await bodyFor({
      messages: [
        user('a'),
        { role: 'assistant', parts: [{ type: 'call', id: long, name: 't', input: {} }] },
        { role: 'tool', parts: [{ type: 'result', id: long, name: 't', output: ' ' }] },
      ],
    })
    const [call, result] = [(other as { content: Fields[] }[])[1]!.content[0], (other as { content: Fields[] }[])[2]!.content[0]] as [
      { toolUse: Fields },
      { toolResult: Fields },
    ]
    expect(call.toolUse.toolUseId).toHaveLength(64)
    expect(result.toolResult).toEqual({ toolUseId: call.toolUse.toolUseId, content: [{ text: '-' }] })
  })

  test('names the tools of a conversation also where none may be called, and has no choice where there is none', async () => {
    expect((await bodyFor({ messages: conversation })).toolConfig).toEqual({
      tools: [{ toolSpec: { name: 'weather', inputSchema: { json: { type: 'object' } } } }],
    })
    expect((await bodyFor({ tools: [weather], toolChoice: 'none' })).toolConfig).toBeUndefined()
    const { body, dropped } = await sent({ messages: conversation, tools: [weather], toolChoice: 'none' })
    expect((body.toolConfig as Fields).tools).toHaveLength(1)
    expect(dropped).toEqual(['toolChoice'])
    const other = { name: 'other' }
    expect((await bodyFor({ tools: [weather, other], toolChoice: { tools: ['other'], required: true } })).toolConfig).toMatchObject({
      tools: [{ toolSpec: { name: 'other' } }],
      toolChoice: { tool: { name: 'other' } },
    })
    expect(
      (await bodyFor({ tools: [weather, other], toolChoice: { tools: ['weather', 'other'], required: true } })).toolConfig,
    ).toMatchObject({ toolChoice: { any: {} } })
    expect((await bodyFor({ tools: [weather], toolChoice: 'required' })).toolConfig).toMatchObject({ toolChoice: { any: {} } })
  })

  test('has media in its formats, documents with names of their own, and words for what history cannot give', async () => {
    const pdf = { type: 'media', mime: 'application/pdf', data: 'AQID', name: 'Report_2026 (final).pdf' } as const
    const { messages } = await bodyFor({
      messages: [
        user('a'),
        {
          role: 'assistant',
          parts: [
            { type: 'media', mime: 'image/png', data: 'AQID', name: 'cat.png' },
            { type: 'call', id: 'c', name: 't', input: {} },
          ],
        },
        {
          role: 'tool',
          parts: [
            {
              type: 'result',
              id: 'c',
              name: 't',
              parts: [{ type: 'media', mime: 'image/jpg', data: 'AQID' }, { type: 'media', mime: 'audio/wav', data: 'AQID' }, pdf],
            },
          ],
        },
        { role: 'user', parts: [pdf, { type: 'media', mime: 'video/mp4', url: 's3://bucket/film.mp4' }] },
      ],
    })
    const doc = (name: string): Fields => ({ document: { format: 'pdf', name, source: { bytes: 'AQID' } } })
    expect((messages as Fields[])[1]!.content).toEqual([{ text: '[cat.png]' }, { toolUse: { toolUseId: 'c', name: 't', input: {} } }])
    expect((messages as Fields[])[2]!.content).toEqual([
      {
        toolResult: {
          toolUseId: 'c',
          content: [{ image: { format: 'jpeg', source: { bytes: 'AQID' } } }, { text: '[audio/wav]' }, doc('Report 2026 (final)')],
        },
      },
      { text: '[Report 2026 (final) 2]' },
      doc('Report 2026 (final) 2'),
      { video: { format: 'mp4', source: { s3Location: { uri: 's3://bucket/film.mp4' } } } },
    ])
    const refused = { code: 'model/unsupported', retryable: false }
    for (const part of [
      { type: 'media', mime: 'audio/wav', data: 'x' },
      { type: 'media', mime: 'image/png', url: 'https://x.test/1.png' },
      { type: 'media', mime: 'image/png', ref: 'hash' },
      { type: 'media', mime: 'text/plain', data: '%' },
    ] satisfies Part[])
      expect(
        await failure(
          collect(
            bedrock(
              claude,
              options(() => streamed([ended()])),
            )({ messages: [{ role: 'user', parts: [part] }] }),
          ),
        ),
      ).toEqual(refused)
  })

  test('leaves out what another wire made to be replayed', async () => {
    const replay = { wire: 'gemini', data: { s: 1 } }
    const { messages } = await bodyFor({
      messages: [
        user('a'),
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', text: 'Hm.', replay },
            { type: 'opaque', kind: 'x', replay },
            { type: 'call', id: 's', name: 'search', input: {}, by: 'provider', replay },
            { type: 'result', id: 's', name: 'search', output: 1, by: 'provider', replay },
            { type: 'text', text: 'Hi.', replay },
            { type: 'refusal', text: 'No.' },
          ],
        },
        user('b'),
      ],
    })
    expect((messages as Fields[])[1]).toEqual({ role: 'assistant', content: [{ text: 'Hi.' }, { text: 'No.' }] })
  })

  test.each([
    [
      'anthropic.claude-haiku-4-5-20251001-v1:0',
      { reasoning: { tokens: 2000 } },
      { reasoning_config: { type: 'enabled', budget_tokens: 2000 } },
      undefined,
    ],
    [
      'anthropic.claude-opus-4-8-v1:0',
      { reasoning: { effort: 'max' } },
      { thinking: { type: 'adaptive' }, output_config: { effort: 'max' } },
      undefined,
    ],
    ['anthropic.claude-haiku-4-5-20251001-v1:0', { topK: 5 }, { top_k: 5 }, undefined],
    [
      'amazon.nova-2-lite-v1:0',
      { reasoning: { effort: 'xhigh' } },
      { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } },
      undefined,
    ],
    ['amazon.nova-pro-v1:0', { topK: 5, reasoning: { effort: 'low' } }, { inferenceConfig: { topK: 5 } }, ['reasoning.effort']],
    ['openai.gpt-oss-120b-1:0', { reasoning: { effort: 'minimal' } }, { reasoning_effort: 'low' }, undefined],
    ['meta.llama3-1-70b-instruct-v1:0', { topK: 5, reasoning: { effort: 'none' } }, undefined, ['topK']],
    ['deepseek.v3-v1:0', { reasoning: { effort: 'high', tokens: 5 } }, undefined, ['reasoning.effort', 'reasoning.tokens']],
  ] as const)('%s is told %j in its own words', async (id, call, additional, left) => {
    const { body, dropped } = await sent(call, id)
    expect(body.additionalModelRequestFields).toEqual(additional)
    expect(dropped).toEqual(left)
  })

  test('gives up thinking for a tool that is forced, and a choice where the model has none', async () => {
    const forced = { tools: [weather], toolChoice: 'required', reasoning: { tokens: 2000 } } as const
    const { body, dropped } = await sent(forced)
    expect([(body.toolConfig as Fields).toolChoice, body.additionalModelRequestFields, dropped]).toEqual([
      { any: {} },
      { thinking: { type: 'disabled' } },
      ['reasoning'],
    ])
    const always = await sent({ ...forced, reasoning: { effort: 'low' } }, 'anthropic.claude-opus-5-5-v1:0')
    expect([(always.body.toolConfig as Fields).toolChoice, always.dropped]).toEqual([undefined, ['toolChoice']])
    const llama = await sent({ tools: [weather], toolChoice: 'required' }, 'meta.llama3-1-70b-instruct-v1:0')
    expect([(llama.body.toolConfig as Fields).toolChoice, llama.dropped]).toEqual([undefined, ['toolChoice']])
  })

  test('holds the answer to a schema where the model can', async () => {
    const output = { schema: { type: 'object', properties: { a: { type: 'string' } } }, name: 'answer' }
    const { textFormat } = (await bodyFor({ output })).outputConfig as { textFormat: { structure: { jsonSchema: { schema: string } } } }
    expect(textFormat).toMatchObject({ type: 'json_schema', structure: { jsonSchema: { name: 'answer' } } })
    expect(JSON.parse(textFormat.structure.jsonSchema.schema)).toMatchObject({
      additionalProperties: false,
      properties: { a: { type: 'string' } },
    })
    for (const [call, id] of [
      [{ output }, 'amazon.nova-pro-v1:0'],
      [{ output: {} }, claude],
    ] as const) {
      const { body, dropped } = await sent(call, id)
      expect([body.outputConfig, dropped]).toEqual([undefined, ['output']])
      expect(body.system).toEqual([{ text: expect.stringContaining('JSON only') as string }])
    }
  })
})

describe('who asks', () => {
  const hex = (bytes: ArrayBuffer): string => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const hash = async (text: string): Promise<string> => hex(await crypto.subtle.digest('SHA-256', utf8.encode(text)))
  const hmac = async (key: ArrayBuffer | Uint8Array<ArrayBuffer>, text: string): Promise<ArrayBuffer> =>
    crypto.subtle.sign(
      'HMAC',
      await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']),
      utf8.encode(text),
    )

  test('signs with AWS’s keys, by Signature Version 4 as it is written', async () => {
    let body = ''
    const seen = { url: '', headers: new Headers() }
    const fetch: typeof globalThis.fetch = async (to, init) => {
      seen.url = to as string
      seen.headers = new Headers(init?.headers)
      body = init?.body as string
      return streamed([ended()])
    }
    await collect(
      bedrock(claude, {
        region: 'eu-central-1',
        accessKeyId: 'AKID',
        secretAccessKey: 'secret',
        sessionToken: 'session',
        headers: { 'x-extra': 'a  b' },
        fetch,
      })(hi),
    )
    const [, date, signed, signature] =
      /^AWS4-HMAC-SHA256 Credential=AKID\/(\d{8})\/eu-central-1\/bedrock\/aws4_request, SignedHeaders=([\w;-]+), Signature=(\w+)$/.exec(
        seen.headers.get('authorization')!,
      )!
    expect(signed).toBe('host;x-amz-date;x-amz-security-token;x-extra')
    expect(seen.headers.get('x-amz-security-token')).toBe('session')
    const { host, pathname } = new URL(seen.url)
    const time = seen.headers.get('x-amz-date')!
    const canonical = [
      'POST',
      encodeURIComponent(pathname).replaceAll('%2F', '/'),
      '',
      `host:${host}`,
      `x-amz-date:${time}`,
      'x-amz-security-token:session',
      'x-extra:a b',
      '',
      signed,
      await hash(body),
    ].join('\n')
    const scope = `${date}/eu-central-1/bedrock/aws4_request`
    let key: ArrayBuffer | Uint8Array<ArrayBuffer> = utf8.encode('AWS4secret')
    for (const step of scope.split('/')) key = await hmac(key, step)
    expect(signature).toBe(hex(await hmac(key, ['AWS4-HMAC-SHA256', time, scope, await hash(canonical)].join('\n'))))
  })

  test('asks for keys that change before each call, prefers an API key, and has none without either', async () => {
    let asked = 0
    const credentials = (): { accessKeyId: string; secretAccessKey: string } => ({ accessKeyId: `A${++asked}`, secretAccessKey: 's' })
    const own = { apiKey: undefined, credentials }
    expect((await sent({}, claude, own)).headers.get('authorization')).toContain('Credential=A1/')
    expect((await sent({}, claude, own)).headers.get('authorization')).toContain('Credential=A2/')
    expect((await sent({}, claude, { apiKey: async () => 'b', credentials })).headers.get('authorization')).toBe('Bearer b')
    expect(asked).toBe(2)
    expect(
      await failure(
        collect(
          bedrock(
            claude,
            options(() => streamed([]), { apiKey: undefined }),
          )(hi),
        ),
      ),
    ).toEqual({ code: 'model/auth', retryable: false })
  })

  test('may have another address, and a model by its ARN', async () => {
    const arn = 'arn:aws:bedrock:us-east-1:1:application-inference-profile/x'
    expect((await sent({}, arn, { baseURL: 'https://vpce.test/' })).url).toBe(
      `https://vpce.test/model/${encodeURIComponent(arn)}/converse-stream`,
    )
  })

  test('is made in no time', () => {
    const started = performance.now()
    for (let n = 0; n < 1000; n++) bedrock(claude, { region: 'us-east-1', apiKey: 'k' })
    expect((performance.now() - started) / 1000).toBeLessThan(0.05)
  })
})

describe('InvokeModel', () => {
  const chunk = (body: unknown): Uint8Array =>
    event('chunk', { bytes: btoa(String.fromCharCode(...utf8.encode(JSON.stringify(body)))), p: 'ab' })

  test('asks Nova with its own body, which is Converse’s, and reads its events', async () => {
    const events = [
      chunk({ messageStart: { role: 'assistant' } }),
      chunk({ contentBlockDelta: { delta: { text: 'Grüße' }, contentBlockIndex: 0 } }),
      chunk({ contentBlockStop: { contentBlockIndex: 0 } }),
      chunk({ messageStop: { stopReason: 'end_turn' } }),
      chunk({ metadata: { usage: { inputTokens: 1, outputTokens: 2 } } }),
    ]
    let url = ''
    let body: Fields = {}
    const fetch: typeof globalThis.fetch = async (to, init) => {
      url = to as string
      body = JSON.parse(init?.body as string) as Fields
      return streamed(events)
    }
    expect(await collect(bedrock('amazon.nova-micro-v1:0', { region: 'us-east-1', apiKey: 'k', api: 'invoke', fetch })(hi))).toEqual({
      parts: [{ type: 'text', text: 'Grüße' }],
      usage: { input: 1, output: 2 },
      finish: 'stop',
    })
    expect(url).toMatch(/nova-micro-v1%3A0\/invoke-with-response-stream$/)
    expect(body).toEqual({ schemaVersion: 'messages-v1', messages: [{ role: 'user', content: [{ text: 'hi' }] }] })
    expect(await failure(read(event('chunk', { bytes: '%' })))).toEqual({ code: 'model/garbled', retryable: false })
  })

  test('asks Claude in the words of its own API, and reads its events and bodies', async () => {
    const signed = { type: 'thinking', thinking: 'Hm.', signature: 'sig' }
    const frames = [
      chunk({ type: 'message_start', message: { id: 'm', model: 'claude', content: [], usage: { input_tokens: 3, output_tokens: 1 } } }),
      chunk({ type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } }),
      chunk({ type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm.' } }),
      chunk({ type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'sig' } }),
      chunk({ type: 'content_block_stop', index: 0 }),
      chunk({ type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } }),
      chunk({ type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Grüße' } }),
      chunk({ type: 'content_block_stop', index: 1 }),
      chunk({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } }),
      chunk({ type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 3 } }),
    ]
    const asked: { url: string; body: Fields }[] = []
    const by =
      (answer: () => Response): typeof fetch =>
      async (to, init) => {
        asked.push({ url: to as string, body: JSON.parse(init?.body as string) as Fields })
        return answer()
      }
    const make = (answer: () => Response): ReturnType<typeof bedrockAnthropic> =>
      bedrockAnthropic(claude, { region: 'us-east-1', apiKey: 'k', betas: ['context-1m'], fetch: by(answer) })
    const parts = [
      { type: 'reasoning', text: 'Hm.', replay: { wire: 'anthropic-messages', data: signed } },
      { type: 'text', text: 'Grüße' },
    ]
    expect(await collect(make(() => streamed(frames, 50))(hi))).toEqual({ parts, usage: { input: 3, output: 5 }, finish: 'stop' })
    const body = {
      type: 'message',
      id: 'm',
      content: [signed, { type: 'text', text: 'Grüße' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 3, output_tokens: 5 },
    }
    expect(await collect(make(() => whole(body))({ ...hi, stream: false }))).toEqual({
      parts,
      usage: { input: 3, output: 5 },
      finish: 'stop',
    })
    expect(asked.map(({ url }) => url.split('/').at(-1))).toEqual(['invoke-with-response-stream', 'invoke'])
    expect(asked[0]!.body).toEqual({
      anthropic_version: 'bedrock-2023-05-31',
      anthropic_beta: ['context-1m'],
      max_tokens: 64_000,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
    })
    expect(await failure(collect(make(() => streamed(frames.slice(0, 4)))(hi)))).toEqual({ code: 'model/truncated', retryable: true })
    expect(await failure(collect(make(() => streamed([...frames.slice(0, 4), exception('throttlingException')]))(hi)))).toEqual({
      code: 'model/rate',
      retryable: true,
    })
  })
})
