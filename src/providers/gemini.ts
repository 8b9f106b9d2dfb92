import { model, type Model, type ModelInfo } from '../model.ts'
import { exchange } from './wire/exchange.ts'
import { GeminiDecoder } from './wire/gemini-decode.ts'
import { explainGemini } from './wire/gemini-errors.ts'
import { capabilitiesOf, familyOf, type GeminiFamily } from './wire/gemini-models.ts'
import { geminiHome, pathIn, versioned, vertexHome } from './wire/gemini-place.ts'
import { encodeGemini, wire } from './wire/gemini.ts'
import { type Connection, keyOf } from './wire/http.ts'
import { VertexDecoder } from './wire/vertex-decode.ts'

export type { Connection } from './wire/http.ts'
export { geminiFamilies, type GeminiFamily } from './wire/gemini-models.ts'
export { geminiOptions } from './wire/gemini.ts'

export interface GeminiOptions extends Connection {
  /** Named in errors and events; default `gemini`. */
  provider?: string
  /**
   * Default `v1beta`: what is new (thinking levels, hosted tools, media in results, cached content) is there before it is in
   * `v1`, or only there. Left out of the address where `baseURL` ends with a version.
   */
  apiVersion?: string
  /** An OAuth access token, or a function that gives a fresh one; sent as Bearer. */
  token?: string | (() => string | Promise<string>)
  /** What the model takes; default by its name, see `geminiFamilies`. */
  family?: GeminiFamily
  capabilities?: ModelInfo['capabilities']
  /** Default those of the common models: 1,048,576 tokens in, 65,536 out. */
  limits?: ModelInfo['limits']
}

export interface VertexOptions extends GeminiOptions {
  /** Absent in express mode, with an API key instead of a token. */
  project?: string
  /** Default `global`. */
  location?: string
}

/**
 * A model behind Gemini's generateContent. `id` is a name, or a path for what is no plain model (`tunedModels/…`). The key
 * goes in a header, never in the address. Throws a `TypeError` for a name that leads elsewhere. Errors: `model/*`.
 * @example gemini('gemini-3.8-flash', { apiKey })
 */
export const gemini = (id: string, options: GeminiOptions = {}): Model =>
  generateContent(id, id.includes('/') ? id : `models/${id}`, geminiHome, options)

/**
 * The same on Vertex AI. `id` is a name, or a path from `projects/` on (an endpoint of your own). Errors: `model/*`.
 * @example vertex('gemini-3.8-flash', { project, location: 'europe-west4', token: () => freshToken() })
 */
export function vertex(id: string, options: VertexOptions): Model {
  const { project, location = 'global' } = options
  const place = project === undefined ? '' : `projects/${project}/locations/${location}/`
  const path = id.includes('/') ? id : `${place}publishers/google/models/${id}`
  return generateContent(id, path, vertexHome(location), { provider: 'vertex', apiVersion: 'v1', ...options }, VertexDecoder)
}

function generateContent(id: string, path: string, home: string, options: GeminiOptions, Decoder = GeminiDecoder): Model {
  const { provider = 'gemini', baseURL = home, apiVersion, family = familyOf(id) } = options
  const url = `${versioned(baseURL, apiVersion)}/${pathIn(path)}`
  const { capabilities = capabilitiesOf(family), limits = { context: 1_048_576, output: 65_536 } } = options
  return model({ id, provider, wire, capabilities, limits }, (call) =>
    exchange(call, { provider, fetch: options.fetch }, async () => {
      const [key, token] = await Promise.all([keyOf(options), keyOf({ apiKey: options.token })])
      return {
        url: call.stream === false ? `${url}:generateContent` : `${url}:streamGenerateContent?alt=sse`,
        body: encodeGemini(call, { ...family, vertex: Decoder !== GeminiDecoder }),
        headers: { ...(key && { 'x-goog-api-key': key }), ...(token && { authorization: `Bearer ${token}` }), ...options.headers },
        explain: explainGemini,
        decoder: new Decoder(provider),
      }
    }),
  )
}
