import { openaiChatServer } from './openai-chat.ts'
import type { WireServer } from './wire.ts'

export type ChatServerName = 'openai'

/** Servers of Chat Completions by their vendors. */
export const chatServers: Readonly<Record<ChatServerName, WireServer>> = { openai: openaiChatServer() }
