import type { Json } from '../../message.ts'
import type { Tune, Tuning } from '../../services.ts'
import { defined, type Fields, fields, objects, textIn, timeIn } from './fields.ts'
import { statusIn } from './gemini-batch.ts'
import { nameIn } from './gemini-fields.ts'
import { named, onlySignal } from './gemini-place.ts'
import { wire } from './gemini.ts'
import { allPages, askJson, type Service } from './service.ts'

/** Supervised tuning on Vertex AI. `training` and `validation` are JSON Lines in Cloud Storage (`gs://…`); `learningRate` multiplies the vendor's. */
export function vertexTuning(service: Service): Tuning {
  const pathOf = (id: string): string => named('tuningJobs', id.replace(/^.*\//, ''))
  const get: Tuning['get'] = async (id, options) => tuneIn(await askJson(service, { path: pathOf(id), options }))
  return {
    async create({ model, training, validation, suffix, epochs, learningRate, ...options }) {
      const hyperParameters = defined({ epochCount: epochs, learningRateMultiplier: learningRate })
      const json = {
        baseModel: model,
        supervisedTuningSpec: defined({
          trainingDatasetUri: training,
          validationDatasetUri: validation,
          hyperParameters: Object.keys(hyperParameters).length ? hyperParameters : undefined,
        }),
        tunedModelDisplayName: suffix,
        ...options.providerOptions?.[wire],
      }
      return tuneIn(await askJson(service, { path: '/tuningJobs', json, options: onlySignal(options) }))
    },
    get,
    list: (options) =>
      allPages(async (pageToken) => {
        const body = await askJson(service, { path: '/tuningJobs', query: { pageSize: 100, pageToken }, options })
        return { items: objects(body.tuningJobs).map(tuneIn), next: textIn(body.nextPageToken) }
      }),
    async cancel(id, options) {
      await askJson(service, { method: 'POST', path: `${pathOf(id)}:cancel`, options })
      return get(id, options)
    },
  }
}

const tuneIn = (job: Fields): Tune =>
  defined({
    id: nameIn(job.name).replace(/^.*\//, ''),
    status: statusIn(job.state),
    model: textIn(fields(job.tunedModel).endpoint),
    createdAt: timeIn(job.createTime),
    error: textIn(fields(job.error).message),
    raw: job as Json,
  })
