// A page's connection to a session, over real HTTP and real WebSockets.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serve, type Serving, sockets } from '../../adapters/node/index.ts'
import { WebSocketServer } from 'ws'
import { connect, type Connection, type ConnectOptions, type Storage } from '../../src/client/index.ts'
import { app, bearer, localHost } from '../../src/http/app.ts'
import { agent, type Chunk, model, textOf, tool } from '../../src/index.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !what(); tries++) await sleep(10)
  expect(what()).toBe(true)
}

/** `slow N` says N words; `guarded` asks for an approval; the rest is said back. */
const parrot = model({ id: 'parrot', provider: 'test' }, async function* ({ messages, signal }): AsyncGenerator<Chunk> {
  const last = messages.at(-1)!
  const asked = textOf(last)
  if (asked === 'guarded') yield { type: 'part', part: { type: 'call', id: 'c', name: 'guarded', input: {} } }
  else if (asked.startsWith('slow'))
    for (let n = 0; n < Number(asked.slice(5)) && !signal?.aborted; n++) {
      yield { type: 'text', delta: `${n} ` }
      await sleep(10)
    }
  else yield { type: 'text', delta: last.role === 'tool' ? 'done' : `you said ${asked}` }
  yield { type: 'finish', reason: asked === 'guarded' ? 'tools' : 'stop' }
})
const guarded = tool({ name: 'guarded', approval: true, run: () => 'guarded ran' })
const agents = { parrot: agent({ name: 'parrot', model: parrot, tools: [guarded] }) }

let serving: Serving
let base = ''
const open: Connection[] = []
const page = (session: string, more: Partial<ConnectOptions> = {}): Connection => {
  const connection = connect(`${base}/agents/parrot`, { session, token: 'a', storage: null, ...more })
  open.push(connection)
  return connection
}
/** A network that can be cut: requests fail, and open sockets die without a word. */
function network(): Pick<ConnectOptions, 'fetch' | 'WebSocket'> & { cut(): void; mend(): void; sockets: number } {
  let down = false
  const open = new Set<WebSocket>()
  const aborts = new Set<AbortController>()
  const self = {
    sockets: 0,
    cut() {
      down = true
      for (const socket of open) socket.close()
      for (const abort of aborts) abort.abort()
    },
    mend: () => void (down = false),
    fetch: (async (url, init) => {
      if (down) throw new TypeError('no network')
      const abort = new AbortController()
      aborts.add(abort)
      return fetch(url, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, abort.signal]) : abort.signal })
    }) as typeof fetch,
    WebSocket: class extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        if (down) throw new Error('no network')
        super(url, protocols)
        self.sockets++
        open.add(this)
      }
    },
  }
  return self
}
/** A page's storage. */
function storage(): Storage & { size: number } {
  const map = new Map<string, string>()
  return {
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
    get size() {
      return map.size
    },
  }
}
const said = (connection: Connection): string[] => connection.view.messages.map(textOf)

beforeAll(async () => {
  const platform = sockets(new WebSocketServer({ noServer: true }))
  const web = app({ agents, auth: bearer({ a: { id: 'ann' }, b: { id: 'bob' } }), host: localHost({ socket: platform.socket }) })
  serving = await serve(web, { port: 0, sockets: platform })
  base = `http://localhost:${serving.port}`
})
afterAll(async () => {
  for (const connection of open) connection.close()
  await serving.close()
})

describe.each(['auto', 'sse'] as const)('by %s', (carrier) => {
  test('the first message makes the session, and the answer is folded as it comes', async () => {
    const one = page(`first-${carrier}`, { carrier })
    await until(() => one.view.status === 'new')
    const { run } = await one.send('hi')
    expect(run).toBeTruthy()
    await until(() => said(one).length === 2 && !one.view.running)
    expect(said(one)).toEqual(['hi', 'you said hi'])
    expect(one.view.status).toBe('live')
    expect(one.view.outbox).toEqual([])
  })

  test('every event comes once, in order, to the iterator of each of two pages', async () => {
    const session = `both-${carrier}`
    const one = page(session, { carrier })
    const seqs: number[][] = [[], []]
    const read = async (connection: Connection, into: number[]): Promise<void> => {
      for await (const event of connection) {
        into.push(event.seq)
        if (event.type === 'finish') return
      }
    }
    const first = read(one, seqs[0]!)
    await one.send('slow 20')
    const two = page(session, { carrier })
    await Promise.all([first, read(two, seqs[1]!)])
    for (const seq of seqs) expect(seq).toEqual(seq.toSorted((a, b) => a - b))
    expect(new Set(seqs[0]).size).toBe(seqs[0]!.length)
    expect(said(two)).toEqual(said(one))
  })

  test('a connection that is cut in the middle of an answer goes on from its cursor', async () => {
    const net = network()
    const one = page(`cut-${carrier}`, { carrier, ...net })
    const seen: number[] = []
    const reading = (async () => {
      for await (const event of one) {
        seen.push(event.seq)
        if (event.type === 'finish') return
      }
    })()
    await one.send('slow 60')
    await until(() => (said(one)[1]?.length ?? 0) > 20)
    net.cut()
    await until(() => one.view.status === 'waiting')
    await sleep(150)
    net.mend()
    await reading
    expect(said(one)[1]).toBe(Array.from({ length: 60 }, (_, n) => `${n} `).join(''))
    expect(new Set(seen).size).toBe(seen.length)
  })

  test('what is sent without a network arrives once, also after a reload and from two tabs', async () => {
    const session = `outbox-${carrier}`
    const net = network()
    const kept = storage()
    const one = page(session, { carrier, storage: kept, ...net })
    await one.send('hi')
    await until(() => said(one).length === 2)
    net.cut()
    await until(() => one.view.status === 'waiting')
    one.send('from the tunnel').catch(() => {})
    expect(one.view.outbox).toMatchObject([{ input: 'from the tunnel' }])
    one.close()
    expect(kept.size).toBe(1)

    const tabs = [page(session, { carrier, storage: kept }), page(session, { carrier, storage: kept })]
    for (const tab of tabs) await until(() => said(tab).includes('you said from the tunnel') && !tab.view.running)
    await until(() => kept.size === 0)
    for (const tab of tabs) expect(said(tab)).toEqual(['hi', 'you said hi', 'from the tunnel', 'you said from the tunnel'])
  })

  test('a message that is refused is told to who sent it, and waits no longer', async () => {
    const one = page(`busy-${carrier}`, { carrier })
    await one.send('slow 30')
    await until(() => one.view.status === 'live')
    await expect(one.send('too early')).rejects.toMatchObject({ code: 'session/busy' })
    expect(one.view.outbox).toEqual([])
    await one.send('later', { mode: 'queue' })
    await until(() => said(one).includes('you said later'))
  })

  test('an approval is given, an answer cancelled', async () => {
    const one = page(`approve-${carrier}`, { carrier })
    await one.send('guarded')
    await until(() => one.view.pending.length === 1)
    await one.approve(one.view.pending[0]!.id)
    await until(() => said(one).includes('done'))
    await one.send('slow 500')
    await until(() => one.view.running)
    await one.cancel()
    await until(() => !one.view.running)
  })

  test('a session of somebody else is not read; one that was erased is gone', async () => {
    const session = `mine-${carrier}`
    const one = page(session, { carrier })
    await one.send('hi')
    await until(() => said(one).length === 2)
    const other = page(session, { carrier, token: 'b' })
    await expect(other.send('let me in')).rejects.toMatchObject({ code: 'session/unknown' })
    expect(other.view.messages).toEqual([])
    const nobody = page(session, { carrier, token: 'wrong' })
    await until(() => nobody.view.status === 'refused')
    await until(() => one.view.status === 'live')
    await fetch(`${base}/agents/parrot/sessions/${session}`, { method: 'DELETE', headers: { authorization: 'Bearer a' } })
    await until(() => one.view.status === 'gone')
  })

  test('a login that has expired is asked for anew', async () => {
    const tokens = ['wrong', 'a', 'a', 'a']
    const one = page(`login-${carrier}`, { carrier, token: () => tokens.shift() ?? 'a' })
    await until(() => one.view.status === 'new')
    await one.send('hi')
    await until(() => said(one).length === 2)
  })
})

test('where no socket can be opened, the same events come by SSE', async () => {
  class Broken extends EventTarget {
    readyState = 3
    constructor() {
      super()
      setTimeout(() => this.dispatchEvent(new Event('error')), 1)
    }
    close(): void {}
  }
  const one = page('no-socket', { WebSocket: Broken as never })
  await one.send('hi')
  await until(() => said(one).length === 2)
})

test('a closed connection says so, and asks for nothing more', async () => {
  const net = network()
  const one = page('closed', net)
  await one.send('hi')
  await until(() => one.view.status === 'live')
  one.close()
  expect(one.view.status).toBe('closed')
  const before = net.sockets
  await sleep(300)
  expect(net.sockets).toBe(before)
  await expect(one.send('more')).rejects.toMatchObject({ code: 'run/cancelled' })
})
