// Google's Interactions API as recorded: how a request is read as a neutral call, and what may differ.
import type { MediaPart, Message, ModelCall, Part, TextPart, ToolChoice, ToolInfo } from '../../src/index.ts'
import { interactions, interactionsOptions } from '../../src/providers/gemini-interactions.ts'
import { textIn } from '../../src/providers/wire/fields.ts'
import type { Fields, Wire } from './checks.ts'

const name = 'gemini-interactions'
const list = (value: unknown): Fields[] => (Array.isArray(value) ? (value as Fields[]) : [])

export const interactionsWire: Wire = {
  name,
  model({ request: { body } }, fetch) {
    const { model, agent, store } = body as { model?: string; agent?: string; store?: boolean }
    return interactions(agent ?? model ?? '', { apiKey: 'k', fetch, agent: agent !== undefined, store: store === true })
  },
  parse: ({ request: { body } }) => callOf(body!),
  options: Object.values(interactionsOptions).flat(),
  schema: () => 'gemini.interactions.request.json',
  skip: {},
  normalise: [
    { why: 'a text, content alone, and turns of roles are other forms of steps', apply: asSteps },
    { why: 'that it is not kept and not streamed is always said by us, and JSON is asked for by one field', apply: withDefaults },
  ],
}

/** Every form that the input may have as steps: a text, content, turns of a user and a model, or steps. */
function asSteps(body: Fields): void {
  const { input } = body
  const content = (value: unknown): unknown => (typeof value === 'string' ? [{ type: 'text', text: value }] : value)
  if (typeof input === 'string' || list(input).every(({ type }) => /^(text|image|audio|video|document)$/.test(String(type))))
    body.input = [{ type: 'user_input', content: content(input) }]
  else
    body.input = list(input).map(({ role, ...step }) =>
      role === undefined ? step : { type: role === 'model' ? 'model_output' : 'user_input', content: content(step.content) },
    )
}

function withDefaults(body: Fields): void {
  if (body.stream === false) delete body.stream
  if (body.store === false) delete body.store
  const { response_mime_type, response_format: format } = body
  if (response_mime_type === 'application/json') {
    body.response_format = { type: 'text', mime_type: response_mime_type, ...(format !== undefined && { schema: format }) }
    delete body.response_mime_type
  }
}

function partOf({ type, text, data, uri, mime_type: mime, ...own }: Record<string, string>): TextPart | MediaPart {
  const providerOptions = Object.keys(own).length ? { providerOptions: { [name]: own } } : {}
  if (type === 'text') return { type, text: text!, ...providerOptions }
  return { type: 'media', mime: mime!, ...(data === undefined ? { url: uri! } : { data }), ...providerOptions }
}

function messagesOf(steps: readonly Fields[]): Message[] {
  const names = new Map(steps.map(({ id, name: called }) => [id, String(called)]))
  return steps.map((step): Message => {
    const { type, content, id, call_id, result, is_error, arguments: input, signature, summary } = step
    const data = (value: object) => ({ replay: { wire: name, data: value as never } })
    if (type === 'user_input') return { role: 'user', parts: (list(content) as Record<string, string>[]).map(partOf) }
    if (type === 'function_result') {
      const base = { type: 'result' as const, id: String(call_id), name: textIn(step.name) ?? names.get(call_id) ?? '' }
      const output = is_error ? { error: { code: 'tool/failed', message: String(result) } } : { output: result }
      return {
        role: 'tool',
        parts: [{ ...base, ...(Array.isArray(result) ? { parts: (list(result) as Record<string, string>[]).map(partOf) } : output) }],
      }
    }
    const part: Part[] =
      type === 'model_output'
        ? (list(content) as Record<string, string>[]).map(partOf)
        : type === 'function_call'
          ? [{ type: 'call', id: String(id), name: String(step.name), input }]
          : type === 'thought'
            ? [
                {
                  type: 'reasoning',
                  text: list(summary)
                    .map(({ text }) => text as string)
                    .join(''),
                  ...data({ signature }),
                },
              ]
            : [{ type: 'opaque', kind: String(type), ...data({ step }) }]
    return { role: 'assistant', parts: part }
  })
}

function toolsOf(tools: readonly Fields[]): ToolInfo[] {
  return tools.map(({ type, name: called, description, parameters, ...own }) =>
    type === 'function'
      ? {
          name: String(called),
          ...(typeof description === 'string' && { description }),
          ...(parameters !== undefined && { input: parameters as Fields }),
          ...(Object.keys(own).length && { providerOptions: { [name]: own } }),
        }
      : { name: String(type), hosted: { wire: name, definition: { type, ...own, ...(called !== undefined && { name: called }) } } },
  )
}

function choiceOf(choice: unknown): ToolChoice | undefined {
  if (choice === 'auto' || choice === 'none') return choice
  if (choice === 'any') return 'required'
  const { allowed_tools: allowed } = (choice ?? {}) as { allowed_tools?: { mode?: string; tools?: string[] } }
  return allowed?.tools && { tools: allowed.tools, required: allowed.mode === 'any' }
}

function callOf(body: Fields): ModelCall {
  const copy = structuredClone(body)
  asSteps(copy)
  withDefaults(copy)
  const config = (copy.generation_config ?? {}) as Fields
  const format = copy.response_format as Fields | undefined
  const options: Fields = {}
  for (const field of interactionsOptions.body) if (copy[field] !== undefined && field !== 'response_format') options[field] = copy[field]
  for (const field of interactionsOptions.generation_config)
    if (config[field] !== undefined && field !== 'thinking_level') options[field] = config[field]
  const { thinking_level: effort, thinking_summaries: summaries } = config as { thinking_level?: 'high'; thinking_summaries?: string }
  const toolChoice = choiceOf(config.tool_choice)
  const tools = toolsOf(list(copy.tools))
  const settings = { maxTokens: 'max_output_tokens', temperature: 'temperature', topP: 'top_p', seed: 'seed', stop: 'stop_sequences' }
  return {
    stream: copy.stream === true,
    messages: messagesOf(list(copy.input)),
    ...(typeof copy.system_instruction === 'string' && { system: copy.system_instruction }),
    ...Object.fromEntries(
      Object.entries(settings).flatMap(([ours, theirs]) => (config[theirs] === undefined ? [] : [[ours, config[theirs]]])),
    ),
    ...((effort ?? summaries) && { reasoning: { ...(effort && { effort }), ...(summaries && { summary: summaries === 'auto' }) } }),
    ...(toolChoice && { toolChoice }),
    ...(tools.length && { tools }),
    ...(format && { output: format.schema === undefined ? {} : { schema: format.schema as Fields } }),
    ...(Object.keys(options).length && { providerOptions: { [name]: options } }),
  }
}
