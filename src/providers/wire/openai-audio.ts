import type { Speaker, Spoken, Transcriber, Transcript } from '../../services.ts'
import { toBase64 } from '../../base64.ts'
import { countIn, defined, type Fields, fields, objects, textIn } from './fields.ts'
import { usageIn } from './openai-tokens.ts'
import { ask, type Ask, askJson, bytesOf, type Service, garbled } from './service.ts'
import { fileOf } from './upload.ts'

/**
 * Models behind `POST /audio/transcriptions`. Times are asked for as `verbose_json`, which not every model has; a model that
 * tells speakers apart is known by `diarize` in its name. `urls`: the server fetches sound by its address.
 */
export const transcriber =
  (service: Service, urls = false) =>
  (id: string): Transcriber => ({
    info: { id, provider: service.provider },
    async transcribe({ audio, language, prompt, timestamps, ...options }) {
      const form = new FormData()
      const speakers = id.includes('diarize')
      const said = {
        model: id,
        language,
        prompt,
        response_format: speakers ? 'diarized_json' : timestamps && 'verbose_json',
        chunking_strategy: speakers ? 'auto' : undefined,
        'timestamp_granularities[]': speakers ? undefined : timestamps,
      }
      for (const [name, value] of Object.entries(defined(said))) form.set(name, value)
      if (urls && audio.data === undefined && audio.url !== undefined) form.set('url', audio.url)
      else form.set('file', fileOf(audio, service.provider))
      return transcriptIn(await askJson(service, { path: '/audio/transcriptions', form, options }), service.provider)
    },
  })

/** A transcript in any of the JSON forms. */
export function transcriptIn(body: Fields, provider: string): Transcript {
  if (typeof body.text !== 'string') throw garbled(provider, 'a transcript without text')
  const [segments, words] = [spokenIn(body.segments), spokenIn(body.words)]
  const [language] = objects(body.languages)
  return {
    text: body.text,
    ...defined({
      language: textIn(body.language) ?? textIn(language?.code),
      seconds: countIn(body.duration) ?? countIn(fields(body.usage).seconds),
      segments: segments.length ? segments : undefined,
      words: words.length ? words : undefined,
    }),
    ...usageIn(body.usage),
  }
}

const spokenIn = (raw: unknown): Spoken[] =>
  objects(raw).flatMap(({ text, word, start, end, speaker }) => {
    const said = typeof text === 'string' ? text : word
    const [from, to] = [countIn(start), countIn(end)]
    if (typeof said !== 'string' || from === undefined || to === undefined) return []
    const who = typeof speaker === 'number' ? String(speaker) : textIn(speaker)
    return [{ text: said, start: from, end: to, ...(who !== undefined && { speaker: who }) }]
  })

/** Models behind `POST /audio/speech`. The API knows no speech without a voice: default `alloy`. */
export const speaker =
  (service: Service) =>
  (id: string): Speaker => ({
    info: { id, provider: service.provider },
    async speak({ text, voice = 'alloy', format, speed, instructions, ...options }) {
      const json = { model: id, input: text, voice, response_format: format, speed, instructions }
      return { audio: await soundOf(service, { path: '/audio/speech', json, options }, format) }
    },
  })

/** Bytes of one speech. */
const soundLimit = 256 * 1024 * 1024

/** The sound of an answer; its kind is what the server says, else what was asked for, else MP3. */
export async function soundOf(service: Service, request: Ask, format = 'mp3'): Promise<{ type: 'media'; mime: string; data: string }> {
  const response = await ask(service, request)
  const told = (response.headers.get('content-type') ?? '').replace(/;.*/, '').trim()
  const { provider } = service
  const bytes = await bytesOf(response, service, request.options?.signal, soundLimit)
  if (!bytes.length || /json|text|html/.test(told)) throw garbled(provider, 'no sound')
  const mime = told.startsWith('audio/') ? told : `audio/${format === 'mp3' ? 'mpeg' : format}`
  return { type: 'media', mime, data: toBase64(bytes) }
}
