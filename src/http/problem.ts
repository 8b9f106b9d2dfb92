import { asKitError, KitError, type KitErrorCode } from '../errors.ts'

const status: Partial<Record<KitErrorCode, number>> = {
  'request/invalid': 400,
  'request/not-found': 404,
  'request/too-large': 413,
  'request/type': 415,
  'auth/missing': 401,
  'auth/denied': 403,
  'auth/origin': 403,
  'agent/unknown': 404,
  'session/unknown': 404,
  'session/erased': 404,
  'session/busy': 409,
  'journal/conflict': 409,
  'pending/unknown': 404,
  'pending/stale': 409,
  'pending/unsupported': 400,
  'idempotency/mismatch': 422,
  'input/refused': 422,
  'limit/rate': 429,
  'budget/spent': 429,
  'model/http': 502,
  'model/timeout': 504,
  'model/auth': 502,
  'model/quota': 502,
  'model/rate': 502,
  'model/overloaded': 502,
  'model/context': 502,
  'model/request': 502,
  'model/unknown': 502,
  'model/filtered': 502,
  'model/truncated': 502,
  'model/garbled': 502,
  'model/unsupported': 400,
  'store/unsupported': 501,
  'run/timeout': 504,
}

/** An error as RFC 9457 `application/problem+json`; causes, stacks and provider bodies stay inside. */
export function problem(thrown: unknown): Response {
  const known = asKitError(thrown)
  // that a session was here once is nobody's business
  const error = known.code === 'session/erased' ? new KitError('session/unknown', 'there is no such session') : known
  const code = status[error.code] ?? 500
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  if (error.retryAfter !== undefined) headers['retry-after'] = String(Math.ceil(error.retryAfter / 1000))
  else if (code === 429) headers['retry-after'] = '60'
  if (code === 401) headers['www-authenticate'] = 'Bearer'
  const body = { type: 'about:blank', title: error.code, status: code, detail: error.message, code: error.code }
  return new Response(JSON.stringify(body), { status: code, headers })
}

export const invalid = (message: string): KitError => new KitError('request/invalid', message)
