import { user } from '../../message.ts'
import { type Behaviour, type Bench, equal, fail, holds, until } from './behaviour.ts'

const call = { messages: [user('hi')], maxTokens: 1000 }

/** Reads until the first text; then does something. */
async function thrownBy({ model }: Bench, signal: AbortSignal, atText: () => void = () => {}): Promise<unknown> {
  try {
    for await (const { type } of model({ ...call, signal })) if (type === 'text') atText()
  } catch (error) {
    return error
  }
  return fail('it ended well')
}

/** Who asks may leave at any time. */
export const abort: readonly Behaviour[] = [
  {
    name: 'abort before',
    group: 'abort',
    says: 'A call whose signal has fired asks nothing and throws the signal’s reason.',
    async run(bench) {
      const reason = new Error('changed my mind')
      bench.server.answers({ say: [{ text: 'ok' }] })
      equal((await thrownBy(bench, AbortSignal.abort(reason))) === reason, true, 'that the reason was thrown')
      equal(bench.server.asked.length, 0, 'questions')
    },
  },
  {
    name: 'abort while waiting',
    group: 'abort',
    says: 'An abort before the first byte ends the wait at once, and the connection.',
    async run(bench) {
      const stop = new AbortController()
      const reason = new Error('changed my mind')
      bench.server.answers({ say: [{ text: 'ok' }], fault: { stall: 'before' } })
      const thrown = thrownBy(bench, stop.signal)
      await until(() => bench.server.asked.length === 1, 'the server was not asked')
      stop.abort(reason)
      equal((await thrown) === reason, true, 'that the reason was thrown')
      await until(() => bench.server.left === 1, 'the connection stays')
    },
  },
  {
    name: 'abort in the middle',
    group: 'abort',
    says: 'An abort in the middle of an answer throws the signal’s reason at once, and ends the connection.',
    async run(bench) {
      const stop = new AbortController()
      const reason = new Error('enough')
      bench.server.answers({ say: [{ text: ['a', 'b', 'c', 'd', 'e', 'f'] }], fault: { stall: 'middle' } })
      equal((await thrownBy(bench, stop.signal, () => stop.abort(reason))) === reason, true, 'that the reason was thrown')
      await until(() => bench.server.left === 1, 'the connection stays')
    },
  },
  {
    name: 'reader leaves',
    group: 'abort',
    says: 'Who stops reading in the middle ends the connection.',
    async run({ model, server }) {
      server.answers({ say: [{ text: ['a', 'b', 'c', 'd', 'e', 'f'] }], fault: { stall: 'middle' } })
      let said = ''
      for await (const chunk of model(call)) {
        if (chunk.type === 'text') said += chunk.delta
        if (said) break
      }
      holds(said, 'nothing was said')
      await until(() => server.left === 1, 'the connection stays')
    },
  },
  {
    name: 'calls side by side',
    group: 'abort',
    says: 'Calls at the same time do not know of each other, and an abort of one ends that one.',
    async run(bench) {
      const stop = new AbortController()
      bench.server.answers(
        { say: [{ text: ['a', 'b', 'c', 'd', 'e', 'f'] }], fault: { stall: 'middle' } },
        { say: [{ text: ['one', ' two'] }] },
      )
      const aborted = thrownBy(bench, stop.signal, () => {})
      await until(() => bench.server.asked.length === 1, 'the server was not asked')
      let said = ''
      for await (const chunk of bench.model(call)) if (chunk.type === 'text') said += chunk.delta
      stop.abort(new Error('enough'))
      await aborted
      equal(said, 'one two', 'the other answer')
    },
  },
]
