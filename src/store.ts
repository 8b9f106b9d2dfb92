/** A small key-value store, for what is not a journal: session lists, idempotency keys, tickets. Values are JSON. */
export interface Store {
  get(key: string): Promise<unknown>
  /** `ttl` in ms. */
  set(key: string, value: unknown, options?: { ttl?: number }): Promise<void>
  delete(key: string): Promise<void>
  list(prefix: string, options?: { cursor?: string; limit?: number }): Promise<{ keys: string[]; next?: string }>
  /**
   * Sets the value only where the present one equals `expected` (`undefined`: only where there is none) and says whether it did.
   * Absent where the store cannot: leases and single-use things then refuse to use it (`store/unsupported`).
   */
  compareAndSet?(key: string, expected: unknown, value: unknown, options?: { ttl?: number }): Promise<boolean>
}

/** A store in memory, bounded to `max` keys (the oldest go first). */
export function memoryStore({ max = 100_000, now = Date.now }: { max?: number; now?: () => number } = {}): Store {
  const map = new Map<string, { json: string; until: number }>()
  const live = (key: string): string | undefined => {
    const entry = map.get(key)
    if (entry && entry.until <= now()) map.delete(key)
    return entry && entry.until > now() ? entry.json : undefined
  }
  const put = (key: string, value: unknown, ttl = Infinity): void => {
    map.delete(key)
    map.set(key, { json: JSON.stringify(value), until: now() + ttl })
    if (map.size > max) map.delete(map.keys().next().value as string)
  }
  return {
    async get(key) {
      const json = live(key)
      return json === undefined ? undefined : JSON.parse(json)
    },
    async set(key, value, options) {
      put(key, value, options?.ttl)
    },
    async delete(key) {
      map.delete(key)
    },
    async list(prefix, { cursor = '', limit = 100 } = {}) {
      const keys = [...map.keys()].filter((key) => key.startsWith(prefix) && key > cursor && live(key) !== undefined).sort()
      const page = keys.slice(0, limit)
      return keys.length > limit ? { keys: page, next: page.at(-1)! } : { keys: page }
    },
    async compareAndSet(key, expected, value, options) {
      if (live(key) !== (expected === undefined ? undefined : JSON.stringify(expected))) return false
      put(key, value, options?.ttl)
      return true
    },
  }
}
