import type { Chunk, ModelSettings } from '../model.ts'
import type { ServiceInfo } from '../services.ts'
import { exchange } from './wire/exchange.ts'
import { type Connection, keyOf } from './wire/http.ts'
import { explain, quirksOf } from './wire/mistral.ts'
import { ChatDecoder } from './wire/openai-chat.ts'

export type { Connection } from './wire/http.ts'

/** A gap in code. `providerOptions.mistral` goes into the body as it is, but for `model`, `prompt` and `stream`. */
export interface FimCall extends Pick<ModelSettings, 'maxTokens' | 'temperature' | 'topP' | 'stop' | 'seed' | 'providerOptions'> {
  /** What is before the gap. */
  prompt: string
  /** What is after it. */
  suffix?: string
  minTokens?: number
  /** `false` asks for one body instead of a stream; the chunks are the same. */
  stream?: boolean
  signal?: AbortSignal
}

/** Fills in the middle: what belongs between a prompt and a suffix. */
export interface FimModel {
  readonly info: ServiceInfo
  /** The chunks of one completion, as a `Model` gives them: `collect` reads them to their end. */
  complete(call: FimCall): AsyncIterable<Chunk>
}

/**
 * Code completion by Mistral's fill-in-the-middle (`/v1/fim/completions`), for models that have it (Codestral). Errors:
 * `model/*`; a `baseURL` that is no address is a `TypeError`.
 * @example await collect(mistralFim('codestral-latest', { apiKey }).complete({ prompt: 'function add(', suffix: '}' }))
 */
export function mistralFim(id: string, options: Connection & { provider?: string } = {}): FimModel {
  const { provider = 'mistral', baseURL = 'https://api.mistral.ai/v1' } = options
  const url = new URL(baseURL)
  url.pathname = url.pathname.replace(/\/*$/, '/fim/completions')
  return {
    info: { id, provider },
    complete(call) {
      const { prompt, suffix, minTokens, maxTokens, temperature, topP, stop, seed, providerOptions, stream, signal } = call
      const asked = { messages: [], ...(signal && { signal }) }
      return exchange(asked, { provider, fetch: options.fetch }, async () => {
        const key = await keyOf(options)
        const limits = { max_tokens: maxTokens, min_tokens: minTokens, temperature, top_p: topP, stop, random_seed: seed }
        return {
          url: url.href,
          body: { suffix, ...limits, ...providerOptions?.mistral, model: id, prompt, stream: stream !== false },
          headers: { ...(key && { authorization: `Bearer ${key}` }), ...options.headers },
          explain,
          decoder: new ChatDecoder(provider, quirksOf(id), asked),
        }
      })
    },
  }
}
