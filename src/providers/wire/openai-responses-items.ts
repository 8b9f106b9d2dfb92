// The items of OpenAI's own tools: which ones the caller answers, which the provider has answered itself, and how an answer goes back.
import type { CallPart, ResultPart } from '../../message.ts'
import type { ToolInfo } from '../../model.ts'
import { parse } from './http.ts'
import { type Fields, text } from './openai-responses-fields.ts'

export const wire = 'openai-responses'

/** What the model asks of the caller's own machine or person: the types of tool that it comes from, and its input. */
const asked: Readonly<Record<string, { tools: readonly string[]; input(item: Fields): unknown }>> = {
  computer_call: { tools: ['computer', 'computer_use_preview', 'computer_use'], input: (item) => only(item, computerFields) },
  local_shell_call: { tools: ['local_shell'], input: ({ action }) => action },
  shell_call: { tools: ['shell'], input: ({ action }) => action },
  apply_patch_call: { tools: ['apply_patch'], input: ({ operation }) => operation },
  tool_search_call: { tools: ['tool_search'], input: ({ arguments: wanted }) => wanted },
  mcp_approval_request: {
    tools: ['mcp'],
    input: ({ server_label, name, arguments: args }) => ({ server_label, name, arguments: json(args) }),
  },
}
const computerFields = ['action', 'actions', 'pending_safety_checks'] as const

/** Where an item of the provider's own work holds what came out of it. */
const outcomes: Readonly<Record<string, string>> = {
  mcp_call: 'output',
  code_interpreter_call: 'outputs',
  file_search_call: 'results',
}

/** Whether an item waits for an answer of ours. A shell in the provider's container and a server's tool search do not. */
export function isAsked({ type, environment, execution }: Fields, tools: readonly ToolInfo[]): boolean {
  if (typeof type !== 'string' || !Object.hasOwn(asked, type)) return false
  if (type === 'tool_search_call') return execution === 'client'
  if (type !== 'shell_call') return true
  const where = (environment ?? tools.find(({ hosted }) => hosted?.definition.type === 'shell')?.hosted?.definition.environment) as
    | Fields
    | null
    | undefined
  return !(typeof where?.type === 'string' && where.type.startsWith('container'))
}

/** An item that the caller answers, as a call of the tool that was given for it; an approval is a call of its MCP server's tool. */
export function askedCall(item: Fields, tools: readonly ToolInfo[]): Omit<CallPart, 'replay'> {
  const type = item.type as string
  const { tools: types, input } = asked[type]!
  const tool = tools.find(
    ({ hosted }) =>
      hosted?.wire === wire &&
      types.includes(hosted.definition.type as string) &&
      (type !== 'mcp_approval_request' || hosted.definition.server_label === item.server_label),
  )
  return { type: 'call', id: text(item.call_id) ?? text(item.id) ?? '', name: tool?.name ?? bare(type), input: input(item) ?? {} }
}

/** What the provider did by itself, as a call; `at` names the field of its outcome, when it has one. */
export function doneCall(item: Fields): { call: Omit<CallPart, 'replay'>; at?: string } {
  const type = item.type as string
  const { arguments: args, action, queries, code, input, revised_prompt } = item
  const at = outcomes[type]
  return {
    call: {
      type: 'call',
      by: 'provider',
      id: text(item.id) ?? text(item.call_id) ?? '',
      name: text(item.name) ?? bare(type),
      input: json(args ?? input) ?? action ?? (queries ? { queries } : code ? { code } : revised_prompt ? { prompt: revised_prompt } : {}),
    },
    ...(at !== undefined && item[at] !== undefined && item[at] !== null && { at }),
  }
}

/**
 * A result as the item that answers a call of `type`. `content` turns text and media into content parts.
 * A computer's screenshot is also the yes to the safety checks that its call named: the tool has seen them.
 */
export function resultItem(part: ResultPart, call: Fields, id: string, content: (part: ResultPart) => string | Fields[]): Fields {
  const { output, error } = part
  const caller = call.caller ? { caller: call.caller } : {}
  switch (call.type) {
    case 'custom_tool_call':
      return { type: 'custom_tool_call_output', call_id: id, output: content(part), ...caller }
    case 'computer_call': {
      const checks = call.pending_safety_checks
      const { image_url, file_id } = screenshotOf(content(part)) ?? {}
      return {
        type: 'computer_call_output',
        call_id: id,
        output: { type: 'computer_screenshot', ...(file_id ? { file_id } : { image_url }) },
        ...(Array.isArray(checks) && checks.length && { acknowledged_safety_checks: checks }),
      }
    }
    case 'local_shell_call':
      return { type: 'local_shell_call_output', id, call_id: id, output: plain(part) }
    case 'shell_call':
      return {
        type: 'shell_call_output',
        call_id: id,
        output: Array.isArray(output)
          ? output
          : [
              {
                stdout: error ? '' : plain(part),
                stderr: error ? error.message : '',
                outcome: { type: 'exit', exit_code: error ? 1 : 0 },
              },
            ],
      }
    case 'apply_patch_call':
      return { type: 'apply_patch_call_output', call_id: id, status: error ? 'failed' : 'completed', output: plain(part) }
    case 'mcp_approval_request':
      return {
        type: 'mcp_approval_response',
        approval_request_id: id,
        approve: !error && (output === true || (output as Fields | undefined)?.approve === true),
        ...(error && { reason: error.message }),
      }
    case 'tool_search_call': {
      const found = (output as Fields | undefined)?.tools
      if (Array.isArray(found)) return { type: 'tool_search_output', call_id: id, execution: 'client', status: 'completed', tools: found }
    }
  }
  return { type: 'function_call_output', call_id: id, output: content(part), ...caller }
}

/** Whether a result can answer its call at all: a computer is answered by a picture and nothing else. */
export const canAnswer = ({ parts }: ResultPart, { type }: Fields): boolean =>
  type !== 'computer_call' || !!parts?.some((part) => part.type === 'media' && part.mime.startsWith('image/'))

/** What a model reads of a result that is no media. */
export function plain({ output, parts, error }: ResultPart): string {
  if (error) return `Error: ${error.message}`
  if (parts) return parts.map((part) => (part.type === 'text' ? part.text : `[${part.mime}]`)).join('\n')
  return typeof output === 'string' ? output : JSON.stringify(output ?? null)
}

const screenshotOf = (content: string | Fields[]): Fields | undefined =>
  typeof content === 'string' ? undefined : content.find(({ type }) => type === 'input_image')

const bare = (type: string): string => type.replace(/_(call|request)$/, '')
const json = (value: unknown): unknown => (typeof value === 'string' ? (parse(value) ?? value) : value)
const only = (item: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(names.filter((name) => item[name] !== undefined && item[name] !== null).map((name) => [name, item[name]]))
