import { KitError } from '../errors.ts'
import type { Json, Usage } from '../message.ts'
import { explain } from './wire/anthropic-messages.ts'
import { countIn, defined, type Fields, fields, objects, textIn, timeIn } from './wire/fields.ts'
import { allPages, type Ask, askJson, type Service } from './wire/service.ts'

export interface AdminOptions {
  baseURL?: string
  fetch?: typeof fetch
  signal?: AbortSignal
}

/** A workspace, a member, a key: what the kit reads of it, and the provider's own record. */
export interface AdminRecord {
  id: string
  name?: string
  /** Ms since 1970. */
  createdAt?: number
  archivedAt?: number
  raw: Json
}

export interface WorkspaceMember {
  userId: string
  workspaceId: string
  role: string
}

export type WorkspaceRole = 'workspace_user' | 'workspace_developer' | 'workspace_restricted_developer' | 'workspace_admin'

export interface ReportQuery {
  /** Ms since 1970; within the last 365 days. `to` is not included, default now. */
  from: number
  to?: number
  /** Rows by minute, hour or day; default one for the whole time. */
  every?: '1m' | '1h' | '1d'
  /** e.g. `model`, `workspace_id`, `api_key_id`, `actor`, `service_tier`. */
  by?: readonly string[]
  /** Only these, by the API's own names: `{ workspace_ids: ['wrkspc_…'] }`. */
  only?: Readonly<Record<string, readonly string[]>>
}

/** One row of a report; times in ms since 1970. */
export interface ReportRow {
  from: number
  to: number
  /** What the row is of, by the names of `by`. */
  group: Readonly<Record<string, Json>>
  requests?: number
}

/**
 * The Admin API of an organisation: workspaces, members, keys, usage and cost. A tool for operators: its key can archive workspaces
 * and must never be where a model or an agent's tool can reach it. Throws a `TypeError` for a key that is none of an administrator
 * (`sk-ant-admin…`), so that one for models is not sent there by mistake. Errors: `model/*`. Lists end at 10,000.
 * @example const { workspaces } = anthropicAdmin(env.ANTHROPIC_ADMIN_KEY); await workspaces.list()
 */
export function anthropicAdmin(adminKey: string, options: AdminOptions = {}): AnthropicAdmin {
  if (typeof adminKey !== 'string' || !/^sk-ant-admin[\w-]+$/.test(adminKey))
    throw new TypeError('anthropicAdmin takes the key of an administrator, which begins with sk-ant-admin')
  const { baseURL = 'https://api.anthropic.com', fetch, signal } = options
  const service: Service = {
    provider: 'anthropic',
    baseURL: `${baseURL.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1/organizations`,
    fetch,
    explain,
    apiKey: adminKey,
    auth: (key) => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
  }
  const send = (request: Ask): Promise<Fields> => askJson(service, { ...request, options: { signal } })
  const list = (path: string, query: Ask['query'] = {}): Promise<Fields[]> =>
    allPages(async (after_id) => {
      const body = await send({ path, query: { limit: 1000, ...query, after_id } })
      const next = body.has_more === true ? textIn(body.last_id) : undefined
      return { items: objects(body.data), ...(next !== undefined && { next }) }
    })
  const report = (path: string, query: ReportQuery): Promise<Fields[]> =>
    allPages(async (page) => {
      const body = await send({
        path: `${path}?${queryOf(query)}`,
        query: { page },
        headers: { 'anthropic-beta': 'analytics-usage-cost-2026-08-24' },
      })
      const next = body.has_more === false ? undefined : textIn(body.next_page)
      return { items: objects(body.data), ...(next !== undefined && { next }) }
    })
  return {
    workspaces: {
      list: async ({ archived } = {}) =>
        (await list('/workspaces', { include_archived: archived ? 'true' : undefined })).map((workspace) => recordIn(workspace)),
      get: async (id) => recordIn(await send({ path: at('/workspaces', id) })),
      create: async (name, more) => recordIn(await send({ path: '/workspaces', json: { ...more, name } })),
      archive: async (id) => recordIn(await send({ method: 'POST', path: `${at('/workspaces', id)}/archive` })),
      members: async (id) => (await list(`${at('/workspaces', id)}/members`)).map(memberIn),
      add: async (id, userId, role) =>
        memberIn(await send({ path: `${at('/workspaces', id)}/members`, json: { user_id: userId, workspace_role: role } })),
      async remove(id, userId) {
        await send({ method: 'DELETE', path: at(`${at('/workspaces', id)}/members`, userId) })
      },
    },
    members: {
      list: async () => (await list('/users')).map(recordIn),
      get: async (id) => recordIn(await send({ path: at('/users', id) })),
    },
    keys: {
      list: async ({ workspace, status } = {}) => (await list('/api_keys', { workspace_id: workspace, status })).map(recordIn),
      get: async (id) => recordIn(await send({ path: at('/api_keys', id) })),
      update: async (id, { name, status }) => recordIn(await send({ path: at('/api_keys', id), json: { name, status } })),
    },
    usage: async (query) => (await report('/analytics/usage', query)).map((row) => ({ ...rowIn(row, 'usage'), usage: usageIn(row.usage) })),
    cost: async (query) => (await report('/analytics/cost', query)).map((row) => ({ ...rowIn(row, 'cost'), ...costIn(row.cost) })),
  }
}

export interface AnthropicAdmin {
  workspaces: {
    list(options?: { archived?: boolean }): Promise<AdminRecord[]>
    get(id: string): Promise<AdminRecord>
    /** `fields` are the API's own, e.g. `{ tags: { team: 'a' } }`. */
    create(name: string, fields?: Readonly<Record<string, unknown>>): Promise<AdminRecord>
    /** For good: its keys stop working. */
    archive(id: string): Promise<AdminRecord>
    members(id: string): Promise<WorkspaceMember[]>
    add(id: string, userId: string, role: WorkspaceRole): Promise<WorkspaceMember>
    remove(id: string, userId: string): Promise<void>
  }
  /** Of the organisation; `raw` has the address and the role. */
  members: { list(): Promise<AdminRecord[]>; get(id: string): Promise<AdminRecord> }
  /** Keys are listed without their secret, and can be made in the vendor's console only. */
  keys: {
    list(options?: { workspace?: string; status?: 'active' | 'inactive' | 'archived' | 'expired' }): Promise<AdminRecord[]>
    get(id: string): Promise<AdminRecord>
    update(id: string, change: { name?: string; status?: 'active' | 'inactive' | 'archived' }): Promise<AdminRecord>
  }
  /** Tokens of all requests (Usage and Cost Analytics API, beta of August 2026). */
  usage(query: ReportQuery): Promise<(ReportRow & { usage: Usage })[]>
  /** What they cost, after discounts and before credits, and by the price list; in US dollars. */
  cost(query: ReportQuery): Promise<(ReportRow & { usd: number; listUsd?: number })[]>
}

const at = (path: string, id: string): string => `${path}/${encodeURIComponent(id)}`

function queryOf({ from, to, every, by = [], only = {} }: ReportQuery): string {
  const query = new URLSearchParams({ starting_at: new Date(from).toISOString(), limit: '1000' })
  if (to !== undefined) query.set('ending_at', new Date(to).toISOString())
  if (every) query.set('time_bucket_width', every)
  for (const name of by) query.append('group_by[]', name)
  for (const [name, values] of Object.entries(only)) for (const value of values) query.append(`${name}[]`, value)
  return query.toString()
}

const garbled = (what: string): KitError =>
  new KitError('model/garbled', `anthropic sent ${what} that cannot be read`, { provider: 'anthropic' })

function recordIn(raw: Fields): AdminRecord {
  const id = textIn(raw.id)
  if (id === undefined) throw garbled('a record')
  const more = { name: textIn(raw.name), createdAt: timeIn(raw.created_at ?? raw.added_at), archivedAt: timeIn(raw.archived_at) }
  return { id, ...defined(more), raw: raw as Json }
}

function memberIn({ user_id, workspace_id, workspace_role }: Fields): WorkspaceMember {
  const [userId, workspaceId, role] = [textIn(user_id), textIn(workspace_id), textIn(workspace_role)]
  if (userId === undefined || workspaceId === undefined || role === undefined) throw garbled('a member')
  return { userId, workspaceId, role }
}

function rowIn(row: Fields, kind: 'usage' | 'cost'): ReportRow {
  const [from, to] = [timeIn(row.starting_at), timeIn(row.ending_at)]
  if (from === undefined || to === undefined) throw garbled('a row')
  return {
    from,
    to,
    group: defined(fields(row.group)) as Record<string, Json>,
    ...defined({ requests: countIn(fields(row[kind]).requests) }),
  }
}

function usageIn(raw: unknown): Usage {
  const { uncached_input_tokens, cache_read_input_tokens, output_tokens, cache_creation } = fields(raw)
  const { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long } = fields(cache_creation)
  const cacheRead = countIn(cache_read_input_tokens) ?? 0
  const cacheWrite = (countIn(short) ?? 0) + (countIn(long) ?? 0)
  return {
    input: (countIn(uncached_input_tokens) ?? 0) + cacheRead + cacheWrite,
    output: countIn(output_tokens) ?? 0,
    cacheRead,
    cacheWrite,
  }
}

/** The API tells decimals of cents, as text. */
function costIn(raw: unknown): { usd: number; listUsd?: number } {
  const { amount, list_amount, currency } = fields(raw)
  const [usd, listUsd] = [amount, list_amount].map((cents) => (textIn(cents) === undefined ? NaN : Number(cents) / 100))
  if (currency !== 'USD' || !Number.isFinite(usd)) throw garbled('an amount')
  return { usd: usd!, ...(Number.isFinite(listUsd) && { listUsd: listUsd! }) }
}
