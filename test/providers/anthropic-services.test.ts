// What Anthropic offers beside chat, when all is well and when it is not.
import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { KitError, type ModelCall, user } from '../../src/index.ts'
import { anthropicServices } from '../../src/providers/anthropic-services.ts'
import { codeExecution, mcpServer } from '../../src/providers/anthropic-tools.ts'
import type { BatchResult, Services } from '../../src/services.ts'
import { toolInfo } from '../../src/tool.ts'
import { type Fake, type Fields, message, said, serving } from './anthropic-fake.ts'

const services = ({ fetch }: Pick<Fake, 'fetch'>): ReturnType<typeof anthropicServices> => anthropicServices({ apiKey: 'sk', fetch })
const hi: ModelCall = { messages: [user('hi')] }
const batch = (more: Fields = {}): Fields => ({
  id: 'msgbatch_1',
  type: 'message_batch',
  processing_status: 'ended',
  request_counts: { processing: 0, succeeded: 1, errored: 1, canceled: 1, expired: 1 },
  created_at: '2026-11-01T00:00:00Z',
  results_url: 'https://elsewhere.test/steal-the-key',
  ...more,
})
const file = (id: string, more: Fields = {}): Fields => ({
  id,
  type: 'file',
  filename: 'a.pdf',
  mime_type: 'application/pdf',
  size_bytes: 3,
  created_at: '2026-11-01T00:00:00Z',
  ...more,
})
const all = async (results: AsyncIterable<BatchResult>): Promise<BatchResult[]> => {
  const list: BatchResult[] = []
  for await (const result of results) list.push(result)
  return list
}
const caught = (work: Promise<unknown>): Promise<KitError> =>
  work.then(
    () => expect.unreachable('it did not fail'),
    (error: unknown) => error as KitError,
  )

test('what the vendor lacks is not there, in the type and in the value', () => {
  const offered = services(serving({}))
  expectTypeOf(offered).toExtend<Services>()
  for (const lacking of ['embed', 'rerank', 'transcribe', 'speak', 'image', 'ocr', 'tune'] as const) expect(lacking in offered).toBe(false)
  // @ts-expect-error it has none
  expect(offered.embed).toBeUndefined()
  // @ts-expect-error it has none
  expect(offered.tune).toBeUndefined()
  expect(Object.keys(offered).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['batch', 'countTokens', 'files', 'listModels', 'provider'])
})

describe('counting tokens', () => {
  test('sends what weighs, with the betas of its tools, and nothing that the API refuses there', async () => {
    const fake = serving({ input_tokens: 14 })
    const tools = [toolInfo(codeExecution()), toolInfo(mcpServer('m', { url: 'https://m.test' })), { name: 'a' }]
    const call: ModelCall = {
      ...hi,
      system: 'Be kind.',
      tools,
      maxTokens: 5,
      temperature: 0.5,
      stop: ['x'],
      toolChoice: 'auto',
      reasoning: { tokens: 2000 },
      output: { schema: { type: 'string' } },
    }
    expect(await services(fake).countTokens('claude-haiku-4-5', { ...call, maxTokens: 4000 })).toBe(14)
    const { url, method, body, headers } = fake.sent[0]!
    expect([method, url]).toEqual(['POST', 'https://api.anthropic.com/v1/messages/count_tokens'])
    expect(Object.keys(body).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'mcp_servers',
      'messages',
      'model',
      'output_config',
      'system',
      'thinking',
      'tool_choice',
      'tools',
    ])
    expect(headers).toMatchObject({ 'x-api-key': 'sk', 'anthropic-version': '2023-06-01', 'anthropic-beta': 'mcp-client-2025-11-20' })
    expect(headers).not.toHaveProperty('authorization')
  })

  test('a count that is none is garbled', async () => {
    for (const body of [{}, { input_tokens: 'many' }, { input_tokens: -1 }, { input_tokens: null }])
      expect((await caught(services(serving(body)).countTokens('m', hi))).code).toBe('model/garbled')
  })

  test('a token is a bearer, an address and a version are one’s own', async () => {
    const fake = serving({ input_tokens: 1 })
    const own = anthropicServices({
      authToken: async () => 'tok',
      baseURL: 'https://proxy.test/v1/',
      version: '2026-10-21',
      betas: ['b'],
      fetch: fake.fetch,
    })
    await own.countTokens('m', hi)
    expect(fake.sent[0]).toMatchObject({
      url: 'https://proxy.test/v1/messages/count_tokens',
      headers: { authorization: 'Bearer tok', 'anthropic-version': '2026-10-21', 'anthropic-beta': 'b' },
    })
    expect(fake.sent[0]!.headers).not.toHaveProperty('x-api-key')
  })
})

describe('models', () => {
  const yes = { supported: true }

  test('page by page, with what the vendor says of each', async () => {
    const fake = serving(
      {
        data: [
          {
            id: 'claude-a',
            max_input_tokens: 1_000_000,
            max_tokens: 128_000,
            capabilities: { image_input: yes, pdf_input: yes, thinking: yes, structured_outputs: { supported: false } },
          },
          { id: 'claude-b', capabilities: null, max_tokens: null },
          { name: 'no id' },
          'x',
        ],
        has_more: true,
        last_id: 'claude-b',
      },
      { data: [{ id: 'claude-c', capabilities: {} }], has_more: false, last_id: 'claude-c' },
    )
    expect(await services(fake).listModels()).toEqual([
      {
        id: 'claude-a',
        provider: 'anthropic',
        capabilities: { input: ['text', 'image', 'pdf'], tools: true, reasoning: true, structured: false },
        limits: { context: 1_000_000, output: 128_000 },
      },
      { id: 'claude-b', provider: 'anthropic' },
      { id: 'claude-c', provider: 'anthropic', capabilities: { input: ['text'], tools: true, reasoning: false, structured: false } },
    ])
    expect(fake.sent.map(({ url }) => new URL(url).search)).toEqual(['?limit=1000', '?limit=1000&after_id=claude-b'])
  })

  test('a server that turns its pages for ever is left', async () => {
    const fake = serving({ data: [{ id: 'x' }], has_more: true, last_id: 'x' })
    expect(await services(fake).listModels()).toHaveLength(2)
    let page = 0
    const endless: typeof fetch = async () =>
      Response.json({ data: Array.from({ length: 1000 }, () => ({ id: 'x' })), has_more: true, last_id: `${page++}` })
    expect(await services({ fetch: endless }).listModels()).toHaveLength(10_000)
    expect(page).toBe(10)
    // pages with nothing on them, whose cursors go to and fro
    page = 0
    const empty: typeof fetch = async () => Response.json({ data: [], has_more: true, last_id: `${page++ % 2}` })
    expect(await services({ fetch: empty }).listModels()).toEqual([])
    expect(page).toBe(1000)
  })
})

describe('files', () => {
  test('go up by a form, and come back as a part for a message', async () => {
    let form: FormData | undefined
    const fetch: typeof globalThis.fetch = async (url, init) => {
      form = await new Request(url as string, init).formData()
      return Response.json(file('file_1', { expires_at: '2026-12-01T00:00:00Z' }))
    }
    const data = new TextEncoder().encode('pdf')
    const kept = await services({ fetch }).files.upload({ data, name: 'a.pdf', mime: 'application/pdf', purpose: 'ignored' })
    expect(kept).toEqual({
      id: 'file_1',
      name: 'a.pdf',
      mime: 'application/pdf',
      bytes: 3,
      status: 'ready',
      createdAt: Date.parse('2026-11-01'),
      expiresAt: Date.parse('2026-12-01'),
      part: { type: 'media', mime: 'application/pdf', ref: 'file_1', store: 'anthropic', name: 'a.pdf' },
    })
    const sent = form!.get('file') as File
    expect([[...form!.keys()], sent.name, sent.type, await sent.text()]).toEqual([['file'], 'a.pdf', 'application/pdf', 'pdf'])
    await services({ fetch }).files.upload({
      data: new Blob(['x']),
      name: 'b',
      mime: 'text/csv',
      providerOptions: { anthropic: { expires_in_seconds: 3600 } },
    })
    expect(form!.get('expires_in_seconds')).toBe('3600')
  })

  test('one by one, and all of them in either form of pages', async () => {
    const fake = serving(file('file_1', { filename: null, mime_type: 7, size_bytes: '3', created_at: 'x' }))
    expect(await services(fake).files.get('file/../1')).toEqual({
      id: 'file_1',
      mime: 'application/octet-stream',
      status: 'ready',
      part: { type: 'media', mime: 'application/octet-stream', ref: 'file_1', store: 'anthropic' },
    })
    expect(fake.sent[0]!.url).toBe('https://api.anthropic.com/v1/files/file%2F..%2F1')
    const now = serving({ data: [file('file_1')], next_page: 'p2' }, { data: [file('file_2')], next_page: null })
    expect((await services(now).files.list()).map(({ id }) => id)).toEqual(['file_1', 'file_2'])
    expect(now.sent.map(({ url }) => new URL(url).search)).toEqual(['?limit=100', '?limit=100&page=p2'])
    const before = serving(
      { data: [file('file_1')], has_more: true, last_id: 'file_1' },
      { data: [file('file_2')], has_more: false, last_id: 'file_2' },
    )
    expect((await services(before).files.list()).map(({ id }) => id)).toEqual(['file_1', 'file_2'])
    expect(before.sent.map(({ url }) => new URL(url).search)).toEqual(['?limit=100', '?limit=100&after_id=file_1'])
  })

  test('an id that leads elsewhere asks nothing', async () => {
    const fake = serving({})
    const { files, batch } = services(fake)
    for (const id of ['..', '.'])
      for (const ask of [files.delete(id), files.get(id), files.content!(id), batch.cancel(id)])
        expect((await caught(ask)).code).toBe('model/request')
    expect(fake.sent).toEqual([])
    await files.delete('...')
    expect(fake.sent[0]!.url).toBe('https://api.anthropic.com/v1/files/...')
  })

  test('are deleted, and read where a tool has made them', async () => {
    const fake = serving({ id: 'file_1', type: 'file_deleted' })
    await services(fake).files.delete('file_1')
    expect([fake.sent[0]!.method, fake.sent[0]!.url]).toEqual(['DELETE', 'https://api.anthropic.com/v1/files/file_1'])
    const bytes = new Uint8Array([0, 255, 10])
    expect(await services(serving(new Response(bytes))).files.content!('file_1')).toEqual(bytes)
    expect((await caught(services(serving({ type: 'file' })).files.get('x'))).code).toBe('model/garbled')
  })
})

describe('batches', () => {
  const requests = [
    { id: 'a', call: hi },
    { id: 'b-2', call: { ...hi, maxTokens: 5, tools: [toolInfo(mcpServer('m', { url: 'https://m.test' }))] } },
  ]

  test('are made of calls, each a whole request', async () => {
    const fake = serving(batch({ processing_status: 'in_progress', request_counts: { processing: 2 } }))
    expect(await services(fake).batch.create({ model: 'claude-haiku-4-5', requests })).toEqual({
      id: 'msgbatch_1',
      status: 'running',
      counts: { total: 2, done: 0, failed: 0 },
      createdAt: Date.parse('2026-11-01'),
    })
    const { url, body, headers } = fake.sent[0]!
    expect(url).toBe('https://api.anthropic.com/v1/messages/batches')
    expect(body.requests).toMatchObject([
      { custom_id: 'a', params: { model: 'claude-haiku-4-5', max_tokens: 64_000, messages: [{ role: 'user' }] } },
      { custom_id: 'b-2', params: { max_tokens: 5, tools: [{ type: 'mcp_toolset' }] } },
    ])
    expect(JSON.stringify(body)).not.toContain('stream')
    expect(headers['anthropic-beta']).toBe('mcp-client-2025-11-20')
  })

  test('a mistake in the requests is told before anything is sent', async () => {
    const fake = serving(batch())
    const { create } = services(fake).batch
    for (const bad of [[], [requests[0]!, requests[0]!], [{ id: 'no spaces', call: hi }], [{ id: '', call: hi }]])
      await expect(create({ model: 'm', requests: bad })).rejects.toThrow(TypeError)
    await expect(
      create({ model: 'm', requests: Array.from({ length: 100_001 }, (_, at) => ({ id: `r${at}`, call: hi })) }),
    ).rejects.toThrow('1 to 100000')
    const media = { type: 'media', mime: 'audio/wav', data: 'AA' } as const
    await expect(
      create({ model: 'm', requests: [{ id: 'a', call: { messages: [{ role: 'user', parts: [media] }] } }] }),
    ).rejects.toMatchObject({
      code: 'model/unsupported',
    })
    expect(fake.sent).toEqual([])
  })

  test.each([
    ['in_progress', { processing: 1 }, 'running', { total: 1, done: 0, failed: 0 }],
    ['canceling', { processing: 1 }, 'running', { total: 1, done: 0, failed: 0 }],
    ['ended', { succeeded: 2, errored: 1 }, 'done', { total: 3, done: 2, failed: 1 }],
    ['ended', { succeeded: 1, canceled: 1 }, 'done', { total: 2, done: 1, failed: 1 }],
    ['ended', { canceled: 2 }, 'cancelled', { total: 2, done: 0, failed: 2 }],
    ['ended', { expired: 2 }, 'expired', { total: 2, done: 0, failed: 2 }],
    ['brand_new', { processing: '1' }, 'running', { total: 0, done: 0, failed: 0 }],
    ['ended', null, 'done', { total: 0, done: 0, failed: 0 }],
  ])('%s with %j is %s', async (processing_status, request_counts, status, counts) => {
    const fake = serving(batch({ processing_status, request_counts }))
    expect(await services(fake).batch.get('msgbatch_1')).toMatchObject({ status, counts })
    expect(await services(fake).batch.cancel('msgbatch_1')).toMatchObject({ status, counts })
    expect(fake.sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      'GET /v1/messages/batches/msgbatch_1',
      'POST /v1/messages/batches/msgbatch_1/cancel',
    ])
  })

  const results = (lines: readonly unknown[]): Response =>
    new Response(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'))
  const result = (custom_id: unknown, type: string, more: Fields = {}): Fields => ({ custom_id, result: { type, ...more } })

  test('results come in any order, each an answer or an error of its own', async () => {
    const thinking = { type: 'thinking', thinking: 'Hm', signature: 's' }
    const fake = serving(
      batch(),
      results([
        result('d', 'expired'),
        result('a', 'succeeded', {
          message: message([thinking, { type: 'text', text: 'Hi' }, { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }], 'tool_use'),
        }),
        '',
        result('b', 'errored', {
          error: { type: 'error', error: { type: 'invalid_request_error', message: 'max_tokens: bad' }, request_id: 'r' },
        }),
        result('e', 'errored', { error: { type: 'error', error: { type: 'overloaded_error', message: 'busy' } } }),
        result('c', 'canceled'),
        result('f', 'brand_new'),
        result('g', 'succeeded', { message: { type: 'message' } }),
        result('h', 'succeeded', { message: said('end') }),
        result(7, 'canceled'),
        { custom_id: 'i', result: null },
      ]),
    )
    const list = await all(services(fake).batch.results('msgbatch_1'))
    expect(list.map(({ id, answer, error }) => [id, error?.code ?? answer?.finish, error?.retryable])).toEqual([
      ['d', 'model/timeout', true],
      ['a', 'tools', undefined],
      ['b', 'model/request', false],
      ['e', 'model/overloaded', true],
      ['c', 'run/cancelled', false],
      ['f', 'model/garbled', false],
      ['g', 'model/garbled', false],
      ['h', 'stop', undefined],
      ['', 'run/cancelled', false],
      ['i', 'model/garbled', false],
    ])
    expect(list[1]!.answer).toEqual({
      parts: [
        { type: 'reasoning', text: 'Hm', replay: { wire: 'anthropic-messages', data: thinking } },
        { type: 'text', text: 'Hi' },
        { type: 'call', id: 't', name: 'f', input: { a: 1 } },
      ],
      usage: { input: 3, output: 1 },
      finish: 'tools',
    })
    // wherever the provider says that they are: the key goes to no other address than the one it was given for
    expect(fake.sent.map(({ url }) => url)).toEqual([
      'https://api.anthropic.com/v1/messages/batches/msgbatch_1',
      'https://api.anthropic.com/v1/messages/batches/msgbatch_1/results',
    ])
    expect(JSON.stringify(list.map(({ error }) => error?.message))).not.toMatch(/busy|bad/)
  })

  test('there are none before the end', async () => {
    const error = await caught(all(services(serving(batch({ processing_status: 'in_progress' }))).batch.results('x')))
    expect(error).toMatchObject({ code: 'model/request', retryable: true })
  })

  test('a line that is none, a connection that breaks, and an abort in the middle', async () => {
    const good = JSON.stringify(result('a', 'canceled'))
    expect((await caught(all(services(serving(batch(), results([good, '{"custom_id":']))).batch.results('x')))).code).toBe('model/garbled')
    const breaking = (by: (controller: ReadableStreamDefaultController) => void): Fake['fetch'] => {
      let asked = 0
      return async () => {
        if (!asked++) return Response.json(batch())
        let pulled = 0
        return new Response(
          new ReadableStream({
            pull(controller) {
              if (pulled++) by(controller)
              else controller.enqueue(new TextEncoder().encode(`${good}\n`))
            },
          }),
        )
      }
    }
    const broken = services({ fetch: breaking((controller) => controller.error(new TypeError('terminated'))) })
    expect((await caught(all(broken.batch.results('x')))).code).toBe('model/truncated')
    const abort = new AbortController()
    const aborted = services({
      fetch: breaking((controller) => {
        abort.abort(new Error('enough'))
        controller.error(new Error('aborted'))
      }),
    })
    await expect(all(aborted.batch.results('x', { signal: abort.signal }))).rejects.toThrow('enough')
  })

  test('whatever the lines hold, each is a result and only KitErrors are thrown', async () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('succeeded', 'errored', 'canceled', 'expired'))
    const line = fc.record({
      custom_id: value,
      result: fc.oneof(value, fc.record({ type: value, message: value, error: value })),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 5 }), async (lines) => {
        const list = await all(services(serving(batch(), results(lines))).batch.results('x'))
        expect(list).toHaveLength(lines.length)
        for (const { answer, error } of list) expect(answer !== undefined || error instanceof KitError).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})

describe('when it fails', () => {
  const works: [string, (offered: ReturnType<typeof anthropicServices>, signal?: AbortSignal) => Promise<unknown>][] = [
    ['countTokens', ({ countTokens }, signal) => countTokens('m', { ...hi, ...(signal && { signal }) })],
    ['listModels', ({ listModels }, signal) => listModels({ signal })],
    ['files.upload', ({ files }, signal) => files.upload({ data: new Uint8Array(1), name: 'a', mime: 'text/csv', signal })],
    ['files.get', ({ files }, signal) => files.get('a', { signal })],
    ['files.list', ({ files }, signal) => files.list({ signal })],
    ['files.delete', ({ files }, signal) => files.delete('a', { signal })],
    ['files.content', ({ files }, signal) => files.content!('a', { signal })],
    ['batch.create', (offered, signal) => offered.batch.create({ model: 'm', requests: [{ id: 'a', call: hi }], signal })],
    ['batch.get', (offered, signal) => offered.batch.get('a', { signal })],
    ['batch.cancel', (offered, signal) => offered.batch.cancel('a', { signal })],
    ['batch.results', (offered, signal) => all(offered.batch.results('a', { signal }))],
  ]

  test.each(works)('%s has a code for each refusal, and nothing of it in its message', async (_name, work) => {
    const refusals: [number, Fields | string, Record<string, string>, string, boolean, number | undefined][] = [
      [401, { type: 'authentication_error', message: 'secret' }, {}, 'model/auth', false, undefined],
      [404, { type: 'not_found_error', message: 'secret' }, {}, 'model/unknown', false, undefined],
      [413, { type: 'request_too_large', message: 'secret' }, {}, 'model/request', false, undefined],
      [429, { type: 'rate_limit_error', message: 'secret' }, { 'retry-after': '3' }, 'model/rate', true, 3000],
      [500, '<html>secret</html>', {}, 'model/http', true, undefined],
      [529, { type: 'overloaded_error', message: 'secret' }, {}, 'model/overloaded', true, undefined],
    ]
    for (const [status, error, headers, code, retryable, retryAfter] of refusals) {
      const body = typeof error === 'string' ? error : JSON.stringify({ type: 'error', error })
      const thrown = await caught(work(services(serving(new Response(body, { status, headers })))))
      expect(thrown).toMatchObject({ code, retryable, retryAfter, status, provider: 'anthropic' })
      expect(thrown.message).not.toContain('secret')
    }
  })

  test.each(works)('%s is garbled, truncated, unreachable or aborted as it happens', async (name, work) => {
    if (name !== 'files.content')
      expect((await caught(work(services(serving(new Response('{"data": [')))))).code, name).toBe('model/garbled')
    const cut = (): Response => new Response(new ReadableStream({ pull: (controller) => controller.error(new TypeError('terminated')) }))
    expect((await caught(work(services({ fetch: async () => cut() })))).code).toBe('model/truncated')
    expect(await caught(work(services({ fetch: async () => Promise.reject(new TypeError('no route')) })))).toMatchObject({
      code: 'model/http',
      retryable: true,
    })
    const reason = new Error('enough')
    const waiting: typeof fetch = async (_url, init) => {
      init!.signal!.throwIfAborted()
      return new Promise((_resolve, reject) => init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason as Error)))
    }
    await expect(work(services({ fetch: waiting }), AbortSignal.abort(reason))).rejects.toBe(reason)
    const abort = new AbortController()
    const pending = work(services({ fetch: waiting }), abort.signal)
    setTimeout(() => abort.abort(reason), 5)
    await expect(pending).rejects.toBe(reason)
  })
})
