import { anthropicServer } from './anthropic-messages.ts'
import { bedrockServer } from './bedrock.ts'
import { cohereServer } from './cohere-v2.ts'
import { geminiServer } from './gemini.ts'
import { ollamaServer } from './ollama.ts'
import { openaiChatServer } from './openai-chat.ts'
import { responsesServer } from './openai-responses.ts'
import type { WireServer } from './wire.ts'
import { workersAiChatServer, workersAiServer } from './workers-ai.ts'

export type WireName =
  | 'anthropic-messages'
  | 'bedrock'
  | 'cohere-v2'
  | 'gemini'
  | 'ollama'
  | 'openai-chat'
  | 'openai-responses'
  | 'workers-ai'
  | 'workers-ai-chat'

/** The servers of the kit by the names of their wires. */
export const wireServers: Readonly<Record<WireName, WireServer>> = {
  'anthropic-messages': anthropicServer,
  bedrock: bedrockServer,
  'cohere-v2': cohereServer,
  gemini: geminiServer,
  ollama: ollamaServer,
  'openai-chat': openaiChatServer(),
  'openai-responses': responsesServer,
  'workers-ai': workersAiServer,
  'workers-ai-chat': workersAiChatServer,
}
