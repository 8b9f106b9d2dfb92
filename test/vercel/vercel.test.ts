import { expect, test } from 'vitest'
import { vercel } from '../../adapters/vercel/index.ts'
import { app } from '../../src/http/app.ts'
import type { Web } from '../../src/http/web.ts'
import { agent } from '../../src/index.ts'
import { scripted } from '../../src/testing/index.ts'

const url = 'http://localhost/agents/a/runs'
const post = (): Request => new Request(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"input":"hi"}' })

test('an app is a function by its methods and by one handler', async () => {
  const web = app({ agents: { a: agent({ name: 'a', model: scripted('one', 'two') }) }, auth: 'open' })
  const { POST, GET, fetch } = vercel(web)
  expect(await (await POST(post())).json()).toMatchObject({ text: 'one' })
  expect(await (await fetch(post())).json()).toMatchObject({ text: 'two' })
  expect((await GET(new Request('http://localhost/health'))).status).toBe(200)
})

test('work after the response goes to the waitUntil that is passed in, else to that of the call, else there is none', async () => {
  const seen: unknown[] = []
  const web: Web = {
    fetch: (_request, env, late) => {
      seen.push(env)
      late?.waitUntil(Promise.resolve('work'))
      return new Response(late ? 'late' : 'no late')
    },
  }
  const to = (name: string) => (work: Promise<unknown>) => void seen.push(name, work)
  const ask = async (own: Parameters<typeof vercel>[1], call?: unknown): Promise<string> =>
    (await vercel(web, own).GET(post(), call)).text()
  expect(await ask({ waitUntil: to('mine'), env: { KEY: 'k' } }, { waitUntil: to('the call’s') })).toBe('late')
  expect(await ask({}, { waitUntil: to('the call’s') })).toBe('late')
  expect(await ask({}, { params: {} })).toBe('no late')
  expect(await ask({})).toBe('no late')
  expect(seen).toEqual([{ KEY: 'k' }, 'mine', expect.any(Promise), {}, 'the call’s', expect.any(Promise), {}, {}])
})

test('a session goes on after its reader left, where the platform waits', async () => {
  const late: Promise<unknown>[] = []
  const web = app({ agents: { a: agent({ name: 'a', model: scripted('hello') }) }, auth: 'open' })
  const { POST } = vercel(web, { waitUntil: (work) => void late.push(work) })
  await POST(new Request('http://localhost/agents/a/sessions/s/runs', post()))
  expect(late).toHaveLength(1)
  await late[0]
})
