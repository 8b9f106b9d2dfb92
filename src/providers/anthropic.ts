import { model, type Model, type ModelInfo } from '../model.ts'
import { type AnthropicConnection, connect } from './wire/anthropic-connection.ts'
import { type ClaudeTraits, encodeMessages, explain, MessagesDecoder, traitsOf } from './wire/anthropic-messages.ts'
import { exchange } from './wire/exchange.ts'
import { wire } from './wire/anthropic-models.ts'

export type { AnthropicConnection } from './wire/anthropic-connection.ts'
export type { ClaudeTraits } from './wire/anthropic-messages.ts'
export type { Connection } from './wire/http.ts'

export interface AnthropicOptions extends AnthropicConnection {
  /** Places cache marks in a request that has none: `promptCache()` of `edgeswarm/providers/anthropic-cache`. */
  cache?: (body: Record<string, unknown>) => void
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
  const { provider, url, version, headers } = connect(options)
  const known = { ...traitsOf(id), ...options.traits }
  const limits = { context: known.context, output: known.output, ...options.limits }
  const traits = { ...known, output: limits.output }
  const reasoning = traits.thinking !== 'none'
  const capabilities = options.capabilities ?? { tools: true, structured: true, reasoning, input: ['text', 'image', 'pdf'] }
  return model({ id, provider, wire, capabilities, limits }, (call) =>
    exchange(call, { provider, fetch: options.fetch }, async () => {
      const { body, dropped, betas } = encodeMessages(call, id, traits, version)
      options.cache?.(body)
      return { url: `${url}/messages`, body, dropped, headers: await headers(betas), explain, decoder: new MessagesDecoder(provider) }
    }),
  )
}
