import type { Miss } from '../link/link-port.js'

/** Counts what went past handlers, requests and sockets, over all links of a connection. */
export interface ConnectionStats {
  /** Number of messages and binary frames that no handler takes. Each kind is logged once. */
  readonly unhandledMessages: number
  /** Number of messages replaced by a newer one of the same key before a handler saw them (`concurrency.conflate`). */
  readonly conflated: number
  /** Number of replies that no request was waiting for: late, duplicate, with an unknown ID, or an error without one. */
  readonly unmatchedReplies: number
  /** Number of messages that were accepted for sending and never reached a socket. Each is reported as a `MessageDroppedError`. */
  readonly droppedMessages: number
}

/** Counts messages that did not get where they were to go. */
export class MessageCounter {
  #unhandled = 0
  #conflated = 0
  #dropped = 0

  get unhandled(): number {
    return this.#unhandled
  }

  get conflated(): number {
    return this.#conflated
  }

  get dropped(): number {
    return this.#dropped
  }

  add(miss: Miss, count: number): void {
    if (miss === 'unhandled') this.#unhandled += count
    else if (miss === 'conflated') this.#conflated += count
    else this.#dropped += count
  }
}
