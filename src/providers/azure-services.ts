import { batchesOf } from './wire/openai-batches.ts'
import { filesOf } from './wire/openai-files.ts'
import { openaiCompatibleServices, type ServerOptions, serviceOf, type ServicesWith } from './wire/openai-services.ts'
import { chatProtocol } from './wire/protocol-chat.ts'

export type { ServerOptions } from './wire/openai-services.ts'

/**
 * OpenAI's services in a resource of Azure; a model is named by its deployment, batches speak Chat. Errors: `model/*`.
 * @example azureServices('my-resource', { apiKey }).embed('my-embeddings')
 */
export function azureServices(
  resource: string,
  options: ServerOptions = {},
): ServicesWith<'embed' | 'transcribe' | 'speak' | 'image' | 'listModels' | 'files' | 'batch' | 'tune'> {
  const server = {
    provider: 'azure',
    baseURL: `https://${resource}.openai.azure.com/openai/v1`,
    has: ['embed', 'transcribe', 'speak', 'image', 'listModels', 'files', 'tune'],
  } as const
  const service = serviceOf(server, options)
  const quirks = { fields: { max_tokens: 'max_completion_tokens', top_k: false } } as const
  return {
    ...openaiCompatibleServices(server, options),
    batch: batchesOf(service, filesOf(service), { protocols: [chatProtocol], quirks }),
  }
}
