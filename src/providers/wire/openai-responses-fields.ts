// Reading what a server says: every field may be missing, null or of another type.
import type { Usage } from '../../message.ts'
import type { Source } from '../../model.ts'
import { defined, type Fields, fields, isObject, textIn } from './fields.ts'

/** A number that is one, also where it comes as text. */
function count(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : undefined
}

/** All tokens of an answer; the parts of a sum that the server does not name are absent. */
export function usageOf(raw: unknown): Usage | undefined {
  if (!isObject(raw)) return undefined
  const [input, output] = [count(raw.input_tokens), count(raw.output_tokens)]
  if (input === undefined && output === undefined) return undefined
  const { cached_tokens, cache_write_tokens } = fields(raw.input_tokens_details)
  const details = {
    cacheRead: count(cached_tokens),
    cacheWrite: count(cache_write_tokens),
    reasoning: count(fields(raw.output_tokens_details).reasoning_tokens),
  }
  return { input: input ?? 0, output: output ?? 0, ...defined(details) }
}

/** What a server says that the answer cost: in dollars, or in ticks of a ten-billionth of one. */
export function usdOf(raw: unknown): number | undefined {
  const { cost, cost_in_usd_ticks } = fields(raw)
  const ticks = count(cost_in_usd_ticks)
  return count(cost) ?? (ticks === undefined ? undefined : ticks / 1e10)
}

/** Where a citation leads; `said` is the text that it stands in, `before` how much of the answer came before that. */
export function sourceOf(annotation: Fields, said: string, before: number): Source | undefined {
  const [url, document] = [textIn(annotation.url), textIn(annotation.file_id)]
  if (url === undefined && document === undefined) return undefined
  const { title, filename, start_index, end_index } = annotation
  return defined({ url, document, title: textIn(title) ?? textIn(filename), ...span(start_index, end_index, said, before) })
}

/** Offsets count characters of one text; ours count UTF-16 units of the whole answer. */
function span(start: unknown, end: unknown, said: string, before: number): Pick<Source, 'start' | 'end'> {
  if (typeof start !== 'number' || typeof end !== 'number') return {}
  const wide = /[\ud800-\udbff]/.test(said)
  const at = (offset: number): number => before + (wide ? Array.from(said).slice(0, Math.max(0, offset)).join('').length : offset)
  return { start: at(start), end: at(end) }
}
