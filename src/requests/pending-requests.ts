import type { Clock } from '../core/clock.js'
import { deferred } from '../core/deferred.js'
import { toError } from '../core/error-text.js'
import { DEFAULT_HIGH_WATER_MARK } from '../core/water-marks.js'
import { ReplyError, UnreadRepliesError } from '../errors/request-errors.js'
import { InFlightRequests } from './in-flight-requests.js'
import { PendingRequest } from './pending-request.js'
import type { ReplySink } from './pending-request.js'
import { ReplyStream } from './reply-stream.js'
import { RequestIds } from './request-ids.js'
import type { RequestManyOptions, RequestOptions, RequestsSettings } from './request-options.js'
import { RequestQueue } from './request-queue.js'

/** Sends requests, and receives their errors. */
export interface RequestsPort {
  /**
   * Hands a message to the socket, at once and past any outbox.
   *
   * @throws EncodeError when it cannot be encoded
   */
  send(message: unknown): void
  /** Tells whether what is asked just now may go at once: while ready, and from inside `@OnOpen`. */
  canSend(): boolean
  /** Called whenever the number of pending requests has changed. */
  onChange(): void
  /** Called when a function of the options threw at a message that belongs to no request: it goes to the handlers. */
  onError(thrown: unknown): void
}

/**
 * The requests of one connection that have not been settled: each is settled once, and leaves nothing behind.
 *
 *   request() ──▶ waiting ── ready() ──▶ queued ── fewer than `limit` under way ──▶ under way ──▶ settled
 *                    ▲                                                                  │
 *                    └────────────────────── lost(), with `resend` ─────────────────────┘
 */
export class PendingRequests {
  readonly #settings: RequestsSettings
  readonly #clock: Clock
  readonly #port: RequestsPort
  readonly #ids: RequestIds | undefined
  /** All of them, in the order of the calls. */
  readonly #requests = new Set<PendingRequest>()
  readonly #inFlight: InFlightRequests
  readonly #queue: RequestQueue
  #unmatched = 0
  #closedWith: Error | undefined

  constructor(settings: RequestsSettings, clock: Clock, port: RequestsPort) {
    this.#settings = settings
    this.#clock = clock
    this.#port = port
    if (settings.ids) this.#ids = new RequestIds(settings.ids, settings)
    this.#inFlight = new InFlightRequests(this.#ids)
    this.#queue = new RequestQueue({
      canSend: () => port.canSend(),
      isFull: () => this.#inFlight.size >= settings.limit,
      send: (request) => this.#send(request),
    })
  }

  /** How many requests are pending, those that have not been sent included. */
  get size(): number {
    return this.#requests.size
  }

  /** How many replies came that no request was waiting for: late, duplicate, foreign, or an error without an id. */
  get unmatched(): number {
    return this.#unmatched
  }

  /**
   * Asks, and resolves with the result of the reply. The message is read when it is sent. The promise may be left alone: a
   * rejection that comes before anybody awaits it is not "unhandled".
   *
   * @throws TypeError when the message can have no id, has one that is in use, or has neither an id nor a `match`
   */
  request(message: unknown, options: RequestOptions = {}): Promise<unknown> {
    const ends = deferred<unknown>()
    this.#add(message, options, {
      intercept: (reply) => {
        ends.resolve(this.#settings.result(reply))
        return true
      },
      fail: (error) => ends.reject(error),
    })
    return ends.promise
  }

  /**
   * Asks at once, and iterates over the results of all replies until the last. It counts as under way until then; leaving the
   * loop early forgets it. What bounds it: at most `highWaterMark` replies wait to be read.
   *
   * @throws TypeError like {@link request}
   */
  requestMany(message: unknown, options: RequestManyOptions): AsyncIterableIterator<unknown, undefined> {
    const { highWaterMark = DEFAULT_HIGH_WATER_MARK, isLast } = options
    const replies: ReplyStream = new ReplyStream(() => this.#end(request))
    const request = this.#add(message, options, {
      intercept: (reply, { id }) => {
        if (replies.unread >= highWaterMark) throw new UnreadRepliesError(id, replies.unread)
        replies.push(this.#settings.result(reply))
        if (!isLast(reply)) return false
        replies.end()
        return true
      },
      fail: (error, isAborted) => replies.end(error, isAborted),
    })
    return replies
  }

  /** Gives a received message to the request that it is a reply to, and tells whether there was one. */
  take(message: unknown): boolean {
    let key: unknown
    try {
      const id = this.#settings.replyId(message)
      if (id == null) return this.#takeWithoutId(message)
      key = this.#settings.idKey(id)
    } catch (thrown) {
      this.#port.onError(thrown)
      return false
    }
    const request = this.#inFlight.get(key)
    if (request) return this.#offer(request, message, true)
    this.#unmatched += 1
    return false
  }

  /** Sends what waits, as far as the limit lets it: first what is asked again, then the rest in order. */
  onReady(): void {
    this.#queue.onReady()
  }

  /** The connection is lost: what was under way rejects, or waits to be asked again; what was never sent waits on. */
  onLost(error: Error): void {
    this.#ids?.restart()
    this.#releaseResendable(this.#inFlight.all())
    const failed = new Set(this.#inFlight.all())
    this.#queue.onLost([...this.#requests].filter((request) => !failed.has(request)))
    this.#failAll([...failed], error)
  }

  /** The link is being replaced: what is under way on it may still be answered, until the function returned is called. */
  retire(): (error: Error) => void {
    const old = this.#inFlight.all()
    return (error) => {
      const left = old.filter((request) => this.#inFlight.has(request))
      for (const request of this.#releaseResendable(left)) this.#queue.add(request)
      this.#failAll(
        left.filter(({ options }) => !options.resend),
        error,
      )
      this.#queue.flush()
    }
  }

  /** Takes those from under way that are to be sent again, and returns them. */
  #releaseResendable(requests: readonly PendingRequest[]): PendingRequest[] {
    const kept = requests.filter(({ options }) => options.resend)
    for (const request of kept) this.#inFlight.remove(request)
    return kept
  }

  /** The connection is closed for good: everything rejects, and so does what is asked later. */
  onClosed(error: Error): void {
    this.#closedWith ??= error
    this.#queue.onClosed()
    this.#failAll([...this.#requests], error)
  }

  /** Rejects everything that is under way. What waits its turn goes on in the next turn of the event loop. */
  rejectAll(error: Error): void {
    this.#failAll(this.#inFlight.all(), error)
    if (this.#queue.hasQueued) this.#clock.nextTurn(() => this.#queue.flush())
  }

  /** Writes the next id into a message that is not a request, such as a heartbeat. What has an id, or can have none, passes as it is. */
  withId(message: unknown): unknown {
    return this.#ids ? this.#ids.assignId(message) : message
  }

  /** Notes the id of a message that is sent beside the requests, a subscription say: no request of this connection will be given it. */
  markUsed(message: unknown): void {
    this.#ids?.markUsedIdOf(message)
  }

  #add(message: unknown, options: RequestOptions, sink: ReplySink): PendingRequest {
    if (!this.#ids && !options.match)
      throw new TypeError('A request needs a match where requests.id is false')
    const request = new PendingRequest(message, options, sink, this.#ids?.read(message))
    const { signal, timeout = this.#settings.timeout } = options
    if (this.#closedWith || signal?.aborted) {
      sink.fail(this.#closedWith ?? toError(signal?.reason), false)
      return request
    }
    this.#requests.add(request)
    if (request.hasOwnId) this.#ids?.reserve(request.key)
    request.start(this.#clock, timeout, (error, isAborted) => this.#fail(request, error, isAborted))
    this.#queue.add(request)
    this.#port.onChange()
    this.#queue.flush()
    return request
  }

  #send(request: PendingRequest): void {
    try {
      // Added before it is sent: a reply, or the loss of the connection, may come from within.
      this.#port.send(this.#inFlight.add(request))
    } catch (thrown) {
      this.#fail(request, toError(thrown))
    }
  }

  #takeWithoutId(message: unknown): boolean {
    // A copy, for a matcher that throws lets the next request go out, which this message is no reply to.
    for (const request of this.#inFlight.matching()) {
      if (this.#inFlight.has(request) && this.#offer(request, message, false)) return true
    }
    if (this.#settings.error(message) != null) this.#unmatched += 1
    return false
  }

  /** Gives a message to a request that may want it, and tells whether it did; what throws meanwhile ends that request. */
  #offer(request: PendingRequest, message: unknown, hasItsId: boolean): boolean {
    const isMatch = (): boolean => request.options.match?.(message, request.id) ?? true
    try {
      if (!hasItsId && !isMatch()) return false
      const details = this.#settings.error(message)
      if (details != null) {
        this.#fail(request, new ReplyError(request.id, details))
        return true
      }
      // An error ends its request, whatever that waits for; anything else with its id has to match, too.
      if (hasItsId && !isMatch()) return false
      if (request.sink.intercept(message, request)) this.#end(request)
      else request.restartTimer()
      return true
    } catch (thrown) {
      this.#fail(request, toError(thrown))
      return hasItsId
    }
  }

  #fail(request: PendingRequest, error: Error, isAborted = false): void {
    request.sink.fail(error, isAborted)
    this.#end(request)
  }

  #failAll(requests: readonly PendingRequest[], error: Error): void {
    if (requests.length === 0) return
    for (const request of requests) {
      this.#remove(request)
      request.sink.fail(error, false)
    }
    this.#port.onChange()
  }

  #end(request: PendingRequest): void {
    if (!this.#remove(request)) return
    this.#port.onChange()
    this.#queue.flush()
  }

  #remove(request: PendingRequest): boolean {
    if (!this.#requests.delete(request)) return false
    this.#inFlight.remove(request)
    this.#queue.delete(request)
    if (request.hasOwnId) this.#ids?.release(request.key)
    request.stop()
    return true
  }
}
