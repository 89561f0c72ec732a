import { nextTurn } from '#platform'

/** A timer that has been started and can be cancelled; cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void
}

/** All that Holdfast knows of time, in milliseconds. Handed in, so that tests can own it. */
export interface Clock {
  /** Returns a monotonic time: it never jumps when somebody sets the wall clock. */
  now(): number
  /** Returns the wall clock's time, in milliseconds since 1970. */
  date(): number
  /** Calls `callback` once, after `delay` milliseconds. */
  setTimeout(callback: () => void, delay: number): Timer
  /** Calls `callback` once, after one turn of the event loop: what the network had ready has been read by then. */
  nextTurn(callback: () => void): Timer
}

/** The longest delay that Node's timers keep; a longer one would fire at once. */
export const LONGEST_DELAY = 2 ** 31 - 1

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  setTimeout(callback, delay) {
    const timer = setTimeout(callback, Math.min(delay, LONGEST_DELAY))
    return { cancel: () => clearTimeout(timer) }
  },
  nextTurn(callback) {
    return { cancel: nextTurn(callback) }
  },
}

/**
 * Returns a clock's monotonic time in whole milliseconds.
 *
 * perf: saves 18 B per kept time and idle connection: a number with a fraction is an object.
 */
export function wholeNow(clock: Pick<Clock, 'now'>): number {
  return Math.trunc(clock.now())
}

/** The bounds of the time between two attempts. Times are in milliseconds. */
export interface BackoffSettings {
  readonly initialDelay: number
  readonly maxDelay: number
}

/** Returns the upper bound of the delay after this many failures in a row. It doubles with each of them. */
export function backoffCeiling({ initialDelay, maxDelay }: BackoffSettings, failures: number): number {
  return Math.min(maxDelay, initialDelay * 2 ** (failures - 1))
}

/** Draws a delay between 0 and its ceiling (full jitter), so that clients that were dropped together do not return together. */
export function drawDelay(settings: BackoffSettings, failures: number, random: () => number): number {
  return random() * backoffCeiling(settings, failures)
}

interface NamedTimer<Name> {
  readonly name: Name
  readonly dueAt: number
  readonly timer: Timer | undefined
}

/** Is told when a timer fires. */
export interface TimerOwner<Name> {
  onTimer(name: Name): void
}

const NO_TIMERS: readonly NamedTimer<never>[] = []

/** Timers on one clock, by name. */
export class NamedTimers<Name extends string> {
  readonly #clock: Clock
  readonly #owner: TimerOwner<Name>
  /** perf: a list, for most connections have no timer at all, and none has many; saves 100 B per idle connection. */
  #running: readonly NamedTimer<Name>[] = NO_TIMERS

  constructor(clock: Clock, owner: TimerOwner<Name>) {
    this.#clock = clock
    this.#owner = owner
  }

  /** Starts a timer; one of `Infinity` never fires. */
  set(name: Name, delay: number): void {
    this.cancel(name)
    const timer = delay === Infinity ? undefined : this.#clock.setTimeout(() => this.#onTimeout(name), delay)
    this.#running = [...this.#running, { name, dueAt: this.#clock.now() + delay, timer }]
  }

  /** Moves a running timer to an earlier time; a later one changes nothing. */
  hasten(name: Name, delay: number): void {
    const running = this.#running.find((each) => each.name === name)
    if (!running || this.#clock.now() + delay < running.dueAt) this.set(name, delay)
  }

  cancel(name: Name): void {
    const running = this.#running.find((each) => each.name === name)
    if (!running) return
    running.timer?.cancel()
    this.#forget(name)
  }

  #onTimeout(name: Name): void {
    this.#forget(name)
    this.#owner.onTimer(name)
  }

  #forget(name: Name): void {
    const left = this.#running.filter((each) => each.name !== name)
    this.#running = left.length === 0 ? NO_TIMERS : left
  }
}
