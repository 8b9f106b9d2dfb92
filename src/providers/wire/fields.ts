/** An object from outside, of which nothing is known. */
export type Fields = Record<string, unknown>

export const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The fields of a value, none where it has none. */
export const fields = (value: unknown): Fields => (isObject(value) ? value : {})

/** The objects of what should be a list of them. */
export const objects = (value: unknown): Fields[] => (Array.isArray(value) ? (value as unknown[]).filter(isObject) : [])

/** A text that says something, or nothing. */
export const textIn = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined)

/** A count, or nothing. */
export const countIn = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined

/** A time (RFC 3339) in ms since 1970, or nothing. */
export function timeIn(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : NaN
  return Number.isNaN(ms) ? undefined : ms
}

/** A copy without what is undefined or null. */
export const defined = <T extends object>(raw: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== undefined && value !== null)) as never
