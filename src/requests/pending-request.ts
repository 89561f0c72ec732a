import type { Clock, Timer } from '../core/clock.js'
import { toError } from '../core/error-text.js'
import { RequestTimeoutError } from '../errors/request-errors.js'
import type { RequestId } from './request-ids.js'
import type { RequestOptions } from './request-options.js'

/** Receives the replies to one request. */
export interface ReplySink {
  /** Takes a reply, and returns whether it was the last. */
  intercept(message: unknown, request: PendingRequest): boolean
  fail(error: Error, isAborted: boolean): void
}

/** One request from the call to its end, with its ID, its deadline and its signal. */
export class PendingRequest {
  readonly message: unknown
  readonly options: RequestOptions
  readonly sink: ReplySink
  readonly hasOwnId: boolean
  #id: unknown
  #key: unknown
  #wasSent = false
  #startTimer: (() => Timer) | undefined
  #timer: Timer | undefined
  #onAbort: (() => void) | undefined

  /** @param own the ID that the message already has */
  constructor(message: unknown, options: RequestOptions, sink: ReplySink, own: RequestId | undefined) {
    this.message = message
    this.options = options
    this.sink = sink
    this.hasOwnId = own !== undefined
    this.#id = own?.id
    this.#key = own?.key
  }

  /** The ID that it was sent with last, or that its message already has. */
  get id(): unknown {
    return this.#id
  }

  /** Identifies it among the requests in flight: the key of the ID, or the request itself if the API has no IDs. */
  get key(): unknown {
    return this.#key
  }

  get wasSent(): boolean {
    return this.#wasSent
  }

  /** Records the ID that it is sent with. */
  markSent({ id, key }: RequestId): void {
    this.#id = id
    this.#key = key
    this.#wasSent = true
  }

  /**
   * Starts the deadline, and watches the signal.
   *
   * @param fail called if the request times out or is aborted
   */
  start(clock: Clock, timeout: number | false, fail: (error: Error, isAborted: boolean) => void): void {
    const { signal } = this.options
    if (signal) {
      this.#onAbort = () => fail(toError(signal.reason), true)
      signal.addEventListener('abort', this.#onAbort)
    }
    if (timeout === false) return
    const onTimeout = (): void => fail(new RequestTimeoutError(timeout, this.#id, this.#wasSent), false)
    this.#startTimer = () => clock.setTimeout(onTimeout, timeout)
    this.restartTimer()
  }

  restartTimer(): void {
    this.#timer?.cancel()
    this.#timer = this.#startTimer?.()
  }

  /** Ends the deadline, and leaves the signal alone. */
  stop(): void {
    this.#timer?.cancel()
    if (this.#onAbort) this.options.signal?.removeEventListener('abort', this.#onAbort)
  }
}
