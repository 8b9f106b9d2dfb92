// Sockets of a Durable Object, as a browser and as a stranger would use them.
import { env, exports } from 'cloudflare:workers'
import { evictDurableObject } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import type { SessionBindings } from '../../adapters/cloudflare/index.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- frames of a service are looked at freely
type Fields = Record<string, any>

const { SESSIONS } = env as unknown as SessionBindings
const worker = (exports as unknown as { default: Pick<Fetcher, 'fetch'> }).default
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The answer, read to its end: an unread body keeps its object awake. */
async function ask(path: string, body?: unknown, as = 'ada'): Promise<Fields> {
  const response = await worker.fetch(`http://localhost/agents/helper/sessions/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${as}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return response.json()
}
const upgrade = (session: string, headers: Record<string, string>): Promise<Response> =>
  worker.fetch(`http://localhost/agents/helper/sessions/${session}/socket`, { headers: { upgrade: 'websocket', ...headers } })

/** A connected client that remembers its frames. */
async function connect(session: string, as = 'ada') {
  const response = await upgrade(session, { authorization: `Bearer ${as}` })
  expect(response.status).toBe(101)
  return client(response)
}

function client(response: Response) {
  const socket = response.webSocket!
  const frames: Fields[] = []
  const raw: string[] = []
  let closed: CloseEvent | undefined
  socket.addEventListener('message', ({ data }) => {
    raw.push(data as string)
    if (data !== 'pong') frames.push(JSON.parse(data as string) as Fields)
  })
  socket.addEventListener('close', (event) => {
    closed = event
  })
  socket.accept()
  const until = async (found: () => unknown): Promise<void> => {
    for (let tries = 0; !found(); tries++) {
      if (tries > 300) throw new Error(`it does not come: ${JSON.stringify(frames.slice(-5))}`)
      await sleep(10)
    }
  }
  return {
    socket,
    frames,
    raw,
    send: (frame: unknown) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    event: (type: string) => until(() => frames.some(({ event }) => event?.type === type)),
    until,
    closedWith: async () => {
      await until(() => closed)
      return closed!.code
    },
  }
}

describe('a socket', () => {
  test('replays from a cursor, submits, and shows what happens as it happens', async () => {
    await ask('replay/runs', { input: 'hello' })
    const { socket, frames, send, event, until } = await connect('replay')
    send({ type: 'hello', after: 0 })
    await event('finish')
    expect(frames.map(({ seq }) => seq)).toEqual(frames.map(({ seq }) => seq).toSorted((a, b) => a - b))
    expect(frames[0]!.event).toMatchObject({ type: 'start' })
    expect(JSON.stringify(frames)).not.toContain('"request"')
    const before = frames.length
    send({ type: 'run', id: 'op1', input: 'slow 20' })
    await until(() => frames.slice(before).some(({ event }) => event?.type === 'finish'))
    expect(frames.some(({ type, id }) => type === 'accepted' && id === 'op1')).toBe(true)
    expect(frames.slice(before).filter(({ event }) => event?.type === 'text').length).toBe(20)
    // the same operation again is the same run
    send({ type: 'run', id: 'op1', input: 'slow 20' })
    await until(() => frames.filter(({ type }) => type === 'accepted').length === 2)
    expect(new Set(frames.filter(({ type }) => type === 'accepted').map(({ run }) => run)).size).toBe(1)
    send({ type: 'run', id: 'op1', input: 'something else' })
    await until(() => frames.some(({ code }) => code === 'idempotency/mismatch'))
    socket.close()
  })
  test('a second hello begins again from its own cursor and nothing comes twice', async () => {
    await ask('again/runs', { input: 'hello' })
    const { socket, frames, send, event, until } = await connect('again')
    send({ type: 'hello', after: 0 })
    await event('finish')
    const head = frames.at(-1)!.seq as number
    send({ type: 'hello', after: head })
    send({ type: 'hello', after: head })
    send({ type: 'run', id: 'x', input: 'hi' })
    await until(() => frames.filter(({ event }) => event?.type === 'finish').length === 2)
    await sleep(50)
    const seqs = frames.flatMap(({ seq }) => seq ?? [])
    expect(new Set(seqs).size).toBe(seqs.length)
    socket.close()
  })
  test('cancels a running turn', async () => {
    await ask('cancelled/runs', { input: 'hello' })
    const { socket, send, event, until, frames } = await connect('cancelled')
    send({ type: 'hello', after: 3 })
    send({ type: 'run', id: 'x', input: 'slow 2000' })
    await until(() => frames.some(({ event }) => event?.delta === 'word3 '))
    send({ type: 'cancel' })
    await until(() => frames.some(({ event }) => event?.reason === 'cancelled'))
    await event('message')
    expect(JSON.stringify(frames.findLast(({ event }) => event?.type === 'message'))).toContain('word1 ')
    socket.close()
  })
  test('answers an approval once', async () => {
    const parked = await ask('approve/runs', { input: 'call guarded' })
    const { socket, send, until, frames } = await connect('approve')
    send({ type: 'hello', after: 0 })
    const pending = parked.pending[0].id
    send({ type: 'answer', pending, approve: 'yes' })
    await until(() => frames.some(({ code }) => code === 'request/invalid'))
    send({ type: 'answer', pending, approve: true })
    await until(() => frames.some(({ event }) => event?.type === 'finish' && event.reason === 'stop'))
    expect(JSON.stringify(frames)).toContain('guarded ran')
    send({ type: 'answer', pending, approve: true })
    await until(() => frames.some(({ code }) => code === 'pending/stale'))
    socket.close()
  })
  test('a heartbeat is answered without waking anybody', async () => {
    await ask('ping/runs', { input: 'hello' })
    const { socket, raw, send, until } = await connect('ping')
    send('ping')
    await until(() => raw.includes('pong'))
    socket.close()
  })
  test('that slept while its object was away goes on where its last turn ended', async () => {
    await ask('sleeps/runs', { input: 'hello' })
    const { socket, frames, send, event, until } = await connect('sleeps')
    send({ type: 'hello', after: 0 })
    await event('finish')
    await evictDurableObject(SESSIONS.getByName('session/helper/sleeps') as never)
    await ask('sleeps/runs', { input: 'after the nap' })
    await until(() => JSON.stringify(frames).includes('You said: after the nap'))
    const seqs = frames.flatMap(({ seq }) => seq ?? [])
    expect(new Set(seqs).size).toBe(seqs.length)
    socket.close()
  })
})

describe('a socket refuses', () => {
  test('wrong frames, by a frame that says so, and stays open', async () => {
    await ask('wrong/runs', { input: 'hello' })
    const { socket, frames, send, until, event } = await connect('wrong')
    for (const frame of [
      'not json',
      '[1]',
      '{"type":"dance"}',
      '{"type":"__proto__"}',
      '{"type":"hello","after":"x"}',
      '{"type":"run","id":"1"}',
    ])
      send(frame)
    await until(() => frames.length === 6)
    expect(frames.map(({ type, code }) => `${type} ${code}`)).toEqual(Array.from({ length: 6 }, () => 'error request/invalid'))
    send({ type: 'hello', after: 0 })
    await event('finish')
    socket.close()
  })
  test('a cursor beyond the head', async () => {
    await ask('beyond/runs', { input: 'hello' })
    const { send, closedWith } = await connect('beyond')
    send({ type: 'hello', after: 10_000 })
    expect(await closedWith()).toBe(4400)
  })
  test('what a principal may not do, frame by frame', async () => {
    await ask('rights/runs', { input: 'hello' })
    const { socket, frames, send, event, until } = await connect('rights', 'ada-reader')
    send({ type: 'hello', after: 0 })
    await event('finish')
    send({ type: 'run', id: '1', input: 'hi' })
    send({ type: 'cancel' })
    await until(() => frames.filter(({ code }) => code === 'auth/denied').length === 2)
    socket.close()
  })
  test('a login that has ended, at the next frame and at the next event', async () => {
    await ask('expiry/runs', { input: 'hello' })
    const speaker = await connect('expiry', `ada-until-${Date.now() + 400}`)
    const listener = await connect('expiry', `ada-until-${Date.now() + 400}`)
    listener.send({ type: 'hello', after: 0 })
    await listener.event('finish')
    await sleep(500)
    speaker.send({ type: 'ack', seq: 1 })
    expect(await speaker.closedWith()).toBe(4401)
    const before = listener.frames.length
    await ask('expiry/runs', { input: 'secret' })
    expect(await listener.closedWith()).toBe(4401)
    expect(listener.frames.length).toBe(before)
  })
  test('strangers, foreign pages, and a ticket that was used, or is for another use', async () => {
    await ask('mine/runs', { input: 'hello' })
    expect((await upgrade('mine', {})).status).toBe(401)
    expect((await upgrade('mine', { authorization: 'Bearer bob' })).status).toBe(404)
    expect((await upgrade('mine', { authorization: 'Bearer ada', origin: 'https://evil.example' })).status).toBe(403)
    const friend = await upgrade('mine', { authorization: 'Bearer ada', origin: 'https://friend.example' })
    expect(friend.status).toBe(101)
    client(friend).socket.close()
    const ticket = async (use: string): Promise<string> => (await ask('mine/ticket', { use })).ticket
    const secret = await ticket('socket')
    const protocol = { 'sec-websocket-protocol': `edgeswarm.ticket.${secret}` }
    const response = await upgrade('mine', protocol)
    expect(response.status).toBe(101)
    expect(response.headers.get('sec-websocket-protocol')).toBe(`edgeswarm.ticket.${secret}`)
    const { socket, send, event } = client(response)
    send({ type: 'hello', after: 0 })
    await event('finish')
    socket.close()
    expect((await upgrade('mine', protocol)).status).toBe(401)
    expect((await upgrade('mine', { 'sec-websocket-protocol': `edgeswarm.ticket.${await ticket('events')}` })).status).toBe(401)
  })
  test('to stay when its session is erased', async () => {
    await ask('erased/runs', { input: 'hello' })
    const { send, event, closedWith } = await connect('erased')
    send({ type: 'hello', after: 0 })
    await event('finish')
    await worker.fetch('http://localhost/agents/helper/sessions/erased', { method: 'DELETE', headers: { authorization: 'Bearer ada' } })
    expect(await closedWith()).toBe(4404)
  })
})
