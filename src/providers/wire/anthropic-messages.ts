import { KitError, type KitErrorCode } from '../../errors.ts'
import type { CallPart, Json, Usage } from '../../message.ts'
import type { Chunk, ModelFinish, Source } from '../../model.ts'
import { inputOf } from './anthropic-content.ts'
import { wire } from './anthropic-models.ts'
import { type Fields, fields, isObject, objects, textIn } from './fields.ts'
import { codeOf, parse, readArguments, type SseEvent } from './http.ts'

export { traitsOf, type ClaudeTraits, wire } from './anthropic-models.ts'
export { encodeMessages, messagesOptions } from './anthropic-request.ts'

/** A content block that has begun and not ended. */
interface Open {
  block: Fields
  text: string
  json: string
  citations: Fields[]
  /** Where its text begins in the answer's. */
  start: number
}

/** Characters of one answer's events. */
const streamLimit = 50_000_000

/** Reads one answer of the Messages API, streamed or whole. */
export class MessagesDecoder {
  readonly #provider: string
  readonly #open = new Map<unknown, Open>()
  #held: CallPart | undefined
  #called = false
  #length = 0
  #usage: { [name: string]: number } = {}
  #stop: string | undefined
  #details: Fields = {}
  #container: Fields | undefined
  #edits: Fields[] = []
  #model: string | undefined
  #id: string | undefined
  #started = false
  #ended = false
  #size = 0

  constructor(provider: string) {
    this.#provider = provider
  }

  *event({ event, data }: SseEvent): Generator<Chunk, void, void> {
    if (!data || event === 'ping') return
    if ((this.#size += data.length) > streamLimit) throw this.#bad('does not stop')
    const body = parse(data)
    if (!isObject(body)) {
      if (data.startsWith('[DONE]')) return
      throw this.#bad('sent a line that is not JSON', data)
    }
    const { type = event, index, delta, content_block: block, message, usage } = body
    switch (type) {
      case 'content_block_delta': {
        const chunk = this.#delta(this.#open.get(index), fields(delta))
        if (chunk) yield chunk
        return
      }
      case 'content_block_start':
        return yield* this.#begin(index, fields(block))
      case 'content_block_stop':
        return yield* this.#close(index)
      case 'message_start':
        return yield* this.#start(fields(message))
      case 'message_delta':
        return this.#note(fields(delta), usage, body)
      case 'message_stop':
        this.#ended = true
        return
      case 'error':
        throw failure(this.#provider, body)
    }
  }

  #bad(what: string, cause?: unknown): KitError {
    return new KitError('model/garbled', `${this.#provider} ${what}`, { provider: this.#provider, cause })
  }

  /** A whole answer. */
  *body(body: Fields): Generator<Chunk, void, void> {
    if (body.type === 'error' || body.error) throw failure(this.#provider, body)
    if (!Array.isArray(body.content) && typeof body.stop_reason !== 'string') throw this.#bad('sent JSON that is no message', body)
    yield* this.#start(body)
    this.#note(body, undefined, body)
    this.#ended = true
  }

  *#start(message: Fields): Generator<Chunk, void, void> {
    if (typeof message.model === 'string') this.#model = message.model
    if (typeof message.id === 'string') this.#id = message.id
    this.#count(message.usage)
    // a start that comes again, in the middle, begins nothing anew
    if (this.#started || !Array.isArray(message.content)) return
    this.#started = true
    for (const block of message.content) {
      const whole = fields(block)
      yield* this.#begin('whole', whole)
      yield* this.#close('whole')
    }
  }

  /** The counts are of the whole message so far, so the last of each holds; one that is not said again stays. */
  #count(raw: unknown): void {
    const usage = fields(raw)
    const counts = { ...usage, thinking: fields(usage.output_tokens_details).thinking_tokens }
    for (const [name, value] of Object.entries(counts)) if (typeof value === 'number' && Number.isFinite(value)) this.#usage[name] = value
  }

  #note(delta: Fields, usage: unknown, { context_management: context }: Fields): void {
    if (context) this.#edits = objects(fields(context).applied_edits)
    if (typeof delta.stop_reason === 'string') this.#stop = delta.stop_reason
    if (delta.stop_details) this.#details = fields(delta.stop_details)
    if (typeof fields(delta.container).id === 'string') this.#container = fields(delta.container)
    this.#count(usage)
  }

  *#begin(index: unknown, block: Fields): Generator<Chunk, void, void> {
    if (this.#open.has(index)) yield* this.#close(index)
    yield* this.#flush()
    const open: Open = { block, text: '', json: '', citations: [], start: this.#length }
    this.#open.set(index, open)
    const chunk =
      block.type === 'text' ? this.#say(open, block.text) : block.type === 'thinking' ? this.#think(open, block.thinking) : undefined
    if (chunk) yield chunk
    open.citations.push(...objects(block.citations))
    if (block.type === 'tool_use' && Object.keys(fields(block.input)).length)
      yield { type: 'tool-input', id: idOf(block), name: nameOf(block), delta: JSON.stringify(block.input) }
    if (block.type === 'fallback') yield* this.#fall(block)
  }

  #delta(open: Open | undefined, delta: Fields): Chunk | undefined {
    if (!open) return undefined
    switch (delta.type) {
      case 'text_delta':
        return this.#say(open, delta.text)
      case 'thinking_delta':
        return this.#think(open, delta.thinking)
      case 'input_json_delta':
        if (typeof delta.partial_json !== 'string' || !delta.partial_json) return undefined
        open.json += delta.partial_json
        return { type: 'tool-input', id: idOf(open.block), name: nameOf(open.block), delta: delta.partial_json }
      case 'citations_delta':
        if (isObject(delta.citation)) open.citations.push(delta.citation)
        return undefined
      default: {
        // a signature, a compaction: the values of the block itself, whole
        const { type: _, ...values } = delta
        Object.assign(open.block, values)
        return undefined
      }
    }
  }

  #say(open: Open, delta: unknown): Chunk | undefined {
    if (typeof delta !== 'string' || !delta) return undefined
    open.text += delta
    this.#length += delta.length
    return { type: 'text', delta }
  }

  #think(open: Open, delta: unknown): Chunk | undefined {
    if (typeof delta !== 'string' || !delta) return undefined
    open.text += delta
    return { type: 'reasoning', delta }
  }

  *#fall({ from, to, trigger }: Fields): Generator<Chunk, void, void> {
    const [before, after, why] = [fields(from).model, fields(to).model, fields(trigger).type]
    if (typeof after !== 'string') return
    this.#model = after
    yield { type: 'route', ...(typeof before === 'string' && { from: before }), to: after, why: typeof why === 'string' ? why : 'fallback' }
  }

  *#close(index: unknown): Generator<Chunk, void, void> {
    const open = this.#open.get(index)
    if (!open) return
    this.#open.delete(index)
    const { block, text, json, citations, start } = open
    const { type } = block
    switch (type) {
      case 'text': {
        if (!text) return
        const cited = citations.map(withoutFileId)
        yield { type: 'part', part: { type: 'text', text, ...(cited.length > 0 && replay({ citations: cited })) } }
        for (const citation of citations) yield { type: 'source', source: sourceOf(citation, start, start + text.length) }
        return
      }
      case 'thinking': {
        const signature = typeof block.signature === 'string' ? block.signature : ''
        if (text || signature) yield { type: 'part', part: { type: 'reasoning', text, ...replay({ type, thinking: text, signature }) } }
        return
      }
      case 'redacted_thinking':
        yield { type: 'part', part: { type: 'reasoning', text: '', ...replay(block) } }
        return
      case 'tool_use': {
        const { caller, toolset_name } = block
        const extra = {
          ...(fields(caller).type !== 'direct' && caller !== undefined && caller !== null && { caller }),
          ...(typeof toolset_name === 'string' && { toolset_name }),
        }
        this.#called = true
        this.#held = {
          type: 'call',
          id: idOf(block),
          name: nameOf(block),
          ...readArguments(json || block.input),
          ...(Object.keys(extra).length > 0 && replay(extra)),
        }
        return
      }
      default: {
        if (typeof type !== 'string') return
        if (!type.endsWith('_tool_use')) return yield { type: 'part', part: { type: 'opaque', kind: type, ...replay(echo(block)) } }
        const call = { id: idOf(block), name: nameOf(block), ...readArguments(json || block.input) }
        const data = replay({ ...block, input: inputOf(call) })
        yield { type: 'part', part: { type: 'call', ...call, by: 'provider', ...data } }
      }
    }
  }

  /** The call that waits for what comes after it, with which it turns out to be whole. */
  *#flush(): Generator<Chunk, void, void> {
    if (this.#held) yield { type: 'part', part: this.#held }
    this.#held = undefined
  }

  /** What is left to say once the body has ended. */
  *end(): Generator<Chunk, void, void> {
    if (!this.#ended && this.#stop === undefined)
      throw new KitError('model/truncated', `${this.#provider} ended its answer too early`, { provider: this.#provider, retryable: true })
    for (const index of this.#open.keys()) {
      yield* this.#flush()
      yield* this.#close(index)
    }
    const reason = finishes.get(this.#stop) ?? 'other'
    // a call that the limit cut off before its first argument looks like one without any: it must not run
    if (reason === 'length' && this.#held && !this.#held.invalid && !Object.keys(fields(this.#held.input)).length)
      this.#held = { ...this.#held, input: '', invalid: true }
    yield* this.#flush()
    const { category, explanation } = this.#details
    if (this.#stop === 'refusal' && typeof explanation === 'string' && explanation)
      yield { type: 'part', part: { type: 'refusal', text: explanation, ...replay({ category: category ?? null }) } }
    if (this.#container) yield { type: 'part', part: { type: 'opaque', kind: 'container', ...replay(this.#container) } }
    // what the model did not see of the conversation that it was sent
    if (this.#edits.length)
      yield { type: 'notice', code: 'context/edited', message: `${this.#provider} left out parts of the conversation`, data: this.#edits }
    const usage = usageOf(this.#usage)
    if (usage) yield { type: 'usage', usage, ...(this.#model !== undefined && { model: this.#model }) }
    yield {
      type: 'finish',
      reason: this.#called && (reason === 'stop' || reason === 'other') ? 'tools' : reason,
      ...(this.#stop !== undefined && { raw: this.#stop }),
      ...(this.#model !== undefined && { model: this.#model }),
      ...(this.#id !== undefined && { id: this.#id }),
    }
  }
}

const finishes = new Map<string | undefined, ModelFinish>([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tools'],
  ['pause_turn', 'pause'],
  ['compaction', 'pause'],
  ['refusal', 'refusal'],
])

/** Input tokens do not contain what the cache gave or took. What compaction and an advisor consumed is not in the provider's totals. */
function usageOf(raw: { readonly [name: string]: number }): Usage | undefined {
  const { input_tokens, output_tokens, cache_read_input_tokens: read, cache_creation_input_tokens: write, thinking } = raw
  if (input_tokens === undefined && output_tokens === undefined) return undefined
  return {
    input: (input_tokens ?? 0) + (read ?? 0) + (write ?? 0),
    output: output_tokens ?? 0,
    ...(read !== undefined && { cacheRead: read }),
    ...(write !== undefined && { cacheWrite: write }),
    ...(thinking !== undefined && { reasoning: thinking }),
  }
}

function sourceOf(citation: Fields, start: number, end: number): Source {
  const { url, source, title, document_title, document_index, file_id, cited_text } = citation
  const address = textIn(url) ?? (/^https?:/.test(String(source)) ? (source as string) : undefined)
  const document = textIn(file_id) ?? textIn(source) ?? (typeof document_index === 'number' ? `${document_index}` : undefined)
  const named = textIn(title) ?? textIn(document_title)
  const range = (unit: string): readonly [number, number] | undefined => {
    const [from, to] = [citation[`start_${unit}`], citation[`end_${unit}`]]
    return typeof from === 'number' && typeof to === 'number' ? [from, to] : undefined
  }
  // the provider's last page is the one after it
  const [pages, characters, blocks] = ['page_number', 'char_index', 'block_index'].map(range)
  return {
    ...(address !== undefined ? { url: address } : document !== undefined && { document }),
    ...(named !== undefined && { title: named }),
    ...(typeof cited_text === 'string' && { text: cited_text }),
    start,
    end,
    ...(pages && { pages: [pages[0], Math.max(pages[0], pages[1] - 1)] as const }),
    ...(characters && { characters }),
    ...(blocks && { blocks }),
  }
}

const replay = (data: Fields): { replay: { wire: string; data: Json } } => ({ replay: { wire, data: data as Json } })
const nameOf = ({ name }: Fields): string => (typeof name === 'string' ? name : '')

/** A call without an id gets one that stays. */
function idOf(block: Fields): string {
  if (typeof block.id !== 'string' || !block.id) block.id = `toolu_${crypto.randomUUID().slice(0, 8)}`
  return block.id as string
}

/** The API gives a citation's file but does not take it back. */
function withoutFileId({ file_id: _, ...citation }: Fields): Fields {
  return citation
}

/** Nor does it take back the citations beside a tool's result. */
function echo(block: Fields): Fields {
  if (!String(block.type).endsWith('_tool_result')) return block
  const { citations: _, ...rest } = block
  return rest
}

const statusOf = new Map<unknown, number>([
  ['invalid_request_error', 400],
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['api_error', 500],
  ['timeout_error', 504],
  ['overloaded_error', 529],
])

/** What the provider says of an error beside its status. */
export function explain(body: unknown): { code?: KitErrorCode } | undefined {
  const { message, details } = fields(fields(body).error)
  const code = fields(details).error_code
  if (/spend_limit|not_billable|billing_not_authorized/.test(String(code)) || /specified api usage limits/i.test(String(message)))
    return { code: 'model/quota' }
  if (/exceeds? (the )?context limit/i.test(String(message))) return { code: 'model/context' }
  return undefined
}

/** An error that came after status 200: in a stream, in a body, or for one request of a batch. */
export function failure(provider: string, body: Fields): KitError {
  const error = fields(body.error)
  const code = explain(body)?.code ?? codeOf(statusOf.get(error.type) ?? 500, JSON.stringify(error))
  return new KitError(code, `${provider} ended its answer with an error`, {
    provider,
    cause: body,
    retryable: code === 'model/rate' || code === 'model/overloaded' || code === 'model/http',
  })
}
