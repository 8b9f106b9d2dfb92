import { KitError } from '../errors.ts'
import { invalid, must } from './problem.ts'

export interface BodyLimits {
  /** Bytes; default 10 MB. */
  bytes?: number
  /** Default 64. */
  depth?: number
}

/**
 * The JSON object of a request; `{}` where it has no body. Errors: `request/type`, `request/too-large`, and
 * `request/invalid` for invalid UTF-8, malformed or too deep JSON.
 */
export async function readJson(request: Request, { bytes = 10_000_000, depth = 64 }: BodyLimits = {}): Promise<Record<string, unknown>> {
  const type = request.headers.get('content-type')
  if (Number(request.headers.get('content-length') ?? 0) > bytes) throw tooLarge(bytes)
  if (type !== null && !/^application\/json\s*(;|$)/i.test(type)) throw new KitError('request/type', 'the body must be application/json')
  const text = await readText(request, bytes)
  if (text === '') return {}
  if (type === null) throw new KitError('request/type', 'the body must be application/json')
  must(!tooDeep(text, depth), `the JSON is deeper than ${depth}`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalid('the body is not JSON')
  }
  must(typeof value === 'object' && value !== null && !Array.isArray(value), 'the body must be a JSON object')
  return value as Record<string, unknown>
}

async function readText(request: Request, bytes: number): Promise<string> {
  if (!request.body) return ''
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })
  const reader = request.body.getReader()
  let text = ''
  let size = 0
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return text + decoder.decode()
      if ((size += value.byteLength) > bytes) throw tooLarge(bytes)
      text += decoder.decode(value, { stream: true })
    }
  } catch (error) {
    reader.cancel().catch(() => {})
    if (error instanceof TypeError) throw invalid('the body is not UTF-8')
    throw error
  }
}

const tooLarge = (bytes: number): KitError => new KitError('request/too-large', `the body is larger than ${bytes} bytes`)

/** Looks at the text before it is parsed: a parser is the wrong place to find out that JSON is ten thousand levels deep. */
function tooDeep(text: string, limit: number): boolean {
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (quoted) {
      if (char === 0x5c) at++
      else if (char === 0x22) quoted = false
    } else if (char === 0x22) quoted = true
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > limit) return true
    } else if (char === 0x7d || char === 0x5d) depth--
  }
  return false
}
