import { describeValue } from '../core/describe-value.js'
import { syncAnswer } from '../core/thenable.js'
import type { IdAccessor, RequestsSettings } from './request-options.js'

/** An ID, and the key that represents it in comparisons. */
export interface RequestId {
  readonly id: unknown
  readonly key: unknown
}

/** Maximum number of caller-chosen IDs that are remembered per link. Older ones can be assigned again. */
const MAX_USED = 1_000

/** Assigns the IDs of one link. The count starts at 1. No two pending requests have the same ID. */
export class RequestIds {
  readonly #place: IdAccessor
  readonly #settings: RequestsSettings
  readonly #reserved: ReadonlyMap<unknown, unknown>
  /** IDs that callers chose. They are not assigned to other requests, because a late reply would settle the wrong request. */
  readonly #used = new Set<unknown>()
  #count = 0

  /** @param reserved pending requests by the key of their ID */
  constructor(place: IdAccessor, settings: RequestsSettings, reserved: ReadonlyMap<unknown, unknown>) {
    this.#place = place
    this.#settings = settings
    this.#reserved = reserved
  }

  /**
   * Returns the ID that a request's message already has.
   *
   * @throws TypeError if another pending request has the same ID, or if the message cannot have an ID
   */
  read(message: unknown): RequestId | undefined {
    return this.#check(syncAnswer(this.#place.read(message), 'requests.id.read'))
  }

  /**
   * Returns the ID that a request's message already has; `undefined` for a message that cannot have an ID.
   *
   * @throws TypeError if another pending request has the same ID
   */
  readIfAny(message: unknown): RequestId | undefined {
    return this.#check(this.#idOf(message))
  }

  #check(id: unknown): RequestId | undefined {
    if (id == null) return undefined
    const key = syncAnswer(this.#settings.idKey(id), 'requests.idKey')
    if (this.#reserved.has(key)) throw idInUse(id)
    return { id, key }
  }

  /** Returns the ID of a message; `undefined` for a message that cannot have an ID. */
  #idOf(message: unknown): unknown {
    try {
      return this.#place.read(message)
    } catch {
      return undefined
    }
  }

  /**
   * Returns an unused ID.
   *
   * @throws TypeError if `nextId` does not return one
   */
  next(): RequestId {
    const most = this.#reserved.size + this.#used.size
    for (let tries = 0; tries <= most; tries += 1) {
      this.#count += 1
      const id = syncAnswer(this.#settings.nextId(this.#count), 'requests.nextId')
      const key = syncAnswer(this.#settings.idKey(id), 'requests.idKey')
      if (id != null && !this.#reserved.has(key) && !this.#used.has(key)) return { id, key }
    }
    throw new TypeError('requests.nextId did not return an unused ID. Return a new ID on every call')
  }

  /** Records that a caller-chosen ID is being sent. */
  markUsed(key: unknown): void {
    this.#used.add(key)
    const [oldest] = this.#used
    if (this.#used.size > MAX_USED) this.#used.delete(oldest)
  }

  /** Records the ID of a message that is not a request, if it has one. */
  markUsedIdOf(message: unknown): void {
    const id = this.#idOf(message)
    if (id != null) this.markUsed(this.#settings.idKey(id))
  }

  /** Returns the message with the ID. */
  write(message: unknown, id: unknown): unknown {
    return syncAnswer(this.#place.write(message, id), 'requests.id.write')
  }

  /** Adds the next ID to a message that is not a request. Returns a message unchanged if it has an ID or cannot have one. */
  assignId(message: unknown): unknown {
    try {
      if (this.#place.read(message) != null) return message
    } catch {
      return message
    }
    return this.#place.write(message, this.next().id)
  }
}

/** Returns the error for a request whose ID is used by another pending request. */
export function idInUse(id: unknown): TypeError {
  const name =
    typeof id === 'string' || typeof id === 'number' ? `ID ${id}` : `the same ID (${describeValue(id)})`
  return new TypeError(`A request with ${name} is already pending. Omit the ID to have one generated`)
}
