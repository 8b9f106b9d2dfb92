import type { MediaPart, Message, Part, ProviderOptions, Replay, ResultPart, TextPart } from '../../message.ts'
import type { ModelCall, ReasoningSettings, ToolInfo } from '../../model.ts'
import { ownReplay } from './ai-sdk-call.ts'
import { type AISDKCall, ours, wire } from './ai-sdk-types.ts'
import { toBase64 } from '../../base64.ts'
import { defined, type Fields, fields, objects, textIn } from './fields.ts'

/** What the AI SDK asks a model, as a call of ours. Its `providerOptions` are ours, by wire name. */
export function decodeCall(options: AISDKCall, stream: boolean): ModelCall {
  const lead = options.prompt.findIndex(({ role }) => role !== 'system')
  const [first, rest] = lead < 0 ? [options.prompt, []] : [options.prompt.slice(0, lead), options.prompt.slice(lead)]
  const format = options.responseFormat
  const effort = options.reasoning
  return {
    ...defined({
      maxTokens: options.maxOutputTokens,
      temperature: options.temperature,
      topP: options.topP,
      topK: options.topK,
      stop: options.stopSequences,
      seed: options.seed,
      presencePenalty: options.presencePenalty,
      frequencyPenalty: options.frequencyPenalty,
      signal: options.abortSignal,
    }),
    ...(first.length && {
      system: first.map(({ content, providerOptions }): TextPart => ({
        type: 'text',
        text: typeof content === 'string' ? content : '',
        ...optionsOf(providerOptions),
      })),
    }),
    messages: rest.map(decodeMessage),
    ...(options.tools?.length && { tools: options.tools.map(decodeTool) }),
    ...(options.toolChoice && {
      toolChoice: 'toolName' in options.toolChoice ? { tool: options.toolChoice.toolName } : options.toolChoice.type,
    }),
    ...(format?.type === 'json' && {
      output: defined({ schema: format.schema as Fields | undefined, name: format.name, description: format.description }),
    }),
    ...(effort && effort !== 'provider-default' && { reasoning: { effort: effort as NonNullable<ReasoningSettings['effort']> } }),
    ...optionsOf(options.providerOptions),
    stream,
  }
}

/** A tool of the provider is ours where its id is `edgeswarm.<wire>`; any other goes to a model of the AI SDK behind ours. */
function decodeTool(tool: NonNullable<AISDKCall['tools']>[number]): ToolInfo {
  if (tool.type === 'provider') {
    const own = tool.id.startsWith(`${ours}.`)
    const definition = own ? tool.args : tool
    return { name: tool.name, hosted: { wire: own ? tool.id.slice(ours.length + 1) : wire, definition: { ...definition } } }
  }
  const { name, description, inputSchema, strict, providerOptions } = tool
  return { name, ...defined({ description, input: inputSchema as Fields, strict }), ...optionsOf(providerOptions) }
}

function decodeMessage({ role, content, providerOptions }: AISDKCall['prompt'][number]): Message {
  const parts =
    typeof content === 'string' ? [{ type: 'text' as const, text: content }] : objects(content).flatMap((part) => decodePart(part, role))
  return { role, parts, ...optionsOf(providerOptions) }
}

/** Options by wire: all but what is ours. */
function optionsOf(raw: unknown): { providerOptions?: ProviderOptions } {
  const { [ours]: _, ...options } = fields(raw) as Record<string, Fields>
  return Object.keys(options).length ? { providerOptions: options } : {}
}

/** What comes with a part: what it was made with, and options. */
function partOptions(raw: unknown): { replay?: Replay; providerOptions?: ProviderOptions } {
  const replay = ownReplay(raw)
  return { ...(replay && { replay }), ...optionsOf(raw) }
}

function decodePart(part: Fields, role: Message['role']): Part[] {
  const { type, toolCallId, toolName, providerExecuted, providerOptions: raw } = part
  const own = partOptions(raw)
  const text = typeof part.text === 'string' ? part.text : ''
  const [id, name] = [String(toolCallId), String(toolName)]
  switch (type) {
    case 'text':
      return [{ type: fields(fields(raw)[ours]).refusal === true ? 'refusal' : 'text', text, ...own }]
    case 'reasoning':
      return [{ type, text, ...own }]
    case 'file':
      return media(part, own)
    case 'tool-call': {
      const { rawInvalidInput } = fields(part.input)
      const input = typeof rawInvalidInput === 'string' ? { input: rawInvalidInput, invalid: true } : { input: part.input }
      return [{ type: 'call', id, name, ...input, ...(providerExecuted === true && { by: 'provider' }), ...own }]
    }
    case 'tool-result': {
      const base = { type: 'result', id, name, ...resultOf(fields(part.output)), ...own } as const
      return [role === 'assistant' ? { ...base, by: 'provider' } : base]
    }
    case 'custom':
      return own.replay ? [{ type: 'opaque', kind: String(part.kind).slice(ours.length + 1), replay: own.replay }] : []
    default:
      // what another model made, an answer to an approval that we never asked for, a part of a later version
      return []
  }
}

function resultOf(output: Fields): Pick<ResultPart, 'output' | 'parts' | 'error'> {
  const { type, value, reason } = output
  if (type === 'content')
    return {
      parts: objects(value).flatMap((part): (TextPart | MediaPart)[] => (part.type === 'text' ? [textPart(part)] : media(part, {}))),
    }
  if (type === 'execution-denied') return { error: { code: 'tool/declined', message: textIn(reason) ?? 'it was not allowed' } }
  if (type === 'error-text' || type === 'error-json')
    return { error: { code: 'tool/failed', message: typeof value === 'string' ? value : JSON.stringify(value ?? null) } }
  return { output: value }
}

const textPart = ({ text }: Fields): TextPart => ({ type: 'text', text: typeof text === 'string' ? text : '' })

/** A file in any of the shapes of v3 and v4: tagged, bytes, base64 or an address. */
function media({ data: raw, mediaType, filename, url, type: kind }: Fields, own: object): MediaPart[] {
  const given = textIn(mediaType) ?? (String(kind).startsWith('image') ? 'image/*' : 'application/octet-stream')
  // only the kind is known
  const mime = given.includes('/') ? given : `${given}/*`
  const base = { type: 'media', mime, ...(textIn(filename) && { name: filename as string }), ...own } as const
  const { type, data = raw, url: address = url, text, reference } = fields(raw)
  if (raw instanceof URL || address !== undefined) return [{ ...base, url: String(raw instanceof URL ? raw : address) }]
  if (type === 'text') return [{ ...base, data: toBase64(new TextEncoder().encode(String(text))) }]
  const [store, ref] = Object.entries(fields(reference))[0] ?? []
  if (store !== undefined) return [{ ...base, ref: String(ref), store }]
  if (data instanceof Uint8Array) return [{ ...base, data: toBase64(data) }]
  return typeof data === 'string' ? [{ ...base, data }] : []
}
