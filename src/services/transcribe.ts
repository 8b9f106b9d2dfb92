import { KitError } from '../errors.ts'
import type { MediaPart } from '../message.ts'
import type { TranscribeCall, Transcriber, Transcript } from '../services.ts'
import { given, type GivenOptions } from './given.ts'

/**
 * What is said in a sound or a film, at most 25 MB. Errors: `request/invalid`, `request/too-large`, `model/*`, those of `fetch`.
 * @example await transcribe(openaiServices({ apiKey }).transcribe('gpt-transcribe'), audio('https://example.com/a.mp3'), { fetch: guardedFetch() })
 */
export async function transcribe(
  model: Transcriber,
  audio: MediaPart,
  { fetch, maxBytes, ...call }: GivenOptions & Omit<TranscribeCall, 'audio'> = {},
): Promise<Transcript> {
  const done = await model.transcribe({
    ...call,
    audio: await given(audio, ['audio/*', 'video/*'], { signal: call.signal, fetch, maxBytes }),
  })
  if (typeof done.text !== 'string')
    throw new KitError('model/garbled', `${model.info.provider} gave no transcript`, { provider: model.info.provider })
  return done
}
