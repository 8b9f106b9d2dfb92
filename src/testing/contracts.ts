import type { Blobs } from '../blobs.ts'
import { KitError } from '../errors.ts'
import type { EventBody, Stored } from '../event.ts'
import type { Journal } from '../journal.ts'
import type { Store } from '../store.ts'
import type { Vectors } from '../vectors.ts'

/**
 * One line of a port's contract, as data: give it to any test runner. `run` gets a way to make a fresh, empty implementation and
 * rejects with what does not hold.
 * @example for (const { name, run } of journalContract) test(name, () => run(() => myJournal()))
 */
export interface ContractLine<Port> {
  name: string
  run(make: () => Port | Promise<Port>): Promise<void>
}

const line = <Port>(name: string, check: (port: Port) => Promise<void>): ContractLine<Port> => ({
  name,
  run: async (make) => check(await make()),
})

/** What every `Journal` does. An implementation that holds one key (an object a session) may ignore the key. */
export const journalContract: readonly ContractLine<Journal>[] = [
  line('an unknown journal has no head and no events', async (journal) => {
    same(await journal.head('k'), undefined, 'head')
    same(await journal.read('k'), [], 'read')
  }),
  line('what was appended is read in order, after a cursor, up to a limit, or backwards', async (journal) => {
    await append(journal, [text(1, 'a'), text(2, 'line\nbreak “ü” 😀 \u2028'), text(5, 'c')], 0)
    same(await seqs(journal), [1, 2, 5], 'all')
    same(await seqs(journal, { after: 2 }), [5], 'after 2')
    same(await seqs(journal, { after: 5 }), [], 'after the head')
    same(await seqs(journal, { limit: 2 }), [1, 2], 'limit')
    same(await seqs(journal, { reverse: true }), [5, 2, 1], 'reverse')
    same(await seqs(journal, { reverse: true, after: 5, limit: 1 }), [2], 'reverse before 5')
    same((await journal.read('k', { after: 1, limit: 1 }))[0], text(2, 'line\nbreak “ü” 😀 \u2028'), 'an event')
  }),
  line('the head tells the last seq, the writer, and what was promised ahead', async (journal) => {
    await append(journal, [text(3)], 0, 'w1', 64)
    same(await journal.head('k'), { seq: 3, reserved: 64, writer: 'w1' }, 'with a promise')
    await append(journal, [text(65)], 3, 'w1')
    same(await journal.head('k'), { seq: 65, reserved: 65, writer: 'w1' }, 'without one')
    await append(journal, [], 65, 'w2', 200)
    same(await journal.head('k'), { seq: 65, reserved: 200, writer: 'w2' }, 'a promise without events')
  }),
  line('a writer that does not know the head is refused, and nothing of its events is kept', async (journal) => {
    await append(journal, [text(1), text(2)], 0)
    await refused(append(journal, [text(2), text(3)], 1, 'late'), 'journal/conflict')
    await refused(append(journal, [text(4)], 9, 'ahead'), 'journal/conflict')
    same(await seqs(journal), [1, 2], 'events')
  }),
  line('the same events of the same writer again have no effect; of another writer they are refused', async (journal) => {
    await append(journal, [text(1), text(2)], 0, 'w1')
    await append(journal, [text(1), text(2)], 0, 'w1')
    same(await seqs(journal), [1, 2], 'events')
    await refused(append(journal, [text(1), text(2)], 0, 'w2'), 'journal/conflict')
  }),
  line('folding drops the deltas up to a seq and nothing else', async (journal) => {
    await append(journal, [text(1), message(2), text(3), text(4)], 0)
    await journal.fold('k', 3)
    same(await seqs(journal), [2, 4], 'events')
    await journal.fold('k', 3)
    same(await seqs(journal), [2, 4], 'folded again')
    same((await journal.head('k'))?.seq, 4, 'head')
    await append(journal, [message(5)], 4)
    await journal.fold('k', 5)
    same(await seqs(journal, { after: 1 }), [2, 5], 'folded further')
    await append(journal, [text(6)], 5)
    same(await seqs(journal), [2, 5, 6], 'appended after a fold')
  }),
  line('an erased journal is empty, and refuses late writers for ever', async (journal) => {
    await append(journal, [text(1)], 0)
    await journal.erase('k')
    same(await journal.read('k').catch(() => []), [], 'read')
    await refused(journal.head('k'), 'session/erased')
    await refused(append(journal, [text(2)], 1), 'session/erased')
    await refused(append(journal, [text(1)], 0, 'new'), 'session/erased')
    await journal.erase('k')
  }),
  line('what is given out is a copy', async (journal) => {
    const event = message(1)
    await append(journal, [event], 0)
    const [read] = await journal.read('k')
    Object.assign(read!, { run: 'changed' })
    Object.assign(event, { run: 'changed' })
    same((await journal.read('k'))[0]!.run, 'r', 'the stored event')
  }),
  line('thousands of events are read page by page', async (journal) => {
    for (let at = 0; at < 2500; at += 100)
      await append(
        journal,
        Array.from({ length: 100 }, (_, n) => text(at + n + 1)),
        at,
      )
    let after = 0
    let count = 0
    for (;;) {
      const page = await journal.read('k', { after })
      count += page.length
      if (page.length < 1000) break
      after = page.at(-1)!.seq
    }
    same(count, 2500, 'events')
  }),
  line('an event of millions of characters is stored whole, among small ones', async (journal) => {
    const huge = 'ü€😀 '.repeat(800_000)
    await append(journal, [text(1), text(2, huge), text(3)], 0)
    await append(journal, [text(4)], 3)
    same(await seqs(journal), [1, 2, 3, 4], 'events')
    const [event] = await journal.read('k', { after: 1, limit: 1 })
    same(event?.type === 'text' && event.delta === huge, true, 'the huge event')
    await journal.fold('k', 3)
    same(await seqs(journal), [4], 'folded')
  }),
]

/** What a `Journal` of many keys does beside. */
export const journalKeysContract: readonly ContractLine<Journal>[] = [
  line('one key never sees another', async (journal) => {
    await append(journal, [text(1)], 0)
    same(await journal.head('other'), undefined, 'head')
    same(await journal.read('other'), [], 'read')
    await journal.erase('other')
    same(await seqs(journal), [1], 'after the other was erased')
  }),
]

/** What every `Store` does; `compareAndSet` is tried where it is there. */
export const storeContract: readonly ContractLine<Store>[] = [
  line('a value comes back as it was, until it is deleted', async (store) => {
    same(await store.get('none'), undefined, 'unknown')
    for (const value of [{ a: [1, null, 'ü'] }, 'text', 0, false, null]) {
      await store.set('k', value)
      same(await store.get('k'), value, 'value')
    }
    await store.delete('k')
    same(await store.get('k'), undefined, 'deleted')
    await store.delete('k')
  }),
  line('a value with a ttl is gone after it', async (store) => {
    await store.set('short', 1, { ttl: 20 })
    await store.set('long', 2, { ttl: 60_000 })
    same(await store.get('short'), 1, 'before')
    await new Promise((resolve) => setTimeout(resolve, 60))
    same(await store.get('short'), undefined, 'after')
    same((await store.list('')).keys, ['long'], 'list')
  }),
  line('keys are listed by prefix, page by page, and a prefix is no pattern', async (store) => {
    for (const key of ['a%1', 'a%2', 'a%3', 'a_x', 'b']) await store.set(key, key)
    same((await store.list('a%')).keys.toSorted(), ['a%1', 'a%2', 'a%3'], 'prefix')
    const found: string[] = []
    let cursor: string | undefined
    do {
      const page = await store.list('a%', { limit: 2, ...(cursor !== undefined && { cursor }) })
      same(page.keys.length <= 2, true, 'page length')
      found.push(...page.keys)
      cursor = page.next
    } while (cursor !== undefined)
    same(found.toSorted(), ['a%1', 'a%2', 'a%3'], 'pages')
  }),
  line('compare-and-set lets exactly one of many win', async (store) => {
    if (!store.compareAndSet) return
    const wins = await Promise.all(Array.from({ length: 8 }, (_, n) => store.compareAndSet!('lock', undefined, { n })))
    same(wins.filter(Boolean).length, 1, 'winners')
    const held = await store.get('lock')
    same(await store.compareAndSet('lock', { n: -1 }, 'x'), false, 'a wrong expectation')
    same(await store.compareAndSet('lock', held, 'mine'), true, 'a right one')
    same(await store.get('lock'), 'mine', 'value')
    same(await store.compareAndSet('ttl', undefined, 1, { ttl: 20 }), true, 'with a ttl')
    await new Promise((resolve) => setTimeout(resolve, 60))
    same(await store.compareAndSet('ttl', undefined, 2), true, 'after it')
  }),
]

/** What every `Blobs` does. */
export const blobsContract: readonly ContractLine<Blobs>[] = [
  line('bytes come back by their SHA-256, with their media type', async (blobs) => {
    const hash = await blobs.put(Uint8Array.from([97, 98, 99]), { mime: 'text/plain' })
    same(hash, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'hash')
    const found = await blobs.get(hash)
    same([new TextDecoder().decode(found?.bytes), found?.mime], ['abc', 'text/plain'], 'blob')
    same(await blobs.put(Uint8Array.from([97, 98, 99])), hash, 'the same bytes again')
    same(await blobs.get('0'.repeat(64)), undefined, 'unknown')
    await blobs.delete(hash)
    same(await blobs.get(hash), undefined, 'deleted')
    await blobs.delete(hash)
  }),
  line('nothing, and five million bytes, are blobs too', async (blobs) => {
    const bytes = new Uint8Array(5_000_000)
    for (let at = 0; at < bytes.length; at++) bytes[at] = (at * 31) % 251
    const found = await blobs.get(await blobs.put(bytes))
    same(found?.bytes.length, bytes.length, 'length')
    same(
      found?.bytes.every((byte, at) => byte === bytes[at]),
      true,
      'bytes',
    )
    same((await blobs.get(await blobs.put(new Uint8Array())))?.bytes.length, 0, 'nothing')
  }),
]

/** What every `Vectors` does. */
export const vectorsContract: readonly ContractLine<Vectors>[] = [
  line('the nearest come first, by cosine, within a namespace and a filter', async (vectors) => {
    await vectors.upsert('n', [
      { id: 'east', values: [1, 0], metadata: { side: 'right' } },
      { id: 'north', values: [0, 1], metadata: { side: 'top' } },
      { id: 'northeast', values: [5, 5], metadata: { side: 'right' } },
    ])
    await vectors.upsert('other', [{ id: 'hidden', values: [1, 0] }])
    const ids = async (options?: Parameters<Vectors['query']>[2]): Promise<string[]> =>
      (await vectors.query('n', [1, 0.1], options)).map(({ id }) => id)
    same(await ids(), ['east', 'northeast', 'north'], 'order')
    same(await ids({ limit: 1 }), ['east'], 'limit')
    same(await ids({ filter: { side: 'top' } }), ['north'], 'filter')
    await vectors.upsert('n', [{ id: 'east', values: [-1, 0] }])
    same(await ids({ limit: 1 }), ['northeast'], 'replaced')
    await vectors.delete('n', ['northeast'])
    same((await ids()).includes('northeast'), false, 'deleted')
    await vectors.delete('n')
    same(await ids(), [], 'namespace deleted')
    same((await vectors.query('other', [1, 0])).length, 1, 'the other namespace')
  }),
]

const base = { at: 1, run: 'r', agent: 'a' }
const event = (seq: number, body: EventBody): Stored => ({ ...base, ...body, seq })
const text = (seq: number, delta = 'x'): Stored => event(seq, { type: 'text', delta })
const message = (seq: number): Stored => event(seq, { type: 'message', message: { role: 'assistant', parts: [] } })
const append = (journal: Journal, events: readonly Stored[], expect: number, writer = 'w', reserve?: number): Promise<void> =>
  journal.append('k', events, { expect, writer, ...(reserve !== undefined && { reserve }) })
const seqs = async (journal: Journal, options?: Parameters<Journal['read']>[1]): Promise<number[]> =>
  (await journal.read('k', options)).map(({ seq }) => seq)

function same(got: unknown, want: unknown, what: string): void {
  const [a, b] = [JSON.stringify(sorted(got)), JSON.stringify(sorted(want))]
  if (a !== b) throw new Error(`${what}: expected ${b?.slice(0, 500)}, got ${a?.slice(0, 500)}`)
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .toSorted(([x], [y]) => (x < y ? -1 : 1))
      .map(([key, field]) => [key, sorted(field)]),
  )
}

async function refused(work: Promise<unknown>, code: string): Promise<void> {
  const got = await work.then(
    () => 'success',
    (error: unknown) => (error instanceof KitError ? error.code : `another error: ${error instanceof Error ? error.message : ''}`),
  )
  if (got !== code) throw new Error(`expected ${code}, got ${got}`)
}
