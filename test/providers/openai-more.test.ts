// The small services of OpenAI that stand by themselves, and `providerOptions` at every level.
import { describe, expect, test } from 'vitest'
import { type Chunk, collect, KitError, type Message, type ModelCall, user } from '../../src/index.ts'
import { openaiChat } from '../../src/providers/openai-chat.ts'
import { compact } from '../../src/providers/openai-compact.ts'
import { openaiCompletions } from '../../src/providers/openai-completions.ts'
import { openaiConversations } from '../../src/providers/openai-conversations.ts'
import { moderate } from '../../src/providers/openai-moderation.ts'
import { clientSecret } from '../../src/providers/openai-realtime.ts'
import { openai } from '../../src/providers/openai.ts'
import { breaking, serving } from './served.ts'

const json = (body: unknown, status = 200): Response => Response.json(body, { status })
const sse = (...events: unknown[]): Response =>
  new Response(events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  })
const hi: ModelCall = { messages: [user('hi')] }

const small: readonly (readonly [string, (fetch: typeof globalThis.fetch, signal?: AbortSignal) => Promise<unknown>])[] = [
  ['moderate', (fetch, signal) => moderate('x', { fetch, signal })],
  ['clientSecret', (fetch, signal) => clientSecret({}, { fetch, signal })],
  ['compact', (fetch, signal) => compact('gpt-5.4', { ...hi, signal }, { fetch })],
  ['conversations.create', (fetch, signal) => openaiConversations({ fetch }).create({ signal })],
  ['completions', (fetch, signal) => collect(openaiCompletions('m', { fetch })({ ...hi, signal }))],
]

describe.each(small)('faults of %s', (_name, asking) => {
  test('are told by their codes', async () => {
    for (const [status, code, retryable] of [
      [401, 'model/auth', false],
      [429, 'model/rate', true],
      [500, 'model/http', true],
    ] as const)
      await expect(asking(serving(json({ error: { message: 'secret' } }, status)).fetch)).rejects.toMatchObject({ code, status, retryable })
    for (const body of ['not json', '7'])
      await expect(asking(serving(new Response(body, { headers: { 'content-type': 'application/json' } })).fetch)).rejects.toBeInstanceOf(
        KitError,
      )
    await expect(asking(serving(json({})).fetch)).rejects.toMatchObject({ code: expect.stringMatching(/garbled|truncated/) as string })
    await expect(asking(serving(breaking('{"id"')).fetch)).rejects.toMatchObject({ code: 'model/truncated' })
    const abort = new AbortController()
    abort.abort(new Error('gone'))
    await expect(asking(serving(json({})).fetch, abort.signal)).rejects.toThrow('gone')
  })
})

describe('moderation', () => {
  test('judges text and images, and takes nothing that is no judgement', async () => {
    const { fetch, asked } = serving(
      json({ results: [{ flagged: true, categories: { hate: true, odd: 'x' }, category_scores: { hate: 0.9, odd: null } }] }),
    )
    const content = [
      { type: 'text' as const, text: 'a' },
      { type: 'media' as const, mime: 'image/png', data: 'AAAA' },
    ]
    expect(await moderate(content, { fetch })).toEqual({ flagged: true, categories: { hate: true }, scores: { hate: 0.9 } })
    expect(asked[0]!.body).toEqual({
      model: 'omni-moderation-latest',
      input: [
        { type: 'text', text: 'a' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      ],
    })
    await expect(moderate([{ type: 'media', mime: 'audio/wav', data: 'AAAA' }], { fetch })).rejects.toMatchObject({
      code: 'model/unsupported',
    })
    expect(asked).toHaveLength(1)
  })
})

test('a conversation of OpenAI’s own is made, known, and gone', async () => {
  const { fetch, asked } = serving(
    json({ id: 'conv_1' }),
    json({ id: 'conv_1' }),
    json({ error: {} }, 404),
    json({ error: {} }, 500),
    json({ deleted: true }),
  )
  const conversations = openaiConversations({ fetch })
  expect(await conversations.create()).toBe('conv_1')
  expect(await conversations.has('conv_1')).toBe(true)
  expect(await conversations.has('conv_2')).toBe(false)
  await expect(conversations.has('conv_3')).rejects.toMatchObject({ code: 'model/http' })
  await conversations.delete('conv/1')
  expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /v1/conversations',
    'GET /v1/conversations/conv_1',
    'GET /v1/conversations/conv_2',
    'GET /v1/conversations/conv_3',
    'DELETE /v1/conversations/conv%2F1',
  ])
})

test('a conversation that was shortened goes on where it was, and only there', async () => {
  const output = [
    {
      type: 'message',
      role: 'user',
      content: [
        { type: 'input_text', text: 'hi' },
        { type: 'input_image', image_url: 'data:image/png;base64,AAAA' },
        { type: 'input_file', file_id: 'file-1' },
        { type: 'input_image', image_url: 'https://i.example/1' },
        {},
      ],
    },
    { type: 'message', role: 'developer', content: 'be brief' },
    { type: 'message', role: 'assistant', id: 'msg_1', content: [{ type: 'output_text', text: 'hello' }] },
    { type: 'compaction', id: 'cmp_1', encrypted_content: 'sealed' },
    'odd',
  ]
  const { fetch, asked } = serving(
    json({ output, usage: { input_tokens: 9, output_tokens: 4 } }),
    json({ status: 'completed', output: [] }),
  )
  const { messages, usage } = await compact(
    'gpt-5.4',
    { system: 'S', messages: [user('hi')], providerOptions: { 'openai-responses': { prompt_cache_key: 'k' } } },
    { fetch },
  )
  expect(usage).toEqual({ input: 9, output: 4 })
  expect(asked[0]!.body).toEqual({ model: 'gpt-5.4', instructions: 'S', input: [{ role: 'user', content: 'hi' }], prompt_cache_key: 'k' })
  expect(messages.map(({ role, parts }) => [role, parts.map(({ type }) => type)])).toEqual([
    ['user', ['text', 'media', 'media', 'media']],
    ['system', ['text']],
    ['assistant', ['text', 'opaque']],
  ])
  await collect(openai('gpt-5.4', { fetch })({ messages: [...messages, user('more')] }))
  expect((asked[1]!.body as { input: unknown[] }).input.at(-2)).toEqual(output[3])
  const other = serving(json({ choices: [{ message: { content: 'ok' }, finish_reason: 'stop' }] }))
  await collect(openaiChat('gpt-5.4', { fetch: other.fetch })({ messages: [...messages, user('more')] }))
  expect(JSON.stringify(other.asked[0]!.body)).not.toContain('sealed')
})

describe('the older Completions API', () => {
  test('goes on from a text; the first of several answers is read, and the end says why', async () => {
    const { fetch, asked } = serving(
      sse(
        {
          id: 'c',
          model: 'm-1',
          choices: [
            { index: 0, text: 'a' },
            { index: 1, text: 'X' },
          ],
        },
        { choices: [{ index: 0, text: 'b', finish_reason: 'length' }] },
        { choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } },
        '[DONE]',
        'ignored',
      ),
    )
    const call: ModelCall = {
      system: 'S',
      messages: [user('one'), user('two')],
      maxTokens: 5,
      stop: ['.'],
      tools: [{ name: 't' }],
      providerOptions: { 'openai-completions': { suffix: '}' } },
    }
    const chunks: Chunk[] = []
    for await (const chunk of openaiCompletions('m', { fetch })(call)) chunks.push(chunk)
    expect(chunks).toEqual([
      { type: 'notice', code: 'model/unsupported', message: 'openai was not told: tools', data: { dropped: ['tools'] } },
      { type: 'text', delta: 'a' },
      { type: 'text', delta: 'b' },
      { type: 'usage', usage: { input: 3, output: 2 }, model: 'm-1' },
      { type: 'finish', reason: 'length', raw: 'length', model: 'm-1', id: 'c' },
    ])
    expect(asked[0]!.body).toEqual({
      model: 'm',
      prompt: 'S\n\none\n\ntwo',
      max_tokens: 5,
      stop: ['.'],
      suffix: '}',
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  test('answers whole where that was asked for; an early end and an error in a stream are none', async () => {
    const whole = serving(json({ choices: [{ index: null, text: 'ab', finish_reason: 'stop' }] }))
    expect(await collect(openaiCompletions('m', { fetch: whole.fetch })({ ...hi, stream: false }))).toMatchObject({
      parts: [{ type: 'text', text: 'ab' }],
      finish: 'stop',
    })
    for (const [events, code] of [
      [[{ choices: [{ index: 0, text: 'a' }] }], 'model/truncated'],
      [[{ choices: [{ index: 0, text: 'a' }] }, { error: { message: 'x', code: 'server_error' } }], 'model/http'],
      [['{'], 'model/garbled'],
    ] as const)
      await expect(collect(openaiCompletions('m', { fetch: serving(sse(...events)).fetch })(hi))).rejects.toMatchObject({ code })
  })
})

describe('providerOptions', () => {
  const at = (own: string): { call: ModelCall; image: Message } => {
    const marked = { [own]: { prompt_cache_breakpoint: { mode: 'explicit' } } }
    const image: Message = {
      role: 'user',
      providerOptions: { [own]: { own_field: 1 }, other: { never: 1 } },
      parts: [
        { type: 'text', text: 'a', providerOptions: marked },
        { type: 'media', mime: 'image/png', data: 'AAAA', providerOptions: { [own]: { detail: 'low' }, other: { never: 1 } } },
      ],
    }
    return {
      image,
      call: {
        messages: [image],
        tools: [{ name: 't', input: {}, providerOptions: { [own]: { defer_loading: true } } }],
        providerOptions: { [own]: { prompt_cache_key: 'k', service_tier: 'flex' }, other: { never: 1 } },
      },
    }
  }

  test('of Responses are said of the call, of a message, of a part and of a tool', async () => {
    const { fetch, asked } = serving(json({ status: 'completed', output: [] }))
    await collect(openai('gpt-5.4', { fetch })(at('openai-responses').call))
    expect(asked[0]!.body).toMatchObject({
      prompt_cache_key: 'k',
      service_tier: 'flex',
      input: [
        {
          role: 'user',
          own_field: 1,
          content: [
            { type: 'input_text', text: 'a', prompt_cache_breakpoint: { mode: 'explicit' } },
            { type: 'input_image', detail: 'low' },
          ],
        },
      ],
      tools: [{ name: 't', defer_loading: true }],
    })
    expect(JSON.stringify(asked[0]!.body)).not.toContain('never')
  })

  test('of Chat are said of the call, of a message, of a part and of a tool', async () => {
    const { fetch, asked } = serving(json({ choices: [{ message: { content: 'ok' }, finish_reason: 'stop' }] }))
    await collect(openaiChat('gpt-5.4', { fetch })(at('openai-chat').call))
    expect(asked[0]!.body).toMatchObject({
      prompt_cache_key: 'k',
      service_tier: 'flex',
      messages: [
        {
          role: 'user',
          own_field: 1,
          content: [
            { type: 'text', text: 'a', prompt_cache_breakpoint: { mode: 'explicit' } },
            { type: 'image_url', image_url: { detail: 'low' } },
          ],
        },
      ],
      tools: [{ function: { name: 't' }, defer_loading: true }],
    })
    expect(JSON.stringify(asked[0]!.body)).not.toContain('never')
  })

  test('of an answer and of a result go with them in both', async () => {
    const history = (own: string): Message[] => [
      user('hi'),
      {
        role: 'assistant',
        providerOptions: { [own]: { said: 1 } },
        parts: [
          { type: 'text', text: 'ok' },
          { type: 'call', id: 'c1', name: 't', input: {} },
        ],
      },
      { role: 'tool', parts: [{ type: 'result', id: 'c1', name: 't', output: 'x', providerOptions: { [own]: { told: 1 } } }] },
    ]
    const responses = serving(json({ status: 'completed', output: [] }))
    await collect(openai('gpt-5.4', { fetch: responses.fetch })({ messages: history('openai-responses') }))
    expect((responses.asked[0]!.body as { input: unknown[] }).input.slice(1)).toMatchObject([
      { role: 'assistant', said: 1 },
      { type: 'function_call' },
      { type: 'function_call_output', told: 1 },
    ])
    const chat = serving(json({ choices: [{ message: { content: 'ok' }, finish_reason: 'stop' }] }))
    await collect(openaiChat('gpt-5.4', { fetch: chat.fetch })({ messages: history('openai-chat') }))
    expect((chat.asked[0]!.body as { messages: unknown[] }).messages.slice(1)).toMatchObject([
      { role: 'assistant', said: 1 },
      { role: 'tool', told: 1 },
    ])
  })
})
