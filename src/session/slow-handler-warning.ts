import type { Clock, Timer } from '../core/clock.js'

/** A handler that has not settled. */
export interface WatchedHandler {
  readonly name: string
  /** Counts a look at what runs, and returns how many have seen this one. */
  look(): number
}

/** After this many milliseconds, at most a sixth more, a handler that has not settled is named in a warning. */
export const WARN_AFTER = 30_000

/** Number of times that a handler is seen before it is named. */
const LOOKS = 6

const LOOK_INTERVAL = WARN_AFTER / LOOKS

/**
 * Names handlers that have not settled.
 *
 * perf: one timer looks at whatever runs, so that a handler costs no timer, no look at the clock and no place in a Set.
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
   * A handler has begun to take time.
   *
   * @param all whatever runs, also later
   */
  onRunning(running: WatchedHandler, all: readonly WatchedHandler[]): void {
    if (this.#timer) return
    // The time from here to the next look is a whole one for this handler only.
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
