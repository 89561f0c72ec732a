import type { PendingRequest } from './pending-request.js'
import { RequestIds } from './request-ids.js'
import type { RequestId } from './request-ids.js'
import type { RequestOptions, RequestsSettings } from './request-options.js'

/** Identifies a request in flight whose message has no ID yet. */
class HeldKey {}

/** The requests that have been sent and wait for a reply, by what a reply names them by. */
export class InFlightRequests {
  /** The IDs of the link; `undefined` if the API has none. */
  readonly ids: RequestIds | undefined
  /** Requests in flight, and those that wait for their turn with an ID of their own: nobody else may have that. */
  readonly #byKey = new Map<unknown, PendingRequest>()
  /** Those with a `match`, so that other messages cost nothing. */
  readonly #matching = new Set<PendingRequest>()
  #size = 0

  constructor(settings: RequestsSettings) {
    if (settings.ids) this.ids = new RequestIds(settings.ids, settings, this.#byKey)
  }

  /**
   * Reads the id that a request brings along.
   *
   * @throws TypeError when another pending request has it, or when the message can have none and there is no `match`
   */
  ownId(message: unknown, { match }: RequestOptions): RequestId | undefined {
    const { ids } = this
    if (!ids && !match) throw new TypeError('match is required when requests.id is false')
    // The ID of a message that a function makes is known once it is made.
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

  /** Tells whether a request is in flight, and its message has left with its ID. */
  isIdentified(request: PendingRequest): boolean {
    return this.has(request) && !(request.key instanceof HeldKey)
  }

  all(): PendingRequest[] {
    return [...this.#byKey.values()].filter(({ place }) => !place)
  }

  get hasMatching(): boolean {
    return this.#matching.size > 0
  }

  /** Returns those with a `match`, the oldest first. */
  matching(): PendingRequest[] {
    return [...this.#matching]
  }

  /** Keeps the ID that a waiting request has brought along for it. */
  reserve(request: PendingRequest): void {
    if (request.hasOwnId) this.#byKey.set(request.key, request)
  }

  /** Tells whether another pending request has the ID that a request has brought along. */
  isTaken(request: PendingRequest): boolean {
    return request.hasOwnId && this.#byKey.has(request.key)
  }

  /**
   * Adds a request that is being sent, and returns the message with its ID.
   *
   * @throws TypeError when `nextId` returns none
   */
  add(request: PendingRequest): unknown {
    const { id, key, hasOwnId, message } = request
    const identified = this.#identify(request, message, hasOwnId ? { id, key } : undefined)
    this.#size += 1
    return identified
  }

  /** Adds a request whose message has no ID yet: no reply can be meant for it until `identifyLate`. */
  addLate(request: PendingRequest): void {
    request.markHeld(new HeldKey())
    this.#byKey.set(request.key, request)
    this.#size += 1
  }

  /**
   * Returns the message of such a request, made by now, with its ID: the one that it has, or a new one.
   *
   * @throws TypeError when the message can have no ID, or has one that is in use, or when `nextId` returns none
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

  /** Removes a request, and frees its ID. */
  remove(request: PendingRequest): void {
    if (this.#byKey.get(request.key) !== request) return
    this.#byKey.delete(request.key)
    if (request.place) return
    this.#size -= 1
    this.#matching.delete(request)
  }
}
