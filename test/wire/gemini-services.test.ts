import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import type { ModelCall } from '../../src/index.ts'
import { geminiCaches } from '../../src/providers/gemini-caches.ts'
import { geminiServices } from '../../src/providers/gemini-services.ts'
import { geminiStores } from '../../src/providers/gemini-stores.ts'
import type { EmbedCall } from '../../src/services.ts'
import { embed } from '../../src/services/index.ts'
import type { Fields } from './checks.ts'
import { canonical, geminiWire } from './gemini.ts'
import { folder, recorded, recordings, type Recording } from './recordings.ts'
import { checkService, type Sent, type ServiceCheck } from './services.ts'

/** The recorded generateContent request inside another one as a neutral call. */
const callOf = (recording: Recording, body: unknown): ModelCall =>
  geminiWire.parse({ ...recording, request: { ...recording.request, body: body as Fields } })
const modelOf = ({ request: { url, body } }: Recording): string =>
  /models\/([^:]+):/.exec(url)?.[1] ?? String(body?.model).replace('models/', '')
const idOf = ({ request: { url } }: Recording): string => new URL(url).pathname.split('/').slice(3).join('/')
const bodyOf = (recording: Recording): Fields => recording.response.body as Fields
const cacheOf = ({ name, model, expireTime, usageMetadata }: Fields): Fields => ({
  id: name,
  model: String(model).replace('models/', ''),
  expiresAt: Date.parse(String(expireTime)),
  tokens: (usageMetadata as Fields).totalTokenCount,
})

/** What an error of each status means here. */
const codes: Readonly<Record<number, string>> = {
  400: 'model/request',
  401: 'model/auth',
  403: 'model/auth',
  404: 'model/unknown',
  429: 'model/rate',
}
const errorsOf = (api: string): Record<string, string> =>
  Object.fromEntries(
    recordings([api]).flatMap(({ id, response: { status } }) => (status >= 400 ? [[id, codes[status] ?? 'model/http']] : [])),
  )

/** An upload's first request, which was not recorded, names the recorded address; then come the bytes. */
const uploading =
  (recording: Recording, fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  async (url, init) =>
    new Headers(init?.headers).get('x-goog-upload-command') === 'start'
      ? new Response('{}', { headers: { 'x-goog-upload-url': recording.request.url } })
      : fetch(url, init)

const purposes: Readonly<Record<string, EmbedCall['purpose']>> = {
  RETRIEVAL_QUERY: 'query',
  RETRIEVAL_DOCUMENT: 'document',
  SEMANTIC_SIMILARITY: 'similarity',
  CLASSIFICATION: 'classification',
  CLUSTERING: 'clustering',
}

const checks: readonly ServiceCheck[] = [
  {
    api: 'gemini.batchEmbedContents',
    ask: (recording, fetch) => {
      const requests = recording.request.body!.requests as {
        content: { parts: { text: string }[] }
        taskType?: string
        outputDimensionality?: number
      }[]
      return embed(
        geminiServices({ apiKey: 'k', fetch }).embed(modelOf(recording)),
        requests.map(({ content: { parts } }) => parts[0]!.text),
        {
          dimensions: requests[0]!.outputDimensionality,
          purpose: purposes[requests[0]!.taskType ?? ''],
        },
      )
    },
    expected: (recording) => ({
      vectors: (bodyOf(recording).embeddings as { values: number[] }[]).map(({ values }) => values),
      failed: [],
    }),
    errors: errorsOf('gemini.batchEmbedContents'),
  },
  {
    api: 'gemini.countTokens',
    ask: (recording, fetch) => {
      const { generateContentRequest, contents } = recording.request.body!
      const call = callOf(recording, generateContentRequest ?? { contents })
      return geminiServices({ apiKey: 'k', fetch })
        .countTokens(modelOf(recording), call)
        .then((tokens) => ({ tokens }))
    },
    expected: (recording) => ({ tokens: bodyOf(recording).totalTokens }),
    normalise: [
      {
        why: 'contents alone mean what a whole request with nothing but contents means',
        apply(sent, { request: { url } }) {
          const body = sent.body as Fields
          if (body.contents) sent.body = { generateContentRequest: { ...body, model: /models\/[^:]+/.exec(url)![0] } }
        },
      },
    ],
    errors: errorsOf('gemini.countTokens'),
  },
  {
    api: 'gemini.models',
    // the recorded client read one page; the second is empty
    ask: (_, fetch) => {
      const send: typeof fetch = (url, init) => (/pageToken/.test(url as string) ? Promise.resolve(Response.json({})) : fetch(url, init))
      return geminiServices({ apiKey: 'k', fetch: send }).listModels()
    },
    expected: (recording) =>
      (bodyOf(recording).models as Fields[]).map(({ name, inputTokenLimit, outputTokenLimit, thinking }) => ({
        id: String(name).replace('models/', ''),
        provider: 'gemini',
        limits: { context: inputTokenLimit, output: outputTokenLimit },
        ...(thinking === true && { capabilities: { reasoning: true } }),
      })),
    normalise: [{ why: 'we ask for pages of 1,000', apply: withoutQuery }],
  },
  {
    api: 'gemini.files',
    ask: async (recording, fetch) => {
      const { files } = geminiServices({ apiKey: 'k', fetch: uploading(recording, fetch) })
      const { method, text } = recording.request
      if (method === 'DELETE') return { deleted: await files.delete(idOf(recording)) }
      if (method === 'GET') return files.get(idOf(recording))
      return files.upload({ data: new TextEncoder().encode(text), name: 'sample.pdf', mime: 'application/pdf' })
    },
    expected: (recording) => {
      if (recording.request.method === 'DELETE') return { deleted: undefined }
      const body = bodyOf(recording)
      const { name, uri, sizeBytes, expirationTime, mimeType, state } = (body.file ?? body) as Record<string, string>
      return {
        id: name,
        mime: mimeType,
        bytes: Number(sizeBytes),
        expiresAt: Date.parse(expirationTime!),
        status: { ACTIVE: 'ready', PROCESSING: 'processing', FAILED: 'failed' }[state!],
        part: { type: 'media', mime: mimeType, ref: uri, store: 'gemini' },
      }
    },
    errors: errorsOf('gemini.files'),
  },
  {
    api: 'gemini.fileSearchStores',
    ask: async (recording, fetch) => {
      const { method, url, body } = recording.request
      const stores = geminiStores({ apiKey: 'k', fetch })
      if (method === 'DELETE') return { deleted: await stores.delete(idOf(recording), { force: url.includes('force') }) }
      return method === 'GET' ? stores.get(idOf(recording)) : stores.create(body!.displayName as string)
    },
    expected: (recording) => {
      if (recording.request.method === 'DELETE') return { deleted: undefined }
      const { name, displayName, activeDocumentsCount = 0 } = bodyOf(recording)
      return { id: name, name: displayName, documents: { active: Number(activeDocumentsCount) } }
    },
    normalise: [{ why: 'yes is written in lower case', apply: (sent) => (sent.path = sent.path.replace('force=True', 'force=true')) }],
    errors: errorsOf('gemini.fileSearchStores'),
  },
  {
    api: 'gemini.uploadToFileSearchStore',
    ask: (recording, fetch) => {
      const data = new TextEncoder().encode(recording.request.text)
      const store = /fileSearchStores\/[^:]+/.exec(recording.request.url)![0]
      return geminiStores({ apiKey: 'k', fetch: uploading(recording, fetch) }).add(store, { data, name: 'paris.txt', mime: 'text/plain' })
    },
    expected: (recording) => {
      const { documentName, sizeBytes } = bodyOf(recording).response as Fields
      return { id: documentName, bytes: Number(sizeBytes), mime: 'text/plain', status: 'processing' }
    },
    errors: errorsOf('gemini.uploadToFileSearchStore'),
  },
  {
    api: 'gemini.cachedContents',
    ask: async (recording, fetch) => {
      const { method, body } = recording.request
      const caches = geminiCaches({ apiKey: 'k', fetch })
      if (method === 'DELETE') return { deleted: await caches.delete(idOf(recording)) }
      if (method === 'GET') return caches.get(idOf(recording))
      if (method === 'PATCH') return caches.update(idOf(recording), Number.parseInt(String(body!.ttl)))
      const { model, ttl, displayName, ...prompt } = body as Fields & { ttl: string; displayName?: string }
      const call = callOf(recording, prompt)
      return caches.create({
        model: String(model).replace('models/', ''),
        call,
        ttl: Number.parseInt(ttl),
        ...(displayName !== undefined && { name: displayName }),
      })
    },
    expected: (recording) => (recording.request.method === 'DELETE' ? { deleted: undefined } : cacheOf(bodyOf(recording))),
    normalise: [{ why: 'a system instruction has no role', apply: withoutSystemRole }],
    errors: errorsOf('gemini.cachedContents'),
  },
  {
    api: 'gemini.batchGenerateContent',
    ask: (recording, fetch) => {
      const { displayName, inputConfig } = recording.request.body!.batch as { displayName: string; inputConfig: Fields }
      const { requests } = inputConfig.requests as { requests: { request: Fields; metadata: { custom_id?: string; key?: string } }[] }
      return geminiServices({ apiKey: 'k', fetch }).batch.create({
        model: modelOf(recording),
        requests: requests.map(({ request, metadata }) => ({
          id: (metadata.custom_id ?? metadata.key)!,
          call: callOf(recording, request),
        })),
        providerOptions: { gemini: { displayName } },
      })
    },
    expected: batchOf,
    normalise: [
      { why: 'the path names the model, an empty config says nothing, and the id’s field is the client’s to name', apply: withoutRepeats },
    ],
  },
  {
    api: 'gemini.batches',
    ask: (recording, fetch) => geminiServices({ apiKey: 'k', fetch }).batch.get(idOf(recording)),
    expected: batchOf,
    errors: errorsOf('gemini.batches'),
  },
]

describe.skipIf(!recorded)('recorded services of the Gemini API', () => {
  test.each(checks.map((check) => [check.api, check] as const))('%s', async (api, check) => {
    const all = recordings([api])
    const read = await checkService(check, all)
    console.log(`wire: ${api}: ${read}`)
    expect(read).toBe(all.length)
    expect(read).toBeGreaterThanOrEqual({ 'gemini.cachedContents': 3, 'gemini.batches': 2, 'gemini.models': 2 }[api] ?? 1)
  })

  test.each(['gemini.batchEmbedContents', 'gemini.cachedContents', 'gemini.countTokens'])(
    '%s: what is sent fits its schema',
    async (api) => {
      const schema = JSON.parse(readFileSync(join(folder, '../schemas', `${api}.request.json`), 'utf8')) as Fields
      const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema)
      const { ask } = checks.find((check) => check.api === api)!
      let seen = 0
      for (const recording of recordings([api]).filter(({ request }) => request.body)) {
        const fetch: typeof globalThis.fetch = async (_url, init) => {
          const body: unknown = JSON.parse(init?.body as string)
          expect(validate(body) ? [] : validate.errors, recording.id).toEqual([])
          seen++
          return Response.json(recording.response.body)
        }
        await ask(recording, fetch).catch(() => {})
      }
      expect(seen).toBeGreaterThanOrEqual(2)
    },
  )

  test('recorded speech is what `speak` asks for, and becomes a WAV', async () => {
    const [recording] = recordings(['gemini.generateContent']).filter(({ id }) => id.includes('speech-basic'))
    let asked: unknown
    const fetch: typeof globalThis.fetch = async (_url, init) => {
      asked = JSON.parse(init?.body as string)
      return Response.json(recording!.response.body)
    }
    const body = canonical(recording!.request.body!) as { contents: { parts: { text: string }[] }[] }
    const text = body.contents[0]!.parts[0]!.text
    const { audio, usage } = await geminiServices({ apiKey: 'k', fetch }).speak(modelOf(recording!)).speak({ text, voice: 'Kore' })
    expect(asked).toEqual(body)
    const wav = Buffer.from(audio.data!, 'base64')
    const pcm = Buffer.from(
      (recording!.response.body as never as { candidates: [{ content: { parts: [{ inlineData: { data: string } }] } }] }).candidates[0]
        .content.parts[0].inlineData.data,
      'base64',
    )
    expect([audio.mime, wav.toString('latin1', 0, 4), wav.readUInt32LE(24), wav.readUInt32LE(40)]).toEqual([
      'audio/wav',
      'RIFF',
      24_000,
      pcm.length,
    ])
    expect(wav.subarray(44).equals(pcm)).toBe(true)
    expect(usage?.output).toBeGreaterThan(0)
  })
})

function withoutQuery(sent: Sent): void {
  sent.path = sent.path.replace(/\?.*/, '')
}

function withoutSystemRole({ body }: Sent): void {
  delete ((body as Fields | undefined)?.systemInstruction as Fields | undefined)?.role
}

function withoutRepeats({ body }: Sent): void {
  const { requests } = ((body as Fields).batch as { inputConfig: { requests: { requests: { request: Fields; metadata: Fields }[] } } })
    .inputConfig.requests
  for (const { request, metadata } of requests) {
    delete request.model
    if (Object.keys((request.generationConfig as object | undefined) ?? {}).length === 0) delete request.generationConfig
    metadata.key ??= metadata.custom_id
    delete metadata.custom_id
  }
}

function batchOf(recording: Recording): Fields {
  const { name, metadata } = bodyOf(recording) as { name: string; metadata: { state: string; createTime: string; batchStats: Fields } }
  const { requestCount, successfulRequestCount = 0, failedRequestCount = 0 } = metadata.batchStats
  const statuses: Record<string, string> = {
    PENDING: 'queued',
    RUNNING: 'running',
    SUCCEEDED: 'done',
    FAILED: 'failed',
    CANCELLED: 'cancelled',
    EXPIRED: 'expired',
  }
  return {
    id: name,
    status: statuses[metadata.state.replace('BATCH_STATE_', '')],
    createdAt: Date.parse(metadata.createTime),
    counts: { total: Number(requestCount), done: Number(successfulRequestCount), failed: Number(failedRequestCount) },
  }
}
