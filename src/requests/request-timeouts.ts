import { wholeNow } from '../core/clock.js'
import type { Clock, Timer } from '../core/clock.js'
import { Chain } from '../core/fifo.js'
import type { Chained } from '../core/fifo.js'

/** A request, as its time-out sees it. */
export interface TimedRequest {
  /** Sends what waits, once there is room. */
  readonly owner: { flush(): void }
  /**
   * Settles the request, which cancels the time-out.
   *
   * @param duration in milliseconds
   */
  onTimeout(duration: number): void
}

/** The time-out of one request, while it runs. */
export interface Timeout extends Chained<Timeout> {
  readonly request: TimedRequest
  readonly line: TimeoutLine
  /** When the request times out, in whole milliseconds of the monotonic clock. */
  at: number
}

/**
 * The time-outs of the requests that were made on one link. They keep running if a request moves to another link.
 *
 * perf: one timer of the clock for all requests with the same time-out, instead of one each.
 */
export class RequestTimeouts {
  readonly #clock: Clock
  readonly #lines = new Map<number, TimeoutLine>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param duration in milliseconds */
  start(request: TimedRequest, duration: number): Timeout {
    let line = this.#lines.get(duration)
    if (!line) {
      line = new TimeoutLine(duration, this.#clock, () => this.#lines.delete(duration))
      this.#lines.set(duration, line)
    }
    return line.add(request)
  }
}

/** The running time-outs of one duration: the first to start is the first to end. */
class TimeoutLine {
  readonly #duration: number
  readonly #clock: Clock
  readonly #onEmpty: () => void
  readonly #running = new Chain<Timeout>()
  #timer: Timer | undefined

  /** @param onEmpty called when the last time-out has ended: no other is added after that */
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

  /** Ends what is due. Often nothing is, because the request that the timer was started for has been settled. */
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
    // Not before: a request that is due, too, must not be sent in between.
    for (const owner of owners) owner.flush()
  }
}
