import type { Codec } from '../codecs/codec.js'
import type { ConnectionLostError } from '../errors/connection-errors.js'

/** Counts what of a link is with the handlers, so that reading stops where they cannot follow. */
export interface ReadCounter {
  /** Counts a message of so many bytes as one that waits to be handled. */
  add(bytes: number): void
  /** Counts one as handled, or given up. */
  remove(bytes: number): void
}

/**
 * Why a message did not get where it was to go: a newer one took its place, there is no handler for it, or there was no socket to send
 * it over.
 */
export type Miss = 'conflated' | 'unhandled' | 'dropped'

/** The part of a link that dispatch uses. */
export interface LinkPort {
  /** Which physical connection it is, counted from 1. */
  readonly number: number
  /** Aborts when this physical connection is lost. */
  readonly signal: AbortSignal
  /** The codec of its messages. */
  readonly codec: Codec
  /** The error of a send on this link; `undefined` while it is open. It is open no more some time before its signal aborts. */
  readonly refusal: ConnectionLostError | undefined
  /**
   * Sends on this very link, also while the connection is closing.
   *
   * @throws ConnectionLostError when the link is gone
   */
  send(data: string | Uint8Array): Promise<void>
  readonly readCounter: ReadCounter
  /**
   * Counts a message that does not get where it was to go.
   *
   * @param raw the message, where there is no handler for it: the next ones with its key may be skipped
   */
  count(miss: Miss, raw?: string | Uint8Array): void
}
