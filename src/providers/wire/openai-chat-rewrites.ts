// What servers of this protocol do otherwise and no table can say: small functions that presets name.
import { KitError, type KitErrorCode } from '../../errors.ts'
import type { Chunk, ModelCall, ReasoningSettings } from '../../model.ts'
import { type Fields, isObject } from './fields.ts'
import { type Post, readArguments } from './http.ts'
import { type ChatQuirks, wire } from './openai-chat-request.ts'
import { sourceOf } from './openai-chat.ts'

type Effort = NonNullable<ReasoningSettings['effort']>
type Rewrite = (body: Fields, call: ModelCall) => void

/** A choice among several tools is OpenAI's own: elsewhere only the chosen ones are sent. */
export function onlyChosen(body: Fields): void {
  const choice = body.tool_choice as { allowed_tools?: { mode: string; tools: readonly { function: { name: string } }[] } } | undefined
  if (!choice?.allowed_tools) return
  const names = choice.allowed_tools.tools.map((tool) => tool.function.name)
  body.tools = (body.tools as readonly Fields[] | undefined)?.filter((tool) =>
    names.includes((tool.function as Fields | undefined)?.name as string),
  )
  body.tool_choice = choice.allowed_tools.mode
}

/** Perplexity takes documents by address or as bare base64, with their name beside it. */
export function namedFiles(body: Fields): void {
  for (const { content } of body.messages as readonly Fields[])
    for (const part of Array.isArray(content) ? (content as Fields[]) : []) {
      const { file } = part as { file?: { file_data?: string; filename: string } }
      if (file?.file_data === undefined) continue
      delete part.file
      Object.assign(part, { type: 'file_url', file_url: { url: file.file_data.replace(/^data:.*?,/, '') }, file_name: file.filename })
    }
}

/** Perplexity refuses two messages of one role in a row: they become one. */
export function alternate(body: Fields): void {
  const messages: Fields[] = []
  for (const message of body.messages as readonly Fields[]) {
    const last = messages.at(-1)
    if (last?.role !== message.role) messages.push({ ...message })
    else if (typeof last?.content === 'string' && typeof message.content === 'string') last.content += `\n\n${message.content}`
    else last!.content = [...partsOf(last!.content), ...partsOf(message.content)]
  }
  body.messages = messages
}

const partsOf = (content: unknown): readonly unknown[] => (Array.isArray(content) ? content : [{ type: 'text', text: content }])

/** Servers that know JSON of any shape only are told the schema in words. */
export function schemaInWords(body: Fields): void {
  const { json_schema: format } = (body.response_format ?? {}) as { json_schema?: Fields }
  if (!format) return
  body.response_format = { type: 'json_object' }
  const messages = body.messages as Fields[]
  const words = { role: 'system', content: `Answer with JSON only, held to this JSON Schema: ${JSON.stringify(format.schema)}` }
  messages.splice(messages.findLastIndex(({ role }) => role === 'system') + 1, 0, words)
}

/** Efforts under the names that a server has for them; `undefined` leaves one out. */
export const efforts =
  (names: Readonly<Partial<Record<Effort, string | undefined>>>): Rewrite =>
  (body) => {
    const effort = body.reasoning_effort as Effort | undefined
    if (effort && effort in names) body.reasoning_effort = names[effort]
  }

/** OpenRouter has one object for it. */
export function reasoningObject(body: Fields, { reasoning }: ModelCall): void {
  delete body.reasoning_effort
  if (reasoning) body.reasoning = { effort: reasoning.effort, max_tokens: reasoning.tokens }
}

/** Effort `none` switches thinking off; where a server has a switch only (`switchOnly`), any other effort switches it on. */
export const thinkingSwitch =
  (switchOnly: boolean): Rewrite =>
  (body) => {
    const effort = body.reasoning_effort
    if (effort === 'none') body.thinking = { type: 'disabled' }
    else if (effort && switchOnly) body.thinking = { type: 'enabled' }
    if (switchOnly || effort === 'none') delete body.reasoning_effort
  }

/** Alibaba: a switch and a budget. */
export function enableThinking(body: Fields, { reasoning }: ModelCall): void {
  delete body.reasoning_effort
  if (reasoning?.effort) body.enable_thinking = reasoning.effort !== 'none'
  if (reasoning?.tokens !== undefined) body.thinking_budget = reasoning.tokens
}

/** The wait that an error asks for in words: `try again in 1m2.5s` (OpenAI, Groq), `retry after 7 seconds` (Azure), `estimated_time` (TGI). */
export function waitOf(body: unknown): { retryAfter: number } | undefined {
  const found = /(?:try again in|retry (?:in|after)|estimated_time":|retryDelay":") ?(?:(\d+)h)?(?:(\d+)m(?!s))?([\d.]*)(ms)?/i.exec(
    JSON.stringify(body) ?? '',
  )
  const [, hours = 0, minutes = 0, rest = 0, ms] = found ?? []
  const wait = (+hours * 60 + +minutes) * 60_000 + +rest * (ms ? 1 : 1000)
  return wait > 0 && wait < 86_400_000 ? { retryAfter: Math.round(wait) } : undefined
}

/** What a server's own codes and words mean, where statuses and the words of others do not say it; the first that is found. */
export const means =
  (...meanings: readonly (readonly [said: RegExp, code: KitErrorCode])[]): NonNullable<Post['explain']> =>
  (body) => {
    const text = JSON.stringify(body) ?? ''
    const code = meanings.find(([said]) => said.test(text))?.[1]
    return { ...waitOf(body), ...(code && { code }) }
  }

/** OpenRouter puts the reset time of its own limits, in ms since 1970, into the error. */
export function openRouterError(body: unknown): ReturnType<NonNullable<Post['explain']>> {
  const error = isObject(body) && isObject(body.error) ? body.error : {}
  const headers = isObject(error.metadata) && isObject(error.metadata.headers) ? error.metadata.headers : {}
  const wait = Number(headers['X-RateLimit-Reset']) - Date.now()
  if (wait > 0 && wait <= 86_400_000) return { retryAfter: wait }
  return means([/is not a valid model ID/, 'model/unknown'])(body)
}

/** What came last is whole. */
export const latest = (now: unknown): unknown => now

/** OpenRouter streams a detail in pieces of one index; it goes back whole, and encrypted ones as they are. */
export function joinDetails(now: unknown, before: unknown): unknown {
  const held = (before ?? []) as unknown[]
  const pieces = Array.isArray(now) ? (now as readonly unknown[]) : []
  for (const [at, piece] of pieces.entries()) {
    const last = held.at(-1)
    const same = at === 0 && isObject(last) && isObject(piece) && typeof piece.type === 'string' && piece.type === last.type
    if (!same || piece.index !== last.index || piece.data) held.push(piece)
    else
      for (const [name, value] of Object.entries(piece))
        if (value !== null) last[name] = name === 'text' || name === 'summary' ? `${textOf(last[name])}${textOf(value)}` : value
  }
  return held
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

type Extras = () => (choice: Fields, body: Fields) => Iterable<Chunk>

/** OpenRouter's models that draw. */
export const images: Extras = () =>
  function* images({ message, delta = message }) {
    for (const image of listIn(delta, 'images')) {
      const url = isObject(image) && isObject(image.image_url) ? image.image_url.url : undefined
      if (typeof url !== 'string') continue
      const [, mime, data] = /^data:([^;,]+);base64,(.*)$/s.exec(url) ?? []
      yield { type: 'part', part: mime === undefined ? { type: 'media', mime: 'image/*', url } : { type: 'media', mime, data: data! } }
    }
  }

/** Perplexity's sources come with every chunk: they are told once, at the end. */
export const searchResults: Extras = () =>
  function* searchResults({ finish_reason: finished }, { search_results: results, citations }) {
    const found = finished ? (results ?? citations) : []
    for (const source of Array.isArray(found) ? (found as readonly unknown[]) : [])
      yield { type: 'source', source: sourceOf(isObject(source) ? source : { url: source }) }
  }

/** DeepSeek ends an answer so when it has no capacity left: what came is not the answer. */
export const interrupted: Extras =
  () =>
  ({ finish_reason: finished }) => {
    if (finished !== 'insufficient_system_resource') return []
    throw new KitError('model/overloaded', 'deepseek stopped in its answer', { provider: 'deepseek', retryable: true })
  }

/** Groq's compound models run tools themselves. */
export const executedTools: Extras = () =>
  function* executedTools({ message, delta = message }) {
    for (const tool of listIn(delta, 'executed_tools')) {
      // a tool is told of when it starts and again when it has ended
      if (!isObject(tool) || typeof tool.output !== 'string') continue
      const [id, name] = [`executed_${String(tool.index)}`, String(tool.type)]
      yield { type: 'part', part: { type: 'call', id, name, by: 'provider', ...readArguments(tool.arguments) } }
      yield { type: 'part', part: { type: 'result', id, name, by: 'provider', output: tool.output } }
    }
  }

/**
 * The sound of OpenAI's audio models as one part at the end, in the format that `providerOptions['openai-chat'].audio` asks
 * for; their words are the text of the answer.
 */
export const spoken: ChatQuirks['extras'] = ({ providerOptions }) => {
  const { format = 'wav' } = (providerOptions?.[wire]?.audio ?? {}) as { format?: string }
  const pieces: string[] = []
  return function* spoken({ message, delta = message, finish_reason: finished }) {
    const audio = isObject(delta) ? delta.audio : undefined
    if (isObject(audio) && typeof audio.data === 'string') pieces.push(audio.data)
    if (!finished || !pieces.length) return
    try {
      // each piece may end in padding, so they cannot be joined as they are
      const data = btoa(pieces.splice(0).map(atob).join(''))
      yield { type: 'part', part: { type: 'media', mime: `audio/${format}`, data } }
    } catch (cause) {
      throw new KitError('model/garbled', 'sent a broken sound', { cause })
    }
  }
}

const listIn = (fields: unknown, name: string): readonly unknown[] => {
  const value = isObject(fields) ? fields[name] : undefined
  return Array.isArray(value) ? value : []
}
