import { KitError } from '../../errors.ts'
import type { CallPart, MediaPart, Message, Part, ReasoningPart, ResultPart, TextPart } from '../../message.ts'
import { wire } from './anthropic-models.ts'
import type { Fields } from './fields.ts'
import { answeredAt, orInWords } from './media.ts'

/** One piece of a message as the API has it. */
export type Block = Fields & { type: string }

export interface WireMessage {
  role: 'user' | 'assistant' | 'system'
  content: Block[]
}

export interface Keep {
  /** Which thinking goes back: all of it, what is signed, or none (a call that does not think must not end in thinking). */
  thinking: 'all' | 'signed' | 'none'
  /** Whether the model takes a system message between the others. */
  system: boolean
}

/**
 * Messages as the API wants them: turns alternate, results come first in the turn after their calls and answer all of them, no block
 * is blank, and the last turn does not end in white space. What another wire made to be replayed is left out.
 */
export function encodeConversation(messages: readonly Message[], keep: Keep): WireMessage[] {
  const turns: WireMessage[] = []
  const toolsets = new Map<string, string>()
  const answered = answeredAt(messages)
  for (const [at, message] of messages.entries()) {
    const before = turns.at(-1)
    const role =
      message.role === 'assistant' ? 'assistant' : message.role === 'system' && keep.system && before?.role === 'user' ? 'system' : 'user'
    const content = message.parts.flatMap((part) =>
      role === 'assistant' ? said(part, keep, toolsets) : given(part, toolsets, at > answered),
    )
    if (!content.length) continue
    const marked = message.providerOptions?.[wire] ? content.findLastIndex(({ type }) => !type.endsWith('thinking')) : -1
    if (marked >= 0) content[marked] = { ...content[marked]!, ...message.providerOptions?.[wire] }
    if (before?.role === role) before.content.push(...content)
    else turns.push({ role, content })
  }
  for (const [at, turn] of turns.entries()) if (turn.role === 'user') turn.content = resultsFirst(turn.content, turns[at - 1])
  return trimmed(turns)
}

/** The API takes results only at the head of a turn, and only all of them: a call that nobody answered is answered here. */
function resultsFirst(content: readonly Block[], before: WireMessage | undefined): Block[] {
  const results = content.filter(({ type }) => type === 'tool_result')
  const answered = new Set(results.map(({ tool_use_id }) => tool_use_id))
  const missing = (before?.role === 'assistant' ? before.content : []).filter(({ type, id }) => type === 'tool_use' && !answered.has(id))
  return [
    ...results,
    ...missing.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: 'There is no result.', is_error: true })),
    ...content.filter(({ type }) => type !== 'tool_result'),
  ]
}

function trimmed(turns: WireMessage[]): WireMessage[] {
  const last = turns.at(-1)
  const block = last?.role === 'assistant' ? last.content.at(-1) : undefined
  if (block?.type === 'text') block.text = String(block.text).trimEnd()
  return turns
}

/** A part of what the model said. */
function said(part: Part, keep: Keep, toolsets: Map<string, string>): Block[] {
  const own = part.replay?.wire === wire ? (part.replay.data as Fields) : undefined
  switch (part.type) {
    case 'text':
      return text(part, own)
    case 'reasoning':
      return thought(part, own, keep)
    case 'call':
      if (part.by === 'provider') return own ? [own as Block] : []
      if (typeof own?.toolset_name === 'string') toolsets.set(part.id, own.toolset_name)
      return [{ type: 'tool_use', id: idOf(part.id), name: part.name, input: inputOf(part), ...own, ...part.providerOptions?.[wire] }]
    case 'opaque':
      return own && part.kind !== 'container' ? [own as Block] : []
    case 'refusal':
      // the provider's explanation of its own refusal is no word of the model
      return own ? [] : text({ type: 'text', text: part.text })
    case 'media':
      // images and documents are refused in this role
      return text({ type: 'text', text: `[${part.name ?? part.mime}]` })
    case 'result':
      return []
  }
}

function thought({ replay }: ReasoningPart, own: Fields | undefined, keep: Keep): Block[] {
  if (!own || !replay || keep.thinking === 'none') return []
  return keep.thinking === 'all' || own.type !== 'thinking' || own.signature ? [own as Block] : []
}

/** A part of what the model is given. */
function given(part: Part, toolsets: ReadonlyMap<string, string>, isNew: boolean): Block[] {
  switch (part.type) {
    case 'text':
      return text(part)
    case 'media':
      return [mediaOrWords(part, isNew)]
    case 'result':
      return part.by === 'provider' ? [] : [result(part, toolsets.get(part.id))]
    case 'opaque':
      return part.replay.wire === wire && part.kind !== 'container' ? [part.replay.data as Block] : []
    default:
      return []
  }
}

/** Text as blocks: none where it is blank, which the API refuses. `providerOptions` may name another `block` to send in its place. */
export function text({ text, providerOptions }: TextPart, own?: Fields): Block[] {
  const { block, ...options } = providerOptions?.[wire] ?? {}
  if (block) return [{ ...(block as Block), ...options }]
  return text.trim() ? [{ type: 'text', text, ...own, ...options }] : []
}

const mediaOrWords = (part: MediaPart, isNew: boolean): Block => orInWords(part, isNew, media, (words) => ({ type: 'text', text: words }))

function media(part: MediaPart): Block {
  const { mime, data, url, ref, store = 'blob', name } = part
  const { block, ...options } = part.providerOptions?.[wire] ?? {}
  if (block) return { ...(block as Block), ...options }
  if (ref !== undefined && store !== 'anthropic') throw unsupported(`a file of the store ${store}; give its data`)
  const image = mime.startsWith('image/')
  const readable = image || mime === 'application/pdf' || mime === 'text/plain'
  if (ref !== undefined && !readable) return { type: 'container_upload', file_id: ref, ...options }
  if (!readable && !mime.startsWith('text/')) throw unsupported(mime)
  if (url !== undefined && !image && mime !== 'application/pdf') throw unsupported(`${mime} by address`)
  const source =
    ref !== undefined
      ? { type: 'file', file_id: ref }
      : url !== undefined
        ? { type: 'url', url }
        : mime.startsWith('text/')
          ? { type: 'text', media_type: 'text/plain', data: utf8(data ?? '') }
          : { type: 'base64', media_type: mime === 'image/jpg' ? 'image/jpeg' : mime, data }
  return image ? { type: 'image', source, ...options } : { type: 'document', source, title: name, ...options }
}

const unsupported = (what: string): KitError => new KitError('model/unsupported', `this model does not take ${what}`)

function utf8(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)))
  } catch (cause) {
    throw new KitError('model/unsupported', 'the data of a document is not Base64', { cause })
  }
}

function result({ id, output, parts, error, providerOptions }: ResultPart, toolset: string | undefined): Block {
  const content = parts
    ? parts.flatMap((part) => (part.type === 'text' ? text(part) : [mediaOrWords(part, false)]))
    : error
      ? error.message
      : typeof output === 'string'
        ? output
        : JSON.stringify(output ?? null)
  return {
    type: 'tool_result',
    tool_use_id: idOf(id),
    content: content.length ? content : undefined,
    is_error: error ? true : undefined,
    toolset_name: toolset,
    ...providerOptions?.[wire],
  }
}

/** The API takes objects only; what a model wrote that is none goes back in the way that its documentation names. */
export function inputOf({ input, invalid }: Pick<CallPart, 'input' | 'invalid'>): unknown {
  if (input === undefined || input === null) return {}
  if (typeof input === 'object' && !Array.isArray(input) && !invalid) return input
  return { INVALID_JSON: typeof input === 'string' ? input : JSON.stringify(input) }
}

/** An id of another provider in the letters that this one takes, the same for the same. */
export function idOf(id: string): string {
  if (/^[\w-]+$/.test(id)) return id
  let hash = 0x811c9dc5
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193)
  return `${id.replace(/[^\w-]/g, '_')}_${(hash >>> 0).toString(36)}`
}
