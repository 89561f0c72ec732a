import { describeValue } from './describe-value.js'

/** A class that can be created with `new`. */
export type Class<T extends object = object> = new (...args: never[]) => T

/** Key of a dependency: a class, or a string or symbol if the dependency is not a class. */
export type Token<T = unknown> = string | symbol | (abstract new (...args: never[]) => T)

/** A provider in a module: a class, or a token and the source of its value. Each value is created once per application. */
export type Provider<T = unknown> =
  Class<T & object> | ClassProvider<T> | ValueProvider<T> | FactoryProvider<T> | ExistingProvider<T>

/** Provides an instance of a class. */
export interface ClassProvider<T = unknown> {
  /** Token to provide. */
  readonly provide: Token<T>
  /** Class to create. Its constructor can inject other tokens. */
  readonly useClass: Class<T & object>
}

/** Provides an existing value. Holdfast never disposes of it. */
export interface ValueProvider<T = unknown> {
  /** Token to provide. */
  readonly provide: Token<T>
  /** The value. */
  readonly useValue: T
}

/** Provides the result of a synchronous function. Holdfast calls the function once, with the values of the `inject` tokens. */
export interface FactoryProvider<T = unknown> {
  /** Token to provide. */
  readonly provide: Token<T>
  /** Creates the value. Must not return a promise. */
  readonly useFactory: (...dependencies: never[]) => T
  /** Tokens whose values the function receives, in order. @default none */
  readonly inject?: readonly Token[] | undefined
}

/** Provides an existing token under another name. */
export interface ExistingProvider<T = unknown> {
  /** Token to provide. */
  readonly provide: Token<T>
  /** Token that has the value. */
  readonly useExisting: Token<T>
}

/** Returns the name of a token for errors and logs. */
export function tokenName(token: unknown): string {
  if (typeof token === 'function') return className(token)
  if (typeof token === 'string') return `'${token}'`
  return typeof token === 'object' && token !== null ? describeValue(token) : String(token)
}

/** Returns the name of a class for errors and logs, or a description if the class has no name. */
export function className(target: object): string {
  // A static member can shadow the name.
  const { name } = target as { readonly name?: unknown }
  return typeof name === 'string' && name !== '' ? name : 'an anonymous class'
}
