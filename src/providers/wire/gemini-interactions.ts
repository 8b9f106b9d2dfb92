import { KitError } from '../../errors.ts'
import type { MediaPart, Message, Part, ResultPart, TextPart } from '../../message.ts'
import type { ModelCall, ToolChoice, ToolInfo } from '../../model.ts'
import { defined, type Fields, isObject, textIn } from './fields.ts'
import { type GeminiFamily, levels } from './gemini-models.ts'
import { thinkingOf, wire as geminiWire } from './gemini.ts'
import { answeredAt, orInWords } from './media.ts'

export const interactionsWire = 'gemini-interactions'

/** What `providerOptions['gemini-interactions']` of a call may set beside the neutral fields, by the place where it is sent. */
export const interactionsOptions = {
  body: [
    'agent_config',
    'background',
    'cached_content',
    'continuation_token',
    'environment',
    'labels',
    'previous_interaction_id',
    'response_format',
    'response_modalities',
    'safety_settings',
    'service_tier',
    'webhook_config',
  ],
  generation_config: ['image_config', 'speech_config', 'thinking_level', 'transcription_config', 'video_config'],
} as const

/** What a part of an interaction brings back. */
export interface InteractionReplay {
  /** The interaction that it came with, where the vendor keeps it. */
  interaction?: string
  signature?: string
  /** The whole step, where it has no neutral form. */
  step?: Fields
}

export interface InteractionTarget {
  /** A model's id, or an agent's. */
  id: string
  agent: boolean
  store: boolean
  family: GeminiFamily
}

/**
 * A call as a request body of the Interactions API, and what of the call it has no field for. Where the vendor keeps the
 * conversation (`store`) and gave the last answer itself, only what came after that is sent. Throws `model/unsupported` for a
 * file that another provider keeps.
 */
export function encodeInteraction(call: ModelCall, { id, agent, store, family }: InteractionTarget): { body: Fields; dropped: string[] } {
  const options = call.providerOptions?.[interactionsWire] ?? {}
  const chosen = (names: readonly string[]): Fields => Object.fromEntries(names.map((name) => [name, options[name]]))
  const previous = store && options.previous_interaction_id === undefined ? lastInteraction(call.messages) : undefined
  const { system, input } = stepsOf(call, previous?.at)
  const thinking = thinkingOf(call.reasoning, { levels: family.levels ?? levels })
  const config = defined({
    max_output_tokens: call.maxTokens,
    temperature: call.temperature,
    top_p: call.topP,
    seed: call.seed,
    stop_sequences: call.stop,
    thinking_level: textIn(thinking.thinkingLevel)?.toLowerCase(),
    thinking_summaries: call.reasoning?.summary === undefined ? undefined : call.reasoning.summary ? 'auto' : 'none',
    tool_choice: choiceOf(call.toolChoice, call.tools),
    ...defined(chosen(interactionsOptions.generation_config)),
  })
  const tools = call.tools?.flatMap(toolOf) ?? []
  const dropped = (['topK', 'presencePenalty', 'frequencyPenalty', 'parallelTools'] as const).filter((name) => call[name] !== undefined)
  return {
    dropped,
    body: defined({
      [agent ? 'agent' : 'model']: id,
      input,
      system_instruction: system.join('\n\n') || undefined,
      tools: tools.length ? tools : undefined,
      generation_config: Object.keys(config).length ? config : undefined,
      response_format: call.output && defined({ type: 'text', mime_type: 'application/json', schema: call.output.schema }),
      previous_interaction_id: previous?.id,
      stream: call.stream !== false,
      store,
      ...defined(chosen(interactionsOptions.body)),
    }),
  }
}

const replayOf = ({ replay }: Part): InteractionReplay =>
  replay?.wire === interactionsWire && isObject(replay.data) ? (replay.data as InteractionReplay) : {}

/** The interaction that gave the last answer, and where that is; nothing where another model gave it. */
function lastInteraction(messages: readonly Message[]): { id: string; at: number } | undefined {
  const at = answeredAt(messages)
  const id = messages[at]?.parts.map((part) => replayOf(part).interaction).find((known) => known !== undefined)
  return id === undefined ? undefined : { id, at }
}

function stepsOf({ system = [], messages }: ModelCall, known = -1): { system: string[]; input: Fields[] } {
  const told = typeof system === 'string' ? [system] : system.map(({ text }) => text)
  const input: Fields[] = []
  const say = (type: 'user_input' | 'model_output', content: Fields): void => {
    const last = input.at(-1)
    if (last?.type === type) (last.content as Fields[]).push(content)
    else input.push({ type, content: [content] })
  }
  const answered = answeredAt(messages)
  for (const [at, { role, parts }] of messages.entries()) {
    if (role === 'system') told.push(...parts.flatMap((part) => (part.type === 'text' ? part.text : [])))
    else if (at > known)
      for (const part of parts) {
        if (part.type === 'result' && part.by !== 'provider') input.push(resultOf(part))
        else if (role !== 'assistant') {
          if (part.type === 'text' || part.type === 'media')
            for (const content of contentOf(part, at > answered)) say('user_input', content)
        } else {
          const { step, signature } = replayOf(part)
          if (step) input.push(step)
          else if (part.type === 'reasoning' && signature) {
            const summary = part.text ? [{ type: 'text', text: part.text }] : undefined
            input.push({ type: 'thought', signature, summary })
          } else if (part.type === 'call' && part.by !== 'provider')
            input.push({
              type: 'function_call',
              id: part.id,
              name: part.name,
              arguments: isObject(part.input) ? part.input : { input: part.input },
            })
          else if (part.type === 'text' || part.type === 'refusal' || part.type === 'media')
            for (const content of contentOf(part.type === 'refusal' ? { type: 'text', text: part.text } : part, false))
              say('model_output', content)
        }
      }
  }
  return { system: told.filter(Boolean), input }
}

const contentOf = (part: TextPart | MediaPart, isNew: boolean): Fields[] => {
  const own = part.providerOptions?.[interactionsWire]
  if (part.type === 'text') return part.text ? [{ type: 'text', text: part.text, ...own }] : []
  return [{ ...orInWords(part, isNew, mediaOf, (text) => ({ type: 'text', text })), ...own }]
}

function mediaOf({ mime, data, url, ref, store }: MediaPart): Fields {
  const inline = /^data:([^;,]+);base64,/.exec(url ?? '')
  const kind = /^(image|audio|video)\//.exec(inline?.[1] ?? mime)?.[1] ?? 'document'
  if (inline) return { type: kind, data: url!.slice(inline[0].length), mime_type: inline[1] }
  if (data !== undefined) return { type: kind, data, mime_type: mime }
  const uri = url ?? (store === geminiWire ? ref : undefined)
  if (uri === undefined) throw new KitError('model/unsupported', `this model cannot read a file of the store ${store ?? 'blob'}`)
  return defined({ type: kind, uri, mime_type: mime.endsWith('/*') ? undefined : mime })
}

function resultOf({ id, name, output, parts, error, providerOptions }: ResultPart): Fields {
  const value = error ? error.message : (parts?.flatMap((part) => contentOf(part, false)) ?? output)
  const result = typeof value === 'string' || (parts && !error) || isObject(value) ? value : JSON.stringify(value ?? null)
  return defined({ type: 'function_result', call_id: id, name, result, is_error: error && true, ...providerOptions?.[interactionsWire] })
}

/** A function, a hosted tool of this wire as it is, or one of Gemini's other wire in the form that it has here. */
function toolOf({ name, description, input, hosted, providerOptions }: ToolInfo): Fields[] {
  if (!hosted) return [defined({ type: 'function', name, description, parameters: input, ...providerOptions?.[interactionsWire] })]
  if (hosted.wire === interactionsWire) return [hosted.definition]
  if (hosted.wire !== geminiWire) return []
  return Object.entries(hosted.definition).map(([field, settings]) => ({
    type: snake(field),
    ...Object.fromEntries(
      Object.entries(isObject(settings) ? defined(settings) : {}).map(([key, value]) => [
        snake(key),
        key === 'searchTypes' && isObject(value) ? Object.keys(value).map(snake) : value,
      ]),
    ),
  }))
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

function choiceOf(choice: ToolChoice | undefined, tools: readonly ToolInfo[] = []): unknown {
  const functions = tools.filter(({ hosted }) => !hosted)
  if (!functions.length) return undefined
  if (typeof choice !== 'object')
    return choice === 'required' ? 'any' : (choice ?? (functions.some(({ strict }) => strict) ? 'validated' : undefined))
  const wanted = 'tool' in choice ? [choice.tool] : choice.tools
  const names = wanted.filter((wish) => functions.some(({ name }) => name === wish))
  const mode = 'tool' in choice || choice.required ? 'any' : 'validated'
  return names.length ? { allowed_tools: { mode, tools: names } } : undefined
}
