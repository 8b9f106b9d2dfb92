import { KitError } from '../../errors.ts'
import { isObject, type Fields } from './fields.ts'
import { parse } from './http.ts'
import type { Service } from './service.ts'

/** Characters of one line. */
const lineLimit = 64_000_000

/**
 * The objects of a body of JSON Lines as they come, in any cut. Throws `model/garbled` for a line that is no object or is longer
 * than 64 million characters, `model/truncated` where the connection broke.
 */
export async function* jsonLines(
  response: Response,
  { provider }: Pick<Service, 'provider'>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Fields, void, void> {
  const reader = response.body?.getReader()
  if (!reader) return
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (let ended = false; !ended;) {
      const { value, done } = await reader.read()
      ended = done
      const lines = (rest + (done ? `${decoder.decode()}\n` : decoder.decode(value, { stream: true }))).split('\n')
      rest = lines.pop()!
      if (rest.length > lineLimit) throw new KitError('model/garbled', `${provider} sent a line that is too long`, { provider })
      for (const line of lines) if (line.trim()) yield objectOf(line, provider)
    }
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    if (cause instanceof KitError) throw cause
    throw new KitError('model/truncated', `the connection to ${provider} broke`, { cause, provider, retryable: true })
  } finally {
    reader.cancel().catch(() => {})
  }
}

function objectOf(line: string, provider: string): Fields {
  const value = parse(line)
  if (isObject(value)) return value
  throw new KitError('model/garbled', `${provider} sent a line that is no JSON object`, { provider, cause: line.slice(0, 10_000) })
}
