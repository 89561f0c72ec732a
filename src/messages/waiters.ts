import type { Clock, Timer } from '../core/clock.js'
import { WaitTimeoutError } from '../errors/request-errors.js'
import { toError } from '../core/error-text.js'

/** How long to wait, and what may end it sooner. */
export interface WaitOptions {
  /** In milliseconds; `false` waits until the connection is lost. @default 30_000 */
  readonly timeout?: number | false
  /** Ends the wait; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

const DEFAULT_TIMEOUT = 30_000

interface Waiter {
  readonly match: (message: unknown) => boolean
  resolve(message: unknown): void
  reject(error: unknown): void
}

/** Those who wait for one further message. Each is settled once, and leaves nothing behind. */
export class Waiters {
  readonly #clock: Clock
  readonly #changed: () => void
  readonly #waiters = new Set<Waiter>()

  /** @param changed called whenever somebody begins or ends to wait */
  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock
    this.#changed = changed
  }

  get size(): number {
    return this.#waiters.size
  }

  /**
   * Waits for the next message that matches.
   *
   * The promise may be left alone for a while: a rejection that comes before anybody awaits it is not "unhandled".
   */
  add(match: (message: unknown) => boolean, { timeout, signal }: WaitOptions): Promise<unknown> {
    const limit = timeout ?? DEFAULT_TIMEOUT
    const promise = new Promise<unknown>((resolve, reject) => {
      if (signal?.aborted) {
        reject(toError(signal.reason))
        return
      }
      let timer: Timer | undefined
      const end = (): void => {
        this.#waiters.delete(waiter)
        timer?.cancel()
        signal?.removeEventListener('abort', aborted)
        this.#changed()
      }
      const aborted = (): void => waiter.reject(signal?.reason)
      const waiter: Waiter = {
        match,
        resolve: (message) => {
          end()
          resolve(message)
        },
        reject: (error) => {
          end()
          reject(toError(error))
        },
      }
      this.#waiters.add(waiter)
      signal?.addEventListener('abort', aborted)
      if (limit !== false) {
        timer = this.#clock.setTimeout(() => waiter.reject(new WaitTimeoutError(limit)), limit)
      }
      this.#changed()
    })
    promise.catch(() => undefined)
    return promise
  }

  /** Gives the message to all whom it matches, and tells whether there was one. A matcher that throws ends its own wait. */
  offer(message: unknown): boolean {
    if (this.#waiters.size === 0) return false
    let isTaken = false
    for (const waiter of [...this.#waiters]) {
      try {
        if (!waiter.match(message)) continue
        isTaken = true
        waiter.resolve(message)
      } catch (thrown) {
        waiter.reject(thrown)
      }
    }
    return isTaken
  }

  rejectAll(error: Error): void {
    for (const waiter of [...this.#waiters]) waiter.reject(error)
  }
}
