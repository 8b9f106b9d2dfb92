// What a fake server was asked, read from the words of its wire; and how it refuses what its vendor would refuse.
import type { Failing } from './scenario.ts'

/** A request as the server reads it. */
export interface Question {
  method: string
  /** Path of the address, without the query. */
  path: string
  query: URLSearchParams
  headers: Headers
  body: unknown
}

export interface AskedMedia {
  mime?: string
  /** Base64. */
  data?: string
  url?: string
  name?: string
}

/** One message; a tool's results are a turn of role `tool`, wherever the wire puts them. */
export interface Turn {
  role: 'user' | 'assistant' | 'tool'
  text: string
  thoughts: { text: string; proof?: string }[]
  calls: { id?: string; name: string; input: unknown }[]
  results: { id?: string; name?: string; text: string; error?: boolean }[]
  media: AskedMedia[]
}

export type AskedChoice = 'auto' | 'none' | 'required' | { tool: string } | { tools: readonly string[]; required: boolean }

/** One question in no wire's words. */
export interface Asked {
  model: string
  stream: boolean
  /** The key, from wherever the vendor wants it. */
  key: string | undefined
  address: string
  headers: Headers
  /** The texts of the instructions. */
  system: string[]
  turns: Turn[]
  tools: { name: string; description?: string | undefined; schema: unknown }[]
  choice?: AskedChoice | undefined
  /** `false`: one call at a time. */
  parallel?: boolean | undefined
  stop?: readonly string[] | undefined
  seed?: number | undefined
  maxTokens?: number | undefined
  temperature?: number | undefined
  topP?: number | undefined
  effort?: unknown
  output?: { schema?: unknown } | undefined
  /** The body as it came. */
  body: Fields
}

export type Fields = Record<string, unknown>

/** Thrown by a wire's reader: the vendor refuses the request. */
export class Refused extends Error {
  override name = 'Refused'
  readonly failing: Failing
  readonly status: number | undefined
  constructor(message: string, failing: Failing = 'invalid', status?: number) {
    super(message)
    this.failing = failing
    this.status = status
  }
}

export function refuse(message: string, failing?: Failing, status?: number): never {
  throw new Refused(message, failing, status)
}

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

export const fieldsIn = (value: unknown, where: string): Fields => (isFields(value) ? value : refuse(`${where} must be an object`))

export const listIn = (value: unknown, where: string): readonly unknown[] =>
  Array.isArray(value) ? (value as unknown[]) : refuse(`${where} must be an array`)

export const textIn = (value: unknown, where: string): string => (typeof value === 'string' ? value : refuse(`${where} must be a string`))

/** A number within bounds, or nothing where there is none. */
export function numberIn(value: unknown, where: string, least: number = -Infinity, most: number = Infinity): number | undefined {
  if (value === undefined) return undefined
  return typeof value === 'number' && value >= least && value <= most ? value : refuse(`${where} must be a number from ${least} to ${most}`)
}

/** Refuses fields that the vendor does not know. */
export function onlyFields(value: Fields, known: ReadonlySet<string>, where: string): void {
  for (const name of Object.keys(value)) if (!known.has(name)) refuse(`${where}${name}: extra inputs are not permitted`)
}

export function turn(role: Turn['role'], more: Partial<Turn> = {}): Turn {
  return { role, text: '', thoughts: [], calls: [], results: [], media: [], ...more }
}

/** A data URL as what it holds, any other address as it is. */
export function mediaAt(url: string): AskedMedia {
  const [, mime, data] = /^data:([^;,]+);base64,(.*)$/s.exec(url) ?? []
  return mime === undefined ? { url } : { mime, data: base64In(data!) }
}

/** Base64, as servers check it. */
export const base64In = (data: string): string => (/^[A-Za-z0-9+/]*={0,2}$/.test(data) ? data : refuse('invalid base64'))

export const toolNames: RegExp = /^[a-zA-Z0-9_.-]{1,64}$/
