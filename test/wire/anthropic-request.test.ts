// What is sent to the Messages API, and what is not.
import Anthropic from '@anthropic-ai/sdk'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Chunk, collect, type Message, type ModelCall, type Part, type ReasoningSettings, user } from '../../src/index.ts'
import { anthropic, type AnthropicOptions } from '../../src/providers/anthropic.ts'

const wire = 'anthropic-messages'
const done = {
  type: 'message',
  content: [{ type: 'text', text: 'ok' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 1, output_tokens: 1 },
}

interface Sent {
  url: string
  headers: Record<string, string>
  body: Body
  dropped: string[]
}

interface Block {
  type: string
  id: string
  text: string
  content: unknown
  input: unknown
  tool_use_id: string
  toolset_name?: string
  is_error?: boolean
}

interface Turn {
  role: string
  content: Block[]
}

type Turns = [Turn, Turn, Turn, ...Turn[]]

interface Body {
  [name: string]: unknown
  messages: Turns
  tools: [Record<string, unknown>, ...Record<string, unknown>[]]
  system: [unknown, ...unknown[]]
  output_config: { effort?: string; format: { schema: Record<string, unknown> } }
}

async function send(call: Partial<ModelCall>, options: AnthropicOptions & { model?: string } = {}): Promise<Sent> {
  const sent: Sent = { url: '', headers: {}, body: {} as Body, dropped: [] }
  const fetch: typeof globalThis.fetch = async (url, init) => {
    sent.url = url as string
    sent.headers = Object.fromEntries(new Headers(init?.headers))
    sent.body = JSON.parse(init?.body as string) as Sent['body']
    return Response.json(done)
  }
  const chunks: Chunk[] = []
  for await (const chunk of anthropic(options.model ?? 'claude-haiku-4-5', { fetch, ...options })({ messages: [user('hi')], ...call }))
    chunks.push(chunk)
  for (const chunk of chunks) if (chunk.type === 'notice') sent.dropped.push(...(chunk.data as { dropped: string[] }).dropped)
  return sent
}

const content = async (messages: readonly Message[], options: AnthropicOptions & { model?: string } = {}): Promise<Turns> =>
  (await send({ messages }, options)).body.messages

const call = (id: string, more: Partial<Extract<Part, { type: 'call' }>> = {}): Part => ({
  type: 'call',
  id,
  name: 'add',
  input: { a: 1 },
  ...more,
})
const result = (id: string, more: Partial<Extract<Part, { type: 'result' }>> = {}): Part => ({
  type: 'result',
  id,
  name: 'add',
  output: 2,
  ...more,
})
const said = (...parts: Part[]): Message => ({ role: 'assistant', parts })
const tool = (...parts: Part[]): Message => ({ role: 'tool', parts })
const text = (words: string): Part => ({ type: 'text', text: words })
const own = (data: object): { replay: { wire: string; data: never } } => ({ replay: { wire, data: data as never } })
const thought = (thinking: string, signature = 'c2ln'): Part => ({
  type: 'reasoning',
  text: thinking,
  ...own({ type: 'thinking', thinking, signature }),
})

describe('a conversation', () => {
  test('results come first in the turn after their calls, all in one, whatever was said in between', async () => {
    const messages = await content([
      user('sum'),
      said(call('c1'), call('c2')),
      tool(result('c1')),
      { role: 'user', parts: [text('and quickly')] },
      tool(result('c2', { error: { code: 'tool/failed', message: 'no' } })),
    ])
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
    expect(messages[2].content).toEqual([
      { type: 'tool_result', tool_use_id: 'c1', content: '2' },
      { type: 'tool_result', tool_use_id: 'c2', content: 'no', is_error: true },
      { type: 'text', text: 'and quickly' },
    ])
  })

  test('a call that nobody answered is answered, since the API refuses the whole conversation otherwise', async () => {
    const messages = await content([user('sum'), said(call('c1'), call('c2')), tool(result('c2')), said(text('two')), user('go on')])
    expect(messages[2].content.map(({ tool_use_id, is_error }) => [tool_use_id, is_error])).toEqual([
      ['c2', undefined],
      ['c1', true],
    ])
    const whole = await content([user('sum'), said(call('c1')), tool(result('c1'))])
    expect(whole[2].content).toHaveLength(1)
  })

  test('turns of one role become one, and blank text is never sent', async () => {
    const messages = await content([
      user('a'),
      user(' \n'),
      user('b'),
      said(text('')),
      said(text('x'), text(' ')),
      said(text('y')),
      user('c'),
    ])
    expect(messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'x' },
          { type: 'text', text: 'y' },
        ],
      },
      { role: 'user', content: [{ type: 'text', text: 'c' }] },
    ])
  })

  test('the last turn does not end in white space when it is the assistant’s; an earlier one may', async () => {
    expect((await content([user('a'), said(text('So: \n'))]))[1].content).toEqual([{ type: 'text', text: 'So:' }])
    expect((await content([user('a'), said(text('So: \n')), user('b')]))[1].content).toEqual([{ type: 'text', text: 'So: \n' }])
  })

  test('thinking goes back as it came, before the call of its message, also when its text is empty', async () => {
    const redacted: Part = { type: 'reasoning', text: '', ...own({ type: 'redacted_thinking', data: 'xyz' }) }
    const history = [user('sum'), said(thought('Hm.'), redacted, thought(''), text('I add.'), call('c1')), tool(result('c1'))]
    const [, turn] = await content(history)
    expect(turn.content).toEqual([
      { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' },
      { type: 'redacted_thinking', data: 'xyz' },
      { type: 'thinking', thinking: '', signature: 'c2ln' },
      { type: 'text', text: 'I add.' },
      { type: 'tool_use', id: 'c1', name: 'add', input: { a: 1 } },
    ])
    const off = await send({ messages: history, reasoning: { effort: 'none' } })
    expect(off.body.thinking).toEqual({ type: 'disabled' })
    expect(off.body.messages[1].content.map(({ type }) => type)).toEqual(['text', 'tool_use'])
  })

  test('thinking that nobody signed goes back only to models that do not sign', async () => {
    const history = [user('a'), said(thought('Hm.', ''), text('b')), user('c')]
    expect((await content(history))[1].content.map(({ type }) => type)).toEqual(['text'])
    expect((await content(history, { model: 'qwen3' }))[1].content.map(({ type }) => type)).toEqual(['thinking', 'text'])
  })

  test('what another provider made to be replayed is left out, its ids are rewritten, and its words stay', async () => {
    const foreign = { replay: { wire: 'openai-responses', data: { id: 'rs_1', encrypted_content: 'e' } } }
    const messages = await content([
      user('sum'),
      said(
        { type: 'reasoning', text: 'secret', ...foreign },
        { type: 'opaque', kind: 'web_search_call', ...foreign },
        { type: 'call', id: 'ws_1', name: 'web_search', input: {}, by: 'provider', ...foreign },
        { type: 'refusal', text: 'I would rather not.' },
        { type: 'media', mime: 'image/png', data: 'AAAA', name: 'cat.png' },
        call('call_1|fc_1', foreign),
        call('call_1.fc_1', foreign),
      ),
      tool(result('call_1|fc_1'), result('call_1.fc_1', { output: 3 }), result('ws_1', { by: 'provider' })),
    ])
    const [first, second] = messages[1].content.filter(({ type }) => type === 'tool_use').map(({ id }) => id)
    expect(messages[1].content.slice(0, 2)).toEqual([
      { type: 'text', text: 'I would rather not.' },
      { type: 'text', text: '[cat.png]' },
    ])
    expect(messages[1].content).toHaveLength(4)
    expect(first).toMatch(/^[\w-]+$/)
    expect(second).toMatch(/^[\w-]+$/)
    expect(first).not.toBe(second)
    expect(messages[2].content.map(({ tool_use_id, content }) => [tool_use_id, content])).toEqual([
      [first, '2'],
      [second, '3'],
    ])
  })

  test('what the provider’s own tools did is echoed unchanged and in place, citations only in the assistant’s text', async () => {
    const use = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' }, caller: { type: 'direct' } }
    const found = { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [{ type: 'web_search_result', url: 'https://a' }] }
    const citations = [{ type: 'web_search_result_location', url: 'https://a', title: null, cited_text: 'x', encrypted_index: 'e' }]
    const messages = await content([
      { role: 'user', parts: [{ type: 'text', text: 'x?', ...own({ citations }) }] },
      said(
        { type: 'call', id: 'other', name: 'web_search', input: {}, by: 'provider', ...own(use) },
        { type: 'opaque', kind: found.type, ...own(found) } as Part,
        { type: 'text', text: 'It is so.', ...own({ citations }) },
        { type: 'opaque', kind: 'container', ...own({ id: 'container_1' }) } as Part,
      ),
      user('Thanks'),
    ])
    expect(messages[0].content).toEqual([{ type: 'text', text: 'x?' }])
    expect(messages[1].content).toEqual([use, found, { type: 'text', text: 'It is so.', citations }])
  })

  test('a call of a toolset and one made by code carry what they came with, and the result names the toolset', async () => {
    const [, turn, answer] = await content([
      user('look'),
      said(call('c1', own({ toolset_name: 'browser' })), call('c2', own({ caller: { type: 'code_execution_20260120', tool_id: 't' } }))),
      tool(result('c1'), result('c2')),
    ])
    expect(turn.content[0]).toMatchObject({ toolset_name: 'browser' })
    expect(turn.content[1]).toMatchObject({ caller: { type: 'code_execution_20260120', tool_id: 't' } })
    expect(answer.content.map(({ toolset_name }) => toolset_name)).toEqual(['browser', undefined])
  })

  test('arguments that are no object go back in the documented way', async () => {
    const [, turn] = await content([
      user('a'),
      said(call('1', { input: '{"a":', invalid: true }), call('2', { input: [1] }), call('3', { input: null })),
      user('b'),
    ])
    expect(turn.content.map(({ input }) => input)).toEqual([{ INVALID_JSON: '{"a":' }, { INVALID_JSON: '[1]' }, {}])
  })

  test('results hold text, JSON, images and documents, and nothing where there is nothing', async () => {
    const [, , turn] = await content([
      user('a'),
      said(call('1'), call('2'), call('3'), call('4')),
      tool(
        result('1', { output: '' }),
        result('2', { output: undefined }),
        result('3', { output: { a: [1] } }),
        result('4', {
          parts: [
            { type: 'text', text: 'see' },
            { type: 'text', text: '' },
            { type: 'media', mime: 'image/jpg', data: 'AAAA' },
            { type: 'media', mime: 'application/pdf', url: 'https://x/y.pdf', name: 'Y' },
          ],
        }),
      ),
    ])
    expect(turn.content.map(({ content }) => content)).toEqual([
      undefined,
      'null',
      '{"a":[1]}',
      [
        { type: 'text', text: 'see' },
        { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: 'AAAA' } },
        { type: 'document', source: { type: 'url', url: 'https://x/y.pdf' }, title: 'Y' },
      ],
    ])
  })

  test('a system message leads, or stands where it was said, or is said by the user, as the model knows it', async () => {
    const late: Message[] = [
      { role: 'system', parts: [text('Be brief.')] },
      user('a'),
      { role: 'system', parts: [text('In German.')] },
      said(text('b')),
      user('c'),
    ]
    const newer = await send({ system: 'Be kind.', messages: late }, { model: 'claude-opus-5-5' })
    expect(newer.body.system).toEqual([
      { type: 'text', text: 'Be kind.' },
      { type: 'text', text: 'Be brief.' },
    ])
    expect(newer.body.messages.map(({ role }) => role)).toEqual(['user', 'system', 'assistant', 'user'])
    const older = await send({ messages: late })
    expect(older.body.messages[0].content).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'In German.' },
    ])
    expect((await send({ system: 'Be kind.' })).body.system).toEqual([{ type: 'text', text: 'Be kind.' }])
    expect((await send({ system: '' })).body).not.toHaveProperty('system')
    expect((await send({ messages: [{ role: 'system', parts: [text('Only this.')] }] })).body).toMatchObject({
      system: [{ text: 'Only this.' }],
      messages: [],
    })
  })

  test('whatever the transcript, turns alternate, no text is blank, ids fit and each call has its result next', async () => {
    const id = fc.string({ maxLength: 6 })
    const words = fc.oneof(fc.string(), fc.constant(' '))
    const part: fc.Arbitrary<Part> = fc.oneof(
      words.map(text),
      id.map((one) => call(one)),
      id.map((one) => result(one)),
      words.map((one) => ({ type: 'reasoning', text: one }) as Part),
      words.map((one) => thought(one)),
      words.map((one) => ({ type: 'refusal', text: one }) as Part),
      fc.constant<Part>({ type: 'media', mime: 'image/png', data: 'AAAA' }),
    )
    const message = fc.record({ role: fc.constantFrom('user', 'assistant', 'tool', 'system'), parts: fc.array(part, { maxLength: 4 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(message as fc.Arbitrary<Message>, { maxLength: 8 }), async (messages) => {
        const turns = await content(messages)
        for (const [at, { role, content: blocks }] of turns.entries()) {
          expect(role).not.toBe(turns[at - 1]?.role)
          expect(blocks.length).toBeGreaterThan(0)
          for (const block of blocks) {
            if (block.type === 'text') expect(block.text.trim()).not.toBe('')
            if (block.type === 'tool_use') expect(block.id).toMatch(/^[\w-]+$/)
          }
          const kinds = blocks.map(({ type }) => type === 'tool_result')
          expect(kinds).toEqual(kinds.toSorted((a: boolean, b: boolean) => Number(b) - Number(a)))
          const used = blocks.filter(({ type }) => type === 'tool_use').map(({ id: one }) => one)
          const answered = new Set((turns[at + 1]?.content ?? []).map(({ tool_use_id }) => tool_use_id))
          if (turns[at + 1]) for (const one of used) expect(answered).toContain(one)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('media', () => {
  const media = async (part: Omit<Extract<Part, { type: 'media' }>, 'type'>): Promise<unknown> =>
    (await content([{ role: 'user', parts: [{ type: 'media', ...part }] }]))[0].content[0]

  test('images and documents by data, address and file', async () => {
    expect(await media({ mime: 'image/png', data: 'AAAA' })).toEqual({
      type: 'image',
      source: { type: 'base64', media_type: 'image/png', data: 'AAAA' },
    })
    expect(await media({ mime: 'image/*', url: 'https://x/y' })).toEqual({ type: 'image', source: { type: 'url', url: 'https://x/y' } })
    expect(await media({ mime: 'image/png', ref: 'file_1', store: 'anthropic' })).toEqual({
      type: 'image',
      source: { type: 'file', file_id: 'file_1' },
    })
    expect(await media({ mime: 'application/pdf', data: 'AAAA', name: 'a.pdf' })).toEqual({
      type: 'document',
      source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' },
      title: 'a.pdf',
    })
    expect(await media({ mime: 'text/markdown', data: btoa('# h\u00fc'.replace('\u00fc', '\u00c3\u00bc')) })).toEqual({
      type: 'document',
      source: { type: 'text', media_type: 'text/plain', data: '# hü' },
    })
    expect(await media({ mime: 'text/csv', ref: 'file_2', store: 'anthropic' })).toEqual({ type: 'container_upload', file_id: 'file_2' })
  })

  test('what it does not take is refused before anything is sent', async () => {
    const refused = { code: 'model/unsupported' }
    await expect(media({ mime: 'audio/wav', data: 'AAAA' })).rejects.toMatchObject(refused)
    await expect(media({ mime: 'image/png', ref: 'sha256-x' })).rejects.toMatchObject(refused)
    await expect(media({ mime: 'text/plain', url: 'https://x/y.txt' })).rejects.toMatchObject(refused)
    await expect(media({ mime: 'text/plain', data: 'not Base64!' })).rejects.toMatchObject(refused)
  })

  test('citations, context and another block come by providerOptions', async () => {
    expect(
      await media({ mime: 'application/pdf', data: 'AAAA', providerOptions: { [wire]: { citations: { enabled: true } } } }),
    ).toMatchObject({ citations: { enabled: true } })
    const block = {
      type: 'search_result',
      source: 'https://x',
      title: 'X',
      content: [{ type: 'text', text: 'x' }],
      citations: { enabled: true },
    }
    const [turn] = await content([{ role: 'user', parts: [{ type: 'text', text: 'x', providerOptions: { [wire]: { block } } }] }])
    expect(turn.content).toEqual([block])
  })
})

describe('settings', () => {
  const tools = ['a', 'b', 'c'].map((name) => ({ name, input: { type: 'object' } }))

  test.each<[string, ReasoningSettings, object | undefined, string | undefined, string[]]>([
    ['claude-haiku-4-5', { tokens: 2000 }, { type: 'enabled', budget_tokens: 2000 }, undefined, []],
    ['claude-haiku-4-5', { tokens: 10 }, { type: 'enabled', budget_tokens: 1024 }, undefined, []],
    ['claude-haiku-4-5', { tokens: 1e9, summary: false }, { type: 'enabled', budget_tokens: 63_999, display: 'omitted' }, undefined, []],
    ['claude-haiku-4-5', { effort: 'high' }, { type: 'enabled', budget_tokens: 24_000 }, undefined, []],
    ['claude-haiku-4-5-20251001', { effort: 'none' }, { type: 'disabled' }, undefined, []],
    ['claude-opus-4-5', { effort: 'max' }, { type: 'enabled', budget_tokens: 48_000 }, 'high', []],
    ['claude-sonnet-4-6', { effort: 'xhigh' }, { type: 'adaptive' }, 'high', []],
    ['claude-sonnet-4-6', { tokens: 3000, effort: 'max' }, { type: 'enabled', budget_tokens: 3000 }, 'max', []],
    ['us.anthropic.claude-opus-4-7-v1:0', { effort: 'minimal', summary: true }, { type: 'adaptive', display: 'summarized' }, 'low', []],
    ['claude-sonnet-5-5', { tokens: 3000 }, { type: 'adaptive' }, undefined, ['reasoning.tokens']],
    ['claude-sonnet-5', { effort: 'none' }, { type: 'disabled' }, undefined, []],
    ['claude-fable-5-1', { effort: 'none' }, undefined, 'low', ['reasoning.effort']],
    ['claude-3-haiku-20240307', { effort: 'high' }, undefined, undefined, ['reasoning']],
    ['deepseek-v4', { tokens: 5000 }, { type: 'enabled', budget_tokens: 5000 }, undefined, []],
    ['claude-haiku-6', {}, { type: 'adaptive' }, undefined, []],
  ])('%s thinks as it can: %j', async (model, reasoning, thinking, effort, dropped) => {
    const { body, dropped: said } = await send({ reasoning }, { model })
    expect(body.thinking).toEqual(thinking)
    expect(body.output_config?.effort).toBe(effort)
    expect(said).toEqual(dropped)
  })

  test('there is no thinking in fewer tokens than it takes', async () => {
    expect(await send({ reasoning: { tokens: 4000 }, maxTokens: 1000 })).toMatchObject({
      dropped: ['reasoning'],
      body: { max_tokens: 1000 },
    })
    expect((await send({ reasoning: { tokens: 4000 }, maxTokens: 1100 })).body.thinking).toEqual({ type: 'enabled', budget_tokens: 1099 })
  })

  test.each<[string, string, Partial<ModelCall>, object, string[]]>([
    ['claude-haiku-4-5', '2023-06-01', { temperature: 0.2, topK: 5 }, { temperature: 0.2, top_k: 5 }, []],
    ['claude-haiku-4-5', '2023-06-01', { temperature: 0.2, topP: 0.5 }, { temperature: 0.2 }, ['topP']],
    ['claude-haiku-4-5', '2023-06-01', { topP: 0.5 }, { top_p: 0.5 }, []],
    ['claude-haiku-4-5', '2023-06-01', { temperature: 1.7 }, { temperature: 1 }, ['temperature']],
    [
      'claude-haiku-4-5',
      '2023-06-01',
      { temperature: 0.2, topP: 0.97, topK: 5, reasoning: { tokens: 2000 } },
      { top_p: 0.97 },
      ['temperature', 'topK'],
    ],
    ['claude-haiku-4-5', '2023-06-01', { temperature: 1, reasoning: { tokens: 2000 } }, { temperature: 1 }, []],
    ['claude-haiku-4-5', 'vertex-2023-10-16', { temperature: 0.3 }, { temperature: 0.3 }, []],
    ['claude-haiku-4-5', '2026-10-21', { temperature: 1, topP: 1, topK: 5 }, {}, ['temperature', 'topP', 'topK']],
    ['claude-opus-4-7', '2023-06-01', { temperature: 0.2, topP: 0.9, topK: 5 }, {}, ['temperature', 'topP', 'topK']],
    ['claude-opus-4-7', '2023-06-01', { temperature: 1 }, { temperature: 1 }, []],
    ['qwen3', '2023-06-01', { temperature: 0.2, topP: 0.9, topK: 5 }, { temperature: 0.2, top_p: 0.9, top_k: 5 }, []],
    ['claude-haiku-4-5', '2023-06-01', { seed: 1, presencePenalty: 0, frequencyPenalty: 0.5 }, {}, ['seed', 'frequencyPenalty']],
  ])('%s at %s samples by what it takes of %j', async (model, version, settings, expected, dropped) => {
    const { body, dropped: said } = await send(settings, { model, version })
    const { temperature, top_p, top_k } = body
    expect(JSON.parse(JSON.stringify({ temperature, top_p, top_k }))).toEqual(expected)
    expect(body).not.toHaveProperty('seed')
    expect(said.toSorted()).toEqual(dropped.toSorted())
  })

  test.each<[ModelCall['toolChoice'], boolean | undefined, object | undefined, string[]]>([
    [undefined, undefined, undefined, ['a', 'b', 'c']],
    [undefined, false, { type: 'auto', disable_parallel_tool_use: true }, ['a', 'b', 'c']],
    ['auto', true, { type: 'auto' }, ['a', 'b', 'c']],
    ['none', false, { type: 'none' }, ['a', 'b', 'c']],
    ['required', false, { type: 'any', disable_parallel_tool_use: true }, ['a', 'b', 'c']],
    [{ tool: 'b' }, undefined, { type: 'tool', name: 'b' }, ['a', 'b', 'c']],
    [{ tools: ['a', 'c'] }, undefined, { type: 'auto' }, ['a', 'c']],
    [{ tools: ['a', 'c'], required: true }, undefined, { type: 'any' }, ['a', 'c']],
    [{ tools: ['c'], required: true }, undefined, { type: 'tool', name: 'c' }, ['a', 'b', 'c']],
    [{ tools: [] }, undefined, undefined, []],
  ])('the choice of tools %j with parallel %s', async (toolChoice, parallelTools, expected, names) => {
    const { body } = await send({ tools, toolChoice, parallelTools })
    expect(body.tool_choice).toEqual(expected)
    expect((body.tools ?? []).map(({ name }) => name)).toEqual(names)
  })

  test('a choice without tools is not sent', async () => {
    expect((await send({ toolChoice: 'required' })).body).not.toHaveProperty('tool_choice')
  })

  test('a forced tool and thinking exclude each other: the tool wins where thinking can be switched off', async () => {
    const forced = { tools, toolChoice: 'required' } as const
    expect(await send({ ...forced, reasoning: { tokens: 2000 } })).toMatchObject({
      body: { thinking: { type: 'disabled' }, tool_choice: { type: 'any' } },
      dropped: ['reasoning'],
    })
    expect(await send({ ...forced, reasoning: { effort: 'low' } }, { model: 'claude-opus-4-8' })).toMatchObject({
      body: { thinking: { type: 'adaptive' }, tool_choice: { type: 'any' } },
      dropped: [],
    })
    expect(await send(forced, { model: 'claude-sonnet-5-5' })).toMatchObject({ body: { thinking: { type: 'disabled' } }, dropped: [] })
    const strong = await send({ ...forced, reasoning: { effort: 'max' } }, { model: 'claude-sonnet-5-5' })
    expect(strong.body).not.toHaveProperty('output_config')
    expect(strong.dropped).toEqual(['reasoning'])
    const always = await send({ tools, toolChoice: { tool: 'a' } }, { model: 'claude-opus-5-5' })
    expect(always.body.tool_choice).toEqual({ type: 'auto' })
    expect(always.dropped).toEqual(['toolChoice'])
  })

  test('max_tokens is always there: what the call says, else the model’s limit', async () => {
    expect((await send({ maxTokens: 0 })).body.max_tokens).toBe(0)
    expect((await send({})).body.max_tokens).toBe(64_000)
    expect((await send({}, { model: 'claude-opus-5-5' })).body.max_tokens).toBe(128_000)
    expect((await send({}, { limits: { output: 500 } })).body.max_tokens).toBe(500)
    expect(anthropic('claude-3-opus-20240229').info).toMatchObject({
      limits: { context: 200_000, output: 4096 },
      capabilities: { reasoning: false },
    })
  })

  test('an answer held to a schema: in the subset of the API, the rest in words; without a schema, in words', async () => {
    const schema = {
      type: 'object',
      properties: {
        name: { type: 'string', minLength: 2, description: 'A name.' },
        mail: { type: 'string', format: 'email' },
        tags: { type: 'array', items: { oneOf: [{ type: 'number', minimum: 1 }, { type: 'null' }] }, minItems: 1 },
      },
      required: ['name'],
    }
    const { body } = await send({ output: { name: 'person', schema } })
    expect(body.output_config.format).toEqual({
      type: 'json_schema',
      schema: {
        type: 'object',
        properties: {
          name: { type: 'string', description: 'A name.\n\n{minLength: 2}' },
          mail: { type: 'string', format: 'email' },
          tags: { type: 'array', items: { anyOf: [{ type: 'number', description: '{minimum: 1}' }, { type: 'null' }] }, minItems: 1 },
        },
        required: ['name'],
        additionalProperties: false,
      },
    })
    expect((await send({ output: { schema, strict: false } })).body.output_config.format.schema).toEqual(schema)
    const any = await send({ system: 'Be kind.', output: {} })
    expect(any.body).not.toHaveProperty('output_config')
    expect(any.body.system).toHaveLength(2)
    expect(any.dropped).toEqual(['output'])
  })

  test('a schema of any depth is sent', async () => {
    let schema: Record<string, unknown> = { type: 'string' }
    for (let depth = 0; depth < 500; depth++) schema = { type: 'array', items: schema }
    expect((await send({ output: { schema } })).body.output_config.format.schema.type).toBe('array')
  })

  test('tools: strict, hosted, without a schema, and of another provider', async () => {
    const { body, dropped } = await send({
      tools: [
        {
          name: 'a',
          description: '',
          strict: true,
          input: { type: 'object', properties: { n: { type: 'number', maximum: 3 } } },
          providerOptions: { [wire]: { defer_loading: true } },
        },
        { name: 'b' },
        { name: 'bash', description: 'Runs.', input: { type: 'object' }, providerOptions: { [wire]: { type: 'bash_20250124' } } },
        { name: 'web_search', hosted: { wire, definition: { type: 'web_search_20260318', name: 'web_search', max_uses: 2 } } },
        { name: 'search', hosted: { wire: 'openai-responses', definition: { type: 'web_search' } } },
      ],
    })
    expect(body.tools).toEqual([
      {
        name: 'a',
        description: '',
        strict: true,
        defer_loading: true,
        input_schema: { type: 'object', properties: { n: { type: 'number', description: '{maximum: 3}' } }, additionalProperties: false },
      },
      { name: 'b', input_schema: { type: 'object', properties: {} } },
      { name: 'bash', type: 'bash_20250124' },
      { type: 'web_search_20260318', name: 'web_search', max_uses: 2 },
    ])
    expect(dropped).toEqual(['tool search'])
  })

  test('cache marks at the call, a message, a part and a tool', async () => {
    const mark = { cache_control: { type: 'ephemeral' } }
    const marked = { providerOptions: { [wire]: mark } }
    const { body } = await send({
      ...marked,
      system: [{ type: 'text', text: 'Be kind.', ...marked }],
      tools: [{ name: 'a', ...marked }],
      messages: [
        { role: 'user', parts: [text('a'), text('b')], ...marked },
        { role: 'assistant', parts: [text('c'), thought('d')], ...marked },
        { role: 'user', parts: [{ type: 'text', text: 'e', ...marked }, text('f')] },
      ],
    })
    const kept = JSON.stringify(body, (key, value) => (key === 'cache_control' ? 'here' : value))
    expect(body.cache_control).toEqual(mark.cache_control)
    expect(body.tools[0]).toMatchObject(mark)
    expect(body.system[0]).toMatchObject(mark)
    expect(body.messages.map(({ content: blocks }) => blocks.map((block) => 'cache_control' in block))).toEqual([
      [false, true],
      [true, false],
      [true, false],
    ])
    expect(kept.match(/here/g)).toHaveLength(6)
  })

  test('what is only of this provider goes by one table, and nothing else does', async () => {
    const options = {
      metadata: { user_id: 'u' },
      service_tier: 'auto',
      thinking: { type: 'between_tools' },
      output_config: { task_budget: { type: 'tokens', total: 9 } },
      mcp_servers: [],
      model: 'other',
      messages: [],
      evil: 1,
    }
    const { body } = await send(
      {
        providerOptions: { [wire]: options, 'openai-chat': { user: 'x' } },
        reasoning: { effort: 'low' },
        output: { schema: { type: 'string' } },
      },
      { model: 'claude-opus-5-5' },
    )
    expect(body).toMatchObject({
      metadata: { user_id: 'u' },
      service_tier: 'auto',
      thinking: { type: 'between_tools' },
      mcp_servers: [],
      model: 'claude-opus-5-5',
    })
    expect(body.output_config).toMatchObject({ effort: 'low', format: { type: 'json_schema' }, task_budget: { total: 9 } })
    expect(body).not.toHaveProperty('evil')
    expect(body).not.toHaveProperty('user')
    expect(body.messages).toHaveLength(1)
  })

  test('a stop sequence of white space is refused by the API, and not sent', async () => {
    expect((await send({ stop: ['\n', 'END'] })).body.stop_sequences).toEqual(['END'])
    expect((await send({ stop: ['\n'] })).body).not.toHaveProperty('stop_sequences')
  })

  test('the container of the conversation goes on, while it lives and a tool may want it', async () => {
    const hosted = [{ name: 'code_execution', hosted: { wire, definition: { type: 'code_execution_20260120', name: 'code_execution' } } }]
    const later = new Date(Date.now() + 60_000).toISOString()
    const messages = (expires_at: string): Message[] => [
      user('a'),
      said(text('b'), { type: 'opaque', kind: 'container', ...own({ id: 'container_1', expires_at }) } as Part),
      user('c'),
    ]
    const options = (container: unknown): Partial<ModelCall> => ({ providerOptions: { [wire]: { container } } })
    expect((await send({ tools: hosted, messages: messages(later) })).body.container).toBe('container_1')
    expect((await send({ tools: hosted, messages: messages(later), ...options({ skills: [] }) })).body.container).toEqual({
      id: 'container_1',
      skills: [],
    })
    expect((await send({ tools: hosted, messages: messages(later), ...options('container_2') })).body.container).toBe('container_2')
    expect((await send({ tools: hosted, messages: messages('2020-01-01T00:00:00Z') })).body).not.toHaveProperty('container')
    expect((await send({ messages: messages(later) })).body).not.toHaveProperty('container')
  })
})

describe('the request', () => {
  test('goes to the address with its key, version and betas', async () => {
    const { url, headers, body } = await send({}, { apiKey: 'sk' })
    expect(url).toBe('https://api.anthropic.com/v1/messages')
    expect(headers).toEqual({ 'anthropic-version': '2023-06-01', 'content-type': 'application/json', 'x-api-key': 'sk' })
    expect(body.stream).toBe(true)
    expect((await send({ stream: false })).body).not.toHaveProperty('stream')
    const more = await send(
      {},
      { authToken: async () => 'tok', version: '2026-10-21', betas: ['b', 'a'], headers: { 'Anthropic-Beta': 'a, c', 'X-Own': '1' } },
    )
    expect(more.headers).toMatchObject({
      authorization: 'Bearer tok',
      'anthropic-version': '2026-10-21',
      'anthropic-beta': 'a,c,b',
      'x-own': '1',
    })
    expect(more.headers).not.toHaveProperty('x-api-key')
    const header = await send({ temperature: 1 }, { headers: { 'Anthropic-Version': '2026-10-21' } })
    expect(header.headers['anthropic-version']).toBe('2026-10-21')
    expect(header.dropped).toEqual(['temperature'])
  })

  test.each(['http://local:1234', 'http://local:1234/', 'http://local:1234/v1', 'http://local:1234/v1/'])(
    'the base %s',
    async (baseURL) => {
      expect((await send({}, { baseURL })).url).toBe('http://local:1234/v1/messages')
    },
  )

  test('an SDK client’s settings are options', async () => {
    const { apiKey, authToken, baseURL } = new Anthropic({ apiKey: 'sk', baseURL: 'http://local' })
    const { headers, url } = await send({}, { apiKey, authToken, baseURL })
    expect(headers['x-api-key']).toBe('sk')
    expect(url).toBe('http://local/v1/messages')
  })

  test('a notice names what was left out, once, and only then', async () => {
    const fetch: typeof globalThis.fetch = async () => Response.json(done)
    const notices = async (settings: Partial<ModelCall>): Promise<Chunk[]> => {
      const chunks: Chunk[] = []
      for await (const chunk of anthropic('claude-opus-5-5', { fetch })({ messages: [user('hi')], ...settings })) chunks.push(chunk)
      return chunks.filter(({ type }) => type === 'notice')
    }
    expect(await notices({ temperature: 0.1, seed: 4 })).toEqual([
      {
        type: 'notice',
        code: 'model/unsupported',
        message: 'anthropic was not told: seed, temperature',
        data: { dropped: ['seed', 'temperature'] },
      },
    ])
    expect(await notices({ maxTokens: 5 })).toEqual([])
    expect((await collect(anthropic('m', { fetch })({ messages: [] }))).finish).toBe('stop')
  })
})
