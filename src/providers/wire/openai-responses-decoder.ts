import { KitError, type KitErrorCode } from '../../errors.ts'
import type { CallPart, Json, Replay, Usage } from '../../message.ts'
import type { Chunk, ModelFinish, ToolInfo } from '../../model.ts'
import { parse, readArguments, type SseEvent } from './http.ts'
import { streamError } from './openai-responses-errors.ts'
import { type Fields, isFields, sourceOf, text, usageOf, usdOf } from './openai-responses-fields.ts'
import { askedCall, doneCall, isAsked } from './openai-responses-items.ts'

/** What deltas may belong to inside of an item. */
type PieceKind = 'output_text' | 'refusal' | 'summary_text' | 'reasoning_text'

interface Piece {
  kind: PieceKind
  index: number
  text: string
  annotations: Fields[]
}

/** One item of the answer, as far as it came. */
interface Slot {
  index: number
  item: Fields
  ended: boolean
  pieces: Piece[]
  /** Text or thinking that was given on. */
  said: string
  /** Which of its two kinds of text an item of reasoning is shown by: the one that came first. */
  kind?: PieceKind
  /** Arguments so far, and how much of them was given on. */
  input: string
  given: number
}

/** Characters and items of one answer: more is no answer but an attack on our memory. */
const textLimit = 32_000_000
const itemLimit = 10_000

export interface DecoderSettings {
  provider: string
  /** The wire's name in the replay data of the parts. */
  server: string
  /** The tools of the call: an item of theirs is a call of that tool. */
  tools?: readonly ToolInfo[]
}

/**
 * Reads one answer, streamed or whole. Deltas and parts come in the order of the items, also where the items of a stream
 * interleave: what belongs to a later item waits until those before it have ended.
 */
export class ResponsesDecoder {
  /** Whether the answer has ended: nothing after that is read. */
  done = false
  readonly #provider: string
  readonly #server: string
  readonly #tools: readonly ToolInfo[]
  #slots: Slot[] = []
  /** The first slot that has not been told to its end. */
  #front = 0
  #latest: Slot | undefined
  #held = 0
  #length = 0
  #calls = false
  #refused = false
  #incomplete: string | undefined
  #usage: Usage | undefined
  #usd: number | undefined
  #model: string | undefined
  #id: string | undefined

  constructor({ provider, server, tools = [] }: DecoderSettings) {
    this.#provider = provider
    this.#server = server
    this.#tools = tools
  }

  *event({ event, data }: SseEvent): Generator<Chunk, void, void> {
    if (this.done || data === '[DONE]' || !data.trim()) return
    const body = parse(data)
    if (!isFields(body)) throw this.#error('model/garbled', 'sent a line that is no JSON object', { cause: data.slice(0, 10_000) })
    const type = typeof body.type === 'string' ? body.type : event
    switch (type) {
      case 'response.output_text.delta':
        return yield* this.#delta(body, 'output_text', body.content_index)
      case 'response.refusal.delta':
        return yield* this.#delta(body, 'refusal', body.content_index)
      case 'response.reasoning_summary_text.delta':
        return yield* this.#delta(body, 'summary_text', body.summary_index)
      case 'response.reasoning_text.delta':
        return yield* this.#delta(body, 'reasoning_text', body.content_index)
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        return yield* this.#input(body)
      case 'response.output_item.added':
        return yield* this.#added(body)
      case 'response.output_item.done':
        return yield* this.#ended(body)
      case 'response.output_text.done':
        return this.#whole(body, 'output_text', body.content_index, body.text)
      case 'response.refusal.done':
        return this.#whole(body, 'refusal', body.content_index, body.refusal)
      case 'response.reasoning_summary_text.done':
        return this.#whole(body, 'summary_text', body.summary_index, body.text)
      case 'response.reasoning_text.done':
        return this.#whole(body, 'reasoning_text', body.content_index, body.text)
      case 'response.function_call_arguments.done':
      case 'response.custom_tool_call_input.done': {
        const slot = this.#slot(body, 'function_call')
        slot.input = text(body.arguments) ?? text(body.input) ?? slot.input
        slot.item.name ??= body.name
        return
      }
      case 'response.content_part.done':
        if (isFields(body.part))
          for (const kind of ['output_text', 'refusal'] as const)
            if (body.part.type === kind) this.#whole(body, kind, body.content_index, body.part.text ?? body.part.refusal)
        return
      case 'response.output_text.annotation.added':
        if (isFields(body.annotation))
          this.#piece(this.#slot(body, 'message'), 'output_text', body.content_index).annotations.push(body.annotation)
        return
      case 'response.created':
      case 'response.in_progress':
      case 'response.queued':
        return this.#head(body.response)
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
      case 'response.cancelled':
      case 'response.done':
        return yield* this.#end(isFields(body.response) ? body.response : {}, type)
      default:
        // an error may have no type at all; every other event that is not known passes
        if (type === 'error' || event === 'error' || (body.error && type === undefined)) throw streamError(this.#provider, body)
    }
  }

  /** The whole answer as one body. */
  *body(body: Fields): Generator<Chunk, void, void> {
    if (body.status === 'queued' || body.status === 'in_progress')
      throw this.#error('model/unsupported', 'answers later, in the background: ask for a stream')
    if (!Array.isArray(body.output)) {
      if (body.error) throw streamError(this.#provider, body)
      if (typeof body.status !== 'string') throw this.#error('model/garbled', 'sent a body that is no answer', { cause: body })
    }
    yield* this.#end(body, 'response.completed')
  }

  /** What is left to say once the body has ended. */
  *end(): Generator<Chunk, void, void> {
    if (!this.done) throw this.#error('model/truncated', 'ended its answer too early', { retryable: true })
    const model = this.#model === undefined ? {} : { model: this.#model }
    if (this.#usage) yield { type: 'usage', usage: this.#usage, ...model, ...(this.#usd !== undefined && { usd: this.#usd }) }
    yield {
      type: 'finish',
      reason: finishOf(this.#incomplete, this.#calls, this.#refused),
      raw: this.#incomplete ?? 'completed',
      ...model,
      ...(this.#id !== undefined && { id: this.#id }),
    }
  }

  #head(response: unknown): void {
    if (!isFields(response)) return
    this.#model = text(response.model) ?? this.#model
    this.#id = text(response.id) ?? this.#id
  }

  // --- deltas

  *#delta(body: Fields, kind: PieceKind, index: unknown): Generator<Chunk, void, void> {
    const { delta } = body
    if (typeof delta !== 'string' || delta === '') return
    const slot = this.#slot(body, kind === 'output_text' || kind === 'refusal' ? 'message' : 'reasoning')
    const piece = this.#piece(slot, kind, index)
    const first = piece.text === ''
    piece.text += delta
    this.#hold(delta.length)
    if (slot.ended || slot !== this.#slots[this.#front] || kind === 'refusal') return
    if (kind === 'output_text') {
      slot.said += delta
      yield { type: 'text', delta }
    } else if ((slot.kind ??= kind) === kind) {
      const thought = first && slot.said ? gap + delta : delta
      slot.said += thought
      yield { type: 'reasoning', delta: thought }
    }
  }

  *#input(body: Fields): Generator<Chunk, void, void> {
    if (typeof body.delta !== 'string') return
    const slot = this.#slot(body, 'function_call')
    slot.input += body.delta
    this.#hold(body.delta.length)
    yield* this.#giveInput(slot, slot.input)
  }

  /** Arguments are shown as they come, as soon as it is known whose they are. */
  *#giveInput(slot: Slot, input: string, id: string | undefined = text(slot.item.call_id)): Generator<Chunk, void, void> {
    if (id === undefined || input.length <= slot.given || (slot.item.type === 'custom_tool_call' && !this.#ours(slot.item))) return
    const name = text(slot.item.name)
    const delta = input.slice(slot.given)
    slot.given = input.length
    yield { type: 'tool-input', id, ...(name !== undefined && { name }), delta }
  }

  /** Some servers say an item's text only once, when it is whole. */
  #whole(body: Fields, kind: PieceKind, index: unknown, whole: unknown): void {
    if (typeof whole !== 'string') return
    const piece = this.#piece(this.#slot(body, kind === 'output_text' || kind === 'refusal' ? 'message' : 'reasoning'), kind, index)
    this.#hold(Math.max(0, whole.length - piece.text.length))
    piece.text = whole
  }

  // --- items

  *#added(body: Fields): Generator<Chunk, void, void> {
    if (!isFields(body.item)) return
    const { item } = body
    const known = this.#find(body.output_index, item.id)
    if (known && !known.ended) known.item = merged(known.item, item)
    else if (!known || !sameItem(known.item, item)) this.#open(body.output_index, item)
    yield* this.#advance()
  }

  *#ended(body: Fields): Generator<Chunk, void, void> {
    if (!isFields(body.item)) return
    const { item } = body
    let slot = this.#find(body.output_index, item.id)
    if (slot?.ended) {
      if (sameItem(slot.item, item)) return
      slot = undefined
    }
    this.#close(slot ?? this.#open(body.output_index, item), item)
    yield* this.#advance()
  }

  /** The slot that an event is about: by its place, else by the item's id, else the one before. */
  #slot(body: Fields, type: string): Slot {
    const { output_index: index, item_id: id } = body
    const latest = this.#latest
    if (latest && (index === latest.index || (index === undefined && (id === undefined || id === latest.item.id)))) return latest
    return (
      this.#find(index, id) ??
      (index === undefined && id === undefined ? latest : undefined) ??
      this.#open(index, { type, ...(text(id) && { id }) })
    )
  }

  /** The place counts where it is told: one server gives two items of an answer the same id, another changes ids midway. */
  #find(index: unknown, id: unknown): Slot | undefined {
    if (typeof index === 'number') return this.#slots.findLast((slot) => slot.index === index)
    return text(id) === undefined ? undefined : this.#slots.findLast((slot) => slot.item.id === id)
  }

  #open(at: unknown, item: Fields): Slot {
    if (this.#slots.length >= itemLimit) throw this.#error('model/garbled', 'sent too many items')
    const index = typeof at === 'number' ? at : Math.max(-1, ...this.#slots.slice(-1).map((slot) => slot.index)) + 1
    const slot: Slot = { index, item, ended: false, pieces: [], said: '', input: '', given: 0 }
    // in its place among those that nothing was said of yet
    let place = this.#slots.length
    while (place > this.#front && this.#slots[place - 1]!.index > index && !this.#slots[place - 1]!.said) place--
    this.#slots.splice(place, 0, slot)
    this.#latest = slot
    return slot
  }

  #close(slot: Slot, item: Fields): void {
    slot.item = merged(slot.item, item)
    slot.ended = true
  }

  #piece(slot: Slot, kind: PieceKind, at: unknown): Piece {
    const index = typeof at === 'number' ? at : 0
    const last = slot.pieces.at(-1)
    if (last?.kind === kind && last.index === index) return last
    let piece = slot.pieces.find((known) => known.kind === kind && known.index === index)
    if (!piece) {
      this.#hold(1000)
      slot.pieces.push((piece = { kind, index, text: '', annotations: [] }))
    }
    return piece
  }

  #hold(length: number): void {
    if ((this.#held += length) > textLimit) throw this.#error('model/garbled', 'sent an answer that is too long')
  }

  /** Tells the items that have ended, in their order, and what has come of the one after them. */
  *#advance(): Generator<Chunk, void, void> {
    for (; this.#front < this.#slots.length; this.#front++) {
      const slot = this.#slots[this.#front]!
      if (!slot.ended) {
        if (!slot.said && slot.pieces.length) yield* this.#catchUp(slot)
        return
      }
      yield* this.#tell(slot)
    }
  }

  *#catchUp(slot: Slot): Generator<Chunk, void, void> {
    const kinds: readonly PieceKind[] = slot.item.type === 'reasoning' ? ['summary_text', 'reasoning_text'] : ['output_text']
    const kind = slot.pieces.find((piece) => kinds.includes(piece.kind))?.kind
    if (!kind) return
    slot.kind = kind
    const said = slot.pieces.filter((piece) => piece.kind === kind && piece.text).map((piece) => piece.text)
    yield* this.#say(slot, kind === 'output_text' ? 'text' : 'reasoning', said.join(kind === 'output_text' ? '' : gap))
  }

  /** Gives on what of `whole` has not been said yet. */
  *#say(slot: Slot, type: 'text' | 'reasoning', whole: string): Generator<Chunk, void, void> {
    if (whole.length <= slot.said.length || !whole.startsWith(slot.said)) return
    const delta = whole.slice(slot.said.length)
    slot.said = whole
    yield { type, delta }
  }

  *#tell(slot: Slot): Generator<Chunk, void, void> {
    const { item } = slot
    switch (item.type) {
      case 'message':
        return yield* this.#message(slot)
      case 'reasoning':
        return yield* this.#reasoning(slot)
      case 'function_call':
        return yield* this.#functionCall(slot)
      case 'custom_tool_call':
        if (this.#ours(item)) return yield* this.#customCall(slot)
    }
    if (isAsked(item, this.#tools)) {
      if (item.status === 'incomplete') return
      this.#calls = true
      yield { type: 'part', part: { ...askedCall(item, this.#tools), replay: this.#replay(item) } }
    } else if (item.type === 'image_generation_call') yield* this.#image(item)
    else if (typeof item.type === 'string' && item.type.endsWith('_call')) yield* this.#done(item)
    else yield { type: 'part', part: { type: 'opaque', kind: text(item.type) ?? 'item', replay: this.#replay(item) } }
  }

  *#message(slot: Slot): Generator<Chunk, void, void> {
    const { item, pieces } = slot
    const { id, status, phase } = item
    const base = {
      ...(text(id) && { id }),
      ...((status === 'completed' || status === 'incomplete') && { status }),
      ...(text(phase) && { phase }),
    } as Fields
    const contents = contentsOf(item.content, pieces, ['output_text', 'refusal'])
    yield* this.#say(slot, 'text', contents.map(({ type, text: said }) => (type === 'output_text' ? said : '')).join(''))
    for (const { type, text: said, annotations } of contents) {
      if (!said) continue
      const data = { ...base, ...(type === 'output_text' && annotations.length && { annotations }) }
      const replay = Object.keys(data).length ? { replay: this.#replay(data) } : {}
      if (type === 'refusal') {
        this.#refused = true
        yield { type: 'part', part: { type: 'refusal', text: said, ...replay } }
        continue
      }
      yield { type: 'part', part: { type: 'text', text: said, ...replay } }
      for (const annotation of annotations) {
        const source = sourceOf(annotation, said, this.#length)
        if (source) yield { type: 'source', source }
      }
      this.#length += said.length
    }
  }

  *#reasoning(slot: Slot): Generator<Chunk, void, void> {
    const { item, pieces } = slot
    const summary = contentsOf(item.summary, pieces, ['summary_text'])
    const content = contentsOf(item.content, pieces, ['reasoning_text'])
    const shown = slot.kind === 'summary_text' || (!slot.kind && !content.length) ? summary : content
    const whole = shown.map(({ text: thought }) => thought).join(gap)
    yield* this.#say(slot, 'reasoning', whole)
    const { id, encrypted_content } = item
    yield {
      type: 'part',
      part: {
        type: 'reasoning',
        text: whole,
        replay: this.#replay({
          type: 'reasoning',
          ...(text(id) && { id }),
          summary: summary.map(({ type, text: thought }) => ({ type, text: thought })),
          ...(content.length && { content: content.map(({ type, text: thought }) => ({ type, text: thought })) }),
          ...(text(encrypted_content) && { encrypted_content }),
        }),
      },
    }
  }

  *#functionCall(slot: Slot): Generator<Chunk, void, void> {
    const { type: _type, call_id, name, arguments: whole, status, ...rest } = slot.item
    const raw = (whole === '' ? undefined : whole) ?? slot.input
    const read = readArguments(raw)
    // a call that the limit of tokens cut off must not run
    if (status === 'incomplete' || (this.#incomplete !== undefined && read.invalid)) return
    const id = text(call_id) ?? text(rest.id) ?? `call_${slot.index}_${crypto.randomUUID().slice(0, 8)}`
    if (typeof raw === 'string') yield* this.#giveInput(slot, raw, id)
    const data = definedOf({
      ...rest,
      // kept where ours would differ: the provider's cache knows the text as it was written
      ...(typeof raw === 'string' && raw !== '' && !read.invalid && raw !== JSON.stringify(read.input) && { arguments: raw }),
    })
    this.#calls = true
    yield { type: 'part', part: this.#call({ type: 'call', id, name: text(name) ?? '', ...read }, data) }
  }

  *#customCall(slot: Slot): Generator<Chunk, void, void> {
    const { call_id, name, input, status, ...rest } = slot.item
    if (status === 'incomplete') return
    const written = text(input) ?? slot.input
    const id = text(call_id) ?? text(rest.id) ?? `call_${slot.index}_${crypto.randomUUID().slice(0, 8)}`
    yield* this.#giveInput(slot, written, id)
    this.#calls = true
    yield { type: 'part', part: this.#call({ type: 'call', id, name: text(name) ?? '', input: written }, definedOf(rest)) }
  }

  #call(call: CallPart, data: Fields): CallPart {
    return Object.keys(data).length ? { ...call, replay: this.#replay(data) } : call
  }

  /** Some servers tell of their own tools as custom ones: a name that was not in the call is not ours to answer. */
  #ours({ name }: Fields): boolean {
    return (
      !this.#tools.length || this.#tools.some((tool) => tool.hosted?.definition.type === 'custom' && tool.hosted.definition.name === name)
    )
  }

  /** What the provider did itself; its outcome is a result, and the item is given back from there. */
  *#done(item: Fields): Generator<Chunk, void, void> {
    const { call, at } = doneCall(item)
    if (at === undefined && !item.error) return yield { type: 'part', part: { ...call, replay: this.#replay(item) } }
    const { id, name } = call
    if (at === undefined) {
      yield { type: 'part', part: { ...call, replay: this.#replay(item) } }
      return yield {
        type: 'part',
        part: { type: 'result', by: 'provider', id, name, error: { code: 'tool/failed', message: messageOf(item.error) } },
      }
    }
    yield { type: 'part', part: call }
    const { [at]: output, ...rest } = item
    yield { type: 'part', part: { type: 'result', by: 'provider', id, name, output, replay: this.#replay({ at, item: rest }) } }
  }

  *#image(item: Fields): Generator<Chunk, void, void> {
    const { result, ...rest } = item
    const { call } = doneCall(item)
    if (typeof result !== 'string' || !result) return yield { type: 'part', part: { ...call, replay: this.#replay(item) } }
    yield { type: 'part', part: call }
    const format = text(item.output_format) ?? 'png'
    yield {
      type: 'part',
      part: { type: 'media', mime: `image/${format === 'svg' ? 'svg+xml' : format}`, data: result, replay: this.#replay(rest) },
    }
  }

  #replay(data: Fields): Replay {
    return { wire: this.#server, data: data as Record<string, Json> }
  }

  // --- the end

  *#end(response: Fields, event: string): Generator<Chunk, void, void> {
    this.#head(response)
    const { status, incomplete_details, usage, output } = response
    if (event === 'response.failed' || status === 'failed') throw streamError(this.#provider, response)
    if (event === 'response.cancelled' || status === 'cancelled')
      throw this.#error('model/truncated', 'cancelled its answer', { retryable: true })
    if (event === 'response.incomplete' || status === 'incomplete')
      this.#incomplete = (isFields(incomplete_details) && text(incomplete_details.reason)) || 'incomplete'
    this.#usage = usageOf(usage)
    this.#usd = usdOf(usage)
    if (Array.isArray(output)) this.#reconcile(output)
    for (const slot of this.#slots) if (!slot.ended) this.#close(slot, cut)
    this.done = true
    yield* this.#advance()
  }

  /** The whole answer also says what the stream has said; only what is new in it counts. */
  #reconcile(output: readonly unknown[]): void {
    const streamed = new Set(this.#slots)
    for (const [index, item] of output.entries()) {
      if (!isFields(item)) continue
      let slot: Slot | undefined
      for (const known of streamed) {
        const here = known.index === index && known.item.type === item.type
        if (here || (!slot && sameItem(known.item, item))) slot = known
        if (here) break
      }
      if (slot) streamed.delete(slot)
      if (!slot?.ended) this.#close(slot ?? this.#open(index, item), item)
    }
  }

  #error(code: KitErrorCode, what: string, more: { cause?: unknown; retryable?: boolean } = {}): KitError {
    return new KitError(code, `${this.#provider} ${what}`, { provider: this.#provider, ...more })
  }
}

/** Of an item without an end: its encrypted reasoning is not whole either. */
const cut: Fields = { encrypted_content: '' }

/** Between two thoughts. */
const gap = '\n\n'

/** The text of an item's contents: as the end of the item says it, else as the deltas did. */
function contentsOf(
  contents: unknown,
  pieces: readonly Piece[],
  kinds: readonly PieceKind[],
): { type: PieceKind; text: string; annotations: Fields[] }[] {
  const streamed = pieces.filter(({ kind }) => kinds.includes(kind)).toSorted((a, b) => a.index - b.index)
  const told = Array.isArray(contents) ? (contents as unknown[]).filter(isFields) : []
  if (!told.length) return streamed.map(({ kind, text: said, annotations }) => ({ type: kind, text: said, annotations }))
  return told.flatMap(({ type, text: said, refusal, annotations }, index) => {
    const kind = kinds.find((known) => known === type)
    if (!kind) return []
    const piece = streamed.find((known) => known.kind === kind && known.index === index)
    const cited = Array.isArray(annotations) ? (annotations as unknown[]).filter(isFields) : []
    return [
      {
        type: kind,
        text: text(said) ?? text(refusal) ?? piece?.text ?? '',
        annotations: cited.length ? cited : (piece?.annotations ?? []),
      },
    ]
  })
}

function finishOf(incomplete: string | undefined, calls: boolean, refused: boolean): ModelFinish {
  if (incomplete === 'max_output_tokens') return 'length'
  if (incomplete === 'content_filter') return 'refusal'
  if (calls) return 'tools'
  if (refused) return 'refusal'
  return incomplete === undefined ? 'stop' : 'other'
}

function messageOf(error: unknown): string {
  if (typeof error === 'string') return error
  return (isFields(error) && text(error.message)) || JSON.stringify(error)
}

const sameItem = (a: Fields, b: Fields): boolean =>
  (text(a.id) !== undefined && a.id === b.id) || (text(a.call_id) !== undefined && a.call_id === b.call_id && a.type === b.type)

/** What is known of an item: what only its beginning said still holds, a proxy may leave it out of the end. */
function merged(before: Fields, after: Fields): Fields {
  const both = { ...before }
  for (const [name, value] of Object.entries(after))
    if (value !== undefined && (value !== null || both[name] === undefined)) both[name] = value
  return both
}

const definedOf = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null))
