import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import type { MediaPart, ModelCall } from '../../src/index.ts'
import { mistralServices } from '../../src/providers/mistral-services.ts'
import { embed } from '../../src/services/index.ts'
import type { Fields } from './checks.ts'
import { chat } from './openai-chat.ts'
import { folder, type Recording, recorded, recordings } from './recordings.ts'
import { checkService, type ServiceCheck } from './services.ts'

const at = (fetch: typeof globalThis.fetch): ReturnType<typeof mistralServices> => mistralServices({ apiKey: 'k', fetch })

const checks: readonly (readonly [ServiceCheck, least: number])[] = [
  [
    {
      api: 'mistral.embeddings',
      ask: ({ request: { body } }, fetch) => {
        const { model, input, output_dimension, ...rest } = body as { model: string; input: string | string[]; output_dimension?: number }
        return embed(at(fetch).embed(model), [input].flat(), { dimensions: output_dimension, providerOptions: { mistral: rest } })
      },
      expected: ({ response }) => {
        const { data, usage } = response.body as { data: { embedding: number[] }[]; usage: { prompt_tokens: number } }
        return { vectors: data.map(({ embedding }) => embedding), failed: [], usage: { input: usage.prompt_tokens, output: 0 } }
      },
    },
    1,
  ],
  [
    {
      api: 'mistral.ocr',
      ask: ({ request: { body } }, fetch) => {
        const { model, document, pages, ...rest } = body as { model: string; document: { document_url: string }; pages?: number[] }
        const [, mime, data] = /^data:([^;]+);base64,(.*)$/s.exec(document.document_url) ?? []
        const part: MediaPart = {
          type: 'media',
          mime: mime ?? 'application/pdf',
          ...(data === undefined ? { url: document.document_url } : { data }),
        }
        return at(fetch)
          .ocr(model)
          .read({ document: part, pages: pages?.map((page) => page + 1), providerOptions: { mistral: rest } })
      },
      expected: ({ response }) => {
        const { pages } = response.body as { pages: { index: number; markdown: string; dimensions: { width: number; height: number } }[] }
        return {
          pages: pages.map(({ index, markdown, dimensions: { width, height } }) => ({
            page: index + 1,
            text: markdown,
            size: { width, height },
          })),
        }
      },
    },
    1,
  ],
  [
    {
      api: 'mistral.speech',
      ask: ({ request: { body } }, fetch) => {
        const { model, input, voice, response_format, ...rest } = body as {
          model: string
          input: string
          voice?: string
          response_format?: string
        }
        return at(fetch)
          .speak(model)
          .speak({ text: input, voice, format: response_format, providerOptions: { mistral: rest } })
      },
      expected: ({ response }) => ({ audio: { mime: 'audio/mpeg', data: (response.body as { audio_data: string }).audio_data } }),
      normalise: [
        {
          why: 'RubyLLM says voice; the vendor’s SDK and specification say voice_id',
          apply: ({ body }) => {
            const { voice, ...said } = body as Fields
            for (const name of Object.keys(body as Fields)) delete (body as Fields)[name]
            Object.assign(body as Fields, { voice_id: voice }, said)
          },
        },
      ],
    },
    1,
  ],
  [
    {
      api: 'mistral.files',
      // the record of what was sent is cut: its fields are asked for again
      ask: (_recording, fetch) =>
        at(fetch).files.upload({ data: new Uint8Array([37, 80, 68, 70]), name: 'sample.pdf', mime: 'application/pdf' }),
      expected: ({ response }) => {
        const { id, bytes, filename, created_at } = response.body as { id: string; bytes: number; filename: string; created_at: number }
        return { id, bytes, name: filename, createdAt: created_at * 1000, part: { ref: id, store: 'mistral', mime: 'application/pdf' } }
      },
      normalise: [
        {
          why: 'the recorded form is cut after the first kilobyte of its file, before its purpose: only the method and the address are left to compare',
          apply: (sent) => delete sent.body,
        },
      ],
    },
    1,
  ],
  [
    {
      api: 'mistral.batches',
      ask: ({ request: { method, url, body } }, fetch) => {
        const { batch } = at(fetch)
        if (method === 'GET') return batch.get(url.split('/').at(-1)!)
        const { model, requests } = body as { model: string; requests: { custom_id: string; body: Fields }[] }
        const calls = requests.map(({ custom_id: id, body: asked }) => ({
          id,
          call: chat.parse({ api: 'mistral.chat', provider: 'mistral', request: { body: asked } } as unknown as Recording) as ModelCall,
        }))
        return batch.create({ model, requests: calls })
      },
      expected: ({ response }) => {
        const { id, status, created_at, total_requests } = response.body as {
          id: string
          status: string
          created_at: number
          total_requests: number
        }
        return {
          id,
          status: status === 'QUEUED' ? 'queued' : 'running',
          createdAt: created_at * 1000,
          counts: { total: total_requests, done: 0, failed: 0 },
        }
      },
    },
    3,
  ],
]

describe.skipIf(!recorded)('recorded Mistral traffic beside chat', () => {
  test.each(checks.map(([check, least]) => [check.api, check, least] as const))('%s', async (api, check, least) => {
    const read = await checkService(check, recordings([api]))
    console.log(`wire: ${api}: ${read}`)
    expect(read).toBeGreaterThanOrEqual(least)
  })

  test('bodies fit the schemas', async () => {
    const bodies: Record<string, unknown> = {}
    const services = at(async (url, init) => {
      bodies[new URL(url as string).pathname] = JSON.parse(init?.body as string) as unknown
      return new Response('{}', { status: 400 })
    })
    const document: MediaPart = { type: 'media', mime: 'application/pdf', data: 'JVBERi0=', name: 'a.pdf' }
    const call: ModelCall = { messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }], maxTokens: 5 }
    await services
      .embed('mistral-embed')
      .embed({ values: ['a'], dimensions: 8, purpose: 'query' })
      .catch(() => {})
    await services
      .ocr('mistral-ocr-latest')
      .read({ document, pages: [1, 3], providerOptions: { mistral: { include_image_base64: true } } })
      .catch(() => {})
    await services.batch.create({ model: 'mistral-small-latest', requests: [{ id: 'a', call }] }).catch(() => {})
    const schemas = { '/v1/embeddings': 'embeddings', '/v1/ocr': 'ocr', '/v1/batch/jobs': 'batches' }
    for (const [path, name] of Object.entries(schemas)) {
      const schema = JSON.parse(readFileSync(join(folder, `../schemas/mistral.${name}.request.json`), 'utf8')) as Fields
      const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema)
      expect(validate(bodies[path]) ? [] : validate.errors, path).toEqual([])
      expect(validate({ ...(bodies[path] as Fields), model: 7 }), path).toBe(false)
    }
  })
})
