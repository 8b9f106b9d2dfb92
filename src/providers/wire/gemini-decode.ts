import { KitError } from '../../errors.ts'
import type { CallPart, Json, Part, Replay, Usage } from '../../message.ts'
import type { Chunk, ModelFinish } from '../../model.ts'
import { countIn, defined, type Fields, isObject, objects, textIn } from './fields.ts'
import { geminiStreamError } from './gemini-errors.ts'
import { entryPoints, sourcesOf } from './gemini-sources.ts'
import { wire } from './gemini.ts'
import { parse, readArguments, type SseEvent } from './http.ts'

/** Characters of one answer's events. */
const streamLimit = 128_000_000
/** Candidates with metadata that are kept until the end; a server that sends more loses the oldest. */
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
  #kind: 'text' | 'reasoning' | undefined
  /** What came of this kind and is in no part yet. */
  #open = ''
  #made = 0
  /** The id of the provider's call that waits for its result. */
  #running: string | undefined
  #called = false
  #usage: Fields | undefined
  #answered = false
  #finish: string | undefined
  #feedback: Fields | undefined
  #model: string | undefined
  #id: string | undefined
  readonly #metadata: Fields[] = []
  #stray = ''
  #length = 0

  constructor(provider: string) {
    this.#provider = provider
  }

  *event({ data }: SseEvent): Generator<Chunk, void, void> {
    if ((this.#length += data.length) > streamLimit) throw this.#error('model/garbled', 'sent too much')
    if (!data.trim() || data === '[DONE]') return
    const body = parse(data)
    if (Object(body) !== body) throw this.#error('model/garbled', 'sent a line that is not JSON', data)
    yield* this.body(body)
  }

  /** A line that belongs to no event: an error in the middle of a stream comes as bare JSON. */
  stray(line: string): void {
    if (this.#stray.length < strayLimit) this.#stray += `${line}\n`
  }

  /** One fragment, or a whole body; an array of them where the server knows no SSE. */
  *body(body: unknown): Generator<Chunk, void, void> {
    for (const each of objects([body].flat())) {
      if (each.error) throw geminiStreamError(this.#provider, each)
      this.#model = textIn(each.modelVersion) ?? this.#model
      this.#id = textIn(each.responseId) ?? this.#id
      if (counts(each.usageMetadata)) this.#usage = each.usageMetadata
      if (isObject(each.promptFeedback)) this.#feedback = { ...this.#feedback, ...each.promptFeedback }
      for (const candidate of objects(each.candidates)) if (!candidate.index) yield* this.#candidate(candidate)
    }
  }

  *#candidate(candidate: Fields): Generator<Chunk, void, void> {
    this.#answered = true
    if (isObject(candidate.content)) for (const part of objects(candidate.content.parts)) yield* this.#part(part)
    const reason = textIn(candidate.finishReason)
    if (reason !== 'FINISH_REASON_UNSPECIFIED') this.#finish = reason ?? this.#finish
    if (candidate.groundingMetadata || candidate.citationMetadata || candidate.urlContextMetadata) {
      this.#metadata.push(candidate)
      if (this.#metadata.length > metadataLimit) this.#metadata.shift()
    }
  }

  *#part(part: Fields): Generator<Chunk, void, void> {
    const { text, thought } = part
    const signature = textIn(part.thoughtSignature)
    if (typeof text === 'string') return yield* this.#say(thought === true ? 'reasoning' : 'text', text, signature)
    if (isObject(part.functionCall)) {
      this.#kind = undefined
      return yield* this.call(part.functionCall, signature)
    }
    // a picture that the model only thought of is no answer
    const made = thought && !signature ? undefined : this.#other(part)
    if (!made) return
    this.#kind = undefined
    yield { type: 'part', part: made }
  }

  /** A call of a function. */
  protected *call({ id: own, name, args }: Fields, signature: string | undefined): Generator<Chunk, void, void> {
    const part = this.callPart(this.idOf(own), own, name, readArguments(args), signature)
    yield { type: 'tool-input', id: part.id, name: part.name, delta: this.#shown(part.input) }
    yield { type: 'part', part }
  }

  *#say(kind: 'text' | 'reasoning', delta: string, thoughtSignature: string | undefined): Generator<Chunk, void, void> {
    // what came unsigned before a signed text is a part of its own
    if (thoughtSignature && this.#kind === kind && this.#open) yield { type: 'part', part: { type: kind, text: this.#open } }
    if (thoughtSignature || this.#kind !== kind) this.#open = ''
    if (delta) {
      this.#kind = kind
      this.#open += delta
      if (kind === 'text') this.#text += delta
      yield { type: kind, delta }
    }
    if (!thoughtSignature) return
    yield { type: 'part', part: { type: kind, text: delta, replay: replay({ thoughtSignature }) } }
    this.#kind = undefined
  }

  /** Gemini seldom gives an id. */
  protected idOf(given: unknown): string {
    return textIn(given) ?? `call_${this.#made++}_${crypto.randomUUID().slice(0, 8)}`
  }

  /** `given` is the id that Gemini gave, which it wants back; the call's own may be made up. */
  protected callPart(
    id: string,
    given: unknown,
    name: unknown,
    args: ReturnType<typeof readArguments>,
    thoughtSignature: string | undefined,
  ): CallPart {
    const own = textIn(given)
    this.#called = true
    return defined({
      type: 'call',
      id,
      name: textIn(name) ?? '',
      ...args,
      replay: signed(thoughtSignature, own),
    })
  }

  /** Media, what the provider ran itself, and what has no neutral form: the last two go back as they came. */
  #other(part: Fields): Part | undefined {
    const { executableCode, toolCall, codeExecutionResult, toolResponse, inlineData, fileData, thought } = part
    const whole = replay({ part: part as Json })
    const media = inlineData ?? fileData
    if (isObject(media) && !thought) {
      return defined({
        type: 'media',
        mime: textIn(media.mimeType) ?? 'application/octet-stream',
        data: textIn(media.data),
        url: textIn(media.fileUri),
        replay: signed(textIn(part.thoughtSignature)),
      })
    }
    const asked = executableCode ?? toolCall
    const ran = codeExecutionResult ?? toolResponse
    const run = asked ?? ran
    if (!isObject(run)) {
      const kind = Object.keys(part).find((key) => key !== 'thought')
      return kind === undefined ? undefined : { type: 'opaque', kind, replay: whole }
    }
    const id = textIn(run.id) ?? (ran ? this.#running : undefined) ?? `provider_${this.#id ?? ''}_${this.#made++}`
    const base = { id, name: textIn(run.toolType)?.toLowerCase() ?? 'code_execution', by: 'provider', replay: whole } as const
    this.#running = asked ? id : undefined
    return asked ? { type: 'call', ...base, input: run.args ?? run } : { type: 'result', ...base, output: run.response ?? run }
  }

  /** A value that is too deep to be written cannot be stored or sent back either. */
  #shown(input: unknown): string {
    try {
      return JSON.stringify(input)
    } catch (cause) {
      throw this.#error('model/garbled', 'sent arguments that are too deep', cause)
    }
  }

  #error(code: 'model/garbled' | 'model/truncated' | 'model/empty', said: string, cause?: unknown): KitError {
    return new KitError(code, `${this.#provider} ${said}`, { provider: this.#provider, retryable: true, cause })
  }

  /** What is left to say once the body has ended; `whole` when it came as one JSON document, which cannot end too early. */
  *end(whole = false): Generator<Chunk, void, void> {
    const error = this.#stray && parse(this.#stray)
    if (isObject(error) && error.error) throw geminiStreamError(this.#provider, error)
    const { blockReason, blockReasonMessage } = this.#feedback ?? {}
    const blocked = this.#finish === undefined && (this.#answered ? textIn(blockReason) !== undefined : this.#feedback !== undefined)
    if (!blocked && !this.#finish) {
      if (!whole) throw this.#error('model/truncated', 'ended its answer too early')
      if (!this.#answered) throw this.#error('model/empty', 'gave no answer')
    }
    for (const source of sourcesOf(this.#metadata, this.#text)) yield { type: 'source', source }
    yield* entryPoints(this.#metadata)
    const why = textIn(blockReasonMessage)
    if (blocked && why) yield { type: 'part', part: { type: 'refusal', text: why } }
    if (this.#usage) yield defined({ type: 'usage', usage: usageOf(this.#usage), model: this.#model })
    yield defined({
      type: 'finish',
      reason: blocked ? 'refusal' : finishOf(this.#finish ?? (this.#text ? 'STOP' : ''), this.#called),
      raw: this.#finish ?? textIn(blockReason),
      model: this.#model,
      id: this.#id,
    })
  }
}

/** Why an answer ended, by the words of the reason: kinds of refusal and of failed calls come with new names (`IMAGE_SAFETY`, …). */
function finishOf(raw: string, called: boolean): ModelFinish {
  if (raw === 'MAX_TOKENS') return 'length'
  if (/SAFETY|RECITATION|BLOCKLIST|PROHIBITED|SPII|MODEL_ARMOR/.test(raw)) return 'refusal'
  if (/MALFORMED|TOOL_CALL|MISSING_THOUGHT/.test(raw)) return 'error'
  return called ? 'tools' : raw === 'STOP' ? 'stop' : 'other'
}

/** Whether usage counts anything; it comes with every fragment, and the last one stands. */
const counts = (usage: unknown): usage is Fields =>
  isObject(usage) && typeof (usage.promptTokenCount ?? usage.candidatesTokenCount ?? usage.thoughtsTokenCount) === 'number'

/** Thoughts are not among the candidates' tokens, and what hosted tools read is not in the prompt's. */
function usageOf(raw: Fields): Usage {
  const count = (name: string): number => countIn(raw[`${name}TokenCount`]) ?? 0
  return defined({
    input: count('prompt') + count('toolUsePrompt'),
    output: count('candidates') + count('thoughts'),
    cacheRead: countIn(raw.cachedContentTokenCount),
    reasoning: countIn(raw.thoughtsTokenCount),
  })
}

const replay = (data: Json): Replay => ({ wire, data })

const signed = (thoughtSignature: string | undefined, id?: string): Replay | undefined =>
  (thoughtSignature ?? id) ? replay(defined({ thoughtSignature, id })) : undefined
