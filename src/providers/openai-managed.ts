import { sha256 } from '../blobs.ts'
import { canonical } from '../canonical.ts'
import { KitError } from '../errors.ts'
import type { Message, Part, Replay } from '../message.ts'
import { AnswerFold, type Chunk, model, type Model, type ModelCall } from '../model.ts'
import { openai, type OpenAIOptions } from './openai.ts'
import { fields, isObject, textIn } from './wire/fields.ts'
import { traitsOf } from './wire/openai-models.ts'
import { wire as responses } from './wire/openai-responses-items.ts'
import { serverOf } from './wire/openai-responses.ts'

/**
 * A model behind the Responses API that leaves the conversation with the server: a call sends what is new, and names the answer
 * that it follows (`previous_response_id`). The transcript stays whole, as a mirror: what the server holds is used only where it
 * is what the transcript says. After a rewind, a compaction or another model's answer, or when the server has lost its state
 * (30 days at OpenAI, another server; told by a `notice`), everything is sent again. Forks share what they have in common. An
 * organisation without retention has nothing to follow: there every turn would be asked twice, so take `openai`.
 * Takes the options of `openai`, but for `store`. Errors: `model/*`.
 * @example openaiManaged('gpt-5.4', { apiKey })
 */
export function openaiManaged(id: string, options: Omit<OpenAIOptions, 'store'> = {}): Model {
  const inner = openai(id, { ...options, store: true })
  const { provider } = inner.info
  const { reasoning } = options.traits ?? (provider === 'openai' ? traitsOf(id) : {})
  // only then could the mirror be read without the server's store
  const include = reasoning !== false && options.quirks?.encrypted !== false ? ['reasoning.encrypted_content'] : []
  const server = serverOf(provider)
  return model(inner.info, (call) =>
    managed(
      inner,
      server,
      withOptions(call, (own) => ({ include: [...include, ...listIn(own.include)] })),
    ),
  )
}

/** What marks an answer that the server holds: its id, and a digest of all that was said, the answer with it. No wire reads it, the run knows whose it is. */
const markOf = (server: string): string => `${server}#state`

async function* managed(inner: Model, server: string, call: ModelCall): AsyncGenerator<Chunk, void, void> {
  const { messages } = call
  const at = messages.findLastIndex(({ parts }) => parts.some((part) => stateIn(part, server)))
  const state = at < 0 ? undefined : messages[at]!.parts.map((part) => stateIn(part, server)).find(Boolean)
  let begun = false
  if (state && at + 1 < messages.length && state.digest === (await digestOf(messages.slice(0, at), messages[at]!.parts, server)))
    try {
      for await (const chunk of marked(inner(followed(call, at, state.id)), messages, server)) {
        begun = true
        yield chunk
      }
      return
    } catch (error) {
      if (begun || !isLost(error)) throw error
      yield { type: 'notice', code: 'model/state', message: `${inner.info.provider} has lost its state: the conversation is sent whole` }
    }
  yield* marked(inner(at < 0 ? call : { ...call, messages: withoutIds(messages, server) }), messages, server)
}

async function* marked(answer: AsyncIterable<Chunk>, before: readonly Message[], server: string): AsyncGenerator<Chunk, void, void> {
  const fold = new AnswerFold()
  for await (const chunk of answer) {
    fold.add(chunk)
    if (chunk.type === 'finish' && chunk.id !== undefined) {
      const data = { id: chunk.id, digest: await digestOf(before, fold.parts, server) }
      yield { type: 'part', part: { type: 'opaque', kind: 'response', replay: { wire: markOf(server), data } } }
    }
    yield chunk
  }
}

function stateIn({ replay }: Part, server: string): { id: string; digest: string } | undefined {
  if (replay?.wire !== markOf(server)) return undefined
  const { id, digest } = fields(replay.data)
  return textIn(id) && textIn(digest) ? { id: id as string, digest: digest as string } : undefined
}

/** What came after message `at`, as a question that follows that answer. */
function followed(call: ModelCall, at: number, id: string): ModelCall {
  const forms = new Map<string, Replay>()
  for (const { parts } of call.messages) for (const part of parts) if (part.type === 'call' && part.replay) forms.set(part.id, part.replay)
  // the call itself is not sent: its result says what form it had
  const messages = call.messages.slice(at + 1).map((message) => ({
    ...message,
    parts: message.parts.map((part) => {
      const replay = part.type === 'result' ? (part.replay ?? forms.get(part.id)) : undefined
      return replay ? { ...part, replay } : part
    }),
  }))
  return withOptions({ ...call, messages }, () => ({ previous_response_id: id }))
}

/** Items are known by their ids only where they are kept: without them all that matters must be inside. */
const withoutIds = (messages: readonly Message[], server: string): Message[] =>
  messages.map((message) => ({
    ...message,
    parts: message.parts.flatMap((part): Part[] => {
      const data = part.replay?.wire === server && isObject(part.replay.data) ? part.replay.data : undefined
      if (!data || (part.type === 'call' && part.by === 'provider') || part.type === 'opaque') return [part]
      if (part.type === 'reasoning' && typeof data.encrypted_content !== 'string') return []
      const { id: _, ...rest } = data
      return [{ ...part, replay: { wire: server, data: rest } }]
    }),
  }))

/** Whether an error says that the answer to follow is gone. */
function isLost(error: unknown): boolean {
  if (!(error instanceof KitError) || (error.status !== 400 && error.status !== 404)) return false
  const said = JSON.stringify(error.cause)
  return /previous.response|response.{0,80}not.found|zero data retention/i.test(said) && !/model_not_found/.test(said)
}

/** The same for what the server would be told in the same words; of media its kind, length and ends. */
const digestOf = (before: readonly Message[], answer: readonly Part[], server: string): Promise<string> => {
  const said = answer.filter(({ replay }) => replay?.wire !== markOf(server))
  return sha256(
    canonical([
      ...before.map(({ role, parts, providerOptions }) => [role, parts.map(briefOf), providerOptions ?? null]),
      said.map(briefOf),
    ]),
  )
}

function briefOf(part: Part): unknown {
  if (part.type !== 'media') return part
  const { mime, data, url, ref, store } = part
  return [mime, data && [data.length, data.slice(0, 64), data.slice(-64)], url, store === undefined || store === 'blob' ? null : ref]
}

function withOptions(call: ModelCall, own: (now: Readonly<Record<string, unknown>>) => Record<string, unknown>): ModelCall {
  const now = call.providerOptions?.[responses] ?? {}
  return { ...call, providerOptions: { ...call.providerOptions, [responses]: { ...now, ...own(now) } } }
}

const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : [])
