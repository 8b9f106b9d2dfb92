import { describe, expect, test } from 'vitest'
import { KitError, type MediaPart, type ModelCall, user } from '../src/index.ts'
import {
  type Batch,
  type Batches,
  type BatchResult,
  embed,
  type EmbedCall,
  type Embedder,
  type EmbedValue,
  image,
  type ImageModel,
  type JobStatus,
  read,
  type Reader,
  rerank,
  type RerankCall,
  type Reranker,
  runBatch,
  speak,
  type Speaker,
  transcribe,
  type Transcriber,
  waitFor,
} from '../src/services/index.ts'

const info = { id: 'm', provider: 'p' }
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const busy = (): KitError => new KitError('model/overloaded', 'busy', { retryable: true })

describe('embed', () => {
  /** A vector of a value is its number, so that order shows. */
  function embedder(
    limits: Embedder['info']['limits'],
    answer?: (call: EmbedCall, nth: number) => unknown,
  ): Embedder & { calls: EmbedCall[]; most: () => number } {
    const calls: EmbedCall[] = []
    let [now, most] = [0, 0]
    return {
      info: { ...info, ...(limits && { limits }) },
      calls,
      most: () => most,
      async embed(call) {
        const nth = calls.push(call) - 1
        most = Math.max(most, ++now)
        // later batches answer earlier
        await sleep(Math.max(0, 12 - nth * 4))
        now--
        const special = answer?.(call, nth)
        if (special instanceof Error) throw special
        if (special) return special as { vectors: number[][] }
        return { vectors: call.values.map((value) => [Number(value)]), usage: { input: call.values.length, output: 0 } }
      },
    }
  }
  const numbers = (n: number): string[] => Array.from({ length: n }, (_, at) => String(at))

  test('gives vectors in order, in batches within the limits, two at a time', async () => {
    const model = embedder({ values: 3 })
    const { vectors, failed, usage } = await embed(model, numbers(10))
    expect(vectors).toEqual(numbers(10).map((text) => [Number(text)]))
    expect(failed).toEqual([])
    expect(usage).toEqual({ input: 10, output: 0 })
    expect(model.calls.map(({ values }) => values.length)).toEqual([3, 3, 3, 1])
    expect(model.most()).toBe(2)
    const wide = embedder({ values: 3 })
    await embed(wide, numbers(12), { parallel: 4 })
    expect(wide.most()).toBe(4)
  })
  test('cuts batches by characters too; a value that is too long alone is still asked alone', async () => {
    const model = embedder({ characters: 5 })
    await embed(model, ['12', '34', '56', '1234567', '8'])
    expect(model.calls.map(({ values }) => values)).toEqual([['12', '34'], ['56'], ['1234567'], ['8']])
  })
  test('passes on what the vectors are for, and parts of documents', async () => {
    const model = embedder({}, () => ({ vectors: [[1]] }))
    const value: EmbedValue = [{ type: 'text', text: 'a' }]
    await embed(model, [value], { purpose: 'query', dimensions: 8, providerOptions: { p: { x: 1 } } })
    expect(model.calls[0]).toEqual({ values: [value], purpose: 'query', dimensions: 8, providerOptions: { p: { x: 1 } } })
  })
  test('of nothing is nothing, and asks nobody', async () => {
    const model = embedder({})
    expect(await embed(model, [])).toEqual({ vectors: [], failed: [], usage: { input: 0, output: 0 } })
    expect(model.calls).toEqual([])
  })
  test('tells what failed and keeps the rest', async () => {
    const model = embedder({ values: 2 }, (_, nth) => (nth === 1 ? busy() : undefined))
    const { vectors, failed, usage } = await embed(model, numbers(5))
    expect(vectors).toEqual([[0], [1], undefined, undefined, [4]])
    expect(failed).toEqual([{ from: 2, to: 4, error: expect.objectContaining({ code: 'model/overloaded' }) }])
    expect(usage.input).toBe(3)
  })
  test('with too few vectors for a batch has failed there; an error that is none of the kit is hidden', async () => {
    const short = embedder({ values: 2 }, (_, nth) => (nth === 0 ? { vectors: [[1]] } : undefined))
    expect((await embed(short, numbers(4))).failed).toMatchObject([{ from: 0, to: 2, error: { code: 'model/garbled' } }])
    const odd = embedder({ values: 2 }, (_, nth) => (nth === 0 ? new Error('secret') : undefined))
    const [failure] = (await embed(odd, numbers(4))).failed
    expect(failure!.error.code).toBe('unexpected')
    expect(failure!.error.message).not.toContain('secret')
  })
  test('throws where all failed', async () => {
    await expect(
      embed(
        embedder({ values: 2 }, () => busy()),
        numbers(4),
      ),
    ).rejects.toMatchObject({ code: 'model/overloaded' })
  })
  test('ends with the signal, and asks no more', async () => {
    const abort = new AbortController()
    const model = embedder({ values: 1 }, () => {
      abort.abort(new Error('enough'))
      return new Error('aborted')
    })
    await expect(embed(model, numbers(20), { signal: abort.signal, parallel: 1 })).rejects.toThrow('enough')
    expect(model.calls).toHaveLength(1)
    await expect(embed(embedder({}), ['1'], { signal: abort.signal })).rejects.toThrow('enough')
  })
})

describe('rerank', () => {
  /** A document's score is its number. */
  const reranker = (documents?: number, odd?: { index: number; score: number }): Reranker & { calls: RerankCall[] } => {
    const calls: RerankCall[] = []
    return {
      info: { ...info, ...(documents && { limits: { documents } }) },
      calls,
      async rerank(call) {
        calls.push(call)
        const ranked = call.documents.map((text, index) => ({ index, score: Number(text) })).sort((a, b) => b.score - a.score)
        return { ranked: odd ? [odd] : ranked.slice(0, call.top) }
      },
    }
  }
  test('ranks in rounds, and names places in the whole list', async () => {
    const model = reranker(2)
    expect(await rerank(model, 'q', ['3', '9', '1', '7', '5'])).toEqual([
      { index: 1, score: 9 },
      { index: 3, score: 7 },
      { index: 4, score: 5 },
      { index: 0, score: 3 },
      { index: 2, score: 1 },
    ])
    expect(model.calls.map(({ documents, top }) => [documents.length, top])).toEqual([
      [2, 2],
      [2, 2],
      [1, 1],
    ])
  })
  test('gives as many as asked, from each round enough', async () => {
    const model = reranker(3)
    expect((await rerank(model, 'q', ['1', '2', '3', '9', '8', '7'], { top: 2 })).map(({ index }) => index)).toEqual([3, 4])
    expect(model.calls.map(({ top }) => top)).toEqual([2, 2])
    expect(await rerank(model, 'q', [])).toEqual([])
  })
  test.each([
    { index: 5, score: 1 },
    { index: -1, score: 1 },
    { index: 0.5, score: 1 },
    { index: 0, score: NaN },
    { index: NaN, score: 1 },
  ])('refuses a place that was not given: %o', async (odd) => {
    await expect(rerank(reranker(undefined, odd), 'q', ['1', '2'])).rejects.toMatchObject({ code: 'model/garbled' })
  })
  test('fails as its model fails', async () => {
    const model: Reranker = { info, rerank: () => Promise.reject(busy()) }
    await expect(rerank(model, 'q', ['1'])).rejects.toMatchObject({ code: 'model/overloaded' })
  })
})

const wav: MediaPart = { type: 'media', mime: 'audio/wav', data: btoa('RIFF') }
const pdf: MediaPart = { type: 'media', mime: 'application/pdf', data: btoa('%PDF-'), name: 'a.pdf' }

describe('transcribe', () => {
  const ears = (text: unknown = 'hello'): Transcriber & { heard: MediaPart[] } => {
    const heard: MediaPart[] = []
    return {
      info,
      heard,
      async transcribe({ audio }) {
        heard.push(audio)
        return { text: text as string }
      },
    }
  }
  test('gives what was said', async () => {
    const model = ears()
    expect((await transcribe(model, wav, { language: 'en' })).text).toBe('hello')
    expect(model.heard).toEqual([wav])
  })
  test('refuses what is no sound, what is empty and what is too large, before anybody is asked', async () => {
    const model = ears()
    await expect(transcribe(model, pdf)).rejects.toMatchObject({ code: 'request/invalid' })
    await expect(transcribe(model, { type: 'media', mime: 'audio/wav' })).rejects.toMatchObject({ code: 'request/invalid' })
    await expect(transcribe(model, { ...wav, data: 'A'.repeat(400) }, { maxBytes: 200 })).rejects.toMatchObject({
      code: 'request/too-large',
    })
    expect(model.heard).toEqual([])
  })
  test('passes an address on, or fetches it where asked', async () => {
    const link: MediaPart = { type: 'media', mime: 'audio/*', url: 'https://example.com/a' }
    const model = ears()
    await transcribe(model, link)
    const asked: unknown[] = []
    const fetch = async (url: string, request?: { accept?: readonly string[] }): Promise<{ mime: string; bytes: Uint8Array }> => {
      asked.push([url, request?.accept])
      return { mime: 'audio/mpeg', bytes: new Uint8Array([1, 2]) }
    }
    await transcribe(model, link, { fetch })
    expect(model.heard).toEqual([link, { type: 'media', mime: 'audio/mpeg', data: btoa('\x01\x02') }])
    expect(asked).toEqual([['https://example.com/a', ['audio/*', 'video/*']]])
    await expect(transcribe(model, link, { fetch, maxBytes: 1 })).rejects.toMatchObject({ code: 'request/too-large' })
  })
  test('of a provider that gives no text is garbled', async () => {
    await expect(transcribe(ears(null), wav)).rejects.toMatchObject({ code: 'model/garbled' })
  })
})

describe('read', () => {
  const eyes = (...pages: unknown[]): Reader => ({ info, read: async () => ({ pages: pages as { page: number; text: string }[] }) })
  test('gives pages in order, and the whole text', async () => {
    const { pages, text } = await read(eyes({ page: 2, text: 'b' }, { page: 1, text: 'a' }), pdf)
    expect(pages.map(({ page }) => page)).toEqual([1, 2])
    expect(text).toBe('a\n\nb')
  })
  test('refuses a sound, and pages that are none', async () => {
    await expect(read(eyes(), wav)).rejects.toMatchObject({ code: 'request/invalid' })
    for (const odd of [{ page: 0, text: 'a' }, { page: 1 }, { page: 1.5, text: 'a' }])
      await expect(read(eyes(odd), pdf)).rejects.toMatchObject({ code: 'model/garbled' })
  })
})

describe('speak and image', () => {
  const mouth = (audio: MediaPart): Speaker => ({ info, speak: async () => ({ audio }) })
  const brush = (...images: MediaPart[]): ImageModel => ({ info, image: async () => ({ images }) })
  const png: MediaPart = { type: 'media', mime: 'image/png', data: 'AAAA' }
  test('give what was made', async () => {
    expect((await speak(mouth(wav), 'hi', { voice: 'x' })).audio).toEqual(wav)
    expect((await image(brush(png, { ...png, data: '' }), 'a cat', { n: 2, size: '1024x768' })).images).toEqual([png])
  })
  test('that made nothing are empty, and may be tried again', async () => {
    await expect(speak(mouth({ type: 'media', mime: 'audio/wav', data: '' }), 'hi')).rejects.toMatchObject({
      code: 'model/empty',
      retryable: true,
    })
    await expect(image(brush(), 'a cat')).rejects.toMatchObject({ code: 'model/empty', retryable: true })
  })
  test('ask for something that can be made', async () => {
    await expect(speak(mouth(wav), ' \n')).rejects.toMatchObject({ code: 'request/invalid' })
    for (const options of [{ n: 0 }, { n: 17 }, { n: 1.5 }, { size: 'big' }, { size: '0x10' }, { mask: png }])
      await expect(image(brush(png), 'a cat', options)).rejects.toMatchObject({ code: 'request/invalid' })
    await expect(image(brush(png), '')).rejects.toMatchObject({ code: 'request/invalid' })
  })
})

/** Jobs that go through these states, one a question; an error is thrown. */
function jobs(...states: (JobStatus | Error)[]): Pick<Batches, 'get'> & { asked: number[] } {
  const asked: number[] = []
  return {
    asked,
    async get(id) {
      const state = states[Math.min(asked.push(Date.now()) - 1, states.length - 1)]!
      if (state instanceof Error) throw state
      return { id, status: state }
    },
  }
}
const queued: Batch = { id: 'b1', status: 'queued' }

describe('waitFor', () => {
  test('asks until the job has ended, ever more rarely, and tells each change', async () => {
    const some = jobs('queued', 'running', 'running', 'running', 'done')
    const seen: string[] = []
    expect(await waitFor(some, queued, { interval: 10, onChange: ({ status }) => seen.push(status) })).toEqual({ id: 'b1', status: 'done' })
    expect(seen).toEqual(['running', 'done'])
    expect(some.asked).toHaveLength(5)
    const [a, b, , d, e] = some.asked
    expect(e! - d!).toBeGreaterThan(b! - a!)
  })
  test.each(['failed', 'cancelled', 'expired'] as const)('gives a job that has %s as it is', async (status) => {
    expect((await waitFor(jobs(status), queued, { interval: 1 })).status).toBe(status)
    const never = jobs('done')
    expect((await waitFor(never, { id: 'b1', status })).status).toBe(status)
    expect(never.asked).toEqual([])
  })
  test('bears a question that fails in passing, not one that fails for good, and not for ever', async () => {
    expect((await waitFor(jobs(busy(), busy(), 'done'), queued, { interval: 1 })).status).toBe('done')
    await expect(waitFor(jobs(new KitError('model/auth', 'no')), queued, { interval: 1 })).rejects.toMatchObject({ code: 'model/auth' })
    const broken = jobs(busy())
    await expect(waitFor(broken, queued, { interval: 1 })).rejects.toMatchObject({ code: 'model/overloaded' })
    expect(broken.asked).toHaveLength(5)
  })
  test('gives up when the time is over, or at the signal', async () => {
    await expect(waitFor(jobs('running'), queued, { interval: 5, timeout: 40 })).rejects.toMatchObject({ code: 'run/timeout' })
    const abort = new AbortController()
    const waiting = waitFor(jobs('running'), queued, { interval: 60_000, signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })
  test('gives up where no answer comes at all', async () => {
    let asked: AbortSignal | undefined
    const silent = {
      get: (_: string, options?: { signal?: AbortSignal }) => {
        asked = options?.signal
        return new Promise<Batch>(() => {})
      },
    }
    await expect(waitFor(silent, queued, { interval: 1, timeout: 40 })).rejects.toMatchObject({ code: 'run/timeout' })
    expect(asked?.aborted).toBe(true)
    const abort = new AbortController()
    const waiting = waitFor(silent, queued, { interval: 1, signal: abort.signal })
    setTimeout(() => abort.abort(new Error('enough')), 20)
    await expect(waiting).rejects.toThrow('enough')
  })
})

describe('runBatch', () => {
  const call = (text: string): ModelCall => ({ messages: [user(text)] })
  const answer = (text: string): BatchResult['answer'] => ({
    parts: [{ type: 'text', text }],
    usage: { input: 1, output: 1 },
    finish: 'stop',
  })
  const batches = (results: BatchResult[], ...states: JobStatus[]): Batches & { ids: string[] } => {
    const ids: string[] = []
    return {
      ids,
      ...jobs(...(states.length ? states : (['done'] as const))),
      create: async ({ requests }) => {
        ids.push(...requests.map(({ id }) => id))
        return queued
      },
      cancel: async () => queued,
      async *results() {
        yield* results
      },
    }
  }
  test('gives answers in the order of the calls, and says which failed', async () => {
    const some = batches([
      { id: 'call-2', answer: answer('c')! },
      { id: 'call-1', error: new KitError('model/filtered', 'no') },
      { id: 'call-0', answer: answer('a')! },
      { id: 'strange', answer: answer('x')! },
    ])
    const created: string[] = []
    const got = await runBatch(some, 'm', ['a', 'b', 'c', 'd'].map(call), { interval: 1, onCreated: ({ id }) => created.push(id) })
    expect(got.map(({ answer, error }) => error?.code ?? answer?.parts)).toEqual([
      [{ type: 'text', text: 'a' }],
      'model/filtered',
      [{ type: 'text', text: 'c' }],
      'model/empty',
    ])
    expect(created).toEqual(['b1'])
    expect(some.ids.every((id) => /^[\w-]{1,64}$/.test(id))).toBe(true)
  })
  test('that ran out of time gives what there is; that failed throws', async () => {
    const some = await runBatch(batches([{ id: 'call-0', answer: answer('a')! }], 'expired'), 'm', ['a', 'b'].map(call), { interval: 1 })
    expect(some.map(({ error }) => error?.message)).toEqual([undefined, 'this call has no answer: the batch is expired'])
    await expect(runBatch(batches([], 'failed'), 'm', [call('a')], { interval: 1 })).rejects.toMatchObject({ code: 'model/request' })
  })
  test('of nothing asks nobody', async () => {
    const none = batches([])
    expect(await runBatch(none, 'm', [])).toEqual([])
    expect(none.ids).toEqual([])
  })
})
