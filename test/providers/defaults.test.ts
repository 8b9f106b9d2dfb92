// Settings are often read from variables that are not set: what is `undefined` is as if it were not given.
import { expect, test } from 'vitest'
import { anthropicServices } from '../../src/providers/anthropic-services.ts'
import { cohereServices } from '../../src/providers/cohere-services.ts'
import { fireworksServices } from '../../src/providers/fireworks-services.ts'
import { geminiServices } from '../../src/providers/gemini-services.ts'
import { huggingfaceServices } from '../../src/providers/huggingface-services.ts'
import { mistralServices } from '../../src/providers/mistral-services.ts'
import { ollamaServices } from '../../src/providers/ollama-services.ts'
import { moderate } from '../../src/providers/openai-moderation.ts'
import { openaiServices } from '../../src/providers/openai-services.ts'
import { togetherServices } from '../../src/providers/together-services.ts'
import { voyageServices } from '../../src/providers/voyage.ts'
import { xaiServices } from '../../src/providers/xai-services.ts'

interface Unset {
  apiKey: string
  baseURL: undefined
  headers: undefined
  fetch: typeof fetch
}

const asked: Readonly<Record<string, readonly [string, (options: Unset) => Promise<unknown>]>> = {
  anthropic: ['api.anthropic.com', (options) => anthropicServices(options).listModels()],
  cohere: ['api.cohere.com', (options) => cohereServices(options).listModels()],
  fireworks: ['api.fireworks.ai', (options) => fireworksServices({ ...options, account: 'a' }).listModels()],
  gemini: ['generativelanguage.googleapis.com', (options) => geminiServices(options).listModels()],
  huggingface: ['router.huggingface.co', (options) => huggingfaceServices(options).listModels()],
  mistral: ['api.mistral.ai', (options) => mistralServices(options).listModels()],
  moderation: ['api.openai.com', (options) => moderate('hi', options)],
  ollama: ['localhost:11434', (options) => ollamaServices(options).listModels()],
  openai: ['api.openai.com', (options) => openaiServices(options).listModels()],
  together: ['api.together.ai', (options) => togetherServices(options).listModels()],
  voyage: [
    'api.voyageai.com',
    (options) =>
      voyageServices(options)
        .rerank('rerank-2')
        .rerank({ query: 'q', documents: ['d'] }),
  ],
  xai: ['api.x.ai', (options) => xaiServices(options).listModels()],
}

test.each(Object.entries(asked))('%s is asked at its own address where none is set', async (_name, [host, ask]) => {
  let address = ''
  const fetch: typeof globalThis.fetch = async (url) => {
    address = url as string
    return new Response('{}', { status: 500 })
  }
  await expect(ask({ apiKey: 'k', baseURL: undefined, headers: undefined, fetch })).rejects.toMatchObject({ code: 'model/http' })
  expect(new URL(address).host).toBe(host)
})
