import type { ModelInfo } from '../model.ts'
import { model, type Model } from '../model.ts'
import { withReady } from '../ready.ts'
import { type Connection, keyOf, parse, post, sse } from './wire/http.ts'
import { ChatDecoder, type ChatQuirks, encodeChat } from './wire/openai-chat.ts'

export type { Connection } from './wire/http.ts'
export type { ChatQuirks } from './wire/openai-chat.ts'

export interface OpenAIChatOptions extends Connection {
  /** Named in errors and events; default `openai`. */
  provider?: string
  quirks?: ChatQuirks
  capabilities?: ModelInfo['capabilities']
  limits?: ModelInfo['limits']
}

/**
 * A model behind OpenAI's Chat Completions API, or any server that speaks it. Errors: `model/*`.
 * @example openaiChat('gpt-5-mini', { apiKey })
 */
export function openaiChat(id: string, options: OpenAIChatOptions = {}): Model {
  const {
    provider = 'openai',
    baseURL = 'https://api.openai.com/v1',
    quirks,
    capabilities = { tools: true, structured: true, input: ['text', 'image'] },
    limits,
  } = options
  const url = `${baseURL.replace(/\/$/, '')}/chat/completions`
  return model({ id, provider, capabilities, ...(limits && { limits }) }, (call) =>
    withReady(async function* openaiChat(queue) {
      const key = await keyOf(options)
      const response = await post({
        provider,
        url,
        body: encodeChat(call, id, quirks),
        fetch: options.fetch,
        signal: call.signal,
        headers: { ...(key && { authorization: `Bearer ${key}` }), ...options.headers },
      })
      const decoder = new ChatDecoder(provider)
      // some servers answer whole though a stream was asked for
      if (/application\/json/i.test(response.headers.get('content-type') ?? '')) {
        const body = parse(await response.text())
        yield* decoder.body((body ?? { error: { message: 'not JSON' } }) as Record<string, unknown>)
      } else
        for await (const events of sse(response, call.signal, provider)) {
          try {
            for (const event of events) for (const chunk of decoder.event(event)) queue.push(chunk)
          } finally {
            while (queue.length) yield queue.shift()!
          }
        }
      yield* decoder.end()
    }),
  )
}

/**
 * Any server that speaks Chat Completions, by its address.
 * @example const local = openaiCompatible({ baseURL: 'http://localhost:11434/v1', provider: 'ollama' }); local('qwen3')
 */
export function openaiCompatible(
  options: OpenAIChatOptions & { baseURL: string },
): (id: string, more?: Partial<OpenAIChatOptions>) => Model {
  return (id, more) =>
    openaiChat(id, { provider: new URL(options.baseURL).hostname, quirks: { maxTokens: 'max_tokens' }, ...options, ...more })
}
