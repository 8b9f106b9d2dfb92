import { KitError } from '../../errors.ts'
import type { Chunk, ModelCall } from '../../model.ts'
import { withReady } from '../../ready.ts'
import type { exchange, Exchange } from './exchange.ts'
import { broken, post, whole } from './http.ts'
import type { SseEvent } from '../../event-reader.ts'
import { untold } from './untold.ts'

/** Characters of one line. */
const lineLimit = 32_000_000

/** As `exchange`, for servers that stream JSON by lines (NDJSON): a decoder gets each line as the data of an event. */
export const exchangeLines: typeof exchange = (call, to, prepare) => withReady((queue) => ask(queue, call, to, prepare))

async function* ask(
  queue: Chunk[],
  { signal, stream }: ModelCall,
  { provider, fetch }: Parameters<typeof exchange>[1],
  prepare: () => Exchange | Promise<Exchange>,
): AsyncGenerator<Chunk, void, void> {
  const { decoder, dropped, ...request } = await prepare()
  const response = await post({ ...request, provider, fetch, signal })
  if (dropped?.length) yield untold(provider, dropped)
  // by what was asked, not by the type that is named: proxies name a stream of lines `application/json` too
  const atOnce = stream === false
  if (atOnce) yield* decoder.body(await whole(response, signal, provider))
  else
    for await (const events of lines(response, signal, provider)) {
      try {
        for (const event of events) for (const chunk of decoder.event(event)) queue.push(chunk)
      } finally {
        while (queue.length) yield queue.shift()!
      }
      if (decoder.done) break
    }
  yield* decoder.end(atOnce)
}

/**
 * The lines of a body, cut anywhere, as many at a time as a read brings; blank ones are left out, and the last one needs no
 * line end. Throws `model/garbled` for a line of more than 32 MB, `model/truncated` where the connection broke.
 */
export function lines(
  response: Response,
  signal: AbortSignal | undefined,
  provider: string,
): AsyncIterableIterator<SseEvent[], void, void> {
  const decoder = new TextDecoder()
  const reader = response.body?.getReader()
  /** Pieces of a line that has not ended, joined only when it does. */
  let held: string[] = []
  let size = 0
  let ended = !reader
  const end = (): void => {
    ended = true
    reader?.cancel().catch(() => {})
  }
  const feed = (text: string, batch: SseEvent[]): void => {
    let at = 0
    for (let stop; (stop = text.indexOf('\n', at)) >= 0; at = stop + 1) {
      held.push(text.slice(at, stop))
      const data = held.length > 1 ? held.join('') : held[0]!
      held = []
      size = 0
      if (data.trim()) batch.push({ data })
    }
    if (at < text.length) {
      held.push(text.slice(at))
      size += text.length - at
    }
    if (size > lineLimit) throw new KitError('model/garbled', `${provider} sent a line that is too long`, { provider })
  }
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      const batch: SseEvent[] = []
      try {
        while (!ended && !batch.length) {
          const { value, done } = await reader!.read()
          ended = done
          feed(done ? `${decoder.decode()}\n` : decoder.decode(value, { stream: true }), batch)
        }
      } catch (cause) {
        end()
        throw cause instanceof KitError ? cause : broken(cause, signal, provider)
      }
      return batch.length ? { value: batch, done: false } : { value: undefined, done: true }
    },
    async return() {
      end()
      return { value: undefined, done: true }
    },
  }
}
