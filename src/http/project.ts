import type { Event } from '../event.ts'
import type { Message, Part } from '../message.ts'

/** What a reader sees of an event: replay data, provider options, provider ids and the inner side of requests stay in the journal. */
export function project(event: Event): Event {
  switch (event.type) {
    case 'start': {
      const { request: _, ...shown } = event
      return shown
    }
    case 'message':
      return { ...event, message: projectMessage(event.message) }
    case 'part':
      return { ...event, part: projectPart(event.part) }
    case 'pending':
      return event.call ? { ...event, call: projectPart(event.call) } : event
    default:
      return event
  }
}

export function projectMessage({ providerOptions: _, ...message }: Message): Message {
  return { ...message, parts: message.parts.filter(({ type }) => type !== 'opaque').map(projectPart) }
}

function projectPart<P extends Part>(part: P): P {
  if (!part.replay && !part.providerOptions) return part
  const { replay: _, providerOptions: __, ...shown } = part
  return shown as P
}
