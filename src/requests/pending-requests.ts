import type { Clock } from '../core/clock.js'
import { RESOLVED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { toError } from '../core/error-text.js'
import { syncAnswer } from '../core/thenable.js'
import { BackpressureError, ReplyError, UnreadRepliesError } from '../errors/request-errors.js'
import { InFlightRequests } from './in-flight-requests.js'
import type { PendingRequest } from './pending-request.js'
import { idInUse } from './request-ids.js'
import { REQUEST_DEFAULTS } from './request-options.js'
import type { RequestManyOptions, RequestOptions, RequestsSettings } from './request-options.js'
import { RequestQueue } from './request-queue.js'
import type { RequestQueuePort } from './request-queue.js'
import { RequestTimeouts } from './request-timeouts.js'
import { SingleRequest } from './single-request.js'
import { StreamRequest } from './stream-request.js'
import { unawaitedRequest } from './unawaited-request.js'
import type { UnawaitedRequest } from './unawaited-request.js'

/** Sends the requests of one link, and receives their events. A lobby never sends, so `canSend` is not called for it. */
export interface RequestsPort extends Omit<RequestQueuePort, 'cancel' | 'identifiesLate'> {
  /** True if a heartbeat may go ahead of requests that the rate limit holds back. */
  readonly isRateLimited: boolean
  /** Called when an option function threw for a message that belongs to no request. The handlers receive that message. */
  onError(thrown: unknown): void
  /** Called for a reply that no request was waiting for: late, duplicate, unknown, or an error without an ID. */
  onUnmatched(): void
}

/**
 * The pending requests of one link. Each settles once and is then released completely. Each connection also has a lobby, where requests wait
 * if they were created while there was no link, or if they continue after their link was lost.
 *
 *   lobby  request() ──▶ waiting ── release(), adopt() ──┐            ┌── the lobby or another link adopts it
 *                                                        ▼            │
 *   link   request() ─────────────────────────────────▶ queued ── onLost() if it continues  
 *                                                        │            │
 *                            canSend(), fewer than `limit` in flight  │
 *                                                        ▼            │
 *                                                     in flight ──────┴──▶ settled
 */
export class PendingRequests {
  readonly #settings: RequestsSettings
  readonly #clock: Clock
  readonly #port: RequestsPort
  readonly #isLobby: boolean
  readonly #inFlight: InFlightRequests
  readonly #queue: RequestQueue
  readonly #timeouts: RequestTimeouts
  #endedWith: Error | undefined
  #idle: Deferred<void> | undefined

  /** @param isLobby true for requests that wait for a link. Nothing is sent, and the number of requests is limited */
  constructor(settings: RequestsSettings, clock: Clock, port: RequestsPort, isLobby = false) {
    this.#settings = settings
    this.#clock = clock
    this.#port = port
    this.#isLobby = isLobby
    this.#inFlight = new InFlightRequests(settings)
    this.#queue = new RequestQueue(this.#inFlight, isLobby ? 0 : settings.limit, {
      get facts() {
        return port.facts
      },
      send: (message) => port.send(message),
      sendLate: (source, request) => port.sendLate(source, request),
      identifiesLate: settings.heartbeatIds && port.isRateLimited,
      canSend: () => port.canSend(),
      isOpen: () => port.isOpen(),
      onChange: () => this.#onChange(),
      cancel: settings.cancel,
      onCancelError: (thrown) => port.onCancelError(thrown),
    })
    this.#timeouts = new RequestTimeouts(clock)
  }

  /** Number of pending requests, including unsent ones. */
  get size(): number {
    return this.#queue.size
  }

  /** Resolves when no request is pending. */
  idle(): Promise<void> {
    if (this.size === 0) return RESOLVED
    return (this.#idle ??= deferred()).promise
  }

  #onChange(): void {
    this.#port.onChange()
    if (!this.#idle || this.size > 0) return
    this.#idle.resolve()
    this.#idle = undefined
  }

  /**
   * Sends a request, and resolves with the result from its reply. The message is read when it is sent. You do not have to await the
   * promise: it never causes an unhandled rejection.
   *
   * @throws TypeError if the message has an ID that is in use, or if it cannot have an ID and there is no `match`
   */
  request(message: unknown, options: RequestOptions = {}): Promise<unknown> {
    const own = this.#inFlight.ownId(message, options)
    const request = new SingleRequest(message, options, this.#queue, own, !this.#isLobby)
    this.#add(request)
    return request.promise
  }

  /**
   * Sends a request immediately, and iterates over the results from all replies. The request is in flight until the last reply. Leaving the
   * loop early cancels the request. Up to `highWaterMark` replies can be unread.
   *
   * @throws TypeError like {@link request}
   */
  requestMany(message: unknown, options: RequestManyOptions): AsyncIterableIterator<unknown, undefined> {
    const own = this.#inFlight.ownId(message, options)
    const request = new StreamRequest(message, options, this.#queue, own, !this.#isLobby)
    this.#add(request)
    return request.replies
  }

  /** Passes a received message to the request that it replies to, and returns whether there was one. */
  take(message: unknown): boolean {
    let key: unknown
    try {
      const id = syncAnswer(this.#settings.replyId(message), 'requests.replyId')
      if (id == null) {
        if (this.#offerToMatching(message, () => true)) return true
        if (errorOf(this.#settings, message) != null) this.#port.onUnmatched()
        return false
      }
      key = syncAnswer(this.#settings.idKey(id), 'requests.idKey')
    } catch (thrown) {
      this.#port.onError(thrown)
      return false
    }
    const request = this.#inFlight.get(key)
    if (request) return this.#offer(request, message, true)
    // Requests without an ID are found only by their match function, regardless of the message's ID.
    if (this.#offerToMatching(message, (id) => id === undefined)) return true
    this.#port.onUnmatched()
    return false
  }

  /** Sends waiting requests in order, as far as the limit and the link allow. Call it when `canSend()` may have become true. */
  flush(): void {
    this.#queue.flush()
  }

  /** Removes and returns all waiting requests so that a link can adopt them. Their timeouts and signals stay active. */
  release(): PendingRequest[] {
    const released = this.#queue.waiting()
    for (const request of released) this.#queue.remove(request)
    if (released.length > 0) this.#queue.onChange()
    return released
  }

  /**
   * Adopts requests from the lobby or from a lost link, and sends them as the limit allows. Requests that were sent on an earlier link come
   * first, then the others, in order. If a pending request already has an adopted request's ID, the adopted request rejects with a
   * TypeError.
   */
  adopt(requests: readonly PendingRequest[]): void {
    // An abort may have settled some of them by now.
    const pending = requests.filter(({ isSettled }) => !isSettled)
    if (pending.length === 0) return
    for (const request of pending) if (request.wasSent) this.#adoptOne(request)
    for (const request of pending) if (!request.wasSent) this.#adoptOne(request)
    this.#queue.onChange()
    this.#queue.flush()
  }

  #adoptOne(request: PendingRequest): void {
    const error = this.#endedWith ?? (this.#inFlight.isTaken(request) ? idInUse(request.id) : undefined)
    if (error) reject(request, error)
    else this.#queue.add(request)
  }

  /**
   * Called when the link is lost. Requests that were created or sent on the link reject in the same turn. Later requests also reject.
   *
   * @returns the requests that continue, which the lobby or another link adopts: those with `resend`, and those that were created while
   * there was no link and were never sent
   */
  onLost(error: Error): PendingRequest[] {
    this.#endedWith ??= error
    const all = this.#queue.all()
    const left = all.filter(goesOn)
    for (const request of left) this.#queue.remove(request)
    if (left.length > 0) this.#queue.onChange()
    this.#queue.failAll(
      all.filter((request) => !goesOn(request)),
      error,
    )
    return left
  }

  /** Called when the connection is closed. All requests reject. Later requests reject immediately. */
  onClosed(error: Error): void {
    this.#endedWith ??= error
    this.#queue.failAll(this.#queue.all(), error)
  }

  /** Rejects the requests that were created or sent on a link. The other waiting requests continue in the next turn of the event loop. */
  rejectAll(error: Error): void {
    this.#queue.failAll(
      this.#queue.all().filter(({ isBound }) => isBound),
      error,
    )
    if (this.#queue.size > 0) this.#clock.nextTurn(() => this.#queue.flush())
  }

  /** Adds the next ID to a message that is not a request, such as a heartbeat. Returns a message unchanged if it has an ID or cannot have one. */
  withId(message: unknown): unknown {
    return this.#inFlight.ids ? this.#inFlight.ids.assignId(message) : message
  }

  /** Records the ID of a message that is not a request, for example a subscription. No request on this link will get that ID. */
  markUsed(message: unknown): void {
    this.#inFlight.ids?.markUsedIdOf(message)
  }

  /**
   * Adds one of this link's IDs to a message. The caller recognizes the reply with the returned `isReply` function.
   *
   * @throws TypeError if the message cannot have an ID, or has one that is in use
   */
  identify(message: unknown): UnawaitedRequest {
    return unawaitedRequest(message, this.#inFlight.ids, this.#settings)
  }

  // --- the steps of a request -------------------------------------------------------------------------------------------

  #add(request: PendingRequest): void {
    const { signal, timeout = this.#settings.timeout } = request.options
    const error = this.#endedWith ?? (signal?.aborted ? toError(signal.reason) : this.#overflow)
    if (error) {
      reject(request, error)
      return
    }
    this.#queue.add(request)
    request.start(this.#timeouts, timeout)
    this.#queue.onChange()
    this.#queue.flush()
  }

  /** Error for a new request if the lobby is full; otherwise `undefined`. */
  get #overflow(): BackpressureError | undefined {
    if (!this.#isLobby) return undefined
    const most = Math.max(this.#settings.limit, REQUEST_DEFAULTS.limit)
    if (this.#queue.waitingSize < most) return undefined
    return new BackpressureError(most, 'requests')
  }

  #offerToMatching(message: unknown, isAsked: (id: unknown) => boolean): boolean {
    if (!this.#inFlight.hasMatching) return false
    // Iterates over a copy: if a matcher throws, the next request is sent, and this message cannot be the reply to that request.
    return this.#inFlight
      .matching()
      .some(
        (request) =>
          isAsked(request.id) && this.#inFlight.has(request) && this.#offer(request, message, false),
      )
  }

  /** Offers a message to a request, and returns whether the request accepted it. If a callback throws, the request ends. */
  #offer(request: PendingRequest, message: unknown, hasItsId: boolean): boolean {
    try {
      if (!hasItsId && !isMatch(request, message)) return false
      const details = errorOf(this.#settings, message)
      if (details != null) {
        this.#fail(request, new ReplyError(request.facts, details))
        return true
      }
      // An error reply always ends its request. Any other message with the request's ID must also match.
      if (hasItsId && !isMatch(request, message)) return false
      if (request.onReply(message, this.#settings.result)) {
        this.#queue.end(request)
        this.#queue.flush()
      } else request.restartTimeout()
      return true
    } catch (thrown) {
      this.#fail(request, toError(thrown))
      return hasItsId
    }
  }

  #fail(request: PendingRequest, error: Error): void {
    // Too many unread replies cancel the request, so the server must be notified.
    if (error instanceof UnreadRepliesError) this.#queue.abandon(request, error, false)
    else this.#queue.fail(request, error, false)
    this.#queue.flush()
  }
}

function errorOf({ error }: RequestsSettings, message: unknown): unknown {
  return syncAnswer(error(message), 'requests.error')
}

function isMatch({ id, options }: PendingRequest, message: unknown): boolean {
  return syncAnswer(options.match?.(message, id), 'The match function of a request') ?? true
}

/** Returns whether a request continues after its link is lost. */
function goesOn({ isBound, options }: PendingRequest): boolean {
  return options.resend === true || !isBound
}

/** Rejects a request that has no owner. */
function reject(request: PendingRequest, error: Error): void {
  request.settle(error)
  request.reject(error, false)
}
