import { user } from '../../message.ts'
import { type Behaviour, equal, holds } from './behaviour.ts'

const story = ['Once', ' upon', ' a time', ', there was “ü”, 😀 and 𝔘.', '\n\nEnd.']

/** Answers in text, of every size and shape. */
export const text: readonly Behaviour[] = [
  {
    name: 'text',
    group: 'text',
    says: 'A streamed answer comes in its pieces, in order.',
    async run({ ask }) {
      const { text, chunks, finish, asked } = await ask({ say: [{ text: story }] })
      equal(text, story.join(''), 'text')
      holds(chunks.filter(({ type }) => type === 'text').length > 1, 'it came in one piece')
      equal(finish, 'stop', 'finish')
      equal(asked.stream, true, 'stream')
    },
  },
  {
    name: 'text cut anywhere',
    group: 'text',
    says: 'Characters, lines and events that are cut through on the way are whole again.',
    byHand: true,
    async run({ ask }) {
      for (const bytes of [1, 3])
        equal((await ask({ say: [{ text: story }], fault: { bytes } })).text, story.join(''), `pieces of ${bytes} bytes`)
    },
  },
  {
    name: 'empty answer',
    group: 'text',
    says: 'An answer without a word is one: no part, and its finish.',
    async run({ ask }) {
      for (const say of [[], [{ text: '' }]]) {
        const { parts, finish } = await ask({ say })
        equal([parts, finish], [[], 'stop'], 'an empty answer')
      }
    },
  },
  {
    name: 'blank pieces',
    group: 'text',
    says: 'Pieces that are only spaces and line breaks are kept.',
    async run({ ask }) {
      const pieces = ['\n', ' ', 'a', '  ', '\n\n', 'b', ' ']
      equal((await ask({ say: [{ text: pieces }] })).text, pieces.join(''), 'text')
    },
  },
  {
    name: 'long piece',
    group: 'text',
    says: 'One event of a megabyte is read.',
    async run({ ask }) {
      const long = 'x'.repeat(1_000_000)
      holds((await ask({ say: [{ text: long }] })).text === long, 'the text is another')
    },
  },
  {
    name: '10,000 pieces',
    group: 'text',
    says: 'Ten thousand pieces come one by one.',
    async run({ ask }) {
      const pieces = Array.from({ length: 10_000 }, (_, n) => `${n} `)
      const { text, chunks } = await ask({ say: [{ text: pieces }], fault: { bytes: 16_384 } })
      holds(text === pieces.join(''), 'the text is another')
      holds(chunks.length >= 10_000, `only ${chunks.length} chunks`)
    },
  },
  {
    name: 'whole',
    group: 'text',
    says: 'An answer in one body (`stream: false`) gives the same.',
    async run({ ask }) {
      const { text, usage, finish, asked } = await ask({ say: [{ text: story }] }, { stream: false })
      equal([text, finish], [story.join(''), 'stop'], 'the answer')
      equal([usage?.input, usage?.output], [7, 5], 'usage')
      equal(asked.stream, false, 'stream')
    },
  },
  {
    name: 'whole, unasked',
    group: 'text',
    says: 'A body that comes where a stream was asked for is read.',
    needs: ['whole body'],
    async run({ ask }) {
      const { text, usage, finish } = await ask({ say: [{ text: story }], fault: { whole: true } })
      equal([text, finish], [story.join(''), 'stop'], 'the answer')
      equal([usage?.input, usage?.output], [7, 5], 'usage')
    },
  },
  {
    name: 'whole with calls',
    group: 'text',
    says: 'Calls in one body are calls like streamed ones.',
    needs: ['tools'],
    async run({ ask }) {
      const { text, calls, finish } = await ask(
        { say: [{ text: 'Let me see.' }, { calls: [{ name: 'add', args: '{"a":1}' }] }] },
        { stream: false, tools: [{ name: 'add', input: { type: 'object', properties: { a: { type: 'number' } } } }] },
      )
      equal([text, finish], ['Let me see.', 'tools'], 'the answer')
      equal(
        calls.map(({ name, input }) => ({ name, input })),
        [{ name: 'add', input: { a: 1 } }],
        'calls',
      )
    },
  },
  {
    name: 'huge question',
    group: 'text',
    says: 'A question of 400,000 characters arrives as it is.',
    async run({ ask }) {
      const question = 'ü😀\n'.repeat(100_000)
      const { asked } = await ask({ say: [{ text: 'ok' }] }, { messages: [user(question)] })
      holds(asked.turns[0]?.text === question, 'the question is another')
    },
  },
  {
    name: 'odd characters',
    group: 'text',
    says: 'Quotes, control characters, line separators and emoji arrive as they are.',
    async run({ ask }) {
      const odd = '"\\\u0000\u001b\u2028\u2029\ufeff</script>{{x}}%s 👩‍👩‍👧 \u202eabc'
      const { asked, text } = await ask({ say: [{ text: odd }] }, { messages: [user(odd)] })
      equal([asked.turns[0]?.text, text], [odd, odd], 'what was asked and answered')
    },
  },
  {
    name: 'empty question',
    group: 'text',
    says: 'An empty text beside another does not make the vendor refuse the question.',
    async run({ ask }) {
      const parts = [
        { type: 'text', text: '' },
        { type: 'text', text: 'hello' },
      ] as const
      const { asked } = await ask({ say: [{ text: 'ok' }] }, { messages: [{ role: 'user', parts }] })
      equal(
        asked.turns.map((turn) => turn.text.trim()),
        ['hello'],
        'what was asked',
      )
    },
  },
]
