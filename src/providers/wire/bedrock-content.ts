import { KitError } from '../../errors.ts'
import type { MediaPart, Message, Part, ResultPart, TextPart } from '../../message.ts'
import { idOf, inputOf } from './anthropic-content.ts'
import { formatOf, wire } from './bedrock-models.ts'
import { fromBase64 } from '../../base64.ts'
import type { Fields } from './fields.ts'
import { answeredAt, orInWords } from './media.ts'

export interface Turn {
  role: 'user' | 'assistant'
  content: Fields[]
}

/**
 * Messages as Converse wants them: turns alternate, the results of a turn's calls come first in the next one and answer all of them, no text is
 * blank, and documents have names of their own and words beside them.
 */
export function encodeTurns(messages: readonly Message[]): Turn[] {
  const turns: Turn[] = []
  const documents = new Set<string>()
  const answered = answeredAt(messages)
  for (const [at, message] of messages.entries()) {
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const content = message.parts.flatMap((part) => withPoint(part, encodePart(part, role, at > answered, documents)))
    if (!content.length) continue
    content.push(...pointOf(message.providerOptions))
    const before = turns.at(-1)
    if (before?.role === role) before.content.push(...content)
    else turns.push({ role, content })
  }
  for (const [at, turn] of turns.entries()) {
    if (turn.role === 'user') turn.content = resultsFirst(worded(turn.content), turns[at - 1])
  }
  const last = turns.at(-1)
  const block = last?.role === 'assistant' ? last.content.at(-1) : undefined
  if (typeof block?.text === 'string') block.text = block.text.trimEnd()
  return turns
}

/** A breakpoint of the prompt cache, where `providerOptions` ask for one: `cachePoint: true`, or its fields. */
export function pointOf(options: Part['providerOptions']): Fields[] {
  const point = options?.[wire]?.cachePoint
  return point ? [{ cachePoint: { type: 'default', ...(typeof point === 'object' && point) } }] : []
}

const withPoint = ({ providerOptions }: Part, blocks: Fields[]): Fields[] => (blocks.length ? [...blocks, ...pointOf(providerOptions)] : [])

const idIn = (block: Fields, kind: 'toolUse' | 'toolResult'): unknown => (block[kind] as Fields | undefined)?.toolUseId

function resultsFirst(content: readonly Fields[], before: Turn | undefined): Fields[] {
  const results = content.filter(({ toolResult }) => toolResult)
  const answered = new Set(results.map((block) => idIn(block, 'toolResult')))
  const missing = (before?.content ?? []).filter((block) => isOpenCall(block) && !answered.has(idIn(block, 'toolUse')))
  return [
    ...results,
    ...missing.map((block) => ({
      toolResult: { toolUseId: idIn(block, 'toolUse'), content: [{ text: 'There is no result.' }], status: 'error' },
    })),
    ...content.filter(({ toolResult }) => !toolResult),
  ]
}

const isOpenCall = ({ toolUse }: Fields): boolean => toolUse !== undefined && (toolUse as Fields).type !== 'server_tool_use'

/** A document alone is refused: its name is said beside it. */
function worded(content: Fields[]): Fields[] {
  const alone = content.find(({ document }) => document)
  if (!alone || content.some(({ text }) => text !== undefined)) return content
  return [{ text: `[${String((alone.document as Fields).name)}]` }, ...content]
}

function encodePart(part: Part, role: Turn['role'], isNew: boolean, documents: Set<string>): Fields[] {
  const own = part.replay?.wire === wire ? [part.replay.data as Fields] : undefined
  switch (part.type) {
    case 'text':
    case 'media':
      // the model said it, and does not take media in this role
      if (role === 'user') return given(part, isNew, documents)
      return own ?? given(part.type === 'text' ? part : { type: 'text', text: `[${part.name ?? part.mime}]` }, isNew, documents)
    case 'refusal':
      return part.text.trim() ? [{ text: part.text }] : []
    case 'opaque':
      return own ?? []
    case 'reasoning':
      return (role === 'assistant' && own) || []
    case 'call':
      if (role === 'user') return []
      if (part.by === 'provider') return own ?? []
      return [{ toolUse: { toolUseId: toolId(part.id), name: part.name, input: inputOf(part), ...optionsOf(part) } }]
    case 'result':
      if (part.by === 'provider') return (role === 'assistant' && own) || []
      return role === 'user' ? [result(part, documents)] : []
  }
}

function optionsOf({ providerOptions }: Part): Fields {
  const { cachePoint: _, ...options } = providerOptions?.[wire] ?? {}
  return options
}

/** Text or media as a block; `providerOptions` may name another `block` to send in its place. */
function given(part: TextPart | MediaPart, isNew: boolean, documents: Set<string>): Fields[] {
  const { block, ...options } = optionsOf(part)
  if (block) return [block as Fields]
  if (part.type === 'text') return part.text.trim() ? [{ text: part.text }] : []
  return [
    orInWords(
      part,
      isNew,
      (media) => encodeMedia(media, options, documents),
      (text): Fields => ({ text }),
    ),
  ]
}

/** At most 64 letters, digits, `_` and `-`. */
const toolId = (id: string): string => (/^[\w-]{1,64}$/.test(id) ? id : idOf(id).slice(-64))

function result(part: ResultPart, documents: Set<string>): Fields {
  const { id, output, parts, error } = part
  const content = parts
    ? parts.flatMap((piece) => given(piece, false, documents))
    : [
        error
          ? { text: inWords(error.message) }
          : typeof output === 'object' && output && !Array.isArray(output)
            ? { json: output }
            : { text: inWords(output) },
      ]
  return {
    toolResult: {
      toolUseId: toolId(id),
      content: content.length ? content : [{ text: '-' }],
      ...(error && { status: 'error' }),
      ...optionsOf(part),
    },
  }
}

/** Blank text is refused here too. */
const inWords = (output: unknown): string => {
  const text = typeof output === 'string' ? output : (JSON.stringify(output) ?? 'null')
  return text.trim() ? text : '-'
}

function encodeMedia({ mime, data, url, ref, name }: MediaPart, options: Fields, documents: Set<string>): Fields {
  const { kind, format } = formatOf(mime) ?? {}
  if (!kind) throw unsupported(mime)
  if (ref !== undefined) throw unsupported('a file by reference; give its data')
  if (url !== undefined && !url.startsWith('s3://')) throw unsupported(`${mime} by address, but of S3; give its data`)
  const source = url !== undefined ? { s3Location: { uri: url } } : mime === 'text/plain' ? { text: utf8(data ?? '') } : { bytes: data }
  const named = kind === 'document' ? { name: nameFor(name, documents) } : {}
  return { [kind]: { format, ...named, source, ...options } }
}

/** Letters, digits, single spaces, hyphens and brackets, once in a request. */
function nameFor(name = 'document', names: Set<string>): string {
  const plain =
    name
      .replace(/\.\w+$/, '')
      .replace(/[^a-zA-Z0-9\-()[\] ]+/g, ' ')
      .replace(/ +/g, ' ')
      .trim()
      .slice(0, 180) || 'document'
  let own = plain
  for (let count = 2; names.has(own); count++) own = `${plain} ${count}`
  names.add(own)
  return own
}

function utf8(base64: string): string {
  try {
    return new TextDecoder().decode(fromBase64(base64))
  } catch (cause) {
    throw new KitError('model/unsupported', 'the data of a document is not Base64', { cause })
  }
}

const unsupported = (what: string): KitError => new KitError('model/unsupported', `Bedrock does not take ${what}`)
