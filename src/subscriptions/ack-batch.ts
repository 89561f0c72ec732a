import type { Clock, Timer } from '../core/clock.js'

/** Items that were sent in one message and are acknowledged one by one. They share one timer. */
export class AckBatch<T> {
  readonly #pending: Set<T>
  readonly #onTimeout: (items: readonly T[]) => void
  #timer: Timer | undefined

  /** @param onTimeout called with the items that were not acknowledged in time. It must delete them */
  constructor(items: readonly T[], onTimeout: (items: readonly T[]) => void) {
    this.#pending = new Set(items)
    this.#onTimeout = onTimeout
  }

  /**
   * Starts the timeout. Called when the message has been written to the socket.
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
