import type { ConnectionSnapshot } from '../diagnostics/live-connections.js'
import type { ConnectionDiagnostic } from '../diagnostics/payloads.js'
import { HandlerCalls } from './handler-calls.js'
import type { HandlerRow } from './handler-calls.js'
import { Journal, shownText } from './journal.js'
import type { Entry, Level } from './journal.js'
import { endProblem, problemOf } from './problem.js'
import type { Past, Problem } from './problem.js'
import { HISTORY, Series } from './series.js'

/** Number of journal entries that the inspector remembers per connection. */
const MOST_ENTRIES = 40

/** Seconds of received messages that each line of the table plots. */
const SPARK = 60

/** A line of the table of connections. Times are in milliseconds, those of events since the epoch. */
export interface Row {
  readonly connection: string
  readonly client: string
  readonly class: string
  readonly url: string | null
  readonly status: string
  readonly since: number
  readonly links: number
  /** Messages of the last second. */
  readonly received: number
  readonly sent: number
  readonly latency: number | null
  readonly queued: number
  readonly isPaused: boolean
  readonly outbox: number
  readonly buffered: number
  readonly pending: number
  readonly errors: number
  readonly problem: Problem | null
}

/** Everything that the inspector plots, one value per second. */
const PLOTTED = ['status', 'received', 'sent', 'latency', 'queued', 'outbox', 'buffered'] as const
type Plotted = (typeof PLOTTED)[number]

/** The statuses, each with its number in the plot. */
const STATUSES = ['connecting', 'opening', 'open', 'waiting', 'closing', 'closed']

/** Numbers since the inspector started. */
export interface Totals {
  received: number
  sent: number
  receivedBytes: number
  sentBytes: number
  dropped: number
  requests: number
  failedRequests: number
  attempts: number
  failedAttempts: number
}

/** Details of one connection: all of them, or those that have changed within the last second. */
export interface Details {
  readonly connection: string
  readonly totals: Totals
  readonly lastSeen: number | null
  readonly plots: Readonly<Record<Plotted, readonly (number | null)[]>>
  readonly timeline: readonly Entry[]
  readonly errors: readonly Entry[]
  readonly handlers: readonly HandlerRow[]
}

/** Record of one connection, in bounded memory. */
export class ConnectionRecord {
  readonly timeline = new Journal(MOST_ENTRIES)
  readonly handlers = new HandlerCalls()
  readonly totals: Totals = emptyTotals()
  readonly #plots = Object.fromEntries(PLOTTED.map((name) => [name, new Series()])) as Record<Plotted, Series>
  readonly #errors = new Journal(MOST_ENTRIES)
  #errorCount = 0
  #lastError: Past | undefined
  /** Totals of the last second, from which the rates follow. */
  #before = { received: 0, sent: 0 }
  #row: Row
  #snapshot: ConnectionSnapshot | undefined
  /** When the connection ended, in milliseconds since the epoch. */
  #endedAt: number | undefined
  /** Why the latest link was lost, or the latest attempt failed. */
  #reason: string | undefined

  constructor(facts: ConnectionDiagnostic, now: number) {
    this.#row = firstRow(facts, now)
  }

  get endedAt(): number | undefined {
    return this.#endedAt
  }

  get row(): Row {
    return this.#row
  }

  /** Records why the connection is not connected; `undefined` after a success, or after a close on purpose. */
  setReason(reason: string | undefined): void {
    this.#reason = reason
  }

  addError(at: number, level: Level, text: string, times = 1): void {
    this.#errors.add(at, level, text, times)
    if (level !== 'bad') return
    this.#errorCount += times
    this.#lastError = { at, text: shownText(text) }
  }

  /** Takes the values of another second. Returns the changed parts of the line, or `undefined`. */
  update(snapshot: ConnectionSnapshot, now: number): Partial<Row> | undefined {
    this.#snapshot = snapshot
    this.handlers.describe(snapshot.handlers)
    return this.#replaceRow({
      ...factsOf(snapshot),
      ...this.#rates(),
      status: snapshot.status,
      since: steady(snapshot.since, this.#row.since),
      url: snapshot.url ?? null,
      latency: snapshot.latency === undefined ? null : Math.round(snapshot.latency * 10) / 10,
      queued: snapshot.queuedMessages,
      isPaused: snapshot.isPaused,
      outbox: snapshot.outboxMessages,
      buffered: snapshot.bufferedAmount,
      pending: snapshot.pendingRequests,
      errors: this.#errorCount,
      problem: this.#steadyProblem(problemOf(snapshot, now, this.#lastError)),
    })
  }

  /** The connection is not live anymore. Returns the changed parts of its line, or `undefined`. */
  updateEnded(now: number): Partial<Row> | undefined {
    this.#endedAt ??= now
    const nothing = { queued: 0, isPaused: false, outbox: 0, buffered: 0, pending: 0, latency: null }
    const problem = endProblem(this.#reason) ?? null
    const end = { status: 'closed', since: this.#endedAt, errors: this.#errorCount, problem }
    return this.#replaceRow({ ...this.#row, ...this.#rates(), ...nothing, ...end })
  }

  /** Returns the received messages of each of the last 60 seconds. */
  get spark(): readonly (number | null)[] {
    return this.#plots.received.latest(SPARK)
  }

  get details(): Details {
    return this.#detailsWith(HISTORY, this.timeline.entries, this.#errors.entries, this.handlers.rows)
  }

  /** Returns what has changed since the last call, with the values of the last second. */
  takeChanges(): Details {
    return this.#detailsWith(
      1,
      this.timeline.takeChanges(),
      this.#errors.takeChanges(),
      this.handlers.takeChanges(),
    )
  }

  #detailsWith(
    seconds: number,
    timeline: readonly Entry[],
    errors: readonly Entry[],
    handlers: readonly HandlerRow[],
  ): Details {
    const plots = Object.fromEntries(
      PLOTTED.map((name) => [name, this.#plots[name].latest(seconds)]),
    ) as Record<Plotted, (number | null)[]>
    return {
      connection: this.#row.connection,
      totals: this.totals,
      lastSeen: this.#snapshot?.lastSeen ?? null,
      plots,
      timeline,
      errors,
      handlers,
    }
  }

  #steadyProblem(problem: Problem | undefined): Problem | null {
    if (problem?.at === undefined) return problem ?? null
    return { ...problem, at: steady(problem.at, this.#row.problem?.at) }
  }

  #rates(): Pick<Row, 'received' | 'sent'> {
    const { received, sent } = this.totals
    const rates = { received: received - this.#before.received, sent: sent - this.#before.sent }
    this.#before = { received, sent }
    return rates
  }

  #replaceRow(row: Row): Partial<Row> | undefined {
    for (const name of PLOTTED) {
      const value = name === 'status' ? STATUSES.indexOf(row.status) : row[name]
      this.#plots[name].push(value ?? undefined)
    }
    const before: Partial<Row> = this.#plots.status.length > 1 ? this.#row : {}
    this.#row = row
    const changed = Object.entries(row).filter(([key, value]) => !isEqual(value, before[key as keyof Row]))
    return changed.length === 0 ? undefined : Object.fromEntries(changed)
  }
}

/** Smallest difference between two times that counts as a change, in milliseconds. */
const DRIFT = 50

/**
 * Returns a time in whole milliseconds: the earlier one, if it differs too little. Connections convert monotonic times, and the two clocks
 * drift apart.
 */
function steady(time: number, before: number | undefined): number {
  return before !== undefined && Math.abs(time - before) < DRIFT ? before : Math.round(time)
}

function isEqual(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right)
}

function emptyTotals(): Totals {
  return {
    received: 0,
    sent: 0,
    receivedBytes: 0,
    sentBytes: 0,
    dropped: 0,
    requests: 0,
    failedRequests: 0,
    attempts: 0,
    failedAttempts: 0,
  }
}

function factsOf(facts: ConnectionDiagnostic): Pick<Row, 'connection' | 'client' | 'class' | 'links'> {
  const { connection, client, connectionNumber } = facts
  return { connection, client, class: facts.class, links: connectionNumber }
}

function firstRow(facts: ConnectionDiagnostic, now: number): Row {
  return {
    ...factsOf(facts),
    url: null,
    status: 'connecting',
    since: now,
    received: 0,
    sent: 0,
    latency: null,
    queued: 0,
    isPaused: false,
    outbox: 0,
    buffered: 0,
    pending: 0,
    errors: 0,
    problem: null,
  }
}
