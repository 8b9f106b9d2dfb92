import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import { type KitErrorCode, type Part } from '../../src/index.ts'
import { wire } from './anthropic.ts'
import { answering, checkCuts, checkEncode, checkErrors, checkLoops, type Fields, loops, outcome } from './checks.ts'
import { type Recording, recorded, recordings } from './recordings.ts'

const all = recordings(['anthropic.messages'])
const good = all.filter(({ response: { status } }) => status === 200)
const bad = all.filter(({ response: { status } }) => status >= 400)

describe.skipIf(!recorded)('recorded Messages traffic', () => {
  test('cut at any byte, an answer stays the same', async () => {
    const checked = await checkCuts(wire, good)
    console.log(`wire: messages decode: ${checked} answers`)
    expect(checked).toBeGreaterThanOrEqual(40)
  }, 60_000)

  test('the official SDK reads the same from the same answer', async () => {
    const seen = { streams: 0, bodies: 0 }
    for (const recording of good) {
      const client = new Anthropic({ apiKey: 'k', fetch: answering(recording), maxRetries: 0 })
      const params = { model: 'm', max_tokens: 1, messages: [] }
      const streamed = recording.response.sse !== undefined
      const theirs = streamed
        ? await client.beta.messages.stream(params).finalMessage()
        : await client.messages.create(params, { timeout: 1000 })
      if (streamed) {
        expect(await deltasOf(client), recording.id).toBe(textOf(theirs.content as never))
        const { text, usage, finish } = asOurs((await client.messages.stream(params).finalMessage()) as never)
        expect(await ours(recording), `${recording.id}: messages.stream`).toMatchObject({ text, usage, finish })
      }
      expect(await ours(recording), recording.id).toEqual(asOurs(theirs as never))
      seen[streamed ? 'streams' : 'bodies']++
    }
    console.log(`wire: messages against the SDK: ${seen.streams} streams, ${seen.bodies} bodies`)
    expect(seen.streams).toBeGreaterThanOrEqual(15)
    expect(seen.bodies).toBeGreaterThanOrEqual(25)
  }, 60_000)

  test('what is sent for a recorded call is what was sent', async () => {
    const checked = await checkEncode(wire, all)
    console.log(`wire: messages encode: ${checked} requests, ${Object.keys(wire.skip).length} out of scope`)
    expect(checked).toBeGreaterThanOrEqual(34)
  }, 60_000)

  test('our loop sends what the recorded loop sent', async () => {
    const groups = loops(wire, all)
    const checked = await checkLoops(wire, groups)
    console.log(`wire: messages loops: ${checked} of ${new Set(all.filter(({ steps }) => steps > 1).map(({ group }) => group)).size}`)
    expect(checked).toBeGreaterThanOrEqual(9)
  }, 60_000)

  test('an error has its code', async () => {
    const codes: Record<number, KitErrorCode> = { 400: 'model/request', 401: 'model/auth', 404: 'model/unknown' }
    const seen = await checkErrors(wire, bad, ({ id, response: { status } }, error) => {
      expect(error.code, id).toBe(codes[status])
      expect(error.retryable, id).toBe(false)
      expect(error.retryAfter, id).toBeUndefined()
    })
    console.log(`wire: messages errors: ${bad.length} ${JSON.stringify(seen)}`)
    expect(bad.length).toBeGreaterThanOrEqual(3)
  })
})

/** The text deltas as the SDK's bare stream gives them. */
async function deltasOf(client: Anthropic): Promise<string> {
  let text = ''
  for await (const event of await client.messages.create({ model: 'm', max_tokens: 1, messages: [], stream: true }))
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text
  return text
}

const textOf = (content: readonly Fields[]): string => content.map(({ type, text }) => (type === 'text' ? text : '')).join('')

const finishes: Record<string, string> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tools',
  pause_turn: 'pause',
  compaction: 'pause',
  refusal: 'refusal',
}

/** The SDK's message in the words of our outcome. */
function asOurs({ content, usage, stop_reason }: { content: Fields[]; usage: Record<string, never>; stop_reason: string }): Fields {
  const { input_tokens, output_tokens, cache_read_input_tokens: read, cache_creation_input_tokens: write, output_tokens_details } = usage
  const thinking = (output_tokens_details as Fields | undefined)?.thinking_tokens
  return {
    text: textOf(content),
    reasoning: content.map(({ type, thinking: thought }) => (type === 'thinking' ? thought : '')).join(''),
    calls: content
      .filter(({ type }) => String(type).endsWith('tool_use'))
      .map(({ type, id, name, input }) => ({ id, name, input, by: type === 'tool_use' ? 'kit' : 'provider' })),
    blocks: content.filter(({ type, text }) => type !== 'text' || text).map(({ type }) => type),
    cited: content.flatMap(({ citations }) => (citations ?? []) as Fields[]).map(({ cited_text }) => cited_text),
    signatures: content.flatMap(({ signature, data }) => signature ?? data ?? []),
    usage: {
      input: (input_tokens ?? 0) + (read ?? 0) + (write ?? 0),
      output: output_tokens,
      ...(typeof read === 'number' && { cacheRead: read }),
      ...(typeof write === 'number' && { cacheWrite: write }),
      ...(thinking !== undefined && thinking !== null && { reasoning: thinking }),
    },
    finish: finishes[stop_reason],
  }
}

async function ours(recording: Recording): Promise<Fields> {
  const { text, reasoning, usage, finish, parts, sources } = (await outcome(
    wire.model(recording, answering(recording))({ messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }] }),
  )) as Fields & { parts: Part[]; sources: { text?: string }[] }
  const replayed = parts.filter(({ type }) => type === 'reasoning').map(({ replay }) => replay!.data as Fields)
  return {
    text,
    reasoning,
    calls: parts.flatMap((part) =>
      part.type === 'call' ? [{ id: part.id, name: part.name, input: part.input, by: part.by ?? 'kit' }] : [],
    ),
    blocks: parts.filter((part) => part.type !== 'refusal' && !(part.type === 'opaque' && part.kind === 'container')).map(blockType),
    cited: sources.map((source) => source.text),
    signatures: replayed.map(({ signature, data }) => signature ?? data),
    usage,
    finish,
  }
}

function blockType(part: Part): unknown {
  if (part.type === 'opaque') return part.kind
  if (part.type === 'call') return part.by === 'provider' ? (part.replay!.data as Fields).type : 'tool_use'
  return part.type === 'reasoning' ? (part.replay!.data as Fields).type : part.type
}
