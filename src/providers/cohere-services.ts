import { KitError } from '../errors.ts'
import type { MediaPart, TextPart } from '../message.ts'
import type { Modality, ModelCall, ModelInfo } from '../model.ts'
import type { Embedder, Reranker, ServiceOptions, Services, Transcriber } from '../services.ts'
import { explain } from './wire/cohere.ts'
import { numbersIn } from './wire/embeddings.ts'
import { countIn, defined, type Fields, fields, objects, textIn } from './wire/fields.ts'
import type { Connection } from './wire/http.ts'
import { closedTuning } from './wire/openai-tune.ts'
import { allPages, askJson, type Service } from './wire/service.ts'
import { fileOf } from './wire/upload.ts'

export type { Connection } from './wire/http.ts'

/**
 * Cohere beside chat. Its fine-tuning closed on 2025-09-15: `tune` says so (`model/unsupported`). Errors: `model/*`.
 * @example await rerank(cohereServices({ apiKey }).rerank('rerank-v4.0-pro'), 'a question', documents, { top: 3 })
 */
export function cohereServices(
  options: Connection = {},
): Required<Pick<Services, 'provider' | 'embed' | 'rerank' | 'transcribe' | 'countTokens' | 'listModels' | 'tune'>> {
  const provider = 'cohere'
  const baseURL = (options.baseURL ?? 'https://api.cohere.com').replace(/\/*(\/v[12])?\/*$/, '')
  const service: Service = { ...options, baseURL, provider, explain }
  return {
    provider,
    embed: embedder(service),
    rerank: reranker(service),
    transcribe: transcriber(service),
    countTokens: (model, call) => countTokens(service, model, call),
    listModels: (more) => modelsOf(service, more),
    tune: closedTuning(provider, 'Cohere closed its fine-tuning on 2025-09-15'),
  }
}

const purposes = {
  query: 'search_query',
  document: 'search_document',
  classification: 'classification',
  clustering: 'clustering',
  // compared with one another, both are documents
  similarity: 'search_document',
} as const

/** Models that take one image alone and no text beside it; as of 2026-11. */
const oneImage = /-v3(\.\d+)?$/

/** Text and images, at most 96 values at a time; a model wants to know what for, default `document`. Other forms by `providerOptions.cohere.embedding_types`. */
const embedder =
  (service: Service) =>
  (id: string): Embedder => ({
    info: { id, provider: service.provider, limits: { values: 96 } },
    async embed({ values, purpose = 'document', dimensions, ...options }) {
      const { provider } = service
      const texts = values.every((value) => typeof value === 'string') && values
      const images = !texts && oneImage.test(id) && values.map((value) => imageAlone(value, provider))
      const json = {
        model: id,
        input_type: images ? 'image' : purposes[purpose],
        embedding_types: ['float'],
        output_dimension: dimensions,
        ...(texts ? { texts } : images ? { images } : { inputs: values.map((value) => ({ content: contentOf(value, provider) })) }),
      }
      const body = await askJson(service, { path: '/v2/embed', json, options })
      const [vectors] = Object.values(fields(body.embeddings)).filter((list): list is unknown[] => Array.isArray(list) && list.length > 0)
      const { input_tokens, image_tokens } = fields(fields(body.meta).billed_units)
      const input = (countIn(input_tokens) ?? 0) + (countIn(image_tokens) ?? 0)
      return { vectors: (vectors ?? []).map((vector) => numbersIn(vector, provider)), ...(input > 0 && { usage: { input, output: 0 } }) }
    },
  })

function contentOf(value: string | readonly (TextPart | MediaPart)[], provider: string): Fields[] {
  if (typeof value === 'string') return [{ type: 'text', text: value }]
  return value.map((part) =>
    part.type === 'text' ? { type: 'text', text: part.text } : { type: 'image_url', image_url: { url: imageOf(part, provider) } },
  )
}

function imageAlone(value: string | readonly (TextPart | MediaPart)[], provider: string): string {
  const [part, ...more] = value
  if (typeof part === 'object' && part.type === 'media' && !more.length) return imageOf(part, provider)
  throw new KitError('model/unsupported', `this model of ${provider} embeds texts, or images alone`, { provider })
}

function imageOf({ mime, data, url }: MediaPart, provider: string): string {
  const place = url ?? (data && `data:${mime};base64,${data}`)
  if (place && mime.startsWith('image/')) return place
  throw new KitError('model/unsupported', `${provider} embeds no ${mime}`, { provider })
}

const reranker =
  (service: Service) =>
  (id: string): Reranker => ({
    info: { id, provider: service.provider, limits: { documents: 1000 } },
    async rerank({ query, documents, top, ...options }) {
      const body = await askJson(service, { path: '/v2/rerank', json: { model: id, query, documents, top_n: top }, options })
      return {
        ranked: objects(body.results).map(({ index, relevance_score: score }) => ({
          index: countIn(index) ?? -1,
          score: typeof score === 'number' ? score : NaN,
        })),
      }
    },
  })

/** Sound by data, at most 25 MB; the language must be named. */
const transcriber =
  (service: Service) =>
  (id: string): Transcriber => ({
    info: { id, provider: service.provider },
    async transcribe({ audio, language, timestamps: _timestamps, prompt: _prompt, ...options }) {
      const { provider } = service
      if (language === undefined) throw new KitError('model/unsupported', `${provider} must be told the language of a sound`, { provider })
      const form = new FormData()
      form.set('model', id)
      form.set('language', language)
      form.set('file', fileOf(audio, provider))
      const { text } = await askJson(service, { path: '/v2/audio/transcriptions', form, options })
      if (typeof text !== 'string') throw new KitError('model/garbled', `${provider} sent a transcript without text`, { provider })
      return { text, language }
    },
  })

/** Characters of one question. */
const tokenLimit = 65_536

/**
 * The tokens of a call's own texts (instructions, messages, tools), which is what is billed. What the model's template adds,
 * some 500 tokens, is not counted, and a call with media is refused (`model/unsupported`): there is no way to count them.
 */
async function countTokens(service: Service, model: string, call: ModelCall): Promise<number> {
  const { provider } = service
  const { system = [], messages, tools = [], signal } = call
  const texts = typeof system === 'string' ? [system] : system.map(({ text }) => text)
  for (const part of messages.flatMap(({ parts }) => parts)) {
    const inside = part.type === 'result' ? (part.parts ?? []) : [part]
    if (inside.some(({ type }) => type === 'media')) throw new KitError('model/unsupported', `${provider} counts text only`, { provider })
    for (const piece of inside) if ('text' in piece) texts.push(piece.text)
    if (part.type === 'call') texts.push(`${part.name} ${asText(part.input)}`)
    if (part.type === 'result' && !part.parts) texts.push(part.error?.message ?? asText(part.output))
  }
  for (const { name, description, input } of tools) texts.push(JSON.stringify({ name, description, parameters: input }))
  let whole = texts.filter(Boolean).join('\n')
  let count = 0
  for (; whole; whole = whole.slice(tokenLimit)) {
    const json = { model, text: whole.slice(0, tokenLimit) }
    const { tokens } = await askJson(service, { path: '/v1/tokenize', json, options: { signal } })
    if (!Array.isArray(tokens)) throw new KitError('model/garbled', `${provider} sent no tokens`, { provider })
    count += tokens.length
  }
  return count
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null))

const modelsOf = (service: Service, options?: ServiceOptions): Promise<ModelInfo[]> =>
  allPages(async (page_token) => {
    const body = await askJson(service, { path: '/v1/models', query: { page_size: 1000, page_token }, options })
    const next = textIn(body.next_page_token)
    return { items: objects(body.models).flatMap((model) => modelIn(model, service.provider)), ...(next !== undefined && { next }) }
  })

function modelIn({ name, features, endpoints, context_length }: Fields, provider: string): ModelInfo[] {
  const id = textIn(name)
  if (id === undefined) return []
  const has = Array.isArray(features) ? (features as unknown[]) : undefined
  const chats = Array.isArray(endpoints) && (endpoints as unknown[]).includes('chat')
  const input: Modality[] = has?.includes('vision') ? ['text', 'image'] : ['text']
  const context = countIn(context_length)
  return [
    {
      id,
      provider,
      ...(has &&
        chats && {
          capabilities: defined({
            input,
            tools: has.includes('tools'),
            reasoning: has.includes('reasoning') || has.includes('thinking'),
            structured: has.includes('json_schema') || has.includes('json_mode'),
          }),
        }),
      ...(context && { limits: { context } }),
    },
  ]
}
