// The contracts of the ports, on the implementations that live in memory; the others run the same lines on their own runtime.
import { describe, expect, test } from 'vitest'
import { type Journal, memoryBlobs, memoryJournal, memoryStore, memoryVectors } from '../src/index.ts'
import {
  blobsContract,
  type ContractLine,
  journalContract,
  journalKeysContract,
  storeContract,
  vectorsContract,
} from '../src/testing/index.ts'

function suite<Port>(name: string, lines: readonly ContractLine<Port>[], make: () => Port): void {
  describe(name, () => {
    for (const { name, run } of lines) test(name, () => run(make))
  })
}

suite('memoryJournal', [...journalContract, ...journalKeysContract], memoryJournal)
suite('memoryStore', storeContract, memoryStore)
suite('memoryBlobs', blobsContract, memoryBlobs)
suite('memoryVectors', vectorsContract, memoryVectors)

test('a contract notices what does not keep it', async () => {
  const forgetful = (): Journal => ({ ...memoryJournal(), read: async () => [] })
  const failed = await Promise.allSettled(journalContract.map(({ run }) => run(forgetful)))
  expect(failed.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(5)
})
