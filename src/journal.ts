import { KitError } from './errors.ts'
import { isDelta, type Stored } from './event.ts'

/** The state of a journal's end. */
export interface Head {
  /** Seq of the last stored event; 0 for none. */
  seq: number
  /** No writer may use a seq up to here again: some were shown without being stored. */
  reserved: number
  writer: string
}

export interface AppendOptions {
  /** The seq of the last stored event as the writer knows it: another is a `journal/conflict`. */
  expect: number
  /** Who writes: the same writer's same events again succeed without effect. */
  writer: string
  /** The writer will show no seq above this one before it has raised it; absent: none beyond these events. */
  reserve?: number
}

/**
 * One append-only list of events per key: the only place where a session is kept.
 * Errors: `journal/conflict` (someone else wrote), `session/erased` (the key was erased), `journal/format`.
 */
export interface Journal {
  /** Stores events whose seqs rise and lie above the head; all of them or none. */
  append(key: string, events: readonly Stored[], options: AppendOptions): Promise<void>
  head(key: string): Promise<Head | undefined>
  /** At most `limit` (default 1,000) events after `after` (default 0); `reverse` gives the newest first, then all before `after`. */
  read(key: string, options?: { after?: number; limit?: number; reverse?: boolean }): Promise<Stored[]>
  /** Drops the deltas up to and with seq `upto`: the `message` events that replace them must be stored. */
  fold(key: string, upto: number): Promise<void>
  /** Forgets everything and refuses late appends to the key. */
  erase(key: string): Promise<void>
}

/** An event as its text: cheaper than a copy, and nothing can change it. */
interface Line {
  seq: number
  delta: boolean
  json: string
}

interface Shelf {
  lines: Line[]
  head: Head
}

/** A journal in memory: for tests, development, and runs whose sessions may die with the process. */
export function memoryJournal(): Journal {
  const shelves = new Map<string, Shelf>()
  const erased = new Set<string>()
  return {
    async append(key, events, { expect, writer, reserve = 0 }) {
      if (erased.has(key)) throw new KitError('session/erased', 'this session was erased')
      const shelf = shelves.get(key) ?? { lines: [], head: { seq: 0, reserved: 0, writer } }
      const last = events.at(-1)?.seq ?? expect
      if (shelf.head.seq !== expect) {
        if (shelf.head.seq === last && shelf.head.writer === writer) return
        throw new KitError('journal/conflict', 'another writer has written to this session', { retryable: true })
      }
      for (const event of events) shelf.lines.push({ seq: event.seq, delta: isDelta(event), json: JSON.stringify(event) })
      shelf.head = { seq: last, reserved: Math.max(reserve, last), writer }
      shelves.set(key, shelf)
    },
    async head(key) {
      if (erased.has(key)) throw new KitError('session/erased', 'this session was erased')
      const head = shelves.get(key)?.head
      return head && { ...head }
    },
    async read(key, { after, limit = 1000, reverse = false } = {}) {
      const lines = shelves.get(key)?.lines ?? []
      const found = reverse
        ? lines
            .filter(({ seq }) => seq < (after ?? Infinity))
            .slice(-limit)
            .reverse()
        : lines.slice(firstAfter(lines, after ?? 0)).slice(0, limit)
      return found.map(({ json }) => JSON.parse(json) as Stored)
    },
    async fold(key, upto) {
      const shelf = shelves.get(key)
      if (shelf) shelf.lines = shelf.lines.filter(({ seq, delta }) => seq > upto || !delta)
    },
    async erase(key) {
      shelves.delete(key)
      erased.add(key)
    },
  }
}

/** The index of the first event with a seq above `after`, by bisection. */
export function firstAfter(events: readonly { seq: number }[], after: number): number {
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (events[middle]!.seq <= after) low = middle + 1
    else high = middle
  }
  return low
}
