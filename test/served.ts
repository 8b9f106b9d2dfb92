// What every platform's server must do, asked by a real client over a real connection.
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { app, bearer, localHost, type LocalSocket } from '../src/http/app.ts'
import type { Web } from '../src/http/web.ts'
import { agent, type Chunk, type Event, type Model, model, textOf, tool } from '../src/index.ts'

export interface Platform {
  serve(
    web: Web,
    options: { onError?: (error: unknown) => void; env?: object },
  ): Promise<{ port: number; close(grace?: number): Promise<void> }>
  /** What goes into `localHost`. */
  socket: LocalSocket
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !what(); tries++) await sleep(10)
  expect(what()).toBe(true)
}

let stopped = false
let said = 0
/** `slow N` says N words, one in 10 ms; `guarded` asks for a tool that needs approval; the rest is said back. */
const parrot: Model = model({ id: 'parrot', provider: 'test' }, async function* ({ messages, signal }): AsyncGenerator<Chunk> {
  const last = messages.at(-1)!
  const asked = textOf(last)
  const call = asked === 'guarded'
  signal?.addEventListener('abort', () => (stopped = true))
  if (call) yield { type: 'part', part: { type: 'call', id: 'c', name: 'guarded', input: {} } }
  else if (asked.startsWith('slow'))
    for (let n = 0; n < Number(asked.slice(5)) && !signal?.aborted; n++) {
      said++
      yield { type: 'text', delta: `${n} ` }
      await sleep(10)
    }
  else yield { type: 'text', delta: last.role === 'tool' ? 'done' : `you said ${asked}` }
  yield { type: 'finish', reason: call ? 'tools' : 'stop' }
})
const guarded = tool({ name: 'guarded', approval: true, run: () => 'guarded ran' })

/** A client of one session's socket. */
class Client {
  readonly frames: { seq?: number; event?: Event; type?: string; code?: string; run?: string }[] = []
  closed: { code: number } | undefined
  readonly socket: WebSocket
  pongs = 0
  constructor(url: string, protocols: string[] = []) {
    this.socket = new WebSocket(url.replace('http', 'ws'), protocols)
    this.socket.addEventListener('message', ({ data }) => (data === 'pong' ? this.pongs++ : this.frames.push(JSON.parse(data as string))))
    this.socket.addEventListener('close', ({ code }) => (this.closed = { code }))
    this.socket.addEventListener('error', () => (this.closed ??= { code: 1006 }))
  }
  async open(): Promise<this> {
    await until(() => this.socket.readyState === 1 || this.closed !== undefined)
    return this
  }
  say(frame: object): void {
    this.socket.send(JSON.stringify(frame))
  }
  events(): Event[] {
    return this.frames.flatMap(({ event }) => (event ? [event] : []))
  }
}

export function served(name: string, platform: () => Promise<Platform>): void {
  describe(name, { timeout: 20_000 }, () => {
    let base = ''
    let close: (grace?: number) => Promise<void>
    const told: unknown[] = []
    const tokens = {
      ada: { id: 'ada' },
      bob: { id: 'bob' },
      get brief() {
        return { id: 'brief', expires: Date.now() + 400 }
      },
    }
    let made = 0

    beforeAll(async () => {
      const { serve, socket } = await platform()
      const agents = { a: agent({ name: 'a', model: parrot, tools: [guarded] }) }
      const web = app({ agents, auth: bearer((token) => tokens[token as 'ada']), host: localHost({ socket }) })
      const fetch: Web['fetch'] = (request, env, context) => {
        const { pathname } = new URL(request.url)
        if (pathname === '/throw') throw new Error('the password is 1234')
        if (pathname === '/env') return Response.json(env)
        if (pathname === '/echo') return request.arrayBuffer().then((bytes) => new Response(String(bytes.byteLength)))
        if (pathname === '/flood')
          return new Response(
            new ReadableStream(
              {
                pull(controller) {
                  controller.enqueue(new Uint8Array(65_536))
                  if (++made === 600) controller.close()
                },
              },
              { highWaterMark: 0 },
            ),
          )
        return web.fetch(request, env, context as never)
      }
      const serving = await serve({ fetch }, { onError: (error) => told.push(error), env: { KEY: 'k' } })
      base = `http://localhost:${serving.port}`
      close = serving.close
    })
    afterAll(() => close(0))

    const post = (
      path: string,
      body: object,
      { as = 'ada', accept = 'application/json', signal }: { as?: string; accept?: string; signal?: AbortSignal } = {},
    ): Promise<Response> =>
      fetch(base + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${as}`, accept },
        body: JSON.stringify(body),
        ...(signal && { signal }),
      })
    const at = '/agents/a/sessions'
    const ticket = async (session: string, as = 'ada'): Promise<string> =>
      ((await (await post(`${at}/${session}/ticket`, { use: 'socket' }, { as })).json()) as { ticket: string }).ticket

    test('a run is answered as JSON and as events', async () => {
      expect(await (await post('/agents/a/runs', { input: 'hi' })).json()).toMatchObject({ text: 'you said hi', finish: 'stop' })
      expect(await (await post('/agents/a/runs', { input: 'hi' }, { accept: 'text/event-stream' })).text()).toContain('event: finish')
      expect((await fetch(`${base}/health`, { method: 'HEAD' })).status).toBe(200)
      expect(await (await fetch(`${base}/env`)).json()).toEqual({ KEY: 'k' })
    })

    test('a session waits for an approval and goes on', async () => {
      const parked = (await (await post(`${at}/s1/runs`, { input: 'guarded' })).json()) as { pending: { id: string }[] }
      expect(await (await post(`${at}/s1/pending/${parked.pending[0]!.id}`, { approve: true })).json()).toMatchObject({ text: 'done' })
    })

    test('a big body comes whole', async () => {
      expect(await (await fetch(`${base}/echo`, { method: 'POST', body: new Uint8Array(5_000_000) })).text()).toBe('5000000')
    })

    test('a reader that goes away stops the model at once; one that stays has the whole answer', async () => {
      for (const accept of ['text/event-stream', 'application/json']) {
        stopped = false
        expect(await (await post('/agents/a/runs', { input: 'slow 20' }, { accept })).text()).toContain('19 ')
        expect(stopped).toBe(false)
        said = 0
        const abort = new AbortController()
        const answer = post('/agents/a/runs', { input: 'slow 1000' }, { accept, signal: abort.signal }).then((response) => response.text())
        await sleep(80)
        abort.abort()
        await expect(answer).rejects.toThrow()
        await until(() => stopped)
        // it would have gone on for ten seconds
        expect(said).toBeLessThan(300)
      }
    })

    test('a session’s run outlives its reader', async () => {
      stopped = false
      const abort = new AbortController()
      const answer = post(`${at}/s2/runs`, { input: 'slow 20' }, { signal: abort.signal }).catch(() => {})
      await sleep(80)
      abort.abort()
      await answer
      await sleep(300)
      expect(stopped).toBe(false)
      const state = (await (await fetch(`${base}${at}/s2`, { headers: { authorization: 'Bearer ada' } })).json()) as object
      expect(state).toMatchObject({ running: false })
      expect(JSON.stringify(state)).toContain('19 ')
    })

    test('a reader that does not read is not written for', async () => {
      const socket = connect(Number(new URL(base).port), 'localhost')
      socket.on('error', () => {})
      await new Promise((resolve) => socket.once('connect', () => resolve(undefined)))
      socket.write('GET /flood HTTP/1.1\r\nhost: localhost\r\n\r\n')
      socket.pause()
      await sleep(500)
      const then = made
      await sleep(300)
      expect(made).toBe(then)
      expect(made).toBeLessThan(300)
      socket.on('data', () => {})
      socket.resume()
      await until(() => made === 600)
      socket.destroy()
    })

    test('an app that throws is a 500 without its words, and the developer is told', async () => {
      const response = await fetch(`${base}/throw`)
      expect(response.status).toBe(500)
      expect(await response.text()).not.toContain('1234')
      expect(told).toContainEqual(expect.objectContaining({ message: 'the password is 1234' }))
    })

    test('close waits for answers and for what goes on after them, but not for ever', async () => {
      const closing = async (ms: number, grace: number): Promise<{ done: boolean; text: string; took: number }> => {
        let done = false
        const body = (): ReadableStream<Uint8Array> =>
          new ReadableStream({
            async pull(controller) {
              await sleep(ms / 2)
              controller.enqueue(new TextEncoder().encode('whole'))
              controller.close()
            },
          })
        const fetchIt: Web['fetch'] = (_request, _env, late) => {
          late!.waitUntil(sleep(ms).then(() => (done = true)))
          return new Response(body())
        }
        const serving = await (await platform()).serve({ fetch: fetchIt }, {})
        const answer = fetch(`http://localhost:${serving.port}`).then((response) => response.text())
        const text = answer.catch(() => 'cut')
        await sleep(100)
        const began = performance.now()
        await serving.close(grace)
        const took = performance.now() - began
        await expect(fetch(`http://localhost:${serving.port}`)).rejects.toThrow()
        return { done, text: await text, took }
      }
      expect(await closing(400, 4000)).toMatchObject({ done: true, text: 'whole' })
      const cut = await closing(4000, 100)
      expect(cut).toMatchObject({ done: false, text: 'cut' })
      expect(cut.took).toBeLessThan(2000)
    })

    describe('a socket', () => {
      test('sees what was, runs, answers, and what it sees is what the journal has', async () => {
        await post(`${at}/w1/runs`, { input: 'before' })
        const client = await new Client(`${base}${at}/w1/socket`, [`edgeswarm.ticket.${await ticket('w1')}`]).open()
        client.say({ type: 'hello', after: 0 })
        client.say({ type: 'run', id: 'r1', input: 'guarded' })
        await until(() => client.events().some(({ type }) => type === 'pending'))
        const open = client.events().find((event) => event.type === 'pending')
        client.say({ type: 'answer', pending: open!.type === 'pending' && open!.id, approve: true })
        await until(() => client.events().filter((event) => event.type === 'finish').length === 3)
        client.say({ type: 'nonsense' })
        client.socket.send('ping')
        await until(() => client.pongs === 1 && client.frames.some(({ type }) => type === 'error'))
        const text = JSON.stringify(client.events())
        expect([text.includes('you said before'), text.includes('guarded ran')]).toEqual([true, true])
        expect(client.frames.find(({ type }) => type === 'accepted')).toMatchObject({ id: 'r1' })
        const seqs = client.events().map(({ seq }) => seq!)
        expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
        client.socket.close()
        await until(() => client.closed !== undefined)
      })

      test('opens by a ticket once, for its owner, and only as a socket', async () => {
        await post(`${at}/w2/runs`, { input: 'mine' })
        const secret = await ticket('w2')
        const url = `${base}${at}/w2/socket?ticket=`
        const first = await new Client(url + secret).open()
        expect(first.socket.readyState).toBe(1)
        first.socket.close()
        expect((await new Client(url + secret).open()).closed).toBeDefined()
        expect((await new Client(`${base}${at}/w2/socket`).open()).closed).toBeDefined()
        expect((await post(`${at}/w2/ticket`, { use: 'socket' }, { as: 'bob' })).status).toBe(404)
        expect((await fetch(url + (await ticket('w2')))).status).toBe(400)
      })

      test('ends with the login, with bytes, and with a session that is erased', async () => {
        await post(`${at}/w3/runs`, { input: 'brief' }, { as: 'brief' })
        const late = await new Client(`${base}${at}/w3/socket?ticket=${await ticket('w3', 'brief')}`).open()
        await until(() => late.closed !== undefined)
        expect(late.closed!.code).toBe(4401)

        await post(`${at}/w4/runs`, { input: 'x' })
        const binary = await new Client(`${base}${at}/w4/socket?ticket=${await ticket('w4')}`).open()
        binary.socket.send(new Uint8Array(3))
        await until(() => binary.closed !== undefined)
        expect(binary.closed!.code).toBe(1003)

        const erased = await new Client(`${base}${at}/w4/socket?ticket=${await ticket('w4')}`).open()
        erased.say({ type: 'hello', after: 0 })
        await until(() => erased.events().some(({ type }) => type === 'finish'))
        await fetch(`${base}${at}/w4`, { method: 'DELETE', headers: { authorization: 'Bearer ada' } })
        await until(() => erased.closed !== undefined)
        expect(erased.closed!.code).toBe(4404)
      })

      test('that asks faster than it is answered is closed', async () => {
        await post(`${at}/w5/runs`, { input: 'x' })
        const client = await new Client(`${base}${at}/w5/socket?ticket=${await ticket('w5')}`).open()
        for (let n = 0; n < 300; n++) client.say({ type: 'run', id: `${n}`, input: 'slow 20', mode: 'queue' })
        await until(() => client.closed !== undefined)
        // a client that is cut while it sends may not read why
        expect(client.frames.filter(({ type }) => type === 'accepted').length).toBeLessThan(100)
      })
    })
  })
}
