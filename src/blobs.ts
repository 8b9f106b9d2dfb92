import { readBase64, toBase64 } from './base64.ts'
import type { MediaPart, Message, TextPart } from './message.ts'

/** Bytes by their SHA-256: media over 64 KB enters a journal by reference to one of these. */
export interface Blobs {
  /** Stores the bytes and gives their hash, in hex; the same bytes twice are one blob. */
  put(bytes: Uint8Array<ArrayBuffer>, options?: { mime?: string }): Promise<string>
  get(hash: string): Promise<{ bytes: Uint8Array<ArrayBuffer>; mime?: string } | undefined>
  delete(hash: string): Promise<void>
}

/** Characters of base64 (48 KiB of bytes) up to which media stays in the journal itself. */
const inlineLimit = 65_536

/** A value in which media of more than 64 KB of base64 is replaced by references to blobs; the same value where there is none. */
export async function outlined<T>(value: T, blobs: Blobs): Promise<T> {
  if (!mediaIn(value, isLarge)) return value
  return mapMedia(value, async (part) => {
    const bytes = isLarge(part) ? readBase64(part.data!) : undefined
    if (!bytes) return part
    const { data: _, ...rest } = part
    return { ...rest, ref: await blobs.put(bytes, { mime: part.mime }) }
  })
}

/** The messages with their referenced media in them again, for a model; what is gone is said in its place. */
export async function inlined(messages: readonly Message[], blobs: Blobs | undefined): Promise<Message[]> {
  if (!blobs || !mediaIn(messages, isRef)) return [...messages]
  return mapMedia([...messages], async (part) => {
    if (!isRef(part)) return part
    const found = await blobs.get(part.ref!)
    if (!found) return { type: 'text', text: `[${part.mime}: no longer stored]` }
    const { ref: _, ...rest } = part
    return { ...rest, data: toBase64(found.bytes) }
  })
}

/** The hashes of the blobs that a value refers to. */
export function refsIn(value: unknown): string[] {
  const found: string[] = []
  mediaIn(value, (part) => {
    if (isRef(part)) found.push(part.ref!)
    return false
  })
  return found
}

/** For forks: a session's media lives and dies with it. */
export async function copyBlobs(hashes: Iterable<string>, from: Blobs, to: Blobs): Promise<void> {
  for (const hash of hashes) {
    const found = await from.get(hash)
    if (found) await to.put(found.bytes, found.mime === undefined ? {} : { mime: found.mime })
  }
}

const isLarge = ({ data }: MediaPart): boolean => data !== undefined && data.length > inlineLimit
const isRef = ({ ref, store }: MediaPart): boolean => ref !== undefined && (store === undefined || store === 'blob')
const isMedia = (value: object): value is MediaPart => 'type' in value && value.type === 'media' && 'mime' in value

/** Whether some media part in a value is of this kind; parts stand in `parts`, `part`, `message` and lists of those, never deeper. */
function mediaIn(value: unknown, is: (part: MediaPart) => boolean): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some((item) => mediaIn(item, is))
  if (isMedia(value)) return is(value)
  return holders.some((key) => key in value && mediaIn((value as Record<string, unknown>)[key], is))
}

async function mapMedia<T>(value: T, change: (part: MediaPart) => Promise<MediaPart | TextPart>): Promise<T> {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items: unknown[] = []
    // one after another: a message with many pictures must not hold all their copies at once
    for (const item of value) items.push(await mapMedia(item as unknown, change))
    return items as T
  }
  if (isMedia(value)) return (await change(value)) as T
  const copy = { ...value } as Record<string, unknown>
  for (const key of holders) if (key in copy) copy[key] = await mapMedia(copy[key], change)
  return copy as T
}

const holders = ['parts', 'part', 'message'] as const

/** SHA-256 in hex. */
export async function sha256(data: Uint8Array<ArrayBuffer> | string): Promise<string> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Blobs in memory. Several may share a `map`; `key` names the session whose media they are. */
export function memoryBlobs(map: Map<string, { bytes: Uint8Array<ArrayBuffer>; mime?: string }> = new Map(), key = ''): Blobs {
  return {
    async put(bytes, { mime } = {}) {
      const hash = await sha256(bytes)
      map.set(key + hash, { bytes: bytes.slice(), mime })
      return hash
    },
    get: async (hash) => map.get(key + hash),
    async delete(hash) {
      map.delete(key + hash)
    },
  }
}
