import { asKitError } from '../../errors.ts'
import { AnswerFold, type ModelCall } from '../../model.ts'
import type { Batch, Batches, BatchRequest, BatchResult, JobStatus, ServiceOptions } from '../../services.ts'
import { defined, type Fields, fields, isObject, textIn, timeIn } from './fields.ts'
import { GeminiDecoder } from './gemini-decode.ts'
import { geminiStreamError } from './gemini-errors.ts'
import { bigIn, nameIn } from './gemini-fields.ts'
import { named, onlySignal } from './gemini-place.ts'
import { asHttp } from './gemini-status.ts'
import { upload } from './gemini-upload.ts'
import { wire } from './gemini.ts'
import { jsonLines } from './json-lines.ts'
import { checkRequests } from './openai-answers.ts'
import { without } from './openai-batches.ts'
import { ask, askJson, type Service } from './service.ts'

/** Bytes of requests that go with the batch itself (the vendor takes 20 MB); more go as a file. */
const inlineLimit = 15_000_000

/**
 * Batches of the Gemini API. Few requests go inline, more than 15 MB as a file; `pathOf` gives a model's path, `encode` a request's body. Where the
 * vendor loses a result's id, its place in the batch, from 0, stands for it: results come in the order of the requests.
 */
export function geminiBatches(
  service: Service,
  pathOf: (model: string) => string,
  encode: (model: string, call: ModelCall) => Fields,
): Batches {
  const get = (id: string, options: ServiceOptions = {}): Promise<Fields> => askJson(service, { path: named('batches', id), options })
  return {
    async create({ model, requests, ...options }) {
      checkRequests(requests)
      const own = options.providerOptions?.[wire] ?? {}
      const batch = {
        displayName: `${requests.length} requests`,
        inputConfig: await input(service, model, requests, encode, options),
        ...own,
      }
      return batchIn(
        await askJson(service, { path: `/${pathOf(model)}:batchGenerateContent`, json: { batch }, options: onlySignal(options) }),
      )
    },
    async get(id, options) {
      return batchIn(await get(id, options))
    },
    async cancel(id, options) {
      await askJson(service, { method: 'POST', path: `${named('batches', id)}:cancel`, options })
      return batchIn(await get(id, options))
    },
    async *results(id, options = {}) {
      const body = await get(id, options)
      const { status, error } = batchIn(body)
      if (status === 'queued' || status === 'running') throw without(service.provider, status)
      let at = 0
      for (const place of [body.response, fields(body.metadata).output, body.output, fields(body.response).output]) {
        const { inlinedResponses, responsesFile } = fields(place)
        const inline = fields(inlinedResponses).inlinedResponses ?? inlinedResponses
        const file = textIn(responsesFile)
        if (!Array.isArray(inline) && !file) continue
        if (file) {
          const { origin, pathname } = new URL(service.baseURL)
          const path = `${origin}/download${pathname}${named('files', file)}:download`
          const response = await ask(service, { path, query: { alt: 'media' }, options })
          for await (const line of jsonLines(response, service, options.signal)) yield resultIn(line, at++, service.provider)
        } else for (const each of inline as unknown[]) yield resultIn(fields(each), at++, service.provider)
        return
      }
      if (status !== 'done') throw without(service.provider, status, error)
    },
  }
}

async function input(
  service: Service,
  model: string,
  requests: readonly BatchRequest[],
  encode: (model: string, call: ModelCall) => Fields,
  options: ServiceOptions,
): Promise<Fields> {
  const bodies = requests.map(({ id, call }) => ({ key: id, request: encode(model, call) }))
  const text = bodies.map((body) => `${JSON.stringify(body)}\n`).join('')
  if (text.length * 3 <= inlineLimit || new Blob([text]).size <= inlineLimit)
    return { requests: { requests: bodies.map(({ key, request }) => ({ request, metadata: { key } })) } }
  const mime = 'application/jsonl'
  const { file } = await upload(
    service,
    '/files',
    { file: { displayName: 'batch.jsonl', mimeType: mime } },
    { data: new Blob([text]), name: 'batch.jsonl', mime, ...onlySignal(options) },
  )
  return { fileName: nameIn(fields(file).name) }
}

const statuses: Readonly<Record<string, JobStatus>> = {
  PENDING: 'queued',
  QUEUED: 'queued',
  SUCCEEDED: 'done',
  PARTIALLY_SUCCEEDED: 'done',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  EXPIRED: 'expired',
}

/** The state of a job of Google's, whose names begin with the kind of job. */
export const statusIn = (state: unknown): JobStatus => statuses[textIn(state)?.replace(/^.*STATE_/, '') ?? ''] ?? 'running'

function batchIn(body: Fields): Batch {
  const about = isObject(body.metadata) ? body.metadata : body
  const { requestCount, successfulRequestCount, failedRequestCount } = fields(about.batchStats)
  const total = bigIn(requestCount)
  const error = textIn(fields(body.error ?? about.error).message)
  return defined({
    id: nameIn(about.name ?? body.name),
    status: error && !about.state ? ('failed' as const) : statusIn(about.state),
    counts: total === undefined ? undefined : { total, done: bigIn(successfulRequestCount) ?? 0, failed: bigIn(failedRequestCount) ?? 0 },
    createdAt: timeIn(about.createTime),
    error,
  })
}

function resultIn({ key, metadata, response, error }: Fields, at: number, provider: string): BatchResult {
  const id = textIn(key) ?? textIn(fields(metadata).key) ?? String(at)
  if (!isObject(response)) return { id, error: geminiStreamError(provider, { error: asHttp(fields(error)) }) }
  try {
    const decoder = new GeminiDecoder(provider)
    const fold = new AnswerFold()
    for (const chunk of decoder.body(response)) fold.add(chunk)
    for (const chunk of decoder.end(true)) fold.add(chunk)
    return { id, answer: { parts: fold.partial(), usage: fold.usage, finish: fold.finish } }
  } catch (error) {
    return { id, error: asKitError(error) }
  }
}
