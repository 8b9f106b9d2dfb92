/** What the first bytes say; only kinds that models take. `RIFF` and `ftyp` name their kind further in. */
const signatures: readonly (readonly [mime: string, at: number, bytes: string])[] = [
  ['application/pdf', 0, '%PDF-'],
  ['image/png', 0, '\x89PNG\r\n'],
  ['image/jpeg', 0, '\xff\xd8\xff'],
  ['image/gif', 0, 'GIF8'],
  ['image/webp', 8, 'WEBP'],
  ['image/avif', 4, 'ftypavif'],
  ['image/heic', 4, 'ftyphei'],
  ['audio/mp4', 4, 'ftypM4A'],
  ['video/quicktime', 4, 'ftypqt'],
  ['video/mp4', 4, 'ftyp'],
  ['video/webm', 0, '\x1aE\xdf\xa3'],
  ['audio/wav', 8, 'WAVE'],
  ['audio/ogg', 0, 'OggS'],
  ['audio/flac', 0, 'fLaC'],
  ['audio/mpeg', 0, 'ID3'],
  ['audio/mpeg', 0, '\xff\xfb'],
  ['audio/mpeg', 0, '\xff\xf3'],
]

/** The kind of a file by its first bytes, or nothing. */
export function sniff(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 32))
  return signatures.find(([, at, text]) => head.startsWith(text, at))?.[0]
}

/** The kind of a file: what its bytes show goes before what a server says; WebM and Ogg hold sound or film, so there the word counts. */
export function mimeOf(bytes: Uint8Array, said: string): string {
  const shown = sniff(bytes)
  const essence = said.split(';', 1)[0]!.trim().toLowerCase()
  const word = /^[a-z\d!#$&^_.+-]+\/[a-z\d!#$&^_.+-]+$/.test(essence) ? essence : 'application/octet-stream'
  if (shown === undefined) return word
  const [kind, form] = shown.split('/')
  return (form === 'webm' || form === 'ogg' || form === 'mp4') && word.endsWith(`/${form}`) && /^(audio|video)\//.test(word)
    ? word
    : `${kind}/${form}`
}
