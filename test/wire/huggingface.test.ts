import { describe, expect, test } from 'vitest'
import { huggingface } from '../../src/providers/huggingface.ts'
import { huggingfaceServices } from '../../src/providers/huggingface-services.ts'
import { fields } from '../../src/providers/wire/fields.ts'
import { checkCuts, checkEncode, type Fields, type Wire } from './checks.ts'
import { chat } from './openai-chat.ts'
import { recorded, recordings } from './recordings.ts'
import { checkService, type ServiceCheck } from './services.ts'

// the loops and errors of both apis are checked with the preset, in test/wire/openai-chat.test.ts
const apis = ['huggingface.router.chat', 'huggingface.hf-inference.chat']
const wire: Wire = {
  ...chat,
  model: ({ api, request }, fetch) =>
    huggingface((request.body?.model as string | undefined) ?? 'm', {
      apiKey: 'k',
      fetch,
      capabilities: {},
      ...(api === 'huggingface.hf-inference.chat' && { endpoint: request.url }),
    }),
}

const task: ServiceCheck = {
  api: 'huggingface.task',
  ask({ request: { url, body } }, fetch) {
    const { inputs, parameters, ...rest } = body as Fields
    const name = /\/pipeline\/([^/]+)\//.exec(url)?.[1] ?? 'any'
    const model = url.replace(/^.*?\/(pipeline\/[^/]+|models)\//, '')
    return huggingfaceServices({ apiKey: 'k', fetch }).task(name, model, inputs, {
      ...(parameters !== undefined && { parameters: fields(parameters) }),
      providerOptions: { huggingface: rest },
    })
  },
  expected: ({ response }) => response.body,
  normalise: [
    {
      why: 'addresses of hosts that are gone (410) or have moved, with the task or the model at the end',
      apply: (sent) => {
        sent.path = sent.path.replace(/^\/pipeline\/[^/]+|^(\/api\/inference-proxy)?\/hf-inference\/models/, '')
      },
    },
  ],
  errors: {
    'huggingface-task--inferenceapitest-test-inference-missing-input-6cea4d': 'model/request',
    'huggingface-task--tapes-5615e2': 'model/unknown',
    'huggingface-task--tapes-b2a2b4': 'model/request',
  },
}

describe.skipIf(!recorded)('recorded traffic of Hugging Face', () => {
  const all = recordings(apis)

  test('the router and hf-inference: what is read, cut at any byte, and what is sent', async () => {
    const decoded = await checkCuts(
      wire,
      all.filter(({ response }) => response.status === 200),
    )
    const encoded = await checkEncode(wire, all)
    console.log(`wire: huggingface: ${decoded} answers, ${encoded} requests`)
    expect([decoded, encoded]).toEqual([10, 11])
  })

  test('tasks', async () => {
    const read = await checkService(task, recordings([task.api]))
    console.log(`wire: ${task.api}: ${read}`)
    expect(read).toBeGreaterThanOrEqual(4)
  })
})
