import type { Miss } from '../link/link-port.js'

/** Counts of messages that never reached a handler, a request or a socket, across all links of a connection. */
export interface ConnectionStats {
  /** Number of messages and binary frames that had no handler. Each kind is logged once. */
  readonly unhandledMessages: number
  /** Number of messages that were replaced by a newer message with the same key before they were handled (`concurrency.conflate`). */
  readonly conflated: number
  /** Number of replies that matched no request: late replies, duplicates, replies with an unknown ID, and errors without an ID. */
  readonly unmatchedReplies: number
  /** Number of messages that were accepted but never sent. Each is reported in a `MessageDroppedError`. */
  readonly droppedMessages: number
}

/** Counts unhandled, conflated and dropped messages. */
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
