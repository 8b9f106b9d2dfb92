import { KitError } from '../../errors.ts'
import type { Batch, Batches, Files, JobStatus } from '../../services.ts'
import { countIn, defined, type Fields, fields, isObject, objects, textIn } from './fields.ts'
import { jsonLines } from './json-lines.ts'
import { checkRequests, resultIn, type Speech } from './openai-answers.ts'
import { ms } from './openai-files.ts'
import { ask, askJson, type Service, garbled } from './service.ts'

const statuses: Readonly<Record<string, JobStatus>> = {
  validating: 'queued',
  in_progress: 'running',
  finalizing: 'running',
  cancelling: 'running',
  completed: 'done',
  failed: 'failed',
  expired: 'expired',
  cancelled: 'cancelled',
}

/**
 * Batches behind `/batches`: the requests go up as a file, the results come down as one or two. At most 50,000 requests; what was
 * answered before a batch expired or was cancelled can be read too.
 */
export function batchesOf(service: Service, files: Pick<Files, 'upload'>, speech: Speech): Batches {
  const { provider } = service
  const at = (id: string): string => `/batches/${encodeURIComponent(id)}`
  const raw = async (request: Parameters<typeof askJson>[1]): Promise<Fields> => {
    const body = await askJson(service, request)
    return isObject(body.job) ? body.job : body
  }
  return {
    async create({ model, requests, ...options }) {
      checkRequests(requests)
      const protocol = speech.protocols[0]!
      const url = protocol.endpoint
      const lines = requests.map(({ id, call }) =>
        JSON.stringify({ custom_id: id, method: 'POST', url, body: protocol.body(provider, model, call, speech.quirks) }),
      )
      const data = new TextEncoder().encode(`${lines.join('\n')}\n`)
      const { id } = await files.upload({ data, name: 'batch.jsonl', mime: 'application/jsonl', purpose: 'batch', signal: options.signal })
      const json = { input_file_id: id, endpoint: url, completion_window: '24h' }
      return batchIn(await raw({ path: '/batches', json, options }), provider)
    },
    get: async (id, options) => batchIn(await raw({ path: at(id), options }), provider),
    cancel: async (id, options) => batchIn(await raw({ method: 'POST', path: `${at(id)}/cancel`, options }), provider),
    async *results(id, options) {
      const body = await raw({ path: at(id), options })
      const { status, error } = batchIn(body, provider)
      const parts = [textIn(body.output_file_id), textIn(body.error_file_id)].filter((file) => file !== undefined)
      if (!parts.length && status !== 'done') throw without(provider, status, error)
      for (const file of parts) {
        const response = await ask(service, { path: `/files/${encodeURIComponent(file)}/content`, options })
        for await (const line of jsonLines(response, service, options?.signal)) yield resultIn(line, provider, speech)
      }
    },
  }
}

/** Why there are no results: not yet, or never. */
export const without = (provider: string, status: JobStatus, cause?: unknown): KitError =>
  new KitError('model/request', `this batch of ${provider} has no results: it is ${status}`, {
    provider,
    cause,
    retryable: status === 'queued' || status === 'running',
  })

function batchIn(body: Fields, provider: string): Batch {
  const id = textIn(body.id)
  if (id === undefined) throw garbled(provider, 'a batch without an id', body)
  const { total, completed, failed } = fields(body.request_counts)
  const [all, done, bad] = [countIn(total), countIn(completed), countIn(failed)]
  const errors = objects(fields(body.errors).data).flatMap(({ message }) => textIn(message) ?? [])
  return {
    id,
    status: statuses[String(body.status).toLowerCase()] ?? 'running',
    ...defined({
      counts: all === undefined ? undefined : { total: all, done: done ?? 0, failed: bad ?? 0 },
      createdAt: ms(body.created_at),
      error: textIn(body.error) ?? textIn(errors.join('; ').slice(0, 2000)),
    }),
  }
}
