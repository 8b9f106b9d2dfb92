// Every behaviour for every provider: over real HTTP where a server can listen, by `fetch` elsewhere. Presets are data, the same on
// every runtime: they run on Node, where the matrix comes from.
import { afterAll, describe, expect, test } from 'vitest'
import { conformance } from '../../src/testing/conformance.ts'
import { faults } from './faults.ts'
import { placeToListen } from './place.ts'
import { subjects } from './subjects.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** Cells of the matrix (`.ci/matrix.mjs`): the one that a test decides, or those that its vendor does not offer, with the reason. */
    cell?: { subject: string; behaviour: string; fault?: string }
    lacking?: { subject: string; behaviour: string; why: string }[]
  }
}

const server = await placeToListen()
afterAll(() => server?.close())

const everything = navigator.userAgent.startsWith('Node.js')

describe.each(subjects.filter(({ kind }) => everything || kind === 'wire'))('$name', (subject) => {
  const tests = conformance(subject, server)
  const { name } = subject
  for (const { behaviour, lacking, run } of tests) {
    if (lacking !== undefined) continue
    const fault = faults[behaviour.name]?.[name]
    test(fault === undefined ? behaviour.name : `${behaviour.name}: fails, as is known`, async ({ task }) => {
      task.meta.cell = { subject: name, behaviour: behaviour.name, ...(fault !== undefined && { fault }) }
      if (fault === undefined) await run()
      // one that was mended must leave the list
      else await expect(run()).rejects.toThrow()
    })
  }
  test('what the vendor does not offer has a reason', ({ task }) => {
    task.meta.lacking = tests.flatMap(({ behaviour, lacking: why }) =>
      why === undefined ? [] : [{ subject: name, behaviour: behaviour.name, why }],
    )
    for (const { why } of task.meta.lacking) expect(why).toMatch(/\w{3}/)
  })
})
