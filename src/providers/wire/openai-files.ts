import type { Files, ProviderFile } from '../../services.ts'
import { countIn, defined, type Fields, objects, textIn } from './fields.ts'
import { allPages, askBytes, askJson, type Service, garbled } from './service.ts'
import { mimeFor } from './upload.ts'

/** How a server's files differ, as data. */
export interface FileForm {
  /** Where files go; default `/files`. */
  upload?: string
  /** The field for the name, for servers that do not take it from the file. */
  name?: string
}

/** Bytes of one file. */
const fileLimit = 512 * 1024 * 1024

/** Files behind `/files`. */
export function filesOf(service: Service, { upload = '/files', name: named }: FileForm = {}): Files {
  const at = (id: string): string => `/files/${encodeURIComponent(id)}`
  return {
    async upload({ data, name, mime, purpose = 'user_data', ...options }) {
      const form = new FormData()
      form.set('purpose', purpose)
      if (named) form.set(named, name)
      form.set('file', new File([data], name, { type: mime }))
      return fileIn(await askJson(service, { path: upload, form, options }), service.provider, mime)
    },
    get: async (id, options) => fileIn(await askJson(service, { path: at(id), options }), service.provider),
    list: (options) =>
      allPages(async (after) => {
        const body = await askJson(service, { path: '/files', query: { limit: 1000, order: 'desc', after }, options })
        const items = objects(body.data).map((file) => fileIn(file, service.provider))
        const next = textIn(body.last_id) ?? items.at(-1)?.id
        return { items, ...(body.has_more === true && next !== undefined && { next }) }
      }),
    async delete(id, options) {
      await askJson(service, { method: 'DELETE', path: at(id), options })
    },
    content: (id, options) => askBytes(service, { path: `${at(id)}/content`, options }, fileLimit),
  }
}

function fileIn({ id, filename, bytes, created_at, expires_at, status }: Fields, provider: string, mime?: string): ProviderFile {
  const [ref, name] = [textIn(id), textIn(filename)]
  if (ref === undefined) throw garbled(provider, 'a file without an id')
  const kind = mime ?? mimeFor(name)
  return {
    id: ref,
    mime: kind,
    // a server that tells of no status has files that may be used at once
    status: status === 'error' ? 'failed' : status === 'uploaded' || status === 'pending' ? 'processing' : 'ready',
    part: { type: 'media', mime: kind, ref, store: provider, ...(name !== undefined && { name }) },
    ...defined({ name, bytes: countIn(bytes), createdAt: ms(created_at), expiresAt: ms(expires_at) }),
  }
}

/** A time in seconds, or as a date, in ms. */
export function ms(time: unknown): number | undefined {
  const at = typeof time === 'string' ? Date.parse(time) : (countIn(time) ?? NaN) * 1000
  return Number.isFinite(at) ? at : undefined
}
