import { KitError } from '../errors.ts'
import type { Message, Part, Usage } from '../message.ts'
import type { ModelCall } from '../model.ts'
import { type Fields, isObject, objects, textIn } from './wire/fields.ts'
import type { Connection } from './wire/http.ts'
import { answerIn } from './wire/openai-answers.ts'
import { explainError } from './wire/openai-responses-errors.ts'
import { usageIn } from './wire/openai-tokens.ts'
import { responsesProtocol } from './wire/protocol-responses.ts'
import { askJson } from './wire/service.ts'

export type { Connection } from './wire/http.ts'

/**
 * Has OpenAI shorten a conversation. What comes back stands for it: what people said as it was, all else in one item that only
 * OpenAI can read. Another model gets the words alone, so keep the transcript. Errors: `model/*`.
 * @example const { messages } = await compact('gpt-5.4', { system, messages: transcript }, { apiKey })
 */
export async function compact(
  model: string,
  call: Pick<ModelCall, 'system' | 'messages' | 'signal' | 'providerOptions'>,
  options: Connection = {},
): Promise<{ messages: Message[]; usage?: Usage }> {
  const provider = 'openai'
  const service = { ...options, baseURL: options.baseURL ?? 'https://api.openai.com/v1', provider, explain: explainError }
  const body = responsesProtocol.body(provider, model, call)
  const json: Fields = Object.fromEntries(taken.map((name) => [name, body[name]]))
  const done = await askJson(service, { path: '/responses/compact', json, options: { signal: call.signal } })
  if (!Array.isArray(done.output)) throw new KitError('model/garbled', `${provider} sent no conversation`, { provider, cause: done })
  return { messages: messagesIn(done.output, provider), ...usageIn(done.usage) }
}

const taken = [
  'model',
  'input',
  'instructions',
  'previous_response_id',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
] as const

function messagesIn(output: readonly unknown[], provider: string): Message[] {
  const messages: Message[] = []
  let own: Fields[] = []
  const flush = (): void => {
    if (own.length)
      messages.push({
        role: 'assistant',
        parts: answerIn({ status: 'completed', output: own }, provider, { protocols: [responsesProtocol] }).parts,
      })
    own = []
  }
  for (const item of output) {
    if (!isObject(item)) continue
    if (item.type !== 'message' || item.role === 'assistant') {
      own.push(item)
      continue
    }
    flush()
    const parts = typeof item.content === 'string' ? [{ type: 'text' as const, text: item.content }] : objects(item.content).flatMap(partIn)
    if (parts.length) messages.push({ role: item.role === 'user' ? 'user' : 'system', parts })
  }
  flush()
  return messages
}

function partIn({ type, text, image_url, file_id, file_data, file_url, filename }: Fields): Part[] {
  if (typeof text === 'string') return [{ type: 'text', text }]
  const mime = type === 'input_image' ? 'image/*' : 'application/*'
  const [from, ref, name] = [textIn(image_url) ?? textIn(file_data) ?? textIn(file_url), textIn(file_id), textIn(filename)]
  const inline = /^data:([^;,]+);base64,(.*)$/s.exec(from ?? '')
  const rest = { type: 'media' as const, ...(name !== undefined && { name }) }
  if (inline) return [{ ...rest, mime: inline[1]!, data: inline[2]! }]
  if (from !== undefined) return [{ ...rest, mime, url: from }]
  return ref === undefined ? [] : [{ ...rest, mime, ref, store: 'openai' }]
}
