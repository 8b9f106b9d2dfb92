// What one read brings travels together; order, storing and what is kept of a broken answer stay as if it had come piece by piece.
import { expect, test } from 'vitest'
import { agent, type Event, type Journal, memoryJournal, openSession, stream } from '../src/index.ts'
import { openaiChat } from '../src/providers/openai-chat.ts'
import { toSSE } from '../src/sse.ts'

const line = (body: object): string => `data: ${JSON.stringify(body)}\n\n`
const text = (content: string): string => line({ choices: [{ index: 0, delta: { content } }] })
const cited = line({ choices: [{ index: 0, delta: { annotations: [{ url_citation: { url: 'https://a.example' } }] } }] })
const end = line({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
const words = (count: number): string => Array.from({ length: count }, (_, at) => text(`w${at} `)).join('')

/** An agent whose provider answers with these reads. */
const answering = (...reads: readonly string[]) =>
  agent({
    name: 'a',
    model: openaiChat('m', {
      fetch: async () => {
        const chunks = reads.map((read) => new TextEncoder().encode(read)).values()
        const body = new ReadableStream<Uint8Array>({
          pull(controller) {
            const { value, done } = chunks.next()
            if (done) controller.close()
            else controller.enqueue(value)
          },
        })
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
      },
    }),
  })

const said = (events: readonly Event[]): string[] => events.map((event) => (event.type === 'text' ? event.delta : event.type))
const all = async (events: AsyncIterable<Event>): Promise<Event[]> => {
  const seen: Event[] = []
  for await (const event of events) seen.push(event)
  return seen
}

test('one by one or together, a reader gets the same events in the same order', async () => {
  const a = answering(text('a') + text('b') + cited + text('c'), text('d') + text('e') + end)
  const order = ['start', 'step', 'a', 'b', 'source', 'c', 'd', 'e', 'message', 'finish']
  expect(said(await all(stream(a, 'hi')))).toEqual(order)
  const sse = await toSSE(stream(a, 'hi')).text()
  expect(said([...sse.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as Event))).toEqual(order)
})

test('a read that breaks in its middle is shown and kept up to there', async () => {
  const events = await all(stream(answering(text('a') + text('b') + line({ error: { message: 'no more', code: 500 } })), 'hi'))
  expect(said(events)).toEqual(['start', 'step', 'a', 'b', 'message', 'error', 'finish'])
  expect(events.find(({ type }) => type === 'message')).toMatchObject({ message: { parts: [{ type: 'text', text: 'ab' }] } })
})

/** A journal that takes its time, and what it had promised when. */
function slow(): Journal {
  const journal = memoryJournal()
  return {
    ...journal,
    async append(...given) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      await journal.append(...given)
    },
  }
}

test('nothing is shown before it is stored but deltas, and those only under a promised seq', async () => {
  const journal = slow()
  const session = await openSession({ journal, key: 'k', agent: answering(words(300) + cited, words(100), words(1) + end) })
  const { run } = await session.submit('hi')
  let deltas = 0
  for await (const event of session.events({ linger: 0 })) {
    const head = (await journal.head('k'))!
    if (event.type === 'text') {
      deltas++
      expect(event.seq).toBeLessThanOrEqual(Math.max(head.reserved, head.seq))
    } else expect(event.seq).toBeLessThanOrEqual(head.seq)
    if (event.type === 'finish') break
  }
  expect(deltas).toBe(401)
  await session.idle()
  expect(session.state.run).toMatchObject({ id: run, finish: 'stop' })
  expect(session.messages.at(-1)?.parts).toMatchObject([{ type: 'text', text: expect.stringMatching(/^w0 w1 .* w99 w0 $/) }])
})

test('a reader that comes late gets what is there, in order, and then what follows', async () => {
  const session = await openSession({ journal: memoryJournal(), key: 'k', agent: answering(words(500), words(500) + end) })
  await session.submit('hi')
  await session.idle()
  const seqs = (await all(session.events({ live: false }))).map(({ seq }) => seq!)
  expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
  expect(new Set(seqs).size).toBe(seqs.length)
  expect(seqs.length).toBeGreaterThanOrEqual(1000)
})
