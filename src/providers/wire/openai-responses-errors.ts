import { KitError, type KitErrorCode } from '../../errors.ts'
import { codeOf, mayRetry } from './http.ts'
import { type Fields, isObject } from './fields.ts'

/** The codes of error bodies, of `error` events and of `response.failed` that say more than a status does. */
const codes: Readonly<Record<string, KitErrorCode>> = {
  rate_limit_exceeded: 'model/rate',
  insufficient_quota: 'model/quota',
  server_is_overloaded: 'model/overloaded',
  slow_down: 'model/overloaded',
  invalid_prompt: 'model/filtered',
  content_filter: 'model/filtered',
  bio_policy: 'model/filtered',
  cyber_policy: 'model/filtered',
  misalignment_policy_violation: 'model/filtered',
  image_content_policy_violation: 'model/filtered',
  context_length_exceeded: 'model/context',
  model_not_found: 'model/unknown',
  invalid_api_key: 'model/auth',
}

/** What an error says of itself, wherever its code stands: in a body, in an `error` event, in a failed response. */
export function explainError(body: unknown): { code?: KitErrorCode; retryAfter?: number } {
  const { code, message } = errorOf(body)
  return { code: Object.hasOwn(codes, code as string) ? codes[code as string] : undefined, retryAfter: waitOf(message) }
}

/** An error that came after status 200: what it means must be read from it alone. */
export function streamError(provider: string, body: Fields): KitError {
  const { code, type, status, message } = errorOf(body)
  const number = [code, status].map(Number).find((value) => value >= 400 && value < 600)
  const blamed = [code, type].some((word) => typeof word === 'string' && /invalid|image|residency/.test(word))
  const said = [code, type, message].filter((word) => typeof word === 'string').join(' ')
  const { code: known = codeOf(number ?? (blamed ? 400 : 500), said.slice(0, 10_000)), retryAfter } = explainError(body)
  return new KitError(known, `${provider} ended its answer with an error`, {
    provider,
    cause: body,
    retryable: mayRetry(known),
    retryAfter,
  })
}

function errorOf(body: unknown): Fields {
  if (!isObject(body)) return {}
  const { error, status_code, status } = body
  if (isObject(error)) return { status: status_code ?? status, ...error }
  if (typeof error === 'string') return { ...body, message: error }
  // a failed answer that does not say why: the rest of it is the answer
  return error === null ? {} : body
}

/** "Please try again in 1m30.5s": the wait in ms, where the message names one of less than a day. */
function waitOf(message: unknown): number | undefined {
  const [, hours, minutes, rest, unit] =
    /try again in (?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)(ms|s))?/.exec(typeof message === 'string' ? message : '') ?? []
  if (hours === undefined && minutes === undefined && rest === undefined) return undefined
  const wait = Number(hours ?? 0) * 3_600_000 + Number(minutes ?? 0) * 60_000 + Number(rest ?? 0) * (unit === 'ms' ? 1 : 1000)
  return wait <= 86_400_000 ? Math.ceil(wait) : undefined
}
