import { KitError } from '../../errors.ts'
import type { Speaker, Spoken, Transcriber } from '../../services.ts'
import { countIn, defined, fields, objects, textIn } from './fields.ts'
import { usageIn } from './openai-tokens.ts'
import { askJson, type Service } from './service.ts'
import { fileOf } from './upload.ts'

/** Names that a transcriber is told to expect, at most. */
const biases = 100

/**
 * Models behind `POST /audio/transcriptions`. Sound by data, by address or as a file of Mistral's. `prompt` is a list of names
 * to expect, parted by commas. Who speaks is told where `providerOptions.mistral` says `diarize: true`.
 */
export const mistralTranscriber =
  (service: Service) =>
  (id: string): Transcriber => ({
    info: { id, provider: service.provider },
    async transcribe({ audio, language, prompt, timestamps, providerOptions, signal }) {
      const { provider } = service
      const form = new FormData()
      form.set('model', id)
      if (audio.store === provider && audio.ref !== undefined) form.set('file_id', audio.ref)
      else if (audio.url !== undefined) form.set('file_url', audio.url)
      else form.set('file', fileOf(audio, provider))
      if (language !== undefined) form.set('language', language)
      if (timestamps !== undefined) form.set('timestamp_granularities', timestamps)
      for (const name of prompt?.split(/[,;\n]/, biases) ?? [])
        if (name.trim()) form.append('context_bias', name.trim().replace(/\s+/g, '_'))
      // a list is said by saying its name again
      for (const [name, value] of Object.entries(providerOptions?.[provider] ?? {})) {
        form.delete(name)
        for (const one of [value].flat() as unknown[]) form.append(name, typeof one === 'string' ? one : JSON.stringify(one))
      }
      const body = await askJson(service, { path: '/audio/transcriptions', form, options: { signal } })
      if (typeof body.text !== 'string') throw new KitError('model/garbled', `${provider} sent a transcript without text`, { provider })
      const spoken = spokenIn(body.segments)
      return {
        text: body.text,
        ...defined({
          language: textIn(body.language),
          seconds: countIn(fields(body.usage).prompt_audio_seconds),
          // words come in the place of segments
          [timestamps === 'word' ? 'words' : 'segments']: spoken.length ? spoken : undefined,
        }),
        ...usageIn(body.usage),
      }
    },
  })

const spokenIn = (raw: unknown): Spoken[] =>
  objects(raw).flatMap(({ text, start, end, speaker_id }) => {
    const [from, to, speaker] = [countIn(start), countIn(end), textIn(speaker_id)]
    if (typeof text !== 'string' || from === undefined || to === undefined) return []
    return [{ text, start: from, end: to, ...(speaker !== undefined && { speaker }) }]
  })

/** Models behind `POST /audio/speech`: a voice by its id, or after a sound in `providerOptions.mistral.ref_audio`. There is no speed to choose. */
export const mistralSpeaker =
  (service: Service) =>
  (id: string): Speaker => ({
    info: { id, provider: service.provider },
    async speak({ text, voice, format, speed = 1, instructions: _instructions, ...options }) {
      const { provider } = service
      if (speed !== 1) throw new KitError('model/unsupported', `${provider} speaks at one speed`, { provider })
      const json = { model: id, input: text, voice_id: voice, response_format: format }
      const { audio_data } = await askJson(service, { path: '/audio/speech', json, options })
      const data = textIn(audio_data)
      if (data === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(data))
        throw new KitError('model/garbled', `${provider} sent no sound`, { provider })
      return { audio: { type: 'media', mime: `audio/${format === undefined || format === 'mp3' ? 'mpeg' : format}`, data } }
    },
  })
