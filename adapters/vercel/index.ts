import type { Late, Web } from '../../src/http/web.ts'

export interface VercelOptions {
  /** The bindings that the app sees, such as `process.env`; default none. */
  env?: object
  /** Keeps the function alive after its response: `waitUntil` of `@vercel/functions`, passed in. Default the one of the call, where there is one. */
  waitUntil?: (work: Promise<unknown>) => void
}

/** What Vercel calls a function with, beside the request: on the edge it has `waitUntil`. */
type Call = (request: Request, call?: unknown) => Promise<Response>

/** A function by one handler for all methods, or by one a method: Vercel takes either. */
export type VercelFunction = Record<'fetch' | 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'DELETE' | 'OPTIONS', Call>

/**
 * An app as a Vercel function, on Node or the edge. Sessions need a `Journal` and a `Store` outside the function: two calls may
 * land in two instances.
 * @example export default vercel(web, { env: process.env, waitUntil })
 * @example export const { GET, POST, PATCH, DELETE, OPTIONS } = vercel(web)
 */
export function vercel(web: Web, { env = {}, waitUntil }: VercelOptions = {}): VercelFunction {
  const fetch: Call = async (request, call) => {
    const own = waitUntil ?? waitUntilOf(call)
    return web.fetch(request, env, own && { waitUntil: own, passThroughOnException() {}, props: {} })
  }
  return { fetch, GET: fetch, HEAD: fetch, POST: fetch, PATCH: fetch, DELETE: fetch, OPTIONS: fetch }
}

function waitUntilOf(call: unknown): Late['waitUntil'] | undefined {
  if (typeof call !== 'object' || call === null || !('waitUntil' in call) || typeof call.waitUntil !== 'function') return undefined
  const { waitUntil } = call
  return (work) => void waitUntil.call(call, work)
}
