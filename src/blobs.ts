/** Bytes by their SHA-256: media over 64 KB enters a journal by reference to one of these. */
export interface Blobs {
  /** Stores the bytes and gives their hash, in hex; the same bytes twice are one blob. */
  put(bytes: Uint8Array<ArrayBuffer>, options?: { mime?: string }): Promise<string>
  get(hash: string): Promise<{ bytes: Uint8Array<ArrayBuffer>; mime?: string } | undefined>
  delete(hash: string): Promise<void>
}

/** SHA-256 in hex. */
export async function sha256(data: Uint8Array<ArrayBuffer> | string): Promise<string> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function memoryBlobs(): Blobs {
  const map = new Map<string, { bytes: Uint8Array<ArrayBuffer>; mime?: string }>()
  return {
    async put(bytes, { mime } = {}) {
      const hash = await sha256(bytes)
      map.set(hash, { bytes: bytes.slice(), ...(mime && { mime }) })
      return hash
    },
    get: async (hash) => map.get(hash),
    async delete(hash) {
      map.delete(hash)
    },
  }
}
