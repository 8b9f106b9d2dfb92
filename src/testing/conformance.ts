import type { Model } from '../model.ts'
import { type Behaviour, benchOf, fail } from './behaviours/behaviour.ts'
import { behaviours } from './behaviours/index.ts'
import { fakeServer, type FakeServer, fetchFrom } from './servers/serve.ts'
import { type WireName, wireServers } from './servers/index.ts'
import type { Need, WireServer } from './servers/wire.ts'

export { type Answered, type Behaviour, type Bench, type Group } from './behaviours/behaviour.ts'
export { behaviours } from './behaviours/index.ts'
export type { Asked, AskedChoice, AskedMedia, Turn } from './servers/asked.ts'
export { type ChatServerName, chatServers } from './servers/chat-dialects.ts'
export { type ChatDialect, openaiChatServer } from './servers/openai-chat.ts'
export type { Fault, Refusal, Saying, Scenario } from './servers/scenario.ts'
export { fakeServer, type FakeServer, fetchFrom } from './servers/serve.ts'
export type { Frame, Lacks, Need, WireServer } from './servers/wire.ts'
export { type WireName, wireServers } from './servers/index.ts'
export { fakeAI } from './servers/workers-ai.ts'

/** How the model under test reaches the fake server: what most providers take as options. */
export interface FakeConnection {
  /** Where the server is, without a slash at the end; the provider adds its path. */
  baseURL: string
  apiKey: string
  /** Absent where the server listens. */
  fetch?: typeof fetch
  headers?: Readonly<Record<string, string>>
  /** The server itself, for what is no HTTP (a binding). */
  server: FakeServer
}

/** A provider to be tested. */
export interface Subject {
  /** Makes the model, connected to the fake server. */
  model(connection: FakeConnection): Model
  /** The wire that it speaks: one of the kit's servers, or one of your own. */
  wire: WireName | WireServer
  /** What its vendor does not have, and why; a behaviour that needs it is not run and says so. */
  lacks?: Readonly<Partial<Record<Need, string>>>
  /** Behaviours by name that do not apply to this vendor, and why. */
  except?: Readonly<Record<string, string>>
}

export interface ConformanceOptions {
  /**
   * Makes a server listen for real; absent: requests are handed over by `fetch`, and behaviours that need a connection are left out.
   * `unmount` ends what it serves there.
   */
  mount?: (handle: FakeServer['handle']) => Promise<{ baseURL: string; unmount(): void }>
}

/** One behaviour for one provider. */
export interface ConformanceTest {
  name: string
  behaviour: Behaviour
  /** Why it is not run: the vendor does not offer it. */
  lacking?: string
  /** Rejects with what does not hold. */
  run(): Promise<void>
}

/**
 * What every provider must do, as tests for any runner. A behaviour that the vendor does not offer has `lacking` and does nothing.
 * @example
 * for (const { name, lacking, run } of conformance({ model: (to) => acme('acme-1', to), wire: 'openai-chat', lacks: { seed: 'no such field' } }))
 *   test.skipIf(lacking)(name, run)
 */
export function conformance(subject: Subject, options: ConformanceOptions = {}): readonly ConformanceTest[] {
  const wire = wireOf(subject.wire)
  const lacks = { ...wire.lacks, ...subject.lacks }
  for (const name of Object.keys(subject.except ?? {}))
    if (!behaviours.some((behaviour) => behaviour.name === name)) throw new TypeError(`there is no behaviour “${name}”`)
  return behaviours
    .filter(({ overHttp }) => !overHttp || options.mount)
    .map((behaviour) => {
      const { name, needs = [] } = behaviour
      const need = needs.find((each) => lacks[each] !== undefined)
      const lacking = subject.except?.[name] ?? (need && lacks[need])
      return {
        name,
        behaviour,
        ...(lacking !== undefined && { lacking }),
        run: () =>
          lacking === undefined ? runOn(subject, wire, behaviour, options, (what) => lacks[what] === undefined) : Promise.resolve(),
      }
    })
}

function wireOf(wire: Subject['wire']): WireServer {
  if (typeof wire !== 'string') return wire
  if (!Object.hasOwn(wireServers, wire)) throw new TypeError(`there is no server of the wire ${wire}`)
  return wireServers[wire]
}

async function runOn(
  subject: Subject,
  wire: WireServer,
  behaviour: Behaviour,
  { mount }: ConformanceOptions,
  has: (need: Need) => boolean,
): Promise<void> {
  const server = fakeServer(wire)
  const place = behaviour.byHand ? undefined : await mount?.(server.handle)
  const apiKey = 'sk-5ecret-of-the-conformance-kit'
  try {
    const bench = benchOf(
      server,
      apiKey,
      (more) => {
        const baseURL = place?.baseURL ?? 'http://fake.test'
        return subject.model({ baseURL, apiKey, ...(!place && { fetch: fetchFrom(server) }), server, ...more })
      },
      has,
    )
    if (typeof bench.model !== 'function') fail('`model` must give a model')
    await behaviour.run(bench)
  } finally {
    place?.unmount()
  }
}
