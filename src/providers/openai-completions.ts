import { KitError } from '../errors.ts'
import { type Message, textOf } from '../message.ts'
import { type Chunk, model, type Model, type ModelCall, type ModelFinish, type ModelInfo } from '../model.ts'
import { type Decoder, exchange } from './wire/exchange.ts'
import { defined, type Fields, isObject, objects, textIn } from './wire/fields.ts'
import { type Connection, keyOf, parse, type SseEvent } from './wire/http.ts'
import { explainError, streamError } from './wire/openai-responses-errors.ts'
import { usageIn } from './wire/openai-tokens.ts'

export type { Connection } from './wire/http.ts'

export interface OpenAICompletionsOptions extends Connection {
  /** Named in errors and events; default `openai`. */
  provider?: string
  /** What the messages of a call become; default their texts, joined by blank lines. */
  prompt?: (call: ModelCall) => string
  limits?: ModelInfo['limits']
}

/**
 * A model behind the older Completions API, which goes on from a text: base models on vLLM, llama.cpp or LocalAI, code with a
 * `suffix` (`providerOptions['openai-completions']`). No tools, no media; of several answers (`n`) the first is read. Errors: `model/*`.
 * @example openaiCompletions('gpt-3.5-turbo-instruct', { apiKey })
 */
export function openaiCompletions(id: string, options: OpenAICompletionsOptions = {}): Model {
  const { provider = 'openai', baseURL = 'https://api.openai.com/v1', prompt = plain, limits } = options
  const url = `${baseURL.replace(/\/+$/, '')}/completions`
  const capabilities = { tools: false, structured: false, input: ['text'] } as const
  return model({ id, provider, capabilities, limits }, (call) =>
    exchange(call, { provider, fetch: options.fetch }, async () => {
      const key = await keyOf(options)
      const dropped = absent.filter((name) => call[name] !== undefined)
      const headers = { ...(key && { authorization: `Bearer ${key}` }), ...options.headers }
      return {
        url,
        body: encode(call, id, prompt(call)),
        dropped,
        headers,
        explain: explainError,
        decoder: new CompletionsDecoder(provider),
      }
    }),
  )
}

/** What the API has no field for. */
const absent = ['tools', 'toolChoice', 'output', 'reasoning', 'topK'] as const

const plain = ({ system = '', messages }: ModelCall): string =>
  [
    typeof system === 'string' ? system : system.map(({ text }) => text).join('\n\n'),
    ...messages.map((message: Message) => textOf(message)),
  ]
    .filter(Boolean)
    .join('\n\n')

function encode(call: ModelCall, model: string, prompt: string): Fields {
  const stream = call.stream !== false || undefined
  return {
    stream_options: stream && { include_usage: true },
    max_tokens: call.maxTokens,
    temperature: call.temperature,
    top_p: call.topP,
    stop: call.stop,
    seed: call.seed,
    presence_penalty: call.presencePenalty,
    frequency_penalty: call.frequencyPenalty,
    ...call.providerOptions?.['openai-completions'],
    model,
    prompt,
    stream,
  }
}

/** Characters of one answer. */
const textLimit = 16_000_000

class CompletionsDecoder implements Decoder {
  done = false
  readonly #provider: string
  #reason: string | undefined
  #said = 0
  #usage: ReturnType<typeof usageIn> = {}
  #more: { model?: string; id?: string } = {}

  constructor(provider: string) {
    this.#provider = provider
  }

  *event({ event, data }: SseEvent): Generator<Chunk, void, void> {
    if (this.done || !data.trim()) return
    if (data.trim() === '[DONE]') {
      this.done = true
      return
    }
    const body = parse(data)
    if (!isObject(body)) throw this.#error('model/garbled', 'sent a line that is no JSON object')
    if (event === 'error' && !body.error) throw streamError(this.#provider, { error: body })
    yield* this.body(body)
  }

  *body(body: Fields): Generator<Chunk, void, void> {
    if (body.error) throw streamError(this.#provider, body)
    if ('usage' in body) this.#usage = { ...this.#usage, ...usageIn(body.usage) }
    this.#more = { ...this.#more, ...defined({ model: textIn(body.model), id: textIn(body.id) }) }
    for (const { index, text, finish_reason } of objects(body.choices)) {
      if ((index ?? 0) !== 0) continue
      this.#reason = textIn(finish_reason) ?? this.#reason
      const delta = textIn(text)
      if (delta === undefined) continue
      if ((this.#said += delta.length) > textLimit) throw this.#error('model/garbled', 'sent an answer that is too long')
      yield { type: 'text', delta }
    }
  }

  *end(): Generator<Chunk, void, void> {
    const raw = this.#reason
    if (raw === undefined) throw this.#error('model/truncated', 'ended its answer too early', true)
    if (this.#usage.usage) yield { type: 'usage', usage: this.#usage.usage, ...(this.#more.model && { model: this.#more.model }) }
    yield { type: 'finish', reason: reasons[raw] ?? 'other', raw, ...this.#more }
  }

  #error(code: 'model/garbled' | 'model/truncated', what: string, retryable = false): KitError {
    return new KitError(code, `${this.#provider} ${what}`, { provider: this.#provider, retryable })
  }
}

const reasons: Readonly<Record<string, ModelFinish>> = { stop: 'stop', length: 'length', content_filter: 'refusal', eos: 'stop' }
