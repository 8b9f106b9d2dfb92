import type { ModelInfo } from '../model.ts'
import { model, type Model } from '../model.ts'
import { exchange } from './wire/exchange.ts'
import { type Connection, keyOf } from './wire/http.ts'
import { type ChatQuirks, encodeChat, wire } from './wire/openai-chat-request.ts'
import { onlyChosen, spoken, waitOf } from './wire/openai-chat-rewrites.ts'
import { ChatDecoder } from './wire/openai-chat.ts'

export type { Connection } from './wire/http.ts'
export type { ChatQuirks } from './wire/openai-chat-request.ts'

export interface OpenAIChatOptions extends Connection {
  /** Named in errors and events; default `openai`. */
  provider?: string
  /** How the server differs, field by field over the defaults. */
  quirks?: ChatQuirks
  capabilities?: ModelInfo['capabilities']
  limits?: ModelInfo['limits']
}

/** OpenAI's own API: it has no `top_k`, refuses ids of calls with more than 40 characters, and may answer with sound. */
const openai: ChatQuirks = {
  fields: { max_tokens: 'max_completion_tokens', top_k: false },
  empty: null,
  toolId: (id) => id.slice(-40),
  explain: waitOf,
  extras: spoken,
}

/**
 * A model behind OpenAI's Chat Completions API, or any server that speaks it; a query in `baseURL` is kept.
 * Errors: `model/*`; a `baseURL` that is no address is a `TypeError`.
 * @example openaiChat('gpt-5.4-mini', { apiKey })
 */
export function openaiChat(id: string, options: OpenAIChatOptions = {}): Model {
  const {
    provider = 'openai',
    baseURL = 'https://api.openai.com/v1',
    capabilities = { tools: true, structured: true, input: ['text', 'image', 'audio', 'pdf'] },
    limits,
  } = options
  const quirks = { ...openai, files: provider, takes: capabilities.input, ...options.quirks }
  const url = new URL(baseURL)
  url.pathname = url.pathname.replace(/\/*$/, '/chat/completions')
  return model({ id, provider, wire, capabilities, limits }, (call) =>
    exchange(call, { provider, fetch: options.fetch }, async () => {
      const key = await keyOf(options)
      return {
        url: url.href,
        body: encodeChat(call, id, quirks),
        headers: { ...(key && { authorization: `Bearer ${key}` }), ...options.headers },
        explain: quirks.explain,
        decoder: new ChatDecoder(provider, quirks, call),
      }
    }),
  )
}

/**
 * Any server that speaks Chat Completions, by its address, or by a preset of `edgeswarm/providers/presets`.
 * @example const local = openaiCompatible({ baseURL: 'http://localhost:11434/v1' }); local('qwen3')
 * @example const deepseek = openaiCompatible(presets.deepseek, { apiKey }); deepseek('deepseek-chat')
 */
export function openaiCompatible(
  server: OpenAIChatOptions & { baseURL: string },
  options: OpenAIChatOptions = {},
): (id: string, more?: OpenAIChatOptions) => Model {
  return (id, more = {}) =>
    openaiChat(id, {
      provider: new URL(server.baseURL).hostname,
      ...server,
      ...options,
      ...more,
      quirks: { ...plain, ...server.quirks, ...options.quirks, ...more.quirks },
    })
}

/** The plain protocol, without what is OpenAI's own. */
const plain: ChatQuirks = { fields: {}, empty: undefined, toolId: undefined, rewrite: [onlyChosen], extras: undefined }
