import { GoogleGenAI } from '@google/genai'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collect, type Part, user } from '../../src/index.ts'
import { interactions } from '../../src/providers/gemini-interactions.ts'
import { answering, checkCuts, checkEncode, outcome } from './checks.ts'
import { interactionsWire } from './gemini-interactions.ts'
import { recorded, recordings } from './recordings.ts'

describe.skipIf(!recorded)('recorded interactions', () => {
  const all = recordings(['gemini.interactions'])

  test('cut at any byte, an answer stays the same; what is sent is what was sent, and fits the schema', async () => {
    const [cut, sent] = [await checkCuts(interactionsWire, all), await checkEncode(interactionsWire, all)]
    console.log(`wire: gemini.interactions: ${cut} answers, ${sent} requests`)
    expect([cut, sent]).toEqual([all.length, all.length])
    expect(cut).toBeGreaterThanOrEqual(2)
  })

  test('an answer is what its body says; one that is made in the background is told so', async () => {
    for (const recording of all) {
      const { text, usage, finish, error, parts } = await outcome(
        interactionsWire.model(recording, answering(recording))({ messages: [user('hi')] }),
      )
      const body = recording.response.body as {
        status: string
        usage?: Record<string, number>
        steps?: { type: string; signature?: string; content?: { text: string }[] }[]
      }
      if (body.status === 'in_progress') {
        expect(error, recording.id).toBe('model/unsupported')
        continue
      }
      const {
        total_input_tokens: input,
        total_output_tokens: output,
        total_thought_tokens: thought,
        total_cached_tokens: cacheRead,
      } = body.usage!
      expect({ text, usage, finish }, recording.id).toEqual({
        text: body.steps!.flatMap(({ content = [] }) => content.map((each) => each.text)).join(''),
        usage: { input, output: output! + thought!, reasoning: thought, cacheRead },
        finish: { completed: 'stop', incomplete: 'length', requires_action: 'tools' }[body.status],
      })
      const signatures = body.steps!.flatMap(({ signature }) => signature ?? [])
      expect(JSON.stringify(parts), recording.id).toContain(signatures[0])
    }
  })
})

interface Said {
  text: string
  reasoning: string
  signatures: string[]
  calls: { id: string; name: string; input: unknown }[]
  usage: { input: number; output: number }
}

/** A stream of the vendor's shape: steps of thought, text and calls, in pieces. */
const answers = fc
  .tuple(
    fc.array(
      fc.oneof(
        fc.record({
          type: fc.constant('thought' as const),
          pieces: fc.array(fc.string({ unit: 'grapheme', minLength: 1 })),
          signature: fc.base64String({ minLength: 4 }),
        }),
        fc.record({
          type: fc.constant('text' as const),
          pieces: fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1 }),
        }),
        fc.record({
          type: fc.constant('call' as const),
          input: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { minKeys: 1, noNullPrototype: true }),
          size: fc.integer({ min: 1, max: 9 }),
        }),
      ),
      { maxLength: 5 },
    ),
    fc.nat(1000),
    fc.nat(1000),
  )
  .map(([steps, input, output]) => {
    const events: object[] = [{ event_type: 'interaction.created', interaction: { id: 'v1', status: 'in_progress' } }]
    for (const [index, step] of steps.entries()) {
      const delta = (more: object): object => ({ event_type: 'step.delta', index, delta: more })
      const type = { thought: 'thought', text: 'model_output', call: 'function_call' }[step.type]
      events.push({
        event_type: 'step.start',
        index,
        step: step.type === 'call' ? { type, id: `f${index}`, name: 'add', arguments: {} } : { type },
      })
      if (step.type === 'call') {
        const text = JSON.stringify(step.input)
        for (let at = 0; at < text.length; at += step.size)
          events.push(delta({ type: 'arguments_delta', arguments: text.slice(at, at + step.size) }))
      } else
        for (const text of step.pieces)
          events.push(delta(step.type === 'text' ? { type: 'text', text } : { type: 'thought_summary', content: { type: 'text', text } }))
      if (step.type === 'thought') events.push(delta({ type: 'thought_signature', signature: step.signature }))
      events.push({ event_type: 'step.stop', index })
    }
    const usage = { total_input_tokens: input, total_output_tokens: output }
    events.push({ event_type: 'interaction.completed', interaction: { id: 'v1', status: 'completed', usage } })
    return events
  })

async function bySdk(body: Response): Promise<Said> {
  const client = new GoogleGenAI({ apiKey: 'k', httpOptions: { fetch: async () => body } as object })
  const said: Said = { text: '', reasoning: '', signatures: [], calls: [], usage: { input: 0, output: 0 } }
  const pieces = new Map<number, { id: string; name: string; text: string }>()
  for await (const event of await client.interactions.create({ model: 'm', input: 'hi', stream: true })) {
    if (event.event_type === 'step.start' && event.step.type === 'function_call')
      pieces.set(event.index, { id: event.step.id, name: event.step.name, text: '' })
    if (event.event_type === 'interaction.completed')
      said.usage = { input: event.interaction.usage?.total_input_tokens ?? 0, output: event.interaction.usage?.total_output_tokens ?? 0 }
    if (event.event_type !== 'step.delta') continue
    const { delta } = event
    if (delta.type === 'text') said.text += delta.text
    if (delta.type === 'thought_summary' && delta.content?.type === 'text') said.reasoning += delta.content.text
    if (delta.type === 'thought_signature') said.signatures.push(delta.signature!)
    if (delta.type === 'arguments_delta') pieces.get(event.index)!.text += delta.arguments ?? ''
  }
  said.calls = [...pieces.values()].map(({ text, ...call }) => ({ ...call, input: JSON.parse(text) as unknown }))
  return said
}

async function byUs(body: Response): Promise<Said> {
  const { parts, usage } = await collect(interactions('m', { fetch: async () => body })({ messages: [user('hi')] }))
  const textOf = (type: Part['type']): string => parts.map((part) => (part.type === type && 'text' in part ? part.text : '')).join('')
  return {
    text: textOf('text'),
    reasoning: textOf('reasoning'),
    signatures: parts.flatMap(({ replay }) => (replay?.data as { signature?: string } | undefined)?.signature ?? []),
    calls: parts.flatMap((part) => (part.type === 'call' ? { id: part.id, name: part.name, input: part.input } : [])),
    usage,
  }
}

test('the official SDK reads the same from the same stream, cut at any byte', async () => {
  await fc.assert(
    fc.asyncProperty(answers, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), async (events, sizes) => {
      const bytes = new TextEncoder().encode(
        `${events.map((event) => `event: e\ndata: ${JSON.stringify(event)}\n\n`).join('')}event: done\ndata: [DONE]\n\n`,
      )
      const body = (): Response => {
        let [at, turn] = [0, 0]
        const cut = new ReadableStream<Uint8Array>({
          pull(controller) {
            if (at >= bytes.length) return controller.close()
            const size = sizes[turn++ % sizes.length]!
            controller.enqueue(bytes.slice(at, at + size))
            at += size
          },
        })
        return new Response(cut, { headers: { 'content-type': 'text/event-stream' } })
      }
      expect(await byUs(body())).toEqual(await bySdk(body()))
    }),
    { numRuns: 60 },
  )
}, 60_000)
