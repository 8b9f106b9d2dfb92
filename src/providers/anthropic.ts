import { model, type Model, type ModelInfo } from '../model.ts'
import { withReady } from '../ready.ts'
import { type ClaudeTraits, encodeMessages, explain, MessagesDecoder, traitsOf } from './wire/anthropic-messages.ts'
import { type Connection, keyOf, post, sse, whole } from './wire/http.ts'

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
    withReady(async function* anthropic(queue) {
      const { body, dropped } = encodeMessages(call, id, traits, version)
      const [key, token] = await Promise.all([keyOf(options), keyOf({ apiKey: options.authToken })])
      const response = await post({
        provider,
        url,
        body,
        fetch: options.fetch,
        signal: call.signal,
        explain,
        headers: {
          ...(key && { 'x-api-key': key }),
          ...(token && { authorization: `Bearer ${token}` }),
          ...own,
          'anthropic-version': version,
          ...(beta && { 'anthropic-beta': beta }),
        },
      })
      if (dropped.length)
        yield { type: 'notice', code: 'model/unsupported', message: `${id} was not told: ${dropped.join(', ')}`, data: { dropped } }
      const decoder = new MessagesDecoder(provider)
      // some servers answer whole though a stream was asked for
      if (/application\/json/i.test(response.headers.get('content-type') ?? ''))
        yield* decoder.body(await whole(response, call.signal, provider))
      else
        for await (const events of sse(response, call.signal, provider)) {
          try {
            for (const event of events) for (const chunk of decoder.event(event)) queue.push(chunk)
          } finally {
            while (queue.length) yield queue.shift()!
          }
        }
      yield* decoder.end()
    }),
  )
}
