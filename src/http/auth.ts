import type { Principal } from '../context.ts'
import { KitError } from '../errors.ts'

/** Who is asking: a principal, or nobody (then the answer is 401). Throws a `KitError` `auth/*` to say more. */
export type Auth = (request: Request, env: unknown) => Principal | undefined | Promise<Principal | undefined>

/** What a principal may; `false` is 403. By default everything that is its own. */
export type Access = (principal: Principal, what: { agent: string; session?: string; action: string }) => boolean | Promise<boolean>

/**
 * Principals by bearer token. `tokens` is a table of tokens, or a function that looks one up.
 * @example auth: bearer({ [env.API_TOKEN]: { id: 'me' } })
 */
export function bearer(
  tokens: Readonly<Record<string, Principal>> | ((token: string, env: unknown) => Principal | undefined | Promise<Principal | undefined>),
): Auth {
  // what a computed key becomes when the variable is missing: everybody could guess that token
  if ('undefined' in tokens) throw new TypeError('bearer: a token is undefined')
  return async function bearer(request, env) {
    const token = bearerToken(request)
    if (token === undefined) return undefined
    if (typeof tokens === 'function') return tokens(token, env)
    // compared by digest: the time it takes tells nothing of the token
    const asked = await digest(token)
    let found: Principal | undefined
    for (const [known, principal] of Object.entries(tokens)) if (known && same(asked, await digest(known))) found = principal
    return found
  }
}

export const bearerToken = (request: Request): string | undefined =>
  /^Bearer +([^\s]+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]

/** Whether a login has ended: asked at each request, each frame and each event. */
export const hasExpired = ({ expires }: Principal): boolean => expires !== undefined && expires <= Date.now()

/** The one principal of open mode. */
export const anonymous: Principal = Object.freeze({ id: 'anonymous' })

/** Open mode answers only to loopback names, so that a page elsewhere cannot reach it by a name of its own (DNS rebinding). */
export function requireLoopback(request: Request): void {
  const { hostname } = new URL(`http://${request.headers.get('host') ?? new URL(request.url).host}`)
  if (!/^(localhost|127(\.\d+){3}|\[::1\]|[a-z0-9-]+\.localhost)$/.test(hostname))
    throw new KitError('auth/denied', 'open mode answers only on this machine')
}

/** Refuses a browser's request from a page of another origin that is not in the list. */
export function requireOrigin(request: Request, origins: readonly string[]): void {
  const origin = request.headers.get('origin')
  if (origin === null || origins.includes(origin)) return
  const own = new URL(request.url)
  const host = request.headers.get('host') ?? own.host
  if (origin === `http://${host}` || origin === `https://${host}`) return
  throw new KitError('auth/origin', 'this origin may not use this service')
}

const digest = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))

const same = (a: Uint8Array, b: Uint8Array): boolean => a.reduce((difference, byte, at) => difference | (byte ^ b[at]!), 0) === 0
