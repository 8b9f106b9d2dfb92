// A Messages API in memory: gives what it is told to, and remembers what it was sent.
export type Fields = Record<string, unknown>

export interface Sent {
  method: string
  url: string
  headers: Record<string, string>
  body: Fields
}

export interface Fake {
  fetch: typeof fetch
  sent: Sent[]
}

/** Answers in order, the last one again and again. A record is a JSON body, a list a stream of events. */
export function serving(...answers: readonly (Response | Fields | readonly Fields[])[]): Fake {
  const sent: Sent[] = []
  const fetch: typeof globalThis.fetch = async (url, init) => {
    const request = new Request(url as string, init)
    const type = request.headers.get('content-type') ?? ''
    const text = type.includes('json') ? await request.clone().text() : ''
    sent.push({
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      body: text ? (JSON.parse(text) as Fields) : {},
    })
    const answer = answers[Math.min(sent.length, answers.length) - 1]!
    if (answer instanceof Response) return answer.clone()
    return Array.isArray(answer) ? streamed(answer as Fields[]) : Response.json(answer)
  }
  return { fetch, sent }
}

const streamed = (events: readonly Fields[]): Response =>
  new Response(events.map((event) => `event: ${event.type as string}\ndata: ${JSON.stringify(event)}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  })

const usage = { input_tokens: 3, output_tokens: 1 }

/** A whole message. */
export const message = (content: readonly Fields[], stop_reason = 'end_turn', more: Fields = {}): Fields => ({
  type: 'message',
  id: 'msg_1',
  role: 'assistant',
  model: 'claude-x',
  content,
  stop_reason,
  usage,
  ...more,
})

export const said = (text: string): Fields => message([{ type: 'text', text }])

/** The same as events, each block in one delta. */
export const events = (blocks: readonly Fields[], stop_reason = 'end_turn', more: Fields = {}): Fields[] => [
  { type: 'message_start', message: { id: 'msg_1', model: 'claude-x', content: [], usage } },
  ...blocks.flatMap((block, index) => [
    { type: 'content_block_start', index, content_block: block },
    { type: 'content_block_stop', index },
  ]),
  { type: 'message_delta', delta: { stop_reason }, usage: { output_tokens: 7 }, ...more },
  { type: 'message_stop' },
]
