import { KitError } from '../../errors.ts'
import type { MediaPart } from '../../message.ts'
import type { Page, ReadCall, ServiceInfo } from '../../services.ts'
import { countIn, defined, type Fields, objects, textIn } from './fields.ts'
import { parse } from './http.ts'
import { askJson, type Service } from './service.ts'

/** A picture on a page: its place in pixels of the page, and what `bbox_annotation_format` asked of it. */
export interface Figure {
  /** The name by which the Markdown shows it. */
  name: string
  /** Left, top, right, bottom. */
  box?: readonly [number, number, number, number]
  /** There where `include_image_base64` is asked for. */
  image?: MediaPart
  annotation?: unknown
}

/** A page as Mistral reads it. */
export interface MistralPage extends Page {
  figures: readonly Figure[]
  /** Pixels, by which boxes count. */
  size?: { width: number; height: number }
}

/** A `Reader` that tells more: figures with their places, and annotations where `providerOptions.mistral` asks for them. */
export interface MistralReader {
  readonly info: ServiceInfo
  read(call: ReadCall): Promise<{ pages: readonly MistralPage[]; annotation?: unknown }>
}

/** Models behind `POST /ocr`. A document by data, by address or as a file of Mistral's (purpose `ocr`); pages from 1. */
export const mistralReader =
  (service: Service) =>
  (id: string): MistralReader => ({
    info: { id, provider: service.provider },
    async read({ document, pages, ...options }) {
      const { provider } = service
      const json = { model: id, document: asDocument(document, provider), pages: pages?.map((page) => page - 1) }
      const body = await askJson(service, { path: '/ocr', json, options })
      if (!Array.isArray(body.pages)) throw new KitError('model/garbled', `${provider} sent no pages`, { provider })
      return { pages: objects(body.pages).map(pageIn), ...annotationIn(body.document_annotation) }
    },
  })

function asDocument({ mime, data, url, ref, store, name }: MediaPart, provider: string): Fields {
  if (store === provider && ref !== undefined) return { type: 'file', file_id: ref }
  const place = url ?? (data && `data:${mime};base64,${data}`)
  if (!place) throw new KitError('model/unsupported', `${provider} reads documents by data, by address or from its own files`, { provider })
  if (mime.startsWith('image/')) return { type: 'image_url', image_url: place }
  return { type: 'document_url', document_url: place, ...(name !== undefined && { document_name: name }) }
}

function pageIn(page: Fields, at: number): MistralPage {
  const figures = objects(page.images).map(figureIn)
  const images = figures.flatMap(({ image }) => image ?? [])
  const [width, height] = objects([page.dimensions]).flatMap(({ width: w, height: h }) => [countIn(w), countIn(h)])
  return {
    page: (countIn(page.index) ?? at) + 1,
    text: typeof page.markdown === 'string' ? page.markdown : '',
    ...(images.length && { images }),
    figures,
    ...(width !== undefined && height !== undefined && { size: { width, height } }),
  }
}

function figureIn(raw: Fields): Figure {
  const corners = [raw.top_left_x, raw.top_left_y, raw.bottom_right_x, raw.bottom_right_y].map(countIn)
  const box = corners.includes(undefined) ? undefined : (corners as unknown as Figure['box'])
  const name = textIn(raw.id) ?? 'image'
  const [, mime, data] = /^data:([^;,]+);base64,(.+)$/s.exec(textIn(raw.image_base64) ?? '') ?? []
  const image: MediaPart | undefined = mime !== undefined && data !== undefined ? { type: 'media', mime, data, name } : undefined
  return { name, ...defined({ box, image }), ...annotationIn(raw.image_annotation) }
}

/** Annotations are JSON in a text; what is none stays as it is. */
const annotationIn = (raw: unknown): { annotation?: unknown } => {
  const said = textIn(raw)
  return said === undefined ? {} : { annotation: parse(said) ?? said }
}
