import { describe, expect, test } from 'vitest'
import {
  agent,
  type Chunk,
  KitError,
  type MediaPart,
  type Message,
  model,
  type Model,
  type ModelCall,
  type ModelInfo,
  type Part,
  run,
  stream,
  tool,
} from '../src/index.ts'
import type { Files, ProviderFile, Reader, Transcriber } from '../src/services/index.ts'
import { ollama } from '../src/providers/ollama.ts'
import { openai } from '../src/providers/openai.ts'
import { openaiServices } from '../src/providers/openai-services.ts'
import { type Script, scripted } from '../src/testing/index.ts'
import { audio, document, guardedFetch, image, media, type MediaOptions, video } from '../src/media/index.ts'

const base64 = (bytes: number, fill = 'A'): string => btoa(fill.repeat(bytes))
const pdf = (data = base64(30), name?: string): MediaPart => ({ type: 'media', mime: 'application/pdf', data, ...(name && { name }) })
const png = (data = base64(30)): MediaPart => ({ type: 'media', mime: 'image/png', data })
const wav: MediaPart = { type: 'media', mime: 'audio/wav', data: base64(30), name: 'call.wav' }
const mp4: MediaPart = { type: 'media', mime: 'video/mp4', data: base64(30), name: 'talk.mp4' }

/** A model that takes these kinds, answers from a script, and remembers what it was asked. */
function taking(input: NonNullable<ModelInfo['capabilities']>['input'], ...answers: Script[]): Model & { calls: readonly ModelCall[] } {
  const script = scripted(...(answers.length ? answers : ['ok']))
  return Object.assign(model({ id: 'm', provider: 'p', capabilities: { tools: true, ...(input && { input }) } }, script), {
    calls: script.calls,
  })
}
function reader(text = 'Total: 12 €'): Reader & { read: Reader['read']; count: () => number } {
  let count = 0
  return {
    info: { id: 'ocr-1', provider: 'p' },
    count: () => count,
    async read() {
      count++
      return {
        pages: [
          { page: 1, text },
          { page: 2, text: 'end' },
        ],
      }
    },
  }
}
const transcriber: Transcriber = { info: { id: 'ears-1', provider: 'p' }, transcribe: async () => ({ text: 'hello there' }) }

interface Seen {
  notices: { code: string; message: string; data?: unknown }[]
  error?: { code: string; message: string }
  asked: readonly Part[]
}
async function see(
  m: Model & { calls: readonly ModelCall[] },
  input: readonly Part[] | readonly Message[],
  options: MediaOptions,
  tools = [] as ReturnType<typeof tool>[],
): Promise<Seen> {
  const seen: Seen = { notices: [], asked: [] }
  for await (const event of stream(agent({ name: 'a', model: m, use: [media(options)], tools }), input)) {
    if (event.type === 'notice') seen.notices.push({ code: event.code, message: event.message, data: event.data })
    if (event.type === 'error') seen.error = { code: event.code, message: event.message }
  }
  seen.asked = m.calls.at(-1)?.messages.flatMap(({ parts }) => parts) ?? []
  return seen
}

describe('a kind that the model lacks', () => {
  test('is refused before the model is asked, in words that say which', async () => {
    for (const [part, kind] of [
      [pdf(), 'pdf'],
      [png(), 'image'],
      [wav, 'audio'],
      [mp4, 'video'],
    ] as const) {
      const m = taking(['text'])
      const { error } = await see(m, [{ type: 'text', text: 'look' }, part], {})
      expect(error).toMatchObject({ code: 'model/unsupported' })
      expect(error!.message).toContain(`m takes no ${kind}`)
      expect(m.calls).toEqual([])
    }
  })
  test('is passed on where the model takes it, or where nobody said what it takes', async () => {
    for (const input of [['text', 'pdf'] as const, undefined]) {
      const { asked, error, notices } = await see(taking(input), [pdf()], {})
      expect(error).toBeUndefined()
      expect(asked).toEqual([pdf()])
      expect(notices).toEqual([])
    }
    expect((await see(taking(undefined), [pdf()], { input: ['text'] })).error).toMatchObject({ code: 'model/unsupported' })
    expect((await see(taking(undefined), [pdf()], { input: async () => ['text'] })).error).toMatchObject({ code: 'model/unsupported' })
    expect((await see(taking(['text']), [pdf()], { input: async () => undefined })).error).toMatchObject({ code: 'model/unsupported' })
    expect((await see(taking(['text']), [pdf()], { input: async ({ id }) => (id === 'm' ? ['text', 'pdf'] : []) })).error).toBeUndefined()
  })
  test('becomes text where a reader was given, and a notice says so', async () => {
    const { asked, notices } = await see(taking(['text']), [pdf(base64(3), 'bill.pdf')], { degrade: { pdf: reader() } })
    expect(asked).toEqual([{ type: 'text', text: '[bill.pdf, read as text]\n[page 1]\nTotal: 12 €\n\n[page 2]\nend' }])
    expect(notices).toEqual([
      {
        code: 'media/degraded',
        message: 'bill.pdf is given as text (ocr-1)',
        data: { from: 'pdf', to: 'text', by: 'ocr-1', name: 'bill.pdf' },
      },
    ])
  })
  test('that was not asked to be degraded is refused although another is', async () => {
    const { error } = await see(taking(['text']), [pdf(), wav], { degrade: { pdf: reader() } })
    expect(error).toMatchObject({ code: 'model/unsupported', message: 'm takes no audio: call.wav' })
  })
  test('sound becomes its transcript', async () => {
    const { asked, notices } = await see(taking(['text']), [wav], { degrade: { audio: transcriber } })
    expect(asked).toEqual([{ type: 'text', text: '[call.wav, what is said in it]\nhello there' }])
    expect(notices[0]!.data).toMatchObject({ from: 'audio', to: 'transcript', by: 'ears-1' })
  })
  test('film becomes stills and a transcript, as far as the model sees', async () => {
    const frames = async (): Promise<MediaPart[]> => Array.from({ length: 40 }, () => png())
    const sees = await see(taking(['text', 'image']), [mp4], { degrade: { video: { frames, transcriber } } })
    expect(sees.asked.filter(({ type }) => type === 'media')).toHaveLength(32)
    expect(sees.asked.at(-1)).toEqual({ type: 'text', text: '[talk.mp4, what is said in it]\nhello there' })
    expect(sees.notices.map(({ code }) => code)).toEqual(['media/degraded', 'media/cut'])
    const blind = await see(taking(['text']), [mp4], { degrade: { video: { frames, transcriber } } })
    expect(blind.asked).toHaveLength(1)
    expect((await see(taking(['text']), [mp4], { degrade: { video: { frames } } })).error).toMatchObject({ code: 'model/unsupported' })
    const odd = await see(taking(['text', 'image']), [mp4], { degrade: { video: { frames: async () => [wav] } } })
    expect(odd.error).toMatchObject({ code: 'model/garbled' })
  })
  test('is cut where its text has no end', async () => {
    const { asked, notices } = await see(taking(['text']), [pdf()], { degrade: { pdf: reader('x'.repeat(1000)) }, maxText: 100 })
    expect((asked[0] as { text: string }).text.length).toBeLessThan(110)
    expect(notices.map(({ code }) => code)).toEqual(['media/degraded', 'media/cut'])
  })
  test('is read once in a tool loop, also where a layer copies the messages', async () => {
    const call = (id: string): Part => ({ type: 'call', id, name: 'look', input: {} })
    const eyes = reader()
    const m = taking(['text'], [call('1')], [call('2')], 'done')
    const copies = {
      async *model(call: ModelCall, next: Model): AsyncGenerator<Chunk> {
        yield* next({ ...call, messages: structuredClone(call.messages) as Message[] })
      },
    }
    const notices: string[] = []
    const look = tool({ name: 'look', run: () => 'seen' })
    for await (const event of stream(agent({ name: 'a', model: m, use: [copies, media({ degrade: { pdf: eyes } })], tools: [look] }), [
      pdf(),
    ]))
      if (event.type === 'notice') notices.push(event.code)
    expect(m.calls).toHaveLength(3)
    expect(eyes.count()).toBe(1)
    expect(notices).toEqual(['media/degraded'])
    for (const { messages } of m.calls) expect(messages[0]!.parts[0]).toMatchObject({ type: 'text' })
  })
  test.each(['first', 'resumed', 'recovered'] as const)('is degraded in a %s run, with a question open in it', async (attempt) => {
    const eyes = reader()
    const open: Message[] = [
      { role: 'user', parts: [pdf()] },
      { role: 'assistant', parts: [{ type: 'call', id: '1', name: 'look', input: {} }] },
    ]
    const m = taking(['text'])
    const a = agent({ name: 'a', model: m, use: [media({ degrade: { pdf: eyes } })], tools: [tool({ name: 'look', run: () => 'seen' })] })
    const notices: string[] = []
    for await (const event of stream(a, open, { attempt, steps: attempt === 'first' ? 0 : 1 }))
      if (event.type === 'notice') notices.push(event.code)
    expect(m.calls[0]!.messages[0]!.parts[0]).toMatchObject({ type: 'text' })
    expect([eyes.count(), ...notices]).toEqual([1, 'media/degraded'])
  })
  test('that cannot be read ends the run with the cause, and is tried again by the next run', async () => {
    let times = 0
    const shaky: Reader = {
      info: { id: 'ocr', provider: 'p' },
      async read() {
        if (times++ === 0) throw new KitError('model/overloaded', 'busy', { retryable: true })
        return { pages: [{ page: 1, text: 'ok' }] }
      },
    }
    const use = [media({ degrade: { pdf: shaky } })]
    await expect(run(agent({ name: 'a', model: taking(['text']), use }), [pdf()])).rejects.toMatchObject({ code: 'model/overloaded' })
    expect((await run(agent({ name: 'a', model: taking(['text']), use }), [pdf()])).text).toBe('ok')
  })
  test('in history, or from a tool, is named in words and ends nothing', async () => {
    const history: Message[] = [
      { role: 'user', parts: [pdf(base64(3), 'old.pdf')] },
      { role: 'assistant', parts: [{ type: 'text', text: 'I read it.' }] },
      { role: 'user', parts: [{ type: 'text', text: 'and now?' }] },
    ]
    const { asked, notices, error } = await see(taking(['text']), history, {})
    expect(error).toBeUndefined()
    expect(asked[0]).toEqual({ type: 'text', text: '[old.pdf]' })
    expect(notices).toEqual([
      {
        code: 'media/dropped',
        message: 'm takes no pdf: old.pdf; it is only named',
        data: { from: 'pdf', name: 'old.pdf', code: 'model/unsupported' },
      },
    ])

    const camera = tool({ name: 'camera', run: () => ({ parts: [png()] }) })
    const from = await see(
      taking(['text'], [{ type: 'call', id: '1', name: 'camera', input: {} }], 'done'),
      [{ type: 'text', text: 'go' }],
      {},
      [camera],
    )
    expect(from.error).toBeUndefined()
    expect(from.asked.find(({ type }) => type === 'result')).toMatchObject({ parts: [{ type: 'text', text: '[image/png]' }] })
    const taken = await see(
      taking(['text', 'image'], [{ type: 'call', id: '1', name: 'camera', input: {} }], 'done'),
      [{ type: 'text', text: 'go' }],
      {},
      [camera],
    )
    expect(taken.asked.find(({ type }) => type === 'result')).toMatchObject({ parts: [png()] })
  })
})

describe('a session goes on', () => {
  const text = (text: string): Part => ({ type: 'text', text })
  /** A part of an earlier turn, and a question without any. */
  const later = (part: MediaPart): Message[] => [
    { role: 'user', parts: [part] },
    { role: 'assistant', parts: [text('I see.')] },
    { role: 'user', parts: [text('and now?')] },
  ]
  test('after media was refused and nobody answered it', async () => {
    const turns: Message[] = [
      { role: 'user', parts: [pdf(base64(3), 'a.pdf')] },
      { role: 'user', parts: [text('never mind')] },
    ]
    const { asked, error } = await see(taking(['text']), turns, {})
    expect(error).toBeUndefined()
    expect(asked).toEqual([text('[a.pdf]'), text('never mind')])
  })
  test.each<[string, MediaPart, MediaOptions, string]>([
    [
      'cannot be read',
      pdf(base64(3), 'old'),
      { degrade: { pdf: { info: { id: 'o', provider: 'p' }, read: () => Promise.reject(new KitError('model/request', 'damaged')) } } },
      'model/request',
    ],
    [
      'is no more at its address',
      { type: 'media', mime: 'image/*', url: 'https://example.com/a.png', name: 'old' },
      { fetch: guardedFetch({ fetch: async () => new Response('', { status: 404 }) }) },
      'input/refused',
    ],
    [
      'has no address that can be reached',
      { type: 'media', mime: 'image/*', url: 'https://example.com/a.png', name: 'old' },
      { fetch: guardedFetch({ fetch: () => Promise.reject(new TypeError('no such host')) }) },
      'input/refused',
    ],
    ['is too large', { ...png(base64(900)), name: 'old' }, { maxBytes: 100 }, 'request/too-large'],
  ])('where media of an earlier turn %s; asked with, it is an error', async (_, part, options, code) => {
    const { asked, error, notices } = await see(taking(['text', 'image']), later(part), options)
    expect(error).toBeUndefined()
    expect(asked[0]).toEqual(text('[old]'))
    expect(notices).toMatchObject([
      ...(code === 'model/request' ? [{ code: 'media/degraded' }] : []),
      { code: 'media/dropped', data: { code } },
    ])
    expect((await see(taking(['text', 'image']), [part], options)).error).toMatchObject({ code })
  })
  test('but not without what may be had in a moment', async () => {
    const busy: Reader = {
      info: { id: 'o', provider: 'p' },
      read: () => Promise.reject(new KitError('model/rate', 'busy', { retryable: true })),
    }
    expect((await see(taking(['text']), later(pdf()), { degrade: { pdf: busy } })).error).toMatchObject({ code: 'model/rate' })
  })
  test('with more media than fits in one request: the newest has its place', async () => {
    const [old, young] = [
      { ...png(base64(600)), name: 'old' },
      { ...png(base64(600, 'B')), name: 'young' },
    ]
    const turns: Message[] = [...later(old).slice(0, 2), { role: 'user', parts: [young] }]
    const { asked, error } = await see(taking(['text', 'image']), turns, { maxTotal: 1000 })
    expect(error).toBeUndefined()
    expect(asked).toEqual([text('[old]'), text('I see.'), young])
  })
  test('a kind is known in capitals too', async () => {
    expect((await see(taking(['text']), [{ ...pdf(), mime: 'Application/PDF' }], {})).error).toMatchObject({ code: 'model/unsupported' })
  })
})

/** A provider's files in memory. */
function shelf(answer: (n: number) => Partial<ProviderFile> = () => ({})): Files & { uploads: () => number; sizes: number[] } {
  const sizes: number[] = []
  const file = (n: number, mime: string): ProviderFile => ({
    id: `f${n}`,
    status: 'ready',
    part: { type: 'media', mime, ref: `f${n}`, store: 'p' },
    ...answer(n),
  })
  return {
    sizes,
    uploads: () => sizes.length,
    upload: async ({ data, mime }) => file(sizes.push((data as Uint8Array).length), mime),
    get: async (id) => ({ ...file(Number(id.slice(1)), 'image/png'), status: 'ready' }),
    list: async () => [],
    delete: async () => {},
  }
}

describe('large media', () => {
  test('goes to the files of the provider, small media travels along', async () => {
    const files = shelf()
    const { asked } = await see(
      taking(['text', 'image', 'pdf']),
      [png(base64(100)), { ...pdf(base64(5000), 'big.pdf'), providerOptions: { p: { detail: 'high' } } }],
      { files, inlineLimit: 1000 },
    )
    expect(files.sizes).toEqual([5000])
    expect(asked).toEqual([
      png(base64(100)),
      { type: 'media', mime: 'application/pdf', ref: 'f1', store: 'p', name: 'big.pdf', providerOptions: { p: { detail: 'high' } } },
    ])
  })
  test('is uploaded once for all runs, and anew when the file has ended', async () => {
    const files = shelf()
    const options = { files, inlineLimit: 10 }
    const use = [media(options)]
    const once = (data: string): Promise<unknown> => run(agent({ name: 'a', model: taking(['text', 'image']), use }), [png(data)])
    await once(base64(50))
    await once(base64(50))
    expect(files.uploads()).toBe(1)
    await once(base64(50, 'B'))
    expect(files.uploads()).toBe(2)
    const short = shelf(() => ({ expiresAt: Date.now() + 1000 }))
    const again = [media({ files: short, inlineLimit: 10 })]
    for (let n = 0; n < 2; n++) await run(agent({ name: 'a', model: taking(['text', 'image']), use: again }), [png()])
    expect(short.uploads()).toBe(2)
  })
  test('is waited for while the provider works on it; what it cannot use is an error', async () => {
    const slow = shelf(() => ({ status: 'processing' }))
    expect((await see(taking(['text', 'image']), [png()], { files: slow, inlineLimit: 10 })).asked[0]).toMatchObject({ ref: 'f1' })
    const failed = shelf(() => ({ status: 'failed' }))
    expect((await see(taking(['text', 'image']), [png()], { files: failed, inlineLimit: 10 })).error).toMatchObject({
      code: 'model/request',
    })
  })
  test('whose upload failed is uploaded again', async () => {
    const files = shelf()
    let times = 0
    const shaky: Files = {
      ...files,
      upload: (call) => (times++ ? files.upload(call) : Promise.reject(new KitError('model/overloaded', 'busy'))),
    }
    const use = [media({ files: shaky, inlineLimit: 10 })]
    await expect(run(agent({ name: 'a', model: taking(['text', 'image']), use }), [png()])).rejects.toMatchObject({
      code: 'model/overloaded',
    })
    expect((await run(agent({ name: 'a', model: taking(['text', 'image']), use }), [png()])).text).toBe('ok')
  })
  test('beyond the bounds is refused: one part, all together, and no Base64', async () => {
    const takes = (): ReturnType<typeof taking> => taking(['text', 'image'])
    expect((await see(takes(), [png(base64(2000))], { maxBytes: 1000 })).error).toMatchObject({ code: 'request/too-large' })
    expect((await see(takes(), [png(base64(900))], { maxBytes: 1000 })).error).toBeUndefined()
    expect((await see(takes(), [png(base64(900)), png(base64(900))], { maxTotal: 1000 })).error).toMatchObject({
      code: 'request/too-large',
    })
    expect((await see(takes(), [{ ...png(), data: '*'.repeat(100) }], { files: shelf(), inlineLimit: 10 })).error).toMatchObject({
      code: 'request/invalid',
    })
  })
  test('ends at once with the run', async () => {
    const hanging: Files = { ...shelf(), upload: () => new Promise(() => {}) }
    const abort = new AbortController()
    const ended = run(agent({ name: 'a', model: taking(['text', 'image']), use: [media({ files: hanging, inlineLimit: 10 })] }), [png()], {
      signal: abort.signal,
    })
    setTimeout(() => abort.abort(), 20)
    await expect(ended).rejects.toMatchObject({ code: 'run/cancelled' })
  })
})

describe('media named by an address', () => {
  const bytes = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const asked: string[] = []
  const fetch = guardedFetch({
    fetch: async (url) => {
      asked.push(url)
      return new Response(bytes)
    },
  })
  const link: MediaPart = { type: 'media', mime: 'image/*', url: 'https://example.com/a.png' }
  test('is passed on, and fetched only where that was asked', async () => {
    expect((await see(taking(['text', 'image']), [link], {})).asked).toEqual([link])
    expect((await see(taking(['text', 'image']), [link], { fetch, fetches: () => false })).asked).toEqual([link])
    expect(asked).toEqual([])
    expect((await see(taking(['text', 'image']), [link], { fetch })).asked).toEqual([
      { type: 'media', mime: 'image/png', data: btoa(String.fromCharCode(...bytes)) },
    ])
    expect(asked).toEqual(['https://example.com/a.png'])
  })
  test('that a model or a tool named is not fetched, unless that was said', async () => {
    asked.length = 0
    const history: Message[] = [
      { role: 'user', parts: [{ type: 'text', text: 'draw' }] },
      { role: 'assistant', parts: [link] },
      { role: 'user', parts: [link] },
    ]
    const plain = await see(taking(['text', 'image']), history, { fetch })
    expect(plain.asked.slice(1).map((part) => part.type === 'media' && (part.url ?? 'fetched'))).toEqual([link.url, 'fetched'])
    const all = await see(taking(['text', 'image']), history, { fetch, fetches: () => true })
    expect(all.asked.slice(1).map((part) => part.type === 'media' && (part.url ?? 'fetched'))).toEqual(['fetched', 'fetched'])
  })
  test('goes through the guard', async () => {
    const { error } = await see(taking(['text', 'image']), [{ ...link, url: 'https://169.254.169.254/latest' }], { fetch })
    expect(error).toMatchObject({ code: 'input/refused' })
    // what comes is no film
    expect((await see(taking(['text', 'video']), [{ ...link, mime: 'video/mp4' }], { fetch })).error).toMatchObject({
      code: 'input/refused',
    })
  })
  test('is fetched once a run, and read from what was fetched', async () => {
    asked.length = 0
    const eyes = reader('a sign')
    const m = taking(['text'], [{ type: 'call', id: '1', name: 'look', input: {} }], 'done')
    const { asked: last } = await see(m, [link], { fetch, degrade: { image: eyes } }, [tool({ name: 'look', run: () => 1 })])
    expect(asked).toHaveLength(1)
    expect(eyes.count()).toBe(1)
    expect(last[0]).toMatchObject({ type: 'text' })
  })
})

describe('parts for a message', () => {
  const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))
  test('are made from bytes, whose first ones say their kind', () => {
    expect(image(bytes('\x89PNG\r\n\x1a\n'))).toEqual({ type: 'media', mime: 'image/png', data: btoa('\x89PNG\r\n\x1a\n') })
    expect(image(bytes('\xff\xd8\xff\xe0')).mime).toBe('image/jpeg')
    expect(image(bytes('RIFF....WEBPVP8 ')).mime).toBe('image/webp')
    expect(audio(bytes('RIFF....WAVEfmt ')).mime).toBe('audio/wav')
    expect(audio(bytes('ID3\x04')).mime).toBe('audio/mpeg')
    expect(video(bytes('\0\0\0\x20ftypisom')).mime).toBe('video/mp4')
    expect(document(bytes('%PDF-1.7'), { name: 'a.pdf' })).toMatchObject({ mime: 'application/pdf', name: 'a.pdf' })
    expect(document(bytes('# title'), { mime: 'text/markdown' }).mime).toBe('text/markdown')
    expect(image(bytes('odd'), { mime: 'image/tiff' }).mime).toBe('image/tiff')
    expect(image(bytes('odd')).mime).toBe('image/*')
  })
  test('from an address, data or a file of a provider', () => {
    expect(image('https://example.com/a')).toEqual({ type: 'media', mime: 'image/*', url: 'https://example.com/a' })
    expect(document(new URL('https://example.com/a'))).toMatchObject({ mime: 'application/pdf', url: 'https://example.com/a' })
    expect(image('data:image/PNG;charset=x;base64,AAAA')).toEqual({ type: 'media', mime: 'image/png', data: 'AAAA' })
    const part: MediaPart = { type: 'media', mime: 'video/mp4', ref: 'f', store: 'p' }
    expect(video({ part })).toEqual(part)
  })
  test('that they are not are a TypeError', () => {
    expect(() => image(bytes('%PDF-1.7'))).toThrow(TypeError)
    expect(() => document(bytes('\x89PNG\r\n\x1a\n'))).toThrow(TypeError)
    expect(() => document(bytes('hello'))).toThrow(/mime/)
    for (const bad of ['http://example.com/a.png', 'AAAA', '', 'data:image/png,raw', 'data:image/png;base64,*', 'https://'])
      expect(() => image(bad), bad).toThrow(TypeError)
  })
})

describe('with real providers', () => {
  const json = (value: unknown): Response => Response.json(value)
  test('a large PDF goes to the files of OpenAI, and the request names it', async () => {
    const asked: { url: string; body: unknown }[] = []
    const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const address = String(url instanceof Request ? url.url : url)
      asked.push({ url: address, body: typeof init?.body === 'string' ? JSON.parse(init.body) : init?.body })
      if (address.endsWith('/files'))
        return json({
          id: 'file-1',
          object: 'file',
          bytes: 900,
          created_at: 1,
          filename: 'a.pdf',
          purpose: 'user_data',
          status: 'processed',
        })
      return json({
        id: 'r',
        object: 'response',
        status: 'completed',
        output: [
          {
            type: 'message',
            id: 'm',
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text: 'read', annotations: [] }],
          },
        ],
        usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
      })
    }
    const m = openai('gpt-6-luna', { apiKey: 'k', fetch })
    const { files } = openaiServices({ apiKey: 'k', fetch })
    const a = agent({ name: 'a', model: m, use: [media({ files, inlineLimit: 100, input: ['text', 'pdf'] })], settings: {} })
    expect((await run(a, [{ type: 'text', text: 'read' }, pdf(base64(900), 'a.pdf')])).text).toBe('read')
    expect(asked.map(({ url }) => url.split('/v1')[1])).toEqual(['/files', '/responses'])
    const { input } = asked[1]!.body as { input: { content: unknown[] }[] }
    expect(input[0]!.content).toContainEqual(expect.objectContaining({ type: 'input_file', file_id: 'file-1' }))
  })
  test('a picture by its address reaches Ollama, which fetches nothing, as data', async () => {
    let sent: { messages: { images?: string[] }[] } | undefined
    const fetch = async (_: string | URL | Request, init?: RequestInit): Promise<Response> => {
      sent = JSON.parse(init?.body as string) as typeof sent
      return new Response(
        `${JSON.stringify({ model: 'm', message: { role: 'assistant', content: 'a cat' }, done: true, done_reason: 'stop' })}\n`,
        {
          headers: { 'content-type': 'application/x-ndjson' },
        },
      )
    }
    const bytes = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    const get = guardedFetch({ fetch: async () => new Response(bytes) })
    const a = agent({ name: 'a', model: ollama('llava', { fetch }), use: [media({ fetch: get })] })
    expect((await run(a, [image('https://example.com/cat.png')])).text).toBe('a cat')
    expect(sent!.messages[0]!.images).toEqual([btoa(String.fromCharCode(...bytes))])
  })
})
