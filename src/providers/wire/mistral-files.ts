import { KitError } from '../../errors.ts'
import type { Files, ProviderFile } from '../../services.ts'
import { countIn, defined, type Fields, objects, textIn } from './fields.ts'
import { ms } from './openai-files.ts'
import { allPages, askBytes, askJson, type Service } from './service.ts'
import { mimeFor } from './upload.ts'

/** Bytes of one file. */
const fileLimit = 512 * 1024 * 1024
/** Files of one page. */
const page = 100

/** Files behind `/files`: for messages and OCR (`ocr`, the default), `batch` or `fine-tune`. */
export function mistralFiles(service: Service): Required<Files> {
  const { provider } = service
  const at = (id: string): string => `/files/${encodeURIComponent(id)}`
  return {
    async upload({ data, name, mime, purpose = 'ocr', ...options }) {
      const form = new FormData()
      form.set('purpose', purpose)
      form.set('file', new File([data], name, { type: mime }))
      return fileIn(await askJson(service, { path: '/files', form, options }), provider, mime)
    },
    get: async (id, options) => fileIn(await askJson(service, { path: at(id), options }), provider),
    list: (options) =>
      allPages(async (cursor = '0') => {
        const body = await askJson(service, { path: '/files', query: { page: cursor, page_size: page }, options })
        const items = objects(body.data).map((file) => fileIn(file, provider))
        return { items, ...(items.length >= page && { next: String(Number(cursor) + 1) }) }
      }),
    async delete(id, options) {
      await askJson(service, { method: 'DELETE', path: at(id), options })
    },
    content: (id, options) => askBytes(service, { path: `${at(id)}/content`, options }, fileLimit),
  }
}

function fileIn({ id, filename, bytes, created_at, expires_at, mimetype }: Fields, provider: string, mime?: string): ProviderFile {
  const [ref, name] = [textIn(id), textIn(filename)]
  if (ref === undefined) throw new KitError('model/garbled', `${provider} sent a file without an id`, { provider })
  const kind = mime ?? textIn(mimetype) ?? mimeFor(name)
  return {
    id: ref,
    mime: kind,
    status: 'ready',
    part: { type: 'media', mime: kind, ref, store: provider, ...(name !== undefined && { name }) },
    ...defined({ name, bytes: countIn(bytes), createdAt: ms(created_at), expiresAt: ms(expires_at) }),
  }
}
