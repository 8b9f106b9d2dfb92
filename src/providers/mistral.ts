import { model, type Model, type ModelInfo } from '../model.ts'
import { exchange } from './wire/exchange.ts'
import { type Connection, keyOf } from './wire/http.ts'
import { asChat, quirksOf } from './wire/mistral.ts'
import { type ChatQuirks, encodeChat, wire } from './wire/openai-chat-request.ts'
import { ChatDecoder } from './wire/openai-chat.ts'

export type { Connection } from './wire/http.ts'

export interface MistralOptions extends Connection {
  /** Named in errors and events; default `mistral`. */
  provider?: string
  /** How a server differs from Mistral's own, field by field. */
  quirks?: ChatQuirks
  capabilities?: ModelInfo['capabilities']
  limits?: ModelInfo['limits']
}

/**
 * A model behind Mistral's chat. Ids of calls are nine letters and digits there: others are mapped, always to the same.
 * Thinking comes as reasoning and goes back; an answer that ends the messages is gone on with. `providerOptions.mistral` of a
 * call, a message or a part goes in as it is (`safe_prompt`, `prompt_cache_key`, `prefix`, …), like `openai-chat`, the
 * name of the protocol. Errors: `model/*`; a `baseURL` that is no address is a `TypeError`.
 * @example mistral('mistral-large-latest', { apiKey })
 */
export function mistral(id: string, options: MistralOptions = {}): Model {
  const { provider = 'mistral', baseURL = 'https://api.mistral.ai/v1', limits } = options
  const { capabilities = { tools: true, structured: true, reasoning: true, input: ['text', 'image', 'audio', 'pdf'] } } = options
  const quirks = { ...quirksOf(id), files: provider, takes: capabilities.input, ...options.quirks }
  const url = new URL(baseURL)
  url.pathname = url.pathname.replace(/\/*$/, '/chat/completions')
  return model({ id, provider, wire, capabilities, limits }, (call) =>
    exchange(call, { provider, fetch: options.fetch }, async () => {
      const key = await keyOf(options)
      return {
        url: url.href,
        body: encodeChat(asChat(call), id, quirks),
        headers: { ...(key && { authorization: `Bearer ${key}` }), ...options.headers },
        explain: quirks.explain,
        decoder: new ChatDecoder(provider, quirks, call),
      }
    }),
  )
}
