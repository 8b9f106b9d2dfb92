import type { Json } from '../message.ts'
import type { Files, JobStatus, ProviderFile, Tune, Tuning } from '../services.ts'
import { defined, type Fields, fields, objects, textIn } from './wire/fields.ts'
import type { Connection } from './wire/http.ts'
import { ms } from './wire/openai-files.ts'
import { explainError } from './wire/openai-responses-errors.ts'
import { openaiCompatibleServices, type ServicesWith } from './wire/openai-services.ts'
import { allPages, askBytes, askJson, type Service, garbled } from './wire/service.ts'

export type { Connection } from './wire/http.ts'

export interface FireworksOptions extends Connection {
  /** The account that datasets, jobs and models belong to. */
  account: string
}

/**
 * What Fireworks offers beside chat. Files are its datasets: JSON Lines of at most 150 MB. A tuned model is called by the name in
 * `Tune.model`. The API has no cancel: `cancel` deletes a job that has not ended. Errors: `model/*`.
 * @example const { tune, files } = fireworksServices({ account: 'me', apiKey })
 */
export function fireworksServices(options: FireworksOptions): ServicesWith<'embed' | 'listModels' | 'files' | 'tune'> {
  const { account, ...connection } = options
  const provider = 'fireworks'
  const inference = { provider, baseURL: 'https://api.fireworks.ai/inference/v1', has: ['embed', 'listModels'] } as const
  const baseURL = `https://api.fireworks.ai/v1/accounts/${encodeURIComponent(account)}`
  const service: Service = { ...connection, baseURL, provider, explain: explainError }
  return { ...openaiCompatibleServices(inference, connection), files: datasets(service), tune: tuning(service) }
}

/** The last part of `accounts/…/datasets/NAME`. */
const lastOf = (name: unknown): string | undefined => textIn(textIn(name)?.replace(/^.*\//, ''))

function datasets(service: Service): Files {
  const at = (id: string): string => `/datasets/${encodeURIComponent(id)}`
  const get: Files['get'] = async (id, options) => datasetIn(await askJson(service, { path: at(id), options }), service.provider)
  return {
    async upload({ data, name, mime, purpose: _purpose, ...options }) {
      const datasetId = `kit-${crypto.randomUUID()}`
      const dataset = { displayName: name.slice(0, 64), userUploaded: {} }
      await askJson(service, { path: '/datasets', json: { datasetId, dataset }, options })
      const form = new FormData()
      form.set('file', new File([data], name, { type: mime }))
      await askBytes(service, { path: `${at(datasetId)}:upload`, form, options: { signal: options.signal } }, 65_536)
      return get(datasetId, { signal: options.signal })
    },
    get,
    list: (options) =>
      allPages(async (pageToken) => {
        const body = await askJson(service, { path: '/datasets', query: { pageSize: 200, pageToken }, options })
        const next = textIn(body.nextPageToken)
        return { items: objects(body.datasets).map((one) => datasetIn(one, service.provider)), ...(next !== undefined && { next }) }
      }),
    async delete(id, options) {
      await askBytes(service, { method: 'DELETE', path: at(id), options }, 65_536)
    },
  }
}

function datasetIn(dataset: Fields, provider: string): ProviderFile {
  const id = lastOf(dataset.name)
  if (id === undefined) throw garbled(provider, 'a dataset without a name', dataset)
  const mime = 'application/jsonl'
  return {
    id,
    mime,
    status: dataset.state === 'READY' ? 'ready' : 'processing',
    part: { type: 'media', mime, ref: id, store: provider },
    ...defined({ name: textIn(dataset.displayName), createdAt: ms(dataset.createTime) }),
  }
}

const statuses: Readonly<Record<string, JobStatus>> = {
  CREATING: 'queued',
  PENDING: 'queued',
  COMPLETED: 'done',
  EARLY_STOPPED: 'done',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  EXPIRED: 'expired',
}

function tuning(service: Service): Tuning {
  const jobs = '/supervisedFineTuningJobs'
  const { provider } = service
  const at = (id: string): string => `${jobs}/${encodeURIComponent(id)}`
  const named = (id: string | undefined): string | undefined =>
    id === undefined || id.includes('/') ? id : `${service.baseURL.replace(/^.*\/v1\//, '')}/datasets/${id}`
  const get: Tuning['get'] = async (id, options) => tuneIn(await askJson(service, { path: at(id), options }), provider)
  return {
    async create({ model, training, validation, suffix, epochs, learningRate, ...options }) {
      const json = {
        baseModel: model,
        dataset: named(training),
        evaluationDataset: named(validation),
        displayName: suffix,
        epochs,
        learningRate,
      }
      return tuneIn(await askJson(service, { path: jobs, json, options }), provider)
    },
    get,
    list: (options) =>
      allPages(async (pageToken) => {
        const body = await askJson(service, { path: jobs, query: { pageSize: 200, pageToken }, options })
        const next = textIn(body.nextPageToken)
        return { items: objects(body.supervisedFineTuningJobs).map((job) => tuneIn(job, provider)), ...(next !== undefined && { next }) }
      }),
    async cancel(id, options) {
      const job = await get(id, options)
      if (job.status !== 'queued' && job.status !== 'running') return job
      await askBytes(service, { method: 'DELETE', path: at(id), options: { signal: options?.signal } }, 65_536)
      return { ...job, status: 'cancelled' }
    },
  }
}

function tuneIn(job: Fields, provider: string): Tune {
  const id = lastOf(job.name)
  if (id === undefined) throw garbled(provider, 'a job without a name', job)
  const status = statuses[String(job.state).replace(/^JOB_STATE_/, '')] ?? 'running'
  return {
    id,
    status,
    raw: job as Json,
    ...defined({
      model: textIn(job.outputModel),
      createdAt: ms(job.createTime),
      error: status === 'failed' ? textIn(fields(job.status).message) : undefined,
    }),
  }
}
