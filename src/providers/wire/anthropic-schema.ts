import type { JsonSchema } from '../../schema.ts'
import { isObject } from './fields.ts'

type Schema = Record<string, unknown>

/** What the API's subset knows, by the vendor's page on structured outputs and its SDK (1.12). */
const kept = new Set(
  '$ref $defs definitions $schema type enum const anyOf allOf properties required items additionalProperties title description default'.split(
    ' ',
  ),
)
const formats = new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid'])

/** Nesting of a schema beyond which it is sent as it is. */
const deepest = 64

/**
 * A schema in the subset that the API holds a model to: a constraint outside of it (lengths, ranges, patterns) would be a 400, so it
 * becomes words in the description; the answer is still checked against the whole schema by who asked for it. Objects are closed.
 */
export function strictSchema(schema: JsonSchema, depth = 0): JsonSchema {
  const given = schema as Schema
  if (depth > deepest) return schema
  const inner = (value: unknown): unknown => (isObject(value) ? strictSchema(value, depth + 1) : value)
  const result: Schema = {}
  const lost: string[] = []
  for (const [key, value] of Object.entries(given)) {
    if (key === 'oneOf' && Array.isArray(value)) result.anyOf = value.map(inner)
    else if ((key === 'anyOf' || key === 'allOf') && Array.isArray(value)) result[key] = value.map(inner)
    else if ((key === 'properties' || key === '$defs' || key === 'definitions') && isObject(value))
      result[key] = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inner(one)]))
    else if (key === 'items') result.items = inner(value)
    else if (kept.has(key) || (key === 'format' && formats.has(String(value))) || (key === 'minItems' && (value === 0 || value === 1)))
      result[key] = value
    else lost.push(`${key}: ${JSON.stringify(value)}`)
  }
  if (given.type === 'object' || given.properties !== undefined) result.additionalProperties = false
  if (lost.length) result.description = [given.description, `{${lost.join(', ')}}`].filter(Boolean).join('\n\n')
  return result as JsonSchema
}
