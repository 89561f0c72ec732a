import type { PendingRequest } from './pending-request.js'
import type { RequestIds } from './request-ids.js'

/** The requests that have been sent and wait for a reply, by what a reply names them by. */
export class InFlightRequests {
  readonly #ids: RequestIds | undefined
  readonly #byKey = new Map<unknown, PendingRequest>()
  /** Those with a `match`, so that other messages cost nothing. */
  readonly #matching = new Set<PendingRequest>()

  /** @param ids `undefined` if the API has no IDs */
  constructor(ids: RequestIds | undefined) {
    this.#ids = ids
  }

  get size(): number {
    return this.#byKey.size
  }

  get(key: unknown): PendingRequest | undefined {
    return this.#byKey.get(key)
  }

  has(request: PendingRequest): boolean {
    return this.#byKey.get(request.key) === request
  }

  all(): PendingRequest[] {
    return [...this.#byKey.values()]
  }

  /** Returns those with a `match`, the oldest first. */
  matching(): PendingRequest[] {
    return [...this.#matching]
  }

  /**
   * Adds a request that is being sent, and returns the message with its ID.
   *
   * @throws TypeError when `nextId` returns none
   */
  add(request: PendingRequest): unknown {
    const message = this.#identify(request)
    this.#byKey.set(request.key, request)
    if (request.options.match) this.#matching.add(request)
    return message
  }

  #identify(request: PendingRequest): unknown {
    const { message } = request
    if (!this.#ids) {
      request.markSent({ id: undefined, key: request })
      return message
    }
    if (request.hasOwnId) {
      this.#ids.markUsed(request.key)
      request.markSent(request)
      return message
    }
    const next = this.#ids.next()
    const identified = this.#ids.write(message, next.id)
    this.#ids.reserve(next.key)
    request.markSent(next)
    return identified
  }

  /** Removes a request. An ID that was made for it is valid on this connection only. */
  remove(request: PendingRequest): void {
    if (!this.has(request)) return
    this.#byKey.delete(request.key)
    this.#matching.delete(request)
    if (!request.hasOwnId) this.#ids?.release(request.key)
  }
}
