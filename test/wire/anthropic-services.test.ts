import { describe, expect, test } from 'vitest'
import { anthropicServices } from '../../src/providers/anthropic-services.ts'
import { wire } from './anthropic.ts'
import { expectValid, type Fields } from './checks.ts'
import { type Recording, recorded, recordings } from './recordings.ts'
import { checkService, type Sent, type ServiceCheck } from './services.ts'

const services = (fetch: typeof globalThis.fetch): ReturnType<typeof anthropicServices> => anthropicServices({ apiKey: 'k', fetch })
const bodyOf = ({ response }: Recording): Fields => response.body as Fields
const last = ({ request }: Recording, back = 0): string => new URL(request.url).pathname.split('/').at(-1 - back)!

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of list) items.push(item)
  return items
}

/** Holds what is sent to its schema before it is answered. */
const valid =
  (schema: string, recording: Recording, fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  async (url, init) => {
    if (typeof init?.body === 'string') expectValid(schema, JSON.parse(init.body) as Fields, recording)
    return fetch(url, init)
  }

const beta = {
  why: '`beta=true` is a note of one client to its server: the API does the same without it',
  apply: (sent: Sent) => void (sent.path = sent.path.replace('?beta=true', '')),
}

const checks: readonly ServiceCheck[] = [
  {
    api: 'anthropic.countTokens',
    ask: (recording, fetch) => {
      const call = wire.parse(recording)
      return services(valid('anthropic.countTokens.request.json', recording, fetch)).countTokens(
        String(recording.request.body!.model),
        call,
      )
    },
    // a number has nothing that could be matched but itself
    expected: (recording) => bodyOf(recording).input_tokens,
    normalise: [beta],
    errors: { 'anthropic-counttokens--test-anthropic-count-tokens-error-a3b0b1': 'model/unknown' },
  },
  {
    api: 'anthropic.batches',
    async ask(recording, fetch) {
      const { batch } = services(valid('anthropic.batches.request.json', recording, fetch))
      const { body, method } = recording.request
      if (last(recording) === 'cancel') return batch.cancel(last(recording, 1))
      if (last(recording) === 'results') return all(batch.results(last(recording, 1)))
      if (method === 'GET') return batch.get(last(recording))
      const requests = (body!.requests as { custom_id: string; params: Fields }[]).map(({ custom_id: id, params }) => ({
        id,
        call: wire.parse({ ...recording, request: { ...recording.request, body: params } }),
      }))
      return batch.create({ model: String((body!.requests as { params: Fields }[])[0]!.params.model), requests })
    },
    expected(recording) {
      const { id, processing_status, request_counts, created_at } = bodyOf(recording) as {
        id: string
        processing_status: string
        request_counts: Record<string, number>
        created_at: string
      }
      const { succeeded, processing, ...others } = request_counts
      const failed = Object.values(others).reduce((sum, count) => sum + count, 0)
      return {
        id,
        status: processing_status === 'ended' ? 'done' : 'running',
        counts: { total: succeeded! + processing! + failed, done: succeeded, failed },
        createdAt: Date.parse(created_at),
      }
    },
    normalise: [
      beta,
      {
        why: 'no stream is the default; nothing is sent with a cancel',
        apply(sent) {
          const body = sent.body as { requests?: { params: Fields }[] } | undefined
          for (const { params } of body?.requests ?? []) if (params.stream === false) delete params.stream
          if (sent.path.endsWith('/cancel')) delete sent.body
        },
      },
    ],
  },
  {
    api: 'anthropic.files',
    async ask(recording, fetch) {
      const { files } = services(fetch)
      const { method, text } = recording.request
      if (method === 'DELETE') return (await files.delete(last(recording))) ?? {}
      if (method === 'GET') return last(recording) === 'files' ? files.list() : files.get(last(recording))
      const [, name, mime] = /filename="([^"]+)"\r\nContent-Type: ([^\r]+)/.exec(text!)!
      return files.upload({ data: new Uint8Array(), name: name!, mime: mime! })
    },
    expected(recording) {
      const { id, filename, size_bytes, mime_type, created_at } = bodyOf(recording)
      if (recording.request.method === 'DELETE') return {}
      return {
        id,
        name: filename,
        bytes: size_bytes,
        mime: mime_type,
        createdAt: Date.parse(String(created_at)),
        status: 'ready',
        part: { type: 'media', mime: mime_type, ref: id, store: 'anthropic' },
      }
    },
    normalise: [beta],
  },
]

describe.skipIf(!recorded)('recorded traffic of Anthropic beside chat', () => {
  test.each(checks.map((check) => [check.api, check] as const))('%s', async (api, check) => {
    const counting = api === 'anthropic.countTokens'
    const read = await checkService(
      counting
        ? { ...check, ask: async (...of) => ({ count: await check.ask(...of) }), expected: (of) => ({ count: check.expected(of) }) }
        : check,
      recordings([api]),
    )
    console.log(`wire: ${api}: ${read}`)
    expect(read).toBeGreaterThanOrEqual(2)
  })

  test('every recording of this folder is read by some check', () => {
    const apis = new Set(recordings((api) => api.startsWith('anthropic.')).map(({ api }) => api))
    expect([...apis].toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'anthropic.batches',
      'anthropic.countTokens',
      'anthropic.files',
      'anthropic.messages',
    ])
  })
})
