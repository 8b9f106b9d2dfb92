import type { Agent } from '../agent.ts'
import { sha256 } from '../blobs.ts'
import { canonical } from '../canonical.ts'
import type { Context, Principal } from '../context.ts'
import { KitError } from '../errors.ts'
import type { Event } from '../event.ts'
import { through } from '../ready.ts'
import { resultOf } from '../run.ts'
import type { Session } from '../session.ts'
import { toSSE } from '../sse.ts'
import type { Store } from '../store.ts'
import { hasExpired } from './auth.ts'
import { type BodyLimits, readJson } from './body.ts'
import { clientRequest } from './input.ts'
import { must } from './problem.ts'
import { project, projectMessage, type View, viewOf } from './project.ts'

/** What a session's owner needs to answer its routes: the same on a Durable Object and in a process. */
export interface SessionRoute {
  session: Session
  agent: Agent
  /** The session's id. */
  id: string
  /** Absent where only a ticket can tell. */
  principal: Principal | undefined
  /** What follows the session in the path: `runs`, `events`, `pending/abc`, … */
  rest: string
  store: Store
  limits?: BodyLimits
  context?: Context
  /** Reads the transcript of another session of the same principal: for forks. */
  fork?: (target: string, source: Session, at: number, principal: Principal) => Promise<void>
  /** Accepts a WebSocket and serves it; absent where the platform has none. */
  socket?: (request: Request, principal: Principal, protocol: string | undefined) => Response | Promise<Response>
}

interface Ticket {
  principal: Principal
  use: 'events' | 'socket'
}

const ticketTtl = 60_000

/** Answers one request to one session. Throws `KitError`s; another's session and an unknown one are `session/unknown`. */
export async function sessionRoute(request: Request, route: SessionRoute): Promise<Response> {
  const { session, rest } = route
  const [verb = '', id = ''] = rest.split('/')
  const at = `${request.method} ${id && (verb === 'pending' || verb === 'blobs') ? verb : rest}`
  const { principal, protocol } = await who(request, route, verb)
  const { owner, begun } = session.state
  if (session.broken || (begun ? owner !== principal.id : at !== 'POST runs'))
    throw new KitError('session/unknown', 'there is no such session')
  switch (at) {
    case 'GET ':
      return Response.json(snapshot(route, principal), { headers: { 'cache-control': 'no-store' } })
    case 'POST runs':
      return runs(request, route, principal)
    case 'GET events':
      return events(request, route, principal)
    case 'GET socket':
      if (!route.socket) throw new KitError('request/not-found', 'there is no such route')
      return route.socket(request, principal, protocol)
    case 'GET blobs':
      return blob(session, id)
    case 'POST ticket':
      return ticket(request, route, principal)
    case 'POST cancel':
      await readJson(request, route.limits)
      return Response.json({ cancelled: await session.cancel() })
    case 'POST pending': {
      const answer = readAnswer(await readJson(request, route.limits))
      const { run, after } = await session.answer({ id, by: principal.id, ...answer })
      return respond(request, route, principal, run, after)
    }
    case 'POST rewind': {
      const { to } = await readJson(request, route.limits)
      await session.rewind(to as number)
      return Response.json(snapshot(route, principal))
    }
    case 'POST fork': {
      const { to = session.seq, session: target = crypto.randomUUID() } = await readJson(request, route.limits)
      if (!route.fork) throw new KitError('request/not-found', 'there is no such route')
      must(typeof to === 'number' && Number.isSafeInteger(to) && to >= 0 && to <= session.seq, 'to: a seq of this session is needed')
      must(typeof target === 'string' && sessionId.test(target), 'session: 1 to 128 letters, digits, _ or -')
      await route.fork(target, session, to, principal)
      return Response.json({ session: target }, { status: 201 })
    }
    case 'PATCH ': {
      const { title } = await readJson(request, route.limits)
      must(typeof title === 'string' && title.trim(), 'title: text is needed')
      await session.rename(title.trim())
      return Response.json(snapshot(route, principal))
    }
    case 'DELETE ':
      await session.erase()
      return new Response(null, { status: 204 })
    default:
      throw new KitError('request/not-found', 'there is no such route')
  }
}

export const sessionId: RegExp = /^[a-zA-Z0-9_-]{1,128}$/

/** What a client shows before the first event. */
export function snapshot(route: Pick<SessionRoute, 'session' | 'agent' | 'id'>, principal: Principal): Record<string, unknown> {
  const { session, id } = route
  const view = viewOf(route, principal)
  const { title, usage, messages, pending } = session.state
  return {
    session: id,
    seq: session.seq,
    title,
    running: session.running,
    pending: [...pending.values()].map((open) => ({
      ...open,
      ...(open.call && { call: { id: open.call.id, name: open.call.name, input: open.call.input } }),
    })),
    messages: messages.map(({ seq, message }) => ({ ...projectMessage(message, view), seq })),
    usage,
  }
}

export function readAnswer(body: Record<string, unknown>): { approve?: boolean; reason?: string; output?: unknown } {
  const { approve, reason } = body
  must(approve === undefined || typeof approve === 'boolean', 'approve: true or false is needed')
  must(reason === undefined || (typeof reason === 'string' && reason.length <= 2000), 'reason: text of at most 2,000 characters is needed')
  must(approve !== undefined || 'output' in body, 'approve or output is needed')
  return {
    approve,
    reason,
    ...('output' in body && { output: body.output }),
  }
}

async function runs(request: Request, route: SessionRoute, principal: Principal): Promise<Response> {
  const { session, agent, limits } = route
  const mode = new URL(request.url).searchParams.get('mode') ?? 'reject'
  must(mode === 'reject' || mode === 'queue' || mode === 'steer', 'mode: queue or steer')
  const body = await readJson(request, limits)
  const { messages, ...rest } = clientRequest(body, agent, session.state.refs)
  // in a session the journal is the history: of what the client sends, only what is new counts
  const fresh = 'messages' in body ? messages.slice(-1) : messages
  must(fresh[0]?.role === 'user', 'the last message must be the user’s')
  const key = request.headers.get('idempotency-key')
  const operation = key === null ? undefined : { key: key.slice(0, 255), hash: await sha256(canonical(body)) }
  const { run, after } = await session.submit(fresh, { mode, principal, ...rest, operation })
  return respond(request, route, principal, run, after)
}

/** A run that has begun, as events or as its result. The reader may go away: the run stays with the session. */
async function respond(request: Request, route: SessionRoute, principal: Principal, run: string, after: number): Promise<Response> {
  route.context?.waitUntil?.(route.session.idle())
  const abort = new AbortController()
  const events = ofRun(route, viewOf(route, principal), run, after, abort.signal)
  return answerOf(request, events, run, abort)
}

const ofRun = ({ session }: SessionRoute, view: View, run: string, after: number, signal: AbortSignal): AsyncGenerator<Event, void, void> =>
  through(session.events({ after, signal, linger: 0 }), (event, out) => {
    if (event.run !== run) return false
    out.push(project(event, view))
    return event.type === 'finish'
  })

/** A run as the request wants it: events, or JSON at its end, which throws the error that ended it. */
export async function answerOf(request: Request, events: AsyncIterable<Event>, runId: string, abort?: AbortController): Promise<Response> {
  const headers = { 'x-run-id': runId }
  if (/text\/event-stream/i.test(request.headers.get('accept') ?? '')) return toSSE(events, { headers, abort })
  const { error, messages, ...result } = await resultOf(events)
  if (error) throw new KitError(error.code, error.message, error)
  const said = messages.filter(({ role }) => role !== 'user')
  return Response.json({ ...result, messages: said, runId }, { headers })
}

function events(request: Request, route: SessionRoute, principal: Principal): Response {
  const { session } = route
  const { searchParams } = new URL(request.url)
  const cursor = request.headers.get('last-event-id') ?? searchParams.get('after') ?? '0'
  const after = Number(cursor)
  must(/^\d{1,15}$/.test(cursor) && after <= session.seq, 'after: the cursor is beyond the head')
  const active = session.running || session.state.pending.size > 0
  if (after === session.seq && !active && request.headers.has('last-event-id')) return new Response(null, { status: 204 })
  const abort = new AbortController()
  const all = session.events({ after, live: searchParams.get('live') !== 'false', signal: abort.signal })
  const view = viewOf(route, principal)
  const shown = through(all, (event, out: Event[]) => {
    // a login that has ended reads no further
    if (hasExpired(principal)) return true
    out.push(project(event, view))
    return false
  })
  return toSSE(shown, { abort })
}

/** Media of the session. Only what browsers show and never run is shown in place; the rest is a download. */
async function blob(session: Session, hash: string): Promise<Response> {
  const found = await session.blob(hash)
  if (!found) throw new KitError('request/not-found', 'there is no such blob')
  const shown = /^(image\/(png|jpeg|gif|webp|avif)|audio\/[\w.+-]+|video\/[\w.+-]+)$/.test(found.mime ?? '')
  return new Response(found.bytes, {
    headers: {
      'content-type': shown ? found.mime! : 'application/octet-stream',
      'content-disposition': shown ? 'inline' : 'attachment',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, max-age=31536000, immutable',
    },
  })
}

async function ticket(request: Request, { store, id, agent, limits }: SessionRoute, principal: Principal): Promise<Response> {
  const { use = 'events' } = await readJson(request, limits)
  must(use === 'events' || use === 'socket', 'use: events or socket')
  if (!store.compareAndSet) throw new KitError('store/unsupported', 'this needs a store with compare-and-set')
  const secret = crypto.randomUUID()
  await store.set(await ticketKey(agent.name, id, secret), { principal, use } satisfies Ticket, { ttl: ticketTtl })
  return Response.json({ ticket: secret, expires: Date.now() + ticketTtl }, { headers: { 'cache-control': 'no-store' } })
}

/** The principal, by the request's own authentication or by a ticket, which counts once. */
async function who(
  request: Request,
  { principal, store, id, agent }: SessionRoute,
  verb: string,
): Promise<{ principal: Principal; protocol?: string }> {
  const protocols = (request.headers.get('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim())
  const protocol = protocols.find((name) => name.startsWith('edgeswarm.ticket.'))
  const secret = protocol?.slice('edgeswarm.ticket.'.length) ?? new URL(request.url).searchParams.get('ticket')
  if (secret) {
    const key = await ticketKey(agent.name, id, secret)
    const found = (await store.get(key)) as Ticket | undefined
    if (found?.use === verb && (await store.compareAndSet?.(key, found, { use: 'spent' }, { ttl: ticketTtl }))) {
      return { principal: found.principal, protocol }
    }
    throw new KitError('auth/missing', 'this ticket is spent')
  }
  if (!principal) throw new KitError('auth/missing', 'who are you?')
  return { principal }
}

/** The store never holds the ticket itself. */
const ticketKey = async (agent: string, session: string, secret: string): Promise<string> =>
  `ticket/${await sha256(`${agent}/${session}/${secret}`)}`
