import { KitError, type KitErrorCode } from '../../errors.ts'
import { defined, type Fields, fields, objects, textIn } from './fields.ts'
import { codeOf, mayRetry } from './http.ts'

/** Names of `google.rpc.Code` that mean more than their HTTP status does. */
const codes: Readonly<Record<string, KitErrorCode>> = {
  RESOURCE_EXHAUSTED: 'model/rate',
  DEADLINE_EXCEEDED: 'model/timeout',
  UNIMPLEMENTED: 'model/unsupported',
}

/** What Google says of an error (`google.rpc.Status`), alone or in an array: its code, and when to try again (ms). */
export function explainGemini(body: unknown): { code?: KitErrorCode; retryable?: boolean; retryAfter?: number } {
  const { status, message, details: about } = fields(fields(Array.isArray(body) ? body[0] : body).error)
  const details = objects(about)
  const code = codes[textIn(status)?.toUpperCase() ?? '']
  if (code === 'model/rate' && spent(details, textIn(message) ?? '')) return { code: 'model/quota' }
  return defined({
    code: code ?? (/api key (not|expired|invalid)/i.test(textIn(message) ?? '') ? 'model/auth' : undefined),
    retryable: code === 'model/timeout' || undefined,
    retryAfter: details.map(({ retryDelay }) => delayOf(retryDelay)).find((delay) => delay !== undefined),
  })
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
  const { code: number, message, details } = fields(body.error)
  const said = [message, ...objects(details).map(({ reason }) => reason)].map(textIn).join(' ')
  const { code = codeOf(typeof number === 'number' ? number : 500, said), ...about } = explainGemini(body)
  return new KitError(code, `${provider} ended its answer with an error`, {
    provider,
    cause: body,
    retryable: mayRetry(code),
    ...about,
  })
}
