import { KitError } from '../../errors.ts'
import type { MediaPart, Part, Usage } from '../../message.ts'
import { addUsage } from '../../message.ts'
import { collect, type Model, type ModelCall } from '../../model.ts'
import type { ImageModel, ServiceOptions, Speaker, Transcriber } from '../../services.ts'
import { wire } from './gemini.ts'
import { wavOf } from './wav.ts'

type Chat = (id: string) => Model
type Made = MediaPart & { data: string }

/** Pictures at a time: each is a call of its own. */
const imageLimit = 8
/** As of 2026-11-24 (ai.google.dev/gemini-api/docs/image-generation). */
const ratios = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9']

/** Pictures by a model that answers with them. `size` becomes the ratio, and 1K, 2K or 4K by its longer side. */
export const geminiImage = (chat: Chat, id: string, provider: string): ImageModel => ({
  info: { id, provider },
  async image({ prompt, images = [], mask, n = 1, size, ...options }) {
    if (id.startsWith('imagen'))
      throw unsupported(provider, 'Imagen was shut down on 2026-08-17 (firebase.google.com/docs/ai-logic/imagen-models-migration)')
    if (mask || !(n >= 1 && n <= imageLimit))
      throw unsupported(provider, `no mask is taken here, and at most ${imageLimit} pictures at a time`)
    const settings = { responseModalities: ['IMAGE'], imageConfig: size === undefined ? undefined : imageConfigOf(size, provider) }
    const parts: Part[] = [...images, { type: 'text', text: prompt }]
    const made = await Promise.all(Array.from({ length: n }, () => answer(chat(id), parts, settings, options, provider)))
    return {
      images: made.flatMap(({ media }) => media),
      usage: made.map(({ usage }) => usage).reduce(addUsage),
    }
  },
})

/** Speech by a TTS model: `wav` (default), or `pcm` as the model gives it. `instructions` say how, before the text. */
export const geminiSpeaker = (chat: Chat, id: string, provider: string): Speaker => ({
  info: { id, provider },
  async speak({ text, voice, format = 'wav', speed = 1, instructions, ...options }) {
    if ((format !== 'wav' && format !== 'pcm') || speed !== 1)
      throw unsupported(provider, 'speech is wav or pcm here, and its speed is said in `instructions`')
    const speechConfig = voice === undefined ? undefined : { voiceConfig: { prebuiltVoiceConfig: { voiceName: voice } } }
    const said = instructions ? `${instructions}: ${text}` : text
    const settings = { responseModalities: ['AUDIO'], speechConfig }
    const { media, usage } = await answer(chat(id), [{ type: 'text', text: said }], settings, options, provider)
    const [{ mime, data }] = media as [Made]
    if (!/^audio\/(L16|pcm)/i.test(mime)) return { audio: { type: 'media', mime, data }, usage }
    const rate = Number(/rate=(\d{4,6})\b/.exec(mime)?.[1] ?? 24_000)
    try {
      const samples = btoa(media.map((piece) => atob(piece.data)).join(''))
      if (format === 'pcm') return { audio: { type: 'media', mime, data: samples }, usage }
      return { audio: { type: 'media', mime: 'audio/wav', data: wavOf(samples, rate) }, usage }
    } catch (cause) {
      throw new KitError('model/garbled', `${provider} sent sound that is no base64`, { provider, cause })
    }
  },
})

/**
 * A transcript by a model that hears. It writes down what it understood, no recogniser's word-by-word result: there are no times,
 * and `timestamps` is `model/unsupported`. A transcript that the model's limit cut off is `model/truncated`.
 */
export const geminiTranscriber = (chat: Chat, id: string, provider: string): Transcriber => ({
  info: { id, provider },
  async transcribe({ audio, language, prompt, timestamps, ...options }) {
    if (timestamps) throw unsupported(provider, 'a transcript has no times here')
    const words = [
      'Write down what is said, word for word and nothing else. Answer with nothing where nothing is said.',
      language && `It is in ${language}.`,
      prompt && `It follows this, and names may come from it: ${prompt}`,
    ]
    const call = callOf([audio, { type: 'text', text: words.filter(Boolean).join('\n') }], {}, options)
    const { parts, usage, finish } = await collect(chat(id)(call))
    refuse(finish, provider)
    return {
      text: parts
        .map((part) => (part.type === 'text' ? part.text : ''))
        .join('')
        .trim(),
      ...(language && { language }),
      usage,
    }
  },
})

async function answer(
  model: Model,
  parts: readonly Part[],
  settings: Readonly<Record<string, unknown>>,
  options: ServiceOptions,
  provider: string,
): Promise<{ media: Made[]; usage: Usage }> {
  const { parts: made, usage, finish } = await collect(model(callOf(parts, settings, options)))
  refuse(finish, provider)
  const media = made.flatMap((part): Made[] =>
    part.type === 'media' && part.data ? [{ type: 'media', mime: part.mime, data: part.data }] : [],
  )
  if (!media.length) throw new KitError('model/empty', `${provider} made nothing`, { provider, retryable: true })
  return { media, usage }
}

/** What is asked; fields of the vendor's own go where they go in a chat. */
const callOf = (
  parts: readonly Part[],
  settings: Readonly<Record<string, unknown>>,
  { signal, providerOptions }: ServiceOptions,
): ModelCall => ({
  messages: [{ role: 'user', parts }],
  stream: false,
  ...(signal && { signal }),
  providerOptions: { ...providerOptions, [wire]: { ...settings, ...providerOptions?.[wire] } },
})

function refuse(finish: string | undefined, provider: string): void {
  if (finish === 'refusal') throw new KitError('model/filtered', `${provider} will not answer`, { provider })
  if (finish === 'length') throw new KitError('model/truncated', `${provider} ended at the limit of its answer`, { provider })
}

function imageConfigOf(size: string, provider: string): { aspectRatio: string; imageSize?: string } {
  const [, width, height] = /^(\d{2,5})x(\d{2,5})$/.exec(size)?.map(Number) ?? []
  const aspectRatio = width && height ? ratios.find((ratio) => near(ratio, width / height)) : undefined
  if (!aspectRatio) throw unsupported(provider, `pictures are ${ratios.join(', ')} here, not ${size.slice(0, 20)}`)
  const longest = Math.max(width!, height!)
  return { aspectRatio, ...(longest > 1536 && { imageSize: longest > 3072 ? '4K' : '2K' }) }
}

/** The vendor's own pixels are up to 2 % off: 1344x768 is its 16:9. */
function near(ratio: string, wanted: number): boolean {
  const [width, height] = ratio.split(':').map(Number) as [number, number]
  return Math.abs(width / height / wanted - 1) < 0.03
}

const unsupported = (provider: string, message: string): KitError => new KitError('model/unsupported', message, { provider })
