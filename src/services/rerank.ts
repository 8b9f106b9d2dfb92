import { KitError } from '../errors.ts'
import type { Ranked, RerankCall, Reranker } from '../services.ts'

/**
 * The documents that fit a query best, best first, with their places in the list. More documents than the model takes are
 * ranked in rounds, and the scores of all rounds compared. Errors: `model/*`.
 * @example const [best] = await rerank(cohereServices({ apiKey }).rerank('rerank-v4.0-pro'), 'a question', documents, { top: 3 })
 */
export async function rerank(
  model: Reranker,
  query: string,
  documents: readonly string[],
  options: Omit<RerankCall, 'query' | 'documents'> = {},
): Promise<readonly Ranked[]> {
  const most = model.info.limits?.documents ?? 1000
  const { top = documents.length } = options
  const all: Ranked[] = []
  for (let from = 0; from < documents.length; from += most) {
    const some = documents.slice(from, from + most)
    const { ranked } = await model.rerank({ ...options, query, documents: some, top: Math.min(top, some.length) })
    for (const { index, score } of ranked) {
      if (!(Number.isInteger(index) && index >= 0 && index < some.length) || !Number.isFinite(score))
        throw new KitError('model/garbled', `${model.info.provider} ranked a document that it was not given`)
      all.push({ index: from + index, score })
    }
  }
  return all.sort((a, b) => b.score - a.score).slice(0, top)
}
