import { KitError } from '../../errors.ts'
import type { MediaPart } from '../../message.ts'
import type { ImageModel } from '../../services.ts'
import { type Fields, objects, textIn } from './fields.ts'
import { usageIn } from './openai-tokens.ts'
import { askJson, type Service } from './service.ts'
import { fileOf } from './upload.ts'

/** Where a server makes images, as data. */
export interface ImageForm {
  /** Default `/images/generations`. */
  make?: string
  /** Where images are changed; default `/images/edits`. */
  edit?: string
  /** The fields that name images to change, by their addresses or data URLs; absent: files of a form, or `images` where all have addresses. */
  references?: (urls: readonly string[]) => Fields
}

/** Models that make images, and change those that they are given. Answers hold the image or, where the server keeps it, its address. */
export const imageModel =
  (service: Service, { make = '/images/generations', edit = '/images/edits', references }: ImageForm = {}) =>
  (id: string): ImageModel => ({
    info: { id, provider: service.provider },
    async image({ prompt, images = [], mask, n, size, ...options }) {
      const { provider } = service
      const said = { model: id, prompt, n, size }
      const shown = mask ? [...images, mask] : images
      let body: Fields
      if (!shown.length) body = await askJson(service, { path: make, json: said, options })
      else if (references || shown.every(({ data }) => data === undefined)) {
        if (references && mask) throw new KitError('model/unsupported', `${provider} takes no mask`, { provider })
        const named = references
          ? references(images.map((image) => urlOf(image, provider)))
          : { images: images.map((image) => byAddress(image, provider)), mask: mask && byAddress(mask, provider) }
        body = await askJson(service, { path: edit, json: { ...said, ...named }, options })
      } else {
        const form = new FormData()
        for (const [name, value] of Object.entries(said)) if (value !== undefined) form.set(name, String(value))
        for (const image of images) form.append(images.length > 1 ? 'image[]' : 'image', fileOf(image, provider))
        if (mask) form.set('mask', fileOf(mask, provider))
        body = await askJson(service, { path: edit, form, options })
      }
      const made = objects(body.data).flatMap((item) => imageIn(item, body.output_format))
      if (!made.length) throw new KitError('model/empty', `${provider} made no image`, { provider })
      return { images: made, ...usageIn(body.usage) }
    },
  })

function imageIn({ b64_json, url, media_type, mime_type }: Fields, format: unknown): MediaPart[] {
  const mime = textIn(media_type) ?? textIn(mime_type) ?? `image/${format === 'svg' ? 'svg+xml' : (textIn(format) ?? 'png')}`
  const [data, address] = [textIn(b64_json), textIn(url)]
  if (data !== undefined) return [{ type: 'media', mime, data }]
  return address === undefined ? [] : [{ type: 'media', mime, url: address }]
}

function urlOf({ mime, data, url }: MediaPart, provider: string): string {
  const address = data === undefined ? url : `data:${mime};base64,${data}`
  if (address === undefined) throw new KitError('model/unsupported', `${provider} takes images by data or address here`, { provider })
  return address
}

function byAddress({ url, ref, store }: MediaPart, provider: string): Fields {
  if (url !== undefined) return { image_url: url }
  if (ref !== undefined && store === provider) return { file_id: ref }
  throw new KitError('model/unsupported', `${provider} takes images by data or address here`, { provider })
}
