import { describe, expect, test } from 'vitest'
import { workersAiServices } from '../../src/providers/workers-ai-services.ts'
import { fields, objects } from '../../src/providers/wire/fields.ts'
import { embed } from '../../src/services/index.ts'
import { type Recording, recorded, recordings } from './recordings.ts'
import { checkService, type ServiceCheck } from './services.ts'

// chat at the address of Chat Completions is read by test/wire/openai-chat.test.ts
const embeddings: ServiceCheck = {
  api: 'workers-ai.openai-compat.embeddings',
  ask(recording, fetch) {
    const { model = '@cf/baai/bge-m3', input } = fields((recording.request as Recording['request'] | null)?.body)
    // a recording without a request says only how many texts there were
    const texts = [input ?? objects(fields(recording.response.body).data).map(({ index }) => String(index))].flat() as string[]
    return embed(workersAiServices({ account: 'a', fetch }).embed(model as string), texts)
  },
  expected: ({ response }) => ({ vectors: objects(fields(response.body).data).map(({ embedding }) => embedding), failed: [] }),
  normalise: [
    {
      why: 'the same question at `/ai/run`: the model is in the address, `input` is called `text`',
      apply: (sent) => {
        const body = sent.body as { input?: unknown; text?: unknown; model?: unknown }
        sent.path = ''
        sent.body = [body.text ?? body.input].flat()
      },
    },
  ],
}

describe.skipIf(!recorded)('recorded services of Workers AI', () => {
  test('embeddings', async () => {
    const read = await checkService(embeddings, recordings([embeddings.api]))
    console.log(`wire: ${embeddings.api}: ${read}`)
    expect(read).toBeGreaterThanOrEqual(1)
  })
})
