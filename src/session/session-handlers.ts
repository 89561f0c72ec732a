import type { HandlerDescription } from '../diagnostics/live-connections.js'
import type { LinkPort } from '../link/link-port.js'
import type { CloseInfo } from './disconnect.js'
import type { SelectiveHandlers } from '../messages/inbound.js'
import type { HandlerConnection } from './handler-connection.js'
import type { ConnectionState, OpenInfo } from './state.js'
import type { Stage } from '../errors/stage.js'

/** Outcome of `@OnOpen`. `released` means that `@OnOpen` called `close()` and is no longer awaited. */
export type OpenOutcome = 'opened' | 'released' | { readonly thrown: unknown }

/** The part of a session that its handlers use. */
export interface SessionPort {
  readonly link: LinkPort
  /** The connection, bound to this session's link. */
  readonly connection: HandlerConnection
  /** Runs a handler as part of `@OnOpen`, even after an await. */
  runInScope<T>(run: () => T): T
}

/** Passed to `@OnClosing`. Describes the close frame that will be sent. */
export interface ClosingInfo {
  /** Close code; 1000 after `end()`, although the server closes first. */
  readonly code: number
  /** Close reason; `''` if there is none. */
  readonly reason: string
}

/** Messages and handlers that a session discarded. */
export interface Discarded {
  /** Number of messages that were not handled. */
  readonly unhandled: number
  /** Names of the handlers that did not complete, such as `TickerClient#tick`. They no longer hold a slot in the queue. */
  readonly running: readonly string[]
}

/** Receives the events of one link, from opening to close. No method except `takeEarly` throws or rejects. */
export interface SessionHandlers extends SelectiveHandlers {
  /** True if there is an `@OnOpen`. */
  readonly hasOnOpen: boolean
  /** True if there is an `@OnClosing`. */
  readonly hasOnClosing: boolean
  /** Runs `@OnOpen` and returns its outcome, or a promise for it if `@OnOpen` is asynchronous. */
  onOpen(open: OpenInfo): OpenOutcome | Promise<OpenOutcome>
  /** Moves the messages that have already arrived to the queue, in order. After this call, messages are queued on arrival. */
  onReady(): void
  /**
   * Takes the oldest matching message that arrived before `onReady`. Handlers do not receive it. Rethrows errors thrown by `match`.
   *
   * @returns the message as `value`; `undefined` if there is none
   */
  takeEarly(match: (message: unknown) => boolean): { readonly value: unknown } | undefined
  /** Starts no more handlers before `onReady`, and resolves when the running handler has settled. */
  earlySettled(): Promise<void>
  /** Reports that a message could not be acknowledged. The message is handled anyway. */
  onAckError(error: Error, message: unknown): void
  onPing(data: Uint8Array): void
  onPong(data: Uint8Array): void
  /** Resolves when all messages that this session received have been handled or discarded. */
  drained(): Promise<void>
  /** Discards pending messages, and releases the queue slots of running handlers. */
  discard(): Discarded
  /** Runs `@OnClosing` and sends its return value. Resolves when both are done. */
  onClosing(closing: ClosingInfo): Promise<void>
  /** Runs `@OnClose`. Resolves when `@OnClose` has settled. */
  onClose(close: CloseInfo): Promise<void>
}

/** A failure of the connection itself, for `@OnError`. */
export interface ConnectionFailure {
  readonly error: Error
  readonly stage: Stage
  /** True if Holdfast will not reconnect. */
  readonly fatal: boolean
  /** Consequence to log, such as `retrying in 1200 ms`. */
  readonly consequence: string
  /** Signal of the affected link. */
  readonly signal: AbortSignal
  /** The affected message, if any. */
  readonly message?: unknown
  /** Number of failures that are reported together. Defaults to 1. */
  readonly count?: number | undefined
}

/** Receives the events of a connection. The dispatcher implements it. No method throws or rejects. */
export interface ConnectionListener {
  /** Name of the class whose handlers run. */
  readonly target: string
  /** Describes the handlers of the class. */
  readonly handlers: readonly HandlerDescription[]
  /** Called when a link has opened, before any of its messages are delivered. */
  openSession(session: SessionPort): SessionHandlers
  onStateChange(state: ConnectionState): void
  /** Runs `@OnError` immediately. Returns a promise only if the handler is asynchronous. */
  onError(failure: ConnectionFailure): void | Promise<void>
  /**
   * Called when the server has assigned an ID to a subscription. Messages with such an ID are routed by the key that `keyOf` returns for
   * the ID.
   */
  onSubscriptionIds(keyOf: (id: unknown) => string | undefined): void
  /** Returns the name of the handler for an event, such as `TickerClient#opened`. */
  nameOf(event: 'open' | 'closing' | 'close'): string
  onWarning(message: string): void
  /** Called by `close()`, because it must not wait for handlers that are still in their synchronous part. */
  onClosing(): void
}
