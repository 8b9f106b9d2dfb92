import { KitError, type KitErrorCode } from '../../errors.ts'
import { type Fields, isObject, objects, textIn } from './fields.ts'
import { codeOf } from './http.ts'

/** What the names of `google.rpc.Code` mean; the others (INTERNAL, UNKNOWN, ABORTED, …) mean what their HTTP status says. */
const codes: Readonly<Record<string, KitErrorCode>> = {
  UNAUTHENTICATED: 'model/auth',
  PERMISSION_DENIED: 'model/auth',
  INVALID_ARGUMENT: 'model/request',
  FAILED_PRECONDITION: 'model/request',
  OUT_OF_RANGE: 'model/request',
  NOT_FOUND: 'model/unknown',
  RESOURCE_EXHAUSTED: 'model/rate',
  UNAVAILABLE: 'model/overloaded',
  DEADLINE_EXCEEDED: 'model/timeout',
  UNIMPLEMENTED: 'model/unsupported',
}

/** What Google says of an error (`google.rpc.Status`), alone or in an array: its code, and when to try again (ms). */
export function explainGemini(body: unknown): { code?: KitErrorCode; retryable?: boolean; retryAfter?: number } | undefined {
  const first: unknown = Array.isArray(body) ? body[0] : body
  if (!isObject(first) || !isObject(first.error)) return undefined
  const { status, message, details: about } = first.error
  const details = objects(about)
  const said = [message, ...details.map(({ reason }) => reason)].map(textIn).join(' ')
  let code = codes[textIn(status)?.toUpperCase() ?? '']
  if (code === 'model/request' && /API_KEY_|api key (not|expired|invalid)/i.test(said)) code = 'model/auth'
  else if (code === 'model/request' && /token count/i.test(said)) code = 'model/context'
  else if (/BILLING_DISABLED|enable billing|billing to be enabled/i.test(said) || (code === 'model/rate' && spent(details, said)))
    return { code: 'model/quota' }
  const retryAfter = details.map(({ retryDelay }) => delayOf(retryDelay)).find((delay) => delay !== undefined)
  return {
    ...(code && { code }),
    ...(code === 'model/timeout' && { retryable: true }),
    ...(retryAfter !== undefined && { retryAfter }),
  }
}

/**
 * Whether a 429 will not pass in a while: a day's quota, or one of nothing. Its words are the same for a minute's quota
 * ("exceeded your current quota, please check your plan and billing details"), and it names a wait of seconds all the same.
 */
const spent = (details: readonly Fields[], said: string): boolean =>
  /\blimit: 0\b/.test(said) ||
  details.some(({ violations }) => objects(violations).some(({ quotaId }) => /perday/i.test(textIn(quotaId) ?? '')))

/** `RetryInfo.retryDelay`, e.g. `34.07s`, in ms; a wait of more than a day is no advice. */
function delayOf(delay: unknown): number | undefined {
  const ms = Math.ceil(Number(/^([\d.]+)s$/.exec(textIn(delay) ?? '')?.[1]) * 1000)
  return ms <= 86_400_000 ? ms : undefined
}

/** An error that came after status 200. */
export function geminiStreamError(provider: string, body: Fields): KitError {
  const { code: status, message } = isObject(body.error) ? body.error : {}
  const { code: known, retryAfter } = explainGemini(body) ?? {}
  const code = known ?? codeOf(typeof status === 'number' ? status : 500, textIn(message) ?? '')
  return new KitError(code, `${provider} ended its answer with an error`, {
    provider,
    cause: body,
    retryable: ['model/rate', 'model/overloaded', 'model/http', 'model/timeout'].includes(code),
    ...(retryAfter !== undefined && { retryAfter }),
  })
}
