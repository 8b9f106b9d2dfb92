import type { Access } from './auth.ts'
import type { LocalSocket } from './host.ts'
import { type SocketLike, sessionSocket, type SocketOptions } from './socket.ts'

/** A socket whose platform tells how many bytes it holds for a peer that does not read. */
export interface LiveSocket extends SocketLike {
  readonly bufferedAmount: number
}

/** What the platform tells of a socket that it opened. */
export interface SocketPeer {
  /** A frame came. */
  message(data: unknown): void
  /** The socket was closed, or failed. */
  gone(): void
}

/**
 * Makes a WebSocket of a request; `serve` is called once it is open. `protocol` is the subprotocol to agree to.
 * Throws a `KitError` where the request asks for no WebSocket.
 */
export type Upgrade = (
  request: Request,
  protocol: string | undefined,
  serve: (socket: LiveSocket) => SocketPeer,
) => Response | Promise<Response>

export interface SocketRights {
  /** Asked at every frame, like `access` of the app at every request. */
  access?: Access
}

/** Sessions over the sockets of a platform: what `localHost` wants, of what an adapter has. */
export function localSocket(upgrade: Upgrade, { access }: SocketRights = {}): LocalSocket {
  return function socket(request, principal, protocol, { session, agent, id }) {
    const may = access && ((action: string) => access(principal, { agent: agent.name, session: id, action }))
    return upgrade(request, protocol, (socket) => serveSocket(socket, { session, agent, id, principal, ...(may && { may }) }))
  }
}

/** Bytes held for a peer that sends on without reading. */
const heap = 16_000_000
/** Frames that wait while one is answered. */
const backlog = 64

/**
 * Serves a session over a socket that lives as long as its process: frames one after another, `ping` by `pong`, the end when
 * the login expires. (A Durable Object's socket outlives the object: `adapters/cloudflare` has its own way.)
 * Closes with 1003 for a frame that is no text, 1008 for a peer that sends without reading, else as `sessionSocket` says.
 */
function serveSocket(socket: LiveSocket, options: Omit<SocketOptions, 'socket'>): SocketPeer {
  let ended = false
  let waiting = 0
  let answered: Promise<void> = Promise.resolve()
  const served = sessionSocket({
    ...options,
    socket: { send: (data) => void (ended || socket.send(data)), close },
  })
  const { expires } = options.principal
  const expiry = expires === undefined ? undefined : setTimeout(() => close(4401, 'auth/missing'), timeUntil(expires))

  function gone(): void {
    ended = true
    if (expiry) clearTimeout(expiry)
    served.gone()
  }
  function close(code?: number, reason?: string): void {
    if (ended) return
    gone()
    socket.close(code, reason)
  }
  return {
    gone,
    message(data) {
      if (ended) return
      if (typeof data !== 'string') return close(1003, 'text is needed')
      if (waiting >= backlog || socket.bufferedAmount > heap) return close(1008, 'read what you are sent')
      if (data === 'ping') return socket.send('pong')
      waiting++
      answered = answered.then(async () => {
        if (!ended) await served.receive(data)
        waiting--
      })
    },
  }
}

/** Ms until then, as far as a timer can count. */
const timeUntil = (time: number): number => Math.min(Math.max(time - Date.now(), 0), 2 ** 31 - 1)
