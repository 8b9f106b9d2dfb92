// Requests and answers of the chat protocols outside of a conversation: in batches.
import { asKitError, KitError } from '../../errors.ts'
import { type Answer, AnswerFold, type ModelCall } from '../../model.ts'
import type { Decoder } from './exchange.ts'
import type { BatchRequest, BatchResult } from '../../services.ts'
import { type Fields, fields, isObject, textIn } from './fields.ts'
import { codeOf, httpError, mayRetry } from './http.ts'
import type { ChatQuirks } from './openai-chat-request.ts'
import { explainError } from './openai-responses-errors.ts'
import { garbled } from './service.ts'

/** A chat protocol outside of a conversation. */
export interface Protocol {
  /** Where requests of a batch go. */
  readonly endpoint: string
  /** A call as the body of one request; `quirks` are those of the server's Chat. */
  body(provider: string, model: string, call: ModelCall, quirks?: ChatQuirks): Fields
  /** Whether a body is an answer of this protocol. */
  reads(body: Fields): boolean
  decoder(provider: string, quirks?: ChatQuirks): Decoder
}

/** What the requests of a batch speak. */
export interface Speech {
  /** The first is spoken, all are read. */
  readonly protocols: readonly Protocol[]
  readonly quirks?: ChatQuirks
}

/** A whole answer of one of these protocols. Throws what its stream would throw. */
export function answerIn(body: unknown, provider: string, { protocols, quirks }: Speech): Answer {
  const protocol = isObject(body) ? (protocols.find((known) => known.reads(body)) ?? protocols[0]) : undefined
  if (!protocol) throw garbled(provider, 'a result that is no answer', body)
  const decoder = protocol.decoder(provider, quirks)
  const fold = new AnswerFold()
  for (const chunk of decoder.body(body as Fields)) fold.add(chunk)
  for (const chunk of decoder.end(true)) fold.add(chunk)
  return { parts: fold.parts, usage: fold.usage, finish: fold.finish }
}

/** One line of results: an answer, or the error that stands for it. Throws nothing. */
export function resultIn(line: Fields, provider: string, speech: Speech): BatchResult {
  const id = textIn(line.custom_id) ?? ''
  const { status_code, body } = fields(line.response)
  const status = typeof status_code === 'number' ? status_code : 200
  try {
    if (isObject(line.error)) return { id, error: failureOf(line.error, provider) }
    if (status >= 400) return { id, error: httpError(provider, status, new Headers(), JSON.stringify(body ?? null), explainError) }
    return { id, answer: answerIn(body, provider, speech) }
  } catch (error) {
    return { id, error: asKitError(error) }
  }
}

/** Why a request was not answered at all. */
export function failureOf(error: unknown, provider: string): KitError {
  const said = JSON.stringify(error ?? null).slice(0, 10_000)
  const code = /expired/.test(said) ? 'model/timeout' : (explainError({ error }).code ?? codeOf(500, said))
  return new KitError(code, `${provider} did not answer this request`, {
    provider,
    cause: error,
    retryable: code === 'model/timeout' || mayRetry(code),
  })
}

/** The requests of a batch, checked: a mistake in them is a `TypeError`. */
export function checkRequests(requests: readonly BatchRequest[], most = 50_000): void {
  if (!requests.length || requests.length > most) throw new TypeError(`a batch has 1 to ${most} requests, not ${requests.length}`)
  const seen = new Set<string>()
  for (const { id } of requests) {
    if (!/^[\w-]{1,64}$/.test(id)) throw new TypeError(`the id of a request is 1 to 64 letters, digits, - and _: ${id}`)
    if (seen.has(id)) throw new TypeError(`two requests of a batch have the id ${id}`)
    seen.add(id)
  }
}
