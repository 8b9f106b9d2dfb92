// Mistral's chat for the checks: recorded requests are read like those of the protocol, and asked by `mistral()` itself.
import { mistral } from '../../src/providers/mistral.ts'
import type { Wire } from './checks.ts'
import { chat } from './openai-chat.ts'

export const mistralWire: Wire = {
  ...chat,
  model: ({ request }, fetch) => mistral((request?.body?.model as string | undefined) ?? 'm', { apiKey: 'k', fetch }),
}
