import type { Saying } from '../servers/scenario.ts'
import { type Behaviour, equal, holds } from './behaviour.ts'

/** Why an answer ended, what it consumed, where it comes from. */
export const ending: readonly Behaviour[] = [
  {
    name: 'length',
    group: 'ending',
    says: 'An answer that was cut off by the limit of tokens says so, and is kept.',
    needs: ['endings'],
    async run({ ask }) {
      const { text, finish } = await ask({ say: [{ text: ['Once upon', ' a ti'] }], ending: 'length' })
      equal([text, finish], ['Once upon a ti', 'length'], 'the answer')
    },
  },
  {
    name: 'refusal',
    group: 'ending',
    says: 'A refusal in the model’s own words is no text of the answer.',
    needs: ['refusal'],
    async run({ ask }) {
      const { parts, text, finish } = await ask({ say: [{ refusal: ['I will', ' not.'] }] })
      equal([text, finish], ['', 'refusal'], 'text and finish')
      equal(
        parts.flatMap((part) => (part.type === 'refusal' ? [part.text] : [])),
        ['I will not.'],
        'refusals',
      )
    },
  },
  {
    name: 'safety',
    group: 'ending',
    says: 'An answer that the vendor stopped for safety ends as a refusal.',
    needs: ['safety'],
    async run({ ask }) {
      equal((await ask({ say: [{ text: ['Well', ','] }], ending: 'safety' })).finish, 'refusal', 'finish')
    },
  },
  {
    name: 'pause',
    group: 'ending',
    says: 'An answer that shall be gone on with ends as a pause.',
    needs: ['pause'],
    async run({ ask }) {
      equal((await ask({ say: [{ text: 'Searching' }], ending: 'pause' })).finish, 'pause', 'finish')
    },
  },
  {
    name: 'a reason of tomorrow',
    group: 'ending',
    says: 'A reason that is not known does not lose the answer, and its word is kept.',
    needs: ['endings'],
    async run({ ask }) {
      const { text, finish, chunks } = await ask({ say: [{ text: 'Well.' }], ending: 'tomorrow' })
      equal([text, finish], ['Well.', 'other'], 'the answer')
      const last = chunks.at(-1)
      holds(last?.type === 'finish' && last.raw, 'the vendor’s word is not kept')
    },
  },
  {
    name: 'usage',
    group: 'usage',
    says: 'The tokens of question and answer are told.',
    async run({ ask }) {
      const { usage } = await ask({ say: [{ text: 'ok' }], usage: { input: 1234, output: 56 } })
      equal([usage?.input, usage?.output], [1234, 56], 'usage')
    },
  },
  {
    name: 'no usage',
    group: 'usage',
    says: 'An answer without usage, or with nulls for it, is read, and no numbers are made up.',
    async run({ ask }) {
      for (const usage of ['none', 'null'] as const) {
        const answer = await ask({ say: [{ text: 'ok' }], usage })
        equal(answer.text, 'ok', 'text')
        equal([answer.usage?.input ?? 0, answer.usage?.output ?? 0], [0, 0], `usage that is ${usage}`)
      }
    },
  },
  {
    name: 'cached usage',
    group: 'usage',
    says: 'Tokens from the cache are told, and are contained in those of the question.',
    needs: ['cached usage'],
    async run({ ask }) {
      const { usage } = await ask({ say: [{ text: 'ok' }], usage: { input: 1000, output: 5, cached: 800 } })
      equal([usage?.input, usage?.cacheRead], [1000, 800], 'usage')
    },
  },
  {
    name: 'reasoning usage',
    group: 'usage',
    says: 'Tokens of thinking are told, and are contained in those of the answer.',
    needs: ['reasoning usage'],
    async run({ ask }) {
      const { usage } = await ask({ say: [{ text: 'ok' }], usage: { input: 10, output: 500, reasoning: 450 } })
      equal([usage?.output, usage?.reasoning], [500, 450], 'usage')
    },
  },
  {
    name: 'sources',
    group: 'ending',
    says: 'Where a statement comes from is told, and is no text of the answer.',
    needs: ['sources'],
    async run({ ask }) {
      const say: Saying[] = [{ text: 'It is so.' }, { source: { url: 'https://example.com/why', title: 'Why' } }]
      const { sources, text } = await ask({ say })
      equal(text, 'It is so.', 'text')
      equal(
        sources.map(({ url, title }) => ({ url, title })),
        [{ url: 'https://example.com/why', title: 'Why' }],
        'sources',
      )
    },
  },
]
