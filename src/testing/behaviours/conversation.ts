import { type Message, user } from '../../message.ts'
import { type Behaviour, equal, holds } from './behaviour.ts'

const said = (text: string): Message => ({ role: 'assistant', parts: [{ type: 'text', text }] })
const ok = { say: [{ text: 'ok' }] }

/** What the server is told beside tools and media. */
export const conversation: readonly Behaviour[] = [
  {
    name: 'instructions',
    group: 'conversation',
    says: 'Instructions arrive as such, apart from what the user says.',
    async run({ ask }) {
      const { asked } = await ask(ok, { system: 'Be “brief”.\nAlways.' })
      equal(
        [asked.system, asked.turns.map(({ role, text }) => ({ role, text }))],
        [['Be “brief”.\nAlways.'], [{ role: 'user', text: 'hi' }]],
        'question',
      )
    },
  },
  {
    name: 'instructions in parts',
    group: 'conversation',
    says: 'Several parts of instructions arrive in their order.',
    async run({ ask }) {
      const system = ['First.', 'Second.', 'Third.'].map((text) => ({ type: 'text', text }) as const)
      const { asked } = await ask(ok, { system })
      const told = asked.system.join('\n')
      holds(
        told.indexOf('First.') >= 0 && told.indexOf('First.') < told.indexOf('Second.') && told.indexOf('Second.') < told.indexOf('Third.'),
        `told: ${told}`,
      )
    },
  },
  {
    name: 'several turns',
    group: 'conversation',
    says: 'A conversation arrives turn by turn, each with its role.',
    async run({ ask }) {
      const messages = [user('one'), said('two'), user('three'), said('four'), user('five')]
      const { asked } = await ask(ok, { messages })
      equal(
        asked.turns.map(({ role, text }) => `${role}: ${text}`),
        ['user: one', 'assistant: two', 'user: three', 'assistant: four', 'user: five'],
        'turns',
      )
    },
  },
  {
    name: 'two of one role',
    group: 'conversation',
    says: 'Two messages of one role after each other do not make the vendor refuse the question.',
    async run({ ask }) {
      const { asked } = await ask(ok, { messages: [user('one'), user('two'), said('three'), user('four')] })
      const told = asked.turns.map(({ text }) => text).join(' ')
      holds(/one\s*two\s*three\s*four/.test(told), `told: ${told}`)
    },
  },
  {
    name: 'model and key',
    group: 'conversation',
    says: 'The model is named, and the key goes where the vendor wants it: never into the address.',
    async run({ ask, key, model }) {
      const { asked } = await ask(ok)
      equal([asked.model, asked.key], [model.info.id, key], 'model and key')
      holds(!asked.address.includes(key), 'the key is in the address')
      holds(!JSON.stringify(asked.body).includes(key), 'the key is in the body')
    },
  },
  {
    name: 'own headers',
    group: 'conversation',
    says: 'Headers of the connection are sent.',
    needs: ['headers'],
    async run({ server, connect }) {
      server.answers(ok)
      for await (const _ of connect({ headers: { 'x-trace': 'abc' } })({ messages: [user('hi')], maxTokens: 1000 }));
      equal(server.asked[0]?.headers.get('x-trace'), 'abc', 'header')
    },
  },
  {
    name: 'sampling',
    group: 'conversation',
    says: 'The limit of tokens and the temperature arrive.',
    needs: ['temperature'],
    async run({ ask }) {
      const { asked } = await ask(ok, { maxTokens: 321, temperature: 0.5 })
      equal([asked.maxTokens, asked.temperature], [321, 0.5], 'settings')
    },
  },
  {
    name: 'stop sequences',
    group: 'conversation',
    says: 'Stop sequences arrive.',
    needs: ['stop'],
    async run({ ask }) {
      equal((await ask(ok, { stop: ['END', '###'] })).asked.stop, ['END', '###'], 'stop')
    },
  },
  {
    name: 'seed',
    group: 'conversation',
    says: 'A seed arrives.',
    needs: ['seed'],
    async run({ ask }) {
      equal((await ask(ok, { seed: 7 })).asked.seed, 7, 'seed')
    },
  },
  {
    name: 'effort',
    group: 'conversation',
    says: 'How hard to think arrives in the vendor’s words.',
    needs: ['effort'],
    async run({ ask }) {
      holds((await ask(ok, { maxTokens: 40_000, reasoning: { effort: 'high' } })).asked.effort !== undefined, 'no effort was told')
      equal((await ask(ok)).asked.effort, undefined, 'effort where none was asked for')
    },
  },
  {
    name: 'what is not known',
    group: 'conversation',
    says: 'Settings that the vendor does not have are left out, and do not make it refuse the question.',
    async run({ ask, has }) {
      const { text } = await ask(ok, {
        seed: 7,
        stop: ['END'],
        topK: 5,
        topP: 0.9,
        presencePenalty: 0.1,
        frequencyPenalty: 0.1,
        parallelTools: false,
        reasoning: { effort: 'low', tokens: 2000, summary: true },
        ...(has('tools') && { tools: [{ name: 'add', description: 'Adds.', input: { type: 'object', properties: {} } }] }),
      })
      equal(text, 'ok', 'text')
    },
  },
  {
    name: 'options of the call',
    group: 'conversation',
    says: 'A field of the wire’s own is sent when the call’s `providerOptions` name it.',
    needs: ['options'],
    async run({ ask, server }) {
      const { key, field, value } = server.wire.option!
      const { asked } = await ask(ok, { providerOptions: { [key]: { [field]: value }, another: { secret: 1 } } })
      equal(asked.body[field], value, field)
      holds(!JSON.stringify(asked.body).includes('secret'), 'options of another wire were sent')
    },
  },
  {
    name: 'same question, same bytes',
    group: 'conversation',
    says: 'The same call is the same request: nothing is kept between calls, so that caches hit.',
    async run({ ask, has }) {
      const call = {
        system: 'Be brief.',
        messages: [user('1 + 1?'), said('2'), user('2 + 2?')],
        ...(has('tools') && { tools: [{ name: 'add', input: { type: 'object', properties: {} } }] }),
      }
      const first = await ask({ say: [{ text: 'no' }] }, call)
      const second = await ask(ok, call)
      equal(second.asked.body, first.asked.body, 'the second request')
      equal(second.text, 'ok', 'the second answer')
    },
  },
]
