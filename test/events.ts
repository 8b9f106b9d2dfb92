import type { Event } from '../src/index.ts'

/** The events of a streamed answer, until one is what is waited for or the answer ends; the rest is left unread. */
export async function eventsUntil(response: Response, until: (event: Event, seen: readonly Event[]) => boolean): Promise<Event[]> {
  const seen: Event[] = []
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const frames = text.split('\n\n')
    text = frames.pop()!
    for (const frame of frames) {
      const data = /^data: (.*)$/m.exec(frame)?.[1]
      if (!data) continue
      seen.push(JSON.parse(data) as Event)
      if (until(seen.at(-1)!, seen)) return seen
    }
  }
  return seen
}
