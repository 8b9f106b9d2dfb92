import { model, type Model, type ModelInfo } from '../model.ts'
import { type ClaudeTraits, encodeMessages, explain, MessagesDecoder, traitsOf } from './wire/anthropic-messages.ts'
import { exchange } from './wire/exchange.ts'
import { type Connection, keyOf } from './wire/http.ts'

export type { ClaudeTraits } from './wire/anthropic-messages.ts'
export type { Connection } from './wire/http.ts'

export interface AnthropicOptions extends Connection {
  /** Sent as `Authorization: Bearer`; `apiKey` is sent as `x-api-key`. */
  authToken?: Connection['apiKey']
  /** Named in errors and events; default `anthropic`. */
  provider?: string
  /**
   * The API version. Default `2023-06-01`: every server and cloud that speaks this API knows it, and no feature needs the newer one, while
   * `2026-10-21` refuses temperature, top_p and top_k, which are then left out with a `notice`.
   */
  version?: '2023-06-01' | '2026-10-21' | (string & {})
  /** Values of the `anthropic-beta` header; those in `headers` stay. */
  betas?: readonly string[]
  /** What the model takes, over what is known of it by its name. */
  traits?: Partial<ClaudeTraits>
  capabilities?: ModelInfo['capabilities']
  /** `limits.output` is the `max_tokens` of a call that names none. */
  limits?: ModelInfo['limits']
}

/**
 * A model behind Anthropic's Messages API, or any server that speaks it. What the model would refuse is left out, and a `notice`
 * (`model/unsupported`) names it. Errors: `model/*`.
 * @example anthropic('claude-haiku-5-5', { apiKey })
 */
export function anthropic(id: string, options: AnthropicOptions = {}): Model {
  const { provider = 'anthropic', baseURL = 'https://api.anthropic.com', betas = [] } = options
  const known = { ...traitsOf(id), ...options.traits }
  const limits = { context: known.context, output: known.output, ...options.limits }
  const traits = { ...known, output: limits.output }
  const reasoning = traits.thinking !== 'none'
  const capabilities = options.capabilities ?? { tools: true, structured: true, reasoning, input: ['text', 'image', 'pdf'] }
  const url = `${baseURL.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1/messages`
  const own = Object.fromEntries(Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
  const version = own['anthropic-version'] ?? options.version ?? '2023-06-01'
  const beta = [...new Set([...(own['anthropic-beta']?.split(',') ?? []), ...betas].map((value) => value.trim()))].filter(Boolean).join(',')
  return model({ id, provider, capabilities, limits }, (call) =>
    exchange(call, { provider, fetch: options.fetch }, async () => {
      const { body, dropped } = encodeMessages(call, id, traits, version)
      const [key, token] = await Promise.all([keyOf(options), keyOf({ apiKey: options.authToken })])
      const headers = {
        ...(key && { 'x-api-key': key }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...own,
        'anthropic-version': version,
        ...(beta && { 'anthropic-beta': beta }),
      }
      return { url, body, dropped, headers, explain, decoder: new MessagesDecoder(provider) }
    }),
  )
}
