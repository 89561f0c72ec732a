import type { Clock, Timer } from '../core/clock.js'

/** How much a server takes, and how much of that is kept for what cannot wait. */
export interface RateLimitSettings {
  /** So many sends are made in any window of `per` milliseconds, and never more. */
  readonly messages: number
  /** The window's length, in milliseconds. */
  readonly per: number
  /** So many of `messages` are kept for heartbeats and other urgent frames. @default 1, or 0 where `messages` is 1 */
  readonly reserve?: number
}

/** Where items go when it is their time. */
export interface RateLimiterPort<T> {
  send(item: T): void
}

/**
 * Keeps sends below a rate, in any window and not only on average.
 *
 * What is urgent may use all of it and overtakes; the rest is sent in order and leaves the reserve alone. Sends are remembered for
 * the life of the limiter, across connections too, for many servers count by address or account.
 */
export class RateLimiter<T> {
  readonly #clock: Clock
  readonly #port: RateLimiterPort<T>
  readonly #all: SlidingWindow
  readonly #ordinary: SlidingWindow
  #items: T[] = []
  #urgentItems: T[] = []
  #timer: Timer | undefined

  constructor(settings: RateLimitSettings, clock: Clock, port: RateLimiterPort<T>) {
    const { messages, per, reserve = Math.min(1, messages - 1) } = settings
    this.#clock = clock
    this.#port = port
    this.#all = new SlidingWindow(messages, per)
    this.#ordinary = new SlidingWindow(messages - reserve, per)
  }

  /** How many items have not been sent yet. */
  get waiting(): number {
    return this.#items.length + this.#urgentItems.length
  }

  /** Sends the item at once if it may be, else after those that wait already. */
  push(item: T): void {
    if (this.waiting === 0 && this.#ordinaryAt <= this.#clock.now()) {
      this.#send(item)
      return
    }
    this.#items.push(item)
    if (!this.#timer) this.#arm()
  }

  /** Sends the item as soon as anything may be sent, before all that is not urgent. */
  pushUrgent(item: T): void {
    if (this.#urgentItems.length === 0 && this.#all.freeAt <= this.#clock.now()) {
      this.#sendUrgent(item)
      return
    }
    this.#urgentItems.push(item)
    if (this.#urgentItems.length === 1) this.#arm()
  }

  /** Forgets what waits, and returns it in the order in which it would have been sent. */
  clear(): T[] {
    const items = [...this.#urgentItems, ...this.#items]
    this.#urgentItems = []
    this.#items = []
    this.#arm()
    return items
  }

  /** When an item that is not urgent may be sent. */
  get #ordinaryAt(): number {
    return Math.max(this.#ordinary.freeAt, this.#all.freeAt)
  }

  #send(item: T): void {
    this.#ordinary.add(this.#clock.now())
    this.#sendUrgent(item)
  }

  #sendUrgent(item: T): void {
    this.#all.add(this.#clock.now())
    this.#port.send(item)
  }

  #arm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.waiting === 0) return
    const at = this.#urgentItems.length > 0 ? this.#all.freeAt : this.#ordinaryAt
    // Timers know whole milliseconds only: rounded down, it would fire too early, again and again.
    const delay = Math.max(1, Math.ceil(at - this.#clock.now()))
    this.#timer = this.#clock.setTimeout(() => this.#flush(), delay)
  }

  #flush(): void {
    this.#timer = undefined
    try {
      while (this.#urgentItems.length > 0 && this.#all.freeAt <= this.#clock.now()) {
        this.#sendUrgent(this.#urgentItems.shift() as T)
      }
      while (this.#items.length > 0 && this.#ordinaryAt <= this.#clock.now()) {
        this.#send(this.#items.shift() as T)
      }
    } finally {
      this.#arm()
    }
  }
}

/** The times of the last `limit` sends: a further one is free once the oldest of them has left the window. */
class SlidingWindow {
  readonly #limit: number
  readonly #per: number
  readonly #times: number[] = []
  #oldest = 0

  constructor(limit: number, per: number) {
    this.#limit = limit
    this.#per = per
  }

  get freeAt(): number {
    return (this.#times[this.#oldest] ?? -Infinity) + this.#per
  }

  add(time: number): void {
    this.#times[this.#oldest] = time
    this.#oldest = (this.#oldest + 1) % this.#limit
  }
}
