/** Every code that the kit can give; stable, and the only thing of an error that programs should read. */
export type KitErrorCode =
  | 'request/invalid'
  | 'request/too-large'
  | 'request/type'
  | 'request/not-found'
  | 'auth/missing'
  | 'auth/denied'
  | 'auth/origin'
  | 'agent/unknown'
  | 'session/unknown'
  | 'session/busy'
  | 'session/erased'
  | 'pending/unknown'
  | 'pending/stale'
  | 'pending/unsupported'
  | 'idempotency/mismatch'
  | 'input/refused'
  | 'limit/rate'
  | 'budget/spent'
  | 'model/http'
  | 'model/timeout'
  | 'model/auth'
  | 'model/quota'
  | 'model/rate'
  | 'model/overloaded'
  | 'model/context'
  | 'model/request'
  | 'model/unknown'
  | 'model/filtered'
  | 'model/truncated'
  | 'model/garbled'
  | 'model/unsupported'
  | 'model/empty'
  | 'tool/unknown'
  | 'tool/input'
  | 'tool/failed'
  | 'tool/timeout'
  | 'tool/interrupted'
  | 'tool/too-large'
  | 'tool/declined'
  | 'output/invalid'
  | 'run/cancelled'
  | 'run/timeout'
  | 'run/interrupted'
  | 'run/too-large'
  | 'journal/conflict'
  | 'journal/format'
  | 'store/unsupported'
  | 'unexpected'

export interface KitErrorOptions extends ErrorOptions {
  /** The same request may succeed later. */
  retryable?: boolean
  /** Milliseconds to wait before that. */
  retryAfter?: number
  provider?: string
  /** The upstream HTTP status. */
  status?: number
}

/** Every error that the kit throws on purpose. `code` is stable; `message` is for people and holds no secret. */
export class KitError extends Error {
  override name = 'KitError'
  readonly code: KitErrorCode
  readonly retryable: boolean
  readonly retryAfter: number | undefined
  readonly provider: string | undefined
  readonly status: number | undefined
  constructor(code: KitErrorCode, message: string, options: KitErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.retryable = options.retryable ?? false
    this.retryAfter = options.retryAfter
    this.provider = options.provider
    this.status = options.status
  }
}

/** Thrown by a tool to tell the model something; any other throw reaches the model only as `tool failed (ref)`. */
export class ToolError extends Error {
  override name = 'ToolError'
}

/** Any thrown value as a `KitError`: one that is none becomes `unexpected`, with the cause kept and its text hidden. */
export function asKitError(error: unknown): KitError {
  if (error instanceof KitError) return error
  return new KitError('unexpected', 'something failed inside', { cause: error })
}
