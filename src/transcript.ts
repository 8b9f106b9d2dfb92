import { refsIn } from './blobs.ts'
import type { Event, FinishReason, Pending, RunRequest } from './event.ts'
import { addUsage, type Message, type Part, type Usage } from './message.ts'
import type { CallState } from './middleware.ts'
import { AnswerFold } from './model.ts'

/** What a journal amounts to, up to one event of it. */
export interface SessionState {
  seq: number
  messages: { seq: number; message: Message }[]
  /** The answer that is being given. */
  partial?: { id: string; from?: number; fold: AnswerFold }
  run?: { id: string; agent: string; steps: number; recovered: number; request: RunRequest; finish?: FinishReason; usage: Usage }
  calls: Map<string, CallState>
  pending: Map<string, Pending>
  operations: Map<string, { hash: string; run: string; seq: number; at: number }>
  answered: Set<string>
  /** Hashes of the blobs that were ever referred to, rewound messages included. */
  refs: Set<string>
  usage: Usage
  /** The principal that made the session. */
  owner?: string
  title: string
  updated: number
  /** Whether anything was ever said. */
  begun: boolean
}

export const emptyState = (): SessionState => ({
  seq: 0,
  messages: [],
  calls: new Map(),
  pending: new Map(),
  operations: new Map(),
  answered: new Set(),
  refs: new Set(),
  usage: { input: 0, output: 0 },
  title: '',
  updated: 0,
  begun: false,
})

/** Folds one event into the state: the one definition of what a transcript is, for journals, servers and readers alike. */
export function fold(state: SessionState, event: Event): SessionState {
  const seq = event.seq ?? state.seq
  state.seq = Math.max(state.seq, seq)
  state.updated = event.at
  if (event.type === 'message' || event.type === 'part' || event.type === 'tool-result')
    for (const ref of refsIn(event)) state.refs.add(ref)
  switch (event.type) {
    case 'start': {
      const before = state.run?.id === event.run ? state.run : undefined
      state.run = {
        id: event.run,
        agent: event.agent,
        steps: before?.steps ?? 0,
        request: event.request ?? before?.request ?? {},
        recovered: (before?.recovered ?? 0) + (event.attempt === 'recovered' ? 1 : 0),
        usage: before?.usage ?? { input: 0, output: 0 },
      }
      const operation = event.request?.operation
      if (operation) {
        state.operations.delete(operation.key)
        state.operations.set(operation.key, { hash: operation.hash, run: event.run, seq, at: event.at })
        // bounded: the oldest are forgotten first
        if (state.operations.size > 1000) state.operations.delete(state.operations.keys().next().value!)
      }
      if (!state.begun && event.request?.principal) state.owner = event.request.principal.id
      if (event.title !== undefined && !state.title) state.title = event.title
      state.begun = true
      break
    }
    case 'title':
      state.title = event.title
      break
    case 'step':
      if (state.run) state.run.steps = event.n
      state.partial = { id: event.message, fold: new AnswerFold() }
      break
    case 'text':
    case 'reasoning':
      if (!state.partial) break
      state.partial.from ??= seq
      state.partial.fold.add(event)
      break
    case 'tool-input':
      if (state.partial) state.partial.from ??= seq
      break
    case 'part':
      state.partial?.fold.add(event)
      break
    case 'message': {
      // only a message of the same turn can come twice: a longer look back would make a long journal quadratic
      const near = Math.max(0, state.messages.length - 8)
      const at = state.messages.findIndex(
        ({ message }, index) => index >= near && message.id !== undefined && message.id === event.message.id,
      )
      if (at >= 0) state.messages[at] = { seq, message: event.message }
      else state.messages.push({ seq, message: event.message })
      if (state.partial?.id === event.message.id) delete state.partial
      if (event.message.role === 'tool') for (const part of event.message.parts) if (part.type === 'result') state.calls.delete(part.id)
      break
    }
    case 'tool-start':
      callOf(state, event.id).starts = event.attempt
      break
    case 'tool-result': {
      const { id, name, output, parts, error } = event
      callOf(state, id).result = { type: 'result', id, name, ...(error ? { error } : parts ? { parts } : { output }) }
      break
    }
    case 'pending': {
      const { type, seq: _, at, run, agent, parent, ...pending } = event
      state.pending.set(event.id, pending)
      if (event.call) callOf(state, event.call.id).pending = pending
      break
    }
    case 'answer': {
      const { type, seq: _, at, run, agent, parent, ...answer } = event
      const call = state.pending.get(event.id)?.call
      state.pending.delete(event.id)
      state.answered.add(event.id)
      if (call) callOf(state, call.id).answer = answer
      break
    }
    case 'usage':
      state.usage = addUsage(state.usage, event.usage)
      if (state.run) state.run.usage = addUsage(state.run.usage, event.usage)
      break
    case 'restart':
      // a model that begins again does so within its step
      if (state.partial) state.partial = { id: state.partial.id, fold: new AnswerFold() }
      state.messages = state.messages.filter((entry) => entry.seq < event.from)
      break
    case 'rewind':
      state.messages = state.messages.filter((entry) => entry.seq <= event.to)
      state.calls.clear()
      state.pending.clear()
      delete state.partial
      break
    case 'error':
      delete state.partial
      break
    case 'finish':
      if (state.run) state.run.finish = event.reason
      delete state.partial
      break
  }
  return state
}

/** The messages, the unfinished answer last. */
export function transcriptOf(state: SessionState): Message[] {
  const messages = state.messages.map(({ message }) => message)
  const parts: readonly Part[] = state.partial?.fold.partial() ?? []
  return parts.length ? [...messages, { id: state.partial!.id, role: 'assistant', parts }] : messages
}

function callOf(state: SessionState, id: string): CallState {
  let call = state.calls.get(id)
  if (!call) state.calls.set(id, (call = { starts: 0 }))
  return call
}
