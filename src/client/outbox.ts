import type { Part } from '../message.ts'
import type { SendOptions } from './connect.ts'

/** A message on its way. The id is its idempotency key: sent twice, it arrives once. */
export interface Outgoing extends SendOptions {
  id: string
  input: string | readonly Part[]
}

/** As much of a page's storage as the outbox needs. */
export interface Storage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

export interface Outbox {
  all(): readonly Outgoing[]
  add(message: Outgoing): void
  remove(id: string): void
}

/** Messages that wait for one session, also across a reload and seen by every tab; where storage is full or forbidden, in memory. */
export function outbox(address: string, storage: Storage | null): Outbox {
  const key = `edgeswarm:outbox:${address}`
  /** What this page has sent: another one may write at the same moment, or be the first to hear that it was taken. */
  let own: readonly Outgoing[] = []
  const read = (): readonly Outgoing[] => {
    try {
      const raw: unknown = JSON.parse(storage?.getItem(key) ?? '[]')
      return Array.isArray(raw) ? raw.filter(isOutgoing) : []
    } catch {
      return []
    }
  }
  const keep = (messages: readonly Outgoing[]): void => {
    try {
      if (messages.length) storage?.setItem(key, JSON.stringify(messages))
      else storage?.removeItem(key)
    } catch {
      // full, or forbidden: this page has its own
    }
  }
  return {
    all: () => [...read().filter(({ id }) => !own.some((mine) => mine.id === id)), ...own],
    add(message) {
      own = [...own, message]
      keep([...read(), message])
    },
    remove(id) {
      own = own.filter((message) => message.id !== id)
      keep(read().filter((message) => message.id !== id))
    },
  }
}

/** Anything of the same origin may have written there. */
const isOutgoing = (value: unknown): value is Outgoing => {
  const { id, input } = (value ?? {}) as Partial<Outgoing>
  return typeof id === 'string' && id !== '' && (typeof input === 'string' || Array.isArray(input))
}
