import type { Class } from '../core/token.js'
import { ownClientOptions, ownConstructorTokens } from './metadata.js'

/** What is known of the constructor that a class has, its own or an inherited one. */
export interface ConstructorFacts {
  /** The class that declares it. */
  readonly owner: Class
  /** How many parameters it must be given. */
  readonly parameters: number
  /** What it asks for, in order, with holes where nothing says; `undefined` where nothing says anything. */
  readonly tokens: readonly unknown[] | undefined
}

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
  const tokens = ownClientOptions(target)?.inject ?? ownConstructorTokens(target)
  const base = Object.getPrototypeOf(target) as Class
  if (declaresConstructor(target) || !hasClassSyntax(base))
    return { owner: target, parameters: target.length, tokens }
  const inherited = readConstructor(base)
  return tokens ? { ...inherited, tokens } : inherited
}

/**
 * The constructor that compilers write where there is none, for fields or standard decorators to begin in: it hands on whatever it
 * gets. tsc and esbuild write `constructor() { super(...arguments); …`, swc and Babel `constructor(...args) { super(...args); …`.
 */
const HANDS_ON =
  /\bconstructor\s*\(\s*(?:\.\.\.\s*([\w$]+)\s*)?\)\s*\{\s*super\s*\(\s*\.\.\.\s*(?:arguments|\1)\s*\)/

/** The source is the only place that tells an inherited constructor from an own one without parameters. */
function declaresConstructor(target: Class): boolean {
  if (target.length > 0) return true
  const source = sourceOf(target)
  return /\bconstructor\s*\(/.test(source) && !HANDS_ON.test(source)
}

/** Node's older classes, such as EventEmitter, are functions, and their parameters are optional. */
function hasClassSyntax(target: Class): boolean {
  return /^class\b/.test(sourceOf(target))
}

function sourceOf(target: Class): string {
  return Function.prototype.toString.call(target)
}
