import { Mistral } from '@mistralai/mistralai'
import { HTTPClient } from '@mistralai/mistralai/lib/http.js'
import { describe, expect, test } from 'vitest'
import { type Chunk, type KitErrorCode, type Usage, user } from '../../src/index.ts'
import { objects } from '../../src/providers/wire/fields.ts'
import { answering, checkCuts, checkEncode, checkErrors, checkLoops, type Fields, loops } from './checks.ts'
import { mistralWire } from './mistral.ts'
import { type Recording, recorded, recordings, responseOf } from './recordings.ts'

const all = recordings(['mistral.chat'])
const good = all.filter(({ response: { status } }) => status === 200)
const bad = all.filter(({ response: { status } }) => status >= 400)

describe.skipIf(!recorded)('recorded Mistral chat', () => {
  test('cut at any byte, an answer stays the same', async () => {
    const checked = await checkCuts(mistralWire, good)
    console.log(`wire: mistral decode: ${checked} answers`)
    expect(checked).toBeGreaterThanOrEqual(23)
  })

  test('what is sent is what was sent, and fits the schema', async () => {
    const checked = await checkEncode(mistralWire, all)
    console.log(`wire: mistral encode: ${checked} requests`)
    expect(checked).toBeGreaterThanOrEqual(21)
    expect(Object.keys(mistralWire.skip).length).toBeLessThanOrEqual(all.length * 0.05)
  })

  test('whole conversations with tools, every request compared', async () => {
    const groups = loops(mistralWire, all).filter(([first]) => !(first!.id in noLoops))
    const several = [...Map.groupBy(all, ({ group }) => group).values()].filter((steps) => steps.length > 1)
    const checked = await checkLoops(mistralWire, groups)
    const left = several.filter(([first]) => !groups.some(([known]) => known!.group === first!.group)).map(([first]) => first!.id)
    console.log(`wire: mistral loops: ${checked} conversations of ${several.length}`)
    expect(left.filter((id) => !(id in noLoops))).toEqual([])
    expect(checked).toBeGreaterThanOrEqual(5)
  })

  test('an error has its code, and says nothing of the provider’s body', async () => {
    const seen = await checkErrors(mistralWire, bad, ({ id }, { code, retryable, retryAfter }) => {
      expect([code, retryable, retryAfter], id).toEqual(errors[id])
    })
    console.log(`wire: mistral errors: ${bad.length} ${JSON.stringify(seen)}`)
    expect(bad.length).toBeGreaterThanOrEqual(1)
  })

  test('the vendor’s SDK reads the same', async () => {
    const readable = good.filter(({ id }) => !(id in notForTheSDK))
    for (const recording of readable) expect(await byUs(recording), recording.id).toEqual(await bySDK(recording))
    console.log(`wire: mistral against the SDK: ${readable.length} answers of ${good.length}`)
    expect(readable.length).toBeGreaterThanOrEqual(23)
  })
})

const noLoops: Readonly<Record<string, string>> = {
  'mistral-chat--chat-streaming-responses-mistral-mistral-small-latest-re-e605dd-1': 'the same question twice',
}

/** Of each refusal: its code, whether the same request may succeed later, and after how many ms. */
const errors: Readonly<Record<string, [KitErrorCode, retryable: boolean, retryAfter: number | undefined]>> = {
  'mistral-chat--tapes-fde40b': ['model/auth', false, undefined],
}

/** Answers that the SDK cannot read. */
const notForTheSDK: Readonly<Record<string, string>> = {}

interface Read {
  text: string
  reasoning: string
  calls: { id: string; name: string; input: unknown }[]
  usage: Usage | undefined
  finish: string | undefined
}

async function byUs(recording: Recording): Promise<Read> {
  const read: Read = { text: '', reasoning: '', calls: [], usage: undefined, finish: undefined }
  const chunks: AsyncIterable<Chunk> = mistralWire.model(recording, answering(recording))({ messages: [user('hi')] })
  for await (const chunk of chunks) {
    if (chunk.type === 'text' || chunk.type === 'reasoning') read[chunk.type] += chunk.delta
    if (chunk.type === 'usage') read.usage = { input: chunk.usage.input, output: chunk.usage.output }
    if (chunk.type === 'finish') read.finish = chunk.raw
    if (chunk.type === 'part' && chunk.part.type === 'call') {
      const { id, name, input } = chunk.part
      read.calls.push({ id, name, input })
    }
  }
  return read
}

async function bySDK(recording: Recording): Promise<Read> {
  const httpClient = new HTTPClient({ fetcher: async () => responseOf(recording) })
  const client = new Mistral({ apiKey: 'k', httpClient })
  const question = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] }
  const read: Read = { text: '', reasoning: '', calls: [], usage: undefined, finish: undefined }
  const calls = new Map<string, { id: string; name: string; arguments: string }>()
  let last = ''
  const take = ({ content, toolCalls }: { content?: unknown; toolCalls?: unknown }): void => {
    if (typeof content === 'string') read.text += content
    for (const { type, text, thinking } of objects(content)) {
      if (type === 'text') read.text += text as string
      if (type === 'thinking') for (const piece of objects(thinking)) read.reasoning += (piece.text as string | undefined) ?? ''
    }
    for (const call of objects(toolCalls) as { id?: string; index?: number; function: { name: string; arguments: unknown } }[]) {
      const { name, arguments: args } = call.function
      if (call.id && call.id !== 'null') last = call.id
      const known = calls.get(last) ?? { id: last, name, arguments: '' }
      calls.set(last, { ...known, arguments: known.arguments + (typeof args === 'string' ? args : JSON.stringify(args)) })
    }
  }
  // sound that was heard is counted in the total alone
  const count = (usage: Record<string, unknown> | undefined): void => {
    const { promptTokens = 0, completionTokens: output = 0, totalTokens = 0, promptAudioSeconds } = (usage ?? {}) as Record<string, number>
    if (usage) read.usage = { input: promptAudioSeconds ? totalTokens - output : promptTokens, output }
  }
  if (recording.response.sse === undefined) {
    const { choices, usage } = await client.chat.complete(question)
    take(choices[0]!.message as Fields)
    read.finish = choices[0]!.finishReason
    count(usage)
  } else
    for await (const { data } of await client.chat.stream(question)) {
      const choice = data.choices.find(({ index }) => index === 0)
      if (choice) take(choice.delta as Fields)
      read.finish = choice?.finishReason ?? read.finish
      count(data.usage)
    }
  read.calls = [...calls.values()].map(({ id, name, arguments: args }) => ({ id, name, input: JSON.parse(args || '{}') as unknown }))
  return read
}
