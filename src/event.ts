import type { KitErrorCode } from './errors.ts'
import type { CallPart, Message, Part, ResultPart, Usage } from './message.ts'
import type { Principal } from './context.ts'
import type { ModelSettings, Source } from './model.ts'
import type { JsonSchema } from './schema.ts'

export type FinishReason = 'stop' | 'length' | 'tool-limit' | 'budget' | 'refusal' | 'cancelled' | 'interrupted' | 'error' | 'pending'

/** How a run came to be running: for the first time, after an answer to what it waited for, or after its isolate died. */
export type Attempt = 'first' | 'resumed' | 'recovered'

/** What a parked run waits for. */
export interface Pending {
  id: string
  kind: 'approval' | 'client' | 'form'
  call?: CallPart
  /** JSON Schema of the output that answers it. */
  schema?: JsonSchema
  /** Hash of agent, tool version, name and canonical input: what was shown is what will run. */
  digest: string
  /** Unix ms; unanswered then, it counts as declined. */
  expires: number
}

/** The answer to a `Pending`: a yes or no, or an output. */
export interface PendingAnswer {
  id: string
  /** Who answered: a principal's id, or `kit` where the kit declined it (expiry, new input). */
  by: string
  approve?: boolean
  reason?: string
  output?: unknown
}

/** What of the request that began a run must outlive it. */
export interface RunRequest {
  principal?: Principal
  /** Accepted once: the same key with another hash is refused. */
  operation?: { key: string; hash: string }
  settings?: ModelSettings
  /** Tools that the client answers. */
  tools?: readonly { name: string; description?: string; input?: JsonSchema }[]
  metadata?: Readonly<Record<string, unknown>>
}

/** What each event says. */
export type EventBody =
  | {
      type: 'start'
      attempt: Attempt
      title?: string
      /** The session that this one was forked from, and where. */
      forked?: { from: string; seq: number }
      /** Never shown to a reader: what the run needs when another isolate goes on with it. */
      request?: RunRequest
    }
  /** Opens a model call; the deltas that follow belong to the message named. */
  | { type: 'step'; n: number; model: string; message: string }
  | { type: 'text'; delta: string }
  | { type: 'reasoning'; delta: string }
  | { type: 'tool-input'; id: string; name?: string; delta: string }
  | { type: 'tool-call'; id: string; name: string; input: unknown; by: 'client' | 'provider' | 'kit' }
  | { type: 'tool-start'; id: string; attempt: number }
  | { type: 'tool-progress'; id: string; data: unknown }
  | {
      type: 'tool-result'
      id: string
      name: string
      output?: unknown
      parts?: ResultPart['parts']
      error?: { code: string; message: string }
    }
  | { type: 'part'; part: Part }
  | { type: 'source'; source: Source }
  | ({ type: 'pending' } & Pending)
  | ({ type: 'answer' } & PendingAnswer)
  /** What enters the transcript; `replaces` is the seq of the first delta that it makes whole. */
  | { type: 'message'; message: Message; replaces?: number }
  | { type: 'usage'; model: string; usage: Usage; usd?: number }
  | { type: 'route'; from?: string; to: string; why: string }
  | { type: 'handoff'; to: string }
  | { type: 'notice'; code: string; message: string; data?: unknown }
  | { type: 'data'; name: string; data: unknown }
  | { type: 'state'; patch: unknown }
  | { type: 'title'; title: string }
  | { type: 'compact'; upto: number; message: Message }
  | { type: 'rewind'; to: number }
  /** What was shown from seq `from` on, up to here, did not last: a reader drops it. */
  | { type: 'restart'; reason: string; from: number }
  | { type: 'error'; code: KitErrorCode; message: string; retryable: boolean; retryAfter?: number }
  | { type: 'finish'; reason: FinishReason; usage: Usage; output?: unknown }

export interface EventBase {
  /** Its place in the session's journal; an event without one is transient and never stored. */
  seq?: number
  /** Unix ms. */
  at: number
  run: string
  agent: string
  /** The run that started this one. */
  parent?: string
}

/** What a run tells the world, in order. Plain JSON; the same objects go over SSE, WebSocket, and into the journal. */
export type Event = EventBase & EventBody

/** An event that has its place in a journal. */
export type Stored = Event & { seq: number }

export type EventOf<T extends EventBody['type']> = EventBase & Extract<EventBody, { type: T }>

/** Only these may be shown before they are stored. */
export const isDelta = (event: Pick<Event, 'type'>): boolean =>
  event.type === 'text' || event.type === 'reasoning' || event.type === 'tool-input'
