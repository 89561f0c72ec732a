import type { Clock, Timer } from '../core/clock.js'
import { deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'

/** Waits for the user's code to settle, for a limited time: each wait has its own limit, and all of them a common deadline. */
export class Deadline {
  readonly #clock: Clock
  readonly #waits = new Set<Deferred<boolean>>()
  #deadline = Infinity
  #timer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds until the deadline. */
  get remaining(): number {
    return Math.max(0, this.#deadline - this.#clock.now())
  }

  /** Sets the deadline, unless there is an earlier one. */
  setTo(timeout: number): void {
    if (timeout >= this.remaining) return
    this.#deadline = this.#clock.now() + timeout
    this.#timer?.cancel()
    this.#timer = this.#clock.setTimeout(() => {
      for (const wait of this.#waits) wait.resolve(false)
    }, timeout)
  }

  /** Waits for a promise to settle, `timeout` milliseconds at most and not beyond the deadline; tells whether it did. */
  async settlesWithin(promise: Promise<unknown>, timeout: number): Promise<boolean> {
    const wait = deferred<boolean>()
    this.#waits.add(wait)
    const settled = (): void => wait.resolve(true)
    promise.then(settled, settled)
    const timer = this.#clock.setTimeout(() => wait.resolve(false), Math.min(timeout, this.remaining))
    const result = await wait.promise
    timer.cancel()
    this.#waits.delete(wait)
    return result
  }

  /** Everything is over: the deadline needs no timer any more. */
  stop(): void {
    this.#timer?.cancel()
  }
}
