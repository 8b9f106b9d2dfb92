// A session by itself, over a journal in memory: readers, writers, and what is left when either goes away.
import { describe, expect, test } from 'vitest'
import { agent, memoryJournal, openSession, type Session, type Stored } from '../src/index.ts'
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
