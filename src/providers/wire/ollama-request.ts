import { KitError } from '../../errors.ts'
import type { MediaPart, Message, Part } from '../../message.ts'
import type { ModelCall, ReasoningSettings, ToolInfo } from '../../model.ts'
import { defined, type Fields, fields, isObject } from './fields.ts'
import { answeredAt } from './media.ts'

export const wire = 'ollama'

/** What `providerOptions.ollama` may say beside the neutral fields; `options` are laid over those that a call makes. */
export const ollamaOptions: readonly string[] = ['keep_alive', 'logprobs', 'options', 'shift', 'think', 'top_logprobs', 'truncate']

/** The address of a path of the API, whether a base address ends in `/api` or not; a query is kept. Throws a `TypeError` where it is none. */
export function ollamaURL(baseURL: string = 'http://localhost:11434', path: string = ''): string {
  const url = new URL(baseURL)
  url.pathname = url.pathname.replace(/(\/api)?\/*$/, `/api${path}`)
  return url.href
}

export interface OllamaSettings {
  /** How long the model stays in memory: `5m`, seconds, 0 for not at all, -1 for ever. */
  keepAlive?: string | number
  /** Tokens of context. The server's default is small, and it cuts what is longer without a word. */
  context?: number
}

interface Scope extends OllamaSettings {
  /** The kinds of media that the model takes; absent: any that the server does. */
  takes?: readonly string[]
}

/**
 * A call as the body of `/api/chat`, and what the server has no word for. Fields of `providerOptions.ollama` go in as they
 * are, except `model`, `messages` and `stream`. Throws `model/unsupported` for new media that are no images given as data.
 */
export function encodeOllama(call: ModelCall, model: string, settings: Scope = {}): { body: Fields; dropped: string[] } {
  const { system = [], messages, output, toolChoice, parallelTools, reasoning } = call
  const dropped: string[] = []
  const forced = toolChoice === 'required' || (typeof toolChoice === 'object' && ('tool' in toolChoice || toolChoice.required))
  if (forced) dropped.push('toolChoice')
  if (parallelTools === false) dropped.push('parallelTools')
  if (reasoning?.tokens !== undefined) dropped.push('reasoning.tokens')
  const instructions: Message = { role: 'system', parts: typeof system === 'string' ? [{ type: 'text', text: system }] : system }
  const newest = answeredAt(messages)
  const own = new Set(
    messages.flatMap(({ parts }) => parts.flatMap((part) => (part.replay?.wire === wire && 'id' in part ? [part.id] : []))),
  )
  const tools = chosen(call).flatMap(encodeTool)
  const { options, ...more } = call.providerOptions?.[wire] ?? {}
  const body = defined({
    tools: tools.length ? tools : undefined,
    format: output && (output.schema ?? 'json'),
    think: thinkOf(reasoning?.effort),
    keep_alive: settings.keepAlive,
    options: optionsOf(call, settings, fields(options)),
    ...more,
    model,
    messages: [
      ...(system.length ? encodeMessage(instructions, true, own, settings) : []),
      ...messages.flatMap((message, at) => encodeMessage(message, at > newest, own, settings)),
    ],
    // streaming is the server's default
    stream: call.stream !== false,
  })
  return { body, dropped }
}

function optionsOf(call: ModelCall, { context }: OllamaSettings, own: Fields): Fields | undefined {
  const options = defined({
    num_ctx: context,
    num_predict: call.maxTokens,
    temperature: call.temperature,
    top_p: call.topP,
    top_k: call.topK,
    seed: call.seed,
    stop: call.stop,
    presence_penalty: call.presencePenalty,
    frequency_penalty: call.frequencyPenalty,
    ...own,
  })
  return Object.keys(options).length ? options : undefined
}

/** There is no tool choice: what may not be called is not sent. */
function chosen({ tools = [], toolChoice }: ModelCall): readonly ToolInfo[] {
  if (toolChoice === 'none') return []
  if (typeof toolChoice !== 'object') return tools
  const names = 'tool' in toolChoice ? [toolChoice.tool] : toolChoice.tools
  return tools.filter(({ name }) => names.includes(name))
}

/** Every model that thinks takes a switch, and a level is one to those that know none. */
function thinkOf(effort: ReasoningSettings['effort']): boolean | string | undefined {
  if (effort === 'none') return false
  if (effort === 'minimal') return 'low'
  return effort === 'xhigh' ? 'high' : effort
}

function encodeMessage({ role, parts, providerOptions }: Message, isNew: boolean, own: ReadonlySet<string>, scope: Scope): Fields[] {
  const more = providerOptions?.[wire]
  if (role === 'tool') return encodeResults(parts, own, scope)
  const said: string[] = []
  const images: string[] = []
  const calls: Fields[] = []
  let thinking = ''
  for (const part of parts) {
    if (part.type === 'text' || part.type === 'refusal') said.push(part.text)
    else if (part.type === 'media' && role !== 'assistant') addMedia(part, isNew && role === 'user', said, images, scope)
    else if (part.type === 'reasoning' && (part.replay?.wire ?? wire) === wire) thinking += part.text
    else if (part.type === 'call' && part.by !== 'provider')
      calls.push({ ...(part.replay?.wire === wire && { id: part.id }), function: { name: part.name, arguments: objectOf(part.input) } })
  }
  const content = said.join(role === 'assistant' ? '' : '\n')
  if (!content && !images.length && !calls.length && !more) return []
  return [
    {
      role,
      content,
      ...(thinking && { thinking }),
      ...(images.length && { images }),
      ...(calls.length && { tool_calls: calls }),
      ...more,
    },
  ]
}

/** A result is matched by its tool's name and its place; newer servers take their own ids back too. Images follow all of them, as the user's. */
function encodeResults(results: readonly Part[], own: ReadonlySet<string>, scope: Scope): Fields[] {
  const images: string[] = []
  const from = new Set<string>()
  const messages = results.flatMap((result) => {
    if (result.type !== 'result' || result.by === 'provider') return []
    const { id, name, output, parts, error, providerOptions } = result
    const texts: string[] = []
    const before = images.length
    for (const part of parts ?? []) if (part.type === 'text') texts.push(part.text)
    for (const part of parts ?? []) if (part.type === 'media') addMedia(part, false, texts, images, scope)
    if (images.length > before) from.add(name)
    const plain = typeof output === 'string' ? output : JSON.stringify(output ?? null)
    const content = error ? `Error: ${error.message}` : parts ? texts.join('\n') : plain
    return [{ role: 'tool', content, tool_name: name, ...(own.has(id) && { tool_call_id: id }), ...providerOptions?.[wire] }]
  })
  return images.length ? [...messages, { role: 'user', content: `From the tool ${[...from].join(', ')}:`, images }] : messages
}

/** An image is bare base64; the server fetches nothing. What is not taken is refused where it is new, and named in history. */
function addMedia({ mime, data, name }: MediaPart, isNew: boolean, said: string[], images: string[], { takes }: Scope): void {
  const known = mime.startsWith('image/') && takes?.includes('image') !== false
  if (known && data !== undefined) images.push(data)
  else if (!isNew) said.push(`[${name ?? mime}]`)
  else throw new KitError('model/unsupported', known ? 'ollama takes images as data only' : `this model takes no ${mime}`)
}

function encodeTool({ name, description, input, hosted, providerOptions }: ToolInfo): Fields[] {
  if (hosted) return hosted.wire === wire ? [hosted.definition] : []
  const parameters = input ?? { type: 'object', properties: {} }
  return [{ type: 'function', function: defined({ name, description, parameters }), ...providerOptions?.[wire] }]
}

/** Arguments are an object here, whatever a model has made of them. */
const objectOf = (input: unknown): Fields => (isObject(input) ? input : input === undefined || input === null ? {} : { value: input })
