import { KitError, type KitErrorCode } from '../../errors.ts'
import type { CallPart, Json, Part, Usage } from '../../message.ts'
import type { Chunk, ModelFinish, Source } from '../../model.ts'
import { inputOf } from './anthropic-content.ts'
import { wire } from './anthropic-models.ts'
import { defined, type Fields, fields, isObject, objects, textIn } from './fields.ts'
import { codeOf, mayRetry, parse, readArguments, type SseEvent } from './http.ts'

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
    this.#model = textIn(message.model) ?? this.#model
    this.#id = textIn(message.id) ?? this.#id
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
    this.#stop = textIn(delta.stop_reason) ?? this.#stop
    if (delta.stop_details) this.#details = fields(delta.stop_details)
    if (textIn(fields(delta.container).id)) this.#container = fields(delta.container)
    this.#count(usage)
  }

  *#begin(index: unknown, block: Fields): Generator<Chunk, void, void> {
    if (this.#open.has(index)) yield* this.#close(index)
    yield* this.#flush()
    const open: Open = { block, text: '', json: '', citations: [], start: this.#length }
    this.#open.set(index, open)
    const { type, text, thinking } = block
    const chunk = type === 'text' ? this.#say(open, type, text) : type === 'thinking' ? this.#say(open, 'reasoning', thinking) : undefined
    if (chunk) yield chunk
    open.citations.push(...objects(block.citations))
    if (type === 'tool_use' && Object.keys(fields(block.input)).length)
      yield { type: 'tool-input', id: idOf(block), name: nameOf(block), delta: JSON.stringify(block.input) }
    if (type === 'fallback') yield* this.#fall(block)
  }

  #delta(open: Open | undefined, delta: Fields): Chunk | undefined {
    if (!open) return undefined
    switch (delta.type) {
      case 'text_delta':
        return this.#say(open, 'text', delta.text)
      case 'thinking_delta':
        return this.#say(open, 'reasoning', delta.thinking)
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

  #say(open: Open, type: 'text' | 'reasoning', delta: unknown): Chunk | undefined {
    if (typeof delta !== 'string' || !delta) return undefined
    open.text += delta
    if (type === 'text') this.#length += delta.length
    return { type, delta }
  }

  *#fall({ from, to, trigger }: Fields): Generator<Chunk, void, void> {
    const after = textIn(fields(to).model)
    if (after === undefined) return
    this.#model = after
    yield { type: 'route', ...defined({ from: textIn(fields(from).model) }), to: after, why: textIn(fields(trigger).type) ?? 'fallback' }
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
        yield part({ type, text, ...(cited.length > 0 && replay({ citations: cited })) })
        for (const citation of citations) {
          const source = sourceOf(citation, start, start + text.length)
          // what names nothing is no source
          if (source.url ?? source.document ?? source.title ?? source.text) yield { type: 'source', source }
        }
        return
      }
      case 'thinking': {
        const signature = textIn(block.signature) ?? ''
        if (text || signature) yield part({ type: 'reasoning', text, ...replay({ type, thinking: text, signature }) })
        return
      }
      case 'redacted_thinking':
        yield part({ type: 'reasoning', text: '', ...replay(block) })
        return
    }
    if (typeof type !== 'string') return
    if (!type.endsWith('tool_use')) return yield part({ type: 'opaque', kind: type, ...replay(echo(block)) })
    const call = { type: 'call', id: idOf(block), name: nameOf(block), ...readArguments(json || block.input) } as const
    if (type !== 'tool_use') return yield part({ ...call, by: 'provider', ...replay({ ...block, input: inputOf(call) }) })
    const { caller, toolset_name } = block
    const extra = defined({ caller: fields(caller).type === 'direct' ? undefined : caller, toolset_name: textIn(toolset_name) })
    this.#called = true
    this.#held = { ...call, ...(Object.keys(extra).length > 0 && replay(extra)) }
  }

  /** The call that waits for what comes after it, with which it turns out to be whole. */
  *#flush(): Generator<Chunk, void, void> {
    if (this.#held) yield part(this.#held)
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
    const said = textIn(explanation)
    if (this.#stop === 'refusal' && said) yield part({ type: 'refusal', text: said, ...replay({ category: category ?? null }) })
    if (this.#container) yield part({ type: 'opaque', kind: 'container', ...replay(this.#container) })
    // what the model did not see of the conversation that it was sent
    if (this.#edits.length)
      yield { type: 'notice', code: 'context/edited', message: `${this.#provider} left out parts of the conversation`, data: this.#edits }
    const usage = usageOf(this.#usage)
    const model = this.#model
    if (usage) yield { type: 'usage', usage, ...defined({ model }) }
    const calls = this.#called && (reason === 'stop' || reason === 'other')
    yield { type: 'finish', reason: calls ? 'tools' : reason, ...defined({ raw: this.#stop, model, id: this.#id }) }
  }
}

const part = (part: Part): Chunk => ({ type: 'part', part })

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
  const { input_tokens: input, output_tokens: output, thinking: reasoning } = raw
  const { cache_read_input_tokens: cacheRead, cache_creation_input_tokens: cacheWrite } = raw
  if (input === undefined && output === undefined) return undefined
  return {
    input: (input ?? 0) + (cacheRead ?? 0) + (cacheWrite ?? 0),
    output: output ?? 0,
    ...defined({ cacheRead, cacheWrite, reasoning }),
  }
}

function sourceOf(citation: Fields, start: number, end: number): Source {
  const { source, document_index } = citation
  const text = (name: string): string | undefined => textIn(citation[name])
  const url = text('url') ?? (/^https?:/.test(String(source)) ? (source as string) : undefined)
  const document = text('file_id') ?? text('source') ?? (typeof document_index === 'number' ? `${document_index}` : undefined)
  const range = (unit: string): readonly [number, number] | undefined => {
    const [from, to] = [citation[`start_${unit}`], citation[`end_${unit}`]]
    return typeof from === 'number' && typeof to === 'number' ? [from, to] : undefined
  }
  const pages = range('page_number')
  return {
    start,
    end,
    ...defined({
      url,
      document: url === undefined ? document : undefined,
      title: text('title') ?? text('document_title'),
      text: text('cited_text'),
      // the provider's last page is the one after it
      pages: pages && ([pages[0], Math.max(pages[0], pages[1] - 1)] as const),
      characters: range('char_index'),
      blocks: range('block_index'),
    }),
  }
}

const replay = (data: Fields): { replay: { wire: string; data: Json } } => ({ replay: { wire, data: data as Json } })
const nameOf = ({ name }: Fields): string => textIn(name) ?? ''

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

/** The status that a type of error has where it comes before an answer; of those that are not here, 500. */
const statusOf = new Map<unknown, number>([
  ['invalid_request_error', 400],
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
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
    retryable: mayRetry(code),
  })
}
