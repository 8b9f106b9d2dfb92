export { sqliteBlobs } from './blobs.ts'
export { journalFormat, sqliteJournal, type SqliteJournalOptions } from './journal.ts'
export type { Sql, SqlValue } from './sql.ts'
export { sqliteStore } from './store.ts'
