import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'

/** A JSON Schema (2020-12) as plain data. */
export type JsonSchema = { readonly [key: string]: unknown }

/**
 * A schema that can check a value and describe itself as JSON Schema: Standard Schema with its JSON Schema part
 * (zod 4.2+, arktype 2.1.28+, valibot through `@valibot/to-json-schema`, plain JSON Schema through `edgeswarm/schema/json`).
 */
export interface Schema<In = unknown, Out = In> {
  readonly '~standard': StandardSchemaV1.Props<In, Out> & StandardJSONSchemaV1.Props<In, Out>
}

export type InferOutput<S> = S extends { readonly '~standard': { readonly types?: { readonly output: infer Out } | undefined } }
  ? Out
  : unknown

/** The JSON Schema of what a schema takes. Throws a `TypeError` when the schema has no JSON Schema part. */
export function toJsonSchema(schema: Schema<unknown, unknown>, of: 'input' | 'output' = 'input'): JsonSchema {
  const describe = schema['~standard'].jsonSchema?.[of]
  if (!describe) throw new TypeError(`this ${schema['~standard'].vendor} schema cannot describe itself as JSON Schema`)
  const { $schema: _, ...json } = describe({ target: 'draft-2020-12' })
  return json
}

/** Checks a value; the message names each field that is wrong. */
export async function check<Out>(schema: Schema<unknown, Out>, value: unknown): Promise<{ value: Out } | { problem: string }> {
  const result = await (schema['~standard'] as StandardSchemaV1.Props<unknown, Out>).validate(value)
  if (!result.issues) return { value: result.value }
  const lines = result.issues.slice(0, 10).map(({ message, path }) => {
    const at = path?.map((step) => String(typeof step === 'object' ? step.key : step)).join('.')
    return at ? `${at}: ${message}` : message
  })
  return { problem: lines.join('; ').slice(0, 2000) }
}
