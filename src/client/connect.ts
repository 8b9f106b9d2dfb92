import { follow } from '../abort.ts'
import { EventReader, type SseEvent } from '../event-reader.ts'
import { KitError, type KitErrorCode } from '../errors.ts'
import type { Pending, RunRequest, Stored } from '../event.ts'
import type { Message, Part } from '../message.ts'
import type { ModelSettings } from '../model.ts'
import { emptyState, fold, transcriptOf } from '../transcript.ts'
import { outbox, type Outgoing, type Storage } from './outbox.ts'

export interface ConnectOptions {
  /** The session's id: 1 to 128 letters, digits, `_` or `-`. It is made by the first message. */
  session: string
  /** Sent as bearer; a function is asked anew when a login has expired. Without one, cookies or open mode must do. */
  token?: string | (() => string | Promise<string>)
  /** `sse` never tries a WebSocket; default both. */
  carrier?: 'auto' | 'sse'
  /** Holds what was sent and not accepted yet; default the page's `localStorage`, `null` for memory only. */
  storage?: Storage | null
  fetch?: typeof fetch
  WebSocket?: typeof WebSocket
}

/**
 * `new`: nothing was said yet; `connecting`; `live`: events come as they happen; `waiting`: the connection broke and is tried
 * again; `refused`: the login does not count; `gone`: the session was erased; `closed`: by `close()`.
 */
export type Status = 'new' | 'connecting' | 'live' | 'waiting' | 'refused' | 'gone' | 'closed'

export interface SendOptions {
  /** While an answer is given: refuse (default), wait for its end, or add to it. */
  mode?: 'reject' | 'queue' | 'steer'
  options?: ModelSettings
  tools?: RunRequest['tools']
  metadata?: RunRequest['metadata']
}

/** What is to be shown; a new object after each change, the same one in between. */
export interface View {
  status: Status
  title: string
  /** The unfinished answer last. */
  messages: readonly Message[]
  running: boolean
  pending: readonly Pending[]
  /** Sent, and not accepted yet. */
  outbox: readonly Outgoing[]
}

/** One page's connection to one session. */
export interface Connection extends AsyncIterable<Stored> {
  readonly view: View
  /**
   * Sends text or parts. Resolves when the session has it; until then it waits in the outbox, which a reload survives, and
   * arrives once. Rejects with the `KitError` of a refusal (`session/busy`, `request/invalid`, `auth/*` …).
   */
  send(input: string | readonly Part[], options?: SendOptions): Promise<{ run: string }>
  cancel(): Promise<void>
  /** Answers what waits for an output (a form, a tool of this client). */
  answer(pending: string, output: unknown): Promise<void>
  /** Allows or declines what waits for an approval. */
  approve(pending: string, yes?: boolean, reason?: string): Promise<void>
  /** Calls back after each change; returns the way to stop it. */
  subscribe(changed: () => void): () => void
  close(): void
}

/** Ms without a byte after which a connection counts as dead: servers say something every 15 s, and answer a ping. */
const silence = 45_000
const heartbeat = 20_000
/** Ms in which a ping must be answered when a page comes back to the front. */
const promptly = 5000
/** Characters read between two acknowledgements. */
const ackEvery = 1_000_000
/** Events that wait for one reader of the iterator. */
const most = 10_000
/** Ms for which a connection must have held to count as a good one. */
const steady = 5000

/**
 * Connects a page to a session, and keeps it connected: by WebSocket, or by SSE where there is none; from the cursor after
 * every break, at once when the network or the page comes back. Events come as the journal has them, each once, in order; an
 * iterator whose reader is too slow (`run/too-large`), or whose events the journal has no more (`journal/conflict`), throws.
 * Throws a `TypeError` for a session's id that is none.
 * @example
 * const chat = connect('/agents/support', { session: 's1' })
 * chat.subscribe(() => render(chat.view))
 * await chat.send('Hi')
 */
export function connect(agent: string, options: ConnectOptions): Connection {
  const { session, token, carrier = 'auto', fetch: request = fetch } = options
  const page = globalThis as unknown as Page
  const Socket = options.WebSocket ?? page.WebSocket
  if (!/^[\w-]{1,128}$/.test(session)) throw new TypeError('session: 1 to 128 letters, digits, _ or -')
  const base = new URL(`${agent.replace(/\/+$/, '')}/sessions/${session}`, page.location?.href).href
  const stored = outbox(base, options.storage === undefined ? storageOf(page) : options.storage)
  const waiting = new Map<string, { resolve: (taken: { run: string }) => void; reject: (error: unknown) => void }>()
  const listeners = new Set<() => void>()
  const readers = new Set<Reader>()

  let state = emptyState()
  let status: Status = 'connecting'
  let view: View | undefined
  let socket: WebSocket | undefined
  /** Outgoing ids that this socket has carried. */
  let carried = new Set<string>()
  let abort = new AbortController()
  let wake = (): void => {}
  /** Looks whether the connection is still there; it is told when the network has become another. */
  let check = (_isOther: boolean): void => {}
  let away = false
  /** Since a byte came, or the connection was begun. */
  let heard = stopwatch()
  /** Since it is live. */
  let lived = (): number => 0

  const changed = (): void => {
    view = undefined
    for (const tell of listeners) {
      try {
        tell()
      } catch (error) {
        // a page that cannot be drawn must not end its connection
        page.reportError?.(error)
      }
    }
  }
  const become = (next: Status): void => {
    if (status === next || status === 'closed') return
    status = next
    changed()
  }
  const take = (event: Stored): void => {
    if (event.seq <= state.seq) return
    fold(state, event)
    for (const reader of readers) reader.read(event)
    changed()
  }

  /** The journal is not what the cursor says: from the start. */
  const reset = (): void => {
    state = emptyState()
    for (const reader of readers) reader.end(new KitError('journal/conflict', 'the session is not what was read of it'))
    changed()
  }

  const bearer = async (): Promise<Record<string, string>> => {
    const secret = typeof token === 'function' ? await token() : token
    return secret ? { authorization: `Bearer ${secret}` } : {}
  }
  /** Throws a `KitError` for a refusal, and what `fetch` throws where there is no answer. */
  const ask = async (path: string, body?: unknown, headers?: Record<string, string>, signal?: AbortSignal): Promise<Response> => {
    const once = async (): Promise<Response> =>
      request(base + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...(await bearer()), ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      })
    let response = await once()
    if (response.status === 401 && typeof token === 'function') {
      response.body?.cancel().catch(() => {})
      response = await once()
    }
    if (response.ok) return response
    const { code, detail } = (await response.json().catch(() => ({}))) as { code?: KitErrorCode; detail?: string }
    const { status } = response
    throw new KitError(code ?? (status === 401 ? 'auth/missing' : 'unexpected'), detail ?? `the service answered ${status}`, {
      status,
      retryable: status >= 500 || status === 429 || code === 'journal/conflict',
    })
  }
  /** Asks for something that begins or resumes a run: its events come by the connection, not by this answer. */
  const begin = async (path: string, body: unknown, headers?: Record<string, string>, signal?: AbortSignal): Promise<string> => {
    const response = await ask(path, body, { accept: 'text/event-stream', ...headers }, signal)
    response.body?.cancel().catch(() => {})
    return response.headers.get('x-run-id') ?? ''
  }

  const settle = (id: string, how: { run: string } | { error: unknown }): void => {
    stored.remove(id)
    const caller = waiting.get(id)
    waiting.delete(id)
    if ('run' in how) caller?.resolve(how)
    else caller?.reject(how.error)
    changed()
  }
  const post = async ({ id, mode, ...body }: Outgoing): Promise<boolean> => {
    // ends with its connection; one that need not wait for its turn is given up as a silent connection is
    const late = new AbortController()
    const stop = follow(abort.signal, late)
    const timer = mode ? undefined : setTimeout(() => late.abort(), silence)
    try {
      const run = await begin(`/runs${mode ? `?mode=${mode}` : ''}`, body, { 'idempotency-key': id }, late.signal)
      settle(id, { run })
      return true
    } catch (error) {
      const refused = error instanceof KitError && !error.retryable
      if (refused) settle(id, { error })
      return refused
    } finally {
      clearTimeout(timer)
      stop()
    }
  }
  let flushing: Promise<void> | undefined
  let unsent = 0
  let again: ReturnType<typeof setTimeout> | undefined
  /** Sends what waits, in order; stops where the service cannot be reached, and goes on a while later or at the next connection. */
  const flush = (): Promise<void> =>
    (flushing ??= (async () => {
      for (let next; !isEnded() && (next = stored.all().find(({ id }) => !carried.has(id)));) {
        if (socket?.readyState === 1) {
          carried.add(next.id)
          socket.send(JSON.stringify({ ...next, type: 'run' }))
        } else if (await post(next)) {
          unsent = 0
          // the service is there, and so is the session
          if (status !== 'live') wake()
        } else {
          clearTimeout(again)
          if (!isEnded()) again = setTimeout(() => void flush(), pause(++unsent))
          break
        }
      }
    })().finally(() => (flushing = undefined)))

  const bySocket = async ({ signal }: AbortController): Promise<void> => {
    const { ticket } = (await (await ask('/ticket', { use: 'socket' }, undefined, signal)).json()) as { ticket: string }
    signal.throwIfAborted()
    const open = new Socket!(`${base.replace(/^http/, 'ws')}/socket`, [`edgeswarm.ticket.${ticket}`])
    let unacked = 0
    let opened = false
    const hear = (data: string): void => {
      if (data === 'pong') return
      const frame = JSON.parse(data) as { event?: Stored; type?: string; id?: string; run?: string; code?: KitErrorCode; message?: string }
      if (frame.event) {
        take(frame.event)
        if ((unacked += data.length) < ackEvery) return
        unacked = 0
        open.send(JSON.stringify({ type: 'ack', seq: state.seq }))
      } else if (!frame.id) return
      else if (frame.type === 'accepted') settle(frame.id, { run: frame.run! })
      // another isolate has the session now, or nobody: the socket will be closed, and the next one tells
      else if (frame.code !== 'journal/conflict' && frame.code !== 'session/unknown')
        settle(frame.id, { error: new KitError(frame.code ?? 'unexpected', frame.message ?? '') })
    }
    let beat: ReturnType<typeof setInterval> | undefined
    let prompt: ReturnType<typeof setTimeout> | undefined
    let ended = (): void => {}
    try {
      const { code, reason } = await new Promise<{ code: number; reason: string }>((resolve) => {
        // not by `close` alone: a network that is gone does not answer that either
        ended = () => resolve({ code: 1006, reason: '' })
        signal.addEventListener('abort', ended)
        beat = setInterval(() => open.readyState === 1 && open.send('ping'), heartbeat)
        check = () => {
          if (open.readyState !== 1) return
          const before = heard
          open.send('ping')
          clearTimeout(prompt)
          prompt = setTimeout(() => heard === before && ended(), promptly)
        }
        open.addEventListener('close', resolve)
        open.addEventListener('error', ended)
        open.addEventListener('open', () => {
          if (signal.aborted) return
          opened = true
          open.send(JSON.stringify({ type: 'hello', after: state.seq }))
          socket = open
          live()
        })
        open.addEventListener('message', ({ data }: MessageEvent<string>) => {
          if (socket !== open) return
          heard = stopwatch()
          try {
            hear(data)
          } catch {
            // that was none of ours: from the cursor again
            ended()
          }
        })
      })
      if (!opened && (!signal.aborted || heard() > silence)) throw new KitError('request/not-found', 'no WebSocket here')
      if (signal.aborted) return
      if (code === 4404) throw new KitError('session/erased', 'this session was erased')
      if (code === 4400 && reason === 'request/invalid') reset()
    } finally {
      clearInterval(beat)
      clearTimeout(prompt)
      signal.removeEventListener('abort', ended)
      socket = undefined
      carried = new Set()
      open.close()
    }
  }

  const bySSE = async (mine: AbortController): Promise<void> => {
    // the server says something every 15 s
    check = (isOther) => (isOther || heard() > heartbeat) && mine.abort()
    let reader: ReadableStreamDefaultReader<string> | undefined
    try {
      const response = await ask(`/events?after=${state.seq}`, undefined, { accept: 'text/event-stream' }, mine.signal)
      live()
      const events: SseEvent[] = []
      const parser = new EventReader()
      reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
      for (let read; !(read = await reader.read()).done;) {
        heard = stopwatch()
        parser.feed(read.value, events)
        for (const { data } of events.splice(0)) take(JSON.parse(data) as Stored)
      }
    } catch (error) {
      if (error instanceof KitError && error.status === 400) reset()
      throw error
    } finally {
      reader?.cancel().catch(() => {})
    }
  }

  const rest = (ms?: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  const live = (): void => {
    lived = stopwatch()
    become('live')
    void flush()
  }
  const loop = async (): Promise<void> => {
    let failures = 0
    let socketless = carrier === 'sse' || !Socket ? Infinity : 0
    while (!isEnded()) {
      if (away) await rest()
      const mine = (abort = new AbortController())
      heard = stopwatch()
      lived = () => 0
      const deadline = setInterval(() => heard() > silence && mine.abort(), heartbeat)
      try {
        if (status !== 'new') become('connecting')
        await (socketless > Date.now() ? bySSE(mine) : bySocket(mine))
      } catch (error) {
        const code = error instanceof KitError ? error.code : undefined
        if (code === 'session/erased' || (code === 'session/unknown' && state.seq)) {
          become('gone')
          const erased = new KitError('session/erased', 'this session was erased')
          for (const id of waiting.keys()) settle(id, { error: erased })
          for (const reader of readers) reader.end()
          return
        }
        if (code === 'session/unknown') {
          // somebody else may say the first word: it is looked for, less and less often
          become('new')
          void flush()
          await rest(500 * 2 ** Math.min(failures++, 4))
          continue
        }
        if (code === 'auth/missing' || code === 'auth/denied') {
          if (typeof token !== 'function' || failures++ > 1) {
            become('refused')
            await rest()
          }
          continue
        }
        // a proxy or a platform without WebSocket: by SSE for five minutes, then it is tried again
        if (code === 'request/not-found' || code === 'store/unsupported') socketless = Math.max(socketless, Date.now() + 300_000)
      } finally {
        clearInterval(deadline)
        check = () => {}
      }
      if (isEnded()) return
      // a server that closes at once is not asked again at once; what held for a while, or was left, is no failure
      if (lived() > steady) failures = 0
      else if (!mine.signal.aborted) failures++
      become('waiting')
      await rest(failures ? pause(failures) : 250)
    }
  }
  const isEnded = (): boolean => status === 'closed' || status === 'gone'

  const seen = ({ type }: Pick<Event, 'type'>): void => {
    // a page that is left is hidden after its `pagehide`
    if (type === 'visibilitychange' && page.document?.hidden) return
    away = false
    check(type === 'online')
    wake()
  }
  const hidden = (): void => {
    // a page with an open connection is not kept for going back
    away = true
    abort.abort()
  }
  const names = ['online', 'pageshow', 'focus', 'visibilitychange'] as const
  for (const name of names) (name === 'visibilitychange' ? page.document : page)?.addEventListener?.(name, seen)
  page.addEventListener?.('pagehide', hidden)

  void loop()

  return {
    get view() {
      return (view ??= {
        status,
        title: state.title,
        messages: transcriptOf(state),
        running: state.run !== undefined && state.run.finish === undefined,
        pending: [...state.pending.values()],
        outbox: stored.all(),
      })
    },
    send(input, more) {
      if (status === 'closed') return Promise.reject(new KitError('run/cancelled', 'this connection is closed'))
      if (status === 'gone') return Promise.reject(new KitError('session/erased', 'this session was erased'))
      return new Promise((resolve, reject) => {
        // as it will be stored and sent, whatever becomes of what was given; what is no JSON throws here
        const message = JSON.parse(JSON.stringify({ ...more, id: crypto.randomUUID(), input })) as Outgoing
        waiting.set(message.id, { resolve, reject })
        stored.add(message)
        changed()
        void flush()
      })
    },
    async cancel() {
      await ask('/cancel', {})
    },
    async answer(pending, output) {
      await begin(`/pending/${encodeURIComponent(pending)}`, { output })
    },
    async approve(pending, yes = true, reason) {
      await begin(`/pending/${encodeURIComponent(pending)}`, { approve: yes, reason })
    },
    subscribe(tell) {
      listeners.add(tell)
      return () => void listeners.delete(tell)
    },
    close() {
      become('closed')
      abort.abort()
      clearTimeout(again)
      wake()
      for (const name of names) (name === 'visibilitychange' ? page.document : page)?.removeEventListener?.(name, seen)
      page.removeEventListener?.('pagehide', hidden)
      for (const { reject } of waiting.values()) reject(new KitError('run/cancelled', 'this connection is closed'))
      waiting.clear()
      for (const reader of readers) reader.end()
    },
    async *[Symbol.asyncIterator]() {
      if (isEnded()) return
      const queue: Stored[] = []
      let ended: { error?: KitError } | undefined
      let awaken = (): void => {}
      const reader: Reader = {
        read(event) {
          if (queue.push(event) > most) reader.end(new KitError('run/too-large', 'this reader is too slow'))
          awaken()
        },
        end(error) {
          readers.delete(reader)
          ended ??= error ? { error } : {}
          awaken()
        },
      }
      readers.add(reader)
      try {
        for (;;) {
          const event = queue.shift()
          if (event) yield event
          else if (ended?.error) throw ended.error
          else if (ended) return
          else await new Promise<void>((resolve) => (awaken = resolve))
        }
      } finally {
        readers.delete(reader)
      }
    },
  }
}

/** One loop over the events. */
interface Reader {
  read(event: Stored): void
  end(error?: KitError): void
}

/** Ms until the next try. */
const pause = (failures: number): number => Math.min(250 * 2 ** failures, 30_000) * (0.5 + Math.random() / 2)

/** Ms since it was made: one clock may be set back, the other may stand still while a machine sleeps. */
function stopwatch(): () => number {
  const [date, time] = [Date.now(), performance.now()]
  return () => Math.max(Date.now() - date, performance.now() - time)
}

/** What a page has and a worker or a server may lack. */
interface Page {
  WebSocket?: typeof WebSocket
  location?: { href: string }
  localStorage?: Storage
  reportError?: (error: unknown) => void
  document?: { hidden: boolean } & Partial<Pick<EventTarget, 'addEventListener' | 'removeEventListener'>>
  addEventListener?: EventTarget['addEventListener']
  removeEventListener?: EventTarget['removeEventListener']
}

/** A page whose storage is forbidden throws at the first look. */
function storageOf(page: Page): Storage | null {
  try {
    return page.localStorage ?? null
  } catch {
    return null
  }
}
