import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { type Chunk, type KitErrorCode, type Usage, user } from '../../src/index.ts'
import { answering, checkCuts, checkEncode, checkErrors, checkLoops, type Fields, loops, outcome } from './checks.ts'
import { chat, dialects } from './openai-chat.ts'
import { type Recording, recorded, recordings, responseOf } from './recordings.ts'

const all = recordings(Object.keys(dialects))
const good = all.filter(({ response: { status } }) => status === 200)
const bad = all.filter(({ response: { status } }) => status >= 400)
const ask = (recording: Recording): AsyncIterable<Chunk> => chat.model(recording, answering(recording))({ messages: [user('hi')] })

describe.skipIf(!recorded)('recorded chat', () => {
  test('cut at any byte, an answer stays the same', async () => {
    const checked = await checkCuts(chat, good)
    console.log(`wire: chat decode: ${checked} answers`)
    expect(checked).toBeGreaterThanOrEqual(154)
  }, 60_000)

  test('an answer says something, or why not', async () => {
    for (const recording of good) {
      const { text, reasoning, parts = [], error, finish } = (await outcome(ask(recording))) as Fields & { parts?: unknown[] }
      expect(text || reasoning || parts.length || error || finish === 'length' || finish === 'refusal', recording.id).toBeTruthy()
    }
  })

  test('what is sent is what was sent, and fits the schema', async () => {
    const checked = await checkEncode(chat, all)
    console.log(`wire: chat encode: ${checked} requests`)
    expect(checked).toBeGreaterThanOrEqual(147)
    expect(Object.keys(chat.skip).length).toBeLessThanOrEqual(all.length * 0.05)
  }, 60_000)

  test('whole conversations with tools, every request compared', async () => {
    const groups = loops(chat, all).filter(([first]) => !(first!.id in noLoops))
    const checked = await checkLoops(chat, groups)
    const several = [...Map.groupBy(all, ({ api, group }) => `${api} ${group}`).values()].filter((steps) => steps.length > 1)
    const left = several.filter(([first]) => !groups.some(([known]) => known!.group === first!.group)).map(([first]) => first!.id)
    console.log(`wire: chat loops: ${checked} conversations of ${several.length}`)
    expect(left.filter((id) => !(id in noLoops))).toEqual([])
    expect(checked).toBeGreaterThanOrEqual(24)
  }, 60_000)

  test('an error has its code, and says nothing of the provider’s body', async () => {
    const seen = await checkErrors(chat, bad, ({ id }, { code, retryable, retryAfter }) => {
      expect([code, retryable, retryAfter], id).toEqual(errors[id])
    })
    console.log(`wire: chat errors: ${bad.length} ${JSON.stringify(seen)}`)
    expect(bad.length).toBeGreaterThanOrEqual(17)
  })

  test('the official SDK reads the same from the same stream', async () => {
    const streams = good.filter(({ response }) => response.sse !== undefined)
    let checked = 0
    for (const recording of streams) {
      if (recording.id in notForTheSDK) {
        await expect(bySDK(recording), recording.id).rejects.toThrow()
        expect(await outcome(ask(recording)), recording.id).toHaveProperty('error')
        continue
      }
      expect(await byUs(recording), recording.id).toEqual(await bySDK(recording))
      checked++
    }
    console.log(`wire: chat against the SDK: ${checked} streams of ${streams.length}`)
    expect(checked).toBeGreaterThanOrEqual(50)
  }, 60_000)
})

/** Groups of several requests that are no conversation of ours, each with the reason. */
const noLoops: Readonly<Record<string, string>> = {
  'groq-chat--test-tool-use-failed-error-a311c2-1': 'the first step was refused, and the client made up a call to tell of it',
  'groq-chat--test-tool-use-failed-error-with-text-d8720f-1': 'the first step was refused, and the client made up an answer to tell of it',
  'groq-chat--test-tool-use-failed-error-streaming-with-text-7c68a2-1': 'the same in a stream: it ends with an error',
  'mistral-chat--chat-streaming-responses-mistral-mistral-small-latest-re-e605dd-1': 'the same question twice',
  'openai-chat--constraintswork-ff8ca1-1': 'four questions with other tool choices',
  'openai-chat--getchatcompletionmessageswithpagination-e2014f-1': 'the others read and delete a stored answer',
  'openai-chat--test-multimodal-tool-return-matrix-tool-return-content-u-d1c042-1': 'the second step was refused',
  'openai-chat--test-openai-chat-prompt-cache-e2e-3b3f2a-1': 'the same question twice',
  'openai-chat--test-parsed-refused-completion-with-events-with-no-conte-3fdd40-1': 'the same question three times',
  'openrouter-chat--test-openrouter-cache-instructions-gemini-real-api-c19479-1': 'two questions',
  'openrouter-chat--test-openrouter-errors-raised-f7806c-1': 'three refusals',
}

/** Of each refusal: its code, whether the same request may succeed later, and after how many ms. */
const errors: Readonly<Record<string, [KitErrorCode, retryable: boolean, retryAfter: number | undefined]>> = {
  // `retry-after-ms: 0` is more exact than `retry-after: 1`
  'azure-openai-chat--chat-real-error-scenarios-azure-grok-4-1-fast-non-reason-048ced': ['model/rate', true, 0],
  'deepseek-chat--chat-real-error-scenarios-deepseek-deepseek-chat-handles-5df7ef': ['model/context', false, undefined],
  'groq-chat--test-tool-regular-error-973ba4': ['model/unknown', false, undefined],
  'groq-chat--test-tool-use-failed-error-a311c2-1': ['model/request', false, undefined],
  'groq-chat--test-tool-use-failed-error-with-text-d8720f-1': ['model/request', false, undefined],
  'huggingface-hf-inference-chat--tapes-48280a': ['model/request', false, undefined],
  'mistral-chat--tapes-fde40b': ['model/auth', false, undefined],
  'ollama-openai-compat-chat--chat-real-error-scenarios-ollama-cloud-gpt-oss-120b-hand-4adb95': ['model/context', false, undefined],
  'openai-chat--getchatcompletionmessageswithpagination-e2014f-2': ['model/unknown', false, undefined],
  'openai-chat--getchatcompletionmessageswithpagination-e2014f-3': ['model/unknown', false, undefined],
  'openai-chat--test-error-status-code-and-exception-events-with-invalid-a541c2': ['model/auth', false, undefined],
  'openai-chat--test-multimodal-tool-return-matrix-tool-return-content-u-d1c042-2': ['model/request', false, undefined],
  'openrouter-chat--chat-error-handling-with-openrouter-claude-haiku-4-5-rai-e0a509': ['model/auth', false, undefined],
  'openrouter-chat--test-openrouter-errors-raised-f7806c-1': ['model/rate', true, undefined],
  'openrouter-chat--test-openrouter-errors-raised-f7806c-2': ['model/rate', true, undefined],
  'openrouter-chat--test-openrouter-errors-raised-f7806c-3': ['model/rate', true, undefined],
  'perplexity-chat--chat-error-handling-with-perplexity-sonar-raises-appropr-def895': ['model/auth', false, undefined],
}

/** Streams that the SDK cannot read. */
const notForTheSDK: Readonly<Record<string, string>> = {
  'groq-chat--test-tool-use-failed-error-streaming-with-text-7c68a2-1': 'it ends with an error',
}

interface Read {
  text: string
  reasoning: string
  calls: { name: string; input: unknown }[]
  usage: Usage | undefined
  finish: string | undefined
}

async function byUs(recording: Recording): Promise<Read> {
  const read: Read = { text: '', reasoning: '', calls: [], usage: undefined, finish: undefined }
  for await (const chunk of ask(recording)) {
    if (chunk.type === 'text' || chunk.type === 'reasoning') read[chunk.type] += chunk.delta
    if (chunk.type === 'usage') read.usage = chunk.usage
    if (chunk.type === 'finish') read.finish = chunk.raw
    if (chunk.type === 'part' && chunk.part.type === 'call' && !chunk.part.by)
      read.calls.push({ name: chunk.part.name, input: chunk.part.input })
  }
  return read
}

/** The same from the SDK's chunks; what it does not type (reasoning, Mistral's content in a list) it passes through. */
async function bySDK(recording: Recording): Promise<Read> {
  const client = new OpenAI({ apiKey: 'k', fetch: async () => responseOf(recording), maxRetries: 0 })
  const read: Read = { text: '', reasoning: '', calls: [], usage: undefined, finish: undefined }
  const calls = new Map<string, { name: string; arguments: string }>()
  let last = ''
  for await (const chunk of await client.chat.completions.create({ model: 'm', messages: [], stream: true })) {
    const { usage = (chunk as { x_groq?: { usage?: typeof chunk.usage } }).x_groq?.usage } = chunk
    if (typeof usage?.prompt_tokens === 'number') read.usage = neutral(usage as unknown as OpenAI.CompletionUsage & Fields)
    const choice = chunk.choices?.find(({ index }) => (index ?? 0) === 0)
    if (!choice) continue
    read.finish = choice.finish_reason ?? read.finish
    const { content, ...delta } = choice.delta as Fields & { tool_calls?: OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall[] }
    read.reasoning += ((delta.reasoning_content ?? delta.reasoning) as string | undefined) ?? ''
    if (typeof content === 'string') read.text += content
    for (const piece of Array.isArray(content) ? (content as { text?: string; thinking?: { text: string }[] }[]) : []) {
      read.text += piece.text ?? ''
      read.reasoning += (piece.thinking ?? []).map(({ text }) => text).join('')
    }
    for (const { id, index, function: f } of delta.tool_calls ?? []) {
      last = index === undefined ? id || last : String(index)
      const call = calls.get(last) ?? { name: '', arguments: '' }
      calls.set(last, { name: call.name + (f?.name ?? ''), arguments: call.arguments + (f?.arguments ?? '') })
    }
  }
  read.calls = [...calls.values()].map((call) => ({ name: call.name, input: JSON.parse(call.arguments || '{}') as unknown }))
  return read
}

function neutral(usage: OpenAI.CompletionUsage & Fields): Usage {
  const { prompt_tokens: input, completion_tokens: output, prompt_tokens_details: read, completion_tokens_details: written } = usage
  const cached = read?.cached_tokens ?? usage.prompt_cache_hit_tokens ?? usage.cached_tokens ?? usage.num_cached_tokens
  return JSON.parse(
    JSON.stringify({
      input,
      output: Math.max(output, usage.total_tokens - input),
      cacheRead: cached,
      cacheWrite: (read as Fields | undefined)?.cache_write_tokens,
      reasoning: written?.reasoning_tokens,
    }),
  ) as Usage
}
