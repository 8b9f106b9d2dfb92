import type { CallPart, Message } from '../../message.ts'
import { user } from '../../message.ts'
import type { ToolInfo } from '../../model.ts'
import { type Behaviour, equal, fail, holds } from './behaviour.ts'

const add: ToolInfo = {
  name: 'add',
  description: 'Adds two numbers.',
  input: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
}
const look: ToolInfo = {
  name: 'look_up',
  description: 'Looks up “a word”.',
  input: { type: 'object', properties: { word: { type: 'string' } } },
}
const tools = [add, look]
const bare = (calls: readonly CallPart[]): unknown[] => calls.map(({ name, input }) => ({ name, input }))
const asks = (...calls: CallPart[]): Message => ({ role: 'assistant', parts: calls })
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='

/** Calls of tools, and their results. */
export const toolBehaviours: readonly Behaviour[] = [
  {
    name: 'tools are told',
    group: 'tools',
    says: 'Names, descriptions and schemas of tools arrive.',
    needs: ['tools'],
    async run({ ask }) {
      const { asked } = await ask({ say: [{ text: 'ok' }] }, { tools })
      equal(
        asked.tools.map(({ name, description }) => ({ name, description })),
        tools.map(({ name, description }) => ({ name, description })),
        'tools',
      )
      const told = JSON.stringify(asked.tools[0]?.schema) ?? ''
      for (const name of ['"a"', '"b"', '"required"', 'number'])
        holds(told.toLowerCase().includes(name), `the schema lost ${name}: ${told}`)
    },
  },
  {
    name: 'a tool without input',
    group: 'tools',
    says: 'A tool that takes nothing is told in a form that the vendor takes.',
    needs: ['tools'],
    async run({ ask }) {
      const { asked } = await ask(
        { say: [{ text: 'ok' }] },
        { tools: [{ name: 'now' }, { name: 'noon', input: { type: 'object', properties: {} } }] },
      )
      equal(
        asked.tools.map(({ name }) => name),
        ['now', 'noon'],
        'tools',
      )
    },
  },
  {
    name: 'a call',
    group: 'tools',
    says: 'A call comes as a part with its parsed input, and the answer ends for it.',
    needs: ['tools'],
    async run({ ask }) {
      const { calls, finish, chunks } = await ask({ say: [{ calls: [{ name: 'add', args: ['{"a":', '1,"b"', ':2}'] }] }] }, { tools })
      equal(bare(calls), [{ name: 'add', input: { a: 1, b: 2 } }], 'calls')
      equal(finish, 'tools', 'finish')
      holds(calls[0]!.id, 'the call has no id')
      const deltas = chunks.flatMap((chunk) => (chunk.type === 'tool-input' ? [chunk] : []))
      holds(
        deltas.every(({ id }) => id === calls[0]!.id),
        'deltas of another call',
      )
      // a call that comes whole needs none
      if (deltas.length) equal(JSON.parse(deltas.map(({ delta }) => delta).join('')), { a: 1, b: 2 }, 'the deltas of its input')
    },
  },
  {
    name: 'text before a call',
    group: 'tools',
    says: 'Text and a call after it keep their order.',
    needs: ['tools'],
    async run({ ask }) {
      const { parts } = await ask({ say: [{ text: ['Let ', 'me see.'] }, { calls: [{ name: 'add', args: '{"a":1,"b":2}' }] }] }, { tools })
      equal(
        parts.filter(({ type }) => type !== 'opaque').map((part) => (part.type === 'text' ? part.text : part.type)),
        ['Let me see.', 'call'],
        'parts',
      )
    },
  },
  {
    name: 'no arguments',
    group: 'tools',
    says: 'A call whose arguments are empty, or left out, has the input `{}`.',
    needs: ['tools'],
    async run({ ask }) {
      for (const args of ['', undefined, '{}']) {
        const { calls, finish } = await ask({ say: [{ calls: [{ name: 'add', ...(args !== undefined && { args }) }] }] }, { tools })
        equal(
          [bare(calls), finish, calls[0]?.invalid],
          [[{ name: 'add', input: {} }], 'tools', undefined],
          `calls for ${JSON.stringify(args)}`,
        )
      }
    },
  },
  {
    name: 'null arguments',
    group: 'tools',
    says: 'A call whose arguments are null has the input `{}`.',
    needs: ['tools'],
    async run({ ask }) {
      for (const args of [null, 'null'])
        equal(bare((await ask({ say: [{ calls: [{ name: 'add', args }] }] }, { tools })).calls), [{ name: 'add', input: {} }], 'calls')
    },
  },
  {
    name: 'arguments as an object',
    group: 'tools',
    says: 'Arguments that come as an object are read, where others send text.',
    needs: ['tools'],
    async run({ ask }) {
      const { calls } = await ask({ say: [{ calls: [{ name: 'add', args: { a: 1, b: { c: ['ü', null] } } }] }] }, { tools })
      equal(bare(calls), [{ name: 'add', input: { a: 1, b: { c: ['ü', null] } } }], 'calls')
    },
  },
  {
    name: 'broken arguments',
    group: 'tools',
    says: 'Arguments that are no JSON are kept as text and marked.',
    needs: ['tools', 'arguments as text'],
    async run({ ask }) {
      const { calls } = await ask({ say: [{ calls: [{ name: 'add', args: ['{"a": 1', ', oops'] }] }] }, { tools })
      equal([calls[0]?.input, calls[0]?.invalid], ['{"a": 1, oops', true], 'the call')
    },
  },
  {
    name: 'odd arguments',
    group: 'tools',
    says: 'Arguments in every alphabet, escaped or cut through, are the same again.',
    needs: ['tools'],
    byHand: true,
    async run({ ask }) {
      const input = {
        word: 'naïve 😀 "quoted" \\ back\nline \u2028 Ж',
        list: [1.5, -0.1, true, null, [[]]],
        nested: { a: { b: { c: {} } } },
      }
      const { calls } = await ask(
        { say: [{ calls: [{ name: 'look_up', args: JSON.stringify(input).split(/(?<=.{7})/su) }] }], fault: { bytes: 5 } },
        { tools },
      )
      equal(bare(calls), [{ name: 'look_up', input }], 'calls')
    },
  },
  {
    name: 'parallel calls',
    group: 'tools',
    says: 'Several calls of one answer come in their order, each with its own id.',
    needs: ['tools'],
    async run({ ask }) {
      const say = [1, 2, 3].map((a) => ({ name: 'add', args: ['{"a":', `${a},"b":0}`] }))
      const { calls, finish } = await ask({ say: [{ calls: say }] }, { tools })
      equal(
        bare(calls),
        [1, 2, 3].map((a) => ({ name: 'add', input: { a, b: 0 } })),
        'calls',
      )
      equal([new Set(calls.map(({ id }) => id)).size, finish], [3, 'tools'], 'ids and finish')
    },
  },
  {
    name: 'interleaved calls',
    group: 'tools',
    says: 'Calls whose pieces come by turns are not mixed up.',
    needs: ['tools', 'interleaved calls'],
    async run({ ask }) {
      const say = [
        { name: 'add', args: ['{"a"', ':1,', '"b":2}'] },
        { name: 'look_up', args: ['{"wo', 'rd":', '"x"}'] },
      ]
      const { calls } = await ask({ say: [{ calls: say, interleaved: true }] }, { tools })
      equal(
        bare(calls),
        [
          { name: 'add', input: { a: 1, b: 2 } },
          { name: 'look_up', input: { word: 'x' } },
        ],
        'calls',
      )
    },
  },
  {
    name: 'missing ids',
    group: 'tools',
    says: 'Calls without an id get one each, by which their results go back.',
    needs: ['tools', 'call ids'],
    async run({ ask }) {
      const say = [1, 2].map((a) => ({ id: null, name: 'add', args: `{"a":${a}}` }))
      const { calls } = await ask({ say: [{ calls: say }] }, { tools })
      equal(
        bare(calls),
        [
          { name: 'add', input: { a: 1 } },
          { name: 'add', input: { a: 2 } },
        ],
        'calls',
      )
      holds(calls[0]!.id && calls[1]!.id && calls[0]!.id !== calls[1]!.id, 'the ids are not two')
      const results = calls.map(({ id, name }, n) => ({ type: 'result', id, name, output: `r${n}` }) as const)
      const { asked } = await ask(
        { say: [{ text: 'ok' }] },
        { tools, messages: [user('go'), asks(...calls), { role: 'tool', parts: results }] },
      )
      equal(
        asked.turns.flatMap((turn) => turn.results.map(({ text }) => text.includes('r0') || text.includes('r1'))),
        [true, true],
        'results',
      )
    },
  },
  {
    name: 'same ids',
    group: 'tools',
    says: 'Two calls under one id stay two, and each gets an id of its own.',
    needs: ['tools', 'repeated ids'],
    async run({ ask }) {
      const say = [1, 2].map((a) => ({ id: 'call_same1', name: 'add', args: `{"a":${a}}` }))
      const { calls } = await ask({ say: [{ calls: say }] }, { tools })
      equal(
        bare(calls),
        [
          { name: 'add', input: { a: 1 } },
          { name: 'add', input: { a: 2 } },
        ],
        'calls',
      )
      holds(calls[0]!.id !== calls[1]!.id, 'their ids are the same, so that their results cannot be told apart')
    },
  },
  {
    name: 'result',
    group: 'tools',
    says: 'A call and its result go back, the result to its call.',
    needs: ['tools'],
    async run({ ask }) {
      const { parts, calls } = await ask({ say: [{ text: 'Well.' }, { calls: [{ name: 'add', args: '{"a":1,"b":2}' }] }] }, { tools })
      const [call = fail('there is no call')] = calls
      const messages: Message[] = [
        user('1 + 2?'),
        { role: 'assistant', parts },
        { role: 'tool', parts: [{ type: 'result', id: call.id, name: 'add', output: { sum: 3 } }] },
      ]
      const { asked, text } = await ask({ say: [{ text: '3' }] }, { tools, messages })
      const turns = asked.turns
      equal(
        turns.map(({ role }) => role),
        ['user', 'assistant', 'tool'],
        'roles',
      )
      equal(
        [turns[1]?.text, turns[1]?.calls.map(({ name, input }) => ({ name, input }))],
        ['Well.', [{ name: 'add', input: { a: 1, b: 2 } }]],
        'the call',
      )
      const result = turns[2]?.results[0]
      holds(/"?sum"?\W+3/.test(result?.text ?? ''), `the result is ${result?.text}`)
      equal(result?.id, turns[1]?.calls[0]?.id, 'the id of the result')
      equal(text, '3', 'the answer')
    },
  },
  {
    name: 'results in another order',
    group: 'tools',
    says: 'Results are given to their calls, also when they come in another order, or in messages of their own.',
    needs: ['tools'],
    async run({ ask }) {
      const calls: CallPart[] = [1, 2].map((a) => ({
        type: 'call',
        id: `call_00000${a}_abcd`,
        name: a === 1 ? 'add' : 'look_up',
        input: { a },
      }))
      const result = (at: number): Message => ({
        role: 'tool',
        parts: [{ type: 'result', id: calls[at]!.id, name: calls[at]!.name, output: `r${at}` }],
      })
      const { asked } = await ask({ say: [{ text: 'ok' }] }, { tools, messages: [user('go'), asks(...calls), result(1), result(0)] })
      const made = asked.turns.flatMap((turn) => turn.calls)
      const results = asked.turns.flatMap((turn) => turn.results)
      for (const at of [0, 1]) {
        const own = results.find(({ text }) => text.includes(`r${at}`)) ?? fail(`result ${at} is not there`)
        if (own.id !== undefined) equal(own.id, made[at]?.id, `the id of result ${at}`)
        if (own.name !== undefined) equal(own.name, made[at]?.name, `the name of result ${at}`)
      }
    },
  },
  {
    name: 'result with an error',
    group: 'tools',
    says: 'A tool’s error is told to the model.',
    needs: ['tools'],
    async run({ ask }) {
      const call: CallPart = { type: 'call', id: 'call_1_abcdefg', name: 'add', input: {} }
      const error = { code: 'tool/failed', message: 'The adder is out of order.' }
      const messages: Message[] = [user('go'), asks(call), { role: 'tool', parts: [{ type: 'result', id: call.id, name: 'add', error }] }]
      const { asked } = await ask({ say: [{ text: 'ok' }] }, { tools, messages })
      const [result] = asked.turns.flatMap((turn) => turn.results)
      holds(result?.text.includes('The adder is out of order.'), `the result is ${result?.text}`)
    },
  },
  {
    name: 'result with an image',
    group: 'tools',
    says: 'An image in a tool’s result reaches the model.',
    needs: ['tools', 'images', 'result media'],
    async run({ ask }) {
      const call: CallPart = { type: 'call', id: 'call_1_abcdefg', name: 'look_up', input: {} }
      const parts = [
        { type: 'text', text: 'A dot.' },
        { type: 'media', mime: 'image/png', data: pixel },
      ] as const
      const messages: Message[] = [
        user('go'),
        asks(call),
        { role: 'tool', parts: [{ type: 'result', id: call.id, name: 'look_up', parts }] },
      ]
      const { asked } = await ask({ say: [{ text: 'ok' }] }, { tools, messages })
      holds(
        asked.turns.some(({ results }) => results.some(({ text }) => text.includes('A dot.'))),
        'the text of the result is not there',
      )
      equal(
        asked.turns.flatMap(({ media }) => media.map(({ data }) => data)),
        [pixel],
        'the image',
      )
    },
  },
  {
    name: 'empty result',
    group: 'tools',
    says: 'A tool that answers nothing does not make the vendor refuse the question.',
    needs: ['tools'],
    async run({ ask }) {
      for (const output of ['', undefined, null, false, 0, []]) {
        const call: CallPart = { type: 'call', id: 'call_1_abcdefg', name: 'add', input: {} }
        const messages: Message[] = [
          user('go'),
          asks(call),
          { role: 'tool', parts: [{ type: 'result', id: call.id, name: 'add', output }] },
        ]
        const { asked } = await ask({ say: [{ text: 'ok' }] }, { tools, messages })
        equal(asked.turns.flatMap(({ results }) => results).length, 1, `results for ${JSON.stringify(output)}`)
      }
    },
  },
  {
    name: 'another provider’s calls',
    group: 'tools',
    says: 'A conversation that began with another provider goes on: its ids and its replay data do not make the vendor refuse it.',
    needs: ['tools'],
    async run({ ask }) {
      const replay = { wire: 'some-other-wire', data: { id: 'rs_secret', encrypted: 'c2VjcmV0' } }
      const ids = [`fc_${'x'.repeat(80)}`, 'weird id/with:signs#1', 'functions.add:0']
      const messages: Message[] = [user('go')]
      for (const id of ids)
        messages.push(
          {
            role: 'assistant',
            parts: [
              { type: 'reasoning', text: 'Hm.', replay },
              { type: 'opaque', kind: 'strange', replay },
              { type: 'call', id, name: 'add', input: { a: 1, b: 2 }, replay },
            ],
          },
          { role: 'tool', parts: [{ type: 'result', id, name: 'add', output: 3 }] },
        )
      const { asked } = await ask({ say: [{ text: 'ok' }] }, { tools, messages })
      equal(
        [asked.turns.flatMap(({ calls }) => calls).length, asked.turns.flatMap(({ results }) => results).length],
        [3, 3],
        'calls and results',
      )
      holds(!/rs_secret|c2VjcmV0/.test(JSON.stringify(asked.body)), 'replay data of another wire was sent')
    },
  },
  {
    name: 'choice: auto and none',
    group: 'tools',
    says: 'That tools may be called, or may not, arrives.',
    needs: ['tools', 'none choice'],
    async run({ ask }) {
      const none = await ask({ say: [{ text: 'ok' }] }, { tools, toolChoice: 'none' })
      holds(none.asked.choice === 'none' || !none.asked.tools.length, `the choice is ${JSON.stringify(none.asked.choice)}`)
      const auto = await ask({ say: [{ text: 'ok' }] }, { tools, toolChoice: 'auto' })
      holds(auto.asked.choice === 'auto' || auto.asked.choice === undefined, `the choice is ${JSON.stringify(auto.asked.choice)}`)
      equal(auto.asked.tools.length, 2, 'tools')
    },
  },
  {
    name: 'choice: required',
    group: 'tools',
    says: 'That a tool must be called arrives.',
    needs: ['tools', 'required choice'],
    async run({ ask }) {
      const { asked } = await ask({ say: [{ calls: [{ name: 'add', args: '{}' }] }] }, { tools, toolChoice: 'required' })
      equal(asked.choice, 'required', 'choice')
    },
  },
  {
    name: 'choice: one tool',
    group: 'tools',
    says: 'That this one tool must be called arrives.',
    needs: ['tools', 'one choice'],
    async run({ ask }) {
      const { asked, finish } = await ask(
        { say: [{ calls: [{ name: 'look_up', args: '{}' }] }] },
        { tools, toolChoice: { tool: 'look_up' } },
      )
      const only = asked.choice === 'required' && asked.tools.map(({ name }) => name).join() === 'look_up'
      if (!only) equal(asked.choice, { tool: 'look_up' }, 'choice')
      equal(finish, 'tools', 'finish')
    },
  },
  {
    name: 'choice: some tools',
    group: 'tools',
    says: 'That only some of the tools may be called arrives, in the vendor’s words or by telling of no others.',
    needs: ['tools'],
    async run({ ask }) {
      const three = [...tools, { name: 'forget', input: { type: 'object', properties: {} } }]
      const { asked } = await ask({ say: [{ text: 'ok' }] }, { tools: three, toolChoice: { tools: ['add', 'look_up'] } })
      const { choice } = asked
      const names = typeof choice === 'object' && 'tools' in choice ? choice.tools : asked.tools.map(({ name }) => name)
      equal(names, ['add', 'look_up'], 'the tools that may be called')
      holds(choice !== 'required' && choice !== 'none', `the choice is ${JSON.stringify(choice)}`)
    },
  },
  {
    name: 'one call at a time',
    group: 'tools',
    says: 'That calls shall come one at a time arrives.',
    needs: ['tools', 'one call at a time'],
    async run({ ask }) {
      equal((await ask({ say: [{ text: 'ok' }] }, { tools, parallelTools: false })).asked.parallel, false, 'parallel')
    },
  },
]
