/** How a server of Chat Completions answers, without a network: the same bytes for every subject. */
export interface Upstream {
  /** Text deltas of the answer. */
  deltas: number
  /** How many of them one read brings. */
  perRead: number
}

/** A long answer that trickles, one that comes in bursts, and the shortest: what a request costs by itself. */
export const cases = {
  trickle: { deltas: 1000, perRead: 1 },
  bursts: { deltas: 1000, perRead: 20 },
  short: { deltas: 1, perRead: 1 },
} as const satisfies Record<string, Upstream>

const encoder = new TextEncoder()

/** The reads of one streamed answer, made once so that no subject pays for them. */
export function reads({ deltas, perRead }: Upstream): Uint8Array[] {
  const base = {
    id: 'chatcmpl-bench',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'gpt-bench',
    system_fingerprint: 'fp',
  }
  const line = (body: object): string => `data: ${JSON.stringify({ ...base, ...body })}\n\n`
  const choice = (delta: object, finish_reason: string | null = null): string =>
    line({ choices: [{ index: 0, delta, logprobs: null, finish_reason }] })
  const head = choice({ role: 'assistant', content: '', refusal: null })
  const texts = Array.from({ length: deltas }, (_, at) => choice({ content: `word${at} ` }))
  const tail =
    choice({}, 'stop') +
    line({ choices: [], usage: { prompt_tokens: 12, completion_tokens: deltas, total_tokens: deltas + 12 } }) +
    'data: [DONE]\n\n'
  const bodies: string[] = []
  for (let at = 0; at < deltas; at += perRead) bodies.push(texts.slice(at, at + perRead).join(''))
  return [head, ...bodies, tail].map((text) => encoder.encode(text))
}

/** A `fetch` that answers each request with these reads, one a pull. */
export function answering(chunks: readonly Uint8Array[]): typeof fetch {
  return async () => {
    let at = 0
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (at < chunks.length) controller.enqueue(chunks[at++]!)
          else controller.close()
        },
      },
      { highWaterMark: 0 },
    )
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
}

/** Reads a response to its end, as a socket would; gives the bytes. */
export async function drain(response: Response): Promise<number> {
  const reader = response.body!.getReader()
  let bytes = 0
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return bytes
    bytes += value.byteLength
  }
}

/** Text as SSE, for a peer that has no response of its own: the cheapest way, so that it costs the peer little. */
export function sseOf(texts: AsyncIterable<string>): Response {
  const iterator = texts[Symbol.asyncIterator]()
  return new Response(
    new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { value, done } = await iterator.next()
          if (done) controller.close()
          else controller.enqueue(encoder.encode(`data: ${JSON.stringify({ type: 'text', delta: value })}\n\n`))
        },
      },
      { highWaterMark: 0 },
    ),
  )
}
