import type { PendingRequest } from './pending-request.js'
import { RequestIds } from './request-ids.js'
import type { RequestId } from './request-ids.js'
import type { RequestOptions, RequestsSettings } from './request-options.js'

/** Key of a request that is in flight but whose message has no ID yet. */
class HeldKey {}

/** The requests that were sent and are waiting for a reply, by the ID that the reply will contain. */
export class InFlightRequests {
  /** The IDs of the link; `undefined` if the API has no IDs. */
  readonly ids: RequestIds | undefined
  /** Requests in flight, and waiting requests whose messages already have an ID. No other request may use these IDs. */
  readonly #byKey = new Map<unknown, PendingRequest>()
  /** Requests that have a `match`. If there are none, messages without an ID cost nothing. */
  readonly #matching = new Set<PendingRequest>()
  #size = 0

  constructor(settings: RequestsSettings) {
    if (settings.ids) this.ids = new RequestIds(settings.ids, settings, this.#byKey)
  }

  /**
   * Returns the ID that a request's message already has.
   *
   * @throws TypeError if another pending request has the same ID, or if the message cannot have an ID and there is no `match`
   */
  ownId(message: unknown, { match }: RequestOptions): RequestId | undefined {
    const { ids } = this
    if (!ids && !match) throw new TypeError('match is required when requests.id is false')
    // If a function creates the message, its ID is not known yet.
    if (typeof message === 'function') return undefined
    return match ? ids?.readIfAny(message) : ids?.read(message)
  }

  get size(): number {
    return this.#size
  }

  get(key: unknown): PendingRequest | undefined {
    const request = this.#byKey.get(key)
    return request?.place ? undefined : request
  }

  has(request: PendingRequest): boolean {
    return this.get(request.key) === request
  }

  /** Returns whether a request is in flight and its message was sent with its ID. */
  isIdentified(request: PendingRequest): boolean {
    return this.has(request) && !(request.key instanceof HeldKey)
  }

  all(): PendingRequest[] {
    return [...this.#byKey.values()].filter(({ place }) => !place)
  }

  get hasMatching(): boolean {
    return this.#matching.size > 0
  }

  /** Returns the requests that have a `match`, oldest first. */
  matching(): PendingRequest[] {
    return [...this.#matching]
  }

  /** Reserves the ID of a waiting request whose message already has one. */
  reserve(request: PendingRequest): void {
    if (request.hasOwnId) this.#byKey.set(request.key, request)
  }

  /** Returns whether the request's message already has an ID that another pending request uses. */
  isTaken(request: PendingRequest): boolean {
    return request.hasOwnId && this.#byKey.has(request.key)
  }

  /**
   * Adds a request that is being sent, and returns its message with the ID.
   *
   * @throws TypeError if `nextId` does not return an unused ID
   */
  add(request: PendingRequest): unknown {
    const { id, key, hasOwnId, message } = request
    const identified = this.#identify(request, message, hasOwnId ? { id, key } : undefined)
    this.#size += 1
    return identified
  }

  /** Adds a request whose message has no ID yet. It cannot receive a reply until `identifyLate` is called. */
  addLate(request: PendingRequest): void {
    request.markHeld(new HeldKey())
    this.#byKey.set(request.key, request)
    this.#size += 1
  }

  /**
   * Returns the message of a request that was added with `addLate`. The message keeps its own ID or gets a new one.
   *
   * @throws TypeError if the message cannot have an ID, if its ID is in use, or if `nextId` does not return an unused ID
   */
  identifyLate(request: PendingRequest, message: unknown): unknown {
    const own = request.options.match ? this.ids?.readIfAny(message) : this.ids?.read(message)
    return this.#identify(request, message, own)
  }

  #identify(request: PendingRequest, message: unknown, own: RequestId | undefined): unknown {
    const { match } = request.options
    const next = own || match ? undefined : this.ids?.next()
    const identified = next ? this.ids?.write(message, next.id) : message
    if (own) this.ids?.markUsed(own.key)
    if (request.key instanceof HeldKey) this.#byKey.delete(request.key)
    request.markSent(own ?? next ?? { id: undefined, key: request })
    this.#byKey.set(request.key, request)
    if (match) this.#matching.add(request)
    return identified
  }

  /** Removes a request and frees its ID. */
  remove(request: PendingRequest): void {
    if (this.#byKey.get(request.key) !== request) return
    this.#byKey.delete(request.key)
    if (request.place) return
    this.#size -= 1
    this.#matching.delete(request)
  }
}
