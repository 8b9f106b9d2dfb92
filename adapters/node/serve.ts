import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { listener, type ListenerOptions, type Web } from './listener.ts'

export interface ServeOptions extends ListenerOptions {
  /** Default 8787; 0 takes a free one. */
  port?: number
  /** Default `localhost`: say `0.0.0.0` or `::` to be reached from elsewhere. */
  hostname?: string
}

export interface Serving {
  server: Server
  port: number
  /** Takes no new connection, waits at most `grace` ms (default 10,000) for requests and their late work, then cuts what is left. */
  close(grace?: number): Promise<void>
}

/**
 * Serves an app over `node:http`; resolves once it listens, rejects where it cannot.
 * @example await serve(app({ agents, auth: 'open' }), { port: 8787 })
 */
export async function serve(web: Web, { port = 8787, hostname = 'localhost', ...options }: ServeOptions = {}): Promise<Serving> {
  const late = new Set<Promise<unknown>>()
  const waitUntil = (work: Promise<unknown>): void => {
    options.waitUntil?.(work)
    const kept = work.then(
      () => void late.delete(kept),
      () => void late.delete(kept),
    )
    late.add(kept)
  }
  const server = createServer(listener(web, { ...options, waitUntil }))
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
      const out = new Promise((resolve) => setTimeout(resolve, grace).unref())
      await Promise.race([closed.then(() => Promise.all(late)), out])
      server.closeAllConnections()
      await closed
    },
  }
}
