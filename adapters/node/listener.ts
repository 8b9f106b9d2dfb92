import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Context } from '../../src/index.ts'
import { problem } from '../../src/http/app.ts'
import type { Late, Web } from '../../src/http/web.ts'

export interface ListenerOptions {
  /** The bindings that the app sees; default `process.env`. */
  env?: object
  /** Is given the work that goes on after a response; absent, the app is told that there is no such thing. */
  late?: Late
  /** Gets what `fetch` or a response's body threw; the client gets a 500, or the end of the connection. */
  onError?: Context['onError']
}

/** Ms for a client to read a refusal while it is still sending the body that nobody wants. */
const parting = 2000

/**
 * An app as a listener of `node:http` (or `https`, or `http2` in compatibility mode). A reader that goes away aborts
 * `request.signal` and cancels the body of the response; one that reads slowly is not sent more than the socket takes.
 */
export function listener(web: Web, options: ListenerOptions = {}): RequestListener {
  return function listener(message, reply) {
    const { env = process.env, late, onError } = options
    const gone = new AbortController()
    const answer = async (): Promise<void> => {
      const request = requestOf(message, gone.signal)
      reply.once('close', () => {
        // of the request, not of `gone`: a signal follows another only as long as somebody holds its request
        if (!reply.writableFinished && !request.signal.aborted) gone.abort(new DOMException('the reader went away', 'AbortError'))
      })
      const response = await web.fetch(request, env, late)
      await send(response, reply, message.method === 'HEAD')
    }
    answer().catch(async (error: unknown) => {
      if (error instanceof BadRequest) return send(new Response(error.message, { status: 400 }), reply, false)
      if (!gone.signal.aborted) onError?.(error, { at: `${message.method} ${message.url}` })
      if (reply.headersSent) return void reply.destroy()
      return send(problem(error), reply, message.method === 'HEAD')
    })
    // said to nobody: what a write to a closed socket gives
    reply.on('error', () => {})
    reply.once('finish', () => {
      if (!message.complete) setTimeout(() => message.destroy(), parting).unref()
    })
  }
}

/** Answered by 400. */
export class BadRequest extends Error {}

/** Throws a `BadRequest` for what `node:http` lets through and no URL or header can be. */
export function requestOf(message: IncomingMessage, signal: AbortSignal): Request {
  const { method = 'GET', url = '', rawHeaders } = message
  const host = message.headers.host ?? (message.headers[':authority'] as string | undefined)
  // joined, not resolved: `//elsewhere/` is a path here
  if (!host || !url.startsWith('/') || !/^[\w.:[\]-]+$/.test(host)) throw new BadRequest('a Host header and a path are needed')
  try {
    const headers = new Headers()
    for (let at = 0; at < rawHeaders.length; at += 2)
      if (!rawHeaders[at]!.startsWith(':')) headers.append(rawHeaders[at]!, rawHeaders[at + 1]!)
    const scheme = 'encrypted' in message.socket ? 'https' : 'http'
    const body = method === 'GET' || method === 'HEAD' ? undefined : bodyOf(message)
    return new Request(`${scheme}://${host}${url}`, { method, headers, signal, ...(body && { body, duplex: 'half' as const }) })
  } catch {
    throw new BadRequest('this is no request')
  }
}

/** Read chunk by chunk as somebody asks: what is not read stays with the client. */
function bodyOf(message: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = message.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>
  return new ReadableStream(
    {
      async pull(controller) {
        const { value, done } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await chunks.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/** Writes a response, as fast as it is read. */
export async function send({ status, statusText, headers, body }: Response, reply: ServerResponse, bodiless: boolean): Promise<void> {
  if (reply.destroyed) return body?.cancel()
  reply.writeHead(status, ...(statusText ? [statusText] : []), [...headers].flat())
  if (!body || bodiless) {
    reply.end()
    return body?.cancel()
  }
  const reader = body.getReader()
  // cancelled from outside the loop: it may be waiting for a chunk that never comes
  reply.once('close', () => void reader.cancel().catch(() => {}))
  // a body that is slow to begin must not hold back its headers; one that is there goes out with them
  const early = setImmediate(() => reply.flushHeaders())
  try {
    for (;;) {
      const { value, done } = await reader.read()
      clearImmediate(early)
      if (done || reply.destroyed) break
      if (!reply.write(value)) await room(reply)
    }
  } finally {
    clearImmediate(early)
  }
  reply.end()
}

/** Waits until the socket takes more, or is gone. */
function room(reply: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      reply.off('drain', done).off('close', done)
      resolve()
    }
    reply.once('drain', done).once('close', done)
    if (reply.destroyed) done()
  })
}
