// The items of OpenAI's own tools: which ones the caller answers, which the provider has answered itself, and how each goes back.
import type { Json, Part, Replay, ResultPart } from '../../message.ts'
import type { ToolInfo } from '../../model.ts'
import { parse } from './http.ts'
import { defined, type Fields, fields, isObject, objects, textIn } from './fields.ts'

export const wire = 'openai-responses'

/** What an item asks of the caller's own machine or person: the types of tool that it comes from. */
const asked: Readonly<Record<string, readonly unknown[]>> = {
  computer_call: ['computer', 'computer_use_preview', 'computer_use'],
  local_shell_call: ['local_shell'],
  shell_call: ['shell'],
  apply_patch_call: ['apply_patch'],
  tool_search_call: ['tool_search'],
  mcp_approval_request: ['mcp'],
}

/** Where an item of the provider's own work holds what came out of it. */
const outcomes: Readonly<Record<string, string>> = {
  mcp_call: 'output',
  code_interpreter_call: 'outputs',
  file_search_call: 'results',
  image_generation_call: 'result',
}

export const replayOf = (server: string, data: Fields): { replay: Replay } => ({
  replay: { wire: server, data: data as Record<string, Json> },
})

/** An item of a hosted tool as parts that give it back: a call of the tool that it came from, and what came out of it where it says so. */
export function hostedParts(item: Fields, tools: readonly ToolInfo[], server: string): Part[] {
  const type = textIn(item.type)
  if (type === undefined) return []
  const whole = replayOf(server, item)
  const id = textIn(item.call_id) ?? textIn(item.id) ?? ''
  const name = type.replace(/_(call|request)$/, '')
  if (Object.hasOwn(asked, type)) {
    const from = tools.find(({ hosted }) => hosted?.wire === wire && comesFrom(item, hosted.definition))
    if (waits(item, from?.hosted?.definition))
      return item.status === 'incomplete' ? [] : [{ type: 'call', id, name: from?.name ?? name, input: inputOf(item), ...whole }]
  }
  if (!type.endsWith('_call')) return [{ type: 'opaque', kind: type, ...whole }]
  const done = { id: textIn(item.id) ?? id, name: textIn(item.name) ?? name, by: 'provider' } as const
  const call = { type: 'call', ...done, input: inputOf(item) } as const
  if (item.error)
    return [
      { ...call, ...whole },
      { type: 'result', ...done, error: { code: 'tool/failed', message: messageOf(item.error) } },
    ]
  const at = outcomes[type]
  if (at === undefined || !item[at]) return [{ ...call, ...whole }]
  // the outcome is in the part, once: the item is put together again from there
  const { [at]: output, ...rest } = item
  const apart = replayOf(server, { at, item: rest })
  if (at !== 'result' || typeof output !== 'string') return [call, { type: 'result', ...done, output, ...apart }]
  const format = textIn(item.output_format) ?? 'png'
  return [call, { type: 'media', mime: `image/${format === 'svg' ? 'svg+xml' : format}`, data: output, ...apart }]
}

/** An approval is asked for by the MCP server's tool, everything else by the only one of its type. */
const comesFrom = ({ type, server_label }: Fields, definition: Fields): boolean =>
  asked[type as string]!.includes(definition.type) && (type !== 'mcp_approval_request' || definition.server_label === server_label)

/** Whether an item waits for an answer of ours: a shell in the provider's container and a server's tool search do not. */
function waits({ type, environment, execution }: Fields, definition: Fields | undefined): boolean {
  if (type === 'tool_search_call') return execution === 'client'
  const where = type === 'shell_call' ? (environment ?? definition?.environment) : undefined
  return !(isObject(where) && textIn(where.type)?.startsWith('container'))
}

function inputOf(item: Fields): unknown {
  const { type, action, operation, queries, code, revised_prompt } = item
  const args = json(item.arguments ?? item.input)
  if (type === 'mcp_approval_request') return { server_label: item.server_label, name: item.name, arguments: args }
  if (type === 'computer_call') return defined({ action, actions: item.actions, pending_safety_checks: item.pending_safety_checks })
  return args ?? action ?? operation ?? defined({ queries, code, prompt: revised_prompt })
}

/**
 * A result as the item that answers `call`. `content` turns it into text or content parts, `inside` with its media in any case.
 * A computer's screenshot is also the yes to the safety checks that its call named: the tool has seen them.
 */
export function resultItem(
  part: ResultPart,
  call: Fields,
  id: string,
  content: (part: ResultPart, inside?: boolean) => string | Fields[],
): Fields {
  const { output, error } = part
  const { type, caller } = call
  const answer = { type: `${String(type)}_output`, call_id: id }
  switch (type) {
    case 'custom_tool_call':
      return { ...answer, output: content(part), caller }
    case 'computer_call': {
      const { image_url, file_id } = fields(objects(content(part, true)).find((piece) => piece.type === 'input_image'))
      const checks = call.pending_safety_checks
      return {
        ...answer,
        output: { type: 'computer_screenshot', image_url, file_id },
        acknowledged_safety_checks: Array.isArray(checks) && checks.length ? checks : undefined,
      }
    }
    case 'local_shell_call':
      return { ...answer, id, output: plain(part) }
    case 'shell_call': {
      const ran = { stdout: error ? '' : plain(part), stderr: error?.message ?? '', outcome: { type: 'exit', exit_code: error ? 1 : 0 } }
      const { max_output_length } = fields(call.action)
      return { ...answer, output: Array.isArray(output) ? output : [ran], ...defined({ max_output_length }) }
    }
    case 'apply_patch_call':
      return { ...answer, status: error ? 'failed' : 'completed', output: plain(part) }
    case 'mcp_approval_request': {
      const approve = !error && (output === true || (isObject(output) && output.approve === true))
      return { type: 'mcp_approval_response', approval_request_id: id, approve, reason: error?.message }
    }
    case 'tool_search_call':
      if (isObject(output) && Array.isArray(output.tools))
        return { type: 'tool_search_output', call_id: id, execution: 'client', status: 'completed', tools: output.tools }
  }
  return { type: 'function_call_output', call_id: id, output: content(part), caller }
}

/** Whether a result can answer its call at all: a computer is answered by a picture and nothing else. */
export const canAnswer = ({ parts, error }: ResultPart, { type }: Fields): boolean =>
  type !== 'computer_call' || (!error && !!parts?.some((part) => part.type === 'media' && part.mime.startsWith('image/')))

/** What a model reads of a result that is no media. */
export function plain({ output, parts, error }: Pick<ResultPart, 'output' | 'parts' | 'error'>): string {
  if (error) return `Error: ${error.message}`
  if (parts) return parts.map((part) => (part.type === 'text' ? part.text : `[${part.mime}]`)).join('\n')
  return typeof output === 'string' ? output : JSON.stringify(output ?? null)
}

const json = (value: unknown): unknown => (typeof value === 'string' ? (parse(value) ?? value) : value)

const messageOf = (error: unknown): string => textIn(error) ?? textIn(fields(error).message) ?? 'failed'
