import { toBase64 } from '../base64.ts'
import { KitError } from '../errors.ts'
import type { MediaPart } from '../message.ts'

/** As much of a `guardedFetch` (`edgeswarm/media`) as is needed. */
export type MediaFetch = (
  url: string,
  request?: { signal?: AbortSignal; accept?: readonly string[] },
) => Promise<{ mime: string; bytes: Uint8Array }>

export interface GivenOptions {
  signal?: AbortSignal
  /** Fetches what is named by an address, for providers that do not; without it the address is passed on. */
  fetch?: MediaFetch
  /** Bytes at most; default 25 MB. */
  maxBytes?: number
}

/** Media as a provider takes it: of these kinds, within bounds, fetched where asked. Throws `request/invalid`, `request/too-large`. */
export async function given(
  part: MediaPart,
  kinds: readonly string[],
  { signal, fetch, maxBytes = 25_000_000 }: GivenOptions,
): Promise<MediaPart> {
  const name = part.name ?? part.mime
  if (!kinds.some((kind) => part.mime === kind || (kind.endsWith('/*') && part.mime.startsWith(kind.slice(0, -1)))))
    throw new KitError('request/invalid', `${name} is none of ${kinds.join(', ')}`)
  if (part.data === undefined && part.url === undefined && part.ref === undefined) throw new KitError('request/invalid', `${name} is empty`)
  if (part.data !== undefined && part.data.length * 0.75 > maxBytes)
    throw new KitError('request/too-large', `${name} has more than ${maxBytes} bytes`)
  if (part.url === undefined || !fetch) return part
  const { mime, bytes } = await fetch(part.url, { accept: kinds, ...(signal && { signal }) })
  if (bytes.length > maxBytes) throw new KitError('request/too-large', `${name} has more than ${maxBytes} bytes`)
  const { url: _, ...rest } = part
  return { ...rest, mime, data: toBase64(bytes) }
}
