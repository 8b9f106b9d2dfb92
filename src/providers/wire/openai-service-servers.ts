import type { Services } from '../../services.ts'
import type { BatchWire } from './openai-answers.ts'
import type { ChatQuirks } from './openai-chat-request.ts'
import type { VectorForm } from './openai-embed.ts'
import type { FileForm } from './openai-files.ts'
import type { ImageForm } from './openai-images.ts'

/** The services that a server like OpenAI's may have; OpenAI itself ranks nothing. */
export type ServiceName = Exclude<keyof Services, 'provider' | 'ocr'>

/** A server with services like OpenAI's, as data: where it is, what it has, how it differs. */
export interface ServiceServer<Name extends ServiceName = ServiceName> {
  readonly provider: string
  readonly baseURL: string
  readonly has: readonly Name[]
  readonly vectors?: VectorForm
  readonly images?: ImageForm
  /** Sound may be given by its address. */
  readonly soundUrls?: boolean
  readonly files?: FileForm
  /** Which protocol batches speak; default `chat`. */
  readonly batch?: BatchWire
  /** How the server's Chat differs, for requests of a batch: those of its preset. */
  readonly quirks?: ChatQuirks
}

const quirks: ChatQuirks = { fields: { max_tokens: 'max_completion_tokens', top_k: false } }

type Media = 'embed' | 'transcribe' | 'speak' | 'image' | 'listModels'
type Local = 'embed' | 'listModels'

/** Known servers, as of 2026-11: what is not named here was not found in their documentation. */
export const serviceServers: Readonly<{
  cerebras: ServiceServer<'listModels'>
  deepinfra: ServiceServer<Media>
  deepseek: ServiceServer<'listModels'>
  groq: ServiceServer<'transcribe' | 'speak' | 'listModels' | 'files' | 'batch'>
  llamaCpp: ServiceServer<Local | 'rerank'>
  lmStudio: ServiceServer<Local>
  localAi: ServiceServer<Media | 'rerank'>
  openrouter: ServiceServer<Local | 'rerank' | 'speak' | 'image'>
  perplexity: ServiceServer<'embed'>
  vllm: ServiceServer<Local | 'rerank' | 'transcribe'>
}> = {
  deepinfra: {
    provider: 'deepinfra',
    baseURL: 'https://api.deepinfra.com/v1/openai',
    has: ['embed', 'transcribe', 'speak', 'image', 'listModels'],
  },
  deepseek: { provider: 'deepseek', baseURL: 'https://api.deepseek.com', has: ['listModels'] },
  cerebras: { provider: 'cerebras', baseURL: 'https://api.cerebras.ai/v1', has: ['listModels'] },
  groq: {
    provider: 'groq',
    baseURL: 'https://api.groq.com/openai/v1',
    has: ['transcribe', 'speak', 'listModels', 'files', 'batch'],
    quirks,
    soundUrls: true,
  },
  llamaCpp: { provider: 'llama.cpp', baseURL: 'http://localhost:8080/v1', has: ['embed', 'rerank', 'listModels'] },
  lmStudio: { provider: 'lm-studio', baseURL: 'http://localhost:1234/v1', has: ['embed', 'listModels'] },
  localAi: {
    provider: 'localai',
    baseURL: 'http://localhost:8080/v1',
    has: ['embed', 'rerank', 'transcribe', 'speak', 'image', 'listModels'],
  },
  /** Images to change are references, and one address makes and changes. */
  openrouter: {
    provider: 'openrouter',
    baseURL: 'https://openrouter.ai/api/v1',
    has: ['embed', 'rerank', 'speak', 'image', 'listModels'],
    images: {
      make: '/images',
      edit: '/images',
      references: (urls) => ({ input_references: urls.map((url) => ({ type: 'image_url', image_url: { url } })) }),
    },
  },
  /** Vectors come as bytes. */
  perplexity: { provider: 'perplexity', baseURL: 'https://api.perplexity.ai/v1', has: ['embed'], vectors: 'int8' },
  vllm: { provider: 'vllm', baseURL: 'http://localhost:8000/v1', has: ['embed', 'rerank', 'transcribe', 'listModels'] },
}

/** OpenAI's services in a resource of Azure; models are named by their deployments, batches speak Chat. */
export const azureServices = (resource: string): ServiceServer<Media | 'files' | 'batch' | 'tune'> => ({
  provider: 'azure',
  baseURL: `https://${resource}.openai.azure.com/openai/v1`,
  has: ['embed', 'transcribe', 'speak', 'image', 'listModels', 'files', 'batch', 'tune'],
  quirks,
})
