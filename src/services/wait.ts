import { follow, unlessAborted } from '../abort.ts'
import { asKitError, KitError } from '../errors.ts'
import type { Answer, ModelCall } from '../model.ts'
import type { Batch, Batches, JobStatus, ServiceOptions } from '../services.ts'

export interface WaitOptions extends ServiceOptions {
  /** Ms until it is given up (`run/timeout`); default 24 h. The job itself goes on. */
  timeout?: number
  /** Ms until the first question, which then doubles; default 2000. */
  interval?: number
  /** Ms between two questions at most; default 60,000. */
  maxInterval?: number
  /** Is told each time the job has changed. */
  onChange?: (job: { id: string; status: JobStatus }) => void
}

/**
 * Asks for a job (a batch, a tune) until it has ended, ever more rarely, and gives it as it ended: `done`, `failed`, `cancelled` or
 * `expired`. Five questions in a row may fail in a way that passes. Errors: `run/timeout`, `model/*`, the signal's reason.
 * On a platform that ends a request early, ask once per alarm instead.
 * @example const { model } = await waitFor(together.tune, await together.tune.create({ model, training: file.id }))
 */
export async function waitFor<Job extends { id: string; status: JobStatus }>(
  jobs: { get(id: string, options?: ServiceOptions): Promise<Job> },
  job: Job,
  options: WaitOptions = {},
): Promise<Job> {
  const { timeout = 86_400_000, interval = 2000, maxInterval = 60_000, onChange, signal: outer, ...ask } = options
  let now = job
  let failures = 0
  let wait = interval
  const late = new AbortController()
  const { signal } = late
  const stop = outer && follow(outer, late)
  // a question that is never answered ends with the time, too
  const timer = setTimeout(
    () => late.abort(new KitError('run/timeout', `${now.id} is still ${now.status} after ${timeout} ms`)),
    Math.min(timeout, 2 ** 31 - 1),
  )
  try {
    while (now.status === 'queued' || now.status === 'running') {
      await sleep(wait, signal)
      wait = Math.min(wait * 2, maxInterval)
      try {
        const next = await unlessAborted(jobs.get(job.id, { ...ask, signal }), signal)
        failures = 0
        if (next.status !== now.status) onChange?.(next)
        now = next
      } catch (thrown) {
        signal.throwIfAborted()
        const error = asKitError(thrown)
        if (!error.retryable || ++failures >= 5) throw error
        wait = Math.max(wait, Math.min(error.retryAfter ?? 0, maxInterval))
      }
    }
    return now
  } finally {
    clearTimeout(timer)
    stop?.()
  }
}

/** One of many answers: what came, or why nothing did. */
export type Batched = { answer: Answer; error?: undefined } | { answer?: undefined; error: KitError }

export interface BatchOptions extends WaitOptions {
  /** Is given the batch as soon as the provider has it: its id is all that is needed to go on elsewhere. */
  onCreated?: (batch: Batch) => void
}

/**
 * Puts calls in one batch, waits, and gives what came in the order of the calls; a call that failed, or was not reached in time,
 * has its `error`. Throws where the batch itself failed (`model/request`), and as `waitFor` does. An abort ends the waiting only.
 * @example const answers = await runBatch(openai.batch, 'gpt-6-luna', calls)
 */
export async function runBatch(
  batches: Batches,
  model: string,
  calls: readonly ModelCall[],
  options: BatchOptions = {},
): Promise<Batched[]> {
  if (!calls.length) return []
  const { onCreated, timeout, interval, maxInterval, onChange, ...ask } = options
  const created = await batches.create({ model, requests: calls.map((call, at) => ({ id: `call-${at}`, call })), ...ask })
  onCreated?.(created)
  const ended = await waitFor(batches, created, { timeout, interval, maxInterval, onChange, ...ask })
  if (ended.status === 'failed') throw new KitError('model/request', ended.error ?? 'the batch failed')
  const found = new Map<string, Batched>()
  for await (const { id, answer, error } of batches.results(ended.id, ask))
    found.set(id, error || !answer ? { error: error ?? new KitError('model/empty', 'this call has no answer') } : { answer })
  return calls.map(
    (_, at) =>
      found.get(`call-${at}`) ?? {
        error: new KitError('model/empty', `this call has no answer: the batch is ${ended.status}`, { retryable: true }),
      },
  )
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    await unlessAborted(new Promise<void>((resolve) => (timer = setTimeout(resolve, ms))), signal)
  } finally {
    clearTimeout(timer)
  }
}
