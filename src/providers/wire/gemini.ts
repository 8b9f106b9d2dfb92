import { KitError } from '../../errors.ts'
import type { MediaPart, Message, Part, ResultPart, TextPart } from '../../message.ts'
import type { ModelCall, ReasoningSettings, ToolChoice, ToolInfo } from '../../model.ts'
import { defined, type Fields, isObject } from './fields.ts'
import { type GeminiFamily, levels } from './gemini-models.ts'
import { answeredAt, orInWords } from './media.ts'

export const wire = 'gemini'

/**
 * What `providerOptions.gemini` of a call may set beside the neutral fields, by the place where it is sent. A name that is in no
 * list goes into `generationConfig` too: the vendor adds fields there, and says so where it does not know one. What a neutral
 * field says cannot be set here.
 */
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
  functionCallingConfig: ['streamFunctionCallArguments'],
  toolConfig: ['includeServerSideToolInvocations', 'retrievalConfig'],
} as const

/**
 * Stands for a signature on a call that Gemini did not make: a conversation that began with another model has none, and
 * Gemini 3 answers 400 to a first call without one (ai.google.dev/gemini-api/docs/thought-signatures).
 */
export const noSignature = 'skip_thought_signature_validator'

/** What a part of Gemini's brings back: a signature and a call's id, or the whole part where it has no neutral form. */
export interface GeminiReplay {
  thoughtSignature?: string
  id?: string
  part?: Fields
}

/** Whom a request is for: a family of models, on the Gemini API or on Vertex, which has no `toolCall` parts and no switch for them. */
export interface GeminiTarget extends Omit<GeminiFamily, 'match'> {
  vertex?: boolean
}

/**
 * A call as a request body of generateContent. `parallelTools` has no switch here and is left out. A family that cannot hold
 * an answer to JSON beside tools is asked for it in words. With `cachedContent` neither system nor tools are sent, as the cache
 * has them and the vendor refuses both; a system message inside the conversation is then a person's. Throws
 * `model/unsupported` for a file that another provider keeps.
 */
export function encodeGemini(call: ModelCall, target: GeminiTarget): Fields {
  const {
    cachedContent,
    labels,
    modelArmorConfig,
    safetySettings,
    serviceTier,
    store,
    streamFunctionCallArguments,
    includeServerSideToolInvocations,
    retrievalConfig,
    thinkingConfig,
    ...own
  } = call.providerOptions?.[wire] ?? {}
  const cached = Boolean(cachedContent)
  const { system, contents } = contentsOf(call, target, cached)
  const functions = call.tools?.filter(({ hosted }) => !hosted) ?? []
  const hosted = call.tools?.flatMap((tool) => (tool.hosted?.wire === wire ? [tool.hosted.definition] : [])) ?? []
  const tools = functions.length ? [{ functionDeclarations: functions.map(declare) }, ...hosted] : hosted
  const { output } = call
  const schema = output?.schema
  const inWords = output && tools.length && !target.third
  // beside a cache no system is sent: the last turn says it
  const told = cached ? contents.at(-1)?.parts : system
  if (inWords)
    told?.push({ text: `When no tool is needed, answer with JSON only${schema ? `, of this schema: ${JSON.stringify(schema)}` : '.'}` })
  const penalties = target.penalties !== false
  return {
    contents,
    ...(!cached && {
      systemInstruction: system.length ? { parts: system } : undefined,
      tools: tools.length ? tools : undefined,
      toolConfig: filled({
        functionCallingConfig: functions.length
          ? filled({ ...modeOf(call.toolChoice, functions), streamFunctionCallArguments })
          : undefined,
        // functions beside tools that the provider runs need its calls in the history
        includeServerSideToolInvocations:
          includeServerSideToolInvocations ?? ((target.third && !target.vertex && functions.length && hosted.length && true) || undefined),
        retrievalConfig,
      }),
    }),
    generationConfig: filled({
      ...(output && !inWords && { responseMimeType: 'application/json', responseJsonSchema: schema }),
      ...own,
      maxOutputTokens: call.maxTokens,
      temperature: call.temperature,
      topP: call.topP,
      topK: call.topK,
      stopSequences: call.stop,
      seed: call.seed,
      presencePenalty: penalties ? call.presencePenalty : undefined,
      frequencyPenalty: penalties ? call.frequencyPenalty : undefined,
      thinkingConfig: filled({ ...thinkingOf(call.reasoning, target), ...(thinkingConfig as Fields | undefined) }),
    }),
    cachedContent,
    labels,
    modelArmorConfig,
    safetySettings,
    serviceTier,
    store,
  }
}

/** Without what is undefined; nothing where nothing is left. */
function filled(fields: Fields): Fields | undefined {
  const left = defined(fields)
  return Object.keys(left).length ? left : undefined
}

interface Turn {
  role: 'user' | 'model'
  parts: Fields[]
  /** Results with the place of their call: they come first, in the order of the calls. */
  responses: { at: number; part: Fields }[]
}

/** Roles alternate, so that neighbours of one role are one turn; all results of a turn's calls stand together right after it. */
function contentsOf(
  { system = [], messages }: ModelCall,
  target: GeminiTarget,
  cached: boolean,
): { system: Fields[]; contents: { role: string; parts: Fields[] }[] } {
  const told = typeof system === 'string' ? textOf({ type: 'text', text: system }) : system.flatMap(textOf)
  const turns: Turn[] = []
  const calls = new Map<string, { at: number; id: string | undefined }>()
  const say = (role: Turn['role'], parts: readonly Fields[], responses: Turn['responses'] = []): void => {
    const last = turns.at(-1)
    if (last?.role === role) {
      last.parts.push(...parts)
      last.responses.push(...responses)
    } else if (parts.length + responses.length) turns.push({ role, parts: [...parts], responses: [...responses] })
  }
  const answered = answeredAt(messages)
  for (const [at, { role, parts }] of messages.entries()) {
    if (role === 'assistant') {
      for (const part of parts) if (part.type === 'call') calls.set(part.id, { at: calls.size, id: replayOf(part).id })
      say('model', modelParts(parts, target))
    } else
      for (const part of parts) {
        if (part.type === 'result') {
          const { at: place = Infinity, id } = calls.get(part.id) ?? {}
          const { response, beside } = respond(part, id, target)
          say('user', beside, [{ at: place, part: response }])
        } else if (part.type === 'text' && role === 'system' && !cached) told.push(...textOf(part))
        else if (part.type === 'text') say('user', textOf(part))
        else if (part.type === 'media') say('user', [{ ...mediaOrWords(part, at > answered), ...part.providerOptions?.[wire] }])
      }
  }
  const contents = turns.map(({ role, parts, responses }) => ({
    role,
    parts: [...responses.sort((a, b) => a.at - b.at || 0).map(({ part }) => part), ...parts],
  }))
  return { system: told, contents }
}

const replayOf = ({ replay }: Part): GeminiReplay => (replay?.wire === wire && isObject(replay.data) ? (replay.data as GeminiReplay) : {})

/** Empty text is refused. */
const textOf = ({ text, providerOptions }: TextPart): Fields[] => (text ? [{ text, ...providerOptions?.[wire] }] : [])

/** What the model said, part by part in its order: signatures stay on their own part, also an empty one, and nothing is joined. */
function modelParts(parts: Message['parts'], { third, vertex }: GeminiTarget): Fields[] {
  let unsigned = third
  return parts.flatMap((part): Fields[] => {
    const { part: own, id, thoughtSignature } = replayOf(part)
    if (own) return vertex && (own.toolCall ?? own.toolResponse) ? [] : [own]
    switch (part.type) {
      case 'text':
      case 'refusal':
        return part.text || thoughtSignature ? [{ text: part.text, thoughtSignature, ...part.providerOptions?.[wire] }] : []
      case 'reasoning':
        // a summary without signature is of no use to the model, and as text it would be taken for the answer
        return thoughtSignature ? [{ text: part.text, thought: true, thoughtSignature }] : []
      case 'media':
        return [{ ...mediaOrWords(part, false), thoughtSignature }]
      case 'call': {
        if (part.by === 'provider') return []
        const { name, input } = part
        const args = isObject(input) ? input : { input }
        const signature = thoughtSignature ?? (unsigned ? noSignature : undefined)
        unsigned = false
        return [{ functionCall: { id, name, args }, thoughtSignature: signature }]
      }
      default:
        return []
    }
  })
}

const inResults = /^(image\/(png|jpeg|webp)|application\/pdf|text\/plain)$/

/** A result must be an object. Media that cannot be inside it stand beside it, as parts of the same turn. */
function respond(
  { name, output, parts, error, providerOptions }: ResultPart,
  id: string | undefined,
  { third }: GeminiTarget,
): { response: Fields; beside: Fields[] } {
  const inside: Fields[] = []
  const beside: Fields[] = []
  const text = parts?.flatMap((part) => {
    if (part.type === 'text') return part.text
    const fits = third && part.data !== undefined && inResults.test(part.mime)
    ;(fits ? inside : beside).push(mediaOrWords(part, false))
    return fits ? [] : `[${part.mime}]`
  })
  const value = output ?? text?.join('\n') ?? null
  const response = error ? { error: error.message } : isObject(value) ? value : { output: value }
  return {
    response: { functionResponse: { id, name, response, parts: inside.length ? inside : undefined, ...providerOptions?.[wire] } },
    beside,
  }
}

const mediaOrWords = (part: MediaPart, isNew: boolean): Fields => orInWords(part, isNew, mediaOf, (text) => ({ text }))

/** Of what is no text, image, sound or film, the kinds that are read (ai.google.dev/gemini-api/docs/file-input-methods). */
const read = /^(text|image|audio|video)\/|^application\/(pdf|json|xml|rtf|x-javascript)$/

function mediaOf({ mime, data, url, ref, store }: MediaPart): Fields {
  if (data !== undefined && !read.test(mime)) throw new KitError('model/unsupported', `this model takes no ${mime}`)
  const inline = /^data:([^;,]+);base64,/.exec(url ?? '')
  if (inline) return { inlineData: { mimeType: inline[1], data: url!.slice(inline[0].length) } }
  if (data !== undefined) return { inlineData: { mimeType: mime, data } }
  const fileUri = url ?? (store === wire || store === 'vertex' ? ref : undefined)
  if (fileUri === undefined) throw new KitError('model/unsupported', `this model cannot read a file of the store ${store ?? 'blob'}`)
  return { fileData: { fileUri, mimeType: mime.endsWith('/*') ? undefined : mime } }
}

const declare = ({ name, description, input, providerOptions }: ToolInfo): Fields => ({
  name,
  description,
  parametersJsonSchema: input,
  ...providerOptions?.[wire],
})

/** A mode without functions is refused, and so are names beside any mode but ANY and VALIDATED. */
function modeOf(choice: ToolChoice | undefined, functions: readonly ToolInfo[]): Fields | undefined {
  if (typeof choice === 'object') {
    const wanted = 'tool' in choice ? [choice.tool] : choice.tools
    const allowedFunctionNames = wanted.filter((wish) => functions.some(({ name }) => name === wish))
    const mode = 'tool' in choice || choice.required ? 'ANY' : 'VALIDATED'
    return allowedFunctionNames.length ? { mode, allowedFunctionNames } : undefined
  }
  if (choice === 'none') return { mode: 'NONE' }
  if (choice === 'required') return { mode: 'ANY' }
  if (functions.some(({ strict }) => strict)) return { mode: 'VALIDATED' }
  return choice && { mode: 'AUTO' }
}

/** Tokens for an effort, weakest first, as the vendor's own OpenAI surface counts them (ai.google.dev/gemini-api/docs/openai). */
const effortTokens = { none: 0, minimal: 1_024, low: 1_024, medium: 8_192, high: 24_576, xhigh: Infinity, max: Infinity }

/** A level and a budget exclude each other: a family with levels takes the effort, and tokens only where no effort is said. */
export function thinkingOf(reasoning: ReasoningSettings | undefined, { levels: own, budget }: GeminiTarget): Fields {
  if (!reasoning || !(own || budget)) return {}
  const { effort, tokens, summary: includeThoughts } = reasoning
  if (own && effort) {
    const rank = Math.min(Object.keys(effortTokens).indexOf(effort) - 1, 3)
    return { includeThoughts, thinkingLevel: own.find((level) => levels.indexOf(level) >= rank) ?? own.at(-1) }
  }
  const wanted = tokens ?? (effort && effortTokens[effort])
  const least = budget && !(wanted === 0 && budget.off) ? budget.min : 0
  return { includeThoughts, thinkingBudget: wanted === undefined ? undefined : Math.min(Math.max(wanted, least), budget?.max ?? wanted) }
}
