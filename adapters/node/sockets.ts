import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Context, KitError } from '../../src/index.ts'
import { type LocalSocket, problem } from '../../src/http/app.ts'
import { type LiveSocket, localSocket, type SocketPeer, type SocketRights } from '../../src/http/serve-socket.ts'
import { BadRequest, requestOf, send } from './listener.ts'

/** Of the package `ws`, as much as is needed: Node itself speaks WebSocket only as a client. */
export interface SocketServer {
  handleUpgrade(message: IncomingMessage, stream: Duplex, head: Uint8Array, done: (socket: ServerSocket) => void): void
}

export interface ServerSocket extends LiveSocket {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close' | 'error', listener: () => void): void
  on(type: 'pong', listener: () => void): unknown
  ping(): void
  terminate(): void
}

export interface NodeSockets {
  /** For `localHost`. */
  socket: LocalSocket
  /** For the server's `upgrade` event: asks the app, which opens the socket or answers something else. */
  upgrade(
    message: IncomingMessage,
    stream: Duplex,
    head: Uint8Array,
    fetch: (request: Request) => Response | Promise<Response>,
    onError?: Context['onError'],
  ): void
  /** Closes every socket with 1001. */
  close(): void
}

/** Ms between two pings; a peer that has not answered the last one is gone. */
const heartbeat = 30_000

/**
 * WebSockets on Node, by a `WebSocketServer` of the package `ws` that is passed in.
 * @example
 * const own = sockets(new WebSocketServer({ noServer: true, maxPayload: 10_000_000 }))
 * serve(app({ agents, auth, host: localHost({ socket: own.socket }) }), { sockets: own })
 */
export function sockets(server: SocketServer, rights: SocketRights = {}): NodeSockets {
  const asked = new WeakMap<Request, (serve: (socket: LiveSocket) => SocketPeer) => void>()
  const open = new Set<ServerSocket>()
  const begin = (socket: ServerSocket, serve: (socket: LiveSocket) => SocketPeer): void => {
    const peer = serve(socket)
    let alive = true
    const beat = setInterval(() => {
      if (!alive) return socket.terminate()
      alive = false
      socket.ping()
    }, heartbeat)
    open.add(socket)
    socket.on('pong', () => (alive = true))
    socket.addEventListener('message', ({ data }) => peer.message(data))
    // `ws` closes after every error
    socket.addEventListener('error', () => {})
    socket.addEventListener('close', () => {
      clearInterval(beat)
      open.delete(socket)
      peer.gone()
    })
  }
  return {
    socket: localSocket((request, _protocol, serve) => {
      const take = asked.get(request)
      if (!take) throw new KitError('request/invalid', 'an upgrade to WebSocket is needed')
      asked.delete(request)
      take(serve)
      return new Response()
    }, rights),
    upgrade(message, stream, head, fetch, onError) {
      const gone = new AbortController()
      const end = (): void => gone.abort(new DOMException('the reader went away', 'AbortError'))
      stream.once('error', end).once('close', end)
      let taken = false
      const answer = async (): Promise<Response> => {
        const request = requestOf(message, gone.signal)
        asked.set(request, (serve) => {
          taken = true
          stream.off('error', end).off('close', end)
          server.handleUpgrade(message, stream, head, (socket) => begin(socket, serve))
        })
        return fetch(request)
      }
      answer()
        .catch((error: unknown) => {
          if (error instanceof BadRequest) return new Response(error.message, { status: 400 })
          onError?.(error, { at: `upgrade ${message.url}` })
          return problem(error)
        })
        .then(async (response) => {
          if (taken) return
          const reply = new ServerResponse(message)
          reply.assignSocket(stream as Socket)
          reply.shouldKeepAlive = false
          reply.once('finish', () => stream.end())
          await send(response, reply, false)
        })
        .catch(() => stream.destroy())
    },
    close() {
      for (const socket of open) socket.close(1001, 'the server ends')
    },
  }
}
