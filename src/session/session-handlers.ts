import type { LinkPort } from '../link/link-port.js'
import type { CloseInfo } from './disconnect.js'
import type { InboundMessage } from '../messages/inbound.js'
import type { ConnectionState, OpenInfo } from './state.js'
import type { Stage } from '../errors/stage.js'

/** How `@OnOpen` ended. `released`: it called `close()`, and is not waited for. */
export type OpenOutcome = 'opened' | 'released' | { readonly thrown: unknown }

/** Receives the events of one link, from its opening to its close. No method throws or rejects. */
export interface SessionHandlers {
  /** True if there is an `@OnOpen`. */
  readonly hasOnOpen: boolean
  /** Runs `@OnOpen`, and says how it ended, with a promise where that has to be waited for. */
  onOpen(open: OpenInfo): OpenOutcome | Promise<OpenOutcome>
  /** From now on messages may be handled. */
  onReady(): void
  /** Takes a message, and counts it as pending until it is handled. */
  receive(message: InboundMessage): void
  onPing(data: Uint8Array): void
  onPong(data: Uint8Array): void
  /** Resolves when everything received has been handled. */
  drained(): Promise<void>
  /** Gives up what has not been handled yet, and returns how much that was. */
  discard(): number
  /** Runs `@OnClose`; resolves when it has settled. */
  onClose(close: CloseInfo): Promise<void>
}

/** A failure of the connection itself, for `@OnError`. */
export interface ConnectionFailure {
  readonly error: Error
  readonly stage: Stage
  /** True when it is the end: there will be no further attempt. */
  readonly fatal: boolean
  /** Consequence, for the log: `trying again in 1.2 s`. */
  readonly consequence: string
  /** The signal of the link that it befell. */
  readonly signal: AbortSignal
  /** The message that it happened with, where there is one. */
  readonly message?: unknown
}

/** Receives the events of a connection. The dispatcher implements it. No method throws or rejects. */
export interface ConnectionListener {
  /** Called when a link has opened, before anything that it received is handed on. */
  openSession(link: LinkPort): SessionHandlers
  onStateChange(state: ConnectionState): void
  /** Runs `@OnError` at once; returns a promise only where there is something to wait for. */
  onError(failure: ConnectionFailure): void | Promise<void>
  /** Called when `close()` is called: a handler that is in its synchronous part must not be waited for. */
  onClosing(): void
}
