// Threads of the Assistants API, which ended on 2026-08-26: what was exported of them lives on as a transcript.
import type { Json, MediaPart, Message, Part } from '../message.ts'
import { countIn, defined, type Fields, fields, isObject, objects, textIn } from './wire/fields.ts'
import { readArguments } from './wire/http.ts'

/** Messages of one thread: more is no thread. */
const threadLimit = 100_000

/**
 * An exported thread as messages, oldest first: a list of messages as the API gave it (`{ data }`), a bare list, or
 * `{ messages, steps }` with the steps of its runs, whose calls of functions come before the answer of their run. Files are
 * references to OpenAI (`store: 'openai'`); citations stay in the text, and are told apart in the part's `replay`. What is not
 * known is left out. Throws a `TypeError` where there is no list of messages, or more than 100,000.
 * @example const transcript = importThread(JSON.parse(exported))
 */
export function importThread(json: unknown): Message[] {
  const from = fields(json)
  const list = [json, from.messages, fields(from.messages).data, from.data].find(Array.isArray)
  if (!list) throw new TypeError('this is no exported thread: there is no list of messages')
  const raw = objects(list)
  if (raw.length > threadLimit) throw new TypeError(`a thread of ${raw.length} messages is more than ${threadLimit}`)
  const steps = Map.groupBy(objects(Array.isArray(from.steps) ? from.steps : fields(from.steps).data), ({ run_id }) => run_id)
  const told = new Set<unknown>()
  return sorted(raw).flatMap((message) => {
    const before = message.role === 'assistant' && message.run_id !== undefined && !told.has(message.run_id)
    told.add(message.run_id)
    const calls = before ? sorted(steps.get(message.run_id) ?? []).flatMap(callsIn) : []
    const parts = partsIn(message)
    return [...calls, ...(parts.length ? [{ role: roleIn(message), parts, ...idIn(message) }] : [])]
  })
}

/** Oldest first; the API gave the newest first, and lists of equal age keep that order turned round. */
function sorted(items: readonly Fields[]): Fields[] {
  const at = ({ created_at }: Fields): number => countIn(created_at) ?? 0
  const falling = items.length > 1 && at(items[0]!) > at(items.at(-1)!)
  return (falling ? items.toReversed() : [...items]).sort((a, b) => at(a) - at(b))
}

const roleIn = ({ role }: Fields): 'user' | 'assistant' => (role === 'assistant' ? 'assistant' : 'user')

const idIn = ({ id }: Fields): { id?: string } => (textIn(id) === undefined ? {} : { id: id as string })

function partsIn({ content, attachments, role }: Fields): Part[] {
  if (typeof content === 'string') return content ? [{ type: 'text', text: content }] : []
  const parts = objects(content).flatMap(partIn)
  const files = objects(attachments).flatMap(({ file_id }) => fileIn(file_id, 'application/*'))
  // an answer has no place for files of its own
  return role === 'assistant' ? parts : [...parts, ...files]
}

function partIn(piece: Fields): Part[] {
  const { type, text, refusal, image_file, image_url } = piece
  if (type === 'refusal' && textIn(refusal)) return [{ type: 'refusal', text: refusal as string }]
  if (type === 'image_file') return fileIn(fields(image_file).file_id, 'image/*', fields(image_file).detail)
  if (type === 'image_url') {
    const { url, detail } = fields(image_url)
    return textIn(url) ? [{ type: 'media', mime: 'image/*', url: url as string, ...detailOf(detail) }] : []
  }
  const said = typeof text === 'string' ? text : textIn(fields(text).value)
  if (!said) return []
  const annotations = objects(fields(text).annotations).flatMap(annotationIn)
  return [{ type: 'text', text: said, ...(annotations.length && { replay: { wire: 'openai-threads', data: { annotations } } }) }]
}

function fileIn(id: unknown, mime: string, detail?: unknown): MediaPart[] {
  return textIn(id) ? [{ type: 'media', mime, ref: id as string, store: 'openai', ...detailOf(detail) }] : []
}

const detailOf = (detail: unknown): Pick<MediaPart, 'providerOptions'> =>
  textIn(detail) && detail !== 'auto' ? { providerOptions: { 'openai-responses': { detail }, 'openai-chat': { detail } } } : {}

/** A citation in the words of Responses; `start` and `end` are of the mark that stands in the text. */
function annotationIn({ type, text, start_index, end_index, file_citation, file_path }: Fields): { [key: string]: Json }[] {
  const { file_id, quote } = { ...fields(file_path), ...fields(file_citation) }
  if (!textIn(file_id)) return []
  const known = {
    type: textIn(type),
    file_id,
    mark: textIn(text),
    quote: textIn(quote),
    start_index: countIn(start_index),
    end_index: countIn(end_index),
  }
  return [defined(known) as { [key: string]: Json }]
}

/** The calls of one step and what they gave, as an answer and its results. */
function callsIn({ step_details }: Fields): Message[] {
  const used = objects(fields(step_details).tool_calls).flatMap(({ id, type, function: called }) => {
    const { name, arguments: args, output } = fields(called)
    return type === 'function' && textIn(id) && textIn(name) ? [{ id: id as string, name: name as string, args, output }] : []
  })
  // without its result a call could not be sent again
  const done = used.filter(({ output }) => typeof output === 'string' || isObject(output))
  if (!done.length) return []
  return [
    { role: 'assistant', parts: done.map(({ id, name, args }) => ({ type: 'call', id, name, ...readArguments(args) })) },
    { role: 'tool', parts: done.map(({ id, name, output }) => ({ type: 'result', id, name, output })) },
  ]
}
