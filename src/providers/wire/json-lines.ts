import { type Fields, isObject } from './fields.ts'
import { parse } from './http.ts'
import { lines } from './ndjson.ts'
import { garbled, type Service } from './service.ts'

/** The objects of a body of JSON Lines as they come; errors as `lines` has them, and `model/garbled` for a line that is no object. */
export async function* jsonLines(
  response: Response,
  { provider }: Pick<Service, 'provider'>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Fields, void, void> {
  for await (const batch of lines(response, signal, provider))
    for (const { data } of batch) {
      const value = parse(data)
      if (!isObject(value)) throw garbled(provider, 'a line that is no JSON object', data.slice(0, 10_000))
      yield value
    }
}
