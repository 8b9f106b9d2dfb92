import type { Json } from '../../message.ts'

/** The name of this wire: in `Replay.wire`, and the key of its `providerOptions`, whose value is the AI SDK's own. */
export const wire = 'ai-sdk'

/** Where our own data travels in the AI SDK's metadata. */
export const ours = 'edgeswarm'

/** By provider name: what a part came with, and what goes back with it. */
export type Metadata = Record<string, { [key: string]: Json | undefined }>

/** What is needed of an AI SDK language model of specification v3 or v4. */
export interface AISDKModel {
  readonly specificationVersion: string
  readonly provider: string
  readonly modelId: string
  /** By media type (`image/*`, `*`): addresses that the model reads itself. */
  readonly supportedUrls?: PromiseLike<Record<string, RegExp[]>> | Record<string, RegExp[]>
  /** Takes back replay data of every wire of ours: it is ours behind the specification. */
  readonly replays?: boolean
  doGenerate(options: never): PromiseLike<object>
  doStream(options: never): PromiseLike<{ stream: ReadableStream<unknown> }>
}

/** The options of one call, as the AI SDK gives them to a model; only what is read of them. */
export interface AISDKCall {
  prompt: readonly AISDKMessage[]
  maxOutputTokens?: number
  temperature?: number
  stopSequences?: readonly string[]
  topP?: number
  topK?: number
  presencePenalty?: number
  frequencyPenalty?: number
  responseFormat?: { type: 'text' } | { type: 'json'; schema?: object; name?: string; description?: string }
  seed?: number
  tools?: readonly (
    | { type: 'function'; name: string; description?: string; inputSchema: object; strict?: boolean; providerOptions?: object }
    | { type: 'provider'; id: string; name: string; args: object }
  )[]
  toolChoice?: { type: 'auto' | 'none' | 'required' } | { type: 'tool'; toolName: string }
  reasoning?: string
  abortSignal?: AbortSignal
  providerOptions?: object
}

export interface AISDKMessage {
  role: 'system' | 'user' | 'assistant' | 'tool'
  content: string | readonly object[]
  providerOptions?: object
}

/** A piece of an answer, whole. */
export type AISDKContent =
  | { type: 'text' | 'reasoning'; text: string; providerMetadata?: Metadata }
  | { type: 'custom'; kind: `${string}.${string}`; providerMetadata?: Metadata }
  | { type: 'reasoning-file' | 'file'; mediaType: string; data: AISDKData; providerMetadata?: Metadata }
  | {
      type: 'tool-call'
      toolCallId: string
      toolName: string
      input: string
      providerExecuted?: boolean
      dynamic?: boolean
      providerMetadata?: Metadata
    }
  | {
      type: 'tool-result'
      toolCallId: string
      toolName: string
      result: NonNullable<Json>
      isError?: boolean
      dynamic?: boolean
      providerMetadata?: Metadata
    }
  | { type: 'source'; sourceType: 'url'; id: string; url: string; title?: string; providerMetadata?: Metadata }
  | { type: 'source'; sourceType: 'document'; id: string; mediaType: string; title: string; filename?: string; providerMetadata?: Metadata }

export type AISDKData = { type: 'data'; data: string } | { type: 'url'; url: URL }

export type AISDKStreamPart =
  | Exclude<AISDKContent, { type: 'text' | 'reasoning' }>
  | { type: 'text-start' | 'text-end' | 'reasoning-start' | 'reasoning-end'; id: string; providerMetadata?: Metadata }
  | { type: 'text-delta' | 'reasoning-delta'; id: string; delta: string }
  | { type: 'tool-input-start'; id: string; toolName: string }
  | { type: 'tool-input-delta'; id: string; delta: string }
  | { type: 'tool-input-end'; id: string }
  | { type: 'stream-start'; warnings: AISDKWarning[] }
  | ({ type: 'response-metadata' } & AISDKResponse)
  | ({ type: 'finish' } & AISDKFinish)
  | { type: 'raw'; rawValue: unknown }
  | { type: 'error'; error: unknown }

export type AISDKWarning = { type: 'unsupported'; feature: string; details?: string } | { type: 'other'; message: string }

export interface AISDKResponse {
  id?: string
  modelId?: string
}

export interface AISDKFinish {
  finishReason: { unified: 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'error' | 'other'; raw: string | undefined }
  usage: {
    inputTokens: { total: number | undefined; noCache: number | undefined; cacheRead: number | undefined; cacheWrite: number | undefined }
    outputTokens: { total: number | undefined; text: number | undefined; reasoning: number | undefined }
  }
}

/** Our model as the AI SDK takes one: specification v4. */
export interface AISDKLanguageModel extends AISDKModel {
  readonly specificationVersion: 'v4'
  readonly supportedUrls: Record<string, RegExp[]>
  doGenerate(options: AISDKCall): Promise<{ content: AISDKContent[]; warnings: AISDKWarning[]; response: AISDKResponse } & AISDKFinish>
  doStream(options: AISDKCall): Promise<{ stream: ReadableStream<AISDKStreamPart> }>
}
