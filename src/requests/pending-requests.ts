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

/** Sends the requests of one link, and receives what happens to them. A lobby never sends: its `canSend` is not called. */
export interface RequestsPort extends Omit<RequestQueuePort, 'cancel' | 'identifiesLate'> {
  /** True if a heartbeat may overtake requests that the rate limit holds back. */
  readonly isRateLimited: boolean
  /** Called when a function of the options threw at a message that belongs to no request: it goes to the handlers. */
  onError(thrown: unknown): void
  /** Called for a reply that no request was waiting for: late, duplicate, foreign, or an error without an id. */
  onUnmatched(): void
}

/**
 * The requests of one link that have not been settled: each is settled once, and leaves nothing behind. A connection has one more of
 * these, its lobby: requests wait there that were made without a link, and those that go on after the loss of theirs.
 *
 *   lobby: request() ──▶ waiting ── release(), adopt() ──┐            ┌── the lobby or another link adopts it
 *                                                        ▼            │
 *   link:  request() ─────────────────────────────────▶ queued ── onLost() of what may go on
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

  /** @param isLobby true for the requests that wait for a link: nothing is sent, and only so many may wait */
  constructor(settings: RequestsSettings, clock: Clock, port: RequestsPort, isLobby = false) {
    this.#settings = settings
    this.#clock = clock
    this.#port = port
    this.#isLobby = isLobby
    this.#inFlight = new InFlightRequests(settings)
    this.#queue = new RequestQueue(this.#inFlight, isLobby ? 0 : settings.limit, {
      client: port.client,
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

  /** How many requests are pending, those that have not been sent included. */
  get size(): number {
    return this.#queue.size
  }

  /** Resolves when no request is pending any more. */
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
   * Asks, and resolves with the result of the reply. The message is read when it is sent. The promise may be left alone: a
   * rejection that comes before anybody awaits it is not "unhandled".
   *
   * @throws TypeError when the message has an id that is in use, or when it can have none and there is no `match`
   */
  request(message: unknown, options: RequestOptions = {}): Promise<unknown> {
    const own = this.#inFlight.ownId(message, options)
    const request = new SingleRequest(message, options, this.#queue, own, !this.#isLobby)
    this.#add(request)
    return request.promise
  }

  /**
   * Asks at once, and iterates over the results of all replies until the last. It counts as in flight until then; leaving the
   * loop early forgets it. What bounds it: at most `highWaterMark` replies wait to be read.
   *
   * @throws TypeError like {@link request}
   */
  requestMany(message: unknown, options: RequestManyOptions): AsyncIterableIterator<unknown, undefined> {
    const own = this.#inFlight.ownId(message, options)
    const request = new StreamRequest(message, options, this.#queue, own, !this.#isLobby)
    this.#add(request)
    return request.replies
  }

  /** Gives a received message to the request that it is a reply to, and tells whether there was one. */
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
    // Those without an id are found by their match alone, whatever the message has for an id.
    if (this.#offerToMatching(message, (id) => id === undefined)) return true
    this.#port.onUnmatched()
    return false
  }

  /** Sends what waits, in order, as the limit and the link allow. To be called when `canSend()` may have become true. */
  flush(): void {
    this.#queue.flush()
  }

  /** Lets go of all requests that wait, for a link to adopt them. Their time-outs and signals keep running. */
  release(): PendingRequest[] {
    const released = this.#queue.waiting()
    for (const request of released) this.#queue.remove(request)
    if (released.length > 0) this.#queue.onChange()
    return released
  }

  /**
   * Takes requests over from the lobby or from a lost link, and sends them as the limit allows: those that have been sent before
   * first, then the rest, in order. One whose own id a request here has already rejects with a TypeError.
   */
  adopt(requests: readonly PendingRequest[]): void {
    // An abort may have settled some in between.
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
   * The link is lost: what was made or sent on it rejects, in the same turn, and so does what is made later. What goes on is
   * returned, for the lobby or another link to adopt: requests with `resend`, and those that were made without a link and never sent.
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

  /** The connection is closed for good: everything rejects, and so does what is asked later. */
  onClosed(error: Error): void {
    this.#endedWith ??= error
    this.#queue.failAll(this.#queue.all(), error)
  }

  /** Rejects what was made or sent on a link. What waits its turn beside that goes on in the next turn of the event loop. */
  rejectAll(error: Error): void {
    this.#queue.failAll(
      this.#queue.all().filter(({ isBound }) => isBound),
      error,
    )
    if (this.#queue.size > 0) this.#clock.nextTurn(() => this.#queue.flush())
  }

  /** Writes the next id into a message that is not a request, such as a heartbeat. What has an id, or can have none, passes as it is. */
  withId(message: unknown): unknown {
    return this.#inFlight.ids ? this.#inFlight.ids.assignId(message) : message
  }

  /** Notes the id of a message that is sent beside the requests, a subscription say: no request of this link will be given it. */
  markUsed(message: unknown): void {
    this.#inFlight.ids?.markUsedIdOf(message)
  }

  /**
   * Gives a message an id of this link, and tells its reply, for somebody who finds that without these requests.
   *
   * @throws TypeError when the message can have no id, or has one that is in use
   */
  identify(message: unknown): UnawaitedRequest {
    return unawaitedRequest(message, this.#inFlight.ids, this.#settings)
  }

  // --- what a request goes through --------------------------------------------------------------------------------------

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

  /** The error of one request more in a full lobby. */
  get #overflow(): BackpressureError | undefined {
    if (!this.#isLobby) return undefined
    const most = Math.max(this.#settings.limit, REQUEST_DEFAULTS.limit)
    if (this.#queue.waitingSize < most) return undefined
    return new BackpressureError(most, 'requests')
  }

  #offerToMatching(message: unknown, isAsked: (id: unknown) => boolean): boolean {
    if (!this.#inFlight.hasMatching) return false
    // A copy, for a matcher that throws lets the next request go out, which this message is no reply to.
    return this.#inFlight
      .matching()
      .some(
        (request) =>
          isAsked(request.id) && this.#inFlight.has(request) && this.#offer(request, message, false),
      )
  }

  /** Gives a message to a request that may want it, and tells whether it did; what throws meanwhile ends that request. */
  #offer(request: PendingRequest, message: unknown, hasItsId: boolean): boolean {
    try {
      if (!hasItsId && !isMatch(request, message)) return false
      const details = errorOf(this.#settings, message)
      if (details != null) {
        this.#fail(request, new ReplyError(request.facts, details))
        return true
      }
      // An error ends its request, whatever that waits for; anything else with its id has to match, too.
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
    // A reader that cannot keep up with the replies leaves early, too.
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

/** Tells whether a request outlives the link that has it. */
function goesOn({ isBound, options }: PendingRequest): boolean {
  return options.resend === true || !isBound
}

/** Rejects a request that nothing has. */
function reject(request: PendingRequest, error: Error): void {
  request.settle()
  request.reject(error, false)
}
