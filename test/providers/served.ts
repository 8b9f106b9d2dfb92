// A server made of answers, for providers: what was asked is kept.

export interface Asked {
  method: string
  path: string
  body: unknown
  headers: Headers
}

type Reply = Response | ((asked: Asked) => Response | Promise<Response>)

/** A fetch that gives these answers one after another, the last one again and again, and keeps what it was asked. */
export function serving(...replies: readonly Reply[]): { fetch: typeof fetch; asked: Asked[] } {
  const asked: Asked[] = []
  return {
    asked,
    async fetch(url, init) {
      init?.signal?.throwIfAborted()
      const request = new Request(url as string, { method: init?.method, headers: init?.headers })
      const { pathname, search } = new URL(request.url)
      const { body } = init ?? {}
      const one = { method: request.method, path: pathname + search, body: bodyIn(body), headers: request.headers }
      asked.push(one)
      const reply = replies[Math.min(asked.length, replies.length) - 1]!
      if (typeof reply === 'function') return reply(one)
      // Deno 2.9: a clone of a response whose headers nobody has looked at has none
      const { status, headers } = reply
      return new Response(reply.clone().body, { status, headers })
    },
  }
}

function bodyIn(body: unknown): unknown {
  if (body instanceof FormData) {
    const fields: Record<string, unknown> = {}
    for (const name of new Set(body.keys())) {
      const all = body.getAll(name).map((value) => (typeof value === 'string' ? value : `${value.name} ${value.type} ${value.size}`))
      fields[name] = all.length > 1 ? all : all[0]
    }
    return fields
  }
  return typeof body === 'string' ? (JSON.parse(body) as unknown) : body
}

/** A body that breaks after some bytes. */
export const breaking = (text: string, headers: Record<string, string> = { 'content-type': 'application/json' }): (() => Response) => {
  return () => {
    let sent = false
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent) controller.error(new Error('reset'))
        else controller.enqueue(new TextEncoder().encode(text))
        sent = true
      },
    })
    return new Response(body, { headers })
  }
}
