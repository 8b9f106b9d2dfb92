// What a fake server answers, said without the words of any wire.

/** Tokens that an answer consumed; `cached`, `written` and `reasoning` are parts of the other two. */
export interface Tokens {
  input: number
  output: number
  cached?: number
  written?: number
  reasoning?: number
}

/** A call of a tool. */
export interface Called {
  /** `null`: the server gives none, as some do; absent: one in the vendor's own form. */
  id?: string | null
  name: string
  /**
   * The arguments: as text, whole or in the pieces in which it is streamed; as an object, for servers that send one where
   * others send text; `null` where a server says so for "none"; absent where it leaves the field out.
   */
  args?: string | readonly string[] | object | null
}

/** Where a statement comes from. */
export interface Cited {
  url: string
  title: string
}

/** One thing that the model says; text and reasoning whole or in the pieces in which they are streamed. */
export type Saying =
  | { text: string | readonly string[] }
  /** `proof`: what must come back with it (a signature, encrypted content), where the wire has such a thing. */
  | { reasoning: string | readonly string[]; proof?: string }
  /** `interleaved`: pieces of the calls come by turns, where the wire can say so. */
  | { calls: readonly Called[]; interleaved?: boolean }
  | { source: Cited }
  | { refusal: string | readonly string[] }

/** Why an answer ended. `tomorrow` is a reason that no client knows; absent: as fits what was said. */
export type Ending = 'stop' | 'length' | 'tools' | 'safety' | 'pause' | 'tomorrow'

/** What went wrong, in words of no vendor. */
export type Failing =
  | 'invalid'
  | 'auth'
  | 'denied'
  | 'unknown-model'
  | 'timeout'
  | 'conflict'
  | 'too-large'
  | 'unprocessable'
  | 'rate'
  | 'quota'
  | 'context'
  | 'filtered'
  | 'server'
  | 'gateway'
  | 'unavailable'
  | 'overloaded'

/** An answer that is none. */
export interface Refusal {
  failing: Failing
  /** Default: the vendor's own status for it. */
  status?: number
  headers?: Readonly<Record<string, string>>
  /** In place of the vendor's own error body, e.g. the page of a proxy. */
  text?: string
  /** A word of the request that the vendor repeats in its message. */
  about?: string
}

/** What happens to a good answer on its way. */
export interface Fault {
  /** Bytes of each piece of the body. */
  bytes?: number
  newline?: '\r\n' | '\r'
  bom?: boolean
  /** Comments and blank lines in a stream, or what the wire has for keeping a connection awake. */
  pings?: boolean
  /** The stream ends without its last marker (`[DONE]`), where the wire has one. */
  unmarked?: boolean
  /** The last event lacks its blank line. */
  unclosed?: boolean
  gzip?: boolean
  /** The body ends before the last events: quietly, or with a broken connection. */
  cut?: 'quietly' | 'broken'
  /** Not even one event comes. */
  silent?: boolean
  /** Nothing more comes: before the headers, or in the middle. It ends when the reader leaves. */
  stall?: 'before' | 'middle'
  /** An error after status 200: `event` in the wire's own form for it, `chunk` inside of a piece that looks like any other; before anything was said, or in the middle. */
  failing?: { failing: Failing; as?: 'event' | 'chunk'; at?: 'start' | 'middle' }
  /** A line in the middle that is not of the wire. */
  garbage?: boolean
  /** Events, fields and kinds that the wire may have one day. */
  tomorrow?: boolean
  /** One JSON body though a stream was asked for. */
  whole?: boolean
}

/** One answer of a fake server. */
export interface Scenario {
  say?: readonly Saying[]
  ending?: Ending
  /** Default 7 in, 5 out; `none`: it is not told, `null`: told as null, `floats`: numbers with a fraction of zero and as a server in JavaScript may write them. */
  usage?: Tokens | 'none' | 'null' | 'floats'
  refuse?: Refusal
  fault?: Fault
}

/** The same for the eyes of a wire: nothing is left open. */
export interface Answer {
  id: string
  model: string
  say: readonly Saying[]
  ending: Ending
  /** The reader hung on to `stop`: what was said decides the vendor's word. */
  usage: Tokens | 'none' | 'null'
  fault: Fault
}

export const answerOf = ({ say = [], ending, usage = { input: 7, output: 5 }, fault = {} }: Scenario, model: string): Answer => ({
  id: 'answer-1',
  model,
  say,
  ending: ending ?? (say.some((saying) => 'calls' in saying) ? 'tools' : 'stop'),
  usage: usage === 'floats' ? { input: 7.0, output: 5.0 } : usage,
  fault,
})

/** Pieces of a text. */
export const piecesOf = (text: string | readonly string[]): readonly string[] => (typeof text === 'string' ? [text] : text)

export const wholeOf = (text: string | readonly string[]): string => (typeof text === 'string' ? text : text.join(''))

/** Arguments as the value that they are; for wires that know no other form. */
export function valueOf(args: Called['args']): unknown {
  if (typeof args !== 'string' && !Array.isArray(args)) return args
  const text = wholeOf(args as string | readonly string[])
  return text === '' ? {} : JSON.parse(text)
}

/** Arguments as text, in pieces. */
export function textsOf(args: Called['args']): readonly string[] {
  if (args === undefined || args === null) return []
  return typeof args === 'string' || Array.isArray(args) ? piecesOf(args as string | readonly string[]) : [JSON.stringify(args)]
}

/** The statuses that most vendors have for it. */
export const statuses: Readonly<Record<Failing, number>> = {
  invalid: 400,
  auth: 401,
  denied: 403,
  'unknown-model': 404,
  timeout: 408,
  conflict: 409,
  'too-large': 413,
  unprocessable: 422,
  rate: 429,
  quota: 429,
  context: 400,
  filtered: 400,
  server: 500,
  gateway: 502,
  unavailable: 503,
  overloaded: 529,
}
