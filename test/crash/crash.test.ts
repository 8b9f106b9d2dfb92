// Kills workerd at chosen moments of a turn and looks at what the next process makes of it.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyState, type Event, fold, type Message, transcriptOf } from '../../src/index.ts'

const root = join(import.meta.dirname, '../..')
const dir = mkdtempSync(join(tmpdir(), 'edgeswarm-crash-'))
const port = 20_000 + Math.floor(Math.random() * 20_000)
const base = `http://localhost:${port}/agents/crash/sessions`
let child: ChildProcess | undefined

beforeAll(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, 'worker.ts')],
    outfile: join(dir, 'worker.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:workers'],
  })
  writeFileSync(
    join(dir, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .worker), (name = "disk", disk = (path = "${dir}/do", writable = true)) ],
  sockets = [ (name = "http", address = "127.0.0.1:${port}", http = (), service = "main") ],
);
const worker :Workerd.Worker = (
  modules = [ (name = "worker.js", esModule = embed "worker.js") ],
  compatibilityDate = "2026-08-01",
  durableObjectNamespaces = [ (className = "AgentSession", uniqueKey = "crash", enableSql = true) ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [ (name = "SESSIONS", durableObjectNamespace = "AgentSession") ],
);`,
  )
  const { mkdirSync } = await import('node:fs')
  mkdirSync(join(dir, 'do'))
})
afterAll(() => {
  child?.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

async function start(): Promise<void> {
  child = spawn(join(root, 'node_modules/.bin/workerd'), ['serve', join(dir, 'config.capnp'), '--experimental'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  for (let tries = 0; ; tries++) {
    const up = await fetch(`http://localhost:${port}/health`).then(
      (r) => r.ok,
      () => false,
    )
    if (up) return
    if (tries > 100) throw new Error('workerd does not come up')
    await sleep(50)
  }
}

async function kill(): Promise<void> {
  const gone = new Promise((resolve) => child!.once('exit', resolve))
  child!.kill('SIGKILL')
  await gone
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Begins a run and reads events until `until` says so; what was read is what a reader saw before the crash. */
async function begin(session: string, input: string, until: (event: Event, seen: Event[]) => boolean): Promise<Event[]> {
  const response = await fetch(`${base}/${session}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ input }),
  })
  expect(response.status).toBe(200)
  const seen: Event[] = []
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const frames = text.split('\n\n')
    text = frames.pop()!
    for (const frame of frames) {
      const data = /^data: (.*)$/m.exec(frame)?.[1]
      if (!data) continue
      seen.push(JSON.parse(data) as Event)
      if (until(seen.at(-1)!, seen)) return seen
    }
  }
  return seen
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
