import { KitError, type KitErrorCode } from '../../errors.ts'
import type { Part, Usage } from '../../message.ts'
import type { Chunk, ModelFinish, ToolInfo } from '../../model.ts'
import { parse, readArguments, type SseEvent } from './http.ts'
import { streamError } from './openai-responses-errors.ts'
import { defined, type Fields, fields, isObject, objects, textIn } from './fields.ts'
import { sourceOf, usageOf, usdOf } from './openai-responses-fields.ts'
import { hostedParts, replayOf } from './openai-responses-items.ts'

/** What deltas may belong to inside of an item. */
type PieceKind = 'output_text' | 'refusal' | 'summary_text' | 'reasoning_text'

interface Piece {
  type: PieceKind
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
const textLimit = 16_000_000
const itemLimit = 2000

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
    if (!isObject(body)) throw this.#error('model/garbled', 'sent a line that is no JSON object', { cause: data.slice(0, 10_000) })
    const type = typeof body.type === 'string' ? body.type : event
    const kind = pieces.get(type)
    if (kind) {
      if (!type!.endsWith('delta')) return this.#whole(body, kind, body.text ?? body.refusal)
      const chunk = this.#delta(body, kind)
      if (chunk) yield chunk
      return
    }
    switch (type) {
      case 'response.content_part.done': {
        const part = fields(body.part)
        if (part.type === 'output_text' || part.type === 'refusal') this.#whole(body, part.type, part.text ?? part.refusal)
        return
      }
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        return yield* this.#input(body, textIn(body.delta))
      case 'response.function_call_arguments.done':
      case 'response.custom_tool_call_input.done':
        return yield* this.#input(body, undefined, textIn(body.arguments) ?? textIn(body.input))
      case 'response.output_text.annotation.added':
        this.#piece(this.#slot(body, 'message'), 'output_text', body).annotations.push(...objects([body.annotation]))
        return
      case 'response.output_item.added':
      case 'response.output_item.done':
        if (isObject(body.item)) this.#item(body.output_index, body.item, type.endsWith('done'))
        return yield* this.#advance()
      case 'response.created':
      case 'response.in_progress':
      case 'response.queued':
        return this.#head(fields(body.response))
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
      case 'response.cancelled':
        return yield* this.#end(fields(body.response), type)
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
    const [model, id] = [this.#model, this.#id]
    if (this.#usage) yield { type: 'usage', usage: this.#usage, ...defined({ model, usd: this.#usd }) }
    const reason = finishOf(this.#incomplete, this.#calls, this.#refused)
    yield { type: 'finish', reason, raw: this.#incomplete ?? 'completed', ...defined({ model, id }) }
  }

  #head({ model, id }: Fields): void {
    this.#model = textIn(model) ?? this.#model
    this.#id = textIn(id) ?? this.#id
  }

  // --- deltas

  #delta(body: Fields, kind: PieceKind): Chunk | undefined {
    const { delta } = body
    if (typeof delta !== 'string' || delta === '') return
    const slot = this.#slot(body, kindOf(kind))
    const piece = this.#piece(slot, kind, body)
    const first = piece.text === ''
    piece.text += delta
    this.#hold(delta.length)
    if (slot.ended || slot !== this.#slots[this.#front] || kind === 'refusal' || (slot.kind ??= kind) !== kind) return
    if (kind === 'output_text') {
      slot.said += delta
      return { type: 'text', delta }
    }
    const thought = first && slot.said ? gap + delta : delta
    slot.said += thought
    return { type: 'reasoning', delta: thought }
  }

  /** Some servers say an item's text only once, when it is whole. */
  #whole(body: Fields, kind: PieceKind, whole: unknown): void {
    if (typeof whole !== 'string') return
    const piece = this.#piece(this.#slot(body, kindOf(kind)), kind, body)
    this.#hold(Math.max(0, whole.length - piece.text.length))
    piece.text = whole
  }

  *#input(body: Fields, delta = '', whole?: string): Generator<Chunk, void, void> {
    const slot = this.#slot(body, 'function_call')
    slot.input = whole ?? slot.input + delta
    this.#hold(delta.length)
    slot.item.name ??= body.name
    yield* this.#giveInput(slot, slot.input)
  }

  /** Arguments are shown as they come, as soon as it is known whose they are. */
  *#giveInput(slot: Slot, input: string, id: string | undefined = textIn(slot.item.call_id)): Generator<Chunk, void, void> {
    if (id === undefined || input.length <= slot.given || !this.#ours(slot.item)) return
    const delta = input.slice(slot.given)
    slot.given = input.length
    yield { type: 'tool-input', id, delta, ...defined({ name: textIn(slot.item.name) }) }
  }

  // --- items

  #item(index: unknown, item: Fields, ended: boolean): void {
    let slot = this.#find(index, item.id)
    if (slot?.ended) {
      if (sameItem(slot.item, item)) return
      slot = undefined
    }
    slot ??= this.#open(index, item)
    slot.item = merged(slot.item, item)
    slot.ended = ended
  }

  /** The slot that an event is about: by its place, else by the item's id, else the one before. */
  #slot(body: Fields, type: string): Slot {
    const { output_index: index, item_id: id } = body
    const latest = this.#latest
    if (latest && (index === latest.index || (index === undefined && (id === undefined || id === latest.item.id)))) return latest
    return (
      this.#find(index, id) ?? (index === undefined && id === undefined ? latest : undefined) ?? this.#open(index, defined({ type, id }))
    )
  }

  /** The place counts where it is told: one server gives two items of an answer the same id, another changes ids midway. */
  #find(index: unknown, id: unknown): Slot | undefined {
    if (typeof index === 'number') return this.#slots.findLast((slot) => slot.index === index)
    return textIn(id) === undefined ? undefined : this.#slots.findLast((slot) => slot.item.id === id)
  }

  #open(at: unknown, item: Fields): Slot {
    if (this.#slots.length >= itemLimit) throw this.#error('model/garbled', 'sent too many items')
    const index = typeof at === 'number' ? at : (this.#slots.at(-1)?.index ?? -1) + 1
    const slot: Slot = { index, item, ended: false, pieces: [], said: '', input: '', given: 0 }
    // in its place among those that nothing was said of yet
    let place = this.#slots.length
    while (place > this.#front && this.#slots[place - 1]!.index > index && !this.#slots[place - 1]!.said) place--
    this.#slots.splice(place, 0, slot)
    this.#latest = slot
    return slot
  }

  #piece(slot: Slot, kind: PieceKind, { summary_index, content_index }: Fields): Piece {
    const at = kind === 'summary_text' ? summary_index : content_index
    const index = typeof at === 'number' ? at : 0
    const last = slot.pieces.at(-1)
    if (last?.type === kind && last.index === index) return last
    let piece = slot.pieces.find((known) => known.type === kind && known.index === index)
    if (!piece) {
      this.#hold(10_000)
      slot.pieces.push((piece = { type: kind, index, text: '', annotations: [] }))
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
    const kind = slot.pieces.find((piece) => piece.type !== 'refusal')?.type
    if (!kind) return
    slot.kind = kind
    const said = slot.pieces.flatMap((piece) => (piece.type === kind && piece.text ? [piece.text] : []))
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
    if (item.type === 'message') yield* this.#message(slot)
    else if (item.type === 'reasoning') yield* this.#reasoning(slot)
    else if (item.type === 'function_call' || (item.type === 'custom_tool_call' && this.#ours(item))) yield* this.#call(slot)
    else for (const part of hostedParts(item, this.#tools, this.#server)) yield this.#part(part)
  }

  #part(part: Part): Chunk {
    if (part.type === 'call' && part.by !== 'provider') this.#calls = true
    return { type: 'part', part }
  }

  *#message(slot: Slot): Generator<Chunk, void, void> {
    const { id, status, phase, content } = slot.item
    const contents = contentsOf(content, slot.pieces, ['output_text', 'refusal'])
    yield* this.#say(
      slot,
      'text',
      contents.reduce((whole, { type, text: said }) => (type === 'output_text' ? whole + said : whole), ''),
    )
    for (const { type, text: said, annotations } of contents) {
      if (!said) continue
      const data = defined({
        id: textIn(id),
        status: status === 'incomplete' || status === 'completed' ? status : undefined,
        phase: textIn(phase),
        annotations: annotations.length ? annotations : undefined,
      })
      const replay = Object.keys(data).length ? replayOf(this.#server, data) : {}
      if (type === 'refusal') {
        this.#refused = true
        yield this.#part({ type, text: said, ...replay })
        continue
      }
      yield this.#part({ type: 'text', text: said, ...replay })
      for (const annotation of annotations) {
        const source = sourceOf(annotation, said, this.#length)
        if (source) yield { type: 'source', source }
      }
      this.#length += said.length
    }
  }

  *#reasoning(slot: Slot): Generator<Chunk, void, void> {
    const { type, id, encrypted_content } = slot.item
    const thoughts = (contents: unknown, kind: PieceKind): Fields[] =>
      contentsOf(contents, slot.pieces, [kind]).map((piece) => ({ type: kind, text: piece.text }))
    const summary = thoughts(slot.item.summary, 'summary_text')
    const content = thoughts(slot.item.content, 'reasoning_text')
    const shown = slot.kind === 'summary_text' || !content.length ? summary : content
    const whole = shown.map((thought) => thought.text).join(gap)
    yield* this.#say(slot, 'reasoning', whole)
    const data = defined({
      type,
      id: textIn(id),
      summary,
      content: content.length ? content : undefined,
      encrypted_content: textIn(encrypted_content),
    })
    yield this.#part({ type: 'reasoning', text: whole, ...replayOf(this.#server, data) })
  }

  /** A call of ours: of a function, by JSON, or of a custom tool, by text. */
  *#call(slot: Slot): Generator<Chunk, void, void> {
    const { type, call_id, name, arguments: args, input, status, ...rest } = slot.item
    const custom = type === 'custom_tool_call'
    const said = custom ? input : args
    const raw = (said === '' ? undefined : said) ?? slot.input
    const read = custom ? { input: raw } : readArguments(raw)
    const anew = custom || 'invalid' in read ? raw : stringify(read.input)
    // deeper than JSON can be written again
    if (anew === undefined) Object.assign(read, { input: raw, invalid: true })
    // a call that the limit of tokens cut off must not run
    if (status === 'incomplete' || (this.#incomplete !== undefined && 'invalid' in read)) return
    const id = textIn(call_id) ?? textIn(rest.id) ?? `call_${slot.index}_${crypto.randomUUID().slice(0, 8)}`
    if (typeof raw === 'string') yield* this.#giveInput(slot, raw, id)
    // the provider's cache knows the text as it was written, so that is kept where ours would differ
    const written = textIn(raw) !== undefined && anew !== undefined && raw !== anew
    const data = defined({ ...rest, type: custom ? type : undefined, arguments: written ? raw : undefined })
    yield this.#part({ type: 'call', id, name: textIn(name) ?? '', ...read, ...(Object.keys(data).length && replayOf(this.#server, data)) })
  }

  /** Some servers tell of their own tools as custom ones: a name that was not in the call is not ours to answer. */
  #ours({ type, name }: Fields): boolean {
    return (
      type !== 'custom_tool_call' ||
      !this.#tools.length ||
      this.#tools.some(({ hosted }) => hosted?.definition.type === 'custom' && hosted.definition.name === name)
    )
  }

  // --- the end

  *#end(response: Fields, event: string): Generator<Chunk, void, void> {
    this.#head(response)
    const { status, incomplete_details, usage, output } = response
    if (event === 'response.failed' || status === 'failed') throw streamError(this.#provider, response)
    if (event === 'response.cancelled' || status === 'cancelled')
      throw this.#error('model/truncated', 'cancelled its answer', { retryable: true })
    if (event === 'response.incomplete' || status === 'incomplete')
      this.#incomplete = textIn(fields(incomplete_details).reason) ?? 'incomplete'
    this.#usage = usageOf(usage)
    this.#usd = usdOf(usage)
    if (Array.isArray(output)) this.#reconcile(output)
    for (const slot of this.#slots) {
      // encrypted reasoning of an item without an end is not whole either
      if (!slot.ended) slot.item.encrypted_content = undefined
      slot.ended = true
    }
    this.done = true
    yield* this.#advance()
  }

  /** The whole answer also says what the stream has said; only what is new in it counts. */
  #reconcile(output: readonly unknown[]): void {
    const streamed = new Set(this.#slots)
    for (const [index, item] of output.entries()) {
      if (!isObject(item)) continue
      let slot: Slot | undefined
      for (const known of streamed) {
        const here = known.index === index && known.item.type === item.type
        if (here || (!slot && sameItem(known.item, item))) slot = known
        if (here) break
      }
      if (slot) streamed.delete(slot)
      if (slot?.ended) continue
      slot ??= this.#open(index, item)
      slot.item = merged(slot.item, item)
      slot.ended = true
    }
  }

  #error(code: KitErrorCode, what: string, more: { cause?: unknown; retryable?: boolean } = {}): KitError {
    return new KitError(code, `${this.#provider} ${what}`, { provider: this.#provider, ...more })
  }
}

/** What the events of a text speak of. */
const pieces: ReadonlyMap<unknown, PieceKind> = new Map(
  (['output_text', 'refusal', 'summary_text', 'reasoning_text'] as const).flatMap((kind) =>
    ['delta', 'done'].map((verb) => [`response.${kind === 'summary_text' ? 'reasoning_' : ''}${kind}.${verb}`, kind] as const),
  ),
)
const kindOf = (kind: PieceKind): string => (kind === 'output_text' || kind === 'refusal' ? 'message' : 'reasoning')

/** Between two thoughts. */
const gap = '\n\n'

/** The text of an item's contents: as the end of the item says it, else as the deltas did. */
function contentsOf(told: unknown, pieces: readonly Piece[], kinds: readonly PieceKind[]): Pick<Piece, 'annotations' | 'text' | 'type'>[] {
  const streamed = pieces.filter(({ type }) => kinds.includes(type)).toSorted((a, b) => a.index - b.index)
  const contents = objects(told)
  if (!contents.length) return streamed
  return contents.flatMap(({ type: name, text: said, refusal, annotations }, index) => {
    const type = kinds.find((kind) => kind === name)
    if (!type) return []
    const piece = streamed.find((known) => known.type === type && known.index === index)
    const cited = objects(annotations)
    const whole = textIn(said) ?? textIn(refusal) ?? piece?.text ?? ''
    return [{ type, text: whole, annotations: cited.length ? cited : (piece?.annotations ?? []) }]
  })
}

function finishOf(incomplete: string | undefined, calls: boolean, refused: boolean): ModelFinish {
  if (incomplete === 'max_output_tokens') return 'length'
  if (incomplete === 'content_filter') return 'refusal'
  if (calls) return 'tools'
  if (refused) return 'refusal'
  return incomplete === undefined ? 'stop' : 'other'
}

const sameItem = (a: Fields, b: Fields): boolean =>
  (textIn(a.id) !== undefined && a.id === b.id) || (textIn(a.call_id) !== undefined && a.call_id === b.call_id && a.type === b.type)

/** What is known of an item: what only its beginning said still holds, a proxy may leave it out of the end. */
function merged(before: Fields, after: Fields): Fields {
  const told = Object.entries(after).filter(([name, value]) => value !== undefined && (value !== null || before[name] === undefined))
  return { ...before, ...Object.fromEntries(told) }
}

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
