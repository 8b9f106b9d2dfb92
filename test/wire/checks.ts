// The checks that every wire must pass, over its recorded traffic: what is read, what is sent, whole tool loops, errors.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { expect } from 'vitest'
import {
  agent,
  collect,
  KitError,
  type Message,
  type Middleware,
  type Model,
  type ModelCall,
  type Part,
  run,
  tool,
} from '../../src/index.ts'
import type { Chunk, Source } from '../../src/index.ts'
import { folder, type Recording, responseOf } from './recordings.ts'

export type Fields = Record<string, unknown>

/** A difference that is allowed between a recorded body and ours, applied to both before they are compared. */
export interface Normalisation {
  why: string
  /** Changes a body in place. */
  apply(body: Fields, recording: Recording): void
}

export interface Wire {
  name: string
  /** A model that sends what the recorded client sent: the recorded model id, address, version and quirks. */
  model(recording: Recording, fetch: typeof globalThis.fetch): Model
  /** The recorded request as a neutral call. */
  parse(recording: Recording): ModelCall
  /** Keys that `providerOptions[name]` of a call may hold: the wire's own table. */
  options: readonly string[]
  normalise: readonly Normalisation[]
  /** The JSON Schema of a request's body, a file of the schemas folder. */
  schema?(recording: Recording): string | undefined
  /** Out of scope, by recording id, each with its reason. */
  skip: Readonly<Record<string, string>>
}

/** All that an answer says, or the code of the error that it ends with. Ids that the kit had to make up are cut away. */
export async function outcome(chunks: AsyncIterable<Chunk>): Promise<Fields> {
  const said = { text: '', reasoning: '', sources: [] as Source[] }
  const read = async function* (): AsyncGenerator<Chunk> {
    for await (const chunk of chunks) {
      if (chunk.type === 'text' || chunk.type === 'reasoning') said[chunk.type] += chunk.delta
      if (chunk.type === 'source') said.sources.push(chunk.source)
      yield chunk
    }
  }
  try {
    const { parts, usage, finish } = await collect(read())
    return { ...said, usage, finish, parts: parts.map(withoutMadeUpId) }
  } catch (error) {
    if (!(error instanceof KitError)) throw error
    return { ...said, error: error.code }
  }
}

const withoutMadeUpId = (part: Part): Part => (part.type === 'call' ? { ...part, id: part.id.replace(/_[0-9a-f]{8}$/, '') } : part)

/** A fetch that gives one recorded response, whole or in pieces of 1 to 9 bytes. */
export const answering =
  (recording: Recording, seed?: number): typeof fetch =>
  async () =>
    responseOf(recording, seed)

const hi: ModelCall = { messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }] }

/** Decode: cut at any byte, an answer stays the same. Gives how many were read. */
export async function checkCuts(wire: Wire, recordings: readonly Recording[], seeds: readonly number[] = [1, 77]): Promise<number> {
  const read = (recording: Recording, seed?: number): Promise<Fields> => outcome(wire.model(recording, answering(recording, seed))(hi))
  for (const recording of recordings) {
    const whole = await read(recording)
    for (const seed of seeds) expect(await read(recording, seed), recording.id).toEqual(whole)
  }
  return recordings.length
}

/** Encode: what we send for the recorded call equals the recorded body after the written normalisations, and fits its schema. */
export async function checkEncode(wire: Wire, recordings: readonly Recording[]): Promise<number> {
  let checked = 0
  for (const recording of recordings) {
    if (!hasBody(recording) || recording.id in wire.skip) continue
    const call = wire.parse(recording)
    expectNeutral(wire, call, recording)
    const sent = await sentFor(wire, recording, call)
    expect(normal(wire, sent, recording), recording.id).toEqual(normal(wire, recording.request.body!, recording))
    const schema = wire.schema?.(recording)
    if (schema !== undefined) expectValid(schema, sent, recording)
    checked++
  }
  return checked
}

/** The body that a wire sends for a call. */
export async function sentFor(wire: Wire, recording: Recording, call: ModelCall): Promise<Fields> {
  let sent: Fields | undefined
  const capture: typeof fetch = async (_url, init) => {
    sent = JSON.parse(init?.body as string) as Fields
    return responseOf(recording)
  }
  await outcome(wire.model(recording, capture)(call))
  expect(sent, `${recording.id}: nothing was sent`).toBeDefined()
  return sent!
}

/** `providerOptions` are for what no neutral field can say: at call level only what the wire's table names. */
function expectNeutral(wire: Wire, call: ModelCall, { id }: Recording): void {
  for (const [name, options] of Object.entries(call.providerOptions ?? {})) {
    expect(name, id).toBe(wire.name)
    for (const key of Object.keys(options)) expect(wire.options, `${id}: providerOptions.${key}`).toContain(key)
  }
}

const normal = (wire: Wire, body: Fields, recording: Recording): Fields => {
  const copy = structuredClone(body)
  for (const { apply } of wire.normalise) apply(copy, recording)
  return copy
}

const validators = new Map<string, ValidateFunction>()

/** Fails where a body does not fit a file of the schemas folder. */
export function expectValid(schema: string, body: Fields, { id }: Recording): void {
  let validate = validators.get(schema)
  if (!validate) {
    const json = JSON.parse(readFileSync(join(folder, '../schemas', schema), 'utf8')) as Fields
    validate = new Ajv2020({ strict: false, validateFormats: false }).compile(json)
    validators.set(schema, validate)
  }
  expect(validate(body) ? [] : validate.errors, `${id} against ${schema}`).toEqual([])
}

/** The groups of several steps whose every step has a body and succeeded: conversations that our loop can be driven through. */
export function loops(wire: Wire, recordings: readonly Recording[]): Recording[][] {
  const groups = Map.groupBy(recordings, ({ group, api }) => `${api} ${group}`)
  return [...groups.values()]
    .map((steps) => steps.toSorted((a, b) => a.step - b.step))
    .filter(
      (steps) =>
        steps.length > 1 &&
        steps.every((recording) => hasBody(recording) && recording.response.status === 200 && !(recording.id in wire.skip)) &&
        steps.every((recording, at) => !at || continues(wire.parse(steps[at - 1]!), wire.parse(recording))),
    )
}

/** Whether `next` is the same conversation one or more messages later. */
function continues(before: ModelCall, next: ModelCall): boolean {
  return next.messages.length > before.messages.length && next.messages[before.messages.length]!.role === 'assistant'
}

/**
 * Tool loops: our own loop is driven through a recorded conversation. Every request is compared whole with the recorded one
 * before it is answered; tools give the recorded results; what the user says in between is said where it was said.
 */
export async function checkLoops(wire: Wire, groups: readonly (readonly Recording[])[]): Promise<number> {
  for (const steps of groups) {
    const calls = steps.map((recording) => wire.parse(recording))
    const results = new Map(
      calls.at(-1)!.messages.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'result' ? [[part.id, part] as const] : []))),
    )
    let at = 0
    const fetch: typeof globalThis.fetch = async (_url, init) => {
      const recording = steps[at++]
      if (!recording) throw new Error('one request too many')
      const sent = JSON.parse(init?.body as string) as Fields
      expect(normal(wire, sent, recording), `${recording.id} in its loop`).toEqual(normal(wire, recording.request.body!, recording))
      return responseOf(recording, at)
    }
    // what changed from request to request beside the messages is set as it was recorded
    const asRecorded: Middleware = {
      async *model({ messages, signal, run }, _next) {
        const recording = steps[at]!
        yield* wire.model(recording, fetch)({ ...calls[at]!, messages, ...(signal && { signal }), ...(run && { run }) })
      },
    }
    const names = new Set(calls.flatMap(({ tools = [] }) => tools.filter(({ hosted }) => !hosted).map(({ name }) => name)))
    const order = new Map<string, number>()
    const looping = agent({
      name: 'recorded',
      model: wire.model(steps[0]!, fetch),
      use: [asRecorded],
      stop: () => (at >= steps.length ? 'stop' : undefined),
      tools: [...names].map((name) =>
        tool({
          name,
          run(_input, { id }) {
            // a provider without ids: by name, in order
            const nth = order.get(name) ?? 0
            order.set(name, nth + 1)
            const result = results.get(id) ?? [...results.values()].filter((known) => known.name === name)[nth]
            if (!result) throw new Error(`no recorded result for ${name} ${id}`)
            if (result.error) throw new KitError(result.error.code as 'tool/failed', result.error.message)
            return result.parts ? { parts: result.parts } : result.output
          },
        }),
      ),
    })
    const messages: Message[] = [...calls[0]!.messages]
    const failures: unknown[] = []
    while (at < steps.length) {
      const before = at
      const done = await run(looping, messages, { onError: (error) => failures.push(error) }).catch((error: unknown) => {
        throw failures.find((failure) => failure instanceof Error && failure.name === 'AssertionError') ?? failures[0] ?? error
      })
      messages.push(...done.messages)
      const said = calls[at]?.messages ?? []
      messages.push(...said.slice(said.findLastIndex(({ role }) => role !== 'user') + 1))
      expect(at, `${steps[0]!.group}: the loop does not go on`).toBeGreaterThan(before)
    }
    expect(at, steps[0]!.group).toBe(steps.length)
  }
  return groups.length
}

/** Errors: each has a code, says nothing of the provider's body, and is `retryable` exactly where `expected` says so. */
export async function checkErrors(
  wire: Wire,
  recordings: readonly Recording[],
  expected: (recording: Recording, error: KitError) => void,
): Promise<Record<string, number>> {
  const seen: Record<string, number> = {}
  for (const recording of recordings) {
    const error = await collect(wire.model(recording, answering(recording))(hi)).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error, recording.id).toBeInstanceOf(KitError)
    const { code, status, message } = error as KitError
    expect(status, recording.id).toBe(recording.response.status)
    expect(message, recording.id).toBe(`${wire.model(recording, fetch).info.provider} answered ${status}`)
    expected(recording, error as KitError)
    seen[code] = (seen[code] ?? 0) + 1
  }
  return seen
}

const hasBody = ({ request }: Recording): boolean => typeof request?.body === 'object' && request.body !== null
