// The Responses wire over recorded traffic: a recorded request as a neutral call, and the differences that are allowed.
import { canonical } from '../../src/canonical.ts'
import type { CallPart, MediaPart, Message, ModelCall, Part, ResultPart, TextPart, ToolChoice, ToolInfo } from '../../src/index.ts'
import { openai, responsesOptions, type ResponsesServer, responsesServers } from '../../src/providers/openai.ts'
import { objects } from '../../src/providers/wire/fields.ts'
import { readArguments } from '../../src/providers/wire/http.ts'
import { ResponsesDecoder } from '../../src/providers/wire/openai-responses-decoder.ts'
import { serverOf } from '../../src/providers/wire/openai-responses.ts'
import type { Fields, Normalisation, Wire } from './checks.ts'

const name = 'openai-responses'
const encrypted = 'reasoning.encrypted_content'

export const responses: Wire = {
  name,
  options: responsesOptions,
  model(recording, fetch) {
    const { provider, request, response } = recording
    const body = request.body ?? {}
    const known: ResponsesServer | undefined = responsesServers[provider as 'xai']
    const include = (body.include as string[] | undefined) ?? []
    return openai(typeof body.model === 'string' ? body.model : 'm', {
      ...known,
      provider,
      apiKey: 'k',
      fetch,
      store: body.store !== false,
      // what a provider refused would not be sent: to be compared it is
      ...(response.status >= 400 && { traits: {} }),
      quirks: {
        ...known?.quirks,
        encrypted: include.includes(encrypted),
        ...(itemsOf(body).some(({ role }) => role === 'developer') && { system: 'developer' }),
      },
    })
  },
  parse: ({ request, provider }) => parseCall(request.body ?? {}, serverOf(provider)),
  // that schema asks for a `request_id` in an approval, which it does not define and the SDK does not know
  schema: ({ provider, request }) =>
    provider === 'openai' && !itemsOf(request.body!).some(({ type }) => type === 'mcp_approval_response')
      ? 'openai.responses.request.json'
      : undefined,
  normalise: [
    {
      why: 'null says what absence says, and so do an empty list, an empty text, the defaults of `stream` and `store`, a choice without tools',
      apply(body) {
        for (const fields of [body, ...toolsOf(body), ...itemsOf(body), (body.reasoning ?? {}) as Fields]) dropNulls(fields)
        for (const [key, value] of Object.entries(body))
          if (
            value === '' ||
            (Array.isArray(value) && !value.length) ||
            (key === 'stream' && value === false) ||
            (key === 'store' && value === true)
          )
            delete body[key]
        if (!toolsOf(body).length) delete body.tool_choice
        if (canonical(body.reasoning ?? null) === '{}') delete body.reasoning
        if (formatOf(body)?.type === 'text') delete (body.text as Fields).format
        if (canonical(body.text ?? null) === '{}') delete body.text
      },
    },
    {
      why: 'the recorded client leaves `strict` or a schema of nothing to the server, whose default is another in Chat; we always say both',
      apply(body, { request }) {
        const said = toolsOf(request.body!)
        for (const [at, tool] of toolsOf(body).entries())
          if (tool.type === 'function')
            for (const field of ['strict', 'parameters']) if ((said[at]?.[field] ?? null) === null) delete tool[field]
        if ((formatOf(request.body!)?.strict ?? null) === null) delete formatOf(body)?.strict
      },
    },
    {
      why: 'one text may be written as a string or as a list of one; a message may name its type; auto is the default detail of a picture',
      apply(body) {
        if (typeof body.input === 'string') body.input = [{ role: 'user', content: body.input }]
        for (const item of itemsOf(body)) {
          if (item.role && item.id === undefined) {
            delete item.type
            delete item.status
          }
          for (const part of partsOf(item)) if (part.detail === 'auto') delete part.detail
          const only = partsOf(item).length === 1 ? partsOf(item)[0]! : undefined
          if (only?.type === 'input_text' && Object.keys(only).length === 2) item.content = only.text
        }
      },
    },
    {
      why: 'logprobs are not given back by every client, and an answer had none of them; no annotations and no summary are an empty list',
      apply(body) {
        for (const item of itemsOf(body)) {
          if (item.type === 'reasoning')
            for (const field of ['summary', 'content']) if (!(item[field] as unknown[] | undefined)?.length) delete item[field]
          for (const part of partsOf(item)) {
            delete part.logprobs
            if (Array.isArray(part.annotations) && !part.annotations.length) delete part.annotations
          }
        }
      },
    },
    {
      why: 'arguments are JSON: some clients write them anew, we give back the text of the model',
      apply(body) {
        for (const item of itemsOf(body))
          if (item.type === 'function_call' && typeof item.arguments === 'string')
            item.arguments = canonical(readArguments(item.arguments).input)
      },
    },
    {
      why: 'a status of reasoning, of a call or of its output, and the id of an output, are set by the server; some clients echo them',
      apply(body) {
        for (const item of itemsOf(body)) {
          if (
            ['reasoning', 'function_call', 'function_call_output', 'custom_tool_call', 'custom_tool_call_output'].includes(
              item.type as string,
            )
          )
            delete item.status
          if (/^(function_call|custom_tool_call|shell_call|computer_call|apply_patch_call)_output$/.test(String(item.type))) delete item.id
          if (/^(shell_call|computer_call|tool_search)_output$/.test(String(item.type))) delete item.status
          // that output names its call in `id`; we say it under both names
          if (item.type === 'local_shell_call_output') delete item.call_id
        }
      },
    },
    {
      why: 'the recorded client keeps no ids of the server’s items: it needs none as long as reasoning is encrypted or absent',
      apply(body, { request }) {
        for (const type of ['reasoning', 'function_call', 'message', 'custom_tool_call']) {
          const sent = itemsOf(request.body!).filter((item) => item.type === type || (type === 'message' && item.role === 'assistant'))
          if (sent.some(({ id }) => id)) continue
          for (const item of itemsOf(body)) {
            if (item.type !== type && !(type === 'message' && item.role === 'assistant')) continue
            delete item.id
            if (type === 'message') {
              delete item.type
              delete item.status
              if (!sent.some(({ phase }) => phase)) delete item.phase
              const texts = partsOf(item)
              if (texts.length && texts.every((part) => part.type === 'output_text')) item.content = texts.map(({ text }) => text).join('')
            }
          }
        }
      },
    },
    {
      why: 'the choice knows web search by the name of its first version only, and a second form of that name for it',
      apply(body) {
        const choice = body.tool_choice as Fields | undefined
        if (typeof choice === 'object' && String(choice.type).startsWith('web_search')) choice.type = 'web_search_preview'
      },
    },
    {
      why: 'one recorder writes the quotes of a request as plain ones',
      apply(body) {
        for (const item of itemsOf(body))
          for (const part of partsOf(item))
            if (typeof part.text === 'string') part.text = part.text.replace(/[\u2018\u2019]/g, "'").replace(/[\u201c\u201d]/g, '"')
      },
    },
    {
      why: 'the words over pictures that a tool gave are each client’s own',
      apply(body) {
        for (const item of itemsOf(body))
          for (const part of partsOf(item))
            if (typeof part.text === 'string') part.text = part.text.replace(/^(Attachments from tool call|From the tool call) /, 'From ')
      },
    },
  ] satisfies Normalisation[],
  skip: {
    'openai-responses--canoptoutofstorage-7036fc-2': 'a GET of a stored answer, which is no model call',
  },
}

/** Groups of several steps that no client could go through as they were recorded. */
export const unfaithful: Readonly<Record<string, string>> = {
  'openai-035fc6': 'the client answered with the id of the item instead of the id of the call',
  'openai-4f012f': 'the client left out the tool_search_output and changed the arguments of the search',
}

function parseCall(body: Fields, server: string): ModelCall {
  const {
    model: _model,
    input,
    instructions,
    stream,
    tools,
    tool_choice,
    text,
    reasoning,
    include,
    store,
    max_output_tokens,
    temperature,
    top_p,
    parallel_tool_calls,
    ...rest
  } = body
  const { format, ...textRest } = (text ?? {}) as { format?: Fields } & Fields
  const { effort, summary, ...reasoningRest } = dropNulls({ ...(reasoning as Fields) })
  const infos = objects(tools).map(parseTool)
  const kept = ((include ?? []) as string[]).filter((wanted) => store !== false || wanted !== encrypted)
  const choice = parseChoice(tool_choice, infos)
  const options = dropNulls({
    ...rest,
    ...(choice === undefined && tool_choice !== undefined && { tool_choice }),
    ...(Object.keys(textRest).length && { text: textRest }),
    ...(kept.length && { include: kept }),
    ...(Object.keys(reasoningRest).length || (summary && summary !== 'auto')
      ? { reasoning: { ...reasoningRest, ...(summary && summary !== 'auto' ? { summary } : {}) } }
      : {}),
  })
  return {
    ...(instructions ? { system: instructions as string } : {}),
    messages: parseInput(input, server),
    stream: stream === true,
    ...(infos.length && { tools: infos }),
    ...(choice !== undefined && { toolChoice: choice }),
    ...(format && format.type !== 'text' && { output: parseFormat(format) }),
    ...((effort || summary === 'auto') && {
      reasoning: { ...(effort ? { effort: effort as 'low' } : {}), ...(summary === 'auto' && { summary: true }) },
    }),
    ...(typeof max_output_tokens === 'number' && { maxTokens: max_output_tokens }),
    ...(typeof temperature === 'number' && { temperature }),
    ...(typeof top_p === 'number' && { topP: top_p }),
    ...(typeof parallel_tool_calls === 'boolean' && { parallelTools: parallel_tool_calls }),
    ...(Object.keys(options).length && { providerOptions: { [name]: options } }),
  }
}

function parseInput(input: unknown, server: string): Message[] {
  if (typeof input === 'string') return [{ role: 'user', parts: [{ type: 'text', text: input }] }]
  const messages: { role: Message['role']; parts: Part[] }[] = []
  const names = new Map<string, string>()
  const into = (role: Message['role'], ...parts: Part[]): void => {
    const last = messages.at(-1)
    if (last?.role === role && (role === 'assistant' || role === 'tool')) last.parts.push(...parts)
    else messages.push({ role, parts })
  }
  for (const item of objects(input)) {
    const type = (item.type as string | undefined) ?? 'message'
    if (type === 'message' && item.role !== 'assistant') {
      const parts = contents(item.content, server)
      // pictures of a tool that went into a user message
      const of = /^Attachments from tool call (.+):$/.exec(parts[0]?.type === 'text' ? parts[0].text : '')?.[1]
      const results = messages.at(-1)?.parts as ResultPart[] | undefined
      const at = of === undefined ? -1 : (results?.findIndex((part) => part.type === 'result' && part.id === of) ?? -1)
      if (at >= 0) {
        const { output, ...result } = results![at]!
        results![at] = { ...result, parts: [{ type: 'text', text: output as string }, ...parts.slice(1)] }
      } else into(item.role === 'user' ? 'user' : 'system', ...parts)
    } else if (type === 'message') {
      // two answers one after another, where no ids tell them apart
      if (!item.id && messages.at(-1)?.role === 'assistant' && messages.at(-1)!.parts.at(-1)?.type === 'text')
        messages.push({ role: 'assistant', parts: [] })
      into('assistant', ...parseAnswer(item, server))
    } else if (
      type === 'mcp_approval_response' ||
      (type.endsWith('_output') && (type !== 'tool_search_output' || item.execution === 'client'))
    )
      into('tool', parseResult(item, names, server))
    else {
      const part = parseItem(item, type, server)
      for (const one of part) if (one.type === 'call') names.set(one.id, one.name)
      into('assistant', ...part)
    }
  }
  return messages
}

function parseAnswer({ id, status, phase, content }: Fields, server: string): Part[] {
  const parts = typeof content === 'string' ? [{ type: 'output_text', text: content }] : objects(content)
  return parts.map((part): Part => {
    const data = id ? dropNulls({ id, status, phase, annotations: part.annotations }) : dropNulls({ phase })
    return {
      ...(part.type === 'refusal'
        ? { type: 'refusal', text: (part.refusal ?? '') as string }
        : { type: 'text', text: (part.text ?? '') as string }),
      ...(Object.keys(data).length && { replay: { wire: server, data: data as Record<string, string> } }),
    }
  })
}

function parseItem(item: Fields, type: string, server: string): Part[] {
  if (type === 'reasoning') {
    const { id, summary, content, encrypted_content } = item
    const texts = objects(content ?? summary)
    return [
      {
        type: 'reasoning',
        text: texts.map(({ text }) => text).join('\n\n'),
        replay: { wire: server, data: dropNulls({ type, id, summary, content, encrypted_content }) as Record<string, string> },
      },
    ]
  }
  if (type === 'function_call') {
    const { type: _type, call_id, name, arguments: args, status: _status, ...rest } = item
    const data = dropNulls({ ...rest, arguments: args })
    return [
      {
        type: 'call',
        id: call_id as string,
        name: name as string,
        ...readArguments(args),
        replay: { wire: server, data: data as Record<string, string> },
      },
    ]
  }
  // what the provider calls its own is kept whole by the decoder: it is asked for the parts
  const decoder = new ResponsesDecoder({ provider: 'p', server })
  return [...decoder.body({ output: [item], status: 'completed' })].flatMap((chunk) => (chunk.type === 'part' ? [chunk.part] : []))
}

function parseResult(item: Fields, names: ReadonlyMap<string, string>, server: string): ResultPart {
  const id = (item.call_id ?? item.approval_request_id ?? item.id) as string
  const { output } = item
  const result = { type: 'result', id, name: names.get(id) ?? 'tool' } as const
  // the call may be held by the server: then the result says itself what it answers
  const type = String(item.type)
    .replace(/_output$/, '')
    .replace('approval_response', 'approval_request')
  const replay = type === 'function_call' ? {} : { replay: { wire: server, data: { type } } }
  if (type === 'tool_search')
    return { ...result, output: { tools: item.tools }, replay: { wire: server, data: { type: 'tool_search_call' } } }
  if (type === 'mcp_approval_request')
    return item.approve
      ? { ...result, output: true, ...replay }
      : { ...result, error: { code: 'tool/declined', message: (item.reason ?? '') as string }, ...replay }
  if (type === 'apply_patch_call' && item.status === 'failed')
    return { ...result, error: { code: 'tool/failed', message: String(output).replace(/^Error: /, '') }, ...replay }
  if (Array.isArray(output) && type === 'shell_call') return { ...result, output, ...replay }
  if (item.type === 'computer_call_output')
    return {
      ...result,
      parts: [media({ type: 'input_image', ...(output as Fields) }, server)],
      ...replay,
    }
  return typeof output === 'string' ? { ...result, output, ...replay } : { ...result, parts: contents(output, server), ...replay }
}

function contents(content: unknown, server: string): (TextPart | MediaPart)[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return objects(content).map((part) => {
    if (part.type !== 'input_text') return media(part, server)
    const { type: _type, text, ...options } = part
    return { type: 'text', text: (text ?? '') as string, ...(Object.keys(options).length && { providerOptions: { [name]: options } }) }
  })
}

function media({ type, image_url, file_url, file_data, file_id, filename, detail }: Fields, server: string): MediaPart {
  const from = (image_url ?? file_data ?? file_url) as string | undefined
  const inline = /^data:([^;]+);base64,(.*)$/s.exec(from ?? '')
  return {
    type: 'media',
    mime: inline?.[1] ?? (type === 'input_image' ? 'image/*' : 'application/*'),
    ...(inline ? { data: inline[2]! } : file_id ? { ref: file_id as string, store: server.split('/')[1] ?? 'openai' } : { url: from! }),
    ...(filename ? { name: filename as string } : {}),
    ...(detail && detail !== 'auto' ? { providerOptions: { [name]: { detail } } } : {}),
  }
}

function parseTool(tool: Fields): ToolInfo {
  if (tool.type !== 'function')
    return { name: (tool.server_label ?? tool.name ?? tool.type) as string, hosted: { wire: name, definition: tool } }
  const { type: _type, name: called, description, parameters, strict, ...options } = dropNulls({ ...tool })
  return {
    name: called as string,
    ...(description !== undefined && { description: description as string }),
    input: parameters as Record<string, unknown>,
    ...(strict !== undefined && { strict: strict as boolean }),
    ...(Object.keys(options).length && { providerOptions: { [name]: options } }),
  }
}

/** The choice in neutral words; nothing where there are none for it: it goes as an option then. */
function parseChoice(choice: unknown, tools: readonly ToolInfo[]): ToolChoice | undefined {
  if (typeof choice !== 'object' || choice === null) return choice as 'auto' | undefined
  const { type, name: called, mode, tools: some } = choice as Fields
  const named = (fields: Fields): string | undefined => {
    if (fields.type === 'function' || fields.type === 'custom') return fields.name as string
    return tools.find(
      ({ hosted }) =>
        String(hosted?.definition.type).replace(/_preview.*/, '') === String(fields.type).replace(/_preview.*/, '') &&
        (fields.type !== 'mcp' || hosted?.definition.server_label === fields.server_label),
    )?.name
  }
  if (type === 'allowed_tools') {
    const names = objects(some).map(named)
    return names.includes(undefined) ? undefined : { tools: names as string[], required: mode === 'required' }
  }
  const only = type === 'mcp' && called ? undefined : named(choice as Fields)
  return only === undefined ? undefined : { tool: only }
}

function parseFormat({ type, name: called, description, schema, strict }: Fields): NonNullable<ModelCall['output']> {
  if (type === 'json_object') return {}
  return dropNulls({ name: called, description, schema, strict }) as NonNullable<ModelCall['output']>
}

const formatOf = (body: Fields): Fields | undefined => (body.text as { format?: Fields } | undefined)?.format
const itemsOf = (body: Fields): Fields[] => objects(body.input)
const toolsOf = (body: Fields): Fields[] => objects(body.tools)
const partsOf = ({ content }: Fields): Fields[] => objects(content)

function dropNulls(fields: Fields): Fields {
  for (const [key, value] of Object.entries(fields)) if (value === null || value === undefined) delete fields[key]
  return fields
}

export const functionCalls = (parts: readonly Part[]): CallPart[] =>
  parts.filter((part): part is CallPart => part.type === 'call' && part.by !== 'provider')
