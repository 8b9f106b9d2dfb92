import { KitError } from '../errors.ts'
import type { MediaPart, TextPart } from '../message.ts'
import type { ServiceOptions } from '../services.ts'
import { defined, fields, objects } from './wire/fields.ts'
import type { Connection } from './wire/http.ts'
import { explainError } from './wire/openai-responses-errors.ts'
import { askJson } from './wire/service.ts'

export type { Connection } from './wire/http.ts'

/** What a classifier found in one content; scores from 0 to 1. */
export interface Moderation {
  flagged: boolean
  categories: Readonly<Record<string, boolean>>
  scores: Readonly<Record<string, number>>
}

export interface ModerateOptions extends Connection, ServiceOptions {
  /** Default `omni-moderation-latest`. */
  model?: string
}

/**
 * Asks OpenAI's classifier about one content: text, or text and images. Errors: `model/*`.
 * @example const { flagged } = await moderate('some text', { apiKey })
 */
export async function moderate(content: string | readonly (TextPart | MediaPart)[], options: ModerateOptions = {}): Promise<Moderation> {
  const { model = 'omni-moderation-latest', signal, providerOptions, ...connection } = options
  const provider = 'openai'
  const input = typeof content === 'string' ? content : content.map((part) => encode(part, provider))
  const service = { ...connection, baseURL: connection.baseURL ?? 'https://api.openai.com/v1', provider, explain: explainError }
  const body = await askJson(service, { path: '/moderations', json: { model, input }, options: defined({ signal, providerOptions }) })
  const [result] = objects(body.results)
  if (typeof result?.flagged !== 'boolean') throw new KitError('model/garbled', `${provider} sent no judgement`, { provider, cause: body })
  return { flagged: result.flagged, categories: only(result.categories, 'boolean'), scores: only(result.category_scores, 'number') }
}

function encode(part: TextPart | MediaPart, provider: string): Record<string, unknown> {
  if (part.type === 'text') return { type: 'text', text: part.text }
  const { mime, data, url = data && `data:${mime};base64,${data}` } = part
  if (!mime.startsWith('image/') || !url) throw new KitError('model/unsupported', `${provider} judges text and images`, { provider })
  return { type: 'image_url', image_url: { url } }
}

const only = <T extends boolean | number>(raw: unknown, type: 'boolean' | 'number'): Record<string, T> =>
  Object.fromEntries(Object.entries(fields(raw)).filter((entry): entry is [string, T] => typeof entry[1] === type))
