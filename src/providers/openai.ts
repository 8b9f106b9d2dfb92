import { model, type Model, type ModelInfo } from '../model.ts'
import { exchange } from './wire/exchange.ts'
import { type Connection, keyOf } from './wire/http.ts'
import { type ModelTraits, traitsOf } from './wire/openai-models.ts'
import { ResponsesDecoder } from './wire/openai-responses-decoder.ts'
import { explainError } from './wire/openai-responses-errors.ts'
import { encodeResponses, type ResponsesQuirks, serverOf } from './wire/openai-responses.ts'

export type { Connection } from './wire/http.ts'
export type { ModelTraits } from './wire/openai-models.ts'
export { responsesOptions } from './wire/openai-responses-options.ts'
export type { ResponsesQuirks } from './wire/openai-responses.ts'
export { type ResponsesServer, responsesServers } from './wire/openai-servers.ts'

export interface OpenAIOptions extends Connection {
  /** Named in errors and events; default `openai`. Reasoning and items of one provider are never sent to another. */
  provider?: string
  organization?: string | null
  project?: string | null
  /** `true`: the provider keeps the answers and finds reasoning by id. Default `false`: the transcript holds all that must go back. */
  store?: boolean
  /** What the model takes; default by its id for OpenAI's own, anything for other servers. */
  traits?: ModelTraits
  quirks?: ResponsesQuirks
  capabilities?: ModelInfo['capabilities']
  limits?: ModelInfo['limits']
}

/** An official client may be given in place of options: its key, address, organisation, project and fetch are taken. */
export type OpenAIClient = Pick<OpenAIOptions, 'apiKey' | 'baseURL' | 'organization' | 'project'>

/**
 * A model behind OpenAI's Responses API, or a server that speaks it. Errors: `model/*`; an answer that is made in the
 * background must be streamed (`model/unsupported` otherwise). Settings that the API has no field for are named in a `notice`.
 * @example openai('gpt-5.4-mini', { apiKey })
 * @example openai('grok-4.3', { ...responsesServers.xai, apiKey })
 */
export function openai(id: string, settings: OpenAIOptions | OpenAIClient = {}): Model {
  const options: OpenAIOptions = settings
  const { provider = 'openai', baseURL = 'https://api.openai.com/v1', organization, project, store = false, quirks = {}, limits } = options
  const traits = options.traits ?? (provider === 'openai' ? traitsOf(id) : {})
  const capabilities = {
    tools: true,
    structured: true,
    input: ['text', 'image', 'pdf'] as const,
    ...(traits.reasoning !== undefined && { reasoning: traits.reasoning }),
    ...options.capabilities,
  }
  const server = serverOf(provider)
  const url = `${baseURL.replace(/\/+$/, '')}/responses`
  return model({ id, provider, wire: server, capabilities, limits }, (call) =>
    exchange(call, { provider, fetch: options.fetch }, async () => {
      const { body, ignored: dropped } = encodeResponses(call, { model: id, server, store, traits, quirks })
      const key = await keyOf(options)
      const headers = {
        ...(key && { authorization: `Bearer ${key}` }),
        ...(organization && { 'openai-organization': organization }),
        ...(project && { 'openai-project': project }),
        ...options.headers,
      }
      return { url, body, dropped, headers, explain: explainError, decoder: new ResponsesDecoder({ provider, server, tools: call.tools }) }
    }),
  )
}
