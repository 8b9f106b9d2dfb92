// What two things at once, or one thing at the wrong moment, must not do to a session.
import { expect, test } from 'vitest'
import { app, bearer, localHost } from '../src/http/app.ts'
import { localSocket, type SocketPeer } from '../src/http/serve-socket.ts'
import {
  agent,
  type Journal,
  memoryBlobs,
  memoryJournal,
  memoryStore,
  type Middleware,
  openSession,
  pending,
  type Session,
  type SessionOptions,
  type Tool,
  tool,
} from '../src/index.ts'
import { scripted, type Script } from '../src/testing/index.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const call = (name: string, input: object = {}, id = name): Script => [{ type: 'call', id, name, input }]
const people = bearer({ ann: { id: 'ann' }, bob: { id: 'bob' } })
const post = (body: unknown, as = 'ann', headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const opened = (
  scripts: readonly Script[],
  { tools = [], use = [], ...more }: Partial<SessionOptions> & { tools?: Tool[]; use?: Middleware[] } = {},
): Promise<Session> =>
  openSession({ journal: memoryJournal(), key: 's', agent: agent({ name: 'a', model: scripted(...scripts), tools, use }), ...more })

test('a yes counts for its call only, also when the model gives the next call the same id', async () => {
  const paid: unknown[] = []
  const pay = tool({ name: 'pay', approval: true, run: (input) => void paid.push(input) })
  const s = await opened([call('pay', { usd: 1 }), call('pay', { usd: 1000 }), 'paid'], { tools: [pay] })
  await s.submit('pay')
  await s.idle()
  await s.answer({ id: [...s.state.pending.keys()][0]!, by: 'ann', approve: true })
  await s.idle()
  expect(paid).toEqual([{ usd: 1 }])
  expect([...s.state.pending.values()]).toMatchObject([{ kind: 'approval', call: { input: { usd: 1000 } } }])
  await s.answer({ id: [...s.state.pending.keys()][0]!, by: 'ann', approve: true })
  await s.idle()
  expect(paid).toEqual([{ usd: 1 }, { usd: 1000 }])
  expect(s.state.run?.finish).toBe('stop')
})

test('a request that was on its way before a session was made does not get into it', async () => {
  const model = scripted('for ann', 'for ann again', 'for bob')
  const web = app({ agents: { a: agent({ name: 'a', model }) }, auth: people })
  const at = 'http://localhost/agents/a/sessions/main/runs'
  let rest: (() => void) | undefined
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) =>
      new Promise((resolve) => {
        rest = () => {
          controller.enqueue(new TextEncoder().encode('{"input":"what did ann say?"}'))
          controller.close()
          resolve()
        }
      }),
  })
  const late = web.request(new Request(at, { ...post(''), headers: post('', 'bob').headers!, body, duplex: 'half' } as RequestInit))
  while (!rest) await sleep(1)
  expect((await web.request(at, post({ input: 'my secret' }))).status).toBe(200)
  rest()
  expect((await late).status).toBe(404)
  expect(model.calls).toHaveLength(1)
  expect((await web.request(at, post({ input: 'go on' }))).status).toBe(200)
})

test('a tool that asks again after its answer waits for the next one', async () => {
  const asks: Middleware = {
    tool(use, next) {
      const { pin } = (use.answer?.output ?? {}) as { pin?: string }
      if (pin !== '42') throw pending({ kind: 'form', schema: { type: 'object' } })
      return next(use)
    },
  }
  const s = await opened([call('open'), 'opened'], { tools: [tool({ name: 'open', run: () => 'ran' })], use: [asks] })
  await s.submit('open')
  await s.idle()
  const first = [...s.state.pending.keys()][0]!
  await s.answer({ id: first, by: 'ann', output: { pin: '1' } })
  await Promise.race([s.idle(), sleep(100)])
  expect(s.running).toBe(false)
  const second = [...s.state.pending.keys()][0]!
  expect(second).not.toBe(first)
  await s.answer({ id: second, by: 'ann', output: { pin: '42' } })
  await s.idle()
  expect(s.state.run?.finish).toBe('stop')
  expect(JSON.stringify(s.messages)).toContain('"ran"')
})

test('an answer that comes too late, while another tool still runs, does not begin the run a second time', async () => {
  const brief: Middleware = {
    tool(use, next) {
      if (use.tool.name === 'brief' && !use.answer) throw pending({ kind: 'approval', ttl: 20 })
      return next(use)
    },
  }
  const both: Script = [
    { type: 'call', id: 'brief', name: 'brief', input: {} },
    { type: 'call', id: 'long', name: 'long', input: {} },
  ]
  let ran = 0
  const long = tool({ name: 'long', idempotent: true, run: async () => (ran++, await sleep(120)) })
  const s = await opened([both, 'done', 'done twice'], { tools: [tool({ name: 'brief', run: () => 'brief' }), long], use: [brief] })
  await s.submit('go')
  while (!s.state.pending.size) await sleep(1)
  await sleep(40)
  await expect(s.answer({ id: [...s.state.pending.keys()][0]!, by: 'ann', approve: true })).rejects.toMatchObject({ code: 'pending/stale' })
  await s.idle()
  await sleep(150)
  expect(ran).toBe(1)
  expect(s.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant'])
  expect(s.state.run?.finish).toBe('stop')
})

/** A journal that takes its time over the append in which `slow` is. */
const slowAt = (slow: (json: string) => boolean, ms = 50): Journal => {
  const journal = memoryJournal()
  return {
    ...journal,
    append: async (key, events, options) => {
      if (slow(JSON.stringify(events))) await sleep(ms)
      return journal.append(key, events, options)
    },
  }
}
const isResumed = (json: string): boolean => json.includes('"resumed"')
/** A run that was answered while it still ran, and now goes on: its new start is being stored. */
async function resuming(): Promise<Session> {
  const both: Script = [
    { type: 'call', id: 'ask', name: 'ask', input: {} },
    { type: 'call', id: 'long', name: 'long', input: {} },
  ]
  let begun = false
  const long = tool({ name: 'long', run: () => sleep(40) })
  const s = await opened([both, 'one', 'two'], {
    journal: slowAt((json) => isResumed(json) && (begun = true)),
    tools: [tool({ name: 'ask', approval: true, run: () => 'asked' }), long],
  })
  await s.submit('go')
  while (!s.state.pending.size) await sleep(1)
  await s.answer({ id: [...s.state.pending.keys()][0]!, by: 'ann', approve: true })
  while (!begun) await sleep(1)
  return s
}
test('input that comes while an answered run goes on finds the session busy', async () => {
  const s = await resuming()
  await expect(s.submit('and?')).rejects.toMatchObject({ code: 'session/busy' })
  await s.idle()
  expect(s.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant'])
  await s.submit('and?')
  await s.idle()
  expect(s.state.run?.finish).toBe('stop')
})
test('a cancel that comes while an answered run goes on stops it', async () => {
  const s = await resuming()
  expect(await s.cancel()).toBe(true)
  await s.idle()
  expect(s.state.run?.finish).toBe('cancelled')
  expect(JSON.stringify(s.messages)).not.toContain('"asked"')
})

test('an answer whose run could not go on is not lost: the next isolate goes on', async () => {
  const journal = memoryJournal()
  const dies: Journal = {
    ...journal,
    append: async (key, events, options) => {
      if (isResumed(JSON.stringify(events))) throw new Error('no disk')
      return journal.append(key, events, options)
    },
  }
  const tools = [tool({ name: 'ask', approval: true, run: () => 'asked' })]
  const s = await opened([call('ask')], { journal: dies, tools })
  await s.submit('go')
  await s.idle()
  await expect(s.answer({ id: [...s.state.pending.keys()][0]!, by: 'ann', approve: true })).rejects.toMatchObject({ code: 'unexpected' })
  const again = await opened(['done'], { journal, tools })
  expect(again.interrupted).toBe(true)
  await again.touch()
  await again.idle()
  expect(again.state.run?.finish).toBe('stop')
  expect(JSON.stringify(again.messages)).toContain('"asked"')
  expect(again.interrupted).toBe(false)
})

test('a cancel that comes while the run is being written down stops it', async () => {
  const s = await opened(['one'], { journal: slowAt((json) => json.includes('"first"')) })
  const submitted = s.submit('go')
  await sleep(10)
  expect(await s.cancel()).toBe(true)
  await submitted
  await s.idle()
  expect(s.state.run?.finish).toBe('cancelled')
})

test('a list that cannot be written does not stop the run', async () => {
  const errors: unknown[] = []
  const context = { onError: (error: unknown) => void errors.push(error) }
  const onChange = (): Promise<void> => Promise.reject(new Error('the list is away'))
  const s = await opened(['one', 'two'], { onChange, context })
  await expect(s.submit('go')).resolves.toMatchObject({ after: 0 })
  await s.idle()
  await expect(s.rename('mine')).resolves.toBeUndefined()
  expect(s.state.run?.finish).toBe('stop')
  expect(errors).toHaveLength(3)
})

test('two requests that find their session broken open one new one', async () => {
  const journal = memoryJournal()
  let full = false
  const host = localHost({
    journal: {
      ...journal,
      append: async (key, events, options) => {
        if (full) throw new Error('no disk')
        return journal.append(key, events, options)
      },
      head: async (key) => {
        const head = await journal.head(key)
        await sleep(5)
        return head
      },
    },
  })
  const web = app({
    agents: { a: agent({ name: 'a', model: scripted('one', 'two', 'three', 'four') }) },
    auth: () => ({ id: 'ann' }),
    host,
  })
  const at = 'http://localhost/agents/a/sessions/s/runs'
  expect((await web.request(at, post({ input: 'go' }))).status).toBe(200)
  full = true
  expect((await web.request(at, post({ input: 'go' }))).status).toBe(500)
  full = false
  const both = await Promise.all(['x', 'y'].map(async (input) => web.request(`${at}?mode=queue`, post({ input }))))
  expect(both.map(({ status }) => status)).toEqual([200, 200])
})

test('a fork takes only the media that its messages show, so that it dies with it', async () => {
  const shelves: Record<string, ReturnType<typeof memoryBlobs>> = {}
  const host = localHost({ blobs: (session) => (shelves[session] ??= memoryBlobs()) })
  const web = app({ agents: { a: agent({ name: 'a', model: scripted('one', 'two') }) }, auth: people, host })
  const at = 'http://localhost/agents/a/sessions'
  const picture = (letter: string): object => ({ input: [{ type: 'media', mime: 'image/png', data: letter.repeat(80_000) }] })
  await web.request(`${at}/s/runs`, post(picture('A')))
  const seq = async (): Promise<{ seq: number; messages: { parts: { ref: string }[] }[] }> =>
    (await web.request(`${at}/s`, { headers: { authorization: 'Bearer ann' } })).json()
  const early = await seq()
  await web.request(`${at}/s/runs`, post(picture('B')))
  const refs = (await seq()).messages.flatMap(({ parts }) => parts.flatMap(({ ref }) => ref ?? []))
  expect(refs).toHaveLength(2)
  expect((await web.request(`${at}/s/fork`, post({ to: early.seq, session: 'f' }))).status).toBe(201)
  expect(await shelves['a/f']!.get(refs[0]!)).toBeDefined()
  expect(await shelves['a/f']!.get(refs[1]!)).toBeUndefined()
})

test('instructions that never come do not hold a cancelled run', async () => {
  const a = agent({ name: 'a', model: scripted('one'), instructions: () => new Promise<string>(() => {}) })
  const s = await openSession({ journal: memoryJournal(), key: 's', agent: a })
  await s.submit('go')
  await Promise.race([s.cancel(), sleep(100)])
  expect(s.running).toBe(false)
  expect(s.state.run?.finish).toBe('cancelled')
})

test('a run without a session does not begin for a reader that is gone', async () => {
  const model = scripted('one')
  const web = app({ agents: { a: agent({ name: 'a', model }) }, auth: people })
  const at = 'http://localhost/agents/a/runs'
  await web.request(at, { ...post({ input: 'go' }), signal: AbortSignal.abort() })
  expect(model.calls).toHaveLength(0)
  await web.request(at, { ...post({ input: 'go' }), signal: new AbortController().signal })
  expect(model.calls).toHaveLength(1)
})

test('an idempotency key whose process died is free again once the run could not be alive any more', async () => {
  let now = Date.now()
  const store = memoryStore({ now: () => now })
  const never = agent({ name: 'a', model: scripted(() => new Promise<string>(() => {})), timeouts: { run: 60_000 } })
  const gone = new AbortController()
  void app({ agents: { a: never }, auth: people, store: { ...store, delete: async () => {} } }).request('http://localhost/agents/a/runs', {
    ...post({ input: 'go' }, 'ann', { 'idempotency-key': 'k' }),
    signal: gone.signal,
  })
  await sleep(20)
  const next = app({ agents: { a: agent({ name: 'a', model: scripted('one') }) }, auth: people, store })
  const ask = async (): Promise<number> =>
    (await next.request('http://localhost/agents/a/runs', post({ input: 'go' }, 'ann', { 'idempotency-key': 'k' }))).status
  expect(await ask()).toBe(409)
  now += 61_000
  expect(await ask()).toBe(200)
  gone.abort()
})

test('a token that the environment did not give is a TypeError, not the token "undefined"', () => {
  const env: { TOKEN?: string } = {}
  expect(() => bearer({ [env.TOKEN!]: { id: 'me' } })).toThrow(TypeError)
  expect(() => bearer({ [{ TOKEN: 'x' }.TOKEN]: { id: 'me' } })).not.toThrow()
})

test('a session gets its name while input waits its turn', async () => {
  const s = await opened([async () => (await sleep(100), 'one'), 'two'])
  await s.submit('go')
  const queued = s.submit('more', { mode: 'queue' })
  await sleep(1)
  await s.rename('mine')
  expect(s.messages).toHaveLength(1)
  await queued
  await s.idle()
  expect(s.state.title).toBe('mine')
})

test('a cancel reaches the run also when the same socket has queued input behind it', async () => {
  const s = await opened([
    ({ signal }) => new Promise<string>((_, no) => signal!.addEventListener('abort', () => no(new Error('stopped')))),
    'two',
  ])
  let peer: SocketPeer | undefined
  const sent: string[] = []
  const live = { bufferedAmount: 0, send: (data: string) => void sent.push(data), close() {} }
  const socket = localSocket((_request, _protocol, serve) => ((peer = serve(live)), new Response()))
  const a = agent({ name: 'a', model: scripted() })
  const at = new Request('http://localhost/')
  await socket(at, { id: 'ann' }, undefined, { session: s, agent: a, id: 's', rest: 'socket', principal: undefined, store: memoryStore() })
  peer!.message(JSON.stringify({ type: 'run', id: '1', input: 'go' }))
  while (!s.running) await sleep(1)
  peer!.message(JSON.stringify({ type: 'run', id: '2', input: 'more', mode: 'queue' }))
  peer!.message(JSON.stringify({ type: 'run', id: '3', input: 'more' }))
  peer!.message(JSON.stringify({ type: 'cancel' }))
  for (let n = 0; n < 50 && s.messages.length < 3; n++) await sleep(2)
  expect(s.messages.filter(({ role }) => role === 'assistant').length).toBe(1)
  await s.idle()
  expect(
    sent
      .map((data) => JSON.parse(data) as { type: string })
      .map(({ type }) => type)
      .toSorted(),
  ).toEqual(['accepted', 'accepted', 'error'])
})

test('a session that a request still holds is not closed for another one', async () => {
  const host = localHost({ open: 1 })
  const web = app({ agents: { a: agent({ name: 'a', model: scripted('one', 'two', 'three', 'four') }) }, auth: people, host })
  const at = (id: string): string => `http://localhost/agents/a/sessions/${id}/runs`
  expect((await web.request(at('s'), post({ input: 'go' }))).status).toBe(200)
  let rest: (() => void) | undefined
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) =>
      new Promise((resolve) => {
        rest = () => {
          controller.enqueue(new TextEncoder().encode('{"input":"slow"}'))
          controller.close()
          resolve()
        }
      }),
  })
  const slow = web.request(new Request(at('s'), { ...post(''), body, duplex: 'half' } as RequestInit))
  while (!rest) await sleep(1)
  await web.request(at('other'), post({ input: 'go' }))
  expect((await web.request(at('s'), post({ input: 'quick' }))).status).toBe(200)
  rest()
  expect((await slow).status).toBe(200)
})
