// What Gemini does that others do not, and what must not go wrong because of it.
import { describe, expect, test } from 'vitest'
import { agent, type Chunk, collect, type Message, type ModelCall, type Part, run, type Source, tool, user } from '../src/index.ts'
import { gemini, type GeminiOptions, vertex } from '../src/providers/gemini.ts'

type Fields = Record<string, unknown>

const stream = (...events: unknown[]): Response =>
  new Response(events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\r\n\r\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  })
const candidate = (parts: unknown, more: object = {}): Fields => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, ...more }],
})
const stop = { finishReason: 'STOP' }
const text = (said: string, more: object = {}): Fields => ({ text: said, ...more })

/** A model that gets one answer. */
const answers = (response: Response | (() => Response), options: GeminiOptions = {}, id = 'gemini-3.8-flash') =>
  gemini(id, { apiKey: 'k', ...options, fetch: async () => (typeof response === 'function' ? response() : response) })
const read = (...events: unknown[]): ReturnType<typeof collect> => collect(answers(stream(...events))({ messages: [user('hi')] }))
async function chunksOf(...events: unknown[]): Promise<Chunk[]> {
  const chunks: Chunk[] = []
  for await (const chunk of answers(stream(...events))({ messages: [user('hi')] })) chunks.push(chunk)
  return chunks
}

/** What is sent for a call, as JSON. */
async function sent(
  call: Partial<ModelCall>,
  id = 'gemini-3.8-flash',
  options: GeminiOptions = {},
  make = gemini,
): Promise<Fields & { contents: Fields[] }> {
  let body = ''
  const fetch = async (_url: unknown, init?: RequestInit): Promise<Response> => {
    body = init?.body as string
    return stream(candidate([text('ok')], stop))
  }
  await collect(make(id, { ...options, fetch })({ messages: [user('hi')], ...call }))
  return JSON.parse(body) as never
}
const add = { name: 'add', input: { type: 'object' } }
const call = (id: string, name: string, more: object = {}): Part => ({ type: 'call', id, name, input: {}, ...more })
const signed = (data: Fields): { replay: { wire: string; data: never } } => ({ replay: { wire: 'gemini', data: data as never } })

describe('signatures', () => {
  test('stay on their own part, also on an empty text at the end, and nothing is joined', async () => {
    const { parts } = await read(
      candidate([text('Let me ', { thought: true }), text('see.', { thought: true })]),
      candidate([text('Hel')]),
      candidate([text('lo', {}), text(' there', { thoughtSignature: 'A' }), text('!')]),
      candidate([text('', { thoughtSignature: 'B' })], stop),
    )
    expect(parts).toEqual([
      { type: 'reasoning', text: 'Let me see.' },
      { type: 'text', text: 'Hello' },
      { type: 'text', text: ' there', ...signed({ thoughtSignature: 'A' }) },
      { type: 'text', text: '!' },
      { type: 'text', text: '', ...signed({ thoughtSignature: 'B' }) },
    ])
    const { contents } = await sent({ messages: [user('hi'), { role: 'assistant', parts }, user('and?')] })
    expect(contents[1]!.parts).toEqual([
      text('Hello'),
      text(' there', { thoughtSignature: 'A' }),
      text('!'),
      text('', { thoughtSignature: 'B' }),
    ])
  })

  test('what streams is what the parts hold', async () => {
    const chunks = await chunksOf(
      candidate([text('a'), text('b', { thoughtSignature: 'A' })]),
      candidate([text('t', { thought: true, thoughtSignature: 'T' })]),
      candidate([text('c')], stop),
    )
    const deltas = chunks.map((chunk) =>
      chunk.type === 'text' || chunk.type === 'reasoning' ? `${chunk.type}:${chunk.delta}` : chunk.type,
    )
    expect(deltas).toEqual(['text:a', 'part', 'text:b', 'part', 'reasoning:t', 'part', 'text:c', 'finish'])
  })

  test('a signed thought goes back as a thought; an unsigned one does not go back at all', async () => {
    const parts: Part[] = [
      { type: 'reasoning', text: 'mine', ...signed({ thoughtSignature: 'T' }) },
      { type: 'reasoning', text: 'a summary' },
      { type: 'text', text: 'yes' },
    ]
    const { contents } = await sent({ messages: [user('hi'), { role: 'assistant', parts }, user('go on')] })
    expect(contents[1]!.parts).toEqual([text('mine', { thought: true, thoughtSignature: 'T' }), text('yes')])
  })

  test('a picture’s signature stays on the picture; a picture that was only thought of is no answer', async () => {
    const inlineData = { mimeType: 'image/png', data: 'AAAA' }
    const { parts } = await read(
      candidate(
        [
          { inlineData, thought: true },
          { inlineData, thoughtSignature: 'P' },
        ],
        stop,
      ),
    )
    expect(parts).toEqual([{ type: 'media', mime: 'image/png', data: 'AAAA', ...signed({ thoughtSignature: 'P' }) }])
    const { contents } = await sent({ messages: [user('hi'), { role: 'assistant', parts }, user('bluer')] })
    expect(contents[1]!.parts).toEqual([{ inlineData, thoughtSignature: 'P' }])
  })

  test('a conversation that began elsewhere: Gemini 3 gets a stand-in on the first call of each turn, older models do not', async () => {
    const foreign = { replay: { wire: 'openai-responses', data: { id: 'fc_1' } } }
    const messages: Message[] = [
      user('hi'),
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', text: 'hm', replay: { wire: 'anthropic', data: { signature: 'x' } } },
          { type: 'opaque', kind: 'web_search_call', replay: { wire: 'openai-responses', data: {} } },
          call('toolu_1', 'search', { by: 'provider', ...foreign }),
          { type: 'text', text: 'I look.', ...foreign },
          call('call|1', 'a', foreign),
          call('call|2', 'b', foreign),
        ],
      },
      {
        role: 'tool',
        parts: [
          { type: 'result', id: 'call|2', name: 'b', output: { two: 2 } },
          { type: 'result', id: 'call|1', name: 'a', output: 'one' },
        ],
      },
      { role: 'assistant', parts: [{ type: 'refusal', text: 'No.' }] },
      user('why?'),
    ]
    const { contents } = await sent({ messages })
    expect(contents.slice(1)).toEqual([
      {
        role: 'model',
        parts: [
          text('I look.'),
          { functionCall: { name: 'a', args: {} }, thoughtSignature: 'skip_thought_signature_validator' },
          { functionCall: { name: 'b', args: {} } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { name: 'a', response: { output: 'one' } } },
          { functionResponse: { name: 'b', response: { two: 2 } } },
        ],
      },
      { role: 'model', parts: [text('No.')] },
      { role: 'user', parts: [text('why?')] },
    ])
    const older = await sent({ messages }, 'models/gemini-2.5-flash')
    expect(older.contents[1]!.parts).toEqual([
      text('I look.'),
      { functionCall: { name: 'a', args: {} } },
      { functionCall: { name: 'b', args: {} } },
    ])
  })

  test('a whole loop: signatures and ids go back, results in the order of their calls', async () => {
    const requests: Fields[] = []
    const turns = [
      stream(
        candidate([
          { functionCall: { name: 'a', args: { n: 1 }, id: 'x1' }, thoughtSignature: 'S' },
          { functionCall: { name: 'a', args: { n: 2 } } },
        ]),
        candidate([text('')], stop),
      ),
      stream(candidate([text('done')], stop)),
    ]
    const fetch = async (_url: unknown, init?: RequestInit): Promise<Response> => {
      requests.push(JSON.parse(init?.body as string) as Fields)
      return turns[requests.length - 1]!
    }
    const a = tool({ name: 'a', run: async (input) => (input as { n: number }).n })
    const looping = agent({ name: 'looping', model: gemini('gemini-3.8-flash', { fetch }), tools: [a] })
    expect((await run(looping, 'hi')).text).toBe('done')
    expect((requests[1]!.contents as Fields[]).slice(1)).toEqual([
      {
        role: 'model',
        parts: [
          { functionCall: { id: 'x1', name: 'a', args: { n: 1 } }, thoughtSignature: 'S' },
          { functionCall: { name: 'a', args: { n: 2 } } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'x1', name: 'a', response: { output: 1 } } },
          { functionResponse: { name: 'a', response: { output: 2 } } },
        ],
      },
    ])
  })
})

describe('what the provider runs', () => {
  const codeParts = [
    { executableCode: { language: 'PYTHON', code: 'print(1)', id: 'c1' }, thoughtSignature: 'S' },
    { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1\n', id: 'c1' } },
    { toolCall: { toolType: 'FILE_SEARCH', id: 't1' }, thoughtSignature: 'T' },
    { toolResponse: { toolType: 'FILE_SEARCH', id: 't1' }, thoughtSignature: 'U' },
    { somethingNew: { a: 1 }, thoughtSignature: 'V' },
    { thoughtSignature: 'W' },
  ]

  test('is told as calls and results of its own, and goes back as it came', async () => {
    const { parts, finish } = await read(candidate(codeParts.slice(0, 3)), candidate([...codeParts.slice(3), text('1')], stop))
    expect(finish).toBe('stop')
    expect(
      parts.map((part) => [part.type, 'name' in part ? part.name : 'kind' in part ? part.kind : '', 'by' in part ? part.by : '']),
    ).toEqual([
      ['call', 'code_execution', 'provider'],
      ['result', 'code_execution', 'provider'],
      ['call', 'file_search', 'provider'],
      ['result', 'file_search', 'provider'],
      ['opaque', 'somethingNew', ''],
      ['opaque', 'thoughtSignature', ''],
      ['text', '', ''],
    ])
    const { contents } = await sent({ messages: [user('hi'), { role: 'assistant', parts }, user('and?')] })
    expect(contents[1]!.parts).toEqual([...codeParts, text('1')])
  })

  test('Vertex knows neither the parts of searches nor the switch for them', async () => {
    const { parts } = await read(candidate(codeParts.slice(0, 4)), candidate([text('1')], stop))
    const messages: Message[] = [user('hi'), { role: 'assistant', parts }, user('and?')]
    const tools = [add, { name: 'search', hosted: { wire: 'gemini', definition: { googleSearch: {} } } }]
    const there = await sent({ messages, tools }, 'gemini-3.8-flash', {}, (id, options) => vertex(id, { ...options, project: 'p' }))
    expect([there.contents[1]!.parts, there.toolConfig]).toEqual([[...codeParts.slice(0, 2), text('1')], undefined])
    const here = await sent({ messages, tools })
    expect([here.contents[1]!.parts, here.toolConfig]).toEqual([
      [...codeParts.slice(0, 4), text('1')],
      { includeServerSideToolInvocations: true },
    ])
  })

  test('a result without id belongs to the call before it', async () => {
    const { parts } = await read(
      candidate(
        [{ executableCode: { code: '1' } }, { codeExecutionResult: { outcome: 'OUTCOME_OK' } }, { executableCode: { code: '2' } }],
        stop,
      ),
    )
    const [one, ran, two] = parts.map((part) => ('id' in part ? part.id : ''))
    expect(one).toBe(ran)
    expect(one).not.toBe(two)
  })

  test('hosted tools are sent as they are, those of another wire are not', async () => {
    const search = { name: 'search', hosted: { wire: 'gemini', definition: { googleSearch: {} } } }
    const other = { name: 'web', hosted: { wire: 'openai-responses', definition: { type: 'web_search' } } }
    const both = await sent({ tools: [add, search, other], toolChoice: { tool: 'search' } })
    expect([both.tools, both.toolConfig]).toEqual([
      [{ functionDeclarations: [{ name: 'add', parametersJsonSchema: { type: 'object' } }] }, { googleSearch: {} }],
      { includeServerSideToolInvocations: true },
    ])
    const alone = await sent({ tools: [search], toolChoice: 'required' })
    expect([alone.tools, alone.toolConfig]).toEqual([[{ googleSearch: {} }], undefined])
  })
})

describe('sources', () => {
  const said = 'Größe 🙂: 7 km. Zürich hat 400000.'
  const bytes = (upTo: string): number => new TextEncoder().encode(said.slice(0, said.indexOf(upTo))).length
  const sourcesIn = async (parts: unknown[], more: object): Promise<Source[]> =>
    (await chunksOf(candidate(parts.slice(0, -1)), candidate(parts.slice(-1), { ...stop, ...more }))).flatMap((chunk) =>
      chunk.type === 'source' ? [chunk.source] : [],
    )

  test('places are counted in bytes there and in UTF-16 units here', async () => {
    const [first, second, unused] = await sourcesIn([text(said.slice(0, 9)), text(said.slice(9))], {
      groundingMetadata: {
        groundingChunks: [{ web: { uri: 'https://a.example', title: 'A' } }, {}, { web: { uri: 'https://c.example' } }],
        groundingSupports: [
          { segment: { startIndex: bytes('7'), endIndex: bytes(' Zür'), text: '7 km.' }, groundingChunkIndices: [0, 1, 9] },
          { segment: { startIndex: bytes('Zür'), endIndex: bytes('400'), text: 'Zürich hat ' }, groundingChunkIndices: [0] },
        ],
      },
    })
    expect([said.slice(first!.start, first!.end), said.slice(second!.start, second!.end)]).toEqual(['7 km.', 'Zürich hat '])
    expect(first).toMatchObject({ url: 'https://a.example', title: 'A' })
    expect(unused).toEqual({ url: 'https://c.example' })
  })

  test('where the bytes do not give the words, the words are looked for; what is not there has no place', async () => {
    const of = (segment: object): Promise<Source[]> =>
      sourcesIn([text(said)], {
        groundingMetadata: {
          groundingChunks: [{ maps: { uri: 'https://m', title: 'M' } }],
          groundingSupports: [{ segment, groundingChunkIndices: [0] }],
        },
      })
    const start = said.indexOf('Zürich')
    expect(await of({ startIndex: 0, endIndex: 7, text: 'Zürich' })).toEqual([{ url: 'https://m', title: 'M', start, end: start + 6 }])
    expect(await of({ startIndex: 0, endIndex: 7, text: 'Paris' })).toEqual([{ url: 'https://m', title: 'M' }])
    expect(await of({ endIndex: 9_999 })).toEqual([{ url: 'https://m', title: 'M' }])
  })

  test('passages of documents, citations of both surfaces, and pages that were fetched', async () => {
    const found = await sourcesIn([text('abc')], {
      groundingMetadata: {
        groundingChunks: [
          {
            retrievedContext: {
              title: 'Doc',
              text: 'passage',
              fileSearchStore: 'stores/1',
              ragChunk: { pageSpan: { firstPage: 2, lastPage: 3 } },
            },
          },
        ],
      },
      citationMetadata: { citations: [{ startIndex: 1, endIndex: 2, uri: 'https://cited', license: 'MIT' }], citationSources: [] },
      urlContextMetadata: {
        urlMetadata: [
          { retrievedUrl: 'https://read', urlRetrievalStatus: 'URL_RETRIEVAL_STATUS_SUCCESS' },
          { retrievedUrl: 'https://cited', urlRetrievalStatus: 'URL_RETRIEVAL_STATUS_SUCCESS' },
          { retrievedUrl: 'https://failed', urlRetrievalStatus: 'URL_RETRIEVAL_STATUS_ERROR' },
        ],
      },
    })
    expect(found).toEqual([
      { title: 'Doc', text: 'passage', document: 'stores/1', pages: [2, 3] },
      { url: 'https://cited', start: 1, end: 2 },
      { url: 'https://read' },
    ])
    expect(await sourcesIn([text('abc')], { citationMetadata: { citationSources: [{ endIndex: 2, uri: 'https://old' }] } })).toEqual([
      { url: 'https://old', start: 0, end: 2 },
    ])
  })
})

describe('how an answer ends', () => {
  test.each([
    ['STOP', 'stop'],
    ['MAX_TOKENS', 'length'],
    ...['SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII', 'IMAGE_SAFETY', 'IMAGE_PROHIBITED_CONTENT'].map((raw) => [
      raw,
      'refusal',
    ]),
    ...['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'TOO_MANY_TOOL_CALLS'].map((raw) => [raw, 'error']),
    ...['LANGUAGE', 'OTHER', 'NO_IMAGE', 'FAKE_ENUM'].map((raw) => [raw, 'other']),
  ])('%s is %s, with and without content', async (finishReason, reason) => {
    expect((await read(candidate([text('x')], { finishReason }))).finish).toBe(reason)
    expect((await read({ candidates: [{ finishReason }] })).finish).toBe(reason)
    expect((await chunksOf({ candidates: [{ finishReason, content: {} }] })).at(-1)).toEqual({ type: 'finish', reason, raw: finishReason })
  })

  test('STOP with calls means tools; the last reason counts', async () => {
    expect((await read(candidate([{ functionCall: { name: 'a' } }], stop))).finish).toBe('tools')
    expect((await read(candidate([text('x')], stop), candidate([text('y')], { finishReason: 'MAX_TOKENS' }))).finish).toBe('length')
    expect((await read(candidate([text('x')], stop), { usageMetadata: { promptTokenCount: 1 } })).finish).toBe('stop')
  })

  test('a call that cannot be read ends a run with a retryable error', async () => {
    const broken = agent({ name: 'broken', model: answers(stream({ candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }] })) })
    await expect(run(broken, 'hi')).rejects.toMatchObject({ code: 'model/garbled', retryable: true })
  })

  test('a blocked prompt is a refusal, in the provider’s words where there are some', async () => {
    expect(await read({ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 3 } })).toEqual({
      parts: [],
      usage: { input: 3, output: 0 },
      finish: 'refusal',
    })
    const chunks = await chunksOf({ promptFeedback: { blockReason: 'MODEL_ARMOR', blockReasonMessage: 'Not this.' }, responseId: 'r' })
    expect(chunks).toEqual([
      { type: 'part', part: { type: 'refusal', text: 'Not this.' } },
      { type: 'finish', reason: 'refusal', raw: 'MODEL_ARMOR', id: 'r' },
    ])
    // ratings alone block nothing
    expect((await read({ ...candidate([text('fine')], stop), promptFeedback: { safetyRatings: [] } })).finish).toBe('stop')
  })

  test('a stream without its end is truncated; the same with its end is an answer', async () => {
    await expect(read(candidate([text('Hel')]))).rejects.toMatchObject({ code: 'model/truncated', retryable: true })
    await expect(read()).rejects.toMatchObject({ code: 'model/truncated' })
    expect((await read(candidate([text('Hel')]), candidate([text('lo')], stop))).parts).toEqual([{ type: 'text', text: 'Hello' }])
  })

  test('a whole body needs no reason, but an answer', async () => {
    const whole = (body: unknown): ReturnType<typeof collect> =>
      collect(answers(Response.json(body))({ stream: false, messages: [user('hi')] }))
    expect(await whole(candidate([text('Hi')]))).toMatchObject({ finish: 'stop', parts: [{ text: 'Hi' }] })
    expect(await whole({ candidates: [{ content: {} }] })).toMatchObject({ finish: 'other', parts: [] })
    await expect(whole({})).rejects.toMatchObject({ code: 'model/empty', retryable: true })
    await expect(whole({ candidates: null, usageMetadata: null, promptFeedback: null })).rejects.toMatchObject({ code: 'model/empty' })
  })

  test('other candidates are not mixed into the first', async () => {
    const two = (first: string, second: string, more = {}): Fields => ({
      candidates: [
        { index: 1, content: { parts: [text(second)] } },
        { index: 0, content: { parts: [text(first)] }, ...more },
      ],
    })
    expect((await read(two('a', 'x'), two('b', 'y', stop))).parts).toEqual([{ type: 'text', text: 'ab' }])
  })
})

describe('forms of a body', () => {
  const events = [
    candidate([text('Hel')]),
    { ...candidate([text('lo')], stop), usageMetadata: { promptTokenCount: 2, candidatesTokenCount: 1 } },
  ]
  const answer = { parts: [{ type: 'text', text: 'Hello' }], usage: { input: 2, output: 1 }, finish: 'stop' }

  test('a JSON array from a server that does not know alt=sse, and lines that end in any way', async () => {
    const lines = (end: string): string => events.map((event) => `data:${JSON.stringify(event)}${end}${end}`).join('')
    const bodies = [
      Response.json(events),
      ...['\n', '\r\n', '\r'].map((end) => new Response(lines(end).trimEnd(), { headers: { 'content-type': 'text/event-stream' } })),
      new Response(`: ping\n\ndata: [DONE]\n\n${lines('\n')}`),
    ]
    for (const body of bodies) expect(await collect(answers(body)({ messages: [user('hi')] }))).toEqual(answer)
  })

  test('an unreadable line is garbled, an unknown field passes', async () => {
    await expect(read(events[0], '{"candidates": [')).rejects.toMatchObject({ code: 'model/garbled' })
    expect(await read({ ...events[0], turnToken: 'x' }, { newEvent: 1 }, events[1])).toEqual(answer)
  })

  test('usage: thoughts are output, what hosted tools read is input, the last count stands', async () => {
    const { usage } = await read(
      { ...candidate([text('a')]), usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 99 } },
      {
        ...candidate([text('b')], stop),
        usageMetadata: {
          promptTokenCount: 10,
          toolUsePromptTokenCount: 5,
          candidatesTokenCount: 7,
          thoughtsTokenCount: 3,
          cachedContentTokenCount: 4,
        },
      },
      { usageMetadata: { trafficType: 'ON_DEMAND' } },
    )
    expect(usage).toEqual({ input: 15, output: 10, cacheRead: 4, reasoning: 3 })
  })

  test('arguments that are missing, null or no object', async () => {
    const functionCall = (args: unknown): Fields => ({ functionCall: { name: 'f', args } })
    const { parts } = await read(
      candidate(
        [{ functionCall: { name: 'f' } }, functionCall(null), functionCall('{"a":1}'), functionCall('{a'), functionCall([1])],
        stop,
      ),
    )
    expect(parts.map((part) => part.type === 'call' && [part.input, part.invalid])).toEqual([
      [{}, undefined],
      [{}, undefined],
      [{ a: 1 }, undefined],
      ['{a', true],
      [[1], undefined],
    ])
    const { contents } = await sent({ messages: [user('hi'), { role: 'assistant', parts: parts.slice(3) }] }, 'gemini-2.5-pro')
    expect(contents[1]!.parts).toEqual([
      { functionCall: { name: 'f', args: { input: '{a' } } },
      { functionCall: { name: 'f', args: { input: [1] } } },
    ])
  })
})

describe('errors', () => {
  const info = (reason: string): Fields => ({ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason })
  const retry = (retryDelay: unknown): Fields => ({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay })
  const quota = (quotaId: string): Fields => ({ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaId }] })
  const spent = 'You exceeded your current quota, please check your plan and billing details.'
  const cases: [number, string, string, Fields[], string, boolean, number?][] = [
    [400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [info('API_KEY_INVALID')], 'model/auth', false],
    [400, 'INVALID_ARGUMENT', 'API key expired. Please renew the API key.', [], 'model/auth', false],
    [
      400,
      'INVALID_ARGUMENT',
      'The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).',
      [],
      'model/context',
      false,
    ],
    [400, 'INVALID_ARGUMENT', 'Function call is missing a thought_signature.', [], 'model/request', false],
    [400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.', [], 'model/request', false],
    [400, 'FAILED_PRECONDITION', 'Please enable billing on your project.', [], 'model/quota', false],
    [401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.', [info('ACCESS_TOKEN_EXPIRED')], 'model/auth', false],
    [403, 'PERMISSION_DENIED', 'Not used in project.', [info('SERVICE_DISABLED')], 'model/auth', false],
    [403, 'PERMISSION_DENIED', 'This API method requires billing to be enabled.', [info('BILLING_DISABLED')], 'model/quota', false],
    [404, 'NOT_FOUND', 'models/x is not found', [], 'model/unknown', false],
    [
      429,
      'RESOURCE_EXHAUSTED',
      spent,
      [quota('GenerateRequestsPerMinutePerProjectPerModel-FreeTier'), retry('34.0748s')],
      'model/rate',
      true,
      34_075,
    ],
    [429, 'RESOURCE_EXHAUSTED', spent, [quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier'), retry('12s')], 'model/quota', false],
    [429, 'RESOURCE_EXHAUSTED', `${spent} limit: 0, model: m`, [retry('12s')], 'model/quota', false],
    [
      429,
      'RESOURCE_EXHAUSTED',
      'Resource exhausted. Please try again later.',
      [retry({ seconds: 3 }), retry('999999999s')],
      'model/rate',
      true,
    ],
    [499, 'CANCELLED', 'The operation was cancelled.', [], 'model/http', false],
    [500, 'INTERNAL', 'An internal error has occurred.', [], 'model/http', true],
    [503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.', [], 'model/overloaded', true],
    [504, 'DEADLINE_EXCEEDED', 'Deadline expired.', [], 'model/timeout', true],
  ]
  const bodyOf = ([code, status, message, details]: (typeof cases)[number]): Fields => ({ error: { code, status, message, details } })
  const failure = (response: Response): Promise<unknown> =>
    collect(answers(response)({ messages: [user('hi')] })).then(
      () => undefined,
      (error: unknown) => error,
    )

  test.each(cases)('%i %s: %s', async (...row) => {
    const [status, , , , code, retryable, retryAfter] = row
    const body = bodyOf(row)
    for (const said of [body, [body]])
      expect(await failure(Response.json(said, { status }))).toMatchObject({
        code,
        status,
        retryable,
        retryAfter,
        message: `gemini answered ${status}`,
      })
  })

  test('after 200: as an event, in an array, or as bare lines between events; what came before is kept', async () => {
    const body = bodyOf(cases.find(([, status]) => status === 'UNAVAILABLE')!)
    const began = candidate([text('Hel')])
    const ways = [
      stream(began, body),
      Response.json([began, body]),
      new Response(`data: ${JSON.stringify(began)}\r\n\r\n${JSON.stringify(body, null, 2)}\r\n`, {
        headers: { 'content-type': 'text/event-stream' },
      }),
    ]
    for (const response of ways) {
      const seen: Chunk[] = []
      const reading = (async () => {
        for await (const chunk of answers(response)({ messages: [user('hi')] })) seen.push(chunk)
      })()
      await expect(reading).rejects.toMatchObject({
        code: 'model/overloaded',
        retryable: true,
        message: 'gemini ended its answer with an error',
      })
      expect(seen).toEqual([{ type: 'text', delta: 'Hel' }])
    }
    const other = new Response(`data: ${JSON.stringify(candidate([text('x')], stop))}\n\n{\n"note": 1\n}\n`)
    expect(await failure(other)).toBeUndefined()
  })

  test('a page of a proxy has the code of its status', async () => {
    expect(await failure(new Response('<html>Bad Gateway</html>', { status: 502 }))).toMatchObject({ code: 'model/http', retryable: true })
    expect(await failure(Response.json({ error: 'no' }, { status: 401 }))).toMatchObject({ code: 'model/auth', retryable: false })
  })
})

describe('what is asked', () => {
  const thinking = async (reasoning: ModelCall['reasoning'], id: string): Promise<unknown> =>
    ((await sent({ reasoning }, id)).generationConfig as Fields | undefined)?.thinkingConfig
  test.each([
    ['gemini-3.8-flash', { effort: 'none' }, { thinkingLevel: 'MINIMAL' }],
    ['gemini-3.8-flash', { effort: 'medium', tokens: 9, summary: true }, { thinkingLevel: 'MEDIUM', includeThoughts: true }],
    ['gemini-3-pro-preview', { effort: 'minimal' }, { thinkingLevel: 'LOW' }],
    ['gemini-3-pro-preview', { effort: 'medium' }, { thinkingLevel: 'HIGH' }],
    ['gemini-3.1-pro-preview', { effort: 'max' }, { thinkingLevel: 'HIGH' }],
    ['gemini-3.8-flash', { tokens: 500 }, { thinkingBudget: 500 }],
    ['gemini-2.5-flash', { effort: 'none' }, { thinkingBudget: 0 }],
    ['gemini-2.5-pro', { effort: 'none' }, { thinkingBudget: 128 }],
    ['gemini-2.5-pro', { effort: 'max' }, { thinkingBudget: 32_768 }],
    ['gemini-2.5-flash-lite', { tokens: 5 }, { thinkingBudget: 512 }],
    ['gemini-2.5-flash', { effort: 'low', tokens: 50, summary: false }, { thinkingBudget: 50, includeThoughts: false }],
    ['gemini-2.0-flash', { effort: 'high', summary: true }, undefined],
    ['projects/p/locations/l/publishers/google/models/gemini-2.5-pro', { tokens: 99_999 }, { thinkingBudget: 32_768 }],
  ] as const)('%s thinks as %o says', async (id, reasoning, expected) => {
    expect(await thinking(reasoning, id)).toEqual(expected)
  })

  test.each([
    [undefined, undefined],
    ['auto', { mode: 'AUTO' }],
    ['none', { mode: 'NONE' }],
    ['required', { mode: 'ANY' }],
    [{ tool: 'add' }, { mode: 'ANY', allowedFunctionNames: ['add'] }],
    [
      { tools: ['add', 'gone'], required: true },
      { mode: 'ANY', allowedFunctionNames: ['add'] },
    ],
    [{ tools: ['add'] }, { mode: 'VALIDATED', allowedFunctionNames: ['add'] }],
  ] as const)('tool choice %o', async (toolChoice, functionCallingConfig) => {
    const { toolConfig } = await sent({ toolChoice, tools: [add] })
    expect(toolConfig).toEqual(functionCallingConfig && { functionCallingConfig })
    expect((await sent({ toolChoice })).toolConfig).toBeUndefined()
  })

  test('strict tools are validated', async () => {
    expect((await sent({ tools: [{ ...add, strict: true }] })).toolConfig).toEqual({ functionCallingConfig: { mode: 'VALIDATED' } })
  })

  test('penalties are told to models that take them', async () => {
    const settings = { presencePenalty: 0.5, frequencyPenalty: 1 }
    expect((await sent(settings, 'gemini-2.5-flash')).generationConfig).toEqual(settings)
    expect((await sent(settings, 'gemini-3.6-flash')).generationConfig).toBeUndefined()
  })

  test('JSON beside tools: held to its schema by Gemini 3, asked for in words before', async () => {
    const call = { tools: [add], output: { schema: { type: 'object' } }, system: 'Be kind.' }
    const three = await sent(call)
    expect([three.generationConfig, three.systemInstruction]).toEqual([
      { responseMimeType: 'application/json', responseJsonSchema: { type: 'object' } },
      { parts: [text('Be kind.')] },
    ])
    const two = await sent(call, 'gemini-2.5-flash')
    expect(two.generationConfig).toBeUndefined()
    expect(JSON.stringify(two.systemInstruction)).toContain('JSON')
    expect((await sent({ output: {} }, 'gemini-2.5-flash')).generationConfig).toEqual({ responseMimeType: 'application/json' })
  })

  test('a result is an object; its pictures are inside it for Gemini 3, beside it before; a person’s words come after it', async () => {
    const messages: Message[] = [
      user('hi'),
      { role: 'assistant', parts: [call('1', 'look'), call('2', 'list'), call('3', 'fail')] },
      user('hurry'),
      {
        role: 'tool',
        parts: [
          { type: 'result', id: '3', name: 'fail', error: { code: 'tool/failed', message: 'no luck' } },
          { type: 'result', id: '2', name: 'list', output: [1] },
          {
            type: 'result',
            id: '1',
            name: 'look',
            parts: [
              { type: 'text', text: 'seen' },
              { type: 'media', mime: 'image/png', data: 'AAAA' },
              { type: 'media', mime: 'image/png', url: 'https://pictures.example/1.png' },
            ],
          },
        ],
      },
    ]
    const inlineData = { mimeType: 'image/png', data: 'AAAA' }
    const fileData = { fileUri: 'https://pictures.example/1.png', mimeType: 'image/png' }
    const rest = [
      { functionResponse: { name: 'list', response: { output: [1] } } },
      { functionResponse: { name: 'fail', response: { error: 'no luck' } } },
      text('hurry'),
    ]
    expect((await sent({ messages })).contents[2]!.parts).toEqual([
      { functionResponse: { name: 'look', response: { output: 'seen\n[image/png]' }, parts: [{ inlineData }] } },
      ...rest,
      { fileData },
    ])
    expect((await sent({ messages }, 'gemini-2.5-flash')).contents[2]!.parts).toEqual([
      { functionResponse: { name: 'look', response: { output: 'seen\n[image/png]\n[image/png]' } } },
      ...rest,
      { inlineData },
      { fileData },
    ])
  })

  test('media by data, address and file; a file of another provider is refused', async () => {
    const media = (more: object): Message => ({ role: 'user', parts: [{ type: 'media', mime: 'video/mp4', ...more } as Part] })
    const first = async (more: object): Promise<unknown> => ((await sent({ messages: [media(more)] })).contents[0]!.parts as unknown[])[0]
    expect(await first({ data: 'AA', providerOptions: { gemini: { videoMetadata: { fps: 2 } } } })).toEqual({
      inlineData: { mimeType: 'video/mp4', data: 'AA' },
      videoMetadata: { fps: 2 },
    })
    expect(await first({ url: 'data:image/gif;base64,R0lG' })).toEqual({ inlineData: { mimeType: 'image/gif', data: 'R0lG' } })
    expect(await first({ url: 'https://v', mime: 'image/*' })).toEqual({ fileData: { fileUri: 'https://v' } })
    expect(await first({ ref: 'files/1', store: 'gemini' })).toEqual({ fileData: { fileUri: 'files/1', mimeType: 'video/mp4' } })
    await expect(first({ ref: 'file-1', store: 'openai' })).rejects.toMatchObject({ code: 'model/unsupported' })
  })

  test('what is empty is not sent, and neighbours of one role are one turn', async () => {
    const { contents, ...others } = await sent({
      messages: [
        user(''),
        { role: 'system', parts: [{ type: 'text', text: 'Later rule.' }] },
        user('a'),
        { role: 'assistant', parts: [{ type: 'text', text: '' }] },
        user('b'),
      ],
      system: 'Rule.',
    })
    expect(contents).toEqual([{ role: 'user', parts: [text('a'), text('b')] }])
    expect(others).toEqual({ systemInstruction: { parts: [text('Rule.'), text('Later rule.')] } })
  })

  test('options of the wire go where they belong; a new one goes into the settings, and none says what a neutral field says', async () => {
    const { contents, ...body } = await sent({
      maxTokens: 5,
      providerOptions: {
        gemini: {
          safetySettings: [],
          responseModalities: ['AUDIO'],
          thinkingConfig: { thinkingBudget: -1 },
          retrievalConfig: { languageCode: 'de' },
          contents: 'x',
          maxOutputTokens: 99,
          temperature: 2,
        },
        openai: { user: 'u' },
      },
    })
    expect(contents).toEqual([{ role: 'user', parts: [text('hi')] }])
    expect(body).toEqual({
      safetySettings: [],
      toolConfig: { retrievalConfig: { languageCode: 'de' } },
      generationConfig: { maxOutputTokens: 5, responseModalities: ['AUDIO'], thinkingConfig: { thinkingBudget: -1 }, contents: 'x' },
    })
  })
})

describe('where it is sent', () => {
  const target = async (
    make: (fetch: GeminiOptions['fetch']) => ReturnType<typeof gemini>,
    call: Partial<ModelCall> = {},
  ): Promise<[string, Headers]> => {
    let seen: [string, Headers] | undefined
    const fetch = async (url: unknown, init?: RequestInit): Promise<Response> => {
      seen = [url as string, new Headers(init?.headers)]
      return Response.json(candidate([text('ok')], stop))
    }
    await collect(make(fetch)({ messages: [user('hi')], ...call }))
    return seen!
  }

  test('the key is in a header and never in the address', async () => {
    const [url, headers] = await target((fetch) =>
      gemini('gemini-3.8-flash', { apiKey: async () => 'secret', fetch, headers: { 'x-more': '1' } }),
    )
    expect(url).toBe('https://generativelanguage.googleapis.com/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse')
    expect([headers.get('x-goog-api-key'), headers.get('authorization'), headers.get('x-more')]).toEqual(['secret', null, '1'])
  })

  test.each([
    [{ apiVersion: 'v1' }, 'https://generativelanguage.googleapis.com/v1/models/m:generateContent'],
    [{ baseURL: 'https://gate.example/google/' }, 'https://gate.example/google/v1beta/models/m:generateContent'],
    [{ baseURL: 'https://gate.example/v1beta' }, 'https://gate.example/v1beta/models/m:generateContent'],
  ])('%o', async (options, expected) => {
    expect((await target((fetch) => gemini('m', { ...options, fetch }), { stream: false }))[0]).toBe(expected)
  })

  test('a path of its own, and Vertex with its project, place and token', async () => {
    const [tuned] = await target((fetch) => gemini('tunedModels/mine', { fetch }), { stream: false })
    expect(tuned).toBe('https://generativelanguage.googleapis.com/v1beta/tunedModels/mine:generateContent')
    const options = { project: 'p', token: () => 't' }
    const [url, headers] = await target((fetch) => vertex('gemini-3.8-flash', { ...options, fetch }), { stream: false })
    expect(url).toBe(
      'https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/google/models/gemini-3.8-flash:generateContent',
    )
    expect([headers.get('authorization'), headers.get('x-goog-api-key')]).toEqual(['Bearer t', null])
    const [express, key] = await target((fetch) => vertex('gemini-3.8-flash', { apiKey: 'k', fetch }), { stream: false })
    expect(express).toBe('https://aiplatform.googleapis.com/v1/publishers/google/models/gemini-3.8-flash:generateContent')
    expect(key.get('x-goog-api-key')).toBe('k')
    const [there] = await target((fetch) => vertex('projects/q/locations/l/endpoints/7', { ...options, location: 'europe-west4', fetch }))
    expect(there).toBe('https://europe-west4-aiplatform.googleapis.com/v1/projects/q/locations/l/endpoints/7:streamGenerateContent?alt=sse')
  })

  test('what a model can is known by its name, and may be said otherwise', () => {
    expect(gemini('gemini-3.8-flash').info).toMatchObject({ provider: 'gemini', capabilities: { tools: true, reasoning: true } })
    expect(gemini('gemini-2.5-flash-image').info.capabilities).toMatchObject({ tools: false, reasoning: false, output: ['text', 'image'] })
    expect(vertex('gemini-2.0-flash', { project: 'p' }).info).toMatchObject({ provider: 'vertex', capabilities: { reasoning: false } })
    expect(gemini('mine', { family: { match: /./, output: ['audio'] }, limits: { output: 9 } }).info).toMatchObject({
      capabilities: { output: ['audio'] },
      limits: { output: 9 },
    })
  })

  test('an abort ends a stream that hangs', async () => {
    const abort = new AbortController()
    const hanging = gemini('m', {
      fetch: async (_url, init) =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(candidate([text('Hel')]))}\n\n`))
              init?.signal?.addEventListener('abort', () => controller.error(init.signal!.reason))
            },
          }),
        ),
    })
    const reading = (async () => {
      for await (const chunk of hanging({ messages: [user('hi')], signal: abort.signal }))
        if (chunk.type === 'text') abort.abort(new Error('enough'))
    })()
    await expect(reading).rejects.toThrow('enough')
  })
})
