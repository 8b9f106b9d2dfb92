import type { Agent } from '../agent.ts'
import { type Blobs, copyBlobs, memoryBlobs, refsIn } from '../blobs.ts'
import type { Context, Principal } from '../context.ts'
import { type Journal, memoryJournal } from '../journal.ts'
import { openSession, type Session, type SessionSummary } from '../session.ts'
import { memoryStore, type Store } from '../store.ts'
import type { BodyLimits } from './body.ts'
import { sessionRoute, type SessionRoute } from './session-routes.ts'

export interface SessionAddress {
  agent: Agent
  session: string
  /** What follows the session in the path. */
  rest: string
  principal: Principal | undefined
  limits?: BodyLimits
}

/** Where sessions live: it finds the one owner of a session and lets it answer. */
export interface SessionHost {
  fetch(request: Request, to: SessionAddress, context: Context): Promise<Response>
  /** The sessions of a principal, the last used first. */
  list(principal: Principal, agent: Agent, page: { cursor?: string; limit: number }, context: Context): Promise<SessionList>
}

export interface SessionList {
  sessions: ({ session: string } & SessionSummary)[]
  next?: string
}

export interface LocalHostOptions {
  journal?: Journal
  /** Needs compare-and-set. */
  store?: Store
  /** Where media of a session is kept, which nothing else may use; default in memory. */
  blobs?: (session: string) => Blobs
  /** Sessions kept open at once; default 1,000. Those at rest are closed first and read from the journal again when needed. */
  open?: number
  /** Opens WebSockets as the platform does: `sockets(…)` of `edgeswarm/node`, `/deno` or `/bun`; absent, there are none. */
  socket?: LocalSocket
}

export type LocalSocket = (
  request: Request,
  principal: Principal,
  protocol: string | undefined,
  route: Omit<SessionRoute, 'socket'>,
) => Response | Promise<Response>

/** Sessions in this process, on any `Journal`: the host for Node, Deno, Bun and tests. */
export function localHost({
  journal = memoryJournal(),
  store = memoryStore(),
  blobs: blobsOf = inMemory(),
  open: most = 1000,
  socket,
}: LocalHostOptions = {}): SessionHost {
  const sessions = new Map<string, Promise<Session>>()
  /** Sessions that requests hold, as often as they do: to close one would let a second writer in. */
  const held: Session[] = []

  const open = async (agent: Agent, id: string, context: Context): Promise<Session> => {
    const key = `${agent.name}/${id}`
    const known = sessions.get(key)
    if (known) {
      const session = await known
      // another request may have opened it anew while this one waited: one writer, not two
      if (sessions.get(key) !== known) return open(agent, id, context)
      if (!session.broken) {
        sessions.delete(key)
        sessions.set(key, known)
        return session
      }
    }
    const opened = openSession({
      journal,
      key,
      agent,
      // the request that opens a session does not own it: neither its signal nor its principal nor its lifetime go with it
      context: {
        ...context,
        signal: undefined,
        principal: undefined,
        waitUntil: undefined,
        store,
        blobs: blobsOf(key),
        session: id,
      } as Context,
      onChange: (summary) => index(store, agent, id, owner(), summary),
    })
    let session: Session | undefined
    const owner = (): string | undefined => session?.state.owner
    sessions.set(key, opened)
    try {
      session = await opened
    } catch (error) {
      sessions.delete(key)
      throw error
    }
    if (session.interrupted || session.state.pending.size) await session.touch()
    for (const [other, promise] of sessions) {
      if (sessions.size <= most) break
      const old = await promise.catch(() => undefined)
      if (other !== key && old && !old.running && !old.readers && !held.includes(old)) sessions.delete(other)
    }
    return session
  }

  return {
    async fetch(request, { agent, session: id, rest, principal, limits }, context) {
      const session = await open(agent, id, context)
      const route: SessionRoute = {
        session,
        agent,
        id,
        principal,
        rest,
        store,
        context,
        limits,
        async fork(target, source, at, principal) {
          const fresh = await open(agent, target, context)
          // those of its own messages only: of others it would know nothing when it is erased
          const refs = refsIn(source.state.messages.filter(({ seq }) => seq <= at))
          if (!fresh.state.begun) await copyBlobs(refs, blobsOf(`${agent.name}/${id}`), blobsOf(`${agent.name}/${target}`))
          await fresh.forkFrom({ session: id, messages: source.state.messages, title: source.state.title, principal }, at)
        },
      }
      held.push(session)
      const response = await sessionRoute(request, {
        ...route,
        socket: socket && ((request, principal, protocol) => socket(request, principal, protocol, route)),
      }).finally(() => held.splice(held.indexOf(session), 1))
      if (request.method === 'DELETE') {
        sessions.delete(`${agent.name}/${id}`)
        if (session.state.owner !== undefined) await store.delete(indexKey(session.state.owner, agent, id))
      }
      return response
    },
    async list(principal, agent, { cursor, limit }) {
      const prefix = indexKey(principal.id, agent, '')
      const { keys, next } = await store.list(prefix, { limit, cursor: cursor && prefix + cursor })
      const found = await Promise.all(
        keys.map(async (key) => ({ session: key.slice(prefix.length), ...((await store.get(key)) as SessionSummary) })),
      )
      return { sessions: found.sort((a, b) => b.updated - a.updated), next: next?.slice(prefix.length) }
    },
  }
}

function inMemory(): (session: string) => Blobs {
  const all: Parameters<typeof memoryBlobs>[0] = new Map()
  // nothing is kept of a session without media: anybody may ask for sessions that never were
  return (session) => memoryBlobs(all, session)
}

const indexKey = (owner: string, agent: Agent, session: string): string => `sessions/${encodeURIComponent(owner)}/${agent.name}/${session}`

async function index(store: Store, agent: Agent, session: string, owner: string | undefined, summary: SessionSummary): Promise<void> {
  if (owner !== undefined) await store.set(indexKey(owner, agent, session), summary)
}
