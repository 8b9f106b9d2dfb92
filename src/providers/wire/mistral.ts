// How Mistral's chat differs from the plain protocol, as data of `mistral()` and of its preset.
import type { Json, ProviderOptions } from '../../message.ts'
import type { Chunk, ModelCall } from '../../model.ts'
import { type Fields, fields, objects } from './fields.ts'
import { codeOf } from './http.ts'
import type { Effort } from './openai-models.ts'
import { type ChatQuirks, wire } from './openai-chat-request.ts'
import { latest, onlyChosen } from './openai-chat-rewrites.ts'

type Rewrite = (body: Fields, call: ModelCall) => void

/** What a model knows of `reasoning_effort`, the least first; none: it does not think. `mode`: it always does, and `prompt_mode` brings its own instructions for it. */
export type MistralEfforts = readonly Effort[] | 'mode'

const adjustable: MistralEfforts = ['none', 'high']

/** Mistral's models by the beginning of their ids, the first that fits counts; as of 2026-11. One not named here is asked for anything. */
export const mistralModels: Readonly<Record<string, MistralEfforts>> = {
  magistral: 'mode',
  'mistral-small': adjustable,
  'mistral-medium': adjustable,
  'mistral-large-4': ['low', 'medium', 'high'],
  'mistral-large-2': [],
  codestral: [],
  devstral: [],
  ministral: [],
  pixtral: [],
  voxtral: [],
}

/** Mistral says `any` where others say `required`. */
function anyForRequired(body: Fields): void {
  if (body.tool_choice === 'required') body.tool_choice = 'any'
}

/** Mistral takes documents by address only (a data URL is one), files by id without a wrapper, and audio as bare base64. */
function documentUrls({ messages }: Fields): void {
  for (const { content } of messages as readonly Fields[])
    for (const part of objects(content)) {
      const { file, input_audio: audio } = part as { file?: Fields; input_audio?: Fields }
      if (audio) part.input_audio = audio.data
      if (!file) continue
      delete part.file
      const { file_id, file_data: document_url, filename: document_name } = file
      Object.assign(part, file_id === undefined ? { type: 'document_url', document_url, document_name } : { file_id })
    }
}

/** Mistral takes thinking back as a chunk of the content, signed as it came. Needs `reasoningBack: 'reasoning_content'`. */
function thinkingChunks(body: Fields): void {
  for (const message of body.messages as Fields[]) {
    const { reasoning_content: text, thinking_signature: signature, content } = message
    delete message.reasoning_content
    delete message.thinking_signature
    if (!text) continue
    const thinking = { type: 'thinking', thinking: [{ type: 'text', text }], ...(signature !== undefined && { signature }) }
    message.content = [thinking, ...(typeof content === 'string' ? (content ? [{ type: 'text', text: content }] : []) : objects(content))]
  }
}

/** An answer that is begun for the model must be marked as such, or it is refused as the last message. */
function prefixed({ messages }: Fields): void {
  const last = (messages as Fields[]).at(-1)
  if (last?.role === 'assistant') last.prefix ??= true
}

/** Effort under the name that a model has for it: what it does not know is its least, or all that it has. */
const thinkingOf =
  (known: MistralEfforts | undefined): Rewrite =>
  (body) => {
    const effort = body.reasoning_effort as Effort | undefined
    if (!effort || !known || known.includes(effort)) return
    const least = effort === 'none' || effort === 'minimal'
    body.reasoning_effort = known === 'mode' ? undefined : known.at(least ? 0 : -1)
    if (known === 'mode' && !least) body.prompt_mode = 'reasoning'
  }

/** Mistral takes ids of exactly nine letters and digits: its own stay, others are hashed (45 bits), always to the same. */
function nineCharacters(id: string): string {
  if (/^[a-zA-Z0-9]{9}$/.test(id)) return id
  let hash = 1
  // modulo the greatest prime below 2^45: each product is exact, and nine digits of 36 values hold it
  for (let at = 0; at < id.length; at++) hash = (hash * 251 + id.charCodeAt(at)) % 35_184_372_088_777
  return hash.toString(36).padStart(9, '0')
}

/** A signature comes with the thinking, in the content alone; sound that was heard is counted in the total alone. */
const extras: ChatQuirks['extras'] = () => {
  let kept: Json = null
  return function* extras({ message, delta = message, finish_reason: finished }, { usage }): Generator<Chunk> {
    for (const { signature } of objects(fields(delta).content)) if (signature) kept = { thinking_signature: signature as string }
    const counted = fields(usage) as Record<string, number>
    if (counted.prompt_audio_seconds) counted.prompt_tokens = counted.total_tokens! - counted.completion_tokens!
    if (finished && kept) yield { type: 'part', part: { type: 'opaque', kind: 'thinking', replay: { wire, data: kept } } }
  }
}

/** An error in a stream has its status in the body. */
export const explain: NonNullable<ChatQuirks['explain']> = (body) => {
  const said = JSON.stringify(body) ?? ''
  const { raw_status_code: status } = fields(body)
  return /invalid.model/i.test(said) ? { code: 'model/unknown' } : status ? { code: codeOf(Number(status), said) } : undefined
}

/** The quirks of one model; without its name, of those that think when they are asked to. */
export const quirksOf = (id = 'mistral-small'): ChatQuirks => ({
  fields: { seed: 'random_seed', top_k: false, stream_options: false },
  reasoningBack: 'reasoning_content',
  back: { thinking_signature: latest },
  fileUrls: true,
  toolId: nineCharacters,
  rewrite: [
    onlyChosen,
    anyForRequired,
    thinkingChunks,
    documentUrls,
    prefixed,
    thinkingOf(Object.entries(mistralModels).find(([start]) => id.startsWith(start))?.[1]),
  ],
  extras,
  explain,
})

/** Options under Mistral's own name count over those of the protocol. */
export const asChat = (call: ModelCall): ModelCall =>
  renamed({ ...call, messages: call.messages.map((message) => renamed({ ...message, parts: message.parts.map(renamed) })) })

function renamed<T extends { providerOptions?: ProviderOptions }>(named: T): T {
  const { mistral: own, [wire]: chat } = named.providerOptions ?? {}
  return own ? { ...named, providerOptions: { [wire]: { ...chat, ...own } } } : named
}
