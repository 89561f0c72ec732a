/** Describes the kind of a value, for error messages. Never shows contents. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'function') return value.name ? `the function ${value.name}` : 'a function'
  if (typeof value !== 'object') return value === undefined ? 'undefined' : `a ${typeof value}`
  if (Array.isArray(value)) return 'an array'
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name
  if (name && name !== 'Object') return `an instance of ${name}`
  // A generator's constructor has no name.
  const { [Symbol.toStringTag]: tag } = value as { [Symbol.toStringTag]?: unknown }
  return typeof tag === 'string' ? `an instance of ${tag}` : 'a plain object'
}
