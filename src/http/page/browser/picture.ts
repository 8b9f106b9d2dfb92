import type { MediaPart } from '../../../message.ts'
import { el } from './dom.ts'

/** Pictures that can run nothing; an SVG could. */
const plain = /^image\/(png|jpeg|gif|webp)$/

/**
 * A picture that came with its bytes, or that this service keeps for the session. One that lies elsewhere is named and never
 * loaded: the request would tell of its reader.
 */
export function picture({ mime, data, url, ref, name }: MediaPart): HTMLElement {
  const named = (): HTMLElement => el('p', { class: 'media' }, `[${name ?? mime}] ${ref === undefined ? (url ?? '') : ''}`)
  if (!plain.test(mime) || (data === undefined && ref === undefined)) return named()
  const image = el('img', { alt: name ?? 'Attached image' })
  const free = (): void => URL.revokeObjectURL(image.src)
  image.addEventListener('load', free)
  image.addEventListener('error', free)
  bytesOf(data, url)
    .then((bytes) => (image.src = URL.createObjectURL(new Blob([bytes], { type: mime }))))
    .catch(() => image.replaceWith(named()))
  return image
}

/** Base64, or bytes from beside the page: an address that leads elsewhere is refused by the page's own policy too. */
async function bytesOf(data: string | undefined, url: string | undefined): Promise<Uint8Array<ArrayBuffer>> {
  if (data !== undefined) return Uint8Array.from(atob(data), (char) => char.charCodeAt(0))
  if (url === undefined || new URL(url, document.baseURI).origin !== location.origin) throw new Error('not ours')
  const response = await fetch(url)
  if (!response.ok) throw new Error(String(response.status))
  return new Uint8Array(await response.arrayBuffer())
}

/** Larger pictures are made smaller before they are sent: models see no more, and every later call carries them again. */
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
