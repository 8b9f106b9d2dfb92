import type { JsonSchema } from './schema.ts'
import { addUsage, type CallPart, type Message, type Part, type ProviderOptions, type TextPart, type Usage } from './message.ts'

/** A tool as a model is told of it. */
export interface ToolInfo {
  name: string
  description?: string
  /** JSON Schema of the input; absent for a tool that the provider itself defines. */
  input?: JsonSchema
  /** Ask the provider to hold the model to the schema. */
  strict?: boolean
  /** A tool that the provider runs (web search, code interpreter): its own definition, sent as it is by the wire named here. */
  hosted?: { wire: string; definition: Record<string, unknown> }
  providerOptions?: ProviderOptions
}

/** `none` forbids tools, `required` asks for at least one, `{ tool }` for that one, `{ tools }` for one or more of those. */
export type ToolChoice = 'auto' | 'none' | 'required' | { tool: string } | { tools: readonly string[]; required?: boolean }

/** How hard to think; a wire maps it to what its provider knows and leaves out what it lacks. */
export interface ReasoningSettings {
  effort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'
  /** Upper bound of thinking tokens, where the provider takes one. */
  tokens?: number
  /** Ask for a readable summary. */
  summary?: boolean
}

/** The form of the answer: JSON of any shape, or JSON held to a schema. */
export interface OutputFormat {
  name?: string
  description?: string
  schema?: JsonSchema
  strict?: boolean
}

export interface ModelSettings {
  maxTokens?: number
  temperature?: number
  topP?: number
  topK?: number
  stop?: readonly string[]
  seed?: number
  presencePenalty?: number
  frequencyPenalty?: number
  /** `false` asks for one call at a time. */
  parallelTools?: boolean
  reasoning?: ReasoningSettings
  toolChoice?: ToolChoice
  providerOptions?: ProviderOptions
}

/** All that a model is told for one answer. */
export interface ModelCall extends ModelSettings {
  system?: string | readonly TextPart[]
  messages: readonly Message[]
  tools?: readonly ToolInfo[]
  output?: OutputFormat
  /** `false` asks the provider for one body instead of a stream; the chunks are the same. */
  stream?: boolean
  signal?: AbortSignal
  /** What this call is about, for wrappers; never sent to a provider. */
  run?: { id: string; agent: string; step: number }
}

export type ModelFinish = 'stop' | 'length' | 'tools' | 'refusal' | 'pause' | 'error' | 'other'

/** Where a statement comes from. */
export interface Source {
  url?: string
  title?: string
  /** The cited passage. */
  text?: string
  /** Document or file id, where it is no web page. */
  document?: string
  /** Offsets into the answer's text, in UTF-16 units. */
  start?: number
  end?: number
  /** First and last page, from 1. */
  pages?: readonly [number, number]
  /** Where the passage is in its document, as the provider counts characters: the first, from 0, and the one after the last. */
  characters?: readonly [number, number]
  /** Where it is among its document's pieces (blocks, search results' paragraphs): the first, from 0, and the one after the last. */
  blocks?: readonly [number, number]
}

/**
 * A model's answer as it arrives. Deltas are for show; the `part`s, in order, are the message. A `text` or `reasoning`
 * part ends the deltas of its kind that came since the last part, and holds them whole (an implementer that has no replay
 * data may leave such parts out: `collect` makes them from the deltas). `usage` chunks add up. Exactly one `finish` comes
 * last: a stream without it is truncated (`model/truncated`).
 */
export type Chunk =
  | { type: 'text'; delta: string }
  | { type: 'reasoning'; delta: string }
  | { type: 'tool-input'; id: string; name?: string; delta: string }
  | { type: 'part'; part: Part }
  | { type: 'source'; source: Source }
  | { type: 'usage'; usage: Usage; model?: string; usd?: number }
  | { type: 'route'; from?: string; to: string; why: string }
  /** Forget every delta and part of this answer so far. */
  | { type: 'restart'; reason: string }
  | { type: 'notice'; code: string; message: string; data?: unknown }
  | { type: 'finish'; reason: ModelFinish; raw?: string; model?: string; id?: string }

export type Modality = 'text' | 'image' | 'audio' | 'video' | 'pdf'

export interface ModelInfo {
  /** The provider's name of the model, e.g. `gpt-5.4-mini`. */
  id: string
  provider: string
  /** Whose replay data it reads, and no other: see `Replay`. */
  wire?: string
  capabilities?: { input?: readonly Modality[]; output?: readonly Modality[]; tools?: boolean; reasoning?: boolean; structured?: boolean }
  limits?: { context?: number; output?: number }
}

/**
 * A model is a function from a call to the chunks of its answer, with what is known of it beside it.
 * It throws `KitError`s (`model/*`), honours `call.signal`, and keeps no state between calls.
 */
export interface Model {
  (call: ModelCall): AsyncIterable<Chunk>
  readonly info: ModelInfo
}

/** Gives a function its `info`: the way to make a model. */
export function model(info: ModelInfo, answer: (call: ModelCall) => AsyncIterable<Chunk>): Model {
  return Object.assign((call: ModelCall) => answer(call), { info })
}

/** A whole answer, folded from its chunks. */
export interface Answer {
  parts: Part[]
  usage: Usage
  finish: ModelFinish | undefined
}

/** Folds chunks into the message they make; `add` returns nothing and never throws. */
export class AnswerFold {
  parts: Part[] = []
  usage: Usage = { input: 0, output: 0 }
  finish: ModelFinish | undefined
  #kind: 'text' | 'reasoning' | undefined
  #open = ''

  add(chunk: Chunk): void {
    switch (chunk.type) {
      case 'text':
      case 'reasoning':
        if (this.#kind !== chunk.type) this.#close()
        this.#kind = chunk.type
        this.#open += chunk.delta
        return
      case 'part':
        if (this.#kind === chunk.part.type) this.#kind = undefined
        this.#close()
        this.parts.push(chunk.part)
        return
      case 'usage':
        this.usage = addUsage(this.usage, chunk.usage)
        return
      case 'restart':
        this.#kind = undefined
        this.#open = ''
        this.parts = []
        return
      case 'finish':
        this.#close()
        this.finish = chunk.reason
    }
  }

  /** The parts so far, open deltas included: what is kept of an answer that was cut off. */
  partial(): Part[] {
    return this.#kind && this.#open ? [...this.parts, { type: this.#kind, text: this.#open }] : this.parts
  }

  #close(): void {
    if (this.#kind && this.#open) this.parts.push({ type: this.#kind, text: this.#open })
    this.#kind = undefined
    this.#open = ''
  }
}

/** Reads an answer to its end. */
export async function collect(chunks: AsyncIterable<Chunk>): Promise<Answer> {
  const fold = new AnswerFold()
  for await (const chunk of chunks) fold.add(chunk)
  return { parts: fold.partial(), usage: fold.usage, finish: fold.finish }
}

/** The calls that the kit or the client has to answer. */
export const callsOf = (parts: readonly Part[]): CallPart[] =>
  parts.filter((part): part is CallPart => part.type === 'call' && part.by !== 'provider')
