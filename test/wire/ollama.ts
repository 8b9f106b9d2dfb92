// The wire of Ollama's native API for the checks: how a recorded request is read, and what may differ from it.
import type { Message, ModelCall, Part } from '../../src/index.ts'
import { ollama } from '../../src/providers/ollama.ts'
import { fields, isObject, objects } from '../../src/providers/wire/fields.ts'
import { ollamaOptions, wire as name } from '../../src/providers/wire/ollama-request.ts'
import type { Fields, Wire } from './checks.ts'
import type { Recording } from './recordings.ts'

export const ollamaWire: Wire = {
  name,
  model: ({ request }, fetch) => ollama(((request as Recording['request'] | null)?.body?.model as string | undefined) ?? 'm', { fetch }),
  parse,
  options: ollamaOptions,
  normalise: [
    {
      why: 'null, an empty list, empty options and an empty format say nothing; streaming is the default',
      apply: (body) => {
        for (const [key, value] of Object.entries(body)) {
          const empty = value === '' || (Array.isArray(value) && !value.length) || (isObject(value) && !Object.keys(value).length)
          if (value === null || (empty && key !== 'messages')) delete body[key]
        }
        for (const message of objects(body.messages))
          for (const [key, value] of Object.entries(message))
            if (value === null || (Array.isArray(value) && !value.length)) delete message[key]
        body.stream ??= true
      },
    },
    {
      why: 'clients leave the content of an assistant that only calls out; an answer that says nothing, or was only thought, does not go back',
      apply: (body) => {
        for (const message of objects(body.messages)) message.content ??= ''
        body.messages = objects(body.messages).filter(
          ({ role, content, thinking, ...more }) => content !== '' || Object.keys(more).length > 0,
        )
      },
    },
    {
      why: 'a call is matched by name and place: some clients send a type, an index or an id of their own, or arguments as text',
      apply: (body) => {
        for (const message of objects(body.messages)) {
          delete message.tool_call_id
          for (const call of objects(message.tool_calls)) {
            delete call.id
            delete call.type
            const f = fields(call.function)
            delete f.index
            if (typeof f.arguments === 'string') f.arguments = JSON.parse(f.arguments || '{}')
          }
        }
      },
    },
    {
      why: 'every tool is a function, and strictness is a word of another API that some clients say here in vain',
      apply: (body) => {
        for (const tool of objects(body.tools)) {
          tool.type ??= 'function'
          delete fields(tool.function).strict
        }
      },
    },
    {
      why: 'old clients name the tool of a result `name`, or not at all',
      apply: (body) => {
        let open: unknown[] = []
        for (const message of objects(body.messages)) {
          if (message.role === 'assistant') open = objects(message.tool_calls).map((call) => fields(call.function).name)
          if (message.role !== 'tool') continue
          const known = open.shift()
          message.tool_name ??= message.name ?? known
          delete message.name
        }
      },
    },
  ],
  schema: () => 'ollama.chat.request.json',
  skip: {},
}

function parse(recording: Recording): ModelCall {
  const body = structuredClone(recording.request.body!)
  for (const { apply } of ollamaWire.normalise) apply(body, recording)
  const { model: _, messages, tools, format, options, stream, ...own } = body
  const { num_predict, temperature, top_p, top_k, seed, stop, presence_penalty, frequency_penalty, ...others } = fields(options)
  const more = { ...own, ...(Object.keys(others).length && { options: others }) }
  return defined({
    messages: messagesOf(objects(messages)),
    tools:
      tools && objects(tools).map((tool) => ({ ...fields(tool.function), input: fields(tool.function).parameters, parameters: undefined })),
    output: format && (isObject(format) ? { schema: format } : {}),
    maxTokens: num_predict,
    temperature,
    topP: top_p,
    topK: top_k,
    seed,
    stop: typeof stop === 'string' ? [stop] : stop,
    presencePenalty: presence_penalty,
    frequencyPenalty: frequency_penalty,
    stream: stream === false ? false : undefined,
    providerOptions: Object.keys(more).length ? { [name]: more } : undefined,
  }) as unknown as ModelCall
}

function messagesOf(recorded: readonly Fields[]): Message[] {
  const messages: Message[] = []
  let calls = 0
  let answered = 0
  for (const { role, content, images, thinking, tool_calls, tool_name, ...own } of recorded) {
    const parts: Part[] = []
    if (thinking) parts.push({ type: 'reasoning', text: thinking as string })
    if (role === 'tool') {
      const more = { ...own, ...(Array.isArray(images) && { images }) }
      const part: Part = {
        type: 'result',
        id: `call_${answered++}`,
        name: String(tool_name),
        output: content,
        ...(Object.keys(more).length && { providerOptions: { [name]: more } }),
      }
      const last = messages.at(-1)
      if (last?.role === 'tool') last.parts = [...last.parts, part]
      else messages.push({ role, parts: [part] })
      continue
    }
    if (content) parts.push({ type: 'text', text: content as string })
    for (const data of Array.isArray(images) ? images : []) parts.push({ type: 'media', mime: 'image/*', data: data as string })
    for (const { function: f } of objects(tool_calls))
      parts.push({ type: 'call', id: `call_${calls++}`, name: String(fields(f).name), input: fields(f).arguments })
    messages.push({ role: role as 'user', parts, ...(Object.keys(own).length && { providerOptions: { [name]: own } }) })
  }
  return messages
}

const defined = <T extends object>(raw: T): T => Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== undefined)) as T
