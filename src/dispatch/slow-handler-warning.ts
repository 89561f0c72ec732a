import type { Clock, Timer } from '../core/clock.js'

/** After so many milliseconds a handler that has not settled is named in a warning. */
export const HANG_AFTER = 30_000

interface Running {
  readonly name: string
  readonly since: number
  isNamed: boolean
}

/** Watches handlers that have not settled, with one timer for all of them. */
export class HangWatch {
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
    const running = { name, since: this.#clock.now(), isNamed: false }
    this.#running.add(running)
    this.#timer ??= this.#clock.setTimeout(() => this.#look(), HANG_AFTER)
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
      if (running.isNamed) continue
      if (now - running.since >= HANG_AFTER) {
        running.isNamed = true
        this.#warn(
          `${running.name} has not settled for ${HANG_AFTER / 1_000} s: does it wait for something that never comes?`,
        )
      } else oldest = Math.min(oldest, running.since)
    }
    if (oldest !== Infinity)
      this.#timer = this.#clock.setTimeout(() => this.#look(), oldest + HANG_AFTER - now)
  }
}
