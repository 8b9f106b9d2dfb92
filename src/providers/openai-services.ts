import type { ModelCall, ModelInfo } from '../model.ts'
import type { Batches, ServiceOptions } from '../services.ts'
import type { OpenAIClient } from './openai.ts'
import { countIn, type Fields } from './wire/fields.ts'
import { batchesOf } from './wire/openai-batches.ts'
import type { ChatQuirks } from './wire/openai-chat-request.ts'
import { filesOf } from './wire/openai-files.ts'
import { modelIn } from './wire/openai-model-list.ts'
import type { ServiceServer } from './wire/openai-service-servers.ts'
import { openaiCompatibleServices, type ServerOptions, serviceOf, type ServicesWith } from './wire/openai-services.ts'
import { closedTuning } from './wire/openai-tune.ts'
import { chatProtocol } from './wire/protocol-chat.ts'
import { responsesProtocol } from './wire/protocol-responses.ts'
import { askJson, type Service, garbled } from './wire/service.ts'

export type { Connection } from './wire/http.ts'
export { type CommonService, type ServiceServer, serviceServers } from './wire/openai-service-servers.ts'
export { openaiCompatibleServices, type ServerOptions, type ServicesWith } from './wire/openai-services.ts'

export interface OpenAIServicesOptions extends ServerOptions {
  /** Your organisation tuned models before 2026-05-07, and may go on. */
  tuning?: boolean
}

const openai = {
  provider: 'openai',
  baseURL: 'https://api.openai.com/v1',
  has: ['embed', 'transcribe', 'speak', 'image', 'listModels', 'files', 'tune'],
  vectors: 'base64',
} as const

/**
 * What OpenAI offers beside chat. Tuning is closed since 2026-05-07 to all but its users of before (`model/unsupported`
 * otherwise); models that were tuned (`ft:…`) are models like others. Errors: `model/*`.
 * @example await embed(openaiServices({ apiKey }).embed('text-embedding-3-small'), ['a', 'b'])
 */
export function openaiServices(
  settings: OpenAIServicesOptions | OpenAIClient = {},
): ServicesWith<'embed' | 'transcribe' | 'speak' | 'image' | 'countTokens' | 'listModels' | 'files' | 'batch' | 'tune'> {
  const options: OpenAIServicesOptions = settings
  const service = serviceOf(openai, options)
  const closed = 'OpenAI closed its tuning to new users on 2026-05-07: pass tuning: true if you have used it before'
  return {
    ...openaiCompatibleServices(openai, options),
    countTokens: (model, call) => countTokens(service, model, call),
    batch: batchesOf(service, filesOf(service), { protocols: [responsesProtocol, chatProtocol] }),
    ...(!options.tuning && { tune: closedTuning(openai.provider, closed) }),
  }
}

export interface BatchServer extends Pick<ServiceServer, 'provider' | 'baseURL' | 'files'> {
  /** What the requests speak; default `chat`. Answers are read in either. */
  speaks?: 'chat' | 'responses'
  /** How the server's Chat differs: the quirks of its preset. */
  quirks?: ChatQuirks
}

/**
 * Batches on a server like OpenAI's. Errors: `model/*`.
 * @example openaiBatches({ provider: 'mine', baseURL, quirks: presets.groq.quirks }, { apiKey })
 */
export function openaiBatches(server: BatchServer, options: ServerOptions = {}): Batches {
  const service = serviceOf(server, options)
  const protocols = server.speaks === 'responses' ? [responsesProtocol, chatProtocol] : [chatProtocol, responsesProtocol]
  return batchesOf(service, filesOf(service, server.files), { protocols, quirks: server.quirks })
}

/** What a server says of one model. Errors: `model/unknown` where it has none of that name. */
export async function openaiModelInfo(
  id: string,
  options: ServerOptions & ServiceOptions & { provider?: string } = {},
): Promise<ModelInfo> {
  const { signal, provider = openai.provider } = options
  const service = serviceOf({ ...openai, provider }, options)
  const info = modelIn(await askJson(service, { path: `/models/${encodeURIComponent(id)}`, options: { signal } }), provider)
  if (info) return info
  throw garbled(provider, 'a model without an id')
}

async function countTokens(service: Service, model: string, call: ModelCall): Promise<number> {
  const body = responsesProtocol.body(service.provider, model, call)
  const json: Fields = Object.fromEntries(counted.map((name) => [name, body[name]]))
  const { input_tokens } = await askJson(service, { path: '/responses/input_tokens', json, options: { signal: call.signal } })
  const count = countIn(input_tokens)
  if (count !== undefined) return count
  throw garbled(service.provider, 'no count')
}

/** Fields that change how much a question weighs, and that the API takes for a count. */
const counted = [
  'model',
  'input',
  'instructions',
  'conversation',
  'previous_response_id',
  'parallel_tool_calls',
  'reasoning',
  'text',
  'tool_choice',
  'tools',
  'truncation',
] as const
