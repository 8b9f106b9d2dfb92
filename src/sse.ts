import type { Event } from './event.ts'
import { takeReady } from './ready.ts'

const encoder = new TextEncoder()

/** One event as an SSE frame (WHATWG): `id` is its seq, `event` its type, `data` the whole of it as JSON. */
export const frame = (event: Event): string =>
  event.seq === undefined
    ? `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
    : `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`

export interface SSEOptions {
  /** Aborted at once when the reader goes away, before the events' own `return()` has run. */
  abort?: AbortController
  /** Ms between keep-alive comments; default 15,000. */
  keepAlive?: number
  headers?: Record<string, string>
}

/** Events as a streamed response: pulled as they come, so that a reader that stops reading stops the events. */
export function toSSE(events: AsyncIterable<Event>, { abort, keepAlive = 15_000, headers }: SSEOptions = {}): Response {
  const iterator = events[Symbol.asyncIterator]()
  let timer: ReturnType<typeof setInterval> | undefined
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(encoder.encode('retry: 1000\n\n'))
        timer = setInterval(() => {
          // a reader that stopped reading gets no more comments either
          if ((controller.desiredSize ?? 0) > -10) controller.enqueue(encoder.encode(':\n\n'))
        }, keepAlive)
      },
      async pull(controller) {
        try {
          const { value, done } = await iterator.next()
          if (!done) {
            let text = frame(value)
            for (const event of takeReady(iterator)) text += frame(event)
            return controller.enqueue(encoder.encode(text))
          }
        } catch {
          // the stream ends early: the reader comes back with its cursor
        }
        if (timer) clearInterval(timer)
        controller.close()
      },
      cancel() {
        if (timer) clearInterval(timer)
        abort?.abort(new DOMException('the reader went away', 'AbortError'))
        // not awaited: return() waits for the pending next()
        iterator.return?.()?.then(undefined, () => {})
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...headers,
    },
  })
}
