import type { DurableObjectStorage } from '@cloudflare/workers-types'
import type { Blobs, Journal, Store } from '../../src/index.ts'
import { type Sql, sqliteBlobs as blobs, sqliteJournal as journal, sqliteStore as store } from '../../src/sqlite/index.ts'

/** The journal of one session in its Durable Object: the object holds no other, so `key` is not used. */
export const sqliteJournal = (storage: DurableObjectStorage): Journal => journal(sqlOf(storage), { single: true })

/** A `Store` in a Durable Object. */
export const sqliteStore = (storage: DurableObjectStorage): Store => store(sqlOf(storage))

/** `Blobs` in a Durable Object: media of its one session, gone with it. */
export const sqliteBlobs = (storage: DurableObjectStorage): Blobs => blobs(sqlOf(storage))

const sqlOf = (storage: DurableObjectStorage): Sql => ({
  run: (statement, ...values) => void storage.sql.exec(statement, ...values),
  *rows(statement, ...values) {
    for (const row of storage.sql.exec(statement, ...values)) {
      for (const column in row) if (row[column] instanceof ArrayBuffer) row[column] = new Uint8Array(row[column]) as never
      yield row
    }
  },
  transaction: (work) => storage.transactionSync(work),
})
