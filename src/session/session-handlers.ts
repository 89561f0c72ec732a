import type { LinkPort } from '../link/link-port.js'
import type { CloseInfo } from './disconnect.js'
import type { SelectiveHandlers } from '../messages/inbound.js'
import type { HandlerConnection } from './handler-connection.js'
import type { ConnectionState, OpenInfo } from './state.js'
import type { Stage } from '../errors/stage.js'

/** How `@OnOpen` ended. `released`: it called `close()`, and is not waited for. */
export type OpenOutcome = 'opened' | 'released' | { readonly thrown: unknown }

/** The part of a session that its handlers use. */
export interface SessionPort {
  readonly link: LinkPort
  /** The connection as seen from this link. */
  readonly connection: HandlerConnection
  /** Runs a handler as part of `@OnOpen`, also after an await. */
  runInScope<T>(run: () => T): T
}

/** Passed to `@OnClosing`: the close frame that follows. */
export interface ClosingInfo {
  /** Close code. After `end()` it is 1000, but the server closes first. */
  readonly code: number
  /** Close reason; `''` for none. */
  readonly reason: string
}

/** Messages that a session had left when it was given up. */
export interface Discarded {
  /** Number of messages that no handler has seen. */
  readonly unhandled: number
  /** The handlers that have not settled, by name: `TickerClient#tick`. They hold no slot of the queue any more. */
  readonly running: readonly string[]
}

/** Receives the events of one link, from its opening to its close. No method throws or rejects, but as `takeEarly` says. */
export interface SessionHandlers extends SelectiveHandlers {
  /** True if there is an `@OnOpen`. */
  readonly hasOnOpen: boolean
  /** True if there is an `@OnClosing`. */
  readonly hasOnClosing: boolean
  /** Runs `@OnOpen`, and says how it ended, with a promise where that has to be waited for. */
  onOpen(open: OpenInfo): OpenOutcome | Promise<OpenOutcome>
  /** Messages that have arrived enter the queue, in order; from now on each one enters it on arrival. */
  onReady(): void
  /**
   * Takes the oldest message that matches and has arrived before `onReady`: no handler will see it. Throws what `match` throws.
   *
   * @returns the message as `value`; `undefined` where there is none
   */
  takeEarly(match: (message: unknown) => boolean): { readonly value: unknown } | undefined
  /** Starts no further handler before `onReady`, and resolves when the one that runs has settled. */
  earlySettled(): Promise<void>
  /** Reports that a message could not be acknowledged. It is handled anyway. */
  onAckError(error: Error, message: unknown): void
  onPing(data: Uint8Array): void
  onPong(data: Uint8Array): void
  /** Resolves when everything that this session has received is handled, or given up. */
  drained(): Promise<void>
  /** Gives up what has not been handled, and takes their slots from the handlers that have not settled. */
  discard(): Discarded
  /** Runs `@OnClosing`, and sends what it returns; resolves when that is done. */
  onClosing(closing: ClosingInfo): Promise<void>
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
  /** How many failures this stands for. 1 if left out. */
  readonly count?: number | undefined
}

/** Receives the events of a connection. The dispatcher implements it. No method throws or rejects. */
export interface ConnectionListener {
  /** Called when a link has opened, before anything that it received is handed on. */
  openSession(session: SessionPort): SessionHandlers
  onStateChange(state: ConnectionState): void
  /** Runs `@OnError` at once; returns a promise only where there is something to wait for. */
  onError(failure: ConnectionFailure): void | Promise<void>
  /** The server has given a subscription an id: messages with such an id have the key that `keyOf` returns for it. */
  onSubscriptionIds(keyOf: (id: unknown) => string | undefined): void
  /** Returns the name of the handler of an event: `TickerClient#opened`. */
  nameOf(event: 'open' | 'closing' | 'close'): string
  /** Logs a warning. */
  onWarning(message: string): void
  /** Called when `close()` is called: a handler that is in its synchronous part must not be waited for. */
  onClosing(): void
}
