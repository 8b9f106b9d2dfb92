import { follow, report, unlessAborted } from './abort.ts'
import type { Agent } from './agent.ts'
import type { Context } from './context.ts'
import { asKitError, KitError } from './errors.ts'
import { type Attempt, type Event, type EventBody, type EventOf, type FinishReason, isDelta } from './event.ts'
import { addUsage, type CallPart, type Input, type Message, type Part, textOf, toMessages, type Usage, user } from './message.ts'
import { type CallState, type Middleware, type Run, wrapModel, wrapRun } from './middleware.ts'
import { AnswerFold, callsOf, type Chunk, type Model, type ModelCall, type ModelSettings } from './model.ts'
import { check, toJsonSchema } from './schema.ts'
import { takeReady, withReady } from './ready.ts'
import { maxSteps } from './stop.ts'
import { type Tool, toolInfo } from './tool.ts'
import { settle } from './settle.ts'

export interface RunOptions extends Context {
  id?: string
  /** Overrides the agent's settings for this run. */
  settings?: ModelSettings
  /** Tools that the caller will answer itself. */
  tools?: readonly Tool[]
  attempt?: Attempt
  calls?: ReadonlyMap<string, CallState>
  steps?: number
  depth?: number
  parent?: string
  steered?: () => readonly Message[]
}

export interface Result<Output = unknown> {
  text: string
  /** What the schema of `agent.output` made of the answer. */
  output: Output
  /** Those that the run added. */
  messages: Message[]
  usage: Usage
  /** USD, where the models told their price. */
  cost?: number
  finish: FinishReason
  /** What the run waits for, when `finish` is `pending`. */
  pending?: EventOf<'pending'>[]
  runId: string
}

/**
 * Runs an agent to its end. Rejects with the `KitError` that ended it, `run/cancelled` after an abort.
 * @example const { text } = await run(support, 'Hi')
 */
export async function run<Output>(agent: Agent<Output>, input: Input, options: RunOptions = {}): Promise<Result<Output>> {
  let failure: KitError | undefined
  const { error: _, ...result } = await resultOf(start(agent, input, options, [], (error) => (failure = error)))
  if (failure) throw failure
  if (result.finish === 'cancelled') throw new KitError('run/cancelled', 'the run was cancelled')
  return result as Result<Output>
}

/** Reads a run's events to their end; what ended it badly is in `error`. */
export async function resultOf(events: AsyncIterable<Event>): Promise<Result & { error?: EventOf<'error'> }> {
  const result: Result & { error?: EventOf<'error'> } = {
    text: '',
    output: undefined,
    messages: [],
    usage: { input: 0, output: 0 },
    finish: 'interrupted',
    runId: '',
  }
  for await (const event of events) {
    result.runId = event.run
    if (event.type === 'message') {
      result.messages.push(event.message)
      if (event.message.role === 'assistant') result.text = textOf(event.message)
    } else if (event.type === 'usage') {
      if (event.usd !== undefined) result.cost = (result.cost ?? 0) + event.usd
    } else if (event.type === 'pending') (result.pending ??= []).push(event)
    else if (event.type === 'error') result.error = event
    else if (event.type === 'finish') Object.assign(result, { finish: event.reason, usage: event.usage, output: event.output })
  }
  return result
}

/**
 * Runs an agent and tells what happens, as it happens. Never throws: a failure is an `error` event before `finish`.
 * Leaving the loop early cancels the run.
 * @example for await (const event of stream(support, 'Hi')) if (event.type === 'text') process(event.delta)
 */
export function stream(agent: Agent, input: Input, options: RunOptions = {}): AsyncGenerator<Event, void, void> {
  return withReady((queue) => start(agent, input, options, queue))
}

async function* start(
  agent: Agent,
  input: Input,
  options: RunOptions,
  queue: Event[],
  failed?: (error: KitError) => void,
): AsyncGenerator<Event, void, void> {
  const {
    id = crypto.randomUUID(),
    attempt = 'first',
    calls = new Map(),
    steps = 0,
    depth = 0,
    parent,
    steered,
    tools = [],
    settings,
    ...context
  } = options
  const abort = new AbortController()
  const stop = context.signal ? follow(context.signal, abort) : undefined
  const limit = setTimeout(() => abort.abort(new KitError('run/timeout', 'the run took too long')), agent.timeouts?.run ?? 900_000)
  const acting =
    tools.length || settings ? { ...agent, tools: [...(agent.tools ?? []), ...tools], settings: { ...agent.settings, ...settings } } : agent
  const run: Run = {
    id,
    agent: acting,
    messages: toMessages(input),
    context,
    attempt,
    calls,
    steps,
    depth,
    signal: abort.signal,
    parent,
    steered,
  }
  const ledger: Ledger = { usage: { input: 0, output: 0 }, finished: false }
  try {
    yield say(run, { type: 'start', attempt })
    if (depth > (agent.bounds?.depth ?? 8)) throw new KitError('run/too-large', 'too many agents started one another')
    if (acting.use?.some((layer) => layer.run)) yield* layered(run, ledger)
    else yield* turns(run, ledger, queue)
  } catch (thrown) {
    const cancelled = abort.signal.aborted && !(abort.signal.reason instanceof KitError)
    const error = abort.signal.aborted && abort.signal.reason instanceof KitError ? abort.signal.reason : asKitError(thrown)
    if (!cancelled) {
      report(context, thrown, { run: id, at: 'run' })
      failed?.(error)
      yield say(run, {
        type: 'error',
        code: error.code,
        message: error.message,
        retryable: error.retryable,
        retryAfter: error.retryAfter,
      })
    }
    const reason = cancelled
      ? 'cancelled'
      : error.code === 'budget/spent'
        ? 'budget'
        : error.code === 'run/interrupted'
          ? 'interrupted'
          : 'error'
    yield end(run, ledger, reason)
  } finally {
    clearTimeout(limit)
    stop?.()
    // a reader that left: whatever still runs for it must end at once
    if (!ledger.finished) abort.abort(new KitError('run/cancelled', 'the reader went away'))
  }
}

interface Ledger {
  usage: Usage
  finished: boolean
}

const say = (run: Run, body: EventBody): Event => {
  const event: Event = { ...body, at: Date.now(), run: run.id, agent: run.agent.name }
  if (run.parent) event.parent = run.parent
  return event
}

const end = (run: Run, ledger: Ledger, reason: FinishReason, output?: unknown): Event => {
  ledger.finished = true
  return say(run, { type: 'finish', reason, usage: ledger.usage, output })
}

/** The loop inside the agent's `run` layers, which may end it early and may say nothing after its end. */
async function* layered(run: Run, ledger: Ledger): AsyncGenerator<Event, void, void> {
  for await (const event of wrapRun((inner) => turns(inner, ledger, []), run.agent.use ?? [])(run)) {
    if (event.type === 'finish') ledger.finished = true
    yield event
    if (event.type === 'finish') return
  }
  yield end(run, ledger, 'stop')
}

/** The loop: settle the open calls, ask the model, until there is nothing to settle. */
async function* turns(run: Run, ledger: Ledger, queue: Event[]): AsyncGenerator<Event, void, void> {
  const { agent, signal } = run
  const layers: readonly Middleware[] = agent.use ?? []
  const model = wrapModel(agent.model, layers, run)
  const transcript = [...run.messages]
  const stop = agent.stop ?? maxSteps(20)
  const system =
    typeof agent.instructions === 'function'
      ? await unlessAborted(Promise.resolve(agent.instructions(run.context)), signal)
      : agent.instructions
  const base: Omit<ModelCall, 'messages'> = {
    ...agent.settings,
    system,
    ...(agent.tools?.length && { tools: agent.tools.map(toolInfo) }),
    ...(agent.output && { output: { name: agent.name, schema: toJsonSchema(agent.output, 'output') } }),
    signal,
  }
  const add = (message: Message): Event => {
    transcript.push(message)
    return say(run, { type: 'message', message })
  }
  let repaired = false
  for (let steps = run.steps; ;) {
    const last = transcript.findLast(({ role }) => role === 'assistant')
    const open = openCalls(transcript)
    if (open.length) {
      // a later call may have the id of one that was answered before: no yes goes with an id from step to step
      const { parked, message } = yield* settle(run, open, steps > run.steps ? new Map() : run.calls, layers, say)
      if (parked) return yield end(run, ledger, 'pending')
      yield add(message!)
      signal.throwIfAborted()
    }
    for (const message of run.steered?.() ?? []) yield add(message)
    if (last && steps > run.steps) {
      const reason = stop({ steps, usage: ledger.usage, message: last })
      if (reason) return yield end(run, ledger, reason)
    }
    if (steps >= (agent.bounds?.steps ?? 50)) return yield end(run, ledger, 'tool-limit')

    steps++
    const id = crypto.randomUUID()
    yield say(run, { type: 'step', n: steps, model: model.info.id, message: id })
    // once a switch: the next answer is this model's own. What stands behind # is a mark of the same wire
    if (last?.parts.some(({ replay }) => replay && replay.wire.split('#')[0] !== model.info.wire))
      yield say(run, { type: 'notice', code: 'model/switched', message: 'another model goes on' })
    const { parts, finish } = yield* ask(
      run,
      model,
      { ...base, messages: transcript, run: { id: run.id, agent: agent.name, step: steps } },
      id,
      ledger,
      queue,
    )
    const message: Message = { id, role: 'assistant', parts }
    yield add(message)
    const calls = callsOf(parts)
    for (const { id, name, input } of calls) yield say(run, { type: 'tool-call', id, name, input, by: 'kit' })
    if (calls.length || finish === 'pause') continue

    if (agent.output && finish !== 'refusal' && finish !== 'length') {
      const read = await readOutput(agent.output, textOf(message))
      if ('value' in read) return yield end(run, ledger, 'stop', read.value)
      if (repaired) throw new KitError('output/invalid', `the answer does not fit its schema: ${read.problem}`)
      repaired = true
      yield add({
        ...user(`That answer does not fit the schema: ${read.problem}. Answer again with JSON only.`),
        id: crypto.randomUUID(),
        name: 'kit',
      })
      continue
    }
    const more = run.steered?.() ?? []
    if (!more.length) return yield end(run, ledger, finish === 'length' || finish === 'refusal' ? finish : 'stop')
    for (const message of more) yield add(message)
  }
}

/** One model call: its chunks as events, its message as the return value. What was said before a failure is kept. */
async function* ask(
  run: Run,
  model: Model,
  call: ModelCall,
  id: string,
  ledger: Ledger,
  queue: Event[],
): AsyncGenerator<Event, { parts: Part[]; finish: string }, void> {
  const { agent } = run
  const fold = new AnswerFold()
  const bound = agent.bounds?.answer ?? 4_000_000
  let size = 0
  // a signal of its own, so that a stalled stream can be ended without ending the run
  const abort = new AbortController()
  const unfollow = follow(run.signal, abort)
  const iterator = model({ ...call, signal: abort.signal })[Symbol.asyncIterator]()
  // one listener for the whole stream, also for a model that ignores its signal; one per chunk costs more than the chunk
  let fail = (_reason: unknown): void => {}
  const failed = (): void => fail(abort.signal.reason)
  abort.signal.addEventListener('abort', failed)
  const next = (from: AsyncIterator<Chunk>): Promise<IteratorResult<Chunk>> =>
    new Promise((resolve, reject) => {
      fail = reject
      if (abort.signal.aborted) return reject(abort.signal.reason)
      from.next().then(resolve, reject)
    })
  const clock = watchdog(abort, agent.timeouts?.firstChunk ?? 60_000, agent.timeouts?.idle ?? 60_000)
  try {
    for (;;) {
      const { value: chunk, done } = await next(iterator)
      if (done) break
      clock.touch()
      for (const part of [chunk, ...takeReady(iterator)]) {
        fold.add(part)
        if ('delta' in part && (size += part.delta.length) > bound)
          throw new KitError('run/too-large', `the answer is longer than ${bound} characters`)
        if (part.type === 'usage') ledger.usage = addUsage(ledger.usage, part.usage)
        const body = toBody(part, model)
        if (!body) continue
        if (isDelta(body)) queue.push(say(run, body))
        else {
          // it is stored before the loop goes on, and so are those before it
          while (queue.length) yield queue.shift()!
          yield say(run, body)
        }
      }
      while (queue.length) yield queue.shift()!
    }
    if (!fold.finish) throw new KitError('model/truncated', 'the answer ended before its end', { retryable: true })
    if (fold.finish === 'error') throw new KitError('model/garbled', 'the model gave a call that cannot be read', { retryable: true })
    if (callsOf(fold.parts).length > (agent.bounds?.calls ?? 128)) throw new KitError('run/too-large', 'too many tool calls in one answer')
    return { parts: uniqueCalls(fold.parts), finish: fold.finish }
  } catch (error) {
    abort.abort(error)
    const kept = fold.partial().filter((part) => part.type === 'text' || part.type === 'media')
    if (kept.length) yield say(run, { type: 'message', message: { id, role: 'assistant', parts: kept } })
    throw error
  } finally {
    clock.stop()
    unfollow()
    abort.signal.removeEventListener('abort', failed)
    // not awaited: a generator's return() waits for its pending next(), which may hang
    if (!fold.finish) {
      abort.abort()
      iterator.return?.()?.then(undefined, () => {})
    }
  }
}

function toBody(chunk: Chunk, model: Model): EventBody | undefined {
  switch (chunk.type) {
    case 'text':
    case 'reasoning':
      return chunk.delta ? { type: chunk.type, delta: chunk.delta } : undefined
    case 'tool-input':
      return { type: 'tool-input', id: chunk.id, delta: chunk.delta, name: chunk.name }
    case 'part':
      return chunk.part.type === 'media' ? { type: 'part', part: chunk.part } : undefined
    case 'usage':
      return { type: 'usage', model: chunk.model ?? model.info.id, usage: chunk.usage, usd: chunk.usd }
    case 'restart':
      // `from` 0 means: from the first delta of this step; the session knows its seq
      return { type: 'restart', reason: chunk.reason, from: 0 }
    case 'source':
    case 'route':
    case 'notice':
      return chunk
    case 'finish':
      return undefined
  }
}

/** The calls of the last assistant message that no tool message answers. */
export function openCalls(messages: readonly Message[]): CallPart[] {
  const at = messages.findLastIndex(({ role }) => role === 'assistant')
  if (at < 0) return []
  const answered = new Set(
    messages.slice(at + 1).flatMap(({ parts }) => parts.filter((part) => part.type === 'result').map(({ id }) => id)),
  )
  return callsOf(messages[at]!.parts).filter(({ id }) => !answered.has(id))
}

/** Two calls of one id would answer each other: a provider that repeats an id gets new ones. */
function uniqueCalls(parts: Part[]): Part[] {
  const seen = new Set<string>()
  return parts.map((part) => {
    if (part.type !== 'call') return part
    const id = !part.id || seen.has(part.id) ? crypto.randomUUID() : part.id
    seen.add(id)
    return id === part.id ? part : { ...part, id }
  })
}

async function readOutput(schema: NonNullable<Agent['output']>, text: string): Promise<{ value: unknown } | { problem: string }> {
  try {
    return await check(schema, JSON.parse(text))
  } catch {
    return { problem: 'it is not JSON' }
  }
}

/** One timer for a whole stream: touching it costs nothing, which a timer per chunk would. */
function watchdog(abort: AbortController, first: number, idle: number): { touch(): void; stop(): void } {
  let last = 0
  const expire = (): void => {
    const rest = last ? last + idle - Date.now() : 0
    if (rest > 0) timer = setTimeout(expire, rest)
    else
      abort.abort(
        new KitError('model/timeout', last ? `no chunk for ${idle} ms` : `no first chunk within ${first} ms`, { retryable: true }),
      )
  }
  let timer = setTimeout(expire, first)
  return {
    touch() {
      if (!last) {
        clearTimeout(timer)
        timer = setTimeout(expire, idle)
      }
      last = Date.now()
    },
    stop: () => clearTimeout(timer),
  }
}
