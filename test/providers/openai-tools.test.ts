import { describe, expect, test } from 'vitest'
import { agent, collect, type EventOf, memoryJournal, openSession, run, user } from '../../src/index.ts'
import { openaiChat } from '../../src/providers/openai-chat.ts'
import { codeInterpreter, fileSearch, imageGeneration, mcp, type McpRequest, webSearch } from '../../src/providers/openai-tools.ts'
import { openai } from '../../src/providers/openai.ts'
import { type Asked, serving } from './served.ts'

type Fields = Record<string, unknown>
const body = ({ body }: Asked): Fields & { input: Fields[]; tools: Fields[] } => body as Fields & { input: Fields[]; tools: Fields[] }
const answer = (...output: Fields[]): Response =>
  Response.json({ id: 'resp_1', status: 'completed', output, usage: { input_tokens: 3, output_tokens: 2 } })
const message = (text: string, annotations: Fields[] = []): Fields => ({
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  content: [{ type: 'output_text', text, annotations }],
})

test('a tool of OpenAI’s is told in its own words', async () => {
  const { fetch, asked } = serving(answer(message('ok')))
  const tools = [
    webSearch({ domains: ['a.example'], contextSize: 'low', location: { country: 'DE' } }),
    fileSearch({ stores: ['vs_1'], results: 3, filters: { type: 'eq', key: 'k', value: 'v' } }),
    codeInterpreter({ files: ['file-1'] }),
    imageGeneration({ size: '1024x1024', format: 'webp', more: { background: 'opaque' } }),
    mcp({ label: 'dice', url: 'https://dice.example/mcp', tools: ['roll'], authorization: 't', approval: false }),
  ]
  await run(agent({ name: 'a', model: openai('gpt-5.4', { fetch }), tools }), 'hi')
  expect(body(asked[0]!).tools).toEqual([
    {
      type: 'web_search',
      filters: { allowed_domains: ['a.example'] },
      search_context_size: 'low',
      user_location: { type: 'approximate', country: 'DE' },
    },
    { type: 'file_search', vector_store_ids: ['vs_1'], max_num_results: 3, filters: { type: 'eq', key: 'k', value: 'v' } },
    { type: 'code_interpreter', container: { type: 'auto', file_ids: ['file-1'] } },
    { type: 'image_generation', size: '1024x1024', output_format: 'webp', background: 'opaque' },
    {
      type: 'mcp',
      server_label: 'dice',
      server_url: 'https://dice.example/mcp',
      allowed_tools: ['roll'],
      authorization: 't',
      require_approval: 'never',
    },
  ])
  const bare = [webSearch(), codeInterpreter(), codeInterpreter({ container: 'cntr_1' }), imageGeneration()].map(
    ({ hosted }) => hosted!.definition,
  )
  expect(bare).toEqual([
    { type: 'web_search' },
    { type: 'code_interpreter', container: { type: 'auto' } },
    { type: 'code_interpreter', container: 'cntr_1' },
    { type: 'image_generation' },
  ])
})

test('what a search found is a source, and goes back in its place', async () => {
  const search: Fields = { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } }
  const cited = message('so it is', [{ type: 'url_citation', url: 'https://a.example/1', title: 'A', start_index: 0, end_index: 2 }])
  const { fetch, asked } = serving(answer(search, cited), answer(message('ok')))
  const a = agent({ name: 'a', model: openai('gpt-5.4', { fetch }), tools: [webSearch()] })
  const { messages } = await run(a, 'hi')
  await run(a, [user('hi'), ...messages, user('more')])
  expect(body(asked[1]!).input.map(({ type, role }) => type ?? role)).toEqual(['user', 'web_search_call', 'message', 'user'])
})

test('a model of another wire is not told of them, and says so', async () => {
  const { fetch, asked } = serving(Response.json({ choices: [{ message: { content: 'ok' }, finish_reason: 'stop' }] }))
  await collect(openaiChat('gpt-5.4', { fetch })({ messages: [user('hi')], tools: [{ name: 'web_search', hosted: webSearch().hosted! }] }))
  expect(body(asked[0]!).tools ?? []).toEqual([])
})

describe('a request to a server of MCP', () => {
  const request: Fields = { type: 'mcp_approval_request', id: 'mcpr_1', server_label: 'dice', name: 'roll', arguments: '{"sides":6}' }

  test.each([
    [{ approve: true }, { approve: true }],
    [
      { approve: false, reason: 'too risky' },
      { approve: false, reason: 'declined: too risky' },
    ],
  ])('waits for the owner’s word: %j', async (said, told) => {
    const { fetch, asked } = serving(answer(request), answer(message('done')))
    const dice = mcp({ label: 'dice', url: 'https://dice.example/mcp' })
    const s = await openSession({
      journal: memoryJournal(),
      key: 's',
      agent: agent({ name: 'a', model: openai('gpt-5.4', { fetch }), tools: [dice] }),
    })
    await s.submit('roll')
    await s.idle()
    const events: EventOf<'pending'>[] = []
    for await (const event of s.events({ live: false })) if (event.type === 'pending') events.push(event as EventOf<'pending'>)
    expect(events).toMatchObject([
      { kind: 'approval', call: { name: 'dice', input: { server_label: 'dice', name: 'roll', arguments: { sides: 6 } } } },
    ])
    expect(asked).toHaveLength(1)
    await s.answer({ id: events[0]!.id, by: 'me', ...said })
    await s.idle()
    expect(body(asked[1]!).input.slice(1)).toEqual([request, { type: 'mcp_approval_response', approval_request_id: 'mcpr_1', ...told }])
  })

  test('goes on by itself where a function sees no need to ask', async () => {
    const seen: McpRequest[] = []
    const { fetch, asked } = serving(answer(request), answer(message('done')))
    const dice = mcp({ label: 'dice', url: 'https://dice.example/mcp', approval: (one) => !seen.push(one) })
    await run(agent({ name: 'a', model: openai('gpt-5.4', { fetch }), tools: [dice] }), 'roll')
    expect(seen).toEqual([{ server_label: 'dice', name: 'roll', arguments: { sides: 6 } }])
    expect(body(asked[1]!).input.at(-1)).toEqual({ type: 'mcp_approval_response', approval_request_id: 'mcpr_1', approve: true })
  })
})
