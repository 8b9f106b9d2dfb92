// Every schema that describes itself as JSON Schema makes a tool: what it refuses goes back to the model, what it takes is typed.
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { agent, run, type Schema, type ToolContext, tool } from '../src/index.ts'
import { jsonSchema } from '../src/schema/json.ts'
import { scripted } from '../src/testing/index.ts'

const schemas: Record<string, Schema<unknown, { city: string; days: number }>> = {
  zod: z.object({ city: z.string(), days: z.number() }) as never,
  valibot: toStandardJsonSchema(v.object({ city: v.string(), days: v.number() })) as never,
  arktype: type({ city: 'string', days: 'number' }) as never,
  'JSON Schema': jsonSchema<{ city: string; days: number }>({
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'number' } },
    required: ['city', 'days'],
  }) as never,
}

describe.each(Object.entries(schemas))('a tool described by %s', (_name, input) => {
  test('takes what fits, gives back what does not, and is told to the model', async () => {
    const got: unknown[] = []
    const weather = tool({ name: 'weather', input, run: (asked) => (got.push(asked), 'sunny') })
    const call = (id: string, asked: unknown) => ({ type: 'call' as const, id, name: 'weather', input: asked })
    const m = scripted([call('1', { city: 'Rome', days: 'two' }), call('2', { city: 'Rome', days: 2 })], 'Sunny.')
    const { messages } = await run(agent({ name: 'a', model: m, tools: [weather] }), 'how is it?')
    expect(got).toEqual([{ city: 'Rome', days: 2 }])
    const [wrong, right] = messages.find(({ role }) => role === 'tool')!.parts
    expect(wrong).toMatchObject({ error: { code: 'tool/input', message: expect.stringContaining('days') } })
    expect(right).toMatchObject({ output: 'sunny' })
    expect(m.calls[0]!.tools![0]!.input).toMatchObject({
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'number' } },
      required: expect.arrayContaining(['city', 'days']),
    })
  })
})

test('the input of a tool is typed by its schema, and so is the output of an agent', async () => {
  tool({
    name: 't',
    input: z.object({ n: z.number(), tag: z.string().optional() }),
    run(input, context) {
      expectTypeOf(input).toEqualTypeOf<{ n: number; tag?: string | undefined }>()
      expectTypeOf(context).toEqualTypeOf<ToolContext<unknown>>()
    },
  })
  const { output } = await run(agent({ name: 'a', model: scripted('{"n":1}'), output: z.object({ n: z.number() }) }), 'x')
  expectTypeOf(output).toEqualTypeOf<{ n: number }>()
  expect(output.n).toBe(1)
})

test('a validator of your own takes the place of the built-in one', async () => {
  const even = jsonSchema<number>({ type: 'number' }, (value) => (Number(value) % 2 ? [{ message: 'odd', path: ['n'] }] : []))
  const t = tool({ name: 't', input: even, run: (n) => n })
  const m = scripted([{ type: 'call', id: '1', name: 't', input: 3 }], 'ok')
  const { messages } = await run(agent({ name: 'a', model: m, tools: [t] }), 'x')
  expect(messages[1]!.parts[0]).toMatchObject({ error: { message: 'n: odd' } })
})

test('a schema that cannot describe itself is a TypeError at once', () => {
  const mute = { '~standard': { version: 1, vendor: 'mute', validate: (value: unknown) => ({ value }) } } as never
  expect(() => agent({ name: 'a', model: scripted(), tools: [tool({ name: 't', input: mute })] })).toThrow(TypeError)
})
