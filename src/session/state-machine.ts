import type { Clock, Timer } from '../core/clock.js'
import { publishState } from '../core/diagnostics.js'
import { ConnectionClosedError } from '../errors/errors.js'
import { SETTLED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { LazySignal } from '../core/lazy-signal.js'
import { checkTransition } from './state.js'
import type { ConnectionState } from './state.js'

/** Holds a connection's state, and what belongs to it: its timer, which leaving it cancels, and those who wait for `open`. */
export class StateHolder {
  readonly #id: string
  readonly #clock: Clock
  #state: ConnectionState = { status: 'connecting', attempt: 1 }
  /** For those who wait for \`open\`, while there are any. */
  #opened: Deferred<void> | undefined
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
    if (this.#state.status === 'open') return SETTLED
    const opened = (this.#opened ??= deferred())
    if (this.isClosing) this.#openNoMore()
    return opened.promise
  }

  /** Enters a state; a transition that the table does not have is a bug of Holdfast's. */
  enter(next: ConnectionState): void {
    const from = this.#state.status
    checkTransition(from, next.status)
    this.cancelTimer()
    this.#state = next
    if (next.status === 'closing') this.#openNoMore()
    else if (next.status === 'open') {
      this.#opened?.resolve()
      this.#opened = undefined
    }
    publishState({ connection: this.#id, from, to: next.status })
  }

  #openNoMore(): void {
    this.#opened?.reject(new ConnectionClosedError('The connection is closing'))
    this.#opened = undefined
  }

  /** Changes the facts of the present state, which is no transition. */
  amend(state: ConnectionState): void {
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
