import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Blobs, Journal, Store } from '../../src/index.ts'
import { type Sql, sqliteBlobs, sqliteJournal, sqliteStore } from '../../src/sqlite/index.ts'

/** Ms that one process waits while another one writes. */
const patience = 5000

/**
 * A `Journal`, a `Store` and `Blobs` in one SQLite file, for sessions that must survive their process: on Node (22.13 or newer),
 * Deno and Bun, which all have `node:sqlite`. Processes may share the file. An append that has returned survives loss of power.
 * Errors: `journal/format` where the file was written by a newer version of the kit.
 * @example const { journal, store, blobs } = openSqlite('sessions.sqlite'); app({ …, store, host: localHost({ journal, store, blobs }) })
 */
export function openSqlite(path: string): { journal: Journal; store: Store; blobs: (session: string) => Blobs; close(): void } {
  const database = new DatabaseSync(path)
  for (const pragma of [`busy_timeout = ${patience}`, 'journal_mode = WAL', 'synchronous = FULL']) database.exec(`PRAGMA ${pragma}`)
  const sql = sqlOf(database)
  return {
    journal: sqliteJournal(sql),
    store: sqliteStore(sql),
    blobs: (session) => sqliteBlobs(sql, session),
    close: () => database.close(),
  }
}

function sqlOf(database: DatabaseSync): Sql {
  // the kit's statements are a dozen constants
  const prepared = new Map<string, StatementSync>()
  const prepare = (statement: string): StatementSync => {
    const ready = prepared.get(statement) ?? database.prepare(statement)
    prepared.set(statement, ready)
    return ready
  }
  return {
    run: (statement, ...values) => void prepare(statement).run(...values),
    rows: (statement, ...values) => prepare(statement).iterate(...values) as Iterable<Record<string, unknown>>,
    transaction(work) {
      // IMMEDIATE: two processes that both read first could not both become writers
      database.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        database.exec('COMMIT')
        return result
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK')
        throw error
      }
    },
  }
}
