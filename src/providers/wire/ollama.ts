import { KitError, type KitErrorCode } from '../../errors.ts'
import type { Usage } from '../../message.ts'
import type { Chunk, ModelCall, ModelFinish } from '../../model.ts'
import type { Decoder } from './exchange.ts'
import { countIn, type Fields, fields, isObject, objects, textIn } from './fields.ts'
import { codeOf, mayRetry, parse, type Post, readArguments, type SseEvent } from './http.ts'
import { wire } from './ollama-request.ts'

/** Calls of one answer. */
const callLimit = 1000
/** Characters of one stream. */
const streamLimit = 128_000_000

/** Reads one answer of `/api/chat`: lines of a stream, or one body, which have the same shape. */
export class OllamaDecoder implements Decoder {
  done = false
  readonly #provider: string
  readonly #seed: string
  #calls = 0
  #length = 0
  readonly #finish: Chunk & { type: 'finish' } = { type: 'finish', reason: 'stop' }

  constructor(provider: string, { messages }: Pick<ModelCall, 'messages'>) {
    this.#provider = provider
    this.#seed = String(messages.length)
  }

  event({ data }: SseEvent): Iterable<Chunk> {
    if ((this.#length += data.length) > streamLimit) throw this.#error('model/garbled', 'sent too much')
    const line = parse(data)
    if (!isObject(line)) throw this.#error('model/garbled', 'sent no JSON', data.slice(0, 10_000))
    return this.body(line)
  }

  *body(line: Fields): Iterable<Chunk> {
    if (line.error) throw this.#failed(line)
    const message = fields(line.message)
    this.#finish.model = textIn(line.model) ?? this.#finish.model
    const [thinking, content] = [textIn(message.thinking), textIn(message.content)]
    if (thinking) yield { type: 'reasoning', delta: thinking }
    if (content) yield { type: 'text', delta: content }
    for (const call of objects(message.tool_calls)) yield this.#call(call, line)
    if (line.done !== true) return
    this.done = true
    this.#finish.raw = textIn(line.done_reason)
    const usage = usageOf(line)
    if (usage) yield { type: 'usage', usage, model: this.#finish.model }
  }

  end(atOnce: boolean): Iterable<Chunk> {
    if (!this.done && !atOnce) throw this.#error('model/truncated', 'ended its answer too early', undefined, true)
    // the reason is `stop` beside calls too
    this.#finish.reason = this.#calls ? 'tools' : finishOf(this.#finish.raw)
    return [this.#finish]
  }

  /** Older servers give a call no id: it gets one that follows from the answer, so that the same bytes give the same id. */
  #call(call: Fields, { created_at: at }: Fields): Chunk {
    if (this.#calls >= callLimit) throw this.#error('model/garbled', 'sent too many calls')
    const { name, arguments: args } = fields(call.function)
    const nth = this.#calls++
    const own = textIn(call.id)
    const id = own ?? `call_${nth}_${hash(`${this.#seed} ${nth} ${String(at)} ${String(name)} ${JSON.stringify(args)}`)}`
    const replay = own === undefined ? {} : { replay: { wire, data: { id: own } } }
    return { type: 'part', part: { type: 'call', id, name: textIn(name) ?? '', ...readArguments(args), ...replay } }
  }

  #error(code: KitErrorCode, what: string, cause?: unknown, retryable = false): KitError {
    return new KitError(code, `${this.#provider} ${what}`, { provider: this.#provider, cause, retryable })
  }

  /** An error that came after status 200. */
  #failed(line: Fields): KitError {
    const own = explainOllama(line)
    const code = own?.code ?? codeOf(countIn(line.status_code) ?? 500, JSON.stringify(line))
    return this.#error(code, 'ended its answer with an error', line, own?.retryable ?? mayRetry(code))
  }
}

/** Ollama's words for what its statuses do not say; errors are `{ error: text }`. */
export const explainOllama: NonNullable<Post['explain']> = (body) => {
  const said = fields(body).error
  const text = typeof said === 'string' ? said : (JSON.stringify(said) ?? '')
  if (/does not support|only supports one image|invalid think value/i.test(text)) return { code: 'model/unsupported' }
  if (/model .*not found|try pulling/i.test(text)) return { code: 'model/unknown' }
  if (/exceeds? .*context|context.(length|size|window)/i.test(text)) return { code: 'model/context' }
  if (/usage limit/i.test(text)) return { code: 'model/quota' }
  // it will not have more memory the next time
  if (/more system memory/i.test(text)) return { code: 'model/http', retryable: false }
  return undefined
}

function finishOf(raw = 'stop'): ModelFinish {
  return raw === 'stop' || raw === 'length' || raw === 'error' ? raw : 'other'
}

/** `prompt_eval_count` is missing where the whole prompt was still in memory. */
function usageOf({ prompt_eval_count, eval_count }: Fields): Usage | undefined {
  const [input, output] = [countIn(prompt_eval_count), countIn(eval_count)]
  return (input ?? output) === undefined ? undefined : { input: input ?? 0, output: output ?? 0 }
}

/** FNV-1a, 32 bits in hex. */
function hash(text: string): string {
  let state = 0x811c9dc5
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193)
  return (state >>> 0).toString(16).padStart(8, '0')
}
