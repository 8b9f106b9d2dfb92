import { KitError, type KitErrorCode } from '../../errors.ts'
import type { Json, Replay, Usage } from '../../message.ts'
import type { Chunk, ModelCall, ModelFinish, Source } from '../../model.ts'
import { type Fields, isObject } from './fields.ts'
import { codeOf, mayRetry, parse, readArguments, type SseEvent } from './http.ts'
import { type ChatQuirks, type Join, wire } from './openai-chat-request.ts'

/** What goes back as it came, of a message or of a call. */
interface Kept {
  kept?: Fields
}

interface OpenCall extends Kept {
  id: string
  index: unknown
  name: string
  text: string
  whole?: unknown
}

/** Calls of one answer, which no reader of deltas bounds. */
const callLimit = 1000
/** Characters of one stream. */
const streamLimit = 128_000_000

/**
 * Reads one answer, streamed or whole: both are the same shape with `delta` or `message` in it. Of several choices only the
 * first is read. A legacy `function_call` is a call like the others; custom
 * tools are not read.
 */
export class ChatDecoder implements Kept {
  kept?: Fields
  readonly #provider: string
  readonly #quirks: ChatQuirks
  readonly #extras: ReturnType<NonNullable<ChatQuirks['extras']>> | undefined
  readonly #back: [string, Join][]
  readonly #calls: OpenCall[] = []
  readonly #finish: Chunk & { type: 'finish' } = { type: 'finish', reason: 'stop' }
  #chunks: Chunk[] = []
  #usage: (Chunk & { type: 'usage' }) | undefined
  #refusal = ''
  #length = 0
  #ended = false

  constructor(provider: string, quirks: ChatQuirks, call: ModelCall) {
    this.#provider = provider
    this.#quirks = quirks
    this.#extras = quirks.extras?.(call)
    this.#back = Object.entries(quirks.back ?? {})
  }

  event({ event, data }: SseEvent): Chunk[] {
    if (data === '[DONE]') this.#ended = true
    else if (data.trim()) {
      if ((this.#length += data.length) > streamLimit) throw this.#error('model/garbled', 'sent too much')
      const body = parse(data)
      if (!isObject(body)) throw this.#error('model/garbled', 'sent no JSON', data)
      if (event === 'error' || body.object === 'error') throw this.#failed(body)
      return this.body(body, true)
    }
    return []
  }

  /** One chunk, or the whole answer, which some servers fill with an empty `delta` too. */
  body(body: Fields, streamed = false): Chunk[] {
    if (body.error) throw this.#failed(body)
    const finish = this.#finish
    finish.model ||= string(body.model)
    finish.id ||= string(body.id)
    let usage = body.usage ?? (body.x_groq as Fields | undefined)?.usage
    const choices = list(body.choices)
    for (const choice of choices) {
      if ((choice.index as number) > 0) continue
      if (choice.error) throw this.#failed(choice)
      const delta = streamed ? (choice.delta ?? choice.message) : (choice.message ?? choice.delta)
      if (isObject(delta)) this.#delta(delta)
      finish.raw = string(choice.finish_reason) || finish.raw
      for (const chunk of this.#extras?.(choice, body) ?? []) this.#chunks.push(chunk)
      usage ??= choice.usage
    }
    if (isObject(usage)) this.#usage = usageOf(usage) ?? this.#usage
    // a whole body cannot have been cut off
    this.#ended ||= !streamed
    if (!streamed && !choices.length) throw this.#error('model/empty', 'sent no answer', body, true)
    const chunks = this.#chunks
    this.#chunks = []
    return chunks
  }

  #delta(delta: Fields): void {
    const { content, audio } = delta
    this.#say('reasoning', delta.reasoning_content || delta.reasoning)
    if (!Array.isArray(content)) this.#say('text', content)
    else
      for (const { text, thinking } of list(content)) {
        for (const thought of list(thinking)) this.#say('reasoning', thought.text)
        this.#say('text', text)
      }
    this.#keep(this, delta)
    this.#refusal += string(delta.refusal) ?? ''
    if (isObject(audio)) this.#say('text', audio.transcript)
    for (const { url_citation: cited } of list(delta.annotations))
      if (isObject(cited)) this.#chunks.push({ type: 'source', source: sourceOf(cited) })
    for (const call of list(delta.tool_calls)) this.#call(call)
    if (delta.function_call) this.#call({ function: delta.function_call })
  }

  #say(type: 'text' | 'reasoning', delta: unknown): void {
    if (typeof delta === 'string' && delta) this.#chunks.push({ type, delta })
  }

  /** Fragments belong together by id, else by index, else to the call before; one without a name never begins a second call. */
  #call(fragment: Fields): void {
    const { id, index } = fragment
    const { name, arguments: args } = Object(fragment.function) as Fields
    const calls = this.#calls
    const known = calls.find((open) => id && open.id === id)
    // an id that is used again, for a call of its own
    let call = name && known?.index !== (index ?? NaN) ? undefined : known
    if (!call && !(id && name)) call = index == null ? (name ? undefined : calls.at(-1)) : calls.findLast((open) => open.index === index)
    if (!call) {
      if (calls.length >= callLimit) throw this.#error('model/garbled', 'sent too much')
      call = { id: (!known && string(id)) || `call_${calls.length}_${crypto.randomUUID().slice(0, 8)}`, index, name: '', text: '' }
      calls.push(call)
    }
    call.name ||= string(name) ?? ''
    this.#keep(call, fragment)
    if (typeof args === 'string') {
      call.text += args
      if (args) this.#chunks.push({ type: 'tool-input', id: call.id, name: call.name, delta: args })
    } else call.whole = args ?? call.whole
  }

  #keep(to: Kept, from: Fields): void {
    for (const [name, join] of this.#back) if (from[name]) (to.kept ??= {})[name] = join(from[name], to.kept?.[name])
  }

  #error(code: KitErrorCode, what: string, cause?: unknown, retryable = false, retryAfter?: number): KitError {
    const provider = this.#provider
    return new KitError(code, `${provider} ${what}`, { provider, cause, retryable, retryAfter })
  }

  /** An error that came after status 200. */
  #failed(body: Fields): KitError {
    const error = isObject(body.error) ? body.error : body
    const own = this.#quirks.explain?.(body)
    const status = Number(error.status_code ?? error.http_status_code ?? error.code)
    const code = own?.code ?? codeOf(status || 500, JSON.stringify(error))
    return this.#error(code, 'ended with an error', body, mayRetry(code), own?.retryAfter)
  }

  /** What is left to say once the body has ended. */
  end(): Chunk[] {
    const chunks: Chunk[] = []
    const finish = this.#finish
    if (!finish.raw && !this.#ended) throw this.#error('model/truncated', 'ended too early', undefined, true)
    if (this.#refusal) chunks.push({ type: 'part', part: { type: 'refusal', text: this.#refusal } })
    if (this.kept) chunks.push({ type: 'part', part: { type: 'opaque', kind: 'message', replay: replayOf(this.kept) } })
    for (const { id, name, text, whole, kept } of this.#calls)
      chunks.push({
        type: 'part',
        part: { type: 'call', id, name, ...readArguments(whole ?? text), ...(kept && { replay: replayOf(kept) }) },
      })
    if (this.#usage) chunks.push({ ...this.#usage, model: finish.model })
    finish.reason = this.#calls.length ? 'tools' : this.#refusal ? 'refusal' : finishOf(finish.raw)
    return [...chunks, finish]
  }
}

const replayOf = (kept: Fields): Replay => ({ wire, data: kept as Json })

/** `eos_token` and `stop_sequence` are TGI's, `model_length` is Mistral's, `end_turn` comes through proxies of Anthropic. */
function finishOf(raw = 'stop'): ModelFinish {
  if (/^(stop|eos|end_turn)/.test(raw)) return 'stop'
  if (/length|max_tokens/.test(raw)) return 'length'
  if (/_call/.test(raw)) return 'tools'
  return /filter|sensitive/.test(raw) ? 'refusal' : raw === 'error' ? raw : 'other'
}

/** Some servers leave reasoning out of `completion_tokens` and count it in the total alone (xAI, Gemini). */
function usageOf(usage: Fields): (Chunk & { type: 'usage' }) | undefined {
  const [input, output] = [count(usage.prompt_tokens), count(usage.completion_tokens)]
  if ((input ?? output) === undefined) return undefined
  const inside = (usage.prompt_tokens_details ?? {}) as Fields
  const all: Usage = {
    input: input ?? 0,
    output: Math.max(output ?? 0, (count(usage.total_tokens) ?? 0) - (input ?? 0)),
    cacheRead: count(inside.cached_tokens ?? usage.prompt_cache_hit_tokens ?? usage.cached_tokens ?? usage.num_cached_tokens),
    cacheWrite: count(inside.cache_write_tokens),
    reasoning: count((usage.completion_tokens_details as Fields | undefined)?.reasoning_tokens),
  }
  return { type: 'usage', usage: all, usd: count(usage.cost) }
}

export const sourceOf = (cited: Fields): Source => ({
  url: string(cited.url),
  title: string(cited.title),
  start: count(cited.start_index),
  end: count(cited.end_index),
})

const string = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const count = (value: unknown): number | undefined => {
  const number = string(value) ? Number(value) : value
  return Number.isFinite(number) ? (number as number) : undefined
}

/** The objects in a list; one alone counts as a list (old TGI sends a single call so). */
const list = (value: unknown): readonly Fields[] => (value ? (Array.isArray(value) ? value : [value]).filter(isObject) : [])
