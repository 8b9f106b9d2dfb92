import type { DurableObjectStorage, SqlStorage } from '@cloudflare/workers-types'
import { type Head, isDelta, type Journal, KitError, type Stored } from '../../src/index.ts'

/** The version of the tables below; a public contract: a later one opens the earlier ones. */
export const journalFormat = 1

/** A new row begins when this many characters are in one: rewriting a longer one at each append would cost more than it saves. */
const rollover = 256 * 1024

/**
 * A journal in a Durable Object's SQLite: batches of events appended to rollover rows, since a row a token would cost ten
 * times as much. The object holds one session, so `key` is not used. Every append is one synchronous critical section.
 * Errors: `journal/conflict`, `session/erased`, `journal/format` (the object was written by a newer version).
 */
export function sqliteJournal(storage: DurableObjectStorage): Journal {
  const { sql } = storage
  const meta = open(sql)
  let rows = lastRow(sql)
  const guard = (): void => {
    if (meta.erased) throw new KitError('session/erased', 'this session was erased')
  }
  return {
    async append(_key, events, { expect, writer, reserve = 0 }) {
      guard()
      const last = events.at(-1)?.seq ?? expect
      // serialised before the critical section: toJSON could run code of others
      const text = events.map((event) => JSON.stringify(event)).join('\n')
      storage.transactionSync(() => {
        const head = readHead(sql)
        if ((head?.seq ?? 0) !== expect) {
          if (head?.seq === last && head.writer === writer) return
          throw new KitError('journal/conflict', 'another writer has written to this session', { retryable: true })
        }
        if (text) {
          if (rows && rows.size + text.length <= rollover) {
            sql.exec('UPDATE log SET upto = ?, events = events || ? || ? WHERE first = ?', last, '\n', text, rows.first)
            rows.size += text.length + 1
          } else {
            const first = events[0]!.seq
            sql.exec('INSERT INTO log (first, upto, events) VALUES (?, ?, ?)', first, last, text)
            rows = { first, size: text.length }
          }
        }
        put(sql, 'head', JSON.stringify({ seq: last, reserved: Math.max(reserve, last), writer } satisfies Head))
      })
    },
    async head() {
      guard()
      return readHead(sql)
    },
    async read(_key, { after, limit = 1000, reverse = false } = {}) {
      const found: Stored[] = []
      const cursor = reverse
        ? sql.exec('SELECT events FROM log WHERE first < ? ORDER BY first DESC', after ?? Number.MAX_SAFE_INTEGER)
        : sql.exec('SELECT events FROM log WHERE upto > ? ORDER BY first', after ?? 0)
      for (const { events } of cursor) {
        const page = (events as string).split('\n').map((line) => JSON.parse(line) as Stored)
        if (reverse) page.reverse()
        for (const event of page) {
          if (reverse ? event.seq < (after ?? Infinity) : event.seq > (after ?? 0)) found.push(event)
          if (found.length === limit) return found
        }
      }
      return found
    },
    async fold(_key, upto) {
      guard()
      const folded = Number(get(sql, 'folded') ?? 0)
      if (upto <= folded) return
      storage.transactionSync(() => {
        for (const { first, events } of sql.exec('SELECT first, events FROM log WHERE upto > ? AND first <= ?', folded, upto).toArray()) {
          const lines = (events as string).split('\n')
          const left = lines.filter((line) => {
            const event = JSON.parse(line) as Stored
            return event.seq > upto || !isDelta(event)
          })
          if (left.length === lines.length) continue
          if (left.length) sql.exec('UPDATE log SET events = ? WHERE first = ?', left.join('\n'), first)
          else sql.exec('DELETE FROM log WHERE first = ?', first)
        }
        put(sql, 'folded', String(upto))
        rows = lastRow(sql)
      })
    },
    async erase() {
      storage.transactionSync(() => {
        sql.exec('DELETE FROM log')
        sql.exec('DELETE FROM meta')
        put(sql, 'format', String(journalFormat))
        put(sql, 'erased', '1')
        meta.erased = true
        rows = undefined
      })
    },
  }
}

function open(sql: SqlStorage): { erased: boolean } {
  sql.exec('CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID')
  const format = Number(get(sql, 'format') ?? 0)
  if (format > journalFormat) throw new KitError('journal/format', `this session has format ${format}, newer than ${journalFormat}`)
  if (format === 0) {
    sql.exec('CREATE TABLE IF NOT EXISTS log (first INTEGER PRIMARY KEY, upto INTEGER NOT NULL, events TEXT NOT NULL) WITHOUT ROWID')
    put(sql, 'format', String(journalFormat))
  }
  return { erased: get(sql, 'erased') === '1' }
}

function lastRow(sql: SqlStorage): { first: number; size: number } | undefined {
  const [row] = sql.exec('SELECT first, length(events) AS size FROM log ORDER BY first DESC LIMIT 1')
  return row && { first: row.first as number, size: row.size as number }
}

const readHead = (sql: SqlStorage): Head | undefined => {
  const json = get(sql, 'head')
  return json === undefined ? undefined : (JSON.parse(json) as Head)
}

function get(sql: SqlStorage, key: string): string | undefined {
  const [row] = sql.exec('SELECT value FROM meta WHERE key = ?', key)
  return row?.value as string | undefined
}

const put = (sql: SqlStorage, key: string, value: string): void => {
  sql.exec('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value', key, value)
}
