import type { VectorForm } from './openai-embed.ts'
import type { FileForm } from './openai-files.ts'
import type { ImageForm } from './openai-images.ts'

/** The services that servers like OpenAI's may have, but for those that need a chat protocol; OpenAI itself ranks nothing. */
export type CommonService = 'embed' | 'rerank' | 'transcribe' | 'speak' | 'image' | 'listModels' | 'files' | 'tune'

/** A server with services like OpenAI's, as data: where it is, what it has, how it differs. */
export interface ServiceServer<Name extends CommonService = CommonService> {
  readonly provider: string
  readonly baseURL: string
  readonly has: readonly Name[]
  readonly vectors?: VectorForm
  readonly images?: ImageForm
  /** Sound may be given by its address. */
  readonly soundUrls?: boolean
  readonly files?: FileForm
}

type Media = 'embed' | 'transcribe' | 'speak' | 'image' | 'listModels'
type Local = 'embed' | 'listModels'

/**
 * Known servers, as of 2026-11: what is not named here was not found in their documentation. Those that have more than this have
 * a module of their own: Azure, Fireworks, Groq, Together, xAI.
 */
export const serviceServers: Readonly<{
  cerebras: ServiceServer<'listModels'>
  deepinfra: ServiceServer<Media>
  deepseek: ServiceServer<'listModels'>
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
