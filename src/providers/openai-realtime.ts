import { KitError } from '../errors.ts'
import type { ServiceOptions } from '../services.ts'
import { countIn, defined, textIn } from './wire/fields.ts'
import type { Connection } from './wire/http.ts'
import { explainError } from './wire/openai-responses-errors.ts'
import { askJson } from './wire/service.ts'

export type { Connection } from './wire/http.ts'

/** A key for one session of a browser: give it away, never your own. */
export interface ClientSecret {
  value: string
  /** Ms since 1970. */
  expiresAt: number
}

export interface ClientSecretOptions extends Connection, ServiceOptions {
  /** How long the key may begin a session: 10 to 7,200; default 600. */
  seconds?: number
}

/**
 * A short-lived key for OpenAI's Realtime API; `session` is in OpenAI's words and is what the key's holder gets. Errors: `model/*`.
 * @example await clientSecret({ type: 'realtime', model: 'gpt-realtime' }, { apiKey, seconds: 60 })
 */
export async function clientSecret(session: Record<string, unknown>, options: ClientSecretOptions = {}): Promise<ClientSecret> {
  const { seconds, signal, providerOptions, ...connection } = options
  const provider = 'openai'
  const service = { ...connection, baseURL: connection.baseURL ?? 'https://api.openai.com/v1', provider, explain: explainError }
  const expires_after = seconds === undefined ? undefined : { anchor: 'created_at', seconds }
  const json = { expires_after, session }
  const body = await askJson(service, { path: '/realtime/client_secrets', json, options: defined({ signal, providerOptions }) })
  const [value, expires] = [textIn(body.value), countIn(body.expires_at)]
  if (value === undefined || expires === undefined) throw new KitError('model/garbled', `${provider} sent no key`, { provider })
  return { value, expiresAt: expires * 1000 }
}
