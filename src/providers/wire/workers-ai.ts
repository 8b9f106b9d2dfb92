import { KitError, type KitErrorCode } from '../../errors.ts'
import type { Usage } from '../../message.ts'
import type { Chunk, ModelCall, ModelFinish } from '../../model.ts'
import type { Decoder } from './exchange.ts'
import { countIn, type Fields, fields, isObject, objects, textIn } from './fields.ts'
import { codeOf, mayRetry, parse, readArguments, type SseEvent } from './http.ts'
import { explainCloudflare } from './workers-ai-errors.ts'
import type { Dialect } from './workers-ai-request.ts'

interface OpenCall {
  id: string
  index: unknown
  name: string
  text: string
  whole?: unknown
}

/** Tokens of an answer of the `run` dialect where a call does not say. */
const defaultTokens = 256
/** Calls of one answer. */
const callLimit = 1000
/** Characters of one stream. */
const streamLimit = 128_000_000

/**
 * Reads the answers of Workers AI, which differ by model and come bare (binding) or in `result` (REST): `{ response }` or Chat
 * Completions, streamed or whole, and Responses, which only come whole. Its own reader, not that of `openai-chat` with a
 * translation before it: both together weigh 1.5 KB gz more.
 */
export class WorkersAiDecoder implements Decoder {
  readonly #provider: string
  readonly #limit: number
  readonly #calls: OpenCall[] = []
  readonly #finish: Chunk & { type: 'finish' } = { type: 'finish', reason: 'stop' }
  #usage: Usage | undefined
  #length = 0
  #ended = false

  constructor(provider: string, dialect: Dialect, { maxTokens = dialect === 'run' ? defaultTokens : Infinity }: ModelCall) {
    this.#provider = provider
    this.#limit = maxTokens
  }

  event({ data }: SseEvent): Iterable<Chunk> {
    if (data === '[DONE]') this.#ended = true
    if (this.#ended || !data.trim()) return []
    if ((this.#length += data.length) > streamLimit) throw this.#error('model/garbled', 'sent too much')
    const body = parse(data)
    if (!isObject(body)) throw this.#error('model/garbled', 'sent no JSON')
    return this.#read(body)
  }

  body(body: Fields): Iterable<Chunk> {
    const chunks = [...this.#read(body)]
    this.#ended = true
    if (chunks.length || this.#calls.length || this.#usage || this.#finish.raw) return chunks
    throw this.#error('model/empty', 'sent no answer', body, true)
  }

  end(): Iterable<Chunk> {
    const { raw, model } = this.#finish
    if (!this.#ended && !raw) throw this.#error('model/truncated', 'ended too early', undefined, true)
    const chunks: Chunk[] = this.#calls.map(({ id, name, text, whole }) => ({
      type: 'part',
      part: { type: 'call', id, name, ...readArguments(whole ?? text) },
    }))
    const usage = this.#usage
    if (usage) chunks.push({ type: 'usage', usage, model })
    // older models do not say that they were cut off
    const cut = !raw && usage && usage.output >= this.#limit
    this.#finish.reason = this.#calls.length ? 'tools' : cut ? 'length' : finishOf(raw)
    return [...chunks, this.#finish]
  }

  *#read(given: Fields): Iterable<Chunk> {
    const body = isObject(given.result) ? given.result : given
    if (given.success === false || given.internalCode || body.error || objects(given.errors).length) throw this.#failed(given)
    const [choice] = objects(body.choices)
    const said = choice ? fields(choice.delta ?? choice.message) : body
    const finish = this.#finish
    finish.model ??= textIn(body.model)
    finish.id ??= textIn(body.id)
    finish.raw = textIn((choice ?? body).finish_reason) ?? finish.raw
    if (isObject(body.usage)) this.#usage = usageOf(body.usage) ?? this.#usage
    for (const piece of objects(said.tool_calls)) yield* this.#call(piece)
    const thought = textIn(said.reasoning_content || said.reasoning)
    if (thought) yield { type: 'reasoning', delta: thought }
    const text = wordsOf(choice ? said.content : said.response)
    if (text) yield { type: 'text', delta: text }
    for (const item of objects(body.output)) {
      const delta = wordsOf(item.content)
      if (item.type === 'function_call') yield* this.#call({ id: item.call_id, function: item })
      else if (delta) yield { type: item.type === 'reasoning' ? 'reasoning' : 'text', delta }
    }
    if (body.status === 'incomplete') finish.raw = 'length'
    else if (body.output) finish.raw ??= 'stop'
  }

  /** Pieces belong together by id, else by index, else to the call before; a whole call of an older model has neither. */
  *#call(piece: Fields): Iterable<Chunk> {
    const calls = this.#calls
    const { name, arguments: args } = fields(piece.function ?? piece)
    const { index } = piece
    const id = textIn(piece.id)
    const known = id ? calls.find((open) => open.id === id) : undefined
    // an id that is used again, for a call of its own
    let call = name && known?.index !== (index ?? NaN) ? undefined : known
    if (!id) call = index == null ? (name ? undefined : calls.at(-1)) : calls.findLast((open) => open.index === index)
    if (!call) {
      if (calls.length >= callLimit) throw this.#error('model/garbled', 'sent too much')
      call = { id: (!known && id) || `call_${crypto.randomUUID().slice(9)}`, index, name: '', text: '' }
      calls.push(call)
    }
    call.name ||= textIn(name) ?? ''
    if (typeof args !== 'string') call.whole = args ?? call.whole
    else if (args) {
      call.text += args
      yield { type: 'tool-input', id: call.id, name: call.name, delta: args }
    }
  }

  #error(code: KitErrorCode, what: string, cause?: Fields, retryable = false): KitError {
    return new KitError(code, `${this.#provider} ${what}`, { provider: this.#provider, cause, retryable })
  }

  /** An error that came with status 200. */
  #failed(body: Fields): KitError {
    const code = explainCloudflare(body)?.code ?? codeOf(500, JSON.stringify(body))
    return this.#error(code, 'ended with an error', body, mayRetry(code))
  }
}

/** A token that is a number and an answer held to a schema are no text here; pieces of a content are joined. */
function wordsOf(said: unknown): string {
  if (typeof said !== 'object') return String((said as string | undefined) ?? '')
  if (Array.isArray(said))
    return objects(said)
      .map((part) => textIn(part.text))
      .join('')
  return said ? JSON.stringify(said) : ''
}

function finishOf(raw = 'stop'): ModelFinish {
  if (raw === 'stop' || raw === 'length') return raw
  return raw === 'content_filter' ? 'refusal' : 'other'
}

/** Tokens may be null. */
function usageOf(usage: Fields): Usage | undefined {
  const input = countIn(usage.prompt_tokens ?? usage.input_tokens)
  const output = countIn(usage.completion_tokens ?? usage.output_tokens)
  if ((input ?? output) === undefined) return undefined
  const cacheRead = countIn(fields(usage.prompt_tokens_details).cached_tokens)
  const reasoning = countIn(fields(usage.completion_tokens_details).reasoning_tokens)
  return { input: input ?? 0, output: output ?? 0, cacheRead, reasoning }
}
