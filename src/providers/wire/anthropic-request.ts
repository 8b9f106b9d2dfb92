import type { Message, TextPart } from '../../message.ts'
import type { ModelCall, ToolChoice, ToolInfo } from '../../model.ts'
import { type Block, encodeConversation, text } from './anthropic-content.ts'
import { budgets, type ClaudeTraits, effortOf, wire } from './anthropic-models.ts'
import { strictSchema } from './anthropic-schema.ts'
import { defined, type Fields } from './fields.ts'

/**
 * What `providerOptions['anthropic-messages']` may set of a call beside the neutral fields. `betas` (values of the `anthropic-beta` header)
 * is not among them: no body has it, and a tool may ask for some as well as a call.
 */
export const messagesOptions = [
  'billing_policy',
  'cache_control',
  'compaction',
  'container',
  'context_management',
  'diagnostics',
  'fallback_credit_token',
  'fallbacks',
  'inference_geo',
  'mcp_servers',
  'metadata',
  'output_config',
  'service_tier',
  'speed',
  'thinking',
  'thread',
  'user_profile_id',
] as const

/** The first version of the API that takes no temperature, top_p and top_k, not even their default values. */
const withoutSampling = '2026-10-21'

export interface MessagesRequest {
  body: Fields
  /** Settings of the call that were left out or weakened, since this model or version would refuse the whole call for them. */
  dropped: string[]
  /** Betas that the call and its tools ask for. */
  betas: readonly string[]
}

/** A call as a request body of the Messages API. Throws `model/unsupported` for media that it does not take. */
export function encodeMessages(call: ModelCall, model: string, traits: ClaudeTraits, version: string): MessagesRequest {
  const dropped: string[] = []
  const drop = (setting: string): number => dropped.push(setting)
  const options = call.providerOptions?.[wire] ?? {}
  const limit = call.maxTokens ?? traits.output
  const { tools, choice, betas, servers } = toolsOf(call, drop)
  const first = call.messages.findIndex(({ role }) => role !== 'system')
  const lead = first < 0 ? call.messages : call.messages.slice(0, first)
  const messages = call.messages.slice(lead.length)

  const reasoning = reasoningOf(call, traits, limit, drop)
  let { effort } = reasoning
  let thinking = (options.thinking as Fields | undefined) ?? reasoning.thinking
  let forced = choice
  if (!options.thinking && isForced(choice) && (thinking?.type === 'enabled' || (!traits.forced && thinking?.type !== 'disabled'))) {
    // forced tool use and thinking exclude each other: the choice of tools is the harder word
    if (traits.thinking === 'always') {
      forced = { ...choice, type: 'auto', name: undefined }
      drop('toolChoice')
    } else {
      if (thinking) drop('reasoning')
      thinking = { type: 'disabled' }
      effort = undefined
    }
  }
  const { signed, system: between } = traits
  const turns = encodeConversation(messages, {
    // the API gets along with a turn that began otherwise, but not with one that ends in thinking it was told to do without
    thinking: thinking?.type === 'disabled' ? 'none' : signed ? 'signed' : 'all',
    system: between,
  })

  const { output, stop } = call
  if (output && !output.schema) drop('output')
  const config = defined({
    effort,
    format: output?.schema && { type: 'json_schema', schema: output.strict === false ? output.schema : strictSchema(output.schema) },
    ...(options.output_config as Fields | undefined),
  })
  const container = call.tools?.some(({ hosted }) => hosted) ? containerOf(messages, options.container) : options.container
  const stops = stop?.filter((sequence) => sequence.trim())
  for (const setting of ['seed', 'presencePenalty', 'frequencyPenalty'] as const) if (call[setting]) drop(setting)
  return {
    dropped,
    betas: [options.betas ?? [], betas].flat(2) as string[],
    // what is undefined is not sent
    body: {
      ...Object.fromEntries(messagesOptions.map((name) => [name, options[name]])),
      model,
      max_tokens: limit,
      messages: turns,
      stream: call.stream === false ? undefined : true,
      system: systemOf(call, lead, output && !output.schema),
      tools: tools.length ? tools : undefined,
      tool_choice: tools.length ? forced : undefined,
      ...samplingOf(call, traits, version, thinking, drop),
      stop_sequences: stops?.length ? stops : undefined,
      thinking,
      output_config: Object.keys(config).length ? config : undefined,
      container,
      mcp_servers: servers.length ? [options.mcp_servers ?? [], servers].flat() : options.mcp_servers,
    },
  }
}

type Drop = (setting: string) => unknown

/** Instructions, the system messages before the first other one, and, as the API has no JSON without a schema, a word for that. */
function systemOf({ system }: ModelCall, lead: readonly Message[], json: boolean | undefined): Block[] | undefined {
  const parts: TextPart[] = typeof system === 'string' ? [{ type: 'text', text: system }] : [...(system ?? [])]
  for (const { parts: led, providerOptions } of lead)
    for (const part of led) if (part.type === 'text') parts.push({ ...part, ...(providerOptions && { providerOptions }) })
  if (json) parts.push({ type: 'text', text: 'Answer with JSON only, without a word around it.' })
  const blocks = parts.flatMap((part) => text(part))
  return blocks.length ? blocks : undefined
}

interface Tools {
  tools: Fields[]
  betas: unknown[]
  servers: unknown[]
  choice: Fields | undefined
}

/**
 * The API has no choice among some of its tools. One of them, required, is `tool`, with the list as it was. Else the others leave the
 * list: they cannot be called then, which is the point, though a changed list makes the prompt cache start anew.
 */
function toolsOf({ tools = [], toolChoice, parallelTools }: ModelCall, drop: Drop): Tools {
  const named = typeof toolChoice === 'object' && 'tools' in toolChoice ? toolChoice : undefined
  const only = named?.required && named.tools.length === 1 ? { tool: named.tools[0]! } : undefined
  const allowed = named && !only ? tools.filter(({ name }) => named.tools.includes(name)) : tools
  const choice = choiceOf(only ?? toolChoice)
  const single = parallelTools === false && choice?.type !== 'none'
  // a tool says by its options which betas it needs, and an MCP toolset where its server is
  const encoded = allowed.flatMap((tool) => encodeTool(tool, drop))
  return {
    tools: encoded.map(({ betas: _, server: __, ...definition }) => definition),
    betas: encoded.map(({ betas }) => betas ?? []),
    servers: encoded.flatMap(({ server }) => server ?? []),
    choice: single ? { type: 'auto', ...choice, disable_parallel_tool_use: true } : choice,
  }
}

function choiceOf(choice: ToolChoice | undefined): Fields | undefined {
  if (choice === undefined) return undefined
  if (typeof choice === 'string') return { type: choice === 'required' ? 'any' : choice }
  return 'tool' in choice ? { type: 'tool', name: choice.tool } : { type: choice.required ? 'any' : 'auto' }
}

const isForced = (choice: Fields | undefined): choice is Fields => choice?.type === 'any' || choice?.type === 'tool'

function encodeTool({ name, description, input, strict, hosted, providerOptions }: ToolInfo, drop: Drop): Fields[] {
  if (hosted && hosted.wire !== wire) {
    drop(`tool ${name}`)
    return []
  }
  if (hosted) return [{ ...hosted.definition, ...providerOptions?.[wire] }]
  const options = providerOptions?.[wire]
  // a tool that Anthropic has defined and the kit runs (bash, text editor, memory, computer): its type says it all
  if (options?.type && options.type !== 'custom') return [{ name, ...options }]
  const schema = input && strict ? strictSchema(input) : (input ?? { properties: {} })
  return [{ name, description, input_schema: { type: 'object', ...schema }, strict, ...options }]
}

/** How a model of these traits is told to think: `thinking` and an effort. */
export function reasoningOf(
  { reasoning }: ModelCall,
  traits: ClaudeTraits,
  limit: number,
  drop: Drop,
): { thinking?: Fields | undefined; effort?: string | undefined } {
  if (!reasoning) return {}
  const { effort, tokens, summary } = reasoning
  if (effort === 'none') {
    if (traits.thinking === 'none') return {}
    if (traits.thinking !== 'always') return { thinking: { type: 'disabled' } }
    drop('reasoning.effort')
    return { effort: effortOf('minimal', traits) }
  }
  if (traits.thinking === 'none') {
    drop('reasoning')
    return {}
  }
  const display = summary === undefined ? undefined : summary ? 'summarized' : 'omitted'
  const level = effort && effortOf(effort, traits)
  if (traits.thinking === 'budget' || (traits.thinking === 'both' && tokens !== undefined)) {
    // the API's bounds: at least 1,024, and less than max_tokens
    const budget = Math.min(Math.max(tokens ?? budgets[effort ?? 'medium'], 1024), limit - 1)
    if (budget >= 1024) return { thinking: { type: 'enabled', budget_tokens: budget, display }, effort: level }
    drop('reasoning')
    return { effort: level }
  }
  if (tokens !== undefined) drop('reasoning.tokens')
  return { thinking: { type: 'adaptive', display }, effort: level }
}

/** The sampling that a model of these traits takes; what it would refuse is dropped. */
export function samplingOf(
  { temperature, topP, topK }: ModelCall,
  traits: ClaudeTraits,
  version: string,
  thinking: Fields | undefined,
  drop: Drop,
): Fields {
  const thinks = thinking !== undefined && thinking.type !== 'disabled'
  const none = /^\d/.test(version) && version >= withoutSampling
  const fixed = none || traits.sampling === 'none'
  const warm = temperature !== undefined && !none && (temperature === 1 || (!fixed && !thinks && temperature >= 0))
  const nucleus = topP !== undefined && !fixed && (!thinks || topP >= 0.95) && !(warm && traits.sampling === 'one')
  const top = topK !== undefined && !fixed && !thinks
  if (temperature !== undefined && (!warm || temperature > 1)) drop('temperature')
  if (topP !== undefined && !nucleus) drop('topP')
  if (topK !== undefined && !top) drop('topK')
  return {
    temperature: warm ? Math.min(temperature, 1) : undefined,
    top_p: nucleus ? topP : undefined,
    top_k: top ? topK : undefined,
  }
}

/** The container that the conversation has worked in so far, while it lives; calls made from its code can be answered only with it. */
function containerOf(messages: readonly Message[], given: unknown): unknown {
  const last = messages
    .flatMap(({ parts }) => parts)
    .findLast((part) => part.type === 'opaque' && part.kind === 'container' && part.replay.wire === wire)
  const { id, expires_at } = (last?.replay?.data ?? {}) as { id?: string; expires_at?: string }
  if (typeof given === 'string' || id === undefined || Date.parse(expires_at ?? '') < Date.now()) return given
  return given ? { id, ...given } : id
}
