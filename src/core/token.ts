import { describeValue } from './describe-value.js'

/** A class that can be made with `new`. */
export type Class<T extends object = object> = new (...args: never[]) => T

/** What a dependency is asked for by: a class, or a name where there is no class. */
export type Token<T = unknown> = string | symbol | (abstract new (...args: never[]) => T)

/** How a module provides something: a class, or a token with a way to come by it. Each is made once per application. */
export type Provider<T = unknown> =
  Class<T & object> | ClassProvider<T> | ValueProvider<T> | FactoryProvider<T> | ExistingProvider<T>

export interface ClassProvider<T = unknown> {
  readonly provide: Token<T>
  readonly useClass: Class<T & object>
}

/** A value that exists already; it is never disposed. */
export interface ValueProvider<T = unknown> {
  readonly provide: Token<T>
  readonly useValue: T
}

/** A synchronous function, called once with what `inject` names. */
export interface FactoryProvider<T = unknown> {
  readonly provide: Token<T>
  readonly useFactory: (...dependencies: never[]) => T
  readonly inject?: readonly Token[] | undefined
}

/** Another name for something that is provided already. */
export interface ExistingProvider<T = unknown> {
  readonly provide: Token<T>
  readonly useExisting: Token<T>
}

/** Names a token for people. */
export function tokenName(token: unknown): string {
  if (typeof token === 'function') return className(token)
  if (typeof token === 'string') return `'${token}'`
  return typeof token === 'object' && token !== null ? describeValue(token) : String(token)
}

/** Names a class for people, also one without a name. */
export function className(target: object): string {
  // A static member can have taken the place of the name.
  const { name } = target as { readonly name?: unknown }
  return typeof name === 'string' && name !== '' ? name : 'an anonymous class'
}
