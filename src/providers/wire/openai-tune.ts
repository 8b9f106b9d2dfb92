import { KitError } from '../../errors.ts'
import type { Json } from '../../message.ts'
import type { JobStatus, Tune, Tuning } from '../../services.ts'
import { defined, type Fields, fields, objects, textIn } from './fields.ts'
import { ms } from './openai-files.ts'
import { allPages, askJson, type Service, garbled } from './service.ts'

const statuses: Readonly<Record<string, JobStatus>> = {
  validating_files: 'queued',
  queued: 'queued',
  pending: 'queued',
  running: 'running',
  paused: 'running',
  succeeded: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
}

/** Tuning behind `/fine_tuning/jobs`. `learningRate` is a factor of the server's own rate. */
export function tuningOf(service: Service): Tuning {
  const jobs = '/fine_tuning/jobs'
  const at = (id: string): string => `${jobs}/${encodeURIComponent(id)}`
  return {
    async create({ model, training, validation, suffix, epochs, learningRate, ...options }) {
      const hyperparameters = defined({ n_epochs: epochs, learning_rate_multiplier: learningRate })
      const method = Object.keys(hyperparameters).length ? { type: 'supervised', supervised: { hyperparameters } } : undefined
      const json = { model, training_file: training, validation_file: validation, suffix, method }
      return tuneIn(await askJson(service, { path: jobs, json, options }), service.provider)
    },
    get: async (id, options) => tuneIn(await askJson(service, { path: at(id), options }), service.provider),
    list: (options) =>
      allPages(async (after) => {
        const body = await askJson(service, { path: jobs, query: { limit: 100, after }, options })
        const items = objects(body.data).map((job) => tuneIn(job, service.provider))
        const next = items.at(-1)?.id
        return { items, ...(body.has_more === true && next !== undefined && { next }) }
      }),
    cancel: async (id, options) => tuneIn(await askJson(service, { method: 'POST', path: `${at(id)}/cancel`, options }), service.provider),
  }
}

function tuneIn(job: Fields, provider: string): Tune {
  const id = textIn(job.id)
  if (id === undefined) throw garbled(provider, 'a job without an id', job)
  return {
    id,
    status: statuses[String(job.status)] ?? 'running',
    raw: job as Json,
    ...defined({ model: textIn(job.fine_tuned_model), createdAt: ms(job.created_at), error: textIn(fields(job.error).message) }),
  }
}

/** Tuning that a provider has closed: every method says so. */
export function closedTuning(provider: string, why: string): Tuning {
  const closed = async (): Promise<never> => {
    throw new KitError('model/unsupported', why, { provider })
  }
  return { create: closed, get: closed, list: closed, cancel: closed }
}
