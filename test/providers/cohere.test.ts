import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Chunk, collect, KitError, type KitErrorCode, type Message, type ModelCall, type Part, user } from '../../src/index.ts'
import { cohere, type CohereOptions } from '../../src/providers/cohere.ts'

type Fields = Record<string, unknown>

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })
const sse = (...events: (Fields | string)[]): Response =>
  new Response(
    events
      .map((event) =>
        typeof event === 'string' ? `data: ${event}\n\n` : `event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`,
      )
      .join(''),
    { headers: { 'content-type': 'text/event-stream' } },
  )
const message = (type: string, said: Fields, index?: number): Fields => ({ type, index, delta: { message: said } })
const begin: Fields = {
  id: 'a',
  ...message('message-start', { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] }),
}
const text = (delta: string, index = 0): Fields => message('content-delta', { content: { text: delta } }, index)
const end = (finish_reason = 'COMPLETE', more: Fields = {}): Fields => ({ type: 'message-end', delta: { finish_reason, ...more } })

const modelOf = (response: () => Response, id = 'command-a-plus-05-2026'): ReturnType<typeof cohere> =>
  cohere(id, { apiKey: 'k', fetch: async () => response() })
const call: ModelCall = { messages: [user('hi')] }

async function chunksOf(response: Response): Promise<Chunk[]> {
  const chunks: Chunk[] = []
  for await (const chunk of modelOf(() => response)(call)) chunks.push(chunk)
  return chunks
}

/** The body that is sent for a call, and what the notice says was not. */
async function sent(
  asked: ModelCall,
  id = 'command-a-plus-05-2026',
  options: CohereOptions = {},
): Promise<{ body: Fields; dropped?: string[] }> {
  let body: Fields = {}
  const fetch: typeof globalThis.fetch = async (_url, init) => {
    body = JSON.parse(init?.body as string) as Fields
    return sse(begin, text('ok'), end())
  }
  let dropped: string[] | undefined
  for await (const chunk of cohere(id, { apiKey: 'k', fetch, ...options })(asked))
    if (chunk.type === 'notice') dropped = (chunk.data as { dropped: string[] }).dropped
  return { body, ...(dropped && { dropped }) }
}

const weather = {
  name: 'weather',
  input: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
} as const
const base64 = (said: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(said)))

describe('Cohere: what an answer says', () => {
  test('the plan before calls is reasoning, not the answer, and goes back as a plan', async () => {
    const { parts, finish } = await collect(
      modelOf(() =>
        sse(
          begin,
          message('tool-plan-delta', { tool_plan: 'I will ' }),
          message('tool-plan-delta', { tool_plan: 'look.' }),
          message(
            'tool-call-start',
            { tool_calls: { id: 'weather_1', type: 'function', function: { name: 'weather', arguments: '' } } },
            0,
          ),
          message('tool-call-delta', { tool_calls: { function: { arguments: '{"city":' } } }, 0),
          message('tool-call-delta', { tool_calls: { function: { arguments: '"x"}' } } }, 0),
          { type: 'tool-call-end', index: 0 },
          end('TOOL_CALL'),
          '[DONE]',
        ),
      )(call),
    )
    expect(finish).toBe('tools')
    expect(parts).toEqual([
      { type: 'reasoning', text: 'I will look.', replay: { wire: 'cohere', data: 'tool_plan' } },
      { type: 'call', id: 'weather_1', name: 'weather', input: { city: 'x' } },
    ])
    const { body } = await sent({
      messages: [
        user('hi'),
        { role: 'assistant', parts },
        { role: 'tool', parts: [{ type: 'result', id: 'weather_1', name: 'weather', output: 'sun' }] },
      ],
    })
    expect((body.messages as Fields[]).slice(1)).toEqual([
      {
        role: 'assistant',
        tool_plan: 'I will look.',
        tool_calls: [{ id: 'weather_1', type: 'function', function: { name: 'weather', arguments: '{"city":"x"}' } }],
      },
      { role: 'tool', tool_call_id: 'weather_1', content: 'sun' },
    ])
  })

  test('thinking is reasoning, and goes back as a block before the text', async () => {
    const thought = message('content-start', { content: { type: 'thinking', thinking: 'Hm' } }, 0)
    const { parts } = await collect(
      modelOf(() =>
        sse(
          begin,
          thought,
          message('content-delta', { content: { thinking: '.' } }, 0),
          { type: 'content-end', index: 0 },
          text('4', 1),
          end(),
        ),
      )(call),
    )
    expect(parts).toEqual([
      { type: 'reasoning', text: 'Hm.', replay: { wire: 'cohere', data: 'thinking' } },
      { type: 'text', text: '4' },
    ])
    const { body } = await sent({ messages: [user('hi'), { role: 'assistant', parts }, user('so?')] })
    expect((body.messages as Fields[])[1]).toEqual({
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm.' },
        { type: 'text', text: '4' },
      ],
    })
  })

  test('calls that come at once are kept apart by their index', async () => {
    const start = (index: number, id: string, name: string): Fields =>
      message('tool-call-start', { tool_calls: { id, type: 'function', function: { name, arguments: '' } } }, index)
    const more = (index: number, args: string): Fields =>
      message('tool-call-delta', { tool_calls: { function: { arguments: args } } }, index)
    const chunks = await chunksOf(
      sse(
        begin,
        start(0, 'a_1', 'a'),
        start(1, 'b_1', 'b'),
        more(0, '{"x"'),
        more(1, '{"y"'),
        more(0, ':1}'),
        more(1, ':2}'),
        end('TOOL_CALL'),
      ),
    )
    expect(chunks.flatMap((chunk) => (chunk.type === 'tool-input' ? [[chunk.id, chunk.delta]] : []))).toEqual([
      ['a_1', '{"x"'],
      ['b_1', '{"y"'],
      ['a_1', ':1}'],
      ['b_1', ':2}'],
    ])
    expect(chunks.flatMap((chunk) => (chunk.type === 'part' ? [chunk.part] : []))).toEqual([
      { type: 'call', id: 'a_1', name: 'a', input: { x: 1 } },
      { type: 'call', id: 'b_1', name: 'b', input: { y: 2 } },
    ])
  })

  test.each<[what: string, given: unknown, input: unknown, invalid?: boolean]>([
    ['none', undefined, {}],
    ['empty', '', {}],
    ['the word null', 'null', {}],
    ['null', null, {}],
    ['an object', { x: 1 }, { x: 1 }],
    ['cut off', '{"x":', '{"x":', true],
  ])('arguments: %s', async (_what, given, input, invalid) => {
    const { parts } = await collect(
      modelOf(() => json({ message: { tool_calls: [{ function: { name: 'f', arguments: given } }] }, finish_reason: 'TOOL_CALL' }))(call),
    )
    expect(parts).toEqual([
      { type: 'call', id: expect.stringMatching(/^call_0_/) as string, name: 'f', input, ...(invalid && { invalid }) },
    ])
  })

  test.each<[raw: string | undefined, finish: string]>([
    ['COMPLETE', 'stop'],
    ['STOP_SEQUENCE', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['NEW_REASON', 'other'],
    [undefined, 'stop'],
  ])('finish reason %s is %s', async (raw, finish) => {
    const done = await collect(modelOf(() => json({ message: { content: [{ type: 'text', text: 'a' }] }, finish_reason: raw }))(call))
    expect(done.finish).toBe(finish)
  })

  test('usage is what the model saw; billed units count only where nothing else is said', async () => {
    const usageOf = async (usage: unknown): Promise<unknown> =>
      (await collect(modelOf(() => json({ message: { content: [] }, finish_reason: 'COMPLETE', usage }))(call))).usage
    const billed_units = { input_tokens: 1, output_tokens: 2 }
    expect(
      await usageOf({
        billed_units,
        tokens: { input_tokens: 10, output_tokens: 20, reasoning_tokens: 5, image_tokens: 3 },
        cached_tokens: 4,
      }),
    ).toEqual({ input: 13, output: 20, cacheRead: 4, reasoning: 5 })
    expect(await usageOf({ billed_units })).toEqual({ input: 1, output: 2 })
    expect(await usageOf(null)).toEqual({ input: 0, output: 0 })
    expect(await usageOf({ tokens: { input_tokens: '7', output_tokens: NaN } })).toEqual({ input: 0, output: 0 })
  })

  test('a warning is a notice, from the header and from the body', async () => {
    const header = new Response(
      JSON.stringify({ message: { content: [{ type: 'text', text: 'a' }] }, meta: { warnings: ['old field'] } }),
      {
        headers: { 'content-type': 'application/json', 'x-api-warning': 'this model goes on 2027-01-01' },
      },
    )
    const notices = (await chunksOf(header)).filter(({ type }) => type === 'notice')
    expect(notices).toEqual([
      { type: 'notice', code: 'model/warning', message: 'this model goes on 2027-01-01' },
      { type: 'notice', code: 'model/warning', message: 'old field' },
    ])
    expect((await chunksOf(json({ message: { content: [] } }))).filter(({ type }) => type === 'notice')).toEqual([])
  })
})

describe('Cohere: citations', () => {
  const cite = (start: number, end: number, cited: string, more: Fields = {}): Fields =>
    message('citation-start', {
      citations: {
        start,
        end,
        text: cited,
        sources: [{ type: 'document', id: 'doc:0', document: { id: 'doc:0', title: 'T', text: 'passage' } }],
        ...more,
      },
    })
  const sources = async (...events: Fields[]): Promise<Fields[]> =>
    (await chunksOf(sse(begin, ...events, end()))).flatMap((chunk) => (chunk.type === 'source' ? [chunk.source as Fields] : []))

  test('places are characters there and UTF-16 units here', async () => {
    const said = '🌊🌊 ab 🌊 cd'
    const [first, second] = await sources(text(said), cite(3, 5, 'ab'), cite(8, 10, 'cd'))
    expect(first).toEqual({ document: 'doc:0', title: 'T', text: 'passage', start: 5, end: 7 })
    expect([said.slice(5, 7), said.slice(second!.start as number, second!.end as number)]).toEqual(['ab', 'cd'])
    // the same word earlier, where the count in units would be right, is not taken
    const [again] = await sources(text('🌊🌊 aa aa'), cite(6, 8, 'aa'))
    expect([again!.start, again!.end]).toEqual([8, 10])
  })

  test('a server that counts units is understood too, and one that is wrong gives no place', async () => {
    const [units] = await sources(text('🌊🌊🌊 ab'), cite(7, 9, 'ab'))
    expect([units!.start, units!.end]).toEqual([7, 9])
    const [wrong] = await sources(text('abc'), cite(1, 3, 'xy'))
    expect(wrong).toEqual({ document: 'doc:0', title: 'T', text: 'passage' })
  })

  test('one that comes before its text waits for it; one of a plan has no place in the answer', async () => {
    expect(await sources(cite(0, 2, 'ab'), text('ab'))).toEqual([{ document: 'doc:0', title: 'T', text: 'passage', start: 0, end: 2 }])
    expect(await sources(text('ab'), cite(0, 2, 'ab', { type: 'PLAN' }))).toEqual([{ document: 'doc:0', title: 'T', text: 'passage' }])
  })

  test('places count from the content block that is named', async () => {
    const [second] = await sources(text('one. ', 1), text('two', 2), cite(0, 3, 'two', { content_index: 2 }))
    expect([second!.start, second!.end]).toEqual([5, 8])
  })

  test('several sources are told one by one; a tool result is one', async () => {
    const all = await sources(
      text('ab'),
      cite(0, 2, 'ab', {
        sources: [
          { type: 'tool', id: 'weather_1:0', tool_output: { content: 'sun' } },
          { type: 'document', id: 'd', document: { url: 'https://a.example/' } },
        ],
      }),
    )
    expect(all).toEqual([
      { document: 'weather_1:0', text: 'sun', start: 0, end: 2 },
      { document: 'd', url: 'https://a.example/', text: 'ab', start: 0, end: 2 },
    ])
  })

  test('too many end the answer', async () => {
    const many = Array.from({ length: 10_001 }, () => cite(0, 1, 'a'))
    await expect(sources(text('a'), ...many)).rejects.toMatchObject({ code: 'model/garbled' })
    expect(await sources(text('a'), ...many.slice(0, 100))).toHaveLength(100)
  })
})

describe('Cohere: what is sent', () => {
  test('documents of the model, of the call and of messages go together, each with an id that is text', async () => {
    const file: Part = { type: 'media', mime: 'text/plain', data: base64('Zürich is a city.'), name: 'facts.txt' }
    const marked: Part = {
      type: 'media',
      mime: 'application/json',
      data: base64('{"a":1}'),
      providerOptions: { cohere: { id: 'own', data: { url: 'https://a.example/' } } },
    }
    const { body } = await sent(
      {
        messages: [{ role: 'user', parts: [file, marked, { type: 'text', text: 'Where?' }] }],
        providerOptions: { cohere: { documents: ['bare', { id: 7, data: { a: 'b' } }], citation_options: { mode: 'FAST' } } },
      },
      'command-a-03-2025',
      { documents: [{ id: 'faq', data: { text: 'x' } }] },
    )
    expect(body).toMatchObject({
      documents: [
        { id: 'faq', data: { text: 'x' } },
        'bare',
        { id: '7', data: { a: 'b' } },
        { id: 'doc:3', data: { title: 'facts.txt', text: 'Zürich is a city.' } },
        { id: 'own', data: { text: '{"a":1}', url: 'https://a.example/' } },
      ],
      messages: [{ role: 'user', content: 'Where?' }],
      citation_options: { mode: 'FAST' },
    })
    const alone = await sent({ messages: [{ role: 'user', parts: [file] }] })
    expect(alone.body.messages).toEqual([{ role: 'user', content: '[documents]' }])
  })

  test('what a tool gives is a document where it has fields, a list of them where it is a list, else text', async () => {
    const contentOf = async (result: Partial<Part>): Promise<unknown> => {
      const asked: Message[] = [
        user('hi'),
        { role: 'assistant', parts: [{ type: 'call', id: 'c', name: 'f', input: {} }] },
        { role: 'tool', parts: [{ type: 'result', id: 'c', name: 'f', ...result } as Part] },
      ]
      return ((await sent({ messages: asked })).body.messages as Fields[]).slice(2)
    }
    const tool = (content: unknown, more: Fields = {}): unknown => [{ role: 'tool', tool_call_id: 'c', content, ...more }]
    expect(await contentOf({ output: { a: 1 } })).toEqual(tool([{ type: 'document', document: { data: { a: 1 } } }]))
    expect(await contentOf({ output: [{ a: 1 }, { b: 2 }] })).toEqual(
      tool([
        { type: 'document', document: { data: { a: 1 } } },
        { type: 'document', document: { data: { b: 2 } } },
      ]),
    )
    expect(await contentOf({ output: 'sun' })).toEqual(tool('sun'))
    expect(await contentOf({ output: [] })).toEqual(tool('[]'))
    expect(await contentOf({ output: [1] })).toEqual(tool('[1]'))
    expect(await contentOf({})).toEqual(tool('null'))
    expect(await contentOf({ error: { code: 'tool/failed', message: 'no' } })).toEqual(tool('Error: no'))
    expect(await contentOf({ output: 'a', providerOptions: { cohere: { content: 'b' } } })).toEqual(tool('b'))
    expect(
      await contentOf({
        parts: [
          { type: 'text', text: 'see' },
          { type: 'media', mime: 'image/png', data: 'iVBORw0KGgo=' },
        ],
      }),
    ).toEqual([
      { role: 'tool', tool_call_id: 'c', content: [{ type: 'text', text: 'see' }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'From the tool f:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
        ],
      },
    ])
  })

  test('a choice of one tool is that tool alone; of none and of any it is a word; auto is nothing', async () => {
    const tools = [weather, { name: 'other' }]
    const asked = async (toolChoice: ModelCall['toolChoice']): Promise<unknown> => {
      const { tools: named, tool_choice } = (await sent({ ...call, tools, ...(toolChoice && { toolChoice }) })).body as {
        tools: { function: Fields }[]
        tool_choice?: string
      }
      return [named.map(({ function: about }) => about.name), tool_choice]
    }
    expect(await asked({ tool: 'weather' })).toEqual([['weather'], 'REQUIRED'])
    expect(await asked({ tools: ['other'], required: true })).toEqual([['other'], 'REQUIRED'])
    expect(await asked({ tools: ['other'] })).toEqual([['other'], undefined])
    expect(await asked('none')).toEqual([['weather', 'other'], 'NONE'])
    expect(await asked('required')).toEqual([['weather', 'other'], 'REQUIRED'])
    expect(await asked('auto')).toEqual([['weather', 'other'], undefined])
    expect((await sent({ ...call, toolChoice: 'required' })).body).not.toHaveProperty('tool_choice')
  })

  test('tools that another provider runs are none: no empty list is sent, no choice, and a form of the answer stays', async () => {
    const web = { name: 'web', hosted: { wire: 'openai-responses', definition: {} } }
    const { body, dropped } = await sent({ ...call, tools: [web], toolChoice: 'required', output: {} })
    expect([body.tools, body.tool_choice, body.strict_tools]).toEqual([undefined, undefined, undefined])
    expect([body.response_format, dropped]).toEqual([{ type: 'json_object' }, undefined])
    const { body: both } = await sent({ ...call, tools: [web, { name: 'a' }], toolChoice: 'required' })
    expect(both).toMatchObject({ tools: [{ function: { name: 'a' } }], tool_choice: 'REQUIRED' })
  })

  test('strictness is asked for where every tool asks for it and requires something', async () => {
    const strict = { ...weather, strict: true }
    expect((await sent({ ...call, tools: [strict] })).body.strict_tools).toBe(true)
    expect((await sent({ ...call, tools: [strict, weather] })).body).not.toHaveProperty('strict_tools')
    expect((await sent({ ...call, tools: [{ name: 'f', strict: true }] })).body).not.toHaveProperty('strict_tools')
  })

  test('a form of the answer is asked for, but beside tools or documents in words, which a notice tells', async () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }
    const format = { type: 'json_object', json_schema: schema }
    expect((await sent({ ...call, output: { schema } })).body.response_format).toEqual(format)
    expect((await sent({ ...call, output: {} })).body.response_format).toEqual({ type: 'json_object' })
    for (const more of [{ tools: [weather] }, { providerOptions: { cohere: { documents: ['x'] } } }]) {
      const { body, dropped } = await sent({ ...call, system: 'Be brief.', output: { schema }, ...more })
      expect(body).not.toHaveProperty('response_format')
      expect(dropped).toEqual(['response_format'])
      expect((body.messages as Fields[]).map(({ role }) => role)).toEqual(['system', 'system', 'user'])
      expect(JSON.stringify(body.messages)).toContain(JSON.stringify(JSON.stringify(schema)).slice(1, -1))
    }
  })

  test('what the API refuses is held to its ends or left out, and told', async () => {
    const { body, dropped } = await sent({
      ...call,
      tools: [weather],
      temperature: 1.5,
      presencePenalty: -1,
      frequencyPenalty: 0.5,
      topK: 5,
      topP: 0.9,
      seed: 1,
      maxTokens: 9,
      stop: ['1', '2', '3', '4', '5', '6'],
      parallelTools: false,
    })
    expect(body).toMatchObject({
      temperature: 1,
      presence_penalty: 0,
      frequency_penalty: 0.5,
      k: 5,
      p: 0.9,
      seed: 1,
      max_tokens: 9,
      stop_sequences: ['1', '2', '3', '4', '5'],
    })
    expect(dropped).toEqual(['parallelTools', 'stop', 'temperature 1.5', 'presence_penalty -1'])
    expect(await sent({ ...call, temperature: 0, presencePenalty: 0 })).toMatchObject({ body: { temperature: 0, presence_penalty: 0 } })
  })

  test('thinking is asked for with its budget, switched off, and not spoken of to a model that has none', async () => {
    expect((await sent({ ...call, reasoning: { effort: 'low', tokens: 500 } })).body.thinking).toEqual({
      type: 'enabled',
      token_budget: 500,
    })
    expect((await sent({ ...call, reasoning: { effort: 'none' } })).body.thinking).toEqual({ type: 'disabled' })
    expect((await sent({ ...call, reasoning: { summary: true } })).body).not.toHaveProperty('thinking')
    const none = await sent({ ...call, reasoning: { effort: 'high' } }, 'command-a-03-2025')
    expect([none.body.thinking, none.dropped]).toEqual([undefined, ['reasoning']])
    expect(await sent({ ...call, reasoning: { effort: 'none' } }, 'command-a-03-2025')).not.toHaveProperty('dropped')
  })

  test('what another wire wants back stays here; what was said beside calls is the plan', async () => {
    const { body } = await sent({
      messages: [
        user('hi'),
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', text: 'secret', replay: { wire: 'anthropic-messages', data: { signature: 's' } } },
            { type: 'opaque', kind: 'x', replay: { wire: 'openai-responses', data: {} } },
            { type: 'text', text: 'Let me look.' },
            { type: 'call', id: 'toolu_1', name: 'f', input: null },
          ],
        },
        { role: 'tool', parts: [{ type: 'result', id: 'toolu_1', name: 'f', output: 'x' }] },
        { role: 'assistant', parts: [{ type: 'reasoning', text: '' }] },
        user('and?'),
      ],
    })
    expect((body.messages as Fields[])[1]).toEqual({
      role: 'assistant',
      tool_plan: 'Let me look.',
      tool_calls: [{ id: 'toolu_1', type: 'function', function: { name: 'f', arguments: '{}' } }],
    })
    expect((body.messages as Fields[]).map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user'])
    expect(JSON.stringify(body)).not.toContain('secret')
  })

  test('media that a model does not take are refused where they are new, and named in words in history', async () => {
    const image: Part = { type: 'media', mime: 'image/png', url: 'https://a.example/a.png', providerOptions: { cohere: { detail: 'low' } } }
    const shown: Message = { role: 'user', parts: [{ type: 'text', text: 'see' }, image] }
    expect((await sent({ messages: [shown] })).body.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'see' },
          { type: 'image_url', image_url: { url: 'https://a.example/a.png', detail: 'low' } },
        ],
      },
    ])
    await expect(sent({ messages: [shown] }, 'command-a-03-2025')).rejects.toMatchObject({ code: 'model/unsupported' })
    const later = await sent(
      { messages: [shown, { role: 'assistant', parts: [{ type: 'text', text: 'a' }] }, user('b')] },
      'command-a-03-2025',
    )
    expect(JSON.stringify(later.body)).toContain('[image/png]')
    const garbled: Part = { type: 'media', mime: 'text/plain', data: '/w==' }
    for (const part of [garbled, { ...garbled, data: '%' }, { type: 'media', mime: 'application/pdf', data: 'AAAA' } as const])
      await expect(sent({ messages: [{ role: 'user', parts: [part] }] })).rejects.toMatchObject({ code: 'model/unsupported' })
  })

  test('options at message and tool level, hosted tools of another wire', async () => {
    const { body } = await sent({
      messages: [{ ...user('hi'), providerOptions: { cohere: { extra: 1 }, mistral: { no: 1 } } }],
      tools: [
        { name: 'web', hosted: { wire: 'openai-responses', definition: { type: 'web_search' } } },
        { name: 'f', providerOptions: { cohere: { more: true } } },
      ],
    })
    expect(body.messages).toEqual([{ role: 'user', content: 'hi', extra: 1 }])
    expect(body.tools).toEqual([{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } }, more: true }])
  })

  test('the address: with or without a version, with a query; the key as a function; headers of one’s own', async () => {
    const asked: [string, Record<string, string>][] = []
    const fetch: typeof globalThis.fetch = async (url, init) => {
      asked.push([url as string, init?.headers as Record<string, string>])
      return json({ message: { content: [] } })
    }
    for (const baseURL of ['https://a.example', 'https://a.example/v2/', 'https://a.example/x/v1?q=1'])
      await collect(cohere('m', { baseURL, apiKey: async () => 'secret', headers: { 'x-client-name': 'me' }, fetch })(call))
    expect(asked.map(([url]) => url)).toEqual(['https://a.example/v2/chat', 'https://a.example/v2/chat', 'https://a.example/x/v2/chat?q=1'])
    expect(asked[0]![1]).toMatchObject({ authorization: 'Bearer secret', 'x-client-name': 'me' })
    expect(() => cohere('m', { baseURL: 'nowhere' })).toThrow(TypeError)
  })
})

describe('Cohere: what goes wrong', () => {
  test.each<[status: number, body: unknown, code: KitErrorCode, retryable: boolean]>([
    [400, { message: 'invalid request: temperature must be between 0 and 1' }, 'model/request', false],
    [400, { message: 'too many tokens: the prompt has 200000 tokens' }, 'model/context', false],
    [400, { message: 'blocked input: please adjust' }, 'model/filtered', false],
    [401, { message: 'invalid api token' }, 'model/auth', false],
    [498, { message: 'invalid api token' }, 'model/auth', false],
    [402, { message: 'Please add a payment method' }, 'model/quota', false],
    [404, { message: "model 'x' not found, make sure the correct model ID was used" }, 'model/unknown', false],
    [400, { message: "model 'command' was removed on September 15, 2025" }, 'model/unknown', false],
    [422, { message: 'invalid type' }, 'model/request', false],
    [429, { message: 'You are using a Trial key, which is limited to 40 API calls / minute' }, 'model/rate', true],
    [429, { message: 'You are using a Trial key, which is limited to 1000 API calls / month' }, 'model/quota', false],
    [500, { id: 'x', message: 'internal server error' }, 'model/http', true],
    [503, 'upstream', 'model/overloaded', true],
  ])('%i %j is %s', async (status, body, code, retryable) => {
    await expect(collect(modelOf(() => json(body, status))(call))).rejects.toMatchObject({ code, retryable, status, provider: 'cohere' })
  })

  test.each<[what: string, response: () => Response, code: KitErrorCode, retryable: boolean]>([
    ['a stream that is cut', () => sse(begin, text('a')), 'model/truncated', true],
    ['a stream of nothing', () => sse(), 'model/truncated', true],
    ['an error in a stream', () => sse(begin, text('a'), JSON.stringify({ id: 'x', message: 'internal error' })), 'model/http', true],
    ['an error by its type', () => sse(begin, { type: 'error', message: 'too many tokens' }), 'model/context', false],
    ['an answer that failed', () => sse(begin, text('a'), end('ERROR', { error: 'internal' })), 'model/http', true],
    ['an answer that took too long', () => sse(begin, end('TIMEOUT')), 'model/timeout', true],
    ['a whole answer that failed', () => json({ message: { content: [] }, finish_reason: 'ERROR' }), 'model/http', true],
    ['no JSON in a stream', () => sse('{"type":'), 'model/garbled', false],
    ['a list in a stream', () => sse('[]'), 'model/garbled', false],
    ['no answer in a whole body', () => json({ id: 'x' }), 'model/http', true],
    ['an error in a body of success', () => json({ message: 'too many tokens' }), 'model/context', false],
  ])('%s', async (_what, response, code, retryable) => {
    await expect(collect(modelOf(response)(call))).rejects.toMatchObject({ code, retryable })
  })

  test('events that are not known, and [DONE] without an end before it, are no error', async () => {
    const done = await collect(
      modelOf(() => sse(begin, { type: 'debug', prompt: 'x' }, text('a'), { type: 'new-thing', delta: 7 }, '[DONE]'))(call),
    )
    expect(done).toMatchObject({ finish: 'stop', parts: [{ type: 'text', text: 'a' }] })
  })

  test('what comes after the end does not count, though the connection stays open', async () => {
    const open = new ReadableStream<Uint8Array>({
      start: (controller) =>
        controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(text('a'))}\n\ndata: ${JSON.stringify(end())}\n\n`)),
    })
    expect(await collect(modelOf(() => new Response(open, { headers: { 'content-type': 'text/event-stream' } }))(call))).toMatchObject({
      finish: 'stop',
    })
  })

  test('an abort ends a call, before and while it runs', async () => {
    const gone = new Error('gone')
    await expect(
      collect(
        cohere('m', { fetch: (_url, init) => Promise.reject(init?.signal?.reason as Error) })({ ...call, signal: AbortSignal.abort(gone) }),
      ),
    ).rejects.toBe(gone)
    const controller = new AbortController()
    const stalled: typeof fetch = async (_url, init) =>
      new Response(
        new ReadableStream({
          start: (stream) => {
            stream.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(text('a'))}\n\n`))
            init?.signal?.addEventListener('abort', () => stream.error(init.signal?.reason))
          },
        }),
        { headers: { 'content-type': 'text/event-stream' } },
      )
    const seen: Chunk[] = []
    const read = (async () => {
      for await (const chunk of cohere('m', { fetch: stalled })({ ...call, signal: controller.signal })) {
        seen.push(chunk)
        controller.abort(gone)
      }
    })()
    await expect(read).rejects.toBe(gone)
    expect(seen).toEqual([{ type: 'text', delta: 'a' }])
  })

  test('whatever a server says, an answer or a KitError comes of it', async () => {
    const names = [
      'message-start',
      'content-start',
      'content-delta',
      'content-end',
      'tool-plan-delta',
      'tool-call-start',
      'tool-call-delta',
      'citation-start',
      'message-end',
      'error',
      'x',
    ]
    const value = fc.jsonValue({ maxDepth: 3 })
    const event = fc.record(
      {
        type: fc.constantFrom(...names),
        index: value,
        delta: fc.record(
          {
            message: fc.dictionary(fc.constantFrom('content', 'tool_plan', 'tool_calls', 'citations'), value),
            finish_reason: value,
            usage: value,
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    )
    const fine = async (response: () => Response): Promise<void> => {
      await collect(modelOf(response)(call)).catch((error: unknown) => expect(error).toBeInstanceOf(KitError))
    }
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(event, value), { maxLength: 8 }), (events) =>
        fine(() => sse(...events.map((said) => JSON.stringify(said)))),
      ),
      { numRuns: 200 },
    )
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), (bytes) =>
        fine(() => new Response(new Uint8Array(bytes), { headers: { 'content-type': 'text/event-stream' } })),
      ),
      { numRuns: 100 },
    )
    await fc.assert(
      fc.asyncProperty(fc.record({ message: value, finish_reason: value, usage: value, meta: value }, { requiredKeys: [] }), (body) =>
        fine(() => json(body)),
      ),
      { numRuns: 200 },
    )
  })
})
