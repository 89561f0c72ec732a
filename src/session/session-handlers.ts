import type { ConnectionLostError } from '../errors/errors.js'
import type { CloseInfo } from '../link/close-code.js'
import type { Arrival } from '../messages/inbound-message.js'
import type { ConnectionState, OpenInfo, Stage } from './state.js'

/** Counts what of a link is with the handlers, so that reading stops where they cannot follow. */
export interface Pending {
  /** Counts an arrival of so many bytes as one that waits to be handled. */
  taken(bytes: number): void
  /** Counts one as handled, or given up. */
  handled(bytes: number): void
}

/** Why no handler saw an arrival that had come in good order: a newer one took its place, or there is no handler for it. */
export type Unseen = 'skipped' | 'unhandled'

/** What dispatch may know of the link that a message came in on. */
export interface LinkPort {
  /** Which physical connection it is, counted from 1. */
  readonly number: number
  /** Aborts when this physical connection is lost. */
  readonly signal: AbortSignal
  /** What whoever sends on this link is told; `undefined` while it is open. It is open no more some time before its signal aborts. */
  readonly refusal: ConnectionLostError | undefined
  /**
   * Sends on this very link, also while the connection is closing.
   *
   * @throws ConnectionLostError when the link is gone
   */
  send(data: string | Uint8Array): Promise<void>
  readonly pending: Pending
  /** Counts an arrival that no handler sees. */
  count(unseen: Unseen): void
}

/** How `@OnOpen` ended. `released`: it called `close()`, and is not waited for. */
export type OpenOutcome = 'opened' | 'released' | { readonly thrown: unknown }

/** What takes the events of one link, from its opening to its close. None of these throws or rejects. */
export interface Session {
  /** True where `@OnOpen`, if there is one, is over when it has returned: then there is nothing to wait for. */
  readonly opensAtOnce: boolean
  /** Runs `@OnOpen`, and says how it ended, with a promise where that has to be waited for. */
  opened(open: OpenInfo): OpenOutcome | Promise<OpenOutcome>
  /** From now on messages may be handled. */
  ready(): void
  /** Takes an arrival, and counts it as pending until it is handled. */
  receive(arrival: Arrival): void
  pinged(data: Uint8Array): void
  ponged(data: Uint8Array): void
  /** Resolves when everything received has been handled. */
  drained(): Promise<void>
  /** Gives up what has not been handled yet, and returns how much that was. */
  discard(): number
  /** Runs `@OnClose`; resolves when it has settled. */
  closed(close: CloseInfo): Promise<void>
}

/** A failure of the connection itself, for `@OnError`. */
export interface ConnectionFailure {
  readonly error: Error
  readonly stage: Stage
  /** True when it is the end: there will be no further attempt. */
  readonly fatal: boolean
  /** What follows, for the log: `trying again in 1.2 s`. */
  readonly consequence: string
  /** The signal of the link that it befell. */
  readonly signal: AbortSignal
  /** The message that it happened with, where there is one. */
  readonly message?: unknown
}

/** What a connection tells, and to whom: the dispatcher. None of these throws or rejects. */
export interface ConnectionListener {
  /** Called when a link has opened, before anything that it received is handed on. */
  session(link: LinkPort): Session
  stateChanged(state: ConnectionState): void
  /** Runs `@OnError` at once; returns a promise only where there is something to wait for. */
  failed(failure: ConnectionFailure): void | Promise<void>
  /** Called when `close()` is called: a handler that is in its synchronous part must not be waited for. */
  closing(): void
}
