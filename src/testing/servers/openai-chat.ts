import {
  type Asked,
  type AskedChoice,
  base64In,
  type Fields,
  fieldsIn,
  isFields,
  listIn,
  mediaAt,
  numberIn,
  onlyFields,
  type Question,
  refuse,
  textIn,
  toolNames,
  turn,
  type Turn,
} from './asked.ts'
import { type Answer, type Called, type Ending, type Failing, type Refusal, statuses, textsOf, wholeOf, piecesOf } from './scenario.ts'
import type { Frame, Lacks, WireServer } from './wire.ts'

/** How one vendor's server of Chat Completions differs from OpenAI's own, as data. */
export interface ChatDialect {
  name?: string
  /** The header of the key; default `authorization` with `Bearer`. */
  keyHeader?: string
  /** Fields of a body that OpenAI has not, and fields of OpenAI's that are refused here. */
  takes?: readonly string[]
  refuses?: readonly string[]
  /** What the vendor calls them. */
  names?: { seed?: string; maxTokens?: readonly string[]; required?: string; effort?: string }
  /** Roles must alternate, after one system message at the head. */
  alternates?: boolean
  toolIds?: RegExp
  /** A choice among some of the tools is known. */
  several?: boolean
  /** JSON of any shape only: a schema is refused. */
  schemaless?: boolean
  /** A schema may stand beside the type, as its `value` (TGI). */
  valued?: boolean
  /** The kinds of content in a user's message. */
  content?: readonly string[]
  /** An image may be named by its address; default true. */
  addresses?: boolean
  /** Where thinking is told: a field of the delta, Mistral's chunks, OpenRouter's details. */
  thinking?: 'reasoning_content' | 'reasoning' | 'chunks' | 'details'
  /** Thinking must come back beside calls: its text, its details, or a signature on the call. */
  back?: 'text' | 'details' | 'chunks' | 'extra'
  /** A question in which it is missing is refused. */
  demands?: boolean
  /** The words for a choice of tools, where not all are known; a choice of one tool is then refused too. */
  choices?: readonly string[]
  /** A field for `providerOptions`; default `user`. */
  option?: { field: string; value: unknown }
  /** Whether a stream ends with `[DONE]`; default true. */
  done?: boolean
  /** Where usage is in a stream; default `apart`, in a chunk of its own that must be asked for. */
  usage?: 'apart' | 'beside' | 'always' | 'x_groq' | 'choice'
  /** Arguments are never cut into pieces. */
  wholeCalls?: boolean
  /** Deltas of calls name no index. */
  indexless?: boolean
  endings?: Partial<Record<Ending, string>>
  /** What every chunk, or the whole answer, has beside OpenAI's fields. */
  beside?: Fields
  /** Chunks before the first. */
  ahead?: readonly Fields[]
  sources?: 'annotations' | 'search_results'
  /** The body of an error; default OpenAI's. */
  error?: (message: string, failing: Failing, status: number) => unknown
  /** Statuses and words of errors where they are the vendor's own. */
  errors?: Partial<Record<Failing, readonly [status: number, message: string, code?: unknown]>>
  tight?: boolean
  newline?: '\r\n'
  lacks?: Lacks
}

const standard = [
  'model messages stream stream_options tools tool_choice parallel_tool_calls response_format max_tokens max_completion_tokens temperature',
  'top_p stop seed presence_penalty frequency_penalty reasoning_effort n logprobs top_logprobs logit_bias user metadata store modalities audio',
  'prediction service_tier verbosity web_search_options prompt_cache_key safety_identifier functions function_call',
]
  .join(' ')
  .split(' ')

const codes: Partial<Record<Failing, readonly [status: number, message: string, code?: unknown]>> = {
  auth: [401, 'Incorrect API key provided.', 'invalid_api_key'],
  'unknown-model': [404, 'The model does not exist or you do not have access to it.', 'model_not_found'],
  rate: [429, 'Rate limit reached for requests per minute.', 'rate_limit_exceeded'],
  quota: [429, 'You exceeded your current quota, please check your plan and billing details.', 'insufficient_quota'],
  context: [
    400,
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 200000 tokens.",
    'context_length_exceeded',
  ],
  filtered: [400, 'Your request was rejected by our safety system.', 'content_policy_violation'],
  server: [500, 'The server had an error while processing your request. Sorry about that!', null],
  unavailable: [503, 'The engine is currently overloaded, please try again later.', null],
}

/** Chat Completions, of OpenAI or in a vendor's dialect. Sources: OpenAI's specification, vendors' references, wire notes of November 2026. */
export function openaiChatServer(dialect: ChatDialect = openai): WireServer {
  const { name = 'openai-chat', done = true, sources } = dialect
  const error = (refusal: Pick<Refusal, 'failing' | 'status' | 'about'> & { message?: string }): { status: number; body: unknown } => {
    const [own, said, code] = dialect.errors?.[refusal.failing] ?? codes[refusal.failing] ?? [statuses[refusal.failing], '', null]
    const status = refusal.status ?? own
    const known = refusal.status === undefined || refusal.status === own || refusal.failing === 'invalid'
    const message =
      known && said ? `${said}${refusal.about ? ` (${refusal.about})` : ''}` : (refusal.message ?? `failed: ${refusal.failing}`)
    const make =
      dialect.error ??
      ((text, _failing, at) => ({
        error: { message: text, type: at < 500 ? 'invalid_request_error' : 'server_error', param: null, code: code ?? null },
      }))
    return { status, body: make(message, refusal.failing, status) }
  }
  return {
    name,
    framing: 'sse',
    read: (question) => read(question, dialect),
    events: (answer) => events(answer, dialect),
    ...(done && { marker: { data: '[DONE]' } }),
    body: (answer) => whole(answer, dialect),
    refusal: (refusal) => error(refusal),
    failing: (failing) => {
      const { body } = error({ failing })
      // a vendor whose errors are flat has them in a field in its streams
      return [{ data: isFields(body) && !body.error ? { error: body } : Array.isArray(body) ? (body as unknown[])[0] : body }]
    },
    failingChunk: (failing) => [
      {
        data: {
          ...head({ id: 'answer-1', model: 'm' }, 'chat.completion.chunk'),
          error: { code: statuses[failing], message: `Provider returned error: ${failing}` },
          choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
        },
      },
    ],
    tomorrow: [
      { data: { id: 'answer-1', object: 'chat.completion.future', choices: [], wonder: { of: ['tomorrow'] } } },
      {
        data: {
          ...head({ id: 'answer-1', model: 'm' }, 'chat.completion.chunk'),
          obfuscation: 'x7',
          choices: [{ index: 0, delta: { hologram: { depth: 3 } }, logprobs: null, finish_reason: null }],
        },
      },
      { event: 'wonder', data: { object: 'wonder' } },
    ],
    ...(dialect.tight && { tight: true }),
    ...(dialect.newline && { newline: dialect.newline }),
    ...(dialect.back && { proof: ({ text: 'text', chunks: 'text', extra: 'proof', details: undefined } as const)[dialect.back] }),
    option: { key: 'openai-chat', field: 'user', value: 'user-77', ...dialect.option },
    lacks: {
      pause: 'Chat Completions has no such ending',
      ...(!dialect.back && { proofs: 'nothing of thinking has to go back' }),
      ...(!dialect.thinking && { reasoning: 'thinking is not shown in Chat Completions' }),
      ...(!sources && { sources: 'answers name no sources' }),
      ...(!dialect.several && {}),
      ...dialect.lacks,
    },
  }
}

/** OpenAI itself. */
const openai: ChatDialect = {
  names: { maxTokens: ['max_completion_tokens', 'max_tokens'] },
  toolIds: /^.{1,40}$/,
  several: true,
  content: ['text', 'image_url', 'input_audio', 'file'],
  sources: 'annotations',
}

// --- what is asked

function read({ method, path, headers, body: raw }: Question, dialect: ChatDialect): Asked {
  if (method !== 'POST' || !path.endsWith('/chat/completions')) refuse(`no route for ${method} ${path}`, 'unknown-model', 404)
  if (!/json/.test(headers.get('content-type') ?? '')) refuse('the body must be JSON', 'invalid')
  const body = fieldsIn(raw, 'body')
  const { names = {}, keyHeader } = dialect
  const maxNames = names.maxTokens ?? ['max_tokens']
  const known = new Set([...standard, ...(dialect.takes ?? [])])
  for (const name of dialect.refuses ?? []) known.delete(name)
  for (const name of ['max_tokens', 'max_completion_tokens']) if (!maxNames.includes(name)) known.delete(name)
  onlyFields(body, known, '')
  const key = keyHeader ? headers.get(keyHeader) : headers.get('authorization')?.replace(/^Bearer /, '')
  if (body.stream_options !== undefined && body.stream !== true) refuse('stream_options is only allowed with stream')
  const messages = listIn(body.messages, 'messages').map((message) => fieldsIn(message, 'message'))
  if (!messages.length) refuse('messages: must not be empty')
  const tools = body.tools === undefined ? [] : listIn(body.tools, 'tools').map((tool) => toolIn(fieldsIn(tool, 'tool')))
  if (body.tools !== undefined && !tools.length) refuse('tools: must not be empty')
  if (new Set(tools.map((tool) => tool.name)).size !== tools.length) refuse('tools: names must be unique')
  const choice = choiceIn(
    body.tool_choice,
    tools.map((tool) => tool.name),
    dialect,
  )
  return {
    model: textIn(body.model, 'model'),
    stream: body.stream === true,
    key: key ?? undefined,
    address: path,
    headers,
    system: messages.flatMap(({ role, content }) => (role === 'system' || role === 'developer' ? textsIn(content) : [])),
    turns: turnsOf(messages, dialect),
    tools,
    choice,
    parallel: body.parallel_tool_calls as boolean | undefined,
    stop: stopIn(body.stop),
    seed: numberIn(body[names.seed ?? 'seed'], 'seed'),
    maxTokens: maxNames.map((each) => numberIn(body[each], each, 1)).find((value) => value !== undefined),
    temperature: numberIn(body.temperature, 'temperature', 0, 2),
    topP: numberIn(body.top_p, 'top_p', 0, 1),
    effort:
      body.reasoning_effort ?? (isFields(body.reasoning) ? body.reasoning.effort : undefined) ?? body.thinking ?? body.enable_thinking,
    output: outputIn(body.response_format, dialect),
    body,
  }
}

function toolIn({ type, function: made }: Fields): Asked['tools'][number] {
  if (type !== 'function') refuse(`tools: unknown type ${String(type)}`)
  const { name, description, parameters, strict } = fieldsIn(made, 'tool.function')
  if (!toolNames.test(textIn(name, 'tool name'))) refuse('tools: invalid name')
  if (parameters !== undefined && fieldsIn(parameters, 'parameters').type !== 'object') refuse('schema must be of type object')
  if (strict === true) strictly(parameters)
  return { name: name as string, description: description as string | undefined, schema: parameters }
}

/** A strict schema closes every object and requires every field. */
function strictly(schema: unknown): void {
  if (!isFields(schema)) return
  if (schema.type === 'object') {
    const names = Object.keys(isFields(schema.properties) ? schema.properties : {})
    if (schema.additionalProperties !== false) refuse("'additionalProperties' is required to be supplied and to be false")
    if (names.some((name) => !(schema.required as unknown[] | undefined)?.includes(name))) refuse("'required' must include every key")
  }
  for (const value of Object.values(schema)) strictly(value)
}

function choiceIn(choice: unknown, names: readonly string[], { several, choices, names: own = {} }: ChatDialect): AskedChoice | undefined {
  if (choice === undefined || choice === null) return undefined
  if (choices && !choices.includes(choice as string)) refuse(`tool_choice must be one of ${choices.join()}`)
  if (!names.length) refuse("'tool_choice' is only allowed when 'tools' are specified")
  if (choice === (own.required ?? 'required')) return 'required'
  if (choice === 'auto' || choice === 'none') return choice
  const { type, function: named, allowed_tools: allowed } = fieldsIn(choice, 'tool_choice')
  if (type === 'allowed_tools' && several) {
    const { mode, tools } = fieldsIn(allowed, 'allowed_tools')
    return {
      tools: listIn(tools, 'allowed').map((tool) => (tool as { function: { name: string } }).function.name),
      required: mode === 'required',
    }
  }
  if (type !== 'function') refuse(`tool_choice: unknown type ${String(type)}`)
  const tool = textIn(fieldsIn(named, 'tool_choice.function').name, 'tool_choice name')
  return names.includes(tool) ? { tool } : refuse('tool_choice names no tool')
}

function stopIn(stop: unknown): readonly string[] | undefined {
  if (stop === undefined || stop === null) return undefined
  const list = typeof stop === 'string' ? [stop] : (listIn(stop, 'stop') as string[])
  return list.length > 4 ? refuse('stop: at most 4') : list
}

function outputIn(format: unknown, { schemaless, valued }: ChatDialect): Asked['output'] {
  if (format === undefined || format === null) return undefined
  const { type, json_schema, value } = fieldsIn(format, 'response_format')
  if (valued && (type === 'json' || type === 'json_object') && value !== undefined) return { schema: fieldsIn(value, 'value') }
  if (type === 'json_object') return {}
  if (type !== 'json_schema' || schemaless) refuse(`response_format.type: ${String(type)} is not available`)
  const { name, schema, strict } = fieldsIn(json_schema, 'json_schema')
  if (!/^[\w-]{1,64}$/.test(textIn(name, 'json_schema.name'))) refuse('json_schema.name is invalid')
  if (strict === true) strictly(schema)
  return { schema }
}

function textsIn(content: unknown): string[] {
  if (typeof content === 'string') return [content]
  return listIn(content, 'content').flatMap((part) => {
    const { type, text } = fieldsIn(part, 'content part')
    return type === 'text' ? textIn(text, 'text') : refuse(`content type ${String(type)} is not allowed here`)
  })
}

function turnsOf(messages: readonly Fields[], dialect: ChatDialect): Turn[] {
  const turns: Turn[] = []
  let open: string[] = []
  let last: unknown
  for (const [at, message] of messages.entries()) {
    const { role, content, tool_calls: calls, tool_call_id: id, name } = message
    if (open.length && role !== 'tool') refuse(`an assistant message with 'tool_calls' must be followed by tool messages: ${open.join()}`)
    if (dialect.alternates && role !== 'tool' && role === last) refuse('user and assistant messages must alternate')
    if (dialect.alternates && role === 'system' && at > 0) refuse('a system message must come first')
    if (name !== undefined && !/^[^\s<|\\/>]{1,64}$/.test(textIn(name, 'name'))) refuse('name is invalid')
    last = role
    if (role === 'system' || role === 'developer') textsIn(content)
    else if (role === 'user') turns.push(turn('user', userContent(content, dialect)))
    else if (role === 'assistant') {
      const made = calls === undefined ? [] : listIn(calls, 'tool_calls').map((call) => callIn(fieldsIn(call, 'tool_call'), dialect))
      if (calls !== undefined && !made.length) refuse('tool_calls: must not be empty')
      if (!made.length && (content === null || content === undefined)) refuse('an assistant message needs content or tool_calls')
      open = made.map((call) => call.id)
      if (new Set(open).size !== open.length) refuse('tool_calls: ids must be unique')
      const { text, thoughts } = assistantContent(message, dialect)
      if (dialect.demands && made.length && typeof message[dialect.thinking ?? ''] !== 'string')
        refuse('Missing `reasoning_content` field in the assistant message')
      turns.push(turn('assistant', { text, thoughts, calls: made }))
    } else if (role === 'tool') {
      if (!open.includes(textIn(id, 'tool_call_id'))) refuse(`tool_call_id ${String(id)} answers no call`)
      open = open.filter((each) => each !== id)
      turns.push(turn('tool', { results: [{ id: id as string, text: textsIn(content).join('') }] }))
    } else refuse(`unknown role ${String(role)}`)
  }
  if (open.length) refuse(`tool_call_ids did not have response messages: ${open.join()}`)
  return turns
}

function callIn(call: Fields, { toolIds }: ChatDialect): { id: string; name: string; input: unknown } {
  const id = textIn(call.id, 'tool_call.id')
  if (!id || (toolIds && !toolIds.test(id))) refuse(`tool call id ${id} is not valid here`)
  if (call.type !== undefined && call.type !== 'function') refuse('tool_call.type')
  const { name, arguments: args } = fieldsIn(call.function, 'tool_call.function')
  const text = textIn(args, 'arguments')
  let input: unknown = text
  try {
    input = JSON.parse(text)
  } catch {
    // a call that the model garbled goes back as it was
  }
  return { id, name: textIn(name, 'name'), input }
}

function assistantContent(message: Fields, { thinking = 'reasoning_content', back }: ChatDialect): Pick<Turn, 'text' | 'thoughts'> {
  const { content } = message
  const thoughts: Turn['thoughts'] = []
  if (back === 'details')
    for (const detail of message.reasoning_details === undefined ? [] : listIn(message.reasoning_details, 'reasoning_details')) {
      const { text, signature } = fieldsIn(detail, 'reasoning_detail')
      thoughts.push({ text: typeof text === 'string' ? text : '', ...(typeof signature === 'string' && { proof: signature }) })
    }
  else if (back === 'extra') {
    for (const call of (message.tool_calls ?? []) as Fields[]) {
      const proof = ((call.extra_content as Fields | undefined)?.google as Fields | undefined)?.thought_signature
      if (typeof proof === 'string') thoughts.push({ text: '', proof })
    }
  } else if (typeof message[thinking] === 'string' && message[thinking]) thoughts.push({ text: message[thinking] })
  if (!Array.isArray(content)) return { text: content === null || content === undefined ? '' : textIn(content, 'content'), thoughts }
  let text = ''
  for (const part of content.map((each) => fieldsIn(each, 'content part'))) {
    if (part.type === 'text') text += textIn(part.text, 'text')
    else if (part.type === 'refusal') text += textIn(part.refusal, 'refusal')
    else if (part.type === 'thinking' && thinking === 'chunks')
      thoughts.push({
        text: listIn(part.thinking, 'thinking')
          .map((each) => textIn(fieldsIn(each, 'thinking').text, 'text'))
          .join(''),
      })
    else refuse(`content type ${String(part.type)} is not allowed in an assistant message`)
  }
  return { text, thoughts }
}

function userContent(
  content: unknown,
  { content: kinds = ['text', 'image_url'], addresses = true }: ChatDialect,
): Pick<Turn, 'text' | 'media'> {
  if (typeof content === 'string') return { text: content, media: [] }
  const media: Turn['media'] = []
  let text = ''
  const parts = listIn(content, 'content')
  if (!parts.length) refuse('content: must not be empty')
  for (const part of parts.map((each) => fieldsIn(each, 'content part'))) {
    const { type } = part
    if (!kinds.includes(type as string)) refuse(`content type ${String(type)} is not supported`)
    if (type === 'text') text += textIn(part.text, 'text')
    else if (type === 'image_url' || type === 'video_url') {
      const at = mediaAt(typeof part[type] === 'string' ? part[type] : textIn(fieldsIn(part[type], type).url, 'url'))
      if (at.url !== undefined && !addresses) refuse('an image must be given as a data URL')
      media.push(at)
    } else if (type === 'input_audio') {
      const { input_audio: audio } = part
      if (typeof audio === 'string') media.push({ mime: 'audio/*', data: base64In(audio) })
      else {
        const { data, format } = fieldsIn(audio, 'input_audio')
        media.push({ mime: `audio/${textIn(format, 'format')}`, data: base64In(textIn(data, 'data')) })
      }
    } else if (type === 'file') {
      const { file_data, filename } = fieldsIn(part.file, 'file')
      media.push({ ...mediaAt(textIn(file_data, 'file_data')), name: textIn(filename, 'filename') })
    } else if (type === 'document_url') media.push(mediaAt(textIn(part.document_url, 'document_url')))
    else if (type === 'file_url') {
      const url = textIn(fieldsIn(part.file_url, 'file_url').url, 'url')
      media.push(/^https?:/.test(url) ? { url } : { mime: 'application/pdf', data: base64In(url) })
    }
  }
  return { text, media }
}

// --- what is answered

const head = ({ id, model }: Pick<Answer, 'id' | 'model'>, object: string): Fields => ({ id, object, created: 1_790_000_000, model })

const words: Readonly<Record<Ending, string>> = {
  stop: 'stop',
  length: 'length',
  tools: 'tool_calls',
  safety: 'content_filter',
  pause: 'stop',
  tomorrow: 'enlightened',
}

function usageOf({ usage }: Answer): Fields | null | undefined {
  if (usage === 'none') return undefined
  if (usage === 'null') return { prompt_tokens: null, completion_tokens: null, total_tokens: null }
  const { input, output, cached, written, reasoning } = usage
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    ...((cached ?? written) !== undefined && { prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: written } }),
    ...(reasoning !== undefined && { completion_tokens_details: { reasoning_tokens: reasoning } }),
  }
}

const thought = (text: string, { thinking = 'reasoning_content' }: ChatDialect, proof?: string): Fields =>
  thinking === 'chunks'
    ? { content: [{ type: 'thinking', thinking: [{ type: 'text', text }] }] }
    : thinking === 'details'
      ? {
          content: '',
          reasoning: text,
          reasoning_details: [
            { type: 'reasoning.text', text, format: 'anthropic-claude-v1', index: 0, ...(proof && { signature: proof }) },
          ],
        }
      : { content: null, [thinking]: text }

const callOf = ({ id, name }: Called, at: number, args: unknown, { toolIds }: ChatDialect): Fields => ({
  ...(id !== null && { id: id ?? ownId(at, toolIds) }),
  type: 'function',
  function: { name, ...(args !== undefined && { arguments: args }) },
})

/** Mistral's ids have nine letters. */
const ownId = (at: number, toolIds: RegExp | undefined): string =>
  toolIds && !toolIds.test(`call_${at}_abcdefgh`) ? `callAbcd${at}` : `call_${at}_abcdefgh`

const sourceOf = ({ url, title }: { url: string; title: string }): Fields => ({
  type: 'url_citation',
  url_citation: { url, title, start_index: 0, end_index: 5 },
})

function events(answer: Answer, dialect: ChatDialect): Frame[] {
  const frames: Frame[] = (dialect.ahead ?? []).map((data) => ({ data: { ...head(answer, 'chat.completion.chunk'), ...data } }))
  const base = { ...head(answer, 'chat.completion.chunk'), ...dialect.beside }
  const found: Fields[] = []
  const usage = usageOf(answer)
  const say = (delta: Fields, finish: string | null = null, more: Fields = {}): void => {
    frames.push({
      data: {
        ...base,
        choices: [{ index: 0, delta, finish_reason: finish, ...(finish && dialect.usage === 'choice' && { usage }) }],
        ...more,
        ...(dialect.usage === 'always' && { usage }),
      },
      ...(finish !== null && { last: true }),
    })
  }
  say({ role: 'assistant', content: '' })
  let calls = 0
  for (const saying of answer.say) {
    if ('text' in saying) for (const content of piecesOf(saying.text)) say({ content })
    else if ('reasoning' in saying) {
      if (!dialect.thinking) continue
      const pieces = piecesOf(saying.reasoning)
      for (const [at, piece] of pieces.entries()) say(thought(piece, dialect, at === pieces.length - 1 ? saying.proof : undefined))
    } else if ('refusal' in saying) for (const refusal of piecesOf(saying.refusal)) say({ refusal })
    else if ('source' in saying) {
      if (dialect.sources === 'search_results') found.push({ url: saying.source.url, title: saying.source.title })
      else say({ content: '', annotations: [sourceOf(saying.source)] })
    } else {
      const proof = answer.say.flatMap((each) => ('reasoning' in each && each.proof ? [each.proof] : []))[0]
      for (const delta of callDeltas(saying.calls, calls, dialect, saying.interleaved ?? false, proof))
        say({ content: null, tool_calls: [delta] })
      calls += saying.calls.length
    }
  }
  const word = dialect.endings?.[answer.ending] ?? words[answer.ending]
  const at = dialect.usage ?? 'apart'
  const more: Fields = {
    ...(found.length && { search_results: found }),
    ...(usage !== undefined && at === 'beside' && { usage }),
    ...(usage !== undefined && at === 'x_groq' && { x_groq: { id: 'req_1', usage } }),
  }
  say({}, word, more)
  if (usage !== undefined && at === 'apart') frames.push({ data: { ...base, choices: [], usage } })
  return frames
}

function callDeltas(calls: readonly Called[], from: number, dialect: ChatDialect, interleaved: boolean, proof?: string): Fields[] {
  const each = calls.map((call, n): Fields[] => {
    const index = dialect.indexless ? {} : { index: from + n }
    const extra = dialect.back === 'extra' && n === 0 && proof ? { extra_content: { google: { thought_signature: proof } } } : {}
    const { args } = call
    const asText = typeof args === 'string' || Array.isArray(args)
    if (!asText || dialect.wholeCalls)
      return [{ ...index, ...callOf(call, from + n, asText ? wholeOf(args as string) : args, dialect), ...extra }]
    return [
      { ...index, ...callOf(call, from + n, '', dialect), ...extra },
      ...textsOf(args).map((piece) => ({ ...index, function: { arguments: piece } })),
    ]
  })
  if (!interleaved) return each.flat()
  const most = Math.max(...each.map(({ length }) => length))
  return Array.from({ length: most }, (_, n) => each.flatMap((deltas) => deltas.slice(n, n + 1))).flat()
}

function whole(answer: Answer, dialect: ChatDialect): Fields {
  const message: Fields = { role: 'assistant', content: null }
  const found: Fields[] = []
  const chunks: unknown[] = []
  for (const saying of answer.say) {
    if ('text' in saying) {
      message.content = `${(message.content as string | null) ?? ''}${wholeOf(saying.text)}`
      chunks.push({ type: 'text', text: wholeOf(saying.text) })
    } else if ('reasoning' in saying) {
      if (!dialect.thinking) continue
      const { content, ...fields } = thought(wholeOf(saying.reasoning), dialect, saying.proof)
      if (Array.isArray(content)) chunks.push(...(content as unknown[]))
      else Object.assign(message, fields)
    } else if ('refusal' in saying) message.refusal = wholeOf(saying.refusal)
    else if ('source' in saying) found.push(dialect.sources === 'search_results' ? { ...saying.source } : sourceOf(saying.source))
    else {
      const before = (message.tool_calls as Fields[] | undefined) ?? []
      const made = saying.calls.map((call, at) => {
        const { args } = call
        return callOf(call, before.length + at, typeof args === 'string' || Array.isArray(args) ? wholeOf(args as string) : args, dialect)
      })
      message.tool_calls = [...before, ...made]
    }
  }
  if (dialect.thinking === 'chunks' && chunks.some((chunk) => (chunk as Fields).type === 'thinking')) message.content = chunks
  if (found.length && dialect.sources !== 'search_results') message.annotations = found
  return {
    ...head(answer, 'chat.completion'),
    ...dialect.beside,
    choices: [{ index: 0, message, logprobs: null, finish_reason: dialect.endings?.[answer.ending] ?? words[answer.ending] }],
    usage: usageOf(answer),
    ...(found.length && dialect.sources === 'search_results' && { search_results: found }),
  }
}
