import { readBase64, toBase64 } from '../base64.ts'
import { sha256 } from '../blobs.ts'
import { asKitError, KitError } from '../errors.ts'
import type { MediaPart, Message, Part, Role, TextPart } from '../message.ts'
import type { Middleware, Run } from '../middleware.ts'
import type { Chunk, Modality, ModelCall, ModelInfo } from '../model.ts'
import type { Files } from '../services.ts'
import { degradable, type Degrade, degrade } from './degrade.ts'
import type { GuardedFetch } from './guarded-fetch.ts'
import { uploader } from './upload.ts'

export interface MediaOptions {
  /** What to make of a kind that the model does not take. Without it such media is refused. */
  degrade?: Degrade
  /** Keeps large media at the provider: uploaded once, then named by its id. It must be the files of the model's own provider. */
  files?: Files
  /** Bytes up to which media travels in the request; default 4 MB. Above it: `files`, where given. */
  inlineLimit?: number
  /** Bytes of one part at most; default 20 MB, with `files` 200 MB. */
  maxBytes?: number
  /** Bytes of all parts that travel in one request at most; default 50 MB. */
  maxTotal?: number
  /** Fetches media that is named by an address, for models that do not fetch themselves; without it addresses are passed on. */
  fetch?: GuardedFetch
  /** Which addresses to fetch; default those in messages of users: others may be a model's choice. */
  fetches?: (part: MediaPart, role: Role) => boolean
  /** What the model takes, or who knows it (`async (info) => (await models.facts(info))?.input`); default its `info.capabilities.input`. Where nobody says it, nothing is refused. */
  input?: readonly Modality[] | ((info: ModelInfo) => Promise<readonly Modality[] | undefined>)
  /** Characters that a degraded part may become; default 400,000. What is longer is cut, and said to be. */
  maxText?: number
}

/**
 * Brings a message's media into the form that the model takes, before it is asked: kinds that it lacks are refused
 * (`model/unsupported`) or, where asked, turned into text and told in a `notice` (`media/degraded`); large ones are uploaded; those
 * named by an address are fetched through a guard. In history, and in what tools gave, what is not taken, too large or cannot be
 * had any more is named in words (`media/dropped`), so that no session ends by it. Results are kept for the run, so a tool loop reads a document once.
 * Errors: `model/unsupported`, `request/too-large`, `request/invalid` (no base64), and those of the services used.
 *
 * Reading and transcribing count as waiting for the first chunk: give the agent `timeouts` to match.
 * @example agent({ …, use: [media({ degrade: { pdf: mistralServices({ apiKey }).ocr('mistral-ocr-latest') } })] })
 */
export function media(options: MediaOptions = {}): Middleware {
  const { files, inlineLimit = 4_000_000, maxBytes = files ? 200_000_000 : 20_000_000, maxTotal = 50_000_000, input } = options
  const upload = files && uploader(files)
  const runs = new WeakMap<Run, Kept>()

  return {
    name: 'media',
    async *model(call, next, run) {
      if (!call.messages.some(({ parts }) => parts.some(holdsMedia))) return yield* next(call)
      let kept = runs.get(run)
      if (!kept) runs.set(run, (kept = { said: new Set(), made: new Map(), keys: new WeakMap() }))
      const takes = (typeof input === 'function' ? await input(next.info) : input) ?? next.info.capabilities?.input
      const work: Work = { call, info: next.info, takes, kept, total: 0 }
      // who asks now can be told; what failed before, with nobody answering it, must not fail every turn after it
      const asking = call.messages.findLastIndex(({ role }) => role === 'user' || role === 'assistant')
      const messages: Message[] = []
      // the newest first: what there is room for is given to them
      for (const [at, message] of [...call.messages.entries()].toReversed()) {
        const isAsked = at === asking && message.role === 'user'
        const parts: Part[] = []
        for (const part of message.parts) {
          if (part.type === 'media') parts.push(...(yield* prepare(part, message.role, isAsked, work)))
          else if (part.type === 'result' && part.parts?.some(holdsMedia)) {
            const inner: (TextPart | MediaPart)[] = []
            for (const item of part.parts) inner.push(...(item.type === 'media' ? yield* prepare(item, 'tool', false, work) : [item]))
            parts.push({ ...part, parts: inner })
          } else parts.push(part)
        }
        messages.unshift({ ...message, parts })
      }
      yield* next({ ...call, messages })
    },
  }

  /** One part as the model takes it, or named in words where it cannot be had and nobody asks with it. */
  async function* prepare(
    given: MediaPart,
    role: Role,
    isAsked: boolean,
    work: Work,
  ): AsyncGenerator<Chunk, (TextPart | MediaPart)[], void> {
    const { signal } = work.call
    signal?.throwIfAborted()
    try {
      return yield* taken(given, role, work)
    } catch (thrown) {
      signal?.throwIfAborted()
      const { code, message, retryable } = asKitError(thrown)
      // what may go well the next time is no reason to answer without it; an address may be gone for good
      if (isAsked || (retryable && code !== 'input/refused')) throw thrown
      yield* say(work, given, {
        type: 'notice',
        code: 'media/dropped',
        message: `${message}; it is only named`,
        data: { from: kindOf(given.mime), name: given.name, code },
      })
      return [{ type: 'text', text: `[${nameOf(given)}]` }]
    }
  }

  async function* taken(given: MediaPart, role: Role, work: Work): AsyncGenerator<Chunk, (TextPart | MediaPart)[], void> {
    const { signal } = work.call
    const { fetch, fetches = fromUsers } = options
    const part =
      fetch && given.url !== undefined && fetches(given, role)
        ? await once(work.kept, `get ${await keyOf(given, work.kept)}`, () => fetched(given, given.url!, fetch, signal))
        : given
    const kind = kindOf(part.mime)
    const bytes = part.data === undefined ? 0 : Math.floor(part.data.length * 0.75)
    if (bytes > maxBytes) throw tooLarge(part, maxBytes)
    if (kind && work.takes && !work.takes.includes(kind)) {
      const way = degradable(kind, options.degrade, work.takes)
      if (!way)
        throw new KitError('model/unsupported', `${work.info.id} takes no ${kind}: ${nameOf(part)}`, { provider: work.info.provider })
      yield* say(work, part, {
        type: 'notice',
        code: 'media/degraded',
        message: `${nameOf(part)} is given as ${way.to} (${way.by})`,
        data: { from: kind, to: way.to, by: way.by, name: part.name },
      })
      const { parts, cut } = await once(work.kept, `as ${way.to} ${await keyOf(part, work.kept)}`, () =>
        degrade(part, kind, { ...options.degrade }, { signal, takes: work.takes!, maxText: options.maxText ?? 400_000 }),
      )
      if (cut)
        yield* say(work, part, {
          type: 'notice',
          code: 'media/cut',
          message: `only the beginning of ${nameOf(part)} is given`,
          data: { name: part.name },
        })
      return parts
    }
    if (part.data === undefined) return [part]
    if (upload && bytes > inlineLimit) return [await upload(part, bytesOf(part), signal)]
    if (work.total + bytes > maxTotal)
      throw new KitError('request/too-large', `the media of this request are more than ${maxTotal} bytes together`)
    work.total += bytes
    return [part]
  }
}

const fromUsers = (_: MediaPart, role: Role): boolean => role === 'user'

async function fetched(part: MediaPart, address: string, fetch: GuardedFetch, signal: AbortSignal | undefined): Promise<MediaPart> {
  const kind = kindOf(part.mime)
  const accept = kind && kind !== 'text' ? [kind === 'pdf' ? 'application/pdf' : `${kind}/*`] : undefined
  const { mime, bytes } = await fetch(address, { ...(signal && { signal }), ...(accept && { accept }) })
  const { url: _, ...rest } = part
  return { ...rest, mime, data: toBase64(bytes) }
}

interface Work {
  call: ModelCall
  info: ModelInfo
  takes: readonly Modality[] | undefined
  kept: Kept
  total: number
}

/** What a run has made and said already. */
interface Kept {
  said: Set<string>
  made: Map<string, Promise<unknown>>
  keys: WeakMap<MediaPart, string>
}

/** Bounded by the media of one run; a failure is not kept. */
function once<T>({ made }: Kept, key: string, make: () => Promise<T>): Promise<T> {
  const before = made.get(key) as Promise<T> | undefined
  if (before) return before
  const now = make()
  made.set(key, now)
  now.catch(() => made.delete(key))
  return now
}

async function* say({ kept }: Work, part: MediaPart, notice: Chunk & { type: 'notice' }): AsyncGenerator<Chunk, void, void> {
  const key = `${notice.code} ${await keyOf(part, kept)}`
  if (kept.said.has(key)) return
  kept.said.add(key)
  yield notice
}

/** The same media has the same key, also where a layer has copied its part. */
async function keyOf(part: MediaPart, { keys }: Kept): Promise<string> {
  const { mime, data, url, ref, store } = part
  let key = keys.get(part)
  if (key === undefined) keys.set(part, (key = JSON.stringify([mime, store, ref, url, data !== undefined && (await sha256(data))])))
  return key
}

const nameOf = ({ name, mime }: MediaPart): string => name ?? mime

const holdsMedia = (part: Part): boolean =>
  part.type === 'media' || (part.type === 'result' && part.parts?.some(({ type }) => type === 'media') === true)

/** What a model would have to take; nothing for kinds that no model names. */
function kindOf(mime: string): Modality | undefined {
  const [kind, form] = mime.toLowerCase().split('/')
  if (kind === 'application' && form === 'pdf') return 'pdf'
  return kind === 'image' || kind === 'audio' || kind === 'video' || kind === 'text' ? kind : undefined
}

function bytesOf(part: MediaPart): Uint8Array<ArrayBuffer> {
  const bytes = readBase64(part.data ?? '')
  if (!bytes) throw new KitError('request/invalid', `the data of ${nameOf(part)} is not Base64`)
  return bytes
}

const tooLarge = (part: MediaPart, limit: number): KitError =>
  new KitError('request/too-large', `${nameOf(part)} has more than ${limit} bytes`)
