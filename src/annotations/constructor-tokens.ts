import type { Class } from '../core/token.js'
import { emitsTypes, ownClientOptions, ownConstructorTokens } from './metadata.js'
import { compilerMetadata } from './reflect.js'

/** Facts about the constructor of a class, declared or inherited. */
export interface ConstructorFacts {
  /** Class that declares the constructor. */
  readonly owner: Class
  /** Number of required parameters. */
  readonly parameters: number
  /**
   * Maximum number of parameters; `undefined` if it is uncertain. Without emitted types, default values or a rest parameter may follow the
   * required parameters.
   */
  readonly most: number | undefined
  /** Tokens of the parameters, in order. A hole stands for an unknown token, `undefined` for an unknown list. */
  readonly tokens: readonly unknown[] | undefined
}

/** Shared by all clients, because the constructor of a class never changes. */
const known = new WeakMap<Class, ConstructorFacts>()

/** Reads the constructor of a class, declared or inherited. Each class is read once. */
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
 * Returns true if a class declares its constructor. One without parameters looks like the one that the language or a compiler adds to a class
 * without a constructor. Unless types or an empty `inject` say otherwise, it is treated as inherited. It then receives the dependencies of the
 * base class, and ignores them if it has no parameters.
 */
function declaresConstructor(target: Class, inject: unknown, types: unknown): boolean {
  if (target.length > 0) return true
  // Compilers emit parameter types for every constructor in the source, even if the list is empty.
  return Array.isArray(inject) ? inject.length === 0 : types !== undefined
}

/**
 * Returns the maximum number of parameters. Compilers emit a type for each parameter in the source; `length` counts up to the first default
 * value or rest parameter.
 */
function mostParameters(target: Class): number | undefined {
  const types = compilerMetadata('design:paramtypes', target) as readonly unknown[] | undefined
  if (types) return types.length === target.length ? target.length : undefined
  // If the compiler emits types but none for this class, the source contains no constructor.
  const hasBase = Object.getPrototypeOf(target) !== Function.prototype
  return emitsTypes(target) && target.length === 0 && !hasBase ? 0 : undefined
}

/** Returns false for the older classes of Node, such as EventEmitter. They are functions, and their parameters are optional. */
function hasClassSyntax(target: Class): boolean {
  return Object.getOwnPropertyDescriptor(target, 'prototype')?.writable === false
}
