import type { Store } from '../index.ts'
import { one, type Sql } from './sql.ts'

/** Writes after which what has expired is swept: most such keys are never asked for again. */
const sweepEvery = 100

/** A `Store` in SQLite, with compare-and-set. */
export function sqliteStore(sql: Sql): Store {
  sql.run('CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID')
  let writes = 0
  const live = (key: string): string | undefined =>
    one(sql, 'SELECT value FROM kv WHERE key = ? AND until > ?', key, Date.now())?.value as string | undefined
  const put = (key: string, json: string, ttl?: number): void => {
    const until = ttl === undefined ? Number.MAX_SAFE_INTEGER : Math.ceil(Date.now() + ttl)
    sql.run('INSERT OR REPLACE INTO kv (key, value, until) VALUES (?, ?, ?)', key, json, until)
    if (++writes % sweepEvery === 0) sql.run('DELETE FROM kv WHERE until <= ?', Date.now())
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
      sql.run('DELETE FROM kv WHERE key = ?', key)
    },
    async list(prefix, { cursor = '', limit = 100 } = {}) {
      const rows = [
        ...sql.rows(
          'SELECT key FROM kv WHERE key >= ? AND key > ? AND substr(key, 1, length(?)) = ? AND until > ? ORDER BY key LIMIT ?',
          prefix,
          cursor,
          prefix,
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
      return sql.transaction(() => {
        if (live(key) !== then) return false
        put(key, now, options?.ttl)
        return true
      })
    },
  }
}
