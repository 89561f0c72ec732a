import { toError } from '../core/error-text.js'
import { Chain } from '../core/fifo.js'
import { syncAnswer } from '../core/thenable.js'
import type { ConnectionDiagnostic, DiagnosticSource } from '../diagnostics/payloads.js'
import type { InFlightRequests } from './in-flight-requests.js'
import type { PendingRequest, QueuePlace, RequestOwner } from './pending-request.js'
import type { RequestsSettings } from './request-options.js'

/** A request that is passed to the link before its message has an ID. */
export interface LateRequestPort {
  readonly isSettled: boolean
  /** Returns the message with the ID of the request. */
  identify(message: unknown): unknown
  /** Rejects the request. */
  fail(error: Error): void
}

/** Sends requests, and determines when they can be sent. */
export interface RequestQueuePort extends DiagnosticSource {
  /**
   * Encodes a message and passes it to the socket immediately. The message bypasses the outbox.
   *
   * @throws EncodeError if it cannot be encoded
   */
  send(message: unknown): void
  /**
   * Adds the ID to a message and encodes it when the link passes it to the socket, unless the request has settled by then.
   *
   * @param source the message, or the function that creates it
   */
  sendLate(source: unknown, request: LateRequestPort): void
  /** True if a message gets its ID only when it is passed to the socket, so that IDs increase in the order of sending. */
  readonly identifiesLate: boolean
  /** Returns whether requests may be sent now. */
  canSend(): boolean
  /** Returns whether the link can send messages, even if it accepts no new requests. */
  isOpen(): boolean
  /** Creates the message that cancels a request on the server. Not used if the request has its own `cancel` function. */
  readonly cancel: RequestsSettings['cancel']
  /** Called if creating or encoding the cancel message threw. */
  onCancelError(thrown: unknown): void
  /** Called whenever the number of pending requests changes. */
  onChange(): void
}

/** Owns requests from the call until they settle. Requests wait in order, are sent, and settle once. */
export class RequestQueue implements RequestOwner {
  readonly #inFlight: InFlightRequests
  readonly #limit: number
  readonly #port: RequestQueuePort
  readonly #waiting = new Chain<QueuePlace>()
  #isFlushing = false

  /** @param limit maximum number of requests in flight */
  constructor(inFlight: InFlightRequests, limit: number, port: RequestQueuePort) {
    this.#inFlight = inFlight
    this.#limit = limit
    this.#port = port
  }

  get facts(): ConnectionDiagnostic {
    return this.#port.facts
  }

  /** Number of requests that are waiting or in flight. */
  get size(): number {
    return this.#inFlight.size + this.#waiting.size
  }

  /** Number of requests that wait to be sent. */
  get waitingSize(): number {
    return this.#waiting.size
  }

  /** Returns all pending requests: those in flight, then the waiting ones in order. */
  all(): PendingRequest[] {
    return [...this.#inFlight.all(), ...this.waiting()]
  }

  /** Returns the waiting requests in order. */
  waiting(): PendingRequest[] {
    return this.#waiting.items().map(({ request }) => request)
  }

  /** Adds a request at the end. `flush` sends it. */
  add(request: PendingRequest): void {
    this.#waiting.push(request.enter(this))
    this.#inFlight.reserve(request)
  }

  /** Removes a request. Its timeout and its signal stay active. */
  remove(request: PendingRequest): void {
    this.#inFlight.remove(request)
    if (!request.place) return
    this.#waiting.remove(request.place)
    request.leave()
  }

  /** Sends waiting requests in order until the limit is reached or the link cannot send. */
  flush(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    let { first } = this.#waiting
    while (first && this.#inFlight.size < this.#limit && this.#port.canSend()) {
      this.#send(first)
      first = this.#waiting.first
    }
    this.#isFlushing = false
  }

  #send(place: QueuePlace): void {
    const { request } = place
    this.#waiting.remove(place)
    request.leave()
    try {
      // The request is added before it is sent, because the reply can arrive, or the link can be lost, during the send.
      if (this.#isIdentifiedLate(request)) this.#sendLate(request)
      else this.#port.send(this.#inFlight.add(request))
    } catch (thrown) {
      this.fail(request, toError(thrown), false)
    }
  }

  #isIdentifiedLate({ message, hasOwnId }: PendingRequest): boolean {
    return typeof message === 'function' || (this.#port.identifiesLate && !hasOwnId)
  }

  #sendLate(request: PendingRequest): void {
    this.#inFlight.addLate(request)
    this.#port.sendLate(request.message, {
      get isSettled() {
        return request.isSettled
      },
      identify: (message) => this.#inFlight.identifyLate(request, message),
      fail: (error) => {
        this.fail(request, error, false)
        this.flush()
      },
    })
  }

  /** Ends a request that expects no more replies. Sends nothing. */
  end(request: PendingRequest): void {
    if (request.isSettled) return
    this.remove(request)
    request.settle()
    this.onChange()
  }

  /** Rejects a request, unless it has settled. Sends nothing. */
  fail(request: PendingRequest, error: Error, isAborted: boolean): void {
    if (this.#reject(request, error, isAborted)) this.onChange()
  }

  /** Ends a request that the caller no longer waits for, and cancels it on the server if it was sent on this link. */
  abandon(request: PendingRequest, error: Error | undefined, isAborted: boolean): void {
    const isKnownToPeer = this.#inFlight.isIdentified(request)
    if (error) this.fail(request, error, isAborted)
    else this.end(request)
    if (isKnownToPeer) this.#cancel(request)
  }

  #cancel(request: PendingRequest): void {
    try {
      const message = this.#port.isOpen() ? this.#cancelMessage(request) : undefined
      if (message !== undefined && this.#port.isOpen()) this.#port.send(message)
    } catch (thrown) {
      this.#port.onCancelError(thrown)
    }
  }

  /** Calls the `requests.cancel` option only if the request has an ID or the API has no IDs. */
  #cancelMessage({ id, options }: PendingRequest): unknown {
    const isNamed = id !== undefined || !this.#inFlight.ids
    const cancel = options.cancel ?? (isNamed ? this.#port.cancel : undefined)
    return cancel && syncAnswer(cancel(id), 'The cancel function')
  }

  /** Rejects requests together, and reports the change once. Sends nothing. */
  failAll(requests: readonly PendingRequest[], error: Error): void {
    for (const request of requests) this.#reject(request, error, false)
    if (requests.length > 0) this.onChange()
  }

  /** Rejects a request if it is pending, and returns whether it was. */
  #reject(request: PendingRequest, error: Error, isAborted: boolean): boolean {
    if (request.isSettled) return false
    this.remove(request)
    request.settle(error)
    request.reject(error, isAborted)
    return true
  }

  /** Reports that the number of pending requests has changed. Callers of `add` and `remove` must call this afterward. */
  onChange(): void {
    this.#port.onChange()
  }
}
