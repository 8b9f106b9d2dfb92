import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import {
  agent,
  and,
  calledTool,
  type Chunk,
  type Event,
  KitError,
  maxSteps,
  type Message,
  type Middleware,
  model,
  type ModelCall,
  or,
  pending,
  run,
  type RunOptions,
  said,
  spent,
  stream,
  tool,
  ToolError,
  user,
} from '../src/index.ts'
import { scripted } from '../src/testing/index.ts'

const call = (name: string, input: unknown = {}, id = name): { type: 'call'; id: string; name: string; input: unknown } => ({
  type: 'call',
  id,
  name,
  input,
})
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const hang = (): Promise<never> => new Promise(() => {})

async function events(a: Parameters<typeof stream>[0], options: RunOptions = {}): Promise<Event[]> {
  const all: Event[] = []
  for await (const event of stream(a, 'go', options)) all.push(event)
  return all
}
const of = <T extends Event['type']>(all: Event[], type: T): Extract<Event, { type: T }>[] =>
  all.filter((event): event is Extract<Event, { type: T }> => event.type === type)

describe('an agent', () => {
  test('is the same frozen object from a description and from the builder', () => {
    const m = scripted('hi')
    const t = tool({ name: 't', run: () => 1 })
    const built = agent('a').model(m).instructions('Be kind.').tool(t).build()
    expect(built).toEqual(agent({ name: 'a', model: m, instructions: 'Be kind.', tools: [t] }))
    expect(Object.isFrozen(built)).toBe(true)
    expectTypeOf(agent('a')).not.toHaveProperty('build')
    expectTypeOf(agent('a').model(m).instructions('x')).toHaveProperty('build')
  })
  test('that could never run is a TypeError at once', () => {
    expect(() => agent({ name: 'no spaces', model: scripted() })).toThrow(TypeError)
    expect(() => agent({ name: 'a', model: undefined as never })).toThrow(TypeError)
    expect(() => agent({ name: 'a', model: scripted(), tools: [tool({ name: 't' }), tool({ name: 't' })] })).toThrow(/two tools/)
  })
})

describe('tools', () => {
  test('run at once, within the bound, and answer in the order of their calls', async () => {
    let [now, most] = [0, 0]
    const slow = tool({
      name: 'slow',
      input: z.object({ ms: z.number() }),
      run: async ({ ms }) => {
        most = Math.max(most, ++now)
        await sleep(ms)
        now--
        return ms
      },
    })
    const m = scripted([call('slow', { ms: 30 }, 'a'), call('slow', { ms: 1 }, 'b'), call('slow', { ms: 10 }, 'c')], 'done')
    const all = await events(agent({ name: 'a', model: m, tools: [slow], bounds: { parallel: 2 } }))
    expect(most).toBe(2)
    expect(
      of(all, 'message')
        .find(({ message }) => message.role === 'tool')!
        .message.parts.map((part) => part.type === 'result' && part.output),
    ).toEqual([30, 1, 10])
  })
  test('wrong input, an unknown name and a throw go back to the model; a secret in a throw does not', async () => {
    const causes: unknown[] = []
    const tools = [
      tool({ name: 'typed', input: z.object({ n: z.number() }), run: ({ n }) => n }),
      tool({
        name: 'kind',
        run: () => {
          throw new ToolError('no such city')
        },
      }),
      tool({
        name: 'leaky',
        run: () => {
          throw new Error('password=hunter2')
        },
      }),
      tool({
        name: 'cyclic',
        run: () => {
          const o: { self?: unknown } = {}
          o.self = o
          return o
        },
      }),
      tool({ name: 'huge', run: () => 'x'.repeat(2_000_000) }),
      tool({ name: 'hangs', timeout: 20, run: hang }),
    ]
    const m = scripted(
      [call('typed', { n: 'x' }), call('nobody'), call('kind'), call('leaky'), call('cyclic'), call('huge'), call('hangs')],
      'ok',
    )
    const all = await events(agent({ name: 'a', model: m, tools }), { onError: (error) => causes.push(error) })
    const errors = Object.fromEntries(of(all, 'tool-result').map(({ name, error }) => [name, error!]))
    expect(Object.fromEntries(Object.entries(errors).map(([name, { code }]) => [name, code]))).toEqual({
      typed: 'tool/input',
      nobody: 'tool/unknown',
      kind: 'tool/failed',
      leaky: 'tool/failed',
      cyclic: 'tool/failed',
      huge: 'tool/too-large',
      hangs: 'tool/timeout',
    })
    expect(errors.kind!.message).toBe('no such city')
    expect(JSON.stringify(all)).not.toContain('hunter2')
    expect(String(causes)).toContain('hunter2')
    expect(all.at(-1)).toMatchObject({ type: 'finish', reason: 'stop' })
  })
  test('show progress while they run', async () => {
    const busy = tool({
      name: 'busy',
      run: async (_, { emit }) => {
        emit(1)
        await sleep(5)
        emit(2)
        return 'ok'
      },
    })
    const all = await events(agent({ name: 'a', model: scripted([call('busy')], 'ok'), tools: [busy] }))
    expect(all.map(({ type }) => type).slice(4, 9)).toEqual(['tool-call', 'tool-start', 'tool-progress', 'tool-progress', 'tool-result'])
  })
  test('that need approval park the run; a forged yes in the history changes nothing', async () => {
    let ran = 0
    const guarded = tool({ name: 'guarded', approval: true, run: () => ++ran })
    const all = await events(agent({ name: 'a', model: scripted([call('guarded')], 'ok'), tools: [guarded] }))
    expect(all.at(-1)).toMatchObject({ type: 'finish', reason: 'pending' })
    expect(of(all, 'pending')[0]).toMatchObject({ kind: 'approval', call: { name: 'guarded' } })
    expect(ran).toBe(0)
  })
  test('a tool layer may park too, and sees the answer when the run resumes', async () => {
    const gate: Middleware = {
      tool: (use, next) => {
        if (!use.answer?.approve) throw pending({ kind: 'approval' })
        return next(use)
      },
    }
    const a = agent({ name: 'a', model: scripted('resumed'), tools: [tool({ name: 't', run: () => 'ran' })], use: [gate] })
    const messages = [user('go'), { role: 'assistant' as const, parts: [call('t')] }]
    const answer = { id: 'p', by: 'me', approve: true }
    const all: Event[] = []
    for await (const event of stream(a, messages, { attempt: 'resumed', calls: new Map([['t', { starts: 0, answer }]]) })) all.push(event)
    expect(of(all, 'tool-result')[0]).toMatchObject({ output: 'ran' })
    expect(all[0]).toMatchObject({ type: 'start', attempt: 'resumed' })
  })
})

describe('layers', () => {
  test.each(['first', 'resumed', 'recovered'] as const)('all three wrap a %s run, the first outermost', async (attempt) => {
    const trail: string[] = []
    const layer = (name: string): Middleware => ({
      async *run(r, next) {
        trail.push(`${name} run ${r.attempt}`)
        yield* next(r)
      },
      async *model(c, next) {
        trail.push(`${name} model`)
        yield* next(c)
      },
      tool(use, next) {
        trail.push(`${name} tool`)
        return next(use)
      },
    })
    const a = agent({
      name: 'a',
      model: attempt === 'first' ? scripted([call('t')], 'ok') : scripted('ok'),
      tools: [tool({ name: 't', run: () => 1 })],
      use: [layer('outer'), layer('inner')],
    })
    const input = attempt === 'first' ? [user('go')] : [user('go'), { role: 'assistant' as const, parts: [call('t')] }]
    await run(a, input, { attempt })
    const tools = ['outer tool', 'inner tool']
    const models = ['outer model', 'inner model']
    expect(trail).toEqual([
      `outer run ${attempt}`,
      `inner run ${attempt}`,
      ...(attempt === 'first' ? [...models, ...tools, ...models] : [...tools, ...models]),
    ])
  })
  test('a run layer refuses with a code', async () => {
    const no: Middleware = {
      run() {
        throw new KitError('auth/denied', 'not you')
      },
    }
    await expect(run(agent({ name: 'a', model: scripted('x'), use: [no] }), 'hi')).rejects.toMatchObject({ code: 'auth/denied' })
  })
})

describe('stop conditions', () => {
  const endless = (): ReturnType<typeof agent> =>
    agent({
      name: 'a',
      model: model({ id: 'm', provider: 'p' }, async function* () {
        yield { type: 'part', part: call('t', {}, crypto.randomUUID()) }
        yield { type: 'usage', usage: { input: 10, output: 10 } }
        yield { type: 'finish', reason: 'tools' }
      }),
      tools: [tool({ name: 't', run: () => 1 })],
    })
  test.each([
    ['by default', undefined, 20, 'tool-limit'],
    ['maxSteps', maxSteps(3), 3, 'tool-limit'],
    ['calledTool', calledTool('t'), 1, 'stop'],
    ['spent', spent({ tokens: 100 }), 5, 'budget'],
    ['and', and(maxSteps(2), spent({ tokens: 80 })), 4, 'tool-limit'],
    ['or', or(maxSteps(9), spent({ tokens: 50 }), said('never')), 3, 'budget'],
  ] as const)('%s', async (_name, stop, steps, reason) => {
    const all = await events(agent({ ...endless(), ...(stop && { stop }) }))
    expect(of(all, 'step')).toHaveLength(steps)
    expect(all.at(-1)).toMatchObject({ reason })
  })
})

describe('structured output', () => {
  const schema = z.object({ city: z.string() })
  test('is checked, with one repair turn', async () => {
    const { output } = await run(agent({ name: 'a', model: scripted('{"town":1}', '{"city":"Rome"}'), output: schema }), 'where?')
    expect(output.city).toBe('Rome')
  })
  test('that stays wrong is output/invalid', async () => {
    await expect(run(agent({ name: 'a', model: scripted('no', 'still no'), output: schema }), 'where?')).rejects.toMatchObject({
      code: 'output/invalid',
    })
  })
})

describe('a model', () => {
  test('that goes on with another one’s conversation says so, once', async () => {
    const thought = (wire: string): Message => ({
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: '', replay: { wire, data: 'signed' } },
        { type: 'text', text: 'hello' },
      ],
    })
    const notices = async (wire: string): Promise<string[]> => {
      const answers = scripted([{ type: 'call', id: '1', name: 'clock', input: {} }], 'noon')
      const model = Object.assign((call: ModelCall) => answers(call), { info: { ...answers.info, wire: 'mine' } })
      const clock = tool({ name: 'clock', run: () => 12 })
      const codes: string[] = []
      for await (const event of stream(agent({ name: 'a', model, tools: [clock] }), [user('hi'), thought(wire), user('time?')]))
        if (event.type === 'notice') codes.push(event.code)
      return codes
    }
    expect(await notices('theirs')).toEqual(['model/switched'])
    expect(await notices('mine')).toEqual([])
  })

  const of = (chunks: () => AsyncIterable<Chunk>): ReturnType<typeof agent> =>
    agent({ name: 'a', model: model({ id: 'm', provider: 'p' }, chunks), timeouts: { firstChunk: 30, idle: 30 } })
  test.each([
    [
      'never begins',
      async function* () {
        await hang()
        yield* []
      },
      'model/timeout',
    ],
    [
      'stalls',
      async function* () {
        yield { type: 'text' as const, delta: 'Hel' }
        await hang()
      },
      'model/timeout',
    ],
    [
      'ends too early',
      async function* () {
        yield { type: 'text' as const, delta: 'Hel' }
      },
      'model/truncated',
    ],
    [
      'talks for ever',
      async function* () {
        for (;;) yield { type: 'text' as const, delta: 'x'.repeat(100_000) }
      },
      'run/too-large',
    ],
    [
      'throws what it likes',
      async function* () {
        yield* []
        throw new Error('secret')
      },
      'unexpected',
    ],
  ])('that %s ends the run with a code, and what was said is kept', async (_name, chunks, code) => {
    const all = await events(of(chunks as never))
    expect(all.find(({ type }) => type === 'error')).toMatchObject({ code })
    expect(all.at(-1)).toMatchObject({ type: 'finish', reason: 'error' })
    expect(JSON.stringify(all)).not.toContain('secret')
    if (all.some(({ type }) => type === 'text') && code !== 'run/too-large')
      expect(JSON.stringify(all.filter(({ type }) => type === 'message'))).toContain('Hel')
  })
  test('is told to stop as soon as the run is cancelled', async () => {
    let aborted = false
    const slow = model({ id: 'm', provider: 'p' }, async function* (c) {
      c.signal!.addEventListener('abort', () => (aborted = true))
      yield { type: 'text', delta: 'one ' }
      await hang()
    })
    const abort = new AbortController()
    const all: Event[] = []
    for await (const event of stream(agent({ name: 'a', model: slow }), 'go', { signal: abort.signal })) {
      all.push(event)
      if (event.type === 'text') abort.abort()
    }
    expect(aborted).toBe(true)
    expect(all.slice(-2)).toMatchObject([
      { type: 'message', message: { parts: [{ text: 'one ' }] } },
      { type: 'finish', reason: 'cancelled' },
    ])
    await expect(run(agent({ name: 'a', model: slow }), 'go', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'run/cancelled',
    })
  })
  test('is told to stop when its reader leaves', async () => {
    let signal: AbortSignal | undefined
    const slow = model({ id: 'm', provider: 'p' }, async function* (c) {
      signal = c.signal
      for (;;) yield { type: 'text', delta: 'x' }
    })
    for await (const event of stream(agent({ name: 'a', model: slow }), 'go')) if (event.type === 'text') break
    expect(signal!.aborted).toBe(true)
  })
  test('gets what is said while its run runs', async () => {
    const said = [user('and quickly')]
    const m = scripted([call('t')], 'ok')
    await run(agent({ name: 'a', model: m, tools: [tool({ name: 't', run: () => 1 })] }), 'go', { steered: () => said.splice(0) })
    expect(m.calls.at(-1)!.messages.some(({ parts }) => parts.some((part) => part.type === 'text' && part.text === 'and quickly'))).toBe(
      true,
    )
  })
})
