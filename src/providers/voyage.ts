import { KitError } from '../errors.ts'
import type { Services } from '../services.ts'
import { countIn, fields } from './wire/fields.ts'
import type { Connection } from './wire/http.ts'
import { vectorsIn } from './wire/embeddings.ts'
import { rankedIn } from './wire/rerank.ts'
import { askJson, type Service } from './wire/service.ts'

export type { Connection } from './wire/http.ts'

/**
 * Voyage's embeddings and rerankers. Errors: `model/*`.
 * @example await embed(voyageServices({ apiKey }).embed('voyage-3.5'), ['a', 'b'], { purpose: 'document' })
 */
export function voyageServices(options: Connection = {}): Required<Pick<Services, 'provider' | 'embed' | 'rerank'>> {
  const provider = 'voyage'
  const service: Service = { ...options, baseURL: options.baseURL ?? 'https://api.voyageai.com/v1', provider, explain }
  return {
    provider,
    embed: (id) => ({
      info: { id, provider, limits: { values: 1000, characters: 400_000 } },
      async embed({ values, purpose, dimensions, ...more }) {
        const input = values.map((value) => {
          if (typeof value === 'string') return value
          throw new KitError('model/unsupported', `${provider} embeds text here`, { provider })
        })
        const kind = purpose === 'query' || purpose === 'document' ? purpose : undefined
        const body = await askJson(service, {
          path: '/embeddings',
          json: { model: id, input, input_type: kind, output_dimension: dimensions },
          options: more,
        })
        return { vectors: vectorsIn(body.data, input.length, provider), ...usageIn(body.usage) }
      },
    }),
    rerank: (id) => ({
      info: { id, provider, limits: { documents: 1000 } },
      async rerank({ query, documents, top, ...more }) {
        const body = await askJson(service, { path: '/rerank', json: { model: id, query, documents, top_k: top }, options: more })
        return { ranked: rankedIn(body.data, documents.length, top, provider), ...usageIn(body.usage) }
      },
    }),
  }
}

/** An unknown model is a 400 like any other mistake. */
const explain = (body: unknown): { code?: 'model/unknown' } =>
  /^Model \S+ is not supported/.test(String(fields(body).detail)) ? { code: 'model/unknown' } : {}

const usageIn = (raw: unknown): { usage?: { input: number; output: number } } => {
  const total = countIn(fields(raw).total_tokens)
  return total === undefined ? {} : { usage: { input: total, output: 0 } }
}
