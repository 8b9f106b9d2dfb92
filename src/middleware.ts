import type { Agent } from './agent.ts'
import type { Context } from './context.ts'
import type { Attempt, Event, Pending, PendingAnswer } from './event.ts'
import type { Message, ResultPart } from './message.ts'
import type { Chunk, Model, ModelCall } from './model.ts'
import type { ToolRunner, ToolUse } from './tool.ts'

/** What the journal knows of a call that has no place in a tool message yet. */
export interface CallState {
  /** How many times it was started. */
  starts: number
  result?: ResultPart
  pending?: Pending
  answer?: PendingAnswer
}

/** One run: what came in, who asked, and how far it got before this attempt. */
export interface Run {
  readonly id: string
  readonly agent: Agent
  readonly messages: readonly Message[]
  readonly context: Context
  readonly attempt: Attempt
  /** By call id; empty on a first attempt. */
  readonly calls: ReadonlyMap<string, CallState>
  /** Model calls made before this attempt. */
  readonly steps: number
  /** Runs above this one. */
  readonly depth: number
  readonly parent?: string
  readonly signal: AbortSignal
  /** Takes the messages that were said to the run since it was last asked. */
  readonly steered?: () => readonly Message[]
}

export type Runner = (run: Run) => AsyncIterable<Event>

/**
 * A layer around any of the three things an agent does. The first in the list is the outermost. A layer may throw a
 * `KitError` to refuse; a `tool` layer may throw `pending(…)` to park. Layers run again when a run resumes or recovers.
 */
export interface Middleware {
  name?: string
  run?(run: Run, next: Runner): AsyncIterable<Event>
  model?(call: ModelCall, next: Model, run: Run): AsyncIterable<Chunk>
  tool?(use: ToolUse, next: ToolRunner, run: Run): Promise<unknown>
}

export const wrapRun = (runner: Runner, layers: readonly Middleware[]): Runner =>
  layers.reduceRight<Runner>((next, layer) => (layer.run ? (run) => layer.run!(run, next) : next), runner)

export const wrapModel = (model: Model, layers: readonly Middleware[], run: Run): Model =>
  layers.reduceRight<Model>(
    (next, layer) => (layer.model ? Object.assign((call: ModelCall) => layer.model!(call, next, run), { info: next.info }) : next),
    model,
  )

export const wrapTool = (runner: ToolRunner, layers: readonly Middleware[], run: Run): ToolRunner =>
  layers.reduceRight<ToolRunner>((next, layer) => (layer.tool ? (use) => layer.tool!(use, next, run) : next), runner)

/** Thrown by a tool or a `tool` layer to park the run; made by `pending`. */
export class Park extends Error {
  override name = 'Park'
  readonly kind: Pending['kind']
  readonly schema: Pending['schema']
  /** Ms. */
  readonly ttl: number
  constructor(request: ParkRequest) {
    super('the run waits')
    this.kind = request.kind
    this.schema = request.schema
    this.ttl = request.ttl ?? 24 * 3_600_000
  }
}

export interface ParkRequest {
  kind: Pending['kind']
  schema?: Pending['schema']
  /** Ms until it counts as declined; default 24 h. */
  ttl?: number
}

/** `throw pending({ kind: 'approval' })` parks the run until its owner answers. */
export const pending = (request: ParkRequest): Park => new Park(request)
