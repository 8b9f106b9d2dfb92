import { KitError } from '../../errors.ts'
import type { Embedder } from '../../services.ts'
import { fromBase64 } from '../../base64.ts'
import { numbersIn, vectorsIn } from './embeddings.ts'
import { usageIn } from './openai-tokens.ts'
import { askJson, type Service, garbled } from './service.ts'

/**
 * How vectors come: `base64` is asked for by name and a quarter of the bytes; `int8` is what comes unasked, bytes with a sign.
 * Absent: whatever the server sends, numbers or base64.
 */
export type VectorForm = 'base64' | 'int8'

/** Models behind `POST /embeddings`: text, at most 2,048 values and 300,000 tokens at a time. */
export const embedder =
  (service: Service, form?: VectorForm) =>
  (id: string): Embedder => ({
    info: { id, provider: service.provider, limits: { values: 2048, characters: 300_000 } },
    async embed({ values, dimensions, purpose: _purpose, ...options }) {
      const { provider } = service
      const input = values.map((value) => {
        if (typeof value === 'string') return value
        throw new KitError('model/unsupported', `${provider} embeds text: no tokens, no media`, { provider })
      })
      const encoding_format = form === 'base64' ? form : undefined
      const body = await askJson(service, { path: '/embeddings', json: { model: id, input, encoding_format, dimensions }, options })
      return {
        vectors: vectorsIn(body.data, input.length, provider, form === 'int8' ? signedBytes : numbersIn),
        ...usageIn(body.usage),
      }
    },
  })

function signedBytes(raw: unknown, provider: string): readonly number[] {
  if (typeof raw !== 'string') return numbersIn(raw, provider)
  try {
    const bytes = fromBase64(raw)
    if (bytes.length) return [...new Int8Array(bytes.buffer)]
  } catch {
    // no base64: told below
  }
  throw garbled(provider, 'a vector that is none')
}
