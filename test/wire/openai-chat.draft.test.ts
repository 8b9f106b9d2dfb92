import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { type Chunk, collect, KitError, type Message, type Part, textOf, user } from '../../src/index.ts'
import { openaiChat, openaiCompatible } from '../../src/providers/openai-chat.ts'
import { ChatDecoder, encodeChat } from '../../src/providers/wire/openai-chat.ts'
import { parseChat, parseMessage } from './openai-chat.parse.ts'
import { conversations, normalise, type Recording, recorded, recordings, responseOf, validator } from './recordings.ts'

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

/** No answers of a model: stored completions that were listed, updated or deleted. */
const noAnswer = (recording: Recording): boolean =>
  recording.api === 'openai.chat' && recording.group.startsWith('getchatcompletionmessages') && recording.step > 1

const all = recordings(dialects)
const good = all.filter((recording) => recording.status === 200 && !noAnswer(recording))
const bad = all.filter(({ status }) => status >= 400)

const ask = (recording: Recording, seed?: number): AsyncIterable<Chunk> =>
  openaiChat('m', { provider: recording.provider, apiKey: 'k', fetch: async () => responseOf(recording, seed) })({ messages: [user('hi')] })

/** Neighbouring deltas as one, so that only what is said counts and not how it was cut. */
async function said(chunks: AsyncIterable<Chunk>): Promise<unknown[]> {
  const all: Chunk[] = []
  try {
    for await (const chunk of chunks) {
      const last = all.at(-1)
      const same = last && 'delta' in last && 'delta' in chunk && last.type === chunk.type
      if (same && (last.type !== 'tool-input' || last.id === (chunk as typeof last).id)) last.delta += chunk.delta
      else all.push({ ...chunk })
    }
  } catch (error) {
    return [...all, { error: (error as KitError).code }]
  }
  return all
}

describe.skipIf(!recorded)('recorded chat answers', () => {
  test('cut at any byte, an answer stays the same', async () => {
    for (const recording of good) {
      const whole = await said(ask(recording))
      for (const seed of [1, 77]) expect(await said(ask(recording, seed)), recording.id).toEqual(whole)
    }
    console.log(`wire: chat decode: ${good.length} answers`)
    expect(good.length).toBeGreaterThanOrEqual(153)
  }, 60_000)

  test('an answer is whole: it says something, counts once what it used, and finishes last', async () => {
    /** These end with an error, and must. */
    const failing: Record<string, string> = {
      'groq-chat--test-tool-use-failed-error-streaming-with-text-7c68a2-1': 'model/request',
      'workers-ai-openai-compat-chat--empty-choices-response-2d4634': 'model/empty',
    }
    for (const recording of good) {
      const chunks = (await said(ask(recording))) as (Chunk | { error: string })[]
      const last = chunks.at(-1)!
      if (failing[recording.id]) expect(last, recording.id).toEqual({ error: failing[recording.id] })
      else {
        const kinds = chunks.map((chunk) => ('type' in chunk ? chunk.type : 'error'))
        expect(kinds.at(-1), recording.id).toBe('finish')
        expect(kinds.filter((kind) => kind === 'usage').length, recording.id).toBe(hasUsage(recording) ? 1 : 0)
        const { reason } = last as Extract<Chunk, { type: 'finish' }>
        if (reason === 'stop' || reason === 'tools')
          expect(
            kinds.some((kind) => ['text', 'reasoning', 'part'].includes(kind)),
            recording.id,
          ).toBe(true)
        expect(['stop', 'tools', 'length', 'refusal'], recording.id).toContain(reason)
      }
    }
  })

  test('the official SDK reads the same from the same answer', async () => {
    const skipped: string[] = []
    let checked = 0
    for (const recording of good) {
      const sdk = await throughSdk(recording)
      if (typeof sdk === 'string') {
        skipped.push(`${recording.id}: ${sdk}`)
        continue
      }
      const fold = await collect(ask(recording)).catch((error: unknown) => error as KitError)
      if (fold instanceof KitError) {
        skipped.push(`${recording.id}: ${fold.code}`)
        continue
      }
      expect(textOf(fold), recording.id).toBe(sdk.text)
      const calls = fold.parts.filter((part) => part.type === 'call')
      expect(
        calls.map(({ name, input }) => ({ name, input })),
        recording.id,
      ).toEqual(sdk.calls.map(({ name, raw }) => ({ name, input: JSON.parse(raw || '{}') as unknown })))
      for (const [at, { id }] of sdk.calls.entries()) if (id) expect(calls[at]!.id, recording.id).toBe(id)
      if (sdk.usage) {
        const { input, output } = fold.usage
        expect(input, recording.id).toBeGreaterThanOrEqual(sdk.usage.prompt_tokens)
        // sound or thoughts that a server counts only in its total
        expect(input + output, recording.id).toBe(
          Math.max(sdk.usage.total_tokens ?? 0, sdk.usage.prompt_tokens + sdk.usage.completion_tokens),
        )
      }
      checked++
    }
    console.log(`wire: chat against the SDK: ${checked} answers, not comparable: ${skipped.length}`)
    expect(checked).toBeGreaterThanOrEqual(1)
    console.log(skipped.join('\n'))
  }, 60_000)
})

const hasUsage = ({ response: { sse, body } }: Recording): boolean => /"prompt_tokens":\s*\d/.test(sse ?? JSON.stringify(body))

interface Heard {
  text: string
  calls: { id: string | undefined; name: string; raw: string }[]
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens?: number } | undefined
}

/** What the vendor's SDK makes of an answer, or why it makes nothing of it. */
async function throughSdk(recording: Recording): Promise<Heard | string> {
  const client = new OpenAI({ apiKey: 'k', fetch: async () => responseOf(recording), maxRetries: 0 })
  const heard: Heard = { text: '', calls: [], usage: undefined }
  const content = (value: unknown): string | undefined => (typeof value === 'string' ? value : value ? undefined : '')
  try {
    if (recording.response.sse === undefined) {
      const { choices, usage } = await client.chat.completions.create({ model: 'm', messages: [] })
      const message = choices[0]!.message
      const text = content(message.content)
      if (text === undefined) return 'content is a list, which the SDK does not know'
      heard.text = text + (message.audio?.transcript ?? '')
      heard.calls = (message.tool_calls ?? []).map((call) => {
        const f = (call as { function: { name: string; arguments: unknown } }).function
        return { id: call.id, name: f.name, raw: typeof f.arguments === 'string' ? f.arguments : JSON.stringify(f.arguments ?? {}) }
      })
      heard.usage = usage
      return heard
    }
    for await (const { choices, usage } of await client.chat.completions.create({ model: 'm', messages: [], stream: true })) {
      heard.usage = usage ?? heard.usage
      const choice = choices?.find(({ index }) => index === 0)
      const text = content(choice?.delta.content)
      if (text === undefined) return 'content is a list, which the SDK does not know'
      heard.text += text
      for (const { index, id, function: f } of choice?.delta.tool_calls ?? []) {
        if (index === undefined) return 'calls without an index, which the SDK cannot put together'
        const call = (heard.calls[index] ??= { id, name: '', raw: '' })
        call.name += f?.name ?? ''
        call.raw += f?.arguments ?? ''
      }
    }
    heard.calls = heard.calls.filter(Boolean)
    return heard
  } catch (error) {
    return `the SDK throws ${(error as Error).message.slice(0, 80)}`
  }
}

/** Requests that are another protocol's in part; each belongs to the wire named. */
const foreign: Record<string, string> = {}

/**
 * What may differ between a recorded body and ours without a difference in meaning. Each line is one reason.
 */
function canon(body: Record<string, unknown>): unknown {
  const { stream, messages, tools, tool_choice: choice, response_format: format, ...rest } = JSON.parse(JSON.stringify(body)) as Fields
  return normalise({
    // null says the same as no field
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)),
    // so does a stream that is not asked for
    ...(stream === true && { stream }),
    messages: (messages as Fields[]).map(canonMessage),
    ...((tools as Fields[] | undefined)?.length && { tools: (tools as Fields[]).map((tool) => ({ type: 'function', ...tool })) }),
    // the one type that there is may be left out
    ...(choice !== undefined && { tool_choice: typeof choice === 'string' ? choice : { type: 'function', ...(choice as Fields) } }),
    ...(format !== undefined && { response_format: canonFormat(format as Fields) }),
  })
}

type Fields = Record<string, unknown>

function canonFormat({ json_schema: json, ...rest }: Fields): unknown {
  if (!json) return rest
  const { strict, ...fields } = json as Fields
  // a schema needs a name at OpenAI's; not strict is the default
  return { ...rest, json_schema: { name: 'output', ...fields, ...(strict === true && { strict }) } }
}

function canonMessage(message: Fields): unknown {
  const { content, tool_calls: calls, name, reasoning_content: thought, ...rest } = message
  const list = Array.isArray(content) ? (content as Fields[]) : []
  const single = list.length === 1 && list[0]!.type === 'text' && Object.keys(list[0]!).length === 2
  const text = single ? list[0]!.text : content
  return {
    ...rest,
    // a list of one plain text is that text; beside calls, no text is null, empty or absent
    ...(!(message.role === 'assistant' && (text === '' || text === null)) && { content: text }),
    ...(name !== null && { name }),
    // an empty thought is none
    ...(thought !== '' && { reasoning_content: thought }),
    // arguments are JSON in a string: spaces and the order of keys do not count
    ...(calls && {
      tool_calls: (calls as { function: Fields }[]).map(({ function: f, ...call }) => ({
        ...call,
        function: { ...f, arguments: JSON.parse(String(f.arguments) || '{}') as unknown },
      })),
    }),
  }
}

const asked = all.filter(({ request }) => Array.isArray(request?.body?.messages))

describe.skipIf(!recorded)('recorded chat requests', () => {
  test('a call encodes to what was sent', () => {
    const invalid = validator('openai.chat.request')
    let checked = 0
    let validated = 0
    const failed: string[] = []
    for (const recording of asked) {
      const body = recording.request!.body!
      if (foreign[recording.id]) continue
      try {
        const { call, model, quirks } = parseChat(body)
        const ours = encodeChat(call, model, quirks)
        expect(canon(ours), recording.id).toEqual(canon(body))
        if (recording.api === 'openai.chat') {
          expect(invalid(ours), recording.id).toEqual([])
          validated++
        }
        checked++
      } catch (error) {
        failed.push(`${recording.id}: ${String((error as Error).message).slice(0, 1500)}`)
      }
    }
    console.log(`wire: chat encode: ${checked} of ${asked.length} requests, ${validated} by schema`)
    expect(failed).toEqual([])
  })

  test('a tool loop goes on with what it was told', async () => {
    let checked = 0
    const other: string[] = []
    const failed: string[] = []
    for (const steps of conversations(all)) {
      for (const [at, before] of steps.entries()) {
        const after = steps[at + 1]
        const [first, next] = [before.request?.body, after?.request?.body]
        if (!after || !Array.isArray(first?.messages) || !Array.isArray(next?.messages)) continue
        const [told, going] = [first.messages as Fields[], next.messages as Fields[]]
        const reply = going[told.length]
        if (before.status !== 200 || reply?.role !== 'assistant') {
          other.push(`${before.id}: ${before.status} ${reply?.role}`)
          continue
        }
        try {
          const { parts } = await collect(ask(before))
          const { quirks } = parseChat(next)
          const results = going.slice(told.length + 1).map(parseMessage)
          const ours = encodeChat({ messages: [{ role: 'assistant', parts }, ...results] }, 'm', quirks)
          expect((ours.messages as Fields[]).map(canonMessage), before.id).toEqual(going.slice(told.length).map(canonMessage))
          checked++
        } catch (error) {
          failed.push(`${before.id}: ${String((error as Error).message).slice(0, 1500)}`)
        }
      }
    }
    console.log(`wire: chat loops: ${checked}`, other)
    expect(failed).toEqual([])
  })
})
