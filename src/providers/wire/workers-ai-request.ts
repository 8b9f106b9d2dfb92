import { KitError } from '../../errors.ts'
import type { ModelCall } from '../../model.ts'
import { type Fields, fields, objects } from './fields.ts'
import { type ChatQuirks, encodeChat } from './openai-chat-request.ts'

/** Name of what `providerOptions` say of a call; those of messages and parts are of the wire beneath, `openai-chat`. */
export const wire = 'workers-ai'

/** How a model is spoken to: `chat` as Chat Completions, `run` as the older ones, which take a bare schema and no choice of tools. */
export type Dialect = 'chat' | 'run'

/** Models of the `run` dialect, by the types of 2026-11-17; the list is closed, newer models speak `chat`. */
const older =
  /^@hf|llama-[1-4]|\/mistral|qwen(1|2|3-)|qwq|gemma-(2b|7b|3|sea)|-math|sqlcoder|-r1-|granite|phi-2|falcon|openchat|una-|discolm/

export const dialectOf = (model: string): Dialect => (older.test(model) ? 'run' : 'chat')

/** A call as the input of a model. Throws `model/unsupported` for media that it has no place for. */
export function encodeWorkersAi(call: ModelCall, model: string, dialect: Dialect, takes: readonly string[] | undefined): Fields {
  const { messages, model: _, ...body } = encodeChat(call, model, { ...(dialect === 'run' ? run : chat), takes, files: wire })
  const { stream } = body
  return { ...body, ...call.providerOptions?.[wire], messages, stream }
}

const chat: ChatQuirks = {
  fields: { top_k: false },
  reasoningBack: 'reasoning_content',
  rewrite: [chosen, effort],
}

const run: ChatQuirks = {
  fields: { stream_options: false, parallel_tool_calls: false, reasoning_effort: false },
  rewrite: [chosen, asOlder],
}

/** What may not be called is not sent: not every model knows a choice. */
function chosen(body: Fields, { toolChoice: choice }: ModelCall): void {
  if (choice === 'none') body.tools = body.tool_choice = undefined
  if (typeof choice !== 'object') return
  const names = 'tool' in choice ? [choice.tool] : choice.tools
  body.tools = objects(body.tools).filter((tool) => names.includes(fields(tool.function).name as string))
  body.tool_choice = 'tool' in choice || choice.required ? 'required' : 'auto'
}

/** Three levels, and a switch. */
function effort(body: Fields): void {
  const asked = body.reasoning_effort as string
  body.reasoning_effort = levels[asked]
  if (asked === 'none') body.chat_template_kwargs = { enable_thinking: false }
}

const levels: Readonly<Record<string, string>> = { minimal: 'low', low: 'low', medium: 'medium', high: 'high', xhigh: 'high', max: 'high' }

/**
 * A schema is bare, a result names its tool, texts are one. These models fetch nothing: a new image by address is refused, one in
 * history named in words.
 */
function asOlder(body: Fields): void {
  const { json_schema: format } = fields(body.response_format)
  if (format) body.response_format = { type: 'json_schema', json_schema: fields(format).schema }
  const names = new Map<unknown, unknown>()
  const messages = objects(body.messages)
  for (const [at, message] of messages.entries()) {
    for (const call of objects(message.tool_calls)) names.set(call.id, fields(call.function).name)
    if (message.role === 'tool') message.name = names.get(message.tool_call_id)
    const parts = objects(message.content)
    for (const part of parts) {
      if (!(fields(part.image_url).url as string | undefined)?.startsWith('http')) continue
      if (!messages.some(({ role }, later) => later > at && role === 'assistant'))
        throw new KitError('model/unsupported', 'this model takes image data')
      Object.assign(part, { type: 'text', text: '[image]', image_url: undefined })
    }
    if (parts.length && parts.every(({ type }) => type === 'text')) message.content = parts.map(({ text }) => text).join('\n')
  }
}
