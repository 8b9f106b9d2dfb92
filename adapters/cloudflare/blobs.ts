import type { DurableObjectStorage } from '@cloudflare/workers-types'
import { type Blobs, sha256 } from '../../src/index.ts'

/** Bytes of one row: SQLite in an object takes rows of at most 2 MB. */
const chunk = 1_000_000

/** `Blobs` in a Durable Object's SQLite, in rows of 1 MB: media of one session, gone with it. */
export function sqliteBlobs(storage: DurableObjectStorage): Blobs {
  const { sql } = storage
  sql.exec('CREATE TABLE IF NOT EXISTS blobs (hash TEXT, n INTEGER, mime TEXT, bytes BLOB NOT NULL, PRIMARY KEY (hash, n)) WITHOUT ROWID')
  return {
    async put(bytes, { mime } = {}) {
      const hash = await sha256(bytes)
      storage.transactionSync(() => {
        for (let n = 0; n === 0 || n * chunk < bytes.length; n++)
          sql.exec(
            'INSERT OR IGNORE INTO blobs (hash, n, mime, bytes) VALUES (?, ?, ?, ?)',
            hash,
            n,
            mime ?? null,
            bytes.slice(n * chunk, (n + 1) * chunk).buffer,
          )
      })
      return hash
    },
    async get(hash) {
      const rows = sql.exec('SELECT mime, bytes FROM blobs WHERE hash = ? ORDER BY n', hash).toArray()
      if (!rows.length) return undefined
      const pieces = rows.map(({ bytes }) => new Uint8Array(bytes as ArrayBuffer))
      const whole = new Uint8Array(pieces.reduce((size, { length }) => size + length, 0))
      let at = 0
      for (const piece of pieces) {
        whole.set(piece, at)
        at += piece.length
      }
      const mime = rows[0]!.mime as string | null
      return { bytes: whole, ...(mime !== null && { mime }) }
    },
    async delete(hash) {
      sql.exec('DELETE FROM blobs WHERE hash = ?', hash)
    },
  }
}
