import { env, exports } from 'cloudflare:workers'
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import type { SessionBindings } from '../../adapters/cloudflare/index.ts'

const { SESSIONS } = env as unknown as SessionBindings
const worker = (exports as unknown as { default: Pick<Fetcher, 'fetch'> }).default

const ask = (path: string, { as = 'ada', body, method }: { as?: string; body?: unknown; method?: string } = {}): Promise<Response> =>
  worker.fetch(`http://localhost/agents/helper/sessions${path}`, {
    method: method ?? (body ? 'POST' : 'GET'),
    headers: { authorization: `Bearer ${as}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })

describe('a session in a Durable Object', () => {
  test('answers, waits for an approval, goes on, and is gone when erased', async () => {
    expect(await (await ask('/s1/runs', { body: { input: 'hello' } })).json()).toMatchObject({ text: 'You said: hello', finish: 'stop' })
    const parked = (await (await ask('/s1/runs', { body: { input: 'call guarded' } })).json()) as { pending: { id: string }[] }
    expect(parked).toMatchObject({ finish: 'pending' })
    expect(await (await ask(`/s1/pending/${parked.pending[0]!.id}`, { body: { approve: true } })).json()).toMatchObject({
      text: 'All done.',
    })
    expect((await ask('/s1', { method: 'DELETE' })).status).toBe(204)
    expect((await ask('/s1')).status).toBe(404)
  })

  test('is in the list of its owner only', async () => {
    await ask('/mine/runs', { body: { input: 'hello' } })
    const sessions = async (as: string): Promise<unknown[]> => ((await (await ask('', { as })).json()) as { sessions: unknown[] }).sessions
    expect(await sessions('ada')).toContainEqual(expect.objectContaining({ session: 'mine', running: false }))
    expect(await sessions('bob')).not.toContainEqual(expect.objectContaining({ session: 'mine' }))
    expect((await ask('/mine', { as: 'bob' })).status).toBe(404)
  })

  test('keeps what waits when its alarm comes early', async () => {
    await ask('/late/runs', { body: { input: 'call guarded' } })
    const stub = SESSIONS.getByName('session/helper/late')
    expect(await runInDurableObject(stub as never, (_, state) => state.storage.getAlarm())).toBeGreaterThan(Date.now())
    expect(await runDurableObjectAlarm(stub as never)).toBe(true)
    expect(await (await ask('/late')).json()).toMatchObject({ pending: [{ kind: 'approval' }] })
  })

  test('takes no fork into a session that is there, and none of its media', async () => {
    const data = 'A'.repeat(80_000)
    await ask('/full/runs', { body: { input: [{ type: 'media', mime: 'image/png', data }] } })
    await ask('/taken/runs', { as: 'bob', body: { input: 'hello' } })
    const media = (id: string): Promise<number> =>
      runInDurableObject(
        SESSIONS.getByName(`session/helper/${id}`) as never,
        (_, state) => [...state.storage.sql.exec('SELECT hash FROM media')].length,
      )
    const forked = await ask('/full/fork', { body: { session: 'taken' } })
    expect([forked.status, await media('taken')]).toEqual([409, 0])
    expect((await ask('/full/fork', { body: { session: 'free' } })).status).toBe(201)
    expect(await media('free')).toBe(1)
  })
  test('holds requests to the limits of the app', async () => {
    expect((await ask('/limits/runs', { body: { input: 'x'.repeat(1_000_001) } })).status).toBe(413)
    expect((await ask('/limits/runs', { body: { input: 'x' } })).status).toBe(200)
  })
})
