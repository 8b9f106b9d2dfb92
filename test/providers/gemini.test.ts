// Gemini and Vertex beside chat: what is asked, what is read, and what goes wrong.
import { describe, expect, test, vi } from 'vitest'
import { type Answer, KitError, type ModelCall, user } from '../../src/index.ts'
import { geminiCaches } from '../../src/providers/gemini-caches.ts'
import { type GeminiConnection, geminiServices, vertexServices } from '../../src/providers/gemini-services.ts'
import { gemini, vertex } from '../../src/providers/gemini.ts'
import { geminiStores } from '../../src/providers/gemini-stores.ts'
import { embed } from '../../src/services/index.ts'

type Fields = Record<string, unknown>
interface Seen {
  method: string
  url: string
  headers: Headers
  body: unknown
  size: number
}

/** A server that answers in turn (the last again and again), and what it was asked. */
function server(...answers: (object | (() => Response))[]) {
  const seen: Seen[] = []
  const fetch: typeof globalThis.fetch = async (url, init) => {
    init?.signal?.throwIfAborted()
    const { body } = init ?? {}
    const text = typeof body === 'string' ? body : undefined
    seen.push({
      method: init?.method ?? 'GET',
      url: url as string,
      headers: new Headers(init?.headers),
      body: text === undefined ? undefined : JSON.parse(text),
      size: body instanceof Blob ? body.size : body instanceof Uint8Array ? body.length : 0,
    })
    const answer = answers[Math.min(seen.length, answers.length) - 1]!
    return typeof answer === 'function' ? (answer as () => Response)() : Response.json(answer)
  }
  return { seen, fetch, options: { apiKey: 'secret', fetch } }
}
const place = { project: 'p', location: 'europe-west4', token: 't' }
const home = 'https://generativelanguage.googleapis.com/v1beta'
const there = 'https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4'
const said = (parts: unknown, more: object = {}): Fields => ({
  candidates: [{ content: { parts }, finishReason: 'STOP', ...more }],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 7 },
})
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof KitError ? error.code : error),
  )
const data = new Uint8Array([1, 2, 3])
const file = { name: 'files/a', displayName: 'a.pdf', mimeType: 'application/pdf', sizeBytes: '3', state: 'ACTIVE', uri: 'https://f/a' }
const begun = (): Response => new Response('{}', { headers: { 'x-goog-upload-url': 'https://up.example/?upload_id=u' } })
const active = (received?: number): Response =>
  new Response(null, {
    headers: { 'x-goog-upload-status': 'active', ...(received !== undefined && { 'x-goog-upload-size-received': String(received) }) },
  })
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

describe('embeddings', () => {
  test('values of any kind, with their purpose, in one request; fields of the vendor’s own go onto each', async () => {
    const { options, seen } = server({ embeddings: [{ values: [1, 0] }, { values: [0, 1] }], usageMetadata: { promptTokenCount: 9 } })
    const picture = { type: 'media', mime: 'image/png', data: 'AAAA' } as const
    const result = await geminiServices(options)
      .embed('gemini-embedding-2')
      .embed({
        values: ['a', [picture, { type: 'text', text: 'b' }]],
        purpose: 'document',
        dimensions: 2,
        providerOptions: { gemini: { title: 'T' } },
      })
    expect(result).toEqual({
      vectors: [
        [1, 0],
        [0, 1],
      ],
      usage: { input: 9, output: 0 },
    })
    const same = { model: 'models/gemini-embedding-2', taskType: 'RETRIEVAL_DOCUMENT', outputDimensionality: 2, title: 'T' }
    expect([seen[0]!.url, seen[0]!.headers.get('x-goog-api-key'), seen[0]!.headers.get('authorization')]).toEqual([
      `${home}/models/gemini-embedding-2:batchEmbedContents`,
      'secret',
      null,
    ])
    expect(seen[0]!.body).toEqual({
      requests: [
        { ...same, content: { parts: [{ text: 'a' }] } },
        { ...same, content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }, { text: 'b' }] } },
      ],
    })
  })

  test('what Vertex keeps in Cloud Storage is not there, and the type says so', () => {
    const services = vertexServices(place)
    expect(['files' in services, 'batch' in services, 'embed' in services, 'tune' in services]).toEqual([false, false, true, true])
    // @ts-expect-error -- it has none
    expect(services.files).toBeUndefined()
  })

  test('more than a request holds go in several', async () => {
    const { options, seen } = server(() =>
      Response.json({ embeddings: Array.from({ length: seen.length === 3 ? 50 : 100 }, () => ({ values: [1] })) }),
    )
    const { vectors, failed } = await embed(
      geminiServices(options).embed('gemini-embedding-001'),
      Array.from({ length: 250 }, () => 'a'),
      { parallel: 1 },
    )
    expect([vectors.length, failed, seen.length]).toEqual([250, [], 3])
  })

  test('on Vertex the older models predict text, the newer ones embed content', async () => {
    const old = server({
      predictions: [
        { embeddings: { values: [1], statistics: { token_count: 2 } } },
        { embeddings: { values: [2], statistics: { token_count: 3 } } },
      ],
    })
    const services = vertexServices({ ...place, fetch: old.fetch })
    const call = { purpose: 'query', dimensions: 1 } as const
    expect(await services.embed('text-embedding-005').embed({ values: ['a', 'b'], ...call })).toEqual({
      vectors: [[1], [2]],
      usage: { input: 5, output: 0 },
    })
    expect([old.seen[0]!.url, old.seen[0]!.headers.get('authorization'), old.seen[0]!.body]).toEqual([
      `${there}/publishers/google/models/text-embedding-005:predict`,
      'Bearer t',
      {
        instances: ['a', 'b'].map((content) => ({ content, task_type: 'RETRIEVAL_QUERY' })),
        parameters: { outputDimensionality: 1 },
      },
    ])
    const young = server({ embedding: { values: [3] }, usageMetadata: { promptTokenCount: 4 } })
    const { vectors, failed } = await embed(vertexServices({ ...place, fetch: young.fetch }).embed('gemini-embedding-2'), ['a', 'b'], call)
    expect([vectors, failed, young.seen.map(({ body }) => body)]).toEqual([
      [[3], [3]],
      [],
      ['a', 'b'].map((text) => ({
        content: { parts: [{ text }] },
        embedContentConfig: { taskType: 'RETRIEVAL_QUERY', outputDimensionality: 1 },
      })),
    ])
    const media = [{ type: 'media', mime: 'image/png', data: 'AAAA' }] as const
    expect(await codeOf(services.embed('text-embedding-005').embed({ values: [media] }))).toBe('model/unsupported')
    expect(await codeOf(services.embed('gemini-embedding-001').embed({ values: ['a', 'b'] }))).toBe('model/request')
  })
})

describe('counts and models', () => {
  const call: ModelCall = { system: 'Be kind.', messages: [user('hi')], tools: [{ name: 'add', input: { type: 'object' } }], maxTokens: 5 }
  const prompt = {
    contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
    systemInstruction: { parts: [{ text: 'Be kind.' }] },
    tools: [{ functionDeclarations: [{ name: 'add', parametersJsonSchema: { type: 'object' } }] }],
    generationConfig: { maxOutputTokens: 5 },
  }

  test('a whole call is counted, here and on Vertex', async () => {
    const { options, seen } = server({ totalTokens: 12 })
    expect(await geminiServices(options).countTokens('gemini-3.8-flash', call)).toBe(12)
    expect(await vertexServices({ ...place, fetch: options.fetch }).countTokens('gemini-3.8-flash', call)).toBe(12)
    expect(seen.map(({ url, body }) => [url, body])).toEqual([
      [`${home}/models/gemini-3.8-flash:countTokens`, { generateContentRequest: { model: 'models/gemini-3.8-flash', ...prompt } }],
      [`${there}/publishers/google/models/gemini-3.8-flash:countTokens`, prompt],
    ])
    expect(await codeOf(geminiServices(server({ totalTokens: 'many' }).options).countTokens('m', call))).toBe('model/garbled')
  })

  test('models come from every page; a page that names itself again ends the list', async () => {
    const model = (name: string, more: object = {}): Fields => ({
      name: `models/${name}`,
      supportedGenerationMethods: ['generateContent'],
      ...more,
    })
    const { options, seen } = server(
      { models: [model('gemini-3.8-flash', { inputTokenLimit: 9, outputTokenLimit: 3, thinking: false }), 7], nextPageToken: 'b' },
      {
        models: [{ name: 'models/gemini-embedding-2', supportedGenerationMethods: ['embedContent'], inputTokenLimit: 2 }],
        nextPageToken: 'b',
      },
    )
    const models = await geminiServices(options).listModels()
    expect(models).toMatchObject([
      { id: 'gemini-3.8-flash', provider: 'gemini', limits: { context: 9, output: 3 }, capabilities: { tools: true, reasoning: false } },
      { id: 'gemini-embedding-2', limits: { context: 2 } },
    ])
    expect(models[1]).not.toHaveProperty('capabilities')
    expect(seen.map(({ url }) => url)).toEqual([`${home}/models?pageSize=1000`, `${home}/models?pageSize=1000&pageToken=b`])
    const google = server({ publisherModels: [{ name: 'publishers/google/models/gemini-3.8-flash' }] })
    expect(await vertexServices({ ...place, fetch: google.fetch }).listModels()).toMatchObject([
      { id: 'gemini-3.8-flash', provider: 'vertex' },
    ])
    expect(google.seen[0]!.url).toBe('https://europe-west4-aiplatform.googleapis.com/v1beta1/publishers/google/models?pageSize=100')
  })
})

test('a model, project or place whose name leads elsewhere is no address, and a listed one no error', async () => {
  const { options, fetch, seen } = server({ totalTokens: 1 })
  const services = geminiServices(options)
  for (const id of ['..', 'models/../files', 'm?key=x', 'm#', 'm%2e', '/m', '', 'a b']) {
    expect(() => gemini(id, options), id).toThrow(TypeError)
    expect(() => services.embed(id), id).toThrow(TypeError)
    await expect(services.countTokens(id, { messages: [user('hi')] }), id).rejects.toThrow(TypeError)
    expect(() => vertex(id, place), id).toThrow(TypeError)
    expect(() => vertexServices(place).embed(id), id).toThrow(TypeError)
  }
  for (const wrong of [{ location: 'evil.example/' }, { location: 'x@evil.example#' }, { project: 'p/../q' }]) {
    expect(() => vertex('m', { ...place, ...wrong })).toThrow(TypeError)
    expect(() => vertexServices({ ...place, ...wrong })).toThrow(TypeError)
  }
  expect(seen).toEqual([])
  for (const id of ['tunedModels/a.b', 'publishers/meta/models/llama@001', 'endpoints/7'])
    expect(() => [gemini(id, options), vertex(id, { ...place, project: 'example.com:p', fetch })]).not.toThrow()
  const listed = geminiServices(server({ models: [{ name: 'models/a?b' }, {}] }).options)
  expect((await listed.listModels()).map(({ id }) => id)).toEqual(['a?b'])
})

describe('files', () => {
  test('are uploaded in one shot, and become parts; the key goes to the vendor and not to the place of the upload', async () => {
    const { options, seen } = server(begun, { file: { ...file, state: 'PROCESSING', expirationTime: '2026-11-26T00:00:00Z' } })
    const uploaded = await geminiServices(options).files.upload({ data, name: 'a.pdf', mime: 'application/pdf' })
    expect(uploaded).toEqual({
      id: 'files/a',
      name: 'a.pdf',
      mime: 'application/pdf',
      bytes: 3,
      expiresAt: Date.UTC(2026, 10, 26),
      status: 'processing',
      part: { type: 'media', mime: 'application/pdf', ref: 'https://f/a', store: 'gemini', name: 'a.pdf' },
    })
    const [start, rest] = seen
    expect([start!.url, start!.body, start!.headers.get('x-goog-api-key')]).toEqual([
      'https://generativelanguage.googleapis.com/upload/v1beta/files',
      { file: { displayName: 'a.pdf', mimeType: 'application/pdf' } },
      'secret',
    ])
    expect(Object.fromEntries(start!.headers)).toMatchObject({
      'x-goog-upload-protocol': 'resumable',
      'x-goog-upload-command': 'start',
      'x-goog-upload-header-content-length': '3',
      'x-goog-upload-header-content-type': 'application/pdf',
    })
    expect([rest!.url, rest!.size, rest!.headers.get('x-goog-upload-command'), rest!.headers.get('x-goog-upload-offset')]).toEqual([
      'https://up.example/?upload_id=u',
      3,
      'upload, finalize',
      '0',
    ])
    expect(rest!.headers.get('x-goog-api-key')).toBeNull()
  })

  test('big ones go in pieces, of bytes and of blobs', async () => {
    const big = new Uint8Array(20 * 1024 * 1024)
    for (const each of [big, new Blob([big])]) {
      const { options, seen } = server(
        begun,
        () => active(),
        () => active(),
        { file },
      )
      await geminiServices(options).files.upload({ data: each, name: 'a', mime: 'video/mp4' })
      expect(
        seen.slice(1).map(({ size, headers }) => [size, headers.get('x-goog-upload-command'), headers.get('x-goog-upload-offset')]),
      ).toEqual([
        [8_388_608, 'upload', '0'],
        [8_388_608, 'upload', '8388608'],
        [4_194_304, 'upload, finalize', '16777216'],
      ])
    }
  })

  test('an upload goes on where its connection broke, at most three times', async () => {
    const failed = (): Response => new Response('', { status: 503 })
    const { options, seen } = server(begun, failed, () => active(2), { file })
    expect((await geminiServices(options).files.upload({ data, name: 'a', mime: 'm/m' })).id).toBe('files/a')
    expect(
      seen.slice(2).map(({ headers, size }) => [headers.get('x-goog-upload-command'), headers.get('x-goog-upload-offset'), size]),
    ).toEqual([
      ['query', null, 0],
      ['upload, finalize', '2', 1],
    ])
    const never = server(begun, ...Array.from({ length: 20 }, (_, at) => (at % 2 ? () => active(0) : failed)))
    expect(await codeOf(geminiServices(never.options).files.upload({ data, name: 'a', mime: 'm/m' }))).toBe('model/overloaded')
    expect(never.seen).toHaveLength(8)
  })

  test.each([
    ['no place', undefined],
    ['a place without encryption', 'http://up.example/'],
    ['no address', 'up'],
  ])('%s for an upload is refused before any byte goes there', async (_, address) => {
    const { options, seen } = server(() => new Response('{}', { headers: address === undefined ? {} : { 'x-goog-upload-url': address } }))
    expect(await codeOf(geminiServices(options).files.upload({ data, name: 'a', mime: 'm/m' }))).toBe('model/garbled')
    expect(seen).toHaveLength(1)
  })

  test('a question how far it came may be lost too, and counts as one of the three', async () => {
    const down = (): Response => new Response('{}', { status: 503, headers: { 'retry-after-ms': '1' } })
    const upload = (...answers: Parameters<typeof server>): Promise<unknown> =>
      codeOf(geminiServices(server(begun, ...answers).options).files.upload({ data, name: 'a', mime: 'm/m' }))
    expect(await upload(down, down, down, () => active(0), { file })).toBe('no error')
    expect(await upload(down, down, down, down, () => active(0), { file })).toBe('model/overloaded')
  })

  test('an abort while an upload waits is its own reason, and leaves no timer', async () => {
    const abort = new AbortController()
    const { options } = server(begun, () => {
      setTimeout(() => abort.abort('left'), 5)
      return new Response('{}', { status: 503, headers: { 'retry-after': '10' } })
    })
    vi.useFakeTimers()
    try {
      const asked = codeOf(geminiServices(options).files.upload({ data, name: 'a', mime: 'm/m', signal: abort.signal }))
      await vi.advanceTimersByTimeAsync(6)
      expect([await asked, vi.getTimerCount()]).toEqual(['left', 0])
    } finally {
      vi.useRealTimers()
    }
  })

  test('headers of a proxy stay with it', async () => {
    for (const [address, kept] of [
      ['https://up.example/', null],
      ['https://proxy.example/u', 'x'],
    ] as const) {
      const { fetch, seen } = server(() => new Response('{}', { headers: { 'x-goog-upload-url': address } }), { file })
      await geminiServices({ fetch, baseURL: 'https://proxy.example', headers: { 'x-proxy': 'x' } }).files.upload({
        data,
        name: 'a',
        mime: 'm/m',
      })
      expect(seen.map(({ headers }) => headers.get('x-proxy'))).toEqual(['x', kept])
    }
  })

  test('are looked at, listed and deleted by name; what is no name asks nothing', async () => {
    const { options, seen } = server(
      { ...file, state: 'FAILED' },
      { files: [file, { ...file, name: 'files/b', state: 'NEW' }], nextPageToken: 'n' },
      { files: [] },
      {},
    )
    const { files } = geminiServices(options)
    expect((await files.get('a')).status).toBe('failed')
    expect((await files.list()).map(({ id, status }) => [id, status])).toEqual([
      ['files/a', 'ready'],
      ['files/b', 'processing'],
    ])
    await files.delete('files/a')
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `GET ${home}/files/a`,
      `GET ${home}/files?pageSize=100`,
      `GET ${home}/files?pageSize=100&pageToken=n`,
      `DELETE ${home}/files/a`,
    ])
    for (const id of ['../models', 'files/..', 'a/b', '', 'a?b'])
      expect([await codeOf(files.get(id)), await codeOf(files.delete(id)), seen.length]).toEqual(['model/request', 'model/request', 4])
    expect('content' in files).toBe(false)
  })
})

describe('batches', () => {
  const requests = ['x', 'y'].map((id) => ({ id, call: { messages: [user(id)] } }))
  const batch = (state: string, more: object = {}): Fields => ({
    name: 'batches/b',
    metadata: {
      name: 'batches/b',
      state,
      createTime: '2026-11-24T00:00:00Z',
      batchStats: { requestCount: '2', successfulRequestCount: '1', failedRequestCount: '1' },
    },
    ...more,
  })

  test.each([
    ['BATCH_STATE_PENDING', 'queued'],
    ['BATCH_STATE_RUNNING', 'running'],
    ['JOB_STATE_SUCCEEDED', 'done'],
    ['BATCH_STATE_FAILED', 'failed'],
    ['BATCH_STATE_CANCELLED', 'cancelled'],
    ['BATCH_STATE_EXPIRED', 'expired'],
    ['BATCH_STATE_SOMETHING', 'running'],
  ])('%s is %s', async (state, status) => {
    expect(await geminiServices(server(batch(state)).options).batch.get('b')).toEqual({
      id: 'batches/b',
      status,
      counts: { total: 2, done: 1, failed: 1 },
      createdAt: Date.UTC(2026, 10, 24),
    })
  })

  test('few requests go with the batch; its results are answers and errors', async () => {
    const inlinedResponses = [
      { metadata: { key: 'x' }, response: said([{ text: 'one' }]) },
      { metadata: { key: 'y' }, error: { code: 8, message: 'Quota.' } },
      { response: { promptFeedback: { blockReason: 'SAFETY' } } },
      { response: {} },
    ]
    const { options, seen } = server(
      batch('BATCH_STATE_PENDING'),
      batch('BATCH_STATE_SUCCEEDED', { response: { inlinedResponses: { inlinedResponses } } }),
    )
    const services = geminiServices(options)
    expect((await services.batch.create({ model: 'gemini-3.8-flash', requests })).status).toBe('queued')
    const contents = (text: string): unknown => [{ role: 'user', parts: [{ text }] }]
    expect([seen[0]!.url, seen[0]!.body]).toEqual([
      `${home}/models/gemini-3.8-flash:batchGenerateContent`,
      {
        batch: {
          displayName: '2 requests',
          inputConfig: { requests: { requests: ['x', 'y'].map((key) => ({ request: { contents: contents(key) }, metadata: { key } })) } },
        },
      },
    ])
    const answer: Answer = { parts: [{ type: 'text', text: 'one' }], usage: { input: 5, output: 7 }, finish: 'stop' }
    expect(await all(services.batch.results('batches/b'))).toMatchObject([
      { id: 'x', answer },
      { id: 'y', error: { code: 'model/rate', retryable: true } },
      { id: '2', answer: { finish: 'refusal' } },
      { id: '3', error: { code: 'model/empty' } },
    ])
  })

  test('many go as a file, and come as one, line by line', async () => {
    const big = requests.map(({ id }) => ({ id, call: { messages: [user('東'.repeat(3_000_000))] } }))
    const lines = [
      { key: 'x', response: said([{ text: '東🙂' }]) },
      { key: 'y', error: { status: 'INVALID_ARGUMENT' } },
    ]
    const bytes = new TextEncoder().encode(lines.map((line) => JSON.stringify(line)).join('\r\n\n'))
    const pieces = (): Response =>
      new Response(
        new ReadableStream({
          start(controller) {
            for (let at = 0; at < bytes.length; at += 5) controller.enqueue(bytes.slice(at, at + 5))
            controller.close()
          },
        }),
      )
    const { options, seen } = server(
      begun,
      () => active(),
      () => active(),
      { file },
      batch('BATCH_STATE_PENDING'),
      batch('BATCH_STATE_SUCCEEDED', { response: { responsesFile: 'files/out' } }),
      pieces,
    )
    const services = geminiServices(options)
    await services.batch.create({ model: 'gemini-3.8-flash', requests: big, providerOptions: { gemini: { priority: '3' } } })
    expect(seen[4]!.body).toEqual({ batch: { displayName: '2 requests', inputConfig: { fileName: 'files/a' }, priority: '3' } })
    expect(await all(services.batch.results('b'))).toMatchObject([
      { id: 'x', answer: { parts: [{ text: '東🙂' }] } },
      { id: 'y', error: { code: 'model/request' } },
    ])
    expect(seen.at(-1)!.url).toBe('https://generativelanguage.googleapis.com/download/v1beta/files/out:download?alt=media')
  })

  test('results that are not there yet, that are no JSON, or whose connection breaks are told', async () => {
    const done = batch('BATCH_STATE_SUCCEEDED', { response: { responsesFile: 'files/out' } })
    const results = (...answers: Parameters<typeof server>): Promise<unknown> =>
      codeOf(all(geminiServices(server(...answers).options).batch.results('b')))
    expect(await results(batch('BATCH_STATE_RUNNING'))).toBe('model/request')
    expect(await results(done, () => new Response('{"key":"x"'))).toBe('model/garbled')
    expect(await results(done, () => new Response(new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) })))).toBe(
      'model/truncated',
    )
    expect(await results(done, () => new Response('{"key":"x","response":{"candidates":[{"finishReason":"STOP"}]}}'))).toBe('no error')
    expect(await results(batch('BATCH_STATE_SUCCEEDED', { response: { responsesFile: '../models' } }))).toBe('model/request')
    expect(await results(batch('BATCH_STATE_SUCCEEDED'))).toBe('no error')
  })

  test('are cancelled, and refused where they are empty or two requests have one id', async () => {
    const { options, seen } = server({}, batch('BATCH_STATE_CANCELLED'))
    const { batch: batches } = geminiServices(options)
    expect((await batches.cancel('b')).status).toBe('cancelled')
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([`POST ${home}/batches/b:cancel`, `GET ${home}/batches/b`])
    for (const wrong of [[], [requests[0]!, requests[0]!], [{ ...requests[0]!, id: 'a b' }]])
      await expect(batches.create({ model: 'm', requests: wrong })).rejects.toThrow(TypeError)
    expect(seen).toHaveLength(2)
  })

  test('one that failed says so and is not empty; what was answered before its end can be read', async () => {
    const results = (body: object): Promise<unknown> => all(geminiServices(server(body).options).batch.results('b'))
    for (const state of ['FAILED', 'CANCELLED', 'EXPIRED'])
      await expect(results(batch(`BATCH_STATE_${state}`))).rejects.toMatchObject({ code: 'model/request', retryable: false })
    const inlinedResponses = [null, { response: said([{ text: 'two' }]) }]
    expect(await results(batch('BATCH_STATE_CANCELLED', { response: { inlinedResponses } }))).toMatchObject([
      { id: '0', error: { code: 'model/http' } },
      { id: '1', answer: { parts: [{ text: 'two' }] } },
    ])
  })

  test('requests that went up to no file make no batch', async () => {
    const big = requests.map(({ id }) => ({ id, call: { messages: [user('x'.repeat(8_000_000))] } }))
    const { options, seen } = server(begun, () => active(), { file: {} }, batch('BATCH_STATE_PENDING'))
    expect(await codeOf(geminiServices(options).batch.create({ model: 'm', requests: big }))).toBe('model/garbled')
    expect(seen).toHaveLength(3)
  })
})

describe('pictures, speech, transcripts', () => {
  const inlineData = { mimeType: 'image/png', data: 'AAAA' }
  const image = (more: object, ...answers: Parameters<typeof server>) => {
    const { options, seen } = server(...answers)
    return {
      seen,
      made: geminiServices(options)
        .image('gemini-3-pro-image')
        .image({ prompt: 'a cat', ...more }),
    }
  }

  test('pictures are made from words and pictures, several at a time', async () => {
    const { seen, made } = image(
      {
        images: [{ type: 'media', mime: 'image/png', data: 'BBBB' }],
        n: 2,
        size: '2688x1536',
        providerOptions: { gemini: { safetySettings: [] } },
      },
      said([{ text: 'Here.' }, { inlineData, thoughtSignature: 'S' }]),
    )
    expect(await made).toEqual({
      images: [
        { type: 'media', mime: 'image/png', data: 'AAAA' },
        { type: 'media', mime: 'image/png', data: 'AAAA' },
      ],
      usage: { input: 10, output: 14 },
    })
    expect([seen.length, seen[0]!.url, seen[0]!.body]).toEqual([
      2,
      `${home}/models/gemini-3-pro-image:generateContent`,
      {
        contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: 'BBBB' } }, { text: 'a cat' }] }],
        generationConfig: { responseModalities: ['IMAGE'], imageConfig: { aspectRatio: '16:9', imageSize: '2K' } },
        safetySettings: [],
      },
    ])
  })

  test.each([
    [{ size: '1024x1024' }, 'no error'],
    [{ size: '1000x10' }, 'model/unsupported'],
    [{ size: 'big' }, 'model/unsupported'],
    [{ n: 9 }, 'model/unsupported'],
    [{ mask: { type: 'media', mime: 'image/png', data: 'AAAA' } }, 'model/unsupported'],
  ])('%o: %s', async (more, code) => {
    const { made, seen } = image(more, said([{ inlineData }]))
    expect([await codeOf(made), seen.length]).toEqual([code, code === 'no error' ? 1 : 0])
  })

  test('no picture is an error that says why; Imagen is gone', async () => {
    expect(await codeOf(image({}, said([{ text: 'No.' }])).made)).toBe('model/empty')
    expect(await codeOf(image({}, said([], { finishReason: 'IMAGE_SAFETY' })).made)).toBe('model/filtered')
    const { options, seen } = server({})
    await expect(geminiServices(options).image('imagen-4.0-generate-001').image({ prompt: 'x' })).rejects.toThrow('2026-08-17')
    expect(seen).toEqual([])
  })

  test('speech is a WAV, or the samples as they came', async () => {
    const sound = { inlineData: { mimeType: 'audio/L16;codec=pcm;rate=16000', data: btoa('\u0001\u0002\u0003\u0004') } }
    const { options, seen } = server(said([sound]))
    const speaker = geminiServices(options).speak('gemini-2.5-flash-preview-tts')
    const { audio, usage } = await speaker.speak({ text: 'Hi.', voice: 'Kore', instructions: 'Say gladly' })
    const wav = Uint8Array.from(atob(audio.data!), (char) => char.charCodeAt(0))
    const view = new DataView(wav.buffer)
    expect([
      audio.mime,
      wav.length,
      view.getUint32(4, true),
      view.getUint32(24, true),
      view.getUint32(28, true),
      view.getUint32(40, true),
    ]).toEqual(['audio/wav', 48, 40, 16_000, 32_000, 4])
    expect([...wav.subarray(44)]).toEqual([1, 2, 3, 4])
    expect(usage).toEqual({ input: 5, output: 7 })
    expect(seen[0]!.body).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'Say gladly: Hi.' }] }],
      generationConfig: { responseModalities: ['AUDIO'], speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } } },
    })
    expect((await speaker.speak({ text: 'Hi.', format: 'pcm' })).audio).toEqual({
      type: 'media',
      mime: sound.inlineData.mimeType,
      data: sound.inlineData.data,
    })
    for (const more of [{ format: 'mp3' }, { speed: 2 }])
      expect(await codeOf(speaker.speak({ text: 'Hi.', ...more }))).toBe('model/unsupported')
    const garbled = server(said([{ inlineData: { mimeType: 'audio/L16', data: '!' } }]))
    expect(await codeOf(geminiServices(garbled.options).speak('m-tts').speak({ text: 'Hi.' }))).toBe('model/garbled')
  })

  test('speech in several pieces is all of it; sound that is elsewhere is none', async () => {
    const piece = (data: string): Fields => ({ inlineData: { mimeType: 'audio/L16;rate=24000', data: btoa(data) } })
    const speaking = (parts: unknown): ReturnType<ReturnType<ReturnType<typeof geminiServices>['speak']>['speak']> =>
      geminiServices(server(said(parts)).options)
        .speak('m-tts')
        .speak({ text: 'Hi.' })
    const { audio } = await speaking([piece('\u0001\u0002'), piece('\u0003\u0004')])
    expect(atob(audio.data!).slice(44)).toBe('\u0001\u0002\u0003\u0004')
    expect(await codeOf(speaking([{ fileData: { mimeType: 'audio/L16', fileUri: 'https://f.example' } }]))).toBe('model/empty')
  })

  test('a transcript is what the model heard, whole or not at all', async () => {
    const audio = { type: 'media', mime: 'audio/mp3', data: 'AAAA' } as const
    const { options, seen } = server(said([{ text: ' Hello there.\n' }]))
    const services = geminiServices(options)
    expect(await services.transcribe('gemini-3.8-flash').transcribe({ audio, language: 'en', prompt: 'Ada' })).toEqual({
      text: 'Hello there.',
      language: 'en',
      usage: { input: 5, output: 7 },
    })
    const [{ parts } = { parts: [] }] = (seen[0]!.body as { contents: { parts: Fields[] }[] }).contents
    expect(parts[0]).toEqual({ inlineData: { mimeType: 'audio/mp3', data: 'AAAA' } })
    expect(parts[1]!.text).toMatch(/in en\.\n.*Ada/)
    expect(await codeOf(services.transcribe('m').transcribe({ audio, timestamps: 'word' }))).toBe('model/unsupported')
    const cut = server(said([{ text: 'Hel' }], { finishReason: 'MAX_TOKENS' }))
    expect(await codeOf(geminiServices(cut.options).transcribe('m').transcribe({ audio }))).toBe('model/truncated')
  })

  test('the same on Vertex', async () => {
    const { fetch, seen } = server(said([{ inlineData }]))
    await vertexServices({ ...place, fetch })
      .image('gemini-3-pro-image')
      .image({ prompt: 'a cat' })
    expect(seen[0]!.url).toBe(`${there}/publishers/google/models/gemini-3-pro-image:generateContent`)
  })
})

describe('caches', () => {
  const cache = {
    name: 'cachedContents/c',
    model: 'models/gemini-3.8-flash',
    expireTime: '2026-11-24T01:00:00Z',
    usageMetadata: { totalTokenCount: 4000 },
  }
  const known = { id: 'cachedContents/c', model: 'gemini-3.8-flash', tokens: 4000, expiresAt: Date.UTC(2026, 10, 24, 1) }

  test('are made of a prompt’s beginning, looked at, kept longer, listed and deleted', async () => {
    const { options, seen } = server(cache, cache, cache, { cachedContents: [cache] }, {})
    const caches = geminiCaches(options)
    const call = { system: 'Know this.', messages: [user('a book')], tools: [{ name: 'add', input: { type: 'object' } }] }
    expect(await caches.create({ model: 'gemini-3.8-flash', call, ttl: 600, name: 'book' })).toEqual(known)
    expect(await caches.get('cachedContents/c')).toEqual(known)
    expect(await caches.update('c', 60)).toEqual(known)
    expect(await caches.list()).toEqual([known])
    await caches.delete('c')
    expect(seen.map(({ method, url }) => `${method} ${url.slice(home.length)}`)).toEqual([
      'POST /cachedContents',
      'GET /cachedContents/c',
      'PATCH /cachedContents/c?updateMask=ttl',
      'GET /cachedContents?pageSize=100',
      'DELETE /cachedContents/c',
    ])
    expect([seen[0]!.body, seen[2]!.body]).toEqual([
      {
        model: 'models/gemini-3.8-flash',
        contents: [{ role: 'user', parts: [{ text: 'a book' }] }],
        systemInstruction: { parts: [{ text: 'Know this.' }] },
        tools: [{ functionDeclarations: [{ name: 'add', parametersJsonSchema: { type: 'object' } }] }],
        ttl: '600s',
        displayName: 'book',
      },
      { ttl: '60s' },
    ])
    expect(await codeOf(caches.get('cachedContents/..'))).toBe('model/request')
  })

  test('of Vertex have their whole path', async () => {
    const name = 'projects/p/locations/europe-west4/cachedContents/7'
    const { fetch, seen } = server({ ...cache, name }, {})
    const caches = geminiCaches({ ...place, fetch })
    const { id } = await caches.create({ model: 'gemini-3.8-flash', call: { system: 'Know this.', messages: [] } })
    await caches.delete(id)
    expect([id, seen[0]!.url, seen[1]!.url]).toEqual([name, `${there}/cachedContents`, `${there}/cachedContents/7`])
    expect(seen[0]!.body).toEqual({
      model: 'projects/p/locations/europe-west4/publishers/google/models/gemini-3.8-flash',
      systemInstruction: { parts: [{ text: 'Know this.' }] },
    })
  })
})

describe('stores of documents', () => {
  const store = { name: 'fileSearchStores/s', displayName: 'manuals', activeDocumentsCount: '2', sizeBytes: '10' }
  const document = {
    name: 'fileSearchStores/s/documents/d',
    displayName: 'a.pdf',
    mimeType: 'application/pdf',
    sizeBytes: '3',
    state: 'STATE_ACTIVE',
  }

  test('are made, filled, looked at and emptied', async () => {
    const { options, seen } = server(
      store,
      begun,
      { response: { documentName: document.name, mimeType: 'application/pdf', sizeBytes: '3' } },
      document,
      {
        documents: [
          { ...document, state: 'STATE_FAILED' },
          { ...document, state: 'STATE_PENDING' },
        ],
      },
      {},
      { fileSearchStores: [store], nextPageToken: 'n' },
      {},
      store,
      {},
    )
    const stores = geminiStores(options)
    const known = { id: 'fileSearchStores/s', name: 'manuals', documents: { active: 2, pending: 0, failed: 0 }, bytes: 10 }
    expect(await stores.create('manuals')).toEqual(known)
    const call = {
      data,
      name: 'a.pdf',
      mime: 'application/pdf',
      metadata: { author: 'A', year: 2026 },
      chunks: { tokens: 200, overlap: 20 },
    }
    const added = { id: document.name, name: 'a.pdf', mime: 'application/pdf', bytes: 3 }
    expect(await stores.add('fileSearchStores/s', call)).toEqual({ ...added, status: 'processing' })
    expect(await stores.document(document.name)).toEqual({ ...added, status: 'ready' })
    expect((await stores.documents('s')).map(({ status }) => status)).toEqual(['failed', 'processing'])
    await stores.remove(document.name)
    expect(await stores.list()).toEqual([known])
    expect(await stores.get('s')).toEqual(known)
    await stores.delete('s', { force: true })
    expect(seen.map(({ method, url }) => `${method} ${new URL(url).pathname}${new URL(url).search}`)).toEqual([
      'POST /v1beta/fileSearchStores',
      'POST /upload/v1beta/fileSearchStores/s:uploadToFileSearchStore',
      'POST /?upload_id=u',
      'GET /v1beta/fileSearchStores/s/documents/d',
      'GET /v1beta/fileSearchStores/s/documents?pageSize=20',
      'DELETE /v1beta/fileSearchStores/s/documents/d?force=true',
      'GET /v1beta/fileSearchStores?pageSize=20',
      'GET /v1beta/fileSearchStores?pageSize=20&pageToken=n',
      'GET /v1beta/fileSearchStores/s',
      'DELETE /v1beta/fileSearchStores/s?force=true',
    ])
    expect(seen[1]!.body).toEqual({
      displayName: 'a.pdf',
      mimeType: 'application/pdf',
      customMetadata: [
        { key: 'author', stringValue: 'A' },
        { key: 'year', numericValue: 2026 },
      ],
      chunkingConfig: { whiteSpaceConfig: { maxTokensPerChunk: 200, maxOverlapTokens: 20 } },
    })
    for (const id of ['d', 'fileSearchStores/s/documents/..', '../files/documents/d'])
      expect(await codeOf(stores.document(id))).toBe('model/request')
  })
})

describe('tuning', () => {
  test('is closed at the Gemini API, and the error says since when', async () => {
    const { options, seen } = server({})
    const { tune } = geminiServices(options)
    for (const asked of [tune.create({ model: 'm', training: 'files/a' }), tune.get('t'), tune.list(), tune.cancel('t')])
      await expect(asked).rejects.toMatchObject({ code: 'model/unsupported', message: expect.stringContaining('May 2025') })
    expect(seen).toEqual([])
  })

  test('is open on Vertex', async () => {
    const job = {
      name: 'projects/p/locations/europe-west4/tuningJobs/7',
      state: 'JOB_STATE_SUCCEEDED',
      tunedModel: { endpoint: 'projects/p/locations/l/endpoints/9' },
    }
    const { fetch, seen } = server(job, job, { tuningJobs: [job] }, {}, { ...job, state: 'JOB_STATE_CANCELLED' })
    const { tune } = vertexServices({ ...place, fetch })
    const known = { id: '7', status: 'done', model: 'projects/p/locations/l/endpoints/9', raw: job }
    const call = {
      model: 'gemini-3.1-flash',
      training: 'gs://b/a.jsonl',
      validation: 'gs://b/v.jsonl',
      suffix: 'mine',
      epochs: 3,
      learningRate: 0.5,
    }
    expect(await tune.create(call)).toEqual(known)
    expect(await tune.get('7')).toEqual(known)
    expect(await tune.list()).toEqual([known])
    expect((await tune.cancel(job.name)).status).toBe('cancelled')
    expect(seen[0]!.body).toEqual({
      baseModel: 'gemini-3.1-flash',
      supervisedTuningSpec: {
        trainingDatasetUri: 'gs://b/a.jsonl',
        validationDatasetUri: 'gs://b/v.jsonl',
        hyperParameters: { epochCount: 3, learningRateMultiplier: 0.5 },
      },
      tunedModelDisplayName: 'mine',
    })
    expect(seen.map(({ method, url }) => `${method} ${url.slice(there.length)}`)).toEqual([
      'POST /tuningJobs',
      'GET /tuningJobs/7',
      'GET /tuningJobs?pageSize=100',
      'POST /tuningJobs/7:cancel',
      'GET /tuningJobs/7',
    ])
  })
})

describe('whatever goes wrong', () => {
  const audio = { type: 'media', mime: 'audio/mp3', data: 'AAAA' } as const
  const asking: Record<string, (options: GeminiConnection, signal?: AbortSignal) => Promise<unknown>> = {
    embed: (options, signal) =>
      geminiServices(options)
        .embed('m')
        .embed({ values: ['a'], ...(signal && { signal }) }),
    transcribe: (options, signal) =>
      geminiServices(options)
        .transcribe('m')
        .transcribe({ audio, ...(signal && { signal }) }),
    speak: (options, signal) =>
      geminiServices(options)
        .speak('m')
        .speak({ text: 'a', ...(signal && { signal }) }),
    image: (options, signal) =>
      geminiServices(options)
        .image('m')
        .image({ prompt: 'a', ...(signal && { signal }) }),
    countTokens: (options, signal) => geminiServices(options).countTokens('m', { messages: [user('a')], ...(signal && { signal }) }),
    listModels: (options, signal) => geminiServices(options).listModels({ ...(signal && { signal }) }),
    upload: (options, signal) => geminiServices(options).files.upload({ data, name: 'a', mime: 'm/m', ...(signal && { signal }) }),
    batch: (options, signal) =>
      geminiServices(options).batch.create({
        model: 'm',
        requests: [{ id: 'x', call: { messages: [user('a')] } }],
        ...(signal && { signal }),
      }),
    results: (options, signal) => all(geminiServices(options).batch.results('b', { ...(signal && { signal }) })),
    cache: (options, signal) => geminiCaches(options).create({ model: 'm', call: { messages: [user('a')] }, ...(signal && { signal }) }),
    store: (options, signal) => geminiStores(options).list({ ...(signal && { signal }) }),
    'vertex embed': ({ fetch }, signal) =>
      vertexServices({ ...place, fetch: fetch! })
        .embed('text-embedding-005')
        .embed({ values: ['a'], ...(signal && { signal }) }),
    'vertex tune': ({ fetch }, signal) => vertexServices({ ...place, fetch: fetch! }).tune.get('7', { ...(signal && { signal }) }),
  }
  const names = Object.keys(asking)
  const failing =
    (status: number, body: object): (() => Response) =>
    () =>
      Response.json({ error: body }, { status })
  const faults: readonly [string, () => Response, string][] = [
    [
      '400 with a bad key',
      failing(400, { status: 'INVALID_ARGUMENT', message: 'API key not valid.', details: [{ reason: 'API_KEY_INVALID' }] }),
      'model/auth',
    ],
    ['401', failing(401, { status: 'UNAUTHENTICATED' }), 'model/auth'],
    ['404', failing(404, { status: 'NOT_FOUND' }), 'model/unknown'],
    ['429', failing(429, { status: 'RESOURCE_EXHAUSTED' }), 'model/rate'],
    ['500', () => new Response('<html>', { status: 500 }), 'model/http'],
    ['no JSON', () => new Response('<html>', { headers: { 'content-type': 'application/json' } }), 'model/garbled'],
    ['half a body', () => new Response('{"a":', { headers: { 'content-type': 'application/json' } }), 'model/garbled'],
    [
      'a connection that breaks',
      () =>
        new Response(new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) }), {
          headers: { 'content-type': 'application/json' },
        }),
      'model/truncated',
    ],
  ]

  test.each(faults)('%s has its code, everywhere', async (_, answer, code) => {
    for (const name of names) {
      const { options } = server(answer)
      const error: unknown = await asking[name]!(options).catch((thrown: unknown) => thrown)
      // the first answer to an upload is read by its headers only
      expect([name, (error as KitError).code]).toEqual([name, name === 'upload' && answer().ok ? 'model/garbled' : code])
      expect((error as Error).message).not.toMatch(/html|secret/)
    }
  })

  test('a server that cannot be reached', async () => {
    for (const name of names)
      expect([name, await codeOf(asking[name]!({ fetch: () => Promise.reject(new TypeError('refused')) }))]).toEqual([name, 'model/http'])
  })

  test('an abort before and during is its own reason', async () => {
    for (const name of names) {
      const reason = new Error('enough')
      expect([name, await codeOf(asking[name]!(server({}).options, AbortSignal.abort(reason)))]).toEqual([name, reason])
      const abort = new AbortController()
      const hanging: typeof fetch = (_url, init) =>
        new Promise((_resolve, reject) => {
          init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason as Error))
          setTimeout(() => abort.abort(reason), 1)
        })
      expect([name, await codeOf(asking[name]!({ fetch: hanging }, abort.signal))]).toEqual([name, reason])
    }
  })

  test('answers of any wrong shape are an answer or a KitError', async () => {
    const shapes = [
      {},
      { models: 7, embeddings: [7], file: [], name: 7, metadata: [], response: { inlinedResponses: [7, {}] } },
      { embeddings: [{ values: ['a'] }] },
    ]
    for (const shape of shapes)
      for (const name of names) expect([name, typeof (await codeOf(asking[name]!(server(shape).options)))]).toEqual([name, 'string'])
  })

  test('what has no name cannot be used: a cache without one would leave the prompt away', async () => {
    const cache = { model: 'm', call: { messages: [user('hi')] } }
    for (const body of [{}, { name: '' }, { name: 7 }]) {
      const { options } = server(body)
      const { files, batch } = geminiServices(options)
      const { create, get } = geminiCaches(options)
      const tune = vertexServices({ ...place, fetch: options.fetch }).tune
      for (const ask of [files.get('f'), batch.get('b'), create(cache), get('c'), geminiStores(options).create('s'), tune.get('t')])
        expect(await codeOf(ask)).toBe('model/garbled')
    }
    expect(await codeOf(geminiCaches(server({ name: 'cachedContents/c' }).options).create(cache))).toBe('no error')
  })

  test('a vector that is none, or too few, is garbled and not a hole', async () => {
    const vectors = (embeddings: unknown): Promise<unknown> =>
      codeOf(embed(geminiServices(server({ embeddings }).options).embed('m'), ['a', 'b']))
    expect(await vectors([{ values: [1] }, { values: [] }])).toBe('model/garbled')
    expect(await vectors([{ values: [1] }])).toBe('model/garbled')
    expect(
      await codeOf(
        geminiServices(server({ embeddings: [null, { values: [1] }] }).options)
          .embed('m')
          .embed({ values: ['a', 'b'] }),
      ),
    ).toBe('model/garbled')
    expect(await vectors([{ values: [1] }, { values: [2] }])).toBe('no error')
  })
})
