import { asKitError, KitError } from '../errors.ts'
import { addUsage, type Usage } from '../message.ts'
import type { EmbedCall, Embedder, EmbedValue } from '../services.ts'

/** Vectors for any number of values. */
export interface Embedded {
  /** One place a value, in order; `undefined` where its batch failed. */
  vectors: readonly (readonly number[] | undefined)[]
  /** What failed and why, by place in `values`: empty when all is well. */
  failed: readonly { from: number; to: number; error: KitError }[]
  usage: Usage
}

export interface EmbedOptions extends Omit<EmbedCall, 'values'> {
  /** Batches at a time; default 2. */
  parallel?: number
}

/**
 * Embeds any number of values, in order, in batches that the model takes. A batch that fails leaves its places empty and is
 * told in `failed`; where every batch failed, or the signal fired, it throws. Errors: `model/*`.
 * @example const { vectors } = await embed(openaiServices({ apiKey }).embed('text-embedding-3-small'), ['a', 'b'])
 */
export async function embed(model: Embedder, values: readonly EmbedValue[], options: EmbedOptions = {}): Promise<Embedded> {
  const { parallel = 2, ...call } = options
  const batches = inBatches(values, model.info.limits?.values ?? 96, model.info.limits?.characters ?? Infinity)
  const vectors: (readonly number[] | undefined)[] = Array.from({ length: values.length })
  const failed: { from: number; to: number; error: KitError }[] = []
  let usage: Usage = { input: 0, output: 0 }
  const waiting = batches.values()
  const work = async (): Promise<void> => {
    for (const { from, to } of waiting) {
      call.signal?.throwIfAborted()
      try {
        const done = await model.embed({ ...call, values: values.slice(from, to) })
        if (done.vectors.length !== to - from)
          throw new KitError('model/garbled', `${model.info.provider} gave ${done.vectors.length} vectors for ${to - from} values`)
        for (const [at, vector] of done.vectors.entries()) vectors[from + at] = vector
        if (done.usage) usage = addUsage(usage, done.usage)
      } catch (error) {
        call.signal?.throwIfAborted()
        failed.push({ from, to, error: asKitError(error) })
      }
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, Math.min(parallel, batches.length)) }, work))
  if (batches.length && failed.length === batches.length) throw failed[0]!.error
  return { vectors, failed: failed.toSorted((a, b) => a.from - b.from), usage }
}

function inBatches(values: readonly EmbedValue[], count: number, characters: number): { from: number; to: number }[] {
  const batches: { from: number; to: number }[] = []
  let from = 0
  let size = 0
  for (const [at, value] of values.entries()) {
    const length = typeof value === 'string' ? value.length : 0
    if (at > from && (at - from === count || size + length > characters)) {
      batches.push({ from, to: at })
      from = at
      size = 0
    }
    size += length
  }
  if (from < values.length) batches.push({ from, to: values.length })
  return batches
}
