import { agent, stream } from '../../src/index.ts'
import { app } from '../../src/http/app.ts'
import { openaiChat } from '../../src/providers/openai-chat.ts'
import { toSSE } from '../../src/sse.ts'
import type { Subject } from '../measure.ts'

const made = (fetch: typeof globalThis.fetch) => agent({ name: 'bench', model: openaiChat('gpt-bench', { apiKey: 'key', fetch }) })

const post = (path: string): Request =>
  new Request(`http://localhost${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: '{"input":"hi"}',
  })

/** The loop alone. */
export const loop: Subject = (fetch) => {
  const bench = made(fetch)
  return () => toSSE(stream(bench, 'hi'))
}

/** The same behind its route. */
export const route: Subject = (fetch) => {
  const web = app({ agents: { bench: made(fetch) }, auth: 'open' })
  return () => web.fetch(post('/agents/bench/runs'))
}

/** A new session: its journal, and the one reader that began the run. */
export const session: Subject = (fetch) => sessions(fetch, 0)

/** The same with a hundred more readers, all read to their end. */
export const crowd: Subject = (fetch) => sessions(fetch, 100)

function sessions(fetch: typeof globalThis.fetch, readers: number): () => Promise<Response> {
  const web = app({ agents: { bench: made(fetch) }, auth: 'open' })
  let last = ''
  let others: Promise<unknown> = Promise.resolve()
  return async () => {
    await others
    if (last) await web.fetch(new Request(`http://localhost${last}`, { method: 'DELETE' }))
    last = `/agents/bench/sessions/${crypto.randomUUID()}`
    const response = await web.fetch(post(`${last}/runs`))
    others = Promise.all(
      Array.from({ length: readers }, async () => {
        const reader = (await web.fetch(new Request(`http://localhost${last}/events`))).body!.getReader()
        const decoder = new TextDecoder()
        for (let tail = ''; !tail.includes('"finish"');) {
          const { value, done } = await reader.read()
          if (done) return
          tail = tail.slice(-200) + decoder.decode(value, { stream: true })
        }
        await reader.cancel()
      }),
    )
    return response
  }
}
