// What Hugging Face's router, its backends, endpoints and tasks do, and what must not go wrong because of it.
import { describe, expect, test } from 'vitest'
import { collect, type ModelCall, user } from '../../src/index.ts'
import { huggingfaceServices, type HuggingFaceServicesOptions } from '../../src/providers/huggingface-services.ts'
import { huggingface, type HuggingFaceOptions } from '../../src/providers/huggingface.ts'
import { embed, rerank } from '../../src/services/index.ts'

type Fields = Record<string, unknown>

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )
const hi: ModelCall = { messages: [user('hi')] }
const answering = (answer: () => Response, options: HuggingFaceOptions = {}): ReturnType<typeof huggingface> =>
  huggingface('org/m', { apiKey: 'k', ...options, fetch: async () => answer() })
const stream = (text: string): Response => new Response(text, { headers: { 'content-type': 'text/event-stream' } })
const chunk = (delta: Fields, finish_reason: string | null = null): Fields => ({ choices: [{ index: 0, delta, finish_reason }] })
const read = (text: string): ReturnType<typeof collect> => collect(answering(() => stream(text))(hi))

async function sent(call: Partial<ModelCall>, options: HuggingFaceOptions = {}): Promise<{ url: string; headers: Headers; body: Fields }> {
  let request: Request | undefined
  const fetch: typeof globalThis.fetch = async (url, init) => {
    request = new Request(url as string, init)
    return Response.json({ choices: [{ message: { content: 'ok' }, finish_reason: 'stop' }] })
  }
  await collect(huggingface('org/m:groq', { ...options, fetch })({ ...hi, ...call }))
  return { url: request!.url, headers: request!.headers, body: (await request!.json()) as Fields }
}

describe('chat', () => {
  test('`data:` without a space and no end mark: the reasons of TGI are ends', async () => {
    for (const reason of ['eos_token', 'stop_sequence', 'stop']) {
      const text = `data:${JSON.stringify(chunk({ role: 'assistant', content: 'Hel' }))}\n\ndata:${JSON.stringify(chunk({ content: 'lo' }, reason))}\n\n`
      expect(await read(text)).toMatchObject({ parts: [{ type: 'text', text: 'Hello' }], finish: 'stop' })
    }
    expect(await failure(read(`data:${JSON.stringify(chunk({ content: 'half' }))}\n\n`))).toMatchObject({ code: 'model/truncated' })
  })

  test('a call of old TGI is alone, no list, and its arguments are an object', async () => {
    const call = { index: 0, id: '', type: 'function', function: { name: 'add', arguments: { a: 1 } } }
    expect(await read(`data:${JSON.stringify(chunk({ tool_calls: call }, 'eos_token'))}\n\n`)).toMatchObject({
      parts: [{ type: 'call', name: 'add', input: { a: 1 } }],
      finish: 'tools',
    })
  })

  test('thinking comes under two names, by backend', async () => {
    for (const name of ['reasoning', 'reasoning_content'])
      expect((await read(`data: ${JSON.stringify(chunk({ [name]: 'Hm', content: null }, 'stop'))}\n\n`)).parts).toEqual([
        { type: 'reasoning', text: 'Hm' },
      ])
  })

  test('an error may come in a stream of status 200, also first', async () => {
    const text = `data:${JSON.stringify({ error: 'Input validation error: `inputs` must have less than 4096 tokens. Given: 9000', error_type: 'validation' })}\n\n`
    expect(await failure(read(text))).toMatchObject({ code: 'model/context', retryable: false })
    // the same request would be refused again
    expect(await failure(read('data:{"error":"Input validation error: secret","error_type":"validation"}\n\n'))).toMatchObject({
      code: 'model/request',
      retryable: false,
    })
    const error = await failure(read('data:{"error":"Request failed during generation: secret","error_type":"generation"}\n\n'))
    expect(error).toMatchObject({ code: 'model/http' })
    expect((error as Error).message).not.toContain('secret')
  })

  test.each<[what: string, answer: () => Response, code: string, more: Fields]>([
    ['a plain text', () => new Response('Failed to deserialize the JSON body', { status: 422 }), 'model/request', { retryable: false }],
    [
      'a list of errors',
      () => Response.json({ error: ['Error in `inputs.context`: field required'] }, { status: 400 }),
      'model/request',
      {},
    ],
    [
      'a model that is loading',
      () => Response.json({ error: 'Model org/m is currently loading', estimated_time: 20.5 }, { status: 503 }),
      'model/overloaded',
      { retryable: true, retryAfter: 20_500 },
    ],
    [
      'the credits are used up',
      () => Response.json({ error: 'You have exceeded your monthly included credits for Inference Providers.' }, { status: 402 }),
      'model/quota',
      { retryable: false },
    ],
    [
      'the old host',
      () =>
        Response.json(
          { error: 'https://api-inference.huggingface.co is no longer supported. Please use https://router.huggingface.co instead.' },
          { status: 410 },
        ),
      'model/unknown',
      { retryable: false },
    ],
    [
      'a model without this backend',
      () => Response.json({ error: 'Model org/m is not supported by provider groq.' }, { status: 400 }),
      'model/unknown',
      {},
    ],
    [
      'a model that no backend has',
      () => Response.json({ error: { message: "The requested model 'x' does not exist", code: 'model_not_found' } }, { status: 400 }),
      'model/unknown',
      {},
    ],
    [
      'a token without the right',
      () => Response.json({ error: 'This authentication method does not have sufficient permissions' }, { status: 403 }),
      'model/auth',
      {},
    ],
    [
      'a template',
      () => Response.json({ error: 'Template error: template not found', error_type: 'template_error' }, { status: 422 }),
      'model/request',
      {},
    ],
    [
      'a backend’s own limit',
      () => new Response('{"message":"slow down"}', { status: 429, headers: { 'retry-after': '3' } }),
      'model/rate',
      { retryable: true, retryAfter: 3000 },
    ],
    ['a page', () => new Response('<html>', { status: 502 }), 'model/http', { retryable: true }],
  ])('%s has its code', async (_what, answer, code, more) => {
    const error = await failure(collect(answering(answer)(hi)))
    expect(error).toMatchObject({ code, provider: 'huggingface', ...more })
    expect((error as Error).message).toMatch(/^huggingface answered \d{3}$/)
  })

  test('the router: the backend stays in the name, the payer in a header', async () => {
    const { url, headers, body } = await sent(
      { toolChoice: { tools: ['a'] }, tools: [{ name: 'a' }, { name: 'b' }] },
      { apiKey: 'k', billTo: 'org' },
    )
    expect([url, headers.get('authorization'), headers.get('x-hf-bill-to')]).toEqual([
      'https://router.huggingface.co/v1/chat/completions',
      'Bearer k',
      'org',
    ])
    expect(body).toMatchObject({ model: 'org/m:groq', tool_choice: 'auto', tools: [{ function: { name: 'a' } }] })
    expect((body.tools as unknown[]).length).toBe(1)
  })

  test('an endpoint: with a path as it is, without one at /v1', async () => {
    const at = async (endpoint: string): Promise<string> => (await sent({}, { endpoint })).url
    expect(await at('https://x.endpoints.huggingface.cloud')).toBe('https://x.endpoints.huggingface.cloud/v1/chat/completions')
    expect(await at('https://x.endpoints.huggingface.cloud/')).toBe('https://x.endpoints.huggingface.cloud/v1/chat/completions')
    expect(await at('https://x.endpoints.huggingface.cloud/api/v1')).toBe('https://x.endpoints.huggingface.cloud/api/v1/chat/completions')
    expect(await at('https://x.endpoints.huggingface.cloud/v1/chat/completions')).toBe(
      'https://x.endpoints.huggingface.cloud/v1/chat/completions',
    )
    expect(() => huggingface('m', { endpoint: 'nowhere' })).toThrow(TypeError)
  })

  test('a schema is a grammar for TGI, a schema elsewhere', async () => {
    const schema = { type: 'object', properties: {} }
    const endpoint = 'https://x.example'
    expect((await sent({ output: { schema } }, { endpoint })).body.response_format).toEqual({ type: 'json', value: schema })
    expect((await sent({ output: {} }, { endpoint })).body.response_format).toEqual({ type: 'json', value: { type: 'object' } })
    for (const options of [{}, { endpoint, engine: 'openai' as const }])
      expect((await sent({ output: { schema } }, options)).body.response_format).toMatchObject({
        type: 'json_schema',
        json_schema: { schema },
      })
    expect((await sent({ parallelTools: false }, { endpoint })).body).not.toHaveProperty('parallel_tool_calls')
    expect((await sent({ parallelTools: false })).body).toHaveProperty('parallel_tool_calls', false)
  })

  test('provider options at call and message level; media by what the model takes', async () => {
    const messages = [{ ...user('hi'), providerOptions: { 'openai-chat': { mark: 1 } } }]
    expect((await sent({ messages, providerOptions: { 'openai-chat': { tool_prompt: 'p' } } })).body).toMatchObject({
      tool_prompt: 'p',
      messages: [{ mark: 1 }],
    })
    const image: ModelCall['messages'] = [{ role: 'user', parts: [{ type: 'media', mime: 'image/png', data: 'AAAA' }] }]
    expect((await sent({ messages: image })).body.messages).toMatchObject([{ content: [{ type: 'image_url' }] }])
    await expect(sent({ messages: image }, { capabilities: { input: ['text'] } })).rejects.toMatchObject({ code: 'model/unsupported' })
  })
})

describe('tasks', () => {
  const services = (
    answer: (path: string, body: Fields) => unknown,
    options: HuggingFaceServicesOptions = {},
  ): ReturnType<typeof huggingfaceServices> =>
    huggingfaceServices({
      apiKey: 'k',
      ...options,
      fetch: async (url, init) => {
        const given = answer(
          (url as string).replace('https://router.huggingface.co', ''),
          init?.body ? (JSON.parse(init.body as string) as Fields) : {},
        )
        return given instanceof Response ? given : Response.json(given)
      },
    })
  const embedding = (answer: unknown, texts: string[], pooling?: 'mean' | 'cls'): Promise<unknown> =>
    services(() => answer, pooling && { pooling })
      .embed('m')
      .embed({ values: texts })
      .then(({ vectors }) => vectors)

  test('any task by its name, at the address of its model', async () => {
    const seen: unknown[] = []
    const any = services((path, body) => (seen.push([path, body]), [{ score: 1 }]))
    expect(await any.task('fill-mask', 'org/m', 'Hi [MASK]', { parameters: { top_k: 1 } })).toEqual([{ score: 1 }])
    await any.task(
      'sentence-similarity',
      'org/m:hf-inference',
      {},
      { providerOptions: { huggingface: { options: { wait_for_model: true } } } },
    )
    expect(seen).toEqual([
      ['/hf-inference/models/org/m', { inputs: 'Hi [MASK]', parameters: { top_k: 1 } }],
      ['/hf-inference/models/org/m/pipeline/sentence-similarity', { inputs: {}, options: { wait_for_model: true } }],
    ])
    expect(await failure(services(() => []).task('x', 'org/m:fal-ai', ''))).toMatchObject({ code: 'model/unsupported' })
  })

  test('an endpoint is asked at its own address', async () => {
    const seen: string[] = []
    await services((path) => (seen.push(path), [[1]]), { endpoint: 'https://x.endpoints.huggingface.cloud/embed' })
      .embed('m')
      .embed({ values: ['a'] })
    expect(seen).toEqual(['https://x.endpoints.huggingface.cloud/embed'])
  })

  test('vectors of any depth: one a text, or tokens pooled as it is said', async () => {
    const tokens = [
      [1, 2],
      [3, 4],
    ]
    expect(
      await embedding(
        [
          [1, 2],
          [3, 4],
        ],
        ['a', 'b'],
      ),
    ).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect(await embedding([tokens, tokens], ['a', 'b'])).toEqual([
      [2, 3],
      [2, 3],
    ])
    expect(await embedding([tokens, tokens], ['a', 'b'], 'cls')).toEqual([
      [1, 2],
      [1, 2],
    ])
    expect(await embedding([[tokens], [tokens]], ['a', 'b'])).toEqual([
      [2, 3],
      [2, 3],
    ])
    expect(await embedding([1, 2], ['a'])).toEqual([[1, 2]])
    expect(await embedding([[1, 2]], ['a'])).toEqual([[1, 2]])
    expect(await embedding(tokens, ['a'])).toEqual([[2, 3]])
    expect(await embedding([[tokens]], ['a'])).toEqual([[2, 3]])
  })

  test.each<[what: string, answer: unknown]>([
    ['too few', [[1, 2]]],
    ['too many', [[1], [1], [1]]],
    ['no list', { vectors: [] }],
    [
      'tokens of different lengths',
      [
        [[1, 2], [3]],
        [[1, 2], [3]],
      ],
    ],
    ['words', [['a'], ['b']]],
    ['null', null],
    [
      'several of one text',
      [
        [
          [[1], [2]],
          [[3], [4]],
        ],
        [
          [[1], [2]],
          [[3], [4]],
        ],
      ],
    ],
    ['empty', []],
  ])('vectors: %s is garbled', async (_what, answer) => {
    expect(await failure(embedding(answer, ['a', 'b']))).toMatchObject({ code: 'model/garbled' })
  })

  test('embed over any number of texts, in order, with what they are for', async () => {
    const seen: unknown[] = []
    const many = services((_path, { inputs, prompt_name }) => (seen.push(prompt_name), (inputs as string[]).map((text) => [Number(text)])))
    const { vectors } = await embed(
      many.embed('m'),
      Array.from({ length: 70 }, (_, n) => String(n)),
      { purpose: 'query' },
    )
    expect([vectors.length, vectors[69], seen]).toEqual([70, [69], ['query', 'query', 'query']])
  })

  test('a ranking: the similarity of sentences, or the ranker of an endpoint', async () => {
    const similar = services((_path, body) => (expect(body.inputs).toEqual({ source_sentence: 'q', sentences: ['a', 'b'] }), [0.2, 0.8]))
    const expected = [
      { index: 1, score: 0.8 },
      { index: 0, score: 0.2 },
    ]
    expect(await rerank(similar.rerank('m'), 'q', ['a', 'b'])).toEqual(expected)
    const ranker = services((_path, body) => (expect(body).toEqual({ query: 'q', texts: ['a', 'b'] }), expected), {
      endpoint: 'https://x.example/rerank',
    })
    expect(await rerank(ranker.rerank('m'), 'q', ['a', 'b'])).toEqual(expected)
    for (const answer of [[0.1], [0.1, 'x'], {}, [0.1, 0.2, 0.3]])
      expect(
        await failure(
          services(() => answer)
            .rerank('m')
            .rerank({ query: 'q', documents: ['a', 'b'] }),
        ),
      ).toMatchObject({ code: 'model/garbled' })
  })

  test('speech is heard and said, images are drawn', async () => {
    const seen: Fields[] = []
    const heard = services(
      (_path, body) => (
        seen.push(body),
        {
          text: 'Hi',
          chunks: [
            { text: 'Hi', timestamp: [0, 0.5] },
            { text: '!', timestamp: [0.5, null] },
          ],
        }
      ),
    )
    const audio = { type: 'media' as const, mime: 'audio/wav', data: 'AAAA' }
    expect(await heard.transcribe('m').transcribe({ audio, timestamps: 'word', language: 'en' })).toEqual({
      text: 'Hi',
      words: [
        { text: 'Hi', start: 0, end: 0.5 },
        { text: '!', start: 0.5, end: 0.5 },
      ],
    })
    expect(seen).toEqual([{ inputs: 'AAAA', parameters: { return_timestamps: 'word', generation_parameters: { language: 'en' } } }])
    expect((await heard.transcribe('m').transcribe({ audio })).segments).toHaveLength(2)
    expect(
      await failure(heard.transcribe('m').transcribe({ audio: { type: 'media', mime: 'audio/wav', url: 'https://x.example' } })),
    ).toMatchObject({ code: 'model/unsupported' })
    const bytes = (type: string) => () => new Response(new Uint8Array([1, 2, 3]), { headers: { 'content-type': type } })
    expect(await services(bytes('audio/flac')).speak('m').speak({ text: 'Hi', voice: 'v' })).toEqual({
      audio: { type: 'media', mime: 'audio/flac', data: 'AQID' },
    })
    expect((await services(bytes('image/jpeg')).image('m').image({ prompt: 'p', n: 2, size: '8x8' })).images).toEqual(
      Array(2).fill({ type: 'media', mime: 'image/jpeg', data: 'AQID' }),
    )
    expect(
      (
        await services(() => [{ image: 'AQID' }])
          .image('m')
          .image({ prompt: 'p' })
      ).images,
    ).toEqual([{ type: 'media', mime: 'image/*', data: 'AQID' }])
    expect(
      await failure(
        services(() => ({ url: 'x' }))
          .image('m')
          .image({ prompt: 'p' }),
      ),
    ).toMatchObject({ code: 'model/garbled' })
    expect(
      await failure(
        services(() => [])
          .image('m')
          .image({ prompt: 'p', images: [audio] }),
      ),
    ).toMatchObject({ code: 'model/unsupported' })
  })

  test.each<[what: string, answer: () => Response, code: string]>([
    ['401', () => Response.json({ error: 'Invalid credentials in Authorization header' }, { status: 401 }), 'model/auth'],
    ['429', () => new Response('', { status: 429 }), 'model/rate'],
    ['500', () => new Response('oops', { status: 500 }), 'model/http'],
    [
      'a model that is loading',
      () => Response.json({ error: 'Model m is currently loading', estimated_time: 3 }, { status: 503 }),
      'model/overloaded',
    ],
    ['an error with status 200', () => Response.json({ error: 'Model m is currently loading' }), 'model/overloaded'],
    ['half a body', () => new Response('[[1,'), 'model/garbled'],
  ])('%s has its code', async (_what, answer, code) => {
    expect(await failure(services(answer).task('fill-mask', 'm', 'x'))).toMatchObject({ code, provider: 'huggingface' })
  })

  test('an abort is its reason, before and during', async () => {
    const reason = new Error('enough')
    const stop = new AbortController()
    const hanging = huggingfaceServices({
      fetch: (_url, init) =>
        new Promise((_, reject) =>
          init!.signal!.aborted ? reject(reason) : init!.signal!.addEventListener('abort', () => reject(reason)),
        ),
    })
    const waiting = failure(hanging.task('x', 'm', '', { signal: stop.signal }))
    stop.abort(reason)
    expect(await waiting).toBe(reason)
    expect(await failure(hanging.task('x', 'm', '', { signal: AbortSignal.abort(reason) }))).toBe(reason)
  })

  test('models are listed with what any of their backends can do', async () => {
    const list = services((path) => {
      expect(path).toBe('/v1/models')
      return {
        data: [
          {
            id: 'org/a',
            architecture: { input_modalities: ['text', 'image'] },
            providers: [
              { context_length: 1000, supports_tools: false },
              { context_length: 2000, supports_tools: true, supports_structured_output: true },
            ],
          },
          { id: 'org/b', providers: null },
          { name: 'nameless' },
        ],
      }
    })
    expect(await list.listModels()).toEqual([
      {
        id: 'org/a',
        provider: 'huggingface',
        capabilities: { tools: true, structured: true, input: ['text', 'image'] },
        limits: { context: 2000 },
      },
      { id: 'org/b', provider: 'huggingface', capabilities: { tools: false, structured: false } },
    ])
  })
})
