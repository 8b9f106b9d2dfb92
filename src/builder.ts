import { defineAgent, type Agent } from './agent.ts'
import type { Context } from './context.ts'
import type { Middleware } from './middleware.ts'
import type { Model, ModelSettings } from './model.ts'
import type { Schema } from './schema.ts'
import type { Stop } from './stop.ts'
import type { Tool } from './tool.ts'

/** An agent in the making; every step gives a new one. */
export interface AgentBuilder<Output = unknown> {
  description(text: string): this
  instructions(text: string | ((context: Context) => string | Promise<string>)): this
  tool(...tools: readonly Tool[]): this
  use(...layers: readonly Middleware[]): this
  stop(stop: Stop): this
  settings(settings: ModelSettings): this
  output<T>(schema: Schema<unknown, T>): this extends ReadyBuilder<Output> ? ReadyBuilder<T> : AgentBuilder<T>
  model(model: Model): ReadyBuilder<Output>
}

/** A builder that has a model: only this one can `build()`. */
export interface ReadyBuilder<Output = unknown> extends AgentBuilder<Output> {
  /** The same frozen object that `agent({ … })` gives. */
  build(): Agent<Output>
}

/**
 * Makes an agent, from a description or step by step; both give the same frozen object. Throws a `TypeError` for what
 * could never run.
 * @example agent({ name: 'support', model: openai('gpt-5.4-mini'), instructions: 'Be kind.', tools: [clock] })
 * @example agent('support').model(openai('gpt-5.4-mini')).instructions('Be kind.').tool(clock).build()
 */
export function agent(name: string): AgentBuilder
export function agent<Output = unknown>(description: Agent<Output>): Agent<Output>
export function agent(what: string | Agent): AgentBuilder | Agent {
  return typeof what === 'string' ? from({ name: what }) : defineAgent(what)
}

function from(so: Partial<Agent> & { name: string }): ReadyBuilder {
  const having = (more: Partial<Agent>): ReadyBuilder => from({ ...so, ...more })
  const steps = {
    description: (description: string) => having({ description }),
    instructions: (instructions: Agent['instructions']) => having({ instructions }),
    tool: (...tools: readonly Tool[]) => having({ tools: [...(so.tools ?? []), ...tools] }),
    use: (...layers: readonly Middleware[]) => having({ use: [...(so.use ?? []), ...layers] }),
    stop: (stop: Stop) => having({ stop }),
    settings: (settings: ModelSettings) => having({ settings }),
    output: (output: Schema<unknown, unknown>) => having({ output }),
    model: (model: Model) => having({ model }),
    build: () => defineAgent(so as Agent),
  }
  return steps as unknown as ReadyBuilder
}
