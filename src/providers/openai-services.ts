import { KitError } from '../errors.ts'
import type { ModelCall, ModelInfo } from '../model.ts'
import type { ServiceOptions, Services } from '../services.ts'
import type { OpenAIClient } from './openai.ts'
import { countIn, type Fields } from './wire/fields.ts'
import type { Connection } from './wire/http.ts'
import { bodyOf } from './wire/openai-answers.ts'
import { speaker, transcriber } from './wire/openai-audio.ts'
import { batchesOf } from './wire/openai-batches.ts'
import { embedder } from './wire/openai-embed.ts'
import { filesOf } from './wire/openai-files.ts'
import { imageModel } from './wire/openai-images.ts'
import { modelIn, modelsOf } from './wire/openai-model-list.ts'
import { explainError } from './wire/openai-responses-errors.ts'
import type { ServiceName, ServiceServer } from './wire/openai-service-servers.ts'
import { closedTuning, tuningOf } from './wire/openai-tune.ts'
import { reranker } from './wire/rerank.ts'
import { askJson, type Service } from './wire/service.ts'

export type { Connection } from './wire/http.ts'
export { azureServices, type ServiceName, type ServiceServer, serviceServers } from './wire/openai-service-servers.ts'

export interface OpenAIServicesOptions extends Connection {
  organization?: string | null
  project?: string | null
  /** Your organisation tuned models before 2026-05-07, and may go on. */
  tuning?: boolean
}

/** Just those services, and the name of their provider. */
export type ServicesWith<Name extends ServiceName> = Required<Pick<Services, 'provider' | Name>>

const openai: ServiceServer<Exclude<ServiceName, 'rerank'>> = {
  provider: 'openai',
  baseURL: 'https://api.openai.com/v1',
  has: ['embed', 'transcribe', 'speak', 'image', 'countTokens', 'listModels', 'files', 'batch', 'tune'],
  vectors: 'base64',
  batch: 'responses',
}

/**
 * What OpenAI offers beside chat. Tuning is closed since 2026-05-07 to all but its users of before (`model/unsupported`
 * otherwise); models that were tuned (`ft:…`) are models like others. Errors: `model/*`.
 * @example await embed(openaiServices({ apiKey }).embed('text-embedding-3-small'), ['a', 'b'])
 */
export function openaiServices(settings: OpenAIServicesOptions | OpenAIClient = {}): ServicesWith<Exclude<ServiceName, 'rerank'>> {
  const options: OpenAIServicesOptions = settings
  const services = openaiCompatibleServices(openai, options)
  if (options.tuning) return services
  const closed = 'OpenAI closed its tuning to new users on 2026-05-07: pass tuning: true if you have used it before'
  return { ...services, tune: closedTuning('openai', closed) }
}

/**
 * The services of any server like OpenAI's, just those that it has: known ones are in `serviceServers`.
 * @example openaiCompatibleServices(serviceServers.groq, { apiKey }).transcribe('whisper-large-v3-turbo')
 * @example openaiCompatibleServices({ provider: 'mine', baseURL, has: ['embed'] }).embed('bge-m3')
 */
export function openaiCompatibleServices<const Name extends ServiceName>(
  server: ServiceServer<Name>,
  options: OpenAIServicesOptions = {},
): ServicesWith<Name> {
  const service = serviceOf(server, options)
  const all: Required<Pick<Services, ServiceName>> = {
    embed: embedder(service, server.vectors),
    rerank: reranker(service),
    transcribe: transcriber(service, server.soundUrls),
    speak: speaker(service),
    image: imageModel(service, server.images),
    countTokens: (model, call) => countTokens(service, model, call),
    listModels: (more) => modelsOf(service, more),
    files: filesOf(service, server.files),
    batch: batchesOf(service, server.batch ?? 'chat', filesOf(service, server.files), server.quirks),
    tune: tuningOf(service),
  }
  const has = Object.fromEntries(server.has.map((name) => [name, all[name]]))
  return { provider: server.provider, ...has } as unknown as ServicesWith<Name>
}

/** What a server says of one model. Errors: `model/unknown` where it has none of that name. */
export async function openaiModelInfo(
  id: string,
  options: OpenAIServicesOptions & Partial<Pick<ServiceServer, 'provider'>> & ServiceOptions = {},
): Promise<ModelInfo> {
  const { signal, provider = openai.provider } = options
  const service = serviceOf({ ...openai, provider }, options)
  const info = modelIn(await askJson(service, { path: `/models/${encodeURIComponent(id)}`, options: { signal } }), provider)
  if (info) return info
  throw new KitError('model/garbled', `${provider} sent a model without an id`, { provider })
}

/** A server and how to reach it, as one. */
function serviceOf({ provider, baseURL }: ServiceServer, options: OpenAIServicesOptions): Service {
  const { organization, project } = options
  return {
    provider,
    baseURL: options.baseURL ?? baseURL,
    apiKey: options.apiKey,
    fetch: options.fetch,
    explain: explainError,
    headers: {
      ...(organization && { 'openai-organization': organization }),
      ...(project && { 'openai-project': project }),
      ...options.headers,
    },
  }
}

async function countTokens(service: Service, model: string, call: ModelCall): Promise<number> {
  const body = bodyOf('responses', service.provider, model, call)
  const json: Fields = Object.fromEntries(counted.map((name) => [name, body[name]]))
  const { input_tokens } = await askJson(service, { path: '/responses/input_tokens', json, options: { signal: call.signal } })
  const count = countIn(input_tokens)
  if (count !== undefined) return count
  throw new KitError('model/garbled', `${service.provider} sent no count`, { provider: service.provider })
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
