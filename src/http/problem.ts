import { asKitError, KitError, type KitErrorCode } from '../errors.ts'

/** HTTP status by family of codes, and of those that differ from their family. */
const families: Readonly<Record<string, number>> = {
  request: 400,
  auth: 403,
  agent: 404,
  session: 404,
  pending: 404,
  limit: 429,
  budget: 429,
  model: 502,
}
const exceptions: Partial<Record<KitErrorCode, number>> = {
  'request/not-found': 404,
  'request/too-large': 413,
  'request/type': 415,
  'auth/missing': 401,
  'session/busy': 409,
  'journal/conflict': 409,
  'pending/stale': 409,
  'pending/unsupported': 400,
  'idempotency/mismatch': 422,
  'input/refused': 422,
  'model/timeout': 504,
  'model/unsupported': 400,
  'store/unsupported': 501,
  'run/timeout': 504,
}

/** An error as RFC 9457 `application/problem+json`; causes, stacks and provider bodies stay inside. */
export function problem(thrown: unknown): Response {
  const known = asKitError(thrown)
  // that a session was here once is nobody's business
  const error = known.code === 'session/erased' ? new KitError('session/unknown', 'there is no such session') : known
  const code = exceptions[error.code] ?? families[error.code.split('/')[0]!] ?? 500
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  if (error.retryAfter !== undefined) headers['retry-after'] = String(Math.ceil(error.retryAfter / 1000))
  else if (code === 429) headers['retry-after'] = '60'
  if (code === 401) headers['www-authenticate'] = 'Bearer'
  const body = { type: 'about:blank', title: error.code, status: code, detail: error.message, code: error.code }
  return Response.json(body, { status: code, headers })
}

export const invalid = (message: string): KitError => new KitError('request/invalid', message)

/** What a request must be; else it is `request/invalid`, with what is needed instead. */
export function must(holds: unknown, message: string): asserts holds {
  if (!holds) throw invalid(message)
}
