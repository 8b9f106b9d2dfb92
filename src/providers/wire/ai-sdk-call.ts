import { KitError } from '../../errors.ts'
import type { Json, MediaPart, Message, Part, ProviderOptions, Replay, ResultPart } from '../../message.ts'
import type { Modality, ModelCall, ToolChoice, ToolInfo } from '../../model.ts'
import { idOf } from './anthropic-content.ts'
import { type AISDKCall, type AISDKModel, type Metadata, ours, wire } from './ai-sdk-types.ts'
import { type Fields, fields } from './fields.ts'
import { answeredAt, orInWords } from './media.ts'

/** What a model of the AI SDK is asked with, and what of the call it could not be told. */
export interface Encoded {
  options: Fields
  dropped: string[]
}

/** What decides how parts are written. */
interface Shape {
  v3: boolean
  /** Whether replay data of other wires is of use there. */
  replays: boolean
  urls: Record<string, RegExp[]>
  takes: readonly Modality[] | undefined
  /** Calls that a model of the AI SDK made: their ids go back as they came. */
  own: ReadonlySet<string>
}

/** A call as the options of `doStream` and `doGenerate`. Throws `model/unsupported` for media that the model cannot be given. */
export async function encodeCall(call: ModelCall, model: AISDKModel, takes: Shape['takes']): Promise<Encoded> {
  const { system = [], messages, output, reasoning, toolChoice, parallelTools } = call
  const shape: Shape = {
    v3: model.specificationVersion === 'v3',
    replays: model.replays === true,
    urls: (await model.supportedUrls) ?? {},
    takes,
    own: new Set(
      messages.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'call' && part.replay?.wire === wire ? part.id : []))),
    ),
  }
  const dropped: string[] = []
  const named = typeof toolChoice === 'object' && 'tools' in toolChoice ? toolChoice : undefined
  const tools = call.tools?.flatMap((tool) =>
    named && !named.tools.includes(tool.name) ? [] : encodeTool(tool, (what) => dropped.push(what)),
  )
  if (parallelTools === false) dropped.push('parallelTools')
  if (reasoning?.effort && shape.v3) dropped.push('reasoning.effort')
  if (reasoning?.tokens !== undefined) dropped.push('reasoning.tokens')
  const answered = answeredAt(messages)
  const instructions = (typeof system === 'string' ? [{ text: system, providerOptions: undefined }] : system).filter(({ text }) => text)
  return {
    dropped,
    options: {
      prompt: [
        ...instructions.map(({ text, providerOptions }) => ({ role: 'system', content: text, ...optionsOf(providerOptions) })),
        ...messages.flatMap((message, at) => encodeMessage(message, at > answered, shape)),
      ],
      maxOutputTokens: call.maxTokens,
      temperature: call.temperature,
      topP: call.topP,
      topK: call.topK,
      stopSequences: call.stop && [...call.stop],
      seed: call.seed,
      presencePenalty: call.presencePenalty,
      frequencyPenalty: call.frequencyPenalty,
      responseFormat: output && {
        type: 'json',
        schema: output.schema,
        name: output.name?.replace(/[^\w-]/g, '_').slice(0, 64),
        description: output.description,
      },
      tools: tools?.length ? tools : undefined,
      toolChoice: tools?.length ? encodeChoice(toolChoice) : undefined,
      reasoning: shape.v3 ? undefined : reasoning?.effort,
      abortSignal: call.signal,
      ...optionsOf(call.providerOptions),
    } satisfies Record<keyof Omit<AISDKCall, 'providerOptions'>, unknown>,
  }
}

const optionsOf = (options: ProviderOptions | undefined): { providerOptions?: object } =>
  options?.[wire] ? { providerOptions: options[wire] } : {}

function encodeTool({ name, description, input, strict, hosted, providerOptions }: ToolInfo, drop: (what: string) => unknown): Fields[] {
  if (!hosted) {
    const inputSchema = input ?? { type: 'object', properties: {} }
    return [{ type: 'function', name, description, inputSchema, strict, ...optionsOf(providerOptions) }]
  }
  if (hosted.wire === wire) return [hosted.definition]
  drop(`tool ${name}`)
  return []
}

function encodeChoice(choice: ToolChoice | undefined): AISDKCall['toolChoice'] {
  if (choice === undefined) return undefined
  if (typeof choice === 'string') return { type: choice }
  return 'tool' in choice ? { type: 'tool', toolName: choice.tool } : { type: choice.required ? 'required' : 'auto' }
}

function encodeMessage({ role, parts, providerOptions }: Message, isNew: boolean, shape: Shape): Fields[] {
  const options = optionsOf(providerOptions)
  if (role === 'system') {
    const content = parts.reduce((text, part) => (part.type === 'text' ? text + part.text : text), '')
    return content ? [{ role, content, ...options }] : []
  }
  const content = parts.flatMap((part) => encodePart(part, role, isNew, shape))
  return content.length ? [{ role, content, ...options }] : []
}

function encodePart(part: Part, role: Message['role'], isNew: boolean, shape: Shape): Fields[] {
  const foreign = part.replay !== undefined && part.replay.wire !== wire && !shape.replays
  const options = partOptions(part, shape)
  switch (part.type) {
    case 'text':
      return part.text || options.providerOptions ? [{ type: 'text', text: part.text, ...options }] : []
    case 'refusal':
      return [{ type: 'text', text: part.text, ...partOptions(part, shape, true) }]
    case 'media':
      return [
        orInWords(
          part,
          isNew && role === 'user',
          (media) => file(media, shape, options),
          (text) => ({ type: 'text', text }),
        ),
      ]
    case 'reasoning':
      return foreign || role !== 'assistant' ? [] : [{ type: 'reasoning', text: part.text, ...options }]
    case 'call': {
      const own = part.by === 'provider'
      if (role !== 'assistant' || (own && foreign)) return []
      const input = part.invalid ? { rawInvalidInput: part.input } : (part.input ?? {})
      return [
        {
          type: 'tool-call',
          toolCallId: idFor(part.id, shape),
          toolName: part.name,
          input,
          ...(own && { providerExecuted: true }),
          ...options,
        },
      ]
    }
    case 'result':
      if ((part.by === 'provider') !== (role === 'assistant') || (part.by === 'provider' && foreign)) return []
      return [
        { type: 'tool-result', toolCallId: idFor(part.id, shape), toolName: part.name, output: encodeOutput(part, shape), ...options },
      ]
    case 'opaque': {
      if (role !== 'assistant' || foreign || (shape.v3 && !shape.replays)) return []
      if (part.replay.wire !== wire) return [{ type: 'custom', kind: `${ours}.${part.kind}`, ...options }]
      const { providerMetadata, ...same } = part.replay.data as Fields
      return [{ ...revived(same), ...(providerMetadata !== undefined && { providerOptions: providerMetadata }) }]
    }
  }
}

/** What every vendor takes as an id; what another one made may not be. */
export const plainId: RegExp = /^[\w-]{1,40}$/

const idFor = (id: string, { own, replays }: Shape): string => (replays || own.has(id) || plainId.test(id) ? id : idOf(id).slice(-40))

/** A part goes back with the metadata that it came with. */
function partOptions({ replay, providerOptions }: Part, { replays }: Shape, refusal?: boolean): { providerOptions?: object } {
  const own = {
    ...(replays && refusal && { refusal }),
    ...(replays && replay && replay.wire !== wire && { replay }),
  }
  const all = {
    ...(replay?.wire === wire && !Array.isArray(replay.data) && (replay.data as object)),
    ...(Object.keys(own).length && { [ours]: own }),
    ...providerOptions?.[wire],
  }
  return Object.keys(all).length ? { providerOptions: all } : {}
}

function file(part: MediaPart, { v3, urls, takes }: Shape, options: object): Fields {
  const { mime, data, url, ref, store = 'blob', name } = part
  const kind = mime === 'application/pdf' ? 'pdf' : mime.replace(/\/.*/, '')
  if (takes?.includes(kind as Modality) === false) throw unsupported(mime)
  const same = { type: 'file', mediaType: mime, filename: name, ...options }
  if (data !== undefined) return { ...same, data: v3 ? data : { type: 'data', data } }
  if (url !== undefined) {
    const address = URL.canParse(url) ? new URL(url) : undefined
    if (!address || !reads(urls, mime, url)) throw unsupported(`${mime} by this address; give its data`)
    return { ...same, data: v3 ? address : { type: 'url', url: address } }
  }
  if (ref === undefined || store === 'blob' || v3) throw unsupported(`a file of the store ${store}; give its data`)
  return { ...same, data: { type: 'reference', reference: { [store]: ref } } }
}

const unsupported = (what: string): KitError => new KitError('model/unsupported', `this model does not take ${what}`)

/** The AI SDK itself downloads what a model does not read by address; we are asked for the data instead. */
const reads = (urls: Shape['urls'], mime: string, url: string): boolean =>
  Object.entries(urls).some(
    ([type, patterns]) =>
      (type === '*' || type === '*/*' || type === mime || (type.endsWith('/*') && mime.startsWith(type.slice(0, -1)))) &&
      patterns.some((pattern) => url.toLowerCase().search(pattern) >= 0),
  )

function encodeOutput({ output, parts, error }: ResultPart, shape: Shape): Fields {
  if (error) return { type: 'error-text', value: error.message }
  if (!parts) return typeof output === 'string' ? { type: 'text', value: output } : { type: 'json', value: output ?? null }
  return {
    type: 'content',
    value: parts.map((part) => {
      if (part.type === 'text') return { type: 'text', text: part.text }
      return orInWords(
        part,
        false,
        (media) => (shape.v3 ? v3Content(media, shape) : file(media, shape, {})),
        (text) => ({ type: 'text', text }),
      )
    }),
  }
}

/** Specification v3 has other names inside of results. */
function v3Content(part: MediaPart, shape: Shape): Fields {
  const { data } = file(part, shape, {})
  const kind = part.mime.startsWith('image/') ? 'image' : 'file'
  if (data instanceof URL) return { type: `${kind}-url`, url: data.href }
  return { type: `${kind}-data`, data, mediaType: part.mime, ...(kind === 'file' && { filename: part.name }) }
}

/** What a part of an answer came with, as replay data: ours as it was, theirs whole. */
export function replayOf(metadata: unknown): { replay?: Replay } {
  const own = ownReplay(metadata)
  if (own) return { replay: own }
  const { [ours]: _, ...theirs } = fields(metadata) as Metadata
  return Object.keys(theirs).length ? { replay: { wire, data: theirs } } : {}
}

/** Replay data of ours in metadata of the AI SDK. */
export function ownReplay(metadata: unknown): Replay | undefined {
  const { wire: by, data } = fields(fields(fields(metadata)[ours]).replay)
  return typeof by === 'string' && data !== undefined ? { wire: by, data: data as Json } : undefined
}

/** A part that was kept as JSON, which has no addresses as objects. */
function revived(part: Fields): Fields {
  const data = fields(part.data)
  return data.type === 'url' && URL.canParse(String(data.url)) ? { ...part, data: { ...data, url: new URL(String(data.url)) } } : part
}
