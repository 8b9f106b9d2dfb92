import type { DurableObjectStorage } from '@cloudflare/workers-types'
import type { Store } from '../../src/index.ts'

/** A `Store` in a Durable Object's SQLite, with compare-and-set. Expired keys are removed when they are met. */
export function sqliteStore(storage: DurableObjectStorage): Store {
  const { sql } = storage
  sql.exec('CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID')
  const live = (key: string): string | undefined => {
    const [row] = sql.exec('SELECT value, until FROM kv WHERE key = ?', key)
    if (!row) return undefined
    if ((row.until as number) > Date.now()) return row.value as string
    sql.exec('DELETE FROM kv WHERE key = ?', key)
    return undefined
  }
  const put = (key: string, json: string, ttl?: number): void => {
    const until = ttl === undefined ? Number.MAX_SAFE_INTEGER : Date.now() + ttl
    sql.exec(
      'INSERT INTO kv (key, value, until) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, until = excluded.until',
      key,
      json,
      until,
    )
  }
  return {
    async get(key) {
      const json = live(key)
      return json === undefined ? undefined : JSON.parse(json)
    },
    async set(key, value, options) {
      put(key, JSON.stringify(value), options?.ttl)
    },
    async delete(key) {
      sql.exec('DELETE FROM kv WHERE key = ?', key)
    },
    async list(prefix, { cursor = '', limit = 100 } = {}) {
      const after = cursor > prefix ? cursor : prefix
      const rows = [
        ...sql.exec(
          'SELECT key FROM kv WHERE key > ? AND substr(key, 1, ?) = ? AND until > ? ORDER BY key LIMIT ?',
          after,
          prefix.length,
          prefix,
          Date.now(),
          limit + 1,
        ),
      ]
      const keys = rows.slice(0, limit).map(({ key }) => key as string)
      return rows.length > limit ? { keys, next: keys.at(-1)! } : { keys }
    },
    async compareAndSet(key, expected, value, options) {
      const [then, now] = [expected === undefined ? undefined : JSON.stringify(expected), JSON.stringify(value)]
      return storage.transactionSync(() => {
        if (live(key) !== then) return false
        put(key, now, options?.ttl)
        return true
      })
    },
  }
}
