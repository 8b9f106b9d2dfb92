import { asKitError, KitError } from '../errors.ts'
import { AnswerFold, type ModelCall, type ModelInfo } from '../model.ts'
import type { Batch, BatchResult, JobStatus, ProviderFile, Services } from '../services.ts'
import { type AnthropicConnection, connect } from './wire/anthropic-connection.ts'
import { encodeMessages, explain, failure, MessagesDecoder, traitsOf } from './wire/anthropic-messages.ts'
import { countIn, defined, type Fields, fields, isObject, objects, textIn, timeIn } from './wire/fields.ts'
import { jsonLines } from './wire/json-lines.ts'
import { checkRequests } from './wire/openai-answers.ts'
import { without } from './wire/openai-batches.ts'
import { allPages, type Ask, ask, askBytes, askJson, type Service } from './wire/service.ts'

export type { AnthropicConnection } from './wire/anthropic-connection.ts'

/** Bytes of one file. */
const fileLimit = 512 * 1024 * 1024

/**
 * What Anthropic offers beside chat: counting tokens, its models, files and batches. There are no embeddings (the vendor names Voyage),
 * and no tuning of its own. Errors: `model/*`.
 * @example await anthropicServices({ apiKey }).countTokens('claude-sonnet-5-5', { messages: [user('Hi')] })
 */
export function anthropicServices(
  options: AnthropicConnection = {},
): Required<Pick<Services, 'provider' | 'countTokens' | 'listModels' | 'files' | 'batch'>> {
  const { provider, url, version, headers } = connect(options)
  const service: Service = { provider, baseURL: url, fetch: options.fetch, explain }
  const signed = async (request: Ask, betas?: readonly string[]): Promise<Ask> => ({ ...request, headers: await headers(betas) })
  const get = async (request: Ask): Promise<Fields> => askJson(service, await signed(request))
  const file = (id: string): string => `/files/${encodeURIComponent(id)}`
  const batch = (id: string): string => `/messages/batches/${encodeURIComponent(id)}`
  const encode = (model: string, call: ModelCall): ReturnType<typeof encodeMessages> =>
    encodeMessages({ ...call, stream: false }, model, traitsOf(model), version)
  return {
    provider,
    async countTokens(model, call) {
      const { body, betas } = encode(model, call)
      const json = Object.fromEntries(counted.map((name) => [name, body[name]]))
      const request = await signed({ path: '/messages/count_tokens', json, options: { signal: call.signal } }, betas)
      const count = countIn((await askJson(service, request)).input_tokens)
      if (count !== undefined) return count
      throw new KitError('model/garbled', `${provider} sent no count`, { provider })
    },
    listModels: (more) =>
      allPages(async (after_id) => {
        const body = await get({ path: '/models', query: { limit: 1000, after_id }, options: more })
        return { items: objects(body.data).flatMap((model) => modelIn(model, provider) ?? []), ...nextIn(body) }
      }),
    files: {
      async upload({ data, name, mime, purpose: _, ...more }) {
        const form = new FormData()
        form.set('file', new File([data], name, { type: mime }))
        return fileIn(await get({ path: '/files', form, options: more }), provider)
      },
      get: async (id, more) => fileIn(await get({ path: file(id), options: more }), provider),
      list: (more) =>
        allPages(async (cursor) => {
          // the first form of this API, which `files-api-2025-04-14` keeps alive, turns its pages by the id of the last file
          const by = cursor?.startsWith('file_') ? { after_id: cursor } : { page: cursor }
          const body = await get({ path: '/files', query: { limit: 100, ...by }, options: more })
          return { items: objects(body.data).map((one) => fileIn(one, provider)), ...nextIn(body) }
        }),
      async delete(id, more) {
        await get({ method: 'DELETE', path: file(id), options: more })
      },
      /** Only what a tool or a skill has made can be read back; another file is `model/request`. */
      content: async (id, more) => askBytes(service, await signed({ path: `${file(id)}/content`, options: more }), fileLimit),
    },
    batch: {
      async create({ model, requests, ...more }) {
        checkRequests(requests, 100_000)
        const encoded = requests.map(({ id, call }) => ({ id, ...encode(model, call) }))
        const json = { requests: encoded.map(({ id, body }) => ({ custom_id: id, params: body })) }
        const betas = encoded.flatMap((request) => request.betas)
        return batchIn(await askJson(service, await signed({ path: '/messages/batches', json, options: more }, betas)), provider)
      },
      get: async (id, more) => batchIn(await get({ path: batch(id), options: more }), provider),
      cancel: async (id, more) => batchIn(await get({ method: 'POST', path: `${batch(id)}/cancel`, options: more }), provider),
      async *results(id, more) {
        const body = await get({ path: batch(id), options: more })
        if (body.processing_status !== 'ended') throw without(provider, batchIn(body, provider).status)
        const response = await ask(service, await signed({ path: `${batch(id)}/results`, options: more }))
        for await (const line of jsonLines(response, service, more?.signal)) yield resultIn(line, provider)
      },
    },
  }
}

/** Fields that change how much a question weighs, and that the API takes for a count. */
const counted = [
  'cache_control',
  'context_management',
  'mcp_servers',
  'messages',
  'model',
  'output_config',
  'speed',
  'system',
  'thinking',
  'tool_choice',
  'tools',
] as const

/** The cursor of the next page, in either form that the vendor has. */
function nextIn({ has_more, last_id, next_page }: Fields): { next?: string } {
  const next = textIn(next_page) ?? (has_more === true ? textIn(last_id) : undefined)
  return next === undefined ? {} : { next }
}

function modelIn({ id, capabilities, max_input_tokens, max_tokens }: Fields, provider: string): ModelInfo | undefined {
  if (typeof id !== 'string') return undefined
  const has = (name: string): boolean => fields(fields(capabilities)[name]).supported === true
  const input = ['text', ...(has('image_input') ? ['image'] : []), ...(has('pdf_input') ? ['pdf'] : [])] as const
  const limits = defined({ context: countIn(max_input_tokens), output: countIn(max_tokens) })
  return {
    id,
    provider,
    ...(isObject(capabilities) && {
      capabilities: { input: input as ['text'], tools: true, reasoning: has('thinking'), structured: has('structured_outputs') },
    }),
    ...(Object.keys(limits).length && { limits }),
  }
}

function fileIn({ id, filename, mime_type, size_bytes, created_at, expires_at }: Fields, provider: string): ProviderFile {
  const [ref, name, mime = 'application/octet-stream'] = [textIn(id), textIn(filename), textIn(mime_type)]
  if (ref === undefined) throw new KitError('model/garbled', `${provider} sent a file without an id`, { provider })
  return {
    id: ref,
    mime,
    status: 'ready',
    part: { type: 'media', mime, ref, store: 'anthropic', ...(name !== undefined && { name }) },
    ...defined({ name, bytes: countIn(size_bytes), createdAt: timeIn(created_at), expiresAt: timeIn(expires_at) }),
  }
}

function batchIn({ id, processing_status, request_counts, created_at }: Fields, provider: string): Batch {
  if (typeof id !== 'string') throw new KitError('model/garbled', `${provider} sent a batch without an id`, { provider })
  const [running = 0, done = 0, failed = 0, cancelled = 0, expired = 0] = ['processing', 'succeeded', 'errored', 'canceled', 'expired'].map(
    (name) => countIn(fields(request_counts)[name]),
  )
  const total = running + done + failed + cancelled + expired
  const ended: JobStatus = total && cancelled === total ? 'cancelled' : total && expired === total ? 'expired' : 'done'
  return {
    id,
    status: processing_status === 'ended' ? ended : 'running',
    counts: { total, done, failed: failed + cancelled + expired },
    ...defined({ createdAt: timeIn(created_at) }),
  }
}

/** One line of results; what is wrong with it is its own error. */
function resultIn({ custom_id, result }: Fields, provider: string): BatchResult {
  const id = textIn(custom_id) ?? ''
  const { type, message, error } = fields(result)
  try {
    switch (type) {
      case 'succeeded': {
        const [decoder, fold] = [new MessagesDecoder(provider), new AnswerFold()]
        for (const chunk of decoder.body(fields(message))) fold.add(chunk)
        for (const chunk of decoder.end()) fold.add(chunk)
        return { id, answer: { parts: fold.parts, usage: fold.usage, finish: fold.finish } }
      }
      case 'errored':
        return { id, error: failure(provider, fields(error)) }
      case 'canceled':
        return { id, error: new KitError('run/cancelled', 'this request was cancelled before it was answered', { provider }) }
      case 'expired':
        return { id, error: new KitError('model/timeout', `${provider} did not come to this request`, { provider, retryable: true }) }
    }
    return { id, error: new KitError('model/garbled', `${provider} sent a result of no known kind`, { provider, cause: result }) }
  } catch (thrown) {
    return { id, error: asKitError(thrown) }
  }
}
