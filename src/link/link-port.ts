import type { Codec } from '../codecs/codec.js'
import type { ConnectionLostError } from '../errors/connection-errors.js'

/** Counts the messages of a link that its handlers are still handling, so that reading can pause. */
export interface ReadCounter {
  /** Counts a message of this size as waiting to be handled. */
  add(bytes: number): void
  /** Counts a message as handled or discarded. */
  remove(bytes: number): void
}

/** Reason why a message did not reach its destination: a newer one replaced it, it has no handler, or there was no socket to send it on. */
export type Miss = 'conflated' | 'unhandled' | 'dropped'

/** Part of a link that dispatch uses. */
export interface LinkPort {
  /** Number of the link within its connection, from 1. */
  readonly number: number
  /** Aborts when this link is lost. */
  readonly signal: AbortSignal
  /** Codec of the messages of this link. */
  readonly codec: Codec
  /** Error of a send on this link; `undefined` while it is open. A link stops being open some time before its signal aborts. */
  readonly refusal: ConnectionLostError | undefined
  /**
   * Sends on this link only, even while the connection is closing.
   *
   * @throws ConnectionLostError if the link was lost
   */
  send(data: string | Uint8Array): Promise<void>
  readonly readCounter: ReadCounter
  /**
   * Counts a message that does not reach its destination.
   *
   * @param raw the message, if it has no handler: later ones with its key can be skipped
   */
  count(miss: Miss, raw?: string | Uint8Array): void
}
