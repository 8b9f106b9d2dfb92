import { follow, report, unlessAborted } from './abort.ts'
import { canonical } from './canonical.ts'
import { sha256 } from './blobs.ts'
import { KitError, ToolError } from './errors.ts'
import type { Event, EventBody, Pending } from './event.ts'
import type { CallPart, Message, ResultPart } from './message.ts'
import { type CallState, type Middleware, Park, type Run, wrapTool } from './middleware.ts'
import { check } from './schema.ts'
import { revealSecrets, secretKey } from './secrets.ts'
import type { Tool, ToolContext, ToolRunner } from './tool.ts'

type Say = (run: Run, body: EventBody) => Event

/** An event on its way to the reader; `taken` is called once it is stored. */
interface Waiting {
  body: EventBody
  taken?: () => void
}

/**
 * Answers the open calls of one step, at most `bounds.parallel` at a time, and tells of each as it happens.
 * `known` is what the journal holds of these calls. Gives the tool message, or `parked` when some wait for people.
 * A tool starts only after its `tool-start` was taken.
 */
export async function* settle(
  run: Run,
  calls: readonly CallPart[],
  known: Run['calls'],
  layers: readonly Middleware[],
  say: Say,
): AsyncGenerator<Event, { parked: boolean; message?: Message }, void> {
  const results = new Map<string, ResultPart>()
  const queue: Waiting[] = []
  let wake = (): void => {}
  let parked = false
  let progress = 0
  const push = (waiting: Waiting): void => {
    queue.push(waiting)
    wake()
  }
  const put = (body: EventBody): Promise<void> => new Promise((taken) => push({ body, taken }))
  const abort = new AbortController()
  const unfollow = follow(run.signal, abort)

  const emit = (id: string, data: unknown): void => {
    if (progress >= 1000) {
      const oldest = queue.findIndex(({ body }) => body.type === 'tool-progress')
      if (oldest >= 0) queue.splice(oldest, 1)
      progress--
    }
    progress++
    push({ body: { type: 'tool-progress', id, data } })
  }

  const answer = async (call: CallPart): Promise<void> => {
    const state = known.get(call.id)
    if (state?.result) return void results.set(call.id, state.result)
    const outcome = await use(run, call, state, layers, abort.signal, put, emit)
    if ('park' in outcome) {
      parked = true
      if (outcome.park !== state?.pending) await put({ type: 'pending', ...outcome.park })
      return
    }
    results.set(call.id, outcome)
    const { id, name, output, parts, error } = outcome
    if (state?.pending?.schema) await run.context.store?.delete(secretKey(state.pending))
    await put({ type: 'tool-result', id, name, ...(error ? { error } : parts ? { parts } : { output }) })
  }

  let left = calls.length
  const todo = calls.values()
  const work = async (): Promise<void> => {
    for (const call of todo) {
      try {
        await answer(call)
      } finally {
        left--
        wake()
      }
    }
  }
  let failure: unknown
  const workers = Array.from({ length: Math.min(run.agent.bounds?.parallel ?? 8, calls.length) }, () =>
    work().catch((error: unknown) => {
      failure ??= error
      wake()
    }),
  )
  try {
    while (left || queue.length) {
      if (failure) throw failure
      const waiting = queue.shift()
      if (!waiting) {
        await new Promise<void>((resolve) => (wake = resolve))
        continue
      }
      if (waiting.body.type === 'tool-progress') progress--
      yield say(run, waiting.body)
      waiting.taken?.()
      // lets a worker that waited for this event queue its next one before we look again
      if (waiting.taken) await Promise.resolve()
    }
    await Promise.all(workers)
    if (failure) throw failure
  } finally {
    unfollow()
    abort.abort(new KitError('run/cancelled', 'the run has ended'))
  }
  if (parked) return { parked }
  return { parked, message: { id: crypto.randomUUID(), role: 'tool', parts: calls.map(({ id }) => results.get(id)!) } }
}

type Outcome = ResultPart | { park: Pending }

async function use(
  run: Run,
  call: CallPart,
  state: CallState | undefined,
  layers: readonly Middleware[],
  ended: AbortSignal,
  put: (body: EventBody) => Promise<void>,
  emit: (id: string, data: unknown) => void,
): Promise<Outcome> {
  const fail = (code: string, message: string): ResultPart => ({ type: 'result', id: call.id, name: call.name, error: { code, message } })
  const tool = run.agent.tools?.find(({ name }) => name === call.name)
  if (!tool) return fail('tool/unknown', `there is no tool named ${call.name.slice(0, 64)}`)
  if (call.invalid) return fail('tool/input', 'the arguments are not JSON')
  const starts = state?.starts ?? 0
  if (starts && !tool.idempotent) return fail('tool/interrupted', 'the tool was cut off and may or may not have done its work')
  if (run.signal.aborted) return fail('run/cancelled', 'cancelled before it began')

  const checked = tool.input ? await check(tool.input, call.input) : { value: call.input }
  if ('problem' in checked) return fail('tool/input', checked.problem)
  const answer = await revealSecrets(state?.answer, state?.pending, run.context.store)
  if (answer && answer.approve === false) return fail('tool/declined', answer.reason ? `declined: ${answer.reason}` : 'declined')

  const limit = new AbortController()
  const unfollow = follow(ended, limit)
  const ms = tool.timeout ?? run.agent.timeouts?.tool ?? 60_000
  let timer: ReturnType<typeof setTimeout> | undefined
  const context: ToolContext = {
    ...run.context,
    id: call.id,
    run: run.id,
    attempt: starts + 1,
    signal: limit.signal,
    emit: (data) => {
      if (!limit.signal.aborted) emit(call.id, data)
    },
  }
  const innermost: ToolRunner = async ({ input, tool }) => {
    if (!tool.run) {
      if (answer && 'output' in answer) return answer.output
      throw new Park({ kind: 'client' })
    }
    const needs = typeof tool.approval === 'function' ? await tool.approval(input as never, context as never) : tool.approval
    if (needs && !answer?.approve) throw new Park({ kind: 'approval' })
    await put({ type: 'tool-start', id: call.id, attempt: starts + 1 })
    limit.signal.throwIfAborted()
    timer = setTimeout(() => limit.abort(new KitError('tool/timeout', `the tool took longer than ${ms} ms`)), ms)
    return tool.run(input as never, context as never)
  }
  try {
    const work = wrapTool(innermost, layers, run)({ call, tool, input: checked.value, context, answer })
    const output = await unlessAborted(work, limit.signal)
    return toResult(call, output, run.agent.bounds?.toolOutput ?? 1_000_000)
  } catch (error) {
    if (error instanceof Park) {
      // one that was answered and did not do is asked anew: waiting for it again would never end
      if (state?.pending && state.answer?.id !== state.pending.id) return { park: state.pending }
      return {
        park: {
          id: crypto.randomUUID(),
          kind: error.kind,
          call,
          expires: Date.now() + error.ttl,
          digest: await digest(run.agent.name, tool, call.input),
          schema: error.schema,
        },
      }
    }
    if (run.signal.aborted && limit.signal.aborted) return fail('run/cancelled', 'cancelled while it ran')
    if (error instanceof ToolError) return fail('tool/failed', error.message.slice(0, 10_000))
    if (error instanceof KitError) return fail(error.code, error.message)
    const ref = crypto.randomUUID().slice(0, 8)
    report(run.context, error, { run: run.id, ref, at: `tool ${call.name}` })
    return fail('tool/failed', `tool failed (${ref})`)
  } finally {
    if (timer) clearTimeout(timer)
    unfollow()
    limit.abort(new KitError('run/cancelled', 'the tool has ended'))
  }
}

/** What an approval is bound to: agent, tool version, name and canonical input. */
export const digest = (agent: string, tool: Pick<Tool, 'name' | 'version'>, input: unknown): Promise<string> =>
  sha256(canonical([agent, tool.version ?? '', tool.name, input ?? null]))

/** The output as plain JSON of bounded size: what a tool returns must not be able to break a journal or a model call. */
function toResult(call: CallPart, output: unknown, bound: number): ResultPart {
  const base = { type: 'result', id: call.id, name: call.name } as const
  let json: string | undefined
  try {
    json = JSON.stringify(output ?? null)
  } catch {
    return { ...base, error: { code: 'tool/failed', message: 'the tool gave a value that is no JSON' } }
  }
  if (json === undefined) return { ...base, error: { code: 'tool/failed', message: 'the tool gave a value that is no JSON' } }
  if (json.length > bound)
    return { ...base, error: { code: 'tool/too-large', message: `the output has ${json.length} characters, more than ${bound}` } }
  const plain: unknown = JSON.parse(json)
  const parts = isParts(plain)
  return parts ? { ...base, parts } : { ...base, output: plain }
}

function isParts(value: unknown): ResultPart['parts'] | undefined {
  if (typeof value !== 'object' || value === null || !('parts' in value) || !Array.isArray(value.parts)) return undefined
  const parts: readonly { type?: unknown }[] = value.parts
  return parts.length && parts.every((part) => part?.type === 'text' || part?.type === 'media')
    ? (parts as NonNullable<ResultPart['parts']>)
    : undefined
}
