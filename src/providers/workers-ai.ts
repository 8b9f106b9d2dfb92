import { model, type Model, type ModelInfo } from '../model.ts'
import { exchange } from './wire/exchange.ts'
import { type Connection, keyOf } from './wire/http.ts'
import { type AiBinding, type AiGatewaySettings, fetchOf } from './wire/workers-ai-binding.ts'
import { explainCloudflare } from './wire/workers-ai-errors.ts'
import { type Dialect, dialectOf, encodeWorkersAi, wire } from './wire/workers-ai-request.ts'
import { WorkersAiDecoder } from './wire/workers-ai.ts'
import { workersAiURL } from './wire/workers-ai-url.ts'

export type { Connection } from './wire/http.ts'
export type { AiBinding, AiGatewaySettings } from './wire/workers-ai-binding.ts'
export type { Dialect } from './wire/workers-ai-request.ts'

export interface WorkersAiOptions extends Connection {
  /** `env.AI` of a Worker; without it the REST address is asked. */
  binding?: AiBinding
  /** The account of the REST address; a `baseURL` instead is what stands before `/run/MODEL`. */
  account?: string
  /** Go through this AI Gateway, with the binding; by REST it is another `baseURL`. */
  gateway?: AiGatewaySettings
  /** How the model is spoken to; default by a list of the older models. */
  dialect?: Dialect
  capabilities?: ModelInfo['capabilities']
  limits?: ModelInfo['limits']
}

/**
 * A model of Workers AI, by the binding or by REST (`/ai/run`). Older models end an answer at 256 tokens where `maxTokens` does
 * not say otherwise. Requests of one header `x-session-affinity` meet the same server, and with it their cached prompt. Errors: `model/*`; neither binding nor account is a `TypeError`. Its address for Chat Completions is the
 * preset of the same name in `edgeswarm/providers/presets`.
 * @example workersAi('@cf/zai-org/glm-5.3-flash', { binding: env.AI })
 * @example workersAi('@cf/openai/gpt-oss-120b', { account, apiKey: token })
 */
export function workersAi(id: string, options: WorkersAiOptions): Model {
  const { dialect = dialectOf(id), capabilities = { tools: true, structured: true, input: ['text', 'image'] }, limits, binding } = options
  const provider = 'workers-ai'
  const url = workersAiURL(options, id)
  const fetch = binding ? fetchOf(binding, options.gateway) : options.fetch
  return model({ id, provider, wire, capabilities, limits }, (call) =>
    exchange(call, { provider, fetch }, async () => {
      const key = binding ? undefined : await keyOf(options)
      return {
        url,
        body: encodeWorkersAi(call, id, dialect, capabilities.input),
        headers: { ...(key && { authorization: `Bearer ${key}` }), ...options.headers },
        explain: explainCloudflare,
        decoder: new WorkersAiDecoder(provider, dialect, call),
      }
    }),
  )
}
