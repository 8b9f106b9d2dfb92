import { KitError } from '../errors.ts'
import type { MediaPart } from '../message.ts'
import type { ImageCall, Page, ReadCall, ServiceOptions, Services, SpeakCall, Spoken, TranscribeCall, Transcript } from '../services.ts'
import { fromBase64, toBase64 } from '../base64.ts'
import { numbersIn } from './wire/embeddings.ts'
import { countIn, type Fields, fields, isObject, objects, textIn } from './wire/fields.ts'
import { type Connection, httpError } from './wire/http.ts'
import { type Ask, ask, askJson, bytesOf, type Service } from './wire/service.ts'
import { type AiBinding, type AiGatewaySettings, fetchOf, until } from './wire/workers-ai-binding.ts'
import { explainCloudflare } from './wire/workers-ai-errors.ts'
import { accountURL, workersAiURL } from './wire/workers-ai-url.ts'

export type { Connection } from './wire/http.ts'

/** What `env.AI` has beside models. */
export interface AiServicesBinding extends AiBinding {
  toMarkdown?(files: { name: string; blob: Blob }[], options?: Record<string, unknown>): Promise<unknown>
  models?(params?: Record<string, unknown>): Promise<unknown>
}

export interface WorkersAiServicesOptions extends Connection {
  binding?: AiServicesBinding
  account?: string
  gateway?: AiGatewaySettings
}

export type WorkersAiServices = Required<
  Pick<Services, 'provider' | 'embed' | 'rerank' | 'transcribe' | 'speak' | 'image' | 'ocr' | 'listModels'>
>

/** Bytes of a sound or an image. */
const mediaLimit = 64 * 1024 * 1024
/** Texts of one request, and contexts of one ranking. */
const values = 100

/**
 * What Workers AI has beside chat, by the binding or by REST: embeddings, the bge rerankers, Whisper, speech (MeloTTS, Aura),
 * images (Flux 1, Stable Diffusion, Leonardo; not Flux 2, whose requests are forms), and documents as Markdown, for which
 * `ocr` needs no model's name. Errors: `model/*`; neither binding nor account is a `TypeError`.
 * @example await embed(workersAiServices({ binding: env.AI }).embed('@cf/baai/bge-m3'), texts)
 */
export function workersAiServices(options: WorkersAiServicesOptions): WorkersAiServices {
  const provider = 'workers-ai'
  const { binding, gateway } = options
  const service: Service = {
    ...options,
    provider,
    baseURL: accountURL(options),
    explain: explainCloudflare,
    ...(binding && { fetch: fetchOf(binding, gateway), apiKey: null }),
  }
  const at = (model: string, json: Fields, more: ServiceOptions): Ask => ({ path: workersAiURL(options, model), json, options: more })
  const result = async (request: Ask): Promise<Fields> => resultOf(await askJson(service, request), service)
  return {
    provider,
    embed: (id) => ({
      info: { id, provider, limits: { values } },
      async embed({ values: texts, purpose, dimensions: _, ...more }) {
        const text = texts.map((value) => {
          if (typeof value === 'string') return value
          throw new KitError('model/unsupported', `${provider} embeds text only`, { provider })
        })
        const as = !/qwen3-embedding/.test(id) ? 'text' : purpose === 'query' ? 'queries' : purpose === 'document' ? 'documents' : 'text'
        const { data, usage } = await result(at(id, { [as]: text }, more))
        const rows = Array.isArray(data) ? (data as unknown[]) : []
        if (rows.length !== text.length)
          throw new KitError('model/garbled', `${provider} sent ${rows.length} vectors for ${text.length} texts`, { provider })
        const tokens = countIn(fields(usage).prompt_tokens)
        return {
          vectors: rows.map((row) => numbersIn(isObject(row) ? row.embedding : row, provider)),
          ...(tokens !== undefined && { usage: { input: tokens, output: 0 } }),
        }
      },
    }),
    rerank: (id) => ({
      info: { id, provider, limits: { documents: values } },
      async rerank({ query, documents, top, ...more }) {
        const { response } = await result(at(id, { query, contexts: documents.map((text) => ({ text })), top_k: top }, more))
        const ranked = objects(response).map(({ id: index, score }) => {
          if (countIn(index) !== undefined && typeof score === 'number' && (index as number) < documents.length)
            return { index: index as number, score }
          throw new KitError('model/garbled', `${provider} ranked a document that it was not given`, { provider })
        })
        return { ranked: ranked.toSorted((a, b) => b.score - a.score) }
      },
    }),
    transcribe: (id) => ({
      info: { id, provider },
      async transcribe({ audio, language, prompt, timestamps, ...more }) {
        return transcriptOf(await result(at(id, spokenIn(id, { audio, language, prompt }), more)), timestamps)
      },
    }),
    speak: (id) => ({
      info: { id, provider },
      async speak({ text, voice, format, speed: _s, instructions: _i, ...more }) {
        return { audio: await mediaOf(at(id, speechIn(id, { text, voice, format }), more), 'audio', service, format) }
      },
    }),
    image: (id) => ({
      info: { id, provider },
      async image({ n = 1, ...call }) {
        if (/flux-2/.test(id))
          throw new KitError('model/unsupported', `${provider} takes forms for this model, which are not made here`, { provider })
        if (n > 8) throw new KitError('model/unsupported', `${provider} draws at most 8 images at a time`, { provider })
        const { signal, providerOptions } = call
        const request = at(id, drawingIn(call), { ...(signal && { signal }), ...(providerOptions && { providerOptions }) })
        return { images: await Promise.all(Array.from({ length: n }, () => mediaOf(request, 'image', service))) }
      },
    }),
    ocr: (id) => ({ info: { id, provider }, read: (call) => readMarkdown(call, service, binding, gateway) }),
    async listModels(more = {}) {
      const found = binding?.models
        ? await until(more.signal, given(service, binding.models({ per_page: 1000 })))
        : (
            await askJson(service, {
              path: '/models/search',
              query: { per_page: 1000 },
              options: { ...(more.signal && { signal: more.signal }) },
            })
          ).result
      return objects(found).flatMap(({ name, properties }) => {
        const id = textIn(name)
        const has = (property: string): unknown => objects(properties).find(({ property_id }) => property_id === property)?.value
        const context = Number(has('context_window'))
        const tools = has('function_calling') === 'true'
        return id === undefined ? [] : [{ id, provider, capabilities: { tools }, ...(context > 0 && { limits: { context } }) }]
      })
    },
  }
}

/** REST wraps what the binding gives bare; `success: false` may come with status 200. */
function resultOf(body: Fields, { provider, explain }: Service): Fields {
  if (body.success === false) throw httpError(provider, 200, new Headers(), JSON.stringify(body), explain)
  return isObject(body.result) ? body.result : body
}

/** Whisper's newest takes base64 and a language, the others bytes as numbers. */
function spokenIn(id: string, { audio, language, prompt }: Pick<TranscribeCall, 'audio' | 'language' | 'prompt'>): Fields {
  const { data } = audio
  if (data === undefined) throw new KitError('model/unsupported', 'workers-ai takes sound as data only', { provider: 'workers-ai' })
  return /whisper-large/.test(id) ? { audio: data, language, initial_prompt: prompt } : { audio: [...fromBase64(data)] }
}

function transcriptOf(said: Fields, timestamps: TranscribeCall['timestamps']): Transcript {
  const info = fields(said.transcription_info)
  const segments = objects(said.segments)
  const words = segments.length ? segments.flatMap((segment) => objects(segment.words)) : objects(said.words)
  const seconds = countIn(info.duration)
  const language = textIn(info.language)
  if (typeof said.text !== 'string') throw new KitError('model/garbled', 'workers-ai sent no transcript', { provider: 'workers-ai' })
  return {
    text: said.text,
    ...(language !== undefined && { language }),
    ...(seconds !== undefined && { seconds }),
    ...(segments.length && { segments: segments.map(pieceOf) }),
    ...(timestamps === 'word' && words.length && { words: words.map(pieceOf) }),
  }
}

const pieceOf = ({ text, word, start, end }: Fields): Spoken => ({
  text: textIn(text) ?? textIn(word) ?? '',
  start: countIn(start) ?? 0,
  end: countIn(end) ?? 0,
})

/** MeloTTS has a language for a voice; Aura has speakers and encodings. */
function speechIn(id: string, { text, voice, format }: Pick<SpeakCall, 'text' | 'voice' | 'format'>): Fields {
  if (/melotts/.test(id)) return { prompt: text, lang: voice }
  const [encoding, container] = format === 'wav' ? ['linear16', 'wav'] : format === 'pcm' ? ['linear16', 'none'] : [format, undefined]
  return { text, speaker: voice, encoding, container }
}

function drawingIn({ prompt, images = [], mask, size }: Omit<ImageCall, 'n'>): Fields {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(size ?? '') ?? []
  const [image, second] = images
  const dataOf = (part: MediaPart | undefined): string | undefined => {
    if (!part || part.data !== undefined) return part?.data
    throw new KitError('model/unsupported', 'workers-ai takes images as data only', { provider: 'workers-ai' })
  }
  if (second) throw new KitError('model/unsupported', 'workers-ai takes one image', { provider: 'workers-ai' })
  const hole = dataOf(mask)
  return {
    prompt,
    ...(width !== undefined && { width: Number(width), height: Number(height) }),
    image_b64: dataOf(image),
    mask: hole && [...fromBase64(hole)],
  }
}

/** A sound or an image: bytes, or base64 in JSON, by model. */
async function mediaOf(request: Ask, kind: 'audio' | 'image', service: Service, format = 'mp3'): Promise<MediaPart> {
  const { provider } = service
  const response = await ask(service, request)
  const type = response.headers.get('content-type')?.split(';')[0]?.trim() ?? ''
  const bytes = await bytesOf(response, service, request.options?.signal, mediaLimit)
  let data: string | undefined
  if (/json/.test(type)) {
    const body = parsed(new TextDecoder().decode(bytes))
    data = textIn(isObject(body) ? resultOf(body, service)[kind] : body)
  } else if (bytes.length) data = toBase64(bytes)
  if (data === undefined || !/^[A-Za-z0-9+/\s]+={0,2}$/.test(data))
    throw new KitError('model/garbled', `${provider} sent no ${kind}`, { provider })
  const known = type.startsWith(`${kind}/`) ? type : kind === 'audio' ? (sounds[format] ?? `audio/${format}`) : drawn(data)
  return { type: 'media', mime: known, data }
}

const sounds: Readonly<Record<string, string>> = { mp3: 'audio/mpeg', pcm: 'audio/L16', opus: 'audio/ogg' }

/** By the first bytes. */
const drawn = (data: string): string =>
  data.startsWith('/9j/') ? 'image/jpeg' : data.startsWith('iVBOR') ? 'image/png' : data.startsWith('UklGR') ? 'image/webp' : 'image/*'

/** A document as Markdown: the pages of a PDF under their headings, anything else as one. */
async function readMarkdown(
  { document, pages: wanted, signal, providerOptions }: ReadCall,
  service: Service,
  binding: AiServicesBinding | undefined,
  gateway: AiGatewaySettings | undefined,
): Promise<{ pages: readonly Page[] }> {
  const { provider } = service
  const { data, mime, name = `document.${mime.split('/')[1] ?? 'bin'}` } = document
  if (data === undefined) throw new KitError('model/unsupported', `${provider} takes documents as data only`, { provider })
  const blob = new Blob([fromBase64(data)], { type: mime })
  let converted: unknown
  if (binding) {
    if (!binding.toMarkdown) throw new KitError('model/unsupported', 'this binding converts no documents', { provider })
    signal?.throwIfAborted()
    const options = { ...(gateway && { gateway }), ...providerOptions?.[provider] }
    converted = await until(signal, given(service, binding.toMarkdown([{ name, blob }], options)))
  } else {
    const form = new FormData()
    form.set('files', blob, name)
    const more = { ...(signal && { signal }), ...(providerOptions && { providerOptions }) }
    converted = (await askJson(service, { path: '/tomarkdown', form, options: more })).result
  }
  const [first] = objects(converted)
  const text = first?.data
  if (first?.format === 'error' || typeof text !== 'string')
    throw new KitError('model/request', `${provider} cannot read this document`, { provider, cause: first?.error })
  const pages = pagesIn(text)
  return { pages: wanted ? pages.filter(({ page }) => wanted.includes(page)) : pages }
}

/** The pages below `## Contents`, where their headings count from 1; what stands before is about the file. */
function pagesIn(text: string): Page[] {
  const contents = text.split(/^## Contents\n+(?=### Page 1$)/m)[1]
  const pages: Page[] = []
  for (const piece of contents?.split(/^(?=### Page \d+$)/m) ?? []) {
    const [heading = '', ...lines] = piece.split('\n')
    const said = lines.join('\n')
    // a heading of the document itself
    if (heading !== `### Page ${pages.length + 1}` && pages.length) pages.at(-1)!.text += piece
    else pages.push({ page: pages.length + 1, text: said })
  }
  return pages.length ? pages.map(({ page, text: said }) => ({ page, text: said.trim() })) : [{ page: 1, text }]
}

/** What a binding gives beside `run`; what it throws says nothing of its status. */
async function given(service: Service, promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise
  } catch (cause) {
    throw new KitError('model/http', `${service.provider} cannot be reached`, { cause, provider: service.provider, retryable: true })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
