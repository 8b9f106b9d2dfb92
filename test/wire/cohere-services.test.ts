import { describe, expect, test } from 'vitest'
import { cohereServices } from '../../src/providers/cohere-services.ts'
import { embed } from '../../src/services/index.ts'
import type { Fields } from './checks.ts'
import { recorded, recordings } from './recordings.ts'
import { checkService, type ServiceCheck } from './services.ts'

const checks: readonly ServiceCheck[] = [
  {
    api: 'cohere.v2.embed',
    ask: ({ request: { body } }, fetch) => {
      const {
        model,
        texts,
        input_type,
        output_dimension,
        embedding_types: _types,
        ...rest
      } = body as { model: string; texts: string[] } & Fields
      return embed(cohereServices({ apiKey: 'k', fetch }).embed(model), texts, {
        purpose: input_type === 'search_query' ? 'query' : 'document',
        dimensions: (output_dimension ?? undefined) as number | undefined,
        providerOptions: { cohere: rest },
      })
    },
    expected: ({ response }) => ({ vectors: (response.body as { embeddings: { float: number[][] } }).embeddings.float }),
    normalise: [{ why: 'a field without a value is left out', apply: ({ body }) => dropNulls(body as Fields) }],
    errors: { 'cohere-v2-embed--testcohere-test-embed-error-6b89e7': 'model/unknown' },
  },
  {
    api: 'cohere.v2.rerank',
    ask: async ({ request: { body } }, fetch) => {
      const { model, query, documents, top_n, ...rest } = body as { model: string; query: string; documents: string[]; top_n?: number }
      const { ranked } = await cohereServices({ apiKey: 'k', fetch })
        .rerank(model)
        .rerank({ query, documents, top: top_n, providerOptions: { cohere: rest } })
      return ranked
    },
    expected: ({ response }) =>
      (response.body as { results: { index: number; relevance_score: number }[] }).results.map(({ index, relevance_score }) => ({
        index,
        score: relevance_score,
      })),
  },
]

describe.skipIf(!recorded)('recorded Cohere traffic beside chat', () => {
  test.each(checks.map((check) => [check.api, check] as const))('%s', async (api, check) => {
    const read = await checkService(check, recordings([api]))
    console.log(`wire: ${api}: ${read}`)
    expect(read).toBeGreaterThanOrEqual(1)
  })
})

function dropNulls(body: Fields): void {
  for (const [name, value] of Object.entries(body)) if (value === null) delete body[name]
}
