import type { Clock, Timer } from '../core/clock.js'
import { describeResult, STUCK, timeoutText, waitError } from './wait-error.js'

interface FakeTimer {
  readonly at: number
  readonly order: number
  readonly callback: () => void
}

/** Maximum time that a wait lets pass by default, in milliseconds. */
export const PATIENCE = 300_000

/** Limit of a wait. */
export interface WaitLimit {
  /**
   * Maximum time to wait, in milliseconds of the client's clock.
   *
   * @default 300_000 with a `FakeClock`; otherwise, no limit
   */
  readonly within?: number | undefined
}

/** Options of `FakeClock.until`. */
export interface UntilOptions extends WaitLimit {
  /** The condition in words, for the error. @default its source text */
  readonly fact?: string | undefined
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
  /** Number of calls of `advance` that are pending. */
  #advancing = 0
  readonly #start: number
  readonly #timers = new Set<FakeTimer>()
  readonly #turns = new Set<{ readonly callback: () => void }>()

  /** @param date initial wall-clock time, in milliseconds since 1970 */
  constructor(date: number = Date.UTC(2026, 0, 1)) {
    this.#start = date
  }

  /** Returns the milliseconds since the clock was created. */
  now(): number {
    return this.#now
  }

  /** Returns the wall-clock time, in milliseconds since 1970. */
  date(): number {
    return this.#start + this.#now
  }

  /** Number of pending timers: started, not canceled, and not yet fired. */
  get timers(): number {
    return this.#timers.size
  }

  /** Milliseconds until each pending timer fires, in ascending order. */
  get delays(): readonly number[] {
    return [...this.#timers].map(({ at }) => at - this.#now).sort((one, other) => one - other)
  }

  /** Starts a timer. Called by Holdfast. */
  setTimeout(callback: () => void, delay: number): Timer {
    this.#order += 1
    const timer = { at: this.#now + Math.max(0, delay), order: this.#order, callback }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  /** Calls `callback` the next time that the clock settles. Called by Holdfast. */
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
    checkDuration('advance', milliseconds)
    const target = this.#now + milliseconds
    this.#advancing += 1
    try {
      await this.settle()
      while (await this.#fireNext(target));
      this.#now = Math.max(this.#now, target)
    } finally {
      this.#advancing -= 1
    }
  }

  /**
   * Advances the clock to the next timer, fires it and all others that are due at the same time, and settles.
   *
   * @returns the milliseconds that passed; 0 if no timer is pending
   */
  async advanceToNextTimer(): Promise<number> {
    await this.settle()
    const next = this.#next(Infinity)
    if (!next) return 0
    const delay = Math.max(0, next.at - this.#now)
    await this.advance(delay)
    return delay
  }

  /** Advances the clock in one jump, as if the system had been asleep. Every timer that came due fires late, and only once. */
  async jump(milliseconds: number): Promise<void> {
    checkDuration('jump', milliseconds)
    await this.settle()
    this.#now += milliseconds
    const due = [...this.#timers].filter(({ at }) => at <= this.#now).sort(byTime)
    for (const timer of due) {
      if (!this.#timers.delete(timer)) continue
      timer.callback()
    }
    await this.settle()
  }

  /**
   * Waits for a condition: settles, then advances the clock timer by timer until the condition returns a truthy value.
   *
   * @param condition called after each timer
   * @returns the value that the condition returned
   * @throws Error if no timer is pending, or if the condition is still not fulfilled after `within` milliseconds
   */
  async until<T>(
    condition: () => T,
    { within = PATIENCE, fact = `\`${String(condition)}\`` }: UntilOptions = {},
  ): Promise<NonNullable<T>> {
    let value = condition()
    const reason = await this.runUntil(() => Boolean((value = condition())), within)
    if (reason === undefined) return value as NonNullable<T>
    throw waitError(fact, reason, `It returned ${describeResult(value)}`)
  }

  /**
   * Settles, and fires one timer after another until the condition is true.
   *
   * @returns why the condition cannot become true; `undefined` if it is
   * @internal
   */
  async runUntil(isDone: () => boolean, within: number): Promise<string | undefined> {
    const limit = this.#now + within
    for (;;) {
      await this.settle()
      if (isDone()) return undefined
      // The test moves the time at the moment.
      if (this.#advancing > 0) continue
      if (this.#timers.size === 0) return STUCK
      if (!(await this.#fireNext(limit))) return timeoutText(within)
    }
  }

  /** Fires the next timer that is due by this time, and settles. Returns false if there is none. */
  async #fireNext(until: number): Promise<boolean> {
    const next = this.#next(until)
    if (!next) return false
    this.#now = Math.max(this.#now, next.at)
    this.#timers.delete(next)
    next.callback()
    await this.settle()
    return true
  }

  #next(until: number): FakeTimer | undefined {
    let first: FakeTimer | undefined
    for (const timer of this.#timers) {
      if (timer.at <= until && (!first || byTime(timer, first) < 0)) first = timer
    }
    return first
  }
}

function checkDuration(method: string, milliseconds: number): void {
  if (!(milliseconds >= 0))
    throw new RangeError(`${method}() expects 0 or more milliseconds, received ${milliseconds}`)
}

function byTime(a: FakeTimer, b: FakeTimer): number {
  return a.at - b.at || a.order - b.order
}
