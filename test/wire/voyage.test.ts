import { describe, expect, test } from 'vitest'
import { voyageServices } from '../../src/providers/voyage.ts'
import { embed, rerank } from '../../src/services/index.ts'
import type { Fields } from './checks.ts'
import { recorded, recordings } from './recordings.ts'
import { checkService, type ServiceCheck } from './services.ts'

const checks: readonly ServiceCheck[] = [
  {
    api: 'voyage.embeddings',
    ask: ({ request: { body } }, fetch) => {
      const { model, input, input_type, output_dimension, ...rest } = body as { model: string; input: string | string[] } & Fields
      return embed(voyageServices({ apiKey: 'k', fetch }).embed(model), [input].flat(), {
        purpose: input_type as 'query',
        dimensions: output_dimension as number,
        providerOptions: { voyage: rest },
      })
    },
    expected: ({ response }) => {
      const { data, usage } = response.body as { data: { embedding: number[] }[]; usage: { total_tokens: number } }
      return { vectors: data.map(({ embedding }) => embedding), failed: [], usage: { input: usage.total_tokens, output: 0 } }
    },
    normalise: [{ why: 'a field without a value is left out', apply: ({ body }) => dropNulls(body as Fields) }],
    errors: { 'voyage-embeddings--testvoyageai-test-embed-error-707193': 'model/unknown' },
  },
  {
    api: 'voyage.rerank',
    ask: ({ request: { body } }, fetch) => {
      const { model, query, documents, top_k, ...rest } = body as { model: string; query: string; documents: string[]; top_k?: number }
      return rerank(voyageServices({ apiKey: 'k', fetch }).rerank(model), query, documents, {
        top: top_k,
        providerOptions: { voyage: rest },
      })
    },
    expected: ({ response }) =>
      (response.body as { data: { index: number; relevance_score: number }[] }).data.map(({ index, relevance_score }) => ({
        index,
        score: relevance_score,
      })),
  },
]

describe.skipIf(!recorded)('recorded Voyage traffic', () => {
  test.each(checks.map((check) => [check.api, check] as const))('%s', async (api, check) => {
    const read = await checkService(check, recordings([api]))
    console.log(`wire: ${api}: ${read}`)
    expect(read).toBeGreaterThanOrEqual(1)
  })
})

function dropNulls(body: Fields): void {
  for (const [name, value] of Object.entries(body)) if (value === null) delete body[name]
}
