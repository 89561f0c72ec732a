import type { Clock, Timer } from '../core/clock.js'
import { HARD_LIMIT_FACTOR, LOW_WATER_SHARE } from '../core/water-marks.js'
import type { Backlog } from '../core/water-marks.js'
import { describeCallSite } from './call-site.js'
import type { CallSite } from './call-site.js'

/** Learns who is behind. */
export interface BacklogPort {
  /** Notes that the backlog of an iteration has changed. Every iteration begins and ends `low`. */
  onBacklog(before: Backlog, after: Backlog): void
  /** Warns of an iteration that keeps the socket paused. */
  warn(message: string): void
}

/** After so many milliseconds an iteration that is still behind is named in a warning. */
const WARN_AFTER = 30_000

/** How far one iteration is behind. Names it in a warning, once, if it stays behind. */
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

  /** @param opener who began the iteration */
  constructor(highWaterMark: number, clock: Clock, port: BacklogPort, opener: CallSite) {
    this.#highWaterMark = highWaterMark
    this.#clock = clock
    this.#port = port
    this.#opener = opener
    this.#openedAt = clock.now()
  }

  /** Notes how many messages wait to be read. */
  measure(unread: number): void {
    this.#unread = unread
    if (!this.#hasEnded) this.#enter(this.#levelOf(unread))
  }

  /** No message is added any more: nobody has to wait for this iteration. */
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
        `with ${this.#unread} unread messages (highWaterMark ${this.#highWaterMark}). The socket is paused until it catches up. ` +
        'Keep reading, or end the iteration with break, return() or a signal',
    )
  }
}
