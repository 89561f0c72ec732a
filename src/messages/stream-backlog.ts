import type { Clock, Timer } from '../core/clock.js'
import { HARD_LIMIT_FACTOR, LOW_WATER_SHARE } from '../core/water-marks.js'
import type { Backlog } from '../core/water-marks.js'
import { describeCallSite } from './call-site.js'
import type { CallSite } from './call-site.js'

/** Receives changes in the backlogs of iterations. */
export interface BacklogPort {
  /** Called when an iteration's backlog changes to another level. Every iteration starts and ends at `low`. */
  onBacklog(before: Backlog, after: Backlog): void
  /** Logs a warning about an iteration that keeps the socket paused. */
  warn(message: string): void
}

/** Time in milliseconds after which a warning is logged about an iteration that is still behind. */
const WARN_AFTER = 30_000

/** Tracks the backlog of one iteration. Logs one warning if the iteration stays behind. */
export class StreamBacklog {
  readonly #highWaterMark: number
  readonly #clock: Clock
  readonly #port: BacklogPort
  readonly #opener: CallSite
  readonly #openedAt: number
  #level: Backlog = 'low'
  #unread = 0
  #timer: Timer | undefined
  #hasWarned = false
  #hasEnded = false

  /** @param opener call site that started the iteration */
  constructor(highWaterMark: number, clock: Clock, port: BacklogPort, opener: CallSite) {
    this.#highWaterMark = highWaterMark
    this.#clock = clock
    this.#port = port
    this.#opener = opener
    this.#openedAt = clock.now()
  }

  /** Records the number of unread messages. */
  measure(unread: number): void {
    this.#unread = unread
    if (!this.#hasEnded) this.#enter(this.#levelOf(unread))
  }

  /** Called when no more messages will be buffered. From then on, the iteration no longer pauses the socket. */
  end(): void {
    this.#hasEnded = true
    this.#enter('low')
  }

  #levelOf(unread: number): Backlog {
    if (unread > this.#highWaterMark * HARD_LIMIT_FACTOR) return 'overfull'
    const mark = this.#level === 'low' ? this.#highWaterMark : this.#highWaterMark * LOW_WATER_SHARE
    return unread > mark ? 'full' : 'low'
  }

  #enter(level: Backlog): void {
    const before = this.#level
    if (level === before) return
    this.#level = level
    if (level === 'low') this.#timer?.cancel()
    else if (before === 'low' && !this.#hasWarned)
      this.#timer = this.#clock.setTimeout(() => this.#warn(), WARN_AFTER)
    this.#port.onBacklog(before, level)
  }

  #warn(): void {
    this.#hasWarned = true
    const age = Math.round((this.#clock.now() - this.#openedAt) / 1_000)
    this.#port.warn(
      `messages(): an iterator opened ${age} s ago${describeCallSite(this.#opener)} has been behind for ${WARN_AFTER / 1_000} s, ` +
        `with ${this.#unread} unread messages (highWaterMark ${this.#highWaterMark}). The socket is paused until the iterator catches up. ` +
        'Keep reading, or end the iteration with break, return(), or a signal',
    )
  }
}
