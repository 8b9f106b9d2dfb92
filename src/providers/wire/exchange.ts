import type { Chunk, ModelCall } from '../../model.ts'
import { withReady } from '../../ready.ts'
import type { Fields } from './fields.ts'
import { type Connection, type Post, post, sse, type SseEvent, whole } from './http.ts'

/** Reads the answers of one wire. What it throws is a `KitError`. */
export interface Decoder {
  event(event: SseEvent): Iterable<Chunk>
  /** A whole answer: some servers give one though a stream was asked for. */
  body(body: Fields): Iterable<Chunk>
  /** What is left to say once the answer has ended; throws where it ended too early. */
  end(atOnce: boolean): Iterable<Chunk>
  /** Whether nothing more counts: a server may keep the connection open after its last event. */
  readonly done?: boolean
  /** Lines of a stream that belong to no event. */
  stray?(line: string): void
}

/** One question over HTTP. */
export interface Exchange extends Omit<Post, 'provider' | 'fetch' | 'signal'> {
  decoder: Decoder
  /** Settings of the call that the provider would refuse and was not told. */
  dropped?: readonly string[]
}

/** Asks by HTTP and reads the answer; the chunks that one read brought travel together. Errors: `model/*`. */
export const exchange = (
  call: ModelCall,
  to: Pick<Connection, 'fetch'> & { provider: string },
  prepare: () => Exchange | Promise<Exchange>,
): AsyncIterable<Chunk> => withReady((queue) => ask(queue, call, to, prepare))

async function* ask(
  queue: Chunk[],
  { signal }: ModelCall,
  { provider, fetch }: Parameters<typeof exchange>[1],
  prepare: Parameters<typeof exchange>[2],
): AsyncGenerator<Chunk, void, void> {
  const { decoder, dropped, ...request } = await prepare()
  const response = await post({ ...request, provider, fetch, signal })
  if (dropped?.length)
    yield { type: 'notice', code: 'model/unsupported', message: `${provider} was not told: ${dropped.join(', ')}`, data: { dropped } }
  const atOnce = /application\/json/i.test(response.headers.get('content-type') ?? '')
  if (atOnce) yield* decoder.body(await whole(response, signal, provider))
  else
    for await (const events of sse(response, signal, provider, (line) => decoder.stray?.(line))) {
      try {
        for (const event of events) for (const chunk of decoder.event(event)) queue.push(chunk)
      } finally {
        while (queue.length) yield queue.shift()!
      }
      if (decoder.done) break
    }
  yield* decoder.end(atOnce)
}
