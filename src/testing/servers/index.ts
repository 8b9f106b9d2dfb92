import { openaiChatServer } from './openai-chat.ts'
import type { WireServer } from './wire.ts'

export type WireName = 'openai-chat'

/** The servers of the kit by the names of their wires. */
export const wireServers: Readonly<Record<WireName, WireServer>> = {
  'openai-chat': openaiChatServer(),
}
