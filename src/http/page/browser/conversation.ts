import type { Event, FinishReason, Stored } from '../../../event.ts'
import type { MediaPart, Message, Usage } from '../../../message.ts'
import type { Source } from '../../../model.ts'
import { emptyState, fold, type SessionState, transcriptOf } from '../../../transcript.ts'

/** What a reader is shown beside a message: the kit's fold keeps what a model needs, this what people want to know. Never changed, only replaced. */
export interface Beside {
  /** Seq of the first event that said something of it. */
  from: number
  /** Unix ms. */
  at?: number
  usage?: { model: string; usage: Usage; usd?: number }
  /** Ms that it thought before it spoke; only known to who watched. */
  thought?: { from: number; to: number }
  notes: readonly string[]
  sources: readonly Source[]
}

export interface Failure {
  code: string
  message: string
}

/** A message on its way: shown until its event comes. */
export interface Outgoing {
  text: string
  media: readonly MediaPart[]
}

const ends: Partial<Record<FinishReason, string>> = {
  cancelled: 'Stopped.',
  length: 'The answer was cut off at its length limit.',
  'tool-limit': 'Stopped: the limit of steps was reached.',
  budget: 'Stopped: the budget is spent.',
  refusal: 'The model declined to answer.',
  interrupted: 'The run was interrupted.',
}

/** One session as a reader sees it: the fold of its events, and what is worth showing beside it. */
export class Conversation {
  state: SessionState = emptyState()
  failure: Failure | undefined
  /** Newest progress of each tool call. */
  readonly progress = new Map<string, unknown>()
  /** Arguments of calls that the model is still writing. */
  readonly writing = new Map<string, { name: string; text: string }>()
  readonly outgoing: Outgoing[] = []
  readonly #beside = new Map<string, Beside>()
  /** The message that the present step gives. */
  #step: string | undefined

  get running(): boolean {
    return this.state.run !== undefined && this.state.run.finish === undefined
  }

  /** Whether events are still to come. */
  get active(): boolean {
    return this.running || this.state.pending.size > 0
  }

  get messages(): Message[] {
    return transcriptOf(this.state)
  }

  /** Why the last run ended, where that is worth a word. */
  get ended(): string | undefined {
    const { finish } = this.state.run ?? {}
    return finish && ends[finish]
  }

  beside(message: string): Beside | undefined {
    return this.#beside.get(message)
  }

  /** Takes an event; one that came before changes nothing, and gives `false`. */
  take(event: Stored): boolean {
    if (event.seq <= this.state.seq) return false
    fold(this.state, event)
    this.#note(event)
    return true
  }

  /** Begins again from nothing: what was held is not (any more) what the session says. */
  forget(): void {
    this.state = emptyState()
    this.failure = undefined
    for (const held of [this.progress, this.writing, this.#beside]) held.clear()
  }

  #note(event: Stored): void {
    switch (event.type) {
      case 'start':
      case 'rewind':
        this.failure = undefined
        this.writing.clear()
        this.progress.clear()
        break
      case 'step':
        this.#step = event.message
        break
      case 'reasoning': {
        const thought = this.#of(event).thought
        this.#add(event, { thought: { from: thought?.from ?? event.at, to: event.at } })
        break
      }
      case 'tool-input': {
        const { name = '', text = '' } = this.writing.get(event.id) ?? {}
        this.writing.set(event.id, { name: event.name ?? name, text: (text + event.delta).slice(0, 100_000) })
        break
      }
      case 'tool-progress':
        this.progress.set(event.id, event.data)
        break
      case 'tool-result':
        this.progress.delete(event.id)
        break
      case 'usage':
        this.#add(event, { usage: { model: event.model, usage: event.usage, ...(event.usd !== undefined && { usd: event.usd }) } })
        break
      case 'source':
        this.#add(event, { sources: [...this.#of(event).sources, event.source].slice(0, 100) })
        break
      case 'notice':
        this.#add(event, { notes: [...this.#of(event).notes, event.message].slice(0, 20) })
        break
      case 'route':
        this.#add(event, { notes: [...this.#of(event).notes, `Answered by ${event.to}: ${event.why}`].slice(0, 20) })
        break
      case 'handoff':
        this.#add(event, { notes: [...this.#of(event).notes, `Handed over to ${event.to}`].slice(0, 20) })
        break
      case 'message': {
        const { id, role, parts } = event.message
        if (id) this.#beside.set(id, { ...(this.#beside.get(id) ?? blank(event.seq)), at: event.at })
        if (role === 'user') this.sent(parts.map((part) => (part.type === 'text' ? part.text : '')).join(''))
        this.writing.clear()
        break
      }
      case 'restart':
        for (const [id, { from }] of this.#beside) if (from >= event.from) this.#beside.delete(id)
        this.writing.clear()
        this.progress.clear()
        break
      case 'error':
        this.failure = { code: event.code, message: event.message }
        break
    }
  }

  /** A message has arrived, or never will: it is shown no more as on its way. */
  sent(text: string): void {
    const at = this.outgoing.findIndex((message) => message.text === text)
    if (at >= 0) this.outgoing.splice(at, 1)
  }

  #of({ seq = 0 }: Event): Beside {
    return this.#beside.get(this.#step ?? '') ?? blank(seq)
  }

  #add(event: Stored, what: Partial<Beside>): void {
    if (this.#step) this.#beside.set(this.#step, { ...this.#of(event), ...what })
  }
}

const blank = (from: number): Beside => ({ from, notes: [], sources: [] })
