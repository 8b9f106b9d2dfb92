import { env } from 'cloudflare:workers'
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import { type SessionBindings, sqliteBlobs, sqliteJournal, sqliteStore } from '../../adapters/cloudflare/index.ts'
import { blobsContract, type ContractLine, journalContract, storeContract } from '../../src/testing/index.ts'

const { SESSIONS } = env as unknown as SessionBindings
const inObject = <T>(name: string, work: (storage: Parameters<typeof sqliteJournal>[0]) => Promise<T>): Promise<T> =>
  runInDurableObject(SESSIONS.getByName(name) as never, (_, { storage }) => work(storage as never))

for (const [port, lines, of] of [
  ['journal', journalContract, sqliteJournal],
  ['store', storeContract, sqliteStore],
  ['blobs', blobsContract, sqliteBlobs],
] as const satisfies readonly (readonly [string, readonly ContractLine<never>[], (storage: never) => unknown])[])
  describe(`the contract of a ${port}`, () => {
    for (const { name, run } of lines as readonly ContractLine<unknown>[])
      test(name, () => inObject(`${port} ${name}`, (storage) => run(() => of(storage))))
  })

test('media of more than one row comes back whole', async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(60_000))
  const many = new Uint8Array(2_500_000).map((_, at) => bytes[at % bytes.length]!)
  await inObject('media', async (storage) => {
    const blobs = sqliteBlobs(storage)
    const hash = await blobs.put(many, { mime: 'image/png' })
    expect(await blobs.put(many)).toBe(hash)
    const found = await blobs.get(hash)
    expect(found!.mime).toBe('image/png')
    expect(found!.bytes.length).toBe(many.length)
    expect(found!.bytes.every((byte, at) => byte === many[at])).toBe(true)
    await blobs.delete(hash)
    expect(await blobs.get(hash)).toBeUndefined()
  })
})

test('an object of journal format 1 is opened and written on', async () => {
  const line = JSON.stringify({ type: 'text', delta: 'x', seq: 1, at: 1, run: 'r', agent: 'a' })
  await inObject('old', async ({ sql }) => {
    sql.exec('DROP TABLE IF EXISTS log; DROP TABLE IF EXISTS meta; DROP TABLE IF EXISTS head')
    sql.exec('CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID')
    sql.exec('CREATE TABLE log (first INTEGER PRIMARY KEY, upto INTEGER NOT NULL, events TEXT NOT NULL) WITHOUT ROWID')
    sql.exec("INSERT INTO meta VALUES ('format', '1'), ('head', ?)", JSON.stringify({ seq: 1, reserved: 65, writer: 'old' }))
    sql.exec('INSERT INTO log VALUES (1, 1, ?)', line)
  })
  await evictDurableObject(SESSIONS.getByName('old') as never)
  await inObject('old', async (storage) => {
    const journal = sqliteJournal(storage)
    expect(await journal.head('helper/old')).toEqual({ seq: 1, reserved: 65, writer: 'old' })
    await journal.append('helper/old', [{ ...JSON.parse(line), seq: 2 }], { expect: 1, writer: 'new' })
    expect((await journal.read('helper/old')).map(({ seq }) => seq)).toEqual([1, 2])
  })
})
