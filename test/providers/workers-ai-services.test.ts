// What Workers AI has beside chat, by the binding and by REST.
import { describe, expect, test } from 'vitest'
import { type AiServicesBinding, workersAiServices } from '../../src/providers/workers-ai-services.ts'
import { embed, rerank } from '../../src/services/index.ts'

type Fields = Record<string, unknown>
type Given = (model: string, input: Fields) => unknown

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

/** The same services by both ways; REST wraps in `result` what is no response. */
const ways: readonly [name: string, make: (given: Given) => ReturnType<typeof workersAiServices>][] = [
  ['binding', (given) => workersAiServices({ binding: { run: async (model, input) => given(model, input) } })],
  [
    'REST',
    (given) =>
      workersAiServices({
        account: 'a',
        apiKey: 'k',
        fetch: async (url, init) => {
          const answer = await given((url as string).replace(/^.*\/ai\/run\//, ''), JSON.parse(init?.body as string) as Fields)
          return answer instanceof Response ? answer : Response.json({ result: answer, success: true, errors: [] })
        },
      }),
  ],
]

describe.each(ways)('by %s', (_way, make) => {
  /** Services that answer so, and what they were asked. */
  const asked = (answer: unknown): [ReturnType<typeof make>, [string, Fields][]] => {
    const seen: [string, Fields][] = []
    return [make((model, input) => (seen.push([model, input]), answer instanceof Response ? answer.clone() : answer)), seen]
  }

  test('embeddings come as rows or as items, one a text', async () => {
    for (const data of [
      [
        [1, 2],
        [3, 4],
      ],
      [{ embedding: [1, 2] }, { embedding: [3, 4] }],
    ]) {
      const [services, seen] = asked({ shape: [2, 2], data, usage: { prompt_tokens: 3 } })
      const found = await embed(services.embed('@cf/baai/bge-m3'), ['a', 'b'], {
        providerOptions: { 'workers-ai': { truncate_inputs: true } },
      })
      expect(found).toMatchObject({
        vectors: [
          [1, 2],
          [3, 4],
        ],
        usage: { input: 3, output: 0 },
      })
      expect(seen).toEqual([['@cf/baai/bge-m3', { text: ['a', 'b'], truncate_inputs: true }]])
    }
  })

  test('a model that knows questions from documents is told which', async () => {
    const [services, seen] = asked({ data: [[1]] })
    for (const purpose of ['query', 'document', 'similarity'] as const)
      await services.embed('@cf/qwen/qwen3-embedding-0.6b').embed({ values: ['a'], purpose })
    expect(seen.map(([, input]) => input)).toEqual([{ queries: ['a'] }, { documents: ['a'] }, { text: ['a'] }])
  })

  test('texts above the limit go in several requests', async () => {
    let requests = 0
    const services = make((_model, { text }) => (requests++, { data: (text as string[]).map((one) => [Number(one)]) }))
    const { vectors } = await embed(
      services.embed('@cf/baai/bge-m3'),
      Array.from({ length: 250 }, (_, n) => String(n)),
    )
    expect([requests, vectors.length, vectors[249]]).toEqual([3, 250, [249]])
  })

  test('documents are ranked, best first', async () => {
    const [services, seen] = asked({
      response: [
        { id: 0, score: 0.1 },
        { id: 1, score: 0.9 },
      ],
    })
    expect(await rerank(services.rerank('@cf/baai/bge-reranker-base'), 'q', ['a', 'b'], { top: 2 })).toEqual([
      { index: 1, score: 0.9 },
      { index: 0, score: 0.1 },
    ])
    expect(seen[0]![1]).toEqual({ query: 'q', contexts: [{ text: 'a' }, { text: 'b' }], top_k: 2 })
  })

  test.each<[what: string, answer: unknown]>([
    ['a document that was not given', { response: [{ id: 7, score: 1 }] }],
    ['a score that is none', { response: [{ id: 0, score: 'high' }] }],
  ])('a ranking with %s is garbled', async (_what, answer) => {
    const [services] = asked(answer)
    expect(await failure(services.rerank('r').rerank({ query: 'q', documents: ['a'] }))).toMatchObject({ code: 'model/garbled' })
  })

  test('speech is heard: the newest Whisper in base64 with its language, the others as bytes', async () => {
    const audio = { type: 'media' as const, mime: 'audio/wav', data: btoa('\x01\x02\xff') }
    const word = { word: 'Hi', start: 0, end: 0.4 }
    const [large, asLarge] = asked({
      text: 'Hi',
      transcription_info: { language: 'en', duration: 1.5 },
      segments: [{ text: 'Hi', start: 0, end: 0.5, words: [word] }],
    })
    expect(
      await large.transcribe('@cf/openai/whisper-large-v3-turbo').transcribe({ audio, language: 'en', prompt: 'p', timestamps: 'word' }),
    ).toEqual({
      text: 'Hi',
      language: 'en',
      seconds: 1.5,
      segments: [{ text: 'Hi', start: 0, end: 0.5 }],
      words: [{ text: 'Hi', start: 0, end: 0.4 }],
    })
    expect(asLarge[0]![1]).toEqual({ audio: audio.data, language: 'en', initial_prompt: 'p' })
    const [small, asSmall] = asked({ text: '', words: [word] })
    expect(await small.transcribe('@cf/openai/whisper').transcribe({ audio, timestamps: 'word' })).toEqual({
      text: '',
      words: [{ text: 'Hi', start: 0, end: 0.4 }],
    })
    expect(asSmall[0]![1]).toEqual({ audio: [1, 2, 255] })
    expect(
      await failure(small.transcribe('w').transcribe({ audio: { type: 'media', mime: 'audio/wav', url: 'https://x.example' } })),
    ).toMatchObject({ code: 'model/unsupported' })
    expect(await failure(asked({})[0].transcribe('w').transcribe({ audio }))).toMatchObject({ code: 'model/garbled' })
  })

  test('speech is said, as bytes or as base64', async () => {
    const [aura, asAura] = asked(new Response(new Uint8Array([1, 2, 3]), { headers: { 'content-type': 'audio/mpeg' } }))
    expect(await aura.speak('@cf/deepgram/aura-1').speak({ text: 'Hi', voice: 'luna', format: 'wav' })).toEqual({
      audio: { type: 'media', mime: 'audio/mpeg', data: 'AQID' },
    })
    expect(asAura[0]![1]).toEqual({ text: 'Hi', speaker: 'luna', encoding: 'linear16', container: 'wav' })
    const [melo, asMelo] = asked({ audio: 'AQID' })
    expect(await melo.speak('@cf/myshell-ai/melotts').speak({ text: 'Hi', voice: 'fr' })).toEqual({
      audio: { type: 'media', mime: 'audio/mpeg', data: 'AQID' },
    })
    expect(asMelo[0]![1]).toEqual({ prompt: 'Hi', lang: 'fr' })
  })

  test('images are drawn, several by several requests, as bytes or as base64', async () => {
    const [flux, asFlux] = asked({ image: '/9j/AAAA' })
    expect((await flux.image('@cf/black-forest-labs/flux-1-schnell').image({ prompt: 'p', n: 2 })).images).toEqual([
      { type: 'media', mime: 'image/jpeg', data: '/9j/AAAA' },
      { type: 'media', mime: 'image/jpeg', data: '/9j/AAAA' },
    ])
    expect(asFlux).toHaveLength(2)
    const [diffusion, asDiffusion] = asked(new Response(new Uint8Array([0x89, 0x50]), { headers: { 'content-type': 'image/png' } }))
    const image = { type: 'media' as const, mime: 'image/png', data: 'AAAA' }
    expect(
      (await diffusion.image('@cf/x/sd').image({ prompt: 'p', size: '512x256', images: [image], mask: { ...image, data: btoa('\x01') } }))
        .images[0],
    ).toMatchObject({ mime: 'image/png' })
    expect(asDiffusion[0]![1]).toEqual({ prompt: 'p', width: 512, height: 256, image_b64: 'AAAA', mask: [1] })
    for (const call of [
      { prompt: 'p', n: 9 },
      { prompt: 'p', images: [image, image] },
      { prompt: 'p', images: [{ type: 'media' as const, mime: 'image/png', url: 'https://x.example' }] },
    ])
      expect(await failure(flux.image('@cf/x/sd').image(call))).toMatchObject({ code: 'model/unsupported' })
    expect(await failure(flux.image('@cf/black-forest-labs/flux-2-dev').image({ prompt: 'p' }))).toMatchObject({
      code: 'model/unsupported',
    })
  })

  test.each<[what: string, answer: () => unknown, code: string]>([
    ['no such model', () => Response.json({ errors: [{ code: 5007, message: 'x' }] }, { status: 400 }), 'model/unknown'],
    ['no key', () => Response.json({ errors: [{ code: 10_000, message: 'x' }] }, { status: 401 }), 'model/auth'],
    ['the day is used up', () => Response.json({ errors: [{ code: 4006, message: 'x' }] }, { status: 429 }), 'model/quota'],
    ['500', () => new Response('oops', { status: 500 }), 'model/http'],
    ['an error with status 200', () => Response.json({ success: false, errors: [{ code: 3040, message: 'x' }] }), 'model/overloaded'],
    ['half a body', () => new Response('{"data":[[1', { headers: { 'content-type': 'application/json' } }), 'model/garbled'],
    ['nothing', () => ({}), 'model/garbled'],
    ['too few', () => ({ data: [[1]] }), 'model/garbled'],
    ['no numbers', () => ({ data: [['a'], null] }), 'model/garbled'],
  ])('embeddings: %s is its code', async (_what, answer, code) => {
    expect(
      await failure(
        make(answer)
          .embed('e')
          .embed({ values: ['a', 'b'] }),
      ),
    ).toMatchObject({ code })
  })

  test.each<[what: string, answer: () => unknown, code: string]>([
    ['an empty body', () => new Response(''), 'model/garbled'],
    ['no image in it', () => ({ picture: 'AAAA' }), 'model/garbled'],
    ['no base64', () => ({ image: 'not base64!' }), 'model/garbled'],
    [
      'refused words',
      () => Response.json({ errors: [{ code: 3030, message: 'Input prompt contains NSFW content' }] }, { status: 400 }),
      'model/filtered',
    ],
  ])('images: %s is its code', async (_what, answer, code) => {
    expect(await failure(make(answer).image('i').image({ prompt: 'p' }))).toMatchObject({ code })
  })

  test('an abort is its reason', async () => {
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    const services = make(() => Promise.reject(reason))
    expect(await failure(services.embed('e').embed({ values: ['a'], signal }))).toBe(reason)
  })
})

describe('documents as Markdown', () => {
  const document = { type: 'media' as const, mime: 'application/pdf', data: btoa('%PDF'), name: 'a.pdf' }
  const markdown =
    '# a.pdf\n## Metadata\n- PDFFormatVersion=1.4\n\n## Contents\n### Page 1\nOne.\n### Page 9\nstill one\n\n### Page 2\nTwo.'
  const pages = [
    { page: 1, text: 'One.\n### Page 9\nstill one' },
    { page: 2, text: 'Two.' },
  ]
  const by = (toMarkdown: AiServicesBinding['toMarkdown'], more = {}): ReturnType<typeof workersAiServices> =>
    workersAiServices({ binding: { run: async () => ({}), ...(toMarkdown && { toMarkdown }), ...more } })

  test('the pages of a PDF, all or some, by the binding', async () => {
    const seen: unknown[] = []
    const services = by(async ([file], options) => {
      seen.push([file!.name, file!.blob.type, await file!.blob.text(), options])
      return [{ format: 'markdown', data: markdown }]
    })
    expect(await services.ocr('').read({ document })).toEqual({ pages })
    expect(await services.ocr('').read({ document, pages: [2], providerOptions: { 'workers-ai': { conversionOptions: {} } } })).toEqual({
      pages: [pages[1]],
    })
    expect(seen).toEqual([
      ['a.pdf', 'application/pdf', '%PDF', {}],
      ['a.pdf', 'application/pdf', '%PDF', { conversionOptions: {} }],
    ])
  })

  test('by REST as a form', async () => {
    const services = workersAiServices({
      account: 'a',
      apiKey: 'k',
      fetch: async (url, init) => {
        expect(url).toBe('https://api.cloudflare.com/client/v4/accounts/a/ai/tomarkdown')
        const file = (await new Request(url as string, init).formData()).get('files') as File
        return Response.json({ success: true, result: [{ format: 'markdown', data: `${file.name} ${await file.text()}` }] })
      },
    })
    expect(await services.ocr('').read({ document })).toEqual({ pages: [{ page: 1, text: 'a.pdf %PDF' }] })
  })

  test('what cannot be read, or not here, is said', async () => {
    expect(
      await failure(
        by(async () => [{ format: 'error', error: 'secret' }])
          .ocr('')
          .read({ document }),
      ),
    ).toMatchObject({ code: 'model/request' })
    expect(
      await failure(
        by(async () => 'odd')
          .ocr('')
          .read({ document }),
      ),
    ).toMatchObject({ code: 'model/request' })
    expect(
      await failure(
        by(() => Promise.reject(new Error('down')))
          .ocr('')
          .read({ document }),
      ),
    ).toMatchObject({ code: 'model/http', retryable: true })
    expect(await failure(by(undefined).ocr('').read({ document }))).toMatchObject({ code: 'model/unsupported' })
    expect(
      await failure(
        by(undefined)
          .ocr('')
          .read({ document: { type: 'media', mime: 'application/pdf', url: 'https://x.example' } }),
      ),
    ).toMatchObject({ code: 'model/unsupported' })
  })

  test('an abort ends the wait', async () => {
    const reason = new Error('enough')
    const stop = new AbortController()
    const waiting = failure(
      by(() => new Promise(() => {}))
        .ocr('')
        .read({ document, signal: stop.signal }),
    )
    stop.abort(reason)
    expect(await waiting).toBe(reason)
  })

  test('models are listed by the binding and by REST', async () => {
    const result = [
      {
        name: '@cf/a',
        properties: [
          { property_id: 'context_window', value: '8192' },
          { property_id: 'function_calling', value: 'true' },
        ],
      },
      { name: '@cf/b', properties: null },
      { id: 'nameless' },
    ]
    const expected = [
      { id: '@cf/a', provider: 'workers-ai', capabilities: { tools: true }, limits: { context: 8192 } },
      { id: '@cf/b', provider: 'workers-ai', capabilities: { tools: false } },
    ]
    expect(await by(undefined, { models: async () => result }).listModels()).toEqual(expected)
    const rest = workersAiServices({ account: 'a', fetch: async () => Response.json({ success: true, result }) })
    expect(await rest.listModels()).toEqual(expected)
    expect(() => workersAiServices({})).toThrow(TypeError)
  })
})
