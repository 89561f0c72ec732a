import { VERSION } from '../core/version.js'
import { className, tokenName } from '../core/token.js'
import type { Class } from '../core/token.js'
import type { Mistake } from '../errors/startup-error.js'
import { NestToken, versionOf } from './metadata.js'
import { compilerMetadata } from './reflect.js'

/** Values that compilers emit for types that are not classes, and descriptions of those types. */
const NOT_CLASSES: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [Object, 'an interface, a union, an object type, or a class imported with `import type`'],
  [Function, 'a function, or a class imported with `import type`'],
  [String, 'a string'],
  [Number, 'a number'],
  [Boolean, 'a boolean'],
  [Symbol, 'a symbol'],
  [BigInt, 'a bigint'],
  [Array, 'an array'],
  [Promise, 'a promise'],
  [Map, 'a Map'],
  [Set, 'a Set'],
  [Date, 'a Date'],
])

/** Key under which Nest's `@Injectable` marks a class. */
const NEST_INJECTABLE = '__injectable__'

/** Returns why a token can never be injected: it is missing, its type is not a class, or it belongs to another copy of Holdfast. */
export function findTokenMistake(token: unknown): Pick<Mistake, 'cause' | 'fix'> | undefined {
  if (token === undefined || token === null) {
    const fix =
      'break the circular import, import the class without `type`, or use @inject(delay(() => TheClass)) from tsyringe'
    const cause = `the token is ${String(token)}, usually because of a circular import or \`import type\``
    return { cause, fix }
  }
  if (token instanceof NestToken) return nestInjectMistake(tokenName(token.token))
  if (typeof token !== 'function') return undefined
  const version = versionOf(token)
  if (version !== undefined) return otherCopyMistake(className(token), version)
  if (compilerMetadata(NEST_INJECTABLE, token) === true) return nestMistake(className(token))
  if (isOwnClass(token)) return undefined
  const kind = NOT_CLASSES.get(token) ?? `a built-in ${className(token)}`
  const imported = kind.includes('import type') ? 'import the class without `type`, ' : ''
  const fix = `${imported}use a class as the type, or provide a token and use @inject('theToken') from tsyringe`
  return { cause: `the type is ${kind}, which cannot be injected`, fix }
}

/** Reports a provider of Nest that Holdfast does not know. Nest's application would not see the second instance that Holdfast would create. */
function nestMistake(name: string): Pick<Mistake, 'cause' | 'fix'> {
  return {
    cause: `${name} has Nest's @Injectable, so Nest creates it, and Holdfast would create a second instance`,
    fix: `in a NestJS application, use HoldfastModule from holdfast/nestjs, which lets Nest create the client. Otherwise, add ${name} to the providers of a module, or remove @Injectable`,
  }
}

function nestInjectMistake(name: string): Pick<Mistake, 'cause' | 'fix'> {
  return {
    cause: `only Nest reads Nest's @Inject(${name})`,
    fix: `in a NestJS application, use HoldfastModule from holdfast/nestjs, which lets Nest create the client. Otherwise, list the tokens: @WebSocketClient({ inject: [${name}] })`,
  }
}

function otherCopyMistake(name: string, version: string): Pick<Mistake, 'cause' | 'fix'> {
  const cause = `${name} comes from another copy of holdfast (version ${version}; this one is ${VERSION})`
  return {
    cause,
    fix: 'keep one copy: "npm ls holdfast" lists all of them, and "npm dedupe" can remove duplicates',
  }
}

/** Returns true for a class that can be instantiated without a provider, and false for a built-in type. */
function isOwnClass(token: object): token is Class {
  if (NOT_CLASSES.has(token)) return false
  const { length, name } = token as Class
  return length === 0 || (globalThis as Record<string, unknown>)[name] !== token
}
