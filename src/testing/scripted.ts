import { KitError } from '../errors.ts'
import type { Part } from '../message.ts'
import { type Chunk, model, type Model, type ModelCall } from '../model.ts'

/** One scripted answer: text (streamed word by word), parts, chunks as they are, or a function of the call. */
export type Script =
  | string
  | readonly Part[]
  | { chunks: readonly Chunk[] }
  | ((call: ModelCall) => AsyncIterable<Chunk> | Promise<string | readonly Part[]> | string | readonly Part[])

/**
 * A model that answers from a list, in order, and remembers what it was asked. For tests and examples.
 * Throws `model/empty` when the list is at its end.
 * @example const model = scripted([{ type: 'call', id: '1', name: 'clock', input: {} }], 'It is noon.')
 */
export function scripted(...answers: readonly Script[]): Model & { readonly calls: readonly ModelCall[] } {
  const calls: ModelCall[] = []
  const answer = async function* scripted(call: ModelCall): AsyncGenerator<Chunk> {
    const next = answers[calls.length]
    calls.push({ ...call, messages: [...call.messages] })
    if (next === undefined) throw new KitError('model/empty', 'the script has no more answers')
    const what = typeof next === 'function' ? await next(call) : next
    if (typeof what === 'string') yield* words(what)
    else if ('chunks' in what) return yield* what.chunks
    else if (Symbol.asyncIterator in what) return yield* what
    else {
      for (const part of what) {
        if (part.type === 'text' || part.type === 'reasoning') yield { type: part.type, delta: part.text }
        yield { type: 'part', part }
      }
    }
    yield { type: 'usage', usage: { input: 1, output: 1 } }
    const asked = typeof what !== 'string' && (what as readonly Part[]).some(({ type }) => type === 'call')
    yield { type: 'finish', reason: asked ? 'tools' : 'stop' }
  }
  return Object.assign(model({ id: 'scripted', provider: 'testing', capabilities: { tools: true } }, answer), { calls })
}

function* words(text: string): Generator<Chunk> {
  for (const delta of text.match(/\s*\S+\s*/g) ?? []) yield { type: 'text', delta }
}
