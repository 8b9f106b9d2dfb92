import { KitError } from '../../errors.ts'
import type { Reranker } from '../../services.ts'
import { countIn, objects } from './fields.ts'
import { usageIn } from './openai-tokens.ts'
import { askJson, type Service } from './service.ts'

/** Models behind `POST /rerank`, in the form that servers took over from Cohere and Jina. At most 1,000 documents at a time. */
export const reranker =
  (service: Service) =>
  (id: string): Reranker => ({
    info: { id, provider: service.provider, limits: { documents: 1000 } },
    async rerank({ query, documents, top, ...options }) {
      const { provider } = service
      const body = await askJson(service, { path: '/rerank', json: { model: id, query, documents, top_n: top }, options })
      const ranked = objects(body.results).flatMap(({ index, relevance_score: score }) => {
        const at = countIn(index)
        return at !== undefined && at < documents.length && typeof score === 'number' ? [{ index: at, score }] : []
      })
      // a ranking of fewer than all is one that cannot be trusted
      if (ranked.length < Math.min(top ?? documents.length, documents.length))
        throw new KitError('model/garbled', `${provider} sent a ranking that is none`, { provider, cause: body })
      return { ranked: ranked.sort((a, b) => b.score - a.score), ...usageIn(body.usage) }
    },
  })
