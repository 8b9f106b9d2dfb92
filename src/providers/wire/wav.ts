import { fromBase64, toBase64 } from '../../base64.ts'

/** Sound as 16-bit samples (base64, little-endian) with the header of a WAV file before it, as base64. */
export function wavOf(pcm: string, rate: number, channels = 1): string {
  const samples = fromBase64(pcm)
  const all = new Uint8Array(44 + samples.length)
  const view = new DataView(all.buffer)
  const text = (at: number, word: string): void => {
    for (let index = 0; index < word.length; index++) all[at + index] = word.charCodeAt(index)
  }
  text(0, 'RIFF')
  view.setUint32(4, 36 + samples.length, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, channels, true)
  view.setUint32(24, rate, true)
  view.setUint32(28, rate * channels * 2, true)
  view.setUint16(32, channels * 2, true)
  view.setUint16(34, 16, true)
  text(36, 'data')
  view.setUint32(40, samples.length, true)
  all.set(samples, 44)
  return toBase64(all)
}
