import type { Connection } from '../connection/connection.js'
import type { HandlerConnection } from '../session/handler-connection.js'
import type { Stage } from '../errors/stage.js'

/** Second argument of every handler. Some handlers receive more. */
export interface ConnectionContext<C extends HandlerConnection = Connection> {
  /** The connection, bound to the link that the handler was called for. Sends, requests and waits use that link only. */
  readonly connection: C
  /** Aborts when the link is lost. Pass it to asynchronous work that the handler starts. */
  readonly signal: AbortSignal
}

/** Second argument of `@OnMessage` and `@OnBinary`. */
export interface MessageContext<C extends HandlerConnection = Connection> extends ConnectionContext<C> {
  /** Key that the message was routed by; `undefined` if it has none. */
  readonly key: unknown
  /** Frame as received: a string from a text frame, bytes from a binary one. */
  readonly raw: string | Uint8Array
  /** Time of arrival, in milliseconds since 1970. */
  readonly receivedAt: number
}

/** Second argument of `@OnError`. */
export interface ErrorContext<C extends HandlerConnection = Connection> extends ConnectionContext<C> {
  /** Stage at which the error happened. */
  readonly stage: Stage
  /** True if the connection ends with this error. */
  readonly fatal: boolean
  /** Handler that threw, such as `TickerClient#tick`. */
  readonly handler?: string | undefined
  /** Decoded message that was being handled, or the frame if it could not be decoded. */
  readonly message?: unknown
  /**
   * Number of failures that this call reports.
   *
   * It can exceed 1 only for the stages `decode` and `validate`, for `ackOnArrival`, and for handlers that reject with the reason of their
   * aborted signal. Holdfast reports the first of these failures immediately, and later ones once a second, with the last error.
   */
  readonly count: number
}
