// What makes Gemini worth choosing, through the loop: grounding, media both ways, caches, blocks, arguments in pieces.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  agent,
  type Agent,
  collect,
  type Event,
  type Input,
  type ModelSettings,
  run,
  stream,
  tool,
  type Tool,
  user,
} from '../../src/index.ts'
import { codeExecution, fileSearch, geminiTool, googleMaps, googleSearch, urlContext } from '../../src/providers/gemini-tools.ts'
import { interactions } from '../../src/providers/gemini-interactions.ts'
import { gemini, vertex } from '../../src/providers/gemini.ts'

type Fields = Record<string, unknown>

const sse = (events: readonly unknown[]): Response =>
  new Response(events.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  })
const candidate = (parts: unknown, more: object = {}): Fields => ({ candidates: [{ content: { role: 'model', parts }, ...more }] })
const stop = { finishReason: 'STOP' }
const done = [candidate([{ text: 'ok' }], stop)]

/** An agent whose model gives these answers, what it was sent, and a run that keeps its events. */
function talking(answers: readonly (readonly unknown[])[], tools: readonly Tool[] = [], make = gemini, id = 'gemini-3.8-flash') {
  const sent: Fields[] = []
  const fetch: typeof globalThis.fetch = async (_url, init) => {
    sent.push(JSON.parse(init?.body as string) as Fields)
    return sse(answers[sent.length - 1]!)
  }
  const one: Agent = agent({ name: 'one', instructions: 'Be kind.', model: make(id, { apiKey: 'k', fetch }), tools })
  const events = async (input: Input, settings: ModelSettings = {}): Promise<Event[]> => {
    const all: Event[] = []
    for await (const event of stream(one, input, { settings })) all.push(event)
    return all
  }
  return { one, sent, events }
}
const of = <T extends Event['type']>(events: readonly Event[], type: T): Extract<Event, { type: T }>[] =>
  events.filter((event): event is Extract<Event, { type: T }> => event.type === type)
const lastParts = (events: readonly Event[]): readonly Fields[] => of(events, 'message').at(-1)!.message.parts as never

describe('hosted tools', () => {
  test('each maker says what the vendor reads', async () => {
    const period = { start: '2026-01-01T00:00:00Z', end: '2026-02-01T00:00:00Z' }
    const tools = [
      googleSearch({ period, images: true }),
      googleMaps({ widget: true }),
      urlContext(),
      codeExecution(),
      fileSearch(['fileSearchStores/s'], { top: 3, filter: 'author="A"' }),
      geminiTool('computerUse', { environment: 'ENVIRONMENT_BROWSER' }),
    ]
    const { one, sent } = talking([done], tools)
    await run(one, 'hi')
    expect(sent[0]!.tools).toEqual([
      {
        googleSearch: {
          timeRangeFilter: { startTime: period.start, endTime: period.end },
          searchTypes: { webSearch: {}, imageSearch: {} },
        },
      },
      { googleMaps: { enableWidget: true } },
      { urlContext: {} },
      { codeExecution: {} },
      { fileSearch: { fileSearchStoreNames: ['fileSearchStores/s'], topK: 3, metadataFilter: 'author="A"' } },
      { computerUse: { environment: 'ENVIRONMENT_BROWSER' } },
    ])
    expect(tools.map(({ name }) => name)).toEqual([
      'google_search',
      'google_maps',
      'url_context',
      'code_execution',
      'file_search',
      'computer_use',
    ])
  })

  test('beside functions Gemini 3 is asked for its own calls; what it ran is shown and goes back in its place', async () => {
    const ran = [
      { executableCode: { language: 'PYTHON', code: 'print(6*7)', id: 'c' }, thoughtSignature: 'S' },
      { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '42\n', id: 'c' } },
    ]
    const asks = { functionCall: { name: 'add', args: {} }, thoughtSignature: 'T' }
    const add = tool({ name: 'add', run: () => 1 })
    const { sent, events } = talking([[candidate([...ran, asks], stop)], done], [codeExecution(), add])
    const all = await events('hi')
    expect(sent[0]!.toolConfig).toEqual({ includeServerSideToolInvocations: true })
    expect((sent[1]!.contents as { parts: unknown[] }[])[1]!.parts).toEqual([...ran, asks])
    expect(of(all, 'message')[0]!.message.parts).toMatchObject([
      { type: 'call', name: 'code_execution', by: 'provider' },
      { type: 'result', output: { output: '42\n' }, by: 'provider' },
      { type: 'call', name: 'add' },
    ])
  })

  test('settings of one tool, one part and one call go where they belong', async () => {
    const add = tool({ name: 'add', run: () => 1, providerOptions: { gemini: { behavior: 'BLOCKING' } } })
    const { one, sent } = talking([done], [add])
    await run(one, [{ type: 'text', text: 'say it', providerOptions: { gemini: { speechMetadata: { style: 'calm' } } } }], {
      settings: { providerOptions: { gemini: { safetySettings: [], retrievalConfig: { languageCode: 'de' } } } },
    })
    expect(sent[0]).toMatchObject({
      contents: [{ parts: [{ text: 'say it', speechMetadata: { style: 'calm' } }] }],
      tools: [{ functionDeclarations: [{ name: 'add', behavior: 'BLOCKING' }] }],
      safetySettings: [],
      toolConfig: { retrievalConfig: { languageCode: 'de' } },
    })
  })
})

describe('sources', () => {
  const said = '🙂 東京は首都。 Café 👩‍👩‍👧 ends.'
  const bytes = (text: string): number => new TextEncoder().encode(text).length
  const place = (words: string): Fields => ({
    startIndex: bytes(said.slice(0, said.indexOf(words))),
    endIndex: bytes(said.slice(0, said.indexOf(words) + words.length)),
    text: words,
  })
  const grounded = (chunks: unknown, words: readonly string[], more: object = {}): Fields =>
    candidate([{ text: said }], {
      ...stop,
      groundingMetadata: {
        groundingChunks: chunks,
        groundingSupports: words.map((word, at) => ({ segment: place(word), groundingChunkIndices: [at] })),
        ...more,
      },
    })

  test.each([
    ['a search', { web: { uri: 'https://a.example', title: 'a.example' } }, { url: 'https://a.example', title: 'a.example' }],
    [
      'a map',
      { maps: { uri: 'https://maps.example/1', title: 'Cafe', placeId: 'places/1', text: 'open' } },
      { url: 'https://maps.example/1', title: 'Cafe', text: 'open' },
    ],
    [
      'a store of files',
      { retrievedContext: { title: 'book.pdf', text: 'passage', fileSearchStore: 'fileSearchStores/s', pageNumber: 7 } },
      { title: 'book.pdf', text: 'passage', document: 'fileSearchStores/s', pages: [7, 7] },
    ],
  ])('of %s have their place in UTF-16 units', async (_, chunk, source) => {
    for (const words of ['東京は首都。', 'Café 👩‍👩‍👧', '🙂']) {
      const { events } = talking([[grounded([chunk], [words])]])
      const [found] = of(await events('hi'), 'source').map((event) => event.source)
      const start = said.indexOf(words)
      expect(found).toEqual({ ...source, start, end: start + words.length })
      expect(said.slice(found!.start, found!.end)).toBe(words)
    }
  })

  test('any text: a place in bytes becomes the place of the same words', async () => {
    const character = fc.constantFrom('a', 'é', '東', '🙂', '👍🏽', '\0', ' ')
    await fc.assert(
      fc.asyncProperty(fc.array(character, { minLength: 1, maxLength: 30 }), fc.nat(29), fc.nat(29), async (text, a, b) => {
        const [from, to] = [Math.min(a, b) % text.length, Math.max(a, b) % (text.length + 1)]
        if (from >= to) return
        const [before, words] = [text.slice(0, from).join(''), text.slice(from, to).join('')]
        const segment = { startIndex: bytes(before), endIndex: bytes(before + words) }
        const groundingMetadata = {
          groundingChunks: [{ web: { uri: 'u' } }],
          groundingSupports: [{ segment, groundingChunkIndices: [0] }],
        }
        const { events } = talking([[candidate([{ text: text.join('') }], { ...stop, groundingMetadata })]])
        const [{ source } = { source: undefined }] = of(await events('hi'), 'source')
        expect(source).toEqual({ url: 'u', start: before.length, end: before.length + words.length })
      }),
      { numRuns: 200 },
    )
  })

  test('pages that were fetched are sources; one that was not is none', async () => {
    const urlContextMetadata = {
      urlMetadata: [
        { retrievedUrl: 'https://a.example', urlRetrievalStatus: 'URL_RETRIEVAL_STATUS_SUCCESS' },
        { retrievedUrl: 'https://b.example', urlRetrievalStatus: 'URL_RETRIEVAL_STATUS_ERROR' },
      ],
    }
    const { events } = talking([[candidate([{ text: 'ok' }], { ...stop, urlContextMetadata })]], [urlContext()])
    expect(of(await events('hi'), 'source').map(({ source }) => source)).toEqual([{ url: 'https://a.example' }])
  })

  test('what must be shown beside an answer is a notice: no text, no part, not sent back', async () => {
    const html = '<style>a{}</style><script>alert(1)</script>'
    const more = { searchEntryPoint: { renderedContent: html }, webSearchQueries: ['tokyo', 7], googleMapsWidgetContextToken: 'map' }
    const { one, events, sent } = talking([[grounded([], [], more)], done], [googleSearch()])
    const all = await events('hi')
    const notices = of(all, 'notice')
    expect(notices.map(({ code, data }) => [code, data])).toEqual([
      ['model/search-entry-point', { html, mapsWidget: 'map', queries: ['tokyo'] }],
    ])
    expect(JSON.stringify(all.filter((event) => event.type !== 'notice'))).not.toContain('alert')
    await run(one, [...of(all, 'message').map(({ message }) => message), user('and?')])
    expect(JSON.stringify(sent[1])).not.toContain('alert')
    const plain = talking([[grounded([], [])]])
    expect(of(await plain.events('hi'), 'notice')).toEqual([])
  })

  test('what must be shown is not lost when more metadata comes after it', async () => {
    const early = candidate([{ text: 'So' }], {
      groundingMetadata: { searchEntryPoint: { renderedContent: '<b>' }, webSearchQueries: ['q'] },
    })
    const late = grounded([{ web: { uri: 'https://a.example' } }], [])
    const cited = candidate([], { ...stop, citationMetadata: { citations: [{ uri: 'https://b.example' }] } })
    const { events } = talking([[early, late, cited]])
    expect(of(await events('hi'), 'notice').map(({ data }) => data)).toEqual([{ html: '<b>', queries: ['q'] }])
  })

  test('a place in a later part is not taken for the same words before it', async () => {
    const parts = [{ text: 'So. Naïve. ' }, { text: 'Well. So.' }]
    const segment = { partIndex: 1, startIndex: 6, endIndex: 9, text: 'So.' }
    const more = {
      groundingMetadata: {
        groundingChunks: [{ web: { uri: 'https://a.example' } }],
        groundingSupports: [{ segment, groundingChunkIndices: [0] }],
      },
    }
    const { events } = talking([[candidate(parts, { ...stop, ...more })]])
    expect(of(await events('hi'), 'source').map(({ source }) => [source.start, source.end])).toEqual([[17, 20]])
  })

  test('a mark of byte order in the text takes its place', async () => {
    const text = '\uFEFFSo. Yes.'
    const metadata = {
      groundingChunks: [{ web: { uri: 'https://a.example' } }],
      groundingSupports: [{ segment: { startIndex: 7, endIndex: 11 }, groundingChunkIndices: [0] }],
    }
    const { events } = talking([[candidate([{ text }], { ...stop, groundingMetadata: metadata })]])
    const [{ source } = expect.unreachable('no source')] = of(await events('hi'), 'source')
    expect(text.slice(source.start, source.end)).toBe('Yes.')
  })

  test('a notice is bounded', async () => {
    const { events } = talking([[grounded([], [], { searchEntryPoint: { renderedContent: 'x'.repeat(1_000_000) } })]])
    const [notice] = of(await events('hi'), 'notice')
    expect((notice!.data as { html: string }).html).toHaveLength(65_536)
  })
})

test('an answer that does not stop is left, by either protocol', async () => {
  const many = (line: string, times: number): typeof fetch => {
    const bytes = new TextEncoder().encode(`data: ${line}\n\n`)
    let left = times
    return async () => new Response(new ReadableStream({ pull: (body) => (left-- > 0 ? body.enqueue(bytes) : body.close()) }))
  }
  const rest = ' '.repeat(15_000_000)
  for (const [make, line] of [
    [gemini, `{"candidates":[{"content":{"parts":[]},"finishReason":"STOP"}]${rest}}`],
    [interactions, `{"event_type":"interaction.status_update","status":"completed"${rest}}`],
  ] as const) {
    const ask = (times: number): Promise<unknown> =>
      collect(make('m', { apiKey: 'k', fetch: many(line, times) })({ messages: [user('hi')] })).then(
        () => 'no error',
        ({ code }: { code: string }) => code,
      )
    expect(await ask(1)).toBe(make === gemini ? 'no error' : 'model/truncated')
    expect(await ask(9)).toBe('model/garbled')
  }
})

describe('media', () => {
  test('sound and film go in by data, by file and by address, with settings of their own', async () => {
    const { one, sent } = talking([done])
    const videoMetadata = { startOffset: '10s', endOffset: '20s', fps: 2 }
    const file = 'https://generativelanguage.googleapis.com/v1beta/files/f1'
    await run(one, [
      { type: 'media', mime: 'audio/mp3', data: 'AAAA' },
      { type: 'media', mime: 'video/mp4', ref: file, store: 'gemini', providerOptions: { gemini: { videoMetadata } } },
      { type: 'media', mime: 'video/*', url: 'https://www.youtube.com/watch?v=abc' },
      { type: 'media', mime: 'application/pdf', url: 'gs://bucket/a.pdf' },
      { type: 'text', text: 'Compare.' },
    ])
    expect((sent[0]!.contents as Fields[])[0]!.parts).toEqual([
      { inlineData: { mimeType: 'audio/mp3', data: 'AAAA' } },
      { fileData: { fileUri: file, mimeType: 'video/mp4' }, videoMetadata },
      { fileData: { fileUri: 'https://www.youtube.com/watch?v=abc' } },
      { fileData: { fileUri: 'gs://bucket/a.pdf', mimeType: 'application/pdf' } },
      { text: 'Compare.' },
    ])
  })

  test('pictures and sound come out as parts of the message, and go back with their signature', async () => {
    const picture = { inlineData: { mimeType: 'image/png', data: 'AAAA' }, thoughtSignature: 'P' }
    const sound = { inlineData: { mimeType: 'audio/L16;codec=pcm;rate=24000', data: 'AAA=' } }
    const { one, sent, events } = talking([[candidate([{ text: 'Here:' }, picture, sound], stop)], done], [], gemini, 'gemini-3-pro-image')
    const all = await events('draw', {
      providerOptions: { gemini: { responseModalities: ['TEXT', 'IMAGE'], imageConfig: { aspectRatio: '1:1' } } },
    })
    expect(sent[0]!.generationConfig).toEqual({ responseModalities: ['TEXT', 'IMAGE'], imageConfig: { aspectRatio: '1:1' } })
    expect(lastParts(all)).toMatchObject([
      { type: 'text', text: 'Here:' },
      { type: 'media', mime: 'image/png', data: 'AAAA' },
      { type: 'media', mime: 'audio/L16;codec=pcm;rate=24000', data: 'AAA=' },
    ])
    await run(one, [user('draw'), ...of(all, 'message').map(({ message }) => message), user('bluer')])
    expect((sent[1]!.contents as { parts: Fields[] }[])[1]!.parts).toEqual([{ text: 'Here:' }, picture, sound])
  })
})

describe('blocks', () => {
  test.each([
    ['the prompt', [{ promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } }]],
    ['the prompt, in words', [{ promptFeedback: { blockReason: 'MODEL_ARMOR', blockReasonMessage: 'No.' } }]],
    ['the answer', [candidate([{ text: 'Well' }]), { candidates: [{ finishReason: 'SAFETY' }] }]],
    ['the answer, without content', [{ candidates: [{ finishReason: 'IMAGE_SAFETY' }] }]],
  ])('of %s end a run as a refusal', async (_, answer) => {
    const { events } = talking([answer])
    expect(of(await events('hi'), 'finish')[0]!.reason).toBe('refusal')
  })

  test('an answer that is not blocked ends well', async () => {
    const { events } = talking([[candidate([{ text: 'ok' }], { ...stop, safetyRatings: [{ category: 'X', probability: 'HIGH' }] })]])
    expect(of(await events('hi'), 'finish')[0]!.reason).toBe('stop')
  })
})

describe('caches', () => {
  test('what was read from a cache is told', async () => {
    const usageMetadata = { promptTokenCount: 3520, cachedContentTokenCount: 3512, candidatesTokenCount: 2, thoughtsTokenCount: 5 }
    const { one } = talking([[{ ...candidate([{ text: 'ok' }], stop), usageMetadata }]])
    expect((await run(one, 'hi')).usage).toEqual({ input: 3520, output: 7, cacheRead: 3512, reasoning: 5 })
  })

  test('a call with a cache sends neither system nor tools; the loop runs the cached tools all the same', async () => {
    const add = tool({ name: 'add', run: () => 42 })
    const asks = candidate([{ functionCall: { name: 'add', args: {} }, thoughtSignature: 'S' }], stop)
    const { sent, events } = talking([[asks], done], [add, googleSearch()])
    const all = await events('hi', { toolChoice: 'auto', providerOptions: { gemini: { cachedContent: 'cachedContents/c' } } })
    for (const body of sent) {
      expect(body).toMatchObject({ cachedContent: 'cachedContents/c' })
      for (const field of ['systemInstruction', 'tools', 'toolConfig']) expect(body).not.toHaveProperty(field)
    }
    expect(of(all, 'tool-result')[0]).toMatchObject({ name: 'add', output: 42 })
    const { sent: without, one } = talking([done], [add])
    await run(one, 'hi')
    expect(Object.keys(without[0]!)).toEqual(['contents', 'systemInstruction', 'tools'])
  })

  test('an answer held to JSON is asked for beside a cache too, in words where the family has no other way', async () => {
    const asked = async (id: string): Promise<Fields> => {
      const { one, sent } = talking([[candidate([{ text: '{"a":1}' }], stop)]], [tool({ name: 'add', run: () => 42 })], gemini, id)
      const output = { schema: { type: 'object' } }
      const providerOptions = { gemini: { cachedContent: 'cachedContents/c' } }
      await collect(one.model({ messages: [user('hi')], tools: [{ name: 'add' }], output, providerOptions }))
      return sent[0]!
    }
    expect(JSON.stringify((await asked('gemini-2.5-flash')).contents)).toContain('answer with JSON only')
    expect(await asked('gemini-3.8-flash')).toMatchObject({ generationConfig: { responseMimeType: 'application/json' } })
  })

  test('a rule that comes later is not lost: beside a cache it is said as a person’s', async () => {
    const { one, sent } = talking([done])
    await run(one, [user('hi'), { role: 'system', parts: [{ type: 'text', text: 'In French.' }] }], {
      settings: { providerOptions: { gemini: { cachedContent: 'cachedContents/c' } } },
    })
    expect(sent[0]!.contents).toEqual([{ role: 'user', parts: [{ text: 'hi' }, { text: 'In French.' }] }])
  })
})

describe('arguments in pieces (Vertex)', () => {
  const there: typeof gemini = (id, options) => vertex(id, { ...options, project: 'p' })
  const pieces = (...calls: Fields[]): Fields[] => [
    ...calls.map((functionCall) => candidate([{ functionCall }])),
    candidate([{ text: '' }], stop),
  ]
  const text = (jsonPath: string, stringValue: string, more: object = {}): Fields => ({ jsonPath, stringValue, ...more })
  const answered = async (events: readonly unknown[]) => {
    const fetch = async (): Promise<Response> => sse(events)
    const shown: string[] = []
    const model = there('gemini-3.8-flash', { fetch })
    const { parts, finish } = await collect(
      (async function* () {
        for await (const chunk of model({ messages: [user('hi')] })) {
          if (chunk.type === 'tool-input') shown.push(chunk.delta)
          yield chunk
        }
      })(),
    )
    return { parts: parts.filter(({ type }) => type === 'call'), finish, shown }
  }

  test('are asked for, shown as they come, and run once as a whole', async () => {
    const inputs: unknown[] = []
    const weather = tool({ name: 'weather', run: (input) => inputs.push(input) })
    const first = [
      candidate([{ functionCall: { name: 'weather', willContinue: true }, thoughtSignature: 'S' }]),
      ...pieces(
        { partialArgs: [text('$.city', 'New ', { willContinue: true })], willContinue: true },
        { partialArgs: [text('$.city', '東京 🙂"')], willContinue: true },
        { partialArgs: [{ jsonPath: '$.days[0].n', numberValue: 1.5 }], willContinue: true },
        {
          partialArgs: [
            { jsonPath: '$.days[1].n', boolValue: false },
            { jsonPath: "$['a b']", nullValue: 'NULL_VALUE' },
          ],
        },
        {},
      ),
    ]
    const { sent, events } = talking([first, done], [weather], there)
    const all = await events('hi', { providerOptions: { gemini: { streamFunctionCallArguments: true } } })
    const input = { city: 'New 東京 🙂"', days: [{ n: 1.5 }, { n: false }], 'a b': null }
    expect(inputs).toEqual([input])
    expect(sent[0]!.toolConfig).toEqual({ functionCallingConfig: { streamFunctionCallArguments: true } })
    const shown = of(all, 'tool-input').map(({ delta }) => delta)
    expect(shown.length).toBeGreaterThan(4)
    expect(JSON.parse(shown.join(''))).toEqual(input)
    expect((sent[1]!.contents as { parts: unknown[] }[])[1]!.parts).toEqual([
      { functionCall: { name: 'weather', args: input }, thoughtSignature: 'S' },
    ])
  })

  test('of several calls do not mix; an id that comes again goes on with its call', async () => {
    const { parts, finish } = await answered(
      pieces(
        { name: 'a', id: 'x', partialArgs: [text('$.q', 'San ')], willContinue: true },
        { name: 'a', id: 'x', partialArgs: [text('$.q', 'Jose')], willContinue: true },
        { name: 'b', willContinue: true },
        { name: 'c', args: { whole: 1 } },
      ),
    )
    expect(finish).toBe('tools')
    expect(parts).toMatchObject([
      { id: 'x', name: 'a', input: { q: 'San Jose' } },
      { name: 'b', input: {} },
      { name: 'c', input: { whole: 1 } },
    ])
  })

  test.each([
    ['no path', [text('city', 'x')]],
    ['a path that goes back', [text('$.a.b', 'x'), text('$.c', 'y'), text('$.a.d', 'z')]],
    ['a list that is an object', [text('$.a[0]', 'x'), text('$.a.b', 'y')]],
    ['a value of no kind', [{ jsonPath: '$.a', stringValue: {} }]],
    ['a path too deep', [text(`$${'.a'.repeat(101)}`, 'x')]],
  ])('with %s are told to the model as no input', async (_, partialArgs) => {
    const { parts } = await answered(pieces({ name: 'a', willContinue: true }, { partialArgs }))
    expect(parts).toMatchObject([{ name: 'a', invalid: true }])
    const { parts: good } = await answered(pieces({ name: 'a', willContinue: true }, { partialArgs: [text('$.a', 'x')] }))
    expect(good).toMatchObject([{ name: 'a', input: { a: 'x' } }])
    expect(good[0]).not.toHaveProperty('invalid')
  })

  test('that end in the middle are not run', async () => {
    const { parts, finish } = await answered([
      candidate([{ functionCall: { name: 'rm', partialArgs: [text('$.path', '/')], willContinue: true } }]),
      { candidates: [{ finishReason: 'MAX_TOKENS' }] },
    ])
    expect([finish, parts]).toMatchObject(['length', [{ name: 'rm', input: '{"path":"/', invalid: true }]])
  })

  test('any arguments, cut anywhere, come whole', async () => {
    const key = fc.constantFrom('a', 'b', '__proto__', 'constructor', 'a b', "it's", '東')
    const { value } = fc.letrec<{ value: unknown; leaf: unknown }>((tie) => ({
      leaf: fc.oneof(fc.string({ unit: 'grapheme' }), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)),
      value: fc.oneof(
        { maxDepth: 3 },
        tie('leaf'),
        fc.array(tie('value'), { minLength: 1, maxLength: 3 }),
        fc.dictionary(key, tie('value'), { minKeys: 1, maxKeys: 3 }),
      ),
    }))
    const object = fc.dictionary(key, value, { minKeys: 1, maxKeys: 3 })
    const cut = (at: string, inside: unknown): Fields[] => {
      if (typeof inside === 'string') {
        const middle = Math.floor(inside.length / 2)
        return [text(at, inside.slice(0, middle), { willContinue: true }), text(at, inside.slice(middle))]
      }
      if (typeof inside === 'number') return [{ jsonPath: at, numberValue: inside }]
      if (typeof inside === 'boolean') return [{ jsonPath: at, boolValue: inside }]
      if (inside === null) return [{ jsonPath: at, nullValue: 'NULL_VALUE' }]
      if (Array.isArray(inside)) return inside.flatMap((each, index) => cut(`${at}[${index}]`, each))
      return Object.entries(inside as object).flatMap(([name, each]) => cut(`${at}['${name.replace(/['\\]/g, '\\$&')}']`, each))
    }
    await fc.assert(
      fc.asyncProperty(object, async (args) => {
        const whole = JSON.parse(JSON.stringify(args)) as Fields
        const calls = cut('$', whole).map((piece) => ({ partialArgs: [piece], willContinue: true }))
        const { parts, shown } = await answered(pieces({ name: 'a', willContinue: true }, ...calls, {}))
        expect(parts).toMatchObject([{ name: 'a' }])
        expect(JSON.stringify((parts[0] as { input: unknown }).input)).toBe(JSON.stringify(whole))
        expect(JSON.stringify(JSON.parse(shown.join('')))).toBe(JSON.stringify(whole))
      }),
      { numRuns: 200 },
    )
  })

  test('of anything: nothing but an answer or a KitError', async () => {
    const piece = fc.record(
      {
        jsonPath: fc.oneof(fc.string(), fc.constant('$.a')),
        stringValue: fc.jsonValue(),
        numberValue: fc.jsonValue(),
        willContinue: fc.boolean(),
      },
      { requiredKeys: [] },
    )
    const call = fc.record(
      {
        name: fc.jsonValue(),
        id: fc.jsonValue(),
        args: fc.jsonValue(),
        partialArgs: fc.oneof(fc.array(piece), fc.jsonValue()),
        willContinue: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 5 }), async (calls) => {
        const { finish } = await answered(pieces(...(calls as Fields[])))
        expect(['stop', 'tools', 'other']).toContain(finish)
      }),
      { numRuns: 200 },
    )
  })
})
