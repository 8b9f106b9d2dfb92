import type { Agent } from '../agent.ts'
import type { RunRequest } from '../event.ts'
import type { CallPart, MediaPart, Message, Part, ResultPart, TextPart } from '../message.ts'
import type { ModelSettings } from '../model.ts'
import { must } from './problem.ts'

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
  const messages: Message[] =
    'messages' in body
      ? history(body.messages, new Set(tools?.map(({ name }) => name)), refs)
      : [{ role: 'user', parts: input(body.input, refs) }]
  const { metadata } = body
  must(
    metadata === undefined || (isFields(metadata) && JSON.stringify(metadata).length <= 4096),
    'metadata: an object of at most 4 KB is needed',
  )
  return { messages, settings: allowed(body.options, agent), tools, metadata }
}

/** Text, or the parts of one user message. */
function input(value: unknown, refs: ReadonlySet<string>): Part[] {
  if (typeof value === 'string' && value.trim()) return [{ type: 'text', text: value }]
  must(Array.isArray(value), 'input: text or an array of parts is needed')
  const parts = value.map((part, at) => plainPart(part, `input.${at}`, refs)).filter((part) => part !== undefined)
  must(parts.length, 'input: it is empty')
  return parts
}

function history(value: unknown, own: ReadonlySet<string>, refs: ReadonlySet<string>): Message[] {
  must(Array.isArray(value) && value.length <= 10_000, 'messages: an array of at most 10,000 messages is needed')
  const answered = new Set<unknown>()
  for (const message of value) {
    if (isFields(message) && Array.isArray(message.parts))
      for (const part of message.parts) if (isFields(part) && part.type === 'result') answered.add(part.id)
  }
  const calls = new Map<string, string>()
  const messages: Message[] = []
  value.forEach((message, at) => {
    const where = `messages.${at}`
    must(isFields(message), `${where}: an object is needed`)
    const { role } = message
    must(role === 'user' || role === 'assistant' || role === 'tool', `${where}.role: user, assistant or tool is needed`)
    const content = typeof message.parts === 'string' ? [{ type: 'text', text: message.parts }] : message.parts
    must(Array.isArray(content), `${where}.parts: an array is needed`)
    const parts: Part[] = []
    content.forEach((part: unknown, index) => {
      const here = `${where}.parts.${index}`
      must(isFields(part), `${here}: an object is needed`)
      const { type, id, name } = part
      if (type === 'call' && role === 'assistant' && typeof id === 'string' && typeof name === 'string') {
        if (!own.has(name) || !answered.has(id)) return
        calls.set(id, name)
        parts.push({ type, id, name, input: part.input ?? {}, by: 'client' } satisfies CallPart)
      } else if (type === 'result' && role === 'tool' && typeof id === 'string') {
        const name = calls.get(id)
        if (name !== undefined) parts.push({ type, id, name, output: part.output ?? null, by: 'client' } satisfies ResultPart)
      } else if (role !== 'tool') {
        const plain = plainPart(part, here, refs)
        if (plain) parts.push(plain)
      }
    })
    if (parts.length) messages.push({ role, parts })
  })
  must(messages.length, 'messages: nothing in them counts')
  return messages
}

function plainPart(part: unknown, where: string, refs: ReadonlySet<string>): TextPart | MediaPart | undefined {
  must(isFields(part), `${where}: an object is needed`)
  const { type, text, mime, data, url, ref, name } = part
  must(typeof type === 'string', `${where}.type: text or media is needed`)
  if (type === 'text') {
    must(typeof text === 'string', `${where}.text: text is needed`)
    return text ? { type, text } : undefined
  }
  if (type !== 'media') return undefined
  must(typeof mime === 'string' && /^[a-z]+\/[a-z0-9.+*-]+$/i.test(mime), `${where}.mime: a media type is needed`)
  const base: MediaPart = { type, mime, name: typeof name === 'string' ? name.slice(0, 255) : undefined }
  if (typeof data === 'string' && data.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(data)) return { ...base, data }
  if (typeof ref === 'string' && refs.has(ref)) return { ...base, ref }
  must(typeof url === 'string' && url.length < 2048 && url.startsWith('https://'), `${where}: base64 data or an https url is needed`)
  return { ...base, url }
}

function clientTools(value: unknown, agent: Agent): NonNullable<RunRequest['tools']> | undefined {
  if (value === undefined) return undefined
  must(Array.isArray(value) && value.length <= 64, 'tools: an array of at most 64 is needed')
  return value.map((tool: unknown, at) => {
    const { name, description, input } = isFields(tool) ? tool : {}
    must(typeof name === 'string' && /^[a-zA-Z0-9_-]{1,64}$/.test(name), `tools.${at}.name: 1 to 64 letters, digits, _ or -`)
    must(!agent.tools?.some((own) => own.name === name), `tools.${at}.name: the agent has a tool of this name`)
    must(input === undefined || isFields(input), `tools.${at}.input: a JSON Schema is needed`)
    return { name, description: typeof description === 'string' ? description.slice(0, 4096) : undefined, input }
  })
}

function allowed(value: unknown, agent: Agent): ModelSettings | undefined {
  if (value === undefined) return undefined
  must(isFields(value), 'options: an object is needed')
  for (const [key, setting] of Object.entries(value)) {
    must(agent.allow?.includes(key as keyof ModelSettings), `options.${key}: this agent does not allow it`)
    const kind = kinds[key as keyof ModelSettings]
    must(kind.includes(kindOf(setting)), `options.${key}: ${kind} is needed`)
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
