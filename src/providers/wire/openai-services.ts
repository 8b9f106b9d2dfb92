// What servers like OpenAI's have in common: each of them is made of these.
import type { Services } from '../../services.ts'
import type { Connection } from './http.ts'
import { speaker, transcriber } from './openai-audio.ts'
import { embedder } from './openai-embed.ts'
import { filesOf } from './openai-files.ts'
import { imageModel } from './openai-images.ts'
import { modelsOf } from './openai-model-list.ts'
import { explainError } from './openai-responses-errors.ts'
import type { CommonService, ServiceServer } from './openai-service-servers.ts'
import { tuningOf } from './openai-tune.ts'
import { reranker } from './rerank.ts'
import type { Service } from './service.ts'

export interface ServerOptions extends Connection {
  organization?: string | null
  project?: string | null
}

/** Just those services, and the name of their provider. */
export type ServicesWith<Name extends Exclude<keyof Services, 'provider'>> = Required<Pick<Services, 'provider' | Name>>

/**
 * The services of any server like OpenAI's, just those that it has: known ones are in `serviceServers`. Batches are apart
 * (`openaiBatches`), since they need both chat protocols.
 * @example openaiCompatibleServices(serviceServers.openrouter, { apiKey }).rerank('cohere/rerank-v3.5')
 * @example openaiCompatibleServices({ provider: 'mine', baseURL, has: ['embed'] }).embed('bge-m3')
 */
export function openaiCompatibleServices<const Name extends CommonService>(
  server: ServiceServer<Name>,
  options: ServerOptions = {},
): ServicesWith<Name> {
  const service = serviceOf(server, options)
  const all: Required<Pick<Services, CommonService>> = {
    embed: embedder(service, server.vectors),
    rerank: reranker(service),
    transcribe: transcriber(service, server.soundUrls),
    speak: speaker(service),
    image: imageModel(service, server.images),
    listModels: (more) => modelsOf(service, more),
    files: filesOf(service, server.files),
    tune: tuningOf(service),
  }
  const has = Object.fromEntries(server.has.map((name) => [name, all[name]]))
  return { provider: server.provider, ...has } as unknown as ServicesWith<Name>
}

/** A server and how to reach it, as one. */
export function serviceOf({ provider, baseURL }: Pick<ServiceServer, 'provider' | 'baseURL'>, options: ServerOptions): Service {
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
