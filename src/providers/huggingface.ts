import { model, type Model, type ModelInfo } from '../model.ts'
import { exchange } from './wire/exchange.ts'
import { type Connection, keyOf } from './wire/http.ts'
import { routerQuirks, routerURL, tgiQuirks } from './wire/huggingface.ts'
import { encodeChat, wire } from './wire/openai-chat-request.ts'
import { ChatDecoder } from './wire/openai-chat.ts'

export type { Connection } from './wire/http.ts'

export interface HuggingFaceOptions extends Connection {
  /**
   * The address of an Inference Endpoint, instead of the router: with a path it is taken as it is, without one its API is looked
   * for at `/v1`, where TGI, vLLM, SGLang and llama.cpp have it.
   */
  endpoint?: string
  /** What serves the endpoint; `tgi` (default) has its own form of schemas. */
  engine?: 'tgi' | 'openai'
  /** The organisation that pays. */
  billTo?: string
  capabilities?: ModelInfo['capabilities']
  limits?: ModelInfo['limits']
}

/**
 * A model behind Hugging Face's router, or on an Inference Endpoint. On the router a backend is named after the model
 * (`org/model:groq`), or chosen: `:fastest`, `:cheapest`. What a backend can do is in `listModels` of
 * `edgeswarm/providers/huggingface-services`; tools are sent where `capabilities` say so, and never imitated in the prompt.
 * Errors: `model/*`; a model that is being loaded is `model/overloaded` with `retryAfter`; an `endpoint` that is no address is a
 * `TypeError`.
 * @example huggingface('openai/gpt-oss-120b:cerebras', { apiKey: env.HF_TOKEN })
 * @example huggingface('tgi', { apiKey, endpoint: 'https://x.us-east-1.aws.endpoints.huggingface.cloud' })
 */
export function huggingface(id: string, options: HuggingFaceOptions = {}): Model {
  const {
    endpoint,
    engine = 'tgi',
    billTo,
    baseURL = `${routerURL}/v1`,
    capabilities = { tools: true, structured: true, input: ['text', 'image'] },
    limits,
  } = options
  const provider = 'huggingface'
  const url = new URL(endpoint ?? baseURL)
  if (endpoint !== undefined && url.pathname === '/') url.pathname = '/v1'
  url.pathname = url.pathname.replace(/(\/chat\/completions)?\/*$/, '/chat/completions')
  const quirks = { ...(endpoint !== undefined && engine === 'tgi' ? tgiQuirks() : routerQuirks), takes: capabilities.input }
  return model({ id, provider, wire, capabilities, limits }, (call) =>
    exchange(call, { provider, fetch: options.fetch }, async () => {
      const key = await keyOf(options)
      return {
        url: url.href,
        body: encodeChat(call, id, quirks),
        headers: {
          ...(key && { authorization: `Bearer ${key}` }),
          ...(billTo !== undefined && { 'x-hf-bill-to': billTo }),
          ...options.headers,
        },
        explain: quirks.explain,
        decoder: new ChatDecoder(provider, quirks, call),
      }
    }),
  )
}
