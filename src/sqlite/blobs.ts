import { type Blobs, sha256 } from '../index.ts'
import type { Sql } from './sql.ts'

/** Bytes of one row: SQLite in a Durable Object takes rows of at most 2 MB. */
const chunk = 1_000_000

/** `Blobs` in SQLite, in rows of 1 MB. `key` names the session whose media they are: the same bytes of another session are another blob. */
export function sqliteBlobs(sql: Sql, key = ''): Blobs {
  sql.run(
    `CREATE TABLE IF NOT EXISTS media (key TEXT NOT NULL, hash TEXT NOT NULL, n INTEGER NOT NULL, mime TEXT, bytes BLOB NOT NULL,
     PRIMARY KEY (key, hash, n)) WITHOUT ROWID`,
  )
  return {
    async put(bytes, { mime } = {}) {
      const hash = await sha256(bytes)
      sql.transaction(() => {
        for (let n = 0; n === 0 || n * chunk < bytes.length; n++) {
          const piece = bytes.slice(n * chunk, (n + 1) * chunk)
          sql.run('INSERT OR IGNORE INTO media (key, hash, n, mime, bytes) VALUES (?, ?, ?, ?, ?)', key, hash, n, mime ?? null, piece)
        }
      })
      return hash
    },
    async get(hash) {
      const rows = [...sql.rows('SELECT mime, bytes FROM media WHERE key = ? AND hash = ? ORDER BY n', key, hash)]
      if (!rows.length) return undefined
      const pieces = rows.map(({ bytes }) => bytes as Uint8Array)
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
      sql.run('DELETE FROM media WHERE key = ? AND hash = ?', key, hash)
    },
  }
}
