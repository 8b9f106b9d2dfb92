export { type Agent, type Bounds, type Timeouts } from './agent.ts'
export { type Blobs, memoryBlobs, sha256 } from './blobs.ts'
export { agent, type AgentBuilder, type ReadyBuilder } from './builder.ts'
export type { Context, Principal } from './context.ts'
export { KitError, type KitErrorCode, ToolError } from './errors.ts'
export {
  type Attempt,
  type Event,
  type EventBody,
  type EventOf,
  type FinishReason,
  isDelta,
  type Pending,
  type PendingAnswer,
  type RunRequest,
  type Stored,
} from './event.ts'
export { type AppendOptions, type Head, type Journal, memoryJournal } from './journal.ts'
export {
  type CallPart,
  type Input,
  type MediaPart,
  type Message,
  type OpaquePart,
  type Part,
  type ProviderOptions,
  type ReasoningPart,
  type RefusalPart,
  type Replay,
  type ResultPart,
  type TextPart,
  textOf,
  type Usage,
  user,
} from './message.ts'
export { type CallState, type Middleware, pending, type ParkRequest, type Run, type Runner } from './middleware.ts'
export {
  type Answer,
  type Chunk,
  collect,
  model,
  type Model,
  type ModelCall,
  type ModelFinish,
  type ModelInfo,
  type ModelSettings,
  type OutputFormat,
  type ReasoningSettings,
  type Source,
  type ToolChoice,
  type ToolInfo,
} from './model.ts'
export { type Result, run, type RunOptions, stream } from './run.ts'
export type { InferOutput, JsonSchema, Schema } from './schema.ts'
export { openSession, type Session, type SessionOptions, type SessionSummary, type Submitted, type SubmitOptions } from './session.ts'
export { and, calledTool, maxSteps, or, said, spent, type Stop, type StopState } from './stop.ts'
export { memoryStore, type Store } from './store.ts'
export { tool, type Tool, type ToolContext, type ToolDefinition, type ToolRunner, type ToolUse } from './tool.ts'
export { emptyState, fold, type SessionState, transcriptOf } from './transcript.ts'
export { type Match, memoryVectors, type Vector, type Vectors } from './vectors.ts'
