import type { Clock, Timer } from '../core/clock.js'
import { Fifo } from '../core/fifo.js'

/** Limit on sends, and the share of it that is reserved for urgent frames. */
export interface RateLimitSettings {
  /** Maximum number of sends in any window of `per` milliseconds. */
  readonly messages: number
  /** Length of the window, in milliseconds. */
  readonly per: number
  /** Number of sends out of `messages` that are reserved for heartbeats and other urgent frames. @default 1, or 0 if `messages` is 1 */
  readonly reserve?: number | undefined
}

/** Receives the items when they can be sent. */
export interface RateLimiterPort<T> {
  send(item: T): void
}

/**
 * Limits the rate of sends in every window, not only on average.
 *
 * Urgent items go ahead of ordinary ones and can use the whole limit. Ordinary items are sent in order and never use the reserve. The
 * limiter remembers sends across connections, because many servers count them by address or account.
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

  /**
   * Sends the item immediately if the limit allows, otherwise after the items that are already waiting. Returns whether the item has to
   * wait.
   */
  push(item: T): boolean {
    if (!this.#isWaiting && this.#ordinaryAt <= this.#clock.now()) {
      this.#send(item)
      return false
    }
    this.#items.push(item)
    if (!this.#timer) this.#arm()
    return true
  }

  /** Sends the item as soon as the limit allows, before all ordinary items. Returns whether the item has to wait. */
  pushUrgent(item: T): boolean {
    if (this.#urgentItems.size === 0 && this.#all.freeAt <= this.#clock.now()) {
      this.#sendUrgent(item)
      return false
    }
    this.#urgentItems.push(item)
    if (this.#urgentItems.size === 1) this.#arm()
    return true
  }

  /** Removes the waiting items that match, and returns them in sending order. The other items keep their order and urgency. */
  remove(matches: (item: T) => boolean): T[] {
    const removed = [...this.#urgentItems.remove(matches), ...this.#items.remove(matches)]
    this.#arm()
    return removed
  }

  get #isWaiting(): boolean {
    return this.#items.size > 0 || this.#urgentItems.size > 0
  }

  /** Time at which an ordinary item can be sent. */
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
    // Timers count whole milliseconds: rounding down would fire too early, again and again.
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

/** Sends at about the same time. */
interface Sends {
  /** Time of the first send. */
  readonly from: number
  /** Time of the last send. */
  until: number
  count: number
}

/** Maximum number of timestamps stored for a window, however high its limit is. */
const MAX_TIMES = 1_024

/** Sends in the last `per` milliseconds. Once there are `limit` of them, the next send is possible when the oldest leaves the window. */
class SlidingWindow {
  readonly #limit: number
  readonly #per: number
  /**
   * Sends within this many milliseconds share one timestamp, that of the latest. The next send is then possible slightly later, never
   * sooner.
   */
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

  /** Time at which the oldest sends leave the window. */
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
