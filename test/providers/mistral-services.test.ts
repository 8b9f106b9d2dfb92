import { describe, expect, test } from 'vitest'
import { collect, KitError, type MediaPart, type ModelCall, user } from '../../src/index.ts'
import { mistralFim } from '../../src/providers/mistral-fim.ts'
import { mistralServices } from '../../src/providers/mistral-services.ts'
import type { BatchResult } from '../../src/services.ts'
import { breaking, serving } from './served.ts'

const at = (fetch: typeof globalThis.fetch): ReturnType<typeof mistralServices> => mistralServices({ apiKey: 'secret', fetch })
const hi: ModelCall = { messages: [user('hi')] }
const pdf: MediaPart = { type: 'media', mime: 'application/pdf', data: btoa('%PDF'), name: 'a.pdf' }
const wav: MediaPart = { type: 'media', mime: 'audio/wav', data: btoa('RIFF') }
const file = { data: new Uint8Array([1, 2]), name: 'a.pdf', mime: 'application/pdf' }
const requests = [{ id: 'a', call: hi }]

async function all(results: AsyncIterable<BatchResult>): Promise<BatchResult[]> {
  const list: BatchResult[] = []
  for await (const result of results) list.push(result)
  return list
}

/** Each service, asked once. */
const services: readonly (readonly [string, (fetch: typeof globalThis.fetch, signal?: AbortSignal) => Promise<unknown>])[] = [
  [
    'embed',
    (fetch, signal) =>
      at(fetch)
        .embed('mistral-embed')
        .embed({ values: ['a'], signal }),
  ],
  ['ocr', (fetch, signal) => at(fetch).ocr('mistral-ocr-latest').read({ document: pdf, signal })],
  ['transcribe', (fetch, signal) => at(fetch).transcribe('voxtral-mini-latest').transcribe({ audio: wav, signal })],
  ['speak', (fetch, signal) => at(fetch).speak('voxtral-mini-tts-latest').speak({ text: 'hi', signal })],
  ['listModels', (fetch, signal) => at(fetch).listModels({ signal })],
  ['files.upload', (fetch, signal) => at(fetch).files.upload({ ...file, signal })],
  ['files.get', (fetch, signal) => at(fetch).files.get('f', { signal })],
  ['files.list', (fetch, signal) => at(fetch).files.list({ signal })],
  ['files.delete', (fetch, signal) => at(fetch).files.delete('f', { signal })],
  ['batch.create', (fetch, signal) => at(fetch).batch.create({ model: 'm', requests, signal })],
  ['batch.get', (fetch, signal) => at(fetch).batch.get('b', { signal })],
  ['batch.cancel', (fetch, signal) => at(fetch).batch.cancel('b', { signal })],
  ['batch.results', (fetch, signal) => all(at(fetch).batch.results('b', { signal }))],
  ['tune.create', (fetch, signal) => at(fetch).tune.create({ model: 'm', training: 'f', signal })],
  ['tune.list', (fetch, signal) => at(fetch).tune.list({ signal })],
  ['tune.start', (fetch, signal) => at(fetch).tune.start('t', { signal })],
]

describe.each(services)('faults of Mistral: %s', (_name, asking) => {
  test.each([
    [401, { detail: 'Unauthorized secret' }, 'model/auth', false],
    [404, { message: 'no such file' }, 'model/unknown', false],
    [400, { object: 'error', message: 'Invalid model: x', type: 'invalid_model' }, 'model/unknown', false],
    [422, { detail: [{ type: 'missing', loc: ['body'], msg: 'secret' }] }, 'model/request', false],
    [429, { message: 'Requests rate limit exceeded' }, 'model/rate', true],
    [500, 'oops', 'model/http', true],
  ] as const)('%i', async (status, body, code, retryable) => {
    const error = (await asking(serving(Response.json(body, { status })).fetch).catch((thrown: unknown) => thrown)) as KitError
    expect(error).toBeInstanceOf(KitError)
    expect(error).toMatchObject({ code, retryable, status, provider: 'mistral' })
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

test('Mistral: embed keeps the order of the values, and takes text alone', async () => {
  const { fetch, asked } = serving(
    Response.json({
      data: [
        { index: 1, embedding: [2] },
        { index: 0, embedding: [1] },
      ],
      usage: { prompt_tokens: 4, total_tokens: 4, completion_tokens: 0 },
    }),
  )
  const model = at(fetch).embed('mistral-embed')
  expect(
    await model.embed({ values: ['a', 'b'], purpose: 'query', dimensions: 8, providerOptions: { mistral: { output_dtype: 'float' } } }),
  ).toEqual({ vectors: [[1], [2]], usage: { input: 4, output: 0 } })
  expect(asked[0]).toMatchObject({
    path: '/v1/embeddings',
    body: { model: 'mistral-embed', input: ['a', 'b'], output_dimension: 8, output_dtype: 'float' },
  })
  await expect(model.embed({ values: [[wav]] })).rejects.toMatchObject({ code: 'model/unsupported' })
})

describe('Mistral: OCR', () => {
  test('pages as Markdown, figures with their places, pictures and annotations', async () => {
    const format = { type: 'json_schema', json_schema: { name: 'x', schema: {} } }
    const { fetch, asked } = serving(
      Response.json({
        pages: [
          {
            index: 2,
            markdown: '# A\n![img-0.jpeg](img-0.jpeg)',
            images: [
              {
                id: 'img-0.jpeg',
                top_left_x: 1,
                top_left_y: 2,
                bottom_right_x: 3,
                bottom_right_y: 4,
                image_base64: 'data:image/jpeg;base64,QQ==',
                image_annotation: '{"kind":"chart"}',
              },
              { id: 'img-1.jpeg', top_left_x: null, image_base64: null, image_annotation: 'no JSON' },
            ],
            dimensions: { dpi: 200, width: 100, height: 50 },
          },
          { markdown: null, images: null, dimensions: null },
        ],
        document_annotation: '{"title":"A"}',
      }),
    )
    const read = await at(fetch)
      .ocr('mistral-ocr-latest')
      .read({ document: pdf, pages: [3, 4], providerOptions: { mistral: { include_image_base64: true, bbox_annotation_format: format } } })
    expect(asked[0]).toMatchObject({
      path: '/v1/ocr',
      body: {
        model: 'mistral-ocr-latest',
        document: { type: 'document_url', document_url: `data:application/pdf;base64,${btoa('%PDF')}`, document_name: 'a.pdf' },
        pages: [2, 3],
        include_image_base64: true,
        bbox_annotation_format: format,
      },
    })
    const image = { type: 'media', mime: 'image/jpeg', data: 'QQ==', name: 'img-0.jpeg' }
    expect(read).toEqual({
      annotation: { title: 'A' },
      pages: [
        {
          page: 3,
          text: '# A\n![img-0.jpeg](img-0.jpeg)',
          images: [image],
          figures: [
            { name: 'img-0.jpeg', box: [1, 2, 3, 4], image, annotation: { kind: 'chart' } },
            { name: 'img-1.jpeg', annotation: 'no JSON' },
          ],
          size: { width: 100, height: 50 },
        },
        { page: 2, text: '', figures: [] },
      ],
    })
  })

  test('images, addresses and files of its own; nothing else', async () => {
    const { fetch, asked } = serving(Response.json({ pages: [] }))
    const reader = at(fetch).ocr('m')
    await reader.read({ document: { type: 'media', mime: 'image/png', data: 'QQ==' } })
    await reader.read({ document: { type: 'media', mime: 'application/pdf', url: 'https://a.example/a.pdf' } })
    await reader.read({ document: { type: 'media', mime: 'application/pdf', ref: 'f1', store: 'mistral' } })
    expect(asked.map(({ body }) => (body as { document: unknown }).document)).toEqual([
      { type: 'image_url', image_url: 'data:image/png;base64,QQ==' },
      { type: 'document_url', document_url: 'https://a.example/a.pdf' },
      { type: 'file', file_id: 'f1' },
    ])
    await expect(reader.read({ document: { type: 'media', mime: 'application/pdf', ref: 'f1', store: 'openai' } })).rejects.toMatchObject({
      code: 'model/unsupported',
    })
    await expect(
      at(serving(Response.json({})).fetch)
        .ocr('m')
        .read({ document: pdf }),
    ).rejects.toMatchObject({ code: 'model/garbled' })
  })
})

describe('Mistral: sound', () => {
  test('a transcript with segments, speakers, language, length', async () => {
    const segments = [
      { type: 'transcription_segment', text: 'Hello', start: 0, end: 1.5, speaker_id: 'speaker_1' },
      { text: 'there', start: 1.5, end: 2, speaker_id: null },
      { text: 'x', start: null, end: 2 },
      'x',
    ]
    const { fetch, asked } = serving(
      Response.json({
        model: 'm',
        text: 'Hello there',
        language: 'en',
        segments,
        usage: { prompt_audio_seconds: 2, prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
      }),
    )
    const model = at(fetch).transcribe('voxtral-mini-latest')
    expect(
      await model.transcribe({
        audio: wav,
        language: 'en',
        timestamps: 'segment',
        prompt: 'Ada Lovelace, Bob',
        providerOptions: { mistral: { diarize: true, temperature: 0 } },
      }),
    ).toEqual({
      text: 'Hello there',
      language: 'en',
      seconds: 2,
      segments: [
        { text: 'Hello', start: 0, end: 1.5, speaker: 'speaker_1' },
        { text: 'there', start: 1.5, end: 2 },
      ],
      usage: { input: 5, output: 3 },
    })
    expect(asked[0]).toMatchObject({
      path: '/v1/audio/transcriptions',
      body: {
        model: 'voxtral-mini-latest',
        language: 'en',
        timestamp_granularities: 'segment',
        context_bias: ['Ada_Lovelace', 'Bob'],
        diarize: 'true',
        temperature: '0',
        file: 'file.wav audio/wav 4',
      },
    })
    expect(
      await model.transcribe({ audio: wav, timestamps: 'word', providerOptions: { mistral: { context_bias: ['a', 'b'] } } }),
    ).toMatchObject({ words: [{ text: 'Hello' }, {}] })
    expect(asked[1]!.body).toMatchObject({ context_bias: ['a', 'b'] })
  })

  test('sound by its address or as a file of its own', async () => {
    const { fetch, asked } = serving(Response.json({ text: '', language: null, segments: [], usage: {} }))
    const model = at(fetch).transcribe('m')
    expect(await model.transcribe({ audio: { type: 'media', mime: 'audio/wav', url: 'https://a.example/a.wav' } })).toEqual({ text: '' })
    await model.transcribe({ audio: { type: 'media', mime: 'audio/wav', ref: 'f1', store: 'mistral' } })
    expect(asked.map(({ body }) => body)).toEqual([
      { model: 'm', file_url: 'https://a.example/a.wav' },
      { model: 'm', file_id: 'f1' },
    ])
    await expect(model.transcribe({ audio: { type: 'media', mime: 'audio/wav', ref: 'f1', store: 'openai' } })).rejects.toMatchObject({
      code: 'model/unsupported',
    })
    await expect(
      at(serving(Response.json({ text: 7 })).fetch)
        .transcribe('m')
        .transcribe({ audio: wav }),
    ).rejects.toMatchObject({ code: 'model/garbled' })
  })

  test('speech in a voice and a form, at one speed', async () => {
    const { fetch, asked } = serving(Response.json({ audio_data: 'SUQz' }))
    const model = at(fetch).speak('voxtral-mini-tts-latest')
    expect(await model.speak({ text: 'hi', voice: 'en_paul_neutral', instructions: 'gently' })).toEqual({
      audio: { type: 'media', mime: 'audio/mpeg', data: 'SUQz' },
    })
    expect(await model.speak({ text: 'hi', format: 'wav', speed: 1, providerOptions: { mistral: { ref_audio: 'QQ==' } } })).toMatchObject({
      audio: { mime: 'audio/wav' },
    })
    expect(asked.map(({ body }) => body)).toEqual([
      { model: 'voxtral-mini-tts-latest', input: 'hi', voice_id: 'en_paul_neutral' },
      { model: 'voxtral-mini-tts-latest', input: 'hi', response_format: 'wav', ref_audio: 'QQ==' },
    ])
    await expect(model.speak({ text: 'hi', speed: 2 })).rejects.toMatchObject({ code: 'model/unsupported' })
    for (const audio_data of [undefined, '', 'not base64!', 7])
      await expect(
        at(serving(Response.json({ audio_data })).fetch)
          .speak('m')
          .speak({ text: 'hi' }),
      ).rejects.toMatchObject({ code: 'model/garbled' })
  })
})

test('Mistral: files up, looked at, listed by pages, read, deleted; a file goes into a message', async () => {
  const raw = {
    id: 'f 1',
    object: 'file',
    bytes: 2,
    created_at: 1_786_389_977,
    filename: 'a.pdf',
    mimetype: 'application/pdf',
    purpose: 'ocr',
    expires_at: null,
  }
  const kept = {
    id: 'f 1',
    name: 'a.pdf',
    mime: 'application/pdf',
    bytes: 2,
    createdAt: 1_786_389_977_000,
    status: 'ready',
    part: { type: 'media', mime: 'application/pdf', ref: 'f 1', store: 'mistral', name: 'a.pdf' },
  }
  const { fetch, asked } = serving(
    Response.json(raw),
    Response.json(raw),
    Response.json({ data: Array.from({ length: 100 }, (_, id) => ({ ...raw, id: String(id) })), total: 101 }),
    Response.json({ data: [raw], total: 101 }),
    new Response(new Uint8Array([1, 2])),
    Response.json({ id: 'f 1', deleted: true }),
  )
  const { files } = at(fetch)
  expect(await files.upload(file)).toEqual(kept)
  expect(await files.get('f 1')).toEqual(kept)
  expect(await files.list()).toHaveLength(101)
  expect([...(await files.content('f 1'))]).toEqual([1, 2])
  expect(await files.delete('f 1')).toBeUndefined()
  expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /v1/files',
    'GET /v1/files/f%201',
    'GET /v1/files?page=0&page_size=100',
    'GET /v1/files?page=1&page_size=100',
    'GET /v1/files/f%201/content',
    'DELETE /v1/files/f%201',
  ])
  expect(asked[0]!.body).toEqual({ purpose: 'ocr', file: 'a.pdf application/pdf 2' })
  await expect(at(serving(Response.json({})).fetch).files.get('x')).rejects.toMatchObject({ code: 'model/garbled' })
})

describe('Mistral: batches', () => {
  const job = {
    id: 'b1',
    status: 'SUCCESS',
    created_at: 1,
    total_requests: 3,
    succeeded_requests: 2,
    failed_requests: 1,
    errors: [],
    output_file: 'o',
    error_file: 'e',
    outputs: null,
  }
  const answer = {
    id: 'x',
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'four' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  }
  const lines = (...all: unknown[]): Response => new Response(all.map((line) => JSON.stringify(line)).join('\n'))

  test('requests go in the job, as chat would send them, without a model of their own', async () => {
    const { fetch, asked } = serving(
      Response.json({ ...job, status: 'QUEUED', total_requests: 0, succeeded_requests: 0, failed_requests: 0 }),
    )
    const call: ModelCall = { ...hi, seed: 7, reasoning: { effort: 'low' }, providerOptions: { mistral: { safe_prompt: true } } }
    expect(
      await at(fetch).batch.create({
        model: 'mistral-small-latest',
        requests: [{ id: 'a', call }],
        providerOptions: { mistral: { timeout_hours: 1 } },
      }),
    ).toEqual({ id: 'b1', status: 'queued', createdAt: 1000, counts: { total: 0, done: 0, failed: 0 } })
    expect(asked[0]).toMatchObject({
      path: '/v1/batch/jobs',
      body: {
        endpoint: '/v1/chat/completions',
        model: 'mistral-small-latest',
        timeout_hours: 1,
        requests: [
          {
            custom_id: 'a',
            body: { messages: [{ role: 'user', content: 'hi' }], random_seed: 7, reasoning_effort: 'high', safe_prompt: true },
          },
        ],
      },
    })
    expect(JSON.stringify(asked[0]!.body)).not.toContain('"stream"')
    for (const wrong of [
      [],
      [{ id: 'a b', call }],
      [
        { id: 'a', call },
        { id: 'a', call },
      ],
    ])
      await expect(at(fetch).batch.create({ model: 'm', requests: wrong })).rejects.toThrow(TypeError)
  })

  test('results of both files: answers, refusals, and lines that are neither', async () => {
    const { fetch, asked } = serving(
      Response.json(job),
      lines(
        { custom_id: 'a', response: { status_code: 200, body: answer } },
        { custom_id: 'b', response: { status_code: 200, body: { choices: [] } } },
        { custom_id: 'c', response: null },
      ),
      lines({ custom_id: 'd', response: { status_code: 422, body: { detail: 'secret' } } }, { custom_id: 'e', error: { message: 'x' } }),
    )
    const results = await all(at(fetch).batch.results('b1'))
    expect(results).toMatchObject([
      { id: 'a', answer: { parts: [{ type: 'text', text: 'four' }], usage: { input: 1, output: 2 }, finish: 'stop' } },
      { id: 'b', error: { code: 'model/empty' } },
      { id: 'c', error: { code: 'model/garbled' } },
      { id: 'd', error: { code: 'model/request', status: 422 } },
      { id: 'e', error: { code: 'model/http' } },
    ])
    expect(results[3]!.error!.message).not.toContain('secret')
    expect(asked.map(({ path }) => path)).toEqual(['/v1/batch/jobs/b1', '/v1/files/o/content', '/v1/files/e/content'])
  })

  test('results that are in the job are read there', async () => {
    const { fetch, asked } = serving(Response.json({ ...job, outputs: [{ custom_id: 'a', response: { status_code: 200, body: answer } }] }))
    expect(await all(at(fetch).batch.results('b1'))).toMatchObject([{ id: 'a', answer: { finish: 'stop' } }])
    expect(asked).toHaveLength(1)
  })

  test.each([
    ['QUEUED', 'queued', true],
    ['RUNNING', 'running', true],
    ['CANCELLATION_REQUESTED', 'running', true],
    ['FAILED', 'failed', false],
    ['TIMEOUT_EXCEEDED', 'expired', false],
    ['CANCELLED', 'cancelled', false],
    ['SOMETHING', 'running', true],
  ])('%s is %s, and has no results', async (raw, status, retryable) => {
    const { fetch } = serving(
      Response.json({ ...job, status: raw, output_file: null, error_file: null, errors: [{ message: 'bad line', count: 1 }] }),
    )
    expect(await at(fetch).batch.get('b1')).toMatchObject({ status, error: 'bad line' })
    await expect(all(at(fetch).batch.results('b1'))).rejects.toMatchObject({ code: 'model/request', retryable })
  })

  test('a job is cancelled by its own address', async () => {
    const { fetch, asked } = serving(Response.json({ ...job, status: 'CANCELLATION_REQUESTED' }))
    expect(await at(fetch).batch.cancel('b/1')).toMatchObject({ status: 'running' })
    expect(asked[0]).toMatchObject({ method: 'POST', path: '/v1/batch/jobs/b%2F1/cancel' })
    await expect(at(serving(Response.json({})).fetch).batch.get('x')).rejects.toMatchObject({ code: 'model/garbled' })
  })
})

test('Mistral: tuning is asked for, looked at, listed, started and cancelled', async () => {
  const job = { id: 't1', status: 'QUEUED', created_at: 2, fine_tuned_model: null, model: 'ministral-8b' }
  const failed = { ...job, status: 'FAILED_VALIDATION', events: [{ name: 'status-updated', data: { error: 'bad line 3' } }] }
  const { fetch, asked } = serving(
    Response.json(job),
    Response.json({ ...job, status: 'SUCCESS', fine_tuned_model: 'ft:mine' }),
    Response.json({ data: [failed], total: 1 }),
    Response.json({ ...job, status: 'RUNNING' }),
    Response.json({ ...job, status: 'CANCELLED' }),
  )
  const { tune } = at(fetch)
  expect(
    await tune.create({
      model: 'ministral-8b',
      training: 'f1',
      validation: 'f2',
      suffix: 'mine',
      epochs: 2,
      learningRate: 0.0001,
      providerOptions: { mistral: { auto_start: false } },
    }),
  ).toEqual({ id: 't1', status: 'queued', createdAt: 2000, raw: job })
  expect(await tune.get('t1')).toMatchObject({ status: 'done', model: 'ft:mine' })
  expect(await tune.list()).toMatchObject([{ status: 'failed', error: 'bad line 3' }])
  expect(await tune.start('t1')).toMatchObject({ status: 'running' })
  expect(await tune.cancel('t1')).toMatchObject({ status: 'cancelled' })
  expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /v1/fine_tuning/jobs',
    'GET /v1/fine_tuning/jobs/t1',
    'GET /v1/fine_tuning/jobs?page=0&page_size=100',
    'POST /v1/fine_tuning/jobs/t1/start',
    'POST /v1/fine_tuning/jobs/t1/cancel',
  ])
  expect(asked[0]!.body).toEqual({
    model: 'ministral-8b',
    training_files: [{ file_id: 'f1', weight: 1 }],
    validation_files: ['f2'],
    suffix: 'mine',
    hyperparameters: { epochs: 2, learning_rate: 0.0001 },
    auto_start: false,
  })
  await expect(at(serving(Response.json({})).fetch).tune.get('x')).rejects.toMatchObject({ code: 'model/garbled' })
})

test('Mistral: the list of models, with what is told of them', async () => {
  const capabilities = { completion_chat: true, function_calling: true, vision: true, audio: false, reasoning: true }
  const { fetch } = serving(
    Response.json({
      object: 'list',
      data: [
        { id: 'mistral-small-2603', capabilities, max_context_length: 262_144 },
        { id: 'voxtral', capabilities: { audio: true } },
        { id: 'x' },
        { name: 'no id' },
      ],
    }),
  )
  expect(await at(fetch).listModels()).toEqual([
    {
      id: 'mistral-small-2603',
      provider: 'mistral',
      capabilities: { input: ['text', 'image', 'pdf'], tools: true, reasoning: true },
      limits: { context: 262_144 },
    },
    { id: 'voxtral', provider: 'mistral', capabilities: { input: ['text', 'audio'] } },
    { id: 'x', provider: 'mistral' },
  ])
})

describe('Mistral: the middle of code', () => {
  const chunk = (content: string, finish_reason: string | null = null): string =>
    `data: ${JSON.stringify({ id: 'a', model: 'codestral-2508', choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`
  const streamed = (...events: string[]): Response => new Response(events.join(''), { headers: { 'content-type': 'text/event-stream' } })

  test('is streamed, and asked for whole', async () => {
    const { fetch, asked } = serving(
      streamed(chunk('return '), chunk('a + b', 'stop'), 'data: [DONE]\n\n'),
      Response.json({
        id: 'a',
        choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'length' }],
        usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
      }),
    )
    const fim = mistralFim('codestral-latest', { apiKey: 'k', fetch })
    const call = {
      prompt: 'function add(a, b) { ',
      suffix: ' }',
      maxTokens: 9,
      minTokens: 1,
      seed: 0,
      stop: ['\n'],
      temperature: 0,
      topP: 1,
      providerOptions: { mistral: { metadata: { a: 'b' }, stream: 7 } },
    }
    expect(await collect(fim.complete(call))).toMatchObject({ finish: 'stop', parts: [{ type: 'text', text: 'return a + b' }] })
    expect(await collect(fim.complete({ prompt: 'a', stream: false }))).toMatchObject({
      finish: 'length',
      parts: [{ text: 'x' }],
      usage: { input: 3, output: 1 },
    })
    expect(asked.map(({ path, body }) => [path, body])).toEqual([
      [
        '/v1/fim/completions',
        {
          model: 'codestral-latest',
          prompt: 'function add(a, b) { ',
          suffix: ' }',
          max_tokens: 9,
          min_tokens: 1,
          random_seed: 0,
          stop: ['\n'],
          temperature: 0,
          top_p: 1,
          metadata: { a: 'b' },
          stream: true,
        },
      ],
      ['/v1/fim/completions', { model: 'codestral-latest', prompt: 'a', stream: false }],
    ])
    expect(asked[0]!.headers.get('authorization')).toBe('Bearer k')
  })

  test('fails as chat does, and ends with its signal', async () => {
    const of = (response: Response): Promise<unknown> =>
      collect(mistralFim('codestral-latest', serving(response)).complete({ prompt: 'a' }))
    await expect(of(streamed(chunk('a')))).rejects.toMatchObject({ code: 'model/truncated' })
    await expect(of(Response.json({ message: 'Unauthorized' }, { status: 401 }))).rejects.toMatchObject({ code: 'model/auth' })
    await expect(of(Response.json({ message: 'Invalid model: x' }, { status: 400 }))).rejects.toMatchObject({ code: 'model/unknown' })
    const gone = new Error('gone')
    const { fetch } = serving(streamed(chunk('a', 'stop')))
    await expect(collect(mistralFim('m', { fetch }).complete({ prompt: 'a', signal: AbortSignal.abort(gone) }))).rejects.toBe(gone)
    expect(() => mistralFim('m', { baseURL: 'nowhere' })).toThrow(TypeError)
  })
})
