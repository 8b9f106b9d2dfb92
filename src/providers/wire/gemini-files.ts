import type { Files, ProviderFile } from '../../services.ts'
import { defined, type Fields, fields, objects, textIn, timeIn } from './fields.ts'
import { bigIn, nameIn } from './gemini-fields.ts'
import { named } from './gemini-place.ts'
import { upload } from './gemini-upload.ts'
import { wire } from './gemini.ts'
import { allPages, askJson, type Service } from './service.ts'

/** Files of the Gemini API: at most 2 GB each, kept for 48 hours; they cannot be read back. */
export const geminiFiles = (service: Service): Files => ({
  async upload(call) {
    return fileIn(fields((await upload(service, '/files', { file: { displayName: call.name, mimeType: call.mime } }, call)).file))
  },
  async get(id, options) {
    return fileIn(await askJson(service, { path: named('files', id), options }))
  },
  list: (options) =>
    allPages(async (pageToken) => {
      const body = await askJson(service, { path: '/files', query: { pageSize: 100, pageToken }, options })
      return { items: objects(body.files).map(fileIn), next: textIn(body.nextPageToken) }
    }),
  async delete(id, options) {
    await askJson(service, { method: 'DELETE', path: named('files', id), options })
  },
})

function fileIn({ name, displayName, mimeType, sizeBytes, createTime, expirationTime, state, uri }: Fields): ProviderFile {
  const [id, mime, shown] = [nameIn(name), textIn(mimeType), textIn(displayName)]
  return defined({
    id,
    name: shown,
    mime,
    bytes: bigIn(sizeBytes),
    createdAt: timeIn(createTime),
    expiresAt: timeIn(expirationTime),
    status: state === 'ACTIVE' ? ('ready' as const) : state === 'FAILED' ? ('failed' as const) : ('processing' as const),
    part: defined({
      type: 'media' as const,
      mime: mime ?? 'application/octet-stream',
      ref: textIn(uri) ?? id,
      store: wire,
      name: shown,
    }),
  })
}
