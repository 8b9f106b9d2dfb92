import type { Protocol } from './openai-answers.ts'
import { encodeChat } from './openai-chat-request.ts'
import { ChatDecoder } from './openai-chat.ts'

/** Chat Completions. */
export const chatProtocol: Protocol = {
  endpoint: '/v1/chat/completions',
  body: (provider, model, call, quirks) => encodeChat({ ...call, stream: false }, model, { files: provider, ...quirks }),
  reads: (body) => Array.isArray(body.choices),
  decoder: (provider, quirks = {}) => new ChatDecoder(provider, quirks, { messages: [] }),
}
