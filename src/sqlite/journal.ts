import { type Head, isDelta, type Journal, KitError, type Stored } from '../index.ts'
import { one, type Sql } from './sql.ts'

/** The version of the tables below; a public contract: a later one opens the earlier ones. */
export const journalFormat = 2

export interface SqliteJournalOptions {
  /** The database holds one session, whatever its key. */
  single?: boolean
}

/** A new row begins when this many characters are in one: rewriting a longer one at each append would cost more than it saves. */
const rollover = 256 * 1024

/** Characters of one row, at most 3 bytes each: SQLite in a Durable Object takes rows of at most 2 MB. A longer text is cut into several. */
const piece = 600_000

/**
 * A journal in SQLite: batches of events appended to rollover rows, since a row a token would cost ten times as much.
 * Every append is one transaction, in which the head is compared: writers in other processes are fenced too.
 * Errors: `journal/conflict`, `session/erased`, `journal/format` (the database was written by a newer version; thrown at once).
 */
export function sqliteJournal(sql: Sql, { single = false }: SqliteJournalOptions = {}): Journal {
  migrate(sql)
  const named = (key: string): string => (single ? '' : key)
  return {
    async append(key, events, { expect, writer, reserve = 0 }) {
      const name = named(key)
      const last = events.at(-1)?.seq ?? expect
      // serialised before the critical section: toJSON could run code of others
      const text = events.map((event) => JSON.stringify(event)).join('\n')
      sql.transaction(() => {
        const head = headOf(sql, name)
        if ((head?.seq ?? 0) !== expect) {
          if (head?.seq === last && head.writer === writer) return
          throw new KitError('journal/conflict', 'another writer has written to this session', { retryable: true })
        }
        if (text) write(sql, name, events[0]!.seq, last, text)
        sql.run(
          `INSERT INTO head (key, seq, reserved, writer) VALUES (?, ?, ?, ?)
           ON CONFLICT (key) DO UPDATE SET seq = excluded.seq, reserved = excluded.reserved, writer = excluded.writer`,
          name,
          last,
          Math.max(reserve, last),
          writer,
        )
      })
    },
    async head(key) {
      const head = headOf(sql, named(key))
      return head && { seq: head.seq, reserved: head.reserved, writer: head.writer }
    },
    async read(key, { after, limit = 1000, reverse = false } = {}) {
      const found: Stored[] = []
      const rows = reverse
        ? sql.rows(`${select} AND first < ? ORDER BY first DESC, n`, named(key), after ?? Number.MAX_SAFE_INTEGER)
        : sql.rows(`${select} AND upto > ? ORDER BY first, n`, named(key), after ?? 0)
      for (const { text } of whole(rows)) {
        const page = text.split('\n').map((line) => JSON.parse(line) as Stored)
        if (reverse) page.reverse()
        for (const event of page) {
          if (reverse ? event.seq >= (after ?? Infinity) : event.seq <= (after ?? 0)) continue
          if (found.length === limit) return found
          found.push(event)
        }
      }
      return found
    },
    async fold(key, upto) {
      const name = named(key)
      sql.transaction(() => {
        const folded = headOf(sql, name)?.folded ?? 0
        if (upto <= folded) return
        // all read before the first is changed
        const rows = [...whole(sql.rows(`${select} AND upto > ? AND first <= ? ORDER BY first, n`, name, folded, upto))]
        for (const { first, upto: last, text } of rows) {
          const lines = text.split('\n')
          const left = lines.filter((line) => {
            const event = JSON.parse(line) as Stored
            return event.seq > upto || !isDelta(event)
          })
          if (left.length === lines.length) continue
          sql.run('DELETE FROM log WHERE key = ? AND first = ?', name, first)
          if (left.length) insert(sql, name, first, last, left.join('\n'))
        }
        sql.run('UPDATE head SET folded = ? WHERE key = ?', upto, name)
      })
    },
    async erase(key) {
      const name = named(key)
      sql.transaction(() => {
        sql.run('DELETE FROM log WHERE key = ?', name)
        // a tombstone: late appends must meet it
        sql.run("INSERT OR REPLACE INTO head (key, seq, reserved, writer, erased) VALUES (?, 0, 0, '', 1)", name)
      })
    },
  }
}

function write(sql: Sql, key: string, first: number, upto: number, text: string): void {
  const row = one(sql, 'SELECT first, size FROM log WHERE key = ? ORDER BY first DESC LIMIT 1', key)
  const size = (row?.size as number) + 1 + text.length
  if (!row || size > rollover) return insert(sql, key, first, upto, text)
  const append = 'UPDATE log SET upto = ?, size = ?, events = events || ? || ? WHERE key = ? AND first = ?'
  sql.run(append, upto, size, '\n', text, key, row.first as number)
}

/** A row, in as many pieces as it needs; each tells the size of all. */
function insert(sql: Sql, key: string, first: number, upto: number, text: string): void {
  for (let n = 0, from = 0; from < text.length; n++) {
    let to = from + piece
    // never through the middle of a character
    if (isHighSurrogate(text.charCodeAt(to - 1))) to--
    const values = [key, first, n, upto, text.length, text.slice(from, to)]
    sql.run('INSERT INTO log (key, first, n, upto, size, events) VALUES (?, ?, ?, ?, ?, ?)', ...values)
    from = to
  }
}

const select = 'SELECT first, upto, events FROM log WHERE key = ?'

/** Rows put together from their pieces, which follow one another. */
function* whole(rows: ReturnType<Sql['rows']>): Generator<{ first: number; upto: number; text: string }> {
  let row: { first: number; upto: number; text: string } | undefined
  for (const { first, upto, events } of rows) {
    if (row && row.first === first) row.text += events as string
    else {
      if (row) yield row
      row = { first: first as number, upto: upto as number, text: events as string }
    }
  }
  if (row) yield row
}

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff

/** Throws `session/erased`. */
function headOf(sql: Sql, key: string): (Head & { folded: number }) | undefined {
  const row = one(sql, 'SELECT seq, reserved, writer, folded, erased FROM head WHERE key = ?', key)
  if (row?.erased) throw new KitError('session/erased', 'this session was erased')
  return row as unknown as (Head & { folded: number }) | undefined
}

/** Makes the tables, or brings those of an earlier format to this one. */
function migrate(sql: Sql): void {
  sql.transaction(() => {
    sql.run('CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID')
    const format = Number(meta(sql, 'format') ?? 0)
    if (format > journalFormat) throw new KitError('journal/format', `this journal has format ${format}, newer than ${journalFormat}`)
    if (format === journalFormat) return
    if (format === 1) sql.run('ALTER TABLE log RENAME TO log1')
    sql.run(
      `CREATE TABLE log (key TEXT NOT NULL, first INTEGER NOT NULL, n INTEGER NOT NULL, upto INTEGER NOT NULL, size INTEGER NOT NULL,
       events TEXT NOT NULL, PRIMARY KEY (key, first, n)) WITHOUT ROWID`,
    )
    sql.run(
      `CREATE TABLE head (key TEXT PRIMARY KEY, seq INTEGER NOT NULL, reserved INTEGER NOT NULL, writer TEXT NOT NULL,
       folded INTEGER NOT NULL DEFAULT 0, erased INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID`,
    )
    if (format === 1) fromFormat1(sql)
    sql.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', 'format', String(journalFormat))
  })
}

/** Format 1 held one session, without a key, and its head as JSON in `meta`. */
function fromFormat1(sql: Sql): void {
  sql.run("INSERT INTO log (key, first, n, upto, size, events) SELECT '', first, 0, upto, length(events), events FROM log1")
  sql.run('DROP TABLE log1')
  const erased = meta(sql, 'erased') === '1'
  const json = meta(sql, 'head')
  if (erased || json !== undefined) {
    const { seq, reserved, writer } = json === undefined ? { seq: 0, reserved: 0, writer: '' } : (JSON.parse(json) as Head)
    const values = [seq, reserved, writer, Number(meta(sql, 'folded') ?? 0), Number(erased)]
    sql.run("INSERT INTO head (key, seq, reserved, writer, folded, erased) VALUES ('', ?, ?, ?, ?, ?)", ...values)
  }
  sql.run("DELETE FROM meta WHERE key IN ('head', 'folded', 'erased')")
}

const meta = (sql: Sql, key: string): string | undefined =>
  one(sql, 'SELECT value FROM meta WHERE key = ?', key)?.value as string | undefined
