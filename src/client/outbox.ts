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
  let memory: readonly Outgoing[] = []
  const all = (): readonly Outgoing[] => {
    const kept = read()
    return [...kept, ...memory.filter(({ id }) => !kept.some((other) => other.id === id))]
  }
  const read = (): readonly Outgoing[] => {
    try {
      const raw: unknown = JSON.parse(storage?.getItem(key) ?? '[]')
      return Array.isArray(raw) ? (raw as Outgoing[]) : []
    } catch {
      return []
    }
  }
  const keep = (messages: readonly Outgoing[]): void => {
    try {
      if (!storage) memory = messages
      else if (messages.length) storage.setItem(key, JSON.stringify(messages))
      else storage.removeItem(key)
    } catch {
      memory = messages
    }
  }
  return {
    all,
    add: (message) => keep([...all(), message]),
    remove(id) {
      memory = memory.filter((message) => message.id !== id)
      keep(all().filter((message) => message.id !== id))
    },
  }
}
