import { lookup } from 'node:dns/promises'
import { Agent, request } from 'node:https'
import { Readable } from 'node:stream'
import { isPublicAddress, type GuardOptions } from '../../src/media/index.ts'
import { KitError } from '../../src/index.ts'

export interface PinOptions {
  /** The addresses of a name; default the system's resolver. */
  resolve?: (host: string) => Promise<readonly { address: string; family: number }[]>
  /** Which addresses may be asked; default public ones only. */
  allow?: (address: string) => boolean
  /** Certificates of authorities to trust beside the usual ones, as PEM. */
  ca?: string
}

/**
 * A `fetch` for `guardedFetch` that resolves a name once, refuses it (`input/refused`) when any of its addresses is not public,
 * and connects to nothing but the addresses that it checked: a name that answers otherwise a moment later gains nothing. GET and https
 * only, a connection of its own for each request; asks for an uncompressed body. Works on Node, Bun and Deno.
 * @example guardedFetch({ fetch: pinnedFetch(), chosenBy: 'user' })
 */
export function pinnedFetch(options: PinOptions = {}): NonNullable<GuardOptions['fetch']> {
  const { resolve = (host) => lookup(host, { all: true }), allow = isPublicAddress, ca } = options
  return async function pinned(address, { headers, signal }) {
    const url = new URL(address)
    if (url.protocol !== 'https:') throw new KitError('input/refused', 'only https addresses are fetched')
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const found = await resolve(host)
    signal.throwIfAborted()
    const [first] = found
    if (!first || !found.every(({ address }) => allow(address)))
      throw new KitError('input/refused', 'a private or local address is not fetched')
    return new Promise<Response>((done, fail) => {
      const asked = request(
        url,
        {
          headers: { ...headers, 'accept-encoding': 'identity' },
          signal,
          // an own one: Deno's default goes by the proxy of the environment, which would resolve the name again
          agent: new Agent({ proxyEnv: {} }),
          ...(ca !== undefined && { ca }),
          // never asked again: what was checked is what is connected to
          lookup: (_, { all }, answer) => (all ? answer(null, [...found]) : answer(null, first.address, first.family)),
        },
        (response) => {
          const { statusCode = 502, headers } = response
          if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
            response.destroy()
            return fail(new KitError('input/refused', 'the address sends a compressed body though it was asked not to'))
          }
          const bare = [204, 205, 304].includes(statusCode)
          if (bare) response.resume()
          const body = bare ? null : (Readable.toWeb(response) as ReadableStream<Uint8Array>)
          const fields = Object.entries(headers).flatMap(([name, value]) =>
            [value ?? []].flat().map((one) => [name, one] as [string, string]),
          )
          try {
            done(new Response(body, { status: statusCode, headers: fields }))
          } catch (error) {
            response.destroy()
            fail(error)
          }
        },
      )
      asked.on('error', fail)
      asked.end()
    })
  }
}
