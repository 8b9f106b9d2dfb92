import { KitError } from '../../errors.ts'
import type { CallPart, MediaPart, Message, Part, ResultPart, TextPart } from '../../message.ts'
import type { ModelCall, ReasoningSettings, ToolChoice, ToolInfo } from '../../model.ts'
import type { GeminiFamily } from './gemini-models.ts'

export const wire = 'gemini'

/** What `providerOptions.gemini` of a call may set beside the neutral fields, by the place where it is sent. */
export const geminiOptions = {
  body: ['cachedContent', 'labels', 'modelArmorConfig', 'safetySettings', 'serviceTier', 'store'],
  generationConfig: [
    'audioTimestamp',
    'audioTranscriptionConfig',
    'candidateCount',
    'enableAffectiveDialog',
    'enableEnhancedCivicAnswers',
    'imageConfig',
    'logprobs',
    'mediaResolution',
    'modelSelectionConfig',
    'responseFormat',
    'responseJsonSchema',
    'responseLogprobs',
    'responseMimeType',
    'responseModalities',
    'responseSchema',
    'routingConfig',
    'speechConfig',
    'thinkingConfig',
    'translationConfig',
  ],
  toolConfig: ['includeServerSideToolInvocations', 'retrievalConfig'],
  functionCallingConfig: ['streamFunctionCallArguments'],
} as const

/**
 * Stands for a signature on a call that Gemini did not make: a conversation that began with another model has none, and
 * Gemini 3 answers 400 to a first call without one (ai.google.dev/gemini-api/docs/thought-signatures).
 */
export const noSignature = 'skip_thought_signature_validator'

type Fields = Record<string, unknown>

/** What a part of Gemini's brings back: a signature and a call's id, or the whole part where it has no neutral form. */
export interface GeminiReplay {
  thoughtSignature?: string
  id?: string
  part?: Fields
}

/**
 * A call as a request body of generateContent. `parallelTools` has no switch here and is left out. A family that cannot hold
 * an answer to JSON beside tools is asked for it in words. Throws `model/unsupported` for a file that another provider keeps.
 */
export function encodeGemini(call: ModelCall, family: GeminiFamily): Fields {
  const options = call.providerOptions?.[wire] ?? {}
  const chosen = (names: readonly string[]): Fields =>
    Object.fromEntries(names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]))
  const { system, contents } = contentsOf(call, family)
  const tools = toolsOf(call.tools ?? [])
  const inWords = call.output !== undefined && tools.length > 0 && !family.third
  if (inWords) system.push({ text: askForJson(call.output!.schema) })
  const toolConfig = {
    ...toolConfigOf(call, tools, family, chosen(geminiOptions.functionCallingConfig)),
    ...chosen(geminiOptions.toolConfig),
  }
  const thinking = { ...thinkingOf(call.reasoning, family), ...(options.thinkingConfig as Fields | undefined) }
  const generationConfig: Fields = {
    ...(call.maxTokens !== undefined && { maxOutputTokens: call.maxTokens }),
    ...(call.temperature !== undefined && { temperature: call.temperature }),
    ...(call.topP !== undefined && { topP: call.topP }),
    ...(call.topK !== undefined && { topK: call.topK }),
    ...(call.stop && { stopSequences: call.stop }),
    ...(call.seed !== undefined && { seed: call.seed }),
    ...(call.presencePenalty !== undefined && { presencePenalty: call.presencePenalty }),
    ...(call.frequencyPenalty !== undefined && { frequencyPenalty: call.frequencyPenalty }),
    ...(call.output &&
      !inWords && { responseMimeType: 'application/json', ...(call.output.schema && { responseJsonSchema: call.output.schema }) }),
    ...chosen(geminiOptions.generationConfig),
    ...(!isEmpty(thinking) && { thinkingConfig: thinking }),
  }
  return {
    contents,
    ...(system.length && { systemInstruction: { parts: system } }),
    ...(tools.length && { tools }),
    ...(!isEmpty(toolConfig) && { toolConfig }),
    ...(!isEmpty(generationConfig) && { generationConfig }),
    ...chosen(geminiOptions.body),
  }
}

interface Turn {
  role: 'user' | 'model'
  parts: Fields[]
  /** Results with the place of their call: they come first, in the order of the calls. */
  responses: { at: number; part: Fields }[]
}

/** Roles alternate, so that neighbours of one role are one turn; all results of a turn's calls stand together right after it. */
function contentsOf({ system = [], messages }: ModelCall, family: GeminiFamily): { system: Fields[]; contents: Fields[] } {
  const told: Fields[] = typeof system === 'string' ? textOf({ type: 'text', text: system }) : system.flatMap(textOf)
  const turns: Turn[] = []
  const calls = new Map<string, { at: number; id: string | undefined }>()
  const turnOf = (role: Turn['role']): Turn => {
    const last = turns.at(-1)
    if (last?.role === role) return last
    const turn: Turn = { role, parts: [], responses: [] }
    turns.push(turn)
    return turn
  }
  for (const { role, parts } of messages) {
    if (role === 'system') {
      for (const part of parts) if (part.type === 'text') told.push(...textOf(part))
    } else if (role === 'assistant') {
      for (const part of parts) if (part.type === 'call') calls.set(part.id, { at: calls.size, id: replayOf(part)?.id })
      const said = modelParts(parts, family)
      if (said.length) turnOf('model').parts.push(...said)
    } else
      for (const part of parts) {
        if (part.type === 'result') {
          const { at = Infinity, id } = calls.get(part.id) ?? {}
          const { response, beside } = respond(part, id, family)
          const turn = turnOf('user')
          turn.responses.push({ at, part: response })
          turn.parts.push(...beside)
        } else if (part.type === 'text') {
          const text = textOf(part)
          if (text.length) turnOf('user').parts.push(...text)
        } else if (part.type === 'media') turnOf('user').parts.push({ ...mediaOf(part), ...part.providerOptions?.[wire] })
      }
  }
  const contents = turns.map(({ role, parts, responses }) => ({
    role,
    parts: [...responses.toSorted((a, b) => (a.at === b.at ? 0 : a.at - b.at)).map(({ part }) => part), ...parts],
  }))
  return { system: told, contents }
}

const replayOf = ({ replay }: Part): GeminiReplay | undefined =>
  replay?.wire === wire && typeof replay.data === 'object' && replay.data !== null ? (replay.data as GeminiReplay) : undefined

/** Empty text is refused, but an empty part that is signed must go back. */
const textOf = ({ text, providerOptions }: TextPart): Fields[] => (text ? [{ text, ...providerOptions?.[wire] }] : [])

/** What the model said, part by part in its order: signatures stay on their own part, and nothing is joined. */
function modelParts(parts: Message['parts'], { third }: GeminiFamily): Fields[] {
  const said: Fields[] = []
  let called = false
  for (const part of parts) {
    const own = replayOf(part)
    const signed = own?.thoughtSignature === undefined ? {} : { thoughtSignature: own.thoughtSignature }
    if (own?.part) said.push(own.part)
    else if (part.type === 'text') {
      if (part.text || own?.thoughtSignature) said.push({ text: part.text, ...signed, ...part.providerOptions?.[wire] })
    } else if (part.type === 'reasoning') {
      // a summary without signature is of no use to the model, and as text it would be taken for the answer
      if (own?.thoughtSignature) said.push({ text: part.text, thought: true, ...signed })
    } else if (part.type === 'refusal') {
      if (part.text) said.push({ text: part.text })
    } else if (part.type === 'media') said.push({ ...mediaOf(part), ...signed })
    else if (part.type === 'call' && part.by !== 'provider') {
      said.push({ functionCall: encodeCall(part, own?.id), ...(third && !called && { thoughtSignature: noSignature }), ...signed })
      called = true
    }
  }
  return said
}

const encodeCall = ({ name, input }: CallPart, id: string | undefined): Fields => ({
  name,
  args: isObject(input) ? input : { input },
  ...(id !== undefined && { id }),
})

const resultMimes = ['image/png', 'image/jpeg', 'image/webp', 'application/pdf', 'text/plain']

/** A result must be an object. Media that cannot be inside it stand beside it, as parts of the same turn. */
function respond(
  { name, output, parts, error }: ResultPart,
  id: string | undefined,
  { third }: GeminiFamily,
): { response: Fields; beside: Fields[] } {
  const inside: Fields[] = []
  const beside: Fields[] = []
  const text: string[] = []
  for (const part of parts ?? []) {
    if (part.type === 'text') text.push(part.text)
    else if (third && part.data !== undefined && resultMimes.includes(part.mime)) inside.push(mediaOf(part))
    else {
      beside.push(mediaOf(part))
      text.push(`[${part.mime}]`)
    }
  }
  const value = output === undefined && parts ? text.join('\n') : output
  const response = error ? { error: error.message } : isObject(value) ? value : { output: value ?? null }
  return {
    response: {
      functionResponse: { name, response, ...(id !== undefined && { id }), ...(inside.length && { parts: inside }) },
    },
    beside,
  }
}

/** How base64 of an image begins, for one whose kind is only `image/*`: Gemini wants it exact. */
const beginnings: readonly (readonly [string, string])[] = [
  ['iVBOR', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
]

function mediaOf({ mime, data, url, ref, store }: MediaPart): Fields {
  const vague = mime.endsWith('/*')
  if (data !== undefined) {
    const mimeType = vague ? (beginnings.find(([start]) => data.startsWith(start))?.[1] ?? mime) : mime
    return { inlineData: { mimeType, data } }
  }
  const inline = url?.match(/^data:([^;,]+);base64,/)
  if (inline) return { inlineData: { mimeType: inline[1], data: url!.slice(inline[0].length) } }
  const fileUri = url ?? (store === wire || store === 'vertex' ? ref : undefined)
  if (fileUri === undefined) throw new KitError('model/unsupported', `this model cannot read a file of the store ${store ?? 'blob'}`)
  return { fileData: { fileUri, ...(!vague && { mimeType: mime }) } }
}

function toolsOf(tools: readonly ToolInfo[]): Fields[] {
  const functions = tools.filter(({ hosted }) => !hosted)
  const hosted = tools.flatMap((tool) => (tool.hosted?.wire === wire ? [tool.hosted.definition] : []))
  if (!functions.length) return hosted
  const functionDeclarations = functions.map(({ name, description, input, providerOptions }) => ({
    name,
    ...(description !== undefined && { description }),
    ...(input && { parametersJsonSchema: input }),
    ...providerOptions?.[wire],
  }))
  return [{ functionDeclarations }, ...hosted]
}

function toolConfigOf({ tools = [], toolChoice }: ModelCall, sent: readonly Fields[], { third }: GeminiFamily, more: Fields): Fields {
  const functions = tools.filter(({ hosted }) => !hosted)
  // a mode without functions is refused
  const mode = functions.length ? { ...modeOf(toolChoice, functions), ...more } : {}
  return {
    ...(!isEmpty(mode) && { functionCallingConfig: mode }),
    // functions beside tools that the provider runs need its calls in the history
    ...(third && functions.length && sent.length > 1 && { includeServerSideToolInvocations: true }),
  }
}

function modeOf(choice: ToolChoice | undefined, functions: readonly ToolInfo[]): Fields {
  if (choice === undefined || choice === 'auto') {
    if (functions.some(({ strict }) => strict)) return { mode: 'VALIDATED' }
    return choice ? { mode: 'AUTO' } : {}
  }
  if (typeof choice === 'string') return { mode: choice === 'none' ? 'NONE' : 'ANY' }
  const wanted = 'tool' in choice ? [choice.tool] : choice.tools
  const allowedFunctionNames = wanted.filter((wish) => functions.some(({ name }) => name === wish))
  if (!allowedFunctionNames.length) return {}
  // names go with ANY and VALIDATED only
  return { mode: 'tool' in choice || choice.required ? 'ANY' : 'VALIDATED', allowedFunctionNames }
}

const rank = { none: 0, minimal: 0, low: 1, medium: 2, high: 3, xhigh: 3, max: 3 } as const
const levelRank = { MINIMAL: 0, LOW: 1, MEDIUM: 2, HIGH: 3 } as const
/** Tokens for an effort, as the vendor's own OpenAI surface counts them (ai.google.dev/gemini-api/docs/openai). */
const effortTokens = { none: 0, minimal: 1_024, low: 1_024, medium: 8_192, high: 24_576, xhigh: Infinity, max: Infinity } as const

/** A level and a budget exclude each other: a family with levels takes the effort, and tokens only where no effort is said. */
function thinkingOf(reasoning: ReasoningSettings | undefined, { levels, budget }: GeminiFamily): Fields {
  if (!reasoning || !(levels || budget)) return {}
  const { effort, tokens, summary } = reasoning
  const thoughts = summary === undefined ? {} : { includeThoughts: summary }
  if (levels && effort) return { ...thoughts, thinkingLevel: levels.find((level) => levelRank[level] >= rank[effort]) ?? levels.at(-1) }
  const wanted = tokens ?? (effort && effortTokens[effort])
  if (wanted === undefined) return thoughts
  if (!budget) return { ...thoughts, thinkingBudget: wanted }
  const off = wanted === 0 && budget.off
  return { ...thoughts, thinkingBudget: off ? 0 : Math.min(Math.max(wanted, budget.min), budget.max) }
}

const askForJson = (schema: unknown): string =>
  schema
    ? `When no tool is needed, answer with nothing but JSON that fits this schema: ${JSON.stringify(schema)}`
    : 'When no tool is needed, answer with nothing but JSON.'

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
const isEmpty = (value: object): boolean => Object.keys(value).length === 0
