import { KitError } from '../../errors.ts'
import type { CallPart, MediaPart, Message, Part, ResultPart, TextPart, Usage } from '../../message.ts'
import type { Chunk, ModelCall, ModelFinish, ToolChoice } from '../../model.ts'
import { codeOf, parse, readArguments, type SseEvent } from './http.ts'

export const wire = 'openai-chat'

/** How a server differs from OpenAI's own, as data. */
export interface ChatQuirks {
  maxTokens?: 'max_completion_tokens' | 'max_tokens'
  system?: 'system' | 'developer'
  /** Ask for usage in streams; default true. Servers that refuse the field need `false`. */
  streamUsage?: boolean
  /** The field in which reasoning goes back to the server; absent: it does not. */
  reasoningBack?: 'reasoning_content' | 'reasoning' | 'reasoning_details'
}

/** What `providerOptions['openai-chat']` may set beside the neutral fields. */
export const chatOptions = [
  'audio',
  'metadata',
  'modalities',
  'moderation',
  'n',
  'prediction',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'safety_identifier',
  'service_tier',
  'store',
  'stream_options',
  'user',
  'verbosity',
  'web_search_options',
  'logprobs',
  'top_logprobs',
  'logit_bias',
  'thinking',
  'reasoning',
  'provider',
  'plugins',
] as const

type Fields = Record<string, unknown>

/** A call as a request body of Chat Completions. */
export function encodeChat(call: ModelCall, model: string, quirks: ChatQuirks = {}): Fields {
  const { tools, toolChoice, output, reasoning } = call
  const stream = call.stream !== false
  const options = call.providerOptions?.[wire] ?? {}
  const extra = Object.fromEntries(chatOptions.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]))
  return {
    model,
    messages: [...systemOf(call, quirks), ...call.messages.flatMap((message) => encodeMessage(message, quirks))],
    ...(stream && { stream: true, ...(quirks.streamUsage !== false && { stream_options: { include_usage: true } }) }),
    ...(tools?.length && { tools: tools.map(encodeTool) }),
    ...(toolChoice !== undefined && { tool_choice: encodeChoice(toolChoice) }),
    ...(call.parallelTools !== undefined && { parallel_tool_calls: call.parallelTools }),
    ...(output && {
      response_format: output.schema
        ? {
            type: 'json_schema',
            json_schema: {
              name: output.name ?? 'output',
              schema: output.schema,
              strict: output.strict ?? true,
              ...(output.description !== undefined && { description: output.description }),
            },
          }
        : { type: 'json_object' },
    }),
    ...(call.maxTokens !== undefined && { [quirks.maxTokens ?? 'max_completion_tokens']: call.maxTokens }),
    ...(call.temperature !== undefined && { temperature: call.temperature }),
    ...(call.topP !== undefined && { top_p: call.topP }),
    ...(call.stop && { stop: call.stop }),
    ...(call.seed !== undefined && { seed: call.seed }),
    ...(call.presencePenalty !== undefined && { presence_penalty: call.presencePenalty }),
    ...(call.frequencyPenalty !== undefined && { frequency_penalty: call.frequencyPenalty }),
    ...(reasoning?.effort && { reasoning_effort: reasoning.effort }),
    ...extra,
  }
}

function systemOf({ system }: ModelCall, { system: role = 'system' }: ChatQuirks): Fields[] {
  if (system === undefined || system.length === 0) return []
  return [{ role, content: typeof system === 'string' ? system : system.map(encodePart) }]
}

function encodeMessage(message: Message, quirks: ChatQuirks): Fields[] {
  const { role, parts } = message
  const named = message.name !== undefined && role === 'user' ? { name: message.name.replace(/[^\w-]/g, '_').slice(0, 64) } : {}
  if (role === 'tool')
    return parts
      .filter((part) => part.type === 'result')
      .map((part) => ({ role: 'tool', tool_call_id: part.id, content: resultText(part) }))
  if (role !== 'assistant')
    return [
      {
        role: role === 'system' ? (quirks.system ?? 'system') : role,
        content: contentOf(parts.filter((part) => part.type === 'text' || part.type === 'media')),
        ...named,
      },
    ]
  const calls = parts.filter((part): part is CallPart => part.type === 'call' && part.by !== 'provider')
  const text = parts.filter((part): part is TextPart => part.type === 'text')
  const refusal = parts.find((part) => part.type === 'refusal')
  const reasoning = quirks.reasoningBack && parts.filter((part) => part.type === 'reasoning')
  const back = reasoning?.length ? encodeReasoning(reasoning, quirks.reasoningBack!) : {}
  if (!calls.length && !text.length && !refusal && !reasoning?.length) return []
  return [
    {
      role: 'assistant',
      content: text.length ? contentOf(text) : null,
      ...back,
      ...(refusal && { refusal: refusal.text }),
      ...(calls.length && {
        tool_calls: calls.map(({ id, name, input, invalid }) => ({
          id,
          type: 'function',
          function: { name, arguments: invalid ? String(input) : JSON.stringify(input ?? {}) },
        })),
      }),
    },
  ]
}

function encodeReasoning(parts: readonly Part[], field: NonNullable<ChatQuirks['reasoningBack']>): Fields {
  if (field === 'reasoning_details') {
    const details = parts.flatMap(({ replay }) => (replay?.wire === wire && Array.isArray(replay.data) ? replay.data : []))
    return details.length ? { reasoning_details: details } : {}
  }
  return { [field]: parts.map((part) => (part.type === 'reasoning' ? part.text : '')).join('') }
}

const contentOf = (parts: readonly (TextPart | MediaPart)[]): unknown =>
  parts.length === 1 && parts[0]!.type === 'text' && !parts[0]!.providerOptions?.[wire] ? parts[0]!.text : parts.map(encodePart)

function encodePart(part: TextPart | MediaPart): Fields {
  const options = part.providerOptions?.[wire] ?? {}
  if (part.type === 'text') return { type: 'text', text: part.text, ...options }
  const { mime, data, url, ref, name } = part
  if (mime.startsWith('image/')) return { type: 'image_url', image_url: { url: url ?? `data:${mime};base64,${data}`, ...options } }
  if (mime.startsWith('audio/') && data !== undefined)
    return { type: 'input_audio', input_audio: { data, format: mime === 'audio/mpeg' ? 'mp3' : mime.slice(6).replace('x-', '') } }
  if (ref !== undefined) return { type: 'file', file: { file_id: ref } }
  if (data !== undefined) return { type: 'file', file: { filename: name ?? 'file', file_data: `data:${mime};base64,${data}` } }
  throw new KitError('model/unsupported', `this model takes no ${mime} by address`)
}

function resultText({ output, parts, error }: ResultPart): string {
  if (error) return `Error: ${error.message}`
  if (parts) return parts.map((part) => (part.type === 'text' ? part.text : `[${part.mime}]`)).join('\n')
  return typeof output === 'string' ? output : JSON.stringify(output ?? null)
}

function encodeTool({ name, description, input, strict, hosted, providerOptions }: NonNullable<ModelCall['tools']>[number]): Fields {
  if (hosted) return hosted.definition
  return {
    type: 'function',
    function: {
      name,
      ...(description !== undefined && { description }),
      ...(input && { parameters: input }),
      ...(strict !== undefined && { strict }),
    },
    ...providerOptions?.[wire],
  }
}

function encodeChoice(choice: ToolChoice): unknown {
  if (typeof choice === 'string') return choice
  if ('tool' in choice) return { type: 'function', function: { name: choice.tool } }
  return {
    type: 'allowed_tools',
    allowed_tools: {
      mode: choice.required ? 'required' : 'auto',
      tools: choice.tools.map((name) => ({ type: 'function', function: { name } })),
    },
  }
}

interface OpenCall {
  id: string
  index: number | undefined
  name: string
  text: string
  whole?: unknown
}

/** Reads one answer, streamed or whole: both are the same shape with `delta` or `message` in it. */
export class ChatDecoder {
  readonly #provider: string
  #calls: OpenCall[] = []
  #usage: Usage | undefined
  #finish: string | undefined
  #model: string | undefined
  #id: string | undefined
  #details: unknown[] = []
  #reasoning = ''
  #refusal = ''
  #ended = false

  constructor(provider: string) {
    this.#provider = provider
  }

  *event({ event, data }: SseEvent): Generator<Chunk, void, void> {
    if (data === '[DONE]') {
      this.#ended = true
      return
    }
    if (!data.trim()) return
    const body = parse(data)
    if (typeof body !== 'object' || body === null)
      throw new KitError('model/garbled', `${this.#provider} sent a line that is not JSON`, { provider: this.#provider, cause: data })
    if (event === 'error' || (body as Fields).error) throw streamError(this.#provider, body as Fields)
    yield* this.body(body as Fields, true)
  }

  /** One chunk, or the whole answer, which some servers fill with an empty `delta` too. */
  *body(body: Fields, streamed = false): Generator<Chunk, void, void> {
    if (body.error) throw streamError(this.#provider, body)
    if (typeof body.model === 'string') this.#model = body.model
    if (typeof body.id === 'string') this.#id = body.id
    this.#usage = usageOf(body.usage ?? (body.x_groq as Fields | undefined)?.usage) ?? this.#usage
    const choices: readonly Fields[] = Array.isArray(body.choices) ? body.choices : []
    for (const choice of choices) {
      if ((choice.index ?? 0) !== 0) continue
      const delta = (streamed ? (choice.delta ?? choice.message) : (choice.message ?? choice.delta)) as Fields | undefined
      if (delta) yield* this.#delta(delta)
      if (typeof choice.finish_reason === 'string' && choice.finish_reason) this.#finish = choice.finish_reason
    }
  }

  *#delta(delta: Fields): Generator<Chunk, void, void> {
    const thought = delta.reasoning_content ?? delta.reasoning
    if (typeof thought === 'string' && thought) yield* this.#think(thought)
    if (Array.isArray(delta.reasoning_details)) this.#details.push(...delta.reasoning_details)
    const { content, refusal } = delta
    if (typeof content === 'string') {
      if (content) yield { type: 'text', delta: content }
    } else if (Array.isArray(content)) {
      for (const piece of content as readonly Fields[]) {
        if (typeof piece.text === 'string' && piece.text) yield { type: 'text', delta: piece.text }
        else if (Array.isArray(piece.thinking))
          for (const { text } of piece.thinking as readonly Fields[]) if (typeof text === 'string' && text) yield* this.#think(text)
      }
    }
    if (typeof refusal === 'string') this.#refusal += refusal
    if (Array.isArray(delta.annotations)) {
      for (const { url_citation: cited } of delta.annotations as readonly { url_citation?: Fields }[]) {
        if (cited)
          yield {
            type: 'source',
            source: {
              ...text('url', cited.url),
              ...text('title', cited.title),
              ...number('start', cited.start_index),
              ...number('end', cited.end_index),
            },
          }
      }
    }
    if (Array.isArray(delta.tool_calls)) for (const call of delta.tool_calls as readonly Fields[]) yield* this.#call(call)
  }

  *#think(delta: string): Generator<Chunk, void, void> {
    this.#reasoning += delta
    yield { type: 'reasoning', delta }
  }

  /** Fragments belong together by id, else by index, else to the call before. */
  *#call({ id, index, function: f }: Fields): Generator<Chunk, void, void> {
    const { name, arguments: args } = (f ?? {}) as Fields
    const at = typeof index === 'number' ? index : undefined
    const named = typeof id === 'string' && id ? id : undefined
    let call = named === undefined ? undefined : this.#calls.find((open) => open.id === named)
    if (!call && named === undefined)
      call = at === undefined ? (name ? undefined : this.#calls.at(-1)) : this.#calls.findLast((open) => open.index === at)
    if (!call) {
      call = { id: named ?? `call_${this.#calls.length}_${crypto.randomUUID().slice(0, 8)}`, index: at, name: '', text: '' }
      this.#calls.push(call)
    }
    if (typeof name === 'string' && !call.name) call.name = name
    if (typeof args === 'string') {
      call.text += args
      if (args) yield { type: 'tool-input', id: call.id, name: call.name, delta: args }
    } else if (args) call.whole = args
  }

  /** What is left to say once the body has ended. */
  *end(): Generator<Chunk, void, void> {
    if (this.#finish === undefined && !this.#ended)
      throw new KitError('model/truncated', `${this.#provider} ended its answer too early`, { provider: this.#provider, retryable: true })
    if (this.#details.length)
      yield { type: 'part', part: { type: 'reasoning', text: this.#reasoning, replay: { wire, data: this.#details as never } } }
    if (this.#refusal) yield { type: 'part', part: { type: 'refusal', text: this.#refusal } }
    for (const { id, name, text, whole } of this.#calls)
      yield { type: 'part', part: { type: 'call', id, name, ...readArguments(whole ?? text) } }
    if (this.#usage) yield { type: 'usage', usage: this.#usage, ...(this.#model !== undefined && { model: this.#model }) }
    const reason = this.#calls.length ? 'tools' : this.#refusal ? 'refusal' : finishOf(this.#finish)
    yield {
      type: 'finish',
      reason,
      ...(this.#finish !== undefined && { raw: this.#finish }),
      ...(this.#model !== undefined && { model: this.#model }),
      ...(this.#id !== undefined && { id: this.#id }),
    }
  }
}

function finishOf(raw: string | undefined): ModelFinish {
  switch (raw) {
    case undefined:
    case 'stop':
    case 'eos':
    case 'eos_token':
    case 'stop_sequence':
    case 'end_turn':
      return 'stop'
    case 'length':
    case 'max_tokens':
    case 'model_length':
      return 'length'
    case 'tool_calls':
    case 'function_call':
      return 'tools'
    case 'content_filter':
      return 'refusal'
    case 'error':
      return 'error'
    default:
      return 'other'
  }
}

function usageOf(raw: unknown): Usage | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined
  const usage = raw as Fields
  const [input, output] = [count(usage.prompt_tokens), count(usage.completion_tokens)]
  if (input === undefined && output === undefined) return undefined
  const inside = (usage.prompt_tokens_details ?? {}) as Fields
  const cacheRead = count(inside.cached_tokens) ?? count(usage.prompt_cache_hit_tokens)
  const cacheWrite = count(inside.cache_write_tokens)
  const reasoning = count((usage.completion_tokens_details as Fields | undefined)?.reasoning_tokens)
  return {
    input: input ?? 0,
    output: output ?? 0,
    ...(cacheRead !== undefined && { cacheRead }),
    ...(cacheWrite !== undefined && { cacheWrite }),
    ...(reasoning !== undefined && { reasoning }),
  }
}

/** An error that came after status 200. */
function streamError(provider: string, body: Fields): KitError {
  const error = (typeof body.error === 'object' && body.error !== null ? body.error : body) as Fields
  const status = Number(error.status_code ?? error.code ?? body.status_code)
  const code = codeOf(Number.isFinite(status) ? status : 500, JSON.stringify(error))
  return new KitError(code, `${provider} ended its answer with an error`, {
    provider,
    cause: body,
    retryable: code === 'model/rate' || code === 'model/overloaded' || code === 'model/http',
  })
}

const count = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined)
const text = <K extends string>(key: K, value: unknown): Partial<Record<K, string>> =>
  typeof value === 'string' ? ({ [key]: value } as Record<K, string>) : {}
const number = <K extends string>(key: K, value: unknown): Partial<Record<K, number>> =>
  typeof value === 'number' ? ({ [key]: value } as Record<K, number>) : {}
