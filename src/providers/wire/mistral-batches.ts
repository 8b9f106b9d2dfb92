import { asKitError, KitError } from '../../errors.ts'
import { AnswerFold } from '../../model.ts'
import type { Batch, Batches, BatchResult, JobStatus } from '../../services.ts'
import { countIn, defined, type Fields, fields, isObject, objects, textIn } from './fields.ts'
import { httpError } from './http.ts'
import { jsonLines } from './json-lines.ts'
import { asChat, explain, quirksOf } from './mistral.ts'
import { checkRequests } from './openai-answers.ts'
import { without } from './openai-batches.ts'
import { encodeChat } from './openai-chat-request.ts'
import { ChatDecoder } from './openai-chat.ts'
import { ms } from './openai-files.ts'
import { ask, askJson, type Service } from './service.ts'

const statuses: Readonly<Record<string, JobStatus>> = {
  QUEUED: 'queued',
  RUNNING: 'running',
  CANCELLATION_REQUESTED: 'running',
  SUCCESS: 'done',
  FAILED: 'failed',
  TIMEOUT_EXCEEDED: 'expired',
  CANCELLED: 'cancelled',
}

/** Requests that one job takes without a file. */
const most = 10_000

/** Batches behind `/batch/jobs`: the requests go up in the job, the results come down as one or two files, or in the job. At most 10,000 requests. */
export function mistralBatches(service: Service): Batches {
  const { provider } = service
  const jobs = '/batch/jobs'
  const at = (id: string): string => `${jobs}/${encodeURIComponent(id)}`
  return {
    async create({ model, requests, ...options }) {
      checkRequests(requests, most)
      const quirks = { ...quirksOf(model), files: provider }
      const bodies = requests.map(({ id, call }) => {
        const { model: _, ...body } = encodeChat(asChat({ ...call, stream: false }), model, quirks)
        return { custom_id: id, body }
      })
      const json = { endpoint: '/v1/chat/completions', model, requests: bodies }
      return batchIn(await askJson(service, { path: jobs, json, options }), provider)
    },
    get: async (id, options) => batchIn(await askJson(service, { path: at(id), options }), provider),
    cancel: async (id, options) => batchIn(await askJson(service, { method: 'POST', path: `${at(id)}/cancel`, options }), provider),
    async *results(id, options) {
      const body = await askJson(service, { path: at(id), options })
      const { status, error } = batchIn(body, provider)
      const inside = objects(body.outputs)
      for (const line of inside) yield resultIn(line, provider)
      const parts = [textIn(body.output_file), textIn(body.error_file)].filter((file) => file !== undefined)
      if (!parts.length && !inside.length && status !== 'done') throw without(provider, status, error)
      for (const file of inside.length ? [] : parts) {
        const response = await ask(service, { path: `/files/${encodeURIComponent(file)}/content`, options })
        for await (const line of jsonLines(response, service, options?.signal)) yield resultIn(line, provider)
      }
    },
  }
}

function batchIn(body: Fields, provider: string): Batch {
  const id = textIn(body.id)
  if (id === undefined) throw new KitError('model/garbled', `${provider} sent a batch without an id`, { provider, cause: body })
  const total = countIn(body.total_requests)
  const errors = objects(body.errors).flatMap(({ message }) => textIn(message) ?? [])
  return {
    id,
    status: statuses[String(body.status)] ?? 'running',
    ...defined({
      counts:
        total === undefined
          ? undefined
          : { total, done: countIn(body.succeeded_requests) ?? 0, failed: countIn(body.failed_requests) ?? 0 },
      createdAt: ms(body.created_at),
      error: textIn(errors.join('; ').slice(0, 2000)),
    }),
  }
}

/** One line of results: an answer, or the error that stands for it. Throws nothing. */
function resultIn(line: Fields, provider: string): BatchResult {
  const id = textIn(line.custom_id) ?? ''
  const { status_code: told, body } = fields(line.response)
  const status = countIn(told) ?? (line.error ? 500 : 200)
  try {
    if (status >= 400) return { id, error: httpError(provider, status, new Headers(), JSON.stringify(body ?? line.error ?? null), explain) }
    if (!isObject(body)) throw new KitError('model/garbled', `${provider} sent a result that is no answer`, { provider, cause: line })
    const decoder = new ChatDecoder(provider, quirksOf(), { messages: [] })
    const fold = new AnswerFold()
    for (const chunk of [...decoder.body(body), ...decoder.end()]) fold.add(chunk)
    return { id, answer: { parts: fold.parts, usage: fold.usage, finish: fold.finish } }
  } catch (error) {
    return { id, error: asKitError(error) }
  }
}
