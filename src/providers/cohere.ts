import { model, type Model, type ModelInfo } from '../model.ts'
import { CohereDecoder, explain } from './wire/cohere.ts'
import { traitsOf } from './wire/cohere-models.ts'
import { encodeCohere, wire } from './wire/cohere-request.ts'
import { exchange } from './wire/exchange.ts'
import { type Connection, keyOf } from './wire/http.ts'

export type { Connection } from './wire/http.ts'

export interface CohereOptions extends Connection {
  /** Named in errors and events; default `cohere`. */
  provider?: string
  /** Documents that every answer may cite: texts, or `{ id?, data }`. Those of a call (`providerOptions.cohere.documents`) come after them. */
  documents?: readonly (string | { id?: string; data: Readonly<Record<string, unknown>> })[]
  capabilities?: ModelInfo['capabilities']
  limits?: ModelInfo['limits']
}

/**
 * A model behind Cohere's v2 chat. Text documents in messages may be cited; citations come as `source` chunks. What the API
 * would refuse is left out, and a `notice` (`model/unsupported`) names it; what it warns of is a `notice` too
 * (`model/warning`). Errors: `model/*`; a `baseURL` that is no address is a `TypeError`.
 * @example cohere('command-a-03-2025', { apiKey, documents: [{ id: 'faq', data: { text } }] })
 */
export function cohere(id: string, options: CohereOptions = {}): Model {
  const { provider = 'cohere', baseURL = 'https://api.cohere.com', documents, fetch: send } = options
  const { reasoning = true, tools = true, images = true } = traitsOf(id)
  const { capabilities = { tools, structured: true, reasoning, input: images ? ['text', 'image'] : ['text'] }, limits } = options
  const scope = { model: id, takes: capabilities.input ?? [], reasoning: capabilities.reasoning, documents }
  const url = new URL(baseURL)
  url.pathname = url.pathname.replace(/\/*(\/v[12])?\/*$/, '/v2/chat')
  return model({ id, provider, wire, capabilities, limits }, (call) => {
    const decoder = new CohereDecoder(provider, id)
    const warned: typeof fetch = async (...request) => {
      const response = await (send ?? fetch)(...request)
      if (response.ok) decoder.warn(response.headers.get('x-api-warning'))
      return response
    }
    return exchange(call, { provider, fetch: warned }, async () => {
      const key = await keyOf(options)
      return {
        url: url.href,
        headers: { ...(key && { authorization: `Bearer ${key}` }), ...options.headers },
        explain,
        decoder,
        ...encodeCohere(call, scope),
      }
    })
  })
}
