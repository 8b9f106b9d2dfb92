/** A time of the vendor's in ms since 1970, or nothing. */
export const timeIn = (value: unknown): number | undefined => {
  const ms = typeof value === 'string' ? Date.parse(value) : NaN
  return Number.isNaN(ms) ? undefined : ms
}

/** A count that comes as text, as 64-bit numbers do. */
export const bigIn = (value: unknown): number | undefined => {
  const count = typeof value === 'string' && value ? Number(value) : value
  return typeof count === 'number' && Number.isFinite(count) && count >= 0 ? count : undefined
}

/** How many UTF-16 units so many bytes of a text are: places are counted in bytes there. */
export const unitsIn = (bytes: Uint8Array, until: number): number =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, until)).length
