/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined }

/**
 * What a provider must get back unchanged to go on from a part that it made: a signature, encrypted reasoning, an item id.
 * Opaque to the kit; a wire gives back only data whose `wire` is its own, and a reader never sees it.
 */
export interface Replay {
  /** The wire that made it, e.g. `openai-responses`; what follows a `#` is a wrapper's own. */
  wire: string
  data: Json
}

/** Settings of one wire only, by wire name: the escape hatch at call, message, part and tool level. */
export type ProviderOptions = Readonly<Record<string, Readonly<Record<string, unknown>>>>

interface PartBase {
  replay?: Replay
  providerOptions?: ProviderOptions
}

export interface TextPart extends PartBase {
  type: 'text'
  text: string
}

/** An image, a document, a sound or a film: exactly one of `data` (base64), `url`, `ref`. */
export interface MediaPart extends PartBase {
  type: 'media'
  /** e.g. `image/png`; `image/*` where only the kind is known. */
  mime: string
  /** Base64 without a prefix. */
  data?: string
  url?: string
  /** A hash in `Blobs`, or a provider's file id when `store` says so. */
  ref?: string
  /** Where `ref` lives: `blob` (default) or a provider's name. */
  store?: string
  name?: string
}

/** The model asks for a tool. */
export interface CallPart extends PartBase {
  type: 'call'
  id: string
  name: string
  /** The parsed arguments; where they were no JSON, the raw text with `invalid: true`. */
  input: unknown
  invalid?: boolean
  /** Who runs it: the kit (default), the provider itself, or the client. */
  by?: 'kit' | 'provider' | 'client'
}

/** A tool's answer: `output`, or `error` with a message that the model may read. */
export interface ResultPart extends PartBase {
  type: 'result'
  id: string
  name: string
  /** JSON, text, or `Part[]` when `parts` is set (a tool that returns an image). */
  output?: unknown
  parts?: readonly (TextPart | MediaPart)[]
  error?: { code: string; message: string }
  by?: 'kit' | 'provider' | 'client'
}

/** The model's thinking as far as the provider shows it; `text` may be empty when only `replay` matters. */
export interface ReasoningPart extends PartBase {
  type: 'reasoning'
  text: string
}

/** The model will not answer, in its own words. */
export interface RefusalPart extends PartBase {
  type: 'refusal'
  text: string
}

/** A provider's item without neutral meaning, kept so that it can be sent back in its place. */
export interface OpaquePart extends PartBase {
  type: 'opaque'
  /** The provider's own name of it, e.g. `web_search_call`. */
  kind: string
  replay: Replay
}

/** One piece of a message. Plain JSON: a transcript can be stored, sent, and handed to another model. */
export type Part = TextPart | MediaPart | CallPart | ResultPart | ReasoningPart | RefusalPart | OpaquePart

export type Role = 'system' | 'user' | 'assistant' | 'tool'

export interface Message {
  /** Unique in its session; given by the kit. */
  id?: string
  role: Role
  parts: readonly Part[]
  /** Who said it, where several people or agents speak. */
  name?: string
  providerOptions?: ProviderOptions
}

/** What a model call, or a whole run, consumed; every number is in tokens. */
export interface Usage {
  /** All input tokens, cached ones included. */
  input: number
  /** All output tokens, reasoning included. */
  output: number
  /** Of `input`: read from the provider's prompt cache. */
  cacheRead?: number
  /** Of `input`: written to the provider's prompt cache. */
  cacheWrite?: number
  /** Of `output`: reasoning. */
  reasoning?: number
}

/** What a caller may give: text, the parts of one user message, or whole messages. */
export type Input = string | readonly Part[] | readonly Message[]

export const user = (text: string): Message => ({ role: 'user', parts: [{ type: 'text', text }] })

/** The text parts of a message, joined. */
export const textOf = (message: Pick<Message, 'parts'>): string =>
  message.parts.reduce((text, part) => (part.type === 'text' ? text + part.text : text), '')

/** Adds `b` to `a` and returns the sum; a detail that neither has stays absent. */
export function addUsage(a: Usage, b: Usage): Usage {
  const sum: Usage = { input: a.input + b.input, output: a.output + b.output }
  for (const key of ['cacheRead', 'cacheWrite', 'reasoning'] as const)
    if (a[key] !== undefined || b[key] !== undefined) sum[key] = (a[key] ?? 0) + (b[key] ?? 0)
  return sum
}

/** Any input as messages. */
export function toMessages(input: Input): Message[] {
  if (typeof input === 'string') return [user(input)]
  const first = input[0]
  if (first === undefined) return []
  return 'role' in first ? [...(input as readonly Message[])] : [{ role: 'user', parts: input as readonly Part[] }]
}
