import { KitError } from '../../errors.ts'
import type { Json, Part, Replay, Usage } from '../../message.ts'
import type { Chunk, ModelFinish, Source } from '../../model.ts'
import { eventOf, type FrameDecoder } from './aws.ts'
import type { Frame } from './aws-events.ts'
import { wire } from './bedrock-models.ts'
import { fromBase64 } from '../../base64.ts'
import { countIn, type Fields, fields, objects, textIn } from './fields.ts'
import { parse, readArguments } from './http.ts'

/** A block that has begun and not ended: what came of each of its fields. */
interface Open {
  text: string
  thought: string
  signature: string
  redacted: string
  input: string
  toolUse: Fields | undefined
  other: Fields | undefined
  citations: Fields[]
  start: number
}

/** Bytes of one answer's events. */
const streamLimit = 50_000_000

/** Reads one answer of Converse, streamed or whole, or of a model whose own body is Converse's (`invoke`). */
export class ConverseDecoder implements FrameDecoder {
  readonly #provider: string
  readonly #open = new Map<unknown, Open>()
  #called = false
  #said = 0
  #size = 0
  #stop: string | undefined
  #usage: Usage | undefined
  #ended = false

  constructor(provider: string) {
    this.#provider = provider
  }

  *frame(frame: Frame): Generator<Chunk, void, void> {
    if ((this.#size += frame.payload.length) > streamLimit) throw this.#bad('does not stop')
    const { type, event } = eventOf(frame, this.#provider)
    if (type !== 'chunk') return yield* this.#event(type, event)
    // an event of the model's own API, in Base64
    for (const [name, inner] of Object.entries(fields(chunkOf(event, this.#provider)))) yield* this.#event(name, fields(inner))
  }

  *#event(type: string, event: Fields): Generator<Chunk, void, void> {
    const { contentBlockIndex: index = 0, delta, start, stopReason, usage } = event
    switch (type) {
      case 'contentBlockDelta':
        return yield* this.#delta(index, fields(delta))
      case 'contentBlockStart': {
        yield* this.#close(index)
        const { toolUse, ...rest } = fields(start)
        const open = this.#begin(index)
        if (toolUse) open.toolUse = { ...fields(toolUse) }
        else if (Object.keys(rest).length) open.other = structuredClone(rest)
        return
      }
      case 'contentBlockStop':
        return yield* this.#close(index)
      case 'messageStop':
        this.#stop = textIn(stopReason)
        this.#ended = true
        return
      case 'metadata':
        this.#usage = usageOf(fields(usage)) ?? this.#usage
    }
  }

  /** A whole answer. */
  *body(body: Fields): Generator<Chunk, void, void> {
    const { content } = fields(fields(body.output).message)
    if (!Array.isArray(content) && typeof body.stopReason !== 'string') throw this.#bad('sent JSON that is no message', body)
    for (const [index, block] of objects(content).entries()) {
      const { reasoningContent, toolUse, citationsContent } = block
      const cited = fields(citationsContent)
      if (reasoningContent) {
        const { reasoningText, redactedContent } = fields(reasoningContent)
        yield* this.#delta(index, { reasoningContent: { ...fields(reasoningText), redactedContent } })
      } else if (toolUse) {
        const { input, ...start } = fields(toolUse)
        yield* this.#event('contentBlockStart', { contentBlockIndex: index, start: { toolUse: start } })
        yield* this.#delta(index, { toolUse: { input: typeof input === 'string' ? input : JSON.stringify(input ?? {}) } })
      } else if (citationsContent) {
        this.#begin(index).citations.push(...objects(cited.citations))
        for (const { text } of objects(cited.content)) yield* this.#delta(index, { text })
      } else if (typeof block.text === 'string') yield* this.#delta(index, { text: block.text })
      else this.#begin(index).other = block
      yield* this.#close(index)
    }
    this.#stop = textIn(body.stopReason)
    this.#usage = usageOf(fields(body.usage))
    this.#ended = true
  }

  #begin(index: unknown): Open {
    const open = {
      text: '',
      thought: '',
      signature: '',
      redacted: '',
      input: '',
      toolUse: undefined,
      other: undefined,
      citations: [],
      start: this.#said,
    }
    this.#open.set(index, open)
    return open
  }

  *#delta(index: unknown, delta: Fields): Generator<Chunk, void, void> {
    const open = this.#open.get(index) ?? this.#begin(index)
    const { text, toolUse, reasoningContent, citation, ...other } = delta
    if (typeof text === 'string') {
      if (!text) return
      open.text += text
      this.#said += text.length
      yield { type: 'text', delta: text }
    } else if (toolUse) {
      const { input } = fields(toolUse)
      if (typeof input !== 'string' || !input) return
      open.toolUse ??= {}
      open.input += input
      yield { type: 'tool-input', id: idOf(open.toolUse), name: textIn(open.toolUse.name) ?? '', delta: input }
    } else if (reasoningContent) {
      const { text: thought, signature, redactedContent } = fields(reasoningContent)
      if (typeof signature === 'string') open.signature += signature
      if (typeof redactedContent === 'string') open.redacted += redactedContent
      if (typeof thought !== 'string' || !thought) return
      open.thought += thought
      yield { type: 'reasoning', delta: thought }
    } else if (citation) open.citations.push(fields(citation))
    else open.other = grown(open.other, other)
  }

  *#close(index: unknown): Generator<Chunk, void, void> {
    const open = this.#open.get(index)
    if (!open) return
    this.#open.delete(index)
    for (const part of this.#parts(open)) yield { type: 'part', part }
    for (const citation of open.text ? open.citations : [])
      yield { type: 'source', source: sourceOf(citation, open.start, open.start + open.text.length) }
  }

  *#parts({ text, thought, signature, redacted, input, toolUse, other, citations }: Open): Generator<Part, void, void> {
    if (thought || signature) {
      const own = { reasoningContent: { reasoningText: { text: thought, signature } } }
      yield { type: 'reasoning', text: thought, ...(signature && replay(own)) }
    }
    if (redacted) yield { type: 'reasoning', text: '', ...replay({ reasoningContent: { redactedContent: redacted } }) }
    if (text) yield { type: 'text', text, ...(citations.length > 0 && replay({ citationsContent: { content: [{ text }], citations } })) }
    if (toolUse) {
      const call = { type: 'call', id: idOf(toolUse), name: textIn(toolUse.name) ?? '', ...readArguments(input) } as const
      const own = toolUse.type === 'server_tool_use'
      this.#called ||= !own
      yield own ? { ...call, by: 'provider', ...replay({ toolUse: { ...toolUse, input: call.input } }) } : call
    }
    if (other) yield otherPart(other)
  }

  /** What is left to say once the body has ended. */
  *end(): Generator<Chunk, void, void> {
    if (!this.#ended)
      throw new KitError('model/truncated', `${this.#provider} ended its answer too early`, { provider: this.#provider, retryable: true })
    for (const index of this.#open.keys()) yield* this.#close(index)
    if (this.#usage) yield { type: 'usage', usage: this.#usage }
    const reason = finishes.get(this.#stop) ?? 'other'
    yield {
      type: 'finish',
      reason: this.#called && (reason === 'stop' || reason === 'other') ? 'tools' : reason,
      ...(this.#stop !== undefined && { raw: this.#stop }),
    }
  }

  #bad(what: string, cause?: unknown): KitError {
    return new KitError('model/garbled', `${this.#provider} ${what}`, { provider: this.#provider, cause })
  }
}

/** What a `chunk` event carries: JSON in Base64. Throws `model/garbled` where it is neither. */
export function chunkOf({ bytes }: Fields, provider: string): Fields {
  try {
    const event = parse(new TextDecoder().decode(fromBase64(String(bytes))))
    if (typeof event === 'object' && event !== null) return event as Fields
  } catch {
    // no Base64
  }
  throw new KitError('model/garbled', `${provider} sent a chunk that is not JSON`, { provider })
}

const finishes = new Map<string | undefined, ModelFinish>([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['tool_use', 'tools'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['guardrail_intervened', 'refusal'],
  ['content_filtered', 'refusal'],
  ['malformed_model_output', 'error'],
  ['malformed_tool_use', 'error'],
])

/** Input tokens do not contain what the cache gave or took. */
function usageOf(raw: Fields): Usage | undefined {
  const [input, output] = [countIn(raw.inputTokens), countIn(raw.outputTokens)]
  const [read, write] = [
    countIn(raw.cacheReadInputTokens ?? raw.cacheReadInputTokenCount),
    countIn(raw.cacheWriteInputTokens ?? raw.cacheWriteInputTokenCount),
  ]
  if (input === undefined && output === undefined) return undefined
  return {
    input: (input ?? 0) + (read ?? 0) + (write ?? 0),
    output: output ?? 0,
    ...(read !== undefined && { cacheRead: read }),
    ...(write !== undefined && { cacheWrite: write }),
  }
}

function sourceOf({ location, source, title, sourceContent }: Fields, start: number, end: number): Source {
  const [kind, raw] = Object.entries(fields(location))[0] ?? []
  const place = fields(raw)
  const url = [place.url, source].map(textIn).find((text) => text && /^https?:/.test(text))
  const document = textIn(source) ?? (countIn(place.documentIndex) === undefined ? undefined : String(place.documentIndex))
  const text = objects(sourceContent)
    .map((piece) => textIn(piece.text) ?? '')
    .join('')
  const [from, to] = [countIn(place.start), countIn(place.end)]
  return {
    ...(url ? { url } : document !== undefined && { document }),
    ...(textIn(title) && { title: title as string }),
    ...(text && { text }),
    start,
    end,
    ...(kind === 'documentPage' && from !== undefined && { pages: [from, Math.max(from, to ?? from)] as const }),
  }
}

/** A picture's bytes, and what a result holds, come after what began the block. */
function grown(before: Fields = {}, { image, toolResult, ...others }: Fields): Fields {
  const block = { ...before, ...others }
  if (image) block.image = { ...fields(before.image), ...fields(image) }
  if (toolResult) block.toolResult = withPieces(fields(before.toolResult), toolResult)
  return block
}

function withPieces(result: Fields, pieces: unknown): Fields {
  const content = Array.isArray(result.content) ? (result.content as Fields[]) : []
  result.content = content
  for (const now of objects(pieces)) {
    const last = content.at(-1)
    if (typeof last?.text === 'string' && typeof now.text === 'string') last.text += now.text
    else content.push({ ...now })
  }
  return result
}

/** Pictures, results of tools that AWS runs, and what is not known yet. */
function otherPart(block: Fields): Part {
  const { image, toolResult } = block
  const own = replay(block)
  const { format, source } = fields(image)
  const bytes = textIn(fields(source).bytes)
  if (bytes) return { type: 'media', mime: `image/${textIn(format) ?? '*'}`, data: bytes, ...own }
  if (toolResult) {
    const { toolUseId, content } = fields(toolResult)
    return { type: 'result', id: textIn(toolUseId) ?? '', name: '', output: content, by: 'provider', ...own }
  }
  return { type: 'opaque', kind: Object.keys(block)[0] ?? 'block', ...own }
}

const replay = (data: Fields): { replay: Replay } => ({ replay: { wire, data: data as Json } })

/** A call without an id gets one that stays. */
function idOf(toolUse: Fields): string {
  if (typeof toolUse.toolUseId !== 'string' || !toolUse.toolUseId) toolUse.toolUseId = `tooluse_${crypto.randomUUID().slice(0, 8)}`
  return toolUse.toolUseId as string
}
