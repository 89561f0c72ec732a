import type { Clock, Timer } from '../core/clock.js'

interface FakeTimer {
  readonly at: number
  readonly order: number
  readonly callback: () => void
}

/** Runs all pending promise callbacks, however deeply nested. Does not advance the clock. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** Clock that moves only when you advance it. Pass it as the `clock` option. */
export class FakeClock implements Clock {
  #now = 0
  #order = 0
  readonly #start: number
  readonly #timers = new Set<FakeTimer>()
  readonly #turns = new Set<{ readonly callback: () => void }>()

  /** @param date initial wall-clock time, in milliseconds since 1970 */
  constructor(date: number = Date.UTC(2026, 0, 1)) {
    this.#start = date
  }

  now(): number {
    return this.#now
  }

  date(): number {
    return this.#start + this.#now
  }

  /** Number of pending timers: started, not canceled, and not yet fired. */
  get timers(): number {
    return this.#timers.size
  }

  setTimeout(callback: () => void, delay: number): Timer {
    this.#order += 1
    const timer = { at: this.#now + Math.max(0, delay), order: this.#order, callback }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  nextTurn(callback: () => void): Timer {
    const turn = { callback }
    this.#turns.add(turn)
    return { cancel: () => void this.#turns.delete(turn) }
  }

  /** Runs everything that does not depend on time: promise callbacks, then event-loop turns until none is pending. */
  async settle(): Promise<void> {
    await settle()
    while (this.#turns.size > 0) {
      for (const turn of [...this.#turns]) {
        if (this.#turns.delete(turn)) turn.callback()
      }
      await settle()
    }
  }

  /** Advances the clock by this many milliseconds. Fires the timers that become due in order, and settles after each. */
  async advance(milliseconds: number): Promise<void> {
    const target = this.#now + milliseconds
    await this.settle()
    let next = this.#next(target)
    while (next) {
      this.#now = next.at
      this.#timers.delete(next)
      next.callback()
      await this.settle()
      next = this.#next(target)
    }
    this.#now = target
  }

  /** Advances the clock in one jump, as if the system had been asleep. Every timer that came due fires late, and only once. */
  async jump(milliseconds: number): Promise<void> {
    await this.settle()
    this.#now += milliseconds
    const due = [...this.#timers].filter(({ at }) => at <= this.#now).sort(byTime)
    for (const timer of due) {
      if (!this.#timers.delete(timer)) continue
      timer.callback()
    }
    await this.settle()
  }

  #next(until: number): FakeTimer | undefined {
    let first: FakeTimer | undefined
    for (const timer of this.#timers) {
      if (timer.at <= until && (!first || byTime(timer, first) < 0)) first = timer
    }
    return first
  }
}

function byTime(a: FakeTimer, b: FakeTimer): number {
  return a.at - b.at || a.order - b.order
}
