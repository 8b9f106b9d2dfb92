/** What goes into a column; bytes come out as a `Uint8Array`. */
export type SqlValue = string | number | null | Uint8Array<ArrayBuffer>

/** SQLite as the kit needs it: three synchronous functions over whatever driver the platform has. */
export interface Sql {
  /** Runs one statement that gives nothing. */
  run(statement: string, ...values: readonly SqlValue[]): void
  /** The rows of one statement, read as they are asked for. */
  rows(statement: string, ...values: readonly SqlValue[]): Iterable<Readonly<Record<string, unknown>>>
  /** All that `work` writes or none of it; what it throws is thrown. `work` is synchronous and never nested. */
  transaction<T>(work: () => T): T
}

/** The only row there is, or none. */
export function one(sql: Sql, statement: string, ...values: readonly SqlValue[]): Readonly<Record<string, unknown>> | undefined {
  for (const row of sql.rows(statement, ...values)) return row
  return undefined
}
