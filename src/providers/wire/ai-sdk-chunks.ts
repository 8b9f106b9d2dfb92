import { KitError } from '../../errors.ts'
import type { Json, MediaPart, Part, Usage } from '../../message.ts'
import type { Chunk, ModelFinish } from '../../model.ts'
import { plainId, replayOf } from './ai-sdk-call.ts'
import { ours, wire } from './ai-sdk-types.ts'
import { toBase64 } from '../../base64.ts'
import { countIn, type Fields, fields, objects, textIn } from './fields.ts'
import { codeOf, httpError, mayRetry, readArguments } from './http.ts'

/** A block of text or reasoning that has begun. */
interface Block {
  id: unknown
  kind: 'text' | 'reasoning'
  text: string
  metadata: unknown
  /** Words of a refusal are no text of the answer. */
  refused: boolean
}

/** Reads the parts that a model of the AI SDK streams, or the content that it generates. */
export class PartReader {
  readonly #provider: string
  #open: Block | undefined
  readonly #names = new Map<unknown, string>()
  #said = 0
  #called = false
  #id: string | undefined
  #model: string | undefined
  done = false

  constructor(provider: string) {
    this.#provider = provider
  }

  *part(raw: unknown): Generator<Chunk, void, void> {
    const part = fields(raw)
    const { type, id, delta } = part
    switch (type) {
      case 'text-delta':
      case 'reasoning-delta': {
        const kind = type === 'text-delta' ? 'text' : 'reasoning'
        if (this.#open?.id !== id || this.#open?.kind !== kind) yield* this.#begin(kind, part)
        if (typeof delta !== 'string' || !delta) return
        this.#open!.text += delta
        if (this.#open!.refused) return
        if (kind === 'text') this.#said += delta.length
        yield { type: kind, delta }
        return
      }
      case 'text-start':
      case 'reasoning-start':
        return yield* this.#begin(type === 'text-start' ? 'text' : 'reasoning', part)
      case 'text-end':
      case 'reasoning-end':
        return yield* this.#end(type === 'text-end' ? 'text' : 'reasoning', part)
      case 'tool-input-start':
        this.#names.set(id, textIn(part.toolName) ?? '')
        return
      case 'tool-input-delta':
        if (typeof id === 'string' && typeof delta === 'string' && delta)
          yield { type: 'tool-input', id, ...(this.#names.get(id) && { name: this.#names.get(id)! }), delta }
        return
      case 'stream-start':
        return yield* warnings(part.warnings)
      case 'response-metadata':
        this.#id = textIn(part.id) ?? this.#id
        this.#model = textIn(part.modelId) ?? this.#model
        return
      case 'finish':
        return yield* this.#finish(part)
      case 'error':
        throw errorOf(this.#provider, part.error, true)
      default:
        yield* this.#content(part)
    }
  }

  /** A whole answer. */
  *generated(raw: unknown): Generator<Chunk, void, void> {
    const result = fields(raw)
    if (!Array.isArray(result.content))
      throw new KitError('model/garbled', `${this.#provider} gave no content`, { provider: this.#provider, cause: raw })
    yield* warnings(result.warnings)
    yield* this.part({ ...fields(result.response), type: 'response-metadata' })
    for (const [id, piece] of objects(result.content).entries()) {
      const { type, text } = piece
      if (type !== 'text' && type !== 'reasoning') yield* this.#content(piece)
      else {
        yield* this.part({ ...piece, type: `${type}-start`, id })
        yield* this.part({ type: `${type}-delta`, id, delta: text })
        yield* this.part({ ...piece, type: `${type}-end`, id })
      }
    }
    yield* this.#finish(result)
  }

  /** What is left to say once the stream has ended. */
  end(): void {
    if (!this.done)
      throw new KitError('model/truncated', `${this.#provider} ended its answer too early`, { provider: this.#provider, retryable: true })
  }

  *#begin(kind: Block['kind'], { id, providerMetadata }: Fields): Generator<Chunk, void, void> {
    yield* this.#close()
    const refused = fields(fields(providerMetadata)[ours]).refusal === true
    this.#open = { id, kind, text: '', metadata: providerMetadata, refused }
  }

  /** Blocks may end late, or overlap: what was said goes by the order in which it was said. */
  *#close(): Generator<Chunk, void, void> {
    if (!this.#open) return
    const { kind, text, metadata, refused } = this.#open
    this.#open = undefined
    const replay = replayOf(metadata)
    if (text || replay.replay) yield { type: 'part', part: { type: refused ? 'refusal' : kind, text, ...replay } }
  }

  *#end(kind: Block['kind'], { id, providerMetadata, citations }: Fields): Generator<Chunk, void, void> {
    if (this.#open?.id !== id || this.#open?.kind !== kind) {
      if (!providerMetadata) return
      yield* this.#begin(kind, { id })
    }
    this.#open!.metadata = providerMetadata ?? this.#open!.metadata
    const start = this.#said - this.#open!.text.length
    yield* this.#close()
    for (const { source, startIndex, endIndex, citedText } of objects(citations)) {
      const [from, to, text] = [countIn(startIndex), countIn(endIndex), textIn(citedText)]
      const cited = sourceOf(fields(source))
      yield {
        type: 'source',
        source: {
          ...cited,
          ...(text && { text }),
          ...(from !== undefined && { start: start + from }),
          ...(to !== undefined && { end: start + to }),
        },
      }
    }
  }

  *#content(part: Fields): Generator<Chunk, void, void> {
    const { type, providerMetadata } = part
    const replay = replayOf(providerMetadata)
    const id = textIn(part.toolCallId) ?? `call_${crypto.randomUUID().slice(0, 8)}`
    const name = textIn(part.toolName) ?? ''
    let made: Part | undefined
    if (type === 'tool-call') {
      const own = part.providerExecuted === true
      this.#called ||= !own
      made = {
        type: 'call',
        id,
        name,
        ...readArguments(part.input),
        ...(own && { by: 'provider' }),
        ...(plainId.test(id) ? {} : { replay: { wire, data: {} } }),
        ...replay,
      }
    } else if (type === 'tool-result') {
      // what comes before a tool has ended is not its result
      if (part.preliminary === true) return
      const { result } = part
      const said = typeof result === 'string' ? result : (JSON.stringify(result) ?? '')
      const what = part.isError === true ? { error: { code: 'tool/failed', message: said } } : { output: result }
      made = { type: 'result', id, name, by: 'provider', ...what, ...replay }
    } else if (type === 'file') made = mediaOf(part, replay)
    else if (type === 'custom' || type === 'reasoning-file') {
      const kind = textIn(part.kind) ?? type
      made = {
        type: 'opaque',
        kind: kind.startsWith(`${ours}.`) ? kind.slice(ours.length + 1) : kind,
        replay: replay.replay && replay.replay.wire !== wire ? replay.replay : { wire, data: plain(part) },
      }
    } else if (type === 'source') return yield { type: 'source', source: sourceOf(part) }
    else if (type === 'tool-approval-request')
      return yield { type: 'notice', code: 'model/unsupported', message: `${this.#provider} asks for an approval of a tool that it runs` }
    if (!made) return
    yield* this.#close()
    yield { type: 'part', part: made }
  }

  *#finish({ finishReason, usage }: Fields): Generator<Chunk, void, void> {
    yield* this.#close()
    const { unified = finishReason, raw } = fields(finishReason)
    if (unified === 'interrupted') return this.end()
    this.done = true
    const counted = usageOf(fields(usage))
    if (counted) yield { type: 'usage', usage: counted, ...(this.#model !== undefined && { model: this.#model }) }
    const reason = finishes[textIn(unified) ?? ''] ?? 'other'
    yield {
      type: 'finish',
      reason: this.#called && (reason === 'stop' || reason === 'other') ? 'tools' : reason,
      ...(textIn(raw) !== undefined && { raw: raw as string }),
      ...(this.#model !== undefined && { model: this.#model }),
      ...(this.#id !== undefined && { id: this.#id }),
    }
  }
}

const finishes: Readonly<Record<string, ModelFinish>> = {
  stop: 'stop',
  length: 'length',
  'content-filter': 'refusal',
  'tool-calls': 'tools',
  error: 'error',
}

/** A total that is not told is the sum of what is. */
function usageOf({ inputTokens, outputTokens }: Fields): Usage | undefined {
  const [into, out] = [fields(inputTokens), fields(outputTokens)]
  const [read, write, reasoning] = [countIn(into.cacheRead), countIn(into.cacheWrite), countIn(out.reasoning)]
  const input = countIn(into.total) ?? sum(countIn(into.noCache), read, write)
  const output = countIn(out.total) ?? sum(countIn(out.text), reasoning)
  if (input === undefined && output === undefined) return undefined
  return {
    input: input ?? 0,
    output: output ?? 0,
    ...(read !== undefined && { cacheRead: read }),
    ...(write !== undefined && { cacheWrite: write }),
    ...(reasoning !== undefined && { reasoning }),
  }
}

const sum = (...counts: readonly (number | undefined)[]): number | undefined =>
  counts.every((count) => count === undefined) ? undefined : counts.reduce<number>((total, count = 0) => total + count, 0)

function* warnings(raw: unknown): Generator<Chunk, void, void> {
  for (const { type, feature, setting, details, message } of objects(raw)) {
    const what = textIn(feature) ?? textIn(setting)
    const said = textIn(message) ?? textIn(details)
    if (type === 'unsupported' && what)
      yield {
        type: 'notice',
        code: 'model/unsupported',
        message: `was not told: ${what}`,
        data: { dropped: [what], ...(said && { said }) },
      }
    else yield { type: 'notice', code: 'model/warning', message: [what, said].filter(Boolean).join(': ') || 'a warning without words' }
  }
}

function sourceOf({ url, title, id, filename, providerMetadata }: Fields): { url?: string; title?: string; document?: string } {
  const own = fields(fields(fields(providerMetadata)[ours]).source)
  if (Object.keys(own).length) return own
  const [address, named, document] = [textIn(url), textIn(title), textIn(filename) ?? textIn(id)]
  return { ...(address ? { url: address } : document && { document }), ...(named && { title: named }) }
}

function mediaOf({ data: raw, mediaType }: Fields, replay: object): MediaPart | undefined {
  const mime = textIn(mediaType) ?? 'application/octet-stream'
  const { type, data = raw, url } = fields(raw)
  if (type === 'url' || raw instanceof URL) return { type: 'media', mime, url: String(raw instanceof URL ? raw : url), ...replay }
  if (typeof data === 'string') return { type: 'media', mime, data, ...replay }
  return data instanceof Uint8Array ? { type: 'media', mime, data: toBase64(data), ...replay } : undefined
}

/** As JSON, with bytes as base64. */
const plain = (part: Fields): Json =>
  JSON.parse(JSON.stringify(part, (_, value: unknown) => (value instanceof Uint8Array ? toBase64(value) : value))) as Json

const names: Readonly<Record<string, KitError['code']>> = {
  AI_LoadAPIKeyError: 'model/auth',
  AI_LoadSettingError: 'model/request',
  AI_NoSuchModelError: 'model/unknown',
  AI_UnsupportedFunctionalityError: 'model/unsupported',
  AI_InvalidPromptError: 'model/request',
  AI_InvalidArgumentError: 'model/request',
  AI_NoSuchProviderReferenceError: 'model/request',
  AI_JSONParseError: 'model/garbled',
  AI_TypeValidationError: 'model/garbled',
  AI_InvalidResponseDataError: 'model/garbled',
  AI_EmptyResponseBodyError: 'model/garbled',
  AI_NoContentGeneratedError: 'model/empty',
}

/** What a model of the AI SDK threw, or put into its stream, as a `KitError`; what it said is in `cause` only. */
export function errorOf(provider: string, error: unknown, begun: boolean): KitError {
  if (error instanceof KitError) return error
  // ours come wrapped from `toAISDK`
  const { cause } = fields(error)
  if (cause instanceof KitError) return cause
  const { name, statusCode, responseHeaders, responseBody, isRetryable, message } = fields(error)
  const status = countIn(statusCode)
  if (status !== undefined && status >= 400) {
    const told = httpError(provider, status, headersOf(responseHeaders), textIn(responseBody) ?? textIn(message) ?? '')
    const { code, retryAfter, retryable } = told
    return new KitError(code, told.message, {
      provider,
      status,
      retryAfter,
      cause: error,
      retryable: retryable || (code === 'model/http' && isRetryable === true),
    })
  }
  // an error of the platform after the answer began: the connection broke
  const torn = begun && error instanceof Error && !names[error.name]
  const known = torn ? 'model/truncated' : names[textIn(name) ?? '']
  const said = error instanceof Error ? error.message : inWords(error)
  const code = known ?? codeOf(500, said.slice(0, 10_000))
  return new KitError(code, `${provider} failed`, { provider, cause: error, retryable: torn || mayRetry(code) })
}

/** What was thrown may be anything, e.g. a circle. */
function inWords(thrown: unknown): string {
  try {
    return JSON.stringify(thrown) ?? ''
  } catch {
    return ''
  }
}

function headersOf(raw: unknown): Headers {
  const headers = new Headers()
  // all that is read of them
  for (const name of ['retry-after', 'retry-after-ms']) {
    const value = textIn(fields(raw)[name])
    if (value && /^[\x20-\x7e]*$/.test(value)) headers.set(name, value)
  }
  return headers
}
