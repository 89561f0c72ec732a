import type { Clock } from '../clock.js'
import { deferred } from './deferred.js'
import type { Deferred } from './deferred.js'

/** Waits for the user's code to settle, for a limited time: each wait has its own limit, and all of them a common end. */
export class Patience {
  readonly #clock: Clock
  readonly #waits = new Set<Deferred<boolean>>()
  #isOver = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Waits for a promise to settle, `timeout` milliseconds at most; tells whether it did. */
  async lasts(promise: Promise<unknown>, timeout: number): Promise<boolean> {
    const wait = deferred<boolean>()
    this.#waits.add(wait)
    const settled = (): void => wait.resolve(true)
    promise.then(settled, settled)
    const timer = this.#clock.setTimeout(() => wait.resolve(false), this.#isOver ? 0 : timeout)
    const result = await wait.promise
    timer.cancel()
    this.#waits.delete(wait)
    return result
  }

  /** Gives up all waits, and those to come. */
  end(): void {
    this.#isOver = true
    for (const wait of this.#waits) wait.resolve(false)
  }
}
