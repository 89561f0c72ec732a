import { isClientClass } from '../annotations/handler-table.js'
import { settlesWithin } from '../app/settles-within.js'
import type { Connection } from '../connection/connection.js'
import { backgroundClock, systemClock } from '../core/clock.js'
import { className, tokenName } from '../core/token.js'
import type { Class, Token } from '../core/token.js'
import { StartupError } from '../errors/startup-error.js'
import type { Mistake } from '../errors/startup-error.js'
import { describeKey, isClass, keyOfTarget } from './tokens.js'
import type { ClientKey } from './tokens.js'
import type { Instantiation } from './instantiation.js'
import { unstartable } from './planned-client.js'
import type { PlannedClient } from './planned-client.js'
import type { Plans } from './plans.js'
import type { Wrapper } from './providers.js'

/** Time between two looks for a circle, in milliseconds. */
const CIRCLE_CHECK = 100

/** Provides `Connection`, `JsonSender`, `Heartbeat`, `Subscriptions`, and `Logger` to the client that injects them. */
export class ConnectionValues {
  /** Problems found while Nest creates the providers. Reported together with all others. */
  readonly mistakes: Mistake[] = []
  readonly #plans: Plans
  readonly #instantiation: Instantiation
  #isComplete = false

  constructor(plans: Plans, instantiation: Instantiation) {
    this.#plans = plans
    this.#instantiation = instantiation
  }

  /** Called when Nest has created all providers. Later problems are thrown. */
  complete(): void {
    this.#isComplete = true
  }

  /**
   * Returns the value for a class that Nest is creating.
   *
   * @param inquirer object that Nest creates for the class; `undefined` for a factory
   */
  async valueFor(inquirer: object | null | undefined, token: Token): Promise<unknown> {
    const maker: unknown = inquirer?.constructor
    const target = isClass(maker) ? maker : undefined
    const created = this.#instantiation.scopeFor(target)
    if (created) return created.get(token)
    if (!target || !isClientClass(target)) return this.#refuse(target, token)
    if (this.#isComplete && !this.#plans.has(target)) throw tooLate(className(target), 'was created')
    const { scope } = await this.#plan(keyOfTarget(target), ({ metatype }) => metatype === target)
    return scope.get(token)
  }

  /** Returns the connection for `@InjectConnection`. */
  async connectionOf(key: ClientKey): Promise<Connection> {
    if (this.#isComplete) throw tooLate(describeKey(key), 'was listed in HoldfastModule.forFeature')
    const { scope } = await this.#plan(key, (wrapper) => wrapper.token === key.connection)
    return scope.connection
  }

  /** Waits for the plan of a client. Rejects if a factory of its options waits for the caller. */
  async #plan(key: ClientKey, isCaller: (wrapper: Wrapper) => boolean): Promise<PlannedClient> {
    const plan = this.#plans.plan(key)
    // Only the first timer keeps the process alive: Node.js would end it while nothing but a circle waits, but a startup that failed in
    // another provider must not go on.
    for (let clock = systemClock; !(await settlesWithin(plan, CIRCLE_CHECK, clock)); clock = backgroundClock)
      this.#plans.rejectCircle(key, isCaller)
    return plan
  }

  #refuse(target: Class | undefined, token: Token): unknown {
    const name = tokenName(token)
    const mistake = {
      place: target ? className(target) : 'a factory',
      cause: `cannot inject ${name}, which only belongs to clients`,
      fix: `inject the connection of a client: @InjectConnection(TheClient), or getConnectionToken(TheClient) in inject`,
    }
    if (this.#isComplete) throw new StartupError(mistake.place, [mistake])
    this.mistakes.push(mistake)
    return unstartable().open().get(token)
  }
}

/** Returns the error for a client in a module that the application loads at run time. Nest calls none of its hooks. */
function tooLate(place: string, what: string): StartupError {
  const cause = `${what} after the application started, so it would never connect`
  const fix =
    'import its module when the application starts. To create a client at run time, use HoldfastClients.open'
  return new StartupError(place, [{ place, cause, fix }])
}
