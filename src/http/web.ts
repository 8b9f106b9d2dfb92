/** What `app()`, any Hono app or a Worker is: a function from a request to its response. */
export interface Web {
  /** `context` is absent where nothing lives on after a response. */
  fetch(request: Request, env: object, context?: Late): Response | Promise<Response>
}

/** What a Worker gets beside its bindings; the names are the field's. */
export interface Late {
  waitUntil(work: Promise<unknown>): void
  passThroughOnException(): void
  props: object
}

/** `waitUntil` where the platform has none: whoever ends the process can wait for what goes on after the responses. */
export function lateWork(): { context: Late; settled(): Promise<void> } {
  const going = new Set<Promise<void>>()
  return {
    context: {
      waitUntil(work) {
        const done = (): void => void going.delete(kept)
        const kept: Promise<void> = work.then(done, done)
        going.add(kept)
      },
      passThroughOnException() {},
      props: {},
    },
    async settled() {
      while (going.size) await Promise.all(going)
    },
  }
}

/** Waits for `work`, but at most `ms`. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const out = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
  await Promise.race([work, out]).finally(() => clearTimeout(timer))
}
