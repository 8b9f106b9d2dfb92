// The real AI SDK on both sides of the bridge: its functions over our models, its providers under our loop.
import { createOpenAI } from '@ai-sdk/openai'
import { APICallError, generateText, type LanguageModel, Output, stepCountIs, streamText, tool as sdkTool } from 'ai'
import { convertArrayToReadableStream, MockLanguageModelV3, MockLanguageModelV4 } from 'ai/test'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { agent, type Chunk, collect, KitError, model, type Part, run, stream, tool, user } from '../../src/index.ts'
import { fromAISDK, toAISDK } from '../../src/providers/ai-sdk.ts'
import { openaiChat } from '../../src/providers/openai-chat.ts'
import { scripted } from '../../src/testing/index.ts'
import { type Recording, recorded, recordings, responseOf } from '../wire/recordings.ts'

type Fields = Record<string, unknown>
/** Parts that are the same in both specifications. */
type MockPart = PartOf<MockLanguageModelV3> & PartOf<MockLanguageModelV4>
type PartOf<M extends { doStream(options: never): PromiseLike<{ stream: ReadableStream<unknown> }> }> =
  Awaited<ReturnType<M['doStream']>>['stream'] extends ReadableStream<infer P> ? P : never

const call = (name: string, input: unknown, id = 'c1'): Part => ({ type: 'call', id, name, input })
const sse = (...events: unknown[]): Response =>
  new Response(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('') + 'data: [DONE]\n\n', {
    headers: { 'content-type': 'text/event-stream' },
  })
/** A server of Chat Completions that gives one answer after the other, and keeps what it was sent. */
function server(...answers: readonly (() => Response)[]): { fetch: typeof fetch; sent: Fields[] } {
  const sent: Fields[] = []
  return {
    sent,
    fetch: async (_url, init) => {
      sent.push(JSON.parse(init?.body as string) as Fields)
      return answers[sent.length - 1]!()
    },
  }
}
const chunk = (delta: unknown, finish_reason: string | null = null): Fields => ({
  id: 'r',
  model: 'm',
  choices: [{ index: 0, delta, finish_reason }],
})
const usage = { id: 'r', model: 'm', choices: [], usage: { prompt_tokens: 5, completion_tokens: 4, total_tokens: 9 } }
const calling = (): Response =>
  sse(
    chunk({
      role: 'assistant',
      tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":' } }],
    }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '"Rome"}' } }] }),
    chunk({}, 'tool_calls'),
    usage,
  )
const saying = (text: string) => (): Response => sse(chunk({ role: 'assistant', content: text }), chunk({}, 'stop'), usage)
const city = z.object({ city: z.string() })
const weather = sdkTool({ description: 'The weather.', inputSchema: city, execute: async ({ city: where }) => `sunny in ${where}` })

describe('our models in an app of the AI SDK', () => {
  test('are language models to its types and at run time', () => {
    const ours: LanguageModel = toAISDK(scripted())
    expect(ours).toMatchObject({ specificationVersion: 'v4', provider: 'testing', modelId: 'scripted' })
  })

  test('streamText streams their text and counts their usage', async () => {
    const result = streamText({ model: toAISDK(scripted('Hello from the edge.')), prompt: 'Hi' })
    const deltas: string[] = []
    for await (const delta of result.textStream) deltas.push(delta)
    expect(deltas.length).toBeGreaterThan(2)
    expect(deltas.join('')).toBe('Hello from the edge.')
    expect(await result.finishReason).toBe('stop')
    expect(await result.usage).toMatchObject({ inputTokens: 1, outputTokens: 1 })
  })

  test.each(['generateText', 'streamText'] as const)('%s runs its tools on their calls, step by step', async (how) => {
    const inner = scripted(
      [{ type: 'reasoning', text: 'Look.', replay: { wire: 'w', data: { signature: 's' } } }, call('weather', { city: 'Rome' })],
      'It is sunny.',
    )
    const options = { model: toAISDK(inner), prompt: 'Weather?', tools: { weather }, stopWhen: stepCountIs(3) }
    const result = how === 'generateText' ? await generateText(options) : streamText(options)
    expect(await result.text).toBe('It is sunny.')
    expect((await result.steps).map(({ toolResults }) => toolResults.map(({ output }) => output))).toEqual([['sunny in Rome'], []])
    expect(inner.calls[0]!.tools).toMatchObject([{ name: 'weather', description: 'The weather.', input: { type: 'object' } }])
    // what must go back to the provider came back through the SDK's own messages
    expect(inner.calls[1]!.messages.slice(1)).toEqual([
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', text: 'Look.', replay: { wire: 'w', data: { signature: 's' } } },
          { type: 'call', id: 'c1', name: 'weather', input: { city: 'Rome' } },
        ],
      },
      { role: 'tool', parts: [{ type: 'result', id: 'c1', name: 'weather', output: 'sunny in Rome' }] },
    ])
  })

  test('structured output reaches the model as a schema and the app as an object', async () => {
    const inner = scripted('{"city":"Rome"}')
    const { output } = await generateText({ model: toAISDK(inner), prompt: 'Where?', output: Output.object({ schema: city }) })
    expect(output).toEqual({ city: 'Rome' })
    expect(inner.calls[0]!.output).toMatchObject({ schema: { type: 'object', properties: { city: { type: 'string' } } } })
  })

  test('a call that names no tool of its is told to the SDK, which answers it', async () => {
    const inner = scripted([call('nothing', {})], 'Sorry.')
    const { text } = await generateText({ model: toAISDK(inner), prompt: 'Hi', tools: { weather }, stopWhen: stepCountIs(2) })
    expect(text).toBe('Sorry.')
    expect(inner.calls[1]!.messages.at(-1)).toMatchObject({
      role: 'tool',
      parts: [{ type: 'result', name: 'nothing', error: { code: 'tool/failed' } }],
    })
  })

  test('tools that the provider runs, and items without meaning, pass through its messages', async () => {
    const replay = { wire: 'w', data: { item: 1 } }
    const inner = scripted(
      [
        { type: 'call', id: 's', name: 'web_search', input: { q: 'x' }, by: 'provider', replay },
        { type: 'result', id: 's', name: 'web_search', output: ['found'], by: 'provider', replay },
        { type: 'opaque', kind: 'item', replay },
        call('weather', { city: 'Rome' }),
      ],
      'Done.',
    )
    const { text } = await generateText({ model: toAISDK(inner), prompt: 'Hi', tools: { weather }, stopWhen: stepCountIs(2) })
    expect(text).toBe('Done.')
    expect(inner.calls[1]!.messages[1]!.parts).toEqual(
      expect.arrayContaining([
        { type: 'call', id: 's', name: 'web_search', input: { q: 'x' }, by: 'provider', replay },
        { type: 'opaque', kind: 'item', replay },
      ]),
    )
    expect(inner.calls[1]!.messages[1]!.parts).toContainEqual(
      expect.objectContaining({ type: 'result', id: 's', output: ['found'], by: 'provider' }),
    )
  })

  test('openaiChat is asked by the SDK as it is by us: tools, calls, results, usage', async () => {
    const { fetch, sent } = server(calling, saying('It is sunny.'))
    const result = streamText({
      model: toAISDK(openaiChat('m', { apiKey: 'k', fetch })),
      instructions: 'Be brief.',
      prompt: 'Weather?',
      tools: { weather },
      temperature: 0.5,
      toolChoice: 'auto',
      stopWhen: stepCountIs(3),
    })
    expect(await result.text).toBe('It is sunny.')
    expect(await result.totalUsage).toMatchObject({ inputTokens: 10, outputTokens: 8 })
    expect(sent[0]).toMatchObject({ temperature: 0.5, tool_choice: 'auto', messages: [{ role: 'system' }, { role: 'user' }] })
    expect((sent[1]!.messages as Fields[]).slice(2)).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'weather', arguments: '{"city":"Rome"}' } }] },
      { role: 'tool', tool_call_id: 'call_1', content: 'sunny in Rome' },
    ])
  })

  test('an error before the answer is one that the SDK tries again after the time that was asked; one that is final is not', async () => {
    const busy = (): Response => new Response('{}', { status: 429, headers: { 'retry-after-ms': '5' } })
    const once = server(busy, saying('Here.'))
    expect((await generateText({ model: toAISDK(openaiChat('m', { apiKey: 'k', fetch: once.fetch })), prompt: 'Hi' })).text).toBe('Here.')
    expect(once.sent).toHaveLength(2)
    const wrong = server(() => new Response('{}', { status: 401 }))
    const error = await generateText({ model: toAISDK(openaiChat('m', { apiKey: 'k', fetch: wrong.fetch })), prompt: 'Hi' }).catch(
      (thrown: unknown) => thrown,
    )
    expect(APICallError.isInstance(error)).toBe(true)
    expect(error).toMatchObject({ statusCode: 401, isRetryable: false, cause: { code: 'model/auth' } })
    expect(wrong.sent).toHaveLength(1)
  })

  test('an app that aborts stops the model', async () => {
    let stopped = false
    const endless = model({ id: 'm', provider: 'p' }, async function* ({ signal }): AsyncGenerator<Chunk> {
      try {
        for (;;) {
          signal!.throwIfAborted()
          yield { type: 'text', delta: 'on ' }
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
      } finally {
        stopped = true
      }
    })
    const abort = new AbortController()
    const result = streamText({ model: toAISDK(endless), prompt: 'Hi', abortSignal: abort.signal })
    const parts: string[] = []
    for await (const { type } of result.fullStream) {
      parts.push(type)
      if (parts.length === 5) abort.abort()
    }
    expect(parts).toContain('abort')
    for (let tries = 0; !stopped && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(stopped).toBe(true)
  })
})

describe('models of the AI SDK in our loop', () => {
  const ourWeather = tool({ name: 'weather', description: 'The weather.', input: city, run: ({ city: where }) => `sunny in ${where}` })

  test.each(['chat', 'responses'] as const)('its OpenAI provider (%s) is run with tools and streams', async (api) => {
    const answers =
      api === 'chat'
        ? [calling, saying('It is sunny.')]
        : [
            (): Response =>
              sse(
                { type: 'response.created', response: { id: 'r1', created_at: 1, model: 'm' } },
                {
                  type: 'response.output_item.added',
                  output_index: 0,
                  item: { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'weather', arguments: '' },
                },
                { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 0, delta: '{"city":"Rome"}' },
                {
                  type: 'response.output_item.done',
                  output_index: 0,
                  item: {
                    type: 'function_call',
                    id: 'fc_1',
                    call_id: 'call_1',
                    name: 'weather',
                    arguments: '{"city":"Rome"}',
                    status: 'completed',
                  },
                },
                { type: 'response.completed', response: { usage: { input_tokens: 5, output_tokens: 4 } } },
              ),
            (): Response =>
              sse(
                { type: 'response.created', response: { id: 'r2', created_at: 1, model: 'm' } },
                { type: 'response.output_item.added', output_index: 0, item: { type: 'message', id: 'msg_1' } },
                { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, content_index: 0, delta: 'It is sunny.' },
                { type: 'response.output_item.done', output_index: 0, item: { type: 'message', id: 'msg_1' } },
                { type: 'response.completed', response: { usage: { input_tokens: 5, output_tokens: 4 } } },
              ),
          ]
    const { fetch, sent } = server(...answers)
    const theirs = createOpenAI({ apiKey: 'k', fetch })[api]('gpt-4.1')
    const events: string[] = []
    let text = ''
    for await (const event of stream(
      agent({ name: 'a', model: fromAISDK(theirs), tools: [ourWeather], settings: { temperature: 0.5 } }),
      'Weather?',
    )) {
      events.push(event.type)
      if (event.type === 'text') text += event.delta
      if (event.type === 'finish') expect(event).toMatchObject({ reason: 'stop', usage: { input: 10, output: 8 } })
    }
    expect(text).toBe('It is sunny.')
    expect(events).toEqual(expect.arrayContaining(['tool-input', 'tool-call', 'tool-result', 'text']))
    expect(sent[0]).toMatchObject({ temperature: 0.5, model: 'gpt-4.1' })
    const back = JSON.stringify(api === 'chat' ? sent[1]!.messages : sent[1]!.input)
    expect(back).toContain('sunny in Rome')
    expect(back).toContain('call_1')
  })

  test('its OpenAI provider fails with our codes, and does not say why to a client', async () => {
    const failing = (status: number, body = '{}'): Promise<unknown> =>
      run(
        agent({
          name: 'a',
          model: fromAISDK(
            createOpenAI({ apiKey: 'k', fetch: async () => new Response(body, { status, headers: { 'retry-after': '3' } }) }).chat('m'),
          ),
        }),
        'Hi',
      ).catch((error: unknown) => error)
    expect(await failing(401)).toMatchObject({ code: 'model/auth', retryable: false, status: 401 })
    expect(await failing(429)).toMatchObject({ code: 'model/rate', retryable: true, retryAfter: 3000 })
    const full = await failing(
      400,
      '{"error":{"message":"maximum context length is 8 tokens: secret","type":"x","code":"context_length_exceeded"}}',
    )
    expect(full).toMatchObject({ code: 'model/context' })
    expect((full as KitError).message).not.toContain('secret')
  })

  const usageOf = {
    inputTokens: { total: 5, noCache: 3, cacheRead: 2, cacheWrite: undefined },
    outputTokens: { total: 4, text: 1, reasoning: 3 },
  }
  const parts: MockPart[] = [
    { type: 'stream-start' as const, warnings: [] },
    { type: 'reasoning-start' as const, id: 'r' },
    { type: 'reasoning-delta' as const, id: 'r', delta: 'Hm.' },
    { type: 'reasoning-end' as const, id: 'r', providerMetadata: { anthropic: { signature: 's' } } },
    { type: 'tool-call' as const, toolCallId: 'c', toolName: 'weather', input: '{"city":"Rome"}' },
    { type: 'finish' as const, finishReason: { unified: 'tool-calls' as const, raw: 'tool_use' }, usage: usageOf },
  ]
  const last: MockPart[] = [
    { type: 'text-start' as const, id: 't' },
    { type: 'text-delta' as const, id: 't', delta: 'Done.' },
    { type: 'text-end' as const, id: 't' },
    { type: 'finish' as const, finishReason: { unified: 'stop' as const, raw: 'end_turn' }, usage: usageOf },
  ]
  test.each([
    ['v3', () => new MockLanguageModelV3({ doStream: [parts, last].map((each) => ({ stream: convertArrayToReadableStream(each) })) })],
    ['v4', () => new MockLanguageModelV4({ doStream: [parts, last].map((each) => ({ stream: convertArrayToReadableStream(each) })) })],
  ] as const)('the mock of specification %s is run, and gets its signatures back', async (_, make) => {
    const mock = make()
    const result = await run(agent({ name: 'a', model: fromAISDK(mock), tools: [ourWeather], instructions: 'Be brief.' }), 'Hi')
    expect(result).toMatchObject({ text: 'Done.', finish: 'stop', usage: { input: 10, output: 8, cacheRead: 4, reasoning: 6 } })
    expect(mock.doStreamCalls[1]!.prompt).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm.', providerOptions: { anthropic: { signature: 's' } } },
          { type: 'tool-call', toolCallId: 'c', toolName: 'weather', input: { city: 'Rome' } },
        ],
      },
      {
        role: 'tool',
        content: [{ type: 'tool-result', toolCallId: 'c', toolName: 'weather', output: { type: 'text', value: 'sunny in Rome' } }],
      },
    ])
  })
})

describe.skipIf(!recorded)('recorded OpenAI traffic', () => {
  const good = recordings(['openai.chat']).filter(
    // of several choices that come interleaved their provider makes one
    ({ request, response: { status, sse: events } }) => status === 200 && events !== undefined && !(Number(request?.body?.n) > 1),
  )
  const answering =
    (recording: Recording): typeof fetch =>
    async () =>
      responseOf(recording, 7)
  const said = async (chunks: AsyncIterable<Chunk>): Promise<Fields> => {
    const { parts, usage: counted, finish } = await collect(chunks)
    return {
      text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
      calls: parts.flatMap((part) => (part.type === 'call' ? [{ id: part.id, name: part.name, input: part.input }] : [])),
      usage: { input: counted.input, output: counted.output },
      finish,
    }
  }
  test('their provider under our bridge says the same as our own, and ours in their app too', async () => {
    for (const recording of good) {
      const hi = { messages: [user('hi')] }
      const ours = await said(openaiChat('m', { apiKey: 'k', fetch: answering(recording) })(hi))
      const theirs = await said(fromAISDK(createOpenAI({ apiKey: 'k', fetch: answering(recording) }).chat('m'))(hi))
      expect(theirs, recording.id).toEqual(ours)
      const result = streamText({ model: toAISDK(openaiChat('m', { apiKey: 'k', fetch: answering(recording) })), prompt: 'hi' })
      expect(await result.text, recording.id).toBe(ours.text)
    }
    console.log(`wire: openai chat by the AI SDK: ${good.length} streams`)
    expect(good.length).toBeGreaterThanOrEqual(6)
  })
})
