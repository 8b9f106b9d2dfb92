import type { Chunk, Source } from '../../model.ts'
import { countIn, defined, type Fields, fields, objects, textIn } from './fields.ts'
import { unitsIn } from './gemini-fields.ts'

/** Sources of one answer, and places that are looked for; what a server says beyond that is left out. */
const limit = 500
/** Characters of what a page may show beside an answer. */
const shownLimit = 65_536

/**
 * What an answer rests on, each source once: grounding with the places that it supports, citations, and pages that were
 * fetched and are in neither. The wire counts places in bytes of UTF-8; a place that is not in the text is left out. What names
 * nothing is no source.
 */
export function sourcesOf(metadata: readonly Fields[], text: string): Source[] {
  const found = new Map<string, Source>()
  const add = (source: Source): void => {
    if ((source.url ?? source.title ?? source.text ?? source.document) && found.size < limit) found.set(JSON.stringify(source), source)
  }
  let left = limit
  const bytes = new TextEncoder().encode(metadata.length ? text : '')
  const place = ({ startIndex, endIndex, text: words }: Fields): Pick<Source, 'start' | 'end'> => {
    const [from, to] = [countIn(startIndex) ?? 0, countIn(endIndex)]
    if (to === undefined || to > bytes.length || left-- <= 0) return {}
    const start = unitsIn(bytes, from)
    const said = textIn(words)
    if (said === undefined) return { start, end: unitsIn(bytes, to) }
    // the index may count from the start of a part, which is no sooner
    const at = text.indexOf(said, start)
    return at < 0 ? {} : { start: at, end: at + said.length }
  }
  for (const { groundingMetadata, citationMetadata } of metadata) {
    const { groundingChunks, groundingSupports } = fields(groundingMetadata)
    const chunks = list(groundingChunks).map(chunkOf)
    const unused = new Set(chunks)
    for (const { segment, groundingChunkIndices } of objects(groundingSupports)) {
      const where = place(fields(segment))
      for (const index of list(groundingChunkIndices)) {
        const chunk = chunks[countIn(index) ?? -1]
        if (!chunk) continue
        unused.delete(chunk)
        add({ ...chunk, ...where })
      }
    }
    unused.forEach(add)
    // `citations` on Vertex, `citationSources` on the Gemini API
    const { citations, citationSources } = fields(citationMetadata)
    for (const citation of objects(citations ?? citationSources)) add({ ...chunkOf({ web: citation }), ...place(citation) })
  }
  const urls = new Set([...found.values()].map(({ url }) => url))
  for (const { urlContextMetadata } of metadata)
    for (const { retrievedUrl, urlRetrievalStatus } of objects(fields(urlContextMetadata).urlMetadata)) {
      const url = textIn(retrievedUrl)
      if (url && !urls.has(url) && textIn(urlRetrievalStatus)?.endsWith('_SUCCESS')) add({ url })
    }
  return [...found.values()]
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value.slice(0, limit) : [])

/**
 * What the vendor's terms want to be shown beside a grounded answer, as a notice `model/search-entry-point`: `html` as it came,
 * which nobody has checked (a page shows it in a sandboxed frame only), the searches, and the token of a map.
 */
export function* entryPoints(metadata: readonly Fields[]): Generator<Chunk, void, void> {
  const { searchEntryPoint, webSearchQueries, googleMapsWidgetContextToken } = Object.assign(
    {},
    ...metadata.map(({ groundingMetadata }) => groundingMetadata),
  ) as Fields
  const shown = (value: unknown): string | undefined => textIn(value)?.slice(0, shownLimit)
  const [html, mapsWidget] = [shown(fields(searchEntryPoint).renderedContent), shown(googleMapsWidgetContextToken)]
  if (html ?? mapsWidget)
    yield {
      type: 'notice',
      code: 'model/search-entry-point',
      message: 'show this with the answer',
      data: defined({ html, mapsWidget, queries: list(webSearchQueries).filter(textIn) }),
    }
}

/** A page, a place on the map, a picture, or a passage of a document. */
function chunkOf(chunk: unknown): Source {
  const { web, maps, image, retrievedContext } = fields(chunk)
  const it = fields(web ?? maps ?? image ?? retrievedContext)
  const { text, pageSpan } = fields(it.ragChunk)
  const { firstPage = it.pageNumber, lastPage = firstPage } = fields(pageSpan)
  const [first, last] = [countIn(firstPage), countIn(lastPage)]
  return defined({
    url: textIn(it.uri ?? it.sourceUri),
    title: textIn(it.title),
    text: textIn(it.text ?? text),
    document: textIn(it.documentName ?? it.fileSearchStore),
    pages: first === undefined || last === undefined ? undefined : ([first, last] as const),
  })
}
