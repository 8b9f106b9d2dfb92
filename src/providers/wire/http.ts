import { KitError, type KitErrorCode } from '../../errors.ts'
import type { Fields } from './fields.ts'
import { EventReader, type SseEvent } from '../../event-reader.ts'

export type { SseEvent } from '../../event-reader.ts'

/** Where a provider is and how to reach it; an SDK client has the same fields and may be passed as it is. */
export interface Connection {
  apiKey?: string | (() => string | Promise<string>) | null
  baseURL?: string
  fetch?: typeof fetch
  headers?: Readonly<Record<string, string>>
}

export interface Post {
  provider: string
  url: string
  headers: Readonly<Record<string, string>>
  body: unknown
  fetch: typeof fetch | undefined
  signal: AbortSignal | undefined
  /** Reads what a provider says of an error in its own form. */
  explain?: (body: unknown) => { code?: KitErrorCode; retryable?: boolean; retryAfter?: number } | undefined
}

/**
 * Posts JSON and gives the response, when it is one of success. Otherwise throws `model/*` with `retryable`, `retryAfter`
 * (ms) and `status`, for a redirect too; the provider's body is in `cause` and nowhere else. An abort throws the signal's reason.
 */
export async function post({ provider, url, headers, body, fetch: send = fetch, signal, explain }: Post): Promise<Response> {
  let response: Response
  try {
    response = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal,
      // a platform that follows takes keys and words along, also to another origin
      redirect: 'manual',
    })
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    throw new KitError('model/http', `${provider} cannot be reached`, { cause, provider, retryable: true })
  }
  if (response.ok) return response
  // where the connection breaks, the status says enough
  const text = await readText(response, signal, provider, 65_536).catch(() => '')
  throw httpError(provider, response.status, response.headers, text, explain)
}

/** An upstream refusal as a `KitError`. */
export function httpError(provider: string, status: number, headers: Headers, text: string, explain?: Post['explain']): KitError {
  const body = parse(text)
  const own = explain?.(body)
  const code = own?.code ?? codeOf(status, text.slice(0, 10_000))
  const retryable = own?.retryable ?? mayRetry(code, status)
  const retryAfter = own?.retryAfter ?? retryAfterOf(headers)
  return new KitError(code, `${provider} answered ${status}`, {
    cause: body ?? text,
    provider,
    status,
    retryable,
    retryAfter,
  })
}

/** Whether the same request may succeed later. */
export const mayRetry = (code: KitErrorCode, status = 500): boolean =>
  code === 'model/rate' || code === 'model/overloaded' || (code === 'model/http' && (status >= 500 || status === 408 || status === 409))

/** What an error means, by status and by the words that providers use in it. */
export function codeOf(status: number, said: string): KitErrorCode {
  if (/insufficient_quota|exceeded your current quota|credit balance|billing/i.test(said) && status !== 401) return 'model/quota'
  if (/context.(length|window|size)|prompt (is too long|too long|length)|input token count/i.test(said)) return 'model/context'
  if (/content_(filter|policy)|ResponsibleAI|flagged/i.test(said)) return 'model/filtered'
  if (/model_not|does not exist or you|unknown model/i.test(said)) return 'model/unknown'
  if (/(incorrect|invalid).api.key/i.test(said)) return 'model/auth'
  if (status === 401 || status === 403) return 'model/auth'
  if (status === 402) return 'model/quota'
  if (status === 404) return 'model/unknown'
  if (status === 429 || /rate.limit/i.test(said)) return 'model/rate'
  if (status === 503 || status === 529 || /overloaded/i.test(said)) return 'model/overloaded'
  if (status === 400 || status === 413 || status === 422) return 'model/request'
  return 'model/http'
}

const day = 86_400_000

/** `retry-after-ms`, or `retry-after` in seconds or as a date, in ms; a wait of more than a day is no advice. */
export function retryAfterOf(headers: Headers, now: number = Date.now()): number | undefined {
  const ms = headers.get('retry-after-ms')
  const after = headers.get('retry-after')
  const wait =
    ms !== null ? Number(ms) : after === null ? NaN : /^\s*[\d.]+\s*$/.test(after) ? Number(after) * 1000 : Date.parse(after) - now
  return wait >= 0 && wait <= day ? Math.round(wait) : undefined
}

/** Characters of a whole answer. */
const answerLimit = 50_000_000

/**
 * A whole answer, as the JSON object that it must be. Throws `model/garbled` where it is none or longer than 50 MB,
 * `model/truncated` where the connection broke.
 */
export async function whole(response: Response, signal: AbortSignal | undefined, provider: string): Promise<Fields> {
  const text = await readText(response, signal, provider, answerLimit)
  const body = parse(text)
  if (typeof body === 'object' && body !== null) return body as Fields
  throw new KitError('model/garbled', `${provider} sent no JSON`, { provider, cause: text.slice(0, 10_000) })
}

async function readText(response: Response, signal: AbortSignal | undefined, provider: string, limit: number): Promise<string> {
  const reader = response.body?.getReader()
  if (!reader) return ''
  const decoder = new TextDecoder()
  let text = ''
  try {
    while (text.length < limit) {
      const { value, done } = await reader.read()
      if (done) return text + decoder.decode()
      text += decoder.decode(value, { stream: true })
    }
    return text
  } catch (cause) {
    throw broken(cause, signal, provider)
  } finally {
    reader.cancel().catch(() => {})
  }
}

/**
 * The events of an SSE body (WHATWG), as many at a time as a read brings: what costs a promise is the read, not the event.
 * The last event counts also without its blank line. Throws `model/garbled` for an event of more than 32 MB. `stray` gets the
 * lines that are no field of an event: some servers put an error there.
 */
export function sse(
  response: Response,
  signal: AbortSignal | undefined,
  provider: string,
  stray?: (line: string) => void,
): AsyncIterableIterator<SseEvent[], void, void> {
  let batch: SseEvent[] = []
  const parser = new EventReader(stray)
  const decoder = new TextDecoder()
  const reader = response.body?.getReader()
  let ended = !reader
  const end = (): void => {
    ended = true
    reader?.cancel().catch(() => {})
  }
  // no async generator: it would cost four more promises a read
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      try {
        while (!ended && !batch.length) {
          const { value, done } = await reader!.read()
          ended = done
          parser.feed(done ? `${decoder.decode()}\n\n` : decoder.decode(value, { stream: true }), batch)
        }
      } catch (cause) {
        end()
        if (cause instanceof KitError) throw cause
        if (cause instanceof RangeError) throw new KitError('model/garbled', `${provider} sent too much`, { provider, cause })
        throw broken(cause, signal, provider)
      }
      const value = batch
      batch = []
      return value.length ? { value, done: false } : { value: undefined, done: true }
    },
    async return() {
      end()
      return { value: undefined, done: true }
    },
  }
}

/** Why a body ended early: an abort is its own reason. */
export function broken(cause: unknown, signal: AbortSignal | undefined, provider: string): unknown {
  if (signal?.aborted) return signal.reason
  return new KitError('model/truncated', `${provider} broke off`, { cause, provider, retryable: true })
}

/** JSON or nothing. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A key given as text or by a function. */
export const keyOf = async ({ apiKey }: Connection): Promise<string | undefined> =>
  typeof apiKey === 'function' ? apiKey() : (apiKey ?? undefined)

/** Arguments as a model gave them: nothing means `{}`, an object is one already, and what is no JSON stays text. */
export function readArguments(raw: unknown): { input: unknown; invalid?: boolean } {
  if (raw === undefined || raw === null || raw === '') return { input: {} }
  if (typeof raw !== 'string') return { input: raw }
  const input = parse(raw)
  return input === undefined ? { input: raw, invalid: true } : { input: input ?? {} }
}
