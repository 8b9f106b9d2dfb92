import type { KitErrorCode } from '../../errors.ts'
import type { Failing } from '../servers/scenario.ts'
import type { Need } from '../servers/wire.ts'
import { type Behaviour, equal, fail, holds } from './behaviour.ts'

/** A status with the vendor's body for it. */
const answers = (status: number, failing: Failing, codes: readonly KitErrorCode[], retryable: boolean, says: string): Behaviour => ({
  name: String(status),
  group: 'errors',
  says,
  async run({ fails, server }) {
    const error = await fails({ refuse: { failing, status } })
    holds(codes.includes(error.code), `the code is ${error.code}`)
    equal([error.retryable, error.status], [retryable, status], 'retryable and status')
    equal(server.requests, 1, 'requests: a provider does not try again by itself')
  },
})

/** Meanings in the vendor's own words, with its own status. */
const means = (name: string, failing: Failing, code: KitErrorCode, says: string, need?: Need): Behaviour => ({
  name,
  group: 'errors',
  says,
  ...(need && { needs: [need] }),
  async run({ fails }) {
    const error = await fails({ refuse: { failing } })
    equal([error.code, error.retryable], [code, false], 'code and retryable')
  },
})

const waits = (
  name: string,
  says: string,
  headers: () => Record<string, string>,
  good: (wait: number | undefined) => boolean,
): Behaviour => ({
  name,
  group: 'errors',
  says,
  needs: ['error headers'],
  async run({ fails }) {
    for (const [failing, status] of [
      ['rate', 429],
      ['unavailable', 503],
    ] as const) {
      const { retryAfter } = await fails({ refuse: { failing, status, headers: headers(), text: '{}' } })
      holds(good(retryAfter), `the wait after ${status} is ${retryAfter} ms`)
    }
  },
})

/** Answers that are none. */
export const errors: readonly Behaviour[] = [
  answers(401, 'auth', ['model/auth'], false, 'No login, or a wrong one: `model/auth`, not to be tried again.'),
  answers(403, 'denied', ['model/auth'], false, 'A login that may not: `model/auth`.'),
  answers(404, 'unknown-model', ['model/unknown'], false, 'What is not there: `model/unknown`.'),
  answers(408, 'timeout', ['model/http', 'model/timeout'], true, 'The server waited too long: may be tried again.'),
  answers(409, 'conflict', ['model/http'], true, 'A conflict: may be tried again.'),
  answers(413, 'too-large', ['model/request', 'model/context'], false, 'A question that is too large: not to be tried again.'),
  answers(422, 'unprocessable', ['model/request'], false, 'A question that makes no sense to the server: `model/request`.'),
  answers(429, 'rate', ['model/rate'], true, 'Too many questions: `model/rate`, may be tried again.'),
  answers(500, 'server', ['model/http'], true, 'A failure of the server: may be tried again.'),
  answers(502, 'gateway', ['model/http'], true, 'A gateway without its server: may be tried again.'),
  answers(503, 'unavailable', ['model/overloaded'], true, 'A server that is not available: `model/overloaded`, may be tried again.'),
  answers(529, 'overloaded', ['model/overloaded'], true, 'A server that is overloaded: `model/overloaded`, may be tried again.'),
  waits(
    'Retry-After in seconds',
    'The wait that the server asks for, in seconds, is told in ms.',
    () => ({ 'retry-after': '7' }),
    (wait) => wait === 7000,
  ),
  waits(
    'Retry-After as a date',
    'A wait until a date is told in ms.',
    () => ({ 'retry-after': new Date(Date.now() + 30_000).toUTCString() }),
    (wait) => wait !== undefined && wait > 25_000 && wait <= 30_000,
  ),
  waits(
    'Retry-After in ms',
    '`retry-after-ms` is told.',
    () => ({ 'retry-after-ms': '250' }),
    (wait) => wait === 250,
  ),
  waits(
    'no Retry-After',
    'Without a wait, or with one that makes no sense, none is told.',
    () => ({ 'retry-after': 'soon' }),
    (wait) => wait === undefined,
  ),
  {
    name: 'page of a proxy',
    group: 'errors',
    says: 'A page of HTML with an error’s status is that error.',
    needs: ['error headers'],
    async run({ fails }) {
      const { code, retryable } = await fails({
        refuse: { failing: 'gateway', status: 502, text: '<html><h1>502 Bad Gateway</h1></html>' },
      })
      equal([code, retryable], ['model/http', true], 'the error')
    },
  },
  {
    name: 'empty error',
    group: 'errors',
    says: 'An error without a body is told by its status.',
    needs: ['error headers'],
    async run({ fails }) {
      equal((await fails({ refuse: { failing: 'rate', status: 429, text: '' } })).code, 'model/rate', 'code')
    },
  },
  means(
    'unknown model',
    'unknown-model',
    'model/unknown',
    'A model that the vendor does not have is `model/unknown`, by its own words for it.',
  ),
  means('wrong key', 'auth', 'model/auth', 'A wrong key is `model/auth`, by the vendor’s own words for it.'),
  means('question too long', 'context', 'model/context', 'A question that is longer than the model’s window is `model/context`.'),
  means('quota', 'quota', 'model/quota', 'A quota or credit that is used up is `model/quota`: to wait a while is no help.', 'quota'),
  means('filtered', 'filtered', 'model/filtered', 'A question that the vendor’s filter refuses is `model/filtered`.', 'filter'),
  {
    name: 'refused question',
    group: 'errors',
    says: 'What the vendor calls a mistake in the question is `model/request`, not to be tried again.',
    async run({ fails }) {
      const { code, retryable } = await fails({ refuse: { failing: 'invalid' } })
      equal([code, retryable], ['model/request', false], 'the error')
    },
  },
  {
    name: 'secrets',
    group: 'errors',
    says: 'An error names neither the key nor what the server said: its text is in `cause` alone.',
    async run({ fails, key, model }) {
      for (const failing of ['auth', 'invalid', 'server'] as const) {
        const error = await fails({ refuse: { failing, about: `key ${key}, prompt “the diary”` } })
        const { message, stack = '', code } = error
        const shown = [message, String(error), stack, JSON.stringify(error), code].join()
        holds(!shown.includes(key) && !shown.includes('diary'), `it is shown: ${message}`)
        equal(error.provider, model.info.provider, 'provider')
      }
    },
  },
  {
    name: 'nobody there',
    group: 'errors',
    says: 'A server that cannot be reached is `model/http`, may be tried again.',
    overHttp: true,
    needs: ['headers'],
    async run({ connect }) {
      try {
        for await (const _ of connect({ baseURL: 'http://127.0.0.1:1' })({
          messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
          maxTokens: 1000,
        }));
      } catch (error) {
        const { code, retryable } = error as { code?: string; retryable?: boolean }
        return equal([code, retryable], ['model/http', true], 'the error')
      }
      fail('it answered')
    },
  },
]
