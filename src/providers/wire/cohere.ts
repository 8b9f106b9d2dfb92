import { KitError, type KitErrorCode } from '../../errors.ts'
import type { Part, Usage } from '../../message.ts'
import type { Chunk, ModelFinish, Source } from '../../model.ts'
import { wire } from './cohere-request.ts'
import type { Decoder } from './exchange.ts'
import { countIn, defined, type Fields, fields, isObject, objects, textIn } from './fields.ts'
import { codeOf, mayRetry, parse, type Post, readArguments, type SseEvent } from './http.ts'

/** Calls, and citations, of one answer: no reader of deltas bounds them. */
const itemLimit = 10_000
/** Characters of one stream. */
const streamLimit = 128_000_000

interface OpenCall {
  index: unknown
  id: string
  name: string
  text: string
  whole?: unknown
}

/** Reads an answer of v2 chat, streamed or whole. The plan before tool calls is reasoning: it is no answer, and goes back as a plan. */
export class CohereDecoder implements Decoder {
  done = false
  readonly #provider: string
  readonly #calls: OpenCall[] = []
  readonly #finish: Chunk & { type: 'finish' } = { type: 'finish', reason: 'stop' }
  readonly #text = new Offsets()
  /** Citations that came before what they cite. */
  #early: Fields[] = []
  #chunks: Chunk[] = []
  #usage: Usage | undefined
  /** Thinking or planning that has not ended. */
  #kind: 'thinking' | 'tool_plan' = 'thinking'
  #thought = ''
  #cited = 0
  #length = 0
  #ended = false

  constructor(provider: string, model: string) {
    this.#provider = provider
    this.#finish.model = model
  }

  event({ event, data }: SseEvent): Chunk[] {
    if (data === '[DONE]') this.done = this.#ended = true
    else if (data.trim()) {
      if ((this.#length += data.length) > streamLimit) throw this.#error('model/garbled', 'sent too much')
      const body = parse(data)
      if (!isObject(body)) throw this.#error('model/garbled', 'sent no JSON', data)
      this.#read(textIn(body.type) ?? event, body)
    }
    return this.#said()
  }

  body(body: Fields): Chunk[] {
    const { message } = body
    if (!isObject(message)) throw this.#failed(body)
    this.#finish.id = textIn(body.id)
    this.warn(fields(body.meta).warnings)
    this.#think('tool_plan', message.tool_plan)
    for (const [index, block] of objects(message.content).entries()) this.#block(block, index)
    if (typeof message.content === 'string') this.#say(message.content)
    for (const [index, call] of listed(message.tool_calls).entries()) this.#open(index, call)
    for (const citation of listed(message.citations)) this.#cite(citation)
    this.#end(body)
    return this.#said()
  }

  /** E.g. that a model is about to go: the header `x-api-warning`, or `meta.warnings`. */
  warn(warnings: unknown): void {
    for (const said of [warnings].flat().slice(0, 10)) {
      const message = textIn(said)
      if (message) this.#chunks.push({ type: 'notice', code: 'model/warning', message: message.slice(0, 1000) })
    }
  }

  #read(type: string | undefined, body: Fields): void {
    const message = fields(fields(body.delta).message)
    switch (type) {
      case 'content-start':
      case 'content-delta':
        return this.#block(fields(message.content), countIn(body.index))
      case 'content-end':
        return this.#close()
      case 'tool-plan-delta':
        return this.#think('tool_plan', message.tool_plan)
      case 'tool-call-start':
        for (const call of listed(message.tool_calls)) this.#open(body.index, call)
        return
      case 'tool-call-delta':
        for (const call of listed(message.tool_calls)) this.#more(body.index, call)
        return
      case 'citation-start':
        for (const citation of listed(message.citations)) this.#cite(citation)
        return
      case 'message-start':
        this.#finish.id = textIn(body.id)
        return
      case 'message-end':
        return this.#end(fields(body.delta))
      case 'error':
        throw this.#failed(body)
    }
    // an error has no type of its own
    if (type === undefined && (body.message ?? body.error)) throw this.#failed(body)
  }

  #block({ text, thinking }: Fields, index = 0): void {
    if (typeof thinking === 'string') this.#think('thinking', thinking)
    if (typeof text === 'string') this.#say(text, index)
  }

  #say(delta: string, block = 0): void {
    if (!delta) return
    this.#close()
    this.#text.add(delta, block)
    this.#chunks.push({ type: 'text', delta })
  }

  #think(kind: 'thinking' | 'tool_plan', delta: unknown): void {
    if (typeof delta !== 'string' || !delta) return
    if (kind !== this.#kind) this.#close()
    this.#kind = kind
    this.#thought += delta
    this.#chunks.push({ type: 'reasoning', delta })
  }

  /** Ends what was thought, with the word for what it was. */
  #close(): void {
    if (!this.#thought) return
    const part: Part = { type: 'reasoning', text: this.#thought, replay: { wire, data: this.#kind } }
    this.#chunks.push({ type: 'part', part })
    this.#thought = ''
  }

  #open(index: unknown, call: Fields): void {
    if (this.#calls.length >= itemLimit) throw this.#error('model/garbled', 'sent too much')
    const id = textIn(call.id) ?? `call_${this.#calls.length}_${crypto.randomUUID().slice(0, 8)}`
    this.#calls.push({ index, id, name: '', text: '' })
    this.#more(index, call)
  }

  #more(index: unknown, { function: called }: Fields): void {
    const call = this.#calls.findLast((open) => open.index === index) ?? this.#calls.at(-1)
    if (!call) return
    const { name, arguments: args } = fields(called)
    call.name ||= textIn(name) ?? ''
    if (typeof args === 'string') {
      call.text += args
      if (args) this.#chunks.push({ type: 'tool-input', id: call.id, name: call.name, delta: args })
    } else call.whole = args ?? call.whole
  }

  #cite(citation: Fields): void {
    if (++this.#cited > itemLimit) throw this.#error('model/garbled', 'sent too much')
    const place = this.#text.placeOf(citation)
    if (place) this.#source(citation, place)
    else this.#early.push(citation)
  }

  #source(citation: Fields, place?: Pick<Source, 'start' | 'end'>): void {
    const sources = objects(citation.sources)
    for (const source of sources.length ? sources : [{}])
      this.#chunks.push({ type: 'source', source: { ...sourceOf(source, textIn(citation.text)), ...place } })
  }

  #end(end: Fields): void {
    this.done = this.#ended = true
    this.#finish.raw = textIn(end.finish_reason)
    this.#usage = usageOf(fields(end.usage)) ?? this.#usage
    if (this.#finish.raw === 'TIMEOUT') throw this.#error('model/timeout', 'took too long', end, true)
    if (this.#finish.raw === 'ERROR') throw this.#failed(end)
  }

  #said(): Chunk[] {
    const chunks = this.#chunks
    this.#chunks = []
    return chunks
  }

  end(): Chunk[] {
    if (!this.#ended) throw this.#error('model/truncated', 'ended its answer too early', undefined, true)
    this.#close()
    for (const citation of this.#early) this.#source(citation, this.#text.placeOf(citation))
    const chunks = this.#said()
    for (const { id, name, text, whole } of this.#calls)
      chunks.push({ type: 'part', part: { type: 'call', id, name, ...readArguments(whole ?? text) } })
    if (this.#usage) chunks.push({ type: 'usage', usage: this.#usage, model: this.#finish.model })
    this.#finish.reason = this.#calls.length ? 'tools' : (finishes[this.#finish.raw ?? 'COMPLETE'] ?? 'other')
    return [...chunks, this.#finish]
  }

  #error(code: KitErrorCode, what: string, cause?: unknown, retryable = false): KitError {
    const provider = this.#provider
    return new KitError(code, `${provider} ${what}`, { provider, cause, retryable })
  }

  /** An error that came after status 200. */
  #failed(body: Fields): KitError {
    const code = explain(body).code ?? codeOf(500, JSON.stringify(body))
    return this.#error(code, 'ended its answer with an error', body, mayRetry(code))
  }
}

/** In a stream they come one by one, in a whole answer as a list. */
const listed = (value: unknown): Fields[] => objects([value].flat())

/** Steps in all that places of citations may cost: counting characters begins anew for each. */
const stepLimit = 100_000_000

/**
 * The text of an answer, and where in it a citation is. The API counts characters of the content block (code points); since
 * it also says what it cites, a place counts only where that is found, so that a server that counts otherwise does no harm.
 */
class Offsets {
  #text = ''
  /** Where each content block begins. */
  readonly #blocks: number[] = []
  #steps = 0

  add(delta: string, block: number): void {
    this.#blocks[block] ??= this.#text.length
    this.#text += delta
  }

  /** Nothing where what is cited has not come yet; no offsets where it is no place in the answer, but in a plan or in thinking. */
  placeOf({ start, end, text, content_index: block, type = 'TEXT_CONTENT' }: Fields): Pick<Source, 'start' | 'end'> | undefined {
    const [from, to] = [countIn(start)!, countIn(end)!]
    if (!(to >= from) || type !== 'TEXT_CONTENT' || (this.#steps += to) > stepLimit) return {}
    const base = this.#blocks[block as number] ?? 0
    const first = this.#after(base, from)
    for (const place of [
      { start: first, end: this.#after(first, to - from) },
      { start: base + from, end: base + to },
    ])
      if (this.#text.slice(place.start, place.end) === text) return place
    return undefined
  }

  #after(at: number, characters: number): number {
    for (; characters > 0 && at < this.#text.length; characters--) at += this.#text.codePointAt(at)! > 0xffff ? 2 : 1
    return at
  }
}

/** A document by its id (`<call>:<place>` is one in the result of that call), its title, address and text. */
function sourceOf({ id, document, tool_output: output }: Fields, cited: string | undefined): Source {
  const { title, url, text, content } = fields(document ?? output)
  return defined({ document: textIn(id), title: textIn(title), url: textIn(url), text: textIn(text) ?? textIn(content) ?? cited })
}

/** Tokens as the model saw them, not as they are billed; images are counted beside the text, and what was cached is among the input. */
function usageOf({ tokens, billed_units: billed, cached_tokens: cached }: Fields): Usage | undefined {
  const [seen, paid] = [fields(tokens), fields(billed)]
  const input = countIn(seen.input_tokens) ?? countIn(paid.input_tokens)
  const output = countIn(seen.output_tokens) ?? countIn(paid.output_tokens)
  if (input === undefined && output === undefined) return undefined
  const usage = {
    input: (input ?? 0) + (countIn(seen.image_tokens) ?? 0),
    output: output ?? 0,
    cacheRead: countIn(cached),
    reasoning: countIn(seen.reasoning_tokens),
  }
  return defined(usage) as Usage
}

const finishes: Readonly<Record<string, ModelFinish>> = {
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop',
  MAX_TOKENS: 'length',
  TOOL_CALL: 'tools',
}

/** What Cohere's own words mean, where statuses do not say it: a trial key's month is no rate, 498 is a key that does not count. */
export function explain(body: unknown): ReturnType<NonNullable<Post['explain']>> & object {
  const said = textIn(fields(body).message) ?? textIn(fields(body).error) ?? ''
  const code = meanings.find(([words]) => words.test(said))?.[1]
  return code ? { code } : {}
}

const meanings: readonly (readonly [said: RegExp, code: KitErrorCode])[] = [
  [/invalid api token/i, 'model/auth'],
  [/month|billing/i, 'model/quota'],
  [/too many tokens|maximum (context|number of tokens)/i, 'model/context'],
  [/^model .*(not found|was removed)/, 'model/unknown'],
  [/blocked|flagged/i, 'model/filtered'],
]
