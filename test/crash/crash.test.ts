// Kills workerd at chosen moments of a turn and looks at what the next process makes of it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyState, type Event, fold, type Message, transcriptOf } from '../../src/index.ts'
import { eventsUntil } from '../events.ts'
import { serve, type Served } from '../workerd.ts'

let worker: Served
let base: string

beforeAll(async () => {
  worker = await serve('test/crash/worker.ts')
  base = `${worker.url}/agents/crash/sessions`
  // each test starts it anew
  await worker.kill()
})
afterAll(() => worker.stop())

const start = (): Promise<void> => worker.start()
const kill = (): Promise<void> => worker.kill()
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Begins a run and reads events until `until` says so; what was read is what a reader saw before the crash. */
async function begin(session: string, input: string, until: (event: Event, seen: readonly Event[]) => boolean): Promise<Event[]> {
  const response = await fetch(`${base}/${session}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ input }),
  })
  expect(response.status).toBe(200)
  return eventsUntil(response, until)
}

async function replay(session: string, after = 0): Promise<Event[]> {
  const text = await (await fetch(`${base}/${session}/events?live=false&after=${after}`)).text()
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as Event)
}

const state = async (session: string): Promise<{ running: boolean; pending: { id: string }[]; messages: (Message & { seq?: number })[] }> =>
  (await fetch(`${base}/${session}`)).json() as never

const plain = (messages: readonly (Message & { seq?: number })[]): unknown =>
  messages.map(({ seq: _, ...message }) => JSON.parse(JSON.stringify(message)))

/** Every reader, whatever its cursor, must end with the transcript that the journal has. */
async function sameForAll(session: string, seen: readonly Event[]): Promise<void> {
  const want = plain((await state(session)).messages)
  for (let cut = 0; cut <= seen.length; cut++) {
    const reader = emptyState()
    for (const event of seen.slice(0, cut)) fold(reader, event)
    const cursor = seen[cut - 1]?.seq ?? 0
    for (const event of await replay(session, cursor)) fold(reader, event)
    expect(plain(transcriptOf(reader)), `cursor ${cursor}`).toEqual(want)
  }
}

async function settled(session: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const events = await replay(session)
    if (events.at(-1)?.type === 'finish') return
    await sleep(100)
  }
  throw new Error('the run does not end')
}

const textsOf = (messages: readonly Message[]): string => JSON.stringify(messages)

describe('workerd is killed', () => {
  test('in the middle of a streamed answer: the answer is given again, whole', async () => {
    await start()
    const seen = await begin('stream', 'stream', (_, all) => all.filter(({ type }) => type === 'text').length === 25)
    await kill()
    await start()
    await fetch(`${base}/stream`)
    await settled('stream')
    const { messages } = await state('stream')
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant'])
    expect(textsOf(messages)).toContain('word39')
    const events = await replay('stream')
    expect(events.filter(({ type }) => type === 'start').map((event) => event.type === 'start' && event.attempt)).toEqual([
      'first',
      'recovered',
    ])
    await sameForAll('stream', seen)
    await kill()
  }, 60_000)

  test('between the call and its start: the call goes on as if nothing had happened', async () => {
    await start()
    const seen = await begin('hesitant', 'call hesitant', ({ type }) => type === 'tool-call')
    await sleep(100)
    await kill()
    await start()
    expect((await replay('hesitant')).some(({ type }) => type === 'tool-start')).toBe(false)
    await fetch(`${base}/hesitant`)
    await settled('hesitant')
    expect(textsOf((await state('hesitant')).messages)).toContain('hesitant ran at attempt 1')
    expect((await replay('hesitant')).filter(({ type }) => type === 'tool-call')).toHaveLength(1)
    await sameForAll('hesitant', seen)
    await kill()
  }, 60_000)

  test('between start and result: a tool that is not idempotent is not run twice, one that is, is', async () => {
    for (const [tool, outcome] of [
      ['once', 'tool/interrupted'],
      ['again', 'ran at attempt 2'],
    ] as const) {
      await start()
      const seen = await begin(tool, `call ${tool}`, ({ type }) => type === 'tool-start')
      await sleep(100)
      await kill()
      await start()
      await fetch(`${base}/${tool}`)
      await settled(tool)
      const { messages } = await state(tool)
      expect(textsOf(messages)).toContain(outcome)
      expect((await replay(tool)).filter(({ type }) => type === 'tool-start')).toHaveLength(tool === 'once' ? 1 : 2)
      await sameForAll(tool, seen)
      await kill()
    }
  }, 60_000)

  test('while parked: the approval still counts afterwards', async () => {
    await start()
    const seen = await begin('parked', 'call guarded', ({ type }) => type === 'finish')
    await kill()
    await start()
    const { pending } = await state('parked')
    expect(pending).toHaveLength(1)
    const answer = await fetch(`${base}/parked/pending/${pending[0]!.id}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"approve":true}',
    })
    expect(await answer.json()).toMatchObject({ finish: 'stop' })
    expect(textsOf((await state('parked')).messages)).toContain('guarded ran')
    await sameForAll('parked', seen)
    await kill()
  }, 60_000)

  test('and nobody asks: the alarm brings the run back', async () => {
    await start()
    await begin('alarm', 'stream', (_, all) => all.filter(({ type }) => type === 'text').length === 10)
    await kill()
    await start()
    // the dead man's switch is 3 s in this worker
    await sleep(6000)
    const events = await replay('alarm')
    expect(events.at(-1)).toMatchObject({ type: 'finish', reason: 'stop' })
    const recovered = events.find((event) => event.type === 'start' && event.attempt === 'recovered')
    expect(recovered!.at).toBeLessThan(Date.now() - 500)
    await kill()
  }, 60_000)
})
