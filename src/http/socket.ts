import type { Principal } from '../context.ts'
import { asKitError, KitError } from '../errors.ts'
import type { Session } from '../session.ts'
import type { Agent } from '../agent.ts'
import { clientRequest } from './input.ts'
import { project } from './project.ts'
import { readAnswer } from './session-routes.ts'

/** A socket, as much of it as the kit needs. */
export interface SocketLike {
  send(data: string): void
  close(code?: number, reason?: string): void
}

export interface SocketScope {
  session: Session
  agent: Agent
  principal: Principal
  socket: SocketLike
  /** Aborted when the socket is gone. */
  signal: AbortSignal
  /** Told after each event that ends a turn: from here a socket that slept goes on. */
  mark?: (seq: number) => void
}

/** Characters of one frame from a client. */
const frameLimit = 10_000_000

/**
 * Answers one frame of a client: `hello{after}` begins the events, `run{id, input, mode?}` submits (the id is the
 * idempotency key), `cancel`, `answer{pending, …}`, `ack{seq}`. A wrong frame is answered by an `error` frame, never by closing.
 */
export async function socketFrame(data: string, scope: SocketScope): Promise<void> {
  const { session, agent, principal, socket } = scope
  let id: unknown
  try {
    if (principal.expires !== undefined && principal.expires <= Date.now()) {
      socket.close(4401, 'auth/missing')
      return
    }
    if (data.length > frameLimit) throw new KitError('request/too-large', 'the frame is too large')
    const frame = parse(data)
    id = frame.id ?? frame.pending
    switch (frame.type) {
      case 'hello':
        return void follow(typeof frame.after === 'number' ? frame.after : 0, scope)
      case 'run': {
        const { messages, ...rest } = clientRequest(
          { input: frame.input, options: frame.options, tools: frame.tools, metadata: frame.metadata },
          agent,
        )
        const operation =
          typeof frame.id === 'string'
            ? { operation: { key: frame.id.slice(0, 255), hash: JSON.stringify(frame.input).slice(0, 100_000) } }
            : {}
        const mode = frame.mode === 'queue' || frame.mode === 'steer' ? frame.mode : 'reject'
        const { run } = await session.submit(messages, { principal, mode, ...rest, ...operation })
        socket.send(JSON.stringify({ type: 'accepted', id: frame.id, run }))
        return
      }
      case 'cancel':
        await session.cancel()
        return
      case 'answer':
        await session.answer({ id: String(frame.pending), by: principal.id, ...readAnswer(frame) })
        return
      case 'ack':
        return
      default:
        throw new KitError('request/invalid', 'type: hello, run, cancel, answer or ack')
    }
  } catch (thrown) {
    const { code, message, retryable } = asKitError(thrown)
    socket.send(JSON.stringify({ type: 'error', code, message, retryable, ...(id !== undefined && { id }) }))
  }
}

/** Sends events from a cursor on, until the socket is gone. */
export async function follow(after: number, { session, socket, signal, mark }: SocketScope): Promise<void> {
  try {
    for await (const event of session.events({ after, signal, linger: Infinity })) {
      if (signal.aborted) return
      socket.send(JSON.stringify({ seq: event.seq, event: project(event) }))
      if (event.type === 'finish') mark?.(event.seq)
    }
    if (!signal.aborted) socket.close(1000)
  } catch (thrown) {
    if (!signal.aborted) socket.close(4400, asKitError(thrown).code)
  }
}

function parse(data: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(data)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // said below
  }
  throw new KitError('request/invalid', 'the frame is not a JSON object')
}
