import { KitError } from '../../errors.ts'
import type { MediaPart } from '../../message.ts'
import { fromBase64 } from '../../base64.ts'
import { nameFor } from './file-name.ts'

/** Media as a file of a form. Throws `model/unsupported` where it is not inside the part, a `TypeError` where that is no base64. */
export function fileOf({ mime, data, name }: MediaPart, provider: string): File {
  if (data === undefined) throw new KitError('model/unsupported', `${provider} takes the bytes of ${mime} here, no address`, { provider })
  try {
    return new File([fromBase64(data)], name ?? nameFor(mime), { type: mime })
  } catch (cause) {
    throw new TypeError(`the data of ${mime} is no base64`, { cause })
  }
}

/** What a file is, by the end of its name. */
export const mimeFor = (name: string | undefined): string =>
  mimes[/\.(\w+)$/.exec(name ?? '')?.[1]?.toLowerCase() ?? ''] ?? 'application/octet-stream'

const mimes: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  json: 'application/json',
  jsonl: 'application/jsonl',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  mp4: 'video/mp4',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
}
