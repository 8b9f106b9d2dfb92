import {
  type Asked,
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
import { type Answer, type Called, type Cited, type Ending, type Failing, piecesOf, statuses, textsOf, wholeOf } from './scenario.ts'
import type { Frame, WireServer } from './wire.ts'

const known = new Set(
  'model messages stream tools strict_tools tool_choice documents citation_options response_format safety_mode max_tokens stop_sequences temperature seed frequency_penalty presence_penalty k p logprobs thinking priority raw_prompting'.split(
    ' ',
  ),
)

const said: Partial<Record<Failing, readonly [status: number, message: string]>> = {
  auth: [401, 'invalid api token'],
  'unknown-model': [404, "model 'none' not found, make sure the correct model ID was used and that you have access to the model."],
  context: [
    400,
    'too many tokens: total number of tokens in the prompt cannot exceed 132096 - received 200000. Try using a shorter prompt.',
  ],
  quota: [402, 'Please add or update your payment method: billing is not set up.'],
  rate: [429, 'You are using a Trial key, which is limited to 20 API calls / minute.'],
}

/** Cohere's v2 chat. Sources: the vendor's specification and SDK types of November 2026. */
export const cohereServer: WireServer = {
  name: 'cohere-v2',
  framing: 'sse',
  read,
  events,
  marker: { data: '[DONE]' },
  body,
  refusal: ({ failing, status, message, about }) => {
    const own = said[failing]
    const mine = own && (status === undefined || status === own[0])
    return {
      status: status ?? own?.[0] ?? statuses[failing],
      body: { id: 'c0ffee', message: mine ? `${own[1]}${about ? ` (${about})` : ''}` : message },
    }
  },
  failing: (failing) => [
    {
      event: 'message-end',
      data: { type: 'message-end', id: 'answer-1', delta: { error: `failed: ${failing}`, finish_reason: 'ERROR', usage: null } },
    },
  ],
  tomorrow: [
    { event: 'wonder', data: { type: 'wonder', of: ['tomorrow'] } },
    { event: 'hologram-delta', data: { type: 'hologram-delta', index: 99, delta: { message: { hologram: 'x' } } } },
  ],
  proof: 'text',
  option: { key: 'cohere', field: 'safety_mode', value: 'STRICT' },
  lacks: {
    'repeated ids': 'its own server makes the ids, each once',
    'error in a chunk': 'an error is the end of the message',
    'one choice': 'it can force some tool, or none, but not this one: it is told of no other',
    'one call at a time': 'it has no switch for it',
    filter: 'it has no filter of its own on questions',
    pause: 'no answer ends so',
    pdf: 'it takes no PDF: documents are text',
    refusal: 'it has no field for refusals',
    safety: 'it does not stop answers for safety',
    'result media': 'results are text and documents',
    'interleaved calls': 'calls come one after another',
  },
}

// --- what is asked

function read({ method, path, headers, body: raw }: Question): Asked {
  if (method !== 'POST' || !path.endsWith('/v2/chat')) refuse('not found', 'unknown-model', 404)
  const body = fieldsIn(raw, 'body')
  onlyFields(body, known, 'unknown field: parameter ')
  const messages = listIn(body.messages, 'messages').map((message) => fieldsIn(message, 'message'))
  if (!messages.length) refuse('messages must not be empty')
  const tools = body.tools === undefined ? [] : listIn(body.tools, 'tools').map((tool) => toolIn(fieldsIn(tool, 'tool')))
  const { tool_choice: choice, response_format: format, thinking } = body
  if (choice !== undefined && !tools.length) refuse('tool_choice cannot be specified without tools')
  if (choice !== undefined && choice !== 'REQUIRED' && choice !== 'NONE') refuse('tool_choice must be REQUIRED or NONE')
  if (format !== undefined && tools.length) refuse('response_format is not supported with tools')
  return {
    model: textIn(body.model, 'model'),
    stream: body.stream === true,
    key: headers.get('authorization')?.replace(/^Bearer /, ''),
    address: path,
    headers,
    system: messages.flatMap(({ role, content }) => (role === 'system' ? [contentOf(content, ['text']).text] : [])),
    turns: turnsOf(messages),
    tools,
    choice: choice === 'REQUIRED' ? 'required' : choice === 'NONE' ? 'none' : undefined,
    stop: stopIn(body.stop_sequences),
    seed: numberIn(body.seed, 'seed', 0),
    maxTokens: numberIn(body.max_tokens, 'max_tokens', 1),
    temperature: numberIn(body.temperature, 'temperature', 0, 1),
    topP: numberIn(body.p, 'p', 0.01, 0.99),
    effort: isFields(thinking) ? (thinking.token_budget ?? thinking.type) : undefined,
    output: format === undefined ? undefined : formatIn(fieldsIn(format, 'response_format')),
    body,
  }
}

const stopIn = (stop: unknown): readonly string[] | undefined => {
  if (stop === undefined) return undefined
  const list = listIn(stop, 'stop_sequences') as string[]
  return list.length > 5 ? refuse('stop_sequences: at most 5') : list
}

function formatIn({ type, json_schema: schema }: Fields): NonNullable<Asked['output']> {
  if (type !== 'json_object') refuse(`response_format.type ${String(type)}`)
  if (isFields(schema) && schema.type === 'object' && !(schema.required as unknown[] | undefined)?.length)
    refuse('schema must have at least one required field')
  return schema === undefined ? {} : { schema }
}

function toolIn({ type, function: made }: Fields): Asked['tools'][number] {
  if (type !== 'function') refuse('tools.type must be function')
  const { name, description, parameters } = fieldsIn(made, 'tool.function')
  if (!toolNames.test(textIn(name, 'name'))) refuse('tool name is invalid')
  if (fieldsIn(parameters, 'parameters').type !== 'object') refuse('parameters must be of type object')
  return { name: name as string, description: description as string | undefined, schema: parameters }
}

function turnsOf(messages: readonly Fields[]): Turn[] {
  const turns: Turn[] = []
  let open: string[] = []
  for (const { role, content, tool_calls: calls, tool_plan: plan, tool_call_id: id } of messages) {
    if (open.length && role !== 'tool') refuse('tool calls must be followed by their results')
    if (role === 'system') continue
    if (role === 'user') turns.push(turn('user', contentOf(content, ['text', 'image_url'])))
    else if (role === 'assistant') {
      const made = (calls === undefined ? [] : listIn(calls, 'tool_calls')).map((call) => callIn(fieldsIn(call, 'tool_call')))
      const inside = content === undefined || content === null ? { text: '', thoughts: [] } : contentOf(content, ['text', 'thinking'])
      if (!made.length && !inside.text && !inside.thoughts.length) refuse('an assistant message must have content or tool_calls')
      open = made.map((call) => call.id)
      turns.push(
        turn('assistant', { text: `${typeof plan === 'string' ? plan : ''}${inside.text}`, thoughts: inside.thoughts, calls: made }),
      )
    } else if (role === 'tool') {
      if (!open.includes(textIn(id, 'tool_call_id'))) refuse(`tool_call_id ${String(id)} answers no call`)
      open = open.filter((each) => each !== id)
      turns.push(turn('tool', { results: [{ id: id as string, text: contentOf(content, ['text', 'document']).text }] }))
    } else refuse(`unknown role ${String(role)}`)
  }
  if (open.length) refuse('tool calls must be followed by their results')
  return turns
}

function callIn({ id, type, function: made }: Fields): { id: string; name: string; input: unknown } {
  if (type !== 'function') refuse('tool_calls.type must be function')
  const { name, arguments: args } = fieldsIn(made, 'tool_call.function')
  try {
    return { id: textIn(id, 'id'), name: textIn(name, 'name'), input: JSON.parse(textIn(args, 'arguments')) }
  } catch {
    return refuse('tool_calls.arguments must be JSON')
  }
}

function contentOf(content: unknown, kinds: readonly string[]): Pick<Turn, 'text' | 'media' | 'thoughts'> {
  const made: Pick<Turn, 'text' | 'media' | 'thoughts'> = { text: '', media: [], thoughts: [] }
  if (typeof content === 'string')
    return content ? { ...made, text: content } : kinds.includes('document') ? made : refuse('content must not be empty')
  for (const part of listIn(content, 'content').map((each) => fieldsIn(each, 'content part'))) {
    const { type } = part
    if (!kinds.includes(type as string)) refuse(`content type ${String(type)} is not allowed here`)
    if (type === 'text') made.text += textIn(part.text, 'text')
    else if (type === 'thinking') made.thoughts.push({ text: textIn(part.thinking, 'thinking') })
    else if (type === 'document') made.text += JSON.stringify(fieldsIn(part.document, 'document').data)
    else made.media.push(mediaAt(textIn(fieldsIn(part.image_url, 'image_url').url, 'url')))
  }
  return made
}

// --- what is answered

const words: Readonly<Record<Ending, string>> = {
  stop: 'COMPLETE',
  length: 'MAX_TOKENS',
  tools: 'TOOL_CALL',
  safety: 'COMPLETE',
  pause: 'COMPLETE',
  tomorrow: 'ENLIGHTENED',
}

function usageOf({ usage }: Answer): Fields | null | undefined {
  if (usage === 'none') return undefined
  if (usage === 'null') return { billed_units: null, tokens: { input_tokens: null, output_tokens: null } }
  const { input, output, cached, reasoning } = usage
  return {
    billed_units: { input_tokens: input, output_tokens: output },
    tokens: { input_tokens: input, output_tokens: output, ...(reasoning !== undefined && { reasoning_tokens: reasoning }) },
    ...(cached !== undefined && { cached_tokens: cached }),
  }
}

const callOf = ({ id, name }: Called, at: number, args: unknown): Fields => ({
  ...(id !== null && { id: id ?? `${name}_abcdefghijk${at}` }),
  type: 'function',
  function: { name, ...(args !== undefined && { arguments: args }) },
})

const citation = ({ url, title }: Cited): Fields => ({
  start: 0,
  end: 5,
  text: 'It is',
  type: 'TEXT_CONTENT',
  sources: [{ type: 'document', id: 'doc:0', document: { id: 'doc:0', title, url } }],
})

function events(answer: Answer): Frame[] {
  const frames: Frame[] = []
  const send = (type: string, data: Fields = {}, last = false): void =>
    void frames.push({ event: type, data: { type, ...data }, ...(last && { last }) })
  send('message-start', {
    id: answer.id,
    delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } },
  })
  let index = 0
  let calls = 0
  for (const saying of answer.say) {
    const kind = 'text' in saying ? 'text' : 'thinking'
    if ('text' in saying || 'reasoning' in saying) {
      send('content-start', { index, delta: { message: { content: { type: kind, [kind]: '' } } } })
      for (const piece of piecesOf('text' in saying ? saying.text : saying.reasoning))
        send('content-delta', { index, delta: { message: { content: { [kind]: piece } } } })
      send('content-end', { index: index++ })
    } else if ('source' in saying) {
      send('citation-start', { index: 0, delta: { message: { citations: citation(saying.source) } } })
      send('citation-end', { index: 0 })
    } else if ('calls' in saying)
      for (const call of saying.calls) {
        const asText = typeof call.args === 'string' || Array.isArray(call.args)
        send('tool-call-start', { index: calls, delta: { message: { tool_calls: callOf(call, calls, asText ? '' : call.args) } } })
        if (asText)
          for (const piece of textsOf(call.args))
            send('tool-call-delta', { index: calls, delta: { message: { tool_calls: { function: { arguments: piece } } } } })
        send('tool-call-end', { index: calls++ })
      }
  }
  send('message-end', { id: answer.id, delta: { finish_reason: words[answer.ending], usage: usageOf(answer) } }, true)
  return frames
}

function body(answer: Answer): Fields {
  const message: Fields = { role: 'assistant' }
  const push = (name: string, value: unknown): void => void (message[name] = [...((message[name] as unknown[] | undefined) ?? []), value])
  let calls = 0
  for (const saying of answer.say) {
    if ('text' in saying) push('content', { type: 'text', text: wholeOf(saying.text) })
    else if ('reasoning' in saying) push('content', { type: 'thinking', thinking: wholeOf(saying.reasoning) })
    else if ('source' in saying) push('citations', citation(saying.source))
    else if ('calls' in saying)
      for (const call of saying.calls)
        push(
          'tool_calls',
          callOf(call, calls++, typeof call.args === 'string' || Array.isArray(call.args) ? wholeOf(call.args as string) : call.args),
        )
  }
  return { id: answer.id, message, finish_reason: words[answer.ending], usage: usageOf(answer) }
}
