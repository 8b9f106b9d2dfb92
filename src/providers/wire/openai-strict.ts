import type { JsonSchema } from '../../schema.ts'

/** Strict mode refuses a schema with an object that is open or has optional fields. */
export function fitsStrict(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return true
  const { type, properties, required, additionalProperties } = schema as JsonSchema
  if (type === 'object' || properties) {
    const names: readonly unknown[] = Array.isArray(required) ? required : []
    if (additionalProperties !== false || !Object.keys(properties ?? {}).every((name) => names.includes(name))) return false
  }
  return Object.values(schema).every(fitsStrict)
}
