import type { Agent } from '../agent.ts'
import type { RunRequest } from '../event.ts'
import type { CallPart, MediaPart, Message, Part, ResultPart, TextPart } from '../message.ts'
import type { ModelSettings } from '../model.ts'
import { invalid } from './problem.ts'

/** What a client asked for, with everything removed that a client may not say. */
export interface ClientRequest {
  messages: Message[]
  settings?: ModelSettings
  tools?: NonNullable<RunRequest['tools']>
  metadata?: Readonly<Record<string, unknown>>
}

type Fields = Record<string, unknown>

/**
 * The body of a run request, checked. Client history is not believed: only user and assistant text and media count, and
 * calls of the client's own tools that have their results; replay data, approvals and open calls are dropped, `system` is refused.
 * Media may be given by `ref` where the session has it already (`refs`).
 */
export function clientRequest(body: Fields, agent: Agent, refs: ReadonlySet<string> = new Set()): ClientRequest {
  const tools = clientTools(body.tools, agent)
  const messages =
    'messages' in body
      ? history(body.messages, new Set(tools?.map(({ name }) => name)), refs)
      : [{ role: 'user' as const, parts: input(body.input, refs) }]
  const settings = allowed(body.options, agent)
  const metadata = body.metadata
  if (metadata !== undefined && (!isFields(metadata) || JSON.stringify(metadata).length > 4096))
    throw invalid('metadata: an object of at most 4 KB is needed')
  return {
    messages,
    settings,
    tools,
    metadata,
  }
}

/** Text, or the parts of one user message. */
function input(value: unknown, refs: ReadonlySet<string>): Part[] {
  if (typeof value === 'string' && value.trim()) return [{ type: 'text', text: value }]
  if (!Array.isArray(value)) throw invalid('input: text or an array of parts is needed')
  const parts = value.map((part, at) => plainPart(part, `input.${at}`, refs)).filter((part) => part !== undefined)
  if (!parts.length) throw invalid('input: it is empty')
  return parts
}

function history(value: unknown, own: ReadonlySet<string>, refs: ReadonlySet<string>): Message[] {
  if (!Array.isArray(value) || !value.length || value.length > 10_000) throw invalid('messages: an array of 1 to 10,000 messages is needed')
  const answered = new Set<unknown>()
  for (const message of value) {
    if (isFields(message) && Array.isArray(message.parts))
      for (const part of message.parts) if (isFields(part) && part.type === 'result') answered.add(part.id)
  }
  const calls = new Map<string, string>()
  const messages: Message[] = []
  value.forEach((message, at) => {
    const where = `messages.${at}`
    if (!isFields(message)) throw invalid(`${where}: an object is needed`)
    const { role } = message
    if (role === 'system') throw invalid(`${where}.role: a client may not speak as system`)
    if (role !== 'user' && role !== 'assistant' && role !== 'tool') throw invalid(`${where}.role: user, assistant or tool is needed`)
    const content = typeof message.parts === 'string' ? [{ type: 'text', text: message.parts }] : message.parts
    if (!Array.isArray(content)) throw invalid(`${where}.parts: an array is needed`)
    const parts: Part[] = []
    content.forEach((part: unknown, index) => {
      const here = `${where}.parts.${index}`
      if (!isFields(part)) throw invalid(`${here}: an object is needed`)
      if (part.type === 'call' && role === 'assistant' && typeof part.id === 'string' && typeof part.name === 'string') {
        if (!own.has(part.name) || !answered.has(part.id)) return
        calls.set(part.id, part.name)
        parts.push({ type: 'call', id: part.id, name: part.name, input: part.input ?? {}, by: 'client' } satisfies CallPart)
      } else if (part.type === 'result' && role === 'tool' && typeof part.id === 'string') {
        const name = calls.get(part.id)
        if (name !== undefined)
          parts.push({ type: 'result', id: part.id, name, output: part.output ?? null, by: 'client' } satisfies ResultPart)
      } else if (role !== 'tool') {
        const plain = plainPart(part, here, refs)
        if (plain) parts.push(plain)
      }
    })
    if (parts.length) messages.push({ role, parts })
  })
  if (!messages.length) throw invalid('messages: nothing in them counts')
  return messages
}

function plainPart(part: unknown, where: string, refs: ReadonlySet<string>): TextPart | MediaPart | undefined {
  if (!isFields(part)) throw invalid(`${where}: an object is needed`)
  if (part.type === 'text') {
    if (typeof part.text !== 'string') throw invalid(`${where}.text: text is needed`)
    return part.text ? { type: 'text', text: part.text } : undefined
  }
  if (part.type !== 'media') {
    if (typeof part.type === 'string') return undefined
    throw invalid(`${where}.type: text or media is needed`)
  }
  const { mime, data, url, ref, name } = part
  if (typeof mime !== 'string' || !/^[a-z]+\/[a-z0-9.+*-]+$/i.test(mime)) throw invalid(`${where}.mime: a media type is needed`)
  const base = { type: 'media', mime, ...(typeof name === 'string' && { name: name.slice(0, 255) }) } as const
  if (typeof data === 'string' && data.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(data)) return { ...base, data }
  if (typeof ref === 'string' && refs.has(ref)) return { ...base, ref }
  if (typeof url === 'string' && url.length < 2048 && url.startsWith('https://')) return { ...base, url }
  throw invalid(`${where}: base64 data or an https url is needed`)
}

function clientTools(value: unknown, agent: Agent): NonNullable<RunRequest['tools']> | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.length > 64) throw invalid('tools: an array of at most 64 is needed')
  return value.map((tool: unknown, at) => {
    if (!isFields(tool) || typeof tool.name !== 'string' || !/^[a-zA-Z0-9_-]{1,64}$/.test(tool.name))
      throw invalid(`tools.${at}.name: 1 to 64 letters, digits, _ or -`)
    if (agent.tools?.some(({ name }) => name === tool.name)) throw invalid(`tools.${at}.name: the agent has a tool of this name`)
    const { name, description, input } = tool
    if (input !== undefined && !isFields(input)) throw invalid(`tools.${at}.input: a JSON Schema is needed`)
    return {
      name,
      ...(typeof description === 'string' && { description: description.slice(0, 4096) }),
      input,
    }
  })
}

function allowed(value: unknown, agent: Agent): ModelSettings | undefined {
  if (value === undefined) return undefined
  if (!isFields(value)) throw invalid('options: an object is needed')
  for (const [key, setting] of Object.entries(value)) {
    if (!agent.allow?.includes(key as keyof ModelSettings)) throw invalid(`options.${key}: this agent does not allow it`)
    const kind = kinds[key as keyof ModelSettings]
    if (!kind.includes(kindOf(setting))) throw invalid(`options.${key}: ${kind} is needed`)
  }
  return value as ModelSettings
}

/** What each setting may be in JSON. */
const kinds: Readonly<Record<keyof ModelSettings, string>> = {
  maxTokens: 'number',
  temperature: 'number',
  topP: 'number',
  topK: 'number',
  seed: 'number',
  presencePenalty: 'number',
  frequencyPenalty: 'number',
  stop: 'array',
  parallelTools: 'boolean',
  reasoning: 'object',
  toolChoice: 'string or object',
  providerOptions: 'object',
}
const kindOf = (value: unknown): string => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value)

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
