import { KitError } from '../../errors.ts'
import type { Usage } from '../../message.ts'
import type { EmbedCall, Embedder, EmbedValue } from '../../services.ts'
import { numbersIn } from './embeddings.ts'
import { countIn, defined, type Fields, fields } from './fields.ts'
import { onlySignal, pathIn } from './gemini-place.ts'
import { encodeGemini, wire } from './gemini.ts'
import { askJson, type Service } from './service.ts'

const purposes: Readonly<Record<NonNullable<EmbedCall['purpose']>, string>> = {
  query: 'RETRIEVAL_QUERY',
  document: 'RETRIEVAL_DOCUMENT',
  similarity: 'SEMANTIC_SIMILARITY',
  classification: 'CLASSIFICATION',
  clustering: 'CLUSTERING',
}

/** Embeddings of the Gemini API, at most 100 values a request. Fields of its own go onto every value. */
export const geminiEmbedder = (service: Service, id: string, model: string): Embedder => ({
  info: { id, provider: service.provider, limits: { values: 100 } },
  async embed({ values, purpose, dimensions, ...options }) {
    const requests = values.map((value) =>
      defined({
        model,
        content: contentOf(value),
        taskType: purpose && purposes[purpose],
        outputDimensionality: dimensions,
        ...options.providerOptions?.[wire],
      }),
    )
    const body = await askJson(service, { path: `/${model}:batchEmbedContents`, json: { requests }, options: onlySignal(options) })
    return {
      vectors: listed(body.embeddings).map(({ values: vector }) => numbersIn(vector, service.provider)),
      ...usageOf(fields(body.usageMetadata).promptTokenCount),
    }
  },
})

/**
 * Embeddings on Vertex: text by `:predict` for the older models (`text-embedding-005`: at most 250 values; `gemini-embedding-001`:
 * one), anything by `:embedContent` for the newer ones, one value a request.
 */
export function vertexEmbedder(service: Service, id: string): Embedder {
  const { provider } = service
  const path = `/${pathIn(`publishers/google/models/${id}`)}`
  const wholeContent = id.includes('gemini') && !id.startsWith('gemini-embedding-001')
  const limit = id.includes('gemini') ? 1 : 250
  return {
    info: { id, provider, limits: { values: limit } },
    async embed({ values, purpose, dimensions, ...more }) {
      if (values.length > limit) throw new KitError('model/request', `${provider} embeds ${limit} at a time`, { provider })
      const options = onlySignal(more)
      const own = more.providerOptions?.[wire]
      const taskType = purpose && purposes[purpose]
      if (wholeContent) {
        const embedContentConfig = defined({ taskType, outputDimensionality: dimensions, ...own })
        const json = { content: contentOf(values[0] ?? ''), embedContentConfig }
        const body = await askJson(service, { path: `${path}:embedContent`, json, options })
        const vectors = [numbersIn(fields(body.embedding).values, provider)]
        return { vectors, ...usageOf(fields(body.usageMetadata).promptTokenCount) }
      }
      const json = {
        instances: values.map((value) => defined({ content: wordsOf(value, provider), task_type: taskType, title: own?.title })),
        parameters: defined({ outputDimensionality: dimensions, ...own, title: undefined }),
      }
      const body = await askJson(service, { path: `${path}:predict`, json, options })
      const embedded = listed(body.predictions).map(({ embeddings }) => fields(embeddings))
      const counts = embedded.map(({ statistics }) => countIn(fields(statistics).token_count))
      return {
        vectors: embedded.map(({ values: vector }) => numbersIn(vector, provider)),
        ...usageOf(
          counts.reduce<number | undefined>((sum, count) => (sum === undefined || count === undefined ? undefined : sum + count), 0),
        ),
      }
    },
  }
}

/** As long as what came: a vector that is none must not give its place to the next. */
const listed = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fields) : [])

function contentOf(value: EmbedValue): Fields {
  if (typeof value === 'string') return { parts: [{ text: value }] }
  const [content] = encodeGemini({ messages: [{ role: 'user', parts: value }] }, {}).contents as Fields[]
  return { parts: content?.parts ?? [] }
}

const wordsOf = (value: EmbedValue, provider: string): string => {
  if (typeof value === 'string') return value
  throw new KitError('model/unsupported', `${provider} embeds text by this model`, { provider })
}

const usageOf = (tokens: unknown): { usage?: Usage } => {
  const input = countIn(tokens)
  return input === undefined ? {} : { usage: { input, output: 0 } }
}
