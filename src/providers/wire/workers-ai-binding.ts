import { fields } from './fields.ts'
import { cloudflareCodes } from './workers-ai-errors.ts'

/** What is needed of `env.AI`; a Worker's own binding fits. */
export interface AiBinding {
  run(model: string, input: Record<string, unknown>, options?: Record<string, unknown>): Promise<unknown>
}

/** AI Gateway's settings, as the binding takes them. */
export interface AiGatewaySettings {
  id: string
  skipCache?: boolean
  cacheTtl?: number
  cacheKey?: string
  collectLog?: boolean
  metadata?: Readonly<Record<string, string | number | boolean | null>>
}

/**
 * The binding as a `fetch` for `…/run/MODEL`, so that a binding and the REST address are one code: what it gives (a response, a
 * stream, an object, bytes) is a `Response`, what it throws with a code is one too. An abort ends the wait and the body, also
 * where the binding knows no signal.
 */
export function fetchOf(binding: AiBinding, gateway?: AiGatewaySettings): typeof fetch {
  return async function run(url, init = {}) {
    const model = decodeURI((url as string).replace(/^.*?\/run\//, ''))
    const signal = init.signal ?? undefined
    const { 'content-type': _, ...extraHeaders } = init.headers as Record<string, string>
    const options = { returnRawResponse: true, gateway, signal, extraHeaders }
    const input = JSON.parse(init.body as string) as Record<string, unknown>
    signal?.throwIfAborted()
    const response = await until(signal, binding.run(model, input, options).then(responseOf, refused))
    if (!signal || !response.body) return response
    // a body of a binding that knows no signal would be read on
    const reader = response.body.getReader()
    const cancel = (reason: unknown): void => {
      reader.cancel(reason).catch(() => {})
    }
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { value, done } = await until(signal, reader.read())
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel,
    })
    signal.addEventListener('abort', cancel, { once: true })
    return new Response(body, { status: response.status, headers: response.headers })
  }
}

function responseOf(given: unknown): Response {
  if (given instanceof Response) return given
  if (given instanceof ReadableStream || given instanceof Uint8Array) return new Response(given as BodyInit)
  return Response.json(given ?? null)
}

/** `5007: No such model …` is a refusal; anything else was no answer. */
function refused(error: unknown): Response {
  const [, code, said] = /^(\d{4,5}): (.*)$/s.exec(String(fields(error).message ?? error)) ?? []
  if (code === undefined) throw error
  return Response.json({ errors: [{ code, message: said }] }, { status: cloudflareCodes[code]?.[0] ?? 400 })
}

/** Waits for a promise until the signal aborts. */
export function until<T>(signal: AbortSignal | undefined, promise: Promise<T>): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
