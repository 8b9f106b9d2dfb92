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
import {
  type Answer,
  type Called,
  type Cited,
  type Ending,
  type Failing,
  piecesOf,
  statuses,
  textsOf,
  valueOf,
  wholeOf,
} from './scenario.ts'
import type { Frame, WireServer } from './wire.ts'

const known = new Set(
  'model max_tokens messages system stream temperature top_p top_k stop_sequences tools tool_choice thinking output_config metadata service_tier container context_management mcp_servers cache_control inference_geo speed'.split(
    ' ',
  ),
)

const types: Readonly<Record<Failing, string>> = {
  invalid: 'invalid_request_error',
  auth: 'authentication_error',
  denied: 'permission_error',
  'unknown-model': 'not_found_error',
  timeout: 'timeout_error',
  conflict: 'invalid_request_error',
  'too-large': 'request_too_large',
  unprocessable: 'invalid_request_error',
  rate: 'rate_limit_error',
  quota: 'billing_error',
  context: 'invalid_request_error',
  filtered: 'invalid_request_error',
  server: 'api_error',
  gateway: 'api_error',
  unavailable: 'overloaded_error',
  overloaded: 'overloaded_error',
}

const said: Partial<Record<Failing, readonly [status: number, message: string]>> = {
  auth: [401, 'invalid x-api-key'],
  'unknown-model': [404, 'model: claude-none'],
  context: [400, 'prompt is too long: 210000 tokens > 200000 maximum'],
  quota: [400, 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.'],
  filtered: [400, 'Output blocked by content filtering policy (content_policy)'],
  unavailable: [529, 'Overloaded'],
}

const error = (failing: Failing, message?: string): Fields => ({
  type: 'error',
  error: { type: types[failing], message: message ?? said[failing]?.[1] ?? `failed: ${failing}` },
  request_id: 'req_1',
})

/** Anthropic's Messages API. Sources: the vendor's API reference and SDK types of November 2026. */
export const anthropicServer: WireServer = {
  name: 'anthropic-messages',
  framing: 'sse',
  read,
  events,
  body,
  refusal: ({ failing, status, message, about }) => {
    const own = said[failing]
    const words =
      failing !== 'invalid' && own && (status === undefined || status === own[0]) ? `${own[1]}${about ? ` (${about})` : ''}` : message
    return { status: status ?? own?.[0] ?? statuses[failing], body: error(failing, words) }
  },
  failing: (failing) => [{ event: 'error', data: error(failing) }],
  ping: { event: 'ping', data: { type: 'ping' } },
  tomorrow: [
    { event: 'wonder', data: { type: 'wonder', of: ['tomorrow'] } },
    { event: 'content_block_delta', data: { type: 'content_block_delta', index: 99, delta: { type: 'hologram_delta', hologram: 'x' } } },
  ],
  option: { key: 'anthropic-messages', field: 'metadata', value: { user_id: 'user-77' } },
  lacks: {
    'repeated ids': 'its own server makes the ids, each once',
    seed: 'the Messages API has no seed',
    'interleaved calls': 'blocks come one after another',
    'error in a chunk': 'errors are events of their own',
    safety: 'an answer that is stopped for safety is a refusal',
  },
}

// --- what is asked

function read({ method, path, headers, body: raw }: Question): Asked {
  if (method !== 'POST' || !path.endsWith('/v1/messages')) refuse('Not Found', 'unknown-model', 404)
  const version = headers.get('anthropic-version') ?? refuse('anthropic-version: header is required')
  const body = fieldsIn(raw, 'body')
  onlyFields(body, known, '')
  const { max_tokens, thinking, tools: told, tool_choice, temperature, output_config } = body
  if (typeof max_tokens !== 'number' || max_tokens < 1) refuse('max_tokens: Field required')
  if (version >= '2026-10-21')
    for (const name of ['temperature', 'top_p', 'top_k']) if (body[name] !== undefined) refuse(`${name}: not supported in this version`)
  const thinks = isFields(thinking) && thinking.type !== 'disabled'
  if (isFields(thinking) && thinking.type === 'enabled') {
    const budget = numberIn(thinking.budget_tokens, 'thinking.budget_tokens', 1024)
    if (budget === undefined || budget >= (max_tokens as number)) refuse('`max_tokens` must be greater than `thinking.budget_tokens`')
    if (temperature !== undefined && temperature !== 1) refuse('`temperature` may only be set to 1 when thinking is enabled')
  }
  const tools = told === undefined ? [] : listIn(told, 'tools').map((tool) => toolIn(fieldsIn(tool, 'tool')))
  const { choice, parallel } = choiceIn(tool_choice, tools)
  if (thinks && (choice === 'required' || typeof choice === 'object'))
    refuse('Thinking may not be enabled when tool_choice forces tool use.')
  const { effort, format } = isFields(output_config) ? output_config : ({} as Fields)
  return {
    model: textIn(body.model, 'model'),
    stream: body.stream === true,
    key: headers.get('x-api-key') ?? headers.get('authorization')?.replace(/^Bearer /, ''),
    address: path,
    headers,
    system: systemIn(body.system),
    turns: turnsOf(listIn(body.messages, 'messages').map((message) => fieldsIn(message, 'message'))),
    tools,
    choice,
    parallel,
    stop: body.stop_sequences as readonly string[] | undefined,
    maxTokens: max_tokens as number,
    temperature: numberIn(temperature, 'temperature', 0, 1),
    topP: numberIn(body.top_p, 'top_p', 0, 1),
    effort: effort ?? (thinks ? thinking : undefined),
    output: format === undefined ? undefined : { schema: closed(fieldsIn(format, 'format').schema) },
    body,
  }
}

function closed(schema: unknown): unknown {
  const check = (value: unknown): void => {
    if (!isFields(value)) return
    if (value.type === 'object' && value.additionalProperties !== false)
      refuse("For 'object' type, 'additionalProperties' must be explicitly set to false")
    for (const each of Object.values(value)) check(each)
  }
  check(fieldsIn(schema, 'output_config.format.schema'))
  return schema
}

function systemIn(system: unknown): string[] {
  if (system === undefined) return []
  if (typeof system === 'string') return [system]
  return listIn(system, 'system').map((block) => textBlock(fieldsIn(block, 'system block')))
}

const textBlock = ({ type, text }: Fields): string => {
  if (type !== 'text') refuse(`system: ${String(type)} is not allowed`)
  return textIn(text, 'text').trim() ? (text as string) : refuse('text content blocks must be non-empty')
}

function toolIn({ name, description, input_schema: schema }: Fields): Asked['tools'][number] {
  if (!/^[a-zA-Z0-9_-]{1,128}$/.test(textIn(name, 'tools.name'))) refuse('tools: name is invalid')
  if (fieldsIn(schema, 'tools.input_schema').type !== 'object') refuse('tools.input_schema.type: Field required')
  return { name: name as string, description: description as string | undefined, schema }
}

function choiceIn(choice: unknown, tools: Asked['tools']): { choice?: AskedChoice; parallel?: boolean } {
  if (choice === undefined) return {}
  if (!tools.length) refuse('tool_choice may only be specified while providing tools')
  const { type, name, disable_parallel_tool_use: single } = fieldsIn(choice, 'tool_choice')
  const parallel = single === true ? { parallel: false } : {}
  if (type === 'auto' || type === 'none') return { choice: type, ...parallel }
  if (type === 'any') return { choice: 'required', ...parallel }
  if (type !== 'tool' || !tools.some((tool) => tool.name === name)) refuse(`tool_choice: ${String(name)} is not among the tools`)
  return { choice: { tool: name as string }, ...parallel }
}

function turnsOf(messages: readonly Fields[]): Turn[] {
  if (!messages.length) refuse('messages: at least one message is required')
  const turns: Turn[] = []
  let open: string[] = []
  for (const [at, { role, content }] of messages.entries()) {
    if (role !== 'user' && role !== 'assistant') refuse(`messages.${at}: unexpected role ${String(role)}`)
    const blocks =
      typeof content === 'string' ? [{ type: 'text', text: content }] : listIn(content, 'content').map((block) => fieldsIn(block, 'block'))
    if (!blocks.length) refuse(`messages.${at}: all messages must have non-empty content`)
    if (role === 'user') {
      const results = blocks.filter(({ type }) => type === 'tool_result')
      if (blocks.slice(0, results.length).some(({ type }) => type !== 'tool_result'))
        refuse('tool_result blocks must come first in the content')
      const ids = results.map(({ tool_use_id }) => textIn(tool_use_id, 'tool_use_id'))
      for (const id of ids) if (!open.includes(id)) refuse(`unexpected tool_use_id ${id}: no such tool_use in the previous message`)
      if (open.some((id) => !ids.includes(id))) refuse('tool_use ids were found without tool_result blocks immediately after')
      open = []
      if (results.length)
        turns.push(turn('tool', { results: results.map(resultOf), media: results.flatMap(({ content: inside }) => mediaOf(inside)) }))
      const rest = blocks.slice(results.length)
      if (rest.length) turns.push(turn('user', { text: textsOfBlocks(rest).join(''), media: mediaOf(rest) }))
      continue
    }
    if (open.length) refuse('tool_use ids were found without tool_result blocks immediately after')
    const made = assistantTurn(blocks)
    open = made.calls.map(({ id }) => id!)
    if (at === messages.length - 1 && /\s$/.test(made.text)) refuse('final assistant content cannot end with trailing whitespace')
    turns.push(made)
  }
  if (open.length) refuse('tool_use ids were found without tool_result blocks')
  return turns
}

function assistantTurn(blocks: readonly Fields[]): Turn {
  const made = turn('assistant')
  for (const block of blocks) {
    const { type } = block
    if (type === 'text') made.text += blockText(block)
    else if (type === 'thinking') {
      if (made.calls.length) refuse('thinking must come before tool_use')
      if (!textIn(block.signature, 'thinking.signature')) refuse('thinking.signature: Field required')
      made.thoughts.push({ text: textIn(block.thinking, 'thinking'), proof: block.signature as string })
    } else if (type === 'tool_use') {
      const { id, name, input } = block
      if (!/^[a-zA-Z0-9_-]+$/.test(textIn(id, 'tool_use.id'))) refuse("tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
      if (made.calls.some((call) => call.id === id)) refuse('tool_use ids must be unique')
      made.calls.push({ id: id as string, name: textIn(name, 'tool_use.name'), input: fieldsIn(input, 'tool_use.input') })
    } else refuse(`content block ${String(type)} is not allowed here`)
  }
  return made
}

const blockText = ({ text }: Fields): string =>
  textIn(text, 'text').trim() ? (text as string) : refuse('text content blocks must be non-empty')

const textsOfBlocks = (blocks: readonly Fields[]): string[] => blocks.flatMap((block) => (block.type === 'text' ? [blockText(block)] : []))

function resultOf({ tool_use_id: id, content, is_error }: Fields): Turn['results'][number] {
  const text = content === undefined ? '' : typeof content === 'string' ? content : textsOfBlocks(content as Fields[]).join('')
  return { id: id as string, text, ...(is_error === true && { error: true }) }
}

function mediaOf(content: unknown): AskedMedia[] {
  if (!Array.isArray(content)) return []
  return (content as Fields[]).flatMap((block): AskedMedia[] => {
    if (block.type === 'text') return []
    if (block.type !== 'image' && block.type !== 'document') return refuse(`content block ${String(block.type)} is not allowed here`)
    const { type, media_type: mime, data, url } = fieldsIn(block.source, 'source')
    if (type === 'url') return [{ url: textIn(url, 'url') }]
    if (type === 'text') return [{ mime: 'text/plain', data: btoa(textIn(data, 'data')) }]
    if (type !== 'base64') refuse(`source ${String(type)} is not known`)
    const fits = block.type === 'image' ? /^image\/(png|jpeg|gif|webp)$/ : /^application\/pdf$/
    if (!fits.test(textIn(mime, 'media_type'))) refuse(`media_type ${String(mime)} is not supported`)
    return [{ mime: mime as string, data: base64In(textIn(data, 'data')) }]
  })
}

// --- what is answered

const words: Readonly<Record<Ending, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tools: 'tool_use',
  safety: 'refusal',
  pause: 'pause_turn',
  tomorrow: 'enlightened',
}

function usageOf({ usage }: Answer): Fields | undefined {
  if (usage === 'none') return undefined
  if (usage === 'null') return { input_tokens: null, output_tokens: null }
  const { input, output, cached, written, reasoning } = usage
  return {
    input_tokens: input - (cached ?? 0) - (written ?? 0),
    cache_read_input_tokens: cached ?? 0,
    cache_creation_input_tokens: written ?? 0,
    output_tokens: output,
    ...(reasoning !== undefined && { output_tokens_details: { thinking_tokens: reasoning } }),
  }
}

const stopOf = ({ say, ending }: Answer): Fields => {
  const refused = say.find((saying) => 'refusal' in saying)
  if (!refused) return { stop_reason: words[ending], stop_sequence: null }
  return {
    stop_reason: 'refusal',
    stop_sequence: null,
    stop_details: { type: 'refusal', category: 'cyber', explanation: wholeOf(refused.refusal) },
  }
}

const head = ({ model }: Answer): Fields => ({ id: 'msg_1', type: 'message', role: 'assistant', model })

const citation = ({ url, title }: Cited): Fields => ({
  type: 'web_search_result_location',
  url,
  title,
  encrypted_index: 'eA==',
  cited_text: 'so',
})

const callHead = ({ id, name }: Called, at: number): Fields => ({
  type: 'tool_use',
  ...(id !== null && { id: id ?? `toolu_0${at}` }),
  name,
})

function events(answer: Answer): Frame[] {
  const frames: Frame[] = []
  const send = (type: string, data: Fields, last = false): void =>
    void frames.push({ event: type, data: { type, ...data }, ...(last && { last }) })
  let index = 0
  const block = (content_block: Fields, deltas: readonly Fields[]): void => {
    send('content_block_start', { index, content_block })
    for (const delta of deltas) send('content_block_delta', { index, delta })
    send('content_block_stop', { index: index++ })
  }
  const usage = usageOf(answer)
  const first = usage && { ...usage, output_tokens: usage.output_tokens === null ? null : 1 }
  send('message_start', {
    message: { ...head(answer), content: [], stop_reason: null, stop_sequence: null, ...(first && { usage: first }) },
  })
  for (const [at, saying] of answer.say.entries()) {
    if ('text' in saying) {
      const next = answer.say[at + 1]
      const cited = next && 'source' in next ? [{ type: 'citations_delta', citation: citation(next.source) }] : []
      block({ type: 'text', text: '' }, [...piecesOf(saying.text).map((text) => ({ type: 'text_delta', text })), ...cited])
    } else if ('reasoning' in saying) {
      const thoughts = piecesOf(saying.reasoning).map((thinking) => ({ type: 'thinking_delta', thinking }))
      block({ type: 'thinking', thinking: '', signature: '' }, [
        ...thoughts,
        { type: 'signature_delta', signature: saying.proof ?? 'c2ln' },
      ])
    } else if ('calls' in saying)
      for (const [n, call] of saying.calls.entries()) {
        const { args } = call
        const asText = typeof args === 'string' || Array.isArray(args)
        const deltas = asText ? ['', ...textsOf(args)].map((partial_json) => ({ type: 'input_json_delta', partial_json })) : []
        block({ ...callHead(call, n), ...(asText || args === undefined ? { input: {} } : { input: args }) }, deltas)
      }
  }
  send('message_delta', { delta: stopOf(answer), ...(usage && { usage }) }, true)
  send('message_stop', {}, true)
  return frames
}

function body(answer: Answer): Fields {
  const content = answer.say.flatMap((saying, at): Fields[] => {
    if ('text' in saying) {
      const next = answer.say[at + 1]
      return [{ type: 'text', text: wholeOf(saying.text), ...(next && 'source' in next && { citations: [citation(next.source)] }) }]
    }
    if ('reasoning' in saying) return [{ type: 'thinking', thinking: wholeOf(saying.reasoning), signature: saying.proof ?? 'c2ln' }]
    if ('calls' in saying) return saying.calls.map((call, n) => ({ ...callHead(call, n), input: valueOf(call.args) ?? {} }))
    return []
  })
  return { ...head(answer), content, ...stopOf(answer), usage: usageOf(answer) }
}
