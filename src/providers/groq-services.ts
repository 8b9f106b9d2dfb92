import { batchesOf } from './wire/openai-batches.ts'
import { filesOf } from './wire/openai-files.ts'
import { openaiCompatibleServices, type ServerOptions, serviceOf, type ServicesWith } from './wire/openai-services.ts'
import { chatProtocol } from './wire/protocol-chat.ts'

export type { ServerOptions } from './wire/openai-services.ts'

const groq = {
  provider: 'groq',
  baseURL: 'https://api.groq.com/openai/v1',
  has: ['transcribe', 'speak', 'listModels', 'files'],
  soundUrls: true,
} as const

/**
 * What Groq offers beside chat; batches speak Chat. Errors: `model/*`.
 * @example groqServices({ apiKey }).transcribe('whisper-large-v3-turbo')
 */
export function groqServices(options: ServerOptions = {}): ServicesWith<'transcribe' | 'speak' | 'listModels' | 'files' | 'batch'> {
  const service = serviceOf(groq, options)
  const quirks = { fields: { max_tokens: 'max_completion_tokens', top_k: false } } as const
  return { ...openaiCompatibleServices(groq, options), batch: batchesOf(service, filesOf(service), { protocols: [chatProtocol], quirks }) }
}
