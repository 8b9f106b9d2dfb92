import { KitError } from '../../errors.ts'

/** One message of an `application/vnd.amazon.eventstream` body. */
export interface Frame {
  /** Headers that are text, by name: `:event-type`, `:message-type`, `:exception-type` … */
  headers: Readonly<Record<string, string>>
  payload: Uint8Array
}

/** The most that AWS lets a message have, in bytes. */
const frameLimit = 24 * 1024 * 1024

/**
 * Reads messages of AWS's binary event stream, cut anywhere: total length, length of headers, CRC of both, headers, payload, CRC of
 * all (https://smithy.io/2.0/aws/amazon-eventstream.html). Throws `model/garbled` where a sum or a length is wrong.
 */
export class FrameReader {
  readonly #provider: string
  #buffer = new Uint8Array(4096)
  #length = 0

  constructor(provider: string) {
    this.#provider = provider
  }

  feed(bytes: Uint8Array, out: Frame[]): void {
    if (this.#length + bytes.length > this.#buffer.length) {
      const wider = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + bytes.length))
      wider.set(this.#buffer.subarray(0, this.#length))
      this.#buffer = wider
    }
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
    let at = 0
    for (;;) {
      const size = this.#frame(at, out)
      if (!size) break
      at += size
    }
    this.#buffer.copyWithin(0, at, this.#length)
    this.#length -= at
  }

  /** Bytes of the message that begins at an offset; 0 where it is not whole yet. */
  #frame(at: number, out: Frame[]): number {
    const left = this.#length - at
    if (left < 12) return 0
    const view = new DataView(this.#buffer.buffer, at, left)
    const [size, headers] = [view.getUint32(0), view.getUint32(4)]
    if (crc32(this.#buffer, at, at + 8) !== view.getUint32(8)) throw this.#bad('a wrong sum of lengths')
    if (size > frameLimit || headers > size - 16) throw this.#bad('lengths that do not fit')
    if (left < size) return 0
    if (crc32(this.#buffer, at, at + size - 4) !== view.getUint32(size - 4)) throw this.#bad('a wrong sum')
    // a copy: the buffer goes on to be used
    const whole = this.#buffer.slice(at, at + size)
    out.push({ headers: this.#headers(whole.subarray(12, 12 + headers)), payload: whole.subarray(12 + headers, size - 4) })
    return size
  }

  #headers(bytes: Uint8Array): Record<string, string> {
    const headers: Record<string, string> = {}
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const text = new TextDecoder()
    try {
      for (let at = 0; at < bytes.length;) {
        const name = text.decode(bytes.subarray(at + 1, (at += 1 + view.getUint8(at))))
        const type = view.getUint8(at++)
        const fixed = sizes[type]
        const size = fixed ?? view.getUint16(at)
        if (fixed === undefined) at += 2
        if (type > 9 || at + size > bytes.length) throw this.#bad('headers that do not fit')
        if (type === 7) headers[name] = text.decode(bytes.subarray(at, at + size))
        at += size
      }
    } catch (cause) {
      throw cause instanceof KitError ? cause : this.#bad('headers that do not fit', cause)
    }
    return headers
  }

  #bad(what: string, cause?: unknown): KitError {
    return new KitError('model/garbled', `${this.#provider} sent ${what}`, { provider: this.#provider, cause })
  }
}

/** Bytes of a header's value by its type: two booleans, numbers of 1 to 8 bytes, bytes, text, a time, a UUID. */
const sizes: readonly (number | undefined)[] = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16]

/** By half bytes: a table of 16 words is enough. */
const words = [
  0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8,
  0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
] as const

/** The CRC-32 of a range of bytes. */
export function crc32(bytes: Uint8Array, from = 0, to: number = bytes.length): number {
  let sum = ~0
  for (let at = from; at < to; at++) {
    sum ^= bytes[at]!
    sum = (sum >>> 4) ^ words[sum & 15]!
    sum = (sum >>> 4) ^ words[sum & 15]!
  }
  return ~sum >>> 0
}
