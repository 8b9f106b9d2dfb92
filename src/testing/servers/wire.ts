import type { Asked, Question } from './asked.ts'
import type { Answer, Failing, Refusal } from './scenario.ts'

/** Something that a vendor or its wire may not have, so that a behaviour does not apply there. */
export type Need =
  | 'arguments as text'
  | 'call ids'
  | 'cached usage'
  | 'effort'
  | 'endings'
  | 'error headers'
  | 'error in a chunk'
  | 'error in a stream'
  | 'filter'
  | 'headers'
  | 'image by address'
  | 'images'
  | 'interleaved calls'
  | 'json'
  | 'lines'
  | 'none choice'
  | 'one call at a time'
  | 'one choice'
  | 'options'
  | 'pause'
  | 'pdf'
  | 'proofs'
  | 'quota'
  | 'reasoning'
  | 'reasoning usage'
  | 'refusal'
  | 'repeated ids'
  | 'required choice'
  | 'result media'
  | 'safety'
  | 'schema'
  | 'seed'
  | 'sources'
  | 'stop'
  | 'temperature'
  | 'tools'
  | 'unknown model'
  | 'whole body'

/** Why it is not there, in a few words with their source; it stands in the matrix. */
export type Lacks = Readonly<Partial<Record<Need, string>>>

/** One event of a stream: SSE with or without a name, a line, or a message of an event stream. */
export interface Frame {
  event?: string
  /** Text goes out as it is, anything else as JSON. */
  data: unknown
  /** Without it the answer is not whole. */
  last?: boolean
}

/** A vendor's chat as its server sees it: the protocol alone, written without a look at the clients that are tested with it. */
export interface WireServer {
  name: string
  framing: 'sse' | 'ndjson' | 'eventstream'
  /** Reads a request, or refuses it (`Refused`) as the vendor would. */
  read(question: Question): Asked
  /** A streamed answer, without the marker of its end. */
  events(answer: Answer): Frame[]
  /** The marker of the end, where there is one. */
  marker?: Frame
  /** An answer in one body. */
  body(answer: Answer): unknown
  /** An error's status and body in the vendor's own form. */
  refusal(
    refusal: Refusal & { message: string },
    streaming: boolean,
  ): { status: number; body: unknown; headers?: Readonly<Record<string, string>> }
  /** The same after status 200, as the wire has it. */
  failing?(failing: Failing): Frame[]
  /** The same inside of a chunk that looks like any other. */
  failingChunk?(failing: Failing): Frame[]
  /** What keeps the connection awake, beside the comments of SSE. */
  ping?: Frame
  /** Events that no client knows. */
  tomorrow: Frame[]
  /** `data:` without a space. */
  tight?: boolean
  newline?: '\r\n'
  /** A field of the wire's own that a caller may set by `providerOptions[key]`. */
  /** What of thinking has to come back: its text, what proves it, or both (default). */
  proof?: 'text' | 'proof'
  option?: { key: string; field: string; value: unknown }
  lacks: Lacks
}
