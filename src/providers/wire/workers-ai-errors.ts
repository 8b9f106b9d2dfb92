import type { KitErrorCode } from '../../errors.ts'
import type { Post } from './http.ts'

/**
 * Codes of Cloudflare with their HTTP status, which the binding may leave out, and what they mean where the status does not say
 * it: https://developers.cloudflare.com/workers-ai/platform/errors, 2026-07-29. Others are of status 400.
 */
export const cloudflareCodes: Readonly<Record<string, readonly [status: number, code?: KitErrorCode]>> = {
  3007: [408],
  3023: [403],
  3030: [400, 'model/filtered'],
  3036: [429, 'model/quota'],
  3040: [429, 'model/overloaded'],
  3041: [403],
  3042: [404, 'model/unknown'],
  4006: [429, 'model/quota'],
  5007: [400, 'model/unknown'],
  5016: [403],
  5018: [403],
  5021: [413, 'model/context'],
}

/** Whatever holds the code: `errors` (REST), `internalCode` (binding) or `error` (Chat Completions, AI Gateway). */
export const explainCloudflare: NonNullable<Post['explain']> = (body) => {
  const [, found = ''] = /"(?:code|internalCode)":"?(\d+)/.exec(JSON.stringify([body])) ?? []
  const code = cloudflareCodes[found]?.[1]
  return code && { code }
}
