// Standard decorators receive metadata only if this symbol exists, and no version of Node defines it yet.
;(Symbol as { metadata?: symbol }).metadata ??= Symbol.for('Symbol.metadata')

type Member = string | symbol | undefined

/** The part of reflect-metadata that Holdfast uses. */
interface ReflectMetadata {
  metadata?: (key: unknown, value: unknown) => (target: object, member?: string | symbol) => void
  getOwnMetadata?: (key: unknown, target: object, member?: string | symbol) => unknown
  defineMetadata?: (key: unknown, value: unknown, target: object, member?: string | symbol) => void
}

const reflect = Reflect as ReflectMetadata

/** Emitted types. Shared by all readers, because types belong to the class that they were emitted for. */
const types = new WeakMap<object, Map<Member, Map<unknown, unknown>>>()

/**
 * Compilers call `Reflect.metadata` for the types of a decorated class and its members. Without reflect-metadata, these types would be
 * lost. If reflect-metadata is loaded later, it replaces this function; earlier records stay readable.
 */
reflect.metadata ??= (key, value) => (target, member) => {
  const members = types.get(target) ?? new Map<Member, Map<unknown, unknown>>()
  types.set(target, members)
  members.set(member, (members.get(member) ?? new Map<unknown, unknown>()).set(key, value))
}

/** Returns the metadata that a compiler or tsyringe has recorded under a key, on a target itself or on one of its members. */
export function compilerMetadata(key: string, target: object, member?: string | symbol): unknown {
  return reflect.getOwnMetadata?.(key, target, member) ?? types.get(target)?.get(member)?.get(key)
}

/** Records metadata where tsyringe and Nest read it. tsyringe and Nest load reflect-metadata. */
export function defineCompilerMetadata(
  key: string,
  value: unknown,
  target: object,
  member?: string | symbol,
): void {
  // reflect-metadata distinguishes an absent member from an undefined one.
  if (member === undefined) reflect.defineMetadata?.(key, value, target)
  else reflect.defineMetadata?.(key, value, target, member)
}
