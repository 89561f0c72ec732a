import type { Clock, Timer } from '../core/clock.js'

/** Items that left in one message and are acknowledged one by one, with one timer for all. */
export class AckBatch<T> {
  readonly #pending: Set<T>
  readonly #onTimeout: (items: readonly T[]) => void
  #timer: Timer | undefined

  /** @param onTimeout called with all that are not acknowledged in time; it removes them */
  constructor(items: readonly T[], onTimeout: (items: readonly T[]) => void) {
    this.#pending = new Set(items)
    this.#onTimeout = onTimeout
  }

  /**
   * The message has left: the time begins.
   *
   * @param timeout in milliseconds
   */
  start(clock: Clock, timeout: number): void {
    if (this.#pending.size === 0 || this.#timer) return
    this.#timer = clock.setTimeout(() => this.#onTimeout([...this.#pending]), timeout)
  }

  delete(item: T): void {
    this.#pending.delete(item)
    if (this.#pending.size === 0) this.#timer?.cancel()
  }
}
