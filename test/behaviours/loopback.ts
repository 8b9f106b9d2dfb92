// Fake servers over real HTTP, on Node, Deno and Bun: one listener, a path for each server.
// Deno has its own listener: behind its `node:http` a request hung now and then, after an answer that a client had left.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ConformanceOptions } from '../../src/testing/conformance.ts'

type Handle = (request: Request) => Promise<Response>

export async function loopback(): Promise<{ mount: NonNullable<ConformanceOptions['mount']>; close(): Promise<void> }> {
  const mounted = new Map<string, Handle>()
  let made = 0
  const { port, close } = await ('Deno' in globalThis ? byDeno(mounted) : byNode(mounted))
  return {
    async mount(handle) {
      const place = `s${made++}`
      mounted.set(place, handle)
      return { baseURL: `http://127.0.0.1:${port}/${place}`, unmount: () => void mounted.delete(place) }
    },
    close,
  }
}

interface Listening {
  port: number
  close(): Promise<void>
}

const placeIn = (path: string): string[] => /^\/(s\d+)(.*)$/.exec(path)?.slice(1) ?? []

async function byNode(mounted: ReadonlyMap<string, Handle>): Promise<Listening> {
  const server = createServer((incoming, outgoing) => void answer(mounted, incoming, outgoing))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((closed) => (server.close(() => closed()), server.closeAllConnections())),
  }
}

/** As much of Deno as is needed. */
interface DenoServing {
  serve(
    options: { port: number; hostname: string; signal: AbortSignal; onListen(): void },
    handle: (request: Request) => Promise<Response>,
  ): { addr: { port: number } }
}

function byDeno(mounted: ReadonlyMap<string, Handle>): Listening {
  const { Deno } = globalThis as unknown as { Deno: DenoServing }
  const stop = new AbortController()
  const server = Deno.serve({ port: 0, hostname: '127.0.0.1', signal: stop.signal, onListen() {} }, async (incoming) => {
    const { pathname, search } = new URL(incoming.url)
    const [place = '', rest = ''] = placeIn(pathname + search)
    const { method, headers, signal } = incoming
    const body = await incoming.arrayBuffer()
    const request = new Request(`http://127.0.0.1${rest}`, { method, headers, signal, ...(body.byteLength && { body }) })
    return (await mounted.get(place)?.(request)) ?? new Response(null, { status: 404 })
  })
  return { port: server.addr.port, close: async () => stop.abort() }
}

async function answer(mounted: ReadonlyMap<string, Handle>, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const [place = '', rest = ''] = placeIn(incoming.url ?? '')
  const handle = mounted.get(place)
  const gone = new AbortController()
  let body: ReadableStreamDefaultReader<Uint8Array> | undefined
  outgoing.on('close', () => {
    gone.abort()
    if (!outgoing.writableFinished) void body?.cancel().catch(() => {})
  })
  try {
    const pieces: Buffer[] = []
    for await (const piece of incoming) pieces.push(piece as Buffer)
    const request = new Request(`http://127.0.0.1${rest}`, {
      method: incoming.method ?? 'GET',
      headers: Object.entries(incoming.headers).map(([name, value]) => [name, String(value)] as [string, string]),
      ...(pieces.length && { body: Buffer.concat(pieces) }),
      signal: gone.signal,
    })
    const response = (await handle?.(request)) ?? new Response(null, { status: 404 })
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    outgoing.flushHeaders()
    body = response.body?.getReader()
    for (;;) {
      const { value, done } = (await body?.read()) ?? { value: undefined, done: true }
      if (done || outgoing.destroyed) break
      outgoing.write(value)
    }
    outgoing.end()
  } catch {
    // a broken body is a broken connection
    outgoing.destroy()
  }
}
