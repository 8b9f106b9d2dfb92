type Fields = Record<string, unknown>

/** Steps of a path, and elements of a list that arguments may have. */
const depthLimit = 64
const lengthLimit = 10_000

/**
 * Arguments that come in pieces (`streamFunctionCallArguments` on Vertex): each piece is a value at a JSON Path; a text goes on
 * where the piece before it said that it will.
 */
export class OpenArguments {
  readonly name: unknown
  readonly id: unknown
  readonly signed: { thoughtSignature?: string }
  readonly input: Fields = {}
  #going: string | undefined

  constructor(name: unknown, id: unknown, signed: { thoughtSignature?: string }) {
    this.name = name
    this.id = id
    this.signed = signed
  }

  add(pieces: unknown): void {
    if (!Array.isArray(pieces)) return
    for (const piece of pieces as unknown[]) {
      if (typeof piece !== 'object' || piece === null) continue
      const { jsonPath, stringValue, numberValue, boolValue, nullValue, willContinue } = piece as Fields
      if (typeof jsonPath !== 'string') continue
      const value = stringValue ?? numberValue ?? boolValue ?? (nullValue === undefined ? undefined : null)
      if (value !== undefined) this.#set(jsonPath, value)
      this.#going = willContinue === true ? jsonPath : undefined
    }
  }

  #set(path: string, value: unknown): void {
    const keys = stepsOf(path)
    if (!keys) return
    let at: Fields = this.input
    for (const [index, key] of keys.entries()) {
      if (index === keys.length - 1) {
        const before = at[key]
        at[key] = this.#going === path && typeof before === 'string' && typeof value === 'string' ? before + value : value
        return
      }
      const inner = at[key]
      at =
        typeof inner === 'object' && inner !== null
          ? (inner as Fields)
          : ((at[key] = /^\d+$/.test(keys[index + 1]!) ? [] : {}) as unknown as Fields)
    }
  }
}

/** `$.a.b[0]['c']` as its steps; nothing for a path that leads out of plain data. */
function stepsOf(path: string): string[] | undefined {
  const keys = path.match(/[^.[\]'"$]+/g)
  if (!keys || keys.length > depthLimit) return undefined
  return keys.some((key) => key === '__proto__' || (/^\d+$/.test(key) && Number(key) >= lengthLimit)) ? undefined : keys
}
