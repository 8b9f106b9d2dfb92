import type { Context } from './context.ts'
import type { Middleware } from './middleware.ts'
import type { Model, ModelSettings } from './model.ts'
import { type Schema, toJsonSchema } from './schema.ts'
import type { Stop } from './stop.ts'
import type { Tool } from './tool.ts'

/** All in ms. */
export interface Timeouts {
  /** Until the model's first chunk; default 60,000. */
  firstChunk?: number
  /** Between two chunks; default 60,000. */
  idle?: number
  /** One tool use; default 60,000. */
  tool?: number
  /** The whole run, waiting for people not counted; default 900,000. */
  run?: number
}

export interface Bounds {
  /** Tools of one step that run at once; default 8. */
  parallel?: number
  /** Characters of one answer, deltas of every kind together; default 4,000,000. */
  answer?: number
  /** Characters of one tool output as JSON; default 1,000,000. */
  toolOutput?: number
  /** Calls in one answer; default 128. */
  calls?: number
  /** Model calls in one run, whatever `stop` says; default 50. */
  steps?: number
  /** Agents that started one another; default 8. */
  depth?: number
}

/** An agent is a description; `run` and `stream` bring it to life. */
export interface Agent<Output = unknown> {
  readonly name: string
  readonly description?: string
  readonly instructions?: string | ((context: Context) => string | Promise<string>)
  readonly model: Model
  readonly tools?: readonly Tool[]
  readonly use?: readonly Middleware[]
  /** When to end though the model would go on; default after 20 model calls. */
  readonly stop?: Stop
  /** The answer is JSON held to this schema; a wrong one gets one repair turn. */
  readonly output?: Schema<unknown, Output>
  readonly settings?: ModelSettings
  readonly timeouts?: Timeouts
  readonly bounds?: Bounds
  /** What a caller over HTTP may set by `options`. */
  readonly allow?: readonly (keyof ModelSettings)[]
}

/**
 * Checks and freezes a description. Throws a `TypeError` for what could never run: no name, no model, two tools of one
 * name, a schema that cannot describe itself.
 */
export function defineAgent<Output = unknown>(description: Agent<Output>): Agent<Output> {
  const { name, model, tools = [], use = [], output } = description
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) throw new TypeError(`an agent's name is 1 to 64 letters, digits, _ or -: ${name}`)
  if (typeof model !== 'function' || !model.info) throw new TypeError(`agent ${name} has no model`)
  const names = new Set<string>()
  for (const tool of tools) {
    if (names.has(tool.name)) throw new TypeError(`agent ${name} has two tools named ${tool.name}`)
    names.add(tool.name)
    if (tool.input) toJsonSchema(tool.input)
  }
  if (output) toJsonSchema(output, 'output')
  return Object.freeze({ ...description, tools: Object.freeze([...tools]), use: Object.freeze([...use]) })
}
