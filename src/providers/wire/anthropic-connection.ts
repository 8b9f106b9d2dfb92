import { type Connection, keyOf } from './http.ts'

export interface AnthropicConnection extends Connection {
  /** Sent as `Authorization: Bearer`; `apiKey` is sent as `x-api-key`. */
  authToken?: Connection['apiKey']
  /** Named in errors and events; default `anthropic`. */
  provider?: string
  /**
   * The API version. Default `2023-06-01`: every server and cloud that speaks this API knows it, and no feature needs the newer one, while
   * `2026-10-21` refuses temperature, top_p and top_k, which are then left out with a `notice`.
   */
  version?: '2023-06-01' | '2026-10-21' | (string & {})
  /** Values of the `anthropic-beta` header; those in `headers`, and those that a call or its tools need, are added. */
  betas?: readonly string[]
}

export interface AnthropicServer {
  provider: string
  /** The address that paths stand below, with `/v1`. */
  url: string
  version: string
  headers(betas?: readonly string[]): Promise<Record<string, string>>
}

/** Where the API is and what goes with every request. */
export function connect(options: AnthropicConnection): AnthropicServer {
  const { provider = 'anthropic', baseURL = 'https://api.anthropic.com', betas = [] } = options
  const own = Object.fromEntries(Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
  const version = own['anthropic-version'] ?? options.version ?? '2023-06-01'
  return {
    provider,
    url: `${baseURL.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`,
    version,
    async headers(more = []) {
      const [key, token] = await Promise.all([keyOf(options), keyOf({ apiKey: options.authToken })])
      const beta = new Set([...(own['anthropic-beta'] ?? '').split(','), ...betas, ...more].map((value) => value.trim()).filter(Boolean))
      return {
        ...(key && { 'x-api-key': key }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...own,
        'anthropic-version': version,
        ...(beta.size && { 'anthropic-beta': [...beta].join(',') }),
      }
    },
  }
}
