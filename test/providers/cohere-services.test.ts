import { describe, expect, test } from 'vitest'
import { KitError, type MediaPart, type ModelCall, user } from '../../src/index.ts'
import { cohereServices } from '../../src/providers/cohere-services.ts'
import { embed, rerank } from '../../src/services/index.ts'
import { breaking, serving } from './served.ts'

const at = (fetch: typeof globalThis.fetch): ReturnType<typeof cohereServices> => cohereServices({ apiKey: 'secret', fetch })
const hi: ModelCall = { messages: [user('hi')] }
const wav: MediaPart = { type: 'media', mime: 'audio/wav', data: btoa('RIFF') }
const png: MediaPart = { type: 'media', mime: 'image/png', data: btoa('PNG') }
const vectorsOf = (...vectors: number[][]): unknown => ({ embeddings: { float: vectors }, meta: { billed_units: { input_tokens: 3 } } })

/** Each service, asked once. */
const services: readonly (readonly [string, (fetch: typeof globalThis.fetch, signal?: AbortSignal) => Promise<unknown>])[] = [
  [
    'embed',
    (fetch, signal) =>
      at(fetch)
        .embed('embed-v4.0')
        .embed({ values: ['a'], signal }),
  ],
  [
    'rerank',
    (fetch, signal) =>
      at(fetch)
        .rerank('rerank-v3.5')
        .rerank({ query: 'q', documents: ['a'], signal }),
  ],
  ['transcribe', (fetch, signal) => at(fetch).transcribe('cohere-transcribe').transcribe({ audio: wav, language: 'en', signal })],
  ['countTokens', (fetch, signal) => at(fetch).countTokens('command-a-03-2025', { ...hi, ...(signal && { signal }) })],
  ['listModels', (fetch, signal) => at(fetch).listModels({ signal })],
]

describe.each(services)('faults of Cohere: %s', (_name, asking) => {
  test.each([
    [401, { message: 'invalid api token' }, 'model/auth', false],
    [404, { message: "model 'secret' not found" }, 'model/unknown', false],
    [422, { message: 'bad' }, 'model/request', false],
    [429, { message: 'limited to 10 API calls / minute' }, 'model/rate', true],
    [429, { message: 'limited to 1000 API calls / month' }, 'model/quota', false],
    [500, 'oops', 'model/http', true],
  ] as const)('%i', async (status, body, code, retryable) => {
    const error = (await asking(serving(Response.json(body, { status })).fetch).catch((thrown: unknown) => thrown)) as KitError
    expect(error).toBeInstanceOf(KitError)
    expect(error).toMatchObject({ code, retryable, status, provider: 'cohere' })
    expect(error.message).not.toMatch(/secret|oops/)
  })

  test('a body that is no JSON, one that breaks, and no connection', async () => {
    await expect(asking(serving(new Response('<html>')).fetch)).rejects.toMatchObject({ code: 'model/garbled' })
    await expect(asking(serving(breaking('{"a":')).fetch)).rejects.toMatchObject({ code: 'model/truncated', retryable: true })
    await expect(asking(() => Promise.reject(new TypeError('refused')))).rejects.toMatchObject({ code: 'model/http', retryable: true })
  })

  test('an abort before and while it runs', async () => {
    const gone = new Error('gone')
    await expect(asking(serving(Response.json({})).fetch, AbortSignal.abort(gone))).rejects.toBe(gone)
    const controller = new AbortController()
    const stalled: typeof fetch = (_url, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal!.reason as Error))
        controller.abort(gone)
      })
    await expect(asking(stalled, controller.signal)).rejects.toBe(gone)
  })
})

describe('Cohere: embed', () => {
  test('what for, how long, what form; usage is what is billed', async () => {
    const { fetch, asked } = serving(Response.json(vectorsOf([1, 2])))
    const model = at(fetch).embed('embed-v4.0')
    expect(
      await model.embed({ values: ['a'], purpose: 'query', dimensions: 256, providerOptions: { cohere: { truncate: 'END' } } }),
    ).toEqual({ vectors: [[1, 2]], usage: { input: 3, output: 0 } })
    for (const purpose of ['document', 'classification', 'clustering', 'similarity', undefined] as const)
      await model.embed({ values: ['a'], purpose })
    expect(asked[0]).toMatchObject({
      method: 'POST',
      path: '/v2/embed',
      body: {
        model: 'embed-v4.0',
        texts: ['a'],
        input_type: 'search_query',
        embedding_types: ['float'],
        output_dimension: 256,
        truncate: 'END',
      },
    })
    expect(asked[0]!.headers.get('authorization')).toBe('Bearer secret')
    expect(asked.slice(1).map(({ body }) => (body as { input_type: string }).input_type)).toEqual([
      'search_document',
      'classification',
      'clustering',
      'search_document',
      'search_document',
    ])
  })

  test('images with texts as inputs; a model of before takes images alone', async () => {
    const { fetch, asked } = serving(Response.json(vectorsOf([1], [2])))
    await at(fetch)
      .embed('embed-v4.0')
      .embed({ values: ['a', [{ type: 'text', text: 'b' }, png]] })
    await at(fetch)
      .embed('embed-english-v3.0')
      .embed({ values: [[png]] })
    expect(asked[0]!.body).toMatchObject({
      inputs: [
        { content: [{ type: 'text', text: 'a' }] },
        {
          content: [
            { type: 'text', text: 'b' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${btoa('PNG')}` } },
          ],
        },
      ],
      input_type: 'search_document',
    })
    expect(asked[1]!.body).toMatchObject({ images: [`data:image/png;base64,${btoa('PNG')}`], input_type: 'image' })
    for (const values of [['a', [png]], [[wav]], [[png, png]]] as const)
      await expect(at(fetch).embed('embed-english-v3.0').embed({ values })).rejects.toMatchObject({ code: 'model/unsupported' })
    await expect(
      at(fetch)
        .embed('embed-v4.0')
        .embed({ values: [[wav]] }),
    ).rejects.toMatchObject({ code: 'model/unsupported' })
    expect(asked).toHaveLength(2)
  })

  test('other forms of vectors, and what is none', async () => {
    expect(
      await at(serving(Response.json({ embeddings: { int8: [[1, -2]] } })).fetch)
        .embed('e')
        .embed({ values: ['a'], providerOptions: { cohere: { embedding_types: ['int8'] } } }),
    ).toEqual({ vectors: [[1, -2]] })
    await expect(
      at(serving(Response.json({ embeddings: { float: [['x']] } })).fetch)
        .embed('e')
        .embed({ values: ['a'] }),
    ).rejects.toMatchObject({ code: 'model/garbled' })
    await expect(embed(at(serving(Response.json({})).fetch).embed('e'), ['a'])).rejects.toMatchObject({ code: 'model/garbled' })
  })

  test('more values than the API takes go in batches, and one that fails leaves its places empty', async () => {
    const { fetch, asked } = serving(({ body }) => {
      const { texts } = body as { texts: string[] }
      return texts.includes('96')
        ? Response.json({ message: 'x' }, { status: 400 })
        : Response.json(vectorsOf(...texts.map((text) => [Number(text)])))
    })
    const { vectors, failed } = await embed(
      at(fetch).embed('e'),
      Array.from({ length: 200 }, (_, value) => String(value)),
    )
    expect(asked).toHaveLength(3)
    expect([vectors[95], vectors[96], vectors[192]]).toEqual([[95], undefined, [192]])
    expect(failed).toMatchObject([{ from: 96, to: 192, error: { code: 'model/request' } }])
  })
})

test('Cohere: rerank gives places and scores, and no place that there is not', async () => {
  const { fetch, asked } = serving(
    Response.json({
      results: [
        { index: 1, relevance_score: 0.9 },
        { index: 0, relevance_score: 0.1 },
      ],
    }),
  )
  expect(
    await rerank(at(fetch).rerank('rerank-v3.5'), 'q', ['a', 'b'], { top: 2, providerOptions: { cohere: { max_tokens_per_doc: 100 } } }),
  ).toEqual([
    { index: 1, score: 0.9 },
    { index: 0, score: 0.1 },
  ])
  expect(asked[0]).toMatchObject({
    path: '/v2/rerank',
    body: { model: 'rerank-v3.5', query: 'q', documents: ['a', 'b'], top_n: 2, max_tokens_per_doc: 100 },
  })
  for (const result of [{ index: 7, relevance_score: 1 }, { index: 0, relevance_score: null }, {}])
    await expect(rerank(at(serving(Response.json({ results: [result] })).fetch).rerank('r'), 'q', ['a'])).rejects.toMatchObject({
      code: 'model/garbled',
    })
})

test('Cohere: transcribe sends the sound and its language, and refuses to guess', async () => {
  const { fetch, asked } = serving(Response.json({ text: 'hello' }))
  const model = at(fetch).transcribe('cohere-transcribe-03-2026')
  expect(await model.transcribe({ audio: wav, language: 'en', providerOptions: { cohere: { temperature: 0.2 } } })).toEqual({
    text: 'hello',
    language: 'en',
  })
  expect(asked[0]).toMatchObject({
    path: '/v2/audio/transcriptions',
    body: { model: 'cohere-transcribe-03-2026', language: 'en', temperature: '0.2', file: 'file.wav audio/wav 4' },
  })
  await expect(model.transcribe({ audio: wav })).rejects.toMatchObject({ code: 'model/unsupported' })
  await expect(
    model.transcribe({ audio: { type: 'media', mime: 'audio/wav', url: 'https://a.example/a.wav' }, language: 'en' }),
  ).rejects.toMatchObject({ code: 'model/unsupported' })
  await expect(
    at(serving(Response.json({})).fetch)
      .transcribe('t')
      .transcribe({ audio: wav, language: 'en' }),
  ).rejects.toMatchObject({ code: 'model/garbled' })
})

test('Cohere: tokens of the texts of a call, in pieces that the API takes; media cannot be counted', async () => {
  const { fetch, asked } = serving(({ body }) =>
    Response.json({ tokens: Array.from({ length: (body as { text: string }).text.length }, () => 1) }),
  )
  const call: ModelCall = {
    system: 'Be brief.',
    messages: [
      user('hi'),
      { role: 'assistant', parts: [{ type: 'call', id: 'c', name: 'f', input: { a: 1 } }] },
      {
        role: 'tool',
        parts: [
          { type: 'result', id: 'c', name: 'f', output: 'sun' },
          { type: 'result', id: 'd', name: 'f', parts: [{ type: 'text', text: 'rain' }] },
        ],
      },
    ],
    tools: [{ name: 'f', input: { type: 'object' } }],
  }
  const said = 'Be brief.\nhi\nf {"a":1}\nsun\nrain\n{"name":"f","parameters":{"type":"object"}}'
  expect(await at(fetch).countTokens('command-a-03-2025', call)).toBe(said.length)
  expect(asked[0]).toMatchObject({ path: '/v1/tokenize', body: { model: 'command-a-03-2025', text: said } })
  expect(await at(fetch).countTokens('m', { messages: [user('x'.repeat(70_000))] })).toBe(70_000)
  expect(asked).toHaveLength(3)
  expect(await at(fetch).countTokens('m', { messages: [] })).toBe(0)
  await expect(at(fetch).countTokens('m', { messages: [{ role: 'user', parts: [png] }] })).rejects.toMatchObject({
    code: 'model/unsupported',
  })
  await expect(at(serving(Response.json({})).fetch).countTokens('m', hi)).rejects.toMatchObject({ code: 'model/garbled' })
})

test('Cohere: the list of models, page by page, with what is told of them', async () => {
  const { fetch, asked } = serving(
    Response.json({
      models: [
        { name: 'command-a-vision', endpoints: ['chat'], features: ['vision', 'json_schema'], context_length: 128_000 },
        { name: null },
        7,
      ],
      next_page_token: 'p2',
    }),
    Response.json({ models: [{ name: 'embed-v4.0', endpoints: ['embed'], features: null, context_length: 0 }] }),
  )
  expect(await at(fetch).listModels()).toEqual([
    {
      id: 'command-a-vision',
      provider: 'cohere',
      capabilities: { input: ['text', 'image'], tools: false, reasoning: false, structured: true },
      limits: { context: 128_000 },
    },
    { id: 'embed-v4.0', provider: 'cohere' },
  ])
  expect(asked.map(({ path }) => path)).toEqual(['/v1/models?page_size=1000', '/v1/models?page_size=1000&page_token=p2'])
})

test('Cohere: tuning is closed, and says since when', async () => {
  const { tune } = at(fetch)
  for (const work of [tune.create({ model: 'm', training: 'f' }), tune.get('x'), tune.list(), tune.cancel('x')])
    await expect(work).rejects.toMatchObject({ code: 'model/unsupported', message: expect.stringContaining('2025-09-15') as string })
})

test('Cohere: what is there is what there is', () => {
  expect(Object.keys(at(fetch)).sort()).toEqual(['countTokens', 'embed', 'listModels', 'provider', 'rerank', 'transcribe', 'tune'])
  expect(cohereServices({ baseURL: 'https://a.example/v2/' })).toHaveProperty('provider', 'cohere')
})
