import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { agent, type Event, type Message, type Part, stream, tool, user } from '../src/index.ts'
import { dataset, type DatasetFormat, type DatasetOptions } from '../src/services/index.ts'
import { scripted } from '../src/testing/index.ts'

const says = (...parts: Part[]): Message => ({ role: 'assistant', parts })
const text = (text: string): Part => ({ type: 'text', text })
const call = (id: string, input: unknown, name = 'look'): Part => ({ type: 'call', id, name, input })
const gave = (id: string, output: unknown, name = 'look'): Message => ({ role: 'tool', parts: [{ type: 'result', id, name, output }] })
const asIs = (text: string): string => text
const formats: readonly DatasetFormat[] = ['openai', 'mistral', 'together', 'fireworks']
const tools = [{ name: 'look', description: 'Looks.', input: { type: 'object', properties: { q: { type: 'string' } } } }] as const

interface Line {
  messages: {
    role: string
    content: string | null
    tool_calls?: { id: string; type: string; function: { name: string; arguments: string } }[]
    tool_call_id?: string
    name?: string
  }[]
  tools?: { type: string; function: { name: string; parameters: object } }[]
}
const read = (lines: string): Line[] =>
  lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)

/** What each provider checks an uploaded file for, as its documentation says it. */
function valid({ messages, tools }: Line, format: DatasetFormat): void {
  const known = new Set(['messages', ...(tools ? ['tools'] : [])])
  expect(Object.keys({ messages, ...(tools && { tools }) }).every((key) => known.has(key))).toBe(true)
  const rest = messages[0]!.role === 'system' ? messages.slice(1) : messages
  expect(rest.length).toBeGreaterThanOrEqual(2)
  expect(rest[0]!.role).toBe('user')
  expect(rest.at(-1)!.role).toBe('assistant')
  expect(rest.at(-1)!.tool_calls).toBeUndefined()
  let open: string[] = []
  for (const [at, { role, content, tool_calls, tool_call_id }] of rest.entries()) {
    const before = rest[at - 1]?.role
    if (role === 'tool') {
      expect(open).toContain(tool_call_id)
      open = open.filter((id) => id !== tool_call_id)
      expect(typeof content).toBe('string')
      continue
    }
    // every call has its result before anybody goes on
    expect(open).toEqual([])
    expect(['user', 'assistant']).toContain(role)
    expect(role).not.toBe(before)
    if (role === 'user') expect(typeof content).toBe('string')
    if (!tool_calls) expect(content).toBeTruthy()
    else {
      if (format !== 'openai') expect(typeof content).toBe('string')
      expect(tool_calls.length).toBeGreaterThan(0)
      for (const { id, type, function: asked } of tool_calls) {
        expect(type).toBe('function')
        expect(typeof JSON.parse(asked.arguments)).toBe('object')
        if (format === 'mistral') expect(id).toMatch(/^[a-zA-Z0-9]{9}$/)
        expect(id.length).toBeLessThanOrEqual(40)
        open.push(id)
      }
    }
  }
}

const weather: Message[] = [
  user('How is it in Bern?'),
  says(
    { type: 'reasoning', text: 'hm' },
    text('I look.'),
    call('call_abcdefghijklmnop', { q: 'Bern', n: [1, { deep: 'x' }] }),
    call('b', {}),
  ),
  { role: 'tool', parts: [...gave('call_abcdefghijklmnop', { sky: 'blue', t: 21 }).parts, ...gave('b', 'dry').parts] },
  says(text('Blue, 21°.')),
]

describe('a dataset', () => {
  test.each(formats)('fits the rules of %s', async (format) => {
    const { training, examples, left } = await dataset(
      Array.from({ length: 12 }, () => weather),
      { format, redact: asIs, tools, system: 'Be kind.', validation: 0 },
    )
    const lines = read(training)
    expect(lines).toHaveLength(12)
    expect(examples).toEqual({ training: 12, validation: 0 })
    for (const line of lines) valid(line, format)
    expect(left.every(({ what }) => what === 'reasoning')).toBe(true)
    expect(training.endsWith('}\n')).toBe(true)
  })
  test('keeps calls and results whole', async () => {
    const { training } = await dataset([weather], { format: 'openai', redact: asIs, tools, validation: 0 })
    expect(read(training)[0]).toEqual({
      messages: [
        { role: 'user', content: 'How is it in Bern?' },
        {
          role: 'assistant',
          content: 'I look.',
          tool_calls: [
            { id: 'c00000001', type: 'function', function: { name: 'look', arguments: '{"q":"Bern","n":[1,{"deep":"x"}]}' } },
            { id: 'c00000002', type: 'function', function: { name: 'look', arguments: '{}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'c00000001', name: 'look', content: '{"sky":"blue","t":21}' },
        { role: 'tool', tool_call_id: 'c00000002', name: 'look', content: 'dry' },
        { role: 'assistant', content: 'Blue, 21°.' },
      ],
      tools: [{ type: 'function', function: { name: 'look', description: 'Looks.', parameters: tools[0].input } }],
    })
  })
  test('comes from the events of a session as from its messages', async () => {
    const events: Event[] = []
    const look = tool({ name: 'look', run: () => 'seen' })
    const history = user('hi')
    events.push({ type: 'message', message: history, at: 0, run: 'r', agent: 'a', seq: 1 })
    for await (const event of stream(agent({ name: 'a', model: scripted([call('1', {})], 'done'), tools: [look] }), [history]))
      events.push({ ...event, seq: events.length + 1 } as Event)
    const messages = events.flatMap((event) => (event.type === 'message' ? [event.message] : []))
    const options: DatasetOptions = { format: 'mistral', redact: asIs, validation: 0 }
    const [a, b] = [await dataset([events], options), await dataset([messages], options)]
    expect(read(a.training)[0]!.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant'])
    expect(a).toEqual(b)
  })
  test('takes what `where` says', async () => {
    const { examples } = await dataset([weather, [user('no'), says(text('thanks'))]], {
      format: 'mistral',
      redact: asIs,
      where: (messages) => messages.length > 2,
      validation: 0,
    })
    expect(examples.training).toBe(1)
  })
})

describe('redaction', () => {
  test('is asked for every text, wherever it stands, and nothing else gets in', async () => {
    const secret = 'ada@example.com'
    const transcript: Message[] = [
      { role: 'system', parts: [text(`for ${secret}`)] },
      { ...user(`I am ${secret}`), name: secret },
      says(text(`Hello ${secret}`), call(secret, { to: secret, cc: [secret, { [secret]: secret }] }), call('2', {}), call('3', {})),
      {
        role: 'tool',
        parts: [
          { type: 'result', id: secret, name: 'look', output: { list: [secret] } },
          { type: 'result', id: '2', name: 'look', error: { code: 'tool/failed', message: `no ${secret}` } },
          { type: 'result', id: '3', name: 'look', parts: [{ type: 'text', text: secret }] },
        ],
      },
      says({ type: 'refusal', text: `Not for ${secret}` }),
    ]
    const places = new Set<string>()
    const kept = (redact: DatasetOptions['redact']): ReturnType<typeof dataset> =>
      dataset([transcript], { format: 'openai', redact, validation: 0 })
    const { training } = await kept((text, { role, kind }) => {
      places.add(`${role} ${kind}`)
      return text.replaceAll(secret, '[email]')
    })
    expect(training).not.toContain(secret)
    expect(training.split('[email]').length - 1).toBe(11)
    expect([...places].sort()).toEqual([
      'assistant input',
      'assistant key',
      'assistant text',
      'system text',
      'tool key',
      'tool output',
      'user text',
    ])
    // the twin: without it all of it would be there
    expect((await kept(asIs)).training).toContain(secret)
  })
  test('is not left out: a TypeError', async () => {
    await expect(dataset([weather], { format: 'openai' } as unknown as DatasetOptions)).rejects.toThrow(TypeError)
    await expect(dataset([weather], { format: 'openai', redact: () => undefined as unknown as string })).rejects.toThrow(TypeError)
    await expect(dataset([weather], { format: 'x' as DatasetFormat, redact: asIs })).rejects.toThrow(TypeError)
    await expect(dataset([weather], { format: 'openai', redact: asIs, validation: 0.9 })).rejects.toThrow(TypeError)
  })
  test('that fails stops it', async () => {
    await expect(dataset([weather], { format: 'openai', redact: () => Promise.reject(new Error('down')) })).rejects.toThrow('down')
  })
})

describe('what has no place', () => {
  const left = async (...messages: Message[]): Promise<unknown> => {
    const { left, examples } = await dataset([messages], { format: 'mistral', redact: asIs, validation: 0 })
    return [examples.training, ...left.map(({ what, count }) => `${what} ${count}`)]
  }
  const png: Part = { type: 'media', mime: 'image/png', data: 'AAAA' }
  test('is told', async () => {
    expect(await left({ role: 'user', parts: [text('see'), png, png] }, says(text('yes')))).toEqual([1, 'media 2'])
    expect(
      await left(
        user('hi'),
        says(
          { type: 'opaque', kind: 'x', replay: { wire: 'w', data: 1 } },
          { type: 'call', id: '1', name: 'web', input: {}, by: 'provider' },
          text('found'),
        ),
      ),
    ).toEqual([1, 'provider item 2'])
    expect(await left(user('hi'))).toEqual([0, 'no answer 1', 'too few examples 0'])
    expect(await left(user('hi'), says(text('a')), user('more'))).toEqual([1, 'unanswered end 1'])
    expect(await left(user('hi'), says(text('a')), user('do'), says(call('1', {})), user('stop'), says(text('b')))).toEqual([
      1,
      'unanswered end 1',
    ])
    expect(
      await left(user('hi'), says(text('a')), user('do'), says({ type: 'call', id: '1', name: 'x', input: '{', invalid: true })),
    ).toEqual([1, 'unreadable call 1', 'unanswered end 1'])
    expect(await left(says(text('Welcome!')), user('hi'), says(text('a')))).toEqual([1, 'opening answer 1'])
    expect(await left(user('hi'), says(text('a')), { role: 'system', parts: [text('be brief')] }, user('b'), says(text('c')))).toEqual([
      1,
      'later instructions 1',
    ])
    expect(
      await left(
        user('hi'),
        says(call('1', {})),
        { role: 'tool', parts: [{ type: 'result', id: '1', name: 'look', parts: [png as never] }] },
        says(text('c')),
      ),
    ).toEqual([1, 'media 1'])
  })
  test('in numbers: below what the provider takes', async () => {
    const told = async (n: number, format: DatasetFormat): Promise<boolean> =>
      (
        await dataset(
          Array.from({ length: n }, () => weather),
          { format, redact: asIs, validation: 0 },
        )
      ).left.some(({ what }) => what === 'too few examples')
    expect([await told(9, 'openai'), await told(10, 'openai'), await told(2, 'fireworks'), await told(3, 'fireworks')]).toEqual([
      true,
      false,
      true,
      false,
    ])
  })
  test('is refused above the bound', async () => {
    await expect(dataset([weather, weather], { format: 'openai', redact: asIs, maxSize: 600 })).rejects.toMatchObject({
      code: 'request/too-large',
    })
  })
})

describe('the split', () => {
  const many = Array.from({ length: 400 }, (_, n) => [user(`question ${n}`), says(text(`answer ${n}`))])
  const split = (transcripts: Message[][], options: Partial<DatasetOptions> = {}): ReturnType<typeof dataset> =>
    dataset(transcripts, { format: 'together', redact: asIs, validation: 0.25, ...options })
  test('is about the share, and always the same, in whatever order', async () => {
    const { training, validation, examples } = await split(many)
    expect(examples.training + examples.validation).toBe(400)
    expect(examples.validation).toBeGreaterThan(60)
    expect(examples.validation).toBeLessThan(140)
    const turned = await split(many.toReversed())
    expect(new Set(read(turned.validation).map((line) => JSON.stringify(line)))).toEqual(
      new Set(read(validation).map((line) => JSON.stringify(line))),
    )
    expect(read(training).some((line) => validation.includes(JSON.stringify(line)))).toBe(false)
  })
  test('is another with another seed; equal examples stay together', async () => {
    expect((await split(many, { seed: 'b' })).validation).not.toBe((await split(many, { seed: 'a' })).validation)
    const { examples } = await split(Array.from({ length: 50 }, () => many[0]!))
    expect([examples.training, examples.validation]).toContain(50)
  })
})

describe('any conversation', () => {
  const id = fc.constantFrom('1', '2', '3')
  const part = fc.oneof(
    fc.record({ type: fc.constant('text' as const), text: fc.string() }),
    fc.record({ type: fc.constant('call' as const), id, name: fc.constant('look'), input: fc.jsonValue() }),
    fc.record({ type: fc.constant('call' as const), id, name: fc.constant('look'), input: fc.string(), invalid: fc.constant(true) }),
    fc.record({ type: fc.constant('result' as const), id, name: fc.constant('look'), output: fc.jsonValue() }),
    fc.record({ type: fc.constant('media' as const), mime: fc.constant('image/png'), data: fc.constant('AAAA') }),
    fc.record({ type: fc.constant('reasoning' as const), text: fc.string() }),
  ) as fc.Arbitrary<Part>
  const anything: fc.Arbitrary<Message> = fc.record({
    role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
    parts: fc.array(part, { maxLength: 4 }),
  })
  const plausible = fc
    .tuple(fc.string(), fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), fc.string(), fc.boolean())
    .map(([asked, input, output, answer, useTool]) =>
      useTool ? [user(asked), says(call('1', input)), gave('1', output), says(text(answer))] : [user(asked), says(text(answer))],
    )
  const conversation = fc
    .array(fc.oneof({ weight: 3, arbitrary: plausible }, { weight: 1, arbitrary: fc.array(anything, { maxLength: 2 }) }), { maxLength: 5 })
    .map((rounds) => rounds.flat())
  test.each(formats)(
    'gives lines that %s takes, or is told',
    async (format) => {
      let seen = 0
      await fc.assert(
        fc.asyncProperty(conversation, async (messages) => {
          const { training, examples, left } = await dataset([messages], { format, redact: asIs, validation: 0 })
          const lines = read(training)
          seen += lines.length
          expect(lines).toHaveLength(examples.training)
          if (!lines.length) expect(left.length).toBeGreaterThan(0)
          for (const line of lines) valid(line, format)
        }),
        { numRuns: 150 },
      )
      expect(seen).toBeGreaterThan(30)
    },
    30_000,
  )
})
