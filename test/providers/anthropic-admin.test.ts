// The ops module: which key it takes, what it asks, and what it reads.
import { describe, expect, test } from 'vitest'
import { anthropicAdmin, type AnthropicAdmin } from '../../src/providers/anthropic-admin.ts'
import { type Fake, type Fields, serving } from './anthropic-fake.ts'

const key = 'sk-ant-admin01-abc_DEF-9'
const admin = ({ fetch }: Pick<Fake, 'fetch'>, more: object = {}): AnthropicAdmin => anthropicAdmin(key, { fetch, ...more })
const asked = ({ sent }: Fake): string[] => sent.map(({ method, url }) => `${method} ${url.replace('https://api.anthropic.com', '')}`)
const page = (data: readonly Fields[], more: Fields = {}): Fields => ({ data, has_more: false, ...more })

describe('the key', () => {
  test.each([
    '',
    'sk-ant-api03-abc',
    'sk-ant-admin',
    ' sk-ant-admin01-a',
    'sk-ant-admin01-a\nx',
    'Bearer sk-ant-admin01-a',
    undefined,
    null,
    7,
  ])('%j is refused before anything is sent, and not repeated', (bad) => {
    const fake = serving({})
    const refused = (): unknown => anthropicAdmin(bad as string, { fetch: fake.fetch })
    expect(refused).toThrow(TypeError)
    expect(refused).toThrow('anthropicAdmin takes the key of an administrator, which begins with sk-ant-admin')
    expect(fake.sent).toEqual([])
  })

  test('one of an administrator goes with each request, and only to the address of the API', async () => {
    const fake = serving(page([]))
    await admin(fake, { baseURL: 'https://proxy.test/v1/' }).workspaces.list()
    expect(fake.sent[0]!.headers).toMatchObject({ 'x-api-key': key, 'anthropic-version': '2023-06-01' })
    expect(fake.sent[0]!.url).toBe('https://proxy.test/v1/organizations/workspaces?limit=1000')
  })
})

describe('workspaces, members and keys', () => {
  const workspace = { id: 'wrkspc_1', name: 'Prod', created_at: '2026-01-01T00:00:00Z', archived_at: null, display_color: '#fff' }

  test('workspaces are listed page by page, read, made and archived', async () => {
    const fake = serving(
      page([workspace], { has_more: true, last_id: 'wrkspc_1' }),
      page([{ ...workspace, id: 'wrkspc_2', archived_at: '2026-02-01T00:00:00Z' }]),
      workspace,
    )
    const { workspaces } = admin(fake)
    expect(await workspaces.list({ archived: true })).toMatchObject([
      { id: 'wrkspc_1', name: 'Prod', createdAt: Date.parse('2026-01-01'), raw: { display_color: '#fff' } },
      { id: 'wrkspc_2', archivedAt: Date.parse('2026-02-01') },
    ])
    await workspaces.get('wrkspc/1')
    await workspaces.create('New', { tags: { team: 'a' }, name: 'not this' })
    await workspaces.archive('wrkspc_1')
    expect(asked(fake)).toEqual([
      'GET /v1/organizations/workspaces?limit=1000&include_archived=true',
      'GET /v1/organizations/workspaces?limit=1000&include_archived=true&after_id=wrkspc_1',
      'GET /v1/organizations/workspaces/wrkspc%2F1',
      'POST /v1/organizations/workspaces',
      'POST /v1/organizations/workspaces/wrkspc_1/archive',
    ])
    expect(fake.sent[3]!.body).toEqual({ tags: { team: 'a' }, name: 'New' })
  })

  test('who works in one', async () => {
    const member = { type: 'workspace_member', user_id: 'user_1', workspace_id: 'wrkspc_1', workspace_role: 'workspace_user' }
    const fake = serving(page([member]), member, {})
    const { workspaces } = admin(fake)
    const expected = { userId: 'user_1', workspaceId: 'wrkspc_1', role: 'workspace_user' }
    expect(await workspaces.members('wrkspc_1')).toEqual([expected])
    expect(await workspaces.add('wrkspc_1', 'user_1', 'workspace_user')).toEqual(expected)
    await workspaces.remove('wrkspc_1', 'user_1')
    expect(fake.sent[1]!.body).toEqual({ user_id: 'user_1', workspace_role: 'workspace_user' })
    expect(asked(fake)).toEqual([
      'GET /v1/organizations/workspaces/wrkspc_1/members?limit=1000',
      'POST /v1/organizations/workspaces/wrkspc_1/members',
      'DELETE /v1/organizations/workspaces/wrkspc_1/members/user_1',
    ])
  })

  test('members of the organisation, and keys without their secrets', async () => {
    const fake = serving(page([{ id: 'user_1', name: 'Ann', added_at: '2026-01-01T00:00:00Z', email: 'a@x' }]), { id: 'user_1' })
    expect(await admin(fake).members.list()).toMatchObject([
      { id: 'user_1', name: 'Ann', createdAt: Date.parse('2026-01-01'), raw: { email: 'a@x' } },
    ])
    await admin(fake).members.get('user_1')
    const keys = serving(page([{ id: 'apikey_1', name: 'ci', status: 'active', partial_key_hint: 'sk-ant-…x' }]), {
      id: 'apikey_1',
      status: 'inactive',
    })
    expect(await admin(keys).keys.list({ workspace: 'wrkspc_1', status: 'active' })).toMatchObject([
      { id: 'apikey_1', raw: { status: 'active' } },
    ])
    await admin(keys).keys.get('apikey_1')
    await admin(keys).keys.update('apikey_1', { status: 'inactive' })
    expect([...asked(fake), ...asked(keys)]).toEqual([
      'GET /v1/organizations/users?limit=1000',
      'GET /v1/organizations/users/user_1',
      'GET /v1/organizations/api_keys?limit=1000&workspace_id=wrkspc_1&status=active',
      'GET /v1/organizations/api_keys/apikey_1',
      'POST /v1/organizations/api_keys/apikey_1',
    ])
    expect(keys.sent[2]!.body).toEqual({ status: 'inactive' })
  })
})

describe('reports', () => {
  const times = { starting_at: '2026-11-01T00:00:00Z', ending_at: '2026-11-02T00:00:00Z' }
  const [from, to] = [Date.parse(times.starting_at), Date.parse(times.ending_at)]

  test('usage: rows of what was asked, cache inside of the input, page by page', async () => {
    const usage = {
      uncached_input_tokens: 10,
      cache_read_input_tokens: 100,
      cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 },
      output_tokens: 7,
      requests: 2,
    }
    const row = { ...times, group: { model: 'claude-x', workspace_id: null }, usage }
    const fake = serving(
      page([row], { has_more: true, next_page: 'p2' }),
      page([{ ...row, usage: { requests: null } }], { next_page: 'p3' }),
    )
    expect(await admin(fake).usage({ from, to, every: '1d', by: ['model', 'workspace_id'], only: { models: ['a', 'b'] } })).toEqual([
      { from, to, group: { model: 'claude-x' }, requests: 2, usage: { input: 117, output: 7, cacheRead: 100, cacheWrite: 7 } },
      { from, to, group: { model: 'claude-x' }, usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 } },
    ])
    const [first, second] = fake.sent.map(({ url }) => new URL(url))
    expect(first!.pathname).toBe('/v1/organizations/analytics/usage')
    expect([...first!.searchParams]).toEqual([
      ['starting_at', '2026-11-01T00:00:00.000Z'],
      ['limit', '1000'],
      ['ending_at', '2026-11-02T00:00:00.000Z'],
      ['time_bucket_width', '1d'],
      ['group_by[]', 'model'],
      ['group_by[]', 'workspace_id'],
      ['models[]', 'a'],
      ['models[]', 'b'],
    ])
    expect(second!.searchParams.get('page')).toBe('p2')
    expect(fake.sent[0]!.headers['anthropic-beta']).toBe('analytics-usage-cost-2026-08-24')
    expect(fake.sent).toHaveLength(2)
  })

  test('cost: cents as the API tells them, in dollars', async () => {
    const cost = { amount: '1234.5678', list_amount: '2000', currency: 'USD', requests: 3 }
    const fake = serving(page([{ ...times, group: {}, cost }]))
    expect(await admin(fake).cost({ from })).toEqual([{ from, to, group: {}, requests: 3, usd: 12.345678, listUsd: 20 }])
    expect(asked(fake)).toEqual(['GET /v1/organizations/analytics/cost?starting_at=2026-11-01T00%3A00%3A00.000Z&limit=1000'])
  })

  test('what cannot be read is garbled: an amount of another money is not one in dollars', async () => {
    const garbled = { code: 'model/garbled' }
    const cost = (more: Fields): Promise<unknown> => admin(serving(page([{ ...times, group: {}, cost: more }]))).cost({ from })
    for (const more of [
      {},
      { amount: '1', currency: 'EUR' },
      { amount: 'x', currency: 'USD' },
      { amount: 1, currency: 'USD' },
      { amount: '', currency: 'USD' },
    ])
      await expect(cost(more), JSON.stringify(more)).rejects.toMatchObject(garbled)
    await expect(admin(serving(page([{ group: {}, usage: {} }]))).usage({ from })).rejects.toMatchObject(garbled)
    await expect(admin(serving({ name: 'no id' })).workspaces.get('x')).rejects.toMatchObject(garbled)
    await expect(admin(serving(page([{ user_id: 'x' }]))).workspaces.members('x')).rejects.toMatchObject(garbled)
    await expect(admin(serving(new Response('<html>'))).workspaces.list()).rejects.toMatchObject(garbled)
  })
})

test('a refusal has its code, and an abort its reason', async () => {
  const refusal = (status: number, type: string): Response =>
    new Response(JSON.stringify({ type: 'error', error: { type, message: `secret ${key}` } }), { status })
  for (const [status, type, code] of [
    [401, 'authentication_error', 'model/auth'],
    [403, 'permission_error', 'model/auth'],
    [404, 'not_found_error', 'model/unknown'],
    [429, 'rate_limit_error', 'model/rate'],
    [500, 'api_error', 'model/http'],
  ] as const) {
    const error = (await admin(serving(refusal(status, type)))
      .workspaces.list()
      .catch((thrown: unknown) => thrown)) as Error
    expect(error).toMatchObject({ code, status })
    expect(error.message).not.toContain('secret')
  }
  const reason = new Error('enough')
  const fetch: typeof globalThis.fetch = async (_url, init) => {
    init!.signal!.throwIfAborted()
    return Response.json(page([]))
  }
  await expect(admin({ fetch }, { signal: AbortSignal.abort(reason) }).workspaces.list()).rejects.toBe(reason)
  expect(await admin({ fetch }, { signal: new AbortController().signal }).workspaces.list()).toEqual([])
})
