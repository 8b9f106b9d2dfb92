// Recorded traffic of real providers, read where it lies: beside the project, never in it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll } from 'vitest'

export const folder: string = join(import.meta.dirname, '../../../shared/wire/recordings')

/** Whether the data is here; in CI it must be. */
export const recorded: boolean = existsSync(join(folder, 'INDEX.json'))
if (!recorded) {
  if (process.env.CI === 'true') throw new Error('the recordings are missing: ../shared/wire/recordings')
  console.log('skipped: ../shared/wire/recordings is missing')
}

/** Which answers were given to the kit to read: `.ci/recordings.mjs` looks for those that never were. */
const read = new Set<string>()
afterAll(() => {
  const dir = join(import.meta.dirname, '../../coverage/wire')
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, `${crypto.randomUUID()}.json`), JSON.stringify([...read]))
})

export interface Recording {
  id: string
  api: string
  provider: string
  group: string
  step: number
  steps: number
  kind: readonly string[]
  request: { method: string; url: string; headers: Record<string, string>; body?: Record<string, unknown>; text?: string }
  response: {
    status: number
    headers: Record<string, string>
    sse?: string
    ndjson?: string
    text?: string
    body?: unknown
    binary_base64?: string
    eventstream_base64?: string
  }
}

interface Entry extends Omit<Recording, 'request' | 'response'> {
  file: string
}

export function recordings(apis: readonly string[] | ((api: string) => boolean)): Recording[] {
  if (!recorded) return []
  const index = JSON.parse(readFileSync(join(folder, 'INDEX.json'), 'utf8')) as Entry[]
  return index
    .filter(({ api }) => (typeof apis === 'function' ? apis(api) : apis.includes(api)))
    .map(({ file, ...entry }) => {
      const { request, response } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Pick<Recording, 'request' | 'response'>
      return { ...entry, request, response }
    })
}

/** The recorded response; with a seed its body comes in pieces of 1 to 9 bytes, always the same ones. */
export function responseOf({ id, response }: Recording, seed?: number): Response {
  read.add(id)
  const { status, headers, sse, ndjson, text, body } = response
  const binary = response.binary_base64 ?? response.eventstream_base64
  const bytes =
    binary === undefined ? new TextEncoder().encode(sse ?? ndjson ?? text ?? JSON.stringify(body ?? null)) : Buffer.from(binary, 'base64')
  const type =
    sse !== undefined
      ? 'text/event-stream'
      : ndjson !== undefined
        ? 'application/x-ndjson'
        : text !== undefined
          ? 'text/plain'
          : binary !== undefined
            ? (headers['content-type'] ?? 'application/octet-stream')
            : 'application/json'
  const kept = Object.entries(headers).filter(([name]) => !/^(content-(length|encoding|type)|transfer-encoding)$/i.test(name))
  return new Response(seed === undefined ? new Uint8Array(bytes) : pieces(bytes, seed), {
    status,
    headers: { ...Object.fromEntries(kept), 'content-type': type },
  })
}

function pieces(bytes: Uint8Array, seed: number): ReadableStream<Uint8Array> {
  let at = 0
  let state = seed || 1
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      state = (state * 48_271) % 2_147_483_647
      const size = 1 + (state % 9)
      controller.enqueue(bytes.slice(at, at + size))
      at += size
    },
  })
}
