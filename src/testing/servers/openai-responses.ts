import {
  type Asked,
  type AskedChoice,
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
  turn,
  type Turn,
} from './asked.ts'
import { type Answer, type Called, type Ending, type Failing, piecesOf, statuses, textsOf, wholeOf } from './scenario.ts'
import type { Frame, WireServer } from './wire.ts'

const known = new Set(
  'model input instructions stream stream_options store include tools tool_choice parallel_tool_calls text max_output_tokens max_tool_calls temperature top_p reasoning metadata previous_response_id conversation prompt prompt_cache_key prompt_cache_options prompt_cache_retention safety_identifier service_tier truncation top_logprobs user background context_management moderation'.split(
    ' ',
  ),
)

const said: Partial<Record<Failing, readonly [status: number, message: string, code: string]>> = {
  auth: [401, 'Incorrect API key provided.', 'invalid_api_key'],
  'unknown-model': [400, "The requested model 'none' does not exist.", 'model_not_found'],
  rate: [429, 'Rate limit reached for requests per minute.', 'rate_limit_exceeded'],
  quota: [429, 'You exceeded your current quota, please check your plan and billing details.', 'insufficient_quota'],
  context: [400, 'Your input exceeds the context window of this model. Please adjust your input and try again.', 'context_length_exceeded'],
  filtered: [400, 'Invalid prompt: your prompt was flagged as potentially violating our usage policy.', 'invalid_prompt'],
  unavailable: [503, 'The server is overloaded.', 'server_is_overloaded'],
  server: [500, 'The server had an error while processing your request.', 'server_error'],
  gateway: [500, 'The server had an error while processing your request.', 'server_error'],
}

/** OpenAI's Responses API. Sources: the vendor's specification and SDK types of November 2026. */
export const responsesServer: WireServer = {
  name: 'openai-responses',
  framing: 'sse',
  read,
  events,
  body: (answer) => response(answer, 'whole'),
  refusal: ({ failing, status, message, about }) => {
    const own = said[failing]
    const mine = own && (status === undefined || status === own[0])
    const code = status ?? own?.[0] ?? statuses[failing]
    return {
      status: code,
      body: {
        error: {
          message: mine ? `${own[1]}${about ? ` (${about})` : ''}` : message,
          type: code < 500 ? 'invalid_request_error' : 'server_error',
          param: null,
          code: mine ? own[2] : null,
        },
      },
    }
  },
  failing: (failing) => [
    {
      event: 'error',
      data: { type: 'error', code: said[failing]?.[2] ?? 'server_error', message: said[failing]?.[1] ?? failing, param: null },
    },
  ],
  failingChunk: (failing) => [
    {
      event: 'response.failed',
      data: {
        type: 'response.failed',
        response: {
          id: 'resp_1',
          object: 'response',
          status: 'failed',
          error: { code: said[failing]?.[2] ?? 'server_error', message: 'failed' },
          output: [],
        },
      },
    },
  ],
  tomorrow: [
    { event: 'response.wonder', data: { type: 'response.wonder', of: ['tomorrow'] } },
    {
      event: 'response.hologram.delta',
      data: { type: 'response.hologram.delta', item_id: 'h', output_index: 99, delta: 'x', obfuscation: 'aa' },
    },
  ],
  option: { key: 'openai-responses', field: 'safety_identifier', value: 'user-77' },
  lacks: {
    'repeated ids': 'its own server makes the ids, each once',
    seed: 'the Responses API has no seed',
    stop: 'the Responses API has no stop sequences',
    pause: 'no answer ends so',
  },
}

// --- what is asked

function read({ method, path, headers, body: raw }: Question): Asked {
  if (method !== 'POST' || !path.endsWith('/responses')) refuse('Invalid URL', 'unknown-model', 404)
  const body = fieldsIn(raw, 'body')
  onlyFields(body, known, 'Unknown parameter: ')
  const items =
    typeof body.input === 'string'
      ? [{ role: 'user', content: body.input }]
      : listIn(body.input, 'input').map((item) => fieldsIn(item, 'input item'))
  if (!items.length) refuse('input must not be empty')
  const tools = body.tools === undefined ? [] : listIn(body.tools, 'tools').map((tool) => toolIn(fieldsIn(tool, 'tool')))
  const format = isFields(body.text) ? body.text.format : undefined
  const { system, turns } = conversation(items, body.store !== false)
  return {
    model: textIn(body.model, 'model'),
    stream: body.stream === true,
    key: headers.get('authorization')?.replace(/^Bearer /, ''),
    address: path,
    headers,
    system: [...(body.instructions === undefined ? [] : [textIn(body.instructions, 'instructions')]), ...system],
    turns,
    tools,
    choice: choiceIn(body.tool_choice, tools),
    parallel: body.parallel_tool_calls as boolean | undefined,
    maxTokens: numberIn(body.max_output_tokens, 'max_output_tokens', 16),
    temperature: numberIn(body.temperature, 'temperature', 0, 2),
    topP: numberIn(body.top_p, 'top_p', 0, 1),
    effort: isFields(body.reasoning) ? body.reasoning.effort : undefined,
    output: format === undefined ? undefined : formatIn(fieldsIn(format, 'text.format')),
    body,
  }
}

function toolIn({ type, name, description, parameters, strict }: Fields): Asked['tools'][number] {
  if (type !== 'function') refuse(`tools: unknown type ${String(type)}`)
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(textIn(name, 'tools.name'))) refuse('tools: name is invalid')
  if (typeof strict !== 'boolean') refuse('tools.strict: missing')
  if (fieldsIn(parameters, 'tools.parameters').type !== 'object') refuse('schema must be of type object')
  if (strict) closed(parameters)
  return { name: name as string, description: description as string | undefined, schema: parameters }
}

function closed(schema: unknown): void {
  if (!isFields(schema)) return
  if (schema.type === 'object') {
    if (schema.additionalProperties !== false) refuse("'additionalProperties' is required to be supplied and to be false")
    for (const name of Object.keys(isFields(schema.properties) ? schema.properties : {}))
      if (!(schema.required as unknown[] | undefined)?.includes(name)) refuse("'required' must include every key in properties")
  }
  for (const value of Object.values(schema)) closed(value)
}

function formatIn({ type, name, schema, strict }: Fields): NonNullable<Asked['output']> {
  if (type === 'json_object') return {}
  if (type !== 'json_schema') refuse(`text.format.type ${String(type)}`)
  if (!/^[\w-]{1,64}$/.test(textIn(name, 'text.format.name'))) refuse('text.format.name is invalid')
  if (strict === true) closed(schema)
  return { schema }
}

function choiceIn(choice: unknown, tools: Asked['tools']): AskedChoice | undefined {
  if (choice === undefined) return undefined
  if (!tools.length) refuse("'tool_choice' is only allowed when 'tools' are specified")
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice
  const { type, name, mode, tools: some } = fieldsIn(choice, 'tool_choice')
  if (type === 'allowed_tools')
    return { tools: (listIn(some, 'tools') as { name: string }[]).map((tool) => tool.name), required: mode === 'required' }
  if (type !== 'function' || !tools.some((tool) => tool.name === name))
    refuse(`Tool choice '${String(name)}' not found in 'tools' parameter.`)
  return { tool: name as string }
}

function conversation(items: readonly Fields[], stored: boolean): { system: string[]; turns: Turn[] } {
  const system: string[] = []
  const turns: Turn[] = []
  const open: string[] = []
  let thought: Fields | undefined
  const model = (): Turn => {
    const last = turns.at(-1)
    if (last?.role === 'assistant') return last
    turns.push(turn('assistant'))
    return turns.at(-1)!
  }
  for (const item of items) {
    const { type = 'message', role } = item
    if (thought && !(type === 'function_call' || (type === 'message' && role === 'assistant') || type === 'reasoning'))
      refuse(`Item '${String(thought.id)}' of type 'reasoning' was provided without its required following item.`)
    if (type !== 'reasoning') thought = undefined
    if (type === 'message' && (role === 'system' || role === 'developer')) system.push(contentOf(item.content, 'input_text').text)
    else if (type === 'message' && role === 'user') turns.push(turn('user', contentOf(item.content, 'input_text')))
    else if (type === 'message' && role === 'assistant') model().text += contentOf(item.content, 'output_text').text
    else if (type === 'reasoning') {
      if (!stored && typeof item.encrypted_content !== 'string')
        refuse(`Item with id '${String(item.id)}' not found. Items are not persisted when \`store\` is set to false.`)
      const text = listIn(item.summary, 'summary')
        .map((part) => textIn(fieldsIn(part, 'summary').text, 'text'))
        .join('')
      model().thoughts.push({ text, ...(typeof item.encrypted_content === 'string' && { proof: item.encrypted_content }) })
      thought = item
    } else if (type === 'function_call') {
      const { call_id: id, name, arguments: args } = item
      if (!/^.{1,64}$/.test(textIn(id, 'call_id'))) refuse('call_id: string too long. Expected a string with maximum length 64.')
      if (open.includes(id as string)) refuse('call_id is used twice')
      let input: unknown = textIn(args, 'arguments')
      try {
        input = JSON.parse(input as string)
      } catch {
        // a call that the model garbled goes back as it was
      }
      open.push(id as string)
      model().calls.push({ id: id as string, name: textIn(name, 'name'), input })
    } else if (type === 'function_call_output') {
      const { call_id: id, output } = item
      const at = open.indexOf(textIn(id, 'call_id'))
      if (at < 0) refuse(`No tool call found for function call output with call_id ${String(id)}.`)
      open.splice(at, 1)
      const { text, media } = contentOf(output, 'input_text')
      turns.push(turn('tool', { results: [{ id: id as string, text }], media }))
    } else refuse(`input: unknown item ${String(type)}`)
  }
  if (open.length) refuse(`No tool output found for function call ${open[0]}.`)
  if (thought) refuse(`Item '${String(thought.id)}' of type 'reasoning' was provided without its required following item.`)
  return { system, turns }
}

function contentOf(content: unknown, kind: 'input_text' | 'output_text'): Pick<Turn, 'text' | 'media'> {
  if (typeof content === 'string') return { text: content, media: [] }
  const media: Turn['media'] = []
  let text = ''
  for (const part of listIn(content, 'content').map((each) => fieldsIn(each, 'content part'))) {
    if (part.type === kind) text += textIn(part.text, 'text')
    else if (kind === 'output_text' && part.type === 'refusal') text += textIn(part.refusal, 'refusal')
    else if (kind === 'input_text' && part.type === 'input_image') media.push(mediaAt(textIn(part.image_url, 'image_url')))
    else if (kind === 'input_text' && part.type === 'input_file') {
      const { file_url: url, file_data: data, filename } = part
      if (data !== undefined && !/\.(pdf|txt|md|docx|csv|json|html|xlsx|pptx)$/.test(textIn(filename, 'filename')))
        refuse(`unsupported file: ${String(filename)}`)
      media.push(url === undefined ? { ...mediaAt(textIn(data, 'file_data')), name: filename as string } : { url: textIn(url, 'file_url') })
    } else refuse(`Invalid value: '${String(part.type)}'. Supported values are: '${kind}'.`)
  }
  return { text, media }
}

// --- what is answered

const incomplete: Partial<Record<Ending, string>> = { length: 'max_output_tokens', safety: 'content_filter', tomorrow: 'enlightened' }

function usageOf({ usage }: Answer): Fields | null | undefined {
  if (usage === 'none') return undefined
  if (usage === 'null') return null
  const { input, output, cached, written, reasoning } = usage
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached ?? 0, ...(written !== undefined && { cache_write_tokens: written }) },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning ?? 0 },
    total_tokens: input + output,
  }
}

/** The answer's items; text, refusals and sources that follow each other are one message. */
function itemsOf({ say }: Answer): Fields[] {
  const items: Fields[] = []
  const content = (): Fields[] => {
    const last = items.at(-1)
    if (last?.type === 'message') return last.content as Fields[]
    const made: Fields[] = []
    items.push({ id: `msg_${items.length}`, type: 'message', status: 'completed', role: 'assistant', content: made })
    return made
  }
  for (const saying of say) {
    if ('text' in saying) content().push({ type: 'output_text', text: wholeOf(saying.text), annotations: [], logprobs: [] })
    else if ('refusal' in saying) content().push({ type: 'refusal', refusal: wholeOf(saying.refusal) })
    else if ('source' in saying)
      (content().at(-1)!.annotations as Fields[]).push({ type: 'url_citation', start_index: 0, end_index: 5, ...saying.source })
    else if ('reasoning' in saying)
      items.push({
        id: `rs_${items.length}`,
        type: 'reasoning',
        summary: [{ type: 'summary_text', text: wholeOf(saying.reasoning) }],
        ...(saying.proof !== undefined && { encrypted_content: saying.proof }),
      })
    else for (const call of saying.calls) items.push(callItem(call, items.length, argumentsOf(call)))
  }
  return items
}

const argumentsOf = ({ args }: Called): unknown => (typeof args === 'string' || Array.isArray(args) ? wholeOf(args as string) : args)

const callItem = ({ id, name }: Called, at: number, args: unknown): Fields => ({
  id: `fc_${at}`,
  type: 'function_call',
  status: 'completed',
  ...(id !== null && { call_id: id ?? `call_${at}abcdefgh` }),
  name,
  ...(args !== undefined && { arguments: args }),
})

function response(answer: Answer, as: 'begun' | 'whole'): Fields {
  const reason = incomplete[answer.ending]
  const begun = as === 'begun'
  const usage = begun ? null : usageOf(answer)
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1_790_000_000,
    status: begun ? 'in_progress' : reason ? 'incomplete' : 'completed',
    error: null,
    incomplete_details: reason && !begun ? { reason } : null,
    model: answer.model,
    output: begun ? [] : itemsOf(answer),
    ...(usage !== undefined && { usage }),
  }
}

function events(answer: Answer): Frame[] {
  const frames: Frame[] = []
  let number = 0
  const send = (type: string, data: Fields, last = false): void =>
    void frames.push({ event: type, data: { type, sequence_number: number++, ...data }, ...(last && { last }) })
  send('response.created', { response: response(answer, 'begun') })
  send('response.in_progress', { response: response(answer, 'begun') })
  const items = itemsOf(answer)
  let output_index = 0
  for (const [at, saying] of answer.say.entries()) {
    if ('calls' in saying) {
      calls(saying.calls, saying.interleaved ?? false, output_index, items, send)
      output_index += saying.calls.length
      continue
    }
    const item = items[output_index]!
    if ('reasoning' in saying) {
      send('response.output_item.added', { output_index, item: { ...item, summary: [] } })
      const where = { item_id: item.id, output_index, summary_index: 0 }
      send('response.reasoning_summary_part.added', { ...where, part: { type: 'summary_text', text: '' } })
      for (const delta of piecesOf(saying.reasoning)) send('response.reasoning_summary_text.delta', { ...where, delta })
      send('response.reasoning_summary_text.done', { ...where, text: wholeOf(saying.reasoning) })
      send('response.output_item.done', { output_index: output_index++, item })
      continue
    }
    // a message goes on as long as text, refusals and sources follow each other
    const parts = item.content as Fields[]
    const before = answer.say.slice(0, at).toReversed()
    const length = before.findIndex((each) => 'calls' in each || 'reasoning' in each)
    const inside = (length < 0 ? before : before.slice(0, length)).filter((each) => 'text' in each || 'refusal' in each).length
    const content_index = 'source' in saying ? inside - 1 : inside
    const where = { item_id: item.id, output_index, content_index }
    if (!inside && !('source' in saying))
      send('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', content: [] } })
    if ('source' in saying)
      send('response.output_text.annotation.added', {
        ...where,
        annotation_index: 0,
        annotation: { type: 'url_citation', start_index: 0, end_index: 5, ...saying.source },
      })
    else {
      const kind = 'text' in saying ? 'output_text' : 'refusal'
      send('response.content_part.added', {
        ...where,
        part: kind === 'output_text' ? { type: kind, text: '', annotations: [] } : { type: kind, refusal: '' },
      })
      for (const delta of piecesOf('text' in saying ? saying.text : saying.refusal))
        send(`response.${kind}.delta`, { ...where, delta, obfuscation: 'q' })
      send(`response.${kind}.done`, {
        ...where,
        ...('text' in saying ? { text: wholeOf(saying.text) } : { refusal: wholeOf(saying.refusal) }),
      })
      send('response.content_part.done', { ...where, part: parts[content_index]! })
    }
    const next = answer.say[at + 1]
    if (!next || 'calls' in next || 'reasoning' in next) send('response.output_item.done', { output_index: output_index++, item })
  }
  send(incomplete[answer.ending] ? 'response.incomplete' : 'response.completed', { response: response(answer, 'whole') }, true)
  return frames
}

function calls(
  made: readonly Called[],
  interleaved: boolean,
  from: number,
  items: readonly Fields[],
  send: (type: string, data: Fields) => void,
): void {
  const steps = made.map((call, n) => {
    const output_index = from + n
    const item = items[output_index]!
    const where = { item_id: item.id, output_index }
    const asText = typeof call.args === 'string' || Array.isArray(call.args)
    return [
      () => send('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', arguments: '' } }),
      ...(asText ? textsOf(call.args).map((delta) => () => send('response.function_call_arguments.delta', { ...where, delta })) : []),
      ...(asText
        ? [() => send('response.function_call_arguments.done', { ...where, name: call.name, arguments: wholeOf(call.args as string) })]
        : []),
      () => send('response.output_item.done', { output_index, item }),
    ]
  })
  if (!interleaved) return steps.flat().forEach((step) => step())
  const most = Math.max(...steps.map(({ length }) => length))
  for (let at = 0; at < most; at++) for (const each of steps) each[at]?.()
}
