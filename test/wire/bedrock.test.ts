import { describe, expect, test } from 'vitest'
import type { Message, Part } from '../../src/index.ts'
import { FrameReader, type Frame } from '../../src/providers/wire/aws-events.ts'
import { addressOf, asksClaude, bedrockApis, bedrockWire } from './bedrock.ts'
import { answering, checkCuts, checkEncode, checkErrors, checkLoops, type Fields, loops, outcome } from './checks.ts'
import { type Recording, recorded, recordings } from './recordings.ts'

// one wire under four operations
const all = recordings(bedrockApis).map((recording) => ({ ...recording, api: 'bedrock' }))
const good = all.filter(({ response: { status } }) => status === 200)
const bad = all.filter(({ response: { status } }) => status >= 400)
const hi = { messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }] satisfies Message[] }

const list = (value: unknown): Fields[] => (Array.isArray(value) ? (value as Fields[]) : [])

/** What stands in the bytes, read without our decoder: events in their order, or the blocks of a body. */
function byHand({ response: { eventstream_base64: base64, body } }: Recording): Fields {
  const said = { text: '', reasoning: '', calls: [] as unknown[], stop: '', input: 0, output: 0 }
  const count = (usage: Fields | undefined): void => {
    const {
      inputTokens = 0,
      outputTokens = 0,
      cacheReadInputTokens: read = 0,
      cacheWriteInputTokens: write = 0,
    } = (usage ?? {}) as Record<string, number>
    Object.assign(said, { input: inputTokens + read + write, output: outputTokens })
  }
  if (base64 !== undefined) {
    const bytes = Buffer.from(base64, 'base64')
    const open: { id: unknown; name: unknown; input: string }[] = []
    for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
      const [size, headers] = [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)]
      const event = JSON.parse(bytes.subarray(at + 12 + headers, at + size - 4).toString()) as Fields
      const type = /:event-type...(\w+)/s.exec(bytes.subarray(at + 12, at + 12 + headers).toString('latin1'))![1]!
      const inner = type === 'chunk' ? (JSON.parse(Buffer.from(String(event.bytes), 'base64').toString()) as Fields) : { [type]: event }
      const { contentBlockStart, contentBlockDelta, messageStop, metadata } = inner as Record<string, Fields | undefined>
      const begun = (contentBlockStart?.start as Fields | undefined)?.toolUse as Fields | undefined
      if (begun) open.push({ id: begun.toolUseId, name: begun.name, input: '' })
      const delta = (contentBlockDelta?.delta ?? {}) as { text?: string; reasoningContent?: Fields; toolUse?: { input: string } }
      if (typeof delta.text === 'string') said.text += delta.text
      if (typeof delta.reasoningContent?.text === 'string') said.reasoning += delta.reasoningContent.text
      if (delta.toolUse) open.at(-1)!.input += delta.toolUse.input
      if (messageStop) said.stop = String(messageStop.stopReason)
      if (metadata) count(metadata.usage as Fields)
    }
    said.calls = open.map((call) => ({ ...call, input: JSON.parse(call.input || '{}') as unknown }))
    return said
  }
  const { output, stopReason, usage } = body as { output: { message: Fields }; stopReason: string; usage: Fields }
  for (const block of list(output.message.content)) {
    if (typeof block.text === 'string') said.text += block.text
    if (block.citationsContent)
      said.text += list((block.citationsContent as Fields).content)
        .map(({ text }) => String(text))
        .join('')
    const { reasoningText } = (block.reasoningContent ?? {}) as { reasoningText?: { text: string } }
    said.reasoning += reasoningText?.text ?? ''
    const { toolUseId: id, name, input } = (block.toolUse ?? {}) as Fields
    if (block.toolUse) said.calls.push({ id, name, input })
  }
  said.stop = stopReason
  count(usage)
  return said
}

describe.skipIf(!recorded)('recorded Bedrock traffic', () => {
  test('cut at any byte, an answer stays the same', async () => {
    const checked = await checkCuts(bedrockWire, good)
    console.log(`wire: bedrock decode: ${checked} answers`)
    expect(checked).toBeGreaterThanOrEqual(6)
  })

  test('it is read as it stands in the bytes', async () => {
    for (const recording of good) {
      // Claude's own events are checked with its API
      if (asksClaude(recording)) continue
      const ours = await outcome(bedrockWire.model(recording, answering(recording))(hi))
      const calls = ((ours.parts ?? []) as Part[]).flatMap((part) =>
        part.type === 'call' ? [{ id: part.id, name: part.name, input: part.input }] : [],
      )
      const { stop, input, output, ...said } = byHand(recording)
      expect({ text: ours.text, reasoning: ours.reasoning, calls }, recording.id).toEqual(said)
      expect(ours.usage, recording.id).toMatchObject({ input, output })
      expect(ours.finish, recording.id).toBe(({ tool_use: 'tools', max_tokens: 'length' } as Fields)[String(stop)] ?? 'stop')
    }
    const cited = good.filter(({ kind }) => kind.includes('citations') || kind.includes('citations-requested'))
    expect(cited.length).toBeGreaterThan(0)
    for (const recording of cited) {
      const { sources, text } = (await outcome(bedrockWire.model(recording, answering(recording))(hi))) as {
        sources: Fields[]
        text: string
      }
      expect(sources.length, recording.id).toBeGreaterThan(0)
      for (const { start, end } of sources) expect(text.slice(start as number, end as number), recording.id).not.toBe('')
    }
  })

  test('what we send for a recorded call is what was sent, to the same path', async () => {
    const checked = await checkEncode(bedrockWire, all)
    console.log(`wire: bedrock encode: ${checked} requests`)
    expect(checked).toBeGreaterThanOrEqual(7)
    for (const recording of all) {
      const { operation } = addressOf(recording)
      const send: typeof fetch = async (url, init) => {
        expect(decodeURIComponent(url as string), recording.id).toBe(decodeURIComponent(recording.request.url))
        expect(new Headers(init?.headers).get('authorization')).toBe('Bearer k')
        return answering(recording)(url, init)
      }
      await outcome(bedrockWire.model(recording, send)({ ...hi, stream: operation.endsWith('stream') }))
    }
  })

  test('the comparison sees a signature that is lost', async () => {
    const signed = all.filter(({ kind }) => kind.includes('reasoning-replay'))
    expect(signed.length).toBeGreaterThan(0)
    const forgetful = {
      ...bedrockWire,
      parse: (from: Recording) => {
        const call = bedrockWire.parse(from)
        return {
          ...call,
          messages: call.messages.map((message) => ({ ...message, parts: message.parts.map(({ replay: _, ...part }) => part as Part) })),
        }
      },
    }
    await expect(checkEncode(forgetful, signed)).rejects.toThrow()
  })

  test('a loop of ours repeats a recorded one', async () => {
    const groups = loops(bedrockWire, all)
    const driven = await checkLoops(bedrockWire, groups)
    console.log(`wire: bedrock loops: ${driven}`)
    expect(driven).toBeGreaterThanOrEqual(2)
  })

  test('errors have codes', async () => {
    const seen = await checkErrors(bedrockWire, bad, (recording, { code, retryable }) => {
      expect([code, retryable], recording.id).toEqual(['model/auth', false])
    })
    console.log(`wire: bedrock errors: ${JSON.stringify(seen)}`)
    expect(seen['model/auth']).toBeGreaterThanOrEqual(2)
  })

  test('a recorded stream with one bit turned is not believed', () => {
    for (const { response } of good.filter(({ response: { eventstream_base64: base64 } }) => base64 !== undefined)) {
      const bytes = new Uint8Array(Buffer.from(response.eventstream_base64!, 'base64'))
      const whole: Frame[] = []
      new FrameReader('p').feed(bytes, whole)
      expect(whole.length).toBeGreaterThan(3)
      for (let at = 0; at < bytes.length; at += 7) {
        const turned = bytes.slice()
        turned[at]! ^= 1 << (at % 8)
        expect(() => new FrameReader('p').feed(turned, []), `byte ${at}`).toThrow(/wrong sum/)
      }
    }
  })
})
