// What runs keep in memory, in a process of its own (`node --expose-gc test/node/heap.ts <what>`): prints bytes.
import { argv, exit, memoryUsage, stdout } from 'node:process'
import { answering, reads } from '../../bench/upstream.ts'
import { app } from '../../src/http/app.ts'
import { agent, run, stream } from '../../src/index.ts'
import { openaiChat } from '../../src/providers/openai-chat.ts'
import { toSSE } from '../../src/sse.ts'

const collect = (globalThis as { gc?: () => void }).gc!
/** Bytes in use; twice, since what the first collection finalizes the second one frees. */
async function used(): Promise<number> {
  for (let time = 0; time < 2; time++) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    collect()
  }
  const { heapUsed, external } = memoryUsage()
  return heapUsed + external
}
const answers = (deltas: number) => answering(reads({ deltas, perRead: 1 }))
const made = (fetch: typeof globalThis.fetch) => agent({ name: 'a', model: openaiChat('gpt-bench', { apiKey: 'key', fetch }) })
const post = (path: string) =>
  new Request(`http://localhost${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: '{"input":"hi"}',
  })

/** Reads until a word of the answer has come, and keeps the rest waiting. */
async function upTo(word: string, response: Response): Promise<unknown> {
  const reader = response.body!.getReader()
  const decoder = new TextDecoder()
  for (let text = ''; !text.includes(`"${word} "`);) text = decoder.decode((await reader.read()).value, { stream: true })
  return reader
}

/** Bytes for each of a thousand that are all alive. */
async function held(open: () => Promise<unknown>): Promise<number> {
  for (let at = 0; at < 100; at++) await open()
  const before = await used()
  const alive: unknown[] = []
  for (let at = 0; at < 1000; at++) alive.push(await open())
  return ((await used()) - before) / alive.length
}

/** Bytes that each of 10,000 runs leaves behind: the least of four slopes, since a leak is in all of them and a compiler's tables in one. */
async function left(once: () => Promise<unknown>): Promise<number> {
  for (let at = 0; at < 2000; at++) await once()
  let least = Infinity
  for (let round = 0; round < 4; round++) {
    const before = await used()
    for (let at = 0; at < 2000; at++) await once()
    least = Math.min(least, ((await used()) - before) / 2000)
  }
  return least
}

const leak: unknown[] = []
const deltas = 200
const measures: Record<string, () => Promise<number>> = {
  stream: () => {
    const a = made(answers(deltas))
    return held(() => upTo('word100', toSSE(stream(a, 'hi'))))
  },
  route: () => {
    const web = app({ agents: { a: made(answers(deltas)) }, auth: 'open' })
    return held(async () => upTo('word100', await web.fetch(post('/agents/a/runs'))))
  },
  async reader() {
    const web = app({ agents: { a: made(stalling(reads({ deltas, perRead: 1 }).slice(0, deltas / 2))) }, auth: 'open' })
    await upTo('word80', await web.fetch(post('/agents/a/sessions/s/runs')))
    return held(async () => upTo('word10', await web.fetch(new Request('http://localhost/agents/a/sessions/s/events'))))
  },
  hoarding: () => {
    const a = made(answers(deltas))
    return held(async () => [await upTo('word100', toSSE(stream(a, 'hi'))), new Uint8Array(30_000)])
  },
  looks: () => {
    const web = app({ agents: { a: made(answers(3)) }, auth: 'open' })
    return left(async () => web.fetch(new Request(`http://localhost/agents/a/sessions/${crypto.randomUUID()}/events?ticket=none`)))
  },
  runs: () => {
    const a = made(answers(3))
    return left(() => run(a, 'hi'))
  },
  async requests() {
    const web = app({ agents: { a: made(answers(3)) }, auth: 'open' })
    return left(async () => (await web.fetch(post('/agents/a/runs'))).text())
  },
  leaking: () => {
    const a = made(answers(3))
    return left(async () => leak.push((await run(a, 'hi')).messages))
  },
}

/** Gives these reads and then nothing more. */
function stalling(chunks: readonly Uint8Array[]): typeof fetch {
  return async () => {
    let at = 0
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (at === chunks.length) await new Promise(() => {})
        controller.enqueue(chunks[at++]!)
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
}

const [, main, what] = argv
if (main === import.meta.filename) {
  stdout.write(String(Math.round(await measures[what!]!())))
  exit(0)
}
