import { readBase64, toBase64 } from '../base64.ts'
import type { MediaPart } from '../message.ts'
import { sniff } from './sniff.ts'

/** Bytes, an address (`https:` or `data:`), or a file that a provider keeps. */
export type MediaSource = Uint8Array | URL | string | { part: MediaPart }

export interface MediaPartOptions {
  /** e.g. `image/png`; default what the bytes show, or any of the kind. */
  mime?: string
  name?: string
}

/** An image for a message. Throws a `TypeError` where the source is none. */
export const image = (source: MediaSource, options?: MediaPartOptions): MediaPart => part('image', source, options)
/** A sound for a message. Throws a `TypeError` where the source is none. */
export const audio = (source: MediaSource, options?: MediaPartOptions): MediaPart => part('audio', source, options)
/** A film for a message. Throws a `TypeError` where the source is none. */
export const video = (source: MediaSource, options?: MediaPartOptions): MediaPart => part('video', source, options)
/** A document for a message, PDF where nothing else is said. Throws a `TypeError` for an image, a sound or a film. */
export const document = (source: MediaSource, options?: MediaPartOptions): MediaPart => part('document', source, options)

function part(kind: 'image' | 'audio' | 'video' | 'document', source: MediaSource, { mime, name }: MediaPartOptions = {}): MediaPart {
  const made = sourced(source, mime, kind === 'document' ? 'application/pdf' : `${kind}/*`)
  const named = name === undefined ? made : { ...made, name }
  const is = /^(image|audio|video)\//.exec(named.mime)?.[1] ?? 'document'
  if (is !== kind) throw new TypeError(`${named.mime} is no ${kind}`)
  return named
}

function sourced(source: MediaSource, mime: string | undefined, any: string): MediaPart {
  if (source instanceof Uint8Array) return { type: 'media', mime: mime ?? sniff(source) ?? unknown(any), data: toBase64(source) }
  if (typeof source === 'object' && 'part' in source) return mime === undefined ? source.part : { ...source.part, mime }
  const text = String(source)
  const data = /^data:([^;,]+)(?:;[^;,]+)*;base64,/i.exec(text)
  if (data) {
    const bare = text.slice(data[0].length)
    if (!readBase64(bare)) throw new TypeError('the data of that address is not Base64')
    return { type: 'media', mime: mime ?? data[1]!.toLowerCase(), data: bare }
  }
  if (!/^https:\/\/./i.test(text)) throw new TypeError('media is bytes, an https: or base64 data: address, or a file of a provider')
  return { type: 'media', mime: mime ?? any, url: text }
}

/** A document of unknown bytes would be sent as a PDF that it is not; a picture of unknown form is refused by the provider itself. */
function unknown(any: string): string {
  if (any === 'application/pdf') throw new TypeError('say the mime of this document')
  return any
}
