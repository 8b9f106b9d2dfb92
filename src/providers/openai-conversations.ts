import { KitError } from '../errors.ts'
import type { ServiceOptions } from '../services.ts'
import { type Fields, textIn } from './wire/fields.ts'
import type { Connection } from './wire/http.ts'
import { explainError } from './wire/openai-responses-errors.ts'
import { askJson, type Service } from './wire/service.ts'

export type { Connection } from './wire/http.ts'

export interface Conversations {
  /** A new conversation's id. */
  create(options?: ServiceOptions): Promise<string>
  /** Whether there is one of that id still. */
  has(id: string, options?: ServiceOptions): Promise<boolean>
  delete(id: string, options?: ServiceOptions): Promise<void>
}

/**
 * OpenAI's own store of conversations. A call with `providerOptions['openai-responses'].conversation` goes on in one, and sends
 * only what came after the last answer. What is rewound or forked here is not there: `openaiManaged` has none of that trouble.
 * Errors: `model/*`.
 * @example const conversation = await openaiConversations({ apiKey }).create()
 */
export function openaiConversations(options: Connection = {}): Conversations {
  const provider = 'openai'
  const service: Service = { ...options, baseURL: options.baseURL ?? 'https://api.openai.com/v1', provider, explain: explainError }
  const at = (id: string): string => `/conversations/${encodeURIComponent(id)}`
  const idIn = (body: Fields): string => {
    const id = textIn(body.id)
    if (id === undefined) throw new KitError('model/garbled', `${provider} sent a conversation without an id`, { provider })
    return id
  }
  return {
    create: async (more) => idIn(await askJson(service, { method: 'POST', path: '/conversations', json: {}, options: more })),
    async has(id, more) {
      try {
        return idIn(await askJson(service, { path: at(id), options: more })) === id
      } catch (error) {
        if (error instanceof KitError && error.status === 404) return false
        throw error
      }
    },
    async delete(id, more) {
      await askJson(service, { method: 'DELETE', path: at(id), options: more })
    },
  }
}
