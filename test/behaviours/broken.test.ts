// Each behaviour can fail: a provider that is broken in its place is caught.
import { afterAll, expect, test } from 'vitest'
import { KitError, type KitErrorOptions } from '../../src/errors.ts'
import { type Chunk, model, type Model, type Part } from '../../src/index.ts'
import { behaviours, conformance, type Subject } from '../../src/testing/conformance.ts'
import { placeToListen } from './place.ts'
import { subjects } from './subjects.ts'

const server = await placeToListen()
afterAll(() => server?.close())

type Break = (subject: Subject) => Subject
type Fields = Record<string, unknown>

/** Breaks what the model gives. */
const answers =
  (change: (chunk: Chunk) => readonly Chunk[]): Break =>
  (subject) =>
    wrapped(subject, async function* (inner, call) {
      for await (const chunk of inner(call)) yield* change(chunk)
    })
/** Breaks what is thrown. */
const throws =
  (change: (error: KitError) => unknown): Break =>
  (subject) =>
    wrapped(subject, async function* (inner, call) {
      try {
        yield* inner(call)
      } catch (error) {
        throw error instanceof KitError ? change(error) : error
      }
    })
/** Breaks the body that is sent. */
const sends =
  (change: (body: Fields) => unknown, headers?: (headers: Headers) => void): Break =>
  (subject) => ({
    ...subject,
    model: (to) =>
      subject.model({
        ...to,
        fetch: (input, init) => {
          const sent = new Headers(init?.headers)
          headers?.(sent)
          return (to.fetch ?? fetch)(input, {
            ...init,
            headers: sent,
            body: JSON.stringify(change(JSON.parse(init!.body as string) as Fields)),
          })
        },
      }),
  })
/** Breaks the body that comes. */
const reads =
  (change: (bytes: Uint8Array) => string): Break =>
  (subject) => ({
    ...subject,
    model: (to) =>
      subject.model({
        ...to,
        fetch: async (input, init) => {
          const response = await (to.fetch ?? fetch)(input, init)
          const encoder = new TextEncoder()
          const changing = new TransformStream<Uint8Array, Uint8Array>({
            transform: (bytes, out) => out.enqueue(encoder.encode(change(bytes))),
          })
          return new Response(response.body!.pipeThrough(changing as never), response)
        },
      }),
  })
/** Breaks the whole of a body that comes. */
const readsWhole =
  (change: (text: string) => string): Break =>
  (subject) => ({
    ...subject,
    model: (to) =>
      subject.model({
        ...to,
        fetch: async (input, init) => {
          const response = await (to.fetch ?? fetch)(input, init)
          return new Response(change(await response.text()), response)
        },
      }),
  })
const wrapped = (subject: Subject, answer: (inner: Model, call: Parameters<Model>[0]) => AsyncIterable<Chunk>): Subject => ({
  ...subject,
  model: (to) => {
    const inner = subject.model(to)
    return model(inner.info, (call) => answer(inner, call))
  },
})

const without = (...names: string[]): Break =>
  sends((body) => Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name))))
const messages = (change: (messages: Fields[]) => Fields[]): Break =>
  sends((body) => ({ ...body, messages: change(body.messages as Fields[]) }))
const parts = (change: (part: Part) => Part | undefined): Break =>
  answers((chunk) => {
    if (chunk.type !== 'part') return [chunk]
    const part = change(chunk.part)
    return part ? [{ ...chunk, part }] : []
  })
const calls = (change: (call: Extract<Part, { type: 'call' }>) => Part | undefined): Break =>
  parts((part) => (part.type === 'call' ? change(part) : part))
const finish = (reason: (Chunk & { type: 'finish' })['reason']): Break =>
  answers((chunk) => [chunk.type === 'finish' ? { ...chunk, reason } : chunk])
const kindLess = (...types: string[]): Break =>
  answers((chunk) => (types.includes(chunk.type === 'part' ? `part ${chunk.part.type}` : chunk.type) ? [] : [chunk]))
const usage = (change: Fields): Break =>
  answers((chunk) => [chunk.type === 'usage' ? { ...chunk, usage: { ...chunk.usage, ...change } } : chunk])
const error = (change: Partial<KitErrorOptions> & { code?: KitError['code']; message?: string }): Break =>
  throws(({ code, message, cause, retryable, retryAfter, provider, status }) => {
    const options = { cause, retryable, retryAfter, provider, status, ...change } as KitErrorOptions
    return new KitError(change.code ?? code, change.message ?? message, options)
  })

/** Says nothing. */
const mute = kindLess('text', 'part text')
/** Never fails: what came is the answer. */
const cheerful: Break = (subject) =>
  wrapped(subject, async function* (inner, call) {
    try {
      yield* inner(call)
    } catch {
      yield { type: 'finish', reason: 'stop' }
    }
  })
/** Goes on when nobody asks any more. */
const deaf: Break = (subject) =>
  wrapped(subject, async function* (inner, { signal: _, ...call }) {
    const chunks = inner(call)[Symbol.asyncIterator]()
    let next = chunks.next()
    for (;;) {
      const { value, done } = await Promise.race([
        next,
        new Promise<{ value: Chunk; done: boolean }>((gone) =>
          setTimeout(() => gone({ value: { type: 'finish', reason: 'stop' }, done: false }), 300),
        ),
      ])
      if (done) return
      yield value
      if (value.type === 'finish') return
      next = chunks.next()
    }
  })
/** Reads all to the end before it gives anything. */
const hoarding: Break = (subject) =>
  wrapped(subject, async function* (inner, call) {
    const all: Chunk[] = []
    for await (const chunk of inner(call)) all.push(chunk)
    yield { type: 'text', delta: all.map((chunk) => (chunk.type === 'text' ? chunk.delta : '')).join('') }
    yield* all.filter(({ type }) => type !== 'text')
  })
/** Each piece of bytes for itself. */
const piecewise = reads((bytes) => new TextDecoder().decode(bytes))
/** Tells nothing of tools or results. */
const resultless = messages((all) => all.map((message) => (message.role === 'tool' ? { ...message, content: '' } : message)))
const schemaless = sends(({ response_format: _, ...body }) => body)

/** How a provider is broken, by the behaviour that must catch it. */
const broken: Readonly<Record<string, Break>> = {
  text: hoarding,
  'text cut anywhere': piecewise,
  'empty answer': answers((chunk) => (chunk.type === 'finish' ? [{ type: 'text', delta: '?' }, chunk] : [chunk])),
  'blank pieces': answers((chunk) => (chunk.type === 'text' && !chunk.delta.trim() ? [] : [chunk])),
  'long piece': answers((chunk) => [chunk.type === 'text' ? { ...chunk, delta: chunk.delta.slice(0, 65_536) } : chunk]),
  '10,000 pieces': hoarding,
  whole: usage({ input: 0 }),
  'whole, unasked': mute,
  'whole with calls': kindLess('part call'),
  'huge question': messages((all) => all.map((message) => ({ ...message, content: String(message.content).slice(0, 100_000) }))),
  'odd characters': messages((all) => all.map((message) => ({ ...message, content: String(message.content).replaceAll('\u2028', '') }))),
  'empty question': messages((all) => all.map(() => ({ role: 'user', content: '' }))),
  instructions: messages((all) => all.map((message) => ({ ...message, role: 'user' }))),
  'instructions in parts': messages((all) =>
    all.map((message) => (Array.isArray(message.content) ? { ...message, content: (message.content as unknown[]).toReversed() } : message)),
  ),
  'several turns': messages((all) => all.slice(1)),
  'two of one role': messages((all) => all.filter((message, at) => message.role !== all[at - 1]?.role)),
  'model and key': sends(
    (body) => body,
    (headers) => headers.delete('authorization'),
  ),
  'own headers': sends(
    (body) => body,
    (headers) => headers.delete('x-trace'),
  ),
  sampling: without('temperature'),
  'stop sequences': without('stop'),
  seed: without('seed'),
  effort: without('reasoning_effort'),
  'what is not known': sends((body) => ({ ...body, top_k: 5 })),
  'options of the call': without('user'),
  'same question, same bytes': sends((body) => ({ ...body, user: crypto.randomUUID() })),
  'tools are told': sends((body) => ({ ...body, tools: (body.tools as Fields[] | undefined)?.slice(1) })),
  'a tool without input': sends((body) => ({
    ...body,
    tools: (body.tools as { function: Fields }[]).map((tool) => ({ ...tool, function: { ...tool.function, parameters: {} } })),
  })),
  'a call': calls((call) => ({ ...call, input: JSON.stringify(call.input) })),
  'text before a call': kindLess('part call'),
  'no arguments': calls((call) => ({ ...call, input: '' })),
  'null arguments': calls((call) => ({ ...call, input: null })),
  'arguments as an object': calls((call) => ({ ...call, input: String(call.input) })),
  'broken arguments': calls(({ invalid: _, ...call }) => call),
  'odd arguments': piecewise,
  'parallel calls': calls((call) => ({ ...call, id: 'call' })),
  'interleaved calls': calls((call) => ({ ...call, input: {} })),
  'missing ids': calls((call) => ({ ...call, id: '' })),
  'same ids': calls((call) => ({ ...call, id: 'call_same1' })),
  result: resultless,
  'results in another order': messages((all) => {
    const ids = all.flatMap(({ tool_call_id: id }) => (id === undefined ? [] : [id])).toReversed()
    return all.map((message) => (message.role === 'tool' ? { ...message, tool_call_id: ids.shift() } : message))
  }),
  'result with an error': resultless,
  'result with an image': messages((all) => all.filter(({ content }) => !Array.isArray(content))),
  'empty result': messages((all) => all.filter(({ role }) => role !== 'tool')),
  'another provider’s calls': messages((all) =>
    all.map((message) => (message.tool_call_id === undefined ? message : { ...message, tool_call_id: `fc_${'x'.repeat(80)}` })),
  ),
  'choice: auto and none': without('tool_choice'),
  'choice: required': without('tool_choice'),
  'choice: one tool': without('tool_choice'),
  'choice: some tools': without('tool_choice'),
  'one call at a time': without('parallel_tool_calls'),
  schema: schemaless,
  'schema in words': schemaless,
  'open schema': sends((body) => ({
    ...body,
    response_format: {
      type: 'json_schema',
      json_schema: { ...(body.response_format as { json_schema: Fields }).json_schema, strict: true },
    },
  })),
  'any JSON': schemaless,
  'schema beside tools': mute,
  image: messages((all) => all.map((message) => ({ ...message, content: 'What is it?' }))),
  images: messages((all) => all.map((message) => ({ ...message, content: (message.content as unknown[]).toReversed() }))),
  'image by address': messages((all) => all.map((message) => ({ ...message, content: 'What is it?' }))),
  PDF: messages((all) => all.map((message) => ({ ...message, content: 'What is it?' }))),
  'media that is not taken': error({ code: 'model/request' }),
  'media in history': messages((all) =>
    all.map((message) => (Array.isArray(message.content) ? { ...message, content: 'What is it?' } : message)),
  ),
  reasoning: kindLess('reasoning', 'part reasoning'),
  'reasoning, whole': kindLess('reasoning', 'part reasoning'),
  'reasoning goes back': parts(({ replay: _, ...part }) => part as Part),
  'thinking of others': messages((all) =>
    all.map((message) => (message.role === 'assistant' ? { ...message, content: 'A foreign thought. Hello.' } : message)),
  ),
  length: finish('stop'),
  refusal: finish('stop'),
  safety: finish('stop'),
  pause: finish('stop'),
  'a reason of tomorrow': finish('stop'),
  usage: usage({ output: 0 }),
  'no usage': answers((chunk) => (chunk.type === 'finish' ? [{ type: 'usage', usage: { input: 1, output: 1 } }, chunk] : [chunk])),
  'cached usage': usage({ cacheRead: undefined }),
  'reasoning usage': usage({ reasoning: undefined }),
  sources: kindLess('source'),
  'line ends': readsWhole((text) => text.replace(/[\r\n]/g, '')),
  'byte order mark': readsWhole((text) => text.replace(/^/gm, '\ufeff')),
  pings: reads((bytes) => new TextDecoder().decode(bytes).replace(/^:.*$/gm, 'data: {')),
  'no marker at the end': readsWhole((text) => (text.includes('[DONE]') ? text : '')),
  'no last line end': readsWhole((text) => text.slice(0, text.lastIndexOf('\n\n') + 2)),
  gzip: mute,
  'events of tomorrow': answers((chunk) => (chunk.type === 'finish' ? [{ ...chunk, reason: 'other' }] : [chunk])),
  truncated: cheerful,
  'nothing at all': cheerful,
  'broken connection': cheerful,
  stall: deaf,
  garbage: cheerful,
  'error after 200': cheerful,
  'error as the first event': error({ retryable: false }),
  'error in a normal chunk': cheerful,
  'abort before': deaf,
  'abort while waiting': deaf,
  'abort in the middle': deaf,
  'reader leaves': deaf,
  'calls side by side': mute,
  'Retry-After in seconds': error({ retryAfter: 7 }),
  'Retry-After as a date': error({ retryAfter: 0 }),
  'Retry-After in ms': error({ retryAfter: 250_000 }),
  'no Retry-After': error({ retryAfter: NaN }),
  'page of a proxy': error({ code: 'model/garbled' }),
  'empty error': error({ code: 'model/garbled' }),
  'unknown model': error({ code: 'model/request' }),
  'wrong key': error({ code: 'model/request' }),
  'question too long': error({ code: 'model/request' }),
  quota: error({ retryable: true }),
  filtered: error({ code: 'model/request' }),
  'refused question': error({ retryable: true }),
  secrets: throws(({ code, provider, cause }) => new KitError(code, JSON.stringify(cause), { provider: provider ?? '' })),
  'nobody there': error({ code: 'model/timeout' }),
}
for (const status of [401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 529])
  Object.assign(broken, { [status]: error({ retryable: status < 429 && status !== 408 && status !== 409 }) })

test('every behaviour has a provider that breaks it', () => {
  expect(Object.keys(broken).toSorted()).toEqual(behaviours.map(({ name }) => name).toSorted())
})

/** The first provider to which a behaviour applies: mostly Chat Completions, whose requests the breaks know. */
const whole = (name: string): Subject =>
  subjects.find((subject) => conformance(subject, server).some((each) => each.name === name && each.lacking === undefined))!

test.each(behaviours.filter(({ overHttp }) => !overHttp || server).map(({ name }) => name))(
  '%s: a broken provider is caught',
  async (name) => {
    const subject = whole(name)
    const run = (of: Subject): Promise<void> =>
      conformance(of, server)
        .find((each) => each.name === name)!
        .run()
    await run(subject)
    await expect(run(broken[name]!(subject))).rejects.toThrow()
  },
)
