import { KitError } from '../errors.ts'
import type { MediaPart } from '../message.ts'
import type { Modality, ModelInfo } from '../model.ts'
import type { ServiceOptions, Services, Spoken } from '../services.ts'
import { toBase64 } from '../base64.ts'
import { numbersIn } from './wire/embeddings.ts'
import { countIn, defined, type Fields, fields, objects, textIn } from './wire/fields.ts'
import { type Connection, httpError, parse } from './wire/http.ts'
import { explainHuggingFace, routerURL } from './wire/huggingface.ts'
import { type Ask, ask, askBytes, askJson, bytesOf, type Service } from './wire/service.ts'

export type { Connection } from './wire/http.ts'

export interface HuggingFaceServicesOptions extends Connection {
  /** The whole address of an Inference Endpoint that serves the task; default `hf-inference` behind the router, by the model's name. */
  endpoint?: string
  /** How vectors of tokens become one, where a model gives those: their mean (default), or the first. A model that pools itself is taken as it is. */
  pooling?: 'mean' | 'cls'
  /** The organisation that pays. */
  billTo?: string
}

export interface TaskOptions extends ServiceOptions {
  parameters?: Readonly<Record<string, unknown>>
}

export interface HuggingFaceServices extends Required<
  Pick<Services, 'provider' | 'embed' | 'rerank' | 'transcribe' | 'speak' | 'image' | 'listModels'>
> {
  /** Any task that answers JSON, by its name (`fill-mask`, `question-answering`, `summarization` …): its answer as it comes, at most 64 MB. */
  task(name: string, model: string, inputs: unknown, options?: TaskOptions): Promise<unknown>
}

/** Bytes of an answer. */
const answerLimit = 64 * 1024 * 1024
/** Tasks that have an address of their own beside the one that the model's card names. */
const named = ['feature-extraction', 'sentence-similarity']

/**
 * The tasks of `hf-inference`, Hugging Face's own backend, or of an Inference Endpoint. Other backends have bodies of their own for
 * these tasks: a model with their suffix is `model/unsupported`. `rerank` asks a text ranker where an endpoint (TEI) serves one;
 * without an endpoint it is the similarity of sentences (cosine of their embeddings), which is a coarser judge. Errors: `model/*`.
 * @example await huggingfaceServices({ apiKey }).task('fill-mask', 'google-bert/bert-base-uncased', 'I think [MASK] is cool')
 */
export function huggingfaceServices(options: HuggingFaceServicesOptions = {}): HuggingFaceServices {
  const provider = 'huggingface'
  const { endpoint, pooling = 'mean', billTo } = options
  const service: Service = {
    ...options,
    provider,
    baseURL: options.baseURL ?? routerURL,
    explain: explainHuggingFace,
    headers: { ...(billTo !== undefined && { 'x-hf-bill-to': billTo }), ...options.headers },
  }
  const at = (name: string, model: string, inputs: unknown, { parameters, ...more }: TaskOptions = {}): Ask => ({
    path: endpoint ?? `/hf-inference/models/${ownModel(model)}${named.includes(name) ? `/pipeline/${name}` : ''}`,
    json: { inputs, parameters: parameters && Object.keys(parameters).length ? parameters : undefined },
    options: more,
  })
  const jsonOf = async (request: Ask): Promise<unknown> => {
    const body = parse(new TextDecoder().decode(await askBytes(service, request, answerLimit)))
    if (body === undefined) throw new KitError('model/garbled', `${provider} sent no JSON`, { provider })
    const { error } = fields(body)
    if (error) throw httpError(provider, 200, new Headers(), JSON.stringify(body), explainHuggingFace)
    return body
  }
  return {
    provider,
    async task(name, model, inputs, more) {
      return jsonOf(at(name, model, inputs, more))
    },
    embed: (id) => ({
      info: { id, provider, limits: { values: 32 } },
      async embed({ values, purpose, dimensions: _, ...more }) {
        const inputs = values.map((value) => {
          if (typeof value === 'string') return value
          throw new KitError('model/unsupported', `${provider} embeds text only`, { provider })
        })
        const request = at('feature-extraction', id, inputs, more)
        // a model that has no prompt of this name ignores it
        const prompt_name = purpose === 'query' || purpose === 'document' ? purpose : undefined
        const body = await jsonOf({ ...request, json: { ...request.json, prompt_name } })
        return { vectors: pooled(body, inputs.length, pooling).map((vector) => numbersIn(vector, provider)) }
      },
    }),
    rerank: (id) => ({
      info: { id, provider, limits: { documents: 1000 } },
      async rerank({ query, documents, top, ...more }) {
        const ranked =
          endpoint === undefined
            ? numbersIn(await jsonOf(at('sentence-similarity', id, { source_sentence: query, sentences: documents }, more)), provider).map(
                (score, index) => ({ index, score }),
              )
            : objects(await jsonOf({ path: endpoint, json: { query, texts: documents }, options: more })).map(({ index, score }) => ({
                index: Number(index),
                score: Number(score),
              }))
        if (ranked.length !== documents.length || ranked.some(({ index, score }) => !documents[index] || !Number.isFinite(score)))
          throw new KitError('model/garbled', `${provider} ranked other documents`, { provider })
        return { ranked: ranked.toSorted((a, b) => b.score - a.score).slice(0, top) }
      },
    }),
    transcribe: (id) => ({
      info: { id, provider },
      async transcribe({ audio, language, prompt: _, timestamps, ...more }) {
        if (audio.data === undefined) throw new KitError('model/unsupported', `${provider} takes sound as data only`, { provider })
        const parameters = defined({
          return_timestamps: timestamps && (timestamps === 'word' ? 'word' : true),
          generation_parameters: language && { language },
        })
        const said = fields(await jsonOf(at('automatic-speech-recognition', id, audio.data, { ...more, parameters })))
        if (typeof said.text !== 'string') throw new KitError('model/garbled', `${provider} sent no transcript`, { provider })
        const pieces = objects(said.chunks).map(pieceOf)
        return { text: said.text, ...(pieces.length && { [timestamps === 'word' ? 'words' : 'segments']: pieces }) }
      },
    }),
    speak: (id) => ({
      info: { id, provider },
      async speak({ text, voice, format: _f, speed: _s, instructions: _i, ...more }) {
        const parameters = voice === undefined ? {} : { voice }
        return { audio: await mediaOf(service, at('text-to-speech', id, text, { ...more, parameters }), 'audio') }
      },
    }),
    image: (id) => ({
      info: { id, provider },
      async image({ prompt, images = [], mask, n = 1, size, ...more }) {
        if (images.length || mask || n > 8)
          throw new KitError('model/unsupported', `${provider} draws from words, at most 8 at a time`, { provider })
        const [, width, height] = /^(\d+)x(\d+)$/.exec(size ?? '') ?? []
        const parameters = width === undefined ? {} : { width: Number(width), height: Number(height) }
        const request = at('text-to-image', id, prompt, { ...more, parameters })
        return { images: await Promise.all(Array.from({ length: n }, () => mediaOf(service, request, 'image'))) }
      },
    }),
    async listModels({ signal } = {}) {
      const { data } = await askJson(service, { path: '/v1/models', options: { ...(signal && { signal }) } })
      return objects(data).slice(0, 10_000).flatMap(modelOf)
    },
  }
}

/** The name without the suffix of hf-inference; another backend has other bodies. */
function ownModel(model: string): string {
  const [name = '', backend = 'hf-inference'] = model.split(':')
  if (backend !== 'hf-inference')
    throw new KitError('model/unsupported', `tasks are asked of hf-inference, not of ${backend}`, { provider: 'huggingface' })
  return name.split('/').map(encodeURIComponent).join('/')
}

/**
 * One vector for each of `n` texts out of lists of any depth: a list of numbers for each, of lists of numbers (its tokens), or
 * either inside lists of one.
 */
function pooled(body: unknown, n: number, pooling: 'mean' | 'cls'): unknown[] {
  const rows = Array.isArray(body) ? (body as unknown[]) : []
  // a single text may come without the list around it
  const all = rows.length === n && Array.isArray(rows[0]) ? rows : n === 1 ? [rows] : []
  if (all.length !== n)
    throw new KitError('model/garbled', `huggingface sent ${rows.length} vectors for ${n} texts`, { provider: 'huggingface' })
  return all.map((row) => pool(row, pooling))
}

function pool(row: unknown, pooling: 'mean' | 'cls'): unknown {
  let tokens = row
  for (let depth = 0; depth < 4; depth++) {
    const [first] = Array.isArray(tokens) ? (tokens as unknown[]) : []
    if (!Array.isArray(first)) return tokens
    if (!Array.isArray(first[0])) break
    if ((tokens as unknown[]).length !== 1) return undefined
    tokens = first
  }
  const list = (tokens as unknown[]).map((token) => numbersIn(token, 'huggingface'))
  const [cls = []] = list
  if (pooling === 'cls') return cls
  if (list.some((token) => token.length !== cls.length)) return undefined
  return cls.map((_, at) => list.reduce((sum, token) => sum + token[at]!, 0) / list.length)
}

function pieceOf({ text, timestamp }: Fields): Spoken {
  const [start, end] = Array.isArray(timestamp) ? (timestamp as unknown[]) : []
  return { text: textIn(text) ?? '', start: countIn(start) ?? 0, end: countIn(end) ?? countIn(start) ?? 0 }
}

/** Bytes, or by endpoint JSON with base64 in it. */
async function mediaOf(service: Service, request: Ask, kind: 'audio' | 'image'): Promise<MediaPart> {
  const response = await ask(service, request)
  const type = response.headers.get('content-type')?.split(';')[0]?.trim() ?? ''
  const bytes = await bytesOf(response, service, request.options?.signal, answerLimit)
  const body = /json/.test(type) ? parse(new TextDecoder().decode(bytes)) : undefined
  const [first] = Array.isArray(body) ? (body as unknown[]) : [body]
  const data = /json/.test(type) ? textIn(fields(first)[kind] ?? fields(first).blob ?? fields(first).generated_image) : toBase64(bytes)
  if (!data || !/^[A-Za-z0-9+/\s]+={0,2}$/.test(data))
    throw new KitError('model/garbled', `${service.provider} sent no ${kind}`, { provider: service.provider })
  return { type: 'media', mime: type.startsWith(`${kind}/`) ? type : `${kind}/*`, data }
}

/** What any of its backends can do. */
function modelOf({ id, architecture, providers }: Fields): ModelInfo[] {
  const name = textIn(id)
  if (name === undefined) return []
  const backends = objects(providers)
  const context = Math.max(...backends.map((backend) => countIn(backend.context_length) ?? 0), 0)
  const modalities = fields(architecture).input_modalities
  const known = (['text', 'image', 'audio', 'video'] as const).filter(
    (one: Modality) => Array.isArray(modalities) && modalities.includes(one),
  )
  return [
    {
      id: name,
      provider: 'huggingface',
      capabilities: {
        tools: backends.some((backend) => backend.supports_tools === true),
        structured: backends.some((backend) => backend.supports_structured_output === true),
        ...(known.length && { input: known }),
      },
      ...(context > 0 && { limits: { context } }),
    },
  ]
}
