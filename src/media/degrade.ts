import { KitError } from '../errors.ts'
import type { MediaPart, TextPart } from '../message.ts'
import type { Modality } from '../model.ts'
import type { Reader, Transcriber } from '../services.ts'

/** What makes of a kind that a model lacks something that it takes. */
export interface Degrade {
  /** Reads a document: its pages become text. */
  pdf?: Reader
  /** Reads what is written on an image, where the model sees none. */
  image?: Reader
  audio?: Transcriber
  video?: {
    /** Stills of a film, at most 32 are taken; an edge runtime cannot make them itself. Left out where the model takes no images. */
    frames?: (video: MediaPart, options: { signal?: AbortSignal }) => Promise<readonly MediaPart[]>
    /** What is said in it; takes the film as it is. */
    transcriber?: Transcriber
  }
}

const mostFrames = 32

/** What a kind becomes and by whom, or nothing where nobody was given for it. */
export function degradable(kind: Modality, ways: Degrade | undefined, takes: readonly Modality[]): { to: string; by: string } | undefined {
  if (!ways) return undefined
  if (kind === 'pdf' || kind === 'image') return ways[kind] && { to: 'text', by: ways[kind].info.id }
  if (kind === 'audio') return ways.audio && { to: 'transcript', by: ways.audio.info.id }
  if (kind !== 'video' || !ways.video) return undefined
  const { frames, transcriber } = ways.video
  const stills = frames !== undefined && takes.includes('image')
  if (!stills && !transcriber) return undefined
  return {
    to: stills ? (transcriber ? 'frames and transcript' : 'frames') : 'transcript',
    by: [stills && 'frames', transcriber?.info.id].filter(Boolean).join(', '),
  }
}

/** The parts that stand for one that the model does not take, and whether something was cut off. */
export async function degrade(
  part: MediaPart,
  kind: Modality,
  ways: Degrade,
  { signal, takes, maxText }: { signal: AbortSignal | undefined; takes: readonly Modality[]; maxText: number },
): Promise<{ parts: (TextPart | MediaPart)[]; cut: boolean }> {
  const options = signal ? { signal } : {}
  const name = part.name ?? part.mime
  if (kind === 'pdf' || kind === 'image') {
    const { pages } = await ways[kind]!.read({ document: part, ...options })
    return texts(`[${name}, read as text]\n${pages.map(({ page, text }) => `[page ${page}]\n${text}`).join('\n\n')}`, maxText)
  }
  const transcriber = kind === 'audio' ? ways.audio : ways.video?.transcriber
  const stills = kind === 'video' && takes.includes('image') ? ((await ways.video?.frames?.(part, options)) ?? []) : []
  for (const { mime } of stills)
    if (!mime.startsWith('image/')) throw new KitError('model/garbled', `a still of ${name} is no image but ${mime}`)
  const said = transcriber && (await transcriber.transcribe({ audio: part, ...options }))
  const spoken = said ? texts(`[${name}, what is said in it]\n${said.text}`, maxText) : { parts: [], cut: false }
  return { parts: [...stills.slice(0, mostFrames), ...spoken.parts], cut: spoken.cut || stills.length > mostFrames }
}

const texts = (text: string, most: number): { parts: TextPart[]; cut: boolean } => ({
  parts: [{ type: 'text', text: text.length > most ? `${text.slice(0, most)}\n[cut]` : text }],
  cut: text.length > most,
})
