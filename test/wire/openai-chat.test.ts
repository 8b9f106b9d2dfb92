import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { type Chunk, collect, KitError, type Part, textOf, user } from '../../src/index.ts'
import { openaiChat } from '../../src/providers/openai-chat.ts'
import { type Recording, recorded, recordings, responseOf } from './recordings.ts'

const dialects = [
  'openai.chat',
  'azure-openai.chat',
  'openrouter.chat',
  'deepseek.chat',
  'groq.chat',
  'ollama.openai-compat.chat',
  'workers-ai.openai-compat.chat',
  'huggingface.router.chat',
  'huggingface.hf-inference.chat',
  'perplexity.chat',
  'cerebras.chat',
  'gpustack.chat',
  'together.chat',
  'zai.chat',
  'alibaba.chat',
  'gemini.openai-compat.chat',
  'xai.chat',
  'moonshotai.chat',
  'mistral.chat',
  'cohere.openai-compat.chat',
]
const all = recordings(dialects)
const good = all.filter(({ response: { status } }) => status === 200)
const bad = all.filter(({ response: { status } }) => status >= 400)

const ask = (recording: Recording, seed?: number): AsyncIterable<Chunk> =>
  openaiChat('m', { provider: recording.provider, apiKey: 'k', fetch: async () => responseOf(recording, seed) })({ messages: [user('hi')] })

/** What an answer says, or the code of the error that it ends with. */
async function outcome(recording: Recording, seed?: number): Promise<unknown> {
  const said = { text: '', reasoning: '' }
  const read = async function* (): AsyncGenerator<Chunk> {
    for await (const chunk of ask(recording, seed)) {
      if (chunk.type === 'text' || chunk.type === 'reasoning') said[chunk.type] += chunk.delta
      yield chunk
    }
  }
  try {
    const { parts, usage, finish } = await collect(read())
    return { ...said, usage, finish, calls: parts.filter(({ type }) => type === 'call').map((part) => ({ ...part, id: seedless(part) })) }
  } catch (error) {
    return { ...said, error: (error as KitError).code }
  }
}

/** Ids that the kit had to make up differ from run to run. */
const seedless = (part: Part): string => (part.type === 'call' ? part.id.replace(/^(call_\d+_)[0-9a-f]{8}$/, '$1') : '')

describe.skipIf(!recorded)('recorded chat answers', () => {
  test('cut at any byte, an answer stays the same', async () => {
    let checked = 0
    for (const recording of good) {
      const whole = await outcome(recording)
      for (const seed of [1, 77]) expect(await outcome(recording, seed), recording.id).toEqual(whole)
      checked++
    }
    console.log(`wire: chat decode: ${checked} answers`)
    expect(checked).toBeGreaterThanOrEqual(154)
  }, 60_000)

  test('an answer says something, or why not', async () => {
    for (const recording of good) {
      const {
        text,
        reasoning,
        calls = [],
        error,
        finish,
      } = (await outcome(recording)) as { text: string; reasoning: string; calls?: unknown[]; error?: string; finish?: string }
      expect(
        Boolean(
          text || reasoning || calls.length || error || finish === 'length' || finish === 'refusal' || recording.kind.includes('audio-out'),
        ),
        recording.id,
      ).toBe(true)
    }
  })

  test('the official SDK reads the same from the same stream', async () => {
    let checked = 0
    for (const recording of good.filter(
      ({ response, api }) =>
        response.sse !== undefined &&
        ['openai.chat', 'deepseek.chat', 'azure-openai.chat', 'together.chat', 'ollama.openai-compat.chat'].includes(api),
    )) {
      const client = new OpenAI({ apiKey: 'k', fetch: async () => responseOf(recording), maxRetries: 0 })
      let text = ''
      const calls = new Map<number, { name: string; arguments: string }>()
      let tokens: number | undefined
      try {
        for await (const { choices, usage } of await client.chat.completions.create({ model: 'm', messages: [], stream: true })) {
          tokens = usage?.completion_tokens ?? tokens
          const choice = choices?.find(({ index }) => index === 0)
          text += choice?.delta.content ?? ''
          for (const { index, function: f } of choice?.delta.tool_calls ?? []) {
            const call = calls.get(index) ?? { name: '', arguments: '' }
            calls.set(index, { name: call.name + (f?.name ?? ''), arguments: call.arguments + (f?.arguments ?? '') })
          }
        }
      } catch {
        continue
      }
      const ours = (await outcome(recording)) as {
        text: string
        calls?: { name: string; input: unknown }[]
        usage?: { output: number }
        error?: string
      }
      if (ours.error) continue
      expect(ours.text, recording.id).toBe(text)
      expect(
        ours.calls!.map(({ name, input }) => ({ name, input })),
        recording.id,
      ).toEqual([...calls.values()].map((call) => ({ name: call.name, input: JSON.parse(call.arguments || '{}') })))
      if (tokens !== undefined) expect(ours.usage!.output, recording.id).toBe(tokens)
      checked++
    }
    console.log(`wire: chat against the SDK: ${checked} streams`)
    expect(checked).toBeGreaterThanOrEqual(21)
  }, 60_000)

  test('an error has its code, and says nothing of the provider’s body', async () => {
    const seen: Record<string, number> = {}
    for (const recording of bad) {
      const error = await collect(ask(recording)).then(
        () => undefined,
        (thrown: unknown) => thrown as KitError,
      )
      expect(error, recording.id).toBeInstanceOf(KitError)
      expect(error!.status).toBe(recording.response.status)
      expect(error!.message).toBe(`${recording.provider} answered ${recording.response.status}`)
      if (recording.response.status === 429) expect(['model/rate', 'model/quota'], recording.id).toContain(error!.code)
      if (recording.response.status === 401) expect(error!.code, recording.id).toBe('model/auth')
      if (recording.response.status >= 500) expect(error!.retryable, recording.id).toBe(true)
      seen[error!.code] = (seen[error!.code] ?? 0) + 1
    }
    console.log(`wire: chat errors: ${bad.length} ${JSON.stringify(seen)}`)
    expect(bad.length).toBeGreaterThanOrEqual(17)
  })
})

test('a stream that ends too early is no answer; the same with its end is', async () => {
  const lines = 'data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n'
  const end = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
  const model = (body: string): AsyncIterable<Chunk> =>
    openaiChat('m', { fetch: async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }) })({
      messages: [user('hi')],
    })
  await expect(collect(model(lines))).rejects.toMatchObject({ code: 'model/truncated' })
  expect(textOf(await collect(model(lines + end)))).toBe('Hel')
})

test('what is sent', async () => {
  let sent: Record<string, unknown> = {}
  const fetch = async (_url: unknown, init?: { body?: unknown }): Promise<Response> => {
    sent = JSON.parse(String(init?.body)) as typeof sent
    return Response.json({ choices: [{ index: 0, message: { content: 'ok' }, finish_reason: 'stop' }] })
  }
  await collect(
    openaiChat('m', { fetch })({
      system: 'Be kind.',
      toolChoice: { tool: 'add' },
      maxTokens: 9,
      reasoning: { effort: 'low' },
      tools: [{ name: 'add', input: { type: 'object' } }],
      messages: [
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'Look' },
            { type: 'media', mime: 'image/png', data: 'AAAA' },
          ],
        },
        { role: 'assistant', parts: [{ type: 'call', id: 'c1', name: 'add', input: { a: 1 } }] },
        { role: 'tool', parts: [{ type: 'result', id: 'c1', name: 'add', output: { sum: 2 } }] },
      ],
    }),
  )
  expect(sent).toEqual({
    model: 'm',
    stream: true,
    stream_options: { include_usage: true },
    max_completion_tokens: 9,
    reasoning_effort: 'low',
    tools: [{ type: 'function', function: { name: 'add', parameters: { type: 'object' } } }],
    tool_choice: { type: 'function', function: { name: 'add' } },
    messages: [
      { role: 'system', content: 'Be kind.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }] },
      { role: 'tool', tool_call_id: 'c1', content: '{"sum":2}' },
    ],
  })
})
