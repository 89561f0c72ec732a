import { addAbortCallback, removeAbortCallback } from '../core/abort-callbacks.js'
import type { Clock } from '../core/clock.js'
import { toError } from '../core/error-text.js'
import { requestChannel } from '../diagnostics/channels.js'
import { describeError } from '../diagnostics/described-error.js'
import type { DiagnosticSource } from '../diagnostics/payloads.js'
import { RequestTimeoutError } from '../errors/request-errors.js'
import type { RequestFacts } from '../errors/request-errors.js'
import type { Chained } from '../core/fifo.js'
import type { RequestId } from './request-ids.js'
import type { RequestOptions } from './request-options.js'
import type { RequestTimeouts, Timeout } from './request-timeouts.js'

/** Owns a request until it settles, or until another owner adopts it. */
export interface RequestOwner extends DiagnosticSource {
  /**
   * Ends a request that the caller no longer waits for, and cancels it on the server. `error` is `undefined` if the caller stopped waiting
   * on purpose.
   */
  abandon(request: PendingRequest, error: Error | undefined, isAborted: boolean): void
  /** Sends waiting requests up to the limit. */
  flush(): void
}

/** Place of a request in the queue. */
export interface QueuePlace extends Chained<QueuePlace> {
  readonly request: PendingRequest
}

/** One request, from the call until it settles, with its ID, its timeout and its signal. */
export abstract class PendingRequest {
  readonly message: unknown
  readonly options: RequestOptions
  readonly hasOwnId: boolean
  #owner: RequestOwner
  #id: RequestId | undefined
  /** True if the request was created or sent on a link. If that link is lost, the request fails, unless it has `resend`. */
  #isBound: boolean
  #wasSent = false
  #isSettled = false
  #place: QueuePlace | undefined
  #timeout: Timeout | undefined
  #onAbort: (() => void) | undefined
  /** Start of the request, if its end will be published. */
  #published: { readonly clock: Clock; readonly start: number } | undefined

  /**
   * @param own the ID that the message already has
   * @param isBound false if the request was created while there was no link
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

  /** Handles a reply, and returns whether it was the last one. */
  abstract onReply(reply: unknown, result: (reply: unknown) => unknown): boolean
  /** Passes the error to the caller. */
  abstract reject(error: Error, isAborted: boolean): void

  /** The owner of the request: a link or the lobby. */
  get owner(): RequestOwner {
    return this.#owner
  }

  /** ID that the request was last sent with, or that its message already has. */
  get id(): unknown {
    return this.#id?.id
  }

  /** Key among the requests in flight: the key of the ID, or the request itself if the API has no IDs. */
  get key(): unknown {
    return this.#id?.key
  }

  /** Details that identify the request in an error. */
  get facts(): RequestFacts {
    return { id: this.id, message: this.message, client: this.#owner.facts.connection }
  }

  get wasSent(): boolean {
    return this.#wasSent
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  /** False if the request has been neither created nor sent on a link. */
  get isBound(): boolean {
    return this.#isBound
  }

  /** Place in the owner's queue while the request waits to be sent. */
  get place(): QueuePlace | undefined {
    return this.#place
  }

  /** Records that the request waits in the queue of `owner`. */
  enter(owner: RequestOwner): QueuePlace {
    this.#owner = owner
    this.#place = { request: this, previous: undefined, next: undefined }
    return this.#place
  }

  /** Records that the request no longer waits. */
  leave(): void {
    this.#place = undefined
  }

  /**
   * Records that a link has accepted the request, but its message has no ID yet.
   *
   * @param key the request's key among the requests in flight until its message has an ID
   */
  markHeld(key: unknown): void {
    this.#id = { id: undefined, key }
    this.#isBound = true
  }

  /** Records that the request is sent with this ID. */
  markSent(id: RequestId): void {
    this.#id = id
    this.#wasSent = true
    this.#isBound = true
  }

  /** Starts the timeout and listens to the signal. */
  start(timeouts: RequestTimeouts, timeout: number | false): void {
    if (requestChannel.hasSubscribers)
      this.#published = { clock: timeouts.clock, start: timeouts.clock.now() }
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

  /**
   * Cancels the timeout and stops listening to the signal.
   *
   * @param error error that the request rejects with, if it does
   */
  settle(error?: Error): void {
    this.#isSettled = true
    if (requestChannel.hasSubscribers && this.#published) publish(this.#owner, this.#published, error)
    this.#timeout?.line.cancel(this.#timeout)
    this.#timeout = undefined
    const { signal } = this.options
    if (signal && this.#onAbort) removeAbortCallback(signal, this.#onAbort)
  }
}

function publish(
  { facts }: DiagnosticSource,
  { clock, start }: { readonly clock: Clock; readonly start: number },
  error: Error | undefined,
): void {
  requestChannel.publish({ ...facts, duration: clock.now() - start, error: error && describeError(error) })
}
