import { drawDelay } from '../core/clock.js'
import type { BackoffSettings, Clock, Timer } from '../core/clock.js'
import { describeValue } from '../core/describe-value.js'
import { reasonOf, toError } from '../core/error-text.js'
import { Fifo } from '../core/fifo.js'
import { ignore, isThenable, syncAnswer } from '../core/thenable.js'
import { checkNumber, plus } from './numbers.js'
import type { SequenceNumber } from './numbers.js'

/** Missing numbers between the last applied change and the next one. */
export interface SnapshotGap {
  /** The first missing number. */
  readonly from: SequenceNumber
  /** The last missing number. Equals `from` if only one is missing. */
  readonly to: SequenceNumber
}

/** The options that apply to each key, with their defaults filled in. */
export interface KeySyncSettings<Snapshot, Change> {
  readonly number?: ((snapshot: Snapshot) => SequenceNumber) | undefined
  readonly range?: ((change: Change) => readonly [first: SequenceNumber, last: SequenceNumber]) | undefined
  readonly apply: (snapshot: Snapshot, change: Change) => unknown
  readonly retry: BackoffSettings
  readonly bufferLimit: number
  readonly clock: Clock
  readonly random: () => number
}

/** Fetches the snapshots for one key, and receives its events. No method throws. */
export interface KeySyncPort<Snapshot> {
  /** Fetches the key's snapshot; `undefined` if the server pushes it. */
  readonly fetch: ((signal: AbortSignal) => PromiseLike<Snapshot>) | undefined
  onReady(snapshot: Snapshot): void
  onGap(gap: SnapshotGap): void
  onError(error: Error): void
  /** Stops the key, because no snapshot will be fetched. */
  stop(): void
}

interface Numbered<Change> {
  readonly first: SequenceNumber
  readonly last: SequenceNumber
  readonly change: Change
}

interface State<Snapshot> {
  readonly snapshot: Snapshot
  /** The number of the last change in the snapshot. */
  readonly number: SequenceNumber
}

/** Maintains the state of one key: a snapshot, and every change since. */
export class KeySync<Snapshot, Change> {
  readonly #settings: KeySyncSettings<Snapshot, Change>
  readonly #port: KeySyncPort<Snapshot>
  /** `undefined` unless the state contains every change. */
  #state: State<Snapshot> | undefined
  /** Changes buffered since `start` or the last gap, while there is no state. */
  readonly #buffer = new Fifo<Numbered<Change>>()
  #fetching: AbortController | undefined
  #timer: Timer | undefined
  /** Number of failed fetches and gaps since a state last stayed valid for `retry.maxDelay`. */
  #failures = 0
  #readyAt = 0
  /** Counts changes if they have no numbers. */
  #arrivals = 0
  #isStopped = false

  constructor(settings: KeySyncSettings<Snapshot, Change>, port: KeySyncPort<Snapshot>) {
    this.#settings = settings
    this.#port = port
  }

  get snapshot(): Snapshot | undefined {
    return this.#state?.snapshot
  }

  /** Fetches the snapshot, once `after` has resolved. */
  start(after: PromiseLike<unknown> | undefined): void {
    if (!after) this.#fetch()
    else {
      after.then(
        () => this.#fetch(),
        (thrown: unknown) => this.#giveUp(thrown),
      )
    }
  }

  /** @throws whatever `range` and `apply` throw, and TypeError if either returns an invalid value */
  change(change: Change): void {
    const numbered = this.#numbered(change)
    const state = this.#state
    if (!state) this.#keep(numbered)
    else if (numbered.last > state.number) {
      if (numbered.first > plus(state.number, 1)) this.#lose(state, numbered)
      else this.#applyNow(state, numbered)
    }
  }

  /**
   * Applies a snapshot that the server pushed, and aborts a running fetch.
   *
   * @throws whatever `number` and `apply` throw, and Error if the snapshot is older than the first buffered change
   */
  take(snapshot: Snapshot): void {
    this.#cease()
    this.#state = undefined
    try {
      this.#begin(snapshot)
    } catch (thrown) {
      this.#retry()
      throw thrown
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#state = undefined
    this.#cease()
  }

  /** Cancels the running or scheduled fetch. */
  #cease(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#fetching?.abort()
    this.#fetching = undefined
  }

  #giveUp(thrown: unknown): void {
    if (this.#isStopped) return
    this.#port.stop()
    const reason = reasonOf(thrown)
    const cause = toError(thrown)
    this.#port.onError(
      new Error(`Snapshot not fetched: the "after" promise rejected (${reason}). Call start() to try again`, {
        cause,
      }),
    )
  }

  #fetch(): void {
    if (this.#isStopped || this.#state || !this.#port.fetch) return
    const fetching = new AbortController()
    this.#fetching = fetching
    void this.#receive(this.#port.fetch, fetching)
  }

  async #receive(
    fetch: (signal: AbortSignal) => PromiseLike<Snapshot>,
    fetching: AbortController,
  ): Promise<void> {
    try {
      const snapshot = await fetch(fetching.signal)
      if (this.#fetching !== fetching) return
      this.#fetching = undefined
      this.#begin(snapshot)
    } catch (thrown) {
      if (fetching.signal.aborted) return
      this.#fetching = undefined
      this.#retry()
      this.#port.onError(toError(thrown))
    }
  }

  /** Applies the buffered changes to a snapshot. The state is valid only if no change is missing between them. */
  #begin(snapshot: Snapshot): void {
    let state = { snapshot, number: this.#numberOf(snapshot) }
    for (let next = this.#buffer.first; next; next = this.#buffer.first) {
      if (next.last > state.number) {
        if (next.first > plus(state.number, 1)) throw olderThan(next.first, state.number)
        state = this.#applied(state, next)
      }
      this.#buffer.shift()
    }
    // `apply` may have stopped the key.
    if (this.#isStopped) return
    this.#state = state
    this.#readyAt = this.#settings.clock.now()
    this.#port.onReady(state.snapshot)
  }

  #applyNow(state: State<Snapshot>, numbered: Numbered<Change>): void {
    try {
      const next = this.#applied(state, numbered)
      if (this.#state === state) this.#state = next
    } catch (thrown) {
      // The change may be partially applied, so the state cannot be trusted. The next snapshot must contain the change.
      this.#fail()
      this.#keep(numbered)
      throw thrown
    }
  }

  #lose({ number }: State<Snapshot>, numbered: Numbered<Change>): void {
    this.#fail()
    this.#keep(numbered)
    this.#port.onGap({ from: plus(number, 1), to: plus(numbered.first, -1) })
  }

  #fail(): void {
    const { clock, retry } = this.#settings
    if (clock.now() - this.#readyAt >= retry.maxDelay) this.#failures = 0
    this.#state = undefined
    this.#retry()
  }

  #retry(): void {
    if (this.#isStopped || !this.#port.fetch) return
    const { clock, retry, random } = this.#settings
    this.#failures += 1
    this.#timer = clock.setTimeout(
      () => {
        this.#timer = undefined
        this.#fetch()
      },
      drawDelay(retry, this.#failures, random),
    )
  }

  /**
   * Buffers a change. If the buffer is full, drops the oldest change. If the snapshot does not contain the dropped change, the gap is
   * detected.
   */
  #keep(numbered: Numbered<Change>): void {
    this.#buffer.push(numbered)
    if (this.#buffer.size > this.#settings.bufferLimit) this.#buffer.shift()
  }

  #applied({ snapshot }: State<Snapshot>, { change, last }: Numbered<Change>): State<Snapshot> {
    const result = syncAnswer(this.#settings.apply(snapshot, change), 'apply') as Snapshot | undefined
    return { snapshot: result === undefined ? snapshot : result, number: last }
  }

  #numberOf(snapshot: Snapshot): SequenceNumber {
    if (!this.#settings.number) return this.#arrivals
    const number: unknown = this.#settings.number(snapshot)
    checkNumber('number()', number, 'return')
    return number
  }

  #numbered(change: Change): Numbered<Change> {
    if (!this.#settings.range) {
      this.#arrivals += 1
      return { first: this.#arrivals, last: this.#arrivals, change }
    }
    const range: unknown = this.#settings.range(change)
    if (!Array.isArray(range) || range.length !== 2) throw noRange(range)
    const [first, last] = range as readonly unknown[]
    checkNumber('The first number that range() returns', first)
    checkNumber('The last number that range() returns', last)
    if (first > plus(last, 1)) throw backwards(first, last)
    return { first, last, change }
  }
}

function olderThan(first: SequenceNumber, number: SequenceNumber): Error {
  const [from, to] = [plus(number, 1), plus(first, -1)]
  return new Error(
    `The snapshot is older than the buffered changes: it ends at ${number}, but they start at ${first} (${from} to ${to} are missing). A newer snapshot is required`,
  )
}

function noRange(range: unknown): TypeError {
  if (isThenable(range)) ignore(range)
  return new TypeError(
    `range must return [first, last], the numbers that the change covers, received ${describeValue(range)}`,
  )
}

function backwards(first: SequenceNumber, last: SequenceNumber): TypeError {
  return new TypeError(
    `range returned [${first}, ${last}], but the first number must not exceed the last. If the server restarted its numbering, call start() for the key`,
  )
}
