import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KitError, type MediaPart, type ModelCall } from '../../src/index.ts'
import {
  openaiBatches,
  openaiCompatibleServices,
  openaiModelInfo,
  openaiServices,
  serviceServers,
} from '../../src/providers/openai-services.ts'
import { azureServices } from '../../src/providers/azure-services.ts'
import { fireworksServices } from '../../src/providers/fireworks-services.ts'
import { groqServices } from '../../src/providers/groq-services.ts'
import { mistralServices } from '../../src/providers/mistral-services.ts'
import { openai } from '../../src/providers/openai.ts'
import { togetherServices } from '../../src/providers/together-services.ts'
import { voyageServices } from '../../src/providers/voyage.ts'
import { xaiServices } from '../../src/providers/xai-services.ts'
import { embed, rerank } from '../../src/services/index.ts'
import type { BatchResult, Reranker } from '../../src/services.ts'
import { breaking, serving } from './served.ts'

const apiKey = 'sk-secret'
const own = (fetch: typeof globalThis.fetch): ReturnType<typeof openaiServices> => openaiServices({ apiKey, fetch })
const hi: ModelCall = { messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }] }
const wav: MediaPart = { type: 'media', mime: 'audio/wav', data: btoa('RIFF') }
const png: MediaPart = { type: 'media', mime: 'image/png', data: btoa('PNG') }
const thrown = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )
const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response => Response.json(body, { status, headers })
const text = (body: string, type = 'application/jsonl'): Response => new Response(body, { headers: { 'content-type': type } })

/** Each service, asked once. */
const services: readonly (readonly [string, (fetch: typeof globalThis.fetch, signal?: AbortSignal) => Promise<unknown>])[] = [
  [
    'embed',
    (fetch, signal) =>
      own(fetch)
        .embed('e')
        .embed({ values: ['a'], signal }),
  ],
  ['transcribe', (fetch, signal) => own(fetch).transcribe('w').transcribe({ audio: wav, signal })],
  ['speak', (fetch, signal) => own(fetch).speak('t').speak({ text: 'hi', signal })],
  ['image', (fetch, signal) => own(fetch).image('i').image({ prompt: 'p', signal })],
  ['countTokens', (fetch, signal) => own(fetch).countTokens('gpt-5.4', { ...hi, ...(signal && { signal }) })],
  ['listModels', (fetch, signal) => own(fetch).listModels({ signal })],
  ['files.upload', (fetch, signal) => own(fetch).files.upload({ data: new Uint8Array(1), name: 'a.txt', mime: 'text/plain', signal })],
  ['files.get', (fetch, signal) => own(fetch).files.get('f', { signal })],
  ['files.list', (fetch, signal) => own(fetch).files.list({ signal })],
  ['files.delete', (fetch, signal) => own(fetch).files.delete('f', { signal })],
  ['files.content', (fetch, signal) => own(fetch).files.content!('f', { signal })],
  ['batch.create', (fetch, signal) => own(fetch).batch.create({ model: 'gpt-5.4', requests: [{ id: 'a', call: hi }], signal })],
  ['batch.get', (fetch, signal) => own(fetch).batch.get('b', { signal })],
  ['batch.cancel', (fetch, signal) => own(fetch).batch.cancel('b', { signal })],
  ['batch.results', (fetch, signal) => all(own(fetch).batch.results('b', { signal }))],
  ['tune.get', (fetch, signal) => openaiServices({ apiKey, fetch, tuning: true }).tune.get('j', { signal })],
  ['xai speak', (fetch, signal) => xaiServices({ apiKey, fetch }).speak('t').speak({ text: 'hi', signal })],
  ['xai batch', (fetch, signal) => xaiServices({ apiKey, fetch }).batch.create({ model: 'g', requests: [{ id: 'a', call: hi }], signal })],
  ['together tune', (fetch, signal) => togetherServices({ apiKey, fetch }).tune.get('j', { signal })],
  ['fireworks tune', (fetch, signal) => fireworksServices({ account: 'me', apiKey, fetch }).tune.get('j', { signal })],
]

async function all(results: AsyncIterable<BatchResult>): Promise<BatchResult[]> {
  const list: BatchResult[] = []
  for await (const result of results) list.push(result)
  return list
}

describe.each(services)('faults of %s', (name, asking) => {
  test.each([
    [401, { error: { message: 'Incorrect API key provided: sk-secret', code: 'invalid_api_key' } }, 'model/auth', false],
    [404, { error: { message: 'no such model', code: 'model_not_found' } }, 'model/unknown', false],
    [429, { error: { message: 'Rate limit reached. Please try again in 2s.', code: 'rate_limit_exceeded' } }, 'model/rate', true],
    [429, { error: { message: 'no money', code: 'insufficient_quota' } }, 'model/quota', false],
    [500, 'oops', 'model/http', true],
    [503, {}, 'model/overloaded', true],
  ] as const)('%i is told by its code, and not by the words of the provider', async (status, body, code, retryable) => {
    const error = (await thrown(asking(serving(json(body, status)).fetch))) as KitError
    expect(error).toBeInstanceOf(KitError)
    expect(error).toMatchObject({ code, retryable, status })
    expect(error.message).not.toMatch(/sk-secret|money|oops/)
  })

  test('an abort ends it before and during', async () => {
    const before = new AbortController()
    before.abort(new Error('gone'))
    expect(await thrown(asking(serving(json({})).fetch, before.signal))).toMatchObject({ message: 'gone' })
    const during = new AbortController()
    const hanging: typeof fetch = (_url, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal!.reason))
        during.abort(new Error('left'))
      })
    expect(await thrown(asking(hanging, during.signal))).toMatchObject({ message: 'left' })
  })

  // a deletion and bytes have no form that could be wrong
  const formed = /content|delete/.test(name) ? () => {} : test
  formed('a garbled answer and one that breaks off are errors of the provider', async () => {
    for (const body of ['not json', '[1', '7', 'null', '{}', '{"data":{}}'])
      if (!(name === 'files.list' && body.startsWith('{')))
        expect(await thrown(asking(serving(text(body, 'application/json')).fetch)), body).toMatchObject({
          code: expect.stringMatching(/^model\/(garbled|empty)$/) as string,
        })
    expect(await thrown(asking(serving(breaking('{"id": "x", ')).fetch))).toMatchObject({ code: 'model/truncated', retryable: true })
  })
})

test('whatever a server answers, a service gives a result or a KitError', async () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom('completed', 'AAAA', 1, 'x'))
  const item = fc.record(
    {
      index: value,
      embedding: value,
      b64_json: value,
      url: value,
      id: value,
      text: value,
      start: value,
      end: value,
      relevance_score: value,
      name: value,
    },
    { requiredKeys: [] },
  )
  const list = fc.oneof(fc.array(item, { maxLength: 3 }), value)
  const lists = ['data', 'segments', 'words', 'results', 'languages', 'output', 'choices', 'datasets']
  const values = ['text', 'usage', 'id', 'status', 'request_counts', 'errors', 'output_file_id', 'has_more', 'last_id', 'input_tokens']
  const more = ['batch_id', 'state', 'name', 'created_at', 'error', 'job']
  const fields = [...lists.map((name) => [name, list] as const), ...[...values, ...more].map((name) => [name, value] as const)]
  const body = fc.record(Object.fromEntries(fields), { requiredKeys: [] })
  const property = fc.asyncProperty(fc.oneof(body, fc.jsonValue()), fc.constantFrom(200, 200, 200, 400, 429), async (answer, status) => {
    for (const [name, asking] of services) {
      const error = await thrown(asking(serving(json(answer, status)).fetch))
      if (error !== undefined) expect(error, name).toBeInstanceOf(KitError)
    }
  })
  await fc.assert(property, { numRuns: 60 })
}, 30_000)

describe('embeddings', () => {
  test('come in the order of the values, as numbers or as base64', async () => {
    const floats = new Uint8Array(new Float32Array([0.5, -2]).buffer)
    const body = {
      data: [
        { index: 1, embedding: [3, 4] },
        { index: 0, embedding: btoa(String.fromCharCode(...floats)) },
      ],
      usage: { prompt_tokens: 3, total_tokens: 3 },
    }
    const { fetch, asked } = serving(json(body))
    const { vectors, usage } = await embed(own(fetch).embed('text-embedding-3-small'), ['a', 'b'], { dimensions: 2 })
    expect(vectors).toEqual([
      [0.5, -2],
      [3, 4],
    ])
    expect(usage).toEqual({ input: 3, output: 0 })
    expect(asked[0]!.body).toEqual({ model: 'text-embedding-3-small', input: ['a', 'b'], encoding_format: 'base64', dimensions: 2 })
    expect(asked[0]!.headers.get('authorization')).toBe(`Bearer ${apiKey}`)
  })

  test('take text alone: images and integers are refused before anything is sent', async () => {
    const { fetch, asked } = serving(json({}))
    for (const value of [[png], [1, 2], 7])
      expect(
        await thrown(
          own(fetch)
            .embed('e')
            .embed({ values: [value as never] }),
        ),
      ).toMatchObject({ code: 'model/unsupported' })
    expect(asked).toEqual([])
  })

  test('too few vectors, and vectors that are none, are garbled', async () => {
    for (const data of [[], [{ embedding: [] }], [{ embedding: ['a'] }], [{ embedding: 'x' }], [{}]])
      expect(await thrown(embed(own(serving(json({ data })).fetch).embed('e'), ['a']))).toMatchObject({ code: 'model/garbled' })
  })

  test('one for each value, whoever counts them: none twice, none left out, none that is no number', async () => {
    const floats = (...numbers: number[]): string => btoa(String.fromCharCode(...new Uint8Array(new Float32Array(numbers).buffer)))
    for (const of of [
      (fetch: typeof globalThis.fetch) => own(fetch).embed('e'),
      (fetch: typeof globalThis.fetch) => voyageServices({ apiKey, fetch }).embed('e'),
      (fetch: typeof globalThis.fetch) => mistralServices({ apiKey, fetch }).embed('e'),
    ]) {
      const asking = (...data: unknown[]): Promise<unknown> => thrown(of(serving(json({ data })).fetch).embed({ values: ['a', 'b'] }))
      const vector = { embedding: [1] }
      expect(await asking({ ...vector, index: 1 }, { ...vector, index: 0 })).toBeUndefined()
      expect(await asking(vector, vector)).toBeUndefined()
      for (const [first, second] of [
        [0, 0],
        [0, 2],
        [1, 2],
        [0, 0.5],
        [0, 4_294_967_295],
      ])
        expect(await asking({ ...vector, index: first }, { ...vector, index: second })).toMatchObject({ code: 'model/garbled' })
      expect(await asking(vector)).toMatchObject({ code: 'model/garbled' })
      expect(await asking(vector, vector, vector)).toMatchObject({ code: 'model/garbled' })
      for (const embedding of [floats(1, NaN), floats(Infinity), 'A'.repeat(8_000_001), [1, null], ['1'], {}])
        expect(await asking(vector, { embedding })).toMatchObject({ code: 'model/garbled' })
    }
  })

  test('of a server that sends signed bytes are numbers from -128 to 127', async () => {
    const { fetch, asked } = serving(json({ data: [{ embedding: btoa(String.fromCharCode(255, 1, 128)) }] }))
    const server = openaiCompatibleServices(serviceServers.perplexity, { apiKey, fetch })
    expect((await server.embed('pplx-embed').embed({ values: ['a'] })).vectors).toEqual([[-1, 1, -128]])
    expect(asked[0]!.body).toEqual({ model: 'pplx-embed', input: ['a'] })
    expect(
      await thrown(
        openaiCompatibleServices(serviceServers.perplexity, serving(json({ data: [{ embedding: '§' }] })))
          .embed('e')
          .embed({ values: ['a'] }),
      ),
    ).toMatchObject({ code: 'model/garbled' })
  })
})

test('documents are ranked best first, and a ranking that is none is told', async () => {
  const results = [
    { index: 0, relevance_score: 0.1 },
    { index: 1, relevance_score: 0.9 },
  ]
  const { fetch, asked } = serving(json({ results, usage: { total_tokens: 7 } }))
  const of = (answering: typeof globalThis.fetch): Reranker =>
    openaiCompatibleServices(serviceServers.openrouter, { apiKey, fetch: answering }).rerank('cohere/rerank-v3.5')
  expect(await rerank(of(fetch), 'q', ['a', 'b'], { top: 2 })).toEqual([
    { index: 1, score: 0.9 },
    { index: 0, score: 0.1 },
  ])
  expect(asked[0]).toMatchObject({
    path: '/api/v1/rerank',
    body: { model: 'cohere/rerank-v3.5', query: 'q', documents: ['a', 'b'], top_n: 2 },
  })
  for (const wrong of [[], [{ index: 5, relevance_score: 1 }], [{ index: 0, relevance_score: 'x' }], 'x'])
    expect(await thrown(rerank(of(serving(json({ results: wrong })).fetch), 'q', ['a']))).toMatchObject({ code: 'model/garbled' })
})

test('a document that is ranked twice, or lies between two, is no ranking', async () => {
  const at = (...indexes: unknown[]): Response =>
    json({
      results: indexes.map((index) => ({ index, relevance_score: 0.5 })),
      data: indexes.map((index) => ({ index, relevance_score: 0.5 })),
    })
  for (const of of [
    (fetch: typeof globalThis.fetch) => openaiCompatibleServices(serviceServers.openrouter, { apiKey, fetch }).rerank('r'),
    (fetch: typeof globalThis.fetch) => voyageServices({ apiKey, fetch }).rerank('r'),
  ]) {
    const asking = (...indexes: unknown[]): Promise<unknown> =>
      thrown(of(serving(at(...indexes)).fetch).rerank({ query: 'q', documents: ['a', 'b'] }))
    expect(await asking(1, 0)).toBeUndefined()
    for (const wrong of [[0, 0], [0, 0.5], [0, null], [0, -1], [0, '1'], [1]])
      expect(await asking(...wrong), String(wrong)).toMatchObject({ code: 'model/garbled' })
  }
  const between: Reranker = { info: { id: 'r', provider: 'p' }, rerank: async () => ({ ranked: [{ index: 0.5, score: 1 }] }) }
  expect(await thrown(rerank(between, 'q', ['a', 'b']))).toMatchObject({ code: 'model/garbled' })
})

describe('speech', () => {
  test('a transcript has its times and its speakers', async () => {
    const body = {
      text: 'Hello you',
      language: 'english',
      duration: 1.5,
      words: [
        { word: 'Hello', start: 0, end: 0.5 },
        { word: 'you', start: 0.5, end: null },
      ],
      segments: [{ id: 's', speaker: 'A', text: 'Hello you', start: 0, end: 1.5 }, 'odd'],
      usage: { type: 'duration', seconds: 2 },
    }
    const { fetch, asked } = serving(json(body))
    const of = own(fetch)
    const audio = { ...wav, mime: 'audio/mpeg' }
    const options = { openai: { 'include[]': ['logprobs'], temperature: 0.2 } }
    expect(await of.transcribe('whisper-1').transcribe({ audio, timestamps: 'word', language: 'en', providerOptions: options })).toEqual({
      text: 'Hello you',
      language: 'english',
      seconds: 1.5,
      words: [{ text: 'Hello', start: 0, end: 0.5 }],
      segments: [{ text: 'Hello you', start: 0, end: 1.5, speaker: 'A' }],
    })
    await of.transcribe('gpt-4o-transcribe-diarize').transcribe({ audio: wav, timestamps: 'segment' })
    expect(asked.map(({ body }) => body)).toEqual([
      {
        model: 'whisper-1',
        language: 'en',
        response_format: 'verbose_json',
        'timestamp_granularities[]': 'word',
        file: 'file.mpeg audio/mpeg 4',
        'include[]': 'logprobs',
        temperature: '0.2',
      },
      { model: 'gpt-4o-transcribe-diarize', response_format: 'diarized_json', chunking_strategy: 'auto', file: 'file.wav audio/wav 4' },
    ])
  })

  test('sound by address, and data that are no base64, are refused before anything is sent', async () => {
    const { fetch, asked } = serving(json({}))
    const { transcribe } = own(fetch)
    const refused = await thrown(
      transcribe('w').transcribe({ audio: { type: 'media', mime: 'audio/wav', url: 'https://a.example/b.wav' } }),
    )
    expect(refused).toMatchObject({ code: 'model/unsupported' })
    expect(await thrown(transcribe('w').transcribe({ audio: { ...wav, data: '§' } }))).toBeInstanceOf(TypeError)
    expect(asked).toEqual([])
    // a server that fetches it itself is told where it is
    const audio: MediaPart = { type: 'media', mime: 'audio/wav', url: 'https://a.example/b.wav' }
    for (const { transcribe: fetches } of [groqServices({ fetch }), xaiServices({ fetch })])
      await thrown(fetches('w').transcribe({ audio, language: 'en' }))
    expect(asked.map(({ body }) => body)).toEqual([
      { model: 'w', language: 'en', url: audio.url },
      { language: 'en', url: audio.url },
    ])
  })

  test('is spoken in the voice and the form that were asked for', async () => {
    const { fetch, asked } = serving(
      new Response(new Uint8Array([1, 2]), { headers: { 'content-type': 'audio/opus; x=1' } }),
      new Response(new Uint8Array([1, 2]), { headers: { 'content-type': 'application/octet-stream' } }),
    )
    const speaker = own(fetch).speak('gpt-4o-mini-tts')
    expect(await speaker.speak({ text: 'hi', voice: 'ash', format: 'opus', speed: 1.2, instructions: 'gently' })).toEqual({
      audio: { type: 'media', mime: 'audio/opus', data: btoa('\u0001\u0002') },
    })
    expect((await speaker.speak({ text: 'hi' })).audio.mime).toBe('audio/mpeg')
    expect(asked[0]!.body).toEqual({
      model: 'gpt-4o-mini-tts',
      input: 'hi',
      voice: 'ash',
      response_format: 'opus',
      speed: 1.2,
      instructions: 'gently',
    })
    for (const none of [new Response(new Uint8Array()), json({ error: null })])
      expect(await thrown(own(serving(none).fetch).speak('t').speak({ text: 'hi' }))).toMatchObject({ code: 'model/garbled' })
  })
})

test('options of a form come before its file, and those without a value are not sent', async () => {
  const { fetch, asked } = serving(json({ text: 'x' }))
  const names: string[][] = []
  const watching: typeof globalThis.fetch = (url, init) => {
    names.push([...(init!.body as FormData).keys()])
    return fetch(url, init)
  }
  const xai = xaiServices({ apiKey, fetch: watching }).transcribe('stt')
  const providerOptions = { xai: { diarize: true, keyterm: undefined, format: null, language: 'de', 'terms[]': ['a', 'b'] } } as never
  await xai.transcribe({ audio: wav, language: 'en', providerOptions })
  expect(names[0]).toEqual(['diarize', 'language', 'terms[]', 'terms[]', 'file'])
  expect(asked[0]!.body).toMatchObject({ diarize: 'true', language: 'de', 'terms[]': ['a', 'b'] })
})

describe('images', () => {
  test('are given inline or by address, and say what they are', async () => {
    const body = {
      output_format: 'webp',
      data: [{ b64_json: 'AAAA' }, { url: 'https://i.example/1' }, {}],
      usage: { input_tokens: 1, output_tokens: 2 },
    }
    const { fetch, asked } = serving(json(body))
    expect(
      await own(fetch)
        .image('gpt-image-2')
        .image({ prompt: 'a cat', n: 2, size: '1024x1024', providerOptions: { openai: { quality: 'low' } } }),
    ).toEqual({
      images: [
        { type: 'media', mime: 'image/webp', data: 'AAAA' },
        { type: 'media', mime: 'image/webp', url: 'https://i.example/1' },
      ],
      usage: { input: 1, output: 2 },
    })
    expect(asked[0]).toMatchObject({
      path: '/v1/images/generations',
      body: { model: 'gpt-image-2', prompt: 'a cat', n: 2, size: '1024x1024', quality: 'low' },
    })
  })

  test('are changed as files where they are inline, by their names where they have addresses', async () => {
    const { fetch, asked } = serving(json({ data: [{ b64_json: 'AAAA' }] }))
    const model = own(fetch).image('gpt-image-2')
    await model.image({ prompt: 'green', images: [png], mask: png, n: 1 })
    await model.image({ prompt: 'green', images: [png, png] })
    await model.image({
      prompt: 'green',
      images: [
        { type: 'media', mime: 'image/png', url: 'https://i.example/1' },
        { type: 'media', mime: 'image/png', ref: 'file-1', store: 'openai' },
      ],
    })
    expect(asked.map(({ path, body }) => [path, body])).toEqual([
      ['/v1/images/edits', { model: 'gpt-image-2', prompt: 'green', n: '1', image: 'file.png image/png 3', mask: 'file.png image/png 3' }],
      ['/v1/images/edits', { model: 'gpt-image-2', prompt: 'green', 'image[]': ['file.png image/png 3', 'file.png image/png 3'] }],
      [
        '/v1/images/edits',
        { model: 'gpt-image-2', prompt: 'green', images: [{ image_url: 'https://i.example/1' }, { file_id: 'file-1' }] },
      ],
    ])
    const foreign = { type: 'media' as const, mime: 'image/png', ref: 'x', store: 'gemini' }
    expect(await thrown(model.image({ prompt: 'p', images: [foreign] }))).toMatchObject({ code: 'model/unsupported' })
    expect(await thrown(model.image({ prompt: 'p', images: [png, foreign] }))).toMatchObject({ code: 'model/unsupported' })
  })

  test('of other servers are named as those want it', async () => {
    const { fetch, asked } = serving(json({ data: [{ url: 'https://i.example/1', mime_type: 'image/jpeg' }] }))
    const { images } = await xaiServices({ apiKey, fetch })
      .image('grok-imagine')
      .image({ prompt: 'p', images: [png] })
    expect(images).toEqual([{ type: 'media', mime: 'image/jpeg', url: 'https://i.example/1' }])
    await openaiCompatibleServices(serviceServers.openrouter, { apiKey, fetch })
      .image('g')
      .image({ prompt: 'p', images: [png] })
    const url = `data:image/png;base64,${png.data}`
    expect(asked.map(({ path, body }) => [path, body])).toEqual([
      ['/v1/images/edits', { model: 'grok-imagine', prompt: 'p', images: [{ type: 'image_url', url }] }],
      ['/api/v1/images', { model: 'g', prompt: 'p', input_references: [{ type: 'image_url', image_url: { url } }] }],
    ])
    expect(
      await thrown(
        xaiServices({ fetch })
          .image('g')
          .image({ prompt: 'p', images: [png], mask: png }),
      ),
    ).toMatchObject({ code: 'model/unsupported' })
  })

  test('an answer without one is empty', async () => {
    expect(
      await thrown(
        own(serving(json({ data: [{}] })).fetch)
          .image('i')
          .image({ prompt: 'p' }),
      ),
    ).toMatchObject({ code: 'model/empty' })
  })
})

describe('files', () => {
  test('go up, come back, and are media of messages', async () => {
    const file = { id: 'file-1', filename: 'a.pdf', bytes: 3, created_at: 10, expires_at: null, status: 'processed' }
    const { fetch, asked } = serving(json(file), json({ ...file, status: 'error' }), json({ id: 'file-1', deleted: true }), text('abc'))
    const { files } = own(fetch)
    expect(await files.upload({ data: new TextEncoder().encode('abc'), name: 'a.pdf', mime: 'application/pdf' })).toEqual({
      id: 'file-1',
      name: 'a.pdf',
      mime: 'application/pdf',
      bytes: 3,
      createdAt: 10_000,
      status: 'ready',
      part: { type: 'media', mime: 'application/pdf', ref: 'file-1', store: 'openai', name: 'a.pdf' },
    })
    expect(await files.get('file/../1')).toMatchObject({ mime: 'application/pdf', status: 'failed' })
    await files.delete('file-1')
    expect(new TextDecoder().decode(await files.content!('file-1'))).toBe('abc')
    expect(asked.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['POST', '/v1/files', { purpose: 'user_data', file: 'a.pdf application/pdf 3' }],
      ['GET', '/v1/files/file%2F..%2F1', undefined],
      ['DELETE', '/v1/files/file-1', undefined],
      ['GET', '/v1/files/file-1/content', undefined],
    ])
  })

  test('are listed page by page, and a server that gives the same page for ever is left', async () => {
    const { fetch, asked } = serving(
      json({ data: [{ id: 'a' }], has_more: true, last_id: 'a' }),
      json({ data: [{ id: 'b' }], has_more: false }),
    )
    expect((await own(fetch).files.list()).map(({ id }) => id)).toEqual(['a', 'b'])
    expect(asked[1]!.path).toBe('/v1/files?limit=1000&order=desc&after=a')
    const endless = serving(json({ data: [{ id: 'a' }], has_more: true, last_id: 'a' }))
    expect(await own(endless.fetch).files.list()).toHaveLength(2)
    expect(endless.asked).toHaveLength(2)
    let page = 0
    const empty = serving(() => json({ data: [], has_more: true, last_id: `p${++page}` }))
    expect(await own(empty.fetch).files.list()).toEqual([])
    expect(empty.asked).toHaveLength(1000)
    const huge = serving(json({ data: Array.from({ length: 200_000 }, () => ({ id: 'a' })) }))
    expect(await own(huge.fetch).files.list()).toHaveLength(10_000)
  })

  test('that are kept elsewhere are fetched there bare; a way in circles, or to no https, is an error', async () => {
    const moved = (location: string, status = 302): Response => new Response(null, { status, headers: { location } })
    const urls: string[] = []
    const sent: Headers[] = []
    const following =
      (...replies: Response[]): typeof fetch =>
      async (url, init) => {
        expect(init?.redirect).toBe('manual')
        urls.push(url as string)
        sent.push(new Headers(init?.headers))
        return replies[Math.min(urls.length, replies.length) - 1]!
      }
    const asking = (...replies: Response[]): Promise<Uint8Array> => {
      urls.length = sent.length = 0
      return openaiServices({ apiKey, headers: { 'x-own': 'mine' }, fetch: following(...replies) }).files.content!('f')
    }
    const bytes = await asking(moved('/v1/other'), moved('https://store.example/f?signed'), new Response('F'))
    expect(new TextDecoder().decode(bytes)).toBe('F')
    expect(urls).toEqual(['https://api.openai.com/v1/files/f/content', 'https://api.openai.com/v1/other', 'https://store.example/f?signed'])
    expect(sent.map((headers) => [headers.get('authorization'), headers.get('x-own')])).toEqual([
      [`Bearer ${apiKey}`, 'mine'],
      [`Bearer ${apiKey}`, 'mine'],
      [null, null],
    ])
    for (const location of ['http://store.example/f', 'http://169.254.169.254/', 'data:text/plain,x', 'https://']) {
      expect(await thrown(asking(moved(location))), location).toMatchObject({ code: 'model/http', status: 302, retryable: false })
      expect(urls).toHaveLength(1)
    }
    expect(await thrown(asking(moved('/v1/again')))).toMatchObject({ code: 'model/http', status: 302 })
    expect(urls).toHaveLength(6)
    // whoever was left once gets no key again
    await asking(moved('https://store.example/'), moved('https://api.openai.com/v1/files/g'), new Response('F'))
    expect(sent.at(-1)!.get('authorization')).toBeNull()
  })

  test('an abort while an error is read is an abort', async () => {
    const abort = new AbortController()
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          abort.abort(new Error('left'))
          controller.error(new Error('reset'))
        },
      },
      { highWaterMark: 0 },
    )
    const { fetch } = serving(() => new Response(body, { status: 500 }))
    expect(await thrown(own(fetch).files.get('f', { signal: abort.signal }))).toMatchObject({ message: 'left' })
  })
})

describe('batches', () => {
  const chat = {
    choices: [{ index: 0, message: { role: 'assistant', content: 'four' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 2 },
  }
  const answer = {
    status: 'completed',
    output: [{ type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: 'four' }] }],
    usage: { input_tokens: 1, output_tokens: 2 },
  }
  const line = (id: string, response: unknown, error: unknown = null): string => JSON.stringify({ id: 'r', custom_id: id, response, error })

  test('go up as lines of their protocol', async () => {
    let sent = ''
    const keep: typeof fetch = async (_url, init) => {
      if (init?.body instanceof FormData) sent = await (init.body.get('file') as File).text()
      return json({ id: 'id-1', status: 'validating', created_at: 1 })
    }
    const requests = [{ id: 'a', call: { ...hi, maxTokens: 5 } }]
    expect(await own(keep).batch.create({ model: 'gpt-5-nano', requests })).toEqual({ id: 'id-1', status: 'queued', createdAt: 1000 })
    expect(JSON.parse(sent)).toEqual({
      custom_id: 'a',
      method: 'POST',
      url: '/v1/responses',
      body: {
        model: 'gpt-5-nano',
        input: [{ role: 'user', content: 'hi' }],
        store: false,
        include: ['reasoning.encrypted_content'],
        max_output_tokens: 16,
      },
    })
    await groqServices({ apiKey, fetch: keep }).batch.create({ model: 'llama', requests })
    expect(JSON.parse(sent)).toEqual({
      custom_id: 'a',
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model: 'llama', messages: [{ role: 'user', content: 'hi' }], max_completion_tokens: 5 },
    })
  })

  test('of a server of one’s own speak what it speaks', async () => {
    const { fetch, asked } = serving(json({ id: 'x-1', status: 'in_progress' }))
    const server = { provider: 'mine', baseURL: 'https://mine.example/v1', quirks: { system: 'developer' as const } }
    const requests = [{ id: 'a', call: hi }]
    await openaiBatches(server, { fetch }).create({ model: 'm', requests })
    expect(asked[1]).toMatchObject({ path: '/v1/batches', body: { input_file_id: 'x-1', endpoint: '/v1/chat/completions' } })
    await openaiBatches({ ...server, speaks: 'responses' }, { fetch }).create({ model: 'm', requests })
    expect(asked[3]!.body).toMatchObject({ endpoint: '/v1/responses' })
  })

  test('with no requests, or with ids that are wrong or twice there, are a mistake of the program', async () => {
    const { fetch, asked } = serving(json({}))
    for (const ids of [[], ['a b'], [''], ['a', 'a'], ['x'.repeat(65)]])
      for (const { batch } of [own(fetch), xaiServices({ fetch })])
        expect(await thrown(batch.create({ model: 'm', requests: ids.map((id) => ({ id, call: hi })) })), String(ids)).toBeInstanceOf(
          TypeError,
        )
    expect(asked).toEqual([])
  })

  test('give answers and errors in any order, from both files', async () => {
    const good = `${line('b', { status_code: 200, body: answer })}\r\n\n${line('a', { status_code: 200, body: chat })}`
    const bad = [
      line('c', { status_code: 429, body: { error: { code: 'rate_limit_exceeded', message: 'slow' } } }),
      line('d', null, { code: 'batch_expired', message: 'late' }),
      line('e', { status_code: 200, body: 7 }),
      line('f', { status_code: 200, body: { status: 'failed', output: [], error: { code: 'server_error' } } }),
      line('g', null, { code: 'insufficient_quota', message: 'no money' }),
    ].join('\n')
    const { fetch, asked } = serving(json({ id: 'b', status: 'completed', output_file_id: 'o', error_file_id: 'e' }), text(good), text(bad))
    const results = await all(own(fetch).batch.results('b'))
    expect(results.map(({ id, answer, error }) => [id, answer?.parts[0], answer?.usage ?? error?.code])).toEqual([
      ['b', { type: 'text', text: 'four', replay: { wire: 'openai-responses', data: { id: 'msg_1' } } }, { input: 1, output: 2 }],
      ['a', { type: 'text', text: 'four' }, { input: 1, output: 2 }],
      ['c', undefined, 'model/rate'],
      ['d', undefined, 'model/timeout'],
      ['e', undefined, 'model/garbled'],
      ['f', undefined, 'model/http'],
      ['g', undefined, 'model/quota'],
    ])
    expect(asked.map(({ path }) => path)).toEqual(['/v1/batches/b', '/v1/files/o/content', '/v1/files/e/content'])
    for (const { error } of results) expect(error?.message ?? '').not.toMatch(/late|slow|money/)
  })

  test('that are not done have no results yet, those that failed never will', async () => {
    const failed = json({ id: 'b', status: 'failed', errors: { data: [{ message: 'line 1 is bad' }] } })
    expect(await thrown(all(own(serving(json({ id: 'b', status: 'in_progress' })).fetch).batch.results('b')))).toMatchObject({
      code: 'model/request',
      retryable: true,
    })
    expect(await thrown(all(own(serving(failed).fetch).batch.results('b')))).toMatchObject({ code: 'model/request', retryable: false })
    expect(await own(serving(failed).fetch).batch.get('b')).toEqual({ id: 'b', status: 'failed', error: 'line 1 is bad' })
    expect(await all(own(serving(json({ id: 'b', status: 'completed' })).fetch).batch.results('b'))).toEqual([])
  })

  test('results that break off, or are no lines of JSON, say so after what came before', async () => {
    for (const [rest, code] of [
      [breaking(`${line('a', { status_code: 200, body: chat })}\n{"cus`), 'model/truncated'],
      [text(`${line('a', { status_code: 200, body: chat })}\nnot json`), 'model/garbled'],
    ] as const) {
      const got: BatchResult[] = []
      const reading = async (): Promise<void> => {
        for await (const result of own(serving(json({ id: 'b', status: 'expired', output_file_id: 'o' }), rest).fetch).batch.results('b'))
          got.push(result)
      }
      expect(await thrown(reading())).toMatchObject({ code })
      expect(got.map(({ id }) => id)).toEqual(['a'])
    }
  })

  test('of xAI go up in hundreds and come down in pages', async () => {
    const state = (pending: number, cancelled = 0): unknown => ({
      batch_id: 'b',
      create_time: '2026-08-10',
      expire_time: '2999-01-01',
      state: { num_requests: 150, num_pending: pending, num_success: 149 - pending, num_error: 1, num_cancelled: cancelled },
    })
    const up = serving(json(state(150)), text('null'))
    const requests = Array.from({ length: 150 }, (_, at) => ({ id: `r${at}`, call: hi }))
    const { batch } = xaiServices({ apiKey, fetch: up.fetch })
    expect(await batch.create({ model: 'grok-4.3', requests })).toMatchObject({
      id: 'b',
      status: 'queued',
      counts: { total: 150, done: 0, failed: 0 },
    })
    expect(up.asked.map(({ path, body }) => [path, (body as { batch_requests?: unknown[] }).batch_requests?.length])).toEqual([
      ['/v1/batches', undefined],
      ['/v1/batches/b/requests', 100],
      ['/v1/batches/b/requests', 50],
    ])
    const down = serving(
      json(state(0)),
      json({
        results: [
          { batch_request_id: 'r1', batch_result: { response: { responses: answer } } },
          { batch_request_id: 'r2', batch_result: { response: { chat_get_completion: chat } } },
        ],
        pagination_token: 'next',
      }),
      json({
        results: [
          { batch_request_id: 'r3', batch_result: { error: { code: 3, message: 'boom' } } },
          { batch_request_id: 'r4', error_message: 'x' },
          { batch_request_id: 'r5', batch_result: { response: { responses: {} } } },
        ],
        pagination_token: null,
      }),
    )
    const results = await all(xaiServices({ apiKey, fetch: down.fetch }).batch.results('b'))
    expect(results.map(({ id, answer, error }) => [id, answer?.finish ?? error?.code])).toEqual([
      ['r1', 'stop'],
      ['r2', 'stop'],
      ['r3', 'model/http'],
      ['r4', 'model/http'],
      ['r5', 'model/garbled'],
    ])
    expect(down.asked[2]!.path).toBe('/v1/batches/b/results?limit=100&pagination_token=next')
    for (const [body, status] of [
      [state(3), 'running'],
      [state(0), 'done'],
      [state(0, 150), 'cancelled'],
      [{ batch_id: 'b', expire_time: '2020-01-01', state: { num_requests: 1, num_pending: 1 } }, 'expired'],
      [{ batch_id: 'b' }, 'queued'],
    ] as const)
      expect((await xaiServices({ fetch: serving(json(body)).fetch }).batch.get('b')).status).toBe(status)
    expect(await thrown(all(xaiServices({ fetch: serving(json({ batch_id: 'b' })).fetch }).batch.results('b')))).toMatchObject({
      code: 'model/request',
      retryable: true,
    })
    const cancel = serving(json(state(0, 150)))
    await xaiServices({ fetch: cancel.fetch }).batch.cancel('b')
    expect(cancel.asked[0]).toMatchObject({ method: 'POST', path: '/v1/batches/b:cancel' })
  })
})

describe('tuning', () => {
  test('of OpenAI is closed, and says since when; a model that was tuned is still one', async () => {
    const { fetch, asked } = serving(json({ status: 'completed', output: [] }))
    const { tune } = own(fetch)
    for (const work of [tune.create({ model: 'm', training: 'f' }), tune.get('j'), tune.list(), tune.cancel('j')])
      expect(await thrown(work)).toMatchObject({ code: 'model/unsupported', message: expect.stringContaining('2026-05-07') as string })
    expect(asked).toEqual([])
    for await (const _ of openai('ft:gpt-4.1-mini:me::1', { apiKey, fetch })(hi));
    expect(asked[0]!.body).toMatchObject({ model: 'ft:gpt-4.1-mini:me::1' })
  })

  test('goes on for those who had it, and in Azure', async () => {
    const job = { id: 'j', status: 'succeeded', created_at: 1, fine_tuned_model: 'ft:m:1', error: null }
    for (const make of [
      (fetch: typeof globalThis.fetch) => openaiServices({ fetch, tuning: true }),
      (fetch: typeof globalThis.fetch) => azureServices('mine', { apiKey, fetch }),
    ]) {
      const { fetch, asked } = serving(
        json(job),
        json({ data: [job], has_more: true }),
        json({ data: [{ ...job, id: 'k', status: 'failed', error: { message: 'bad file' } }] }),
        json({ ...job, status: 'cancelled' }),
      )
      const { tune } = make(fetch)
      expect(await tune.create({ model: 'm', training: 'f', validation: 'v', suffix: 's', epochs: 2, learningRate: 0.1 })).toEqual({
        id: 'j',
        status: 'done',
        model: 'ft:m:1',
        createdAt: 1000,
        raw: job,
      })
      expect((await tune.list()).map(({ id, status, error }) => [id, status, error])).toEqual([
        ['j', 'done', undefined],
        ['k', 'failed', 'bad file'],
      ])
      expect((await tune.cancel('j')).status).toBe('cancelled')
      expect(asked[0]!.body).toEqual({
        model: 'm',
        training_file: 'f',
        validation_file: 'v',
        suffix: 's',
        method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 2, learning_rate_multiplier: 0.1 } } },
      })
      expect(asked.map(({ method, path }) => `${method} ${path.replace('/openai', '')}`)).toEqual([
        'POST /v1/fine_tuning/jobs',
        'GET /v1/fine_tuning/jobs?limit=100',
        'GET /v1/fine_tuning/jobs?limit=100&after=j',
        'POST /v1/fine_tuning/jobs/j/cancel',
      ])
    }
  })

  test('of Together', async () => {
    const job = { id: 'ft-1', status: 'running', created_at: '2026-11-01T00:00:00Z', model_output_name: 'me/m' }
    const { fetch, asked } = serving(
      json(job),
      json({ data: [job] }),
      json({ ...job, status: 'cancelled' }),
      json({ id: 'file-1', filename: 't.jsonl' }),
    )
    const { tune, files } = togetherServices({ apiKey, fetch })
    expect(await tune.create({ model: 'llama', training: 'f', epochs: 3, learningRate: 1e-5, suffix: 's' })).toEqual({
      id: 'ft-1',
      status: 'running',
      model: 'me/m',
      createdAt: Date.UTC(2026, 10),
      raw: job,
    })
    expect(await tune.list()).toHaveLength(1)
    expect((await tune.cancel('ft-1')).status).toBe('cancelled')
    await files.upload({ data: new Uint8Array(2), name: 't.jsonl', mime: 'application/jsonl', purpose: 'fine-tune' })
    expect(asked.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['POST', '/v1/fine-tunes', { model: 'llama', training_file: 'f', suffix: 's', n_epochs: 3, learning_rate: 1e-5 }],
      ['GET', '/v1/fine-tunes', undefined],
      ['POST', '/v1/fine-tunes/ft-1/cancel', undefined],
      ['POST', '/v1/files/upload', { purpose: 'fine-tune', file_name: 't.jsonl', file: 't.jsonl application/jsonl 2' }],
    ])
  })

  test('of Fireworks takes a dataset', async () => {
    const name = 'accounts/me/supervisedFineTuningJobs/j1'
    const job = { name, state: 'JOB_STATE_RUNNING', createTime: '2026-11-01T00:00:00Z', outputModel: 'accounts/me/models/m' }
    const replies = (asked: { method: string; path: string }): Response => {
      if (asked.path.endsWith('/datasets') || asked.method === 'DELETE' || asked.path.endsWith(':upload')) return json({})
      if (asked.path.includes('datasets?')) return json({ datasets: [{ name: 'accounts/me/datasets/d', state: 'UPLOADING' }] })
      if (asked.path.includes('datasets')) return json({ name: 'accounts/me/datasets/d', displayName: 't.jsonl', state: 'READY' })
      if (asked.path.includes('Jobs?'))
        return json({ supervisedFineTuningJobs: [job, { name, state: 'JOB_STATE_FAILED', status: { message: 'bad' } }] })
      return json(job)
    }
    const { fetch, asked } = serving(replies)
    const { files, tune } = fireworksServices({ account: 'me', apiKey, fetch })
    const file = await files.upload({ data: new Uint8Array(2), name: 't.jsonl', mime: 'application/jsonl' })
    expect(file).toMatchObject({ id: 'd', status: 'ready', name: 't.jsonl' })
    expect((await files.list())[0]!.status).toBe('processing')
    await files.delete('d')
    expect(await tune.create({ model: 'llama', training: file.id, epochs: 1 })).toMatchObject({
      id: 'j1',
      status: 'running',
      model: 'accounts/me/models/m',
    })
    expect((await tune.list()).map(({ status, error }) => [status, error])).toEqual([
      ['running', undefined],
      ['failed', 'bad'],
    ])
    expect((await tune.cancel('j1')).status).toBe('cancelled')
    expect(asked.find(({ method, path }) => method === 'POST' && path.endsWith('Jobs'))!.body).toEqual({
      baseModel: 'llama',
      dataset: 'accounts/me/datasets/d',
      epochs: 1,
    })
    expect(asked.at(-1)).toMatchObject({ method: 'DELETE', path: '/v1/accounts/me/supervisedFineTuningJobs/j1' })
    // one that has ended is not deleted
    const ended = serving(json({ ...job, state: 'JOB_STATE_COMPLETED' }))
    expect((await fireworksServices({ account: 'me', fetch: ended.fetch }).tune.cancel('j1')).status).toBe('done')
    expect(ended.asked).toHaveLength(1)
  })
})

describe('models', () => {
  test('are listed with what the server tells of them', async () => {
    const list = [
      {
        id: 'a',
        context_length: 1000,
        top_provider: { max_completion_tokens: 100 },
        architecture: { input_modalities: ['text', 'file', 'smell'], output_modalities: ['text'] },
        supported_parameters: ['tools'],
      },
      { id: 'b', context_window: 5 },
      { id: 'c' },
      { name: 'none' },
    ]
    for (const body of [list, { data: list }])
      expect(await own(serving(json(body)).fetch).listModels()).toEqual([
        {
          id: 'a',
          provider: 'openai',
          capabilities: { input: ['text', 'pdf'], output: ['text'], tools: true, reasoning: false, structured: false },
          limits: { context: 1000, output: 100 },
        },
        { id: 'b', provider: 'openai', limits: { context: 5 } },
        { id: 'c', provider: 'openai' },
      ])
    expect(await openaiModelInfo('a', { fetch: serving(json({ id: 'a' })).fetch })).toEqual({ id: 'a', provider: 'openai' })
    expect(await thrown(openaiModelInfo('a', { fetch: serving(json({})).fetch }))).toMatchObject({ code: 'model/garbled' })
  })

  test('tokens of a call are counted from what would be sent', async () => {
    const { fetch, asked } = serving(json({ input_tokens: 12 }))
    const call = {
      ...hi,
      system: 'Be brief.',
      maxTokens: 100,
      tools: [{ name: 'add', input: { type: 'object' } }],
      toolChoice: 'auto' as const,
    }
    expect(await own(fetch).countTokens('gpt-5.4', call)).toBe(12)
    expect(asked[0]).toMatchObject({ path: '/v1/responses/input_tokens' })
    expect(asked[0]!.body).toEqual({
      model: 'gpt-5.4',
      instructions: 'Be brief.',
      input: [{ role: 'user', content: 'hi' }],
      tools: [{ type: 'function', name: 'add', parameters: { type: 'object' }, strict: false }],
      tool_choice: 'auto',
    })
  })
})

test('a server has what is named, and nothing else', () => {
  const groq = groqServices()
  expect(Object.keys(groq).sort()).toEqual(['batch', 'files', 'listModels', 'provider', 'speak', 'transcribe'])
  expect('embed' in groq).toBe(false)
  // @ts-expect-error the type knows it too
  expect(groq.embed).toBeUndefined()
})

test('organisation, project and own headers go with every request', async () => {
  const { fetch, asked } = serving(json({ data: [] }))
  await openaiServices({ apiKey: async () => 'late', organization: 'org', project: 'proj', headers: { 'x-own': '1' }, fetch }).listModels()
  expect(Object.fromEntries(asked[0]!.headers)).toMatchObject({
    authorization: 'Bearer late',
    'openai-organization': 'org',
    'openai-project': 'proj',
    'x-own': '1',
  })
})
