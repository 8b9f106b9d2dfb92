import type { Ranked, Reranker } from '../../services.ts'
import { objects } from './fields.ts'
import { usageIn } from './openai-tokens.ts'
import { askJson, type Service, garbled } from './service.ts'

/** Models behind `POST /rerank`, in the form that servers took over from Cohere and Jina. At most 1,000 documents at a time. */
export const reranker =
  (service: Service) =>
  (id: string): Reranker => ({
    info: { id, provider: service.provider, limits: { documents: 1000 } },
    async rerank({ query, documents, top, ...options }) {
      const { provider } = service
      const body = await askJson(service, { path: '/rerank', json: { model: id, query, documents, top_n: top }, options })
      return { ranked: rankedIn(body.results, documents.length, top, provider), ...usageIn(body.usage) }
    },
  })

/** A list of `index` and `relevance_score`, best first. Throws `model/garbled` where a document is missing or there twice: that cannot be trusted. */
export function rankedIn(list: unknown, documents: number, top: number | undefined, provider: string): Ranked[] {
  const ranked = new Map<unknown, Ranked>()
  for (const { index, relevance_score: score } of objects(list))
    if (Number.isInteger(index) && (index as number) >= 0 && (index as number) < documents && typeof score === 'number')
      ranked.set(index, { index: index as number, score })
  if (ranked.size < Math.min(top ?? documents, documents)) throw garbled(provider, 'a ranking that is none')
  return [...ranked.values()].sort((a, b) => b.score - a.score)
}
