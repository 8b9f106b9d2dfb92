// Every behaviour for every provider: over real HTTP where a server can listen, by `fetch` elsewhere.
import { afterAll, describe, expect, test } from 'vitest'
import { conformance } from '../../src/testing/conformance.ts'
import { subjects } from './subjects.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** Cells of the matrix (`.ci/matrix.mjs`): the one that a test decides, or those that its vendor does not offer, with the reason. */
    cell?: { subject: string; behaviour: string }
    lacking?: { subject: string; behaviour: string; why: string }[]
  }
}

const listens = !('EdgeRuntime' in globalThis) && navigator.userAgent !== 'Cloudflare-Workers'
// no literal: where nothing can listen, the bundler must not look at the file
const place = './loopback.ts'
const server = listens ? await ((await import(/* @vite-ignore */ place)) as typeof import('./loopback.ts')).loopback() : undefined
afterAll(() => server?.close())

describe.each(subjects)('$name', (subject) => {
  const tests = conformance(subject, server)
  const { name } = subject
  for (const { behaviour, lacking, run } of tests)
    if (lacking === undefined)
      test(behaviour.name, async ({ task }) => {
        task.meta.cell = { subject: name, behaviour: behaviour.name }
        await run()
      })
  test('what the vendor does not offer has a reason', ({ task }) => {
    task.meta.lacking = tests.flatMap(({ behaviour, lacking: why }) =>
      why === undefined ? [] : [{ subject: name, behaviour: behaviour.name, why }],
    )
    for (const { why } of task.meta.lacking) expect(why).toMatch(/\w{3}/)
  })
})
