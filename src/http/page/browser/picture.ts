import type { MediaPart } from '../../../message.ts'
import { el } from './dom.ts'
import { visible } from './markdown.ts'

/** Pictures that can run nothing; an SVG could. */
const plain = /^image\/(png|jpeg|gif|webp)$/

/**
 * A picture that came with its bytes, or that the session keeps apart. One that lies elsewhere is named and never loaded:
 * the request would tell of its reader.
 */
export function picture({ mime, data, url, ref, name }: MediaPart): HTMLElement {
  const title = name ?? mime
  // the service gives the address of what it keeps, and of nothing else that has a `ref`
  const own = ref !== undefined && url !== undefined ? new URL(url, document.baseURI) : undefined
  if (own?.origin === location.origin) {
    const link = el('p', { class: 'media' }, el('a', { href: own.href, download: title }, title))
    if (!plain.test(mime)) return link
    const image = el('img', { alt: name ?? 'Attached image' })
    kept(own.href).then(
      (blob) => show(image, blob),
      () => image.replaceWith(link),
    )
    return image
  }
  if (data !== undefined && plain.test(mime)) {
    try {
      const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0))
      return show(el('img', { alt: name ?? 'Attached image' }), new Blob([bytes], { type: mime }))
    } catch {
      // no base64: said below
    }
  }
  return el('p', { class: 'media' }, visible(`[${title}] ${url ?? ''}`))
}

/** By fetch, so that the policy need allow no image but what the page itself has made. */
async function kept(address: string): Promise<Blob> {
  const response = await fetch(address)
  const blob = await response.blob()
  if (!response.ok || !plain.test(blob.type)) throw new Error('it is no picture (any more)')
  return blob
}

function show(image: HTMLImageElement, blob: Blob): HTMLImageElement {
  const src = URL.createObjectURL(blob)
  const free = (): void => URL.revokeObjectURL(src)
  image.addEventListener('load', free)
  image.addEventListener('error', free)
  image.src = src
  return image
}

/** Px and bytes of a picture that is sent: models look at no more, and a phone's pictures have many megabytes. */
const sideLimit = 2048
const byteLimit = 1_000_000

/** A chosen file as a part of a message. Throws an `Error` whose message can be shown. */
export async function pictureOf(file: File): Promise<MediaPart> {
  if (!file.type.startsWith('image/')) throw new Error(`${file.name} is not an image`)
  const image = await createImageBitmap(file).catch(() => undefined)
  if (!image) throw new Error(`${file.name} cannot be read as an image`)
  const scale = Math.min(1, sideLimit / Math.max(image.width, image.height))
  let blob: Blob = file
  if (!plain.test(file.type) || scale < 1 || file.size > byteLimit) {
    for (let quality = 0.9, factor = scale; ; quality -= 0.15, factor *= 0.8) {
      const canvas = new OffscreenCanvas(Math.max(1, Math.round(image.width * factor)), Math.max(1, Math.round(image.height * factor)))
      canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height)
      blob = await canvas.convertToBlob({ type: 'image/webp', quality })
      if (blob.size <= byteLimit || quality < 0.4) break
    }
  }
  if (blob.size > byteLimit * 1.4) throw new Error(`${file.name} is too large`)
  const bytes = new Uint8Array(await blob.arrayBuffer())
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return { type: 'media', mime: blob.type, data: btoa(text), name: file.name }
}
