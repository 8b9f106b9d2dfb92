import { type Asked, type Question, Refused } from './asked.ts'
import { frameBytes } from './frames.ts'
import { answerOf, type Refusal, type Scenario, statuses } from './scenario.ts'
import type { Frame, WireServer } from './wire.ts'

/** A vendor's server that answers what it is told, remembers what it was asked, and refuses what the vendor would refuse. */
export interface FakeServer {
  readonly wire: WireServer
  /** What it was asked, oldest first; questions that it refused by the vendor's rules are not among them. */
  readonly asked: readonly Asked[]
  /** Requests that came. */
  readonly requests: number
  /** Why questions were refused by the vendor's rules. */
  readonly refused: readonly string[]
  /** Answers that the reader left before their end. */
  readonly left: number
  /** A pure web handler: request in, response out. */
  handle(request: Request): Promise<Response>
  /** What it answers from now on, one after another; the last one again and again. */
  answers(...scenarios: readonly Scenario[]): void
}

/** A fake server of a wire. It listens nowhere: mount `handle`, or take `fetchFrom`. */
export function fakeServer(wire: WireServer, ...scenarios: readonly Scenario[]): FakeServer {
  let script = [...scenarios]
  const asked: Asked[] = []
  const refused: string[] = []
  const counts = { requests: 0, left: 0 }
  const leave = (): void => void counts.left++

  return {
    wire,
    asked,
    refused,
    get requests() {
      return counts.requests
    },
    get left() {
      return counts.left
    },
    answers(...next) {
      script = [...next]
    },
    async handle(request) {
      counts.requests++
      const scenario = (script.length > 1 ? script.shift() : script[0]) ?? {}
      const question = await questionOf(request)
      let read: Asked
      try {
        read = wire.read(question)
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        refused.push(error.message)
        return refusal(wire, { failing: error.failing, ...(error.status && { status: error.status }) }, error.message, false)
      }
      asked.push(read)
      const { refuse, fault = {} } = scenario
      if (refuse) return refusal(wire, refuse, sayOf(refuse), read.stream)
      const answer = answerOf(scenario, read.model)
      if (fault.stall === 'before') await new Promise<void>((gone) => request.signal.addEventListener('abort', () => (leave(), gone())))
      if (!read.stream || fault.whole) return Response.json(wire.body(answer))
      const type = { sse: 'text/event-stream', ndjson: 'application/x-ndjson', eventstream: 'application/vnd.amazon.eventstream' }[
        wire.framing
      ]
      const { pieces, end } = frameBytes(wire, damaged(wire, wire.events(answer), scenario), fault)
      const body = bodyOf(pieces, end, leave)
      return new Response(fault.gzip ? body.pipeThrough(new CompressionStream('gzip') as never) : body, {
        headers: { 'content-type': type, ...(fault.gzip && { 'content-encoding': 'gzip' }) },
      })
    },
  }
}

async function questionOf(request: Request): Promise<Question> {
  const { pathname, searchParams } = new URL(request.url)
  const text = await request.text()
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    body = undefined
  }
  return { method: request.method, path: pathname, query: searchParams, headers: request.headers, body }
}

/** What a vendor says of an error, beside its code. */
const sayOf = ({ failing, about }: Refusal): string => `The request failed: ${failing}${about === undefined ? '' : ` (${about})`}`

function refusal(wire: WireServer, refuse: Refusal, message: string, streaming: boolean): Response {
  const { status, body, headers } = wire.refusal({ ...refuse, message }, streaming)
  const own = refuse.text !== undefined
  return new Response(own ? refuse.text : typeof body === 'string' ? body : JSON.stringify(body), {
    status: refuse.status ?? status ?? statuses[refuse.failing],
    headers: { 'content-type': own || typeof body === 'string' ? 'text/html' : 'application/json', ...headers, ...refuse.headers },
  })
}

/** The events as the faults make them. */
function damaged(wire: WireServer, events: Frame[], { fault = {} }: Scenario): Frame[] {
  const { failing, tomorrow, unmarked, cut, garbage, silent } = fault
  if (silent) return []
  const ends = events.findIndex(({ last }) => last)
  const middle = Math.max(1, Math.min(Math.ceil(events.length / 2), ends < 0 ? events.length : ends))
  if (failing) {
    const error = (failing.as === 'chunk' ? wire.failingChunk : wire.failing)?.(failing.failing)
    if (!error) throw new TypeError(`${wire.name} has no error ${failing.as ?? 'event'} in a stream`)
    return [...(failing.at === 'start' ? [] : events.slice(0, middle)), ...error]
  }
  if (cut) return events.slice(0, ends < 0 ? middle : ends)
  if (garbage) return [...events.slice(0, middle), { data: '{"cut": ' }, ...events.slice(middle)]
  const whole = tomorrow ? [...wire.tomorrow, ...events.slice(0, middle), ...wire.tomorrow, ...events.slice(middle)] : events
  return wire.marker && !unmarked ? [...whole, wire.marker] : whole
}

function bodyOf(
  pieces: readonly Uint8Array<ArrayBuffer>[],
  end: 'close' | 'break' | 'stall',
  leave: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull(controller): Promise<void> | void {
        const piece = pieces[at++]
        if (piece) return controller.enqueue(piece)
        if (end === 'close') controller.close()
        // what was sent is read before the connection breaks
        else if (end === 'break')
          return new Promise((done) => setTimeout(() => (controller.error(new Error('the connection broke')), done()), 5))
        else return new Promise(() => {})
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  )
}

/**
 * A server's `handle` as `fetch`, where nothing can listen: an abort rejects, or breaks the body, as the platform's own does.
 */
export function fetchFrom({ handle }: Pick<FakeServer, 'handle'>): typeof fetch {
  return async (input, init) => {
    const { signal, ...rest } = init ?? {}
    signal?.throwIfAborted()
    const stop = new AbortController()
    const aborted = new Promise<never>((_, reject) =>
      signal?.addEventListener('abort', () => {
        stop.abort(signal.reason)
        reject(signal.reason)
      }),
    )
    aborted.catch(() => {})
    const response = await Promise.race([handle(new Request(input, { ...rest, signal: stop.signal })), aborted])
    if (!response.body) return response
    const reader = response.body.getReader()
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          try {
            const { value, done } = await Promise.race([reader.read(), aborted])
            if (done) controller.close()
            else controller.enqueue(value)
          } catch (error) {
            await reader.cancel(error).catch(() => {})
            controller.error(error)
          }
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    )
    return new Response(body, { status: response.status, headers: response.headers })
  }
}
