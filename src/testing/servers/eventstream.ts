// AWS event stream: a prelude (total length, headers' length, CRC), headers, payload, CRC of all.
import type { Frame } from './wire.ts'

/** One message. An event named `exception:Name` is one of type exception. */
export function messageBytes({ event = '', data }: Frame): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder()
  const [, exception] = /^exception:(.*)$/.exec(event) ?? []
  const headers = concat(
    Object.entries({
      ...(exception === undefined ? { ':event-type': event } : { ':exception-type': exception }),
      ':content-type': 'application/json',
      ':message-type': exception === undefined ? 'event' : 'exception',
    }).map(([name, value]) => {
      const [key, text] = [encoder.encode(name), encoder.encode(value)]
      // 7 is the type of a string
      return concat([new Uint8Array([key.length]), key, new Uint8Array([7, text.length >> 8, text.length & 255]), text])
    }),
  )
  const payload = encoder.encode(typeof data === 'string' ? data : JSON.stringify(data))
  const prelude = new Uint8Array(12)
  const view = new DataView(prelude.buffer)
  view.setUint32(0, 16 + headers.length + payload.length)
  view.setUint32(4, headers.length)
  view.setUint32(8, crc32(prelude.subarray(0, 8)))
  const message = concat([prelude, headers, payload])
  const end = new Uint8Array(4)
  new DataView(end.buffer).setUint32(0, crc32(message))
  return concat([message, end])
}

function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}
