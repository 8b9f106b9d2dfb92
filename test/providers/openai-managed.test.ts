import { describe, expect, test } from 'vitest'
import {
  agent,
  collect,
  type Event,
  type Journal,
  memoryJournal,
  type Message,
  openSession,
  run,
  type Session,
  stream,
  tool,
  user,
} from '../../src/index.ts'
import { openaiChat } from '../../src/providers/openai-chat.ts'
import { openaiManaged } from '../../src/providers/openai-managed.ts'
import { openai } from '../../src/providers/openai.ts'
import { type Asked, serving } from './served.ts'

type Fields = Record<string, unknown>
const body = ({ body }: Asked): Fields & { input: Fields[] } => body as Fields & { input: Fields[] }
let made = 0
const answer = (...output: Fields[]): Response =>
  Response.json({ id: `resp_${++made}`, model: 'm', status: 'completed', output, usage: { input_tokens: 3, output_tokens: 2 } })
const message = (text: string): Fields => ({
  type: 'message',
  id: `msg_${text}`,
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [] }],
})
const thought: Fields = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'sealed' }
const call: Fields = { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'add', arguments: '{"a":1}', status: 'completed' }
const lost = Response.json(
  { error: { message: "Previous response with id 'resp_1' not found.", code: 'previous_response_not_found' } },
  { status: 400 },
)
const add = tool({ name: 'add', run: () => 2 })

/** A session whose model answers with these, one after another. */
async function session(
  replies: readonly Response[],
  journal: Journal = memoryJournal(),
): Promise<{ session: Session; asked: Asked[]; events: Event[] }> {
  const { fetch, asked } = serving(...replies)
  const events: Event[] = []
  const opened = await openSession({
    journal,
    key: 's',
    agent: agent({ name: 'a', instructions: 'Be brief.', model: openaiManaged('gpt-5.4', { fetch }), tools: [add] }),
  })
  return { session: opened, asked, events }
}
const say = async (to: Session, text: string): Promise<void> => {
  await to.submit(text)
  await to.idle()
}

describe('a conversation that the server holds', () => {
  test('is told only what is new, in a tool loop and from turn to turn', async () => {
    made = 0
    const { session: s, asked } = await session([answer(thought, call), answer(message('two')), answer(message('bye'))])
    await say(s, 'add one')
    await say(s, 'thanks')
    expect(asked.map((one) => [body(one).previous_response_id, body(one).input])).toEqual([
      [undefined, [{ role: 'user', content: 'add one' }]],
      ['resp_1', [{ type: 'function_call_output', call_id: 'call_1', output: '2' }]],
      ['resp_2', [{ role: 'user', content: 'thanks' }]],
    ])
    for (const one of asked)
      expect(body(one)).toMatchObject({ store: true, instructions: 'Be brief.', include: ['reasoning.encrypted_content'] })
  })

  test('goes on in another isolate, from the journal alone', async () => {
    made = 0
    const journal = memoryJournal()
    const first = await session([answer(message('one'))], journal)
    await say(first.session, 'hi')
    const second = await session([answer(message('two'))], journal)
    await say(second.session, 'again')
    expect(body(second.asked[0]!)).toMatchObject({ previous_response_id: 'resp_1', input: [{ role: 'user', content: 'again' }] })
  })

  test('is sent whole where the server has lost it, without ids that nobody knows, and is held again from there', async () => {
    for (const gone of [
      lost,
      Response.json({ error: { message: 'Response with id=resp_1 not found.' } }, { status: 404 }),
      Response.json(
        { error: { message: 'Previous response cannot be used for this organization due to Zero Data Retention.' } },
        { status: 400 },
      ),
    ]) {
      made = 0
      const { session: s, asked } = await session([answer(thought, message('one')), gone, answer(message('two')), answer(message('three'))])
      await say(s, 'hi')
      await say(s, 'again')
      await say(s, 'and again')
      expect(asked.map((one) => body(one).previous_response_id)).toEqual([undefined, 'resp_1', undefined, 'resp_2'])
      expect(body(asked[2]!).input).toEqual([
        { role: 'user', content: 'hi' },
        { type: 'reasoning', summary: [], encrypted_content: 'sealed' },
        { role: 'assistant', content: 'one' },
        { role: 'user', content: 'again' },
      ])
      expect(body(asked[3]!).input).toEqual([{ role: 'user', content: 'and again' }])
    }
  })

  test('says in a notice that it was sent whole; any other error is an error', async () => {
    made = 0
    const { fetch } = serving(answer(message('one')), lost, answer(message('two')))
    const a = agent({ name: 'a', model: openaiManaged('gpt-5.4', { fetch }) })
    const { messages } = await run(a, 'hi')
    const events: Event[] = []
    for await (const event of stream(a, [user('hi'), ...messages, user('more')])) events.push(event)
    expect(events.filter(({ type }) => type === 'notice')).toMatchObject([{ code: 'model/state' }])
    for (const [status, error] of [
      [404, { message: 'no such model', code: 'model_not_found' }],
      [429, { message: 'slow down', code: 'rate_limit_exceeded' }],
      [400, { message: 'bad', code: 'invalid_value' }],
    ] as const) {
      const failing = serving(Response.json({ error }, { status }))
      await expect(
        collect(openaiManaged('gpt-5.4', { fetch: failing.fetch })({ messages: [user('hi'), ...messages, user('more')] })),
      ).rejects.toMatchObject({ status })
      expect(failing.asked).toHaveLength(1)
    }
  })

  test('a server that cannot be reached, for whatever reason, has lost nothing', async () => {
    made = 0
    const { fetch } = serving(answer(message('one')))
    const { messages } = await run(agent({ name: 'a', model: openaiManaged('gpt-5.4', { fetch }) }), 'hi')
    const reason: Error & { self?: unknown } = new Error('previous response: no route')
    reason.self = reason
    let asked = 0
    const unreachable = openaiManaged('gpt-5.4', {
      fetch: async () => {
        asked++
        throw reason
      },
    })
    await expect(collect(unreachable({ messages: [user('hi'), ...messages, user('more')] }))).rejects.toMatchObject({ code: 'model/http' })
    expect(asked).toBe(1)
  })

  test('is not believed where the transcript says something else: after a rewind, a change, an answer of another model', async () => {
    made = 0
    const { fetch, asked } = serving(answer(message('one')), answer(message('two')), answer(message('three')))
    const model = openaiManaged('gpt-5.4', { fetch })
    const a = agent({ name: 'a', model })
    const first = await run(a, [user('hi')])
    const second = await run(a, [user('hi'), ...first.messages, user('more')])
    const whole: Message[] = [user('hi'), ...first.messages, user('more'), ...second.messages]
    // what was said in the beginning is another word now
    await collect(model({ messages: [user('hello'), ...whole.slice(1), user('x')] }))
    expect(body(asked.at(-1)!).previous_response_id).toBeUndefined()
    expect(body(asked.at(-1)!).input[0]).toEqual({ role: 'user', content: 'hello' })
    // so is the answer itself
    const { id: _, parts } = whole[3]!
    const other = parts.map((part) => (part.type === 'text' ? { ...part, text: '[taken out]' } : part))
    await collect(model({ messages: [...whole.slice(0, 3), { role: 'assistant', parts: other }, user('x')] }))
    expect(body(asked.at(-1)!).previous_response_id).toBeUndefined()
    expect(JSON.stringify(body(asked.at(-1)!).input)).toContain('[taken out]')
    await collect(model({ messages: [...whole, user('x')] }))
    expect(body(asked.at(-1)!).previous_response_id).toBe('resp_2')
    // cut back to the first answer: the server has that one too
    await collect(model({ messages: [...whole.slice(0, 2), user('x')] }))
    expect(body(asked.at(-1)!)).toMatchObject({ previous_response_id: 'resp_1', input: [{ role: 'user', content: 'x' }] })
    // what another model said in between goes along as words
    const foreign: Message = { role: 'assistant', parts: [{ type: 'text', text: 'other' }] }
    await collect(model({ messages: [...whole, user('q'), foreign, user('x')] }))
    expect(body(asked.at(-1)!)).toMatchObject({
      previous_response_id: 'resp_2',
      input: [
        { role: 'user', content: 'q' },
        { role: 'assistant', content: 'other' },
        { role: 'user', content: 'x' },
      ],
    })
    // nothing new to say
    await collect(model({ messages: whole }))
    expect(body(asked.at(-1)!).previous_response_id).toBeUndefined()
  })

  test('is a transcript like any other for other models and servers', async () => {
    made = 0
    const { fetch } = serving(answer(thought, message('one')))
    const { messages } = await run(agent({ name: 'a', model: openaiManaged('gpt-5.4', { fetch }) }), 'hi')
    const whole = [user('hi'), ...messages, user('more')]
    const others = serving(answer(message('ok')))
    await collect(openai('gpt-5.4', { fetch: others.fetch })({ messages: whole }))
    await collect(openaiManaged('grok-4.3', { provider: 'xai', baseURL: 'https://api.x.ai/v1', fetch: others.fetch })({ messages: whole }))
    expect(body(others.asked[0]!).input).toEqual([
      { role: 'user', content: 'hi' },
      thought,
      { ...message('one'), content: [{ type: 'output_text', text: 'one', annotations: [], logprobs: [] }] },
      { role: 'user', content: 'more' },
    ])
    expect(body(others.asked[1]!).previous_response_id).toBeUndefined()
    expect(body(others.asked[1]!).input).toEqual([
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'one' },
      { role: 'user', content: 'more' },
    ])
    const chat = serving(Response.json({ choices: [{ message: { content: 'ok' }, finish_reason: 'stop' }] }))
    await collect(openaiChat('gpt-5.4', { fetch: chat.fetch })({ messages: whole }))
    expect((body(chat.asked[0]!).messages as Fields[])[1]).toEqual({ role: 'assistant', content: 'one' })
  })

  test('a result answers in the form of its call, though the call stays with the server', async () => {
    made = 0
    const custom: Fields = { type: 'custom_tool_call', id: 'ctc_1', call_id: 'call_9', name: 'sql', input: 'select 1', status: 'completed' }
    const { fetch, asked } = serving(answer(custom), answer(message('done')))
    const sql = tool({ name: 'sql', hosted: { wire: 'openai-responses', definition: { type: 'custom', name: 'sql' } }, run: () => '1' })
    await run(agent({ name: 'a', model: openaiManaged('gpt-5.4', { fetch }), tools: [sql] }), 'hi')
    expect(body(asked[1]!).input).toEqual([{ type: 'custom_tool_call_output', call_id: 'call_9', output: '1' }])
  })

  test('of a model that does not think, nothing sealed is asked for; reasoning that only the server knows is left out of a rebuild', async () => {
    made = 0
    const plain = serving(answer(message('one')))
    await collect(openaiManaged('gpt-4.1', { fetch: plain.fetch })({ messages: [user('hi')] }))
    expect(body(plain.asked[0]!).include).toBeUndefined()
    const bare: Fields = { type: 'reasoning', id: 'rs_1', summary: [] }
    const { fetch, asked } = serving(answer(bare, message('one')), lost, answer(message('two')))
    const model = openaiManaged('gpt-5.4', { fetch })
    const { messages } = await run(agent({ name: 'a', model }), 'hi')
    await collect(model({ messages: [user('hi'), ...messages, user('more')] }))
    expect(body(asked[2]!).input.map(({ type, role }) => type ?? role)).toEqual(['user', 'assistant', 'user'])
  })
})
