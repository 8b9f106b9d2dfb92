import { KitError } from '../../errors.ts'
import type { CallPart, MediaPart, Message, Part, ResultPart, TextPart } from '../../message.ts'
import type { ModelCall, ToolChoice, ToolInfo } from '../../model.ts'
import { parse } from './http.ts'
import { effortFor, type ModelTraits } from './openai-models.ts'
import { type Fields, fields, isObject } from './fields.ts'
import { nameFor } from './file-name.ts'
import { canAnswer, plain, resultItem, wire } from './openai-responses-items.ts'
import { fitsStrict } from './openai-strict.ts'

/** How a server differs from OpenAI's own, as data. */
export interface ResponsesQuirks {
  /** Ask for encrypted reasoning where nothing is stored; default true for models that think. Servers that refuse the field need `false`. */
  encrypted?: boolean
  /** Where the system text goes; default `instructions`. */
  system?: 'instructions' | 'system' | 'developer'
  /** `false`: a tool's result is text only; its media follow in a user message. */
  toolMedia?: boolean
  /** `false`: a choice among some tools is made by telling of no others. */
  allowedTools?: boolean
}

export interface ResponsesSettings {
  model: string
  /** The name under which this server's replay data is kept: another's encrypted reasoning and ids are refused. */
  server: string
  /** The server keeps answers and knows their items by id. */
  store: boolean
  traits: ModelTraits
  quirks: ResponsesQuirks
}

/** The replay name of a provider: the wire's own for OpenAI, one of its own for every other server. */
export const serverOf = (provider: string): string => (provider === 'openai' ? wire : `${wire}/${provider}`)

/**
 * A call as a request body of the Responses API, and the names of the settings that it cannot say. A field that is
 * undefined is not sent. Throws `model/unsupported` for media that the API does not take.
 */
export function encodeResponses(call: ModelCall, settings: ResponsesSettings): { body: Fields; ignored: string[] } {
  const { quirks, traits, model } = settings
  const options = call.providerOptions?.[wire] ?? {}
  const { include = [], reasoning, text, tool_choice, store = settings.store } = options as Options
  const thinks = traits.reasoning !== false
  const asked = thinks ? call.reasoning : undefined
  const effort = asked?.effort && effortFor(asked.effort, traits)
  const samples = traits.sampling === 'without effort' ? !effort || effort === 'none' : traits.sampling !== 'never'
  const encrypted = !store && (quirks.encrypted ?? thinks) ? ['reasoning.encrypted_content'] : []
  const known = call.tools?.filter(({ hosted }) => !hosted || hosted.wire === wire) ?? []
  const { toolChoice, output } = call
  const few = quirks.allowedTools === false && typeof toolChoice === 'object' && 'tools' in toolChoice ? toolChoice : undefined
  const tools = few ? known.filter(({ name }) => few.tools.includes(name)) : known
  const choice = few ? (few.required ? 'required' : 'auto') : toolChoice && encodeChoice(toolChoice, tools)
  const { maxTokens, temperature, topP } = call
  return {
    body: {
      ...options,
      ...encodeInput(call, { ...settings, store }, options.conversation !== undefined),
      model,
      stream: call.stream === false ? undefined : true,
      store,
      include: some([...new Set([...encrypted, ...include])]),
      tools: some(tools.map(encodeTool)),
      tool_choice: tools.length ? (tool_choice ?? choice) : undefined,
      parallel_tool_calls: call.parallelTools,
      text: some({ ...(output && { format: encodeFormat(output) }), ...text }),
      // the API refuses less than 16
      max_output_tokens: maxTokens === undefined ? undefined : Math.max(16, maxTokens),
      temperature: samples ? temperature : undefined,
      top_p: samples ? topP : undefined,
      reasoning: some({ ...(effort && { effort }), ...(asked?.summary && { summary: 'auto' }), ...reasoning }),
    },
    ignored: [
      ...[...absent, ...(samples ? [] : sampling), ...(thinks ? [] : (['reasoning'] as const))].filter((name) => call[name] !== undefined),
      ...(asked?.tokens === undefined ? [] : ['reasoning.tokens']),
      ...(call.tools?.flatMap((tool) => (known.includes(tool) ? [] : [`tool ${tool.name}`])) ?? []),
    ],
  }
}

/** Those options that are added to fields of ours. */
interface Options {
  include?: readonly string[]
  reasoning?: Fields
  text?: Fields
  tool_choice?: unknown
  store?: boolean
}

/** What the API has no field for. */
const absent = ['topK', 'stop', 'seed', 'presencePenalty', 'frequencyPenalty'] as const
const sampling = ['temperature', 'topP'] as const

/** A list or an object that holds something, or nothing. */
const some = <T extends object>(value: T): T | undefined => (Object.keys(value).length ? value : undefined)

function encodeFormat({ name = 'output', description, schema, strict }: NonNullable<ModelCall['output']>): Fields {
  if (!schema) return { type: 'json_object' }
  return { type: 'json_schema', name: name.replace(/[^\w-]/g, '_').slice(0, 64), schema, strict: strict ?? fitsStrict(schema), description }
}

/** `strict` is always said: left out, this API means true and refuses schemas with optional fields. */
function encodeTool({ name, description, input, strict, hosted, providerOptions }: ToolInfo): Fields {
  if (hosted) return hosted.definition
  const parameters = input ?? { type: 'object', properties: {} }
  return { type: 'function', name, description, parameters, strict: strict ?? false, ...providerOptions?.[wire] }
}

function encodeChoice(choice: ToolChoice, tools: readonly ToolInfo[]): unknown {
  if (typeof choice === 'string') return choice
  if ('tool' in choice) return chosen(choice.tool, tools)
  return { type: 'allowed_tools', mode: choice.required ? 'required' : 'auto', tools: choice.tools.map((name) => chosen(name, tools)) }
}

function chosen(name: string, tools: readonly ToolInfo[]): Fields {
  const definition = tools.find((tool) => tool.name === name)?.hosted?.definition
  if (!definition) return { type: 'function', name }
  const { type } = definition
  if (type === 'custom') return { type, name: definition.name }
  if (type === 'mcp') return { type, server_label: definition.server_label }
  // the choice knows web search by the name of its first version only
  return { type: typeof type === 'string' && type.startsWith('web_search') ? 'web_search_preview' : type }
}

/** What encoding the messages of one call needs to know. */
interface Scope extends ResponsesSettings {
  /** Calls of this conversation as their items, by id: a result must answer in the form of its call. */
  calls: ReadonlyMap<string, Fields>
  /** Ids that are too long for the API, and what stands for them. */
  ids: ReadonlyMap<string, string>
  /** Computer calls whose result is no picture: both are told in words. */
  lost: ReadonlySet<string>
}

function encodeInput(call: ModelCall, settings: ResponsesSettings, held: boolean): { instructions?: string; input: Fields[] } {
  const { system, messages } = call
  const role = settings.quirks.system === 'developer' ? 'developer' : 'system'
  const inside = settings.quirks.system !== 'instructions' && settings.quirks.system !== undefined
  const scope = { ...settings, ...survey(messages) }
  const answered = messages.findLastIndex((message) => message.role === 'assistant')
  const input = messages.flatMap((message, at) => {
    // a conversation that the server holds has everything up to its last answer
    if (held && at <= answered) return []
    const own = message.providerOptions?.[wire]
    if (message.role === 'assistant') return encodeAssistant(message, scope).map((item) => (item.role ? { ...item, ...own } : item))
    if (message.role === 'tool') return encodeResults(message, scope)
    const content = contentOf(message.parts, at > answered, settings.server)
    return content.length ? [{ role: message.role === 'system' ? role : 'user', content, ...own }] : []
  })
  if (system === undefined || !system.length) return { input }
  if (typeof system === 'string' && !inside) return { instructions: system, input }
  return {
    input: [
      { role, content: typeof system === 'string' ? system : system.map((part) => encodeContent(part, true, settings.server)) },
      ...input,
    ],
  }
}

function survey(messages: readonly Message[]): Pick<Scope, 'calls' | 'ids' | 'lost'> {
  const calls = new Map<string, Fields>()
  const ids = new Map<string, string>()
  const lost = new Set<string>()
  for (const { parts } of messages)
    for (const part of parts) {
      if (part.type === 'call') {
        const item = itemOf(part)
        if (item) calls.set(part.id, item)
        if (part.id.length > 64 && !ids.has(part.id)) ids.set(part.id, `kit_call_${ids.size}`)
      } else if (part.type === 'result' && !canAnswer(part, calls.get(part.id) ?? itemOf(part) ?? {})) lost.add(part.id)
    }
  return { calls, ids, lost }
}

/** What a user or the system says: text where it is only text. */
function contentOf(parts: readonly Part[], fresh: boolean, server: string): string | Fields[] {
  const said = parts.filter((part) => part.type === 'text' || part.type === 'media')
  return said.length === 1 && said[0]!.type === 'text' && !said[0]!.providerOptions?.[wire]
    ? said[0]!.text
    : said.map((part) => encodeContent(part, fresh, server))
}

/** Media that the API does not take is refused where it is new, and named in words where it is history: that must not end a session. */
function encodeContent(part: TextPart | MediaPart, fresh: boolean, server: string): Fields {
  const options = part.providerOptions?.[wire] ?? {}
  if (part.type === 'text') return { type: 'input_text', text: part.text, ...options }
  const { mime, data, url, ref, store, name } = part
  const file_id = ref !== undefined && store !== undefined && serverOf(store) === server ? ref : undefined
  if (
    /^(audio|video)\//.test(mime) ||
    (file_id === undefined && packed.test(mime)) ||
    (data === undefined && url === undefined && file_id === undefined)
  ) {
    if (fresh) throw new KitError('model/unsupported', `this model takes no ${mime} ${ref === undefined ? '' : 'by reference'}`.trimEnd())
    return { type: 'input_text', text: `[${mime}]` }
  }
  const inline = data === undefined ? undefined : `data:${mime};base64,${data}`
  if (mime.startsWith('image/'))
    return { type: 'input_image', ...(file_id ? { file_id } : { image_url: inline ?? url }), detail: 'auto', ...options }
  if (file_id) return { type: 'input_file', file_id, ...options }
  if (inline) return { type: 'input_file', filename: name ?? nameFor(mime), file_data: inline, ...options }
  return { type: 'input_file', file_url: url, ...options }
}

/** Files without text in them, which the API refuses. */
const packed = /^application\/(octet-stream|wasm|gzip|zip|java-archive|x-(tar|gzip|bzip2?|7z.*|rar.*|sqlite3?|msdownload|executable))$/

function encodeResults({ parts }: Message, { calls, ids, lost, quirks, server }: Scope): Fields[] {
  const apart: Fields[] = []
  const content = (part: ResultPart, inside = quirks.toolMedia !== false): string | Fields[] => {
    if (part.error || !part.parts) return plain(part)
    const media = part.parts.filter(({ type }) => type === 'media').map((piece) => encodeContent(piece, false, server))
    if (inside || !media.length) return part.parts.map((piece) => encodeContent(piece, false, server))
    apart.push({ role: 'user', content: [{ type: 'input_text', text: `From the tool call ${part.id}:` }, ...media] })
    return plain({ parts: part.parts.length > media.length ? part.parts.filter(({ type }) => type === 'text') : part.parts })
  }
  const items = parts.flatMap((part) => {
    if (part.type !== 'result') return []
    if (lost.has(part.id)) return [{ role: 'user', content: `${part.name}: ${plain(part)}` }]
    const item = resultItem(part, calls.get(part.id) ?? itemOf(part) ?? {}, ids.get(part.id) ?? part.id, content)
    return [{ ...item, ...part.providerOptions?.[wire] }]
  })
  return [...items, ...apart]
}

/**
 * An answer as the items that it was made of, in their order. Reasoning that the server could not read is left out, and then
 * what followed it goes without its id: an id calls for the reasoning that it was stored with. Reasoning that nothing follows is refused.
 */
function encodeAssistant({ parts }: Message, scope: Scope): Fields[] {
  const items: Fields[] = []
  let linked = true
  let open: { id: string; content: Fields[] } | undefined
  let loose: (Fields & { content: string }) | undefined
  const add = (item: Fields): void => {
    items.push(item)
    open = loose = undefined
  }
  for (const part of parts) {
    const own = ownOf(part, scope.server)
    switch (part.type) {
      case 'text':
      case 'refusal': {
        if (!part.text) continue
        const { id, status, phase, annotations } = own ?? {}
        if (linked && typeof id === 'string') {
          if (open?.id !== id) {
            const content: Fields[] = []
            add({ type: 'message', role: 'assistant', id, status: status ?? 'completed', phase, content })
            open = { id, content }
          }
          open.content.push(
            part.type === 'text'
              ? { type: 'output_text', text: part.text, annotations: annotations ?? [], logprobs: [] }
              : { type: 'refusal', refusal: part.text },
          )
        } else if (loose && loose.phase === phase) loose.content += part.text
        else {
          const item = { role: 'assistant', content: part.text, phase }
          add(item)
          loose = item
        }
        continue
      }
      case 'reasoning':
        linked = own !== undefined && readable(own, scope)
        if (linked) add({ summary: [], ...own })
        continue
      case 'call':
        if (part.by !== 'provider') {
          if (!scope.lost.has(part.id)) add({ ...encodeCall(part, scope, linked), ...part.providerOptions?.[wire] })
        } else if (own) add(own)
        continue
      case 'result':
      case 'media':
        // what the provider did itself: the outcome goes back into the item that it came from
        if (own && typeof own.at === 'string')
          add({ ...fields(own.item), [own.at]: part.type === 'media' ? (part.data ?? null) : part.output })
        else if (part.type === 'media') add({ role: 'assistant', content: `[${part.mime}]` })
        continue
      case 'opaque':
        if (own) add(own)
    }
  }
  while (items.at(-1)?.type === 'reasoning') items.pop()
  return items
}

/** Whether the server can read a reasoning item: from its store, or because all of it is inside. */
const readable = ({ id, encrypted_content, content }: Fields, { store, traits }: Scope): boolean =>
  traits.reasoning !== false &&
  (typeof encrypted_content === 'string' || (Array.isArray(content) && content.length > 0) || (store && typeof id === 'string'))

function encodeCall(part: CallPart, { server, ids }: Scope, linked: boolean): Fields {
  const { arguments: raw, id, ...rest } = itemOf(part) ?? {}
  const call = { ...rest, id: linked && part.replay?.wire === server ? id : undefined, call_id: ids.get(part.id) ?? part.id }
  if (rest.type === 'custom_tool_call') return { ...call, name: part.name, input: plain({ output: part.input }) }
  // an item of a tool that OpenAI defines goes back as it came
  if (rest.type !== undefined) return { ...call, id, arguments: raw, call_id: 'call_id' in rest ? call.call_id : undefined }
  const input = part.invalid ? String(part.input) : JSON.stringify(part.input ?? {})
  return { ...call, type: 'function_call', name: part.name, arguments: sameJson(raw, part) ? raw : input }
}

/** The text that the model wrote keeps the provider's cache warm, unless somebody changed the input since. */
const sameJson = (raw: unknown, { input, invalid }: CallPart): boolean =>
  typeof raw === 'string' && !invalid && JSON.stringify(parse(raw)) === JSON.stringify(input)

/** The item that a part was, where this server made it. */
const ownOf = ({ replay }: Part, server: string): Fields | undefined =>
  replay?.wire === server && isObject(replay.data) ? replay.data : undefined

/** The item that a part was, also where another server of this wire made it: the forms are the same. */
const itemOf = (part: Part): Fields | undefined => ownOf(part, part.replay?.wire.split('/')[0] === wire ? part.replay.wire : wire)
