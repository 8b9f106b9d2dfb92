import type { Chunk, Source } from '../../model.ts'
import { countIn, defined, type Fields, fields, isObject, objects, textIn } from './fields.ts'

/** Sources of one answer, and places that are looked for; what a server says beyond that is left out. */
const limit = 500

/**
 * What an answer rests on, each source once: grounding with the places that it supports, citations, and pages that were
 * fetched and are in neither. The wire counts places in bytes of UTF-8; a place that is not in the text is left out.
 */
export function sourcesOf(metadata: readonly Fields[], text: string): Source[] {
  const found = new Map<string, Source>()
  const add = (source: Source): void => {
    if (Object.keys(source).length && found.size < limit) found.set(JSON.stringify(source), source)
  }
  let left = limit
  const bytes = new TextEncoder().encode(metadata.length ? text : '')
  const place = ({ startIndex, endIndex, text: words }: Fields): Pick<Source, 'start' | 'end'> => {
    const [from, to] = [countIn(startIndex) ?? 0, countIn(endIndex)]
    if (to === undefined || to > bytes.length || left-- <= 0) return {}
    const units = (until: number): number => new TextDecoder().decode(bytes.subarray(0, until)).length
    const [start, end] = [units(from), units(to)]
    if (textIn(words) === undefined || text.slice(start, end) === words) return { start, end }
    // the index counts from the start of a part that is not named
    const at = text.indexOf(words as string)
    return at < 0 ? {} : { start: at, end: at + (words as string).length }
  }
  for (const { groundingMetadata: grounding } of metadata) {
    if (!isObject(grounding)) continue
    const chunks = Array.isArray(grounding.groundingChunks) ? grounding.groundingChunks.slice(0, limit).map(chunkOf) : []
    const unused = new Set(chunks)
    for (const { segment, groundingChunkIndices: indices } of objects(grounding.groundingSupports)) {
      const where = isObject(segment) ? place(segment) : {}
      for (const index of Array.isArray(indices) ? (indices as unknown[]) : []) {
        const chunk = chunks[countIn(index) ?? -1]
        if (!chunk || !Object.keys(chunk).length) continue
        unused.delete(chunk)
        add({ ...chunk, ...where })
      }
    }
    unused.forEach(add)
  }
  for (const { citationMetadata: cited } of metadata)
    if (isObject(cited))
      // `citations` on Vertex, `citationSources` on the Gemini API
      for (const citation of objects(cited.citations ?? cited.citationSources))
        add(defined({ url: textIn(citation.uri), title: textIn(citation.title), ...place(citation) }))
  const urls = new Set([...found.values()].map(({ url }) => url))
  for (const { urlContextMetadata: fetched } of metadata)
    if (isObject(fetched))
      for (const { retrievedUrl, urlRetrievalStatus } of objects(fetched.urlMetadata)) {
        const url = textIn(retrievedUrl)
        if (url && !urls.has(url) && urlRetrievalStatus === 'URL_RETRIEVAL_STATUS_SUCCESS') add({ url })
      }
  return [...found.values()]
}

/** Characters of what a page may show beside an answer. */
const shownLimit = 65_536

/**
 * What the vendor's terms want to be shown beside a grounded answer, as a notice `model/search-entry-point`: `html` as it came,
 * which nobody has checked (a page shows it in a sandboxed frame only), the searches, and the token of a map.
 */
export function* entryPoints(metadata: readonly Fields[]): Generator<Chunk, void, void> {
  for (const { groundingMetadata: grounding } of metadata.slice(-1)) {
    const { searchEntryPoint, webSearchQueries, googleMapsWidgetContextToken } = fields(grounding)
    const data = defined({
      html: textIn(fields(searchEntryPoint).renderedContent)?.slice(0, shownLimit),
      mapsWidget: textIn(googleMapsWidgetContextToken)?.slice(0, shownLimit),
    })
    if (!Object.keys(data).length) continue
    const queries = Array.isArray(webSearchQueries) ? webSearchQueries.filter((query) => textIn(query)).slice(0, limit) : []
    yield { type: 'notice', code: 'model/search-entry-point', message: 'show this with the answer', data: { ...data, queries } }
  }
}

/** A page, a place on the map, a picture, or a passage of a document. */
function chunkOf(chunk: unknown): Source {
  const { web, maps, image, retrievedContext } = isObject(chunk) ? chunk : {}
  const it = web ?? maps ?? image ?? retrievedContext
  if (!isObject(it)) return {}
  const passage = isObject(it.ragChunk) ? it.ragChunk : {}
  const { firstPage = it.pageNumber, lastPage = firstPage } = isObject(passage.pageSpan) ? passage.pageSpan : {}
  const [first, last] = [countIn(firstPage), countIn(lastPage)]
  return defined({
    url: textIn(it.uri ?? it.sourceUri),
    title: textIn(it.title),
    text: textIn(it.text ?? passage.text),
    document: textIn(it.documentName ?? it.fileSearchStore),
    pages: first === undefined || last === undefined ? undefined : ([first, last] as const),
  })
}
