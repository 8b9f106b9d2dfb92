import { KitError } from '../errors.ts'
import type { ModelInfo } from '../model.ts'
import type { Services, Tuning } from '../services.ts'
import { gemini, vertex } from './gemini.ts'
import { countIn, defined, type Fields, objects, textIn } from './wire/fields.ts'
import { geminiBatches } from './wire/gemini-batch.ts'
import { geminiEmbedder, vertexEmbedder } from './wire/gemini-embed.ts'
import { geminiFiles } from './wire/gemini-files.ts'
import { geminiImage, geminiSpeaker, geminiTranscriber } from './wire/gemini-made.ts'
import { capabilitiesOf, familyOf } from './wire/gemini-models.ts'
import {
  type GeminiConnection,
  geminiService,
  onlySignal,
  pathIn,
  type VertexConnection,
  vertexHome,
  vertexService,
  versioned,
} from './wire/gemini-place.ts'
import { encodeGemini } from './wire/gemini.ts'
import { allPages, askJson } from './wire/service.ts'
import { vertexTuning } from './wire/vertex-tune.ts'

export type { GeminiConnection, VertexConnection } from './wire/gemini-place.ts'

/** What the Gemini API offers beside chat. `tune` throws `model/unsupported`: no model has taken it since May 2025. */
export type GeminiServices = Required<
  Pick<Services, 'provider' | 'embed' | 'transcribe' | 'speak' | 'image' | 'countTokens' | 'listModels' | 'files' | 'batch' | 'tune'>
>

/** What Vertex AI offers beside chat: its files and batches live in Cloud Storage and BigQuery, which are not here. */
export type VertexServices = Required<
  Pick<Services, 'provider' | 'embed' | 'transcribe' | 'speak' | 'image' | 'countTokens' | 'listModels' | 'tune'>
>

/**
 * The Gemini API's services. Files are kept for 48 hours. Errors: `model/*`.
 * @example const { part } = await geminiServices({ apiKey }).files.upload({ data, name: 'talk.mp3', mime: 'audio/mp3' })
 */
export function geminiServices(options: GeminiConnection = {}): GeminiServices {
  const service = geminiService(options)
  const { provider } = service
  const chat = (id: string): ReturnType<typeof gemini> => gemini(id, { ...options, ...(options.token !== undefined && { apiKey: null }) })
  return {
    provider,
    embed: (id) => geminiEmbedder(service, id, pathOf(id)),
    transcribe: (id) => geminiTranscriber(chat, id, provider),
    speak: (id) => geminiSpeaker(chat, id, provider),
    image: (id) => geminiImage(chat, id, provider),
    async countTokens(id, call) {
      const generateContentRequest = { model: pathOf(id), ...encodeGemini(call, familyOf(id)) }
      const json = { generateContentRequest }
      return totalIn(await askJson(service, { path: `/${pathOf(id)}:countTokens`, json, options: onlySignal(call) }), provider)
    },
    listModels: (more) =>
      allPages(async (pageToken) => {
        const body = await askJson(service, { path: '/models', query: { pageSize: 1000, pageToken }, options: more })
        return { items: objects(body.models).flatMap((model) => infoOf(model, provider)), next: textIn(body.nextPageToken) }
      }),
    files: geminiFiles(service),
    batch: geminiBatches(service, pathOf, (id, call) => encodeGemini(call, familyOf(id))),
    tune: closed(provider),
  }
}

/**
 * Vertex AI's services in one project and place. Errors: `model/*`.
 * @example vertexServices({ project, location: 'europe-west4', token: () => freshToken() }).embed('text-embedding-005')
 */
export function vertexServices(options: VertexConnection): VertexServices {
  const service = vertexService(options)
  const { provider } = service
  const chat = (id: string): ReturnType<typeof vertex> => vertex(id, options)
  return {
    provider,
    embed: (id) => vertexEmbedder(service, id),
    transcribe: (id) => geminiTranscriber(chat, id, provider),
    speak: (id) => geminiSpeaker(chat, id, provider),
    image: (id) => geminiImage(chat, id, provider),
    async countTokens(id, call) {
      const { contents, systemInstruction, tools, generationConfig } = encodeGemini(call, { ...familyOf(id), vertex: true })
      const json = { contents, systemInstruction, tools, generationConfig }
      return totalIn(
        await askJson(service, { path: `/${pathIn(`publishers/google/models/${id}`)}:countTokens`, json, options: onlySignal(call) }),
        provider,
      )
    },
    listModels: (more) =>
      allPages(async (pageToken) => {
        const body = await askJson(service, {
          path: `${versioned(options.baseURL ?? vertexHome(options.location), 'v1beta1')}/publishers/google/models`,
          query: { pageSize: 100, pageToken },
          headers: { 'x-goog-user-project': options.project },
          options: more,
        })
        return { items: objects(body.publisherModels).flatMap((model) => infoOf(model, provider)), next: textIn(body.nextPageToken) }
      }),
    tune: vertexTuning(service),
  }
}

/** A name, or a path of what is no plain model (`tunedModels/…`). */
const pathOf = (id: string): string => pathIn(id.includes('/') ? id : `models/${id}`)

function totalIn({ totalTokens }: Fields, provider: string): number {
  const total = countIn(totalTokens)
  if (total === undefined) throw new KitError('model/garbled', `${provider} sent no count`, { provider })
  return total
}

function infoOf({ name, inputTokenLimit, outputTokenLimit, supportedGenerationMethods, thinking }: Fields, provider: string): ModelInfo[] {
  const id = textIn(name)?.replace(/^.*\//, '')
  if (!id) return []
  const capabilities = capabilitiesOf(familyOf(id))
  const chats = !Array.isArray(supportedGenerationMethods) || supportedGenerationMethods.includes('generateContent')
  const limits = defined({ context: countIn(inputTokenLimit), output: countIn(outputTokenLimit) })
  return [
    {
      id,
      provider,
      ...(chats && { capabilities: { ...capabilities, ...(typeof thinking === 'boolean' && { reasoning: thinking }) } }),
      ...(Object.keys(limits).length && { limits }),
    },
  ]
}

/** ai.google.dev/gemini-api/docs/model-tuning, as of 2026-04-29. */
function closed(provider: string): Tuning {
  const refuse = async (): Promise<never> => {
    throw new KitError('model/unsupported', 'the Gemini API has had no model to tune since May 2025; Vertex AI has', { provider })
  }
  return { create: refuse, get: refuse, list: refuse, cancel: refuse }
}
