import type { StandardSchemaV1 } from '@standard-schema/spec'

/** A schema of any library that follows Standard Schema (https://standardschema.dev): zod, valibot, arktype and others. */
export type Schema = StandardSchemaV1

/** What a schema makes of what it accepts. */
export type SchemaOutput<S extends Schema> = StandardSchemaV1.InferOutput<S>

/** What a schema accepts. */
export type SchemaInput<S extends Schema> = StandardSchemaV1.InferInput<S>

/** One thing that is wrong with a value. */
export type SchemaIssue = StandardSchemaV1.Issue

/** What a schema says of a value. */
export type SchemaResult = StandardSchemaV1.Result<unknown>

/** Tells a schema from anything else; those of some libraries are functions. */
export function isSchema(value: unknown): value is Schema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard = (value as { '~standard'?: unknown })['~standard']
  return (
    typeof standard === 'object' &&
    standard !== null &&
    typeof (standard as { validate?: unknown }).validate === 'function'
  )
}

/** Puts an issue in words: where it is, and what is wrong there. */
export function describeIssue({ message, path }: SchemaIssue): string {
  const place = path?.map((segment) => String(typeof segment === 'object' ? segment.key : segment)).join('.')
  return place ? `${place}: ${message}` : message
}
