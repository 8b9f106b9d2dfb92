import { unlessAborted } from '../../abort.ts'
import { KitError } from '../../errors.ts'
import type { UploadCall } from '../../services.ts'
import type { Fields } from './fields.ts'
import { bigIn } from './gemini-fields.ts'
import { onlySignal } from './gemini-place.ts'
import { ask, askJson, type Service } from './service.ts'

/** Bytes at a time; the vendor wants multiples of 256 KiB. */
const piece = 8 * 1024 * 1024
/** How often one upload may go on after its connection broke. */
const resumptions = 3

/**
 * Uploads by the vendor's resumable protocol: one request says what will come and gets an address, then come the bytes, in pieces
 * of 8 MiB. A connection that breaks is asked how far it came after a short wait, at most three times. `path` is below the base address, `meta` the
 * JSON of the first request. The key is not sent to the address, which is a secret of its own. Errors: `model/*`.
 */
export async function upload(service: Service, path: string, meta: Fields, call: UploadCall): Promise<Fields> {
  const { data } = call
  const size = data instanceof Blob ? data.size : data.length
  const address = await begin(service, path, meta, call, size)
  const to = { ...service, apiKey: null, ...(sameOrigin(address, service.baseURL) ? {} : { headers: {} }) }
  const options = onlySignal(call)
  let offset = 0
  let lost = false
  for (let left = resumptions; ;) {
    try {
      if (lost) offset = await received(to, address, size, options)
      lost = false
      const end = Math.min(offset + piece, size)
      const last = end === size
      const request = {
        path: address,
        bytes: data instanceof Blob ? data.slice(offset, end, '') : data.subarray(offset, end),
        headers: { 'x-goog-upload-command': last ? 'upload, finalize' : 'upload', 'x-goog-upload-offset': String(offset) },
        options,
      }
      if (last) return await askJson(to, request)
      const response = await ask(to, request)
      response.body?.cancel().catch(() => {})
      if (response.headers.get('x-goog-upload-status') !== 'active') throw broken(service, false)
      offset = end
    } catch (error) {
      if (!(error instanceof KitError) || !error.retryable || left-- <= 0) throw error
      await pause(error.retryAfter ?? 100 * 2 ** (resumptions - left), call.signal)
      lost = true
    }
  }
}

async function begin(service: Service, path: string, meta: Fields, call: UploadCall, size: number): Promise<string> {
  const { origin, pathname } = new URL(service.baseURL)
  const response = await ask(service, {
    path: `${origin}/upload${pathname}${path}`,
    json: meta,
    headers: {
      'x-goog-upload-protocol': 'resumable',
      'x-goog-upload-command': 'start',
      'x-goog-upload-header-content-length': String(size),
      'x-goog-upload-header-content-type': call.mime,
    },
    options: call,
  })
  response.body?.cancel().catch(() => {})
  const address = response.headers.get('x-goog-upload-url') ?? ''
  if (URL.canParse(address) && (address.startsWith('https://') || sameOrigin(address, service.baseURL))) return address
  throw new KitError('model/garbled', `${service.provider} named no place for an upload`, { provider: service.provider })
}

/** How many bytes have arrived. */
async function received(to: Service, path: string, size: number, options: ReturnType<typeof onlySignal>): Promise<number> {
  const response = await ask(to, { method: 'POST', path, headers: { 'x-goog-upload-command': 'query' }, options })
  response.body?.cancel().catch(() => {})
  const count = bigIn(response.headers.get('x-goog-upload-size-received') ?? '')
  if (response.headers.get('x-goog-upload-status') === 'active' && count !== undefined && count <= size) return count
  throw broken(to, false)
}

/** Waits, at most 10 s. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.min(ms, 10_000))))
  await (signal ? unlessAborted(over, signal) : over).finally(() => clearTimeout(timer))
}

const sameOrigin = (one: string, other: string): boolean => new URL(one).origin === new URL(other).origin

const broken = ({ provider }: Service, retryable: boolean): KitError =>
  new KitError('model/http', `${provider} ended an upload too early`, { provider, retryable })
