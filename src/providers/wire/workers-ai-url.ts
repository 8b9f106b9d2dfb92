/** What says where Workers AI is. */
export interface Place {
  binding?: unknown
  account?: string
  baseURL?: string
}

/** The address of an account's AI, without `/run`. Throws a `TypeError` where neither a binding nor an account says where to ask. */
export function accountURL({ binding, account, baseURL }: Place): string {
  if (baseURL !== undefined) return new URL(baseURL).href.replace(/\/+$/, '')
  if (!binding && account === undefined) throw new TypeError('Workers AI needs a binding or an account')
  return `https://api.cloudflare.com/client/v4/accounts/${account}/ai`
}

/** The address of a model: `@cf/…` stands in it as it is. */
export const workersAiURL = (place: Place, model: string): string => `${accountURL(place)}/run/${encodeURI(model)}`
