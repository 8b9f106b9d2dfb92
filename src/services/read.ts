import { KitError } from '../errors.ts'
import type { MediaPart } from '../message.ts'
import type { Page, ReadCall, Reader } from '../services.ts'
import { given, type GivenOptions } from './given.ts'

/**
 * The text of a PDF or an image, at most 25 MB: its pages in order, and all of it in one. Errors: `request/invalid`,
 * `request/too-large`, `model/*`, those of `fetch`.
 * @example const { text } = await read(mistralServices({ apiKey }).ocr('mistral-ocr-latest'), document(bytes))
 */
export async function read(
  model: Reader,
  document: MediaPart,
  { fetch, maxBytes, ...call }: GivenOptions & Omit<ReadCall, 'document'> = {},
): Promise<{ pages: readonly Page[]; text: string }> {
  const { pages } = await model.read({
    ...call,
    document: await given(document, ['application/pdf', 'image/*'], { signal: call.signal, fetch, maxBytes }),
  })
  if (!pages.every(({ page, text }) => Number.isInteger(page) && page > 0 && typeof text === 'string'))
    throw new KitError('model/garbled', `${model.info.provider} gave pages that are none`, { provider: model.info.provider })
  const ordered = pages.toSorted((a, b) => a.page - b.page)
  return { pages: ordered, text: ordered.map(({ text }) => text).join('\n\n') }
}
