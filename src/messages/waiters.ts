import { addAbortCallback, removeAbortCallback } from '../core/abort-callbacks.js'
import type { Clock, Timer } from '../core/clock.js'
import { toError } from '../core/error-text.js'
import { syncAnswer } from '../core/thenable.js'
import { DEFAULT_HIGH_WATER_MARK, HARD_LIMIT_FACTOR } from '../core/water-marks.js'
import { BackpressureError, WaitTimeoutError } from '../errors/request-errors.js'

/** Options of `connection.waitFor()`. */
export interface WaitOptions {
  /** Maximum wait in milliseconds. `false` waits until the connection is lost. @default 30_000 */
  readonly timeout?: number | false | undefined
  /** Cancels the `waitFor` call when it aborts. The promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

const DEFAULT_TIMEOUT = 30_000

/** Maximum number of waiters. It prevents a handler that calls `waitFor` for every message from exhausting memory. */
const MAX_WAITERS = DEFAULT_HIGH_WATER_MARK * HARD_LIMIT_FACTOR

/** Counts the waiters. */
export interface WaitersPort {
  /** Called when waiters are added. They may be rejected during this call. */
  add(count?: number): void
  /** Called when waiters are removed. */
  remove(count?: number): void
}

/** The pending `waitFor` calls. Each waiter belongs to a link, settles once, and is then released completely. */
export class Waiters {
  readonly #clock: Clock
  readonly #port: WaitersPort
  readonly #waiters = new Set<Waiter>()

  constructor(clock: Clock, port: WaitersPort) {
    this.#clock = clock
    this.#port = port
  }

  get size(): number {
    return this.#waiters.size
  }

  /**
   * Waits for the next matching message on a link.
   *
   * @param link any object that identifies the link; if `undefined`, the waiter uses the next link (see {@link attach})
   * @returns the message. You can await the promise later: it never causes an unhandled rejection.
   */
  add(match: (message: unknown) => boolean, options: WaitOptions, link?: object): Promise<unknown> {
    const promise = new Promise<unknown>((resolve, reject) => {
      const { signal } = options
      if (signal?.aborted) reject(toError(signal.reason))
      else if (this.#waiters.size >= MAX_WAITERS) reject(new BackpressureError(this.#waiters.size, 'waits'))
      else {
        const waiter = new Waiter(match, signal, { resolve, reject, ended: this.#ended })
        if (link) waiter.attach(link)
        this.#start(waiter, options.timeout ?? DEFAULT_TIMEOUT)
      }
    })
    promise.catch(() => undefined)
    return promise
  }

  #start(waiter: Waiter, timeout: number | false): void {
    this.#waiters.add(waiter)
    waiter.start(this.#clock, timeout)
    this.#port.add()
  }

  readonly #ended = (waiter: Waiter): void => {
    this.#waiters.delete(waiter)
    this.#port.remove()
  }

  /** Assigns this link to the waiters that have no link yet. */
  attach(link: object): void {
    for (const waiter of this.#waiters) waiter.attach(link)
  }

  /**
   * Resolves all of a link's waiters whose `match` function accepts the message, and returns whether there were any. If a `match` function
   * throws or returns a promise, only its own waiter rejects.
   */
  offer(message: unknown, link?: object): boolean {
    if (this.#waiters.size === 0) return false
    let isTaken = false
    for (const waiter of this.#of(link)) if (waiter.offer(message)) isTaken = true
    return isTaken
  }

  /** Rejects all waiters of a link. */
  rejectAll(link: object | undefined, error: Error): void {
    for (const waiter of this.#of(link)) waiter.reject(error)
  }

  /** Rejects all waiters. */
  end(error: Error): void {
    for (const waiter of [...this.#waiters]) waiter.reject(error)
  }

  #of(link: object | undefined): Waiter[] {
    return [...this.#waiters].filter((waiter) => waiter.link === link)
  }
}

/** Receives the outcome of a waiter. */
interface WaiterPort {
  resolve(message: unknown): void
  reject(error: Error): void
  ended(waiter: Waiter): void
}

/** One `waitFor` call, until it settles. */
class Waiter {
  #link: object | undefined
  readonly #match: (message: unknown) => boolean
  readonly #signal: AbortSignal | undefined
  readonly #port: WaiterPort
  #timer: Timer | undefined
  #isSettled = false

  constructor(match: (message: unknown) => boolean, signal: AbortSignal | undefined, port: WaiterPort) {
    this.#match = match
    this.#signal = signal
    this.#port = port
  }

  get link(): object | undefined {
    return this.#link
  }

  /** Waits for messages on this link, unless the waiter already has a link. */
  attach(link: object): void {
    this.#link ??= link
  }

  start(clock: Clock, timeout: number | false): void {
    if (this.#signal) addAbortCallback(this.#signal, this.#aborted)
    if (timeout === false) return
    this.#timer = clock.setTimeout(() => this.reject(new WaitTimeoutError(timeout)), timeout)
  }

  /** Resolves if a message matches, and returns whether it did. */
  offer(message: unknown): boolean {
    try {
      if (!this.#isSettled && syncAnswer(this.#match(message), 'The match function of waitFor')) {
        // The match function may have settled this waiter.
        return this.#end(() => this.#port.resolve(message))
      }
    } catch (thrown) {
      this.reject(thrown)
    }
    return false
  }

  reject(error: unknown): void {
    this.#end(() => this.#port.reject(toError(error)))
  }

  readonly #aborted = (): void => this.reject(this.#signal?.reason)

  /** Settles the waiter. Returns false if it had already settled. */
  #end(settle: () => void): boolean {
    if (this.#isSettled) return false
    this.#isSettled = true
    this.#timer?.cancel()
    if (this.#signal) removeAbortCallback(this.#signal, this.#aborted)
    this.#port.ended(this)
    settle()
    return true
  }
}
