import type { Agent } from '../agent.ts'
import { sha256 } from '../blobs.ts'
import { canonical } from '../canonical.ts'
import type { Principal } from '../context.ts'
import { asKitError, KitError } from '../errors.ts'
import type { Session } from '../session.ts'
import { hasExpired } from './auth.ts'
import { clientRequest } from './input.ts'
import { project, viewOf } from './project.ts'
import { readAnswer } from './session-routes.ts'

/** A socket, as much of it as the kit needs. */
export interface SocketLike {
  send(data: string): void
  close(code?: number, reason?: string): void
}

export interface SocketOptions {
  session: Session
  agent: Agent
  /** The session's id. */
  id: string
  principal: Principal
  socket: SocketLike
  /** Asked at every frame: what the principal may, as `access` of the app says it. Default everything. */
  may?: (action: string) => boolean | Promise<boolean>
  /** Told after each event that ends a turn: from here a socket that slept goes on. */
  mark?: (seq: number) => void
}

/** One client's socket to one session. */
export interface SessionSocket {
  /**
   * Answers one frame: `hello{after}` begins the events (again), `run{id, input, mode?}` submits (the id is the idempotency
   * key), `cancel`, `answer{pending, …}`, `ack{seq}`. A wrong frame is answered by an `error` frame; an expired login closes.
   */
  receive(data: string): Promise<void>
  /** Sends the events after a seq until the socket is gone. */
  follow(after: number): Promise<void>
  /** The socket is gone: nothing is sent any more; the session's run goes on. */
  gone(): void
}

/** Characters of one frame from a client. */
const frameLimit = 10_000_000
/** Characters sent beyond the last `ack` after which the reader counts as stuck: it comes back with its cursor. */
const window = 16_000_000

/** Serves a session over an accepted socket. Close codes: 4400 a wrong cursor, 4401 the login has expired, 4404 erased, 4408 the reader is too slow, 4409 another isolate has the session: come back. */
export function sessionSocket({ session, agent, id, principal, socket, may = () => true, mark }: SocketOptions): SessionSocket {
  const view = viewOf({ agent, id }, principal)
  let following: AbortController | undefined
  let sent = 0
  /** What was sent up to which seq, noted every 64 K characters. */
  let marks: { seq: number; sent: number }[] = []
  let acked = 0

  const end = (code: number, reason: string): void => {
    following?.abort()
    socket.close(code, reason)
  }

  const follow = async (after: number): Promise<void> => {
    following?.abort()
    const { signal } = (following = new AbortController())
    try {
      for await (const event of session.events({ after, signal, linger: Infinity })) {
        if (signal.aborted) return
        if (hasExpired(principal)) return end(4401, 'auth/missing')
        const frame = JSON.stringify({ seq: event.seq, event: project(event, view) })
        socket.send(frame)
        sent += frame.length
        if (sent - (marks.at(-1)?.sent ?? acked) >= 65_536) marks.push({ seq: event.seq, sent })
        if (sent - acked > window) return end(4408, 'acknowledge what you have read')
        if (event.type === 'finish') mark?.(event.seq)
      }
      if (!signal.aborted) end(!session.broken ? 1000 : session.broken.code === 'session/erased' ? 4404 : 4409, '')
    } catch (thrown) {
      if (!signal.aborted) end(4400, asKitError(thrown).code)
    }
  }

  const refuse = (thrown: unknown, id: unknown): void => {
    const { code, message, retryable } = asKitError(thrown)
    try {
      socket.send(JSON.stringify({ type: 'error', code, message, retryable, id }))
    } catch {
      // the socket went away in the meantime
    }
  }

  const frames: Record<string, (frame: Record<string, unknown>) => Promise<void> | void> = {
    hello({ after = 0 }) {
      if (typeof after !== 'number') throw new KitError('request/invalid', 'after: a seq is needed')
      void follow(after)
    },
    async run({ id, mode = 'reject', input, options, tools, metadata }) {
      if (mode !== 'reject' && mode !== 'queue' && mode !== 'steer') throw new KitError('request/invalid', 'mode: queue or steer')
      const body = { input, options, tools, metadata }
      const { messages, ...rest } = clientRequest(body, agent, session.state.refs)
      const operation = typeof id === 'string' && id ? { key: id.slice(0, 255), hash: await sha256(canonical(body)) } : undefined
      // not awaited: a `cancel` or an `ack` behind it must not wait until its turn comes
      session
        .submit(messages, { principal, mode, ...rest, operation })
        .then(({ run }) => socket.send(JSON.stringify({ type: 'accepted', id, run })))
        .catch((thrown: unknown) => refuse(thrown, id))
    },
    async cancel() {
      await session.cancel()
    },
    async answer({ pending, ...answer }) {
      await session.answer({ id: String(pending), by: principal.id, ...readAnswer(answer) })
    },
    ack({ seq }) {
      const upto = marks.findLastIndex((mark) => mark.seq <= Number(seq))
      if (upto < 0) return
      acked = marks[upto]!.sent
      marks = marks.slice(upto + 1)
    },
  }

  return {
    follow,
    gone: () => following?.abort(),
    async receive(data) {
      let id: unknown
      try {
        if (hasExpired(principal)) return end(4401, 'auth/missing')
        if (data.length > frameLimit) throw new KitError('request/too-large', 'the frame is too large')
        const frame = parse(data)
        id = frame.id ?? frame.pending
        const type = String(frame.type)
        const answer = Object.hasOwn(frames, type) ? frames[type] : undefined
        if (!answer) throw new KitError('request/invalid', 'type: hello, run, cancel, answer or ack')
        if (session.broken) throw new KitError('session/unknown', 'there is no such session')
        if (!(await may(actions[type] ?? type))) throw new KitError('auth/denied', 'this is not allowed')
        await answer(frame)
      } catch (thrown) {
        refuse(thrown, id)
      }
    },
  }
}

/** What the routes call the same things. */
const actions: Readonly<Record<string, string>> = { hello: 'events', run: 'runs', answer: 'pending', ack: 'events' }

function parse(data: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(data)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // said below
  }
  throw new KitError('request/invalid', 'the frame is not a JSON object')
}
