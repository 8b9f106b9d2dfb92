import { type Behaviour, equal, holds } from './behaviour.ts'

const schema = {
  type: 'object',
  properties: { city: { type: 'string', description: 'A name.' }, size: { type: 'integer' } },
  required: ['city', 'size'],
  additionalProperties: false,
}
const answer = '{"city":"Bern","size":134000}'

/** Answers held to a form. */
export const output: readonly Behaviour[] = [
  {
    name: 'schema',
    group: 'output',
    says: 'A schema for the answer arrives, and the answer is its JSON.',
    needs: ['schema'],
    async run({ ask }) {
      const { asked, text } = await ask({ say: [{ text: answer }] }, { output: { name: 'place', schema } })
      const told = JSON.stringify(asked.output?.schema) ?? ''
      for (const name of ['city', 'size', 'required']) holds(told.includes(name), `the schema lost ${name}: ${told}`)
      equal(JSON.parse(text), JSON.parse(answer), 'answer')
    },
  },
  {
    name: 'schema in words',
    group: 'output',
    says: 'A schema is never lost: where the vendor has no field for it, the model is told in words.',
    async run({ ask }) {
      const { asked } = await ask({ say: [{ text: answer }] }, { output: { schema } })
      holds(JSON.stringify([asked.output?.schema, asked.system, asked.turns]).includes('city'), 'the schema was not told')
    },
  },
  {
    name: 'open schema',
    group: 'output',
    says: 'A schema with optional fields does not make the vendor refuse the question.',
    async run({ ask }) {
      const open = { type: 'object', properties: { city: { type: 'string' }, size: { type: 'integer' } }, required: ['city'] }
      const { text } = await ask({ say: [{ text: answer }] }, { output: { name: 'a place!', schema: open } })
      equal(text, answer, 'answer')
    },
  },
  {
    name: 'any JSON',
    group: 'output',
    says: 'JSON of any shape can be asked for.',
    needs: ['json'],
    async run({ ask }) {
      const { asked } = await ask({ say: [{ text: answer }] }, { output: {}, system: 'Answer in JSON.' })
      holds(asked.output !== undefined || /JSON/.test(asked.system.slice(1).join()), 'no JSON was asked for')
    },
  },
  {
    name: 'schema beside tools',
    group: 'output',
    says: 'A schema and tools in one question do not make the vendor refuse it.',
    needs: ['tools'],
    async run({ ask }) {
      const { text } = await ask(
        { say: [{ text: answer }] },
        { output: { schema }, tools: [{ name: 'add', input: { type: 'object', properties: {} } }] },
      )
      equal(text, answer, 'answer')
    },
  },
]
