// Gemini's generateContent as recorded: how a request of any client is read as a neutral call, and what may differ.
import type { CallPart, MediaPart, Message, ModelCall, Part, ReasoningSettings, ToolChoice, ToolInfo } from '../../src/index.ts'
import type { Json } from '../../src/message.ts'
import { gemini, geminiOptions, vertex } from '../../src/providers/gemini.ts'
import type { Fields, Wire } from './checks.ts'
import type { Recording } from './recordings.ts'

const name = 'gemini'
const sentinels = ['skip_thought_signature_validator', btoa('skip_thought_signature_validator'), 'context_engineering_is_the_way_to_go']

/** Where a recording was sent: host, version, the model's path, and whether it streams. */
export function addressOf({ request }: Pick<Recording, 'request'>): { host: string; version: string; path: string; stream: boolean } {
  const [, host = '', version = '', path = '', method = 'streamGenerateContent'] =
    (request as Recording['request'] | null)?.url.match(/^(https?:\/\/[^/]+)\/(v\w+)\/(.+?):(\w+)/) ?? []
  return { host, version, path, stream: method === 'streamGenerateContent' }
}

export const geminiWire: Wire = {
  name,
  model(recording, fetch) {
    const { host, version, path } = addressOf(recording)
    if (!path) return gemini('gemini-3-flash-preview', { provider: recording.provider, apiKey: 'k', fetch })
    const common = { provider: recording.provider, baseURL: host, apiVersion: version, fetch }
    return path.startsWith('projects/')
      ? vertex(path, { ...common, project: 'p', token: 't' })
      : gemini(path.replace(/^models\//, ''), { ...common, apiKey: 'k' })
  },
  parse: (recording) => callOf(canonical(recording.request.body!), addressOf(recording)),
  options: Object.values(geminiOptions).flat(),
  schema: () => 'gemini.generateContent.request.json',
  skip: {},
  normalise: [
    { why: 'REST takes snake_case, lower-case enums, null for nothing and OpenAPI schemas too; we send one form', apply: canonicalise },
    { why: 'what is empty is left out', apply: leaveOutEmpty },
    { why: 'neighbours of one role are one content: roles alternate', apply: joinTurns },
    { why: 'a signature is bytes: clients that decode it write base64 of either alphabet', apply: oneAlphabet },
    { why: 'a stand-in for a missing signature: we know better where one is needed; see the tests of ours', apply: withoutSentinels },
    { why: 'a summary of thoughts without signature, and empty text, say nothing to the model', apply: withoutIdleParts },
  ],
}

/** For whole loops: what recorded clients changed in their own history. A client that is true to what it was given does not. */
export const geminiLoops: Wire = {
  ...geminiWire,
  normalise: [
    ...geminiWire.normalise,
    { why: 'pydantic-ai puts the signature of an empty last part on the text before it; we keep the part', apply: joinEmptySigned },
    { why: 'ruby_llm repeats the signature of a turn’s first call on all of its calls; Gemini gave it once', apply: signOnce },
    { why: 'ids that a client made up, or left out though Gemini gave them; we give back what came', apply: withoutForeignIds },
    { why: 'pydantic-ai makes up input and output of tools that Gemini runs; we give back what came', apply: withoutRebuilt },
  ],
}

// --- a recorded body in the one form that we send

/** Values whose keys are the user's own. */
const free = new Set(['args', 'response', 'parametersJsonSchema', 'responseJsonSchema', 'partMetadata', 'labels', 'schema'])

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
const list = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isObject) : [])

function camel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camel)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      const long = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
      if (inner === null) return []
      if (long === 'parameters') return [['parametersJsonSchema', jsonSchema(inner)]]
      if (long === 'responseSchema') return [['responseJsonSchema', jsonSchema(inner)]]
      return [[long, free.has(long) ? inner : camel(inner)]]
    }),
  )
}

/** An OpenAPI schema as the JSON Schema that means the same. */
function jsonSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(jsonSchema)
  if (!isObject(schema)) return schema
  const out: Fields = {}
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'nullable') continue
    if (key === 'type' && typeof value === 'string')
      out.type = schema.nullable === true ? [value.toLowerCase(), 'null'] : value.toLowerCase()
    else if (key === 'properties' && isObject(value))
      out.properties = Object.fromEntries(Object.entries(value).map(([inner, property]) => [inner, jsonSchema(property)]))
    else if (key === 'items' || key === 'anyOf') out[key] = jsonSchema(value)
    else out[key] = value
  }
  return out
}

export function canonical(body: Fields): Fields {
  const out = camel(body) as Fields
  const { functionCallingConfig } = (out.toolConfig ?? {}) as { functionCallingConfig?: Fields }
  if (functionCallingConfig && typeof functionCallingConfig.mode === 'string')
    functionCallingConfig.mode = functionCallingConfig.mode.toUpperCase()
  if (functionCallingConfig?.mode === 'MODE_UNSPECIFIED') delete (out.toolConfig as Fields).functionCallingConfig
  const { thinkingConfig } = (out.generationConfig ?? {}) as { thinkingConfig?: Fields }
  if (thinkingConfig && typeof thinkingConfig.thinkingLevel === 'string')
    thinkingConfig.thinkingLevel = thinkingConfig.thinkingLevel.toUpperCase()
  if (typeof out.systemInstruction === 'string') out.systemInstruction = { parts: [{ text: out.systemInstruction }] }
  if (isObject(out.contents)) out.contents = [out.contents]
  for (const content of [out.systemInstruction, ...list(out.contents)])
    if (isObject(content) && isObject(content.parts)) content.parts = [content.parts]
  if (Array.isArray(out.tools)) {
    const tools = list(out.tools).flatMap((tool) => Object.entries(tool).map(([key, value]) => ({ [key]: value })))
    const functionDeclarations = tools.flatMap((tool) => list(tool.functionDeclarations))
    const hosted = tools.filter((tool) => !('functionDeclarations' in tool))
    out.tools = [...(functionDeclarations.length ? [{ functionDeclarations }] : []), ...hosted]
  }
  delete out.model
  return out
}

function canonicalise(body: Fields): void {
  const out = canonical(body)
  for (const key of Object.keys(body)) delete body[key]
  Object.assign(body, out)
}

function leaveOutEmpty(body: Fields): void {
  for (const key of ['generationConfig', 'safetySettings', 'toolConfig', 'tools'])
    if (body[key] !== undefined && Object.keys(body[key] as object).length === 0) delete body[key]
  if (isObject(body.systemInstruction)) delete body.systemInstruction.role
}

const contentsOf = (body: Fields): { role: string; parts: Fields[] }[] =>
  list(body.contents).map((content) => ({
    role: content.role === 'model' ? 'model' : 'user',
    parts: list(content.parts).map((part) =>
      isObject(part.functionCall) ? { ...part, functionCall: { ...part.functionCall, args: part.functionCall.args ?? {} } } : part,
    ),
  }))

function joinTurns(body: Fields): void {
  const turns: { role: string; parts: Fields[] }[] = []
  for (const content of contentsOf(body)) {
    const last = turns.at(-1)
    if (last?.role === content.role) last.parts.push(...content.parts)
    else turns.push(content)
  }
  body.contents = turns
}

const partsOf = (body: Fields): Fields[] => list(body.contents).flatMap(({ parts }) => list(parts))
function inTurns(body: Fields, change: (parts: Fields[]) => Fields[]): void {
  for (const content of list(body.contents)) content.parts = change(list(content.parts))
}

function oneAlphabet(body: Fields): void {
  for (const part of partsOf(body)) if (typeof part.thoughtSignature === 'string') part.thoughtSignature = standard(part.thoughtSignature)
}
const standard = (base64: string): string => base64.replaceAll('-', '+').replaceAll('_', '/').replaceAll('=', '')

function withoutSentinels(body: Fields): void {
  for (const part of partsOf(body)) if (isSentinel(part.thoughtSignature)) delete part.thoughtSignature
}
const isSentinel = (value: unknown): boolean =>
  typeof value === 'string' && sentinels.some((sentinel) => value === sentinel || standard(value) === standard(sentinel))

function signOnce(body: Fields): void {
  inTurns(body, (parts) => {
    const seen = new Set<unknown>()
    return parts.map((part) => {
      const { thoughtSignature, ...rest } = part
      if (thoughtSignature === undefined || !part.functionCall) return part
      if (seen.has(thoughtSignature)) return rest
      seen.add(thoughtSignature)
      return part
    })
  })
}

function joinEmptySigned(body: Fields): void {
  inTurns(body, (parts) =>
    parts.reduce<Fields[]>((kept, part) => {
      const last = kept.at(-1)
      if (part.text === '' && part.thoughtSignature && last && typeof last.text === 'string' && !last.thoughtSignature && !last.thought)
        kept[kept.length - 1] = { ...last, thoughtSignature: part.thoughtSignature }
      else kept.push(part)
      return kept
    }, []),
  )
}

function withoutIdleParts(body: Fields): void {
  inTurns(body, (parts) => parts.filter((part) => part.thoughtSignature || (part.text !== '' && part.thought !== true)))
}

function withoutForeignIds(body: Fields, { request }: Recording): void {
  const given = partsOf(canonical(request.body!)).some(({ functionCall }) => isObject(functionCall) && functionCall.id !== undefined)
  for (const { functionCall, functionResponse } of partsOf(body))
    for (const side of [functionCall, functionResponse])
      if (isObject(side) && (!given || /^(pyd_ai_|call_\d+_|toolu_)/.test(String(side.id)))) delete side.id
}

function withoutRebuilt(body: Fields): void {
  for (const { toolCall, toolResponse } of partsOf(body)) {
    if (isObject(toolCall)) delete toolCall.args
    if (isObject(toolResponse)) delete toolResponse.response
  }
}

// --- a recorded body as a neutral call

function callOf(body: Fields, { stream }: { stream: boolean }): ModelCall {
  const config = (body.generationConfig ?? {}) as Fields
  const json = config.responseMimeType === 'application/json'
  const said: readonly string[] = ['thinkingConfig', ...(json ? ['responseMimeType', 'responseJsonSchema'] : [])]
  const options: Fields = {}
  for (const field of geminiOptions.body) if (body[field] !== undefined) options[field] = body[field]
  for (const field of geminiOptions.generationConfig)
    if (config[field] !== undefined && !said.includes(field)) options[field] = config[field]
  const toolConfig = (body.toolConfig ?? {}) as Fields
  for (const field of geminiOptions.toolConfig) if (toolConfig[field] !== undefined) options[field] = toolConfig[field]
  const thinking = thinkingOf(config.thinkingConfig as Fields | undefined)
  if (thinking.options) options.thinkingConfig = thinking.options
  const { toolChoice, strict } = choiceOf((toolConfig.functionCallingConfig ?? {}) as Fields)
  const tools = toolsOf(list(body.tools), strict)
  const system = list((body.systemInstruction as Fields | undefined)?.parts)
  return {
    stream,
    messages: messagesOf(contentsOf(body)),
    ...(system.length && { system: system.map(({ text }) => ({ type: 'text' as const, text: String(text) })) }),
    ...(tools.length && { tools }),
    ...(toolChoice && { toolChoice }),
    ...(thinking.reasoning && { reasoning: thinking.reasoning }),
    ...(json && {
      output: isObject(config.responseJsonSchema) ? { schema: config.responseJsonSchema } : {},
    }),
    ...pick<number>(config, { maxTokens: 'maxOutputTokens', temperature: 'temperature', topP: 'topP', topK: 'topK', seed: 'seed' }),
    ...pick<number>(config, { presencePenalty: 'presencePenalty', frequencyPenalty: 'frequencyPenalty' }),
    ...pick<string[]>(config, { stop: 'stopSequences' }),
    ...(Object.keys(options).length && { providerOptions: { [name]: options } }),
  }
}

const pick = <T>(from: Fields, fields: Record<string, string>): Record<string, T> =>
  Object.fromEntries(Object.entries(fields).flatMap(([ours, theirs]) => (from[theirs] === undefined ? [] : [[ours, from[theirs] as T]])))

function thinkingOf(config: Fields | undefined): { reasoning?: ReasoningSettings; options?: Fields } {
  if (!config) return {}
  const { includeThoughts, thinkingBudget, thinkingLevel } = config
  // "as much as the model likes" has no neutral form
  const options = thinkingBudget === -1 ? { thinkingBudget } : undefined
  const reasoning: ReasoningSettings = {
    ...(typeof includeThoughts === 'boolean' && { summary: includeThoughts }),
    ...(typeof thinkingLevel === 'string' && { effort: thinkingLevel.toLowerCase() as 'low' }),
    ...(typeof thinkingBudget === 'number' && thinkingBudget >= 0 && { tokens: thinkingBudget }),
  }
  return { ...(Object.keys(reasoning).length && { reasoning }), ...(options && { options }) }
}

function choiceOf({ mode, allowedFunctionNames: names }: Fields): { toolChoice?: ToolChoice; strict?: boolean } {
  const tools = Array.isArray(names) ? (names as string[]) : undefined
  if (mode === 'NONE') return { toolChoice: 'none' }
  if (mode === 'AUTO') return { toolChoice: 'auto' }
  if (mode === 'VALIDATED') return tools ? { toolChoice: { tools } } : { toolChoice: 'auto', strict: true }
  if (mode !== 'ANY') return {}
  return { toolChoice: !tools ? 'required' : tools.length === 1 ? { tool: tools[0]! } : { tools, required: true } }
}

const toolsOf = (tools: readonly Fields[], strict: boolean | undefined): ToolInfo[] =>
  tools.flatMap((tool): ToolInfo[] => {
    if (!('functionDeclarations' in tool)) return [{ name: Object.keys(tool)[0]!, hosted: { wire: name, definition: tool } }]
    return list(tool.functionDeclarations).map(({ name: called, description, parametersJsonSchema, ...more }) => ({
      name: String(called),
      ...(typeof description === 'string' && { description }),
      ...(isObject(parametersJsonSchema) && { input: parametersJsonSchema }),
      ...(strict && { strict }),
      ...(Object.keys(more).length && { providerOptions: { [name]: more } }),
    }))
  })

function messagesOf(contents: readonly { role: string; parts: Fields[] }[]): Message[] {
  const messages: Message[] = []
  let open: CallPart[] = []
  let count = 0
  for (const { role, parts } of contents) {
    if (role === 'model') {
      const said = parts.map((part) => modelPart(part, () => `c${count++}`))
      open.push(...said.filter((part): part is CallPart => part.type === 'call' && part.by !== 'provider'))
      messages.push({ role: 'assistant', parts: said })
      continue
    }
    const results = parts.flatMap(({ functionResponse: response }) => {
      if (!isObject(response)) return []
      const at = open.findIndex((call) => (response.id === undefined ? call.name === response.name : idOf(call) === response.id))
      const id = open[at]?.id ?? `c${count++}`
      open = open.filter((_, index) => index !== at)
      return [resultOf(response, id)]
    })
    if (results.length) messages.push({ role: 'tool', parts: results })
    const rest = parts.filter(({ functionResponse }) => !functionResponse)
    if (rest.length) messages.push({ role: 'user', parts: rest.map(userPart) })
  }
  return messages
}

const idOf = ({ replay }: CallPart): unknown => (replay?.data as Fields | undefined)?.id

function resultOf({ name: called, response, parts, id: _, ...own }: Fields, id: string): Part {
  const options = Object.keys(own).length ? { providerOptions: { [name]: own } } : {}
  const base = { type: 'result', id, name: String(called), ...options } as const
  if (isObject(response) && Object.keys(response).length === 1 && typeof response.error === 'string')
    return { ...base, error: { code: 'tool/failed', message: response.error } }
  return { ...base, output: response, ...(Array.isArray(parts) && { parts: list(parts).map(mediaOf) }) }
}

function mediaOf({ inlineData, fileData }: Fields): MediaPart {
  const { mimeType, data, fileUri } = (inlineData ?? fileData ?? {}) as { mimeType?: string; data?: string; fileUri?: string }
  return { type: 'media', mime: mimeType ?? '*/*', ...(data === undefined ? { url: fileUri! } : { data }) }
}

function userPart({ text, inlineData, fileData, ...more }: Fields): Part {
  const options = Object.keys(more).length ? { providerOptions: { [name]: more } } : {}
  if (inlineData || fileData) return { ...mediaOf({ inlineData, fileData }), ...options }
  return { type: 'text', text: typeof text === 'string' ? text : '', ...options }
}

function modelPart(part: Fields, makeId: () => string): Part {
  const { text, thought, thoughtSignature, functionCall } = part
  const signed = typeof thoughtSignature === 'string' && !isSentinel(thoughtSignature) ? { thoughtSignature } : undefined
  const replay = (data: Json): { replay: { wire: string; data: Json } } => ({ replay: { wire: name, data } })
  if (isObject(functionCall)) {
    const { id, name: called, args } = functionCall as { id?: string; name: string; args?: unknown }
    const data = { ...signed, ...(id !== undefined && { id }) }
    return { type: 'call', id: id ?? makeId(), name: called, input: args ?? {}, ...(Object.keys(data).length && replay(data)) }
  }
  if (typeof text === 'string') return { type: thought === true ? 'reasoning' : 'text', text, ...(signed && replay(signed)) }
  if (part.inlineData || part.fileData) return { ...mediaOf(part), ...(signed && replay(signed)) }
  return { type: 'opaque', kind: Object.keys(part)[0]!, ...replay({ part: part as Json }) }
}
