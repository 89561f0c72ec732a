import type { HandlerDescription } from '../diagnostics/live-connections.js'
import type { HandlerDiagnostic } from '../diagnostics/payloads.js'

/** Maximum number of handlers that the inspector counts per connection. */
const MOST_HANDLERS = 100

/** A line of the handler table. Times are in milliseconds. */
export interface HandlerRow {
  readonly name: string
  /** The decorator and its argument, such as `@OnMessage('ticker')`. */
  readonly event: string
  readonly calls: number
  readonly errors: number
  /** Mean and maximum duration of the calls that have ended; `null` before the first. */
  readonly average: number | null
  readonly longest: number | null
}

interface Counts {
  event: string
  calls: number
  errors: number
  ended: number
  total: number
  longest: number
  hasChanged: boolean
}

/** A call that has started. */
interface Call {
  readonly startedAt: number
  readonly counts: Counts
  /** Duration so far; `undefined` until the method has returned. */
  duration: number | undefined
}

/** Counts the calls of the handlers of one connection, and their durations. */
export class HandlerCalls {
  readonly #handlers = new Map<string, Counts>()
  /** All events of one call share the object. */
  readonly #calls = new WeakMap<HandlerDiagnostic, Call>()

  /** Lists handlers that have not been called, too, and names the decorators of the others. */
  describe(handlers: readonly HandlerDescription[]): void {
    for (const { name, event } of handlers) {
      const counts = this.#countsOf(name, event)
      if (!counts || counts.event === event) continue
      counts.event = event
      counts.hasChanged = true
    }
  }

  start(diagnostic: HandlerDiagnostic, now: number): void {
    const counts = this.#countsOf(diagnostic.handler, diagnostic.kind)
    if (!counts) return
    counts.calls += 1
    counts.hasChanged = true
    this.#calls.set(diagnostic, { startedAt: now, counts, duration: undefined })
  }

  /** The method has returned, or its promise has settled. The later of both ends replaces the earlier one. */
  end(diagnostic: HandlerDiagnostic, now: number): void {
    const call = this.#calls.get(diagnostic)
    if (!call) return
    const { counts, startedAt } = call
    const duration = now - startedAt
    if (call.duration === undefined) counts.ended += 1
    counts.total += duration - (call.duration ?? 0)
    counts.longest = Math.max(counts.longest, duration)
    counts.hasChanged = true
    call.duration = duration
  }

  fail(diagnostic: HandlerDiagnostic): void {
    const call = this.#calls.get(diagnostic)
    if (!call) return
    call.counts.errors += 1
    call.counts.hasChanged = true
  }

  get rows(): readonly HandlerRow[] {
    return [...this.#handlers].map(rowOf)
  }

  /** Returns the lines that are new or have changed since the last call. */
  takeChanges(): readonly HandlerRow[] {
    const changed = [...this.#handlers].filter(([, { hasChanged }]) => hasChanged)
    for (const [, counts] of changed) counts.hasChanged = false
    return changed.map(rowOf)
  }

  #countsOf(name: string, event: string): Counts | undefined {
    const known = this.#handlers.get(name)
    if (known || this.#handlers.size >= MOST_HANDLERS) return known
    const counts = { event, calls: 0, errors: 0, ended: 0, total: 0, longest: 0, hasChanged: true }
    this.#handlers.set(name, counts)
    return counts
  }
}

function rowOf([name, { event, calls, errors, ended, total, longest }]: [string, Counts]): HandlerRow {
  const hasEnded = ended > 0
  return {
    name,
    event,
    calls,
    errors,
    average: hasEnded ? rounded(total / ended) : null,
    longest: hasEnded ? rounded(longest) : null,
  }
}

/** Rounds milliseconds to microseconds. */
function rounded(time: number): number {
  return Math.round(time * 1_000) / 1_000
}
