import { KitError } from '../../errors.ts'
import type { Json } from '../../message.ts'
import type { JobStatus, ServiceOptions, Tune, Tuning } from '../../services.ts'
import { defined, type Fields, objects, textIn } from './fields.ts'
import { ms } from './openai-files.ts'
import { allPages, askJson, type Service } from './service.ts'

const statuses: Readonly<Record<string, JobStatus>> = {
  QUEUED: 'queued',
  VALIDATING: 'queued',
  VALIDATED: 'queued',
  STARTED: 'running',
  RUNNING: 'running',
  CANCELLATION_REQUESTED: 'running',
  SUCCESS: 'done',
  FAILED: 'failed',
  FAILED_VALIDATION: 'failed',
  CANCELLED: 'cancelled',
}

/** Jobs of one page. */
const page = 100

/** Tuning whose jobs may wait to be started: `providerOptions.mistral.auto_start` is then `false`. */
export interface MistralTuning extends Tuning {
  /** Starts a job that has been validated. */
  start(id: string, options?: ServiceOptions): Promise<Tune>
}

/** Tuning behind `/fine_tuning/jobs`. A job starts by itself when its files are found good. */
export function mistralTuning(service: Service): MistralTuning {
  const jobs = '/fine_tuning/jobs'
  const at = (id: string): string => `${jobs}/${encodeURIComponent(id)}`
  const post = async (id: string, verb: string, options?: ServiceOptions): Promise<Tune> =>
    tuneIn(await askJson(service, { method: 'POST', path: `${at(id)}/${verb}`, options }), service.provider)
  return {
    async create({ model, training, validation, suffix, epochs, learningRate, ...options }) {
      const json = {
        model,
        training_files: [{ file_id: training, weight: 1 }],
        validation_files: validation === undefined ? undefined : [validation],
        suffix,
        hyperparameters: defined({ epochs, learning_rate: learningRate }),
        auto_start: true,
      }
      return tuneIn(await askJson(service, { path: jobs, json, options }), service.provider)
    },
    get: async (id, options) => tuneIn(await askJson(service, { path: at(id), options }), service.provider),
    list: (options) =>
      allPages(async (cursor = '0') => {
        const body = await askJson(service, { path: jobs, query: { page: cursor, page_size: page }, options })
        const items = objects(body.data).map((job) => tuneIn(job, service.provider))
        return { items, ...(items.length >= page && { next: String(Number(cursor) + 1) }) }
      }),
    cancel: (id, options) => post(id, 'cancel', options),
    start: (id, options) => post(id, 'start', options),
  }
}

function tuneIn(job: Fields, provider: string): Tune {
  const id = textIn(job.id)
  if (id === undefined) throw new KitError('model/garbled', `${provider} sent a job without an id`, { provider, cause: job })
  const status = statuses[String(job.status)] ?? 'running'
  const said = objects(job.events).flatMap(({ data }) => objects([data]).flatMap(({ error }) => textIn(error) ?? []))
  return {
    id,
    status,
    raw: job as Json,
    ...defined({ model: textIn(job.fine_tuned_model), createdAt: ms(job.created_at), error: status === 'failed' ? said[0] : undefined }),
  }
}
