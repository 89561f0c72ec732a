import { stateChannel } from '../diagnostics/channels.js'
import type { DiagnosticSource } from '../diagnostics/payloads.js'
import { ConnectionClosedError } from '../errors/send-errors.js'
import { wholeNow } from '../core/clock.js'
import type { Clock } from '../core/clock.js'
import { LazyDeferred, RESOLVED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { LazySignal } from '../core/lazy-signal.js'
import type { CloseInfo } from './disconnect.js'
import type { Initiator } from '../link/close-code.js'

/**
 * State of a connection.
 *
 * ```text
 * (start) ──▶ connecting ──▶ opening ──▶ open          opening: the socket is open, and @OnOpen runs
 *             ▲  │            │          │
 *             │  ▼            ▼          ▼
 *             waiting ◀───── failed or lost, will retry
 *
 * any of these ── close(), or no retry left ──▶ closing ──▶ closed
 * ```
 */
export type ConnectionState =
  | {
      /** An attempt to connect is running. */
      readonly status: 'connecting'
      /** Number of the attempt, starting at 1. */
      readonly attempt: number
      /**
       * Milliseconds after which `connectLimiter` lets the attempt start at the latest, measured from the start of this state; `undefined` if
       * it started at once.
       */
      readonly limiterDelay?: number | undefined
    }
  | {
      /** `opening`: the socket is open, and `@OnOpen` runs. `open`: it has completed, and the connection is ready. */
      readonly status: 'opening' | 'open'
      /** Number of the link, starting at 1. A handover changes it, but not the status. */
      readonly connectionNumber: number
      /** Subprotocol that the server chose; `''` if it chose none. */
      readonly protocol: string
    }
  | {
      /** Holdfast waits before the next attempt. */
      readonly status: 'waiting'
      /** Number of the next attempt. */
      readonly attempt: number
      /** Delay before the next attempt, in milliseconds, measured from the start of this state. */
      readonly delay: number
      /** Delay that the server asked for (`Retry-After`), in milliseconds. If it exceeds `reconnect.maxRetryAfter`, `delay` is shorter. */
      readonly retryAfter?: number | undefined
      /** Error because of which Holdfast is waiting. */
      readonly cause: Error
    }
  | {
      /** The connection is closing permanently. */
      readonly status: 'closing'
      /** Side that started to close. */
      readonly initiator: Initiator
      /** Close code that Holdfast sends or has received. */
      readonly code: number
      /** Reason in the close frame; may be empty. */
      readonly reason: string
    }
  | {
      /** The connection is closed permanently. */
      readonly status: 'closed'
      /** End of the last link. */
      readonly close: CloseInfo
    }

/** Status of a connection, such as `'open'`. */
export type Status = ConnectionState['status']

/** Passed to `@OnOpen`. */
export interface OpenInfo {
  /** True if the connection has been open before. */
  readonly isReconnect: boolean
  /** Number of the link, starting at 1. */
  readonly connectionNumber: number
  /** Number of the attempt that succeeded, starting at 1. Starts at 1 again after a link has been ready for `minUptime`. */
  readonly attempt: number
  /** Number of the link that this one will replace in a handover, after `reconnect({ overlap: true })` or `maxAge`. */
  readonly replaces?: number | undefined
  /** Milliseconds since the previous link was lost, including the time of failed attempts. 0 for the first link and in a handover. */
  readonly downtime: number
  /** Subprotocol that the server chose; `''` if it chose none. */
  readonly protocol: string
  /** Headers of the server's handshake response, with lowercase names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** The connection that a state belongs to. */
export interface StateSource extends DiagnosticSource {
  readonly settings: { readonly clock: Clock }
}

/** Stores the public state of a connection, and notifies callers that wait for it to open or to end. */
export class StateHolder {
  readonly #source: StateSource
  #since: number
  /** Resolves in the state `closed`. */
  readonly closed = new LazyDeferred<CloseInfo>()
  #state: ConnectionState = { status: 'connecting', attempt: 1 }
  /** The last published status. */
  #published: Status = 'connecting'
  /** Created when a caller waits for `open`. */
  #opened: Deferred<void> | undefined
  /** perf: saves 42 B per idle connection. */
  #closing: LazySignal | undefined

  constructor(source: StateSource) {
    this.#source = source
    this.#since = wholeNow(source.settings.clock)
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** True once the connection is closing or closed. */
  get isClosing(): boolean {
    return this.#state.status === 'closing' || this.#state.status === 'closed'
  }

  /** Aborts when the connection starts to close permanently. */
  get signal(): AbortSignal {
    return (this.#closing ??= new LazySignal()).signal
  }

  /** Resolves when the connection is ready, immediately if it already is. Rejects once it is closing. */
  whenOpen(): Promise<void> {
    if (this.#state.status === 'open') return RESOLVED
    const opened = (this.#opened ??= deferred())
    if (this.isClosing) this.#rejectOpened()
    return opened.promise
  }

  /** Monotonic time at which the current status began, in whole milliseconds. */
  get since(): number {
    return this.#since
  }

  set(state: ConnectionState): void {
    if (state.status !== this.#state.status) this.#since = wholeNow(this.#source.settings.clock)
    this.#state = state
  }

  /** Notifies waiting callers and diagnostics of a status change, possibly some time after `set`. */
  publish(to: Status): void {
    if (to === 'closing') this.#rejectOpened()
    else if (to === 'open') {
      this.#opened?.resolve()
      this.#opened = undefined
    }
    if (stateChannel.hasSubscribers)
      stateChannel.publish({ ...this.#source.facts, from: this.#published, to })
    this.#published = to
  }

  #rejectOpened(): void {
    this.#opened?.reject(
      new ConnectionClosedError(`Connection is ${this.#state.status}: it will not open again`),
    )
    this.#opened = undefined
  }

  /** Aborts the signal: the connection starts to close. */
  abort(reason: Error): void {
    ;(this.#closing ??= new LazySignal()).abort(reason)
  }
}
