// Reading what a server says: every field may be missing, null or of another type.
import type { Usage } from '../../message.ts'
import type { Source } from '../../model.ts'

export type Fields = Record<string, unknown>

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Text that says something, or nothing. */
export const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** A number that is one, also where it comes as text. */
export function count(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : undefined
}

/** All tokens of an answer; the parts of a sum that the server does not name are absent. */
export function usageOf(raw: unknown): Usage | undefined {
  if (!isFields(raw)) return undefined
  const [input, output] = [count(raw.input_tokens), count(raw.output_tokens)]
  if (input === undefined && output === undefined) return undefined
  const inside = isFields(raw.input_tokens_details) ? raw.input_tokens_details : {}
  const cacheRead = count(inside.cached_tokens)
  const cacheWrite = count(inside.cache_write_tokens)
  const reasoning = isFields(raw.output_tokens_details) ? count(raw.output_tokens_details.reasoning_tokens) : undefined
  return {
    input: input ?? 0,
    output: output ?? 0,
    ...(cacheRead !== undefined && { cacheRead }),
    ...(cacheWrite !== undefined && { cacheWrite }),
    ...(reasoning !== undefined && { reasoning }),
  }
}

/** What a server says that the answer cost: in dollars, or in ticks of a ten-billionth of one. */
export function usdOf(raw: unknown): number | undefined {
  if (!isFields(raw)) return undefined
  const ticks = count(raw.cost_in_usd_ticks)
  return count(raw.cost) ?? (ticks === undefined ? undefined : ticks / 1e10)
}

/** Where a citation leads; `said` is the text that it stands in, `before` how much of the answer came before that. */
export function sourceOf(annotation: Fields, said: string, before: number): Source | undefined {
  const { type, url, title, file_id, filename, start_index, end_index } = annotation
  if (type === 'file_citation' || type === 'container_file_citation' || type === 'file_path') {
    const document = text(file_id)
    if (document === undefined) return undefined
    return { document, ...(text(filename) && { title: filename as string }), ...span(start_index, end_index, said, before) }
  }
  if (text(url) === undefined) return undefined
  return { url: url as string, ...(text(title) && { title: title as string }), ...span(start_index, end_index, said, before) }
}

/** Offsets count characters of one text; ours count UTF-16 units of the whole answer. */
function span(start: unknown, end: unknown, said: string, before: number): Pick<Source, 'start' | 'end'> {
  if (typeof start !== 'number' || typeof end !== 'number') return {}
  const wide = /[\ud800-\udbff]/.test(said)
  const at = (offset: number): number => before + (wide ? Array.from(said).slice(0, Math.max(0, offset)).join('').length : offset)
  return { start: at(start), end: at(end) }
}
