import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { atMost, lateWork, type Web } from '../../src/http/web.ts'
import { listener, type ListenerOptions } from './listener.ts'
import type { NodeSockets } from './sockets.ts'

export interface ServeOptions extends Omit<ListenerOptions, 'late'> {
  /** Default 8787; 0 takes a free one. */
  port?: number
  /** Default `localhost`: say `0.0.0.0` or `::` to be reached from elsewhere. */
  hostname?: string
  /** The `sockets(…)` whose `socket` the app's `localHost` has. */
  sockets?: NodeSockets
}

export interface Serving {
  server: Server
  port: number
  /** Takes no new connection, waits at most `grace` ms (default 10,000) for requests and what goes on after them, then cuts the rest. */
  close(grace?: number): Promise<void>
}

/**
 * Serves an app over `node:http`; resolves once it listens, rejects where it cannot.
 * @example await serve(app({ agents, auth: 'open' }), { port: 8787 })
 */
export async function serve(web: Web, options: ServeOptions = {}): Promise<Serving> {
  const { port = 8787, hostname = 'localhost', sockets, ...rest } = options
  const late = lateWork()
  const server = createServer(listener(web, { ...rest, late: late.context }))
  if (sockets) {
    const { env = process.env, onError } = rest
    server.on('upgrade', (message, stream, head) =>
      sockets.upgrade(message, stream, head, (request) => web.fetch(request, env, late.context), onError),
    )
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, hostname, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    server,
    port: (server.address() as AddressInfo).port,
    async close(grace = 10_000) {
      const closed = new Promise((resolve) => server.close(resolve))
      sockets?.close()
      await atMost(
        grace,
        closed.then(() => late.settled()),
      )
      server.closeAllConnections()
      await closed
    },
  }
}
