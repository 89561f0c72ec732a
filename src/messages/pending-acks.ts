import { syncAnswer } from '../core/thenable.js'
import type { Clock, Timer } from '../core/clock.js'

/** Answer of an `ack` function: whether a message is the acknowledgement, or the server's refusal. */
type AckResult = boolean | 'refused' | Error

/** Receives changes, and acknowledgements that are late or whose function has thrown. */
export interface PendingAcksPort<T> {
  /** Called when the number of pending acknowledgements has changed. */
  onChange(): void
  onTimeout(subscription: T, timeout: number): void
  /** Called when an `ack` function threw. It is not called again. */
  onError(subscription: T, thrown: unknown): void
}

interface PendingAck {
  readonly ack: (message: unknown) => AckResult
  readonly timer: Timer
}

/** The acknowledgements that are awaited, the oldest first. */
export class PendingAcks<T> {
  readonly #clock: Clock
  readonly #port: PendingAcksPort<T>
  readonly #pending = new Map<T, PendingAck>()

  constructor(clock: Clock, port: PendingAcksPort<T>) {
    this.#clock = clock
    this.#port = port
  }

  get size(): number {
    return this.#pending.size
  }

  add(subscription: T, ack: PendingAck['ack'], timeout: number): void {
    const timer = this.#clock.setTimeout(() => {
      this.delete(subscription)
      this.#port.onTimeout(subscription, timeout)
    }, timeout)
    this.#pending.set(subscription, { ack, timer })
    this.#port.onChange()
  }

  delete(subscription: T): void {
    this.#pending.get(subscription)?.timer.cancel()
    if (this.#pending.delete(subscription)) this.#port.onChange()
  }

  /** Finds the oldest subscription that a message acknowledges or refuses. Its acknowledgement is no longer pending. */
  match(
    message: unknown,
  ): { readonly subscription: T; readonly result: true | 'refused' | Error } | undefined {
    for (const [subscription, { ack }] of this.#pending) {
      const result = this.#resultOf(subscription, ack, message)
      if (result === false) continue
      this.delete(subscription)
      return { subscription, result }
    }
    return undefined
  }

  clear(): void {
    if (this.#pending.size === 0) return
    for (const { timer } of this.#pending.values()) timer.cancel()
    this.#pending.clear()
    this.#port.onChange()
  }

  #resultOf(subscription: T, ack: PendingAck['ack'], message: unknown): AckResult {
    try {
      const result = syncAnswer(ack(message), 'The ack function')
      return result === true || result === 'refused' || result instanceof Error ? result : false
    } catch (thrown) {
      this.delete(subscription)
      this.#port.onError(subscription, thrown)
      return false
    }
  }
}
