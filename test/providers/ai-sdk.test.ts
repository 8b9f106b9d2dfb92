// The bridge to the AI SDK both ways, with models of its specification written by hand; the real package is in `test/ai-sdk`.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Answer,
  type Chunk,
  collect,
  KitError,
  type Message,
  model,
  type ModelCall,
  type Part,
  run,
  agent,
  tool,
  user,
} from '../../src/index.ts'
import { type AISDKModel, fromAISDK, toAISDK } from '../../src/providers/ai-sdk.ts'
import { scripted } from '../../src/testing/index.ts'

type Fields = Record<string, unknown>

const done = {
  type: 'finish',
  finishReason: { unified: 'stop', raw: 'stop' },
  usage: { inputTokens: { total: 3 }, outputTokens: { total: 2 } },
}
const streamOf = (parts: readonly unknown[]): ReadableStream<unknown> =>
  new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(part)
      controller.close()
    },
  })

/** A model of the specification, that remembers what it was asked. */
function fake(parts: readonly unknown[], more: Partial<AISDKModel> = {}): AISDKModel & { asked: Fields[] } {
  const asked: Fields[] = []
  return {
    specificationVersion: 'v4',
    provider: 'fake',
    modelId: 'm',
    supportedUrls: { 'image/*': [/^https:\/\/pictures\./] },
    asked,
    async doStream(options: Fields) {
      asked.push(options)
      return { stream: streamOf(parts) }
    },
    async doGenerate(options: Fields) {
      asked.push(options)
      return { content: parts, finishReason: done.finishReason, usage: done.usage, warnings: [], response: { id: 'r', modelId: 'm-1' } }
    },
    ...more,
  } as never
}
const hi: ModelCall = { messages: [user('hi')] }
const all = async (chunks: AsyncIterable<Chunk>): Promise<Chunk[]> => {
  const list: Chunk[] = []
  for await (const chunk of chunks) list.push(chunk)
  return list
}
const read = (parts: readonly unknown[], call: Partial<ModelCall> = {}, more: Partial<AISDKModel> = {}): Promise<Answer> =>
  collect(fromAISDK(fake(parts, more))({ ...hi, ...call }))
const codeOf = async (work: Promise<unknown>): Promise<Fields> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(KitError)
  const { code, retryable, retryAfter, status } = error as KitError
  return { code, retryable, ...(retryAfter !== undefined && { retryAfter }), ...(status !== undefined && { status }) }
}
/** What a v4 model is asked for a call. */
async function asked(call: Partial<ModelCall>, more: Partial<AISDKModel> = {}): Promise<Fields & { prompt: Fields[] }> {
  const from = fake([done], more)
  await collect(fromAISDK(from)({ ...hi, ...call }))
  return JSON.parse(JSON.stringify({ ...from.asked[0], abortSignal: undefined })) as never
}

describe('a model of the AI SDK as ours', () => {
  test('gives text, reasoning, calls, files, sources and usage in their order, with what must go back', async () => {
    const signed = { anthropic: { signature: 's' } }
    const chunks = await all(
      fromAISDK(
        fake([
          {
            type: 'stream-start',
            warnings: [
              { type: 'unsupported', feature: 'seed' },
              { type: 'other', message: 'slow today' },
            ],
          },
          { type: 'response-metadata', id: 'r1', modelId: 'm-1' },
          { type: 'reasoning-start', id: 'a' },
          { type: 'reasoning-delta', id: 'a', delta: 'Hm.' },
          { type: 'reasoning-end', id: 'a', providerMetadata: signed },
          { type: 'text-start', id: 'b' },
          { type: 'text-delta', id: 'b', delta: 'It is ' },
          { type: 'text-delta', id: 'b', delta: 'noon.' },
          {
            type: 'text-end',
            id: 'b',
            citations: [{ source: { type: 'source', sourceType: 'url', id: 's', url: 'https://x.test' }, startIndex: 1, endIndex: 3 }],
          },
          { type: 'tool-input-start', id: 'c', toolName: 'clock' },
          { type: 'tool-input-delta', id: 'c', delta: '{"zone":' },
          { type: 'tool-input-delta', id: 'c', delta: '"UTC"}' },
          { type: 'tool-input-end', id: 'c' },
          {
            type: 'tool-call',
            toolCallId: 'c',
            toolName: 'clock',
            input: '{"zone":"UTC"}',
            providerMetadata: { google: { thoughtSignature: 't' } },
          },
          { type: 'file', mediaType: 'image/png', data: { type: 'data', data: new Uint8Array([1, 2, 3]) } },
          { type: 'source', sourceType: 'document', id: 'd', mediaType: 'application/pdf', title: 'Report', filename: 'r.pdf' },
          { type: 'something-new', x: 1 },
          { type: 'raw', rawValue: {} },
          { ...done, finishReason: { unified: 'tool-calls', raw: 'tool_use' } },
        ]),
      )(hi),
    )
    expect(chunks).toEqual([
      { type: 'notice', code: 'model/unsupported', message: 'was not told: seed', data: { dropped: ['seed'] } },
      { type: 'notice', code: 'model/warning', message: 'slow today' },
      { type: 'reasoning', delta: 'Hm.' },
      { type: 'part', part: { type: 'reasoning', text: 'Hm.', replay: { wire: 'ai-sdk', data: signed } } },
      { type: 'text', delta: 'It is ' },
      { type: 'text', delta: 'noon.' },
      { type: 'part', part: { type: 'text', text: 'It is noon.' } },
      { type: 'source', source: { url: 'https://x.test', start: 1, end: 3 } },
      { type: 'tool-input', id: 'c', name: 'clock', delta: '{"zone":' },
      { type: 'tool-input', id: 'c', name: 'clock', delta: '"UTC"}' },
      {
        type: 'part',
        part: {
          type: 'call',
          id: 'c',
          name: 'clock',
          input: { zone: 'UTC' },
          replay: { wire: 'ai-sdk', data: { google: { thoughtSignature: 't' } } },
        },
      },
      { type: 'part', part: { type: 'media', mime: 'image/png', data: 'AQID' } },
      { type: 'source', source: { document: 'r.pdf', title: 'Report' } },
      { type: 'usage', usage: { input: 3, output: 2 }, model: 'm-1' },
      { type: 'finish', reason: 'tools', raw: 'tool_use', model: 'm-1', id: 'r1' },
    ])
  })

  test('is asked for one answer where one was wanted, of specification v3 too', async () => {
    const content = [
      { type: 'reasoning', text: 'Hm.', providerMetadata: { x: { y: 1 } } },
      { type: 'text', text: 'Hi.' },
      { type: 'file', mediaType: 'image/png', data: 'AQID' },
      { type: 'tool-call', toolCallId: 'c', toolName: 't', input: 'no json' },
    ]
    const { parts, usage, finish } = await read(content, { stream: false }, { specificationVersion: 'v3' })
    expect(parts).toEqual([
      { type: 'reasoning', text: 'Hm.', replay: { wire: 'ai-sdk', data: { x: { y: 1 } } } },
      { type: 'text', text: 'Hi.' },
      { type: 'media', mime: 'image/png', data: 'AQID' },
      { type: 'call', id: 'c', name: 't', input: 'no json', invalid: true },
    ])
    expect([usage, finish]).toEqual([{ input: 3, output: 2 }, 'tools'])
  })

  test('keeps what its provider ran in place, and gives it back there', async () => {
    const parts = [
      {
        type: 'tool-call',
        toolCallId: 'w',
        toolName: 'web_search',
        input: '{"q":"x"}',
        providerExecuted: true,
        providerMetadata: { p: { id: 1 } },
      },
      { type: 'tool-result', toolCallId: 'w', toolName: 'web_search', result: 'half', preliminary: true },
      { type: 'tool-result', toolCallId: 'w', toolName: 'web_search', result: [{ url: 'u' }] },
      { type: 'custom', kind: 'openai.compaction', providerMetadata: { openai: { item: 'i' } } },
      { type: 'reasoning-file', mediaType: 'image/png', data: { type: 'url', url: new URL('https://pictures.test/1') } },
      { type: 'text-delta', id: 't', delta: 'Found.' },
      done,
    ]
    const answer = await read(parts)
    expect(answer.finish).toBe('stop')
    expect(answer.parts).toMatchObject([
      { type: 'call', id: 'w', by: 'provider', input: { q: 'x' } },
      { type: 'result', id: 'w', by: 'provider', output: [{ url: 'u' }] },
      { type: 'opaque', kind: 'openai.compaction' },
      { type: 'opaque', kind: 'reasoning-file' },
      { type: 'text', text: 'Found.' },
    ])
    const { prompt } = await asked({ messages: [...hi.messages, { role: 'assistant', parts: answer.parts }, user('more')] })
    expect(prompt[1]!.content).toEqual([
      {
        type: 'tool-call',
        toolCallId: 'w',
        toolName: 'web_search',
        input: { q: 'x' },
        providerExecuted: true,
        providerOptions: { p: { id: 1 } },
      },
      { type: 'tool-result', toolCallId: 'w', toolName: 'web_search', output: { type: 'json', value: [{ url: 'u' }] } },
      { type: 'custom', kind: 'openai.compaction', providerOptions: { openai: { item: 'i' } } },
      { type: 'reasoning-file', mediaType: 'image/png', data: { type: 'url', url: 'https://pictures.test/1' } },
      { type: 'text', text: 'Found.' },
    ])
  })

  test('is told all settings, tools and the form of the answer', async () => {
    const call: Partial<ModelCall> = {
      system: [{ type: 'text', text: 'Be kind.', providerOptions: { 'ai-sdk': { anthropic: { cacheControl: { type: 'ephemeral' } } } } }],
      maxTokens: 9,
      temperature: 0.5,
      topP: 0.9,
      topK: 4,
      stop: ['END'],
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      reasoning: { effort: 'low' },
      output: { schema: { type: 'object' }, name: 'answer', description: 'd' },
      toolChoice: { tool: 'clock' },
      tools: [
        { name: 'clock', description: 'c', input: { type: 'object' }, strict: true },
        { name: 'web', hosted: { wire: 'ai-sdk', definition: { type: 'provider', id: 'openai.web_search', name: 'web', args: {} } } },
        { name: 'old', hosted: { wire: 'gemini', definition: {} } },
      ],
      providerOptions: { 'ai-sdk': { openai: { store: false } }, gemini: { x: 1 } },
    }
    const options = await asked(call)
    expect(options).toMatchObject({
      maxOutputTokens: 9,
      temperature: 0.5,
      topP: 0.9,
      topK: 4,
      stopSequences: ['END'],
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      reasoning: 'low',
      responseFormat: { type: 'json', schema: { type: 'object' }, name: 'answer', description: 'd' },
      toolChoice: { type: 'tool', toolName: 'clock' },
      providerOptions: { openai: { store: false } },
    })
    expect(options.tools).toEqual([
      { type: 'function', name: 'clock', description: 'c', inputSchema: { type: 'object' }, strict: true },
      { type: 'provider', id: 'openai.web_search', name: 'web', args: {} },
    ])
    expect(options.prompt[0]).toEqual({
      role: 'system',
      content: 'Be kind.',
      providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } },
    })
    expect((await asked({ ...call, toolChoice: { tools: ['clock'], required: true } })).tools).toHaveLength(1)
    expect((await asked(call, { specificationVersion: 'v3' })).reasoning).toBeUndefined()
    const notices = (await all(fromAISDK(fake([done], { specificationVersion: 'v3' }))({ ...hi, ...call, parallelTools: false }))).filter(
      ({ type }) => type === 'notice',
    )
    expect(notices).toMatchObject([{ code: 'model/unsupported', data: { dropped: ['tool old', 'parallelTools', 'reasoning.effort'] } }])
    expect((await all(fromAISDK(fake([done]))(hi))).filter(({ type }) => type === 'notice')).toEqual([])
  })

  test('gets media and results in the shapes of its specification', async () => {
    const messages: Message[] = [
      {
        role: 'user',
        parts: [
          { type: 'media', mime: 'application/pdf', data: 'AQID', name: 'a.pdf' },
          { type: 'media', mime: 'image/png', url: 'https://pictures.test/1' },
        ],
      },
      { role: 'assistant', parts: [{ type: 'call', id: 'c', name: 't', input: 'x{', invalid: true }] },
      {
        role: 'tool',
        parts: [
          {
            type: 'result',
            id: 'c',
            name: 't',
            parts: [
              { type: 'text', text: 'See:' },
              { type: 'media', mime: 'image/png', data: 'AQID' },
            ],
          },
          { type: 'result', id: 'd', name: 't', error: { code: 'tool/failed', message: 'no' } },
          { type: 'result', id: 'e', name: 't', output: 'plain' },
          { type: 'result', id: 'f', name: 't' },
        ],
      },
    ]
    const outputs = [
      { type: 'error-text', value: 'no' },
      { type: 'text', value: 'plain' },
      { type: 'json', value: null },
    ]
    const output = (result: Fields): unknown => result.output
    const v4 = (await asked({ messages })).prompt
    expect(v4[0]!.content).toEqual([
      { type: 'file', mediaType: 'application/pdf', filename: 'a.pdf', data: { type: 'data', data: 'AQID' } },
      { type: 'file', mediaType: 'image/png', data: { type: 'url', url: 'https://pictures.test/1' } },
    ])
    expect(v4[1]!.content).toMatchObject([{ input: { rawInvalidInput: 'x{' } }])
    expect((v4[2]!.content as Fields[]).map(output)).toEqual([
      {
        type: 'content',
        value: [
          { type: 'text', text: 'See:' },
          { type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AQID' } },
        ],
      },
      ...outputs,
    ])
    const v3 = (await asked({ messages }, { specificationVersion: 'v3' })).prompt
    expect(v3[0]!.content).toMatchObject([{ data: 'AQID' }, { data: 'https://pictures.test/1' }])
    expect((v3[2]!.content as Fields[]).map(output)).toEqual([
      {
        type: 'content',
        value: [
          { type: 'text', text: 'See:' },
          { type: 'image-data', mediaType: 'image/png', data: 'AQID' },
        ],
      },
      ...outputs,
    ])
  })

  test('is not given what it cannot take: an address that it does not read, a file of another store', async () => {
    const given = (part: Part): Promise<Fields> => codeOf(read([done], { messages: [{ role: 'user', parts: [part] }] }))
    const unsupported = { code: 'model/unsupported', retryable: false }
    expect(await given({ type: 'media', mime: 'image/png', url: 'https://elsewhere.test/1' })).toEqual(unsupported)
    expect(await given({ type: 'media', mime: 'image/png', url: 'no address' })).toEqual(unsupported)
    expect(await given({ type: 'media', mime: 'image/png', ref: 'hash' })).toEqual(unsupported)
    const past: Message = { role: 'assistant', parts: [{ type: 'media', mime: 'image/png', ref: 'hash', name: 'cat.png' }] }
    expect((await asked({ messages: [past, user('and?')] })).prompt[0]!.content).toEqual([{ type: 'text', text: '[cat.png]' }])
  })

  test('does not get what another wire made to be replayed', async () => {
    const foreign = { wire: 'anthropic-messages', data: { signature: 's' } }
    const { prompt } = await asked({
      messages: [
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', text: 'Hm.', replay: foreign },
            { type: 'opaque', kind: 'x', replay: foreign },
            { type: 'call', id: 's', name: 'search', input: {}, by: 'provider', replay: foreign },
            { type: 'text', text: 'Hi.', replay: foreign },
          ],
        },
        user('more'),
      ],
    })
    expect(prompt[0]!.content).toEqual([{ type: 'text', text: 'Hi.' }])
  })

  test('gets ids that every vendor takes, but its own as it made them', async () => {
    const long = `fc_${'x'.repeat(80)}`
    const talk = (call: Part): Message[] => [
      { role: 'assistant', parts: [call] },
      { role: 'tool', parts: [{ type: 'result', id: (call as { id: string }).id, name: 't', output: 1 }] },
    ]
    const idsOf = async (call: Part): Promise<unknown[]> =>
      (await asked({ messages: [user('a'), ...talk(call)] })).prompt.slice(1).map(({ content }) => (content as Fields[])[0]!.toolCallId)
    const [given, answered] = await idsOf({ type: 'call', id: long, name: 't', input: {} })
    expect(given).toMatch(/^[\w-]{1,40}$/)
    expect(answered).toBe(given)
    const own = 'functions.t:0'
    const { parts } = await read([{ type: 'tool-call', toolCallId: own, toolName: 't', input: '{}' }, done])
    expect(await idsOf(parts[0]!)).toEqual([own, own])
    expect((await idsOf({ type: 'call', id: own, name: 't', input: {} }))[0]).not.toBe(own)
  })

  test('refuses media that it was said not to take, and gives words for them in history', async () => {
    const sound: Part = { type: 'media', mime: 'audio/wav', data: 'AQID' }
    const limited = (messages: Message[], from = fake([done])): Promise<Answer> =>
      collect(fromAISDK(from, { capabilities: { input: ['text', 'image'] } })({ messages }))
    expect(await codeOf(limited([{ role: 'user', parts: [sound] }]))).toEqual({ code: 'model/unsupported', retryable: false })
    const from = fake([done])
    await limited(
      [
        { role: 'user', parts: [sound, { type: 'media', mime: 'image/png', data: 'AQID' }] },
        { role: 'assistant', parts: [{ type: 'text', text: 'a' }] },
        user('b'),
      ],
      from,
    )
    expect((from.asked[0]!.prompt as Fields[])[0]!.content).toMatchObject([
      { type: 'text', text: '[audio/wav]' },
      { type: 'file', mediaType: 'image/png' },
    ])
  })

  test('may end its blocks late or overlap them, and nothing is said twice', async () => {
    const { parts } = await read([
      { type: 'reasoning-start', id: 'r' },
      { type: 'reasoning-delta', id: 'r', delta: 'Hm.' },
      { type: 'text-start', id: 't' },
      { type: 'text-delta', id: 't', delta: 'Hi.' },
      { type: 'reasoning-end', id: 'r', providerMetadata: { p: { s: 1 } } },
      { type: 'text-end', id: 't' },
      done,
    ])
    expect(parts).toEqual([
      { type: 'reasoning', text: 'Hm.' },
      { type: 'text', text: 'Hi.' },
      { type: 'reasoning', text: '', replay: { wire: 'ai-sdk', data: { p: { s: 1 } } } },
    ])
  })

  test.each([
    [
      { inputTokens: { total: 5, cacheRead: 2, cacheWrite: 1 }, outputTokens: { total: 4, reasoning: 3 } },
      { input: 5, output: 4, cacheRead: 2, cacheWrite: 1, reasoning: 3 },
    ],
    [
      { inputTokens: { noCache: 2, cacheRead: 2 }, outputTokens: { text: 1, reasoning: 3 } },
      { input: 4, output: 4, cacheRead: 2, reasoning: 3 },
    ],
    [
      { inputTokens: { total: undefined }, outputTokens: { total: 4 } },
      { input: 0, output: 4 },
    ],
    [
      { inputTokens: { total: 'x' }, outputTokens: null },
      { input: 0, output: 0 },
    ],
    [undefined, { input: 0, output: 0 }],
  ])('counts %j', async (usage, counted) => {
    expect((await read([{ ...done, usage }])).usage).toEqual(counted)
  })

  test.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['content-filter', 'refusal'],
    ['tool-calls', 'tools'],
    ['error', 'error'],
    ['other', 'other'],
    ['later', 'other'],
  ])('ends with %s as %s', async (unified, finish) => {
    expect((await read([{ ...done, finishReason: { unified } }])).finish).toBe(finish)
  })

  const api = (statusCode: number | undefined, more: Fields = {}): Error =>
    Object.assign(new Error('secret body'), { name: 'AI_APICallError', statusCode, isRetryable: false, ...more })
  test.each([
    [api(401), { code: 'model/auth', retryable: false, status: 401 }],
    [api(404), { code: 'model/unknown', retryable: false, status: 404 }],
    [api(429, { responseHeaders: { 'retry-after': '2' } }), { code: 'model/rate', retryable: true, retryAfter: 2000, status: 429 }],
    [api(400, { responseBody: 'maximum context length is 8' }), { code: 'model/context', retryable: false, status: 400 }],
    [api(500), { code: 'model/http', retryable: true, status: 500 }],
    [api(529), { code: 'model/overloaded', retryable: true, status: 529 }],
    [Object.assign(new Error('x'), { name: 'AI_LoadAPIKeyError' }), { code: 'model/auth', retryable: false }],
    [Object.assign(new Error('x'), { name: 'AI_UnsupportedFunctionalityError' }), { code: 'model/unsupported', retryable: false }],
    [Object.assign(new Error('x'), { name: 'AI_JSONParseError' }), { code: 'model/garbled', retryable: false }],
    [new TypeError('fetch failed'), { code: 'model/http', retryable: true }],
    [{ type: 'overloaded_error' }, { code: 'model/overloaded', retryable: true }],
    ['no reason', { code: 'model/http', retryable: true }],
  ])('that fails with %o is a %j, thrown or streamed', async (error, expected) => {
    const thrown = { doStream: () => Promise.reject(error), doGenerate: () => Promise.reject(error) } as never
    expect(await codeOf(read([], {}, thrown))).toEqual(expected)
    expect(await codeOf(read([], { stream: false }, thrown))).toEqual(expected)
    expect(
      await codeOf(
        read([
          { type: 'text-delta', id: 'a', delta: 'x' },
          { type: 'error', error },
        ]),
      ),
      // once it has begun, an error of the platform is a connection that broke
    ).toEqual(error instanceof TypeError ? { code: 'model/truncated', retryable: true } : expected)
    await read([], {}, thrown).catch(({ message }: Error) => expect(message).not.toContain('secret'))
  })

  test('that stops in the middle is truncated, and one of another specification a mistake', async () => {
    const truncated = { code: 'model/truncated', retryable: true }
    expect(await codeOf(read([{ type: 'text-delta', id: 'a', delta: 'x' }]))).toEqual(truncated)
    expect(await codeOf(read([{ ...done, finishReason: { unified: 'interrupted' } }]))).toEqual(truncated)
    expect(await codeOf(read([], { stream: false }, { doGenerate: async () => ({}) }))).toEqual({ code: 'model/garbled', retryable: false })
    expect(() => fromAISDK({ ...fake([]), specificationVersion: 'v2' })).toThrow(TypeError)
  })

  test('that hangs and ignores the signal is left at once, and its stream is cancelled', async () => {
    let cancelled = false
    const hanging = new ReadableStream({
      start: (controller) => controller.enqueue({ type: 'text-delta', id: 'a', delta: 'x' }),
      cancel: () => void (cancelled = true),
    })
    const abort = new AbortController()
    const reading = fromAISDK(fake([], { doStream: async () => ({ stream: hanging }) }))({ ...hi, signal: abort.signal })
    const seen: Chunk[] = []
    const reason = new Error('enough')
    const work = (async () => {
      for await (const chunk of reading) {
        seen.push(chunk)
        abort.abort(reason)
      }
    })()
    await expect(work).rejects.toBe(reason)
    expect(seen).toEqual([{ type: 'text', delta: 'x' }])
    expect(cancelled).toBe(true)
    await expect(collect(fromAISDK(fake([done]))({ ...hi, signal: abort.signal }))).rejects.toBe(reason)
  })

  test('that never says which addresses it reads is left at the signal', async () => {
    const reason = new Error('enough')
    const abort = new AbortController()
    const reading = read([done], { signal: abort.signal }, { supportedUrls: new Promise<never>(() => {}) })
    abort.abort(reason)
    await expect(reading).rejects.toBe(reason)
  })

  test('whatever it throws, nothing but a KitError is thrown', async () => {
    const circular: Fields = {}
    circular.request = circular
    for (const thrown of [circular, 1n, { n: 1n }, 'text', undefined, null, Symbol('s'), { toJSON: () => ({ n: 1n }) }])
      for (const stream of [false, true]) {
        const fail = (): Promise<never> => Promise.reject(thrown)
        const failed = codeOf(read([], { stream }, { doStream: fail, doGenerate: fail }))
        expect(await failed, typeof thrown).toMatchObject({ code: 'model/http' })
      }
  })

  test('whatever it streams, nothing but a KitError is thrown', async () => {
    const kinds = [
      'text-start',
      'text-delta',
      'text-end',
      'reasoning-end',
      'tool-input-start',
      'tool-input-delta',
      'tool-call',
      'tool-result',
      'file',
      'source',
      'custom',
      'finish',
      'error',
      'stream-start',
    ]
    const part = fc
      .record({ type: fc.constantFrom(...kinds) })
      .chain((base) => fc.object({ maxDepth: 2 }).map((more) => ({ ...more, ...base })))
    const named = fc.record({
      type: fc.constantFrom(...kinds),
      id: fc.anything(),
      delta: fc.anything(),
      toolCallId: fc.anything(),
      input: fc.anything(),
      result: fc.anything(),
      data: fc.anything(),
      providerMetadata: fc.anything(),
      usage: fc.anything(),
      finishReason: fc.anything(),
      error: fc.anything(),
      warnings: fc.anything(),
      citations: fc.anything(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(part, named, fc.anything()), { maxLength: 6 }), async (parts) => {
        await read(parts).catch((error: unknown) => {
          if (!(error instanceof KitError)) throw error
        })
      }),
      { numRuns: 200 },
    )
  })
})

describe('a model of ours for the AI SDK', () => {
  const words = (prompt: unknown[] = [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }], more: Fields = {}): never =>
    ({ prompt, ...more }) as never
  const partsOf = async (stream: ReadableStream<unknown>): Promise<Fields[]> => {
    const parts: Fields[] = []
    const reader = stream.getReader()
    for (;;) {
      const { value, done: ended } = await reader.read()
      if (ended) return parts
      parts.push(value as Fields)
    }
  }

  test('says all that the specification has a place for', async () => {
    const replay = { wire: 'w', data: { s: 1 } }
    const from = scripted({
      chunks: [
        { type: 'notice', code: 'model/unsupported', message: 'no seed here' },
        { type: 'reasoning', delta: 'Hm.' },
        { type: 'part', part: { type: 'reasoning', text: 'Hm.', replay } },
        { type: 'text', delta: 'Hi.' },
        { type: 'source', source: { url: 'https://x.test', start: 0, end: 3 } },
        { type: 'tool-input', id: 'c', name: 'clock', delta: '{}' },
        { type: 'part', part: { type: 'call', id: 'c', name: 'clock', input: {} } },
        { type: 'part', part: { type: 'media', mime: 'image/png', data: 'AQID' } },
        { type: 'part', part: { type: 'opaque', kind: 'item', replay } },
        { type: 'part', part: { type: 'refusal', text: 'No.' } },
        { type: 'usage', usage: { input: 5, output: 4, cacheRead: 2, reasoning: 3 } },
        { type: 'finish', reason: 'refusal', raw: 'refusal', model: 'm-1', id: 'r' },
      ],
    })
    const { stream } = await toAISDK(from).doStream(words())
    const own = { providerMetadata: { edgeswarm: { replay } } }
    expect(await partsOf(stream)).toEqual([
      { type: 'stream-start', warnings: [{ type: 'other', message: 'no seed here' }] },
      { type: 'reasoning-start', id: '0' },
      { type: 'reasoning-delta', id: '0', delta: 'Hm.' },
      { type: 'reasoning-end', id: '0', ...own },
      { type: 'text-start', id: '1' },
      { type: 'text-delta', id: '1', delta: 'Hi.' },
      {
        type: 'source',
        sourceType: 'url',
        id: 'source-0',
        url: 'https://x.test',
        providerMetadata: { edgeswarm: { source: { url: 'https://x.test', start: 0, end: 3 } } },
      },
      { type: 'text-end', id: '1' },
      { type: 'tool-input-start', id: 'c', toolName: 'clock' },
      { type: 'tool-input-delta', id: 'c', delta: '{}' },
      { type: 'tool-input-end', id: 'c' },
      { type: 'tool-call', toolCallId: 'c', toolName: 'clock', input: '{}' },
      { type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AQID' } },
      { type: 'custom', kind: 'edgeswarm.item', ...own },
      { type: 'text-start', id: '2', providerMetadata: { edgeswarm: { refusal: true } } },
      { type: 'text-delta', id: '2', delta: 'No.' },
      { type: 'text-end', id: '2', providerMetadata: { edgeswarm: { refusal: true } } },
      { type: 'response-metadata', id: 'r', modelId: 'm-1' },
      {
        type: 'finish',
        finishReason: { unified: 'content-filter', raw: 'refusal' },
        usage: {
          inputTokens: { total: 5, noCache: 3, cacheRead: 2, cacheWrite: undefined },
          outputTokens: { total: 4, text: 1, reasoning: 3 },
        },
      },
    ])
  })

  test('is asked what the AI SDK asks, of whatever version its parts are', async () => {
    const from = scripted('ok')
    await toAISDK(from).doGenerate({
      maxOutputTokens: 9,
      temperature: 0.5,
      topP: 0.9,
      topK: 4,
      stopSequences: ['END'],
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      reasoning: 'low',
      responseFormat: { type: 'json', schema: { type: 'object' }, name: 'n' },
      toolChoice: { type: 'tool', toolName: 'clock' },
      tools: [
        { type: 'function', name: 'clock', inputSchema: { type: 'object' }, strict: true },
        { type: 'provider', id: 'edgeswarm.gemini', name: 'search', args: { googleSearch: {} } },
        { type: 'provider', id: 'openai.web_search', name: 'web', args: {} },
      ],
      providerOptions: { 'openai-chat': { user: 'u' } },
      prompt: [
        { role: 'system', content: 'Be kind.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look:' },
            { type: 'file', mediaType: 'image', data: { type: 'data', data: new Uint8Array([1, 2, 3]) } },
            { type: 'file', mediaType: 'image/png', data: new URL('https://x.test/1') },
            { type: 'file', mediaType: 'text/plain', data: { type: 'text', text: 'abc' } },
            { type: 'file', mediaType: 'application/pdf', data: 'AQID', filename: 'a.pdf' },
            { type: 'file', mediaType: 'application/pdf', data: { type: 'reference', reference: { openai: 'file-1' } } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'Hm.', providerOptions: { edgeswarm: { replay: { wire: 'gemini', data: { s: 1 } } } } },
            { type: 'text', text: 'No.', providerOptions: { edgeswarm: { refusal: true } } },
            { type: 'custom', kind: 'edgeswarm.item', providerOptions: { edgeswarm: { replay: { wire: 'gemini', data: 1 } } } },
            { type: 'tool-call', toolCallId: 'c', toolName: 'clock', input: { a: 1 } },
            { type: 'tool-call', toolCallId: 's', toolName: 'search', input: {}, providerExecuted: true },
            { type: 'tool-result', toolCallId: 's', toolName: 'search', output: { type: 'json', value: [1] } },
          ],
        },
        {
          role: 'tool',
          content: [
            {
              type: 'tool-result',
              toolCallId: 'c',
              toolName: 'clock',
              output: {
                type: 'content',
                value: [
                  { type: 'text', text: 'x' },
                  { type: 'image-url', url: 'https://x.test/2' },
                ],
              },
            },
            { type: 'tool-result', toolCallId: 'd', toolName: 'clock', output: { type: 'execution-denied' } },
            { type: 'tool-result', toolCallId: 'e', toolName: 'clock', output: { type: 'error-json', value: { a: 1 } } },
            { type: 'tool-approval-response', approvalId: 'a', approved: true },
          ],
        },
      ],
    })
    const replay = (data: unknown): Fields => ({ replay: { wire: 'gemini', data } })
    expect(from.calls[0]).toEqual({
      maxTokens: 9,
      temperature: 0.5,
      topP: 0.9,
      topK: 4,
      stop: ['END'],
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      reasoning: { effort: 'low' },
      output: { schema: { type: 'object' }, name: 'n' },
      toolChoice: { tool: 'clock' },
      tools: [
        { name: 'clock', input: { type: 'object' }, strict: true },
        { name: 'search', hosted: { wire: 'gemini', definition: { googleSearch: {} } } },
        { name: 'web', hosted: { wire: 'ai-sdk', definition: { type: 'provider', id: 'openai.web_search', name: 'web', args: {} } } },
      ],
      providerOptions: { 'openai-chat': { user: 'u' } },
      stream: false,
      signal: expect.any(AbortSignal) as AbortSignal,
      system: [{ type: 'text', text: 'Be kind.' }],
      messages: [
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'Look:' },
            { type: 'media', mime: 'image/*', data: 'AQID' },
            { type: 'media', mime: 'image/png', url: 'https://x.test/1' },
            { type: 'media', mime: 'text/plain', data: 'YWJj' },
            { type: 'media', mime: 'application/pdf', data: 'AQID', name: 'a.pdf' },
            { type: 'media', mime: 'application/pdf', ref: 'file-1', store: 'openai' },
          ],
        },
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', text: 'Hm.', ...replay({ s: 1 }) },
            { type: 'refusal', text: 'No.' },
            { type: 'opaque', kind: 'item', ...replay(1) },
            { type: 'call', id: 'c', name: 'clock', input: { a: 1 } },
            { type: 'call', id: 's', name: 'search', input: {}, by: 'provider' },
            { type: 'result', id: 's', name: 'search', output: [1], by: 'provider' },
          ],
        },
        {
          role: 'tool',
          parts: [
            {
              type: 'result',
              id: 'c',
              name: 'clock',
              parts: [
                { type: 'text', text: 'x' },
                { type: 'media', mime: 'image/*', url: 'https://x.test/2' },
              ],
            },
            { type: 'result', id: 'd', name: 'clock', error: { code: 'tool/declined', message: 'it was not allowed' } },
            { type: 'result', id: 'e', name: 'clock', error: { code: 'tool/failed', message: '{"a":1}' } },
          ],
        },
      ],
    })
  })

  test('that fails before it begins rejects, so that the SDK may try again; later it says so in the stream', async () => {
    const failing = (chunks: readonly Chunk[]): ReturnType<typeof toAISDK> =>
      toAISDK(
        model({ id: 'm', provider: 'p' }, async function* () {
          yield* chunks
          throw new KitError('model/rate', 'p answered 429', { retryable: true, retryAfter: 1500, status: 429 })
        }),
      )
    const expected = { name: 'AI_APICallError', statusCode: 429, isRetryable: true, responseHeaders: { 'retry-after-ms': '1500' } }
    await expect(failing([]).doStream(words())).rejects.toMatchObject(expected)
    await expect(failing([{ type: 'text', delta: 'x' }]).doGenerate(words())).rejects.toMatchObject(expected)
    const { stream } = await failing([{ type: 'text', delta: 'x' }]).doStream(words())
    expect((await partsOf(stream)).at(-1)).toMatchObject({ type: 'error', error: expected })
  })

  test('cannot take back what it said: an answer that begins anew ends with an error, unless nothing was said yet', async () => {
    const restarting = (...before: Chunk[]): ReturnType<typeof toAISDK> =>
      toAISDK(
        scripted({
          chunks: [...before, { type: 'restart', reason: 'failover' }, { type: 'text', delta: 'b' }, { type: 'finish', reason: 'stop' }],
        }),
      )
    const { stream } = await restarting({ type: 'text', delta: 'a' }).doStream(words())
    expect((await partsOf(stream)).map(({ type }) => type)).toEqual(['stream-start', 'text-start', 'text-delta', 'error'])
    expect(await restarting().doGenerate(words())).toMatchObject({ content: [{ type: 'text', text: 'b' }] })
  })

  test('that ends without an end is an error; one that says nothing too', async () => {
    await expect(toAISDK(scripted({ chunks: [{ type: 'text', delta: 'a' }] })).doGenerate(words())).rejects.toMatchObject({
      cause: { code: 'model/truncated' },
    })
    await expect(toAISDK(scripted({ chunks: [] })).doStream(words())).rejects.toMatchObject({ cause: { code: 'model/truncated' } })
  })

  test('is stopped by who leaves the stream, and by the signal', async () => {
    let stopped: AbortSignal | undefined
    const endless = toAISDK(
      model({ id: 'm', provider: 'p' }, async function* ({ signal }) {
        stopped = signal
        yield { type: 'text', delta: 'a' }
        await new Promise((_, reject) => {
          if (signal!.aborted) reject(signal!.reason as Error)
          signal!.addEventListener('abort', () => reject(signal!.reason as Error))
        })
      }),
    )
    const { stream } = await endless.doStream(words())
    const reader = stream.getReader()
    await reader.read()
    await reader.read()
    await reader.read()
    const waiting = reader.read()
    await reader.cancel()
    await waiting
    expect(stopped?.aborted).toBe(true)
    const abort = new AbortController()
    const generated = endless.doGenerate(words(undefined, { abortSignal: abort.signal }))
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(generated).rejects.toBe(reason)
  })
})

describe('there and back', () => {
  const text = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  const replay = fc.option(fc.record({ wire: fc.constantFrom('gemini', 'openai-responses'), data: fc.record({ s: fc.string() }) }), {
    nil: undefined,
  })
  const withReplay = (part: Part, data: Part['replay']): Part => ({ ...part, ...(data && { replay: data }) }) as Part
  const said = (type: 'text' | 'reasoning'): fc.Arbitrary<Chunk[]> =>
    fc
      .tuple(fc.array(text, { minLength: 1, maxLength: 3 }), replay)
      .map(([deltas, data]) => [
        ...deltas.map((delta): Chunk => ({ type, delta })),
        { type: 'part', part: withReplay({ type, text: deltas.join('') }, data) },
      ])
  const call = fc
    .tuple(
      fc.uuid(),
      fc.constantFrom('a', 'b'),
      fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 2 }),
      replay,
      fc.constantFrom('provider' as const, undefined),
    )
    .map(([id, name, input, data, by]): Chunk[] => {
      const json = JSON.parse(JSON.stringify(input)) as Fields
      return [
        { type: 'tool-input', id, name, delta: JSON.stringify(json) },
        { type: 'part', part: withReplay({ type: 'call', id, name, input: json, ...(by && { by }) }, data) },
        ...(by ? [{ type: 'part' as const, part: withReplay({ type: 'result', id, name, by, output: [name] }, data) }] : []),
      ]
    })
  const other = fc.oneof(
    fc.constant<Chunk[]>([{ type: 'part', part: { type: 'media', mime: 'image/png', data: 'AQID' } }]),
    text.map((word): Chunk[] => [{ type: 'part', part: { type: 'refusal', text: word } }]),
    replay.map((data): Chunk[] => [{ type: 'part', part: { type: 'opaque', kind: 'item', replay: data ?? { wire: 'x', data: 1 } } }]),
    text.map((title): Chunk[] => [{ type: 'source', source: { url: 'https://x.test', title, start: 1, end: 2 } }]),
  )
  const answer = fc
    .tuple(
      fc.array(fc.oneof(said('text'), said('reasoning'), call, other), { minLength: 1, maxLength: 6 }),
      fc.record({ input: fc.nat(999), output: fc.nat(999) }),
    )
    .map(([groups, usage]): Chunk[] => {
      const chunks = groups.flat()
      const called = chunks.some((chunk) => chunk.type === 'part' && chunk.part.type === 'call' && chunk.part.by !== 'provider')
      return [
        ...chunks,
        { type: 'usage', usage, model: 'm' },
        { type: 'finish', reason: called ? 'tools' : 'stop', raw: 'end', model: 'm', id: 'i' },
      ]
    })

  test('an answer is the same, chunk by chunk; as one body, part by part', async () => {
    await fc.assert(
      fc.asyncProperty(answer, async (chunks) => {
        const bridged = await all(fromAISDK(toAISDK(scripted({ chunks })))(hi))
        expect(bridged).toEqual(chunks)
        const whole = await collect(fromAISDK(toAISDK(scripted({ chunks })))({ ...hi, stream: false }))
        const plain = async function* (): AsyncGenerator<Chunk> {
          yield* chunks
        }
        expect(whole).toEqual(await collect(plain()))
      }),
      { numRuns: 100 },
    )
  })

  test('a conversation is the same: what an answer came with goes back to the wire that made it', async () => {
    await fc.assert(
      fc.asyncProperty(answer, async (chunks) => {
        const { parts } = await collect(fromAISDK(toAISDK(scripted({ chunks })))(hi))
        // a message of nothing is left out
        fc.pre(parts.length > 0)
        const inner = scripted('ok')
        await collect(fromAISDK(toAISDK(inner))({ messages: [user('hi'), { role: 'assistant', parts }, user('on')] }))
        expect(inner.calls[0]!.messages[1]).toEqual({ role: 'assistant', parts })
      }),
      { numRuns: 100 },
    )
  })

  test('an agent runs over it as over the model itself', async () => {
    const inner = scripted([{ type: 'call', id: '1', name: 'add', input: { a: 1 } }], 'It is 2.')
    const add = tool({ name: 'add', run: () => 2 })
    const result = await run(agent({ name: 'a', model: fromAISDK(toAISDK(inner)), tools: [add] }), 'What is 1 + 1?')
    expect(result).toMatchObject({ text: 'It is 2.', finish: 'stop', usage: { input: 2, output: 2 } })
    expect(inner.calls[1]!.messages.at(-1)).toEqual({ role: 'tool', parts: [{ type: 'result', id: '1', name: 'add', output: 2 }] })
  })
})
