import type { Class } from '../core/token.js'
import { emitsTypes, ownClientOptions, ownConstructorTokens } from './metadata.js'
import { compilerMetadata } from './reflect.js'

/** Information about a class's constructor, declared or inherited. */
export interface ConstructorFacts {
  /** Class that declares the constructor. */
  readonly owner: Class
  /** Number of required parameters. */
  readonly parameters: number
  /**
   * Maximum number of parameters; `undefined` if unknown. If the compiler emits no types, optional parameters or a rest parameter may
   * follow the required ones unnoticed.
   */
  readonly most: number | undefined
  /** Tokens of the parameters, in order. A hole means that one token is unknown; `undefined` means that all are. */
  readonly tokens: readonly unknown[] | undefined
}

/** Constructors that have been read. Shared by all clients, because a class's constructor never changes. */
const known = new WeakMap<Class, ConstructorFacts>()

/** Reads a class's constructor, declared or inherited. Each class is read only once. */
export function readConstructor(target: Class): ConstructorFacts {
  let facts = known.get(target)
  if (!facts) {
    facts = read(target)
    known.set(target, facts)
  }
  return facts
}

function read(target: Class): ConstructorFacts {
  const given: unknown = ownClientOptions(target)?.inject
  const inject = Array.isArray(given) ? (given as readonly unknown[]) : undefined
  const types = ownConstructorTokens(target)
  const tokens = inject ?? types
  const base = Object.getPrototypeOf(target) as Class
  if (declaresConstructor(target, inject, types) || !hasClassSyntax(base))
    return { owner: target, parameters: target.length, most: mostParameters(target), tokens }
  const inherited = readConstructor(base)
  // If no types are emitted, a constructor whose parameters all have default values looks inherited.
  return tokens ? { ...inherited, tokens, most: emitsTypes(target) ? inherited.most : undefined } : inherited
}

/**
 * Returns true if a class declares its own constructor. A declared constructor without parameters looks like the constructor that
 * JavaScript or a compiler adds to a class without one. It is treated as inherited unless the compiler emitted types for it or `inject` is
 * empty. An inherited constructor receives the dependencies of the base class, and ignores them if it has no parameters.
 */
function declaresConstructor(target: Class, inject: unknown, types: unknown): boolean {
  if (target.length > 0) return true
  // Compilers emit parameter types for every constructor in the source, even if it has no parameters.
  return Array.isArray(inject) ? inject.length === 0 : types !== undefined
}

/**
 * Returns the maximum number of parameters. Compilers emit a type for each parameter in the source, while `length` counts only the
 * parameters before the first default value or rest parameter.
 */
function mostParameters(target: Class): number | undefined {
  const types = compilerMetadata('design:paramtypes', target) as readonly unknown[] | undefined
  if (types) return types.length === target.length ? target.length : undefined
  // If the compiler emits types but none for this class, the source contains no constructor.
  const hasBase = Object.getPrototypeOf(target) !== Function.prototype
  return emitsTypes(target) && target.length === 0 && !hasBase ? 0 : undefined
}

/** Returns false for Node's older classes, such as EventEmitter, which are functions. Their parameters are optional. */
function hasClassSyntax(target: Class): boolean {
  return Object.getOwnPropertyDescriptor(target, 'prototype')?.writable === false
}
