import { describeValue } from '../core/describe-value.js'
import { syncAnswer } from '../core/thenable.js'
import type { IdAccessor, RequestsSettings } from './request-options.js'

/** An id, and what it is compared by. */
export interface RequestId {
  readonly id: unknown
  readonly key: unknown
}

/** Past this many ids that callers brought along on one link, the oldest may be given out anew. */
const MAX_USED = 1_000

/** The ids of one link, which count from 1: no two pending requests have the same. */
export class RequestIds {
  readonly #place: IdAccessor
  readonly #settings: RequestsSettings
  readonly #reserved: ReadonlyMap<unknown, unknown>
  /** Ids that callers brought along: a late reply to one must not find a request that was given it. */
  readonly #used = new Set<unknown>()
  #count = 0

  /** @param reserved what pending requests have, by the key of their id */
  constructor(place: IdAccessor, settings: RequestsSettings, reserved: ReadonlyMap<unknown, unknown>) {
    this.#place = place
    this.#settings = settings
    this.#reserved = reserved
  }

  /**
   * Reads the id that a request brings along.
   *
   * @throws TypeError when another pending request has it, or the message can have none
   */
  read(message: unknown): RequestId | undefined {
    return this.#check(syncAnswer(this.#place.read(message), 'requests.id.read'))
  }

  /**
   * Reads the id that a request brings along that needs none. A message that can have none has none.
   *
   * @throws TypeError when another pending request has it
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

  /** Reads the id of a message; one that can have none has none. */
  #idOf(message: unknown): unknown {
    try {
      return this.#place.read(message)
    } catch {
      return undefined
    }
  }

  /**
   * Makes an id that is nobody's.
   *
   * @throws TypeError when `nextId` gives none
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

  /** Notes that an id that was brought along is being sent. */
  markUsed(key: unknown): void {
    this.#used.add(key)
    const [oldest] = this.#used
    if (this.#used.size > MAX_USED) this.#used.delete(oldest)
  }

  /** Notes the id of a message that is no request; one that has none, or can have none, is nothing to note. */
  markUsedIdOf(message: unknown): void {
    const id = this.#idOf(message)
    if (id != null) this.markUsed(this.#settings.idKey(id))
  }

  /** Writes an id into a message. */
  write(message: unknown, id: unknown): unknown {
    return syncAnswer(this.#place.write(message, id), 'requests.id.write')
  }

  /** Writes the next id into a message that is no request; what has an id, or can have none, is returned as it is. */
  assignId(message: unknown): unknown {
    try {
      if (this.#place.read(message) != null) return message
    } catch {
      return message
    }
    return this.#place.write(message, this.next().id)
  }
}

/** Makes the error of a request whose id another pending request has. */
export function idInUse(id: unknown): TypeError {
  const name =
    typeof id === 'string' || typeof id === 'number' ? `ID ${id}` : `the same ID (${describeValue(id)})`
  return new TypeError(`A request with ${name} is already pending. Omit the ID to have one generated`)
}
