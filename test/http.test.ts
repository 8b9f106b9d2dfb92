import { expect, test } from 'vitest'
import { z } from 'zod'
import { agent, type Event, tool } from '../src/index.ts'
import { app } from '../src/http/app.ts'
import { scripted } from '../src/testing/index.ts'

const clock = tool({ name: 'clock', description: 'Tells the time', input: z.object({ zone: z.string().optional() }), run: () => '12:00' })
const wipe = tool({ name: 'wipe', input: z.object({ path: z.string() }), approval: true, run: ({ path }) => `wiped ${path}` })
const base = 'http://localhost:8787'
const json = { 'content-type': 'application/json' }
const post = (path: string, body: unknown, headers: Record<string, string> = {}): Request =>
  new Request(base + path, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) })
const read = async (response: Response): Promise<Event[]> =>
  [...(await response.text()).matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as Event)

test('a run without a session answers JSON or events', async () => {
  const model = scripted([{ type: 'call', id: '1', name: 'clock', input: {} }], 'It is noon.', 'Hello there')
  const web = app({ agents: { helper: agent({ name: 'helper', model, tools: [clock] }) }, auth: 'open' })
  const answer = await (await web.fetch(post('/agents/helper/runs', { input: 'time?' }))).json()
  expect(answer).toMatchObject({ text: 'It is noon.', finish: 'stop', usage: { input: 2, output: 2 } })
  const events = await read(await web.fetch(post('/agents/helper/runs', { input: 'hi' }, { accept: 'text/event-stream' })))
  expect(events.map(({ type }) => type)).toEqual(['start', 'step', 'text', 'text', 'usage', 'message', 'finish'])
})

test('a session keeps its transcript, waits for approval, and goes on when it is given', async () => {
  const model = scripted('Hello!', [{ type: 'call', id: '1', name: 'wipe', input: { path: '/tmp' } }], 'Done.')
  const web = app({ agents: { helper: agent({ name: 'helper', model, tools: [wipe] }) }, auth: 'open' })
  const at = '/agents/helper/sessions/s1'
  expect((await web.fetch(new Request(base + at))).status).toBe(404)
  expect(await (await web.fetch(post(`${at}/runs`, { input: 'hi' }))).json()).toMatchObject({ text: 'Hello!' })
  const parked = await read(await web.fetch(post(`${at}/runs`, { input: 'wipe it' }, { accept: 'text/event-stream' })))
  const open = parked.find((event) => event.type === 'pending')
  expect(parked.at(-1)).toMatchObject({ type: 'finish', reason: 'pending' })
  expect(await (await web.fetch(new Request(base + at))).json()).toMatchObject({ running: false, pending: [{ kind: 'approval' }] })
  const done = await (await web.fetch(post(`${at}/pending/${open!.type === 'pending' ? open!.id : ''}`, { approve: true }))).json()
  expect(done).toMatchObject({ text: 'Done.', finish: 'stop' })
  expect((await web.fetch(post(`${at}/pending/${open!.type === 'pending' ? open!.id : ''}`, { approve: true }))).status).toBe(409)
  const state = (await (await web.fetch(new Request(base + at))).json()) as { messages: { role: string }[] }
  expect(state.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'tool', 'assistant'])
  expect((await web.fetch(new Request(base + at, { method: 'DELETE' }))).status).toBe(204)
  expect((await web.fetch(new Request(base + at))).status).toBe(404)
})
