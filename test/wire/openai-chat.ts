// The wire of Chat Completions for the checks: how a recorded request is read, and what may differ from it.
import type { CallPart, MediaPart, Message, ModelCall, Part, ResultPart, TextPart, ToolChoice } from '../../src/index.ts'
import { openaiChat, openaiCompatible } from '../../src/providers/openai-chat.ts'
import { azure, type Preset, presets, workersAi } from '../../src/providers/presets.ts'
import { fields, objects } from '../../src/providers/wire/fields.ts'
import { readArguments } from '../../src/providers/wire/http.ts'
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
      why: 'a function of old is a tool, null and an empty list say nothing; the content of an assistant that only calls is null, "" or absent by client',
      apply: (body) => {
        modern(body)
        drop(body)
        for (const message of messagesOf(body)) {
          drop(message)
          for (const part of objects(message.content)) drop(part)
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
          for (const call of objects(message.tool_calls)) {
            delete call.index
            if (call.function) call.type = 'function'
          }
          for (const part of objects(message.content)) if (part.closed === true) delete part.closed
        }
        for (const tool of [...objects(body.tools), body.tool_choice as Fields]) if (isFields(tool) && tool.function) tool.type = 'function'
        for (const { function: f } of objects(body.tools) as { function?: Fields }[])
          if (f) {
            drop(f)
            if (!Object.keys((f.parameters ?? {}) as Fields).length) f.parameters = { type: 'object', properties: {} }
          }
        if ((body.response_format as Fields | undefined)?.type === 'text') delete body.response_format
        if (typeof body.stop === 'string') body.stop = [body.stop]
      },
    },
    {
      why: 'a refusal goes back as what was said, which every server takes; an answer that says nothing does not go back',
      apply: (body) => {
        for (const message of messagesOf(body)) {
          if (message.role !== 'assistant') continue
          if (typeof message.refusal === 'string')
            message.content = `${textOf(message.content) ?? (message.content as string)}${message.refusal}`
          delete message.refusal
          for (const part of objects(message.content))
            if (part.type === 'refusal') {
              Object.assign(part, { type: 'text', text: part.refusal })
              delete part.refusal
            }
        }
        body.messages = messagesOf(body).filter(
          ({ role, content, ...more }) =>
            role !== 'assistant' || (content as string | unknown[]).length > 0 || Object.keys(more).length > 0,
        )
      },
    },
    {
      why: 'texts of a result are lines, where none has options; its media follow all results in a message of the user',
      apply: (body) => {
        const messages: Fields[] = []
        let media: unknown[] = []
        for (const message of messagesOf(body)) {
          if (media.length && message.role !== 'tool') messages.push({ role: 'user', content: media.splice(0) })
          messages.push(message)
          if (message.role !== 'tool' || !Array.isArray(message.content)) continue
          const texts = (message.content as Fields[]).filter(({ type }) => type === 'text')
          media = [...media, ...(message.content as Fields[]).filter(({ type }) => type !== 'text')]
          message.content = texts.some((part) => Object.keys(part).length > 2) ? texts : texts.map(({ text }) => text).join('\n')
        }
        if (media.length) messages.push({ role: 'user', content: media })
        body.messages = messages
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
          else if (message.role === 'assistant') message.content = joined(content as readonly Fields[])
        }
      },
    },
    {
      why: 'arguments are compared as what they say, not as how they are spaced',
      apply: (body) => {
        for (const message of messagesOf(body))
          for (const { function: f } of objects(message.tool_calls) as { function?: Fields }[])
            if (f) f.arguments = readArguments(f.arguments).input
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
      why: 'RubyLLM sends reasoning back under both names, or leaves an empty one out; which name is right, and whether it goes back, is in the preset',
      apply: (body, { api }) => {
        for (const message of messagesOf(body)) {
          if (message.role !== 'assistant') continue
          const reasoning = message.reasoning_content ?? message.reasoning
          delete message.reasoning
          delete message.reasoning_content
          if (reasoning && needsReasoning(api)) message.reasoning_content = reasoning
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
          for (const call of objects(message.tool_calls)) call.id = `call ${ids.push(call.id) - 1}`
          if (message.role === 'tool') message.tool_call_id = `call ${ids.indexOf(message.tool_call_id)}`
        }
      },
    },
  ],
  // that schema asks for an id in the choice of a tool, which the documentation and the clients do not know
  schema: ({ api, request }) => (api === 'together.chat' && isFields(request.body!.tool_choice) ? undefined : schemas[api]),
  skip: {},
}

const needsReasoning = (api: string): boolean => dialects[api]?.quirks?.reasoningBack !== undefined

const schemas: Readonly<Record<string, string>> = {
  'openai.chat': 'openai.chat.request.json',
  'openrouter.chat': 'openrouter.chat.request.json',
  'groq.chat': 'groq.chat.request.json',
  'mistral.chat': 'mistral.chat.request.json',
  'together.chat': 'together.chat.request.json',
  'huggingface.router.chat': 'huggingface.chat.request.json',
  'huggingface.hf-inference.chat': 'huggingface.tgi.chat.request.json',
}

/** Neighbours among plain texts are one, and so are the pieces of a thought. */
function joined(content: readonly Fields[]): Fields[] {
  const pieces: Fields[] = []
  for (const piece of content) {
    const last = pieces.at(-1)
    const plain = (part: Fields | undefined): boolean => part?.type === 'text' && Object.keys(part).length === 2
    if (plain(last) && plain(piece)) pieces[pieces.length - 1] = { type: 'text', text: `${String(last!.text)}${String(piece.text)}` }
    else if (piece.type === 'thinking' && Array.isArray(piece.thinking))
      pieces.push({
        ...piece,
        thinking: [
          {
            type: 'text',
            text: objects(piece.thinking)
              .map(({ text }) => text)
              .join(''),
          },
        ],
      })
    else pieces.push(piece)
  }
  return pieces
}

const messagesOf = (body: Fields): Fields[] => (Array.isArray(body.messages) ? (body.messages as unknown[]).filter(isFields) : [])
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

/** The functions of 2023 as tools: a call has no id there, so it gets its place as one. */
function modern(body: Fields): void {
  const { functions, function_call: choice } = body
  delete body.functions
  delete body.function_call
  if (Array.isArray(functions))
    body.tools = [...((body.tools ?? []) as Fields[]), ...functions.map((f) => ({ type: 'function', function: f as Fields }))]
  if (choice) body.tool_choice ??= typeof choice === 'string' ? choice : { type: 'function', function: choice }
  let called = 0
  for (const message of messagesOf(body)) {
    const { function_call: call } = message
    if (Array.isArray(message.content)) message.content = objects(message.content)
    delete message.function_call
    if (call) message.tool_calls ??= [{ id: `function_${++called}`, type: 'function', function: call }]
    if (message.role !== 'function') continue
    delete message.name
    Object.assign(message, { role: 'tool', tool_call_id: `function_${called}` })
  }
}

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

function parse({ api, provider, request }: Recording): ModelCall {
  const body = structuredClone(request.body!)
  // what clients write down without saying anything
  for (const { apply } of chat.normalise.slice(0, 2)) apply(body, { api, request } as Recording)
  const recorded = messagesOf(body)
  const named = new Map(
    recorded.flatMap((message) =>
      (objects(message.tool_calls) as unknown as RecordedCall[]).map((call) => [call.id, (call.custom ?? call.function)?.name]),
    ),
  )
  const messages: Message[] = []
  for (const [at, message] of recorded.entries()) {
    const before = recorded[at - 1]
    const last = messages.at(-1)
    const flat = { ...message, content: textOf(message.content) ?? message.content }
    if (isFiller(flat, before, recorded[at + 1])) continue
    if (message.role === 'tool') {
      const { role: _, tool_call_id, content, ...more } = message
      // the protocol's marks on pieces of a result have no neutral form
      const marked = objects(content).some((piece) => piece.type === 'text' && Object.keys(piece).length > 2)
      const own = marked ? { ...more, content } : more
      const id = String(tool_call_id)
      const part: ResultPart = defined({
        type: 'result',
        id,
        name: named.get(id) ?? 'unknown',
        ...(Array.isArray(content) ? { parts: partsOf(message, provider) } : { output: content ?? '' }),
        providerOptions: Object.keys(own).length ? { [name]: own } : undefined,
      })
      if (last?.role === 'tool') last.parts = [...last.parts, part]
      else messages.push({ role: 'tool', parts: [part] })
    } else if (last?.role === 'tool' && isAttachment(message, { role: 'tool' })) {
      const { output, parts = [{ type: 'text', text: String(output) }], ...result } = last.parts.at(-1) as ResultPart
      const media = partsOf(message, provider).filter((part): part is MediaPart => part.type === 'media')
      last.parts = [...last.parts.slice(0, -1), { ...result, parts: [...parts, ...media] }]
    } else {
      const role = message.role === 'developer' ? 'system' : (message.role as Message['role'])
      const speaker = role === 'user' ? (message.name as string | undefined) : undefined
      const known = role === 'assistant' ? [...read, 'reasoning', 'reasoning_content', 'reasoning_details', 'refusal', 'tool_calls'] : read
      const own = Object.fromEntries(
        Object.entries(message).filter(([key]) => !known.includes(key) && (key !== 'name' || speaker === undefined)),
      )
      // Magistral's instructions show how to think, in pieces that have no neutral form
      const shown = role === 'system' && objects(message.content).some(({ type }) => type === 'thinking')
      if (shown) Object.assign(own, { content: message.content })
      if (shown) message.content = ''
      const providerOptions = Object.keys(own).length ? { [name]: own } : undefined
      messages.push(
        defined({ role, name: speaker, parts: role === 'assistant' ? saidBy(message) : partsOf(message, provider), providerOptions }),
      )
    }
  }
  const system =
    messages[0]?.role === 'system' && !messages[0].providerOptions ? (messages.shift()!.parts as readonly TextPart[]) : undefined
  const reasoning = (body.reasoning ?? {}) as { effort?: 'low'; max_tokens?: number }
  const effort = (body.reasoning_effort as 'low' | undefined) ?? reasoning.effort
  const format = body.response_format as { json_schema?: Fields } | undefined
  const { effort: _effort, max_tokens: _max, ...rest } = reasoning as Fields
  const whole = api === 'openrouter.chat' && !Object.keys(rest).length
  const own = whole ? chatOptions.filter((key) => key !== 'reasoning') : chatOptions
  const options = Object.fromEntries(own.filter((key) => body[key] !== undefined).map((key) => [key, body[key]]))
  return defined({
    system: system?.length === 1 && !system[0]!.providerOptions ? system[0]!.text : system,
    messages,
    tools: (body.tools === undefined ? undefined : objects(body.tools))?.map((tool) => {
      const { type: _, function: f, custom, ...more } = tool
      if (!f) return { name: ((custom as Fields | undefined)?.name ?? tool.type) as string, hosted: { wire: name, definition: tool } }
      const { parameters, ...about } = f as { name: string; parameters?: Fields }
      return { ...about, ...(parameters && { input: parameters }), ...(Object.keys(more).length && { providerOptions: { [name]: more } }) }
    }),
    toolChoice: choiceOf(body.tool_choice),
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

function choiceOf(choice: unknown): ToolChoice | undefined {
  if (!isFields(choice)) return choice === 'any' ? 'required' : (choice as 'auto' | undefined)
  const { function: f, custom = f, allowed_tools: allowed } = choice as Record<string, { name: string; mode: string; tools: Fields[] }>
  if (!allowed) return typeof custom?.name === 'string' ? { tool: custom.name } : undefined
  return {
    tools: objects(allowed.tools).map((tool) => String(fields(tool.custom ?? tool.function).name)),
    required: allowed.mode === 'required',
  }
}

/** Fields of a message that have a place of their own. */
const read: readonly string[] = ['role', 'content', 'tool_call_id', 'index']

interface RecordedCall {
  id: string
  function?: { name: string; arguments: unknown }
  custom?: { name: string; input: string }
  extra_content?: Fields
}

/** An assistant's message: thinking first, then what it said, then its calls. */
function saidBy(message: Fields): Part[] {
  const { content, reasoning_content: thought = message.reasoning, reasoning_details: details, tool_calls: calls = [] } = message
  const pieces = Array.isArray(content) ? objects(content) : [{ type: 'text', text: content }]
  const parts: Part[] = []
  if (typeof thought === 'string') parts.push({ type: 'reasoning', text: thought })
  for (const { type, text, refusal, thinking, ...own } of pieces) {
    const options = Object.keys(own).length ? { providerOptions: { [name]: own } } : {}
    if (type === 'thinking')
      parts.push({
        type: 'reasoning',
        text: objects(thinking)
          .map((piece) => piece.text)
          .join(''),
      })
    if (type === 'thinking' && own.signature)
      parts.push({ type: 'opaque', kind: 'thinking', replay: { wire: name, data: { thinking_signature: own.signature as string } } })
    if (type === 'thinking') continue
    if (refusal) parts.push({ type: 'refusal', text: refusal as string })
    else if (text) parts.push({ type: 'text', text: text as string, ...options })
  }
  if (message.refusal) parts.push({ type: 'refusal', text: message.refusal as string })
  if (details) parts.push({ type: 'opaque', kind: 'message', replay: { wire: name, data: { reasoning_details: details as [] } } })
  for (const { id, function: f, custom, extra_content: extra } of objects(calls) as unknown as RecordedCall[]) {
    if (custom) parts.push({ type: 'call', id, ...custom })
    if (!f) continue
    const part: CallPart = { type: 'call', id, name: f.name, ...readArguments(f.arguments) }
    parts.push(extra ? { ...part, replay: { wire: name, data: { extra_content: extra as { google: {} } } } } : part)
  }
  return parts
}

function partsOf({ content }: Fields, provider: string): (TextPart | MediaPart)[] {
  if (!Array.isArray(content)) return [{ type: 'text', text: (content as string | undefined) ?? '' }]
  return objects(content).map((part) => {
    const {
      type,
      text,
      image_url: image,
      video_url: video,
      input_audio: audio,
      file,
      document_url: document,
      file_id: bare,
      ...others
    } = part
    const { file_url: named, file_name, ...own } = others
    const { url, detail } = (typeof image === 'string' ? { url: image } : (image ?? video ?? {})) as { url?: string; detail?: string }
    const options = { ...own, ...(detail !== undefined && { detail }) }
    const more = Object.keys(options).length ? { providerOptions: { [name]: options } } : {}
    const sound = (typeof audio === 'string' ? { data: audio, format: 'wav' } : audio) as { data: string; format: string } | undefined
    const {
      file_id: ref = bare as string | undefined,
      file_data: data,
      filename,
    } = (file ?? {}) as { file_id?: string; file_data?: string; filename?: string }
    if (type === 'text') return { type: 'text', text: text as string, ...more }
    if (sound) return { type: 'media', mime: `audio/${sound.format === 'mp3' ? 'mpeg' : sound.format}`, data: sound.data, ...more }
    if (ref) return { type: 'media', mime: 'application/pdf', ref, store: provider, ...more }
    if (data) return { type: 'media', ...located(data, 'application/pdf'), ...(filename && { name: filename }), ...more }
    if (named) {
      const address = String(fields(named).url)
      const place = /^https?:/.test(address) ? { url: address } : { data: address }
      return { type: 'media', mime: 'application/pdf', ...place, ...(typeof file_name === 'string' && { name: file_name }), ...more }
    }
    if (document) return { type: 'media', ...located(document as string, 'application/pdf'), ...more }
    return { type: 'media', ...located(url!, video ? 'video/*' : 'image/*'), ...more }
  })
}

function located(url: string, kind: string): { mime: string; data?: string; url?: string } {
  const [, mime, data] = /^data:([^;]+);base64,(.*)$/s.exec(url) ?? []
  return mime === undefined ? { mime: kind, url } : { mime, data: data! }
}

const textOf = (content: unknown): string | undefined =>
  Array.isArray(content) && content.length === 1 ? (fields(content[0]).text as string | undefined) : undefined

const defined = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
