// What an answer costs, counted rather than timed: these figures are the same on every machine, so they gate. Times are in bench/.
import { createHook } from 'node:async_hooks'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { queryObjects } from 'node:v8'
import { expect, test, vi } from 'vitest'
import { answering, drain, reads } from '../../bench/upstream.ts'
import { app } from '../../src/http/app.ts'
import { agent, type Middleware, stream } from '../../src/index.ts'
import { openaiChat } from '../../src/providers/openai-chat.ts'
import { toSSE } from '../../src/sse.ts'

// a machine that others use too may be slow; what is counted stays the same
vi.setConfig({ testTimeout: 120_000 })

type Way = (fetch: typeof globalThis.fetch, use?: readonly Middleware[]) => () => Promise<Response>

/** Kept, so that their streams can be counted. */
const requests: Request[] = []

function post(path: string): Request {
  const request = new Request(`http://localhost${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: '{"input":"hi"}',
  })
  requests.push(request)
  return request
}

/** The ways in which an answer of the provider becomes bytes for a reader. */
const loop: Way = (fetch, use) => {
  const a = made(fetch, use)
  return async () => toSSE(stream(a, 'hi'))
}
const route: Way = (fetch, use) => {
  const web = app({ agents: { a: made(fetch, use) }, auth: 'open' })
  return async () => web.fetch(post('/agents/a/runs'))
}
const session: Way = (fetch, use) => {
  const web = app({ agents: { a: made(fetch, use) }, auth: 'open' })
  return async () => web.fetch(post(`/agents/a/sessions/${crypto.randomUUID()}/runs`))
}

const made = (fetch: typeof globalThis.fetch, use: readonly Middleware[] = []) =>
  agent({ name: 'a', model: openaiChat('gpt-bench', { apiKey: 'key', fetch }), use })

/** Promises that a thousand deltas cost beyond what the request costs anyway, for each delta. */
async function promisesPerDelta(way: Way, { perRead = 1, use = [] as readonly Middleware[] } = {}): Promise<number> {
  const count = async (deltas: number): Promise<number> => {
    const answer = way(answering(reads({ deltas, perRead })), use)
    await drain(await answer())
    let promises = 0
    const hook = createHook({ init: (_id, type) => void (type === 'PROMISE' && promises++) }).enable()
    await drain(await answer())
    hook.disable()
    return promises
  }
  return ((await count(1100)) - (await count(100))) / 1000
}

const passing: Middleware = {
  async *model(call, next) {
    for await (const chunk of next(call)) yield chunk
  },
}
const wasteful: Middleware = {
  async *model(call, next) {
    for await (const chunk of next(call)) {
      for (let at = 0; at < 10; at++) await Promise.resolve()
      yield chunk
    }
  },
}

test.each([
  ['the loop', loop, 28],
  ['the route', route, 28],
  ['a session', session, 40],
])('a delta costs few promises: %s', async (name, way, most) => {
  const [one, many] = [await promisesPerDelta(way), await promisesPerDelta(way, { perRead: 10 })]
  console.log(`perf: promises a delta, ${name}: ${one.toFixed(1)} of ${most}, ten a read: ${many.toFixed(1)} of ${most / 5}`)
  expect(one).toBeLessThanOrEqual(most)
  expect(many).toBeLessThanOrEqual(most / 5)
})

test('a model layer costs at most four promises a delta, and a wasteful one is seen', async () => {
  const none = await promisesPerDelta(loop)
  const one = await promisesPerDelta(loop, { use: [passing] })
  const three = await promisesPerDelta(loop, { use: [passing, passing, passing] })
  console.log(`perf: promises a delta and layer: ${(one - none).toFixed(1)} of 4`)
  expect(one - none).toBeLessThanOrEqual(4)
  expect(three - none).toBeLessThanOrEqual(12)
  expect(await promisesPerDelta(loop, { use: [wasteful] })).toBeGreaterThan(none + 4)
})

/** Streams that are alive while an answer is read, and how often one was split. */
async function streamsOf(answer: () => Promise<Response>, during?: (response: Response) => unknown) {
  const { prototype } = ReadableStream
  const { tee } = prototype
  let tees = 0
  prototype.tee = function counted(this: ReadableStream) {
    tees++
    return tee.call(this)
  } as typeof tee
  try {
    const before = queryObjects(ReadableStream, { format: 'count' })
    const response = await answer()
    const more = during?.(response)
    const reader = response.body!.getReader()
    for (let read = 0; read < 5; read++) await reader.read()
    const streams = queryObjects(ReadableStream, { format: 'count' }) - before
    // not awaited: half of a split stream waits for the other half
    void reader.cancel()
    return { streams, tees, more }
  } finally {
    prototype.tee = tee
  }
}

test.each([
  ['the loop', loop],
  ['the route', route],
  ['a session', session],
])('a request makes at most three streams and splits none: %s', async (name, way) => {
  const answer = way(answering(reads({ deltas: 100, perRead: 1 })))
  const { streams, tees } = await streamsOf(answer)
  console.log(`perf: streams of a request, ${name}: ${streams} of 3`)
  expect(streams).toBeGreaterThan(0)
  expect(streams).toBeLessThanOrEqual(3)
  expect(tees).toBe(0)
})

test('a stream more and a split are seen', async () => {
  const answer = route(answering(reads({ deltas: 100, perRead: 1 })))
  const { streams: plain } = await streamsOf(answer)
  const split = await streamsOf(answer, (response) => response.clone())
  const stacked = await streamsOf(async () => new Response((await answer()).body!.pipeThrough(new TransformStream())))
  expect(split.tees).toBe(1)
  expect(stacked.streams).toBeGreaterThan(plain)
})

const KiB = 1024

/** Bytes, measured in a process of its own. */
function heap(what: string): number {
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', join(import.meta.dirname, 'heap.ts'), what], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect(stdout, stderr).toMatch(/^-?\d+$/)
  return Number(stdout)
}

test.each(['stream', 'route', 'reader'])('a live, half-read answer holds at most 25 KiB: %s', (what) => {
  const bytes = heap(what)
  console.log(`perf: held by a half-read ${what}: ${(bytes / KiB).toFixed(1)} KiB of 25`)
  expect(bytes).toBeGreaterThan(KiB)
  expect(bytes).toBeLessThanOrEqual(25 * KiB)
})

test.each(['runs', 'requests', 'looks'])('ten thousand leave nothing behind: %s', (what) => {
  const bytes = heap(what)
  console.log(`perf: left behind by each of 10,000 ${what}: ${bytes} bytes of 64`)
  expect(bytes).toBeLessThanOrEqual(64)
})

test('what hoards and what leaks is seen', () => {
  expect(heap('hoarding')).toBeGreaterThan(25 * KiB)
  expect(heap('leaking')).toBeGreaterThan(64)
})
