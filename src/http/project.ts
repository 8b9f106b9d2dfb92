import type { Agent } from '../agent.ts'
import type { Principal } from '../context.ts'
import type { Event } from '../event.ts'
import type { Message, Part } from '../message.ts'

/** How one principal looks at one session. */
export interface View {
  /** The session's path, relative to where the app is mounted: for the addresses of media that is kept apart. */
  path: string
  /** Whether the input and output of a tool are not for this principal; without a name: of any tool. */
  hides: (tool?: string) => boolean
}

export function viewOf({ agent, id }: { agent: Agent; id?: string }, { roles = [] }: Principal): View {
  const hidden = new Set(agent.tools?.filter(({ show }) => show && !show.some((role) => roles.includes(role))).map(({ name }) => name))
  return {
    path: `agents/${agent.name}/sessions/${id}`,
    hides: (tool) => hidden.size > 0 && (tool === undefined || hidden.has(tool)),
  }
}

/**
 * What a reader sees of an event: replay data, provider options, provider ids and the inner side of requests stay in the
 * journal; tool inputs and outputs are shown by role (`Tool.show`); media that is kept apart gets its address.
 */
export function project(event: Event, view: View): Event {
  switch (event.type) {
    case 'start': {
      const { request: _, ...shown } = event
      return shown
    }
    case 'message':
      return { ...event, message: projectMessage(event.message, view) }
    case 'part':
      return { ...event, part: projectPart(event.part, view) }
    case 'tool-input':
      return view.hides(event.name) ? { ...event, delta: '' } : event
    case 'tool-progress':
      return view.hides() ? { ...event, data: null } : event
    case 'tool-call':
      return view.hides(event.name) ? { ...event, input: null } : event
    case 'tool-result': {
      // an event and a part say the same of a result
      const { output: _, parts: __, error: ___, ...base } = event
      const { output, parts, error } = projectPart({ ...event, type: 'result' }, view)
      return { ...base, ...(error ? { error } : parts ? { parts } : { output }) }
    }
    case 'answer': {
      const { output: _, ...shown } = event
      return view.hides() ? shown : event
    }
    case 'pending':
      // who may answer must see all of what is asked
      return event.call ? { ...event, call: projectPart(event.call, { ...view, hides: () => false }) } : event
    default:
      return event
  }
}

export function projectMessage({ providerOptions: _, ...message }: Message, view: View): Message {
  return { ...message, parts: message.parts.filter(({ type }) => type !== 'opaque').map((part) => projectPart(part, view)) }
}

function projectPart<P extends Part>(part: P, view: View): P
function projectPart({ replay: _, providerOptions: __, ...part }: Part, view: View): object {
  switch (part.type) {
    case 'call':
      return view.hides(part.name) ? { ...part, input: null } : part
    case 'result': {
      if (view.hides(part.name)) {
        const { output: _, parts: __, error, ...shown } = part
        return error ? { ...shown, error: { code: error.code, message: 'hidden' } } : { ...shown, output: null }
      }
      return part.parts ? { ...part, parts: part.parts.map((inner) => projectPart(inner, view)) } : part
    }
    case 'media': {
      const { ref, store = 'blob', ...media } = part
      // a provider's file id is nobody's business
      return ref !== undefined && store === 'blob' ? { ...media, ref, url: `${view.path}/blobs/${ref}` } : media
    }
    default:
      return part
  }
}
