// What a network, a server, a storage and a page do to a connection: fakes, so that each fault comes at its moment.
import { afterEach, describe, expect, test, vi } from 'vitest'
import { connect, type Connection, type ConnectOptions, type Storage } from '../../src/client/index.ts'
import { textOf } from '../../src/index.ts'

/** Enough of a socket; the test is its server. */
class Socket extends EventTarget {
  readyState = 0
  readonly sent: string[] = []
  readonly frames = (): Record<string, unknown>[] => this.sent.filter((text) => text !== 'ping').map((text) => JSON.parse(text) as never)
  send(data: string): void {
    this.sent.push(data)
  }
  close(code = 1005, reason = ''): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason }))
  }
  open(): void {
    this.readyState = 1
    this.dispatchEvent(new Event('open'))
  }
  say(frame: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data: typeof frame === 'string' ? frame : JSON.stringify(frame) }))
  }
}

const event = (seq: number, text = `word ${seq}`): object => ({
  seq,
  event: { type: 'message', seq, at: 1, run: 'r', agent: 'a', message: { id: `m${seq}`, role: 'user', parts: [{ type: 'text', text }] } },
})
const problem = (status: number, code: string): Response => Response.json({ code, detail: code }, { status })

interface Fake extends Pick<ConnectOptions, 'fetch' | 'WebSocket'> {
  sockets: Socket[]
  asked: { path: string; body: Record<string, unknown>; headers: Headers; signal: AbortSignal | undefined }[]
  /** What a path answers; default a ticket, a run, and events without end. */
  answers: Record<string, (signal: AbortSignal | undefined) => Response | Promise<Response>>
}
function fake(answers: Fake['answers'] = {}): Fake {
  const self: Fake = {
    sockets: [],
    asked: [],
    answers,
    WebSocket: function make() {
      const socket = new Socket()
      self.sockets.push(socket)
      return socket
    } as never,
    fetch: (async (url: string, init: RequestInit = {}) => {
      const path = new URL(url).pathname.split('/').at(-1)!
      const signal = init.signal ?? undefined
      self.asked.push({ path, body: JSON.parse((init.body ?? '{}') as string) as never, headers: new Headers(init.headers), signal })
      if (signal?.aborted) throw signal.reason
      const own = self.answers[path]
      if (own) return own(signal)
      if (path === 'ticket') return Response.json({ ticket: 't' })
      if (path === 'events') return silent(signal)
      return new Response('', { headers: { 'x-run-id': 'r' } })
    }) as typeof fetch,
  }
  return self
}
/** Events that do not come; ends with its signal. */
const silent = (signal: AbortSignal | undefined): Response =>
  new Response(
    new ReadableStream({
      start: (controller) => signal?.addEventListener('abort', () => controller.error(signal.reason)),
    }),
  )
const never = (signal: AbortSignal | undefined): Promise<Response> =>
  new Promise((_, fail) => signal?.addEventListener('abort', () => fail(signal.reason)))

const open: Connection[] = []
const page = (net: Fake, more: Partial<ConnectOptions> = {}): Connection => {
  const { fetch, WebSocket } = net
  const connection = connect('http://host.test/agents/a', { session: 's', storage: null, fetch, WebSocket, ...more })
  open.push(connection)
  return connection
}
const tick = (ms = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
async function until(what: () => unknown): Promise<void> {
  for (let tries = 0; tries < 400 && !what(); tries++) await tick()
  expect(what()).toBeTruthy()
}
/** The nth socket, open. */
async function opened(net: Fake, n = 0): Promise<Socket> {
  await until(() => net.sockets[n])
  net.sockets[n]!.open()
  return net.sockets[n]!
}
const said = (connection: Connection): string[] => connection.view.messages.map(textOf)
function storage(first?: string): Storage & { text: string | null } {
  const self = {
    text: first ?? null,
    getItem: () => self.text,
    setItem: (_: string, value: string) => void (self.text = value),
    removeItem: () => void (self.text = null),
  }
  return self
}

afterEach(() => {
  for (const connection of open.splice(0)) connection.close()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('what comes', () => {
  test('a page that cannot be drawn is told of, and does not end its connection', async () => {
    const reported: unknown[] = []
    vi.stubGlobal('reportError', (error: unknown) => reported.push(error))
    const net = fake()
    const one = page(net)
    one.subscribe(() => {
      throw new Error('no such element')
    })
    const socket = await opened(net)
    socket.say(event(1))
    socket.say(event(2))
    expect(said(one)).toEqual(['word 1', 'word 2'])
    socket.close(1006)
    const next = await opened(net, 1)
    expect(next.frames()).toEqual([{ type: 'hello', after: 2 }])
    expect(reported.length).toBeGreaterThan(3)
  })

  test.each(['not JSON', 'null', '{"event":{"type":"message","seq":2}}'])(
    'a frame that is none of ours begins the connection anew from its cursor: %s',
    async (frame) => {
      const net = fake()
      const one = page(net)
      const socket = await opened(net)
      socket.say(event(1))
      socket.say(frame)
      await until(() => socket.readyState === 3)
      const next = await opened(net, 1)
      next.say(event(3))
      expect(said(one)).toEqual(['word 1', 'word 3'])
    },
  )

  test('where the journal is behind, the view begins anew, and an iterator throws rather than give events twice', async () => {
    const net = fake()
    const one = page(net)
    const seen: number[] = []
    const reading = (async () => {
      for await (const { seq } of one) seen.push(seq)
    })()
    const socket = await opened(net)
    for (const seq of [1, 2, 3]) socket.say(event(seq))
    socket.close(4400, 'request/invalid')
    await expect(reading).rejects.toMatchObject({ code: 'journal/conflict' })
    const next = await opened(net, 1)
    expect(next.frames()).toEqual([{ type: 'hello', after: 0 }])
    expect(said(one)).toEqual([])
    next.say(event(1))
    expect(said(one)).toEqual(['word 1'])
    expect(seen).toEqual([1, 2, 3])
  })

  test('a server that fails to read its journal is no reason to begin anew', async () => {
    const net = fake()
    const one = page(net)
    const socket = await opened(net)
    socket.say(event(1))
    socket.close(4400, 'unexpected')
    expect((await opened(net, 1)).frames()).toEqual([{ type: 'hello', after: 1 }])
    expect(said(one)).toEqual(['word 1'])
  })

  test('a reader that does not read holds 10,000 events and no more; one that does gets all', async () => {
    const net = fake()
    const one = page(net)
    const slow = one[Symbol.asyncIterator]()
    const first = slow.next()
    let count = 0
    const reading = (async () => {
      for await (const _ of one) count++
    })()
    const socket = await opened(net)
    for (let seq = 1; seq <= 10_100; seq++) {
      socket.say({ seq, event: { type: 'title', seq, at: 1, title: 't' } })
      if (seq % 1000 === 0) await tick(0)
    }
    expect((await first).value).toMatchObject({ seq: 1 })
    let held = 0
    await expect(
      (async () => {
        for (; !(await slow.next()).done;) held++
      })(),
    ).rejects.toMatchObject({ code: 'run/too-large' })
    expect(held).toBeLessThanOrEqual(10_001)
    one.close()
    await reading
    expect(count).toBe(10_100)
  })

  test('an iterator that is begun after the end ends', async () => {
    const net = fake()
    const one = page(net)
    const socket = await opened(net)
    socket.close(4404)
    await until(() => one.view.status === 'gone')
    expect(await one[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
  })
})

describe('what is sent', () => {
  test('what others have written into the storage is not sent, and harms nothing', async () => {
    const net = fake()
    const kept = storage('[null, 7, {"id": 5, "input": "x"}, {"id": "", "input": "x"}, {"id": "good", "input": "hi", "type": "cancel"}]')
    const one = page(net, { storage: kept })
    const socket = await opened(net)
    await until(() => socket.sent.length > 1)
    expect(socket.frames().slice(1)).toEqual([{ type: 'run', id: 'good', input: 'hi' }])
    socket.say({ type: 'accepted', id: 'good', run: 'r' })
    expect(one.view.outbox).toEqual([])
    expect(kept.text).toBeNull()
  })

  test('what another tab has delivered is told as sent here too', async () => {
    const net = fake({ ticket: never })
    const kept = storage()
    const one = page(net, { storage: kept, carrier: 'sse' })
    net.answers.runs = () => Promise.reject(new TypeError('no network'))
    const sending = one.send('hi')
    await until(() => net.asked.some(({ path }) => path === 'runs'))
    // the other tab was the first to hear that it was taken
    kept.text = null
    delete net.answers.runs
    expect(await sending).toEqual({ run: 'r' })
  })

  test('what the service could not take is sent again while events come', async () => {
    let tries = 0
    const net = fake({ runs: () => (++tries < 3 ? problem(503, 'unexpected') : new Response('', { headers: { 'x-run-id': 'r' } })) })
    const one = page(net, { carrier: 'sse' })
    await until(() => one.view.status === 'live')
    expect(await one.send('hi')).toEqual({ run: 'r' })
    expect(tries).toBe(3)
    const keys = net.asked.filter(({ path }) => path === 'runs').map(({ headers }) => headers.get('idempotency-key'))
    expect(new Set(keys).size).toBe(1)
  })

  test('a message is the same operation by socket and by POST', async () => {
    const net = fake({ runs: () => problem(503, 'unexpected') })
    const one = page(net)
    one.send('hi', { mode: 'queue', options: { temperature: 0 }, metadata: { b: 1, a: [2] } }).catch(() => {})
    await until(() => net.asked.some(({ path }) => path === 'runs'))
    const { body, headers } = net.asked.find(({ path }) => path === 'runs')!
    const socket = await opened(net)
    await until(() => socket.sent.length > 1)
    const { type, id, mode, ...rest } = socket.frames()[1]!
    expect([type, id, mode]).toEqual(['run', headers.get('idempotency-key'), 'queue'])
    expect(rest).toEqual(body)
  })

  test('a session that another isolate has taken over refuses nothing: the next connection sends it', async () => {
    const net = fake()
    const one = page(net)
    const socket = await opened(net)
    const sending = one.send('hi')
    await until(() => socket.sent.length > 1)
    const { id } = socket.frames()[1]!
    socket.say({ type: 'error', id, code: 'session/unknown', message: 'moved' })
    socket.close(4409)
    const next = await opened(net, 1)
    await until(() => next.sent.length > 1)
    expect(next.frames()[1]).toMatchObject({ id, input: 'hi' })
    next.say({ type: 'accepted', id, run: 'r2' })
    expect(await sending).toEqual({ run: 'r2' })
    // the twin: a refusal is one
    const second = one.send('again')
    await until(() => next.sent.length > 2)
    next.say({ type: 'error', id: next.frames()[2]!.id, code: 'session/busy', message: 'busy' })
    await expect(second).rejects.toMatchObject({ code: 'session/busy' })
  })

  test('what is no JSON is refused at once and does not stop what comes after it', async () => {
    const net = fake()
    const one = page(net)
    const socket = await opened(net)
    const circle: Record<string, unknown> = {}
    circle.self = circle
    await expect(one.send('hi', { metadata: circle })).rejects.toThrow(TypeError)
    one.send('there').catch(() => {})
    await until(() => socket.sent.length > 1)
    expect(socket.frames()[1]).toMatchObject({ input: 'there' })
  })

  test('what waits for a session that is gone is refused, and so is what comes later', async () => {
    const net = fake()
    const one = page(net)
    const socket = await opened(net)
    const sending = one.send('hi')
    socket.close(4404)
    await expect(sending).rejects.toMatchObject({ code: 'session/erased' })
    expect(one.view.outbox).toEqual([])
    await expect(one.send('more')).rejects.toMatchObject({ code: 'session/erased' })
    expect(net.asked.filter(({ path }) => path === 'runs')).toEqual([])
  })

  test('a login that has expired is asked for again before a message is refused', async () => {
    const net = fake()
    const tokens = ['good']
    const one = page(net, { carrier: 'sse', token: () => tokens.shift() ?? 'new' })
    await until(() => one.view.status === 'live')
    const runs = (): (string | null)[] => net.asked.filter(({ path }) => path === 'runs').map(({ headers }) => headers.get('authorization'))
    tokens.push('old')
    net.answers.runs = () =>
      runs().at(-1) === 'Bearer old' ? problem(401, 'auth/missing') : new Response('', { headers: { 'x-run-id': 'r' } })
    expect(await one.send('hi')).toEqual({ run: 'r' })
    expect(runs()).toEqual(['Bearer old', 'Bearer new'])
    // the twin: one that stays wrong refuses it
    net.answers.runs = () => problem(401, 'auth/missing')
    await expect(one.send('hi')).rejects.toMatchObject({ code: 'auth/missing' })
  })

  test('after a new login the first message brings the events back', async () => {
    let login = 'old'
    const net = fake()
    net.answers.events = (signal) => (login === 'old' ? problem(401, 'auth/missing') : silent(signal))
    const one = page(net, { carrier: 'sse', token: () => login })
    await until(() => one.view.status === 'refused')
    login = 'new'
    await one.send('hi')
    await until(() => one.view.status === 'live')
  })

  test('a connection to what is no session cannot be made', () => {
    const net = fake()
    for (const session of ['', '../../b/sessions/x', 'a b', 'x'.repeat(129)]) expect(() => page(net, { session })).toThrow(TypeError)
    expect(net.asked).toEqual([])
  })
})

describe('how it is kept', () => {
  test('a service that does not answer is given up, and asked again', async () => {
    vi.useFakeTimers()
    const net = fake({ ticket: never })
    page(net)
    await vi.advanceTimersByTimeAsync(70_000)
    expect(net.asked.length).toBe(2)
    expect(net.asked[0]!.signal?.aborted).toBe(true)
  })

  test('a message that is not answered does not hold the others for ever', async () => {
    vi.useFakeTimers()
    const net = fake({ runs: never })
    const one = page(net, { carrier: 'sse' })
    await vi.advanceTimersByTimeAsync(10)
    const sending = one.send('hi')
    await vi.advanceTimersByTimeAsync(10)
    expect(net.asked.filter(({ path }) => path === 'runs').length).toBe(1)
    delete net.answers.runs
    await vi.advanceTimersByTimeAsync(120_000)
    expect(await sending).toEqual({ run: 'r' })
  })

  test('a server that closes at once is asked less and less often', async () => {
    vi.useFakeTimers()
    const net = fake()
    page(net)
    for (let ms = 0; ms < 120_000; ms += 50) {
      await vi.advanceTimersByTimeAsync(50)
      const last = net.sockets.at(-1)
      if (last?.readyState !== 0) continue
      last.open()
      last.close(1011)
    }
    expect(net.sockets.length).toBeGreaterThan(4)
    expect(net.sockets.length).toBeLessThan(20)
  })

  test('a network that is gone without a word is noticed, also when the clock is set back', async () => {
    vi.useFakeTimers()
    const net = fake()
    const one = page(net)
    await vi.advanceTimersByTimeAsync(10)
    const socket = net.sockets[0]!
    // what does not answer a close either
    socket.close = () => {}
    socket.open()
    expect(one.view.status).toBe('live')
    vi.setSystemTime(Date.now() - 3_600_000)
    await vi.advanceTimersByTimeAsync(70_000)
    expect(net.sockets.length).toBe(2)
  })

  test('a token that throws does not make it spin', async () => {
    vi.useFakeTimers()
    let asked = 0
    const one = page(fake(), {
      token() {
        asked++
        throw new Error('no login service')
      },
    })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(asked).toBeGreaterThan(3)
    expect(asked).toBeLessThan(15)
    expect(one.view.status).toBe('waiting')
  })

  test('nothing is left of a connection that was closed', async () => {
    const window = surroundings()
    vi.useFakeTimers()
    const net = fake()
    const one = page(net)
    await vi.advanceTimersByTimeAsync(10)
    net.sockets[0]!.open()
    window.dispatchEvent(new Event('focus'))
    expect(window.listeners).toBeGreaterThan(0)
    one.close()
    await vi.advanceTimersByTimeAsync(0)
    expect(window.listeners).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
    expect(net.sockets[0]!.readyState).toBe(3)
  })
})

describe('in a page', () => {
  test('a page that is left stays left when it is hidden, and comes back when it is shown', async () => {
    const window = surroundings()
    const net = fake()
    const one = page(net)
    await opened(net)
    // in this order, as browsers do
    window.dispatchEvent(new Event('pagehide'))
    window.document.hidden = true
    window.document.dispatchEvent(new Event('visibilitychange'))
    await tick(600)
    expect(net.sockets.length).toBe(1)
    expect(one.view.status).toBe('waiting')
    window.document.hidden = false
    window.dispatchEvent(new Event('pageshow'))
    await opened(net, 1)
    expect(one.view.status).toBe('live')
  })

  test('focus does not break a stream of events that is alive; another network does', async () => {
    const window = surroundings()
    const net = fake()
    const one = page(net, { carrier: 'sse' })
    await until(() => one.view.status === 'live')
    for (let n = 0; n < 5; n++) window.dispatchEvent(new Event('focus'))
    await tick(50)
    expect(net.asked.length).toBe(1)
    expect(one.view.status).toBe('live')
    window.dispatchEvent(new Event('online'))
    await until(() => net.asked.length === 2)
  })
})

/** A window and its document, with how many listeners they have. */
function surroundings(): EventTarget & { document: EventTarget & { hidden: boolean }; listeners: number } {
  class Counting extends EventTarget {
    override addEventListener(...given: Parameters<EventTarget['addEventListener']>): void {
      window.listeners++
      super.addEventListener(...given)
    }
    override removeEventListener(...given: Parameters<EventTarget['removeEventListener']>): void {
      window.listeners--
      super.removeEventListener(...given)
    }
  }
  const window = Object.assign(new EventTarget(), { listeners: 0, document: undefined as never })
  const target = new Counting()
  const document = Object.assign(new Counting(), { hidden: false })
  vi.stubGlobal('addEventListener', target.addEventListener.bind(target))
  vi.stubGlobal('removeEventListener', target.removeEventListener.bind(target))
  vi.stubGlobal('document', document)
  return Object.assign(window, { document, dispatchEvent: (event: Event) => target.dispatchEvent(event) })
}
