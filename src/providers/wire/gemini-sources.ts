import type { Source } from '../../model.ts'

type Fields = Record<string, unknown>

/** Places of one answer; what a server says beyond that is left out. */
const supportLimit = 1_000

/**
 * What an answer rests on, each source once: grounding with the places that it supports, citations, and pages that were
 * fetched and are in neither. The wire counts places in bytes of UTF-8; a place that is not in the text is left out.
 */
export function sourcesOf(metadata: readonly Fields[], text: string): Source[] {
  if (!metadata.length) return []
  const found = new Map<string, Source>()
  const urls = new Set<string>()
  const add = (source: Source): void => {
    if (source.url !== undefined) urls.add(source.url)
    found.set(JSON.stringify(source), source)
  }
  const place = placesOf(text)
  let left = supportLimit
  for (const { groundingMetadata } of metadata) {
    if (!isObject(groundingMetadata)) continue
    const chunks = objects(groundingMetadata.groundingChunks, true).map(chunkOf)
    const used = new Set<number>()
    for (const support of objects(groundingMetadata.groundingSupports)) {
      if (!left--) return [...found.values()]
      const where = isObject(support.segment) ? place(support.segment) : {}
      for (const index of Array.isArray(support.groundingChunkIndices) ? (support.groundingChunkIndices as unknown[]) : []) {
        const chunk = typeof index === 'number' ? chunks[index] : undefined
        if (!chunk) continue
        used.add(index as number)
        add({ ...chunk, ...where })
      }
    }
    for (const [index, chunk] of chunks.entries()) if (chunk && !used.has(index)) add(chunk)
  }
  for (const { citationMetadata } of metadata) {
    if (!isObject(citationMetadata)) continue
    // `citations` on Vertex, `citationSources` on the Gemini API
    for (const cited of objects(citationMetadata.citations ?? citationMetadata.citationSources)) {
      const source = { ...field('url', cited.uri), ...field('title', cited.title) }
      if (Object.keys(source).length) add({ ...source, ...place(cited) })
    }
  }
  for (const { urlContextMetadata } of metadata) {
    if (!isObject(urlContextMetadata)) continue
    for (const { retrievedUrl, urlRetrievalStatus } of objects(urlContextMetadata.urlMetadata))
      if (typeof retrievedUrl === 'string' && urlRetrievalStatus === 'URL_RETRIEVAL_STATUS_SUCCESS' && !urls.has(retrievedUrl))
        add({ url: retrievedUrl })
  }
  return [...found.values()]
}

/** A page, a place on the map, a picture, or a passage of a document. */
function chunkOf(chunk: Fields): Source | undefined {
  const { web, maps, image, retrievedContext: passage } = chunk
  const page = web ?? maps
  if (isObject(page)) return some({ ...field('url', page.uri), ...field('title', page.title), ...field('text', page.text) })
  if (isObject(image)) return some({ ...field('url', image.sourceUri ?? image.imageUri), ...field('title', image.title) })
  if (!isObject(passage)) return undefined
  const inner = isObject(passage.ragChunk) ? passage.ragChunk : {}
  const span = isObject(inner.pageSpan) ? inner.pageSpan : { firstPage: passage.pageNumber, lastPage: passage.pageNumber }
  const { firstPage: first, lastPage: last } = span
  return some({
    ...field('url', passage.uri),
    ...field('title', passage.title),
    ...field('text', passage.text ?? inner.text),
    ...field('document', passage.documentName ?? inner.fileId ?? passage.fileSearchStore),
    ...(typeof first === 'number' && typeof last === 'number' && { pages: [first, last] as const }),
  })
}

/** Turns a segment into offsets in UTF-16 units; where its bytes do not give its words, the words themselves are looked for. */
function placesOf(text: string): (segment: Fields) => Pick<Source, 'start' | 'end'> {
  let units: ((byte: number) => number) | undefined
  return ({ startIndex = 0, endIndex, text: words }) => {
    if (typeof startIndex === 'number' && typeof endIndex === 'number' && startIndex >= 0 && endIndex >= startIndex) {
      units ??= unitsOf(text)
      const [start, end] = [units(startIndex), units(endIndex)]
      if (end >= 0 && (typeof words !== 'string' || text.slice(start, end) === words)) return { start, end }
    }
    const start = typeof words === 'string' && words ? text.indexOf(words) : -1
    return start < 0 ? {} : { start, end: start + (words as string).length }
  }
}

const stride = 512

/** From bytes of UTF-8 to units of UTF-16, by marks at every 512th unit: a long answer with many places stays cheap. -1 is beyond it. */
function unitsOf(text: string): (byte: number) => number {
  const marks: number[] = []
  let bytes = 0
  for (let unit = 0; unit < text.length; unit++) {
    if (unit % stride === 0) marks.push(bytes)
    bytes += bytesOf(text.charCodeAt(unit))
  }
  return (byte) => {
    if (byte > bytes) return -1
    let [low, high] = [0, marks.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (marks[middle]! <= byte) low = middle
      else high = middle
    }
    let unit = low * stride
    for (let at = marks[low] ?? 0; at < byte; unit++) at += bytesOf(text.charCodeAt(unit))
    return unit
  }
}

/** A pair of surrogates is four bytes: they are counted with its first unit. */
const bytesOf = (unit: number): number =>
  unit < 0x80 ? 1 : unit < 0x8_00 ? 2 : unit >= 0xd8_00 && unit < 0xdc_00 ? 4 : unit >= 0xdc_00 && unit < 0xe0_00 ? 0 : 3

const some = (source: Source): Source | undefined => (Object.keys(source).length ? source : undefined)
const field = <K extends string>(key: K, value: unknown): Partial<Record<K, string>> =>
  typeof value === 'string' && value ? ({ [key]: value } as Record<K, string>) : {}
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
/** The objects of a list; with `keep`, an empty one in the place of what is none, so that indexes stay true. */
const objects = (value: unknown, keep = false): Fields[] =>
  Array.isArray(value) ? (value as unknown[]).flatMap((each) => (isObject(each) ? [each] : keep ? [{}] : [])) : []
