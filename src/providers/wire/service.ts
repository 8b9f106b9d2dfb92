import { KitError } from '../../errors.ts'
import type { ServiceOptions } from '../../services.ts'
import { defined, type Fields, isObject } from './fields.ts'
import { type Connection, httpError, keyOf, parse, type Post } from './http.ts'

/** A provider's services behind one address. */
export interface Service extends Connection {
  provider: string
  baseURL: string
  explain?: Post['explain']
  /** How the key is sent; default as `Authorization: Bearer`. */
  auth?: (key: string) => Readonly<Record<string, string>>
}

export interface Ask {
  method?: 'GET' | 'POST' | 'DELETE' | 'PATCH' | 'PUT'
  /** Below the base address, beginning with `/`; or a whole https address. Ids in it are encoded by the caller. */
  path: string
  query?: Readonly<Record<string, string | number | undefined>>
  headers?: Readonly<Record<string, string>>
  /** Sent as JSON; fields that are undefined or null are left out. */
  json?: Fields
  form?: FormData
  bytes?: BodyInit
  options?: ServiceOptions
}

/** Bytes of an answer that is JSON. */
const jsonLimit = 256 * 1024 * 1024

/** Redirects that one question follows. */
const hops = 5

/**
 * Asks and gives the response, when it is one of success; errors as `post` has them. Redirects are followed only where nothing
 * is sent but the question: with the key and the headers to the same origin, bare and by https to another.
 */
export async function ask(service: Service, { method, path, query, json, form, bytes, headers, options }: Ask): Promise<Response> {
  const { provider, baseURL, auth = (key) => ({ authorization: `Bearer ${key}` }), explain, fetch: send = fetch } = service
  // what an address resolves: encoding an id does not keep `..` from it
  if (/\/\.\.?([/?]|$)/.test(path)) throw new KitError('model/request', `${provider} has no such name`, { provider })
  let url = new URL(/^https?:\/\//.test(path) ? path : `${baseURL.replace(/\/+$/, '')}${path}`)
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) url.searchParams.set(name, String(value))
  const key = await keyOf(service)
  const own = options?.providerOptions?.[provider]
  const body = json === undefined ? (form && own ? withFields(form, own) : (form ?? bytes)) : JSON.stringify({ ...defined(json), ...own })
  const signal = options?.signal
  const verb = method ?? (body === undefined ? 'GET' : 'POST')
  let said: Ask['headers'] = { ...(json && { 'content-type': 'application/json' }), ...(key && auth(key)), ...service.headers, ...headers }
  for (let hop = 0; ; hop++) {
    let response: Response
    try {
      response = await send(url.href, {
        method: verb,
        headers: said,
        // a platform that follows takes most headers along, also to another origin
        redirect: 'manual',
        ...(body !== undefined && { body }),
        ...(signal && { signal }),
      })
    } catch (cause) {
      if (signal?.aborted) throw signal.reason
      throw new KitError('model/http', `${provider} cannot be reached`, { cause, provider, retryable: true })
    }
    if (response.ok) return response
    const location = verb === 'GET' && response.status < 400 && hop < hops ? response.headers.get('location') : null
    const next = location !== null && URL.canParse(location, url) ? new URL(location, url) : undefined
    if (next?.origin !== url.origin && next?.protocol !== 'https:') {
      const text = await bytesOf(response, service, signal, 65_536).then(
        (read) => new TextDecoder().decode(read),
        () => '',
      )
      signal?.throwIfAborted()
      throw httpError(provider, response.status, response.headers, text, explain)
    }
    response.body?.cancel().catch(() => {})
    if (next.origin !== url.origin) said = {}
    url = next
  }
}

/** A form with fields laid over its own. They come first: some servers read no field after a file. */
function withFields(form: FormData, own: Fields): FormData {
  const all = new FormData()
  for (const [name, value] of Object.entries(defined(own)))
    // a form says a list by saying its name again
    for (const one of name.endsWith('[]') ? [value].flat() : [value]) all.append(name, typeof one === 'string' ? one : JSON.stringify(one))
  for (const [name, value] of form) if (!(name in own)) all.append(name, value)
  return all
}

/** Asks and reads an object of JSON. Throws `model/garbled` where it is none or longer than 256 MB. */
export async function askJson(service: Service, request: Ask): Promise<Fields> {
  const body = parse(new TextDecoder().decode(await askBytes(service, request, jsonLimit)))
  if (isObject(body)) return body
  throw garbled(service.provider, 'an answer that is no JSON object')
}

/** What a provider sent that cannot be read. */
export const garbled = (provider: string, what: string, cause?: unknown): KitError =>
  new KitError('model/garbled', `${provider} sent ${what}`, { provider, cause })

/** Asks and reads the bytes of the answer. Throws `model/garbled` above the limit. */
export async function askBytes(service: Service, request: Ask, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  return bytesOf(await ask(service, request), service, request.options?.signal, limit)
}

/** The bytes of a response up to a limit; what is longer is `model/garbled`, a connection that broke `model/truncated`. */
export async function bytesOf(
  response: Response,
  { provider }: Pick<Service, 'provider'>,
  signal: AbortSignal | undefined,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader()
  if (!reader) return new Uint8Array()
  const pieces: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) break
      size += value.length
      if (size > limit) throw garbled(provider, `more than ${limit} bytes`)
      pieces.push(value)
    }
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    if (cause instanceof KitError) throw cause
    throw new KitError('model/truncated', `the connection to ${provider} broke`, { cause, provider, retryable: true })
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

/** Follows pages until there is none, at most 10,000 items and 1,000 pages. `page` gives the items and the cursor of the next page. */
export async function allPages<T>(page: (cursor: string | undefined) => Promise<{ items: readonly T[]; next?: string }>): Promise<T[]> {
  const all: T[] = []
  let cursor: string | undefined
  for (let left = 1000; left && all.length < 10_000; left--) {
    const { items, next } = await page(cursor)
    for (const item of items.slice(0, 10_000 - all.length)) all.push(item)
    if (next === undefined || next === cursor) break
    cursor = next
  }
  return all
}
