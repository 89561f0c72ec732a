import type { Clock, Timer } from '../core/clock.js'

/** A running handler. */
export interface WatchedHandler {
  readonly name: string
  /** Counts a check that found this handler running, and returns the number of such checks. */
  look(): number
}

/** Time in milliseconds after which a running handler is logged. The log line can be late by up to a sixth of this. */
export const WARN_AFTER = 30_000

/** Number of checks that must find a handler running before it is logged. */
const LOOKS = 6

const LOOK_INTERVAL = WARN_AFTER / LOOKS

/**
 * Warns about handlers that run for too long.
 *
 * perf: one timer checks all running handlers, so that a handler costs no timer, no clock read and no Set entry.
 */
export class SlowHandlerWarning {
  readonly #clock: Clock
  readonly #warn: (message: string) => void
  #timer: Timer | undefined

  constructor(clock: Clock, warn: (message: string) => void) {
    this.#clock = clock
    this.#warn = warn
  }

  /**
   * Called when a handler returned a promise.
   *
   * @param all live list of the running handlers
   */
  onRunning(running: WatchedHandler, all: readonly WatchedHandler[]): void {
    if (this.#timer) return
    // The timer starts with this handler, so its first check is a whole interval away.
    running.look()
    this.#wait(all)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #wait(all: readonly WatchedHandler[]): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined
      if (all.length > 0) this.#wait(all)
      for (const running of all) this.#look(running)
    }, LOOK_INTERVAL)
  }

  #look(running: WatchedHandler): void {
    if (running.look() !== LOOKS + 1) return
    const time = `${WARN_AFTER / 1_000} s`
    this.#warn(
      `${running.name} has been running for ${time}. Is it waiting for something that never arrives?`,
    )
  }
}
