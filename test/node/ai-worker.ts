// A worker that asks its own `env.AI`, and tells what came of it.
import { agent, collect, KitError, run, tool, user } from '../../src/index.ts'
import { type AiServicesBinding, workersAiServices } from '../../src/providers/workers-ai-services.ts'
import { workersAi } from '../../src/providers/workers-ai.ts'
import { embed, rerank } from '../../src/services/index.ts'

interface Env {
  AI: AiServicesBinding
}

export default {
  async fetch(request: Request, { AI: binding }: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const model = workersAi(searchParams.get('model') ?? '@cf/meta/llama-3.3-70b-instruct-fp8-fast', {
      binding,
      headers: { 'x-session-affinity': 's1' },
    })
    const services = workersAiServices({ binding })
    try {
      switch (pathname) {
        case '/chat':
          return Response.json(await collect(model({ messages: [user('hi')], ...(searchParams.has('whole') && { stream: false }) })))
        case '/loop': {
          const add = tool({ name: 'add', run: (input) => ({ sum: Number((input as { a: number }).a) + 1 }) })
          return Response.json({ text: (await run(agent({ name: 'adder', model, tools: [add] }), 'Add.')).text })
        }
        case '/abort': {
          const stop = new AbortController()
          const seen: string[] = []
          try {
            for await (const chunk of model({ messages: [user('hi')], signal: stop.signal }))
              if (seen.push(chunk.type)) stop.abort(new Error('enough'))
          } catch (error) {
            seen.push((error as Error).message)
          }
          return Response.json(seen)
        }
        case '/services':
          return Response.json({
            embed: await embed(services.embed('@cf/baai/bge-m3'), ['a', 'b']),
            rerank: await rerank(services.rerank('@cf/baai/bge-reranker-base'), 'q', ['a', 'b']),
            image: await services.image('@cf/black-forest-labs/flux-1-schnell').image({ prompt: 'p' }),
            speak: await services.speak('@cf/deepgram/aura-1').speak({ text: 't' }),
            ocr: await services.ocr('').read({ document: { type: 'media', mime: 'application/pdf', data: btoa('%PDF') } }),
            models: await services.listModels(),
          })
      }
      return new Response(null, { status: pathname === '/health' ? 200 : 404 })
    } catch (error) {
      const { code, status } = error as KitError
      return Response.json({ code: error instanceof KitError ? code : String(error), status }, { status: 500 })
    }
  },
}
