import type { Connection } from '../connection/connection.js'
import type { HandlerConnection } from '../session/handler-connection.js'
import type { Stage } from '../errors/stage.js'

/** The second argument of every handler, at least. */
export interface ConnectionContext<C extends HandlerConnection = Connection> {
  readonly connection: C
  /** Aborts when this physical connection is lost: hand it to whatever the handler starts. */
  readonly signal: AbortSignal
}

/** The second argument of `@OnMessage` and `@OnBinary`. */
export interface MessageContext<C extends HandlerConnection = Connection> extends ConnectionContext<C> {
  /** What the message was routed by; `undefined` where it has no key. */
  readonly key: unknown
  /** The frame as it came: a string from a text frame, bytes from a binary one. */
  readonly raw: string | Uint8Array
  /** When it arrived, in milliseconds since 1970. */
  readonly receivedAt: number
}

/** The second argument of `@OnError`. */
export interface ErrorContext<C extends HandlerConnection = Connection> extends ConnectionContext<C> {
  /** Where it happened. */
  readonly stage: Stage
  /** True when it is the end: the connection will not try again. */
  readonly fatal: boolean
  /** The handler that threw, such as `TickerClient#tick`. */
  readonly handler?: string
  /** The message that it happened with, as decoded; the frame where it could not be. */
  readonly message?: unknown
}
