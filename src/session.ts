import { report } from './abort.ts'
import type { Agent } from './agent.ts'
import { type Blobs, inlined, outlined } from './blobs.ts'
import type { Context, Principal } from './context.ts'
import { asKitError, KitError } from './errors.ts'
import { type Event, type EventBody, isDelta, type PendingAnswer, type RunRequest, type Stored } from './event.ts'
import { firstAfter, type Journal } from './journal.ts'
import { type Input, type Message, type ResultPart, textOf, toMessages } from './message.ts'
import { takeReady, withReady } from './ready.ts'
import { openCalls, stream } from './run.ts'
import { hideSecrets } from './secrets.ts'
import { digest } from './settle.ts'
import { clientTools, type Tool } from './tool.ts'
import { emptyState, fold, type SessionState, transcriptOf } from './transcript.ts'

export interface SessionOptions {
  journal: Journal
  /** Of the journal; by convention `owner/agent/session`. */
  key: string
  agent: Agent
  /** What runs get beside what the request brings. */
  context?: Context
  /** Told at create, finish, rename and rewind, never per event: for lists. */
  onChange?: (summary: SessionSummary) => void | Promise<void>
  /** Asks to be called back with `touch()` at this time (Unix ms), or no more; elsewhere the next request does it. */
  wake?: (at: number | undefined) => void | Promise<void>
  /** Ms after which somebody looks whether a run's isolate is still alive; default 30,000. */
  deadMan?: number
}

export interface SessionSummary {
  title: string
  updated: number
  running: boolean
  pending: number
}

export interface SubmitOptions {
  /** While a run is running: refuse with `session/busy` (default), wait for its end, or add to it. */
  mode?: 'reject' | 'queue' | 'steer'
  /** The same key with the same body is accepted once; with another body it is `idempotency/mismatch`. */
  operation?: { key: string; hash: string }
  principal?: Principal
  settings?: RunRequest['settings']
  tools?: RunRequest['tools']
  metadata?: RunRequest['metadata']
}

export interface ReadOptions {
  /** The cursor: the seq that the reader has; default 0. */
  after?: number
  /** `false` ends at the head. */
  live?: boolean
  /** Ms to stay when nothing runs and nothing waits; default 30,000. */
  linger?: number
  /** Ends the reading at once. */
  signal?: AbortSignal
}

/** Where a run begins in the journal. */
export interface Submitted {
  run: string
  /** The events of the run come after this seq. */
  after: number
  /** It was accepted before, under the same key. */
  replayed?: boolean
}

const flushEvents = 16
const flushMs = 500
const flushBytes = 512 * 1024
/** Seqs that are promised ahead: more than one flush can show. */
const reserve = 64
/** Events that late readers find in memory; behind that they read the journal. */
const tailLength = 2000
const maxRecoveries = 5
/** Inputs that may wait in one session. */
const most = 32
/** Ms for which an operation's key stands for its run. */
const operationTtl = 24 * 3_600_000
/** Events that a reader takes from the journal or the tail at once, and deltas of them that travel together. */
const page = 500
const together = 64

/** Opens a session: reads its journal and takes over as its one writer. Nothing is written before the first run. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { journal, key } = options
  const state = emptyState()
  const head = await journal.head(key)
  for (let after = 0; head;) {
    const page = await journal.read(key, { after })
    for (const event of page) fold(state, event)
    if (page.length < 1000) break
    after = page.at(-1)!.seq
  }
  return new Session(options, state, head?.seq ?? 0, head?.reserved ?? 0)
}

/**
 * A conversation on a journal: one writer, a queue of one, any number of readers. A run belongs to its session, not to
 * the request that began it. Errors: `session/busy`, `session/erased`, `pending/unknown`, `pending/stale`,
 * `idempotency/mismatch`, `journal/conflict`.
 */
export class Session {
  readonly state: SessionState
  readonly #options: SessionOptions
  readonly #writer = crypto.randomUUID()
  /** The last stored seq, and the last one given out. */
  #stored: number
  #seq: number
  /** No seq above this one may be shown without being stored. */
  #promised: number
  #tail: Stored[] = []
  /** Events after this seq are all in the tail. */
  #tailFrom: number
  #unstored: Stored[] = []
  #unstoredBytes = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #writing: Promise<void> = Promise.resolve()
  #lock: Promise<unknown> = Promise.resolve()
  #broken: KitError | undefined
  #running: { abort: AbortController; ended: Promise<void>; id: string } | undefined
  #steering: { message: Message; taken: () => void }[] = []
  #waiting = new Set<(changed: boolean) => void>()
  #readers = 0
  /** Inputs that wait their turn or to be taken by the running one. */
  #queued = 0

  constructor(options: SessionOptions, state: SessionState, stored: number, reserved: number) {
    this.#options = options
    this.state = state
    this.#stored = stored
    this.#seq = Math.max(stored, reserved)
    this.#tailFrom = this.#promised = this.#seq
  }

  get running(): boolean {
    return this.#running !== undefined
  }

  /** Seq of the last event given out. */
  get seq(): number {
    return this.#seq
  }

  get readers(): number {
    return this.#readers
  }

  /** A run that neither finished nor waits for an answer, and that nobody runs: its isolate died. */
  get interrupted(): boolean {
    return !this.#running && this.state.run !== undefined && (this.state.run.finish === undefined || this.#answered)
  }

  get summary(): SessionSummary {
    return { title: this.state.title, updated: this.state.updated, running: this.running, pending: this.state.pending.size }
  }

  get messages(): Message[] {
    return transcriptOf(this.state)
  }

  /** Media that the journal refers to; of another session's there is nothing here. */
  async blob(hash: string): ReturnType<Blobs['get']> {
    return this.state.refs.has(hash) ? this.#options.context?.blobs?.get(hash) : undefined
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running.ended
  }

  /** Begins a run; resolves once its start and input are stored, before the model is called. */
  async submit(input: Input, options: SubmitOptions = {}): Promise<Submitted> {
    const { mode = 'reject' } = options
    const before = this.#replay(options)
    if (before) return before
    const messages = toMessages(input).map((message) => ({ ...message, id: message.id ?? crypto.randomUUID() }))
    if (this.#running && (mode === 'reject' || this.#queued >= most)) throw busy()
    this.#queued++
    try {
      return await this.#submit(messages, mode, options)
    } finally {
      this.#queued--
    }
  }

  async #submit(messages: readonly Message[], mode: SubmitOptions['mode'], options: SubmitOptions): Promise<Submitted> {
    if (this.#running && mode === 'steer') {
      const { id } = this.#running
      const after = this.#seq
      const taken = await this.#steer(messages)
      if (taken) return { run: id, after }
    }
    return this.#exclusive(async () => {
      if (this.#running && mode === 'reject') throw busy()
      await this.idle()
      // the same operation may have waited in the queue beside this one
      const before = this.#replay(options)
      if (before) return before
      if (this.interrupted) {
        await this.#recover()
        await this.idle()
      }
      await this.#closeOpenCalls('superseded by new input')
      if (this.#stored) await this.#options.journal.fold(this.#options.key, this.#stored)
      const { mode: _, ...request } = options
      return this.#begin(crypto.randomUUID(), request, 'first', messages)
    })
  }

  /** The run that the operation has begun before. Asked again under the lock: until then the session may have become somebody else's. */
  #replay({ operation, principal }: SubmitOptions): Submitted | undefined {
    const { owner } = this.state
    if (principal && owner !== undefined && owner !== principal.id) throw new KitError('session/unknown', 'there is no such session')
    const known = operation && this.state.operations.get(operation.key)
    if (!known || known.at <= Date.now() - operationTtl) return undefined
    if (known.hash !== operation.hash) throw new KitError('idempotency/mismatch', 'this idempotency key was used with another body')
    return { run: known.run, after: known.seq - 1, replayed: true }
  }

  /** Stops the running turn, or declines what a parked one waits for. Gives whether there was anything to stop. */
  async cancel(): Promise<boolean> {
    const stop = async (): Promise<boolean> => {
      const running = this.#running
      running?.abort.abort(new DOMException('cancelled', 'AbortError'))
      await running?.ended
      return !!running
    }
    if (await stop()) return true
    return this.#exclusive(async () => {
      // a run that was being written down has begun by now
      if (await stop()) return true
      if (this.state.run?.finish !== 'pending') return false
      await this.#closeOpenCalls('cancelled')
      await this.#store([{ type: 'finish', reason: 'cancelled', usage: this.state.run.usage }])
      await this.#tell()
      return true
    })
  }

  /** Answers what the run waits for and lets it go on. One answer wins; a later one is `pending/stale`. */
  async answer(answer: PendingAnswer): Promise<Submitted> {
    return this.#exclusive(async () => {
      const open = this.state.pending.get(answer.id)
      if (!open) {
        if (this.state.answered.has(answer.id)) throw new KitError('pending/stale', 'this was answered before')
        throw new KitError('pending/unknown', 'nothing waits for this')
      }
      const after = this.#seq
      const { run } = this.state
      if (open.expires <= Date.now()) {
        await this.#expire()
        throw new KitError('pending/stale', 'this has expired')
      }
      const tool = open.call && this.#tools().find(({ name }) => name === open.call!.name)
      if (!tool || (await digest(this.#options.agent.name, tool, open.call!.input)) !== open.digest) {
        throw new KitError('pending/stale', 'the tool has changed since this was asked')
      }
      if (open.kind === 'approval' ? answer.approve === undefined : answer.approve !== false && !('output' in answer)) {
        throw new KitError('request/invalid', open.kind === 'approval' ? 'approve: true or false is needed' : 'output is needed')
      }
      await this.#store([{ type: 'answer', ...(await hideSecrets(answer, open, this.#options.context?.store)) }])
      if (!this.#running) await this.#resume()
      return { run: run!.id, after }
    })
  }

  /** Cuts the transcript after seq `to`, which may be 0. */
  async rewind(to: number): Promise<void> {
    await this.#exclusive(async () => {
      if (this.#running) throw busy()
      if (!Number.isSafeInteger(to) || to < 0 || to > this.#seq)
        throw new KitError('request/invalid', 'to: a seq of this session is needed')
      if (this.state.run?.finish === 'pending') {
        await this.#closeOpenCalls('rewound')
        await this.#store([{ type: 'finish', reason: 'cancelled', usage: this.state.run.usage }])
      }
      await this.#store([{ type: 'rewind', to }])
      await this.#tell()
    })
  }

  async rename(title: string): Promise<void> {
    // not under the lock, which input that waits its turn holds until the run has ended
    await this.#store([{ type: 'title', title: title.slice(0, 200) }])
    await this.#tell()
  }

  /** Fills a new, empty session with the transcript of `source` up to seq `at`. */
  async forkFrom(
    source: { session: string; messages: readonly { seq: number; message: Message }[]; title: string; principal?: Principal },
    at: number,
  ): Promise<void> {
    await this.#exclusive(async () => {
      if (this.state.begun) throw new KitError('session/busy', 'a fork needs a new session')
      const messages = source.messages.filter(({ seq }) => seq <= at).map(({ message }) => message)
      const run = crypto.randomUUID()
      await this.#store(
        [
          {
            type: 'start',
            attempt: 'first',
            title: source.title,
            forked: { from: source.session, seq: at },
            ...(source.principal && { request: { principal: source.principal } }),
          },
          ...messages.map((message): EventBody => ({ type: 'message', message })),
          { type: 'finish', reason: 'stop', usage: { input: 0, output: 0 } },
        ],
        run,
      )
      await this.#closeOpenCalls('forked')
      await this.#tell()
    })
  }

  /** Cancels, forgets everything, and refuses late writes. */
  async erase(): Promise<void> {
    const ended = this.#running?.ended
    this.#running?.abort.abort(new DOMException('erased', 'AbortError'))
    this.#broken ??= new KitError('session/erased', 'this session was erased')
    if (this.#timer) clearTimeout(this.#timer)
    for (const hash of this.state.refs) await this.#options.context?.blobs?.delete(hash)
    await this.#options.journal.erase(this.#options.key)
    await ended
    await this.#options.wake?.(undefined)
    this.#notify()
  }

  /** Does what time asks for: goes on with an interrupted run, declines what has expired. Call it after opening and when woken. */
  async touch(): Promise<void> {
    await this.#exclusive(async () => {
      if (this.interrupted) await this.#recover()
      else if (!this.#running) await this.#expire()
    })
  }

  /**
   * The events after seq `after`, then live ones while a run is running or parked, and `linger` ms (default 30,000) after.
   * A slow reader holds its cursor and at most 500 events.
   */
  events(options: ReadOptions = {}): AsyncGenerator<Stored, void, void> {
    return withReady((queue) => this.#read(queue, options))
  }

  async *#read(queue: Stored[], { after = 0, live = true, linger = 30_000, signal }: ReadOptions): AsyncGenerator<Stored, void, void> {
    if (!Number.isSafeInteger(after) || after < 0 || after > this.#seq)
      throw new KitError('request/invalid', 'after: the cursor is beyond the head')
    let wake = (_changed: boolean): void => {}
    const gone = (): void => wake(false)
    signal?.addEventListener('abort', gone)
    this.#readers++
    try {
      for (let cursor = after; ;) {
        if (signal?.aborted) return
        const from = this.#tailFrom
        const old = cursor < from
        const at = firstAfter(this.#tail, cursor)
        const some = old
          ? await this.#options.journal.read(this.#options.key, { after: cursor, limit: page })
          : this.#tail.slice(at, at + page)
        for (const event of some) {
          cursor = event.seq
          queue.push(event)
          if (!isDelta(event) || queue.length >= together) while (queue.length) yield queue.shift()!
        }
        while (queue.length) yield queue.shift()!
        if (old && some.length < page) cursor = Math.max(cursor, from)
        if (cursor < this.#tailFrom || (this.#tail.at(-1)?.seq ?? 0) > cursor) continue
        if (!live || this.#broken) return
        let timer: ReturnType<typeof setTimeout> | undefined
        const changed = await new Promise<boolean>((resolve) => {
          this.#waiting.add((wake = resolve))
          if (linger !== Infinity && !this.#awake) timer = setTimeout(resolve, linger, false)
        })
        if (timer) clearTimeout(timer)
        if (!changed && !this.#awake) return
      }
    } finally {
      this.#waiting.delete(wake)
      signal?.removeEventListener('abort', gone)
      this.#readers--
    }
  }

  /** Whether the run is parked and yet has an answer that it has not seen. */
  get #answered(): boolean {
    const { run, calls } = this.state
    return (
      run?.finish === 'pending' && [...calls.values()].some(({ answer, pending, result }) => answer && !result && answer.id === pending?.id)
    )
  }

  /** Whether more will come by itself. */
  get #awake(): boolean {
    return this.#running !== undefined || this.state.pending.size > 0
  }

  /** Adds to the running turn; gives whether the run took it before it ended. */
  async #steer(messages: readonly Message[]): Promise<boolean> {
    const { ended } = this.#running!
    const taken = Promise.all(messages.map((message) => new Promise<void>((taken) => this.#steering.push({ message, taken }))))
    const won = await Promise.race([taken.then(() => true), ended.then(() => false)])
    if (!won) this.#steering = this.#steering.filter(({ message }) => !messages.includes(message))
    return won
  }

  /** Tools of the agent and those that the client of the present run brought. */
  #tools(): readonly Tool[] {
    return [...(this.#options.agent.tools ?? []), ...clientTools(this.state.run?.request.tools)]
  }

  async #begin(
    id: string,
    request: RunRequest,
    attempt: 'first' | 'resumed' | 'recovered',
    messages: readonly Message[],
  ): Promise<Submitted> {
    const { agent, context = {} } = this.#options
    const after = this.#seq
    const abort = new AbortController()
    const before = attempt === 'first' ? undefined : this.state.run
    const { operation: _, tools, settings, principal, metadata } = request
    const history = await inlined([...this.state.messages.map(({ message }) => message), ...messages], context.blobs)
    const events = stream(agent, history, {
      ...context,
      id,
      attempt,
      signal: abort.signal,
      calls: attempt === 'first' ? new Map() : new Map(this.state.calls),
      steps: before?.steps ?? 0,
      steered: () => this.#takeSteering(),
      principal,
      settings,
      metadata,
      tools: clientTools(tools),
    })
    const first = await events.next()
    const start = { ...first.value, ...(attempt === 'first' && { request }) } as Event
    if (attempt === 'first' && !this.state.title) Object.assign(start, { title: titleOf(messages) })
    try {
      // a dead-man's switch: if this isolate dies, something must come back for the run
      await this.#options.wake?.(Date.now() + (this.#options.deadMan ?? 30_000))
      await this.#store([start, ...messages.map((message): EventBody => ({ type: 'message', message }))], id)
    } catch (error) {
      await events.return()
      throw error
    }
    const ended = this.#pump(events, abort)
    this.#running = { abort, ended, id }
    context.waitUntil?.(ended)
    await this.#tell()
    return { run: id, after }
  }

  #takeSteering(): Message[] {
    const taken = this.#steering.splice(0)
    for (const { taken: tell } of taken) tell()
    return taken.map(({ message }) => message)
  }

  /** Pulls the run: each event is stored (or, a delta, noted) before the run goes on. Never throws. */
  async #pump(events: AsyncGenerator<Event, void, void>, abort: AbortController): Promise<void> {
    const { context = {} } = this.#options
    // the caller sets #running first
    await Promise.resolve()
    try {
      for await (const event of events) {
        if (isDelta(event)) await this.#show([event, ...takeReady(events)])
        else await this.#store([event])
        if (this.#broken) throw this.#broken
      }
    } catch (error) {
      abort.abort(asKitError(error))
      if (this.#broken?.code !== 'session/erased') report(context, error, { at: 'session' })
    }
    const me = this.#running
    try {
      if (!this.#broken && this.#answered) {
        // it stays the running one until the next one is: what comes in between must find the session busy
        await this.#resume()
        if (abort.signal.aborted) this.#running?.abort.abort(abort.signal.reason)
      } else {
        this.#running = undefined
        if (!this.#broken) {
          await this.#wakeForPending()
          await this.#tell()
        }
      }
    } catch (error) {
      report(context, error, { at: 'session' })
    }
    if (this.#running === me) this.#running = undefined
    this.#notify()
  }

  async #resume(): Promise<void> {
    const { run } = this.state
    if (run) await this.#begin(run.id, run.request, 'resumed', [])
  }

  /** Goes on with a run whose isolate died: readers first drop what was shown but not stored. */
  async #recover(): Promise<void> {
    const { run, partial } = this.state
    if (!run) return
    await this.#store([{ type: 'restart', reason: 'interrupted', from: partial?.from ?? this.#stored + 1 }], run.id)
    if (run.recovered >= maxRecoveries) {
      await this.#store([
        { type: 'error', code: 'run/interrupted', message: 'the run was interrupted too often', retryable: false },
        { type: 'finish', reason: 'interrupted', usage: run.usage },
      ])
      return this.#tell()
    }
    await this.#begin(run.id, run.request, 'recovered', [])
  }

  /** Declines what nobody answered in time. */
  async #expire(): Promise<void> {
    const now = Date.now()
    const expired = [...this.state.pending.values()].filter(({ expires }) => expires <= now)
    if (!expired.length) return this.#wakeForPending()
    await this.#store(expired.map(({ id }): EventBody => ({ type: 'answer', id, by: 'kit', approve: false, reason: 'expired' })))
    // a run that still runs goes on by itself when it parks
    if (!this.#running) await this.#resume()
  }

  async #wakeForPending(): Promise<void> {
    const times = [...this.state.pending.values()].map(({ expires }) => expires)
    await this.#options.wake?.(times.length ? Math.min(...times) : undefined)
  }

  /** Gives every call that no tool message answers a result, so that the transcript can be sent to a model again. */
  async #closeOpenCalls(reason: string): Promise<void> {
    const calls = openCalls(this.state.messages.map(({ message }) => message))
    if (!calls.length) return
    const bodies: EventBody[] = [...this.state.pending.keys()].map((id) => ({ type: 'answer', id, by: 'kit', approve: false, reason }))
    const parts = calls.map(({ id, name }): ResultPart => {
      const state = this.state.calls.get(id)
      if (state?.result) return state.result
      const code = state?.starts ? 'tool/interrupted' : 'tool/declined'
      return { type: 'result', id, name, error: { code, message: reason } }
    })
    for (const { id, name, error } of parts) if (!this.state.calls.get(id)?.result) bodies.push({ type: 'tool-result', id, name, error })
    bodies.push({ type: 'message', message: { id: crypto.randomUUID(), role: 'tool', parts } })
    await this.#store(bodies)
  }

  /** Deltas: readers see them now, the journal at the next flush. */
  #show(deltas: readonly Event[]): Promise<void> | undefined {
    // a seq that was shown without having been promised could be given out again after a crash
    if (this.#seq + deltas.length > this.#promised) return this.#showLater(deltas)
    const stored = deltas.map((event) => this.#number(event))
    for (const event of stored) {
      this.#unstored.push(event)
      this.#unstoredBytes += 'delta' in event ? event.delta.length : 0
    }
    this.#publish(stored)
    if (this.#unstored.length >= flushEvents || this.#unstoredBytes >= flushBytes) void this.#flush([])
    else this.#timer ??= setTimeout(() => void this.#flush([]), flushMs)
    return undefined
  }

  /** A journal that is slower than the model holds the model back. */
  async #showLater(deltas: readonly Event[]): Promise<void> {
    for (let at = 0; at < deltas.length && !this.#broken; at += flushEvents) {
      await this.#flush([])
      await this.#show(deltas.slice(at, at + flushEvents))
    }
  }

  /** Anything else: stored first, with the deltas before it, then shown. */
  async #store(given: readonly (Event | EventBody)[], run = this.state.run?.id ?? ''): Promise<void> {
    if (this.#broken) throw this.#broken
    const { blobs } = this.#options.context ?? {}
    const bodies = blobs ? await outlined(given, blobs) : given
    const base = { at: Date.now(), run, agent: this.#options.agent.name }
    const events = bodies.map((body) => this.#complete(this.#number({ ...base, ...body } as Event)))
    await this.#flush(events)
    if (this.#broken) throw this.#broken
    this.#publish(events)
  }

  #complete(event: Stored): Stored {
    const from = this.state.partial?.from
    if (event.type === 'message' && from !== undefined && event.message.id === this.state.partial?.id) return { ...event, replaces: from }
    if (event.type === 'restart' && event.from === 0) return { ...event, from: from ?? event.seq }
    return event
  }

  #number(event: Event): Stored {
    event.seq = ++this.#seq
    return event as Stored
  }

  #flush(events: readonly Stored[]): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = [...this.#unstored, ...events]
    this.#unstored = []
    this.#unstoredBytes = 0
    const reach = batch.at(-1)?.type === 'finish' ? 0 : this.#seq + reserve
    this.#writing = this.#writing.then(async () => {
      if (this.#broken || !batch.length) return
      try {
        await this.#options.journal.append(this.#options.key, batch, { expect: this.#stored, writer: this.#writer, reserve: reach })
        this.#stored = batch.at(-1)!.seq
        this.#promised = Math.max(reach, this.#stored)
      } catch (error) {
        this.#broken = asKitError(error)
        this.#running?.abort.abort(this.#broken)
        this.#notify()
      }
    })
    return this.#writing
  }

  #publish(events: readonly Stored[]): void {
    for (const event of events) {
      fold(this.state, event)
      this.#tail.push(event)
    }
    if (this.#tail.length >= tailLength * 2) {
      const cut = this.#tail.length - tailLength
      this.#tailFrom = this.#tail[cut - 1]!.seq
      this.#tail = this.#tail.slice(cut)
    }
    this.#notify()
  }

  /** Wakes the readers that wait. */
  #notify(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake(true)
  }

  /** Whether this session can be used no more and must be opened anew: another writer took over, or it was erased. */
  get broken(): KitError | undefined {
    return this.#broken
  }

  /** Never throws: a list that cannot be written must not stop a run that has begun. */
  async #tell(): Promise<void> {
    const { onChange, context = {} } = this.#options
    try {
      await onChange?.(this.summary)
    } catch (error) {
      report(context, error, { at: 'session' })
    }
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#lock.then(() => {
      if (this.#broken) throw this.#broken
      return work()
    })
    this.#lock = mine.catch(() => {})
    return mine
  }
}

const busy = (): KitError => new KitError('session/busy', 'a run is running in this session', { retryable: true })

function titleOf(messages: readonly Message[]): string {
  const text = messages.map(textOf).join(' ').replace(/\s+/g, ' ').trim()
  return text.length > 60 ? `${text.slice(0, 59)}…` : text || 'New session'
}
