import { addAbortCallback, removeAbortCallback } from '../core/abort-callbacks.js'
import { systemClock } from '../core/clock.js'
import type { Clock } from '../core/clock.js'
import { reasonOf, safeString, toError } from '../core/error-text.js'
import { connectionLogger } from '../core/logger.js'
import { isThenable } from '../core/thenable.js'
import { KeySync } from './key-sync.js'
import type { KeySyncSettings, SnapshotGap } from './key-sync.js'
import { checkInteger } from './numbers.js'
import type { SequenceNumber } from './numbers.js'

/** Bounds of the delay before a snapshot is fetched again. The delay is random, below a ceiling that doubles with each failure. */
export interface SnapshotRetryOptions {
  /** Upper bound of the first delay, in milliseconds. @default 1_000 */
  readonly initialDelay?: number | undefined
  /** Upper bound of every delay, in milliseconds. A state that stays valid for this long resets the failure count. @default 30_000 */
  readonly maxDelay?: number | undefined
}

/** Options of a {@link SnapshotSync}. */
export interface SnapshotSyncOptions<Snapshot, Change, Key = string> {
  /**
   * Fetches a key's snapshot. The signal aborts when the key is stopped or restarted, or receives a snapshot through `snapshot()`. If the
   * promise rejects, the error is reported and the fetch is retried after a delay. If the server pushes snapshots, omit this function and
   * pass them to `snapshot()`.
   */
  readonly fetch?:
    ((key: Key, context: { readonly signal: AbortSignal }) => PromiseLike<Snapshot>) | undefined
  /** Returns the number of the last change that a snapshot contains. Required if `range` or `fetch` is set. */
  readonly number?: ((snapshot: Snapshot) => SequenceNumber) | undefined
  /**
   * Returns the first and last numbers that a change covers. If changes contain the number of the previous change, return
   * `[previous + 1, number]`. Required if `number` or `fetch` is set. If neither `number` nor `range` is set, changes are assumed to be
   * complete and in order.
   */
  readonly range?: ((change: Change) => readonly [first: SequenceNumber, last: SequenceNumber]) | undefined
  /** Applies a change. Return a new snapshot, or modify the given one and return nothing. Must be synchronous. */
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a function that changes its argument returns void
  readonly apply: (snapshot: Snapshot, change: Change) => Snapshot | void
  /** Bounds of the delay before a snapshot is fetched again. */
  readonly retry?: SnapshotRetryOptions | undefined
  /** Maximum number of changes to buffer per key until its snapshot arrives. Beyond it, the oldest changes are dropped. @default 10_000 */
  readonly bufferLimit?: number | undefined
  /** Called when a key has its snapshot and every change since. This happens after each `start` and after each gap. */
  readonly onReady?: ((key: Key, snapshot: Snapshot) => void) | undefined
  /** Called when changes to a ready key are missing. `get` returns `undefined` until the next `onReady`. */
  readonly onGap?: ((key: Key, gap: SnapshotGap) => void) | undefined
  /**
   * Called with all other errors: `fetch` or `after` rejected, a snapshot was older than the changes, or a callback threw. If not set,
   * these errors are logged to the console.
   */
  readonly onError?: ((key: Key, error: Error) => void) | undefined
  /** Stops all keys permanently when it aborts. */
  readonly signal?: AbortSignal | undefined
  /** Source of time, for tests. */
  readonly clock?: Clock | undefined
  /** Returns a random number from 0 up to, but not including, 1. For tests. @default Math.random */
  readonly random?: (() => number) | undefined
}

/** Options of `SnapshotSync.start`. */
export interface SnapshotStartOptions {
  /**
   * Promise that resolves when the server has started to send changes, for example when the subscription is acknowledged. A snapshot that
   * is fetched earlier can be older than the first change. If the promise rejects, the key is stopped and `onError` receives the reason.
   */
  readonly after?: PromiseLike<unknown> | undefined
  /** Stops the key when it aborts. For example, `context.signal` in `@OnOpen` aborts when the link ends. */
  readonly signal?: AbortSignal | undefined
}

interface Running<Snapshot, Change> {
  readonly sync: KeySync<Snapshot, Change>
  readonly stop: () => void
  readonly signals: readonly AbortSignal[]
}

const RETRY_DEFAULTS = { initialDelay: 1_000, maxDelay: 30_000 }
const DEFAULT_BUFFER_LIMIT = 10_000

/**
 * Maintains one state per key, such as an order book, from a snapshot and numbered changes. Buffers changes until the snapshot arrives,
 * drops those that the snapshot already contains, and applies the rest in order. Fetches a new snapshot when changes are missing.
 *
 * @typeParam Key identifies a state. Any value that can be a `Map` key works
 */
export class SnapshotSync<Snapshot, Change, Key = string> {
  readonly #options: SnapshotSyncOptions<Snapshot, Change, Key>
  readonly #settings: KeySyncSettings<Snapshot, Change>
  readonly #keys = new Map<Key, Running<Snapshot, Change>>()

  /** @throws TypeError if an option is invalid */
  constructor(options: SnapshotSyncOptions<Snapshot, Change, Key>) {
    const { bufferLimit = DEFAULT_BUFFER_LIMIT, number, range, apply, clock, random } = options
    checkFunctions(options)
    checkInteger('bufferLimit', bufferLimit, 1)
    this.#options = options
    this.#settings = {
      ...(number && { number }),
      ...(range && { range }),
      apply,
      retry: retryOf(options.retry),
      bufferLimit,
      clock: clock ?? systemClock,
      random: random ?? Math.random,
    }
  }

  /**
   * Starts a key. Buffers its changes, and fetches its snapshot immediately or when `after` resolves. If the key is already running, its
   * state is discarded and it starts over. If one of the signals has already aborted, the key is only stopped.
   */
  start(key: Key, { after, signal }: SnapshotStartOptions = {}): void {
    this.stop(key)
    this.#run(key, signal)?.start(after)
  }

  /**
   * Applies a snapshot that the server pushed. The snapshot replaces the state and cancels a pending fetch. If the key is not running, starts it; it then runs until `signal` aborts.
   *
   * @throws Error if the snapshot is older than the first buffered change, or whatever `number` and `apply` throw
   */
  snapshot(key: Key, snapshot: Snapshot, { signal }: Pick<SnapshotStartOptions, 'signal'> = {}): void {
    const sync = this.#keys.get(key)?.sync ?? this.#run(key, signal)
    sync?.take(snapshot)
  }

  /**
   * Applies a change, or buffers it until the snapshot arrives. Changes to keys that are not running are ignored.
   *
   * @throws whatever `range` and `apply` throw. If `apply` throws, the snapshot is fetched again
   * @throws TypeError if `range` does not return two numbers, or `apply` returns a promise
   */
  change(key: Key, change: Change): void {
    this.#keys.get(key)?.sync.change(change)
  }

  /** Returns a key's state; `undefined` unless the state contains every change so far. Do not modify the returned object. */
  get(key: Key): Snapshot | undefined {
    return this.#keys.get(key)?.sync.snapshot
  }

  /**
   * Stops one key or, if called without an argument, all keys. Drops the state and the buffered changes, and aborts the fetch. Later
   * changes are ignored.
   */
  stop(key?: Key): void {
    if (key === undefined) {
      for (const each of [...this.#keys.keys()]) this.stop(each)
      return
    }
    const running = this.#keys.get(key)
    if (!running) return
    this.#keys.delete(key)
    for (const signal of running.signals) removeAbortCallback(signal, running.stop)
    running.sync.stop()
  }

  #run(key: Key, signal?: AbortSignal): KeySync<Snapshot, Change> | undefined {
    const signals = [this.#options.signal, signal].filter((each) => each !== undefined)
    if (signals.some(({ aborted }) => aborted)) return undefined
    const { fetch, onReady, onGap } = this.#options
    const stop = (): void => this.stop(key)
    const sync = new KeySync<Snapshot, Change>(this.#settings, {
      fetch: fetch && ((fetching) => fetch(key, { signal: fetching })),
      onReady: (snapshot) => this.#tell(key, () => onReady?.(key, snapshot)),
      onGap: (gap) => this.#tell(key, () => onGap?.(key, gap)),
      onError: (error) => this.#report(key, error),
      stop,
    })
    for (const each of signals) addAbortCallback(each, stop)
    this.#keys.set(key, { sync, stop, signals })
    return sync
  }

  /** Calls a callback, and reports the errors that it throws. */
  #tell(key: Key, call: () => unknown): void {
    callSafely(call, (error) => this.#report(key, error))
  }

  #report(key: Key, error: Error): void {
    const log = (failure: Error): void => {
      const name = typeof key === 'string' ? JSON.stringify(key) : safeString(key)
      connectionLogger(undefined, 'SnapshotSync').warn(`${name}: ${reasonOf(failure)}`)
    }
    const { onError } = this.#options
    if (onError) callSafely(() => onError(key, error), log)
    else log(error)
  }
}

/** Calls a function, and passes its exception or rejection to `fail`. */
function callSafely(call: () => unknown, fail: (error: Error) => void): void {
  try {
    const result = call()
    if (isThenable(result)) result.then(undefined, (thrown: unknown) => fail(toError(thrown)))
  } catch (thrown) {
    fail(toError(thrown))
  }
}

function checkFunctions<Snapshot, Change, Key>(options: SnapshotSyncOptions<Snapshot, Change, Key>): void {
  for (const name of ['fetch', 'number', 'range', 'apply', 'onReady', 'onGap', 'onError'] as const) {
    const value: unknown = options[name]
    const isMissing = value === undefined && name !== 'apply'
    if (!isMissing && typeof value !== 'function') {
      throw new TypeError(`${name} must be a function, received ${safeString(value)}`)
    }
  }
  const { fetch, number, range } = options
  const missing = number ? 'range' : 'number'
  if (Boolean(number) !== Boolean(range) || (fetch && !number)) {
    throw new TypeError(
      `"${missing}" is required if "${fetch ? 'fetch' : number ? 'number' : 'range'}" is set: snapshots and changes are compared by number`,
    )
  }
}

function retryOf({ initialDelay, maxDelay }: SnapshotRetryOptions = {}): Required<SnapshotRetryOptions> {
  const retry = {
    initialDelay: initialDelay ?? Math.min(RETRY_DEFAULTS.initialDelay, maxDelay ?? Infinity),
    maxDelay: maxDelay ?? Math.max(RETRY_DEFAULTS.maxDelay, initialDelay ?? 0),
  }
  if (retry.initialDelay >= 0 && retry.initialDelay <= retry.maxDelay) return retry
  throw new TypeError(
    `retry.initialDelay must be between 0 and retry.maxDelay (${retry.maxDelay}), received ${retry.initialDelay}`,
  )
}
