import { KitError } from '../../errors.ts'
import { fromBase64 } from '../../base64.ts'

/** A vector from outside: a list of numbers, or base64 of little-endian 32-bit floats. Throws `model/garbled` where it is neither. */
export function numbersIn(raw: unknown, provider: string): readonly number[] {
  if (Array.isArray(raw) && raw.length && raw.every((number) => typeof number === 'number' && Number.isFinite(number)))
    return raw as number[]
  if (typeof raw === 'string' && /^([A-Za-z0-9+/]{4})+([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(raw)) {
    const bytes = fromBase64(raw)
    if (bytes.length % 4 === 0) {
      const view = new DataView(bytes.buffer)
      return Array.from({ length: bytes.length / 4 }, (_, at) => view.getFloat32(at * 4, true))
    }
  }
  throw new KitError('model/garbled', `${provider} sent a vector that is none`, { provider })
}
