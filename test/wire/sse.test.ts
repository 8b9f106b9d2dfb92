import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventReader, type SseEvent } from '../../src/event-reader.ts'

/** What our reader makes of pieces of text. */
function ours(pieces: readonly string[], stray?: (line: string) => void): SseEvent[] {
  const events: SseEvent[] = []
  const reader = new EventReader(stray)
  for (const piece of pieces) reader.feed(piece, events)
  return events
}

function theirs(pieces: readonly string[]): SseEvent[] {
  const events: SseEvent[] = []
  const parser = createParser({ onEvent: ({ event, data }) => events.push({ event, data }) })
  for (const piece of pieces) parser.feed(piece)
  return events
}

test('any text, cut anywhere, gives the events that the parser of the field gives', () => {
  const line = fc.constantFrom(
    'data: a',
    'data:b',
    'data',
    'data:  c',
    'event: e',
    'event:',
    'event',
    'id: 1',
    'retry: 5',
    ': comment',
    ':',
    'odd',
    '{"a":1}',
    ' data: x',
  )
  const end = fc.constantFrom('\n', '\r\n', '\r', '\n\n', '\r\n\r\n', '\r\r')
  const text = fc.array(fc.tuple(fc.oneof(line, fc.string({ maxLength: 8 })), end)).map((lines) => lines.flat().join(''))
  fc.assert(
    fc.property(text, fc.array(fc.nat({ max: 7 }), { minLength: 1 }), (whole, sizes) => {
      const pieces: string[] = []
      for (let at = 0, turn = 0; at < whole.length; turn++) {
        const size = sizes[turn % sizes.length]! + (turn % sizes.length === 0 ? 1 : 0)
        pieces.push(whole.slice(at, (at += size)))
      }
      expect(ours(pieces)).toEqual(theirs(pieces))
      expect(ours([whole])).toEqual(theirs([whole]))
    }),
    { numRuns: 500 },
  )
})

test('a line that is no field of an event is told of; one that is, is not', () => {
  const lines: string[] = []
  ours(['data: a\nid: 1\nretry: 2\n: c\n{"error"', ': 1}\nodd\n\n'], (line) => lines.push(line))
  expect(lines).toEqual(['{"error": 1}', 'odd'])
})

test('an event of more than 32 MB is refused while it grows; many small ones of more in one piece are not', () => {
  const reader = new EventReader()
  const piece = 'x'.repeat(1_000_000)
  reader.feed('data: ', [])
  for (let at = 0; at < 31; at++) reader.feed(piece, [])
  expect(() => [reader.feed(piece, []), reader.feed(piece, [])]).toThrow(RangeError)
  const many = new EventReader()
  for (let at = 0; at < 31; at++) many.feed(`data: ${piece}\n`, [])
  expect(() => [many.feed(`data: ${piece}\n`, []), many.feed(`data: ${piece}\n`, [])]).toThrow(RangeError)
  expect(ours([`data: ${piece}\n\n`.repeat(34)])).toHaveLength(34)
})

test('a long event in small pieces, and millions of short lines, cost no more than their length', () => {
  const started = performance.now()
  expect(ours(['data: ', ...Array.from({ length: 500_000 }, () => 'xxxxxxxxxxxxxxxx'), '\n\n'])[0]!.data).toHaveLength(8_000_000)
  expect(ours(['x\n'.repeat(2_000_000), 'data: a\n\n'])).toHaveLength(1)
  expect(performance.now() - started).toBeLessThan(5000)
})
