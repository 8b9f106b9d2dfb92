import type { FinishReason } from './event.ts'
import { type Message, textOf, type Usage } from './message.ts'

/** What a stop condition may look at: asked after each step whose calls are all answered. */
export interface StopState {
  steps: number
  usage: Usage
  /** The model's last message. */
  message: Message
}

/** Says why a run should end here, or nothing to go on. */
export type Stop = (state: StopState) => FinishReason | undefined

/** Ends with `tool-limit` after `n` model calls. */
export const maxSteps =
  (n: number): Stop =>
  ({ steps }) =>
    steps >= n ? 'tool-limit' : undefined

/** Ends once the model's last text contains `words`. */
export const said =
  (words: string | RegExp): Stop =>
  ({ message }) => {
    const text = textOf(message)
    return (typeof words === 'string' ? text.includes(words) : new RegExp(words.source, words.flags.replace(/[gy]/g, '')).test(text))
      ? 'stop'
      : undefined
  }

/** Ends once the model has called this tool and it has answered. */
export const calledTool =
  (name: string): Stop =>
  ({ message }) =>
    message.parts.some((part) => part.type === 'call' && part.name === name) ? 'stop' : undefined

/** Ends with `budget` once the run has used this many tokens, input and output together. */
export const spent =
  ({ tokens }: { tokens: number }): Stop =>
  ({ usage }) =>
    usage.input + usage.output >= tokens ? 'budget' : undefined

/** Ends when every condition says so, for the first one's reason. */
export const and =
  (...stops: readonly Stop[]): Stop =>
  (state) => {
    const reasons = stops.map((stop) => stop(state))
    return reasons.every((reason) => reason) ? reasons[0] : undefined
  }

/** Ends when any condition says so. */
export const or =
  (...stops: readonly Stop[]): Stop =>
  (state) => {
    for (const stop of stops) {
      const reason = stop(state)
      if (reason) return reason
    }
    return undefined
  }
