/** Base64 without a prefix; in pieces: a whole file in one call would overflow the stack. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(text)
}

/** Base64 without a prefix as bytes; nothing where it is none: a model may say anything. */
export function readBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  } catch {
    return undefined
  }
}

/** Base64 without a prefix as bytes; throws a `TypeError` where it is none. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const bytes = readBase64(text)
  if (!bytes) throw new TypeError('that is no Base64')
  return bytes
}
