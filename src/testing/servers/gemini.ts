import {
  type Asked,
  type AskedChoice,
  type AskedMedia,
  base64In,
  type Fields,
  fieldsIn,
  isFields,
  listIn,
  numberIn,
  onlyFields,
  type Question,
  refuse,
  textIn,
  turn,
  type Turn,
} from './asked.ts'
import { type Answer, type Called, type Ending, type Failing, piecesOf, statuses, valueOf, wholeOf } from './scenario.ts'
import type { Frame, WireServer } from './wire.ts'

const known = new Set(
  'contents systemInstruction tools toolConfig generationConfig safetySettings cachedContent labels store serviceTier modelArmorConfig'.split(
    ' ',
  ),
)
const settings = new Set(
  'maxOutputTokens temperature topP topK stopSequences seed presencePenalty frequencyPenalty responseMimeType responseJsonSchema responseSchema responseModalities thinkingConfig candidateCount mediaResolution responseLogprobs logprobs speechConfig imageConfig'.split(
    ' ',
  ),
)

const names: Readonly<Record<Failing, string>> = {
  invalid: 'INVALID_ARGUMENT',
  auth: 'INVALID_ARGUMENT',
  denied: 'PERMISSION_DENIED',
  'unknown-model': 'NOT_FOUND',
  timeout: 'DEADLINE_EXCEEDED',
  conflict: 'ABORTED',
  'too-large': 'INVALID_ARGUMENT',
  unprocessable: 'INVALID_ARGUMENT',
  rate: 'RESOURCE_EXHAUSTED',
  quota: 'RESOURCE_EXHAUSTED',
  context: 'INVALID_ARGUMENT',
  filtered: 'INVALID_ARGUMENT',
  server: 'INTERNAL',
  gateway: 'INTERNAL',
  unavailable: 'UNAVAILABLE',
  overloaded: 'UNAVAILABLE',
}

const said: Partial<Record<Failing, readonly [status: number, message: string, details?: readonly Fields[]]>> = {
  auth: [
    400,
    'API key not valid. Please pass a valid API key.',
    [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }],
  ],
  'unknown-model': [404, 'models/none is not found for API version v1beta, or is not supported for generateContent.'],
  context: [400, 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).'],
  quota: [
    429,
    'You exceeded your current quota, please check your plan and billing details. Quota exceeded for metric: requests, limit: 0',
  ],
}

function error(failing: Failing, status?: number, message?: string): { status: number; body: Fields } {
  const own = said[failing]
  const code = status ?? own?.[0] ?? statuses[failing]
  const mine = own && code === own[0]
  const name = code === 401 ? 'UNAUTHENTICATED' : names[failing]
  return {
    status: code,
    body: {
      error: {
        code,
        message: mine ? `${own[1]} ${message ?? ''}` : (message ?? `failed: ${failing}`),
        status: name,
        ...(mine && own[2] && { details: own[2] }),
      },
    },
  }
}

/** Gemini's generateContent, also as Vertex serves it. Sources: the vendor's discovery document and guides of November 2026. */
export const geminiServer: WireServer = {
  name: 'gemini',
  framing: 'sse',
  newline: '\r\n',
  read,
  events,
  body: (answer) => ({
    ...head(answer),
    candidates: [{ content: { role: 'model', parts: partsOf(answer) }, index: 0, ...endOf(answer) }],
    ...usageOf(answer),
  }),
  refusal: ({ failing, status, message }) => error(failing, status, message),
  failing: (failing) => [{ data: error(failing).body }],
  tomorrow: [
    { data: { wonder: ['tomorrow'] } },
    { data: { candidates: [{ content: { role: 'model', parts: [{ hologram: { depth: 3 } }] }, index: 0, wonder: 1 }] } },
  ],
  proof: 'proof',
  option: { key: 'gemini', field: 'safetySettings', value: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }] },
  lacks: {
    'repeated ids': 'calls without ids are told apart by their order',
    'arguments as text': 'arguments are objects',
    'interleaved calls': 'a call always comes whole',
    'error in a chunk': 'an error is an event of its own',
    filter: 'a question that is blocked is answered with 200 and a block reason',
    pause: 'no answer ends so',
    refusal: 'a block has a reason, but no words of the model',
    'one call at a time': 'it has no switch for it',
  },
}

// --- what is asked

function read({ method, path, query, headers, body: raw }: Question): Asked {
  const [, name, verb] = /\/models\/([^/:]+):(generateContent|streamGenerateContent)$/.exec(path) ?? []
  if (method !== 'POST' || !verb) refuse('Not Found', 'unknown-model', 404)
  if (query.has('key')) refuse('a key in the address is written into logs')
  const streamed = verb === 'streamGenerateContent'
  if (streamed && query.get('alt') !== 'sse') refuse('this server streams server-sent events only: alt=sse')
  const body = fieldsIn(raw, 'body')
  onlyFields(body, known, 'Invalid JSON payload received. Unknown name ')
  const config = body.generationConfig === undefined ? {} : fieldsIn(body.generationConfig, 'generation_config')
  onlyFields(config, settings, 'generation_config.')
  const { thinkingConfig: thinking, responseMimeType: mime, stopSequences: stop } = config
  if (isFields(thinking) && thinking.thinkingLevel !== undefined && thinking.thinkingBudget !== undefined)
    refuse('thinking_level and thinking_budget exclude each other')
  if (Array.isArray(stop) && stop.length > 5) refuse('stop_sequences: at most 5')
  const tools = body.tools === undefined ? [] : listIn(body.tools, 'tools').flatMap((tool) => toolsIn(fieldsIn(tool, 'tool')))
  const third = /^gemini-[3-9]/.test(name!)
  return {
    model: name!,
    stream: streamed,
    key: headers.get('x-goog-api-key') ?? headers.get('authorization')?.replace(/^Bearer /, ''),
    address: path + query.toString(),
    headers,
    system: body.systemInstruction === undefined ? [] : partsIn(body.systemInstruction).map(({ text }) => filled(text)),
    turns: turnsOf(
      listIn(body.contents, 'contents').map((content) => fieldsIn(content, 'content')),
      third,
    ),
    tools,
    choice: choiceIn(body.toolConfig, tools),
    stop: stop as readonly string[] | undefined,
    seed: numberIn(config.seed, 'seed'),
    maxTokens: numberIn(config.maxOutputTokens, 'max_output_tokens', 1),
    temperature: numberIn(config.temperature, 'temperature', 0, 2),
    topP: numberIn(config.topP, 'top_p', 0, 1),
    effort: isFields(thinking) ? (thinking.thinkingLevel ?? thinking.thinkingBudget) : undefined,
    output: mime === undefined ? undefined : { schema: config.responseJsonSchema ?? config.responseSchema },
    body,
  }
}

const filled = (text: unknown): string => (textIn(text, 'text') ? (text as string) : refuse('a text part must not be empty'))

const partsIn = (content: unknown): Fields[] => listIn(fieldsIn(content, 'content').parts, 'parts').map((part) => fieldsIn(part, 'part'))

function toolsIn({ functionDeclarations: declared }: Fields): Asked['tools'] {
  return listIn(declared, 'function_declarations').map((each) => {
    const { name, description, parametersJsonSchema, parameters } = fieldsIn(each, 'function')
    if (!/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/.test(textIn(name, 'function.name'))) refuse('Invalid function name.')
    return { name: name as string, description: description as string | undefined, schema: parametersJsonSchema ?? parameters }
  })
}

function choiceIn(config: unknown, tools: Asked['tools']): AskedChoice | undefined {
  const calling = isFields(config) ? config.functionCallingConfig : undefined
  if (!isFields(calling)) return undefined
  if (!tools.length) refuse('Function calling config is set without function_declarations.')
  const { mode, allowedFunctionNames: allowed } = calling
  const only = allowed === undefined ? undefined : (listIn(allowed, 'allowed_function_names') as string[])
  if (only && mode !== 'ANY' && mode !== 'VALIDATED') refuse('allowed_function_names should only be set when the mode is ANY or VALIDATED')
  for (const name of only ?? []) if (!tools.some((tool) => tool.name === name)) refuse(`allowed function ${name} is not declared`)
  if (only?.length === 1 && mode === 'ANY') return { tool: only[0]! }
  if (only) return { tools: only, required: mode === 'ANY' }
  return mode === 'NONE'
    ? 'none'
    : mode === 'ANY'
      ? 'required'
      : mode === 'AUTO' || mode === 'VALIDATED'
        ? 'auto'
        : refuse(`unknown mode ${String(mode)}`)
}

function turnsOf(contents: readonly Fields[], third: boolean): Turn[] {
  if (!contents.length) refuse('contents is not specified')
  const turns: Turn[] = []
  let open: { id?: string; name: string }[] = []
  for (const [at, content] of contents.entries()) {
    const { role } = content
    const parts = partsIn(content)
    if (!parts.length) refuse('parts must not be empty')
    if (role === 'model') {
      if (at === 0) refuse('the first content must be of role user')
      if (open.length) refuse('a function call must be followed by its responses')
      const made = modelTurn(parts, third)
      open = made.calls
      turns.push(made)
    } else if (role === 'user' || role === 'function') {
      const responses = parts.filter(({ functionResponse }) => functionResponse !== undefined)
      if (responses.length !== open.length)
        refuse('the number of function response parts must be equal to the number of function call parts of the function call turn')
      if (responses.length)
        turns.push(turn('tool', { results: responses.map((part, n) => resultOf(part, open[n]!)), media: responses.flatMap(insideOf) }))
      open = []
      const rest = parts.filter(({ functionResponse }) => functionResponse === undefined)
      if (rest.length)
        turns.push(
          turn('user', { text: rest.map(({ text }) => (text === undefined ? '' : filled(text))).join(''), media: rest.flatMap(mediaOf) }),
        )
    } else refuse(`Please use a valid role: user, model, not ${String(role)}`)
  }
  if (open.length) refuse('a function call must be followed by its responses')
  return turns
}

function modelTurn(parts: readonly Fields[], third: boolean): Turn {
  const made = turn('assistant')
  for (const { text, thought, functionCall, thoughtSignature: signature } of parts) {
    const proof = signature === undefined ? undefined : textIn(signature, 'thought_signature')
    if (proof !== undefined && proof !== 'skip_thought_signature_validator') base64In(proof)
    if (isFields(functionCall)) {
      const { id, name, args } = functionCall
      if (third && !made.calls.length && !proof) refuse('Function call is missing a thought_signature in functionCall parts.')
      if (proof && proof !== 'skip_thought_signature_validator') made.thoughts.push({ text: '', proof })
      made.calls.push({
        ...(typeof id === 'string' && { id }),
        name: textIn(name, 'name'),
        input: args === undefined ? {} : fieldsIn(args, 'args'),
      })
    } else if (thought === true) made.thoughts.push({ text: textIn(text, 'text'), ...(proof && { proof }) })
    else if (typeof text === 'string') {
      if (!text && !proof) refuse('a text part must not be empty')
      made.text += text
    } else refuse('this part is not allowed in a turn of the model')
  }
  return made
}

function resultOf({ functionResponse }: Fields, call: { id?: string; name: string }): Turn['results'][number] {
  const { id, name, response } = fieldsIn(functionResponse, 'function_response')
  if (name !== call.name) refuse(`function response ${String(name)} does not match the call ${call.name}`)
  return { ...(typeof id === 'string' && { id }), name, text: JSON.stringify(fieldsIn(response, 'response')) }
}

const insideOf = ({ functionResponse }: Fields): AskedMedia[] =>
  ((functionResponse as Fields).parts as Fields[] | undefined)?.flatMap(mediaOf) ?? []

function mediaOf({ inlineData, fileData, text }: Fields): AskedMedia[] {
  if (text !== undefined) return []
  if (isFields(inlineData)) {
    const mime = textIn(inlineData.mimeType, 'mime_type')
    if (!/^(image|audio|video|text)\/|^application\/(pdf|json|xml|rtf|x-javascript)$/.test(mime)) refuse(`Unsupported MIME type: ${mime}`)
    return [{ mime, data: base64In(textIn(inlineData.data, 'data')) }]
  }
  return isFields(fileData) ? [{ url: textIn(fileData.fileUri, 'file_uri') }] : refuse('this part is not allowed here')
}

// --- what is answered

const words: Readonly<Record<Ending, string>> = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  tools: 'STOP',
  safety: 'SAFETY',
  pause: 'STOP',
  tomorrow: 'ENLIGHTENED',
}

const head = ({ model }: Answer): Fields => ({ modelVersion: model, responseId: 'r1' })

function usageOf({ usage }: Answer): Fields {
  if (usage === 'none') return {}
  if (usage === 'null') return { usageMetadata: { promptTokenCount: null, candidatesTokenCount: null, totalTokenCount: null } }
  const { input, output, cached, reasoning } = usage
  return {
    usageMetadata: {
      promptTokenCount: input,
      candidatesTokenCount: output - (reasoning ?? 0),
      totalTokenCount: input + output,
      ...(cached !== undefined && { cachedContentTokenCount: cached }),
      ...(reasoning !== undefined && { thoughtsTokenCount: reasoning }),
    },
  }
}

const call = ({ id, name, args }: Called): Fields => ({
  ...(typeof id === 'string' && { id }),
  name,
  ...(args !== undefined && { args: valueOf(args) }),
})

/** Parts as they are streamed; a signature stands on the first call, or on an empty text at the end. */
function partsOf(answer: Answer): Fields[] {
  let proof: string | undefined
  const parts = answer.say.flatMap((saying): Fields[] => {
    if ('text' in saying) return piecesOf(saying.text).map((text) => ({ text }))
    if ('reasoning' in saying) {
      proof = saying.proof
      return piecesOf(saying.reasoning).map((text) => ({ text, thought: true }))
    }
    if (!('calls' in saying)) return []
    return saying.calls.map((each, at) => {
      const signature = at === 0 ? (proof ?? 'c2lnbmVk') : undefined
      proof = undefined
      return { functionCall: call(each), ...(signature && { thoughtSignature: signature }) }
    })
  })
  return proof === undefined ? parts : [...parts, { text: '', thoughtSignature: proof }]
}

function endOf(answer: Answer): Fields {
  const chunks = answer.say.flatMap((saying) =>
    'source' in saying ? [{ web: { uri: saying.source.url, title: saying.source.title } }] : [],
  )
  const text = answer.say.map((saying) => ('text' in saying ? wholeOf(saying.text) : '')).join('')
  return {
    finishReason: words[answer.ending],
    ...(chunks.length && {
      groundingMetadata: {
        groundingChunks: chunks,
        groundingSupports: [
          { segment: { endIndex: new TextEncoder().encode(text).length, text }, groundingChunkIndices: chunks.map((_, at) => at) },
        ],
      },
    }),
  }
}

function events(answer: Answer): Frame[] {
  const base = head(answer)
  const frames = partsOf(answer).map((part): Frame => ({
    data: { candidates: [{ content: { role: 'model', parts: [part] }, index: 0 }], ...base },
  }))
  return [
    ...frames,
    {
      data: {
        candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, index: 0, ...endOf(answer) }],
        ...usageOf(answer),
        ...base,
      },
      last: true,
    },
  ]
}
