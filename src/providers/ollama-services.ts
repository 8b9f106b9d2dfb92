import { KitError } from '../errors.ts'
import type { MediaPart } from '../message.ts'
import type { Chunk, Modality, ModelInfo, ModelSettings, OutputFormat } from '../model.ts'
import type { Embedder, ServiceOptions, Services } from '../services.ts'
import { numbersIn } from './wire/embeddings.ts'
import { countIn, type Fields, fields, objects, textIn } from './wire/fields.ts'
import { type Connection, keyOf } from './wire/http.ts'
import { exchangeLines } from './wire/ndjson.ts'
import { encodeOllama, type OllamaSettings, ollamaURL } from './wire/ollama-request.ts'
import { explainOllama, OllamaDecoder } from './wire/ollama.ts'
import { askJson, type Service } from './wire/service.ts'

export type { Connection } from './wire/http.ts'

export interface OllamaServicesOptions extends Connection, OllamaSettings {
  /** Servers before 0.3 know `/api/embeddings` only, which takes one text at a time. */
  embedAPI?: 'embed' | 'embeddings'
}

/** A prompt to go on from, without the roles of a chat. */
export interface GenerateCall extends ModelSettings {
  prompt: string
  /** What comes after the gap: the model fills in between (FIM), where it can. */
  suffix?: string
  system?: string
  /** Base64 images only. */
  images?: readonly MediaPart[]
  output?: OutputFormat
  stream?: boolean
  signal?: AbortSignal
}

export interface OllamaServices extends Required<Pick<Services, 'provider' | 'embed' | 'listModels'>> {
  /** The models of the server with what each can do and its context, asked one by one: at most 1,000. */
  discover(options?: ServiceOptions): Promise<ModelInfo[]>
  /** Text that goes on from a prompt, as the chunks of a model: `/api/generate`. */
  generate(model: string): (call: GenerateCall) => AsyncIterable<Chunk>
}

/**
 * Ollama's embeddings, the list of its models, and text completion. Errors: `model/*`.
 * @example const [first] = await ollamaServices().discover(); ollama(first.id, first)
 */
export function ollamaServices(options: OllamaServicesOptions = {}): OllamaServices {
  const provider = 'ollama'
  const service: Service = { ...options, provider, baseURL: ollamaURL(options.baseURL), explain: explainOllama }
  const listModels = async (more: ServiceOptions = {}): Promise<ModelInfo[]> => {
    const { models } = await askJson(service, { path: '/tags', options: signalOf(more) })
    return objects(models).flatMap(({ model, name }) => {
      const id = textIn(model) ?? textIn(name)
      return id === undefined ? [] : [{ id, provider }]
    })
  }
  return {
    provider,
    listModels,
    embed: (id) => embedder(service, id, options),
    async discover(more = {}) {
      const found: ModelInfo[] = []
      const names = (await listModels(more)).slice(0, 1000)
      while (names.length) found.push(...(await Promise.all(names.splice(0, 4).map((info) => shown(service, info, more)))))
      return found
    },
    generate: (id) => (call) =>
      exchangeLines({ messages: [], ...call }, { provider, fetch: options.fetch }, async () => {
        const key = await keyOf(options)
        return {
          ...encodeGenerate(call, id, options),
          url: ollamaURL(options.baseURL, '/generate'),
          headers: { ...(key && { authorization: `Bearer ${key}` }), ...options.headers },
          explain: explainOllama,
          decoder: new GenerateDecoder(provider, { messages: [] }),
        }
      }),
  }
}

function embedder(service: Service, id: string, { embedAPI = 'embed', keepAlive, context }: OllamaServicesOptions): Embedder {
  const { provider } = service
  const one = embedAPI === 'embeddings'
  return {
    info: { id, provider, limits: { values: one ? 1 : 512 } },
    async embed({ values, dimensions, purpose: _, ...more }) {
      const input = values.map((value) => {
        if (typeof value === 'string') return value
        throw new KitError('model/unsupported', `${provider} embeds text only`, { provider })
      })
      const shared = { model: id, keep_alive: keepAlive, options: context === undefined ? undefined : { num_ctx: context } }
      const json = one ? { ...shared, prompt: input[0] } : { ...shared, input, dimensions }
      const body = await askJson(service, { path: one ? '/embeddings' : '/embed', json, options: more })
      const vectors = one ? [body.embedding] : Array.isArray(body.embeddings) ? (body.embeddings as unknown[]) : []
      if (vectors.length !== values.length)
        throw new KitError('model/garbled', `${provider} sent ${vectors.length} vectors for ${values.length} texts`, { provider })
      const tokens = countIn(body.prompt_eval_count)
      return {
        vectors: vectors.map((vector) => numbersIn(vector, provider)),
        ...(tokens !== undefined && { usage: { input: tokens, output: 0 } }),
      }
    },
  }
}

/** What `/api/show` says of a model; one that cannot be asked stays a name. */
async function shown(service: Service, info: ModelInfo, more: ServiceOptions): Promise<ModelInfo> {
  try {
    const body = await askJson(service, { path: '/show', json: { model: info.id }, options: signalOf(more) })
    const can = Array.isArray(body.capabilities) ? (body.capabilities as unknown[]) : undefined
    const about = fields(body.model_info)
    const context = countIn(about[`${textIn(about['general.architecture']) ?? ''}.context_length`])
    return { ...info, ...(can && { capabilities: capabilitiesOf(can) }), ...(context !== undefined && { limits: { context } }) }
  } catch (error) {
    if (more.signal?.aborted || !(error instanceof KitError)) throw error
    return info
  }
}

function capabilitiesOf(can: readonly unknown[]): NonNullable<ModelInfo['capabilities']> {
  const chat = can.includes('completion')
  const input: Modality[] = ['text']
  if (can.includes('vision')) input.push('image')
  // one that embeds only answers nothing
  return { input, output: chat ? ['text'] : [], tools: can.includes('tools'), reasoning: can.includes('thinking'), structured: chat }
}

/** The settings of a chat, with a prompt in place of messages. */
function encodeGenerate(
  { prompt, suffix, system, images, ...call }: GenerateCall,
  id: string,
  settings: OllamaSettings,
): { body: Fields; dropped: string[] } {
  const parts = [{ type: 'text' as const, text: '-' }, ...(images ?? [])]
  const { body, dropped } = encodeOllama({ ...call, messages: [{ role: 'user', parts }] }, id, settings)
  const { messages, ...rest } = body
  return { body: { ...rest, prompt, suffix, system, images: objects(messages)[0]?.images }, dropped }
}

class GenerateDecoder extends OllamaDecoder {
  override body(line: Fields): Iterable<Chunk> {
    return super.body({ ...line, message: { content: line.response, thinking: line.thinking } })
  }
}

/** Fields of `providerOptions` have no place in a question that has no body of its own. */
const signalOf = ({ signal }: ServiceOptions): ServiceOptions => ({ ...(signal && { signal }) })
