import type { Context } from './context.ts'
import type { PendingAnswer, RunRequest } from './event.ts'
import type { CallPart, ProviderOptions } from './message.ts'
import type { ToolInfo } from './model.ts'
import { type InferOutput, type JsonSchema, type Schema, toJsonSchema } from './schema.ts'

/** What a tool gets beside its input. */
export interface ToolContext<Env = unknown> extends Context<Env> {
  /** The call's id. */
  id: string
  run: string
  /** 1, or more when an idempotent tool is run again after a crash. */
  attempt: number
  /** Aborted on cancel, on the tool's time-out, and when the run ends. */
  signal: AbortSignal
  /** Shows progress to readers; more than 1,000 unread are dropped, oldest first. */
  emit(data: unknown): void
}

/**
 * Something that an agent can do. Without `run` it is answered by the client: the run parks until the output comes.
 * Output is JSON, or `{ parts }` for images; a `ToolError` tells the model something, any other throw does not.
 */
export interface Tool {
  readonly name: string
  readonly description?: string
  readonly input?: Schema<unknown, unknown>
  readonly run?: (input: never, context: ToolContext<never>) => unknown
  /** Parks the run until the session's owner says yes. */
  readonly approval?: boolean | ((input: never, context: ToolContext<never>) => boolean | Promise<boolean>)
  /** May be run again after a crash cut it off. Default false: its result is then `tool/interrupted`. */
  readonly idempotent?: boolean
  /** Ms; default the agent's `timeouts.tool`. */
  readonly timeout?: number
  /** Part of what an approval is bound to. */
  readonly version?: string
  /** Roles of readers who see its input and output; absent: whoever may read the session. Its name and whether it failed are always seen. */
  readonly show?: readonly string[]
  readonly strict?: boolean
  /** A tool that the provider runs itself. */
  readonly hosted?: ToolInfo['hosted']
  readonly providerOptions?: ProviderOptions
}

/** A tool's definition with its types tied together; see `Tool`. */
export interface ToolDefinition<S extends Schema<unknown, unknown>, Env> {
  name: string
  description?: string
  input?: S
  run?: (input: InferOutput<S>, context: ToolContext<Env>) => unknown
  approval?: boolean | ((input: InferOutput<S>, context: ToolContext<Env>) => boolean | Promise<boolean>)
  idempotent?: boolean
  timeout?: number
  version?: string
  show?: readonly string[]
  strict?: boolean
  hosted?: ToolInfo['hosted']
  providerOptions?: ProviderOptions
}

/**
 * Makes a tool; `run` is typed by the schema of `input`. Throws a `TypeError` for a name that providers refuse.
 * @example tool({ name: 'add', input: z.object({ a: z.number(), b: z.number() }), run: ({ a, b }) => a + b })
 */
export function tool<S extends Schema<unknown, unknown>, Env = unknown>(definition: ToolDefinition<S, Env>): Tool {
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(definition.name))
    throw new TypeError(`a tool's name is 1 to 64 letters, digits, _ or -: ${definition.name}`)
  return Object.freeze({ ...definition }) as Tool
}

const anything: JsonSchema = { type: 'object', properties: {} }

/** A tool as the model is told of it. */
export function toolInfo({ name, description, input, strict, hosted, providerOptions }: Tool): ToolInfo {
  return {
    name,
    description,
    ...(hosted ? { hosted } : { input: input ? toJsonSchema(input) : anything }),
    strict,
    providerOptions,
  }
}

/** Tools that a client brought as data: what it answers is its own, so nothing is checked. */
export const clientTools = (tools: RunRequest['tools'] = []): Tool[] =>
  tools.map(({ name, description, input }) => ({
    name,
    description,
    ...(input && {
      input: {
        '~standard': {
          version: 1,
          vendor: 'client',
          validate: (value) => ({ value }),
          jsonSchema: { input: () => ({ ...input }), output: () => ({ ...input }) },
        },
      },
    }),
  }))

/** One use of a tool, as the `tool` layers see it. */
export interface ToolUse {
  readonly call: CallPart
  readonly tool: Tool
  /** Checked against the tool's schema. */
  readonly input: unknown
  readonly context: ToolContext
  /** What the owner answered, when the use was parked before. */
  readonly answer?: PendingAnswer
}

export type ToolRunner = (use: ToolUse) => Promise<unknown>
