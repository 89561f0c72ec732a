import type { Connection } from '../connection/connection.js'
import type { HandlerConnection } from '../session/handler-connection.js'
import type { Stage } from '../errors/stage.js'

/** Second argument of every handler. Some handlers receive an extended context. */
export interface ConnectionContext<C extends HandlerConnection = Connection> {
  /** The connection, bound to the link that the handler was called for. `send`, `request` and `waitFor` use only that link. */
  readonly connection: C
  /** Aborts when the link is lost. Pass it to asynchronous work that your handler starts. */
  readonly signal: AbortSignal
}

/** Second argument of `@OnMessage` and `@OnBinary`. */
export interface MessageContext<C extends HandlerConnection = Connection> extends ConnectionContext<C> {
  /** Key that the message was routed by; `undefined` if the message has no key. */
  readonly key: unknown
  /** Frame as received: a string for a text frame, bytes for a binary frame. */
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
  /** Name of the handler that threw, such as `TickerClient#tick`. */
  readonly handler?: string | undefined
  /** The decoded message that was being handled, or the frame if decoding failed. */
  readonly message?: unknown
  /**
   * Number of failures that this call reports.
   *
   * Can exceed 1 only in the stages `decode` and `validate`, for `ackOnArrival`, and for handlers that reject with the reason of their
   * aborted signal. Holdfast reports the first such failure immediately, and later ones together once a second, with the latest error.
   */
  readonly count: number
}
