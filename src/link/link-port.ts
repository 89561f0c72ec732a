import type { Codec } from '../codecs/codec.js'
import type { ConnectionLostError } from '../errors/connection-errors.js'

/** Counts the messages of a link that have not been handled yet, so that reading can pause. */
export interface ReadCounter {
  /** Counts a message of this size as waiting to be handled. */
  add(bytes: number): void
  /** Counts a message as handled or discarded. */
  remove(bytes: number): void
}

/** Reason why a message did not reach its destination: a newer one replaced it, it had no handler, or there was no socket to send it on. */
export type Miss = 'conflated' | 'unhandled' | 'dropped'

/** Part of a link that dispatch uses. */
export interface LinkPort {
  /** Number of the link within its connection, starting at 1. */
  readonly number: number
  /** Aborts when this link is lost. */
  readonly signal: AbortSignal
  /** Codec for this link's messages. */
  readonly codec: Codec
  /**
   * Error to throw for a send on this link; `undefined` while the link is open. The link stops being open some time before its signal
   * aborts.
   */
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
   * @param raw the message, if it has no handler: later messages with the same key can be skipped
   */
  count(miss: Miss, raw?: string | Uint8Array): void
}
