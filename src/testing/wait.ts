import { systemClock } from '../core/clock.js'
import type { Clock } from '../core/clock.js'
import { FakeClock, PATIENCE } from './fake-clock.js'
import type { WaitLimit } from './fake-clock.js'
import { timeoutText, waitError } from './wait-error.js'

/** Wakes everyone who waits for a change. */
export class Changes {
  readonly #waiting = new Set<() => void>()

  /** Reports that something has changed. */
  notify(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  /** Resolves with the next change. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve)
    })
  }
}

/** A fact about a server that a test waits for. */
export interface Fact<T> {
  /** The fact in words, as in "waiting for message 2 from the client". */
  readonly name: string
  /** Returns the value; `undefined` while the fact is not true. */
  read(): T | undefined
  /** Returns why the fact can never become true; `undefined` while it can. */
  impossible(): string | undefined
  /** Returns what has happened instead, as a sentence. */
  instead(): string
}

/** Surroundings of a wait. */
export interface WaitSources {
  /** Notified of everything that can make the fact true. */
  readonly changes: Changes
  /** Returns the client's clock, as soon as it is known. */
  readonly clock: () => Clock | undefined
}

/**
 * Waits for a fact. If the client runs on a fake clock, lets it run, and fails as soon as the fact can no longer become true.
 *
 * @throws Error that contains the fact, the reason, and what happened instead
 */
export async function waitFor<T>(
  fact: Fact<T>,
  sources: WaitSources,
  { within }: WaitLimit = {},
): Promise<T> {
  const isDone = (): boolean => fact.read() !== undefined || fact.impossible() !== undefined
  let reason = await onRealClock(isDone, sources, within)
  const clock = sources.clock()
  if (clock instanceof FakeClock && reason === undefined)
    reason = await clock.runUntil(isDone, within ?? PATIENCE)
  const value = fact.read()
  if (value !== undefined) return value
  throw waitError(fact.name, fact.impossible() ?? reason ?? '', fact.instead())
}

/** Waits for changes, unless a fake clock has to run for them. Returns why the wait has ended; `undefined` if it can go on or is done. */
async function onRealClock(
  isDone: () => boolean,
  { changes, clock }: WaitSources,
  within: number | undefined,
): Promise<string | undefined> {
  let isLate = false as boolean
  const onTimeout = (): void => {
    isLate = true
    changes.notify()
  }
  const timer = within === undefined ? undefined : systemClock.setTimeout(onTimeout, within)
  try {
    while (!isDone() && !(clock() instanceof FakeClock)) {
      if (isLate) return timeoutText(within ?? 0)
      await changes.next()
    }
    return undefined
  } finally {
    timer?.cancel()
  }
}
