// SIGKILL of a process whose sessions are in a file: what the next process makes of them, on Node, Deno and Bun alike.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { emptyState, type Event, fold, type Message, transcriptOf } from '../../src/index.ts'
import { eventsUntil } from '../events.ts'

const dir = mkdtempSync(join(tmpdir(), 'edgeswarm-kill-'))
let child: ChildProcess | undefined
afterEach(() => {
  child?.kill('SIGKILL')
})
const base = '/agents/a/sessions/s'

async function start(file: string): Promise<string> {
  const flags = 'Deno' in globalThis ? ['run', '-A', '--no-lock'] : []
  child = spawn(process.execPath, [...flags, join(import.meta.dirname, 'server.ts'), join(dir, file)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  for await (const data of child.stdout!) {
    said += String(data)
    const port = /port (\d+)/.exec(said)?.[1]
    if (port) return `http://localhost:${port}`
  }
  throw new Error(`the server does not come up: ${said}`)
}
async function kill(): Promise<void> {
  const gone = new Promise((resolve) => child!.once('exit', resolve))
  child!.kill('SIGKILL')
  await gone
}
const post = (url: string, body: object, accept = 'application/json'): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', accept }, body: JSON.stringify(body) })

/** Reads a run's events until one is reached, and leaves. */
async function upTo(at: string, input: string, type: string, times = 1): Promise<Event[]> {
  const response = await post(`${at}${base}/runs`, { input }, 'text/event-stream')
  return eventsUntil(response, (_, seen) => seen.filter((event) => event.type === type).length === times)
}
const replay = async (at: string, after: number): Promise<Event[]> => {
  const text = await (await fetch(`${at}${base}/events?live=false&after=${after}`)).text()
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as Event)
}
const state = async (at: string): Promise<{ running: boolean; pending: { id: string }[]; messages: (Message & { seq?: number })[] }> =>
  (await fetch(at + base)).json() as never
async function settled(at: string): Promise<(Message & { seq?: number })[]> {
  for (let tries = 0; tries < 200; tries++) {
    const { running, messages } = await state(at)
    if (!running) return messages
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the run does not end')
}
const plain = (messages: readonly (Message & { seq?: number })[]): unknown =>
  messages.map(({ seq: _, ...message }) => JSON.parse(JSON.stringify(message)))

describe('a process is killed', { timeout: 30_000 }, () => {
  test('in the middle of an answer: it is given again, whole, and a reader ends with what the journal has', async () => {
    const first = await start('answer.sqlite')
    const seen = await upTo(first, 'talk', 'text', 25)
    await kill()
    const second = await start('answer.sqlite')
    const messages = await settled(second)
    expect(JSON.stringify(messages)).toContain('word39')
    const reader = emptyState()
    for (const event of seen) fold(reader, event)
    for (const event of await replay(second, seen.at(-1)!.seq!)) fold(reader, event)
    expect(plain(transcriptOf(reader))).toEqual(plain(messages))
  })

  test('in a tool that is not idempotent: it is not run twice', async () => {
    const first = await start('tool.sqlite')
    await upTo(first, 'call once', 'tool-start')
    await kill()
    const second = await start('tool.sqlite')
    const text = JSON.stringify(await settled(second))
    expect([text.includes('tool/interrupted'), text.includes('All done.')]).toEqual([true, true])
    expect((await replay(second, 0)).filter(({ type }) => type === 'tool-start')).toHaveLength(1)
  })

  test('while somebody is asked: the answer still counts', async () => {
    const first = await start('parked.sqlite')
    await upTo(first, 'call guarded', 'finish')
    await kill()
    const second = await start('parked.sqlite')
    const { pending } = await state(second)
    expect(await (await post(`${second}${base}/pending/${pending[0]!.id}`, { approve: true })).json()).toMatchObject({ finish: 'stop' })
    expect(JSON.stringify(await settled(second))).toContain('guarded ran')
    await kill()
    rmSync(dir, { recursive: true, force: true })
  })
})
