import type { LinkPort } from '../link/link-port.js'
import type { CloseInfo } from './disconnect.js'
import type { SelectiveHandlers } from '../messages/inbound.js'
import type { HandlerConnection } from './handler-connection.js'
import type { ConnectionState, OpenInfo } from './state.js'
import type { Stage } from '../errors/stage.js'

/** Outcome of `@OnOpen`. `released` means that it called `close()` and is no longer awaited. */
export type OpenOutcome = 'opened' | 'released' | { readonly thrown: unknown }

/** The part of a session that its handlers use. */
export interface SessionPort {
  readonly link: LinkPort
  /** The connection, bound to this link. */
  readonly connection: HandlerConnection
  /** Runs a handler as part of `@OnOpen`, even after an await. */
  runInScope<T>(run: () => T): T
}

/** Passed to `@OnClosing`. Describes the close frame that will be sent. */
export interface ClosingInfo {
  /** Close code. After `end()`, it is 1000, but the server closes first. */
  readonly code: number
  /** Close reason; `''` for none. */
  readonly reason: string
}

/** Messages and handlers that a session discarded. */
export interface Discarded {
  /** Number of messages that were not handled. */
  readonly unhandled: number
  /** Names of the handlers that did not complete, such as `TickerClient#tick`. They no longer hold a slot of the queue. */
  readonly running: readonly string[]
}

/** Receives the events of one link, from its opening to its close. No method throws or rejects, except `takeEarly`. */
export interface SessionHandlers extends SelectiveHandlers {
  /** True if there is an `@OnOpen`. */
  readonly hasOnOpen: boolean
  /** True if there is an `@OnClosing`. */
  readonly hasOnClosing: boolean
  /** Runs `@OnOpen` and returns its outcome, as a promise if it takes time. */
  onOpen(open: OpenInfo): OpenOutcome | Promise<OpenOutcome>
  /** Moves the messages that have arrived into the queue, in order. From now on, messages are queued on arrival. */
  onReady(): void
  /**
   * Takes the oldest matching message that arrived before `onReady`. Handlers do not receive it. Rethrows errors of `match`.
   *
   * @returns the message as `value`; `undefined` if there is none
   */
  takeEarly(match: (message: unknown) => boolean): { readonly value: unknown } | undefined
  /** Starts no more handlers before `onReady`, and resolves when the running one has settled. */
  earlySettled(): Promise<void>
  /** Reports that a message could not be acknowledged. The message is handled anyway. */
  onAckError(error: Error, message: unknown): void
  onPing(data: Uint8Array): void
  onPong(data: Uint8Array): void
  /** Resolves when everything that this session received has been handled or discarded. */
  drained(): Promise<void>
  /** Discards pending messages, and frees the slots of running handlers. */
  discard(): Discarded
  /** Runs `@OnClosing` and sends its return value. Resolves when that is done. */
  onClosing(closing: ClosingInfo): Promise<void>
  /** Runs `@OnClose`. Resolves when it has settled. */
  onClose(close: CloseInfo): Promise<void>
}

/** Failure of the connection itself, for `@OnError`. */
export interface ConnectionFailure {
  readonly error: Error
  readonly stage: Stage
  /** True if there are no more attempts. */
  readonly fatal: boolean
  /** Consequence, for the log, such as `retrying in 1200 ms`. */
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
  /** Called when a link has opened, before any of its messages are passed on. */
  openSession(session: SessionPort): SessionHandlers
  onStateChange(state: ConnectionState): void
  /** Runs `@OnError` immediately. Returns a promise only if the handler takes time. */
  onError(failure: ConnectionFailure): void | Promise<void>
  /** Called when the server has assigned an ID to a subscription. Messages with such an ID have the key that `keyOf` returns for it. */
  onSubscriptionIds(keyOf: (id: unknown) => string | undefined): void
  /** Returns the name of the handler of an event, such as `TickerClient#opened`. */
  nameOf(event: 'open' | 'closing' | 'close'): string
  onWarning(message: string): void
  /** Called by `close()`, which must not wait for handlers that are still in their synchronous part. */
  onClosing(): void
}
