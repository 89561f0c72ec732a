import type { Clock } from '../core/clock.js'
import { listen } from '../diagnostics/listen.js'
import type { Listeners } from '../diagnostics/listen.js'
import type { LiveConnection } from '../diagnostics/live-connections.js'
import type {
  AttemptDiagnostic,
  CloseDiagnostic,
  ConnectionDiagnostic,
  DelayDiagnostic,
  ErrorDiagnostic,
  FrameDiagnostic,
  RequestDiagnostic,
} from '../diagnostics/payloads.js'
import { ConnectionRecord } from './connection-record.js'
import type { Details, Row } from './connection-record.js'
import { causeOf } from './problem.js'

/** Maximum number of connections that the inspector records. */
export const MOST_CONNECTIONS = 1_000

/** Maximum number of connections that stay in the table after their end. */
export const MOST_ENDED = 20

/** Everything that a page shows at first. */
export interface Overview {
  /** Time of this process, in milliseconds since the epoch. */
  readonly at: number
  readonly pid: number
  /** Number of live connections that are not recorded. */
  readonly hidden: number
  readonly rows: readonly (Row & { readonly spark: readonly (number | null)[] })[]
}

/** Values that have changed within a second. */
export interface Changes {
  readonly at: number
  readonly hidden: number
  /** The changed values of each line that has changed. */
  readonly rows: readonly (Partial<Row> & Pick<Row, 'connection'>)[]
  /** Names of the connections that are not in the table anymore. */
  readonly removed: readonly string[]
}

/** Collects what all connections of the process publish, in bounded memory. Nothing is collected before `start` and after `stop`. */
export class Collector {
  readonly #clock: Clock
  readonly #live: ReadonlySet<LiveConnection>
  readonly #records = new Map<string, ConnectionRecord>()
  #hidden = 0
  #unlisten: (() => void) | undefined

  constructor(clock: Clock, live: ReadonlySet<LiveConnection>) {
    this.#clock = clock
    this.#live = live
  }

  start(): void {
    this.#unlisten = listen(this.#listeners())
    this.takeChanges()
  }

  stop(): void {
    this.#unlisten?.()
    this.#unlisten = undefined
    this.#records.clear()
  }

  get overview(): Overview {
    const rows = [...this.#records.values()].map((record) => ({ ...record.row, spark: record.spark }))
    return { at: this.#clock.date(), pid: process.pid, hidden: this.#hidden, rows }
  }

  /** Returns everything about one connection. */
  detailsOf(name: string): Details | undefined {
    return this.#records.get(name)?.details
  }

  /**
   * Returns what has changed about the given connections since the last call. Call it once per second. The first result for a connection
   * repeats what is in its details.
   */
  takeDetails(names: ReadonlySet<string>): ReadonlyMap<string, Details> {
    const changes = new Map<string, Details>()
    for (const name of names) {
      const record = this.#records.get(name)
      if (record) changes.set(name, record.takeChanges())
    }
    return changes
  }

  /** Looks at all connections, and returns what has changed since the last call. Call it once per second. */
  takeChanges(): Changes {
    const now = this.#clock.date()
    const seen = new Set<string>()
    const rows: Changes['rows'][number][] = []
    const add = (connection: string, changed: Partial<Row> | undefined): void => {
      if (changed) rows.push({ ...changed, connection })
    }
    this.#hidden = 0
    for (const { id, snapshot } of this.#liveUpToLimit()) {
      seen.add(id)
      add(id, this.#recordOf(snapshot)?.update(snapshot, now))
    }
    for (const [name, record] of this.#records) if (!seen.has(name)) add(name, record.updateEnded(now))
    return { at: now, hidden: this.#hidden, rows, removed: this.#removeOldest() }
  }

  /** perf: takes no snapshots of connections beyond the limit. */
  *#liveUpToLimit() {
    for (const connection of this.#live) {
      const isShown = this.#records.has(connection.id) || this.#records.size < MOST_CONNECTIONS
      if (isShown) yield { id: connection.id, snapshot: connection.snapshot() }
      else this.#hidden += 1
    }
  }

  #removeOldest(): readonly string[] {
    const ended = [...this.#records].flatMap(([name, { endedAt }]) =>
      endedAt === undefined ? [] : [{ name, endedAt }],
    )
    const removed = ended
      .toSorted((left, right) => left.endedAt - right.endedAt)
      .slice(0, Math.max(0, ended.length - MOST_ENDED))
      .map(({ name }) => name)
    for (const name of removed) this.#records.delete(name)
    return removed
  }

  #recordOf(facts: ConnectionDiagnostic): ConnectionRecord | undefined {
    const { connection } = facts
    const known = this.#records.get(connection)
    if (known || this.#records.size >= MOST_CONNECTIONS) return known
    const record = new ConnectionRecord(facts, this.#clock.date())
    this.#records.set(connection, record)
    return record
  }

  #listeners(): Listeners {
    return {
      'holdfast:state': (facts) =>
        this.#recordOf(facts)?.timeline.add(this.#clock.date(), 'info', `${facts.from} → ${facts.to}`),
      'holdfast:attempt': (facts) => this.#onAttempt(facts),
      'holdfast:delay': (facts) => this.#onDelay(facts),
      'holdfast:close': (facts) => this.#onClose(facts),
      'holdfast:frame': (facts) => this.#onFrame(facts),
      'holdfast:request': (facts) => this.#onRequest(facts),
      'holdfast:queue': (facts) => {
        const change = facts.isPaused
          ? `socket paused: ${facts.messages} messages wait for handlers`
          : 'socket resumed'
        this.#recordOf(facts)?.timeline.add(this.#clock.date(), facts.isPaused ? 'warn' : 'info', change)
      },
      'holdfast:drop': (facts) => {
        const record = this.#recordOf(facts)
        if (!record) return
        record.totals.dropped += facts.count
        record.addError(this.#clock.date(), 'warn', `message dropped (${facts.reason})`, facts.count)
      },
      'holdfast:error': (facts) => this.#onError(facts),
      'tracing:holdfast:handler:start': (call) =>
        this.#recordOf(call)?.handlers.start(call, this.#clock.now()),
      'tracing:holdfast:handler:end': (call) => this.#recordOf(call)?.handlers.end(call, this.#clock.now()),
      'tracing:holdfast:handler:asyncEnd': (call) =>
        this.#recordOf(call)?.handlers.end(call, this.#clock.now()),
      'tracing:holdfast:handler:error': (call) => this.#recordOf(call)?.handlers.fail(call),
    }
  }

  #onAttempt(facts: AttemptDiagnostic): void {
    const record = this.#recordOf(facts)
    if (!record) return
    const { attempt, duration, error } = facts
    const now = this.#clock.date()
    record.totals.attempts += 1
    if (error === undefined) {
      record.setReason(undefined)
      record.timeline.add(now, 'info', `attempt ${attempt} succeeded after ${shownTime(duration)}`)
      return
    }
    record.totals.failedAttempts += 1
    record.setReason(causeOf(error))
    record.timeline.add(
      now,
      'bad',
      `attempt ${attempt} failed after ${shownTime(duration)}: ${causeOf(error)}`,
    )
  }

  #onDelay(facts: DelayDiagnostic): void {
    const { attempt, delay } = facts
    const text = `waits ${shownTime(delay)} before attempt ${attempt}`
    this.#recordOf(facts)?.timeline.add(this.#clock.date(), 'info', text)
  }

  #onClose(facts: CloseDiagnostic): void {
    const record = this.#recordOf(facts)
    if (!record) return
    const text = endOf(facts)
    const isOnPurpose = facts.initiator === 'local' && facts.error === undefined
    record.setReason(isOnPurpose ? undefined : text)
    record.timeline.add(
      this.#clock.date(),
      isOnPurpose ? 'info' : 'bad',
      `${text}, after ${shownTime(facts.duration)}`,
    )
  }

  #onFrame(facts: FrameDiagnostic): void {
    const record = this.#recordOf(facts)
    if (!record) return
    const { totals } = record
    const isMessage = facts.type === 'text' || facts.type === 'binary'
    if (facts.direction === 'receive') {
      totals.receivedBytes += facts.bytes
      if (isMessage) totals.received += 1
    } else {
      totals.sentBytes += facts.bytes
      if (isMessage) totals.sent += 1
    }
  }

  #onRequest(facts: RequestDiagnostic): void {
    const record = this.#recordOf(facts)
    if (!record) return
    record.totals.requests += 1
    if (facts.error === undefined) return
    record.totals.failedRequests += 1
    record.addError(this.#clock.date(), 'warn', `request failed: ${facts.error.message}`)
  }

  #onError(facts: ErrorDiagnostic): void {
    const { stage, handler, error, count } = facts
    const place = handler === undefined ? stage : `${stage}, ${handler}`
    this.#recordOf(facts)?.addError(this.#clock.date(), 'bad', `${place}: ${error.message}`, count)
  }
}

function endOf({ initiator, code, sentCode, error }: CloseDiagnostic): string {
  if (error !== undefined) return causeOf(error)
  if (initiator === 'network') return 'connection lost without a close frame'
  return initiator === 'local'
    ? `closed by this process with code ${sentCode ?? code}`
    : `closed by the server with code ${code}`
}

/** Formats a duration in milliseconds. */
function shownTime(time: number): string {
  if (time < 1_000) return `${Math.round(time)} ms`
  if (time < 60_000) return `${(time / 1_000).toFixed(1)} s`
  const minutes = Math.round(time / 60_000)
  return minutes < 60 ? `${minutes} min` : `${(time / 3_600_000).toFixed(1)} h`
}
