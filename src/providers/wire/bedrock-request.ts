import type { Message, TextPart } from '../../message.ts'
import type { ModelCall, ToolInfo } from '../../model.ts'
import { traitsOf as claudeTraits } from './anthropic-models.ts'
import { reasoningOf, samplingOf } from './anthropic-request.ts'
import { strictSchema } from './anthropic-schema.ts'
import { encodeTurns, pointOf, type Turn } from './bedrock-content.ts'
import { traitsOf, wire } from './bedrock-models.ts'
import type { Fields } from './fields.ts'

/** What `providerOptions.bedrock` may set of a call beside the neutral fields; objects are laid over what the call says itself. */
export const bedrockOptions = [
  'additionalModelRequestFields',
  'additionalModelResponseFieldPaths',
  'guardrailConfig',
  'inferenceConfig',
  'outputConfig',
  'performanceConfig',
  'promptVariables',
  'requestMetadata',
  'serviceTier',
  'system',
  'toolConfig',
] as const

/** A call as a request of Converse. Throws `model/unsupported` for media that it does not take. */
export function encodeConverse(call: ModelCall, id: string): { body: Fields; dropped: string[] } {
  const dropped: string[] = []
  const drop = (setting: string): number => dropped.push(setting)
  const options = (call.providerOptions?.[wire] ?? {}) as Record<string, Fields | undefined>
  const traits = traitsOf(id)
  const lead = call.messages.findIndex(({ role }) => role !== 'system')
  const [first, rest] = lead < 0 ? [call.messages, []] : [call.messages.slice(0, lead), call.messages.slice(lead)]
  const messages = encodeTurns(rest)
  const { output } = call
  const structured = output?.schema && traits.structured
  if (output && !structured) drop('output')
  const own = id.includes('claude') ? claude(call, id, drop) : others(call, id, drop)
  const stops = call.stop?.filter((sequence) => sequence.trim())
  for (const setting of ['seed', 'presencePenalty', 'frequencyPenalty', 'parallelTools'] as const)
    if (call[setting] !== undefined && call[setting] !== true && call[setting] !== 0) drop(setting)
  const inference = {
    maxTokens: call.maxTokens,
    ...own.sampling,
    stopSequences: stops?.length ? stops : undefined,
    ...options.inferenceConfig,
  }
  const additional = { ...own.additional, ...options.additionalModelRequestFields }
  const system = [
    ...systemOf(call, first),
    ...(output && !structured ? [{ text: inWords(output.schema) }] : []),
    ...((options.system as Fields[] | undefined) ?? []),
  ]
  const schema = output?.schema
  return {
    dropped,
    body: {
      ...Object.fromEntries(bedrockOptions.map((name) => [name, options[name]])),
      messages,
      system: system.length ? system : undefined,
      inferenceConfig: filled(inference),
      toolConfig: filled({
        ...toolsOf(call, own.forced && traits.choice, messages, traits.choice ? drop : undefined),
        ...options.toolConfig,
      }),
      additionalModelRequestFields: filled(additional),
      outputConfig: filled({
        textFormat: structured
          ? {
              type: 'json_schema',
              structure: {
                jsonSchema: {
                  schema: JSON.stringify(output.strict === false ? schema : strictSchema(schema!)),
                  name: output.name ?? 'answer',
                  description: output.description,
                },
              },
            }
          : undefined,
        ...options.outputConfig,
      }),
    },
  }
}

/** For what the model cannot be held to. */
const inWords = (schema: object | undefined): string =>
  `Answer with JSON only, without a word around it${schema ? `, that fits this JSON Schema: ${JSON.stringify(schema)}` : '.'}`

type Drop = (setting: string) => unknown

const filled = (value: Fields): Fields | undefined => (Object.values(value).some((field) => field !== undefined) ? value : undefined)

interface Own {
  sampling: Fields
  additional: Fields
  /** Whether a tool may be forced on the model. */
  forced: boolean
}

/** Claude's own rules: which sampling it takes, how it thinks, and that a forced tool and thinking exclude each other. */
function claude(call: ModelCall, id: string, drop: Drop): Own {
  const traits = claudeTraits(id)
  const reasoning = reasoningOf(call, traits, call.maxTokens ?? traits.output, drop)
  let { thinking } = reasoning
  let forced = true
  if (isForced(call) && (thinking?.type === 'enabled' || (!traits.forced && thinking?.type !== 'disabled'))) {
    if (traits.thinking === 'always') {
      forced = false
      drop('toolChoice')
    } else {
      if (thinking) drop('reasoning')
      thinking = thinking || !traits.forced ? { type: 'disabled' } : undefined
    }
  }
  const { temperature, top_p: topP, top_k } = samplingOf(call, traits, '', thinking, drop)
  return {
    forced,
    sampling: { temperature, topP },
    additional: {
      // as it was seen to work; what measures for itself has the name of the Messages API
      ...(thinking && { [thinking.type === 'enabled' ? 'reasoning_config' : 'thinking']: thinking }),
      ...(reasoning.effort && thinking?.type !== 'disabled' && { output_config: { effort: reasoning.effort } }),
      top_k,
    },
  }
}

const isForced = ({ toolChoice: choice, tools }: ModelCall): boolean =>
  !!tools?.length && (choice === 'required' || (typeof choice === 'object' && ('tool' in choice || choice.required === true)))

function others({ temperature, topP, topK, reasoning, toolChoice, tools }: ModelCall, id: string, drop: Drop): Own {
  const traits = traitsOf(id)
  const thinks = reasoning?.effort && traits.effort?.(reasoning.effort)
  if (reasoning?.effort && !thinks && reasoning.effort !== 'none') drop('reasoning.effort')
  if (reasoning?.tokens !== undefined) drop('reasoning.tokens')
  if (topK !== undefined && !traits.topK) drop('topK')
  if (!traits.choice && isForced({ toolChoice, tools, messages: [] })) drop('toolChoice')
  return { forced: true, sampling: { temperature, topP }, additional: { ...thinks, ...(topK !== undefined && traits.topK?.(topK)) } }
}

function systemOf({ system = [] }: ModelCall, lead: readonly Message[]): Fields[] {
  const parts: TextPart[] = typeof system === 'string' ? [{ type: 'text', text: system }] : [...system]
  for (const { parts: led } of lead) for (const part of led) if (part.type === 'text') parts.push(part)
  return parts.flatMap((part) => (part.text.trim() ? [{ text: part.text }, ...pointOf(part.providerOptions)] : []))
}

/**
 * Converse has no choice among some tools, and none for no tool: the others leave the list. But where the conversation holds
 * calls it wants to know their tools, also where none may be called.
 */
function toolsOf(
  { tools = [], toolChoice }: ModelCall,
  choosable: boolean,
  turns: readonly Turn[],
  drop: Drop | undefined,
): { tools?: Fields[]; toolChoice?: Fields } {
  const named = typeof toolChoice === 'object' && 'tools' in toolChoice ? toolChoice : undefined
  const called = new Set(
    turns.flatMap(({ content }) => content.flatMap(({ toolUse }) => (toolUse ? [String((toolUse as Fields).name)] : []))),
  )
  const allowed =
    toolChoice === 'none' ? (called.size ? tools : []) : named ? tools.filter(({ name }) => named.tools.includes(name)) : tools
  if (toolChoice === 'none' && allowed.length) drop?.('toolChoice')
  const list = allowed.flatMap((tool) => encodeTool(tool, drop ?? (() => {})))
  if (!list.length) {
    if (!called.size) return {}
    return { tools: [...called].map((name) => ({ toolSpec: { name, inputSchema: { json: { type: 'object' } } } })) }
  }
  const one =
    typeof toolChoice === 'object' && 'tool' in toolChoice
      ? toolChoice.tool
      : named?.required && named.tools.length === 1
        ? named.tools[0]
        : undefined
  const any = toolChoice === 'required' || named?.required ? { any: {} } : undefined
  const choice = one !== undefined ? { tool: { name: one } } : toolChoice === 'auto' ? { auto: {} } : any
  return { tools: list, ...(choosable && choice && { toolChoice: choice }) }
}

function encodeTool({ name, description, input, strict, hosted, providerOptions }: ToolInfo, drop: Drop): Fields[] {
  if (hosted?.wire === wire) return [hosted.definition]
  if (hosted) {
    drop(`tool ${name}`)
    return []
  }
  const schema = input && strict ? strictSchema(input) : (input ?? { properties: {} })
  const { cachePoint: _, ...options } = providerOptions?.[wire] ?? {}
  const toolSpec = { name, description, inputSchema: { json: { type: 'object', ...schema } }, strict, ...options }
  return [{ toolSpec }, ...pointOf(providerOptions)]
}
