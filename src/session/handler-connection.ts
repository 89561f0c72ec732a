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
  /** Current state of the connection. */
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
  /** Sends text or bytes unchanged. See {@link Connection.send}. */
  abstract send(data: string | Uint8Array | Chunks, options?: SendOptions): Promise<void>
  /** Sends a value as JSON, regardless of the codec. See {@link Connection.sendJson}. */
  abstract sendJson(value: Outgoing<P> | (() => Outgoing<P>), options?: SendOptions): Promise<void>
  /** Encodes a message with the codec and sends it. See {@link Connection.sendMessage}. */
  abstract sendMessage(message: Outgoing<P> | (() => Outgoing<P>), options?: SendOptions): Promise<void>
  /** Resolves with the next matching message. Handlers do not receive it. See {@link Connection.waitFor}. */
  abstract waitFor<T = unknown>(
    match: ((message: unknown) => message is T) | ((message: unknown) => boolean),
    options?: WaitOptions,
  ): Promise<T>
  /** Sends a request and resolves with its reply. See {@link Connection.request}. */
  abstract request<T = unknown, M extends Outgoing<P> = Outgoing<P>>(
    message: M | (() => M),
    options?: RequestOptions,
  ): Promise<ReplyTo<P, M, T>>
  /** Sends a request and iterates over its replies, including the last one. See {@link Connection.requestMany}. */
  abstract requestMany<T = unknown, M extends Outgoing<P> = Outgoing<P>>(
    message: M | (() => M),
    options: RequestManyOptions,
  ): AsyncIterableIterator<ReplyTo<P, M, T>, undefined>
  /** Replies to a call from the peer, using that call's ID. See {@link Connection.respond}. */
  abstract respond(incoming: unknown, result: unknown): Promise<void>
  /** Iterates over decoded messages from now on. See {@link Connection.messages}. */
  abstract messages(options?: MessagesOptions): MessageIterator
  /** Closes the connection permanently, after running and queued handlers have finished. See {@link Connection.close}. */
  abstract close(code?: number, reason?: string): Promise<CloseInfo>
  /** Terminates the sockets and ends the connection permanently. See {@link Connection.terminate}. */
  abstract terminate(): Promise<CloseInfo>
}
