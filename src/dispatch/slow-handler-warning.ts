import type { Clock, Timer } from '../core/clock.js'

/** After so many milliseconds a handler that has not settled is named in a warning. */
export const WARN_AFTER = 30_000

interface Running {
  readonly name: string
  readonly since: number
  hasWarned: boolean
}

/** Watches handlers that have not settled, with one timer for all of them. */
export class SlowHandlerWarning {
  readonly #clock: Clock
  readonly #warn: (message: string) => void
  readonly #running = new Set<Running>()
  #timer: Timer | undefined

  constructor(clock: Clock, warn: (message: string) => void) {
    this.#clock = clock
    this.#warn = warn
  }

  /** Watches a handler until its promise settles, which it must not do by rejecting. */
  watch(name: string, settled: Promise<void>): Promise<void> {
    const running = { name, since: this.#clock.now(), hasWarned: false }
    this.#running.add(running)
    this.#timer ??= this.#clock.setTimeout(() => this.#look(), WARN_AFTER)
    return settled.then(() => {
      this.#running.delete(running)
    })
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #look(): void {
    this.#timer = undefined
    const now = this.#clock.now()
    let oldest = Infinity
    for (const running of this.#running) {
      if (running.hasWarned) continue
      if (now - running.since >= WARN_AFTER) {
        running.hasWarned = true
        this.#warn(
          `${running.name} has not settled for ${WARN_AFTER / 1_000} s: does it wait for something that never comes?`,
        )
      } else oldest = Math.min(oldest, running.since)
    }
    if (oldest !== Infinity)
      this.#timer = this.#clock.setTimeout(() => this.#look(), oldest + WARN_AFTER - now)
  }
}
