import { KitError } from '../../errors.ts'
import type { Json, Part, Replay, Usage } from '../../message.ts'
import type { Chunk, ModelFinish } from '../../model.ts'
import { geminiStreamError } from './gemini-errors.ts'
import { OpenArguments } from './gemini-partial.ts'
import { sourcesOf } from './gemini-sources.ts'
import { wire } from './gemini.ts'
import { parse, readArguments, type SseEvent } from './http.ts'

type Fields = Record<string, unknown>

/** Metadata of one answer that are kept until its end; a server that sends more loses the oldest. */
const metadataLimit = 100
/** Characters of lines outside any event. */
const strayLimit = 65_536

/**
 * Reads one answer of generateContent: the events of a stream, the elements of a JSON array, or one body. A streamed text
 * comes as fragments; one with a signature stays a part of its own, also when it is empty.
 */
export class GeminiDecoder {
  readonly #provider: string
  #text = ''
  /** Where the text begins that is in no part yet. */
  #from = 0
  #thought = ''
  #kind: 'text' | 'reasoning' | undefined
  #count = 0
  #calls = 0
  #code: string | undefined
  #open: OpenArguments | undefined
  #usage: Usage | undefined
  #answered = false
  #finish: string | undefined
  #blocked: { reason?: string; message?: string } | undefined
  #model: string | undefined
  #id: string | undefined
  readonly #metadata: Fields[] = []
  #stray = ''

  constructor(provider: string) {
    this.#provider = provider
  }

  *event({ data }: SseEvent): Generator<Chunk, void, void> {
    if (!data.trim() || data === '[DONE]') return
    const body = parse(data)
    if (typeof body !== 'object' || body === null)
      throw new KitError('model/garbled', `${this.#provider} sent a line that is not JSON`, {
        provider: this.#provider,
        cause: data,
        retryable: true,
      })
    yield* this.body(body)
  }

  /** A line that belongs to no event: an error in the middle of a stream comes as bare JSON. */
  stray(line: string): void {
    if (this.#stray.length < strayLimit) this.#stray += `${line}\n`
  }

  /** One fragment, or a whole body; an array of them where the server knows no SSE. */
  *body(body: unknown): Generator<Chunk, void, void> {
    if (!Array.isArray(body)) return yield* this.#fragment(body)
    for (const each of body as unknown[]) yield* this.#fragment(each)
  }

  *#fragment(body: unknown): Generator<Chunk, void, void> {
    if (!isObject(body)) return
    if (body.error) throw geminiStreamError(this.#provider, body)
    if (typeof body.modelVersion === 'string') this.#model = body.modelVersion
    if (typeof body.responseId === 'string') this.#id = body.responseId
    this.#usage = usageOf(body.usageMetadata) ?? this.#usage
    if (isObject(body.promptFeedback)) {
      const { blockReason: reason, blockReasonMessage: message } = body.promptFeedback
      this.#blocked = { ...this.#blocked, ...(isText(reason) && { reason }), ...(isText(message) && { message }) }
    }
    if (!Array.isArray(body.candidates)) return
    for (const candidate of body.candidates as unknown[])
      if (isObject(candidate) && (candidate.index ?? 0) === 0) yield* this.#candidate(candidate)
  }

  *#candidate(candidate: Fields): Generator<Chunk, void, void> {
    this.#answered = true
    const { content, finishReason, groundingMetadata, citationMetadata, citationSources, urlContextMetadata } = candidate
    if (isObject(content) && Array.isArray(content.parts))
      for (const part of content.parts as unknown[]) if (isObject(part)) yield* this.#part(part)
    if (isText(finishReason) && finishReason !== 'FINISH_REASON_UNSPECIFIED') this.#finish = finishReason
    if (groundingMetadata || citationMetadata || citationSources || urlContextMetadata) {
      this.#metadata.push(candidate)
      if (this.#metadata.length > metadataLimit) this.#metadata.shift()
    }
  }

  *#part(part: Fields): Generator<Chunk, void, void> {
    const { text, thoughtSignature: signature } = part
    if (typeof text === 'string') yield* this.#say(part.thought === true ? 'reasoning' : 'text', text, signature)
    else if (isObject(part.functionCall)) yield* this.#call(part.functionCall, signature)
    else if (part.thought === true && !isText(signature)) return
    else {
      const other = this.#other(part, signature)
      if (!other) return
      this.#kind = undefined
      yield { type: 'part', part: other }
    }
  }

  *#say(kind: 'text' | 'reasoning', delta: string, signature: unknown): Generator<Chunk, void, void> {
    const signed = isText(signature)
    if (!delta && !signed) return
    if (this.#kind !== kind || signed) {
      // what came unsigned is a part of its own
      if (this.#kind === kind) {
        const before = kind === 'text' ? this.#text.slice(this.#from) : this.#thought
        if (before) yield { type: 'part', part: { type: kind, text: before } }
      }
      this.#kind = kind
      this.#from = this.#text.length
      this.#thought = ''
    }
    if (kind === 'text') this.#text += delta
    else this.#thought += delta
    if (delta) yield { type: kind, delta }
    if (!signed) return
    yield { type: 'part', part: { type: kind, text: delta, replay: replay({ thoughtSignature: signature }) } }
    this.#kind = undefined
  }

  *#call(f: Fields, signature: unknown): Generator<Chunk, void, void> {
    const signed = isText(signature) ? { thoughtSignature: signature } : {}
    const partial = f.willContinue === true || Array.isArray(f.partialArgs) || (this.#open && !isText(f.name))
    if (this.#open && (!partial || isText(f.name))) yield* this.#close()
    if (!partial) return yield* this.#called(f.name, f.id, f.args, signed)
    this.#open ??= new OpenArguments(f.name, f.id, signed)
    this.#open.add(f.partialArgs)
    if (f.willContinue !== true) yield* this.#close()
  }

  *#close(): Generator<Chunk, void, void> {
    const open = this.#open!
    this.#open = undefined
    yield* this.#called(open.name, open.id, open.input, open.signed)
  }

  *#called(name: unknown, own: unknown, args: unknown, signed: { thoughtSignature?: string }): Generator<Chunk, void, void> {
    const id = isText(own) ? own : `call_${this.#calls}_${crypto.randomUUID().slice(0, 8)}`
    const data = { ...signed, ...(isText(own) && { id: own }) }
    const named = isText(name) ? name : ''
    const read = readArguments(args)
    this.#calls++
    this.#kind = undefined
    yield { type: 'tool-input', id, name: named, delta: this.#shown(read.input) }
    yield {
      type: 'part',
      part: { type: 'call', id, name: named, ...read, ...(Object.keys(data).length && { replay: replay(data) }) },
    }
  }

  /** A value that is too deep to be written cannot be stored or sent back either. */
  #shown(input: unknown): string {
    try {
      return JSON.stringify(input)
    } catch (cause) {
      throw new KitError('model/garbled', `${this.#provider} sent arguments that are too deep`, { provider: this.#provider, cause })
    }
  }

  /** Media, what the provider ran itself, and what has no neutral form: the last two go back as they came. */
  #other(part: Fields, signature: unknown): Part | undefined {
    const whole = { replay: replay({ part: part as Json }) }
    const { inlineData, fileData, executableCode: code, codeExecutionResult: ran, toolCall, toolResponse } = part
    if (!part.thought && isObject(inlineData) && isText(inlineData.data))
      return { type: 'media', mime: mimeOf(inlineData), data: inlineData.data, ...(isText(signature) && signedBy(signature)) }
    if (!part.thought && isObject(fileData) && isText(fileData.fileUri))
      return { type: 'media', mime: mimeOf(fileData), url: fileData.fileUri, ...(isText(signature) && signedBy(signature)) }
    if (isObject(code)) {
      this.#code = this.#idOf(code)
      const input = { language: code.language, code: code.code }
      return { type: 'call', by: 'provider', id: this.#code, name: 'code_execution', input, ...whole }
    }
    if (isObject(ran)) {
      const id = isText(ran.id) ? ran.id : (this.#code ?? this.#idOf(ran))
      return { type: 'result', by: 'provider', id, name: 'code_execution', output: { outcome: ran.outcome, output: ran.output }, ...whole }
    }
    if (isObject(toolCall))
      return { type: 'call', by: 'provider', id: this.#idOf(toolCall), name: toolName(toolCall), input: toolCall.args ?? {}, ...whole }
    if (isObject(toolResponse)) {
      const { response = null } = toolResponse
      return { type: 'result', by: 'provider', id: this.#idOf(toolResponse), name: toolName(toolResponse), output: response, ...whole }
    }
    const kind = Object.keys(part).find((key) => key !== 'thought')
    return kind === undefined ? undefined : { type: 'opaque', kind, ...whole }
  }

  /** An id of Gemini's, or one that is the same whenever this answer is read. */
  #idOf({ id }: Fields): string {
    return isText(id) ? id : `provider_${this.#id ?? ''}_${this.#count++}`
  }

  /** What is left to say once the body has ended; `whole` when it came as one JSON document, which cannot end too early. */
  *end(whole = false): Generator<Chunk, void, void> {
    const provider = this.#provider
    const error = this.#stray ? parse(this.#stray.trim()) : undefined
    if (isObject(error) && error.error) throw geminiStreamError(provider, error)
    const blocked = this.#blocked && (!this.#answered || (!this.#finish && Object.keys(this.#blocked).length > 0))
    if (!blocked && !this.#finish) {
      if (!whole) throw new KitError('model/truncated', `${provider} ended its answer too early`, { provider, retryable: true })
      if (!this.#answered) throw new KitError('model/empty', `${provider} gave no answer`, { provider, retryable: true })
    }
    if (this.#open) yield* this.#close()
    for (const source of sourcesOf(this.#metadata, this.#text)) yield { type: 'source', source }
    if (blocked && this.#blocked!.message) yield { type: 'part', part: { type: 'refusal', text: this.#blocked!.message } }
    const named = this.#model === undefined ? {} : { model: this.#model }
    if (this.#usage) yield { type: 'usage', usage: this.#usage, ...named }
    const raw = blocked ? this.#blocked!.reason : this.#finish
    yield {
      type: 'finish',
      reason: blocked ? 'refusal' : finishOf(this.#finish, this.#calls > 0, this.#text !== ''),
      ...(raw !== undefined && { raw }),
      ...named,
      ...(this.#id !== undefined && { id: this.#id }),
    }
  }
}

function finishOf(raw: string | undefined, called: boolean, said: boolean): ModelFinish {
  switch (raw) {
    case undefined:
      return called ? 'tools' : said ? 'stop' : 'other'
    case 'STOP':
      return called ? 'tools' : 'stop'
    case 'MAX_TOKENS':
      return 'length'
    case 'SAFETY':
    case 'RECITATION':
    case 'BLOCKLIST':
    case 'PROHIBITED_CONTENT':
    case 'SPII':
    case 'IMAGE_SAFETY':
    case 'IMAGE_PROHIBITED_CONTENT':
    case 'IMAGE_RECITATION':
    case 'MODEL_ARMOR':
      return 'refusal'
    case 'MALFORMED_FUNCTION_CALL':
    case 'UNEXPECTED_TOOL_CALL':
    case 'TOO_MANY_TOOL_CALLS':
    case 'MALFORMED_RESPONSE':
    case 'MISSING_THOUGHT_SIGNATURE':
      return 'error'
    default:
      return called ? 'tools' : 'other'
  }
}

/** Thoughts are not among the candidates' tokens, and what hosted tools read is not in the prompt's. */
function usageOf(raw: unknown): Usage | undefined {
  if (!isObject(raw)) return undefined
  const [prompt, tools, said, thought, cached] = [
    count(raw.promptTokenCount),
    count(raw.toolUsePromptTokenCount),
    count(raw.candidatesTokenCount),
    count(raw.thoughtsTokenCount),
    count(raw.cachedContentTokenCount),
  ]
  if (prompt === undefined && said === undefined && thought === undefined) return undefined
  return {
    input: (prompt ?? 0) + (tools ?? 0),
    output: (said ?? 0) + (thought ?? 0),
    ...(cached !== undefined && { cacheRead: cached }),
    ...(thought !== undefined && { reasoning: thought }),
  }
}

const replay = (data: Json): Replay => ({ wire, data })
const signedBy = (thoughtSignature: string): { replay: Replay } => ({ replay: replay({ thoughtSignature }) })
const mimeOf = ({ mimeType }: Fields): string => (isText(mimeType) ? mimeType : 'application/octet-stream')
const toolName = ({ toolType }: Fields): string => (isText(toolType) ? toolType.toLowerCase() : 'tool')
const count = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
