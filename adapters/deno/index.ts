import { type Context, KitError } from '../../src/index.ts'
import { type LocalSocket, problem } from '../../src/http/app.ts'
import { type LiveSocket, localSocket, type SocketRights } from '../../src/http/serve-socket.ts'
import { atMost, lateWork, type Web } from '../../src/http/web.ts'

export interface ServeOptions {
  /** Default 8787; 0 takes a free one. */
  port?: number
  /** Default `localhost`: say `0.0.0.0` or `::` to be reached from elsewhere. */
  hostname?: string
  /** The bindings that the app sees, such as `Deno.env.toObject()`; default none, since reading them needs a permission. */
  env?: object
  /** Gets what `fetch` threw; the client gets a 500 without it. */
  onError?: Context['onError']
}

export interface Serving {
  port: number
  /** Answers new requests with 503, waits at most `grace` ms (default 10,000) for requests and what goes on after them, then cuts the rest. */
  close(grace?: number): Promise<void>
}

/**
 * Serves an app by `Deno.serve`; resolves once it listens.
 * @example await serve(app({ agents, auth: 'open' }), { port: 8787 })
 */
export async function serve(web: Web, { port = 8787, hostname = 'localhost', env = {}, onError }: ServeOptions = {}): Promise<Serving> {
  const late = lateWork()
  const cut = new AbortController()
  let closing = false
  const server = deno().serve({
    port,
    hostname,
    signal: cut.signal,
    onListen() {},
    async handler(request, { completed }) {
      if (closing) return new Response(null, { status: 503, headers: { connection: 'close' } })
      late.context.waitUntil(completed)
      try {
        return await web.fetch(request, env, late.context)
      } catch (error) {
        onError?.(error, { at: `${request.method} ${new URL(request.url).pathname}` })
        return problem(error)
      }
    },
  })
  return {
    port: server.addr.port,
    async close(grace = 10_000) {
      // not by `shutdown`: what it waits for could then be cut no more
      closing = true
      await atMost(grace, late.settled())
      cut.abort()
      await server.finished
    },
  }
}

/**
 * WebSockets by `Deno.upgradeWebSocket`, which pings and gives up a peer that is silent for 60 s.
 * @example app({ agents, auth, host: localHost({ socket: sockets() }) })
 */
export function sockets(rights: SocketRights = {}): LocalSocket {
  return localSocket((request, protocol, serve) => {
    if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket')
      throw new KitError('request/invalid', 'an upgrade to WebSocket is needed')
    const { socket, response } = deno().upgradeWebSocket(request, { idleTimeout: 60, ...(protocol !== undefined && { protocol }) })
    socket.addEventListener('open', () => {
      const peer = serve(socket)
      socket.addEventListener('message', ({ data }) => peer.message(data))
      socket.addEventListener('close', () => peer.gone())
    })
    // Deno closes after every error
    socket.addEventListener('error', () => {})
    return response
  }, rights)
}

/** Of Deno's own types, as much as is needed. */
interface Deno {
  serve(options: DenoServeOptions): { addr: { port: number }; finished: Promise<void> }
  upgradeWebSocket(request: Request, options: { protocol?: string; idleTimeout?: number }): { socket: DenoSocket; response: Response }
}

interface DenoServeOptions {
  port: number
  hostname: string
  signal: AbortSignal
  onListen(): void
  handler(request: Request, info: { completed: Promise<void> }): Promise<Response>
}

interface DenoSocket extends LiveSocket {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void
}

const deno = (): Deno => (globalThis as unknown as { Deno: Deno }).Deno
