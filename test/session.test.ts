// A session by itself, over a journal in memory: readers, writers, and what is left when either goes away.
import { describe, expect, test } from 'vitest'
import {
  agent,
  emptyState,
  type EventBody,
  fold,
  type Journal,
  memoryJournal,
  openSession,
  type Session,
  type Stored,
  textOf,
  tool,
  transcriptOf,
} from '../src/index.ts'
import { openaiChat } from '../src/providers/openai-chat.ts'
import { scripted, type Script } from '../src/testing/index.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const session = (...answers: Script[]): Promise<Session> =>
  openSession({ journal: memoryJournal(), key: 's', agent: agent({ name: 'a', model: scripted(...answers) }) })

describe('a reader', () => {
  test('that stays after the run has ended sleeps until its time is over or the next run', async () => {
    const s = await session('one', 'two')
    const seen: Stored[] = []
    let looks = 0
    const reading = (async () => {
      for await (const event of s.events({ linger: 200 })) seen.push(event)
    })()
    await s.submit('hi')
    await s.idle()
    const spin = setInterval(() => looks++, 1)
    await sleep(60)
    clearInterval(spin)
    // a reader that spins on promises would have starved the timer
    expect(looks).toBeGreaterThan(5)
    expect(seen.filter(({ type }) => type === 'finish')).toHaveLength(1)
    await s.submit('again')
    await s.idle()
    await reading
    expect(seen.filter(({ type }) => type === 'finish')).toHaveLength(2)
    expect(s.readers).toBe(0)
  })
})

describe('inputs that wait', () => {
  const slow = (ms: number): Script =>
    async function* () {
      await sleep(ms)
      yield { type: 'text' as const, delta: 'done' }
      yield { type: 'finish' as const, reason: 'stop' as const }
    }
  test('are bounded', async () => {
    const s = await session(slow(100), ...Array.from({ length: 40 }, () => 'x'))
    await s.submit('first')
    const results = await Promise.allSettled(Array.from({ length: 40 }, () => s.submit('more', { mode: 'queue' })))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(32)
    expect(results.at(-1)).toMatchObject({ reason: { code: 'session/busy' } })
  })
  test('of one operation are one run, also when both queue', async () => {
    const s = await session(slow(50), 'x', 'y')
    await s.submit('first')
    const operation = { key: 'k', hash: 'h' }
    const [a, b] = await Promise.all([s.submit('once', { mode: 'queue', operation }), s.submit('once', { mode: 'queue', operation })])
    await s.idle()
    expect(a.run).toBe(b.run)
    expect(s.messages.filter(({ role }) => role === 'user')).toHaveLength(2)
    await expect(s.submit('other', { operation: { key: 'k', hash: 'another' } })).rejects.toMatchObject({ code: 'idempotency/mismatch' })
  })
})

describe('a session whose journal was taken over', () => {
  test('is broken: it says so, writes nothing more, and opened again it goes on', async () => {
    const journal = memoryJournal()
    const a = agent({ name: 'a', model: scripted('one', 'two', 'three') })
    const [first, second] = [await openSession({ journal, key: 's', agent: a }), await openSession({ journal, key: 's', agent: a })]
    await first.submit('hi')
    await first.idle()
    await expect(second.submit('hi')).rejects.toMatchObject({ code: 'journal/conflict' })
    expect(second.broken?.code).toBe('journal/conflict')
    const third = await openSession({ journal, key: 's', agent: a })
    await third.submit('again')
    await third.idle()
    expect(third.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant'])
  })
})

describe('cancel', () => {
  test('reaches the fetch of the provider within one turn of the event loop', async () => {
    let signal: AbortSignal | undefined
    const fetch: typeof globalThis.fetch = (_url, init) => {
      signal = init!.signal!
      return new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)))
    }
    const s = await openSession({ journal: memoryJournal(), key: 's', agent: agent({ name: 'a', model: openaiChat('m', { fetch }) }) })
    await s.submit('hi')
    while (!signal) await sleep(1)
    void s.cancel()
    await sleep(0)
    expect(signal.aborted).toBe(true)
    await s.idle()
    expect(s.state.run?.finish).toBe('cancelled')
  })
})

describe('a model that begins its answer again', () => {
  test('is read live from where it began again, and in the end by everybody the same', async () => {
    const again: Script = async function* () {
      yield { type: 'text' as const, delta: 'wrong ' }
      await sleep(20)
      yield { type: 'restart' as const, reason: 'failover' }
      yield { type: 'text' as const, delta: 'right ' }
      await sleep(60)
      yield { type: 'text' as const, delta: 'answer' }
      yield { type: 'finish' as const, reason: 'stop' as const }
    }
    const s = await session(again)
    const reader = emptyState()
    const shown: string[] = []
    await s.submit('hi')
    for await (const event of s.events({ linger: 0 })) {
      fold(reader, event)
      shown.push(transcriptOf(reader).map(textOf).at(-1) ?? '')
      if (event.type === 'finish') break
    }
    expect(shown).toContain('wrong ')
    expect(shown).toContain('right ')
    expect(shown.at(-1)).toBe('right answer')
    expect(JSON.stringify(transcriptOf(reader))).toBe(JSON.stringify(s.messages))
  })
})

describe('a run whose isolate died', () => {
  const guarded = tool({ name: 'guarded', approval: true, run: () => 'ran' })
  /** A journal as a dead isolate leaves it: begun, interrupted so many times, never finished. */
  async function left(recoveries: number, deltas = 3): Promise<Journal> {
    const journal = memoryJournal()
    const base = { at: 1, run: 'r', agent: 'a' }
    let seq = 0
    const bodies: EventBody[] = [
      { type: 'start', attempt: 'first', request: {} },
      { type: 'message', message: { id: 'm', role: 'user', parts: [{ type: 'text', text: 'go' }] } },
      ...Array.from({ length: recoveries }, (): EventBody => ({ type: 'start', attempt: 'recovered' })),
      { type: 'step', n: 1, model: 'm', message: 'half' },
      ...Array.from({ length: deltas }, (_, n): EventBody => ({ type: 'text', delta: `w${n} ` })),
    ]
    const events = bodies.map((body): Stored => ({ ...base, ...body, seq: ++seq }))
    await journal.append('s', events, { expect: 0, writer: 'dead', reserve: seq + 64 })
    return journal
  }
  const open = (journal: Journal, ...answers: Script[]): Promise<Session> =>
    openSession({ journal, key: 's', agent: agent({ name: 'a', model: scripted(...answers), tools: [guarded] }) })

  test('is brought back by a touch, above every seq that was shown, however long its journal is', async () => {
    const journal = await left(0, 2500)
    const s = await open(journal, 'whole')
    expect(s.interrupted).toBe(true)
    await s.touch()
    await s.idle()
    expect(s.messages.map(textOf)).toEqual(['go', 'whole'])
    const restart = (await journal.read('s', { after: 2503 }))[0]!
    expect(restart).toMatchObject({ type: 'restart', from: 4 })
    expect(restart.seq).toBeGreaterThan(2503 + 64)
  })
  test('is finished before new input is taken', async () => {
    const s = await open(await left(1), 'first', 'second')
    await s.submit('and then?')
    await s.idle()
    expect(s.messages.map(textOf)).toEqual(['go', 'first', 'and then?', 'second'])
  })
  test('too often ends, and says so', async () => {
    const s = await open(await left(5), 'never said')
    await s.touch()
    await s.idle()
    expect(s.state.run?.finish).toBe('interrupted')
    expect(s.messages.map(textOf)).toEqual(['go'])
  })
})

test('a run that waits for somebody can be cancelled: what it asked for counts as declined', async () => {
  const guarded = tool({ name: 'guarded', approval: true, run: () => 'ran' })
  const m = scripted([{ type: 'call', id: 'c', name: 'guarded', input: {} }], 'next')
  const s = await openSession({ journal: memoryJournal(), key: 's', agent: agent({ name: 'a', model: m, tools: [guarded] }) })
  await s.submit('go')
  await s.idle()
  const [id] = s.state.pending.keys()
  expect(await s.cancel()).toBe(true)
  expect(await s.cancel()).toBe(false)
  expect(s.state.run?.finish).toBe('cancelled')
  await expect(s.answer({ id: id!, by: 'me', approve: true })).rejects.toMatchObject({ code: 'pending/stale' })
  await s.submit('and now?')
  await s.idle()
  expect(JSON.stringify(m.calls[1]!.messages)).toContain('tool/declined')
})

test('what is said to a run that ends before it looks begins a run of its own', async () => {
  const s = await session(async function* () {
    await sleep(30)
    yield { type: 'text' as const, delta: 'done' }
    yield { type: 'finish' as const, reason: 'stop' as const }
  }, 'heard')
  const { run } = await s.submit('go')
  const steered = await Promise.all([s.submit('one', { mode: 'steer' }), s.cancel()])
  await s.idle()
  expect(steered[0].run).not.toBe(run)
  expect(s.messages.at(-1)).toMatchObject({ role: 'assistant' })
})
