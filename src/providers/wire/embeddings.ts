import { KitError } from '../../errors.ts'
import { fromBase64 } from '../../base64.ts'
import { countIn, objects } from './fields.ts'
import { garbled } from './service.ts'

/** A vector from outside: a list of numbers, or base64 of little-endian 32-bit floats. Throws `model/garbled` where it is neither. */
export function numbersIn(raw: unknown, provider: string): readonly number[] {
  const numbers = typeof raw === 'string' ? floatsIn(raw) : raw
  if (Array.isArray(numbers) && numbers.length && numbers.every(Number.isFinite)) return numbers as number[]
  throw garbled(provider, 'a vector that is none')
}

/**
 * The vectors of a list like OpenAI's, in the order of the values: by their `index`, or as they come where none has one.
 * Throws `model/garbled` where there is not just one for each value.
 */
export function vectorsIn(data: unknown, count: number, provider: string, read: typeof numbersIn = numbersIn): (readonly number[])[] {
  const list = objects(data)
  const vectors: (readonly number[])[] = []
  for (const [at, { index, embedding }] of list.entries()) vectors[countIn(index) ?? at] = read(embedding, provider)
  if (list.length === count && Object.keys(vectors).length === count && vectors.length === count) return vectors
  throw new KitError('model/garbled', `${provider} sent ${list.length} vectors for ${count} values`, { provider })
}

function floatsIn(text: string): number[] | undefined {
  try {
    return [...new Float32Array(fromBase64(text).buffer)]
  } catch {
    return undefined
  }
}
