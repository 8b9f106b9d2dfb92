import { model, type Model, type ModelInfo } from '../model.ts'
import { exchange } from './wire/exchange.ts'
import { InteractionDecoder } from './wire/gemini-interactions-decode.ts'
import { encodeInteraction, interactionsWire as wire } from './wire/gemini-interactions.ts'
import { capabilitiesOf, familyOf, type GeminiFamily } from './wire/gemini-models.ts'
import { type GeminiConnection, geminiHome, versioned } from './wire/gemini-place.ts'
import { explainGemini } from './wire/gemini-errors.ts'
import { keyOf } from './wire/http.ts'

export type { GeminiConnection } from './wire/gemini-place.ts'
export { interactionsOptions } from './wire/gemini-interactions.ts'

export interface InteractionsOptions extends GeminiConnection {
  /**
   * `true`: the vendor keeps the conversation (a day on the free tier, 55 days on the paid one), and a call whose last answer came
   * from there sends only what is new. The transcript still holds everything: after an answer of another model, or with `false`
   * (the default), all of it is sent.
   */
  store?: boolean
  /** `id` names an agent (`deep-research-…`), which takes a while: stream it. */
  agent?: boolean
  family?: GeminiFamily
  capabilities?: ModelInfo['capabilities']
  limits?: ModelInfo['limits']
}

/**
 * A model, or an agent, behind Google's Interactions API, in the shape of 2026-11-10 (`@google/genai` 3.1.0). Hosted tools are
 * those of `edgeswarm/providers/gemini-tools`. Errors: `model/*`; an answer that is made in the background must be streamed
 * (`model/unsupported` otherwise). Settings that the API has no field for are named in a `notice`.
 * @example interactions('gemini-3.8-flash', { apiKey, store: true })
 */
export function interactions(id: string, options: InteractionsOptions = {}): Model {
  const { provider = 'gemini', baseURL = geminiHome, apiVersion, agent = false, store = false, family = familyOf(id) } = options
  const url = `${versioned(baseURL, apiVersion)}/interactions`
  const { capabilities = { ...capabilitiesOf(family), reasoning: true }, limits = { context: 1_048_576, output: 65_536 } } = options
  return model({ id, provider, wire, capabilities, limits }, (call) =>
    exchange(call, { provider, fetch: options.fetch }, async () => {
      const { body, dropped } = encodeInteraction(call, { id, agent, store, family })
      const token = await keyOf({ apiKey: options.token })
      const key = token ? undefined : await keyOf(options)
      return {
        url: call.stream === false ? url : `${url}?alt=sse`,
        body,
        dropped,
        headers: { ...(key && { 'x-goog-api-key': key }), ...(token && { authorization: `Bearer ${token}` }), ...options.headers },
        explain: explainGemini,
        decoder: new InteractionDecoder(provider, store),
      }
    }),
  )
}
