// What makes the Messages API worth choosing, through the neutral API: on the wire and through `run`.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  agent,
  type Chunk,
  type Event,
  type Message,
  type Model,
  type ModelCall,
  type Part,
  run,
  type Source,
  stream,
  tool,
  user,
} from '../../src/index.ts'
import { anthropic, type AnthropicOptions } from '../../src/providers/anthropic.ts'
import { promptCache } from '../../src/providers/anthropic-cache.ts'
import { document, searchResult } from '../../src/providers/anthropic-documents.ts'
import { codeExecution, contextEditing, deferred, mcpServer, toolSearch, webFetch, webSearch } from '../../src/providers/anthropic-tools.ts'
import { encodeMessages, MessagesDecoder, traitsOf } from '../../src/providers/wire/anthropic-messages.ts'
import { jsonSchema } from '../../src/schema/json.ts'
import { events, type Fake, type Fields, message, said, type Sent, serving } from './anthropic-fake.ts'

const wire = 'anthropic-messages'
const claude = ({ fetch }: Pick<Fake, 'fetch'>, options: AnthropicOptions = {}): Model =>
  anthropic('claude-sonnet-5-5', { apiKey: 'k', fetch, ...options })

const chunksOf = async (chunks: AsyncIterable<Chunk>): Promise<Chunk[]> => {
  const all: Chunk[] = []
  for await (const chunk of chunks) all.push(chunk)
  return all
}
const eventsOf = async (all: AsyncIterable<Event>): Promise<Event[]> => {
  const list: Event[] = []
  for await (const event of all) list.push(event)
  return list
}

/** What is sent for one call. */
async function sentFor(call: Partial<ModelCall>, options: AnthropicOptions = {}): Promise<Sent> {
  const fake = serving(said('ok'))
  await chunksOf(claude(fake, options)({ messages: [user('hi')], ...call }))
  return fake.sent[0]!
}

const contentOf = async (...parts: Part[]): Promise<Fields[]> =>
  ((await sentFor({ messages: [{ role: 'user', parts }] })).body.messages as [{ content: Fields[] }])[0].content

describe('documents', () => {
  test('a PDF by its bytes, a text, a file of the provider, and one in pieces, each citable', async () => {
    const cited = { citations: { enabled: true } }
    expect(
      await contentOf(
        document(new Uint8Array([37, 80, 68, 70]), { citations: true, title: 'Lease', context: 'Signed in May.' }),
        document('Grüße', { citations: true }),
        document({ type: 'media', mime: 'application/pdf', ref: 'file_1', store: 'anthropic' }, { citations: true }),
        document({ type: 'media', mime: 'application/pdf', url: 'https://x/y.pdf', name: 'y' }),
        document(['one', 'two'], { citations: true, title: 'Notes' }),
      ),
    ).toEqual([
      {
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERg==' },
        title: 'Lease',
        context: 'Signed in May.',
        ...cited,
      },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Grüße' }, ...cited },
      { type: 'document', source: { type: 'file', file_id: 'file_1' }, ...cited },
      { type: 'document', source: { type: 'url', url: 'https://x/y.pdf' }, title: 'y' },
      {
        type: 'document',
        source: {
          type: 'content',
          content: [
            { type: 'text', text: 'one' },
            { type: 'text', text: 'two' },
          ],
        },
        title: 'Notes',
        ...cited,
      },
    ])
  })

  test('one that the provider keeps goes by its id, and keeps what the part said of itself', async () => {
    const part = {
      type: 'media',
      mime: 'application/pdf',
      ref: 'file_9',
      store: 'anthropic',
      providerOptions: { [wire]: { cache_control: { type: 'ephemeral' } } },
    } as const
    expect(await contentOf(document({ id: 'file_9', status: 'ready', part }, { citations: true }))).toEqual([
      { type: 'document', source: { type: 'file', file_id: 'file_9' }, cache_control: { type: 'ephemeral' }, citations: { enabled: true } },
    ])
  })

  test('a wire without such blocks reads the text of a document in pieces and of a search result', () => {
    expect(document(['one', 'two'], { title: 'Notes' })).toMatchObject({ type: 'text', text: 'Notes\n\none\n\ntwo' })
    expect(document(['one'])).toMatchObject({ type: 'text', text: 'one' })
    expect(searchResult({ source: 'kb', title: 'T', content: ['a', 'b'] })).toMatchObject({ type: 'text', text: 'T\n\nkb\n\na\n\nb' })
  })

  test('what was cited comes as source events: pages, characters and pieces, with their place in the answer', async () => {
    const citations = [
      { type: 'page_location', cited_text: 'p', document_index: 0, document_title: 'Lease', start_page_number: 3, end_page_number: 5 },
      { type: 'char_location', cited_text: 'c', document_index: 1, document_title: null, start_char_index: 4, end_char_index: 9 },
      { type: 'content_block_location', cited_text: 'b', document_index: 2, start_block_index: 0, end_block_index: 2 },
      {
        type: 'search_result_location',
        cited_text: 's',
        source: 'https://s',
        title: 'S',
        search_result_index: 0,
        start_block_index: 1,
        end_block_index: 2,
      },
    ]
    const fake = serving(
      events([
        { type: 'text', text: 'It ' },
        { type: 'text', text: 'ends.', citations },
      ]),
    )
    const all = await eventsOf(stream(agent({ name: 'reader', model: claude(fake) }), [document('x', { citations: true })]))
    const place = { start: 3, end: 8 }
    expect(all.flatMap((event) => (event.type === 'source' ? [event.source] : []))).toEqual<Source[]>([
      { document: '0', title: 'Lease', text: 'p', pages: [3, 4], ...place },
      { document: '1', text: 'c', characters: [4, 9], ...place },
      { document: '2', text: 'b', blocks: [0, 2], ...place },
      { url: 'https://s', title: 'S', text: 's', blocks: [1, 2], ...place },
    ])
  })

  test('a citation that names nothing is no source, one of a new kind is what it names; both go back', async () => {
    const citations = [
      { type: 'thing_location', at: 7 },
      { type: 'new_location', title: 'T', cited_text: null, start_page_number: '1' },
    ]
    const fake = serving(events([{ type: 'text', text: 'It.', citations }]), said('ok'))
    const reader = agent({ name: 'reader', model: claude(fake) })
    const all = await eventsOf(stream(reader, 'x'))
    const sources = all.flatMap((event) => (event.type === 'source' ? [event.source] : []))
    expect(sources).toEqual([{ title: 'T', start: 0, end: 3 }])
    await run(reader, [user('x'), ...all.flatMap((event) => (event.type === 'message' ? [event.message] : [])), user('y')])
    expect(JSON.stringify(fake.sent[1]!.body.messages)).toContain('thing_location')
  })

  test('search results go in a message, and as what a tool gives', async () => {
    const found = { source: 'https://x', title: 'X', content: ['one', 'two'] }
    const block = {
      type: 'search_result',
      source: 'https://x',
      title: 'X',
      content: [
        { type: 'text', text: 'one' },
        { type: 'text', text: 'two' },
      ],
      citations: { enabled: true },
    }
    expect(await contentOf(searchResult(found))).toEqual([block])
    expect(await contentOf(searchResult({ ...found, citations: false }))).toEqual([{ ...block, citations: { enabled: false } }])
    const fake = serving(message([{ type: 'tool_use', id: 't1', name: 'find', input: {} }], 'tool_use'), said('ok'))
    const find = tool({ name: 'find', run: () => ({ parts: [searchResult(found)] }) })
    await run(agent({ name: 'a', model: claude(fake), tools: [find] }), 'x?')
    expect((fake.sent[1]!.body.messages as { content: unknown }[])[2]!.content).toEqual([
      { type: 'tool_result', tool_use_id: 't1', content: [block] },
    ])
  })
})

describe('server tools', () => {
  const definition = async (...tools: ReturnType<typeof webSearch>[]): Promise<Sent> => {
    const fake = serving(said('ok'))
    await run(agent({ name: 'a', model: claude(fake), tools }), 'x')
    return fake.sent[0]!
  }

  test('each has the type of its version, its settings, and no beta that it does not need', async () => {
    const { body, headers } = await definition(
      webSearch({ maxUses: 3, allowedDomains: ['a.org'], location: { city: 'Berlin', country: 'DE' } }),
      webFetch({ citations: true, maxTokens: 5000, cached: false, blockedDomains: ['b.org'], sift: true }),
      codeExecution(),
      toolSearch(),
    )
    expect(body.tools).toEqual([
      {
        type: 'web_search_20260318',
        name: 'web_search',
        max_uses: 3,
        allowed_domains: ['a.org'],
        allowed_callers: ['direct'],
        user_location: { type: 'approximate', city: 'Berlin', country: 'DE' },
      },
      {
        type: 'web_fetch_20260318',
        name: 'web_fetch',
        blocked_domains: ['b.org'],
        citations: { enabled: true },
        max_content_tokens: 5000,
        use_cache: false,
      },
      { type: 'code_execution_20250825', name: 'code_execution' },
      { type: 'tool_search_tool_bm25_20251119', name: 'tool_search_tool_bm25' },
    ])
    expect(headers).not.toHaveProperty('anthropic-beta')
  })

  test('another version and other fields by name', async () => {
    const { body } = await definition(
      webSearch({ version: '20250305', fields: { strict: true } }),
      codeExecution({ version: '20260521' }),
      toolSearch('regex'),
    )
    expect(body.tools).toEqual([
      { type: 'web_search_20250305', name: 'web_search', strict: true },
      { type: 'code_execution_20260521', name: 'code_execution' },
      { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' },
    ])
  })

  test('a tool that waits for the search is deferred, and stays as it was beside', async () => {
    const add = tool({ name: 'add', input: jsonSchema({ type: 'object' }), providerOptions: { [wire]: { strict: true } }, run: () => 1 })
    const { body } = await definition(toolSearch(), deferred(add))
    expect((body.tools as unknown[])[1]).toEqual({ name: 'add', input_schema: { type: 'object' }, defer_loading: true, strict: true })
    expect(add.providerOptions).toEqual({ [wire]: { strict: true } })
  })

  test('the MCP connector: the server and its token beside the tools, the tools named, its beta among the others', async () => {
    const fake = serving(said('ok'))
    const model = claude(fake, { betas: ['own'], headers: { 'anthropic-beta': 'header, own' } })
    const wiki = mcpServer('wiki', { url: 'https://mcp.test/sse', token: 'secret', tools: ['ask'], deferred: true })
    const settings = { providerOptions: { [wire]: { betas: ['call'], mcp_servers: [{ type: 'url', name: 'other', url: 'https://o' }] } } }
    await run(agent({ name: 'a', model, tools: [wiki, mcpServer('all', { url: 'https://all.test' })], settings }), 'x')
    const { body, headers } = fake.sent[0]!
    expect(body.mcp_servers).toEqual([
      { type: 'url', name: 'other', url: 'https://o' },
      { type: 'url', name: 'wiki', url: 'https://mcp.test/sse', authorization_token: 'secret' },
      { type: 'url', name: 'all', url: 'https://all.test' },
    ])
    expect(body.tools).toEqual([
      {
        type: 'mcp_toolset',
        mcp_server_name: 'wiki',
        default_config: { enabled: false, defer_loading: true },
        configs: { ask: { enabled: true } },
      },
      { type: 'mcp_toolset', mcp_server_name: 'all' },
    ])
    expect(headers['anthropic-beta']).toBe('header,own,call,mcp-client-2025-11-20')
    expect(body).not.toHaveProperty('betas')
  })

  test('a mistake is told at once', () => {
    expect(() => webSearch({ allowedDomains: ['a'], blockedDomains: ['b'] })).toThrow(TypeError)
    expect(() => mcpServer('x', { url: 'http://x' })).toThrow(TypeError)
    expect(() => mcpServer('no spaces', { url: 'https://x' })).toThrow(TypeError)
    expect(() => promptCache({ ttl: '1h', prefix: '5m' })).toThrow(TypeError)
  })

  const paused = message([{ type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'x' } }], 'pause_turn')

  test('a turn that pauses goes on until it is done, what it did sent back each time', async () => {
    const second = message([{ type: 'web_search_tool_result', tool_use_id: 's1', content: [] }], 'pause_turn')
    const fake = serving(paused, second, said('Found.'))
    const { text, finish, messages } = await run(agent({ name: 'a', model: claude(fake), tools: [webSearch()] }), 'x?')
    expect([text, finish, messages.length]).toEqual(['Found.', 'stop', 3])
    const [, last] = fake.sent[2]!.body.messages as [unknown, { role: string; content: unknown[] }]
    expect(last).toEqual({ role: 'assistant', content: [...(paused.content as unknown[]), ...(second.content as unknown[])] })
  })

  test('one that pauses for ever is ended by the bound of the loop, not by the provider', async () => {
    const fake = serving(paused)
    const { finish } = await run(agent({ name: 'a', model: claude(fake), bounds: { steps: 4 } }), 'x?')
    expect([finish, fake.sent.length]).toEqual(['tool-limit', 4])
    const other = serving(paused)
    expect((await run(agent({ name: 'a', model: claude(other) }), 'x?')).finish).toBe('tool-limit')
    expect(other.sent).toHaveLength(20)
  })
})

describe('context editing', () => {
  test('is sent with its betas, thinking first, and beside what the call says', async () => {
    const { body, headers } = await sentFor({
      providerOptions: contextEditing({
        toolUses: { above: { uses: 9 }, keep: 2, atLeast: 5000, except: ['memory'], inputs: true },
        thinking: { keep: 2 },
        compact: { above: 60_000, instructions: 'Keep names.', pause: true },
      }),
    })
    expect(body.context_management).toEqual({
      edits: [
        { type: 'clear_thinking_20251015', keep: { type: 'thinking_turns', value: 2 } },
        {
          type: 'clear_tool_uses_20250919',
          trigger: { type: 'tool_uses', value: 9 },
          keep: { type: 'tool_uses', value: 2 },
          clear_at_least: { type: 'input_tokens', value: 5000 },
          exclude_tools: ['memory'],
          clear_tool_inputs: true,
        },
        {
          type: 'compact_20260112',
          trigger: { type: 'input_tokens', value: 60_000 },
          instructions: 'Keep names.',
          pause_after_compaction: true,
        },
      ],
    })
    expect(headers['anthropic-beta']).toBe('context-management-2025-06-27,compact-2026-01-12')
    const least = await sentFor({ providerOptions: contextEditing({ toolUses: { above: 8 }, thinking: { keep: 'all' } }) })
    expect(least.body.context_management).toEqual({
      edits: [
        { type: 'clear_thinking_20251015', keep: 'all' },
        { type: 'clear_tool_uses_20250919', trigger: { type: 'input_tokens', value: 8 } },
      ],
    })
    expect((await sentFor({ providerOptions: contextEditing({ compact: {} }) })).headers['anthropic-beta']).toBe('compact-2026-01-12')
  })

  test('what the provider left out is said, when it did, streamed or whole', async () => {
    const edit = { type: 'clear_tool_uses_20250919', cleared_tool_uses: 8, cleared_input_tokens: 50_000 }
    const context_management = { applied_edits: [edit] }
    const ok = [{ type: 'text', text: 'ok' }]
    const notices = async (answer: Fields | Fields[]): Promise<Chunk[]> =>
      (await chunksOf(claude(serving(answer))({ messages: [user('x')] }))).filter(({ type }) => type === 'notice')
    const notice = { type: 'notice', code: 'context/edited', message: 'anthropic left out parts of the conversation', data: [edit] }
    expect(await notices(events(ok, 'end_turn', { context_management }))).toEqual([notice])
    expect(await notices(message(ok, 'end_turn', { context_management }))).toEqual([notice])
    expect(await notices(message(ok, 'end_turn', { context_management: { applied_edits: [] } }))).toEqual([])
    expect(await notices(events(ok, 'end_turn', { context_management: 'x' }))).toEqual([])
  })

  test('a pause after the conversation was summed up goes on from the summary', async () => {
    const summary = { type: 'compaction', content: 'So far.', encrypted_content: 'e' }
    const fake = serving(message([summary], 'compaction'), said('Done.'))
    expect((await run(agent({ name: 'a', model: claude(fake) }), 'x')).text).toBe('Done.')
    expect((fake.sent[1]!.body.messages as { content: unknown }[])[1]!.content).toEqual([summary])
  })
})

describe('the prompt cache', () => {
  const mark = { type: 'ephemeral' }
  const blocksOf = ({ body }: Sent): Fields[] => [
    ...((body.tools ?? []) as Fields[]),
    ...((body.system ?? []) as Fields[]),
    ...(body.messages as { content: Fields[] }[]).flatMap(({ content }) => content),
  ]
  const marks = (sent: Sent): number[] => blocksOf(sent).flatMap((block, at) => (block.cache_control ? [at] : []))

  test('marks the tools, the instructions, and where the last two turns of the user end', async () => {
    const { body } = await sentFor(
      {
        system: 'Be kind.',
        tools: [{ name: 'a' }, { name: 'b' }, { name: 'c', providerOptions: { [wire]: { defer_loading: true } } }],
        messages: [
          user('1'),
          { role: 'assistant', parts: [{ type: 'text', text: '2' }] },
          user('3'),
          { role: 'assistant', parts: [{ type: 'text', text: '4' }] },
          user('5'),
        ],
      },
      { cache: promptCache() },
    )
    expect((body.tools as Fields[]).map(({ cache_control }) => cache_control)).toEqual([undefined, mark, undefined])
    expect(body.system).toEqual([{ type: 'text', text: 'Be kind.', cache_control: mark }])
    const turns = body.messages as { content: Fields[] }[]
    expect(turns.map(({ content }) => content[0]!.cache_control)).toEqual([undefined, undefined, mark, undefined, mark])
  })

  test('is off where nobody asked for it, and leaves alone who marks by hand', async () => {
    const call = { system: 'Be kind.', tools: [{ name: 'a' }] }
    expect(JSON.stringify((await sentFor(call)).body)).not.toContain('cache_control')
    const byHand = { providerOptions: { [wire]: { cache_control: mark } } }
    const hands: Partial<ModelCall>[] = [
      { ...call, ...byHand },
      { ...call, tools: [{ name: 'a', ...byHand }] },
      { ...call, system: [{ type: 'text', text: 'Be kind.', ...byHand }] },
      { ...call, messages: [{ ...user('x'), ...byHand }] },
      { ...call, messages: [{ role: 'user', parts: [{ type: 'text', text: 'x', ...byHand }] }] },
    ]
    for (const hand of hands)
      expect(
        JSON.stringify((await sentFor(hand, { cache: promptCache() })).body).match(/cache_control/g),
        JSON.stringify(hand),
      ).toHaveLength(1)
  })

  test('an hour for all of it, or only for the tools and instructions', async () => {
    const call = { system: 'Be kind.', tools: [{ name: 'a' }] }
    const ttls = async (options: Parameters<typeof promptCache>[0]): Promise<unknown[]> =>
      blocksOf(await sentFor(call, { cache: promptCache(options) })).map(({ cache_control }) => cache_control)
    const hour = { type: 'ephemeral', ttl: '1h' }
    expect(await ttls({ ttl: '1h' })).toEqual([hour, hour, hour])
    expect(await ttls({ prefix: '1h' })).toEqual([hour, hour, mark])
    expect(await ttls({})).toEqual([mark, mark, mark])
  })

  test('a mark is never on thinking or on what the model said, and the transcript stays as it was', async () => {
    const messages: Message[] = [
      user('sum'),
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', text: 'Hm', replay: { wire, data: { type: 'thinking', thinking: 'Hm', signature: 's' } } },
          { type: 'opaque', kind: 'redacted', replay: { wire, data: { type: 'redacted_thinking', data: 'x' } } },
        ],
      },
    ]
    const before = structuredClone(messages)
    const { body } = await sentFor({ messages, reasoning: { effort: 'low' } }, { cache: promptCache() })
    expect(messages).toEqual(before)
    const turns = body.messages as { content: Fields[] }[]
    expect(turns.map(({ content }) => content.map(({ cache_control }) => cache_control))).toEqual([[mark], [undefined, undefined]])
  })

  test('a conversation that grows reads all of what it sent before: the last mark of a request is one of the next, with the same before it', async () => {
    const text = fc.string({ minLength: 1, maxLength: 5 }).map((words) => `${words}.`)
    const parts = fc.array(
      text.map((words): Part => ({ type: 'text', text: words })),
      { minLength: 1, maxLength: 3 },
    )
    const thought = text.map((words): Part => ({
      type: 'reasoning',
      text: words,
      replay: { wire, data: { type: 'thinking', thinking: words, signature: 's' } },
    }))
    // a turn: what the model says or calls, and what the user or the tools give it
    const turn = fc.tuple(fc.option(thought, { nil: undefined }), parts, parts, fc.nat({ max: 30 }), fc.boolean())
    const grown = fc.array(turn, { minLength: 1, maxLength: 6 })
    let reached = 0
    await fc.assert(
      fc.asyncProperty(grown, parts, fc.nat({ max: 2 }), fc.boolean(), async (turns, first, tools, instructed) => {
        const messages: Message[] = [{ role: 'user', parts: first }]
        const fake = serving(said('ok'))
        const model = claude(fake, { cache: promptCache() })
        const fixed = {
          ...(instructed && { system: 'Be kind.' }),
          tools: Array.from({ length: tools }, (_, at) => ({ name: `t${at}` })),
        }
        await chunksOf(model({ ...fixed, messages: [...messages] }))
        for (const [at, [hidden, spoken, asked, calls, also]] of turns.entries()) {
          const ids = Array.from({ length: calls }, (_, nth) => `c${at}_${nth}`)
          messages.push({
            role: 'assistant',
            parts: [...(hidden ? [hidden] : []), ...spoken, ...ids.map((id): Part => ({ type: 'call', id, name: 't0', input: {} }))],
          })
          if (ids.length) messages.push({ role: 'tool', parts: ids.map((id): Part => ({ type: 'result', id, name: 't0', output: 'x' })) })
          if (!ids.length || also) messages.push({ role: 'user', parts: asked })
          await chunksOf(model({ ...fixed, messages: [...messages] }))
        }
        for (const [at, sent] of fake.sent.entries()) {
          expect(marks(sent).length).toBeLessThanOrEqual(4)
          for (const place of marks(sent)) expect(blocksOf(sent)[place]!.type ?? 'tool').not.toMatch(/thinking/)
          const next = fake.sent[at + 1]
          if (!next) continue
          const last = marks(sent).at(-1)!
          expect(marks(next)).toContain(last)
          expect(bare(blocksOf(next).slice(0, last + 1))).toEqual(bare(blocksOf(sent).slice(0, last + 1)))
          reached++
        }
      }),
      { numRuns: 60 },
    )
    expect(reached).toBeGreaterThan(60)
  })

  const bare = (blocks: readonly Fields[]): Fields[] => blocks.map(({ cache_control: _, ...block }) => block)
})

describe('thinking', () => {
  test('goes back signed, before the call that it led to, through a whole loop', async () => {
    const thinking = { type: 'thinking', thinking: 'I add.', signature: 'c2ln' }
    const redacted = { type: 'redacted_thinking', data: 'xyz' }
    const call = { type: 'tool_use', id: 't1', name: 'add', input: { a: 1 } }
    const fake = serving(events([thinking, redacted, call], 'tool_use'), said('2'))
    const add = tool({ name: 'add', input: jsonSchema<{ a: number }>({ type: 'object' }), run: ({ a }) => a + 1 })
    await run(agent({ name: 'a', model: claude(fake), tools: [add], settings: { reasoning: { effort: 'high', summary: true } } }), '1+1')
    expect(fake.sent.map(({ body }) => [body.thinking, body.output_config])).toEqual(
      Array(2).fill([{ type: 'adaptive', display: 'summarized' }, { effort: 'high' }]),
    )
    expect((fake.sent[1]!.body.messages as { content: unknown }[])[1]!.content).toEqual([thinking, redacted, call])
  })

  test('takes a number of tokens where the model measures by it', async () => {
    const fake = serving(said('ok'))
    await chunksOf(anthropic('claude-haiku-4-5', { fetch: fake.fetch })({ messages: [user('x')], reasoning: { tokens: 2000 } }))
    expect(fake.sent[0]!.body.thinking).toEqual({ type: 'enabled', budget_tokens: 2000 })
  })
})

describe('settings of this provider only', () => {
  test('work at the call, a message, a part and a tool', async () => {
    const own = (fields: Fields): Pick<ModelCall, 'providerOptions'> => ({ providerOptions: { [wire]: fields } })
    const { body, headers } = await sentFor({
      ...own({ service_tier: 'auto', betas: ['fast-mode-2026-02-01'], speed: 'fast' }),
      tools: [{ name: 'a', ...own({ allowed_callers: ['direct'] }) }],
      messages: [
        { ...user('x'), ...own({ cache_control: { type: 'ephemeral' } }) },
        { role: 'user', parts: [{ type: 'text', text: 'y', ...own({ marker: 1 }) }] },
      ],
    })
    expect(body).toMatchObject({ service_tier: 'auto', speed: 'fast', tools: [{ name: 'a', allowed_callers: ['direct'] }] })
    expect((body.messages as { content: unknown }[])[0]!.content).toEqual([
      { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'y', marker: 1 },
    ])
    expect(headers['anthropic-beta']).toBe('fast-mode-2026-02-01')
  })

  test('the newer version of the API takes no sampling, and everything else as before', async () => {
    const call = { temperature: 1, topP: 1, topK: 3, maxTokens: 7 }
    const { body, headers } = await sentFor(call, { version: '2026-10-21' })
    expect(headers['anthropic-version']).toBe('2026-10-21')
    for (const name of ['temperature', 'top_p', 'top_k']) expect(body).not.toHaveProperty(name)
    expect(body.max_tokens).toBe(7)
    expect((await sentFor({ temperature: 1 })).body.temperature).toBe(1)
  })
})

test('the encoder and the decoder stand alone, for a server that wraps the same bodies', async () => {
  const { body } = encodeMessages(
    { messages: [user('hi')], stream: false },
    'claude-haiku-4-5',
    traitsOf('claude-haiku-4-5'),
    'bedrock-2023-05-31',
  )
  expect(body).toMatchObject({ model: 'claude-haiku-4-5', max_tokens: 64_000 })
  const decoder = new MessagesDecoder('bedrock')
  const chunks = [...decoder.body(said('ok')), ...decoder.end()]
  expect(chunks.map(({ type }) => type)).toEqual(['text', 'part', 'usage', 'finish'])
})
