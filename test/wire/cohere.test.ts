import { CohereClientV2 } from 'cohere-ai'
import { describe, expect, test } from 'vitest'
import { type Chunk, type KitErrorCode, type Usage, user } from '../../src/index.ts'
import { objects } from '../../src/providers/wire/fields.ts'
import { answering, checkCuts, checkEncode, checkErrors, checkLoops, type Fields, loops, outcome } from './checks.ts'
import { cohereWire } from './cohere.ts'
import { type Recording, recorded, recordings, responseOf } from './recordings.ts'

const all = recordings(['cohere.v2.chat'])
const good = all.filter(({ response: { status } }) => status === 200)
const bad = all.filter(({ response: { status } }) => status >= 400)
const ask = (recording: Recording): AsyncIterable<Chunk> => cohereWire.model(recording, answering(recording))({ messages: [user('hi')] })

describe.skipIf(!recorded)('recorded Cohere chat', () => {
  test('cut at any byte, an answer stays the same', async () => {
    const checked = await checkCuts(cohereWire, good)
    console.log(`wire: cohere decode: ${checked} answers`)
    expect(checked).toBeGreaterThanOrEqual(25)
  })

  test('an answer says something, or why not', async () => {
    for (const recording of good) {
      const { text, parts = [], error } = (await outcome(ask(recording))) as Fields & { parts?: unknown[] }
      expect(text || parts.length, recording.id).toBeTruthy()
      expect(error, recording.id).toBeUndefined()
    }
  })

  test('what is sent is what was sent', async () => {
    const checked = await checkEncode(cohereWire, all)
    console.log(`wire: cohere encode: ${checked} requests`)
    expect(checked).toBeGreaterThanOrEqual(21)
    expect(Object.keys(cohereWire.skip).length).toBeLessThanOrEqual(all.length * 0.05)
  })

  test('whole conversations with tools, every request compared', async () => {
    const groups = loops(cohereWire, all)
    const several = [...Map.groupBy(all, ({ group }) => group).values()].filter((steps) => steps.length > 1)
    const checked = await checkLoops(cohereWire, groups)
    console.log(`wire: cohere loops: ${checked} conversations of ${several.length}`)
    expect(checked).toBe(several.length)
    expect(checked).toBeGreaterThanOrEqual(4)
  })

  test('an error has its code, and says nothing of the provider’s body', async () => {
    const seen = await checkErrors(cohereWire, bad, ({ id }, { code, retryable, retryAfter }) => {
      expect([code, retryable, retryAfter], id).toEqual(errors[id])
    })
    console.log(`wire: cohere errors: ${bad.length} ${JSON.stringify(seen)}`)
    expect(bad.length).toBeGreaterThanOrEqual(1)
  })

  test('what is cited is where it is said to be', async () => {
    let checked = 0
    for (const recording of good) {
      const { text, sources } = (await outcome(ask(recording))) as { text: string; sources: { start?: number; end?: number }[] }
      const cited = citationsOf(recording)
      expect(sources.length, recording.id).toBe(cited.length)
      for (const [at, { start, end }] of sources.entries()) {
        expect(text.slice(start, end), recording.id).toBe(cited[at])
        checked++
      }
    }
    console.log(`wire: cohere citations: ${checked}`)
    expect(checked).toBeGreaterThanOrEqual(8)
  })

  test('the vendor’s SDK reads the same', async () => {
    const readable = good.filter(({ id }) => !(id in notForTheSDK))
    for (const recording of readable) expect(await byUs(recording), recording.id).toEqual(await bySDK(recording))
    console.log(`wire: cohere against the SDK: ${readable.length} answers of ${good.length}`)
    expect(readable.length).toBeGreaterThanOrEqual(25)
  })
})

/** Of each refusal: its code, whether the same request may succeed later, and after how many ms. */
const errors: Readonly<Record<string, [KitErrorCode, retryable: boolean, retryAfter: number | undefined]>> = {
  'cohere-v2-chat--chat-error-handling-with-cohere-command-a-03-2025-raises-4a6b05': ['model/auth', false, undefined],
}

/** Answers that the SDK cannot read. */
const notForTheSDK: Readonly<Record<string, string>> = {}

/** What each source of each citation cites, in order, read apart from our code. */
function citationsOf({ response: { sse, body } }: Recording): string[] {
  const events = (sse ?? '').split('\n').flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6)) as Fields] : []))
  const message = (body as { message?: Fields } | undefined)?.message
  const citations = [
    ...objects(message?.citations),
    ...events.flatMap(({ type, delta }) => (type === 'citation-start' ? objects([((delta as Fields).message as Fields).citations]) : [])),
  ]
  return citations.flatMap(({ text, sources }) => objects(sources).map(() => text as string))
}

interface Read {
  text: string
  reasoning: string
  calls: { id: string; name: string; input: unknown }[]
  usage: Usage | undefined
  finish: string | undefined
}

async function byUs(recording: Recording): Promise<Read> {
  const read: Read = { text: '', reasoning: '', calls: [], usage: undefined, finish: undefined }
  for await (const chunk of ask(recording)) {
    if (chunk.type === 'text' || chunk.type === 'reasoning') read[chunk.type] += chunk.delta
    if (chunk.type === 'usage') read.usage = chunk.usage
    if (chunk.type === 'finish') read.finish = chunk.raw
    if (chunk.type === 'part' && chunk.part.type === 'call') {
      const { id, name, input } = chunk.part
      read.calls.push({ id, name, input })
    }
  }
  return read
}

/** What the SDK's types leave out of usage. */
interface SeenUsage {
  tokens?: { inputTokens?: number; outputTokens?: number; reasoning_tokens?: number; image_tokens?: number }
  cachedTokens?: number
}

async function bySDK(recording: Recording): Promise<Read> {
  const client = new CohereClientV2({ token: 'k', maxRetries: 0, fetch: async () => responseOf(recording) })
  const read: Read = { text: '', reasoning: '', calls: [], usage: undefined, finish: undefined }
  const question = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] }
  const calls: { id: string; name: string; arguments: string }[] = []
  if (recording.response.sse === undefined) {
    const { message, usage, finishReason } = await client.chat(question)
    read.reasoning += message.toolPlan ?? ''
    for (const block of message.content ?? [])
      if (block.type === 'text') read.text += block.text
      else read.reasoning += block.thinking
    for (const call of message.toolCalls ?? [])
      calls.push({ id: call.id, name: call.function!.name!, arguments: call.function!.arguments! })
    read.usage = neutral(usage as SeenUsage)
    read.finish = finishReason
  } else
    for await (const event of await client.chatStream(question)) {
      if (event.type === 'content-start' || event.type === 'content-delta') {
        read.text += event.delta?.message?.content?.text ?? ''
        read.reasoning += event.delta?.message?.content?.thinking ?? ''
      } else if (event.type === 'tool-plan-delta') read.reasoning += event.delta?.message?.toolPlan ?? ''
      else if (event.type === 'tool-call-start') {
        const { id, function: called } = event.delta!.message!.toolCalls!
        calls.push({ id: id, name: called!.name!, arguments: called!.arguments! })
      } else if (event.type === 'tool-call-delta') calls.at(-1)!.arguments += event.delta!.message!.toolCalls!.function!.arguments!
      else if (event.type === 'message-end') {
        read.usage = neutral(event.delta!.usage as SeenUsage)
        read.finish = event.delta!.finishReason
      }
    }
  read.calls = calls.map(({ id, name, arguments: args }) => ({ id, name, input: (JSON.parse(args || '{}') as unknown) ?? {} }))
  return read
}

function neutral({ tokens, cachedTokens }: SeenUsage): Usage {
  const { inputTokens = 0, outputTokens = 0, reasoning_tokens, image_tokens = 0 } = tokens ?? {}
  return JSON.parse(
    JSON.stringify({ input: inputTokens + image_tokens, output: outputTokens, cacheRead: cachedTokens, reasoning: reasoning_tokens }),
  ) as Usage
}
