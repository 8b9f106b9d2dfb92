// `env.AI` as workerd itself makes it, over a fake of the service behind it: what the binding does with a request and an answer is real.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Served, serve } from '../workerd.ts'

/** Answers by the model that is asked for, and says what it was asked where that matters. */
const fake = `
const sse = (...events) => new Response(events.map((event) => 'data: ' + (typeof event === 'string' ? event : JSON.stringify(event)) + '\\n\\n').join(''), { headers: { 'content-type': 'text/event-stream' } })
const chat = (inputs) => inputs.messages.some(({ role }) => role === 'tool')
  ? sse({ response: 'sum ' + inputs.messages.at(-1).content }, '[DONE]')
  : inputs.tools ? sse({ response: '', tool_calls: [{ name: 'add', arguments: { a: 1 } }] }, '[DONE]')
  : inputs.stream ? sse({ response: 'Hel', p: 'abc' }, { response: 'lo' }, { response: '', usage: { prompt_tokens: 2, completion_tokens: 1 } }, '[DONE]')
  : Response.json({ response: 'Hello', usage: { prompt_tokens: 2, completion_tokens: 1 } })
export default {
  async fetch(request) {
    const url = new URL(request.url)
    if (url.pathname === '/ai-api/models/search') return Response.json({ success: true, result: [{ name: '@cf/x', properties: [{ property_id: 'context_window', value: '8192' }, { property_id: 'function_calling', value: 'true' }] }] })
    if (url.pathname === '/to-everything/markdown/transformer') {
      const { files } = await request.json()
      return Response.json({ result: [{ id: '1', name: files[0].name, mimeType: files[0].mimeType, format: 'markdown', tokens: 1, data: '# ' + files[0].name + '\\n## Contents\\n### Page 1\\n' + atob(files[0].data) + '\\n### Page 2\\nend' }] })
    }
    const { inputs, options } = await request.json()
    if (url.pathname !== '/run' || !options.returnRawResponse) return new Response('asked otherwise', { status: 500 })
    switch (request.headers.get('cf-consn-model-id')) {
      case '@cf/none': return Response.json({ internalCode: 5007, name: 'InferenceUpstreamError', description: 'No such model' }, { status: 400 })
      case '@cf/busy': return Response.json({ errors: [{ code: 3040, message: 'no capacity' }], success: false }, { status: 429 })
      case '@cf/session': return Response.json({ response: request.headers.get('x-session-affinity') })
      case '@cf/endless': return new Response(new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('data: {"response":"a"}\\n\\n')) }), { headers: { 'content-type': 'text/event-stream' } })
      case '@cf/baai/bge-m3': return Response.json({ shape: [2, 2], data: inputs.text.map((text, at) => [at, text.length]) })
      case '@cf/baai/bge-reranker-base': return Response.json({ response: inputs.contexts.map((_, id) => ({ id, score: id })) })
      case '@cf/black-forest-labs/flux-1-schnell': return Response.json({ image: '/9j/AAAA' })
      case '@cf/deepgram/aura-1': return new Response(new Uint8Array([1, 2, 3]), { headers: { 'content-type': 'audio/mpeg' } })
      default: return chat(inputs)
    }
  },
}`

describe('env.AI of workerd', () => {
  let served: Served
  beforeAll(async () => {
    const wrapped =
      '(name = "AI", wrapped = (moduleName = "cloudflare-internal:ai-api", innerBindings = [ (name = "fetcher", service = "ai") ]))'
    served = await serve('test/node/ai-worker.ts', {}, { workers: { ai: fake }, bound: [wrapped], sessions: false })
  }, 60_000)
  afterAll(() => served.stop())
  const get = async (path: string): Promise<unknown> => (await fetch(`${served.url}${path}`)).json()

  test('a stream and a whole answer are the same', async () => {
    const hello = { parts: [{ type: 'text', text: 'Hello' }], usage: { input: 2, output: 1 }, finish: 'stop' }
    expect(await get('/chat')).toEqual(hello)
    expect(await get('/chat?whole')).toEqual(hello)
  })

  test('a loop with tools goes round', async () => {
    expect(await get('/loop')).toEqual({ text: 'sum {"sum":2}' })
  })

  test('refusals have their code and status, the session travels', async () => {
    expect(await get('/chat?model=@cf/none')).toEqual({ code: 'model/unknown', status: 400 })
    expect(await get('/chat?model=@cf/busy')).toEqual({ code: 'model/overloaded', status: 429 })
    expect(await get('/chat?model=@cf/session')).toMatchObject({ parts: [{ text: 's1' }] })
  })

  test('an abort ends an answer that would go on for ever', async () => {
    expect(await get('/abort?model=@cf/endless')).toEqual(['text', 'enough'])
  })

  test('services', async () => {
    expect(await get('/services')).toMatchObject({
      embed: {
        vectors: [
          [0, 1],
          [1, 1],
        ],
      },
      rerank: [
        { index: 1, score: 1 },
        { index: 0, score: 0 },
      ],
      image: { images: [{ mime: 'image/jpeg', data: '/9j/AAAA' }] },
      speak: { audio: { mime: 'audio/mpeg', data: 'AQID' } },
      ocr: {
        pages: [
          { page: 1, text: '%PDF' },
          { page: 2, text: 'end' },
        ],
      },
      models: [{ id: '@cf/x', provider: 'workers-ai', capabilities: { tools: true }, limits: { context: 8192 } }],
    })
  })
})
