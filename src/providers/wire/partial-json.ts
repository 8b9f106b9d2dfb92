import type { Fields } from './fields.ts'
import { parse } from './http.ts'

/** Containers inside each other; what is deeper is not read. */
const depthLimit = 100
/** Characters after which no new value begins. */
const lengthLimit = 10_000_000

/**
 * JSON from values with their paths (RFC 9535, `$.a[0].b`), as text that grows: a model says its arguments from first to last.
 * What is no such path, or goes back into what is closed, makes the whole invalid.
 */
export class PartialJson {
  #text = ''
  /** The open containers by their key in the one around them; the root has none. */
  readonly #open: { key: string | number; list: boolean; any: boolean }[] = []
  /** Where something began. */
  readonly #seen = new Set<string>()
  /** The path of the text whose closing quote is still to come. */
  #saying: string | undefined
  #invalid = false

  /** Takes one `PartialArg` and gives what it adds to the text. */
  add({ jsonPath, stringValue, numberValue, boolValue, nullValue }: Fields): string {
    const from = this.#text.length
    const value = stringValue ?? numberValue ?? boolValue ?? (nullValue === undefined ? undefined : null)
    if (value === undefined) return ''
    const path = typeof jsonPath === 'string' ? jsonPath : ''
    if (typeof value === 'string' && this.#saying === path) this.#text += inner(value)
    else {
      const keys = from < lengthLimit ? keysOf(path) : undefined
      if (keys && (typeof value !== 'object' || value === null)) this.#at(path, keys, value as string | number | boolean | null)
      else this.#invalid = true
    }
    return this.#text.slice(from)
  }

  /** Closes what is open, and gives what that adds to the text. */
  end(): string {
    const from = this.#text.length
    if (!this.#text) this.#text = '{'
    this.#closeTo(0)
    this.#text += '}'
    return this.#text.slice(from)
  }

  /** What the text says; the text itself where it is no JSON. */
  value(): { input: unknown; invalid?: boolean } {
    const input = this.#invalid ? undefined : parse(this.#text)
    return input === undefined ? { input: this.#text, invalid: true } : { input }
  }

  #at(path: string, keys: readonly (string | number)[], value: string | number | boolean | null): void {
    if (!this.#text) this.#text = '{'
    let common = 0
    while (common < keys.length - 1 && common < this.#open.length && this.#open[common]!.key === keys[common]) common++
    this.#closeTo(common)
    for (let at = common; at < keys.length; at++) {
      const place = keys.slice(0, at + 1).join('\0')
      const around = this.#open.at(-1)
      const key = keys[at]!
      if (this.#seen.has(place) || (around?.list ?? false) !== (typeof key === 'number')) this.#invalid = true
      this.#text += `${(around ? around.any : this.#seen.size > 0) ? ',' : ''}${typeof key === 'number' ? '' : `${JSON.stringify(key)}:`}`
      if (around) around.any = true
      this.#seen.add(place)
      if (at === keys.length - 1) break
      const list = typeof keys[at + 1] === 'number'
      this.#text += list ? '[' : '{'
      this.#open.push({ key, list, any: false })
    }
    if (typeof value === 'string') {
      this.#text += `"${inner(value)}`
      this.#saying = path
    } else this.#text += JSON.stringify(value)
  }

  #closeTo(depth: number): void {
    if (this.#saying !== undefined) this.#text += '"'
    this.#saying = undefined
    while (this.#open.length > depth) this.#text += this.#open.pop()!.list ? ']' : '}'
  }
}

/** A text as it stands inside quotes. */
const inner = (text: string): string => JSON.stringify(text).slice(1, -1)

const controls: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r' }

/** What an escape in a quoted key stands for. */
const plain = (escaped: string): string =>
  escaped.length > 1 ? String.fromCharCode(parseInt(escaped.slice(1), 16)) : (controls[escaped] ?? escaped)

/** The keys of a path, or nothing where it is none. */
function keysOf(path: string): (string | number)[] | undefined {
  const keys: (string | number)[] = []
  const step = /\.([^.[\]]+)|\[(\d{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y
  let at = 1
  while (at < path.length) {
    step.lastIndex = at
    const found = step.exec(path)
    if (!found || keys.length >= depthLimit) return undefined
    const [, name, index, single, double] = found
    keys.push(
      name ??
        (index === undefined ? (single ?? double)!.replace(/\\(u[\da-f]{4}|.)/gi, (_, escaped: string) => plain(escaped)) : Number(index)),
    )
    at = step.lastIndex
  }
  return path.startsWith('$') && keys.length ? keys : undefined
}
