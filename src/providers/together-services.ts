import type { Json } from '../message.ts'
import type { JobStatus, Tune, Tuning } from '../services.ts'
import { defined, type Fields, objects, textIn } from './wire/fields.ts'
import type { Connection } from './wire/http.ts'
import { batchesOf } from './wire/openai-batches.ts'
import { filesOf, ms } from './wire/openai-files.ts'
import { explainError } from './wire/openai-responses-errors.ts'
import { openaiCompatibleServices, type ServicesWith } from './wire/openai-services.ts'
import { chatProtocol } from './wire/protocol-chat.ts'
import { askJson, type Service, garbled } from './wire/service.ts'

export type { Connection } from './wire/http.ts'

const server = {
  provider: 'together',
  baseURL: 'https://api.together.ai/v1',
  has: ['embed', 'rerank', 'transcribe', 'speak', 'image', 'listModels', 'files'],
} as const

/**
 * What Together offers beside chat, tuning with it: LoRA unless `providerOptions.together.training_type` says otherwise.
 * Errors: `model/*`.
 * @example await togetherServices({ apiKey }).tune.create({ model: 'meta-llama/Llama-3.3-70B-Instruct', training: file.id })
 */
export function togetherServices(
  options: Connection = {},
): ServicesWith<'embed' | 'rerank' | 'transcribe' | 'speak' | 'image' | 'listModels' | 'files' | 'batch' | 'tune'> {
  const files = { upload: '/files/upload', name: 'file_name' }
  const service: Service = { ...server, ...options, explain: explainError }
  return {
    ...openaiCompatibleServices({ ...server, files }, options),
    batch: batchesOf(service, filesOf(service, files), { protocols: [chatProtocol] }),
    tune: tuning(service),
  }
}

const statuses: Readonly<Record<string, JobStatus>> = {
  pending: 'queued',
  queued: 'queued',
  completed: 'done',
  error: 'failed',
  user_error: 'failed',
  cancelled: 'cancelled',
}

function tuning(service: Service): Tuning {
  const at = (id: string): string => `/fine-tunes/${encodeURIComponent(id)}`
  return {
    async create({ model, training, validation, suffix, epochs, learningRate, ...options }) {
      const files = { training_file: training, validation_file: validation }
      const json = { model, ...files, suffix, n_epochs: epochs, learning_rate: learningRate }
      return tuneIn(await askJson(service, { path: '/fine-tunes', json, options }))
    },
    get: async (id, options) => tuneIn(await askJson(service, { path: at(id), options })),
    list: async (options) => {
      const { data } = await askJson(service, { path: '/fine-tunes', options })
      return objects(data).slice(0, 10_000).map(tuneIn)
    },
    cancel: async (id, options) => tuneIn(await askJson(service, { method: 'POST', path: `${at(id)}/cancel`, options })),
  }
}

function tuneIn(job: Fields): Tune {
  const id = textIn(job.id)
  const { provider } = server
  if (id === undefined) throw garbled(provider, 'a job without an id', job)
  return {
    id,
    status: statuses[String(job.status)] ?? 'running',
    raw: job as Json,
    ...defined({ model: textIn(job.model_output_name), createdAt: ms(job.created_at) }),
  }
}
