import { readConstructor } from '../annotations/constructor-tokens.js'
import { nameNestTokens, ownClientOptions } from '../annotations/metadata.js'
import { describeValue } from '../core/describe-value.js'
import { className } from '../core/token.js'
import type { Class } from '../core/token.js'
import { StartupError } from '../errors/startup-error.js'
import { Inject } from './nest-packages.js'
import type { NestProvider } from './nest-packages.js'

/** A class and, if there are several clients of it, a name. Identifies one client of an application. */
export interface ClientKey {
  /** Class as written by the user. */
  readonly use: Class
  readonly name: string | undefined
  /**
   * Class that Nest creates, and token of its instance: `use`, or a subclass for a name. Tells which client injects a value of its
   * connection.
   */
  readonly target: Class
  /** Token of the connection. */
  readonly connection: symbol
}

/** Keys by class and name. Shared by all applications, because a key never changes and belongs to no application. */
const byName = new WeakMap<Class, Map<string | undefined, ClientKey>>()

/** Keys by the class that Nest creates. Shared for the same reason. */
const byTarget = new WeakMap<Class, ClientKey>()

/**
 * Returns the key of a class and a name; the same key each time.
 *
 * @param place function that received the class, for errors
 * @throws StartupError if `use` is not a class
 */
export function clientKey(use: Class, name: string | undefined, place: string): ClientKey {
  if (!isClass(use)) {
    const circle = (use as unknown) === undefined ? ' (circular import?)' : ''
    const cause = `expected a class, received ${describeValue(use)}${circle}`
    throw new StartupError('the application', [{ place, cause, fix: 'pass the class of a client' }])
  }
  const keys = byName.get(use) ?? new Map<string | undefined, ClientKey>()
  byName.set(use, keys)
  let key = keys.get(name)
  if (!key) {
    key = createKey(use, name)
    keys.set(name, key)
    byTarget.set(key.target, key)
  }
  return key
}

/** Returns the key of a class that Nest has created. */
export function keyOfTarget(target: Class): ClientKey {
  return byTarget.get(target) ?? clientKey(target, undefined, className(target))
}

/** Describes a client in errors: its class and, if it has one, its name. */
export function describeKey({ use, name }: Pick<ClientKey, 'use' | 'name'>): string {
  return name === undefined ? className(use) : `${className(use)} '${name}'`
}

/** Returns true for anything that can be a class. */
export function isClass(value: unknown): value is Class {
  return typeof value === 'function' && value.prototype !== undefined
}

function createKey(use: Class, name: string | undefined): ClientKey {
  const target = name === undefined ? use : subclassOf(use)
  const inject = injectOf(use)
  // Nest would construct a class whose compiler emits no types without arguments.
  if (inject) nameNestTokens(target, inject)
  const connection = Symbol(`Connection of ${describeKey({ use, name })}, from HoldfastModule.forFeature`)
  return { use, name, target, connection }
}

/** Returns the `inject` option for a class's constructor, declared or inherited. */
function injectOf(use: Class): readonly unknown[] | undefined {
  const { owner } = readConstructor(use)
  for (let target = use; ; target = Object.getPrototypeOf(target) as Class) {
    const inject: unknown = ownClientOptions(target)?.inject
    if (Array.isArray(inject)) return inject as readonly unknown[]
    if (target === owner) return undefined
  }
}

/** Returns a class that only differs in its identity. */
function subclassOf(use: Class): Class {
  const named = class extends use {}
  Object.defineProperty(named, 'name', { value: className(use) })
  return named
}

/** Returns true if Nest has had the tokens of a class's `inject` since before it created the class. */
export function isKnownTarget(target: Class): boolean {
  return byTarget.has(target)
}

/** Token of the transport of all clients. Override it in a test: `overrideProvider(HOLDFAST_TRANSPORT).useValue(server.connect)`. */
export const HOLDFAST_TRANSPORT: unique symbol = Symbol('HOLDFAST_TRANSPORT')

/** Token of the clock of all clients. Override it in a test: `overrideProvider(HOLDFAST_CLOCK).useValue(new FakeClock())`. */
export const HOLDFAST_CLOCK: unique symbol = Symbol('HOLDFAST_CLOCK')

/** Token of the source of random numbers of all clients. Override it in a test: `overrideProvider(HOLDFAST_RANDOM).useValue(() => 0.5)`. */
export const HOLDFAST_RANDOM: unique symbol = Symbol('HOLDFAST_RANDOM')

/** Token of the options of `forRoot`. */
export const ROOT_OPTIONS: unique symbol = Symbol('HOLDFAST_OPTIONS')

/**
 * Returns the token of a client's instance: the class itself or, for a named client, the subclass that {@link provideClient} provides. Use
 * it with `app.get`, with `inject`, and with `overrideProvider`.
 */
export function getClientToken<T extends object>(target: Class<T>, name?: string): Class<T> {
  return clientKey(target, name, 'getClientToken').target as Class<T>
}

/** Returns the token of a client's `Connection`. `HoldfastModule.forFeature` provides it for each client in its list. */
export function getConnectionToken(target: Class, name?: string): symbol {
  return clientKey(target, name, 'getConnectionToken').connection
}

/** Injects the instance of a client. Without a name, it is the same as a parameter whose type is the class. */
export function InjectClient(target: Class, name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getClientToken(target, name))
}

/** Injects the `Connection` of a client. List the client in `HoldfastModule.forFeature`. */
export function InjectConnection(target: Class, name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getConnectionToken(target, name))
}

/**
 * Returns a provider for another client of a class, which has a separate instance and a separate connection. List it in the `providers` of a
 * module. The client can then inject whatever that module sees. In `HoldfastModule.forFeature`, the options under its name override those
 * of its class.
 */
export function provideClient(target: Class, name: string): NestProvider {
  // Nest 11.0 ignores the guards of a class that has another class or a symbol as its token.
  return clientKey(target, name, 'provideClient').target as NestProvider
}
