import type { ModelCall } from '../model.ts'
import type { ServiceOptions } from '../services.ts'
import { countIn, defined, type Fields, fields, objects, textIn, timeIn } from './wire/fields.ts'
import { familyOf } from './wire/gemini-models.ts'
import { nameIn } from './wire/gemini-fields.ts'
import { type GeminiConnection, geminiService, named, onlySignal, type VertexConnection, vertexService } from './wire/gemini-place.ts'
import { encodeGemini, wire } from './wire/gemini.ts'
import { allPages, askJson } from './wire/service.ts'

/** What Gemini keeps of prompts that come again. `id` goes into `providerOptions: { gemini: { cachedContent: id } }` of a call. */
export interface GeminiCache {
  id: string
  model: string
  name?: string
  /** Tokens in it, which are paid by the hour. */
  tokens?: number
  /** Ms since 1970. */
  createdAt?: number
  expiresAt?: number
}

export interface CacheCall extends ServiceOptions {
  model: string
  /** The prompt's beginning: system, tools and messages. A call that uses the cache sends what comes after it, and neither system nor tools. */
  call: Pick<ModelCall, 'system' | 'messages' | 'tools' | 'toolChoice'>
  /** Seconds; default the vendor's hour. */
  ttl?: number
  name?: string
}

export interface GeminiCaches {
  create(call: CacheCall): Promise<GeminiCache>
  get(id: string, options?: ServiceOptions): Promise<GeminiCache>
  /** At most 10,000. */
  list(options?: ServiceOptions): Promise<GeminiCache[]>
  /** Gives it this many seconds from now. */
  update(id: string, ttl: number, options?: ServiceOptions): Promise<GeminiCache>
  delete(id: string, options?: ServiceOptions): Promise<void>
}

/**
 * Explicit caches of the Gemini API, or of Vertex AI where a `project` is named. (Implicit caching needs nothing: `usage.cacheRead`
 * tells it.) Errors: `model/*`.
 * @example const { id } = await geminiCaches({ apiKey }).create({ model, call: { system, messages }, ttl: 600 })
 */
export function geminiCaches(options: GeminiConnection | VertexConnection): GeminiCaches {
  const vertex = 'project' in options
  const service = vertex ? vertexService(options) : geminiService(options)
  const pathOf = (id: string): string => named('cachedContents', id.slice(id.lastIndexOf('/') + 1))
  const modelOf = (id: string): string => {
    if (id.includes('/')) return id
    return vertex ? `projects/${options.project}/locations/${options.location ?? 'global'}/publishers/google/models/${id}` : `models/${id}`
  }
  return {
    async create({ model, call, ttl, name, ...more }) {
      const { contents, systemInstruction, tools, toolConfig } = encodeGemini(call, { ...familyOf(model), vertex })
      const body = {
        model: modelOf(model),
        contents: (contents as Fields[]).length ? contents : undefined,
        systemInstruction,
        tools,
        toolConfig,
        ttl: ttl === undefined ? undefined : `${ttl}s`,
        displayName: name,
        ...more.providerOptions?.[wire],
      }
      return cacheIn(await askJson(service, { path: '/cachedContents', json: body, options: onlySignal(more) }))
    },
    async get(id, more) {
      return cacheIn(await askJson(service, { path: pathOf(id), options: more }))
    },
    list: (more) =>
      allPages(async (pageToken) => {
        const body = await askJson(service, { path: '/cachedContents', query: { pageSize: 100, pageToken }, options: more })
        return { items: objects(body.cachedContents).map(cacheIn), next: textIn(body.nextPageToken) }
      }),
    async update(id, ttl, more) {
      const query = { updateMask: 'ttl' }
      return cacheIn(await askJson(service, { method: 'PATCH', path: pathOf(id), query, json: { ttl: `${ttl}s` }, options: more }))
    },
    async delete(id, more) {
      await askJson(service, { method: 'DELETE', path: pathOf(id), options: more })
    },
  }
}

const cacheIn = ({ name, model, displayName, usageMetadata, createTime, expireTime }: Fields): GeminiCache =>
  defined({
    id: nameIn(name),
    model: (textIn(model) ?? '').replace(/^.*\//, ''),
    name: textIn(displayName),
    tokens: countIn(fields(usageMetadata).totalTokenCount),
    createdAt: timeIn(createTime),
    expiresAt: timeIn(expireTime),
  })
