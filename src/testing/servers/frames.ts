import type { Fault } from './scenario.ts'
import type { Frame, WireServer } from './wire.ts'
import { messageBytes } from './eventstream.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Events as the pieces of a body, with what happens to them on their way, and how the body ends. */
export function frameBytes(
  wire: WireServer,
  frames: readonly Frame[],
  fault: Fault,
): { pieces: Bytes[]; end: 'close' | 'break' | 'stall' } {
  const encoder = new TextEncoder()
  const newline = fault.newline ?? wire.newline ?? '\n'
  const stop = fault.stall === 'middle' ? Math.max(1, Math.floor(frames.length / 2)) : frames.length
  let pieces: Bytes[] = frames.slice(0, stop).map((frame, at) => {
    const unclosed = fault.unclosed === true && at === frames.length - 1
    const text = wire.framing === 'sse' ? sse(wire, frame, unclosed) : `${written(frame)}${unclosed ? '' : '\n'}`
    if (wire.framing === 'eventstream') return messageBytes(frame)
    return encoder.encode((fault.pings ? awake(wire) + text : text).replaceAll('\n', newline))
  })
  if (fault.bom) pieces.unshift(new Uint8Array([0xef, 0xbb, 0xbf]))
  if (fault.bytes) pieces = cut(pieces, fault.bytes)
  return { pieces, end: fault.stall === 'middle' ? 'stall' : fault.cut === 'broken' ? 'break' : 'close' }
}

const written = ({ data }: Frame): string => (typeof data === 'string' ? data : JSON.stringify(data))

function sse(wire: WireServer, frame: Frame, unclosed: boolean): string {
  const name = frame.event === undefined ? '' : `event: ${frame.event}\n`
  return `${name}data:${wire.tight ? '' : ' '}${written(frame)}${unclosed ? '' : '\n\n'}`
}

/** Comments, fields of SSE that mean nothing here, and the wire's own ping. */
function awake(wire: WireServer): string {
  const own = wire.ping ? (wire.framing === 'sse' ? sse(wire, wire.ping, false) : `${written(wire.ping)}\n`) : ''
  return wire.framing === 'sse' ? `: keep-alive\n\n:\nretry: 3000\nid: 7\n\n${own}` : `\n${own}`
}

/** The same bytes in pieces of a size, at most: characters, lines and events are cut through. */
function cut(pieces: readonly Bytes[], size: number): Bytes[] {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.subarray(n * size, (n + 1) * size))
}
