import { sha256 } from '../blobs.ts'
import { canonical } from '../canonical.ts'
import { KitError } from '../errors.ts'
import type { Event } from '../event.ts'
import { type CallPart, type Json, type Message, type ResultPart, textOf } from '../message.ts'
import type { ToolInfo } from '../model.ts'
import { emptyState, fold, transcriptOf } from '../transcript.ts'

/** Where a text stands that `redact` is given. */
export interface TextPlace {
  transcript: number
  role: Message['role']
  /** What somebody said; a text inside a call's input or a result; or the name of a field there. */
  kind: 'text' | 'input' | 'output' | 'key'
}

export interface DatasetOptions {
  /** Whose fine-tuning it is for. */
  format: DatasetFormat
  /** Is given every text of every transcript, also those inside calls and results, and gives what may be kept. Numbers are not texts. */
  redact: (text: string, place: TextPlace) => string | Promise<string>
  /** Which transcripts to take; default all. */
  where?: (messages: readonly Message[], transcript: number) => boolean
  /** Instructions for transcripts that have none: an agent's own are not in its session. */
  system?: string
  /** The tools that the calls were made with. */
  tools?: readonly ToolInfo[]
  /** Share of the examples to hold back for validation, 0 to 0.5; default 0.1. */
  validation?: number
  /** Another seed is another split. */
  seed?: string
  /** Characters of all lines together at most; default 100,000,000. */
  maxSize?: number
}

export type DatasetFormat = 'openai' | 'mistral' | 'together' | 'fireworks'

/** Something that is not in the dataset, and why. */
export interface Left {
  /** Its place in what was given; absent where it is about all. */
  transcript?: number
  what:
    | 'media'
    | 'reasoning'
    | 'provider item'
    | 'no answer'
    | 'unanswered end'
    | 'unreadable call'
    | 'opening answer'
    | 'later instructions'
    | 'too few examples'
  count: number
}

export interface Dataset {
  /** JSON Lines, each ended by a line feed: upload it as `application/jsonl`. */
  training: string
  validation: string
  examples: { training: number; validation: number }
  left: readonly Left[]
}

/**
 * Examples for fine-tuning from conversations: messages, or the events of a session. Calls and results are kept whole, ids are
 * made anew; what the formats have no place for (media, reasoning, what a provider ran itself) is left out and told in `left`. An
 * example ends with an answer. Equal examples fall on the same side of the split, in whatever order they come.
 * Throws a `TypeError` for options that cannot be, `request/too-large` above `maxSize`.
 * @example
 * const { training } = await dataset(transcripts, { format: 'mistral', redact: (text) => text.replace(emails, '[email]') })
 * await files.upload({ data: new Blob([training]), name: 'training.jsonl', mime: 'application/jsonl', purpose: 'fine-tune' })
 */
export async function dataset(transcripts: readonly (readonly Message[] | readonly Event[])[], options: DatasetOptions): Promise<Dataset> {
  const { format, redact, where = () => true, tools = [], validation = 0.1, seed = '', maxSize = 100_000_000 } = options
  const rules = formats[format]
  if (!rules) throw new TypeError(`no format of fine-tuning: ${String(format)}`)
  if (typeof redact !== 'function') throw new TypeError('a dataset needs `redact`: what people said must not be learned by heart unseen')
  if (!(validation >= 0 && validation <= 0.5)) throw new TypeError('`validation` is a share from 0 to 0.5')
  const left: Left[] = []
  const lines = { training: [] as string[], validation: [] as string[] }
  let size = 0
  for (const [transcript, given] of transcripts.entries()) {
    const messages = messagesOf(given)
    if (!where(messages, transcript)) continue
    const tell = (what: Left['what'], count = 1): void => {
      const before = left.find((entry) => entry.transcript === transcript && entry.what === what)
      if (before) before.count += count
      else if (count) left.push({ transcript, what, count })
    }
    const turns = turnsOf(messages, tell)
    if (!turns.length) continue
    const keep = redactor(redact, transcript)
    const instructions = systemOf(messages) || options.system
    const system = instructions && { role: 'system', content: await keep.text(instructions, 'system') }
    const said: object[] = []
    for (const turn of turns) said.push(...(await encode(turn, rules, keep)))
    const example = {
      messages: [...(system ? [system] : []), ...said],
      ...(tools.length && { tools: tools.filter(({ input }) => input).map(toolOf) }),
    }
    const line = `${JSON.stringify(example)}\n`
    size += line.length
    if (size > maxSize) throw new KitError('request/too-large', `the dataset is longer than ${maxSize} characters`)
    const share = parseInt((await sha256(seed + canonical(example))).slice(0, 8), 16) / 2 ** 32
    lines[share < validation ? 'validation' : 'training'].push(line)
  }
  if (lines.training.length < rules.least) left.push({ what: 'too few examples', count: lines.training.length })
  return {
    training: lines.training.join(''),
    validation: lines.validation.join(''),
    examples: { training: lines.training.length, validation: lines.validation.length },
    left,
  }
}

interface Rules {
  /** What stands for the text of an answer that is only calls. */
  silent: '' | null
  /** Examples below which the provider refuses. */
  least: number
}

/**
 * Where the formats differ. The rest is common: instructions first, then user and assistant by turns, calls as functions with
 * arguments in JSON, each followed by its result.
 * https://developers.openai.com/api/docs/guides/supervised-fine-tuning, https://docs.mistral.ai/capabilities/finetuning/text_finetuning,
 * https://docs.together.ai/docs/fine-tuning/data-preparation, https://docs.fireworks.ai/fine-tuning/fine-tuning-models (2026-11-24)
 */
const formats: Readonly<Record<DatasetFormat, Rules>> = {
  openai: { silent: null, least: 10 },
  mistral: { silent: '', least: 1 },
  together: { silent: '', least: 1 },
  fireworks: { silent: '', least: 3 },
}

type Turn =
  | { role: 'user'; texts: string[] }
  | { role: 'assistant'; texts: string[]; calls: { id: string; call: CallPart }[] }
  | { role: 'tool'; results: { id: string; result: ResultPart }[] }

const messagesOf = (given: readonly Message[] | readonly Event[]): readonly Message[] => {
  const [first] = given
  return first && 'type' in first ? transcriptOf((given as readonly Event[]).reduce(fold, emptyState())) : (given as readonly Message[])
}

const systemOf = (messages: readonly Message[]): string => {
  const end = messages.findIndex(({ role }) => role !== 'system')
  return messages
    .slice(0, end < 0 ? messages.length : end)
    .map(textOf)
    .join('\n')
}

/** A conversation as the formats want it: by turns, begun by the user, ended by an answer, no call without its result. */
function turnsOf(messages: readonly Message[], tell: (what: Left['what'], count?: number) => void): Turn[] {
  const turns: Turn[] = []
  const ids = new Map<string, string>()
  let begun = false
  let calls = 0
  for (const { role, parts } of messages) {
    const open = openIn(turns)
    const texts = parts.flatMap((part) => ((part.type === 'text' || part.type === 'refusal') && part.text ? [part.text] : []))
    tell('media', parts.filter(({ type }) => type === 'media').length)
    if (role === 'system') {
      if (begun) tell('later instructions')
      continue
    }
    begun = true
    if (role === 'tool') {
      const results = parts.flatMap((part) =>
        part.type === 'result' && open.has(part.id) ? [{ id: ids.get(part.id)!, result: part }] : [],
      )
      for (const { result } of results) tell('media', result.parts?.filter(({ type }) => type === 'media').length ?? 0)
      const last = turns.at(-1)
      if (last?.role === 'tool') last.results.push(...results)
      else if (results.length) turns.push({ role: 'tool', results })
      continue
    }
    // something was said before a call was answered: what came before it is all that can be learned
    if (open.size) break
    if (role === 'user') {
      const last = turns.at(-1)
      if (!texts.length) continue
      if (last?.role === 'user') last.texts.push(...texts)
      else turns.push({ role, texts })
      continue
    }
    tell('reasoning', parts.filter(({ type }) => type === 'reasoning').length)
    tell(
      'provider item',
      parts.filter((part) => part.type === 'opaque' || ((part.type === 'call' || part.type === 'result') && part.by === 'provider')).length,
    )
    const asked = parts.filter((part): part is CallPart => part.type === 'call' && part.by !== 'provider')
    if (asked.some((call) => call.invalid || !isArguments(call.input))) {
      tell('unreadable call')
      break
    }
    if (!turns.length) {
      tell('opening answer')
      // its calls' results go with it
      if (asked.length) break
      continue
    }
    ids.clear()
    const numbered = asked.map((call) => {
      // nine letters and digits, which is all that Mistral takes
      const id = `c${String(++calls).padStart(8, '0')}`
      ids.set(call.id, id)
      return { id, call }
    })
    if (!texts.length && !numbered.length) continue
    const last = turns.at(-1)
    if (last?.role === 'assistant') {
      last.texts.push(...texts)
      last.calls.push(...numbered)
    } else turns.push({ role: 'assistant', texts, calls: numbered })
  }
  const end = turns.findLastIndex((turn) => turn.role === 'assistant' && !turn.calls.length)
  if (end < 0) tell('no answer')
  else if (end < turns.length - 1) tell('unanswered end')
  return turns.slice(0, end + 1)
}

/** Arguments are the fields of an object, in every format. */
const isArguments = (input: unknown): boolean =>
  input === undefined || input === null || (typeof input === 'object' && !Array.isArray(input))

/** The calls, by their own ids, that have no result yet. */
function openIn(turns: readonly Turn[]): Set<string> {
  const at = turns.findLastIndex(({ role }) => role === 'assistant')
  const asking = turns[at]
  if (asking?.role !== 'assistant') return new Set()
  const open = new Set(asking.calls.map(({ call }) => call.id))
  for (const turn of turns.slice(at + 1)) if (turn.role === 'tool') for (const { result } of turn.results) open.delete(result.id)
  return open
}

async function encode(turn: Turn, { silent }: Rules, keep: Redactor): Promise<object[]> {
  const encoded: object[] = []
  if (turn.role === 'tool') {
    for (const { id, result } of turn.results)
      encoded.push({ role: 'tool', tool_call_id: id, name: result.name, content: await contentOf(result, keep) })
    return encoded
  }
  const content = turn.texts.length ? await keep.text(turn.texts.join('\n'), turn.role) : silent
  if (turn.role === 'user' || !turn.calls.length) return [{ role: turn.role, content }]
  for (const { id, call } of turn.calls) {
    const input = await keep.json((call.input ?? {}) as Json, 'assistant', 'input')
    encoded.push({ id, type: 'function', function: { name: call.name, arguments: JSON.stringify(input) } })
  }
  return [{ role: 'assistant', content, tool_calls: encoded }]
}

async function contentOf({ output, parts, error }: ResultPart, keep: Redactor): Promise<string> {
  if (error) return JSON.stringify({ error: await keep.json(error.message, 'tool', 'output') })
  const said = parts ? textOf({ parts }) : output
  if (typeof said === 'string') return (await keep.json(said, 'tool', 'output')) as string
  return JSON.stringify((await keep.json((said ?? null) as Json, 'tool', 'output')) ?? null)
}

interface Redactor {
  text(text: string, role: Message['role']): Promise<string>
  json(value: Json | undefined, role: Message['role'], kind: 'input' | 'output'): Promise<Json | undefined>
}

function redactor(redact: DatasetOptions['redact'], transcript: number): Redactor {
  const ask = async (text: string, place: TextPlace): Promise<string> => {
    const kept = await redact(text, place)
    if (typeof kept !== 'string') throw new TypeError('`redact` must give a text')
    return kept
  }
  // one after another: `redact` may ask a service
  const json: Redactor['json'] = async (value, role, kind) => {
    if (typeof value === 'string') return ask(value, { transcript, role, kind })
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) {
      const items: Json[] = []
      for (const item of value) items.push((await json(item, role, kind)) ?? null)
      return items
    }
    const fields: [string, Json | undefined][] = []
    for (const [key, field] of Object.entries(value))
      fields.push([await ask(key, { transcript, role, kind: 'key' }), await json(field, role, kind)])
    return Object.fromEntries(fields)
  }
  return { json, text: (text, role) => ask(text, { transcript, role, kind: 'text' }) }
}

const toolOf = ({ name, description, input }: ToolInfo): object => ({
  type: 'function',
  function: { name, ...(description !== undefined && { description }), parameters: input },
})
