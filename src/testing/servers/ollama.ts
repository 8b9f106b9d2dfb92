import {
  type Asked,
  base64In,
  type Fields,
  fieldsIn,
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

const known = new Set('model messages tools format options stream keep_alive think logprobs top_logprobs truncate shift'.split(' '))

const said: Partial<Record<Failing, readonly [status: number, message: string]>> = {
  auth: [401, 'unauthorized'],
  'unknown-model': [404, "model 'none' not found"],
  context: [400, 'the input length exceeds the context length'],
  unavailable: [503, 'server busy, please try again. maximum pending requests exceeded'],
}

/** Ollama's native chat: lines of JSON. Sources: the vendor's API document and the types of its client of November 2026. */
export const ollamaServer: WireServer = {
  name: 'ollama',
  framing: 'ndjson',
  read,
  events,
  body,
  refusal: ({ failing, status, message, about }) => {
    const own = said[failing]
    const mine = own && (status === undefined || status === own[0])
    return { status: status ?? own?.[0] ?? statuses[failing], body: { error: mine ? `${own[1]}${about ? ` (${about})` : ''}` : message } }
  },
  failing: (failing) => [{ data: { error: said[failing]?.[1] ?? `an error was encountered while running the model: ${failing}` } }],
  tomorrow: [
    { data: { wonder: ['tomorrow'] } },
    { data: { model: 'm', message: { role: 'assistant', content: '', hologram: { depth: 3 } }, done: false } },
  ],
  proof: 'text',
  option: { key: 'ollama', field: 'keep_alive', value: '30m' },
  lacks: {
    'repeated ids': 'its own server makes the ids, each once',
    'arguments as text': 'arguments are objects',
    'cached usage': 'it does not tell of a cache',
    'error in a chunk': 'an error is a line of its own',
    'image by address': 'it takes images as data only',
    'interleaved calls': 'a call always comes whole',
    'none choice': 'it has no tool choice',
    'one call at a time': 'it has no switch for it',
    'one choice': 'it has no tool choice',
    'reasoning usage': 'it does not count thinking apart',
    'required choice': 'it has no tool choice',
    filter: 'a server of one’s own filters nothing',
    pause: 'no answer ends so',
    pdf: 'it takes text and images only',
    quota: 'a server of one’s own has no quota',
    refusal: 'it has no field for refusals',
    safety: 'it does not stop answers for safety',
    sources: 'answers name no sources',
  },
}

// --- what is asked

function read({ method, path, headers, body: raw }: Question): Asked {
  if (method !== 'POST' || !path.endsWith('/api/chat')) refuse('404 page not found', 'unknown-model', 404)
  const body = fieldsIn(raw, 'body')
  onlyFields(body, known, 'unknown field: ')
  const options = body.options === undefined ? {} : fieldsIn(body.options, 'options')
  const messages = listIn(body.messages, 'messages').map((message) => fieldsIn(message, 'message'))
  const { format, think } = body
  if (think !== undefined && typeof think !== 'boolean' && !['low', 'medium', 'high'].includes(think as string))
    refuse('invalid think value')
  return {
    model: textIn(body.model, 'model'),
    // a stream is what it does unless it is told not to
    stream: body.stream !== false,
    key: headers.get('authorization')?.replace(/^Bearer /, ''),
    address: path,
    headers,
    system: messages.flatMap(({ role, content }) => (role === 'system' ? [textIn(content, 'content')] : [])),
    turns: messages.filter(({ role }) => role !== 'system').map(turnOf),
    tools: body.tools === undefined ? [] : listIn(body.tools, 'tools').map((tool) => toolIn(fieldsIn(tool, 'tool'))),
    stop: options.stop as readonly string[] | undefined,
    seed: numberIn(options.seed, 'seed'),
    maxTokens: numberIn(options.num_predict, 'num_predict'),
    temperature: numberIn(options.temperature, 'temperature', 0),
    topP: numberIn(options.top_p, 'top_p', 0, 1),
    effort: think,
    output: format === undefined ? undefined : format === 'json' ? {} : { schema: fieldsIn(format, 'format') },
    body,
  }
}

function toolIn({ type, function: made }: Fields): Asked['tools'][number] {
  if (type !== 'function') refuse('tools.type must be function')
  const { name, description, parameters } = fieldsIn(made, 'tool.function')
  // a Go struct: properties of another form fail to unmarshal
  fieldsIn(fieldsIn(parameters, 'parameters').properties ?? {}, 'properties')
  return { name: textIn(name, 'name'), description: description as string | undefined, schema: parameters }
}

function turnOf({ role, content, images, tool_calls: calls, tool_name: name, tool_call_id: id, thinking }: Fields): Turn {
  if (role !== 'user' && role !== 'assistant' && role !== 'tool')
    refuse(`invalid role: ${String(role)}, must be one of [user assistant system tool]`)
  const text = content === undefined ? '' : textIn(content, 'content')
  const media = images === undefined ? [] : listIn(images, 'images').map((data) => ({ data: base64In(textIn(data, 'image')) }))
  if (role === 'tool')
    return turn('tool', { results: [{ ...(typeof id === 'string' && { id }), name: textIn(name, 'tool_name'), text }], media })
  return turn(role, {
    text,
    media,
    thoughts: typeof thinking === 'string' && thinking ? [{ text: thinking }] : [],
    calls: (calls === undefined ? [] : listIn(calls, 'tool_calls')).map((call) => {
      const { id: own, function: made } = fieldsIn(call, 'tool_call')
      const { name: called, arguments: args } = fieldsIn(made, 'tool_call.function')
      return { ...(typeof own === 'string' && { id: own }), name: textIn(called, 'name'), input: fieldsIn(args, 'arguments') }
    }),
  })
}

// --- what is answered

const words: Readonly<Record<Ending, string>> = {
  stop: 'stop',
  length: 'length',
  tools: 'stop',
  safety: 'stop',
  pause: 'stop',
  tomorrow: 'enlightened',
}

const head = ({ model }: Answer): Fields => ({ model, created_at: '2026-11-24T12:00:00.123456789Z' })

function usageOf({ usage }: Answer): Fields {
  if (usage === 'none') return {}
  if (usage === 'null') return { prompt_eval_count: null, eval_count: null }
  return { total_duration: 5_191_566_416, prompt_eval_count: usage.input, eval_count: usage.output }
}

const callOf = ({ id, name, args }: Called, index: number): Fields => ({
  ...(typeof id === 'string' && { id }),
  function: { index, name, ...(args !== undefined && { arguments: valueOf(args) }) },
})

function events(answer: Answer): Frame[] {
  const line = (message: Fields): Frame => ({
    data: { ...head(answer), message: { role: 'assistant', content: '', ...message }, done: false },
  })
  let calls = 0
  const frames = answer.say.flatMap((saying): Frame[] => {
    if ('text' in saying) return piecesOf(saying.text).map((content) => line({ content }))
    if ('reasoning' in saying) return piecesOf(saying.reasoning).map((thinking) => line({ thinking }))
    return 'calls' in saying ? saying.calls.map((call) => line({ tool_calls: [callOf(call, calls++)] })) : []
  })
  return [
    ...frames,
    {
      data: {
        ...head(answer),
        message: { role: 'assistant', content: '' },
        done: true,
        done_reason: words[answer.ending],
        ...usageOf(answer),
      },
      last: true,
    },
  ]
}

function body(answer: Answer): Fields {
  const message: Fields = { role: 'assistant', content: '' }
  for (const saying of answer.say) {
    if ('text' in saying) message.content = `${message.content as string}${wholeOf(saying.text)}`
    else if ('reasoning' in saying) message.thinking = wholeOf(saying.reasoning)
    else if ('calls' in saying) message.tool_calls = saying.calls.map(callOf)
  }
  return { ...head(answer), message, done: true, done_reason: words[answer.ending], ...usageOf(answer) }
}
