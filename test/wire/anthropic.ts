// The Messages wire for the checks: its recorded requests as neutral calls, and what may differ from them.
import type { MediaPart, Message, ModelCall, ModelSettings, OpaquePart, Part, ResultPart, TextPart, ToolInfo } from '../../src/index.ts'
import { anthropic } from '../../src/providers/anthropic.ts'
import { messagesOptions, traitsOf, wire as name } from '../../src/providers/wire/anthropic-messages.ts'
import { objects } from '../../src/providers/wire/fields.ts'
import { strictSchema } from '../../src/providers/wire/anthropic-schema.ts'
import type { Fields, Wire } from './checks.ts'
import type { Recording } from './recordings.ts'

type Block = Fields & { type: string }

const header = ({ request }: Recording, wanted: string): string | undefined =>
  Object.entries(request?.headers ?? {}).find(([key]) => key.toLowerCase() === wanted)?.[1]

export const wire: Wire = {
  name,
  options: messagesOptions,
  skip: {},
  model: (recording, fetch) =>
    anthropic((recording.request?.body?.model as string | undefined) ?? 'claude-haiku-4-5', {
      apiKey: 'k',
      fetch,
      provider: recording.provider,
      ...(header(recording, 'anthropic-version') && { version: header(recording, 'anthropic-version') }),
    }),
  parse,
  // the schema is older than this tool and this role, which the API takes
  schema: ({ request }) =>
    /"web_search_20260318"|"role":"system"/.test(JSON.stringify(request.body)) ? undefined : 'anthropic.messages.request.json',
  normalise: [
    {
      why: 'null says what absence says; the form of an answer had a field of its own in the beta',
      apply: plainly,
    },
    {
      why: 'a string is short for one text block, in messages, instructions and results',
      apply(body) {
        body.messages = objects(body.messages)
        for (const message of [...messagesOf(body), body] as Fields[]) for (const key of ['content', 'system']) blocksAt(message, key)
        for (const block of blocksOf(body)) if (block.type === 'tool_result') blocksAt(block, 'content')
      },
    },
    {
      why: 'the API joins turns of one role that follow one another',
      apply(body) {
        const turns: { role: unknown; content: Block[] }[] = []
        for (const { role, content } of messagesOf(body)) {
          const last = turns.at(-1)
          if (last && last.role === role) last.content.push(...(objects(content) as Block[]))
          else turns.push({ role, content: objects(content) as Block[] })
        }
        body.messages = turns
      },
    },
    {
      why: 'defaults that some clients write out: no stream, no error, a direct caller, no citations, a custom tool',
      apply(body) {
        if (body.stream === false) delete body.stream
        const choice = (body.tool_choice ?? {}) as Fields
        if (choice.disable_parallel_tool_use === false) delete choice.disable_parallel_tool_use
        for (const block of blocksOf(body)) {
          if (block.type === 'tool_result' && block.is_error === false) delete block.is_error
          if (block.type === 'tool_result' && !(block.content as unknown[] | undefined)?.length) delete block.content
          if ((block.caller as Fields | undefined)?.type === 'direct') delete block.caller
          if (block.type === 'text' && !(block.citations as unknown[] | null | undefined)?.length) delete block.citations
        }
        for (const tool of objects(body.tools)) if (tool.type === 'custom' || tool.type === null) delete tool.type
      },
    },
    {
      why: 'what the API gives and does not take back (wire.md, the SDK’s parameter types): the file of a citation, blank text',
      apply(body) {
        for (const message of messagesOf(body))
          message.content = (objects(message.content) as Block[]).filter(({ type, text }) => type !== 'text' || String(text).trim() !== '')
        for (const { citations } of blocksOf(body))
          if (Array.isArray(citations)) for (const citation of objects(citations)) delete citation.file_id
      },
    },
    {
      why: 'a combination that the API refused is one that we do not send',
      apply(body, { response: { status } }) {
        if (status === 400) for (const key of ['temperature', 'top_p', 'top_k', 'thinking', 'tool_choice']) delete body[key]
      },
    },
    {
      why: 'constraints that the subset for answers lacks go into words, as the vendor’s SDK does it',
      apply(body) {
        const format = (body.output_config as { format?: Fields } | undefined)?.format
        if (format?.schema) format.schema = strictSchema(format.schema as Fields)
      },
    },
  ],
}

function plainly(body: Fields): void {
  for (const [key, value] of Object.entries(body)) if (value === null) delete body[key]
  if (body.output_format) body.output_config = { ...(body.output_config as Fields | undefined), format: body.output_format }
  delete body.output_format
}

const messagesOf = (body: Fields): { role: unknown; content: Block[] }[] =>
  objects(body.messages) as unknown as ReturnType<typeof messagesOf>
const blocksOf = (body: Fields): Block[] => [
  ...messagesOf(body).flatMap(({ content }) => objects(content) as Block[]),
  ...(objects(body.system) as Block[]),
]

function blocksAt(at: Fields, key: string): void {
  if (typeof at[key] === 'string') at[key] = at[key] ? [{ type: 'text', text: at[key] }] : undefined
}

function parse({ request }: Recording): ModelCall {
  const body = structuredClone(request.body!) as Fields
  plainly(body)
  const names = new Map<string, string>()
  const messages = messagesOf(body).flatMap((message) => parseMessage(message as unknown as Fields, names))
  const options: Fields = Object.fromEntries(messagesOptions.filter((key) => body[key] !== undefined).map((key) => [key, body[key]]))
  const { effort, format, ...config } = (body.output_config ?? {}) as { effort?: never; format?: { schema: Fields } }
  const { thinking, reasoning } = parseReasoning(body, effort)
  for (const key of ['thinking', 'output_config']) delete options[key]
  const rest = { ...config, ...(effort !== undefined && reasoning?.effort === undefined && { effort }) }
  const { type: choice, name: chosen, disable_parallel_tool_use: single } = (body.tool_choice ?? {}) as Record<string, string | undefined>
  if (thinking) options.thinking = thinking
  if (Object.keys(rest).length) options.output_config = rest
  const settings: ModelSettings = {
    ...some('maxTokens', body.max_tokens),
    ...some('temperature', body.temperature),
    ...some('topP', body.top_p),
    ...some('topK', body.top_k),
    ...some('stop', body.stop_sequences),
    ...(choice !== undefined && {
      toolChoice: choice === 'tool' ? { tool: chosen! } : choice === 'any' ? 'required' : (choice as 'auto' | 'none'),
    }),
    ...(single !== undefined && { parallelTools: !single }),
    ...(reasoning && { reasoning }),
    ...(Object.keys(options).length && { providerOptions: { [name]: options } }),
  }
  return {
    ...settings,
    messages,
    ...(body.system !== undefined && {
      system: typeof body.system === 'string' ? body.system : (objects(body.system) as Block[]).map((block) => parseText(block)),
    }),
    ...(body.tools !== undefined && { tools: (objects(body.tools) as Block[]).map(parseTool) }),
    ...(format && { output: { schema: format.schema } }),
    stream: body.stream === true,
  }
}

const some = (key: string, value: unknown): Fields => (value === undefined ? {} : { [key]: value })

/** Thinking in neutral words where they say it all: effort without thinking is no reasoning, and rare forms have no word. */
function parseReasoning({ thinking, model }: Fields, effort: unknown): { thinking?: unknown; reasoning?: ModelSettings['reasoning'] } {
  if (!thinking) return {}
  const { type, budget_tokens: tokens, display, ...more } = thinking as Fields
  const summary = display === undefined ? {} : { summary: display === 'summarized' }
  const knows = traitsOf(String(model)).thinking
  if (Object.keys(more).length === 0 && display !== null) {
    if (type === 'disabled' && knows !== 'always') return { reasoning: { effort: 'none' } }
    if (type === 'enabled' && (knows === 'budget' || knows === 'both'))
      return { reasoning: { tokens, ...summary, ...some('effort', effort) } as never }
    if (type === 'adaptive' && knows !== 'budget' && knows !== 'none')
      return { reasoning: { ...summary, ...some('effort', effort) } as never }
  }
  return { thinking }
}

function parseTool({ type, name: called, description, input_schema: input, strict, ...more }: Block): ToolInfo {
  // defined by Anthropic, run by the client
  if (/^(bash|text_editor|memory|computer)_\d/.test(type ?? ''))
    return { name: called as string, providerOptions: { [name]: { type, ...some('strict', strict), ...more } } }
  if (type !== undefined && type !== null && (type as string) !== 'custom')
    return {
      name: (called as string | undefined) ?? type,
      hosted: {
        wire: name,
        definition: { type, ...some('name', called), ...some('strict', strict), ...some('description', description), ...more },
      },
    }
  return {
    name: String(called),
    ...some('description', description),
    ...some('input', input),
    ...some('strict', strict),
    ...(Object.keys(more).length && { providerOptions: { [name]: more } }),
  } as ToolInfo
}

function parseMessage({ role, content }: Fields, names: Map<string, string>): Message[] {
  const blocks: Block[] = (typeof content === 'string' ? [{ type: 'text', text: content }] : objects(content)).map((block) => ({
    ...block,
    type: String(block.type),
  }))
  if (role !== 'user') return [{ role: role as 'assistant', parts: blocks.map((block) => parseSaid(block, names)) }]
  const results = blocks.filter(({ type }) => type === 'tool_result').map((block) => parseResult(block, names))
  const others = blocks.filter(({ type }) => type !== 'tool_result').map(parseGiven)
  return [
    ...(results.length ? [{ role: 'tool', parts: results } as const] : []),
    ...(others.length ? [{ role: 'user', parts: others } as const] : []),
  ]
}

function parseSaid(block: Block, names: Map<string, string>): Part {
  const { type, id, name: called, input } = block
  switch (type) {
    case 'text':
      return parseText(block)
    case 'thinking':
    case 'redacted_thinking':
      return { type: 'reasoning', text: (block.thinking as string | undefined) ?? '', replay: { wire: name, data: block as never } }
    case 'tool_use': {
      const { cache_control, caller, toolset_name } = block
      names.set(String(id), String(called))
      const extra = { ...some('caller', caller), ...some('toolset_name', toolset_name) }
      return {
        type: 'call',
        id: String(id),
        name: String(called),
        input,
        ...(Object.keys(extra).length && { replay: { wire: name, data: extra as never } }),
        ...(cache_control !== undefined && { providerOptions: { [name]: { cache_control } } }),
      } as Part
    }
    default:
      return type.endsWith('_tool_use')
        ? { type: 'call', id: String(id), name: String(called), input, by: 'provider', replay: { wire: name, data: block as never } }
        : opaque(block)
  }
}

const opaque = (block: Block): OpaquePart => ({ type: 'opaque', kind: block.type, replay: { wire: name, data: block as never } })

function parseText({ type: _, text, citations, ...options }: Block): TextPart {
  return {
    type: 'text',
    text: String(text),
    ...(citations ? { replay: { wire: name, data: { citations } as never } } : {}),
    ...(Object.keys(options).length && { providerOptions: { [name]: options } }),
  } as TextPart
}

function parseGiven(block: Block): TextPart | MediaPart | OpaquePart {
  const { type, source, title, ...options } = block
  if (type === 'text') return parseText(block)
  if (type === 'container_upload')
    return { type: 'media', mime: 'application/octet-stream', ref: String(block.file_id), store: 'anthropic' }
  const { type: kind, data, media_type: mime, url, file_id: ref } = (source ?? {}) as Record<string, never>
  if ((type === 'image' || type === 'document') && kind !== 'content')
    return {
      type: 'media',
      mime: mime ?? (type === 'image' ? 'image/*' : 'application/pdf'),
      ...(data !== undefined && { data: kind === 'text' ? Buffer.from(data ?? '', 'utf8').toString('base64') : data }),
      ...some('url', url),
      ...(ref !== undefined && { ref, store: 'anthropic' }),
      ...some('name', title),
      ...(Object.keys(options).length && { providerOptions: { [name]: options } }),
    } as MediaPart
  return { type: 'text', text: JSON.stringify(block), providerOptions: { [name]: { block } } }
}

function parseResult({ tool_use_id: id, content, is_error, cache_control }: Block, names: ReadonlyMap<string, string>): ResultPart {
  const parts = Array.isArray(content) ? (objects(content) as Block[]).map(parseGiven) : undefined
  const said = typeof content === 'string' ? content : ''
  return {
    type: 'result',
    id: String(id),
    name: names.get(String(id)) ?? '',
    ...(is_error
      ? {
          error: { code: 'tool/failed', message: said || (parts ?? []).map((part) => ('text' in part ? part.text : '')).join('') },
          ...(parts?.length === 1 && parts[0]!.type === 'text' && !parts[0]!.providerOptions ? {} : some('parts', parts)),
        }
      : parts
        ? { parts: parts as (TextPart | MediaPart)[] }
        : { output: said }),
    ...(cache_control !== undefined && { providerOptions: { [name]: { cache_control } } }),
  } as ResultPart
}
