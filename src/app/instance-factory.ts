import { describeValue } from '../core/describe-value.js'
import { ignore, isThenable } from '../core/thenable.js'
import { className } from '../core/token.js'
import { StartupError } from '../errors/startup-error.js'
import type { Mistake } from '../errors/startup-error.js'
import type { Connection } from '../connection/connection.js'
import type { Class, Token } from '../core/token.js'
import type { Disposables } from './disposables.js'

/** Values that belong to one connection. They exist before the instance does. */
export interface ConnectionScope {
  readonly connection: Connection
  /** Tokens that {@link get} knows. */
  readonly tokens: readonly Token[]
  /** Returns the value that the connection has under a token. It is created on the first call. */
  get(token: Token): unknown
}

/**
 * Checks the result of a constructor. If it returned a promise, handlers would not belong to an instance of the class.
 *
 * @throws StartupError if it is not an instance of its class
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

/** Creates the instance of one client. Nothing else in Holdfast knows how that is done. */
export interface InstanceFactory {
  /** Everything that was created with the instance. It is disposed of after the connection has ended. */
  readonly disposables: Disposables
  /** Finds everything that cannot be created. Creates nothing. */
  check(target: Class, tokens: readonly Token[]): readonly Mistake[]
  /** Creates the instance. Throws what a constructor throws. */
  make<T extends object>(target: Class<T>, scope: ConnectionScope): T | Promise<T>
}
