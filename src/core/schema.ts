import type { StandardSchemaV1 } from '@standard-schema/spec'

/** A schema from any library that implements Standard Schema (https://standardschema.dev), such as zod, valibot or arktype. */
export type Schema = StandardSchemaV1

/** Output type of a schema. */
export type SchemaOutput<S extends Schema> = StandardSchemaV1.InferOutput<S>

/** Input type of a schema. */
export type SchemaInput<S extends Schema> = StandardSchemaV1.InferInput<S>

/** An issue that a schema found in a value. */
export type SchemaIssue = StandardSchemaV1.Issue

/** Result of validating a value. */
export type SchemaResult = StandardSchemaV1.Result<unknown>

/** Returns true for a schema. Some libraries' schemas are functions. */
export function isSchema(value: unknown): value is Schema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard = (value as { '~standard'?: unknown })['~standard']
  return (
    typeof standard === 'object' &&
    standard !== null &&
    typeof (standard as { validate?: unknown }).validate === 'function'
  )
}

/** Describes an issue by its path and its message. */
export function describeIssue({ message, path }: SchemaIssue): string {
  const place = path?.map((segment) => String(typeof segment === 'object' ? segment.key : segment)).join('.')
  return place ? `${place}: ${message}` : message
}
