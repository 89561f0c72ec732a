import { toError } from '../core/error-text.js'
import { Chain } from '../core/fifo.js'
import { syncAnswer } from '../core/thenable.js'
import type { InFlightRequests } from './in-flight-requests.js'
import type { PendingRequest, QueuePlace, RequestOwner } from './pending-request.js'
import type { RequestsSettings } from './request-options.js'

/** A request that is handed to the link before its message has an ID. */
export interface LateRequestPort {
  readonly isSettled: boolean
  /** Returns the message with the ID of the request. */
  identify(message: unknown): unknown
  /** Rejects the request. */
  fail(error: Error): void
}

/** Sends requests, and says whether it can. */
export interface RequestQueuePort {
  /** ID of the connection, for errors. */
  readonly client: string
  /**
   * Encodes a message, and hands it to the socket, at once and past any outbox.
   *
   * @throws EncodeError when it cannot be encoded
   */
  send(message: unknown): void
  /**
   * Identifies and encodes a message when the link hands it to the socket, unless its request is settled by then.
   *
   * @param source the message, or the function that makes it
   */
  sendLate(source: unknown, request: LateRequestPort): void
  /** True if a message gets its ID no earlier than that: the IDs must be in the order in which the messages leave. */
  readonly identifiesLate: boolean
  /** Tells whether requests may be sent now. */
  canSend(): boolean
  /** Tells whether anything can be sent on the link, also on one that takes no new requests. */
  isOpen(): boolean
  /** Makes the message that tells the peer that a request's asker has left, where the request has no such function itself. */
  readonly cancel: RequestsSettings['cancel']
  /** Called with what was thrown when such a message was made or encoded. */
  onCancelError(thrown: unknown): void
  /** Called whenever the number of pending requests has changed. */
  onChange(): void
}

/** Has requests from the call to their end: they wait for their turn in order, are in flight, and are settled once. */
export class RequestQueue implements RequestOwner {
  readonly #inFlight: InFlightRequests
  readonly #limit: number
  readonly #port: RequestQueuePort
  readonly #waiting = new Chain<QueuePlace>()
  #isFlushing = false

  /** @param limit how many may be in flight at once */
  constructor(inFlight: InFlightRequests, limit: number, port: RequestQueuePort) {
    this.#inFlight = inFlight
    this.#limit = limit
    this.#port = port
  }

  get client(): string {
    return this.#port.client
  }

  /** How many are pending, waiting or in flight. */
  get size(): number {
    return this.#inFlight.size + this.#waiting.size
  }

  /** How many wait for their turn. */
  get waitingSize(): number {
    return this.#waiting.size
  }

  /** Returns all that are pending: those in flight, then those that wait, in order. */
  all(): PendingRequest[] {
    return [...this.#inFlight.all(), ...this.waiting()]
  }

  /** Returns those that wait for their turn, in order. */
  waiting(): PendingRequest[] {
    return this.#waiting.items().map(({ request }) => request)
  }

  /** Adds a request at the end. `flush` sends it. */
  add(request: PendingRequest): void {
    this.#waiting.push(request.enter(this))
    this.#inFlight.reserve(request)
  }

  /** Takes a request out. Its time-out and its signal keep running. */
  remove(request: PendingRequest): void {
    this.#inFlight.remove(request)
    if (!request.place) return
    this.#waiting.remove(request.place)
    request.leave()
  }

  /** Sends what waits, in order, while there is room in flight and the link can send. */
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
      // Added before it is sent: a reply, or the loss of the link, may come from within.
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

  /** Ends a request that needs no further reply. Sends nothing. */
  end(request: PendingRequest): void {
    if (request.isSettled) return
    this.remove(request)
    request.settle()
    this.onChange()
  }

  /** Rejects a request, unless it is settled. Sends nothing. */
  fail(request: PendingRequest, error: Error, isAborted: boolean): void {
    if (this.#reject(request, error, isAborted)) this.onChange()
  }

  /** Ends a request whose asker has left, and tells the peer if the request has been sent on this link. */
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

  /** The option knows a request by its id: where the API has ids, one without any is nothing to it. */
  #cancelMessage({ id, options }: PendingRequest): unknown {
    const isNamed = id !== undefined || !this.#inFlight.ids
    const cancel = options.cancel ?? (isNamed ? this.#port.cancel : undefined)
    return cancel && syncAnswer(cancel(id), 'The cancel function')
  }

  /** Rejects requests together: the change is told once. Sends nothing. */
  failAll(requests: readonly PendingRequest[], error: Error): void {
    for (const request of requests) this.#reject(request, error, false)
    if (requests.length > 0) this.onChange()
  }

  /** Returns whether it was pending. */
  #reject(request: PendingRequest, error: Error, isAborted: boolean): boolean {
    if (request.isSettled) return false
    this.remove(request)
    request.settle()
    request.reject(error, isAborted)
    return true
  }

  /** Tells that the number of pending requests has changed: by `add` or `remove`, whose callers say when. */
  onChange(): void {
    this.#port.onChange()
  }
}
