import type { Chunk } from '../../model.ts'
import { type Fields, objects, textIn } from './fields.ts'
import { GeminiDecoder } from './gemini-decode.ts'
import { PartialJson } from './partial-json.ts'

interface OpenCall {
  id: string
  given: unknown
  name: string | undefined
  signature: string | undefined
  json: PartialJson
}

/**
 * Reads also calls whose arguments come in pieces, each with its path (`streamFunctionCallArguments`, on Vertex only). Pieces of
 * a call follow each other; one that is still open when the answer ends is invalid: half of its arguments must not be run.
 */
export class VertexDecoder extends GeminiDecoder {
  #open: OpenCall | undefined;

  protected override *call(call: Fields, signature: string | undefined): Generator<Chunk, void, void> {
    const { id, partialArgs, willContinue } = call
    const name = textIn(call.name)
    if (this.#open && name && !(id && id === this.#open.given)) yield* this.#close(true)
    if (!this.#open) {
      if (!partialArgs && !willContinue) {
        // a call of nothing stands after one that came in pieces
        if (name || id || call.args) yield* super.call(call, signature)
        return
      }
      this.#open = { id: this.idOf(id), given: id, name, signature, json: new PartialJson() }
      yield { type: 'tool-input', id: this.#open.id, ...(name && { name }), delta: '' }
    }
    const open = this.#open
    open.signature ??= signature
    for (const piece of objects(partialArgs)) {
      const delta = open.json.add(piece)
      if (delta) yield { type: 'tool-input', id: open.id, delta }
    }
    if (willContinue !== true) yield* this.#close(true)
  }

  override *end(whole?: boolean): Generator<Chunk, void, void> {
    if (this.#open) yield* this.#close(false)
    yield* super.end(whole)
  }

  *#close(ended: boolean): Generator<Chunk, void, void> {
    const { id, given, name, signature, json } = this.#open!
    this.#open = undefined
    const delta = ended ? json.end() : ''
    if (delta) yield { type: 'tool-input', id, delta }
    yield { type: 'part', part: this.callPart(id, given, name, json.value(), signature) }
  }
}
