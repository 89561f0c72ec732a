import type { Clock, Timer } from '../core/clock.js'

/** Result of an `ack` function: whether a message is the acknowledgment, or the server's rejection. */
type AckResult = boolean | 'refused' | Error

type Ack = (message: unknown) => AckResult

/** Receives changes, timeouts, and errors thrown by `ack` functions. */
export interface PendingAcksPort<T> {
  /** Called when the number of pending acknowledgments changes. */
  onChange(): void
  onTimeout(subscription: T, timeout: number): void
  /** Called when an `ack` function has thrown. The function is not called again. */
  onError(subscription: T, thrown: unknown): void
}

/** Options of a pending acknowledgment. */
export interface AckWait {
  readonly ack: Ack
  /** In milliseconds. */
  readonly timeout: number
  /** True if a late acknowledgment is still needed. */
  readonly isWantedLate?: boolean | undefined
}

/** A pending acknowledgment. */
export interface PendingAck<T> extends AckWait {
  readonly subscription: T
  timer: Timer | undefined
}

/** Maximum number of late acknowledgments that are still recognized. Beyond it, the oldest is dropped. */
export const MAX_LATE = 1_000

/** Pending acknowledgments, oldest first. Late ones are no longer pending, but are still recognized. */
export class PendingAcks<T> {
  readonly #clock: Clock
  readonly #port: PendingAcksPort<T>
  readonly #pending = new Map<T, PendingAck<T>>()
  readonly #late = new Map<T, PendingAck<T>>()

  constructor(clock: Clock, port: PendingAcksPort<T>) {
    this.#clock = clock
    this.#port = port
  }

  get size(): number {
    return this.#pending.size
  }

  /** Adds a pending acknowledgment. Call `start` to start its timeout. */
  add(subscription: T, wait: AckWait): PendingAck<T> {
    const pending = { ...wait, subscription, timer: undefined }
    this.#late.delete(subscription)
    this.#pending.set(subscription, pending)
    this.#port.onChange()
    return pending
  }

  /** Starts the timeout of an acknowledgment, if it is still pending. */
  start(pending: PendingAck<T>): void {
    if (this.#pending.get(pending.subscription) !== pending || pending.timer) return
    pending.timer = this.#clock.setTimeout(() => this.#onTimeout(pending), pending.timeout)
  }

  #onTimeout(pending: PendingAck<T>): void {
    const { subscription, timeout, isWantedLate } = pending
    this.delete(subscription)
    if (isWantedLate) this.#late.set(subscription, pending)
    const [oldest] = this.#late.keys()
    if (oldest !== undefined && this.#late.size > MAX_LATE) this.#late.delete(oldest)
    this.#port.onTimeout(subscription, timeout)
  }

  delete(subscription: T): void {
    this.#late.delete(subscription)
    this.#pending.get(subscription)?.timer?.cancel()
    if (this.#pending.delete(subscription)) this.#port.onChange()
  }

  /** Returns the oldest subscription that a message acknowledges or rejects, and removes its pending acknowledgment. */
  match(
    message: unknown,
  ): { readonly subscription: T; readonly result: true | 'refused' | Error } | undefined {
    for (const pending of [this.#pending, this.#late]) {
      for (const [subscription, { ack }] of pending) {
        const result = this.#resultOf(subscription, ack, message)
        if (result === false) continue
        this.delete(subscription)
        return { subscription, result }
      }
    }
    return undefined
  }

  clear(): void {
    this.#late.clear()
    if (this.#pending.size === 0) return
    for (const { timer } of this.#pending.values()) timer?.cancel()
    this.#pending.clear()
    this.#port.onChange()
  }

  #resultOf(subscription: T, ack: Ack, message: unknown): AckResult {
    try {
      const result = ack(message)
      return result === true || result === 'refused' || result instanceof Error ? result : false
    } catch (thrown) {
      this.delete(subscription)
      this.#port.onError(subscription, thrown)
      return false
    }
  }
}
