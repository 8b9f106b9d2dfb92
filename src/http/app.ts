import { Hono } from 'hono/tiny'
import { follow, report } from '../abort.ts'
import type { Agent } from '../agent.ts'
import { sha256 } from '../blobs.ts'
import { canonical } from '../canonical.ts'
import type { Context, Principal } from '../context.ts'
import { KitError } from '../errors.ts'
import type { Event } from '../event.ts'
import { through } from '../ready.ts'
import { stream } from '../run.ts'
import { memoryStore, type Store } from '../store.ts'
import { clientTools } from '../tool.ts'
import { type Access, anonymous, type Auth, hasExpired, requireLoopback, requireOrigin } from './auth.ts'
import { type BodyLimits, readJson } from './body.ts'
import { localHost, type SessionHost } from './host.ts'
import { clientRequest } from './input.ts'
import { must, problem } from './problem.ts'
import { project, type View, viewOf } from './project.ts'
import { answerOf, sessionId } from './session-routes.ts'

export { type Access, type Auth, bearer } from './auth.ts'
export { localHost, type LocalHostOptions, type LocalSocket, type SessionAddress, type SessionHost, type SessionList } from './host.ts'
export { problem } from './problem.ts'
export { sessionRoute, type SessionRoute } from './session-routes.ts'
export { type SessionSocket, sessionSocket, type SocketLike, type SocketOptions } from './socket.ts'

/** Agents that depend on the platform's bindings (keys, databases) are made per request by a function of them. */
export type Agents<Env> = Readonly<Record<string, Agent>> | ((env: Env) => Readonly<Record<string, Agent>>)

export interface AppOptions<Env = unknown> {
  agents: Agents<Env>
  /** Who is asking; `'open'` means anyone on this machine. */
  auth: Auth | 'open'
  /** `'public'` lets open mode answer to any host name. */
  open?: 'public'
  access?: Access
  /** Where sessions live; default in this process, in memory. */
  host?: SessionHost
  /** For idempotency keys of runs without a session; default in memory. */
  store?: Store
  /** Origins of other pages that may call; default none. */
  origins?: readonly string[]
  limits?: BodyLimits
  /** Answers `GET /`. */
  page?: (request: Request) => Response | Promise<Response>
  version?: string
  onError?: Context['onError']
}

/**
 * The HTTP surface of some agents as a Hono app: mount it anywhere, or export it as a Worker. Errors are
 * `application/problem+json`. Throws a `TypeError` when `auth` is missing: an open service is said, never assumed.
 * @example export default app({ agents: { support }, auth: 'open' })
 */
export function app<Env extends object = object>(options: AppOptions<Env>): Hono<{ Bindings: Env }> {
  const { auth, origins = [], host = localHost(), store = memoryStore(), limits, page } = options
  if (auth !== 'open' && typeof auth !== 'function') throw new TypeError("app: say who may call: auth: 'open', or a function")
  const agentsOf = (env: Env): Readonly<Record<string, Agent>> =>
    typeof options.agents === 'function' ? options.agents(env) : options.agents
  const routes = new Hono<{ Bindings: Env; Variables: { principal: Principal | undefined } }>()

  routes.onError((error, { req }) => {
    if (!(error instanceof KitError)) report(options as Pick<Context, 'onError'>, error, { at: `${req.method} ${req.path}` })
    return problem(error)
  })
  routes.notFound(() => problem(new KitError('request/not-found', 'there is no such route')))

  routes.use(async (c, next) => {
    const { raw } = c.req
    if (auth === 'open' && options.open !== 'public') requireLoopback(raw)
    requireOrigin(raw, origins)
    const origin = raw.headers.get('origin')
    const cors = origin !== null && origins.includes(origin)
    if (cors && raw.method === 'OPTIONS') return new Response(null, { status: 204, headers: corsHeaders(origin) })
    await next()
    // a socket's answer cannot be made anew, and browsers ask nothing of it
    if (cors && c.res.status !== 101) for (const [name, value] of Object.entries(corsHeaders(origin))) c.header(name, value)
    return undefined
  })

  if (page) routes.get('/', (c) => page(c.req.raw))
  routes.get('/health', (c) => c.json({ status: 'ok', version: options.version ?? '0.1.0', agents: Object.keys(agentsOf(c.env)).length }))

  routes.use('/agents/*', async (c, next) => {
    const principal = auth === 'open' ? anonymous : await auth(c.req.raw, c.env)
    if (principal && hasExpired(principal)) throw new KitError('auth/missing', 'this login has expired')
    // a ticket stands for the login where browsers can send none; the session checks it
    if (!principal && !hasTicket(c.req.raw)) throw new KitError('auth/missing', 'who are you?')
    c.set('principal', principal)
    await next()
  })
  const known = (principal: Principal | undefined): Principal => {
    if (!principal) throw new KitError('auth/missing', 'who are you?')
    return principal
  }
  const may = async (principal: Principal | undefined, agent: string, action: string, session?: string): Promise<void> => {
    if (principal && options.access && !(await options.access(principal, { agent, action, session }))) {
      throw new KitError('auth/denied', 'this is not allowed')
    }
  }
  const find = (env: Env, name: string): Agent => {
    const agents = agentsOf(env)
    const agent = Object.hasOwn(agents, name) ? agents[name] : undefined
    if (!agent) throw new KitError('agent/unknown', `there is no agent named ${name.slice(0, 64)}`)
    return agent
  }

  routes.get('/agents', async (c) => {
    known(c.var.principal)
    const shown = []
    for (const agent of Object.values(agentsOf(c.env))) {
      const denied = options.access && !(await options.access(c.var.principal!, { agent: agent.name, action: 'read' }))
      if (!denied) shown.push(describe(agent))
    }
    return c.json({ agents: shown })
  })
  routes.get('/agents/:agent', async (c) => {
    known(c.var.principal)
    const agent = find(c.env, c.req.param('agent'))
    await may(c.var.principal, agent.name, 'read')
    return c.json(describe(agent))
  })

  routes.post('/agents/:agent/runs', async (c) => {
    const principal = known(c.var.principal)
    const agent = find(c.env, c.req.param('agent'))
    await may(principal, agent.name, 'run')
    return loneRun(c.req.raw, agent, { ...contextOf(c, options), principal }, store, limits)
  })

  routes.get('/agents/:agent/sessions', async (c) => {
    const principal = known(c.var.principal)
    if (auth === 'open') throw new KitError('auth/denied', 'open mode has no list')
    const agent = find(c.env, c.req.param('agent'))
    await may(principal, agent.name, 'list')
    const limit = Number(c.req.query('limit') ?? 50)
    must(Number.isSafeInteger(limit) && limit >= 1 && limit <= 200, 'limit: 1 to 200')
    const cursor = c.req.query('cursor')
    return c.json(await host.list(principal, agent, { limit, cursor }, contextOf(c, options)))
  })

  for (const rest of ['', '/:rest{.+}']) {
    routes.all(`/agents/:agent/sessions/:session${rest}`, async (c) => {
      const { agent: name = '', session = '', rest = '' } = c.req.param() as Record<string, string>
      const agent = find(c.env, name)
      must(sessionId.test(session), 'session: 1 to 128 letters, digits, _ or -')
      await may(c.var.principal, agent.name, rest.split('/')[0] || c.req.method.toLowerCase(), session)
      return host.fetch(c.req.raw, { agent, session, rest, principal: c.var.principal, limits }, contextOf(c, options))
    })
  }
  return routes as unknown as Hono<{ Bindings: Env }>
}

function describe(agent: Agent): Record<string, unknown> {
  const { name, description, model, tools = [] } = agent
  return {
    name,
    description,
    model: { id: model.info.id, provider: model.info.provider, capabilities: model.info.capabilities ?? {} },
    tools: tools.map(({ name, description }) => ({ name, description })),
  }
}

/** A run without a session: it ends with its request, and a tool that would have to wait for somebody is refused. */
async function loneRun(request: Request, agent: Agent, context: Context, store: Store, limits: BodyLimits | undefined): Promise<Response> {
  const body = await readJson(request, limits)
  const { messages, tools, settings, metadata } = clientRequest(body, agent)
  const replay = await idempotent(request, body, agent, context, store)
  if (replay && 'events' in replay) return answerOf(request, replay.events, replay.run)
  const abort = new AbortController()
  // also one that went away while the body was read
  follow(request.signal, abort)
  const id = crypto.randomUUID()
  const events = stream(agent, messages, {
    ...context,
    id,
    signal: abort.signal,
    settings,
    metadata,
    tools: clientTools(tools),
  })
  const shown = noParking(events, new Set(tools?.map(({ name }) => name)), viewOf({ agent }, context.principal!))
  return answerOf(request, replay ? kept(shown, replay.keep) : shown, id, abort)
}

/** Ends a run that would wait for an approval: nobody could come back to it. */
const noParking = (events: AsyncIterable<Event>, own: ReadonlySet<string>, view: View): AsyncGenerator<Event, void, void> =>
  through(events, (event, out) => {
    if (event.type !== 'pending' || own.has(event.call?.name ?? '')) return void out.push(project(event, view))
    const { at, run, agent } = event
    out.push(
      {
        type: 'error',
        code: 'pending/unsupported',
        message: 'this needs somebody’s answer: use a session',
        retryable: false,
        at,
        run,
        agent,
      },
      { type: 'finish', reason: 'error', usage: { input: 0, output: 0 }, at, run, agent },
    )
    return true
  })

const keepFor = 24 * 3_600_000
const keepAtMost = 1_000_000

type Idempotent = { events: AsyncIterable<Event>; run: string } | { keep: (events: readonly Event[] | undefined) => Promise<void> }

async function idempotent(request: Request, body: unknown, agent: Agent, context: Context, store: Store): Promise<Idempotent | undefined> {
  const key = request.headers.get('idempotency-key')
  if (key === null) return undefined
  if (!store.compareAndSet) throw new KitError('store/unsupported', 'this needs a store with compare-and-set')
  const where = `idempotency/${await sha256(canonical([context.principal?.id, agent.name, key]))}`
  const hash = await sha256(canonical(body))
  // no longer than the run can last: a process that dies with it must not hold the key for a day
  if (await store.compareAndSet(where, undefined, { hash }, { ttl: agent.timeouts?.run ?? 900_000 })) {
    return { keep: (events) => (events ? store.set(where, { hash, events }, { ttl: keepFor }) : store.delete(where)) }
  }
  const before = (await store.get(where)) as { hash: string; events?: Event[] } | undefined
  if (before && before.hash !== hash) throw new KitError('idempotency/mismatch', 'this idempotency key was used with another body')
  if (!before?.events) throw new KitError('session/busy', 'the run of this key has not ended', { retryable: true })
  return { events: every(before.events), run: before.events[0]?.run ?? '' }
}

async function* every(events: readonly Event[]): AsyncGenerator<Event, void, void> {
  yield* events
}

/** Passes events on and gives them to `keep` at the end; those of a run that was left early, or is too long, are not kept. */
async function* kept(
  events: AsyncIterable<Event>,
  keep: (events: readonly Event[] | undefined) => Promise<void>,
): AsyncGenerator<Event, void, void> {
  const all: Event[] = []
  let size = 0
  let ended = false
  try {
    for await (const event of events) {
      size += JSON.stringify(event).length
      if (size <= keepAtMost) all.push(event)
      if (event.type === 'finish') {
        ended = true
        await keep(size <= keepAtMost ? all : undefined)
      }
      yield event
    }
  } finally {
    if (!ended) await keep(undefined)
  }
}

function contextOf(
  c: { env: object | undefined; executionCtx: { waitUntil(work: Promise<unknown>): void } },
  { onError }: { onError?: Context['onError'] },
): Context {
  return { env: c.env ?? {}, ...waitUntil(c), onError }
}

/** Hono throws where the platform has no execution context. */
function waitUntil(c: { executionCtx: { waitUntil(work: Promise<unknown>): void } }): Pick<Context, 'waitUntil'> {
  try {
    const { executionCtx } = c
    return { waitUntil: (work) => executionCtx.waitUntil(work) }
  } catch {
    return {}
  }
}

const hasTicket = (request: Request): boolean =>
  new URL(request.url).searchParams.has('ticket') || /edgeswarm\.ticket\./.test(request.headers.get('sec-websocket-protocol') ?? '')

const corsHeaders = (origin: string): Record<string, string> => ({
  'access-control-allow-origin': origin,
  vary: 'origin',
  'access-control-allow-methods': 'GET, POST, PATCH, DELETE',
  'access-control-allow-headers': 'authorization, content-type, idempotency-key, last-event-id',
  'access-control-expose-headers': 'x-run-id, retry-after',
  'access-control-max-age': '600',
})
