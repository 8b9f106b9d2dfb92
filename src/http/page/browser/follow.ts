import type { Stored } from '../../../event.ts'

/** Ms between looks at a quiet session that somebody sees. */
const quietly = 1500
/** Ms without a byte, keep-alive comments (15 s) included, after which a stream counts as dead: a laptop that slept gets no error. */
const silence = 40_000
/** Characters of one frame; a longer one is no frame of ours. */
const frameLimit = 32_000_000

export interface FollowOptions {
  /** Address of the events after a seq. */
  address: (after: number) => string
  /** Seq of the last event taken. */
  cursor: () => number
  take: (event: Stored) => void
  /** The session is not (any more) what the cursor says: `gone` (404), or its cursor is beyond the head (400). */
  lost: (how: 'gone' | 'beyond') => void
  /** Whether the service answers. */
  online: (yes: boolean) => void
}

export interface Follower {
  /** Looks at once, unless a stream is open anyway; `again` opens a new one even then. */
  nudge(again?: boolean): void
  stop(): void
}

/**
 * Follows a session's events by SSE for as long as the page is open: replay, live, and again from the cursor. A quiet
 * session is looked at every 1.5 s while it can be seen, and not at all in a hidden window.
 */
export function follow({ address, cursor, take, lost, online }: FollowOptions): Follower {
  let stopped = false
  let wake = (): void => {}
  let request: AbortController | undefined
  let streaming = false

  const rest = (ms: number | undefined): Promise<void> =>
    new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const nudge = (again = false): void => {
    if (again) request?.abort()
    if (again || !streaming) wake()
  }
  const seen = (): void => {
    if (!document.hidden) nudge()
  }
  const events = ['visibilitychange', 'online', 'focus'] as const
  for (const name of events) (name === 'visibilitychange' ? document : window).addEventListener(name, seen)

  const loop = async (): Promise<void> => {
    let failures = 0
    while (!stopped) {
      let wait: number | undefined = quietly
      request = new AbortController()
      try {
        const after = cursor()
        const response = await fetch(address(after), { signal: request.signal, headers: after ? { 'last-event-id': String(after) } : {} })
        failures = 0
        online(true)
        if (response.status === 200 && response.body) {
          streaming = true
          await read(response.body, request, (event) => {
            if (stopped) return
            take(event)
            // a stream that gives nothing is not asked again at once
            wait = 0
          })
        } else if (response.status === 404) {
          lost('gone')
          wait = undefined
        } else if (response.status === 400) lost('beyond')
        else if (response.status !== 204) wait = 10_000
      } catch {
        if (stopped) return
        if (!request.signal.aborted) {
          online(false)
          wait = Math.min(500 * 2 ** failures++, 10_000) * (0.75 + Math.random() / 2)
        } else wait = 0
      }
      streaming = false
      // nobody sees it: nothing is asked until somebody does
      if (wait !== 0) await rest(document.hidden ? undefined : wait)
    }
  }
  void loop()

  return {
    nudge,
    stop() {
      stopped = true
      request?.abort()
      wake()
      for (const name of events) (name === 'visibilitychange' ? document : window).removeEventListener(name, seen)
    },
  }
}

/** The events of an SSE body as they come. Throws when it breaks off or goes silent. */
async function read(body: ReadableStream<Uint8Array<ArrayBuffer>>, request: AbortController, take: (event: Stored) => void): Promise<void> {
  let heard = Date.now()
  const timer = setInterval(() => {
    if (Date.now() - heard > silence) request.abort()
  }, 5000)
  try {
    let text = ''
    const reader = body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      heard = Date.now()
      text += value
      const frames = text.split('\n\n')
      text = frames.pop()!
      if (text.length > frameLimit) throw new Error('too long a frame')
      for (const frame of frames) {
        const data = frame.split('\n').find((line) => line.startsWith('data: '))
        if (data) take(JSON.parse(data.slice(6)) as Stored)
      }
    }
  } finally {
    clearInterval(timer)
  }
}
