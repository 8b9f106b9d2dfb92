// The checks of what providers offer beside chat, over recorded traffic: what is asked, what is read, and errors.
import { expect } from 'vitest'
import { KitError } from '../../src/index.ts'
import type { Fields } from './checks.ts'
import { type Recording, responseOf } from './recordings.ts'

/** What was sent, in a form that can be compared: JSON as it is, a form as its fields with files as `name mime bytes`. */
export interface Sent {
  method: string
  /** Path and query, without the host. */
  path: string
  body?: unknown
}

/** One kind of recorded service traffic. */
export interface ServiceCheck {
  api: string
  /** Asks by our services what the recorded client asked. */
  ask(recording: Recording, fetch: typeof globalThis.fetch): Promise<unknown>
  /** What the result must hold (`toMatchObject`), taken from the recorded body by the test's own reading. */
  expected(recording: Recording): unknown
  /** Differences that are allowed, each with its reason, applied to both sides. */
  normalise?: readonly { why: string; apply(sent: Sent, recording: Recording): void }[]
  /** The code of each recorded error, by recording id. */
  errors?: Readonly<Record<string, string>>
  /** Out of scope, by recording id, each with its reason. */
  skip?: Readonly<Record<string, string>>
}

/** Runs a check over its recordings, whole and cut at any byte. Gives how many it read. */
export async function checkService(check: ServiceCheck, recordings: readonly Recording[]): Promise<number> {
  let checked = 0
  for (const recording of recordings) {
    if (recording.id in (check.skip ?? {})) continue
    for (const seed of [undefined, 1, 77]) {
      let sent: Sent | undefined
      const answering: typeof fetch = async (url, init) => {
        sent = await asSent(new Request(url as string, init))
        return responseOf(recording, seed)
      }
      const result: unknown = await check.ask(recording, answering).catch((error: unknown) => error)
      const error = check.errors?.[recording.id]
      if (error === undefined) {
        if (result instanceof Error) throw result
        expect(result, recording.id).toMatchObject(check.expected(recording) as object)
      } else {
        expect(result, recording.id).toBeInstanceOf(KitError)
        expect((result as KitError).code, recording.id).toBe(error)
        expect((result as KitError).status, recording.id).toBe(recording.response.status)
      }
      // a recording may hold only the answer
      if (recording.request?.url)
        expect(normal(check, sent!, recording), recording.id).toEqual(normal(check, await recordedAsSent(recording), recording))
    }
    checked++
  }
  return checked
}

function normal(check: ServiceCheck, sent: Sent, recording: Recording): Sent {
  const copy = structuredClone(sent)
  for (const { apply } of check.normalise ?? []) apply(copy, recording)
  return copy
}

async function asSent(request: Request): Promise<Sent> {
  const { pathname, search } = new URL(request.url)
  const sent = { method: request.method, path: pathname + search }
  const type = request.headers.get('content-type') ?? ''
  if (request.method === 'GET' || !request.body) return sent
  if (type.includes('multipart/form-data')) return { ...sent, body: await fieldsOf(await request.formData()) }
  if (type.includes('json')) return { ...sent, body: await request.json() }
  return { ...sent, body: await request.text() }
}

async function recordedAsSent({ request }: Recording): Promise<Sent> {
  const { method, url, body, text, headers } = request
  const { pathname, search } = new URL(url)
  const sent = { method, path: pathname + search }
  if (body !== undefined && body !== null) return { ...sent, body }
  if (text === undefined) return sent
  const type = Object.entries(headers).find(([name]) => /^content-type$/i.test(name))?.[1] ?? ''
  if (!type.includes('multipart/form-data')) return { ...sent, body: text }
  return { ...sent, body: recordedForm(text) }
}

async function fieldsOf(form: FormData): Promise<Fields> {
  const fields: Fields = {}
  for (const [name, value] of form.entries()) fields[name] = typeof value === 'string' ? value : `file ${value.name} ${value.type}`
  return fields
}

/** A recorded form; its files were recorded as text and may be cut off with its end, so only their names and types are left of them. */
function recordedForm(text: string): Fields {
  const fields: Fields = {}
  for (const [, head = '', value = ''] of text.matchAll(/--[^\r\n]+\r\n((?:[^\r\n]+\r\n)+)\r\n([^]*?)(?:\r\n(?=--)|$)/g)) {
    const name = /[; ]name="?([^";\r\n]+)/i.exec(head)?.[1]
    const file = /filename="?([^";\r\n]+)/i.exec(head)?.[1]
    const type = /content-type: *([^\r\n;]+)/i.exec(head)?.[1] ?? ''
    if (name) fields[name] = file === undefined ? value : `file ${file} ${type}`
  }
  return fields
}
