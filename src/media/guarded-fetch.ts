import { follow, unlessAborted } from '../abort.ts'
import { KitError } from '../errors.ts'
import { isAddress, isPublicAddress } from './address.ts'
import { mimeOf } from './sniff.ts'

export interface GuardOptions {
  /** Hosts that may be asked: `example.com` for just that name, `*.example.com` for those below it. Default any public one. */
  allow?: readonly string[]
  /** Who chose the address. An address that a model wrote needs `allow`: any page that it read may have told it what to fetch. */
  chosenBy?: 'app' | 'user' | 'model'
  /** Bytes of one body, after decompression; default 20 MB. */
  maxBytes?: number
  /** Ms for all of it, redirects and body included; default 15,000. */
  timeout?: number
  /** How many redirects to follow, each checked as the first address was; default 3. */
  redirects?: number
  /** Default the runtime's. Give that of `edgeswarm/node/fetch` or `edgeswarm/bun/fetch`, which check what a name resolves to. */
  fetch?: (url: string, init: { headers: Record<string, string>; redirect: 'manual'; signal: AbortSignal }) => Promise<Response>
}

export interface Fetched {
  /** After redirects. */
  url: string
  /** Lower case, without parameters: what the bytes are where they show it, else what the server said. */
  mime: string
  bytes: Uint8Array<ArrayBuffer>
}

export interface GuardedRequest {
  signal?: AbortSignal
  /** What may come, e.g. `['image/*', 'application/pdf']`; default anything. */
  accept?: readonly string[]
}

/** Gets what is at an address that somebody else chose. Errors: `input/refused`, `request/too-large`. */
export type GuardedFetch = (url: string, request?: GuardedRequest) => Promise<Fetched>

/**
 * A `fetch` for addresses from outside: https on its own port only; no user names; no private, loopback, link-local or otherwise
 * special address in any spelling, and no local name; redirects checked one by one; size and time bounded. Sends no cookie and
 * no key. Throws a `TypeError` when a model chooses and `allow` is missing.
 *
 * What it cannot see on an edge runtime is what a name resolves to: a public name may point at a private address. On Workers
 * nothing private is reachable by `fetch`; on Node and Bun give the pinned `fetch` of their adapter.
 * @example const get = guardedFetch({ chosenBy: 'model', allow: ['*.wikimedia.org'] })
 */
export function guardedFetch(options: GuardOptions = {}): GuardedFetch {
  const { allow, chosenBy = 'user', maxBytes = 20_000_000, timeout = 15_000, redirects = 3, fetch: send = fetch } = options
  if (chosenBy === 'model' && !allow?.length) throw new TypeError('a model may choose an address only from hosts in `allow`')
  const allowed = allow?.map(hostPattern)

  return async function guarded(first, { signal, accept } = {}) {
    const abort = new AbortController()
    const stop = signal && follow(signal, abort)
    const timer = setTimeout(() => abort.abort(refused('the address took too long', true)), timeout)
    const both = abort.signal
    try {
      let url = checkUrl(first, allowed)
      for (let left = redirects; ; left--) {
        const response = await attempt(
          () => send(url.href, { headers: { accept: accept?.join(', ') ?? '*/*' }, redirect: 'manual', signal: both }),
          both,
        )
        const next = response.headers.get('location')
        if (response.status >= 300 && response.status < 400 && next !== null) {
          discard(response)
          if (left <= 0) throw refused('the address redirects too often')
          url = checkUrl(next, allowed, url)
          continue
        }
        if (!response.ok) {
          discard(response)
          throw refused(`the address answered ${response.status || 'with a redirect'}`, response.status >= 500)
        }
        const bytes = await read(response, maxBytes, both)
        const mime = mimeOf(bytes, response.headers.get('content-type') ?? '')
        if (accept && !accept.some((pattern) => matches(mime, pattern))) throw refused(`the address holds ${mime}`)
        return { url: url.href, mime, bytes }
      }
    } finally {
      clearTimeout(timer)
      stop?.()
    }
  }
}

/** The address, when it may be asked at all. Throws `input/refused` without saying more of it than why. */
export function checkUrl(text: string, allowed?: readonly ((host: string) => boolean)[], base?: URL): URL {
  if (text.length > 8192) throw refused('the address is too long')
  let url: URL
  try {
    url = new URL(text, base)
  } catch {
    throw refused('that is no address')
  }
  if (url.protocol !== 'https:') throw refused('only https addresses are fetched')
  if (url.username || url.password) throw refused('an address with a user name is not fetched')
  if (url.port) throw refused('only the port of https is asked')
  // the parser has made `0x7f.1`, `2130706433` and full-width digits into dotted form by now
  const host = url.hostname.replace(/\.$/, '').toLowerCase()
  if (isAddress(host) ? !isPublicAddress(host) : !isPublicName(host)) throw refused('a private or local address is not fetched')
  if (allowed && !allowed.some((fits) => fits(host))) throw refused('this host is not among those that may be asked')
  if (url.hostname.endsWith('.')) url.hostname = host
  url.hash = ''
  return url
}

/** Last labels of names that no public resolver knows (RFC 6761, 6762, 8375, 9476; `.internal` by ICANN), and customary ones. */
const localNames = /(^|\.)(localhost|local|localdomain|internal|intranet|private|corp|home|lan|test|invalid|onion|alt|arpa)$/

const isPublicName = (host: string): boolean =>
  host.includes('.') &&
  host.length <= 253 &&
  !localNames.test(host) &&
  host.split('.').every((label) => /^[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?$/.test(label))

function hostPattern(pattern: string): (host: string) => boolean {
  const name = pattern.toLowerCase()
  if (!/^(\*\.)?[a-z\d-]+(\.[a-z\d-]+)+$/.test(name)) throw new TypeError(`no host: ${pattern}; say example.com or *.example.com`)
  return name.startsWith('*.') ? (host) => host.endsWith(name.slice(1)) : (host) => host === name
}

async function attempt(send: () => Promise<Response>, signal: AbortSignal): Promise<Response> {
  let sent: Promise<Response> | undefined
  try {
    sent = send()
    return await unlessAborted(sent, signal)
  } catch (cause) {
    // an answer that comes all the same is not left open
    sent?.then(discard, () => {})
    if (signal.aborted) throw signal.reason
    if (cause instanceof KitError) throw cause
    throw refused('the address cannot be reached', true, cause)
  }
}

async function read(response: Response, limit: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = (): KitError => new KitError('request/too-large', `the address holds more than ${limit} bytes`)
  if (Number(response.headers.get('content-length')) > limit) {
    discard(response)
    throw tooLarge()
  }
  const reader = response.body?.getReader()
  if (!reader) return new Uint8Array()
  const pieces: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { value, done } = await unlessAborted(reader.read(), signal)
      if (done) break
      size += value.length
      if (size > limit) throw tooLarge()
      pieces.push(value)
    }
  } catch (cause) {
    if (signal.aborted) throw signal.reason
    if (cause instanceof KitError) throw cause
    throw refused('the connection broke', true, cause)
  } finally {
    reader.cancel().catch(() => {})
  }
  const all = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

const matches = (mime: string, pattern: string): boolean =>
  pattern === '*/*' || pattern === mime || (pattern.endsWith('/*') && mime.startsWith(pattern.slice(0, -1)))

const discard = (response: Response): void => void response.body?.cancel().catch(() => {})

const refused = (why: string, retryable = false, cause?: unknown): KitError =>
  new KitError('input/refused', why, { retryable, ...(cause !== undefined && { cause }) })
