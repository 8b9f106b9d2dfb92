import { type Tool, tool } from '../tool.ts'
import { wire } from './wire/gemini.ts'

/** A stretch of time, RFC 3339. */
export interface Period {
  start: string
  end: string
}

/**
 * Google Search: the model looks for what it needs, and the answer's sources come as `source` events. Google's terms want the
 * search suggestions shown beside the answer: they come as a notice `model/search-entry-point`.
 * @example agent({ model: gemini('gemini-3.8-flash', { apiKey }), tools: [googleSearch()] })
 */
export const googleSearch = (options: { period?: Period; images?: boolean; excludeDomains?: readonly string[] } = {}): Tool =>
  hosted('google_search', {
    googleSearch: {
      timeRangeFilter: options.period && { startTime: options.period.start, endTime: options.period.end },
      searchTypes: options.images ? { webSearch: {}, imageSearch: {} } : undefined,
      // Vertex only
      excludeDomains: options.excludeDomains,
    },
  })

/**
 * Google Maps: places as `source` events; with `widget` the token of a map comes in the notice `model/search-entry-point`. Where
 * the person is goes into `providerOptions: { gemini: { retrievalConfig: { latLng: { latitude, longitude } } } }` of the call.
 */
export const googleMaps = (options: { widget?: boolean } = {}): Tool =>
  hosted('google_maps', { googleMaps: { enableWidget: options.widget } })

/** Reads the pages, PDFs and images whose addresses are in the prompt: at most 20 of 34 MB each; those it could read are sources. */
export const urlContext = (): Tool => hosted('url_context', { urlContext: {} })

/** Writes Python and runs it at Google's for at most 30 s; the code and what it printed are calls and results by the provider. */
export const codeExecution = (): Tool => hosted('code_execution', { codeExecution: {} })

/** Looks in stores that `geminiStores` fills; `stores` are their names (`fileSearchStores/…`), `filter` is AIP-160 over their metadata. */
export const fileSearch = (stores: readonly string[], options: { top?: number; filter?: string } = {}): Tool =>
  hosted('file_search', { fileSearch: { fileSearchStoreNames: [...stores], topK: options.top, metadataFilter: options.filter } })

/** Any other tool of the vendor's, by its field of `Tool`: `computerUse`, `mcpServers`, `enterpriseWebSearch`, `retrieval`, … */
export const geminiTool = (field: string, settings: Readonly<Record<string, unknown>> | readonly unknown[] = {}): Tool =>
  hosted(
    field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    { [field]: settings },
  )

const hosted = (name: string, definition: Record<string, unknown>): Tool => tool({ name, hosted: { wire, definition } })
