import type { Context } from './context.ts'

/** Aborts `abort` when `signal` does; gives the way to stop following. */
export function follow(signal: AbortSignal, abort: AbortController): () => void {
  const pass = (): void => abort.abort(signal.reason)
  if (signal.aborted) pass()
  signal.addEventListener('abort', pass)
  return () => signal.removeEventListener('abort', pass)
}

/** The promise, or a rejection as soon as the signal is aborted, also where the work ignores the signal. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(signal.reason)
    if (signal.aborted) fail()
    signal.addEventListener('abort', fail, { once: true })
    work.then(
      (value) => {
        signal.removeEventListener('abort', fail)
        resolve(value)
      },
      (error) => {
        signal.removeEventListener('abort', fail)
        reject(error)
      },
    )
  })
}

/** Tells the developer; an observer that throws is ignored. */
export function report(context: Context, error: unknown, where: { run?: string; ref?: string; at: string }): void {
  try {
    context.onError?.(error, where)
  } catch {
    // observers fail open
  }
}
