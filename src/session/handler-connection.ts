import type { Chunks } from '../codecs/chunked-message.js'
import type { ConnectionDiagnostic } from '../diagnostics/payloads.js'
import type { MessageIterator, MessagesOptions } from '../messages/message-stream.js'
import type { AnyProtocol, Outgoing, Protocol, ReplyTo } from '../messages/protocol.js'
import type { WaitOptions } from '../messages/waiters.js'
import type { RequestManyOptions, RequestOptions } from '../requests/request-options.js'
import type { SendOptions } from '../transports/transport.js'
import type { CloseInfo } from './disconnect.js'
import type { ConnectionState } from './state.js'

/**
 * The part of a connection that handlers can use, no matter which side opened the connection. `Connection`, which a client injects, extends
 * it.
 */
export abstract class HandlerConnection<P extends AnyProtocol = Protocol> {
  /** Name of the connection, unique in this process, such as `TickerClient#1`. */
  abstract readonly id: string
  abstract get state(): ConnectionState
  /**
   * Identifies the link that the connection is bound to; `undefined` for the connection as a whole.
   *
   * @internal
   */
  abstract get boundLink(): object | undefined
  /**
   * Facts for diagnostics.
   *
   * @internal
   */
  abstract get facts(): ConnectionDiagnostic
  /** Aborts when the connection starts to close permanently. */
  abstract get signal(): AbortSignal
  /** Resolves when the connection is closed permanently. Never rejects. */
  abstract get closed(): Promise<CloseInfo>
  abstract send(data: string | Uint8Array | Chunks, options?: SendOptions): Promise<void>
  abstract sendJson(value: Outgoing<P> | (() => Outgoing<P>), options?: SendOptions): Promise<void>
  abstract sendMessage(message: Outgoing<P> | (() => Outgoing<P>), options?: SendOptions): Promise<void>
  abstract waitFor<T = unknown>(
    match: ((message: unknown) => message is T) | ((message: unknown) => boolean),
    options?: WaitOptions,
  ): Promise<T>
  abstract request<T = unknown, M extends Outgoing<P> = Outgoing<P>>(
    message: M | (() => M),
    options?: RequestOptions,
  ): Promise<ReplyTo<P, M, T>>
  abstract requestMany<T = unknown, M extends Outgoing<P> = Outgoing<P>>(
    message: M | (() => M),
    options: RequestManyOptions,
  ): AsyncIterableIterator<ReplyTo<P, M, T>, undefined>
  abstract respond(incoming: unknown, result: unknown): Promise<void>
  abstract messages(options?: MessagesOptions): MessageIterator
  abstract close(code?: number, reason?: string): Promise<CloseInfo>
  abstract terminate(): Promise<CloseInfo>
}
