import { KitError } from '../../errors.ts'
import { type CallPart, type Part, user, type Usage } from '../../message.ts'
import { AnswerFold, type Chunk, type Model, type ModelCall, type ModelFinish, type Source } from '../../model.ts'
import type { Asked } from '../servers/asked.ts'
import type { Scenario } from '../servers/scenario.ts'
import type { FakeServer } from '../servers/serve.ts'
import type { Need } from '../servers/wire.ts'

/** Groups of behaviours, in the order of the matrix. */
export type Group =
  | 'text'
  | 'conversation'
  | 'tools'
  | 'output'
  | 'media'
  | 'reasoning'
  | 'ending'
  | 'usage'
  | 'stream'
  | 'broken'
  | 'abort'
  | 'errors'

/** Something that every provider does, as data. */
export interface Behaviour {
  /** Short and unique; never renamed: reports and `lacks` go by it. */
  name: string
  group: Group
  /** What holds, in one sentence. */
  says: string
  /** What a vendor must have for it; a vendor that lacks one of them is told so with its reason, and the behaviour is not run. */
  needs?: readonly Need[]
  /** It can only be seen over a real connection. */
  overHttp?: boolean
  /** It is seen only where pieces arrive as they were cut: a real connection may join them, so there is none. */
  byHand?: boolean
  /** Rejects with what does not hold. */
  run(bench: Bench): Promise<void>
}

/** An answer, read to its end. */
export interface Answered {
  chunks: readonly Chunk[]
  parts: readonly Part[]
  /** The text parts, joined. */
  text: string
  reasoning: string
  calls: readonly CallPart[]
  sources: readonly Source[]
  /** Nothing where no chunk told it. */
  usage: Usage | undefined
  finish: ModelFinish
  /** The question of it, as the server read it. */
  asked: Asked
}

/** What a behaviour works with: a model, and the fake server that it is connected to. */
export interface Bench {
  readonly model: Model
  readonly server: FakeServer
  /** The key that the model was given. */
  readonly key: string
  /** Whether the vendor has it. */
  has(need: Need): boolean
  /** Another model of the same provider, e.g. for an address where nobody listens. */
  connect(more: { baseURL?: string; headers?: Readonly<Record<string, string>> }): Model
  /** Asks; the server answers with the scenario. Rejects where the contract of `Chunk` is broken, or the vendor would refuse the request. */
  ask(scenario: Scenario, call?: Partial<ModelCall>): Promise<Answered>
  /** Asks a question that must fail with a `KitError`, and gives it. */
  fails(scenario: Scenario, call?: Partial<ModelCall>): Promise<KitError>
}

/** A bench over a server and a way to make models of it. */
export function benchOf(server: FakeServer, key: string, connect: Bench['connect'], has: Bench['has']): Bench {
  const model = connect({})
  const call = (more: Partial<ModelCall>): ModelCall => ({ messages: [user('hi')], maxTokens: 1000, ...more })
  return {
    model,
    server,
    key,
    connect,
    has,
    async ask(scenario, more = {}) {
      server.answers(scenario)
      const before = server.asked.length
      try {
        const chunks: Chunk[] = []
        for await (const chunk of model(call(more))) chunks.push(chunk)
        const asked = server.asked[before] ?? fail('the server was not asked')
        return answered(chunks, asked)
      } catch (error) {
        if (server.refused.length) fail(`the vendor refuses the request: ${server.refused.at(-1)}`, error)
        throw error
      }
    },
    async fails(scenario, more = {}) {
      server.answers(scenario)
      let said = ''
      try {
        for await (const chunk of model(call(more))) said += chunk.type === 'text' ? chunk.delta : ''
      } catch (error) {
        if (server.refused.length) fail(`the vendor refuses the request: ${server.refused.at(-1)}`, error)
        if (error instanceof KitError) return error
        fail(`it threw ${String(error)}, which is no KitError`, error)
      }
      return fail(`it answered “${said.slice(0, 40)}” where it had to fail`)
    },
  }
}

/** Folds chunks, and holds them to the contract of `Chunk`. */
function answered(chunks: readonly Chunk[], asked: Asked): Answered {
  const fold = new AnswerFold()
  const sources: Source[] = []
  let usage = false
  let open = ''
  for (const [at, chunk] of chunks.entries()) {
    fold.add(chunk)
    if (chunk.type === 'finish') equal(at, chunks.length - 1, 'the place of the finish')
    if (chunk.type === 'source') sources.push(chunk.source)
    if (chunk.type === 'usage') usage = true
    if (chunk.type === 'text') open += chunk.delta
    if (chunk.type === 'part' && chunk.part.type === 'text') {
      equal(chunk.part.text, open, 'a text part and the deltas before it')
      open = ''
    } else if (chunk.type === 'part' && chunk.part.type !== 'reasoning') open = ''
  }
  const { parts } = fold
  const said = (type: 'text' | 'reasoning'): string => parts.reduce((text, part) => (part.type === type ? text + part.text : text), '')
  return {
    chunks,
    parts,
    text: said('text'),
    reasoning: said('reasoning'),
    calls: parts.filter((part): part is CallPart => part.type === 'call' && part.by !== 'provider'),
    sources,
    usage: usage ? fold.usage : undefined,
    finish: fold.finish ?? fail('it ended without a finish'),
    asked,
  }
}

/** Fails with what does not hold. */
export function fail(what: string, cause?: unknown): never {
  throw new Error(what, { cause })
}

export function holds(condition: unknown, what: string): asserts condition {
  if (!condition) fail(what)
}

/** Fails where two JSON values differ; keys may stand in any order, and what is undefined is absent. */
export function equal(is: unknown, wanted: unknown, what: string): void {
  const [a, b] = [sorted(is), sorted(wanted)]
  if (a !== b) fail(`${what}: ${short(a)} where ${short(b)} was expected`)
}

const short = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}… (${text.length})` : text)

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  ) ?? 'undefined'

/** Waits until something is so, for a second at most. */
export async function until(what: () => boolean, why: string): Promise<void> {
  for (let tries = 0; tries < 100 && !what(); tries++) await new Promise((resolve) => setTimeout(resolve, tries && 10))
  holds(what(), why)
}
