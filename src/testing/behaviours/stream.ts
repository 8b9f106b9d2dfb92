import type { Scenario } from '../servers/scenario.ts'
import { agent } from '../../builder.ts'
import { run } from '../../run.ts'
import { type Behaviour, equal, fail, holds } from './behaviour.ts'

const hello = ['Hel', 'lo ', 'wör', 'ld', '.']
const good: Scenario = { say: [{ text: hello }] }

/** A stream that is odd, and whole all the same. */
export const stream: readonly Behaviour[] = [
  {
    name: 'line ends',
    group: 'stream',
    says: 'Lines that end in CR LF are read.',
    needs: ['lines'],
    byHand: true,
    async run({ ask }) {
      for (const bytes of [1000, 1]) {
        const { text, usage } = await ask({ ...good, fault: { newline: '\r\n', bytes } })
        equal([text, usage?.input], [hello.join(''), 7], 'the answer')
      }
    },
  },
  {
    name: 'byte order mark',
    group: 'stream',
    says: 'A byte order mark before the first event is passed over.',
    needs: ['lines'],
    async run({ ask }) {
      equal((await ask({ ...good, fault: { bom: true } })).text, hello.join(''), 'text')
    },
  },
  {
    name: 'pings',
    group: 'stream',
    says: 'Comments, blank lines and pings between events are passed over.',
    needs: ['lines'],
    async run({ ask }) {
      equal((await ask({ ...good, fault: { pings: true } })).text, hello.join(''), 'text')
    },
  },
  {
    name: 'no marker at the end',
    group: 'stream',
    says: 'A stream without its last marker is whole when the answer has said that it ended.',
    needs: ['endings'],
    async run({ ask }) {
      const { text, finish } = await ask({ ...good, fault: { unmarked: true } })
      equal([text, finish], [hello.join(''), 'stop'], 'the answer')
    },
  },
  {
    name: 'no last line end',
    group: 'stream',
    says: 'The last event counts without its line end.',
    needs: ['lines', 'endings'],
    async run({ ask }) {
      const { text, finish, usage } = await ask({ ...good, fault: { unclosed: true, unmarked: true } })
      equal([text, finish, usage?.input], [hello.join(''), 'stop', 7], 'the answer')
    },
  },
  {
    name: 'gzip',
    group: 'stream',
    says: 'A compressed stream is read.',
    overHttp: true,
    async run({ ask }) {
      equal((await ask({ ...good, fault: { gzip: true } })).text, hello.join(''), 'text')
    },
  },
  {
    name: 'events of tomorrow',
    group: 'stream',
    says: 'Events, fields and kinds that are not known are passed over.',
    async run({ ask }) {
      const { text, finish } = await ask({ ...good, fault: { tomorrow: true } })
      equal([text, finish], [hello.join(''), 'stop'], 'the answer')
    },
  },
]

/** A stream that fails after it began well. */
export const broken: readonly Behaviour[] = [
  {
    name: 'truncated',
    group: 'broken',
    says: 'A stream that ends before its answer has ended is no answer: `model/truncated`, and it may be tried again.',
    async run({ fails }) {
      const { code, retryable } = await fails({ ...good, fault: { cut: 'quietly' } })
      equal([code, retryable], ['model/truncated', true], 'the error')
    },
  },
  {
    name: 'nothing at all',
    group: 'broken',
    says: 'A stream without an event is no answer.',
    async run({ fails, server }) {
      const { code } = await fails({ say: [], fault: { cut: 'quietly', silent: true } })
      holds(code === 'model/truncated' || code === 'model/empty', `the code is ${code}, of ${server.wire.name}`)
    },
  },
  {
    name: 'broken connection',
    group: 'broken',
    says: 'A connection that breaks in the middle is `model/truncated`.',
    async run({ fails }) {
      const { code, retryable } = await fails({ ...good, fault: { cut: 'broken' } })
      equal([code, retryable], ['model/truncated', true], 'the error')
    },
  },
  {
    name: 'stall',
    group: 'broken',
    says: 'A server that falls silent, before its first word or after it, is given up: the run ends with `model/timeout`, and the connection with it.',
    async run({ model, server }) {
      for (const stall of ['before', 'middle'] as const) {
        server.answers({ ...good, fault: { stall } })
        const left = server.left
        const waiting = agent({ name: 'waiting', model, timeouts: { firstChunk: 50, idle: 50 } })
        const error = await run(waiting, 'hi').then(
          () => fail('it ended well'),
          (thrown: unknown) => thrown as { code?: string },
        )
        equal(error.code, 'model/timeout', `the error of a stall ${stall}`)
        for (let tries = 0; tries < 100 && server.left === left; tries++) await new Promise((resolve) => setTimeout(resolve, 10))
        equal(server.left, left + 1, 'connections that were left')
      }
    },
  },
  {
    name: 'garbage',
    group: 'broken',
    says: 'A line that is not of the wire is an error, never a hole in the answer.',
    needs: ['lines'],
    async run({ fails }) {
      equal((await fails({ ...good, fault: { garbage: true } })).code, 'model/garbled', 'code')
    },
  },
  {
    name: 'error after 200',
    group: 'broken',
    says: 'An error in the middle of a stream is one, and says whether to try again.',
    needs: ['error in a stream'],
    async run({ fails }) {
      const { code, retryable } = await fails({ ...good, fault: { failing: { failing: 'unavailable' } } })
      holds(code === 'model/overloaded' || code === 'model/http', `the code is ${code}`)
      equal(retryable, true, 'retryable')
    },
  },
  {
    name: 'error as the first event',
    group: 'broken',
    says: 'An error in place of the first event is one.',
    needs: ['error in a stream'],
    async run({ fails }) {
      const { code, retryable } = await fails({ ...good, fault: { failing: { failing: 'rate', at: 'start' } } })
      // there is no status any more: what the words say, or that the server failed
      holds(['model/rate', 'model/overloaded', 'model/http'].includes(code), `the code is ${code}`)
      equal(retryable, true, 'retryable')
    },
  },
  {
    name: 'error in a normal chunk',
    group: 'broken',
    says: 'An error inside of a chunk that looks like any other is one.',
    needs: ['error in a chunk'],
    async run({ fails }) {
      const { code } = await fails({ ...good, fault: { failing: { failing: 'gateway', as: 'chunk' } } })
      equal(code, 'model/http', 'code')
    },
  },
]
