import type { Class } from '../core/token.js'
import { emitsTypes, ownClientOptions, ownConstructorTokens } from './metadata.js'
import { compilerMetadata } from './reflect.js'

/** Facts about the constructor of a class, its own or an inherited one. */
export interface ConstructorFacts {
  /** The class that declares it. */
  readonly owner: Class
  /** How many parameters it must be given. */
  readonly parameters: number
  /**
   * How many parameters it has at most, where that is certain: without emitted types, a default value or a rest parameter may be behind
   * those that count.
   */
  readonly most: number | undefined
  /** Tokens of the parameters, in order. A hole stands for an unknown token, `undefined` for an unknown list. */
  readonly tokens: readonly unknown[] | undefined
}

/** Shared by all clients: the constructor of a class never changes. */
const known = new WeakMap<Class, ConstructorFacts>()

/** Reads a class's constructor, or the one that it inherits. Done once per class. */
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
  // A constructor whose parameters all have default values looks inherited where no types are emitted.
  return tokens ? { ...inherited, tokens, most: emitsTypes(target) ? inherited.most : undefined } : inherited
}

/**
 * Tells whether a class declares its constructor. One without parameters looks like the one that the language, or a compiler, adds to a
 * class without a constructor. Unless types or an empty `inject` say otherwise, it is taken for an inherited one: it receives what the
 * base injects, and ignores that if it has no parameters.
 */
function declaresConstructor(target: Class, inject: unknown, types: unknown): boolean {
  if (target.length > 0) return true
  // Compilers emit parameter types, if only an empty list, for a constructor that the source declares.
  return Array.isArray(inject) ? inject.length === 0 : types !== undefined
}

/** Compilers emit a type for each parameter that the source declares; `length` counts up to the first default value or rest parameter. */
function mostParameters(target: Class): number | undefined {
  const types = compilerMetadata('design:paramtypes', target) as readonly unknown[] | undefined
  if (types) return types.length === target.length ? target.length : undefined
  // Without types of a constructor, a compiler that emits them has seen none.
  const hasBase = Object.getPrototypeOf(target) !== Function.prototype
  return emitsTypes(target) && target.length === 0 && !hasBase ? 0 : undefined
}

/** The older classes of Node, such as EventEmitter, are functions, and their parameters are optional. */
function hasClassSyntax(target: Class): boolean {
  return Object.getOwnPropertyDescriptor(target, 'prototype')?.writable === false
}
