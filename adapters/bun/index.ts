import { type Context, KitError } from '../../src/index.ts'
import { type LocalSocket, problem } from '../../src/http/app.ts'
import { type LiveSocket, localSocket, type SocketPeer, type SocketRights } from '../../src/http/serve-socket.ts'
import { atMost, lateWork, type Web } from '../../src/http/web.ts'

export interface ServeOptions {
  /** Default 8787; 0 takes a free one. */
  port?: number
  /** Default `localhost`: say `0.0.0.0` or `::` to be reached from elsewhere. */
  hostname?: string
  /** The bindings that the app sees; default `Bun.env`. */
  env?: object
  /** The `sockets()` whose `socket` the app's `localHost` has. */
  sockets?: BunSockets
  /** Gets what `fetch` threw; the client gets a 500 without it. */
  onError?: Context['onError']
}

export interface Serving {
  port: number
  /** Takes no new connection, waits at most `grace` ms (default 10,000) for requests and what goes on after them, then cuts the rest. */
  close(grace?: number): Promise<void>
}

/** Seconds of silence after which Bun cuts a connection, the most that it knows: its own 10 would end a model that thinks. */
const idle = 255

/**
 * Serves an app by `Bun.serve`.
 * @example await serve(app({ agents, auth: 'open' }), { port: 8787 })
 */
export async function serve(web: Web, options: ServeOptions = {}): Promise<Serving> {
  const { port = 8787, hostname = 'localhost', env = bun().env, sockets, onError } = options
  const late = lateWork()
  const server = bun().serve({
    port,
    hostname,
    idleTimeout: idle,
    ...(sockets && { websocket: sockets.websocket }),
    async fetch(request, server) {
      try {
        sockets?.ask(request, server)
        const response = await web.fetch(request, env, late.context)
        return sockets?.took(request) ? undefined : response
      } catch (error) {
        onError?.(error, { at: `${request.method} ${new URL(request.url).pathname}` })
        return problem(error)
      }
    },
  })
  return {
    port: server.port,
    async close(grace = 10_000) {
      const stopped = server.stop()
      await atMost(
        grace,
        stopped.then(() => late.settled()),
      )
      await server.stop(true)
    },
  }
}

/** WebSockets of Bun: `socket` is for `localHost`, the whole for `serve`. */
export interface BunSockets {
  socket: LocalSocket
  /** For `Bun.serve`. */
  websocket: object
  /** Notes which server may upgrade a request. */
  ask(request: Request, server: BunServer): void
  /** Whether the request has become a socket: it then gets no response. */
  took(request: Request): boolean
}

/**
 * WebSockets by `server.upgrade`; Bun itself pings, and gives up a peer that is silent for 60 s.
 * @example
 * const own = sockets()
 * serve(app({ agents, auth, host: localHost({ socket: own.socket }) }), { sockets: own })
 */
export function sockets(rights: SocketRights = {}): BunSockets {
  const asked = new WeakMap<Request, BunServer>()
  const taken = new WeakSet<Request>()
  return {
    ask: (request, server) => void asked.set(request, server),
    took: (request) => taken.has(request),
    socket: localSocket((request, protocol, serve) => {
      const headers: Record<string, string> = protocol === undefined ? {} : { 'sec-websocket-protocol': protocol }
      if (!asked.get(request)?.upgrade(request, { data: { serve }, headers }))
        throw new KitError('request/invalid', 'an upgrade to WebSocket is needed')
      taken.add(request)
      return new Response()
    }, rights),
    websocket: {
      idleTimeout: 60,
      maxPayloadLength: 10_000_000,
      open(socket: BunSocket) {
        socket.data.peer = socket.data.serve({
          send: (data) => void socket.send(data),
          close: (code, reason) => socket.close(code, reason),
          get bufferedAmount() {
            return socket.getBufferedAmount()
          },
        })
      },
      message: (socket: BunSocket, data: unknown) => socket.data.peer?.message(data),
      close: (socket: BunSocket) => socket.data.peer?.gone(),
    },
  }
}

/** Of Bun's own types, as much as is needed. */
interface Bun {
  env: object
  serve(options: {
    port: number
    hostname: string
    idleTimeout: number
    websocket?: object
    fetch(request: Request, server: BunServer): Promise<Response | undefined>
  }): BunServer
}

export interface BunServer {
  port: number
  upgrade(request: Request, options: { data: object; headers: Record<string, string> }): boolean
  stop(now?: boolean): Promise<void>
}

interface BunSocket {
  data: { serve: (socket: LiveSocket) => SocketPeer; peer?: SocketPeer }
  send(data: string): number
  close(code?: number, reason?: string): void
  getBufferedAmount(): number
}

const bun = (): Bun => (globalThis as unknown as { Bun: Bun }).Bun
