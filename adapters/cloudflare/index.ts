import { DurableObject } from 'cloudflare:workers'
import type {
  DurableObjectNamespace,
  DurableObjectState,
  Request as WorkersRequest,
  WebSocket as WorkersSocket,
  WebSocketPair as Pair,
} from '@cloudflare/workers-types'
import {
  type Agent,
  type Blobs,
  type Context,
  KitError,
  openSession,
  type Principal,
  type Session,
  type SessionSummary,
  type Store,
} from '../../src/index.ts'
import { refsIn } from '../../src/blobs.ts'
import {
  type Access,
  type Agents,
  problem,
  type SessionAddress,
  type SessionHost,
  type SessionList,
  sessionRoute,
} from '../../src/http/app.ts'
import { type SessionSocket, sessionSocket } from '../../src/http/socket.ts'
import { sqliteBlobs, sqliteJournal, sqliteStore } from './sqlite.ts'

export { sqliteBlobs, sqliteJournal, sqliteStore } from './sqlite.ts'

/** The binding that `wrangler.toml` names: a public contract, like the class name `AgentSession`. */
export interface SessionBindings {
  SESSIONS: DurableObjectNamespace
}

/** What the Worker tells the object beside the request; only the Worker can reach the object, so it is believed. */
interface Letter {
  agent: string
  session: string
  rest: string
  principal?: Principal
  limits?: SessionAddress['limits']
}

/** A `KitError` on its way from one object to another: an error would arrive without its code. */
type Refusal = Pick<KitError, 'code' | 'message'>

const letterHeader = 'x-edgeswarm-letter'

/** Sessions in Durable Objects: one object a session, one index object a principal. */
export function durableHost(): SessionHost {
  return {
    async fetch(request, { agent, session, rest, principal, limits }, context) {
      const letter: Letter = { agent: agent.name, session, rest, principal, limits }
      const headers = new Headers(request.headers)
      headers.set(letterHeader, encodeURIComponent(JSON.stringify(letter)))
      const stub = sessionsOf(context).getByName(`session/${agent.name}/${session}`)
      return (await stub.fetch(new Request(request, { headers }) as unknown as WorkersRequest)) as unknown as Response
    },
    async list(principal, agent, { cursor, limit }, context) {
      const stub = sessionsOf(context).getByName(`index/${principal.id}`) as unknown as {
        list(agent: string, limit: number, cursor?: string): Promise<SessionList>
      }
      return stub.list(agent.name, limit, cursor)
    },
  }
}

function sessionsOf(context: Context): DurableObjectNamespace {
  const { SESSIONS } = (context.env ?? {}) as Partial<SessionBindings>
  if (!SESSIONS) throw new TypeError('the SESSIONS binding is missing: see wrangler.toml')
  return SESSIONS
}

export interface AgentSessionOptions<Env> {
  agents: Agents<Env>
  /** Asked at every frame of a socket, like `access` of the app at every request. */
  access?: Access
  /** Ms after which an alarm looks whether a run's isolate is still alive; default 30,000. */
  deadMan?: number
  onError?: Context['onError']
}

/** What the class below looks like from outside. */
export type AgentSessionClass<Env> = new (ctx: DurableObjectState, env: Env) => DurableObject<Env>

/** What an attached socket must remember while the object sleeps. */
interface Attachment {
  principal: Principal
  letter: Letter
  after: number
}

/**
 * The Durable Object class of sessions; export it from the Worker under the name `AgentSession`. A run goes on without
 * readers, a dead one recovers by alarm, sockets hibernate with an automatic answer to `ping`.
 * @example export const AgentSession = agentSession({ agents: { support } })
 */
export function agentSession<Env extends SessionBindings>({
  agents,
  access,
  deadMan = 30_000,
  onError,
}: AgentSessionOptions<Env>): AgentSessionClass<Env> {
  return class AgentSession extends DurableObject<Env> {
    readonly #store: Store
    readonly #blobs: Blobs
    #session: Promise<Session> | undefined
    #sockets = new Map<WorkersSocket, SessionSocket>()

    constructor(ctx: DurableObjectState, env: Env) {
      super(ctx as never, env)
      this.#store = sqliteStore(ctx.storage)
      this.#blobs = sqliteBlobs(ctx.storage)
      ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong') as never)
    }

    override async fetch(request: Request): Promise<Response> {
      try {
        const letter = JSON.parse(decodeURIComponent(request.headers.get(letterHeader) ?? '')) as Letter
        const session = await this.#open(letter)
        const response = await sessionRoute(request, {
          session,
          agent: this.#agent(letter),
          id: letter.session,
          rest: letter.rest,
          principal: letter.principal,
          limits: letter.limits,
          store: this.#store,
          fork: async (target, source, at, principal) => {
            const stub = this.env.SESSIONS.getByName(`session/${letter.agent}/${target}`) as unknown as {
              fork(letter: Letter, source: object, at: number): Promise<Refusal | undefined>
              blob(letter: Letter, bytes: Uint8Array, mime?: string): Promise<Refusal | undefined>
            }
            const to: Letter = { ...letter, session: target, rest: '', principal }
            const done = (refused: Refusal | undefined): void => {
              if (refused) throw new KitError(refused.code, refused.message)
            }
            for (const hash of refsIn(source.state.messages.filter(({ seq }) => seq <= at))) {
              const blob = await this.#blobs.get(hash)
              if (blob) done(await stub.blob(to, blob.bytes, blob.mime))
            }
            const { messages, title } = source.state
            done(await stub.fork(to, { session: letter.session, messages, title, principal }, at))
          },
          socket: (_request, principal, protocol) => this.#accept(letter, principal, protocol),
        })
        if (request.method === 'DELETE') await this.#erased(session, letter)
        return response
      } catch (error) {
        if (!(error instanceof KitError)) onError?.(error, { at: 'session' })
        return problem(error)
      }
    }

    async fork(letter: Letter, source: Parameters<Session['forkFrom']>[0], at: number): Promise<Refusal | undefined> {
      return refusal(async () => (await this.#open(letter)).forkFrom(source, at))
    }

    /** Media that comes with a fork; a session that is there already takes none. */
    async blob(letter: Letter, bytes: Uint8Array<ArrayBuffer>, mime?: string): Promise<Refusal | undefined> {
      return refusal(async () => {
        const { begun } = (await this.#open(letter)).state
        if (begun) throw new KitError('session/busy', 'a fork needs a new session')
        await this.#blobs.put(bytes, mime === undefined ? {} : { mime })
      })
    }

    /** Of an index object: one page of a principal's sessions. */
    async list(agent: string, limit: number, cursor?: string): Promise<SessionList> {
      const prefix = `session/${agent}/`
      const { keys, next } = await this.#store.list(prefix, { limit, ...(cursor !== undefined && { cursor: prefix + cursor }) })
      const sessions = await Promise.all(
        keys.map(async (key) => ({ session: key.slice(prefix.length), ...((await this.#store.get(key)) as SessionSummary) })),
      )
      return { sessions: sessions.sort((a, b) => b.updated - a.updated), ...(next !== undefined && { next: next.slice(prefix.length) }) }
    }

    /** Of an index object: an entry's new state, or its end. */
    async index(agent: string, session: string, summary: SessionSummary | undefined): Promise<void> {
      const key = `session/${agent}/${session}`
      await (summary ? this.#store.set(key, summary) : this.#store.delete(key))
    }

    override async alarm(): Promise<void> {
      const letter = (await this.#store.get('letter')) as Letter | undefined
      if (!letter) return
      const session = await this.#open(letter)
      // the run is alive: ask again before it could have died unseen
      if (session.running) await this.ctx.storage.setAlarm(Date.now() + deadMan)
      else await session.touch()
    }

    override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
      const { letter } = (socket as unknown as WorkersSocket).deserializeAttachment() as Attachment
      const session = await this.#open(letter)
      await this.#served(socket as unknown as WorkersSocket, session).receive(typeof data === 'string' ? data : '')
    }

    #served(socket: WorkersSocket, session: Session): SessionSocket {
      const known = this.#sockets.get(socket)
      if (known) return known
      const attachment = socket.deserializeAttachment() as Attachment
      const { letter, principal } = attachment
      const served = sessionSocket({
        session,
        agent: this.#agent(letter),
        id: letter.session,
        principal,
        socket,
        mark: (after) => socket.serializeAttachment({ ...attachment, after } satisfies Attachment),
        ...(access && { may: (action) => access(principal, { agent: letter.agent, session: letter.session, action }) }),
      })
      this.#sockets.set(socket, served)
      return served
    }

    override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
      this.#gone(socket)
      try {
        socket.close(code === 1005 || code === 1006 ? 1000 : code)
      } catch {
        // it is closed already
      }
    }

    override async webSocketError(socket: WebSocket): Promise<void> {
      this.#gone(socket)
    }

    #gone(socket: WebSocket): void {
      this.#sockets.get(socket as unknown as WorkersSocket)?.gone()
      this.#sockets.delete(socket as unknown as WorkersSocket)
    }

    #accept(letter: Letter, principal: Principal, protocol: string | undefined): Response {
      const { 0: client, 1: server } = new WebSocketPair() as unknown as InstanceType<typeof Pair>
      server!.serializeAttachment({ letter, principal, after: 0 } satisfies Attachment)
      this.ctx.acceptWebSocket(server as never)
      const headers: Record<string, string> = protocol === undefined ? {} : { 'sec-websocket-protocol': protocol }
      return new Response(null, { status: 101, webSocket: client, headers } as ResponseInit)
    }

    #agent({ agent: name }: Letter): Agent {
      const known = typeof agents === 'function' ? agents(this.env) : agents
      const agent = Object.hasOwn(known, name) ? known[name] : undefined
      if (!agent) throw new KitError('agent/unknown', 'there is no such agent')
      return agent
    }

    async #open(letter: Letter): Promise<Session> {
      const opening = (this.#session ??= this.#load(letter).catch((error: unknown) => {
        this.#session = undefined
        throw error
      }))
      const session = await opening
      if (session.broken && session.broken.code !== 'session/erased') {
        // the first who finds it broken opens it anew, for all who waited with it
        if (this.#session === opening) {
          this.#session = undefined
          this.#sockets.clear()
        }
        return this.#open(letter)
      }
      return session
    }

    async #load(letter: Letter): Promise<Session> {
      const { ctx, env } = this
      const session = await openSession({
        journal: sqliteJournal(ctx.storage as never),
        key: letter.session,
        agent: this.#agent(letter),
        context: {
          env,
          store: this.#store,
          blobs: this.#blobs,
          session: letter.session,
          waitUntil: (work) => ctx.waitUntil(work),
          onError,
        },
        deadMan,
        onChange: (summary) => this.#index(letter, session.state.owner, summary),
        wake: async (at) => {
          if (at === undefined) return ctx.storage.deleteAlarm()
          await this.#store.set('letter', { agent: letter.agent, session: letter.session, rest: '' } satisfies Letter)
          await ctx.storage.setAlarm(at)
        },
      })
      if (session.interrupted) await session.touch()
      // sockets that slept through: they go on where their last turn ended, and drop what they have by its seq
      for (const socket of ctx.getWebSockets()) {
        const { after } = socket.deserializeAttachment() as Attachment
        if (after && !this.#sockets.has(socket)) void this.#served(socket, session).follow(after)
      }
      return session
    }

    async #erased(session: Session, letter: Letter): Promise<void> {
      for (const socket of this.ctx.getWebSockets()) socket.close(4404, 'session/erased')
      await this.#store.delete('letter')
      await this.#index(letter, session.state.owner, undefined)
    }

    async #index({ agent, session }: Letter, owner: string | undefined, summary: SessionSummary | undefined): Promise<void> {
      // open mode has no lists: everybody is the same principal
      if (owner === undefined || owner === 'anonymous') return
      const stub = this.env.SESSIONS.getByName(`index/${owner}`) as unknown as {
        index(agent: string, session: string, summary?: SessionSummary): Promise<void>
      }
      await stub.index(agent, session, summary)
    }
  }
}

async function refusal(work: () => Promise<void>): Promise<Refusal | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (!(error instanceof KitError)) throw error
    return { code: error.code, message: error.message }
  }
}
