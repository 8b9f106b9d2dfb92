import { KitError } from '../errors.ts'
import type { Modality, ModelInfo } from '../model.ts'
import type { Embedder, Files, ServiceOptions, Services } from '../services.ts'
import { vectorsIn } from './wire/embeddings.ts'
import { countIn, defined, type Fields, fields, isObject, objects, textIn } from './wire/fields.ts'
import type { Connection } from './wire/http.ts'
import { mistralSpeaker, mistralTranscriber } from './wire/mistral-audio.ts'
import { mistralBatches } from './wire/mistral-batches.ts'
import { mistralFiles } from './wire/mistral-files.ts'
import { mistralReader, type MistralReader } from './wire/mistral-ocr.ts'
import { mistralTuning, type MistralTuning } from './wire/mistral-tune.ts'
import { explain } from './wire/mistral.ts'
import { usageIn } from './wire/openai-tokens.ts'
import { askJson, type Service } from './wire/service.ts'

export type { Connection } from './wire/http.ts'
export type { Figure, MistralPage, MistralReader } from './wire/mistral-ocr.ts'
export type { MistralTuning } from './wire/mistral-tune.ts'

/** What Mistral has beside chat. */
export interface MistralServices extends Required<Pick<Services, 'provider' | 'embed' | 'transcribe' | 'speak' | 'listModels' | 'batch'>> {
  ocr(model: string): MistralReader
  files: Required<Files>
  tune: MistralTuning
}

/**
 * Mistral beside chat: vectors, OCR, transcription and speech (Voxtral), files, batches, tuning. Errors: `model/*`.
 * @example const { pages } = await mistralServices({ apiKey }).ocr('mistral-ocr-latest').read({ document })
 */
export function mistralServices(options: Connection = {}): MistralServices {
  const provider = 'mistral'
  const service: Service = { ...options, baseURL: options.baseURL ?? 'https://api.mistral.ai/v1', provider, explain }
  return {
    provider,
    embed: embedder(service),
    ocr: mistralReader(service),
    transcribe: mistralTranscriber(service),
    speak: mistralSpeaker(service),
    files: mistralFiles(service),
    batch: mistralBatches(service),
    tune: mistralTuning(service),
    listModels: (more) => modelsOf(service, more),
  }
}

/** Texts only; at most 512 of them and about 16,000 tokens at a time. */
const embedder =
  (service: Service) =>
  (id: string): Embedder => ({
    info: { id, provider: service.provider, limits: { values: 512, characters: 40_000 } },
    async embed({ values, dimensions, purpose: _purpose, ...options }) {
      const { provider } = service
      const input = values.map((value) => {
        if (typeof value === 'string') return value
        throw new KitError('model/unsupported', `${provider} embeds text, no media`, { provider })
      })
      const body = await askJson(service, { path: '/embeddings', json: { model: id, input, output_dimension: dimensions }, options })
      return { vectors: vectorsIn(body.data, input.length, provider), ...usageIn(body.usage) }
    },
  })

async function modelsOf(service: Service, options?: ServiceOptions): Promise<ModelInfo[]> {
  const { data } = await askJson(service, { path: '/models', options })
  if (!Array.isArray(data))
    throw new KitError('model/garbled', `${service.provider} sent a list of models that is none`, { provider: service.provider })
  return objects(data)
    .slice(0, 10_000)
    .flatMap((model) => modelIn(model, service.provider))
}

function modelIn({ id: named, capabilities: has, max_context_length: context }: Fields, provider: string): ModelInfo[] {
  const id = textIn(named)
  if (id === undefined) return []
  const can = fields(has)
  const input: Modality[] = [
    'text',
    ...(can.vision === true ? (['image', 'pdf'] as const) : []),
    ...(can.audio === true ? (['audio'] as const) : []),
  ]
  const capabilities = defined({ input, tools: told(can.function_calling), reasoning: told(can.reasoning) })
  const most = countIn(context)
  return [{ id, provider, ...(isObject(has) && { capabilities }), ...(most !== undefined && { limits: { context: most } }) }]
}

const told = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined)
