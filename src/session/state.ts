import type { Clock, Timer } from '../core/clock.js'
import { publishState } from '../core/diagnostics.js'
import { ConnectionClosedError } from '../errors/send-errors.js'
import { LazyDeferred, RESOLVED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { LazySignal } from '../core/lazy-signal.js'
import type { CloseInfo } from './disconnect.js'
import type { Initiator } from '../link/close-code.js'

/**
 * What a connection is doing, and the facts of it.
 *
 *                     ┌────────────── attempt failed ─────────────┐
 *                     ▼                                           │
 *   (start) ──▶ connecting ──── handshake done ────▶ open ─ lost ─┤
 *                  │  ▲                               │           ▼
 *                  │  └───────── delay over, ─────────┼──────── waiting
 *                  │       old connection closed      │           │
 *                  └────────────── close() or no retry left ──────┘
 *                                         ▼
 *                                      closing ──▶ closed
 */
export type ConnectionState =
  | { readonly status: 'connecting'; readonly attempt: number }
  | { readonly status: 'open'; readonly connectionNumber: number; readonly protocol: string }
  | {
      readonly status: 'waiting'
      /** The number that the next attempt will have. */
      readonly attempt: number
      /** How long it waits in all, in milliseconds. */
      readonly delay: number
      /** Why there is something to wait for. */
      readonly cause: Error
    }
  | {
      readonly status: 'closing'
      readonly initiator: Initiator
      readonly code: number
      readonly reason: string
    }
  | { readonly status: 'closed'; readonly close: CloseInfo }

export type Status = ConnectionState['status']

const TRANSITIONS: Readonly<Record<Status, readonly Status[]>> = {
  connecting: ['open', 'waiting', 'closing'],
  open: ['waiting', 'closing'],
  waiting: ['connecting', 'closing'],
  closing: ['closed'],
  closed: [],
}

/** Throws unless the machine may go from one state to the other; a throw here is a bug of Holdfast's. */
export function checkTransition(from: Status, to: Status): void {
  if (!TRANSITIONS[from].includes(to)) throw new Error(`Holdfast: no way leads from ${from} to ${to}`)
}

/** Passed to `@OnOpen`. */
export interface OpenInfo {
  /** True when this class instance has been open before. */
  readonly isReconnect: boolean
  /** Which physical connection this is, counted from 1. */
  readonly connectionNumber: number
  /** The try that succeeded, counted from 1 and anew after a connection that held for `minUptime`. */
  readonly attempt: number
  /** Which physical connection this one replaces while that still lives: `reconnect({ overlap: true })`, or `maxAge`. */
  readonly replaces?: number
  /** How long there was no connection, in milliseconds; 0 the first time, and in an overlap. */
  readonly downtime: number
  /** The subprotocol that the server chose; `''` where there is none. */
  readonly protocol: string
  /** The headers of the server's answer to the handshake, names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Holds a connection's state, and what belongs to it: its timer, which leaving it cancels, and those who wait for `open`. */
export class StateMachine {
  readonly #id: string
  readonly #clock: Clock
  /** Resolves in the state `closed`. */
  readonly closed = new LazyDeferred<CloseInfo>()
  #state: ConnectionState = { status: 'connecting', attempt: 1 }
  /** For those who wait for \`open\`, while there are any. */
  #opened: Deferred<void> | undefined
  /** perf: saves 42 B per idle connection. */
  #madeClosing: LazySignal | undefined
  #timer: Timer | undefined

  constructor(id: string, clock: Clock) {
    this.#id = id
    this.#clock = clock
  }

  get #closing(): LazySignal {
    return (this.#madeClosing ??= new LazySignal())
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** True once nothing new is to be begun. */
  get isClosing(): boolean {
    return this.#state.status === 'closing' || this.#state.status === 'closed'
  }

  /** Aborts when the connection begins to close for good. */
  get signal(): AbortSignal {
    return this.#closing.signal
  }

  /** True while the state's timer has not fired. */
  get isTiming(): boolean {
    return this.#timer !== undefined
  }

  /** Resolves at the next opening, or at once while open; rejects when there will be none. */
  whenOpen(): Promise<void> {
    if (this.#state.status === 'open') return RESOLVED
    const opened = (this.#opened ??= deferred())
    if (this.isClosing) this.#rejectOpened()
    return opened.promise
  }

  /** Enters a state; a transition that the table does not have is a bug of Holdfast's. */
  transitionTo(next: ConnectionState): void {
    const from = this.#state.status
    checkTransition(from, next.status)
    this.cancelTimer()
    this.#state = next
    if (next.status === 'closing') this.#rejectOpened()
    else if (next.status === 'open') {
      this.#opened?.resolve()
      this.#opened = undefined
    }
    publishState({ connection: this.#id, from, to: next.status })
  }

  #rejectOpened(): void {
    this.#opened?.reject(new ConnectionClosedError('The connection is closing'))
    this.#opened = undefined
  }

  /** Changes the facts of the present state, which is no transition. */
  updateFacts(state: ConnectionState): void {
    this.#state = state
  }

  /** Tells those who ask for the signal that the end has begun. */
  abort(reason: Error): void {
    this.#closing.abort(reason)
  }

  /** Starts the timer of the present state. */
  startTimer(delay: number, over: () => void): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined
      over()
    }, delay)
  }

  cancelTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
