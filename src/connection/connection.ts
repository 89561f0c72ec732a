import { ConnectionClosedError, NotConnectedError } from '../errors/send-errors.js'
import { encodeWith } from '../codecs/codec.js'
import { jsonCodec } from '../codecs/json.js'
import type { ConnectionSettings } from './settings.js'
import type { AnyProtocol, Outgoing, Protocol, ReplyTo } from '../messages/protocol.js'
import type { Connect } from '../transports/transport.js'
import { redactUrl } from '../core/url.js'
import { CloseCode, checkClose } from '../link/close-code.js'
import type { CloseInfo } from '../session/disconnect.js'
import type { SettleListener } from '../core/deferred.js'
import type { HeartbeatSource, HeartbeatTimes } from '../link/heartbeat.js'
import type { Link } from '../link/link.js'
import type { ConnectionListener } from '../session/session-handlers.js'
import type { MessageIterator, MessagesOptions } from '../messages/message-stream.js'
import type { RequestManyOptions, RequestOptions } from '../requests/request-options.js'
import { ConnectionLifecycle } from './lifecycle.js'
import { checkRaw } from '../link/write-flow.js'
import { HandlerConnection } from '../session/handler-connection.js'
import type { ConnectionStats } from '../session/connection-stats.js'
import type { ConnectionState } from '../session/state.js'
import type { Subscriptions } from '../messages/subscriptions.js'
import type { WaitOptions } from '../messages/waiters.js'

/** Node's `util.inspect.custom`, by its registered name: there is no such module in a browser. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * The long-lived connection that a handler class is wired to. It survives the sockets that it has one after another.
 *
 * Inject it into the client, or take it from `client.connection`. As `Connection<typeof market.client>` it sends what that protocol sends to the server:
 * see `defineProtocol`.
 */
export class Connection<P extends AnyProtocol = Protocol> extends HandlerConnection<P> {
  /** A name that is unique in this process, such as `TickerClient#1`. */
  readonly id: string
  readonly #settings: ConnectionSettings
  readonly #lifecycle: ConnectionLifecycle

  /** @internal */
  constructor(id: string, settings: ConnectionSettings, connect: Connect) {
    super()
    this.id = id
    this.#settings = settings
    this.#lifecycle = new ConnectionLifecycle(id, settings, connect)
  }

  /**
   * Begins to connect; nothing is told to anybody before.
   *
   * @internal
   */
  start(listener: ConnectionListener): void {
    this.#lifecycle.start(listener)
  }

  /**
   * Settles with the first `@OnOpen`; rejects when the end comes first.
   *
   * @internal
   */
  get ready(): Promise<void> {
    return this.#lifecycle.openings.ready
  }

  /**
   * Tells once the connection has ended for good; at once if it has.
   *
   * @internal
   */
  onEnd(ended: SettleListener): void {
    this.#lifecycle.stateMachine.closed.onSettled(ended)
  }

  /** The true url of the latest attempt, credentials included: logs and errors show less. `undefined` before it is known. */
  get url(): string | undefined {
    return this.#lifecycle.links.url
  }

  /** The subprotocol that the server chose; `''` where there is none, or no connection. */
  get protocol(): string {
    return this.#lifecycle.links.link?.transport.protocol ?? ''
  }

  get state(): ConnectionState {
    return this.#lifecycle.stateMachine.state
  }

  /** Bytes accepted by `send` and not yet handed to the operating system, the outbox included. */
  get bufferedAmount(): number {
    return (this.#lifecycle.links.link?.transport.bufferedAmount ?? 0) + this.#lifecycle.hub.sender.bytes
  }

  /** Counts what went past handlers, requests and sockets since the start; a snapshot. */
  get stats(): ConnectionStats {
    return this.#lifecycle.hub.stats
  }

  /** Aborts when the connection begins to close for good. The signal of one physical connection is in each handler's context. */
  get signal(): AbortSignal {
    return this.#lifecycle.stateMachine.signal
  }

  /** Resolves when the connection is closed for good, however that came; never rejects. */
  get closed(): Promise<CloseInfo> {
    return this.#lifecycle.stateMachine.closed.promise
  }

  /**
   * Sends text or bytes as they are; while not connected, and until `@OnOpen` has settled, it is kept in the outbox. What `@OnOpen`
   * itself sends goes out at once.
   *
   * @returns flow control only: settled already while less than `sendHighWaterMark` is buffered, else it resolves at a quarter of
   * that, or when the connection is lost; it never rejects
   * @throws TypeError for anything but a string or bytes
   * @throws OutboxFullError when the outbox is full, with `overflow: 'reject'`
   * @throws NotConnectedError while not open, with `outbox: false`
   * @throws ConnectionClosedError once closing or closed
   */
  send(data: string | Uint8Array): Promise<void> {
    checkRaw(data)
    this.#checkNotClosed()
    return this.#lifecycle.hub.sender.send(data, data)
  }

  /**
   * Sends a value as JSON, whatever the codec. Returns and throws like {@link send}.
   *
   * @throws EncodeError when JSON has no text for the value
   */
  sendJson(value: Outgoing<P>): Promise<void> {
    this.#checkNotClosed()
    return this.#lifecycle.hub.sender.send(encodeWith(jsonCodec, value), value)
  }

  /**
   * Sends a message through the codec. Returns and throws like {@link send}.
   *
   * @throws EncodeError when the codec cannot encode it
   */
  sendMessage(message: Outgoing<P>): Promise<void> {
    this.#checkNotClosed()
    return this.#lifecycle.hub.sender.send(encodeWith(this.#settings.codec, message), message)
  }

  /**
   * Waits for the next message that matches. It is taken: no handler sees it. It is seen before any queue, so a handler, and
   * `@OnOpen`, may await it.
   *
   * @returns the message; rejects with WaitTimeoutError, with ConnectionLostError when the connection is lost first, with
   * ConnectionClosedError when it ends, with BackpressureError when far too many messages are pending, or with the signal's reason
   * @throws ConnectionClosedError once closing or closed
   */
  waitFor<T = unknown>(
    match: ((message: unknown) => message is T) | ((message: unknown) => boolean),
    options: WaitOptions = {},
  ): Promise<T> {
    this.#checkNotClosed()
    return this.#lifecycle.hub.takers.waiters.add(match, options) as Promise<T>
  }

  /**
   * Asks, and resolves with the reply: the `requests` option says how the two belong together. It is seen before any queue, so a
   * handler, and `@OnOpen`, may await it. While not connected it waits, its time running.
   *
   * @returns the reply's result; rejects with RequestTimeoutError, with ReplyError when the reply is an error, with
   * ConnectionLostError when the connection is lost first (unless `resend` is set), with ConnectionClosedError when it ends, with
   * BackpressureError, with EncodeError, or with the signal's reason
   * @throws TypeError when the message can have no id, or has one that is in use
   * @throws ConnectionClosedError once closing or closed
   */
  request<T = unknown, M extends Outgoing<P> = Outgoing<P>>(
    message: M,
    options: RequestOptions = {},
  ): Promise<ReplyTo<P, M, T>> {
    this.#checkNotClosed()
    return this.#lifecycle.hub.takers.requests.request(message, options) as Promise<ReplyTo<P, M, T>>
  }

  /**
   * Asks, and iterates over all replies until the last. Ends and throws like {@link request}.
   */
  requestMany<T = unknown, M extends Outgoing<P> = Outgoing<P>>(
    message: M,
    options: RequestManyOptions,
  ): AsyncIterableIterator<ReplyTo<P, M, T>, undefined> {
    this.#checkNotClosed()
    return this.#lifecycle.hub.takers.requests.requestMany(message, options) as AsyncIterableIterator<
      ReplyTo<P, M, T>,
      undefined
    >
  }

  /**
   * Answers a call of the server's, with the id that it had, over the connection that is open now. Returns like {@link send}.
   *
   * @throws TypeError when the call has no id
   * @throws NotConnectedError while not open
   * @throws ConnectionClosedError once closing or closed
   */
  respond(incoming: unknown, result: unknown): Promise<void> {
    const reply = this.#settings.requests.respond(incoming, result)
    return this.#openLink().send(encodeWith(this.#settings.codec, reply))
  }

  /**
   * Iterates over the messages from now on, across reconnects, and takes nothing from the handlers. Ends when the connection is
   * closed, throws when it is lost for good. A reader that is behind stops the reading of the socket.
   *
   * @throws ConnectionClosedError once closing or closed
   */
  messages(options: MessagesOptions = {}): MessageIterator {
    this.#checkNotClosed()
    return this.#lifecycle.hub.takers.streams.open(options)
  }

  /** Resolves at the next opening, or at once while open; rejects with ConnectionClosedError when there will be none. */
  whenOpen(): Promise<void> {
    return this.#lifecycle.stateMachine.whenOpen()
  }

  /**
   * Connects anew: at once when waiting; when open, after the old connection has been closed with 4000; does nothing while connecting.
   *
   * @param options with `overlap`, the old connection stays until the new one is ready; if that fails, it is tried again later
   * @throws ConnectionClosedError once closing or closed
   */
  reconnect({ overlap = false }: { readonly overlap?: boolean } = {}): void {
    this.#checkNotClosed()
    this.#lifecycle.reconnect(overlap)
  }

  /**
   * Closes for good: running and queued handlers finish, then the closing handshake, then `@OnClose`, all within `closeTimeout`.
   * Calling it again changes nothing. Called in the synchronous part of a handler, it does not wait for that handler.
   *
   * @param code 1000 to say that all is well, 1001 when the process ends, 3000 to 4999 for codes of your own. Default 1000.
   * @param reason at most 123 bytes
   * @returns how the last physical connection ended; never rejects
   * @throws RangeError for a code or a reason that a close frame cannot carry
   */
  close(code: number = CloseCode.NORMAL, reason = ''): Promise<CloseInfo> {
    checkClose(code, reason)
    return this.#lifecycle.closing.close(code, reason)
  }

  /** Cuts the socket and ends for good, without a closing handshake. `@OnClose` still runs. */
  terminate(): Promise<CloseInfo> {
    return this.#lifecycle.closing.terminate()
  }

  /**
   * The user's own key for an id that the server has given a subscription.
   *
   * @internal
   */
  subscriptionKey(id: unknown): string | undefined {
    return this.#lifecycle.hub.takers.subscriptionKey(id)
  }

  /**
   * What the connection is subscribed to: injectable by itself.
   *
   * @internal
   */
  get subscriptions(): Subscriptions {
    return this.#lifecycle.hub.takers.subscriptions
  }

  /**
   * What the injectable `Heartbeat` reads and drives.
   *
   * @internal
   */
  get heartbeat(): HeartbeatSource {
    const lifecycle = this.#lifecycle
    const { clock } = this.#settings
    const openLink = (): Link => this.#openLink()
    return {
      get latency() {
        return lifecycle.links.latency
      },
      get lastSeen() {
        const { lastSeen } = lifecycle.links
        return lastSeen === undefined ? undefined : clock.date() - (clock.now() - lastSeen)
      },
      ping: () => openLink().heartbeat.ping(),
      configure: (times: HeartbeatTimes) => lifecycle.links.configureHeartbeat(times),
    }
  }

  /** Shows no query and no credentials. */
  [INSPECT](): string {
    const url = this.url === undefined ? '' : ` ${redactUrl(this.url)}`
    return `Connection { ${this.id}${url} ${this.state.status} }`
  }

  #openLink(): Link {
    this.#checkNotClosed()
    const { link } = this.#lifecycle.links
    const { state } = this
    if (state.status !== 'open' || !link?.isOpen) throw new NotConnectedError(state.status)
    return link
  }

  #checkNotClosed(): void {
    const { status } = this.state
    if (status === 'closing' || status === 'closed') {
      throw new ConnectionClosedError(`The connection is ${status}: this can no longer be asked of it`)
    }
  }
}
