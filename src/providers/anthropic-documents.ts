import type { MediaPart, ProviderOptions, TextPart } from '../message.ts'
import type { ProviderFile } from '../services.ts'
import { wire } from './wire/anthropic-models.ts'
import { toBase64 } from '../base64.ts'
import { defined, type Fields } from './wire/fields.ts'

/**
 * A document: bytes are a PDF, text is plain text, and a list of texts is a document in pieces. Or a part with data, address or file
 * of the provider, or a file as `files.upload` of `anthropicServices` gave it.
 */
export type DocumentSource = Uint8Array | string | readonly string[] | MediaPart | ProviderFile

export interface DocumentOptions {
  /**
   * Whether the answer tells what it took from here: `source` events with `pages` of a PDF, `characters` of a plain text, `blocks` of
   * a document in pieces. All documents of a request or none; not together with an answer held to a schema, which the API refuses.
   */
  citations?: boolean
  /** Named in citations. */
  title?: string
  /** What the model is told of it beside its content; never cited. */
  context?: string
}

/**
 * A document for the model to read, in a message or in what a tool gives.
 * @example run(reader, [document(pdf, { citations: true }), { type: 'text', text: 'When does it end?' }])
 */
export function document(source: DocumentSource, { citations, title, context }: DocumentOptions = {}): MediaPart | TextPart {
  const more = defined({ citations: citations && { enabled: true }, context })
  if (isList(source)) {
    const block = {
      type: 'document',
      source: { type: 'content', content: source.map((text) => ({ type: 'text', text })) },
      ...defined({ title }),
      ...more,
    }
    return { type: 'text', text: [title ?? [], source].flat(2).join('\n\n'), ...options({ block }) }
  }
  const part = partOf(source)
  const given = Object.keys(more).length ? options({ ...part.providerOptions?.[wire], ...more }).providerOptions : undefined
  return { ...part, ...(title !== undefined && { name: title }), ...(given && { providerOptions: { ...part.providerOptions, ...given } }) }
}

export interface SearchResult {
  /** An address, or any name of where it was found. */
  source: string
  title: string
  /** The text, in the pieces that a citation may name. */
  content: string | readonly string[]
  /** Default true. All search results of a request or none. */
  citations?: boolean
}

/**
 * What a search of one's own found, for the model to cite: `source` events with its address or name, and `blocks`. In a message, or
 * as what a tool gives: `run: async ({ query }) => ({ parts: (await find(query)).map(searchResult) })`.
 */
export function searchResult({ source, title, content, citations = true }: SearchResult): TextPart {
  const pieces = [content].flat()
  const block = {
    type: 'search_result',
    source,
    title,
    content: pieces.map((text) => ({ type: 'text', text })),
    citations: { enabled: citations },
  }
  return { type: 'text', text: [title, source, ...pieces].join('\n\n'), ...options({ block }) }
}

const isList = (source: DocumentSource): source is readonly string[] => Array.isArray(source)

function partOf(source: Exclude<DocumentSource, readonly string[]>): MediaPart {
  if (typeof source === 'string') return { type: 'media', mime: 'text/plain', data: toBase64(new TextEncoder().encode(source)) }
  if (source instanceof Uint8Array) return { type: 'media', mime: 'application/pdf', data: toBase64(source) }
  return 'part' in source ? source.part : source
}

const options = (own: Fields): { providerOptions: ProviderOptions } => ({ providerOptions: { [wire]: own } })
