import { type Schema as JsonSchemaType, Validator } from '@cfworker/json-schema'
import type { JsonSchema, Schema } from '../schema.ts'

/** Says what is wrong with a value; nothing wrong is an empty list. */
export type JsonValidator = (value: unknown) => readonly { message: string; path?: readonly (string | number)[] }[]

/**
 * A plain JSON Schema (2020-12) as a schema that tools and outputs take. `validate` checks values; by default
 * `@cfworker/json-schema`, which needs no `eval`.
 * @example tool({ name: 'add', input: jsonSchema<{ a: number }>({ type: 'object', properties: { a: { type: 'number' } } }), run: ({ a }) => a })
 */
export function jsonSchema<T = unknown>(schema: JsonSchema, validate: JsonValidator = interpreted(schema)): Schema<T, T> {
  return {
    '~standard': {
      version: 1,
      vendor: 'edgeswarm',
      validate(value) {
        const issues = validate(value)
        return issues.length ? { issues } : { value: value as T }
      },
      jsonSchema: { input: () => ({ ...schema }), output: () => ({ ...schema }) },
    },
  }
}

function interpreted(schema: JsonSchema): JsonValidator {
  const validator = new Validator(schema as JsonSchemaType, '2020-12', false)
  return (value) =>
    validator.validate(value).errors.map(({ error, instanceLocation }) => ({ message: error, path: instanceLocation.split('/').slice(1) }))
}
