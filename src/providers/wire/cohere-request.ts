import { KitError } from '../../errors.ts'
import type { MediaPart, Message, ResultPart } from '../../message.ts'
import type { ModelCall, ToolInfo } from '../../model.ts'
import { fromBase64 } from '../../base64.ts'
import { type Fields, isObject } from './fields.ts'
import { answeredAt, orInWords } from './media.ts'

export const wire = 'cohere'

/** What `providerOptions.cohere` of a call may say beside the neutral fields: they go into the body as they are, `documents` beside those of the messages. */
export const cohereOptions: readonly string[] = [
  'citation_options',
  'documents',
  'logprobs',
  'priority',
  'safety_mode',
  'strict_tools',
  'thinking',
]

/** Of a model, what encoding needs to know. */
export interface CohereScope {
  model: string
  /** The kinds of media that it takes. */
  takes: readonly string[]
  reasoning: boolean | undefined
  /** Given to every call. */
  documents: readonly unknown[] | undefined
}

/** What is refused, with the whole call, where it is not from 0 to 1. */
const fractions = ['temperature', 'frequency_penalty', 'presence_penalty']
const stops = 5

/**
 * A call as the body of v2 chat, and what of it is not said because the API would refuse it. Text documents among the media
 * become `documents`, which the answer can cite. Throws `model/unsupported` for new media that the API has no place for.
 */
export function encodeCohere(call: ModelCall, scope: CohereScope): { body: Fields; dropped: string[] } {
  const own = call.providerOptions?.[wire] ?? {}
  const dropped: string[] = []
  const documents = [scope.documents ?? [], own.documents ?? []].flat().map(withTextId)
  const { system = [], output } = call
  const instructions: Message = { role: 'system', parts: typeof system === 'string' ? [{ type: 'text', text: system }] : system }
  const answered = answeredAt(call.messages)
  const messages = [
    ...(system.length ? encodeMessage(instructions, false, scope, documents) : []),
    ...call.messages.flatMap((message, at) => encodeMessage(message, at > answered && message.role === 'user', scope, documents)),
  ]
  const tools = chosen(call)
  const format = output && { type: 'json_object', json_schema: output.schema }
  // the API has no place for a form of the answer beside tools or documents, so the model is told of it in words
  const inWords = format && (tools.length > 0 || documents.length > 0)
  if (inWords) {
    dropped.push('response_format')
    messages.splice(messages.findLastIndex(({ role }) => role === 'system') + 1, 0, {
      role: 'system',
      content: `Give the final answer as JSON only, held to this JSON Schema: ${JSON.stringify(output!.schema ?? {})}`,
    })
  }
  if (call.parallelTools === false && tools.length) dropped.push('parallelTools')
  if (call.stop?.[stops]) dropped.push('stop')
  // what is undefined does not enter the JSON
  const body: Fields = {
    documents: documents.length ? documents : undefined,
    tools: tools.length ? tools.map(encodeTool) : undefined,
    tool_choice: tools.length ? encodeChoice(call) : undefined,
    strict_tools: tools.length && tools.every(canBeStrict) ? true : undefined,
    response_format: inWords ? undefined : format,
    max_tokens: call.maxTokens,
    stop_sequences: call.stop?.slice(0, stops),
    temperature: call.temperature,
    seed: call.seed,
    k: call.topK,
    p: call.topP,
    frequency_penalty: call.frequencyPenalty,
    presence_penalty: call.presencePenalty,
    thinking: encodeThinking(call, scope, dropped),
  }
  for (const name of fractions) {
    const asked = body[name] as number | undefined
    if (asked === undefined || (asked >= 0 && asked <= 1)) continue
    body[name] = asked < 0 ? 0 : 1
    dropped.push(`${name} ${asked}`)
  }
  const { documents: _, ...others } = own
  return { body: { ...body, ...others, messages, model: scope.model, stream: call.stream !== false }, dropped }
}

/** An id of a document that is no text is refused. */
const withTextId = (document: unknown): unknown =>
  isObject(document) && typeof document.id === 'number' ? { ...document, id: String(document.id) } : document

function encodeMessage({ role, parts, providerOptions }: Message, isNew: boolean, scope: CohereScope, documents: unknown[]): Fields[] {
  const own = providerOptions?.[wire]
  if (role === 'assistant') return encodeAnswer(parts, own)
  const results: Fields[] = []
  const content: Fields[] = []
  const show = (part: MediaPart): void => {
    const piece = orInWords<Fields | undefined>(part, isNew, (media) => encodePart(media, scope, documents), textBlock)
    if (piece) content.push(piece)
  }
  for (const part of parts) {
    if (part.type === 'text') content.push({ ...textBlock(part.text), ...part.providerOptions?.[wire] })
    else if (part.type === 'media') show(part)
    else if (part.type === 'result' && part.by !== 'provider') {
      results.push({ role: 'tool', tool_call_id: part.id, content: resultOf(part), ...own, ...part.providerOptions?.[wire] })
      // the API has no place for media in a result: they follow when all results have been given
      const media = part.parts?.filter((piece): piece is MediaPart => piece.type === 'media') ?? []
      if (media.length) content.push(textBlock(`From the tool ${part.name}:`))
      for (const piece of media) show(piece)
    }
  }
  // documents alone are no content
  if (!content.length && role === 'user' && parts.length) content.push(textBlock('[documents]'))
  if (!content.length && !own) return results
  if (role === 'tool') return content.length ? [...results, { role: 'user', content }] : results
  const [first] = content
  return [{ role, content: content.length === 1 && first && isPlain(first) ? first.text : content, ...own }]
}

/** An answer of before: beside tool calls there is no place for text but the plan. */
function encodeAnswer(parts: Message['parts'], own: Fields | undefined): Fields[] {
  const thoughts: Fields[] = []
  const calls: Fields[] = []
  let plan = ''
  let text = ''
  for (const part of parts) {
    if (part.type === 'text' || part.type === 'refusal') text += part.text
    else if (part.type === 'reasoning' && part.replay?.wire === wire && part.text) {
      if (part.replay.data === 'tool_plan') plan += part.text
      else thoughts.push({ type: 'thinking', thinking: part.text, ...part.providerOptions?.[wire] })
    } else if (part.type === 'call' && part.by !== 'provider') {
      const { id, name, input, invalid } = part
      calls.push({ id, type: 'function', function: { name, arguments: invalid ? String(input) : JSON.stringify(input ?? {}) } })
    }
  }
  if (calls.length) plan ||= text
  else if (text) thoughts.push(textBlock(text))
  if (!calls.length && !text && !own) return []
  const content = thoughts.length === 1 && isPlain(thoughts[0]!) ? thoughts[0]!.text : thoughts
  return [
    {
      role: 'assistant',
      content: thoughts.length ? content : undefined,
      tool_plan: (calls.length && plan) || undefined,
      tool_calls: calls.length ? calls : undefined,
      ...own,
    },
  ]
}

const textBlock = (text: string): Fields => ({ type: 'text', text })
const isPlain = (block: Fields): boolean => block.type === 'text' && Object.keys(block).length === 2

/** An image as content; a text as a document, which leaves nothing in the content. */
function encodePart(part: MediaPart, { takes }: CohereScope, documents: unknown[]): Fields | undefined {
  const { mime, data, name } = part
  const own = part.providerOptions?.[wire]
  const url = part.url ?? (data !== undefined && `data:${mime};base64,${data}`)
  if (mime.startsWith('image/') && url && takes.includes('image')) return { type: 'image_url', image_url: { url, detail: own?.detail } }
  const text = data !== undefined && isText(mime) ? decoded(data) : undefined
  if (text === undefined) throw new KitError('model/unsupported', `this model takes no ${mime}`)
  const { id = `doc:${documents.length}`, data: more, ...others } = own ?? {}
  documents.push({ id: String(id), data: { title: name, text, ...(isObject(more) && more) }, ...others })
  return undefined
}

const isText = (mime: string): boolean => /^text\/|[/+](json|xml|yaml)$/.test(mime)

function decoded(data: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(fromBase64(data))
  } catch {
    return undefined
  }
}

/** A result as text, or as documents where it is an object or a list of them: each can then be cited. */
function resultOf({ output, parts, error }: ResultPart): unknown {
  if (error) return `Error: ${error.message}`
  if (parts) {
    const texts = parts.flatMap((part) => (part.type === 'text' ? textBlock(part.text) : []))
    return texts.length ? texts : ''
  }
  if (typeof output === 'string') return output
  const all = Array.isArray(output) ? (output as unknown[]) : [output]
  if (!all.length || !all.every(isObject)) return JSON.stringify(output ?? null)
  return all.map((data) => ({ type: 'document', document: { data } }))
}

/** There is no choice of one tool: the others are not sent, nor what another provider runs. */
function chosen({ tools = [], toolChoice: choice }: ModelCall): readonly ToolInfo[] {
  const known = tools.filter(({ hosted }) => (hosted?.wire ?? wire) === wire)
  if (typeof choice !== 'object') return known
  const names = 'tool' in choice ? [choice.tool] : choice.tools
  return known.filter(({ name }) => names.includes(name))
}

function encodeChoice({ toolChoice: choice }: ModelCall): string | undefined {
  if (typeof choice === 'object') return 'tool' in choice || choice.required ? 'REQUIRED' : undefined
  return choice === 'none' ? 'NONE' : choice === 'required' ? 'REQUIRED' : undefined
}

function encodeTool({ name, description, input, hosted, providerOptions }: ToolInfo): Fields {
  if (hosted) return hosted.definition
  const parameters = input ?? { type: 'object', properties: {} }
  return { type: 'function', function: { name, description, parameters }, ...providerOptions?.[wire] }
}

/** Strictness is asked for all tools at once, and each must have something that it requires. */
const canBeStrict = ({ strict, input }: ToolInfo): boolean => strict === true && Array.isArray(input?.required) && input.required.length > 0

function encodeThinking({ reasoning }: ModelCall, scope: CohereScope, dropped: string[]): Fields | undefined {
  const { effort, tokens } = reasoning ?? {}
  if (effort === undefined && tokens === undefined) return undefined
  if (!scope.reasoning) {
    if (effort !== 'none') dropped.push('reasoning')
    return undefined
  }
  if (effort === 'none') return { type: 'disabled' }
  return { type: 'enabled', token_budget: tokens }
}
