import { KitError } from '../../errors.ts'
import type { MediaPart, Message, Part, ResultPart, TextPart } from '../../message.ts'
import type { Chunk, ModelCall, ToolChoice, ToolInfo } from '../../model.ts'
import type { Fields } from './fields.ts'
import type { Post } from './http.ts'
import { fitsStrict } from './openai-strict.ts'

export const wire = 'openai-chat'

/**
 * How a server differs from the plain protocol, as data: a preset is a few lines of it. What no table can say is a small
 * named function in `rewrite`.
 */
export interface ChatQuirks {
  /** What the server calls a field of the body that is plainly called so (`{ max_tokens: 'max_completion_tokens' }`); `false`: it takes none. */
  fields?: Readonly<Record<string, string | false>>
  /** The role of instructions; default `system`. */
  system?: 'system' | 'developer'
  /** The content of an assistant message without text; default `''`, which every server takes that was seen. */
  empty?: null
  /** The field in which reasoning text goes back; absent: it does not. Beside tool calls it is sent even when there is none. */
  reasoningBack?: 'reasoning_content' | 'reasoning'
  /** Fields of assistant messages, and of their calls, that go back exactly as they came, and how pieces of one become whole. */
  back?: Readonly<Record<string, Join>>
  /** Documents may be given by address. */
  fileUrls?: boolean
  /** The `store` of media whose `ref` is a file of this server; default the provider's name. */
  files?: string
  /** The kinds of media that the model takes; absent: any. */
  takes?: readonly string[]
  /** The id under which a call, and its result, is sent: for servers that refuse ids of others. Must be a pure function. */
  toolId?: (id: string) => string
  /** What changes a finished body in place, in order; `fields` and `providerOptions` come after it. */
  rewrite?: readonly ((body: Fields, call: ModelCall) => void)[]
  /** Reads the server's own form of errors. */
  explain?: Post['explain']
  /** Made for each answer: reads what only this server says, in each choice of each chunk (or of the whole answer). */
  extras?: (call: ModelCall) => (choice: Fields, body: Fields) => Iterable<Chunk>
}

/** The piece of a field that came now, and what came of it before. */
export type Join = (now: unknown, before: unknown) => unknown

/**
 * A call as a request body. The fields of `providerOptions['openai-chat']` go in as they are, over what the call says
 * itself, except `model`, `messages` and `stream`. Throws `model/unsupported` for media that the protocol has no place for.
 */
export function encodeChat(call: ModelCall, model: string, quirks: ChatQuirks): Fields {
  const { system = [], output } = call
  const tools = call.tools?.flatMap(encodeTool)
  const instructions: Message = { role: 'system', parts: typeof system === 'string' ? [{ type: 'text', text: system }] : system }
  const stream = call.stream !== false || undefined
  // what is undefined does not enter the JSON
  const body: Fields = {
    messages: [...(system.length ? [instructions] : []), ...call.messages].flatMap((message, at, all) =>
      encodeMessage(message, { ...quirks, isNew: message.role === 'user' && all.findLastIndex(({ role }) => role === 'assistant') < at }),
    ),
    stream_options: stream && { include_usage: true },
    tools: tools?.[0] && tools,
    tool_choice: tools?.[0] && encodeChoice(call.toolChoice),
    parallel_tool_calls: call.parallelTools,
    response_format: output && encodeOutput(output),
    max_tokens: call.maxTokens,
    temperature: call.temperature,
    top_p: call.topP,
    top_k: call.topK,
    stop: call.stop,
    seed: call.seed,
    presence_penalty: call.presencePenalty,
    frequency_penalty: call.frequencyPenalty,
    reasoning_effort: call.reasoning?.effort,
  }
  for (const change of quirks.rewrite ?? []) change(body, call)
  for (const [name, own] of Object.entries(quirks.fields ?? {})) {
    if (own) body[own] ??= body[name]
    delete body[name]
  }
  return { ...body, ...call.providerOptions?.[wire], messages: body.messages, model, stream }
}

/** What encoding one message needs to know. */
interface Scope extends ChatQuirks {
  /** It came after the last answer: what the server does not take is refused there, and named in words in history. */
  isNew: boolean
}

function encodeMessage({ role, parts, name, providerOptions }: Message, quirks: Scope): Fields[] {
  const { empty = '', reasoningBack, toolId = (id: string): string => id } = quirks
  const own = providerOptions?.[wire]
  const calls: Fields[] = []
  const results: Fields[] = []
  const content: (TextPart | MediaPart)[] = []
  const kept: Fields = {}
  let text = ''
  let thought = ''
  for (const part of parts) {
    if (part.type === 'text' || (part.type === 'media' && role !== 'assistant')) content.push(part)
    if (part.type === 'text' || part.type === 'refusal') text += part.text
    if (part.type === 'reasoning' && (part.replay?.wire ?? wire) === wire) thought += part.text
    if (part.type === 'opaque') Object.assign(kept, keptOf(part, quirks))
    if (part.type === 'call' && part.by !== 'provider') {
      const { id, name, input, invalid } = part
      const written = invalid ? input : JSON.stringify(input ?? {})
      calls.push({ id: toolId(id), type: 'function', function: { name, arguments: written }, ...keptOf(part, quirks) })
    }
    if (part.type === 'result' && part.by !== 'provider') {
      results.push({ role, tool_call_id: toolId(part.id), content: resultText(part), ...own, ...part.providerOptions?.[wire] })
      const media = part.parts?.filter(({ type }) => type === 'media') ?? []
      if (media.length) content.push({ type: 'text', text: `From the tool ${part.name}:` }, ...media)
    }
  }
  // the protocol has no place for media in a result: they follow when all results have been given
  if (role === 'tool') return content.length ? [...results, { role: 'user', content: contentOf(content, quirks) }] : results
  if (role !== 'assistant') {
    const [as, speaker] = role === 'user' ? [role, name && word(name)] : [quirks.system ?? role]
    return [{ role: as, content: contentOf(content, quirks), name: speaker, ...own }]
  }
  if (reasoningBack && (thought || calls.length)) kept[reasoningBack] = thought
  if (!text && !calls.length && !own && !Object.keys(kept).length) return []
  // texts are one, except where one of them has options, e.g. a cache mark
  const said = content.some((part) => part.providerOptions?.[wire]) ? contentOf(content, quirks) : text || empty
  return [{ role, content: said, ...kept, tool_calls: calls.length ? calls : undefined, ...own }]
}

/** Of what the server once said, the fields that it wants to have back. */
const keptOf = ({ replay }: Part, { back = {} }: ChatQuirks): Fields =>
  Object.fromEntries(Object.entries(Object(replay?.wire === wire && replay.data) as Fields).filter(([name]) => Object.hasOwn(back, name)))

function contentOf(content: readonly (TextPart | MediaPart)[], quirks: Scope): unknown {
  const [first] = content
  if (content.length === 1 && first?.type === 'text' && !first.providerOptions?.[wire]) return first.text
  return content.map((part) => encodePart(part, quirks))
}

function encodePart(part: TextPart | MediaPart, { fileUrls, files, takes, isNew }: Scope): Fields {
  const { detail, ...options } = part.providerOptions?.[wire] ?? {}
  if (part.type === 'text') return { type: 'text', text: part.text, ...options }
  const { mime, data, ref, name } = part
  const [kind, format = ''] = mime.split('/')
  const url = part.url ?? (data && `data:${mime};base64,${data}`)
  const as = (type: string, value: Fields): Fields => ({ type, [type]: value, ...options })
  if (part.store === files) return as('file', { file_id: ref })
  if (takes?.includes(kind === 'application' ? format : kind!) !== false) {
    if (url && (kind === 'image' || kind === 'video')) return as(`${kind}_url`, { url, detail })
    if (data && kind === 'audio') return as('input_audio', { data, format: format === 'mpeg' ? 'mp3' : format.replace('x-', '') })
    if (data || (url && fileUrls)) return as('file', { filename: name ?? `file.${format}`, file_data: url })
  }
  if (!isNew) return { type: 'text', text: `[${mime}]` }
  throw new KitError('model/unsupported', `this model takes no ${mime}`)
}

function resultText({ output, parts, error }: ResultPart): string {
  if (error) return `Error: ${error.message}`
  if (parts) return parts.flatMap((part) => (part.type === 'text' ? part.text : [])).join('\n')
  return typeof output === 'string' ? output : JSON.stringify(output ?? null)
}

function encodeTool({ name, description, input, strict, hosted, providerOptions }: ToolInfo): Fields | [] {
  if (hosted) return hosted.wire === wire ? hosted.definition : []
  const parameters = input ?? { type: 'object', properties: {} }
  return { type: 'function', function: { name, description, parameters, strict }, ...providerOptions?.[wire] }
}

function encodeChoice(choice: ToolChoice | undefined): unknown {
  if (typeof choice !== 'object') return choice
  const named = (name: string): Fields => ({ type: 'function', function: { name } })
  if ('tool' in choice) return named(choice.tool)
  return { type: 'allowed_tools', allowed_tools: { mode: choice.required ? 'required' : 'auto', tools: choice.tools.map(named) } }
}

function encodeOutput({ schema, name = 'output', description, strict }: NonNullable<ModelCall['output']>): Fields {
  if (!schema) return { type: 'json_object' }
  return { type: 'json_schema', json_schema: { name: word(name), description, schema, strict: strict ?? fitsStrict(schema) } }
}

/** A name as the protocol takes it. */
const word = (name: string): string => name.replace(/[^\w-]/g, '_').slice(0, 64)
