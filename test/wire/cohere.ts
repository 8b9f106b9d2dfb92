// The wire of Cohere's v2 chat for the checks: how a recorded request is read, and what may differ from it.
import type { MediaPart, Message, ModelCall, Part, ResultPart, TextPart } from '../../src/index.ts'
import { cohere } from '../../src/providers/cohere.ts'
import { cohereOptions, wire as name } from '../../src/providers/wire/cohere-request.ts'
import { fields, isObject, objects } from '../../src/providers/wire/fields.ts'
import { readArguments } from '../../src/providers/wire/http.ts'
import type { Fields, Wire } from './checks.ts'
import type { Recording } from './recordings.ts'

export const cohereWire: Wire = {
  name,
  model: ({ request }, fetch) => cohere((request?.body?.model as string | undefined) ?? 'm', { apiKey: 'k', fetch }),
  parse,
  options: cohereOptions,
  normalise: [
    {
      why: 'null and an empty list say nothing, and an answer that says nothing does not go back; a stream that is not asked for is none',
      apply: (body) => {
        for (const [key, value] of Object.entries(body))
          if (value === null || (Array.isArray(value) && !value.length && key !== 'messages')) delete body[key]
        body.stream ??= false
        for (const message of objects(body.messages))
          for (const [key, value] of Object.entries(message)) if (value === null) delete message[key]
        body.messages = objects(body.messages).filter(
          ({ role, content, ...more }) => role !== 'assistant' || content || Object.keys(more).length,
        )
      },
    },
    {
      why: 'one text is the same as a list of one text; of an assistant, texts are joined',
      apply: (body) => {
        for (const message of objects(body.messages)) {
          const { content, role } = message
          if (!Array.isArray(content)) continue
          const blocks = objects(content)
          const plain = blocks.every((block) => block.type === 'text' && Object.keys(block).length === 2)
          if (plain && (blocks.length === 1 || role !== 'user'))
            message.content = blocks.map(({ text }) => text).join(role === 'tool' ? '\n' : '')
        }
      },
    },
    {
      why: 'RubyLLM forgets the plan that it was given and sends an empty text in its place; ours goes back',
      apply: (body, { request }) => {
        const recorded = objects(request.body!.messages)
        for (const [at, message] of objects(body.messages).entries()) {
          if (!objects(message.tool_calls).length) continue
          if (message.content === '') delete message.content
          if (!recorded[at]?.tool_plan) delete message.tool_plan
        }
      },
    },
    {
      why: 'text is the default form, a schema has two names, and a tool without parameters takes none',
      apply: (body) => {
        const format = fields(body.response_format)
        if (format.type === 'text') delete body.response_format
        if (format.schema) format.json_schema ??= format.schema
        delete format.schema
        for (const { function: about } of objects(body.tools)) fields(about).parameters ??= { type: 'object', properties: {} }
      },
    },
    {
      why: 'arguments are compared as what they say, not as how they are spaced',
      apply: (body) => {
        for (const message of objects(body.messages))
          for (const { function: called } of objects(message.tool_calls) as { function?: Fields }[])
            if (called) called.arguments = readArguments(called.arguments).input
      },
    },
  ],
  skip: {},
}

function parse({ request }: Recording): ModelCall {
  const body = structuredClone(request.body!)
  const recorded = objects(body.messages)
  const named = new Map(
    recorded.flatMap((message) => objects(message.tool_calls).map((call) => [call.id, fields(call.function).name as string])),
  )
  const messages: Message[] = []
  for (const message of recorded) {
    const { role, content, tool_call_id, tool_calls, tool_plan, ...own } = message
    const options = Object.keys(own).length ? { providerOptions: { [name]: own } } : {}
    if (role === 'tool') {
      const part: ResultPart = {
        type: 'result',
        id: String(tool_call_id),
        name: named.get(tool_call_id) ?? 'unknown',
        ...resultOf(content),
        ...options,
      }
      const last = messages.at(-1)
      if (last?.role === 'tool') last.parts = [...last.parts, part]
      else messages.push({ role: 'tool', parts: [part] })
    } else if (role === 'assistant') {
      // an answer beside calls has no neutral form: there it is the plan
      const beside = objects(tool_calls).length > 0 && saidBy({ content }).some(({ type }) => type === 'text')
      const said = beside ? saidBy({ ...message, content: undefined }) : saidBy(message)
      messages.push({ role, parts: said, ...(beside ? { providerOptions: { [name]: { ...own, content } } } : options) })
    } else messages.push({ role: role as 'user', parts: partsOf(content), ...options })
  }
  const system = messages[0]?.role === 'system' && !messages[0].providerOptions ? (messages.shift()!.parts as TextPart[]) : undefined
  const format = body.response_format as { type: string; json_schema?: Fields; schema?: Fields } | undefined
  const thinking = body.thinking as { type: string; token_budget?: number } | undefined
  const choice = body.tool_choice
  const strict = body.strict_tools === true
  const tools = objects(body.tools).map(({ type: _type, function: about, ...more }) => {
    const { parameters, ...described } = fields(about) as { name: string; description?: string; parameters?: Fields }
    return {
      ...described,
      ...(parameters && { input: parameters }),
      ...(strict && { strict }),
      ...(Object.keys(more).length && { providerOptions: { [name]: more } }),
    }
  })
  const canBeStrict = tools.every(({ input }) => objects([input]).some(({ required }) => Array.isArray(required) && required.length > 0))
  const own = cohereOptions.filter((key) => key !== 'thinking' && (key !== 'strict_tools' || !strict || !canBeStrict))
  const options = Object.fromEntries(own.filter((key) => (body[key] ?? undefined) !== undefined).map((key) => [key, body[key]]))
  return defined({
    system: system?.length === 1 ? system[0]!.text : system,
    messages,
    tools: tools.length ? tools : undefined,
    toolChoice: choice === 'REQUIRED' ? 'required' : choice === 'NONE' ? 'none' : undefined,
    output: format?.type === 'json_object' ? defined({ schema: format.json_schema ?? format.schema }) : undefined,
    maxTokens: body.max_tokens ?? undefined,
    stop: body.stop_sequences ?? undefined,
    temperature: body.temperature ?? undefined,
    seed: body.seed ?? undefined,
    topK: body.k ?? undefined,
    topP: body.p ?? undefined,
    frequencyPenalty: body.frequency_penalty ?? undefined,
    presencePenalty: body.presence_penalty ?? undefined,
    reasoning: thinking && (thinking.type === 'disabled' ? { effort: 'none' } : defined({ effort: 'high', tokens: thinking.token_budget })),
    stream: body.stream === true ? undefined : false,
    providerOptions: Object.keys(options).length ? { [name]: options } : undefined,
  }) as ModelCall
}

function saidBy({ content, tool_plan: plan, tool_calls: calls }: Fields): Part[] {
  const parts: Part[] = []
  if (typeof plan === 'string' && plan) parts.push({ type: 'reasoning', text: plan, replay: { wire: name, data: 'tool_plan' } })
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : objects(content)
  for (const { type, text, thinking } of blocks as { type: string; text?: string; thinking?: string }[])
    if (type === 'thinking') parts.push({ type: 'reasoning', text: thinking!, replay: { wire: name, data: 'thinking' } })
    else if (text) parts.push({ type: 'text', text })
  for (const { id, function: called } of objects(calls) as { id: string; function: unknown }[])
    parts.push({ type: 'call', id, name: fields(called).name as string, ...readArguments(fields(called).arguments) })
  return parts
}

function resultOf(content: unknown): Pick<ResultPart, 'output' | 'parts' | 'providerOptions'> {
  if (!Array.isArray(content)) return { output: content }
  const documents = objects(content).filter(({ type }) => type === 'document')
  if (!documents.length) return { parts: partsOf(content) as TextPart[] }
  const data = documents.map(({ document }) => fields(document))
  // ids of documents, data as text, and texts between them, have no neutral form
  if (documents.length < content.length || data.some((document) => Object.keys(document).length > 1 || !isObject(document.data)))
    return { providerOptions: { [name]: { content } } }
  return { output: data.length === 1 ? data[0]!.data : data.map((document) => document.data) }
}

function partsOf(content: unknown): (TextPart | MediaPart)[] {
  if (!Array.isArray(content)) return [{ type: 'text', text: typeof content === 'string' ? content : '' }]
  return objects(content).map(({ type, text, image_url: image, ...own }) => {
    const options = Object.keys(own).length ? { providerOptions: { [name]: own } } : {}
    if (type === 'text') return { type, text: text as string, ...options }
    const { url, detail } = (typeof image === 'string' ? { url: image } : fields(image)) as { url: string; detail?: string }
    const [, mime, data] = /^data:([^;]+);base64,(.*)$/s.exec(url) ?? []
    const more = detail === undefined ? {} : { providerOptions: { [name]: { detail } } }
    return { type: 'media', ...(mime === undefined ? { mime: 'image/*', url } : { mime, data: data! }), ...more }
  })
}

const defined = <T extends object>(all: T): T => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as T
