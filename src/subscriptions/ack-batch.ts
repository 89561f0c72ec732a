import type { Clock, Timer } from '../core/clock.js'

/** What went out together and is to be acknowledged, each by itself: one timer for all of it. */
export class AckBatch<T> {
  readonly #pending: Set<T>
  readonly #onTimeout: (item: T) => void
  #timer: Timer | undefined

  /** @param onTimeout called for each that is not acknowledged in time; it removes it */
  constructor(items: readonly T[], onTimeout: (item: T) => void) {
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
    this.#timer = clock.setTimeout(() => {
      for (const item of [...this.#pending]) this.#onTimeout(item)
    }, timeout)
  }

  delete(item: T): void {
    this.#pending.delete(item)
    if (this.#pending.size === 0) this.#timer?.cancel()
  }
}
