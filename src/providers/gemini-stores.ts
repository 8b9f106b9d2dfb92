import type { ProviderFile, ServiceOptions, UploadCall } from '../services.ts'
import { defined, type Fields, fields, objects, textIn, timeIn } from './wire/fields.ts'
import { bigIn, nameIn } from './wire/gemini-fields.ts'
import { type GeminiConnection, geminiService, named, onlySignal } from './wire/gemini-place.ts'
import { upload } from './wire/gemini-upload.ts'
import { wire } from './wire/gemini.ts'
import { allPages, askJson } from './wire/service.ts'

/** A store of documents that `fileSearch` of `edgeswarm/providers/gemini-tools` looks in. */
export interface GeminiStore {
  /** `fileSearchStores/…`. */
  id: string
  name?: string
  /** Documents that can be found, are still being read, and could not be read. */
  documents: { active: number; pending: number; failed: number }
  bytes?: number
  /** Ms since 1970. */
  createdAt?: number
}

/** A document of a store: its `id` is `fileSearchStores/…/documents/…`. It stays until it is deleted. */
export type StoredDocument = Pick<ProviderFile, 'id' | 'name' | 'mime' | 'bytes' | 'createdAt' | 'status'>

export interface AddCall extends UploadCall {
  /** Found again by the `filter` of `fileSearch`. */
  metadata?: Readonly<Record<string, string | number>>
  /** How it is cut; default the vendor's. */
  chunks?: { tokens?: number; overlap?: number }
}

export interface GeminiStores {
  create(name: string, options?: ServiceOptions): Promise<GeminiStore>
  get(id: string, options?: ServiceOptions): Promise<GeminiStore>
  /** At most 10,000. */
  list(options?: ServiceOptions): Promise<GeminiStore[]>
  /** With `force` its documents go too; without, a store that has some is refused (`model/request`). */
  delete(id: string, options?: ServiceOptions & { force?: boolean }): Promise<void>
  /** Uploads a document, at most 100 MB; `processing` until it can be found. */
  add(store: string, call: AddCall): Promise<StoredDocument>
  document(id: string, options?: ServiceOptions): Promise<StoredDocument>
  documents(store: string, options?: ServiceOptions): Promise<StoredDocument[]>
  remove(document: string, options?: ServiceOptions): Promise<void>
}

/**
 * File search stores of the Gemini API; Vertex AI has none. Errors: `model/*`.
 * @example const store = await stores.create('manuals'); await stores.add(store.id, { data, name: 'a.pdf', mime: 'application/pdf' })
 */
export function geminiStores(options: GeminiConnection = {}): GeminiStores {
  const service = geminiService(options)
  const pathOf = (id: string): string => named('fileSearchStores', id)
  const documentPath = (id: string): string => {
    const [store = '', document = ''] = id.split('/documents/')
    return pathOf(store) + named('documents', document)
  }
  return {
    async create(displayName, more) {
      return storeIn(await askJson(service, { path: '/fileSearchStores', json: { displayName }, options: more }))
    },
    async get(id, more) {
      return storeIn(await askJson(service, { path: pathOf(id), options: more }))
    },
    list: (more) =>
      allPages(async (pageToken) => {
        const body = await askJson(service, { path: '/fileSearchStores', query: { pageSize: 20, pageToken }, options: more })
        return { items: objects(body.fileSearchStores).map(storeIn), next: textIn(body.nextPageToken) }
      }),
    async delete(id, { force, ...more } = {}) {
      await askJson(service, { method: 'DELETE', path: pathOf(id), query: { force: force ? 'true' : undefined }, options: more })
    },
    async add(store, { metadata = {}, chunks, ...call }) {
      const whiteSpaceConfig = chunks && defined({ maxTokensPerChunk: chunks.tokens, maxOverlapTokens: chunks.overlap })
      const customMetadata = Object.entries(metadata).map(([key, value]) =>
        typeof value === 'number' ? { key, numericValue: value } : { key, stringValue: value },
      )
      const about = {
        displayName: call.name,
        mimeType: call.mime,
        customMetadata: customMetadata.length ? customMetadata : undefined,
        chunkingConfig: whiteSpaceConfig && { whiteSpaceConfig },
        ...call.providerOptions?.[wire],
      }
      const meta = { ...call, ...onlySignal(call), providerOptions: undefined }
      const body = await upload(service, `${pathOf(store)}:uploadToFileSearchStore`, about, meta)
      const { documentName, mimeType, sizeBytes } = fields(body.response)
      return defined({
        id: textIn(documentName) ?? '',
        name: call.name,
        mime: textIn(mimeType) ?? call.mime,
        bytes: bigIn(sizeBytes),
        status: body.error ? ('failed' as const) : ('processing' as const),
      })
    },
    async document(id, more) {
      return documentIn(await askJson(service, { path: documentPath(id), options: more }))
    },
    documents: (store, more) =>
      allPages(async (pageToken) => {
        const body = await askJson(service, { path: `${pathOf(store)}/documents`, query: { pageSize: 20, pageToken }, options: more })
        return { items: objects(body.documents).map(documentIn), next: textIn(body.nextPageToken) }
      }),
    async remove(id, more) {
      await askJson(service, { method: 'DELETE', path: documentPath(id), query: { force: 'true' }, options: more })
    },
  }
}

const storeIn = (store: Fields): GeminiStore =>
  defined({
    id: nameIn(store.name),
    name: textIn(store.displayName),
    documents: {
      active: bigIn(store.activeDocumentsCount) ?? 0,
      pending: bigIn(store.pendingDocumentsCount) ?? 0,
      failed: bigIn(store.failedDocumentsCount) ?? 0,
    },
    bytes: bigIn(store.sizeBytes),
    createdAt: timeIn(store.createTime),
  })

const documentIn = (document: Fields): StoredDocument =>
  defined({
    id: nameIn(document.name),
    name: textIn(document.displayName),
    mime: textIn(document.mimeType),
    bytes: bigIn(document.sizeBytes),
    createdAt: timeIn(document.createTime),
    status: document.state === 'STATE_ACTIVE' ? 'ready' : document.state === 'STATE_FAILED' ? 'failed' : 'processing',
  })
