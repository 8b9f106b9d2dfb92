// The wire of Chat Completions for the checks: how a recorded request is read, and what may differ from it.
import type { CallPart, MediaPart, Message, ModelCall, Part, ResultPart, TextPart } from '../../src/index.ts'
import { openaiChat, openaiCompatible } from '../../src/providers/openai-chat.ts'
import { azure, type Preset, presets, workersAi } from '../../src/providers/presets.ts'
import { chatOptions } from '../../src/providers/wire/openai-chat-options.ts'
import { wire as name } from '../../src/providers/wire/openai-chat-request.ts'
import { fitsStrict } from '../../src/providers/wire/openai-strict.ts'
import type { Fields, Wire } from './checks.ts'
import type { Recording } from './recordings.ts'

/** Every dialect of the recordings, with the preset that a user would take for it. */
export const dialects: Readonly<Record<string, Preset | undefined>> = {
  'openai.chat': undefined,
  'azure-openai.chat': azure('resource'),
  'openrouter.chat': presets.openrouter,
  'deepseek.chat': presets.deepseek,
  'groq.chat': presets.groq,
  'ollama.openai-compat.chat': presets.ollama,
  'workers-ai.openai-compat.chat': workersAi('account'),
  'huggingface.router.chat': presets.huggingface,
  'huggingface.hf-inference.chat': presets.huggingface,
  'perplexity.chat': presets.perplexity,
  'cerebras.chat': presets.cerebras,
  'gpustack.chat': presets.vllm,
  'together.chat': presets.together,
  'zai.chat': presets.zai,
  'alibaba.chat': presets.alibaba,
  'gemini.openai-compat.chat': presets.gemini,
  'xai.chat': presets.xai,
  'moonshotai.chat': presets.moonshot,
  'mistral.chat': presets.mistral,
  'cohere.openai-compat.chat': presets.cohere,
}

export const chat: Wire = {
  name,
  model(recording, fetch) {
    const { api, provider, request } = recording
    const id = (request?.body?.model as string | undefined) ?? 'm'
    const preset = dialects[api]
    const developer = request?.body && messagesOf(request.body).some(({ role }) => role === 'developer')
    const options = { provider, apiKey: 'k', fetch, ...(developer && { quirks: { system: 'developer' as const } }) }
    return preset ? openaiCompatible(preset, options)(id) : openaiChat(id, options)
  },
  parse,
  options: chatOptions,
  normalise: [
    {
      why: 'null and an empty list say nothing; the content of an assistant that only calls is null, "" or absent by client',
      apply: (body) => {
        drop(body)
        for (const message of messagesOf(body)) {
          drop(message)
          if (Array.isArray(message.content)) for (const part of message.content as Fields[]) drop(part)
          if (message.role === 'assistant') message.content ??= ''
        }
      },
    },
    {
      why: 'defaults that some clients write down',
      apply: (body) => {
        if (body.n === 1) delete body.n
        if (body.stream === false) delete body.stream
        for (const message of messagesOf(body)) {
          if (message.prefix === false) delete message.prefix
          for (const call of (message.tool_calls ?? []) as Fields[]) delete call.index
        }
        for (const tool of [...((body.tools ?? []) as Fields[]), body.tool_choice as Fields])
          if (typeof tool === 'object' && tool.function) tool.type = 'function'
      },
    },
    { why: 'usage is asked for in every stream, where the server knows the field', apply: (body) => delete body.stream_options },
    {
      why: 'one text is the same as a list of one text; of an assistant, texts are joined',
      apply: (body) => {
        for (const message of messagesOf(body)) {
          const content = message.content as readonly Fields[] | string | undefined
          if (!Array.isArray(content)) continue
          const plain = content.every((part) => part.type === 'text' && Object.keys(part).length === 2)
          if (plain && (content.length === 1 || message.role === 'assistant')) message.content = content.map(({ text }) => text).join('')
        }
      },
    },
    {
      why: 'arguments are compared as what they say, not as how they are spaced',
      apply: (body) => {
        for (const message of messagesOf(body))
          for (const { function: f } of (message.tool_calls ?? []) as { function: Fields }[]) f.arguments = read(f.arguments as string)
      },
    },
    {
      why: 'max_tokens and max_completion_tokens are one thing; which of them a server takes is in its preset',
      apply: (body) => {
        body.max_tokens ??= body.max_completion_tokens
        delete body.max_completion_tokens
        if (body.max_tokens === undefined) delete body.max_tokens
      },
    },
    {
      why: 'RubyLLM sends reasoning back under both names, or leaves an empty one out; which name is right is in the preset',
      apply: (body) => {
        for (const message of messagesOf(body)) {
          if (message.role !== 'assistant') continue
          const reasoning = message.reasoning_content ?? message.reasoning
          delete message.reasoning
          delete message.reasoning_content
          if (reasoning) message.reasoning_content = reasoning
        }
      },
    },
    {
      why: 'an image as a bare string, a sound without its wrapper, a document without a name: Mistral takes both forms',
      apply: (body, { api }) => {
        for (const { content } of messagesOf(body)) {
          if (!Array.isArray(content)) continue
          for (const part of content as Fields[]) {
            if (typeof part.image_url === 'string') part.image_url = { url: part.image_url }
            if (api === 'mistral.chat' && typeof part.input_audio === 'object') part.input_audio = (part.input_audio as Fields).data
            delete part.document_name
          }
        }
      },
    },
    {
      why: 'a schema is named, and asked for strictly where it can be, where the client said neither',
      apply: (body) => {
        const format = (body.response_format as { json_schema?: Fields } | undefined)?.json_schema
        if (!format) return
        format.name ??= 'output'
        format.strict ??= fitsStrict(format.schema)
      },
    },
    {
      why: 'what a client says before the media of a tool result is its own; Pydantic AI puts an assistant’s "OK" between for Mistral',
      apply: (body) => {
        body.messages = messagesOf(body).filter((message, at, all) => !isFiller(message, all[at - 1], all[at + 1]))
        for (const [at, message] of messagesOf(body).entries())
          if (isAttachment(message, messagesOf(body)[at - 1]))
            message.content = (message.content as Fields[]).filter(({ type }) => type !== 'text')
      },
    },
    {
      why: 'hf-inference has the model in its address, and LangChain sent it fields of another API in vain; one client forgot the model',
      apply: (body, { api, request }) => {
        if (api === 'huggingface.hf-inference.chat') for (const field of ['model', 'options', 'return_full_text']) delete body[field]
        if (request.body!.model === undefined) delete body.model
      },
    },
    {
      why: 'Gemini gave calls no id, so each client made its own; this one also forgot the thought signature, which ours sends back',
      apply: (body, { api }) => {
        if (api !== 'gemini.openai-compat.chat') return
        const ids: unknown[] = []
        for (const message of messagesOf(body)) {
          delete message.extra_content
          for (const call of (message.tool_calls ?? []) as Fields[]) call.id = `call ${ids.push(call.id) - 1}`
          if (message.role === 'tool') message.tool_call_id = `call ${ids.indexOf(message.tool_call_id)}`
        }
      },
    },
  ],
  schema: ({ api }) => schemas[api],
  skip: {},
}

const schemas: Readonly<Record<string, string>> = {
  'openai.chat': 'openai.chat.request.json',
  'openrouter.chat': 'openrouter.chat.request.json',
  'groq.chat': 'groq.chat.request.json',
  'mistral.chat': 'mistral.chat.request.json',
  'together.chat': 'together.chat.request.json',
  'huggingface.router.chat': 'huggingface.chat.request.json',
  'huggingface.hf-inference.chat': 'huggingface.tgi.chat.request.json',
}

const messagesOf = (body: Fields): Fields[] => body.messages as Fields[]

function drop(fields: Fields): void {
  for (const [key, value] of Object.entries(fields)) {
    const empty = Array.isArray(value) && !value.length
    if (value === null || (empty && key !== 'messages')) delete fields[key]
  }
}

/** A user message that holds the media of the tool results before it. */
const isAttachment = ({ role, content }: Fields, before: Fields | undefined): boolean =>
  role === 'user' && before?.role === 'tool' && Array.isArray(content) && (content as Fields[]).some(({ type }) => type !== 'text')

const isFiller = (message: Fields, before: Fields | undefined, after: Fields | undefined): boolean =>
  message.role === 'assistant' && message.content === 'OK' && before?.role === 'tool' && after !== undefined && isAttachment(after, before)

function parse({ api, request }: Recording): ModelCall {
  const body = structuredClone(request.body!)
  // what clients write down without saying anything
  for (const { apply } of chat.normalise.slice(0, 2)) apply(body, {} as Recording)
  const recorded = messagesOf(body)
  const named = new Map(
    recorded.flatMap((message) => ((message.tool_calls ?? []) as RecordedCall[]).map((call) => [call.id, call.function.name])),
  )
  const messages: Message[] = []
  for (const [at, message] of recorded.entries()) {
    const before = recorded[at - 1]
    const last = messages.at(-1)
    const flat = { ...message, content: textOf(message.content) ?? message.content }
    if (isFiller(flat, before, recorded[at + 1])) continue
    if (message.role === 'tool') {
      const id = message.tool_call_id as string
      const part: ResultPart = { type: 'result', id, name: named.get(id) ?? 'unknown', output: message.content }
      if (last?.role === 'tool') last.parts = [...last.parts, part]
      else messages.push({ role: 'tool', parts: [part] })
    } else if (last?.role === 'tool' && isAttachment(message, { role: 'tool' })) {
      const { output, ...result } = last.parts.at(-1) as ResultPart
      const media = partsOf(message).filter((part): part is MediaPart => part.type === 'media')
      last.parts = [...last.parts.slice(0, -1), { ...result, parts: [{ type: 'text', text: output as string }, ...media] }]
    } else {
      const role = message.role === 'developer' ? 'system' : (message.role as Message['role'])
      const name = role === 'user' ? (message.name as string | undefined) : undefined
      messages.push(defined({ role, name, parts: role === 'assistant' ? saidBy(message) : partsOf(message) }))
    }
  }
  const system = messages[0]?.role === 'system' ? (messages.shift()!.parts as readonly TextPart[]) : undefined
  const reasoning = (body.reasoning ?? {}) as { effort?: 'low'; max_tokens?: number }
  const effort = (body.reasoning_effort as 'low' | undefined) ?? reasoning.effort
  const format = body.response_format as { json_schema?: Fields } | undefined
  const choice = body.tool_choice as string | { function: { name: string } } | undefined
  const own = api === 'openrouter.chat' ? chatOptions.filter((key) => key !== 'reasoning') : chatOptions
  const options = Object.fromEntries(own.filter((key) => body[key] !== undefined).map((key) => [key, body[key]]))
  return defined({
    system: system?.length === 1 && !system[0]!.providerOptions ? system[0]!.text : system,
    messages,
    tools: (body.tools as Fields[] | undefined)?.map((tool) => {
      if (!tool.function) return { name: tool.type as string, hosted: { wire: name, definition: tool } }
      const { parameters, ...f } = tool.function as { name: string; parameters?: Fields }
      return { ...f, ...(parameters && { input: parameters }) }
    }),
    toolChoice:
      typeof choice === 'object' ? { tool: choice.function.name } : choice === 'any' ? 'required' : (choice as 'auto' | undefined),
    output: format && (format.json_schema ?? {}),
    maxTokens: (body.max_tokens ?? body.max_completion_tokens) as number | undefined,
    temperature: body.temperature as number | undefined,
    topP: body.top_p as number | undefined,
    topK: body.top_k as number | undefined,
    stop: body.stop as readonly string[] | undefined,
    seed: (body.seed ?? body.random_seed) as number | undefined,
    presencePenalty: body.presence_penalty as number | undefined,
    frequencyPenalty: body.frequency_penalty as number | undefined,
    parallelTools: body.parallel_tool_calls as boolean | undefined,
    reasoning: effort || reasoning.max_tokens ? defined({ effort, tokens: reasoning.max_tokens }) : undefined,
    stream: body.stream === true ? undefined : false,
    providerOptions: Object.keys(options).length ? { [name]: options } : undefined,
  })
}

interface RecordedCall {
  id: string
  function: { name: string; arguments: string }
  extra_content?: Fields
}

/** An assistant's message: thinking first, then what it said, then its calls. */
function saidBy(message: Fields): Part[] {
  const { content, reasoning_content: thought = message.reasoning, reasoning_details: details, tool_calls: calls = [] } = message
  const pieces = Array.isArray(content) ? (content as Fields[]) : [{ type: 'text', text: content }]
  const parts: Part[] = []
  if (typeof thought === 'string') parts.push({ type: 'reasoning', text: thought })
  for (const { type, text, thinking } of pieces) {
    if (type === 'thinking') parts.push({ type: 'reasoning', text: (thinking as Fields[]).map((piece) => piece.text).join('') })
    else if (text) parts.push({ type: 'text', text: text as string })
  }
  if (details) parts.push({ type: 'opaque', kind: 'message', replay: { wire: name, data: { reasoning_details: details as [] } } })
  for (const { id, function: f, extra_content: extra } of calls as RecordedCall[]) {
    const input = read(f.arguments)
    const part: CallPart = { type: 'call', id, name: f.name, input, ...(typeof input === 'string' && { invalid: true }) }
    parts.push(extra ? { ...part, replay: { wire: name, data: { extra_content: extra as { google: {} } } } } : part)
  }
  return parts
}

function partsOf({ content }: Fields): (TextPart | MediaPart)[] {
  if (!Array.isArray(content)) return [{ type: 'text', text: content as string }]
  return (content as Fields[]).map((part) => {
    const { type, text, image_url: image, video_url: video, input_audio: audio, file, document_url: document, ...own } = part
    const { url, detail } = (typeof image === 'string' ? { url: image } : (image ?? video ?? {})) as { url?: string; detail?: string }
    const options = { ...own, ...(detail !== undefined && { detail }) }
    const more = Object.keys(options).length ? { providerOptions: { [name]: options } } : {}
    const sound = audio as { data: string; format: string } | undefined
    const { file_id: ref, file_data: data, filename } = (file ?? {}) as { file_id?: string; file_data?: string; filename?: string }
    if (type === 'text') return { type: 'text', text: text as string, ...more }
    if (sound) return { type: 'media', mime: `audio/${sound.format === 'mp3' ? 'mpeg' : sound.format}`, data: sound.data, ...more }
    if (ref) return { type: 'media', mime: 'application/pdf', ref, store: 'openai', ...more }
    if (data) return { type: 'media', ...located(data, 'application/pdf'), ...(filename && { name: filename }), ...more }
    if (document) return { type: 'media', ...located(document as string, 'application/pdf'), ...more }
    return { type: 'media', ...located(url!, video ? 'video/*' : 'image/*'), ...more }
  })
}

function located(url: string, kind: string): { mime: string; data?: string; url?: string } {
  const [, mime, data] = /^data:([^;]+);base64,(.*)$/s.exec(url) ?? []
  return mime === undefined ? { mime: kind, url } : { mime, data: data! }
}

const textOf = (content: unknown): string | undefined =>
  Array.isArray(content) && content.length === 1 ? ((content[0] as Fields).text as string | undefined) : undefined

const defined = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T

/** Arguments as JSON, or as the text that they are; none is an empty object. */
function read(text: string): unknown {
  try {
    return JSON.parse(text || '{}')
  } catch {
    return text
  }
}
