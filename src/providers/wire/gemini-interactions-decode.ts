import { KitError } from '../../errors.ts'
import type { CallPart, Json, MediaPart, Part, Replay } from '../../message.ts'
import type { Chunk, ModelFinish } from '../../model.ts'
import { countIn, defined, type Fields, fields, isObject, objects, textIn } from './fields.ts'
import { geminiStreamError } from './gemini-errors.ts'
import { unitsIn } from './gemini-fields.ts'
import { type InteractionReplay, interactionsWire } from './gemini-interactions.ts'
import { asHttp } from './gemini-status.ts'
import { parse, readArguments, type SseEvent } from './http.ts'

/** Characters of one answer's events. */
const streamLimit = 128_000_000
/** Sources of one answer; what a server says beyond that is left out. */
const sourceLimit = 500
/** Characters of what a page may show beside an answer. */
const shownLimit = 65_536

/** A step as far as it came. */
interface Open {
  index: number
  step: Fields
  /** What was said in it and is in no part yet, and where that began in the answer. */
  text: string
  from: number
  annotations: Fields[]
  input: string
}

/** Reads one answer of the Interactions API, streamed or whole: its steps come one after the other. */
export class InteractionDecoder {
  done = false
  readonly #provider: string
  readonly #stored: boolean
  #open: Open | undefined
  #closed = -1
  #length = 0
  /** UTF-16 units of the answer's text. */
  #said = 0
  #held: CallPart | undefined
  #called = false
  #sources = 0
  #id: string | undefined
  #model: string | undefined
  #status: string | undefined
  #usage: Fields | undefined

  constructor(provider: string, stored: boolean) {
    this.#provider = provider
    this.#stored = stored
  }

  *event({ data }: SseEvent): Generator<Chunk, void, void> {
    if ((this.#length += data.length) > streamLimit) throw this.#error('model/garbled', 'sent too much')
    if (!data.trim() || data === '[DONE]') return
    const body = parse(data)
    if (!isObject(body)) throw this.#error('model/garbled', 'sent a line that is not JSON', data)
    const type = textIn(body.event_type)
    if (type === 'error' || isObject(body.error)) throw this.#failure(body.error)
    if (isObject(body.interaction)) this.#about(body.interaction)
    const index = countIn(body.index) ?? 0
    if (type === 'step.start') yield* this.#start(index, fields(body.step))
    else if (type === 'step.delta') yield* this.#delta(index, fields(body.delta))
    else if (type === 'step.stop') yield* this.#stop()
    else if (type === 'interaction.status_update') this.#status = textIn(body.status) ?? this.#status
    else if (type === 'interaction.completed') {
      yield* this.#stop()
      this.done = true
    }
  }

  *body(body: Fields): Generator<Chunk, void, void> {
    if (isObject(body.error)) throw this.#failure(body.error)
    this.#about(body)
    if (this.#status === 'failed') throw this.#failure(objects(body.errors)[0])
    for (const [index, step] of objects(body.steps).entries()) yield* this.#start(index, step)
    yield* this.#stop()
  }

  *end(whole = false): Generator<Chunk, void, void> {
    const waits = this.#status === 'in_progress' || this.#status === 'queued'
    if (whole && waits)
      throw new KitError('model/unsupported', `${this.#provider} makes this answer in the background: stream it`, {
        provider: this.#provider,
      })
    if (this.#status === 'failed') throw this.#failure(undefined)
    if (!whole && !this.done) throw this.#error('model/truncated', 'ended its answer too early')
    if (whole && !this.#status) throw this.#error('model/empty', 'gave no answer')
    const raw = this.#status ?? ''
    // a call that the limit cut off before its first argument looks like one without any: it must not run
    if (finishes[raw] === 'length' && this.#held) this.#held = { ...this.#held, input: '', invalid: true }
    yield* this.#release()
    if (this.#usage) yield defined({ type: 'usage', usage: usageOf(this.#usage), model: this.#model })
    yield defined({ type: 'finish', reason: finishes[raw] ?? 'other', ...this.#finish(raw), raw, model: this.#model, id: this.#id })
  }

  /** Calls are to be answered, whatever the status says. */
  #finish(raw: string): { reason?: ModelFinish } {
    return this.#called && raw === 'completed' ? { reason: 'tools' } : {}
  }

  #about({ id, model, status, usage }: Fields): void {
    this.#id = textIn(id) ?? this.#id
    this.#model = textIn(model) ?? this.#model
    this.#status = textIn(status) ?? this.#status
    if (isObject(usage)) this.#usage = usage
  }

  *#start(index: number, step: Fields): Generator<Chunk, void, void> {
    yield* this.#stop()
    yield* this.#release()
    this.#open = { index, step: { ...step }, text: '', from: this.#said, annotations: [], input: '' }
    if (step.type === 'model_output')
      for (const content of objects(step.content)) {
        // places in a text count from its own start
        yield* this.#flush(this.#open)
        yield* this.#content(this.#open, content)
      }
    if (step.type === 'thought') for (const { text } of objects(step.summary)) yield* this.#say(this.#open, 'reasoning', text)
    if (step.type === 'function_call') {
      this.#called = true
      const { id, name } = this.#named(this.#open)
      const whole = isObject(step.arguments) && Object.keys(step.arguments).length > 0
      yield { type: 'tool-input', id, name, delta: whole ? this.#shown(step.arguments) : '' }
    }
  }

  *#delta(index: number, delta: Fields): Generator<Chunk, void, void> {
    const type = textIn(delta.type) ?? ''
    if (!this.#open || this.#open.index !== index) {
      // a step whose start was lost is known by what comes in it; one that has ended stays as it is
      if (index <= this.#closed) return
      yield* this.#start(index, {
        type: type.startsWith('thought') ? 'thought' : type === 'arguments_delta' ? 'function_call' : 'model_output',
      })
    }
    const open = this.#open!
    const { step } = open
    if (type === 'thought_signature') step.signature = textIn(delta.signature) ?? step.signature
    else if (type === 'thought_summary') yield* this.#say(open, 'reasoning', fields(delta.content).text)
    else if (type === 'arguments_delta') {
      const more = typeof delta.arguments === 'string' ? delta.arguments : ''
      open.input += more
      if (more) yield { type: 'tool-input', id: this.#named(open).id, delta: more }
    } else if (type.startsWith('text_annotation')) this.#annotate(open, delta)
    else if (step.type === 'model_output') yield* this.#content(open, delta)
    else for (const [key, value] of Object.entries(delta)) if (key !== 'type') step[key] = value
  }

  *#content(open: Open, content: Fields): Generator<Chunk, void, void> {
    if (content.type === 'text') {
      this.#annotate(open, content)
      yield* this.#say(open, 'text', content.text)
      return
    }
    const mime = textIn(content.mime_type) ?? kinds[textIn(content.type) ?? '']
    const [data, url] = [textIn(content.data), textIn(content.uri)]
    if (!mime || !(data ?? url)) return
    yield* this.#flush(open)
    yield { type: 'part', part: defined({ type: 'media', mime, data, url, replay: this.#replay({}) }) as MediaPart }
  }

  *#say(open: Open, type: 'text' | 'reasoning', delta: unknown): Generator<Chunk, void, void> {
    const more = textIn(delta)
    if (more === undefined) return
    open.text += more
    if (type === 'text') this.#said += more.length
    yield { type, delta: more }
  }

  #annotate(open: Open, { annotations }: Fields): void {
    for (const annotation of objects(annotations)) if (open.annotations.length < sourceLimit) open.annotations.push(annotation)
  }

  /** The text so far as a part, with its sources. */
  *#flush(open: Open): Generator<Chunk, void, void> {
    if (!open.text) return
    yield { type: 'part', part: defined({ type: 'text', text: open.text, replay: this.#replay({}) }) }
    const bytes = new TextEncoder().encode(open.annotations.length ? open.text : '')
    const units = (until: unknown): number | undefined => {
      const count = countIn(until)
      return count === undefined || count > bytes.length ? undefined : open.from + unitsIn(bytes, count)
    }
    for (const { url, title, name, file_name, document_uri, source, page_number: page, start_index = 0, end_index } of open.annotations) {
      const end = units(end_index)
      const found = defined({
        url: textIn(url),
        title: textIn(title ?? name ?? file_name),
        document: textIn(document_uri ?? source),
        pages: countIn(page) === undefined ? undefined : ([page, page] as [number, number]),
        start: end === undefined ? undefined : units(start_index),
        end,
      })
      if ((found.url ?? found.title ?? found.document) && this.#sources++ < sourceLimit) yield { type: 'source', source: found }
    }
    open.from = this.#said
    open.text = ''
    open.annotations = []
  }

  *#stop(): Generator<Chunk, void, void> {
    const open = this.#open
    if (!open) return
    this.#open = undefined
    this.#closed = Math.max(this.#closed, open.index)
    const { step } = open
    const type = textIn(step.type) ?? ''
    if (type === 'model_output') yield* this.#flush(open)
    else if (type === 'thought') {
      const signature = textIn(step.signature)
      const replay = this.#replay(defined({ signature }))
      if (signature ?? open.text) yield { type: 'part', part: defined({ type: 'reasoning', text: open.text, replay }) }
    } else if (type === 'function_call') {
      const args = readArguments(open.input || step.arguments)
      this.#held = defined({ type: 'call', ...this.#named(open), ...args, replay: this.#replay({}) })
      if (!isObject(args.input) || Object.keys(args.input).length) yield* this.#release()
    } else if (type && type !== 'user_input') yield* this.#ran(type, step)
  }

  /** The call without arguments that waits for what comes after it, with which it turns out to be whole. */
  *#release(): Generator<Chunk, void, void> {
    if (this.#held) yield { type: 'part', part: this.#held }
    this.#held = undefined
  }

  /** What the provider ran goes back as it came. */
  *#ran(type: string, step: Fields): Generator<Chunk, void, void> {
    const replay = this.#replay({ step })!
    const name = textIn(step.name) ?? type.replace(/_(call|result)$/, '')
    const part: Part = type.endsWith('_call')
      ? { type: 'call', id: textIn(step.id) ?? '', name, input: step.arguments ?? {}, by: 'provider', replay }
      : type.endsWith('_result')
        ? { type: 'result', id: textIn(step.call_id) ?? '', name, output: step.result ?? null, by: 'provider', replay }
        : { type: 'opaque', kind: type, replay }
    yield { type: 'part', part }
    for (const { search_suggestions: shown, url, status } of objects(step.result)) {
      const html = textIn(shown)?.slice(0, shownLimit)
      // the vendor's terms want it shown; nobody has checked it
      if (html)
        yield { type: 'notice', code: 'model/search-entry-point', message: 'show this with the answer', data: { html, queries: [] } }
      const page = type === 'url_context_result' && status === 'success' ? textIn(url) : undefined
      if (page && this.#sources++ < sourceLimit) yield { type: 'source', source: { url: page } }
    }
  }

  #named({ index, step }: Open): { id: string; name: string } {
    return { id: textIn(step.id) ?? `call_${index}_${this.#id ?? ''}`, name: textIn(step.name) ?? '' }
  }

  #replay(data: InteractionReplay): Replay | undefined {
    const all = defined({ ...data, interaction: this.#stored ? this.#id : undefined })
    return Object.keys(all).length ? { wire: interactionsWire, data: all as Json } : undefined
  }

  #shown(input: unknown): string {
    try {
      return JSON.stringify(input)
    } catch (cause) {
      throw this.#error('model/garbled', 'sent arguments that are too deep', cause)
    }
  }

  /** Errors in a stream have a word for a code, e.g. `internal`. */
  #failure(error: unknown): KitError {
    return geminiStreamError(this.#provider, { error: asHttp(fields(error)) })
  }

  #error(code: 'model/garbled' | 'model/truncated' | 'model/empty', said: string, cause?: unknown): KitError {
    return new KitError(code, `${this.#provider} ${said}`, { provider: this.#provider, retryable: true, cause })
  }
}

const finishes: Readonly<Record<string, ModelFinish>> = {
  completed: 'stop',
  requires_action: 'tools',
  incomplete: 'length',
  budget_exceeded: 'length',
  requires_continuation: 'length',
}

const kinds: Readonly<Record<string, string>> = { image: 'image/*', audio: 'audio/*', video: 'video/*', document: 'application/pdf' }

/** Thoughts are not among the output's tokens, and what hosted tools read is not in the input's. */
function usageOf(raw: Fields) {
  const count = (name: string): number => countIn(raw[`total_${name}_tokens`]) ?? 0
  return defined({
    input: count('input') + count('tool_use'),
    output: count('output') + count('thought'),
    cacheRead: countIn(raw.total_cached_tokens),
    reasoning: countIn(raw.total_thought_tokens),
  })
}
