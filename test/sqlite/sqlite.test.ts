// On Node, Deno and Bun alike: what is in the file is what the next process finds.
import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openSqlite } from '../../adapters/node/sqlite.ts'
import { blobsContract, type ContractLine, journalContract, journalKeysContract, storeContract } from '../../src/testing/index.ts'
import { emptyState, fold, type Journal, type Stored, transcriptOf } from '../../src/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'edgeswarm-sqlite-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
let files = 0
const file = (): string => join(dir, `${++files}.sqlite`)

for (const [port, lines, of] of [
  ['journal', [...journalContract, ...journalKeysContract], ({ journal }) => journal],
  ['store', storeContract, ({ store }) => store],
  ['blobs', blobsContract, ({ blobs }) => blobs('a/1')],
] as const satisfies readonly (readonly [string, readonly ContractLine<never>[], (opened: ReturnType<typeof openSqlite>) => unknown])[])
  describe(`the contract of a ${port}`, () => {
    for (const { name, run } of lines as readonly ContractLine<unknown>[])
      test(name, async () => {
        const opened = openSqlite(':memory:')
        await run(() => of(opened))
        opened.close()
      })
  })

const event = (seq: number, body: object): Stored => ({ seq, at: 1, run: 'r', agent: 'a', ...body }) as Stored
const text = (seq: number, delta = 'x'): Stored => event(seq, { type: 'text', delta })
const seqs = async (journal: Journal, key: string, options?: Parameters<Journal['read']>[1]): Promise<number[]> =>
  (await journal.read(key, options)).map(({ seq }) => seq)

describe('a journal in a file', () => {
  test('is there for the next process, each key for itself', async () => {
    const path = file()
    const first = openSqlite(path)
    await first.journal.append('a/1', [text(1), text(3)], { expect: 0, writer: 'w', reserve: 67 })
    await first.journal.append('a/2', [text(1)], { expect: 0, writer: 'w' })
    await first.store.set('k', { v: 1 })
    first.close()
    const { journal, store, close } = openSqlite(path)
    expect(await journal.head('a/1')).toEqual({ seq: 3, reserved: 67, writer: 'w' })
    expect(await journal.head('a/3')).toBeUndefined()
    expect([await seqs(journal, 'a/1'), await seqs(journal, 'a/2'), await seqs(journal, 'a/3')]).toEqual([[1, 3], [1], []])
    expect(await store.get('k')).toEqual({ v: 1 })
    close()
  })

  test('is read from any seq, either way, over many rows', async () => {
    const { journal, close } = openSqlite(file())
    const long = 'é'.repeat(100_000)
    for (let seq = 1; seq <= 9; seq += 2) await journal.append('k', [text(seq, long), text(seq + 1)], { expect: seq - 1, writer: 'w' })
    expect(await seqs(journal, 'k', { after: 4 })).toEqual([5, 6, 7, 8, 9, 10])
    expect(await seqs(journal, 'k', { after: 4, limit: 2 })).toEqual([5, 6])
    expect(await seqs(journal, 'k', { reverse: true, limit: 3 })).toEqual([10, 9, 8])
    expect(await seqs(journal, 'k', { reverse: true, after: 3 })).toEqual([2, 1])
    close()
  })

  test('keeps no row that an object of Durable Objects could not, and cuts no character', async () => {
    const path = file()
    const { journal, close } = openSqlite(path)
    // every second character is half of a pair: whatever the cut, some text must give way
    for (const [at, head] of ['', '1'].entries())
      await journal.append('k', [text(at + 1, `${head}${'😀'.repeat(700_000)}`)], { expect: at, writer: 'w' })
    for (const [at, event] of (await journal.read('k')).entries())
      expect(event.type === 'text' && event.delta === `${'1'.repeat(at)}${'😀'.repeat(700_000)}`).toBe(true)
    const database = new DatabaseSync(path)
    expect(database.prepare('SELECT max(octet_length(events)) AS most, count(*) AS rows FROM log').get()).toMatchObject({ rows: 6 })
    expect(database.prepare('SELECT max(octet_length(events)) AS most FROM log').get()!.most).toBeLessThan(2_000_000)
    database.close()
    close()
  })

  test('lets one of two processes write, and takes the same events of the same writer twice', async () => {
    const path = file()
    const [one, two] = [openSqlite(path), openSqlite(path)]
    await one.journal.append('k', [text(1)], { expect: 0, writer: 'one' })
    await one.journal.append('k', [text(1)], { expect: 0, writer: 'one' })
    await expect(two.journal.append('k', [text(1)], { expect: 0, writer: 'two' })).rejects.toMatchObject({ code: 'journal/conflict' })
    await two.journal.append('k', [text(2)], { expect: 1, writer: 'two' })
    await expect(one.journal.append('k', [text(2)], { expect: 1, writer: 'one' })).rejects.toMatchObject({ code: 'journal/conflict' })
    expect(await seqs(one.journal, 'k')).toEqual([1, 2])
    one.close()
    two.close()
  })

  test('folds deltas away and keeps what replaces them', async () => {
    const { journal, close } = openSqlite(file())
    const message = { id: 'm', role: 'assistant', parts: [{ type: 'text', text: 'xx' }] }
    await journal.append('k', [text(1), text(2), event(3, { type: 'message', message, replaces: 1 }), text(4)], { expect: 0, writer: 'w' })
    await journal.fold('k', 3)
    await journal.fold('k', 2)
    expect(await seqs(journal, 'k')).toEqual([3, 4])
    await journal.append('k', [text(5)], { expect: 4, writer: 'w' })
    await journal.fold('k', 5)
    expect(await seqs(journal, 'k')).toEqual([3])
    close()
  })

  test('that was erased takes nothing more, also from a process that did not know', async () => {
    const path = file()
    const [one, two] = [openSqlite(path), openSqlite(path)]
    await one.journal.append('k', [text(1)], { expect: 0, writer: 'w' })
    await two.journal.erase('k')
    await expect(one.journal.append('k', [text(2)], { expect: 1, writer: 'w' })).rejects.toMatchObject({ code: 'session/erased' })
    await expect(one.journal.head('k')).rejects.toMatchObject({ code: 'session/erased' })
    expect(await seqs(one.journal, 'k')).toEqual([])
    one.close()
    two.close()
  })
})

describe('a file of another format', () => {
  /** As version 0.1 wrote it in a Durable Object: one session, without a key. */
  const format1 = (path: string, erased = false): void => {
    const database = new DatabaseSync(path)
    database.exec(`CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE log (first INTEGER PRIMARY KEY, upto INTEGER NOT NULL, events TEXT NOT NULL) WITHOUT ROWID;
      INSERT INTO meta VALUES ('format', '1')`)
    const message = { id: 'm', role: 'user', parts: [{ type: 'text', text: 'hello' }] }
    const events = [event(1, { type: 'start', attempt: 'first' }), event(2, { type: 'message', message })]
    const insert = database.prepare('INSERT INTO log VALUES (?, ?, ?)')
    if (!erased) insert.run(1, 2, events.map((event) => JSON.stringify(event)).join('\n'))
    const put = database.prepare('INSERT INTO meta VALUES (?, ?)')
    if (erased) put.run('erased', '1')
    else {
      put.run('head', JSON.stringify({ seq: 2, reserved: 66, writer: 'old' }))
      put.run('folded', '1')
    }
    database.close()
  }

  test('1 is opened, read, and written on', async () => {
    const path = file()
    format1(path)
    for (let times = 0; times < 2; times++) {
      const { journal, close } = openSqlite(path)
      expect(await journal.head('')).toEqual({ seq: 2 + times, reserved: times ? 3 : 66, writer: times ? 'new' : 'old' })
      const state = emptyState()
      for (const stored of await journal.read('')) fold(state, stored)
      expect(transcriptOf(state)).toMatchObject([{ role: 'user', parts: [{ text: 'hello' }] }])
      await journal.append('', [text(3 + times)], { expect: 2 + times, writer: 'new' })
      close()
    }
  })

  test('1 that was erased stays erased', async () => {
    const path = file()
    format1(path, true)
    const { journal, close } = openSqlite(path)
    await expect(journal.append('', [text(1)], { expect: 0, writer: 'new' })).rejects.toMatchObject({ code: 'session/erased' })
    close()
  })

  test('newer than this code is refused, and left as it is', () => {
    const path = file()
    openSqlite(path).close()
    const database = new DatabaseSync(path)
    database.exec("UPDATE meta SET value = '99' WHERE key = 'format'")
    database.close()
    expect(() => openSqlite(path)).toThrow(expect.objectContaining({ code: 'journal/format' }))
    const after = new DatabaseSync(path)
    expect(after.prepare("SELECT value FROM meta WHERE key = 'format'").get()).toEqual({ value: '99' })
    after.close()
  })
})

describe('a store in a file', () => {
  test('forgets in time, lists in pages, and sets once', async () => {
    const path = file()
    const { store, close } = openSqlite(path)
    await store.set('gone', 1, { ttl: -1 })
    await store.set('a/1', 1)
    await store.set('a/2', 2, { ttl: 60_000 })
    await store.set('a', 'not one of them')
    await store.set('ä/3', 3)
    expect([await store.get('gone'), await store.get('a/2')]).toEqual([undefined, 2])
    expect(await store.list('a/', { limit: 1 })).toEqual({ keys: ['a/1'], next: 'a/1' })
    expect(await store.list('a/', { cursor: 'a/1' })).toEqual({ keys: ['a/2'] })
    expect(await store.list('ä/')).toEqual({ keys: ['ä/3'] })
    expect(await store.list('a')).toEqual({ keys: ['a', 'a/1', 'a/2'] })
    expect(await store.compareAndSet!('once', undefined, { n: 1 })).toBe(true)
    expect(await store.compareAndSet!('once', undefined, { n: 2 })).toBe(false)
    expect(await store.compareAndSet!('once', { n: 1 }, { n: 3 })).toBe(true)
    await store.delete('once')
    expect(await store.get('once')).toBeUndefined()
    close()
  })

  test('does not keep what nobody asks for again', async () => {
    const path = file()
    const { store, close } = openSqlite(path)
    for (let n = 0; n < 150; n++) await store.set(`old/${n}`, n, { ttl: -1 })
    await store.set('new', 1)
    const database = new DatabaseSync(path)
    const count = database.prepare('SELECT count(*) AS n FROM kv').get()
    database.close()
    expect(count!.n).toBeLessThanOrEqual(100)
    expect(await store.get('new')).toBe(1)
    close()
  })
})
