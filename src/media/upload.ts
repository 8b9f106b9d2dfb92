import { follow, unlessAborted } from '../abort.ts'
import { sha256 } from '../blobs.ts'
import { KitError } from '../errors.ts'
import type { MediaPart } from '../message.ts'
import type { Files, ProviderFile } from '../services.ts'

/** How many files are remembered; the oldest are forgotten first, and uploaded again when they come back. */
const most = 1000
/** Ms until an upload, and then its processing, is given up. */
const patience = 300_000
/** Ms: a file that ends within this is not used any more. */
const margin = 60_000

/** Uploads bytes once, as long as the provider keeps them, and gives the part that names them. */
export function uploader(
  files: Files,
): (part: MediaPart, bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal | undefined) => Promise<MediaPart> {
  // what has been uploaded, not what is being: on Workers a request cannot wait for what another one has begun
  const known = new Map<string, ProviderFile>()

  return async function upload(part, bytes, signal) {
    const key = `${part.mime} ${await sha256(bytes)}`
    const before = known.get(key)
    if (before && (before.expiresAt === undefined || before.expiresAt - margin > Date.now())) return put(part, before)
    const now = await sent(files, part, bytes, signal)
    known.delete(key)
    known.set(key, now)
    if (known.size > most) known.delete(known.keys().next().value!)
    return put(part, now)
  }
}

async function sent(
  files: Files,
  { mime, name }: MediaPart,
  data: Uint8Array<ArrayBuffer>,
  outer: AbortSignal | undefined,
): Promise<ProviderFile> {
  const late = new AbortController()
  const { signal } = late
  const stop = outer && follow(outer, late)
  const timer = setTimeout(() => late.abort(new KitError('model/timeout', 'the upload took too long', { retryable: true })), patience)
  try {
    let file = await unlessAborted(files.upload({ data, mime, name: name ?? `file.${mime.split('/')[1] ?? 'bin'}`, signal }), signal)
    for (let wait = 250; file.status === 'processing'; wait = Math.min(wait * 2, 10_000)) {
      const ms = wait
      await unlessAborted(new Promise((resolve) => setTimeout(resolve, ms)), signal)
      file = await unlessAborted(files.get(file.id, { signal }), signal)
    }
    if (file.status === 'failed') throw new KitError('model/request', `the provider could not use ${name ?? mime}`)
    return file
  } finally {
    clearTimeout(timer)
    stop?.()
  }
}

/** The provider's own part, with what the sender said of it. */
const put = ({ name, providerOptions }: MediaPart, { part }: ProviderFile): MediaPart => ({
  ...part,
  ...(name !== undefined && { name }),
  ...(providerOptions && { providerOptions }),
})
