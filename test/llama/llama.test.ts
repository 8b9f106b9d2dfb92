// A real model behind a real server, through our providers and our HTTP surface, on Node and in the real workerd.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Event, EventOf, Result } from '../../src/index.ts'
import { eventsUntil } from '../events.ts'
import { root, serve, type Served } from '../workerd.ts'
import { dialects, longest, storyApp } from './agents.ts'
import type { LlamaServer, Status } from './server.ts'

const file = join(root, '../shared/llm/stories260K.gguf')
const here = existsSync(file)
if (!here) {
  if (process.env.CI === 'true') throw new Error('the model is missing: ../shared/llm')
  console.log('skipped: ../shared/llm is missing')
}

type Send = (path: string, init?: RequestInit) => Response | Promise<Response>

let llama: LlamaServer
let worker: Served
const send: Record<'Node' | 'workerd', Send> = {
  Node: (path, init) => storyApp(llama.url).request(`http://localhost${path}`, init),
  workerd: (path, init) => fetch(worker.url + path, init),
}

const status = async (): Promise<Status> => (await fetch(`${llama.url}/status`)).json() as Promise<Status>
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Runs and gives what the sampler counted meanwhile. */
async function sampledBy<T>(work: () => Promise<T>): Promise<[T, number]> {
  const before = await status()
  const result = await work()
  return [result, (await status()).sampled - before.sampled]
}

describe.skipIf(!here)('a real model', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    const { startLlama } = await import('./server.ts')
    // two ms a token: a story is long enough to be left, and the machine has time for others
    llama = await startLlama(file, { pace: 2 })
    worker = await serve('test/llama/worker.ts', { LLAMA: llama.url }, { sessions: false })
  }, 60_000)
  afterAll(async () => {
    await worker?.stop()
    await llama?.close()
  })

  describe.each(dialects)('in the dialect %s', (dialect) => {
    describe.each(['Node', 'workerd'] as const)('asked from %s', (runtime) => {
      const ask = (task: string, input: string, accept = 'text/event-stream', signal?: AbortSignal): Response | Promise<Response> =>
        send[runtime](`/agents/${dialect}-${task}/runs`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept },
          body: JSON.stringify({ input }),
          ...(signal && { signal }),
        })
      const events = async (task: string, input: string): Promise<Event[]> => eventsUntil(await ask(task, input), () => false)
      const of = <T extends Event['type']>(all: readonly Event[], type: T): EventOf<T>[] =>
        all.filter((event): event is EventOf<T> => event.type === type)

      test('tells a story as it is sampled, and says how many tokens it took', async () => {
        const [all, sampled] = await sampledBy(() => events('story', 'Once upon a time'))
        const text = of(all, 'text').map(({ delta }) => delta)
        expect(text.length).toBeGreaterThan(10)
        expect(text.join('')).toMatch(/^, there was a little girl named Lily\. She loved to play/)
        expect(of(all, 'finish')).toMatchObject([{ reason: 'length', usage: { output: sampled } }])
        expect(sampled).toBe(60)
        expect(of(all, 'finish')[0]!.usage.input).toBeGreaterThan(3)
      })

      test('as one body, it is the same story', async () => {
        const { text, usage } = (await (await ask('story', 'Once upon a time', 'application/json')).json()) as Result
        const streamed = await events('story', 'Once upon a time')
        expect(text).toBe(
          of(streamed, 'text')
            .map(({ delta }) => delta)
            .join(''),
        )
        expect(usage).toEqual(of(streamed, 'finish')[0]!.usage)
      })

      test('a reader who leaves stops the sampler', async () => {
        const before = await status()
        const leaving = new AbortController()
        const response = await ask('saga', 'Tell me of Lily.', 'text/event-stream', leaving.signal)
        await eventsUntil(response, (_, seen) => of(seen, 'text').length === 5)
        leaving.abort()
        await response.body?.cancel().catch(() => {})
        for (let tries = 0; (await status()).busy && tries < 100; tries++) await sleep(10)
        const { sampled, busy } = await status()
        expect(busy).toBe(false)
        expect(sampled - before.sampled).toBeGreaterThanOrEqual(5)
        expect(sampled - before.sampled).toBeLessThan(longest / 2)
        await sleep(100)
        expect((await status()).sampled).toBe(sampled)
      })

      test('one who stays hears all of it', async () => {
        const [all, sampled] = await sampledBy(() => events('saga', 'Tell me of Lily.'))
        expect(of(all, 'finish')).toMatchObject([{ reason: 'length', usage: { output: longest } }])
        expect(sampled).toBe(longest)
      })

      test('a story that comes to its end says so', async () => {
        const [all, sampled] = await sampledBy(() => events('saga', 'The cat'))
        expect(of(all, 'finish')).toMatchObject([{ reason: 'stop', usage: { output: sampled } }])
        expect(sampled).toBeLessThan(longest)
      })

      test('a tool is called as its grammar wants it, runs, and its result is told on', async () => {
        const [all, sampled] = await sampledBy(() => events('tool', 'How is the weather?'))
        const calls = of(all, 'tool-call')
        expect(calls).toHaveLength(1)
        expect(['get_weather', 'get_time']).toContain(calls[0]!.name)
        expect(calls[0]!.input).toEqual(
          calls[0]!.name === 'get_time'
            ? { zone: 'UTC' }
            : { city: expect.stringMatching(/^(Paris|Rome)$/) as string, unit: expect.stringMatching(/^(celsius|fahrenheit)$/) as string },
        )
        expect(of(all, 'tool-result')).toMatchObject([{ output: expect.stringMatching(/^It is/) as string }])
        expect(of(all, 'text').length).toBeGreaterThan(3)
        expect(of(all, 'finish')).toMatchObject([{ usage: { output: sampled } }])
      })

      test('an answer is held to its schema', async () => {
        const { output } = (await (await ask('form', 'Write a title.', 'application/json')).json()) as Result
        expect(output).toEqual({ title: expect.stringMatching(/^The (ball|dog)$/) as string, good: expect.any(Boolean) as boolean })
      })

      test('a prompt that fills the context is told apart from other errors', async () => {
        const all = await events('story', 'The cat sat. '.repeat(300))
        expect(of(all, 'error')).toMatchObject([{ code: 'model/context', retryable: false }])
      })
    })
  })
})
