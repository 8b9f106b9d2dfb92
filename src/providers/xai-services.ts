import { KitError } from '../errors.ts'
import type { Batch, Batches, BatchResult, Services, Speaker, Transcriber } from '../services.ts'
import { countIn, defined, type Fields, fields, isObject, objects, textIn } from './wire/fields.ts'
import type { Connection } from './wire/http.ts'
import { answerIn, checkRequests, failureOf, type Speech } from './wire/openai-answers.ts'
import { soundOf, transcriptIn } from './wire/openai-audio.ts'
import { without } from './wire/openai-batches.ts'
import { filesOf, ms } from './wire/openai-files.ts'
import { imageModel } from './wire/openai-images.ts'
import { modelsOf } from './wire/openai-model-list.ts'
import { explainError } from './wire/openai-responses-errors.ts'
import { chatProtocol } from './wire/protocol-chat.ts'
import { responsesProtocol } from './wire/protocol-responses.ts'
import { askBytes, askJson, type Service, garbled } from './wire/service.ts'
import { fileOf } from './wire/upload.ts'

export type { Connection } from './wire/http.ts'

/**
 * What xAI offers beside chat. Speech and transcription have one endpoint each, without a choice of model: the name given is for
 * your own books. Batches speak Responses. Errors: `model/*`.
 * @example await xaiServices({ apiKey }).speak('tts').speak({ text: 'Hello', voice: 'eve' })
 */
export function xaiServices(
  options: Connection = {},
): Required<Pick<Services, 'provider' | 'transcribe' | 'speak' | 'image' | 'listModels' | 'files' | 'batch'>> {
  const provider = 'xai'
  const service: Service = { ...options, baseURL: options.baseURL ?? 'https://api.x.ai/v1', provider, explain: explainError }
  return {
    provider,
    transcribe: transcriber(service),
    speak: speaker(service),
    image: imageModel(service, { references: (urls) => ({ images: urls.map((url) => ({ type: 'image_url', url })) }) }),
    listModels: (more) => modelsOf(service, more),
    files: filesOf(service),
    batch: batches(service),
  }
}

const transcriber =
  (service: Service) =>
  (id: string): Transcriber => ({
    info: { id, provider: service.provider },
    async transcribe({ audio, language, prompt: _prompt, timestamps: _timestamps, ...options }) {
      const form = new FormData()
      if (language !== undefined) form.set('language', language)
      if (audio.data === undefined && audio.url !== undefined) form.set('url', audio.url)
      // the API wants the file after every other field
      else form.set('file', fileOf(audio, service.provider))
      return transcriptIn(await askJson(service, { path: '/stt', form, options }), service.provider)
    },
  })

const speaker =
  (service: Service) =>
  (id: string): Speaker => ({
    info: { id, provider: service.provider },
    async speak({ text, voice, format, speed, instructions: _instructions, ...options }) {
      const output_format = format === undefined ? undefined : { codec: format }
      const json = { text, voice_id: voice, language: 'auto', output_format, speed }
      return { audio: await soundOf(service, { path: '/tts', json, options }, format) }
    },
  })

/** Results may be of either protocol. */
const speech: Speech = { protocols: [responsesProtocol, chatProtocol] }

/** Requests that go up, and results that come down, at a time. */
const page = 100

function batches(service: Service): Batches {
  const { provider } = service
  const at = (id: string): string => `/batches/${encodeURIComponent(id)}`
  return {
    async create({ model, requests, ...options }) {
      checkRequests(requests)
      const batch = batchIn(await askJson(service, { path: '/batches', json: { name: `kit_${crypto.randomUUID()}` }, options }), provider)
      const { signal } = options
      for (let from = 0; from < requests.length; from += page) {
        const batch_requests = requests
          .slice(from, from + page)
          .map(({ id, call }) => ({ batch_request_id: id, batch_request: { responses: responsesProtocol.body(provider, model, call) } }))
        // it answers `null`
        await askBytes(service, { path: `${at(batch.id)}/requests`, json: { batch_requests }, options: { signal } }, 65_536)
      }
      return { ...batch, status: 'queued', counts: { total: requests.length, done: 0, failed: 0 } }
    },
    get: async (id, options) => batchIn(await askJson(service, { path: at(id), options }), provider),
    cancel: async (id, options) => batchIn(await askJson(service, { method: 'POST', path: `${at(id)}:cancel`, options }), provider),
    async *results(id, options) {
      const { status } = batchIn(await askJson(service, { path: at(id), options }), provider)
      if (status === 'queued' || status === 'running') throw without(provider, status)
      let token: string | undefined
      // as many pages as a batch can fill
      for (let pages = 0; pages < 50_000 / page; pages++) {
        const body = await askJson(service, { path: `${at(id)}/results`, query: { limit: page, pagination_token: token }, options })
        for (const result of objects(body.results)) yield resultIn(result, provider)
        const next = textIn(body.pagination_token)
        if (next === undefined || next === token) return
        token = next
      }
    },
  }
}

/** A batch without a word for its state: it is in the counts. */
function batchIn(body: Fields, provider: string): Batch {
  const id = textIn(body.batch_id)
  if (id === undefined) throw garbled(provider, 'a batch without an id', body)
  const { num_requests, num_pending, num_success, num_error, num_cancelled } = fields(body.state)
  const [total, pending, done, failed] = [num_requests, num_pending, num_success, num_error].map((count) => countIn(count) ?? 0) as [
    number,
    number,
    number,
    number,
  ]
  const settled = total > 0 && pending === 0
  const expired = (ms(body.expire_time) ?? Infinity) < Date.now()
  const status = settled
    ? (countIn(num_cancelled) ?? 0) === total
      ? 'cancelled'
      : 'done'
    : expired
      ? 'expired'
      : done + failed > 0
        ? 'running'
        : 'queued'
  return {
    id,
    status,
    counts: { total, done, failed },
    ...defined({ createdAt: ms(body.create_time), error: textIn(body.cancel_by_xai_message) }),
  }
}

function resultIn(result: Fields, provider: string): BatchResult {
  const id = textIn(result.batch_request_id) ?? ''
  const { response, error = result.error ?? result.error_message } = fields(result.batch_result)
  // under the name of its endpoint
  const answer = isObject(response) ? Object.values(response).find(isObject) : undefined
  try {
    return answer ? { id, answer: answerIn(answer, provider, speech) } : { id, error: failureOf(error, provider) }
  } catch (thrown) {
    return { id, error: thrown instanceof KitError ? thrown : failureOf(error, provider) }
  }
}
