import type { Clock, Timer } from '../core/clock.js'
import { Fifo } from '../core/fifo.js'

/** How much a server takes, and how much of that is kept for what cannot wait. */
export interface RateLimitSettings {
  /** So many sends are made in any window of `per` milliseconds, and never more. */
  readonly messages: number
  /** The window's length, in milliseconds. */
  readonly per: number
  /** So many of `messages` are kept for heartbeats and other urgent frames. @default 1, or 0 where `messages` is 1 */
  readonly reserve?: number | undefined
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
  readonly #items = new Fifo<T>()
  readonly #urgentItems = new Fifo<T>()
  #timer: Timer | undefined

  constructor(settings: RateLimitSettings, clock: Clock, port: RateLimiterPort<T>) {
    const { messages, per, reserve = Math.min(1, messages - 1) } = settings
    this.#clock = clock
    this.#port = port
    this.#all = new SlidingWindow(messages, per)
    this.#ordinary = new SlidingWindow(messages - reserve, per)
  }

  /** Sends the item at once if it may be, else after those that wait already. Returns whether it waits. */
  push(item: T): boolean {
    if (!this.#isWaiting && this.#ordinaryAt <= this.#clock.now()) {
      this.#send(item)
      return false
    }
    this.#items.push(item)
    if (!this.#timer) this.#arm()
    return true
  }

  /** Sends the item as soon as anything may be sent, before all that is not urgent. Returns whether it waits. */
  pushUrgent(item: T): boolean {
    if (this.#urgentItems.size === 0 && this.#all.freeAt <= this.#clock.now()) {
      this.#sendUrgent(item)
      return false
    }
    this.#urgentItems.push(item)
    if (this.#urgentItems.size === 1) this.#arm()
    return true
  }

  /** Removes the matching items that wait, and returns them in the order of sending. The others keep their order and urgency. */
  remove(matches: (item: T) => boolean): T[] {
    const removed = [...this.#urgentItems.remove(matches), ...this.#items.remove(matches)]
    this.#arm()
    return removed
  }

  get #isWaiting(): boolean {
    return this.#items.size > 0 || this.#urgentItems.size > 0
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
    if (!this.#isWaiting) return
    const at = this.#urgentItems.size > 0 ? this.#all.freeAt : this.#ordinaryAt
    // Timers know whole milliseconds only: rounded down, it would fire too early, again and again.
    const delay = Math.max(1, Math.ceil(at - this.#clock.now()))
    this.#timer = this.#clock.setTimeout(() => this.#flush(), delay)
  }

  #flush(): void {
    this.#timer = undefined
    try {
      while (this.#urgentItems.size > 0 && this.#all.freeAt <= this.#clock.now()) {
        this.#sendUrgent(this.#urgentItems.shift() as T)
      }
      while (this.#items.size > 0 && this.#ordinaryAt <= this.#clock.now()) {
        this.#send(this.#items.shift() as T)
      }
    } finally {
      this.#arm()
    }
  }
}

/** Sends of about the same time. */
interface Sends {
  /** The time of the first one. */
  readonly from: number
  /** The time of the last one. */
  until: number
  count: number
}

/** At most so many times are kept of one window, whatever its limit. */
const MAX_TIMES = 1_024

/** The sends of the last `per` milliseconds: once there are `limit` of them, a further one is free when the oldest has left. */
class SlidingWindow {
  readonly #limit: number
  readonly #per: number
  /** Sends within so many milliseconds share a time, the latest of theirs: then a further one is free a little later, never sooner. */
  readonly #grain: number
  readonly #sends = new Fifo<Sends>()
  #latest: Sends | undefined
  #count = 0

  constructor(limit: number, per: number) {
    this.#limit = limit
    this.#per = per
    this.#grain = limit > MAX_TIMES ? per / MAX_TIMES : 0
  }

  get freeAt(): number {
    return this.#count < this.#limit ? -Infinity : this.#oldestEnd
  }

  /** When the oldest sends leave the window. */
  get #oldestEnd(): number {
    return (this.#sends.first?.until ?? Infinity) + this.#per
  }

  add(time: number): void {
    while (this.#oldestEnd <= time) this.#count -= (this.#sends.shift() as Sends).count
    this.#count += 1
    if (this.#latest && time - this.#latest.from <= this.#grain) {
      this.#latest.until = time
      this.#latest.count += 1
      return
    }
    this.#latest = { from: time, until: time, count: 1 }
    this.#sends.push(this.#latest)
  }
}
