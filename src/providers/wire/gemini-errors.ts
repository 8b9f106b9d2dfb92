import { KitError, type KitErrorCode } from '../../errors.ts'
import { codeOf } from './http.ts'

type Fields = Record<string, unknown>

/** What Google says of an error (`google.rpc.Status`), alone or in an array: its code, whether to retry, and when (ms). */
export function explainGemini(body: unknown): { code?: KitErrorCode; retryable?: boolean; retryAfter?: number } | undefined {
  const first: unknown = Array.isArray(body) ? body[0] : body
  const error = isObject(first) ? first.error : undefined
  if (!isObject(error)) return undefined
  const details = Array.isArray(error.details) ? (error.details as unknown[]).filter(isObject) : []
  const code = meaning(error, details)
  const retryAfter = code === 'model/quota' ? undefined : delayOf(details)
  const status = word(error.status)
  return {
    ...(code && { code }),
    ...(passing.includes(status) && { retryable: true }),
    ...(retryAfter !== undefined && { retryAfter }),
  }
}

/** Failures of the service itself, that pass. */
const passing = ['ABORTED', 'CANCELLED', 'DATA_LOSS', 'DEADLINE_EXCEEDED', 'INTERNAL', 'UNAVAILABLE', 'UNKNOWN']

function meaning({ status, message }: Fields, details: readonly Fields[]): KitErrorCode | undefined {
  const said = typeof message === 'string' ? message : ''
  const reasons = details.map(({ reason }) => (typeof reason === 'string' ? reason : ''))
  const billing = reasons.includes('BILLING_DISABLED') || /\bbilling\b/i.test(said)
  switch (word(status)) {
    case 'UNAUTHENTICATED':
      return 'model/auth'
    case 'PERMISSION_DENIED':
      return billing ? 'model/quota' : 'model/auth'
    case 'INVALID_ARGUMENT':
    case 'FAILED_PRECONDITION':
    case 'OUT_OF_RANGE':
      if (reasons.some((reason) => reason.startsWith('API_KEY_')) || /\bapi key\b.*\b(invalid|expired|not (valid|found))/i.test(said))
        return 'model/auth'
      if (/token count/i.test(said)) return 'model/context'
      return billing ? 'model/quota' : 'model/request'
    case 'NOT_FOUND':
      return 'model/unknown'
    case 'RESOURCE_EXHAUSTED':
      return spent(details, said) ? 'model/quota' : 'model/rate'
    case 'UNAVAILABLE':
      return 'model/overloaded'
    case 'DEADLINE_EXCEEDED':
      return 'model/timeout'
    case 'UNIMPLEMENTED':
      return 'model/unsupported'
    case 'ABORTED':
    case 'CANCELLED':
    case 'DATA_LOSS':
    case 'INTERNAL':
    case 'UNKNOWN':
      return 'model/http'
  }
}

/**
 * Whether a 429 will not pass in a while: a day's quota, or one of nothing. Its words are the same for a minute's quota
 * ("exceeded your current quota, please check your plan and billing details"), and it names a wait of seconds all the same.
 */
function spent(details: readonly Fields[], said: string): boolean {
  const violations = details.flatMap(({ violations }) => (Array.isArray(violations) ? (violations as unknown[]).filter(isObject) : []))
  return (
    violations.some(({ quotaId, quotaValue }) => /PERDAY/.test(word(quotaId)) || quotaValue === '0' || quotaValue === 0) ||
    /\blimit: 0\b/.test(said)
  )
}

const day = 86_400_000

/** `RetryInfo.retryDelay`, e.g. `34.07s`, in ms; a wait of more than a day is no advice. */
function delayOf(details: readonly Fields[]): number | undefined {
  for (const { retryDelay } of details) {
    const seconds = typeof retryDelay === 'string' && /^\d+(\.\d+)?s$/.test(retryDelay) ? Number(retryDelay.slice(0, -1)) : NaN
    if (seconds * 1000 <= day) return Math.ceil(seconds * 1000)
  }
}

/** An error that came after status 200. */
export function geminiStreamError(provider: string, body: Fields): KitError {
  const error = isObject(body.error) ? body.error : {}
  const { code: known, retryable: passes, retryAfter } = explainGemini(body) ?? {}
  const code = known ?? codeOf(typeof error.code === 'number' ? error.code : 500, typeof error.message === 'string' ? error.message : '')
  return new KitError(code, `${provider} ended its answer with an error`, {
    provider,
    cause: body,
    retryable: passes ?? ['model/rate', 'model/overloaded', 'model/http'].includes(code),
    ...(retryAfter !== undefined && { retryAfter }),
  })
}

const word = (value: unknown): string => (typeof value === 'string' ? value.toUpperCase() : '')
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
