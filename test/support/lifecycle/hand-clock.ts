import type { Clock, Timer } from 'holdfast'

interface HandTimer {
  readonly name: string
  readonly delay: number
  readonly callback: () => void
}

/** A clock whose timers a test fires one by one, by name. Its time stands still. */
export class HandClock implements Clock {
  /** Name of the timers that are started from now on. */
  naming = ''
  readonly #timers = new Set<HandTimer>()

  now(): number {
    return 0
  }

  date(): number {
    return 0
  }

  /** Names of the running timers that have a name, shortest delay first. */
  get names(): readonly string[] {
    const named = [...this.#timers].filter(({ name }) => name !== '')
    return named.sort((one, other) => one.delay - other.delay).map(({ name }) => name)
  }

  /** Number of running timers. */
  get size(): number {
    return this.#timers.size
  }

  setTimeout(callback: () => void, delay: number): Timer {
    const timer = { name: this.naming, delay, callback }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  nextTurn(callback: () => void): Timer {
    return this.setTimeout(callback, 0)
  }

  /** Fires the timer with this name; throws if there is none. */
  fire(name: string): void {
    for (const timer of this.#timers) {
      if (timer.name !== name) continue
      this.#timers.delete(timer)
      timer.callback()
      return
    }
    throw new Error(`the timer ${name} is not running`)
  }
}
