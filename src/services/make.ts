import { KitError } from '../errors.ts'
import type { MediaPart, Usage } from '../message.ts'
import type { ImageCall, ImageModel, SpeakCall, Speaker } from '../services.ts'

/**
 * A text as sound. Errors: `request/invalid` for a text without any, `model/empty` for sound without any, `model/*`.
 * @example const { audio } = await speak(openaiServices({ apiKey }).speak('gpt-4o-mini-tts'), 'Hello', { voice: 'alloy' })
 */
export async function speak(
  model: Speaker,
  text: string,
  options: Omit<SpeakCall, 'text'> = {},
): Promise<{ audio: MediaPart; usage?: Usage }> {
  if (!text.trim()) throw new KitError('request/invalid', 'there is nothing to say')
  const done = await model.speak({ ...options, text })
  if (!isFilled(done.audio))
    throw new KitError('model/empty', `${model.info.provider} said nothing`, { provider: model.info.provider, retryable: true })
  return done
}

/**
 * Pictures from words, and from other pictures where given; at most 16 at a time. Errors: `request/invalid`, `model/empty`, `model/*`.
 * @example const { images } = await image(openaiServices({ apiKey }).image('gpt-image-2'), 'a lighthouse at dusk')
 */
export async function image(
  model: ImageModel,
  prompt: string,
  options: Omit<ImageCall, 'prompt'> = {},
): Promise<{ images: readonly MediaPart[]; usage?: Usage }> {
  const { n = 1, size, mask, images = [] } = options
  if (!prompt.trim()) throw new KitError('request/invalid', 'there is nothing to draw')
  if (!Number.isInteger(n) || n < 1 || n > 16) throw new KitError('request/invalid', 'from 1 to 16 images can be asked for')
  if (size !== undefined && !/^[1-9]\d{0,4}x[1-9]\d{0,4}$/.test(size)) throw new KitError('request/invalid', 'a size is written 1024x1024')
  if (mask && !images.length) throw new KitError('request/invalid', 'a mask needs the image that it belongs to')
  const done = await model.image({ ...options, prompt })
  const filled = done.images.filter(isFilled)
  if (!filled.length)
    throw new KitError('model/empty', `${model.info.provider} drew nothing`, { provider: model.info.provider, retryable: true })
  return { ...done, images: filled }
}

const isFilled = ({ data, url, ref }: MediaPart): boolean => Boolean(data ?? url ?? ref)
