import { asKitError, KitError } from '../../errors.ts'
import { addUsage, type Part, type Usage } from '../../message.ts'
import type { Chunk, ModelCall, ModelFinish, Source } from '../../model.ts'
import { type AISDKContent, type AISDKFinish, type AISDKStreamPart, type AISDKWarning, type Metadata, ours } from './ai-sdk-types.ts'

/**
 * Chunks as the parts of an AI SDK stream. What is told before the answer begins becomes a warning. Throws where the answer
 * begins anew after something of it was passed on: nothing can be taken back there.
 */
export class PartWriter {
  readonly #tools: ReadonlySet<string>
  #open: { kind: 'text' | 'reasoning'; id: string } | undefined
  #inputs = new Set<string>()
  #blocks = 0
  #sources = 0
  #begun = false
  #usage: Usage | undefined
  #finished = false
  warnings: AISDKWarning[] = []

  constructor({ tools = [] }: ModelCall) {
    this.#tools = new Set(tools.map(({ name }) => name))
  }

  *chunk(chunk: Chunk): Generator<AISDKStreamPart, void, void> {
    switch (chunk.type) {
      case 'text':
      case 'reasoning':
        if (this.#open?.kind !== chunk.type) yield* this.#begin(chunk.type)
        return yield { type: `${chunk.type}-delta`, id: this.#open!.id, delta: chunk.delta }
      case 'tool-input':
        if (!this.#inputs.has(chunk.id)) {
          yield* this.#end()
          this.#begun = true
          this.#inputs.add(chunk.id)
          yield { type: 'tool-input-start', id: chunk.id, toolName: chunk.name ?? '' }
        }
        return yield { type: 'tool-input-delta', id: chunk.id, delta: chunk.delta }
      case 'part':
        return yield* this.#part(chunk.part)
      case 'source':
        return yield sourceOf(chunk.source, `source-${this.#sources++}`)
      case 'usage':
        this.#usage = this.#usage ? addUsage(this.#usage, chunk.usage) : chunk.usage
        return
      case 'notice':
        if (!this.#begun) this.warnings.push({ type: 'other', message: chunk.message })
        return
      case 'restart':
        if (this.#begun) throw new KitError('model/http', 'the answer began anew after a part of it was passed on')
        return
      case 'finish': {
        yield* this.#end()
        this.#finished = true
        const { id, model, reason, raw } = chunk
        if (id !== undefined || model !== undefined)
          yield { type: 'response-metadata', ...(id !== undefined && { id }), ...(model !== undefined && { modelId: model }) }
        yield { type: 'finish', finishReason: { unified: finishes[reason], raw }, usage: usageOf(this.#usage) }
      }
    }
  }

  /** Whether an answer ended as it must. */
  end(): void {
    if (!this.#finished) throw new KitError('model/truncated', 'the answer ended too early', { retryable: true })
  }

  *#begin(kind: 'text' | 'reasoning', metadata?: { providerMetadata?: Metadata }): Generator<AISDKStreamPart, void, void> {
    yield* this.#end()
    this.#begun = true
    this.#open = { kind, id: `${this.#blocks++}` }
    yield { type: `${kind}-start`, id: this.#open.id, ...metadata }
  }

  *#end(metadata?: { providerMetadata?: Metadata }): Generator<AISDKStreamPart, void, void> {
    if (this.#open) yield { type: `${this.#open.kind}-end`, id: this.#open.id, ...metadata }
    this.#open = undefined
  }

  *#part(part: Part): Generator<AISDKStreamPart, void, void> {
    const { type } = part
    const own = metadataOf(part)
    if (type === 'text' || type === 'reasoning' || type === 'refusal') {
      const kind = type === 'refusal' ? 'text' : type
      // the words of a refusal are not those that came before it
      if (this.#open?.kind !== kind || type === 'refusal') {
        yield* this.#begin(kind, type === 'refusal' ? own : {})
        if (part.text) yield { type: `${kind}-delta`, id: this.#open!.id, delta: part.text }
      }
      return yield* this.#end(own)
    }
    yield* this.#end()
    this.#begun = true
    switch (type) {
      case 'call': {
        if (this.#inputs.delete(part.id)) yield { type: 'tool-input-end', id: part.id }
        const input = part.invalid && typeof part.input === 'string' ? part.input : JSON.stringify(part.input ?? {})
        return yield { type: 'tool-call', toolCallId: part.id, toolName: part.name, input, ...this.#by(part), ...own }
      }
      case 'result':
        return yield {
          type: 'tool-result',
          toolCallId: part.id,
          toolName: part.name,
          result: part.error ? part.error.message : ((part.output ?? '') as string),
          ...(part.error && { isError: true }),
          ...(!this.#tools.has(part.name) && { dynamic: true }),
          ...own,
        }
      case 'media': {
        const { data, url, mime } = part
        if (data !== undefined) yield { type: 'file', mediaType: mime, data: { type: 'data', data }, ...own }
        else if (url !== undefined && URL.canParse(url))
          yield { type: 'file', mediaType: mime, data: { type: 'url', url: new URL(url) }, ...own }
        return
      }
      case 'opaque':
        yield { type: 'custom', kind: `${ours}.${part.kind}`, ...own }
    }
  }

  /** The AI SDK refuses a call of a tool that it was not told of, unless it is said to be dynamic. */
  #by({ by, name }: Extract<Part, { type: 'call' }>): { providerExecuted?: boolean; dynamic?: boolean } {
    return by === 'provider' ? { providerExecuted: true, ...(!this.#tools.has(name) && { dynamic: true }) } : {}
  }
}

const finishes: Readonly<Record<ModelFinish, AISDKFinish['finishReason']['unified']>> = {
  stop: 'stop',
  length: 'length',
  tools: 'tool-calls',
  refusal: 'content-filter',
  error: 'error',
  pause: 'other',
  other: 'other',
}

function usageOf(usage: Usage | undefined): AISDKFinish['usage'] {
  const { input, output, cacheRead, cacheWrite, reasoning } = usage ?? ({} as Partial<Usage>)
  return {
    inputTokens: {
      total: input,
      noCache: input === undefined ? undefined : input - (cacheRead ?? 0) - (cacheWrite ?? 0),
      cacheRead,
      cacheWrite,
    },
    outputTokens: { total: output, text: output === undefined ? undefined : output - (reasoning ?? 0), reasoning },
  }
}

/** What must come back with a part: the AI SDK keeps it there. */
function metadataOf({ type, replay }: Part): { providerMetadata?: Metadata } {
  const own = { ...(type === 'refusal' && { refusal: true }), ...(replay && { replay }) }
  return Object.keys(own).length ? { providerMetadata: { [ours]: own as never } } : {}
}

function sourceOf(source: Source, id: string): AISDKStreamPart {
  const { url, title, document } = source
  const own = { providerMetadata: { [ours]: { source: { ...source } as never } } }
  if (url !== undefined) return { type: 'source', sourceType: 'url', id, url, ...(title !== undefined && { title }), ...own }
  const named = title ?? document ?? ''
  return {
    type: 'source',
    sourceType: 'document',
    id,
    mediaType: 'text/plain',
    title: named,
    ...(document !== undefined && { filename: document }),
    ...own,
  }
}

/** The content of a whole answer, of the parts of a stream. */
export function contentOf(parts: readonly AISDKStreamPart[]): AISDKContent[] {
  const content: AISDKContent[] = []
  let text = ''
  for (const part of parts) {
    if (part.type === 'text-start' || part.type === 'reasoning-start') text = ''
    else if (part.type === 'text-delta' || part.type === 'reasoning-delta') text += part.delta
    else if (part.type === 'text-end' || part.type === 'reasoning-end') {
      const { type, providerMetadata } = part
      content.push({ type: type === 'text-end' ? 'text' : 'reasoning', text, ...(providerMetadata && { providerMetadata }) })
    } else if (whole.has(part.type)) content.push(part as AISDKContent)
  }
  return content
}

const whole: ReadonlySet<string> = new Set(['custom', 'reasoning-file', 'file', 'tool-call', 'tool-result', 'source'])

/**
 * An error of ours as the AI SDK reads one: its `APICallError`, known by its marks, with what its own retries read of it. A reason to
 * abort passes as it is.
 */
export function callError(thrown: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  const error = asKitError(thrown)
  const { code, message, status, retryable, retryAfter } = error
  return Object.assign(new Error(`${message} (${code})`, { cause: error }), {
    name: 'AI_APICallError',
    [Symbol.for('vercel.ai.error')]: true,
    [Symbol.for('vercel.ai.error.AI_APICallError')]: true,
    url: '',
    requestBodyValues: {},
    statusCode: status,
    isRetryable: retryable,
    responseHeaders: retryAfter === undefined ? {} : { 'retry-after-ms': `${retryAfter}` },
  })
}
