import { model, type Model, type ModelInfo } from '../model.ts'
import { type Connection, keyOf } from './wire/http.ts'
import { exchangeLines } from './wire/ndjson.ts'
import { encodeOllama, type OllamaSettings, ollamaURL, wire } from './wire/ollama-request.ts'
import { explainOllama, OllamaDecoder } from './wire/ollama.ts'

export type { Connection } from './wire/http.ts'
export type { OllamaSettings } from './wire/ollama-request.ts'

export interface OllamaOptions extends Connection, OllamaSettings {
  /** Named in errors and events; default `ollama`. */
  provider?: string
  /** What the model can do; `discover` of `edgeswarm/providers/ollama-services` asks the server. */
  capabilities?: ModelInfo['capabilities']
  limits?: ModelInfo['limits']
}

/**
 * A model on an Ollama server, by its native API; its cloud is `{ baseURL: 'https://ollama.com', apiKey }`. There is no tool
 * choice, and images are given as data: what cannot be told is said in a `notice`. The first call may take minutes, while the
 * model is loaded. Errors: `model/*`; `model/unsupported` where the model takes no tools; a `baseURL` that is no address is a
 * `TypeError`.
 * @example ollama('qwen3', { context: 32_768, keepAlive: '30m' })
 */
export function ollama(id: string, options: OllamaOptions = {}): Model {
  const {
    provider = 'ollama',
    capabilities = { tools: true, structured: true, input: ['text', 'image'] },
    limits = options.context === undefined ? undefined : { context: options.context },
  } = options
  const url = ollamaURL(options.baseURL, '/chat')
  return model({ id, provider, wire, capabilities, limits }, (call) =>
    exchangeLines(call, { provider, fetch: options.fetch }, async () => {
      const key = await keyOf(options)
      return {
        ...encodeOllama(call, id, { ...options, takes: capabilities.input }),
        url,
        headers: { ...(key && { authorization: `Bearer ${key}` }), ...options.headers },
        explain: explainOllama,
        decoder: new OllamaDecoder(provider, call),
      }
    }),
  )
}
