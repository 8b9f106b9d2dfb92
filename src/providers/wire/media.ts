import { KitError } from '../../errors.ts'
import type { MediaPart, Message } from '../../message.ts'

/** Where history ends: what comes after the last answer is new. */
export const answeredAt = (messages: readonly Message[]): number => messages.findLastIndex(({ role }) => role === 'assistant')

/**
 * Encodes media, and names it in words where the server does not take it and it is not new: history that another model
 * could read, or what a tool gave, must not end a session. New media that is not taken is refused (`model/unsupported`).
 */
export function orInWords<T>(part: MediaPart, isNew: boolean, encode: (part: MediaPart) => T, say: (text: string) => T): T {
  try {
    return encode(part)
  } catch (error) {
    if (isNew || !(error instanceof KitError) || error.code !== 'model/unsupported') throw error
    return say(`[${part.name ?? part.mime}]`)
  }
}
