import { KitError } from '../../errors.ts'
import { textIn } from './fields.ts'

/** The name that the vendor gave a thing. Throws `model/garbled` where it gave none: nothing could be asked of it. */
export function nameIn(value: unknown): string {
  const name = textIn(value)
  if (name === undefined) throw new KitError('model/garbled', 'gemini sent something without a name', { provider: 'gemini' })
  return name
}

/** A count that comes as text, as 64-bit numbers do. */
export const bigIn = (value: unknown): number | undefined => {
  const count = typeof value === 'string' && value ? Number(value) : value
  return typeof count === 'number' && Number.isFinite(count) && count >= 0 ? count : undefined
}

/** How many UTF-16 units so many bytes of a text are: places are counted in bytes there. */
export const unitsIn = (bytes: Uint8Array, until: number): number =>
  new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(bytes.subarray(0, until)).length
