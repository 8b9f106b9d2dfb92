import type { Event } from '../event.ts'
import type { Message, Part } from '../message.ts'

/**
 * What a reader sees of an event: replay data, provider options, provider ids and the inner side of requests stay in the
 * journal; media that is kept apart gets its address, relative to where the app is mounted (`at`: the session's path).
 */
export function project(event: Event, at?: string): Event {
  switch (event.type) {
    case 'start': {
      const { request: _, ...shown } = event
      return shown
    }
    case 'message':
      return { ...event, message: projectMessage(event.message, at) }
    case 'part':
      return { ...event, part: projectPart(event.part, at) }
    case 'tool-result':
      return event.parts ? { ...event, parts: event.parts.map((part) => projectPart(part, at)) } : event
    case 'pending':
      return event.call ? { ...event, call: projectPart(event.call) } : event
    default:
      return event
  }
}

export function projectMessage({ providerOptions: _, ...message }: Message, at?: string): Message {
  return { ...message, parts: message.parts.filter(({ type }) => type !== 'opaque').map((part) => projectPart(part, at)) }
}

function projectPart<P extends Part>(part: P, at?: string): P
function projectPart({ replay: _, providerOptions: __, ...part }: Part, at?: string): object {
  if (part.type === 'result' && part.parts) return { ...part, parts: part.parts.map((inner) => projectPart(inner, at)) }
  if (part.type !== 'media' || part.ref === undefined) return part
  const { ref, store = 'blob', ...media } = part
  // a provider's file id is nobody's business
  return store === 'blob' ? { ...media, ref, url: `${at}/blobs/${ref}` } : media
}
