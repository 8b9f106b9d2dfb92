import type { Message } from '../../message.ts'
import { user } from '../../message.ts'
import { type Behaviour, equal, fail, holds } from './behaviour.ts'

const tools = [{ name: 'add', input: { type: 'object', properties: {} } }]
const proof = 'c2lnbmF0dXJlIG9mIHRoaXMgdGhvdWdodA=='

/** What the model thinks, apart from what it says. */
export const reasoning: readonly Behaviour[] = [
  {
    name: 'reasoning',
    group: 'reasoning',
    says: 'Thinking comes in its pieces, before the answer and apart from it.',
    needs: ['reasoning'],
    async run({ ask }) {
      const { reasoning, text, chunks } = await ask({ say: [{ reasoning: ['Let me ', 'see: 😀.'], proof }, { text: ['An ', 'answer.'] }] })
      equal([reasoning, text], ['Let me see: 😀.', 'An answer.'], 'reasoning and text')
      const kinds = chunks.map(({ type }) => type)
      holds(kinds.includes('reasoning') && kinds.indexOf('reasoning') < kinds.indexOf('text'), `chunks: ${kinds.join()}`)
    },
  },
  {
    name: 'reasoning, whole',
    group: 'reasoning',
    says: 'Thinking in one body is told apart too.',
    needs: ['reasoning'],
    async run({ ask }) {
      const { reasoning, text } = await ask({ say: [{ reasoning: 'Hm.', proof }, { text: 'Yes.' }] }, { stream: false })
      equal([reasoning, text], ['Hm.', 'Yes.'], 'reasoning and text')
    },
  },
  {
    name: 'reasoning goes back',
    group: 'reasoning',
    says: 'Between a call and its result, thinking goes back to the vendor as it came, with what proves it.',
    needs: ['tools', 'proofs'],
    async run({ ask, server }) {
      const { parts, calls } = await ask(
        { say: [{ reasoning: ['One plus ', 'two.'], proof }, { calls: [{ name: 'add', args: '{"a":1}' }] }] },
        { tools, maxTokens: 40_000, reasoning: { effort: 'high' } },
      )
      const [call = fail('there is no call')] = calls
      const messages: Message[] = [
        user('1 + 2?'),
        // as it is after it was stored
        { role: 'assistant', parts: JSON.parse(JSON.stringify(parts)) as typeof parts },
        { role: 'tool', parts: [{ type: 'result', id: call.id, name: 'add', output: 3 }] },
      ]
      const { asked } = await ask({ say: [{ text: '3' }] }, { tools, messages, maxTokens: 40_000, reasoning: { effort: 'high' } })
      const [thought] = asked.turns[1]?.thoughts ?? []
      holds(thought, 'no thinking came back')
      if (server.wire.proof !== 'text') equal(thought.proof, proof, 'what proves it')
      if (server.wire.proof !== 'proof') equal(thought.text, 'One plus two.', 'thinking')
    },
  },
  {
    name: 'thinking of others',
    group: 'reasoning',
    says: 'Thinking that another wire made is not sent as the model’s own.',
    async run({ ask }) {
      const replay = { wire: 'some-other-wire', data: { signature: 'forged' } }
      const messages: Message[] = [
        user('hi'),
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', text: 'A foreign thought.', replay },
            { type: 'text', text: 'Hello.' },
          ],
        },
        user('and?'),
      ]
      const { asked } = await ask({ say: [{ text: 'ok' }] }, { messages })
      holds(!/A foreign thought|forged/.test(JSON.stringify(asked.body)), 'it was sent')
      equal(
        asked.turns.map(({ text }) => text),
        ['hi', 'Hello.', 'and?'],
        'turns',
      )
    },
  },
]
