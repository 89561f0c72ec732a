import { describeValue } from '../core/describe-value.js'
import { ignore, isThenable } from '../core/thenable.js'
import { className } from '../core/token.js'
import { StartupError } from '../errors/startup-error.js'
import type { Mistake } from '../errors/startup-error.js'
import type { Connection } from '../connection/connection.js'
import type { Class, Token } from '../core/token.js'
import type { Disposables } from './disposables.js'

/** Values that belong to one connection. They exist before the client's instance does. */
export interface ConnectionScope {
  readonly connection: Connection
  /** Tokens that {@link get} accepts. */
  readonly tokens: readonly Token[]
  /** Returns the connection's value for a token. Created on the first call. */
  get(token: Token): unknown
}

/**
 * Checks the result of a constructor. If the constructor returned a promise, for example, handlers could not be called on it.
 *
 * @throws StartupError if the result is not an instance of the class
 */
export function checkInstance<T extends object>(target: Class<T>, made: T): T {
  if (made instanceof target) return made
  const isPromise = isThenable(made)
  if (isPromise) ignore(made)
  const place = className(target)
  const cause = `the constructor returned ${isPromise ? 'a promise' : describeValue(made)}, not an instance`
  const fix = isPromise
    ? 'only assign fields there; move asynchronous work to @OnOpen'
    : 'return nothing from the constructor'
  throw new StartupError(place, [{ place, cause, fix }])
}

/** Creates the instance of one client. No other part of Holdfast depends on how. */
export interface InstanceFactory {
  /** Everything that was created with the instance. Disposed of after the connection has ended. */
  readonly disposables: Disposables
  /** Reports everything that cannot be created. Creates nothing. */
  check(target: Class, tokens: readonly Token[]): readonly Mistake[]
  /** Creates the instance. Rethrows errors thrown by constructors. */
  make<T extends object>(target: Class<T>, scope: ConnectionScope): T | Promise<T>
}
