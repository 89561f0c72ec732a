import { addAbortCallback, removeAbortCallback } from '../core/abort-callbacks.js'
import { toError } from '../core/error-text.js'
import { RequestTimeoutError } from '../errors/request-errors.js'
import type { RequestFacts } from '../errors/request-errors.js'
import type { Chained } from '../core/fifo.js'
import type { RequestId } from './request-ids.js'
import type { RequestOptions } from './request-options.js'
import type { RequestTimeouts, Timeout } from './request-timeouts.js'

/** Has a request until it is settled, or until another one takes it over. */
export interface RequestOwner {
  /** Ends a request whose asker has left early, with an error unless it has left on purpose, and tells the peer. */
  abandon(request: PendingRequest, error: Error | undefined, isAborted: boolean): void
  /** Sends what waits, as the limit allows. */
  flush(): void
  /** ID of the connection, for errors. */
  readonly client: string
}

/** The place of a request among those that wait for their turn. */
export interface QueuePlace extends Chained<QueuePlace> {
  readonly request: PendingRequest
}

/** One request from the call to its end, with its ID, its time-out and its signal. */
export abstract class PendingRequest {
  readonly message: unknown
  readonly options: RequestOptions
  readonly hasOwnId: boolean
  #owner: RequestOwner
  #id: RequestId | undefined
  /** It was made on a link, or sent on one: if that link is lost, it is lost, too. */
  #isBound: boolean
  #wasSent = false
  #isSettled = false
  #place: QueuePlace | undefined
  #timeout: Timeout | undefined
  #onAbort: (() => void) | undefined

  /**
   * @param own the ID that the message already has
   * @param isBound false if it was made without a link
   */
  constructor(
    message: unknown,
    options: RequestOptions,
    owner: RequestOwner,
    own: RequestId | undefined,
    isBound: boolean,
  ) {
    this.message = message
    this.options = options
    this.hasOwnId = own !== undefined
    this.#owner = owner
    this.#id = own
    this.#isBound = isBound
  }

  /** Takes a reply, and returns whether it was the last. */
  abstract onReply(reply: unknown, result: (reply: unknown) => unknown): boolean
  /** Passes the error to the caller. */
  abstract reject(error: Error, isAborted: boolean): void

  /** The link, or the lobby, that has it now. */
  get owner(): RequestOwner {
    return this.#owner
  }

  /** The ID that it was sent with last, or that its message already has. */
  get id(): unknown {
    return this.#id?.id
  }

  /** Identifies it among the requests in flight: the key of the ID, or the request itself if the API has no IDs. */
  get key(): unknown {
    return this.#id?.key
  }

  /** Names it in an error. */
  get facts(): RequestFacts {
    return { id: this.id, message: this.message, client: this.#owner.client }
  }

  get wasSent(): boolean {
    return this.#wasSent
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  /** False while no link has anything to do with it. */
  get isBound(): boolean {
    return this.#isBound
  }

  /** Its place in the queue of its owner, while it waits for its turn. */
  get place(): QueuePlace | undefined {
    return this.#place
  }

  /** Records that it waits in the queue of `owner`. */
  enter(owner: RequestOwner): QueuePlace {
    this.#owner = owner
    this.#place = { request: this, previous: undefined, next: undefined }
    return this.#place
  }

  /** Records that it waits no longer. */
  leave(): void {
    this.#place = undefined
  }

  /**
   * Records that a link has it, and holds it back: its message has no ID yet.
   *
   * @param key what identifies it among the requests in flight until it has an ID
   */
  markHeld(key: unknown): void {
    this.#id = { id: undefined, key }
    this.#isBound = true
  }

  /** Records that it is sent, and with which ID. */
  markSent(id: RequestId): void {
    this.#id = id
    this.#wasSent = true
    this.#isBound = true
  }

  /** Starts the time-out, and watches the signal. */
  start(timeouts: RequestTimeouts, timeout: number | false): void {
    const { signal } = this.options
    if (signal) {
      this.#onAbort = () => {
        this.#owner.abandon(this, toError(signal.reason), true)
        this.#owner.flush()
      }
      addAbortCallback(signal, this.#onAbort)
    }
    if (timeout !== false) this.#timeout = timeouts.start(this, timeout)
  }

  restartTimeout(): void {
    this.#timeout?.line.restart(this.#timeout)
  }

  /** @param timeout in milliseconds */
  onTimeout(timeout: number): void {
    this.#owner.abandon(this, new RequestTimeoutError(timeout, this.facts, this.#wasSent), false)
  }

  /** Ends the time-out, and leaves the signal alone. */
  settle(): void {
    this.#isSettled = true
    this.#timeout?.line.cancel(this.#timeout)
    this.#timeout = undefined
    const { signal } = this.options
    if (signal && this.#onAbort) removeAbortCallback(signal, this.#onAbort)
  }
}
