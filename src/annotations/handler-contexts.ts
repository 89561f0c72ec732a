import type { Connection } from '../connection/connection.js'
import type { HandlerConnection } from '../session/handler-connection.js'
import type { Stage } from '../errors/stage.js'

/** The second argument of every handler, at least. */
export interface ConnectionContext<C extends HandlerConnection = Connection> {
  /** The connection as this link's own: sends, requests and waits go to the link that the handler was called for, and to no other. */
  readonly connection: C
  /** Aborts when the link is lost. Pass it to whatever the handler starts. */
  readonly signal: AbortSignal
}

/** The second argument of `@OnMessage` and `@OnBinary`. */
export interface MessageContext<C extends HandlerConnection = Connection> extends ConnectionContext<C> {
  /** Key that the message was routed by; `undefined` if it has none. */
  readonly key: unknown
  /** The frame as received: a string from a text frame, bytes from a binary one. */
  readonly raw: string | Uint8Array
  /** Time of arrival, in milliseconds since 1970. */
  readonly receivedAt: number
}

/** The second argument of `@OnError`. */
export interface ErrorContext<C extends HandlerConnection = Connection> extends ConnectionContext<C> {
  /** Stage at which the error happened. */
  readonly stage: Stage
  /** True if the connection ends with this error: no attempt follows. */
  readonly fatal: boolean
  /** The handler that threw, such as `TickerClient#tick`. */
  readonly handler?: string | undefined
  /** The message that was handled, as decoded, or the frame if it could not be decoded. */
  readonly message?: unknown
  /**
   * Number of failures that this call stands for. It is more than 1 only for the stages `decode` and `validate`, for `ackOnArrival`, and for
   * handlers that reject with the reason of their aborted signal: the first is reported at once, those that follow once a second, with the
   * last error.
   */
  readonly count: number
}
