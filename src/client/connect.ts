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

/**
 * Connects a page to a session, and keeps it connected: by WebSocket, or by SSE where there is none; from the cursor after
 * every break, at once when the network or the page comes back. Events come as the journal has them, each once, in order.
 * @example
 * const chat = connect('/agents/support', { session: 's1' })
 * chat.subscribe(() => render(chat.view))
 * await chat.send('Hi')
 */
export function connect(agent: string, options: ConnectOptions): Connection {
  const { session, token, carrier = 'auto', fetch: request = fetch } = options
  const page = globalThis as unknown as Page
  const Socket = options.WebSocket ?? page.WebSocket
  const base = new URL(`${agent.replace(/\/+$/, '')}/sessions/${session}`, page.location?.href).href
  const stored = outbox(base, options.storage === undefined ? storageOf(page) : options.storage)
  const waiting = new Map<string, { resolve: (taken: { run: string }) => void; reject: (error: unknown) => void }>()
  const listeners = new Set<() => void>()
  const readers = new Set<(event: Stored | undefined) => void>()

  let state = emptyState()
  let status: Status = 'connecting'
  let view: View | undefined
  let socket: WebSocket | undefined
  /** Outgoing ids that this socket has carried. */
  let carried = new Set<string>()
  let abort = new AbortController()
  let wake = (): void => {}
  let check = (): void => {}
  let away = false

  const changed = (): void => {
    view = undefined
    for (const tell of listeners) tell()
  }
  const become = (next: Status): void => {
    if (status === next || status === 'closed') return
    status = next
    changed()
  }
  const take = (event: Stored): void => {
    if (event.seq <= state.seq) return
    fold(state, event)
    for (const read of readers) read(event)
    changed()
  }

  const bearer = async (): Promise<Record<string, string>> => {
    const secret = typeof token === 'function' ? await token() : token
    return secret === undefined ? {} : { authorization: `Bearer ${secret}` }
  }
  /** Throws a `KitError` for a refusal, and what `fetch` throws where there is no answer. */
  const ask = async (path: string, body?: unknown, headers?: Record<string, string>, signal?: AbortSignal): Promise<Response> => {
    const response = await request(base + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...(await bearer()), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    })
    if (response.ok) return response
    const { code, detail } = (await response.json().catch(() => ({}))) as { code?: KitErrorCode; detail?: string }
    const { status } = response
    throw new KitError(code ?? (status === 401 ? 'auth/missing' : 'unexpected'), detail ?? `the service answered ${status}`, {
      status,
      retryable: status >= 500 || status === 429,
    })
  }
  /** Asks for something that begins or resumes a run: its events come by the connection, not by this answer. */
  const begin = async (path: string, body: unknown, headers?: Record<string, string>): Promise<string> => {
    const response = await ask(path, body, { accept: 'text/event-stream', ...headers })
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
    try {
      const run = await begin(`/runs${mode ? `?mode=${mode}` : ''}`, body, { 'idempotency-key': id })
      settle(id, { run })
      return true
    } catch (error) {
      const refused = error instanceof KitError && !error.retryable
      if (refused) settle(id, { error })
      return refused
    }
  }
  let flushing: Promise<void> | undefined
  /** Sends what waits, in order; stops where the service cannot be reached, and goes on at the next connection. */
  const flush = (): Promise<void> =>
    (flushing ??= (async () => {
      for (let next; (next = stored.all().find(({ id }) => !carried.has(id)));) {
        if (socket?.readyState === 1) {
          carried.add(next.id)
          socket.send(JSON.stringify({ type: 'run', ...next }))
        } else if (!(await post(next))) break
        else if (status === 'new') wake()
      }
    })().finally(() => (flushing = undefined)))

  const bySocket = async (): Promise<void> => {
    const { ticket } = (await (await ask('/ticket', { use: 'socket' }, undefined, abort.signal)).json()) as { ticket: string }
    const open = new Socket!(`${base.replace(/^http/, 'ws')}/socket`, [`edgeswarm.ticket.${ticket}`])
    const { signal } = abort
    let heard = Date.now()
    let unacked = 0
    let opened = false
    const ended = (): void => open.close()
    signal.addEventListener('abort', ended)
    const beat = setInterval(() => (Date.now() - heard > silence ? open.close() : open.readyState === 1 && open.send('ping')), heartbeat)
    check = () => {
      if (open.readyState !== 1) return
      const asked = Date.now()
      open.send('ping')
      setTimeout(() => heard < asked && open.close(), promptly)
    }
    try {
      const code = await new Promise<number>((resolve) => {
        open.addEventListener('close', (event) => resolve(event.code))
        open.addEventListener('error', () => resolve(1006))
        open.addEventListener('open', () => {
          opened = true
          open.send(JSON.stringify({ type: 'hello', after: state.seq }))
          socket = open
          become('live')
          void flush()
        })
        open.addEventListener('message', ({ data }: MessageEvent<string>) => {
          heard = Date.now()
          if (data === 'pong') return
          const frame = JSON.parse(data) as {
            event?: Stored
            type?: string
            id?: string
            run?: string
            code?: KitErrorCode
            message?: string
          }
          if (frame.event) {
            take(frame.event)
            if ((unacked += data.length) < ackEvery) return
            unacked = 0
            open.send(JSON.stringify({ type: 'ack', seq: state.seq }))
          } else if (frame.type === 'accepted') settle(frame.id!, { run: frame.run! })
          else if (frame.id && waiting.has(frame.id)) settle(frame.id, { error: new KitError(frame.code!, frame.message!) })
          else if (frame.id) stored.remove(frame.id)
        })
      })
      if (!opened) throw new KitError('request/not-found', 'no WebSocket here')
      if (code === 4404) throw new KitError('session/erased', 'this session was erased')
      // the journal is not what the cursor says: from the start
      if (code === 4400) state = emptyState()
    } finally {
      clearInterval(beat)
      signal.removeEventListener('abort', ended)
      socket = undefined
      carried = new Set()
      check = () => {}
      open.close()
    }
  }

  const bySSE = async (): Promise<void> => {
    const mine = abort
    let heard = Date.now()
    const beat = setInterval(() => Date.now() - heard > silence && mine.abort(), heartbeat)
    check = () => mine.abort()
    try {
      const response = await ask(`/events?after=${state.seq}`, undefined, { accept: 'text/event-stream' }, mine.signal)
      become('live')
      void flush()
      const events: SseEvent[] = []
      const parser = new EventReader()
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
      for (let read; !(read = await reader.read()).done;) {
        heard = Date.now()
        parser.feed(read.value, events)
        for (const { data } of events.splice(0)) take(JSON.parse(data) as Stored)
      }
    } catch (error) {
      if (error instanceof KitError && error.status === 400) state = emptyState()
      throw error
    } finally {
      clearInterval(beat)
      check = () => {}
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

  const loop = async (): Promise<void> => {
    let failures = 0
    let socketless = carrier === 'sse' || !Socket ? Infinity : 0
    while (status !== 'closed') {
      if (away) await rest()
      abort = new AbortController()
      try {
        if (status !== 'new') become('connecting')
        await (socketless > Date.now() ? bySSE() : bySocket())
        failures = 0
      } catch (error) {
        const code = error instanceof KitError ? error.code : undefined
        if (code === 'session/erased' || (code === 'session/unknown' && state.seq)) {
          become('gone')
          for (const read of readers) read(undefined)
          return
        }
        if (code === 'session/unknown') {
          // somebody else may say the first word: it is looked for, less and less often
          become('new')
          await Promise.all([flush(), rest(500 * 2 ** Math.min(failures++, 4))])
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
        failures++
      }
      if (isClosed()) return
      become('waiting')
      await rest(failures ? Math.min(250 * 2 ** failures, 30_000) * (0.5 + Math.random() / 2) : 250)
    }
  }
  const isClosed = (): boolean => status === 'closed'

  const seen = (): void => {
    away = false
    if (!page.document?.hidden) check()
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
      const message: Outgoing = { id: crypto.randomUUID(), input, ...more }
      const accepted = new Promise<{ run: string }>((resolve, reject) => waiting.set(message.id, { resolve, reject }))
      stored.add(message)
      changed()
      void flush()
      return accepted
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
      wake()
      for (const name of names) (name === 'visibilitychange' ? page.document : page)?.removeEventListener?.(name, seen)
      page.removeEventListener?.('pagehide', hidden)
      for (const { reject } of waiting.values()) reject(new KitError('run/cancelled', 'this connection is closed'))
      for (const read of readers) read(undefined)
    },
    async *[Symbol.asyncIterator]() {
      const queue: (Stored | undefined)[] = []
      let awaken = (): void => {}
      const read = (event: Stored | undefined): void => {
        queue.push(event)
        awaken()
      }
      readers.add(read)
      try {
        while (status !== 'closed') {
          if (!queue.length) await new Promise<void>((resolve) => (awaken = resolve))
          if (queue.length > most) throw new KitError('run/too-large', 'this reader is too slow')
          const event = queue.shift()
          if (!event) return
          yield event
        }
      } finally {
        readers.delete(read)
      }
    },
  }
}

/** What a page has and a worker or a server may lack. */
interface Page {
  WebSocket?: typeof WebSocket
  location?: { href: string }
  localStorage?: Storage
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
