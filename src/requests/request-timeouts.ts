import { wholeNow } from '../core/clock.js'
import type { Clock, Timer } from '../core/clock.js'
import { Chain } from '../core/fifo.js'
import type { Chained } from '../core/fifo.js'

/** The part of a request that its timeout uses. */
export interface TimedRequest {
  /** Sends waiting requests when there is room. */
  readonly owner: { flush(): void }
  /**
   * Settles the request, which cancels its timeout.
   *
   * @param duration in milliseconds
   */
  onTimeout(duration: number): void
}

/** The running timeout of one request. */
export interface Timeout extends Chained<Timeout> {
  readonly request: TimedRequest
  readonly line: TimeoutLine
  /** Time at which the request times out, in whole milliseconds of the monotonic clock. */
  at: number
}

/**
 * The timeouts of the requests that were created on one link. A timeout keeps running if its request moves to another link.
 *
 * perf: all requests with the same timeout share one timer.
 */
export class RequestTimeouts {
  readonly clock: Clock
  readonly #lines = new Map<number, TimeoutLine>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** @param duration in milliseconds */
  start(request: TimedRequest, duration: number): Timeout {
    let line = this.#lines.get(duration)
    if (!line) {
      line = new TimeoutLine(duration, this.clock, () => this.#lines.delete(duration))
      this.#lines.set(duration, line)
    }
    return line.add(request)
  }
}

/** The running timeouts that have the same duration. They end in the order in which they started. */
class TimeoutLine {
  readonly #duration: number
  readonly #clock: Clock
  readonly #onEmpty: () => void
  readonly #running = new Chain<Timeout>()
  #timer: Timer | undefined

  /** @param onEmpty called when the last timeout has ended. No timeout is added after that */
  constructor(duration: number, clock: Clock, onEmpty: () => void) {
    this.#duration = duration
    this.#clock = clock
    this.#onEmpty = onEmpty
  }

  add(request: TimedRequest): Timeout {
    const at = wholeNow(this.#clock) + this.#duration
    const timeout = { request, line: this, at, previous: undefined, next: undefined }
    this.#running.push(timeout)
    this.#timer ??= this.#startTimer(this.#duration)
    return timeout
  }

  restart(timeout: Timeout): void {
    this.#running.remove(timeout)
    timeout.at = wholeNow(this.#clock) + this.#duration
    this.#running.push(timeout)
  }

  cancel(timeout: Timeout): void {
    this.#running.remove(timeout)
    if (this.#running.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#onEmpty()
  }

  #startTimer(delay: number): Timer {
    return this.#clock.setTimeout(() => this.#onTimer(), delay)
  }

  /** Ends the timeouts that are due. Often there are none, because the request that started the timer has already settled. */
  #onTimer(): void {
    this.#timer = undefined
    const now = wholeNow(this.#clock)
    const owners = new Set<TimedRequest['owner']>()
    let { first } = this.#running
    while (first && first.at <= now) {
      owners.add(first.request.owner)
      first.request.onTimeout(this.#duration)
      first = this.#running.first
    }
    if (first) this.#timer = this.#startTimer(first.at - now)
    // Flushed only now, so that no waiting request that is also due is sent first.
    for (const owner of owners) owner.flush()
  }
}
