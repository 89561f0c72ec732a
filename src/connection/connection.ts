import { NotConnectedError } from '../errors/send-errors.js'
import { encodeWith, sharedCodec } from '../codecs/codec.js'
import type { Codec } from '../codecs/codec.js'
import { LateMessage } from '../codecs/late-message.js'
import { jsonCodec } from '../codecs/json.js'
import type { ConnectionSettings } from './settings.js'
import type { AnyProtocol, Outgoing, Protocol, ReplyTo } from '../messages/protocol.js'
import { copyBytes } from '../transports/copy-bytes.js'
import type { Connect } from '../transports/transport.js'
import { syncAnswer } from '../core/thenable.js'
import { redactUrl } from '../core/url.js'
import { CloseCode, checkClose } from '../link/close-code.js'
import type { CloseInfo } from '../session/disconnect.js'
import { callerOf } from '../messages/call-site.js'
import type { OutboxData } from '../messages/outbox.js'
import { checkRaw } from '../messages/sender.js'
import type { SettleListener } from '../core/deferred.js'
import type { HeartbeatSource } from '../link/heartbeat.js'
import type { Link } from '../link/link.js'
import type { ConnectionListener } from '../session/session-handlers.js'
import type { MessageIterator, MessagesOptions } from '../messages/message-stream.js'
import type { RequestManyOptions, RequestOptions } from '../requests/request-options.js'
import { ConnectionLifecycle, refusalError } from './connection-lifecycle.js'
import type { PendingRequests } from '../requests/pending-requests.js'
import type { Session } from '../session/session.js'
import { HandlerConnection } from '../session/handler-connection.js'
import type { ConnectionStats } from '../session/connection-stats.js'
import type { ConnectionState } from '../session/state.js'
import type { Subscriptions } from '../subscriptions/subscriptions.js'
import type { WaitOptions } from '../messages/waiters.js'

/** Node's `util.inspect.custom`, by its registered name: there is no such module in a browser. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * The long-lived connection that a handler class is wired to. It uses one link after another: a link is one open socket.
 *
 * Inject it into the client, or take it from `client.connection`. Both use the current link; inside `@OnOpen`, also after an await, the
 * one that opens. `context.connection` belongs to the link that the handler was called for: sends, requests and waits go to that link. As
 * `Connection<typeof market.client>` it sends what that protocol sends to the server: see `defineProtocol`.
 */
export class Connection<P extends AnyProtocol = Protocol> extends HandlerConnection<P> {
  /** A name that is unique in this process, such as `TickerClient#1`. */
  readonly id: string
  readonly #lifecycle: ConnectionLifecycle
  /** The link that every call goes to, in a handler's context; elsewhere it is the one that the caller means. */
  readonly #session: Session | undefined

  /** @internal */
  constructor(id: string, lifecycle: ConnectionLifecycle, session?: Session) {
    super()
    this.id = id
    this.#lifecycle = lifecycle
    this.#session = session
  }

  /**
   * Makes a connection that has not begun to connect.
   *
   * @internal
   */
  static create(id: string, settings: ConnectionSettings, connect: Connect): Connection {
    return new Connection(id, new ConnectionLifecycle(id, settings, connect, asSeenFrom))
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
   * Ends a connection that has not been ready yet.
   *
   * @internal
   */
  abortStart(): void {
    this.#lifecycle.abortStart()
  }

  /**
   * Tells once the connection has ended for good; at once if it has.
   *
   * @internal
   */
  onEnd(ended: SettleListener): void {
    this.#lifecycle.holder.closed.onSettled(ended)
  }

  /** The true url of the latest attempt, credentials included: logs and errors show less. `undefined` before it is known. */
  get url(): string | undefined {
    return this.#lifecycle.links.url
  }

  /** The subprotocol that the server chose; `''` if it chose none, or no link is open. */
  get protocol(): string {
    return this.#link?.transport.protocol ?? ''
  }

  /** State of the connection. It is up to date when a call returns; `@OnStateChange` receives every state in order, and may lag behind. */
  get state(): ConnectionState {
    return this.#lifecycle.holder.state
  }

  /** Bytes accepted by `send` and not yet handed to the operating system, the outbox included. */
  get bufferedAmount(): number {
    return (this.#link?.transport.bufferedAmount ?? 0) + this.#lifecycle.hub.sender.bytes
  }

  /**
   * Stands for the link that every call goes to, in a handler's context.
   *
   * @internal
   */
  get boundLink(): object | undefined {
    return this.#session
  }

  /** Numbers of messages that were not handled, conflated, not awaited or not sent since the start; a snapshot. */
  get stats(): ConnectionStats {
    return this.#lifecycle.hub.stats
  }

  /** Aborts when the connection starts to close for good. Each handler's context has the signal of its link. */
  get signal(): AbortSignal {
    return this.#lifecycle.holder.signal
  }

  /** Resolves when the connection is closed for good, also after an error, which is then in `error`. Never rejects. */
  get closed(): Promise<CloseInfo> {
    return this.#lifecycle.holder.closed.promise
  }

  /**
   * Sends text or bytes unchanged. Until the connection is ready, the outbox keeps them. Inside `@OnOpen` they go out immediately. On
   * `context.connection` they go to its link; once that is lost, they are reported as a {@link MessageDroppedError}.
   *
   * @returns flow control only: already settled while less than `sendHighWaterMark` is buffered, otherwise it resolves at a quarter of
   * that, or when the link is lost; it never rejects
   * @throws TypeError for anything but a string or bytes
   * @throws OutboxFullError when the outbox is full, with `overflow: 'reject'`, or while more than 16 times `sendHighWaterMark` is buffered
   * @throws NotConnectedError while not open, with `outbox: false`
   * @throws ConnectionClosedError once closing or closed, except inside `@OnClosing`
   */
  send(data: string | Uint8Array): Promise<void> {
    checkRaw(data)
    this.#checkNotClosed()
    return this.#send(data, data)
  }

  /**
   * Sends a value as JSON, whatever the codec. A function makes the value as with {@link sendMessage}. Returns and throws like {@link send}.
   *
   * @throws EncodeError when JSON has no text for the value
   */
  sendJson(value: Outgoing<P> | (() => Outgoing<P>)): Promise<void> {
    this.#checkNotClosed()
    if (typeof value === 'function') return this.#send(new LateMessage(value, jsonCodec), value)
    return this.#send(encodeWith(jsonCodec, value), value)
  }

  /**
   * Sends a message through the codec. Returns and throws like {@link send}.
   *
   * A function makes the message when it is handed to the socket, after the outbox and `rateLimit`: for what ages, such as a signature. It
   * is called at most once, and returns the message itself. If it throws, or returns a promise or `undefined`, `@OnError` receives an
   * EncodeError (stage `encode`). Until then it counts as a message of 0 bytes.
   *
   * With a codec per link, a message that waits for a link is encoded when it is sent.
   *
   * @throws EncodeError when the codec cannot encode it
   */
  sendMessage(message: Outgoing<P> | (() => Outgoing<P>)): Promise<void> {
    this.#checkNotClosed()
    if (typeof message === 'function') return this.#send(new LateMessage(message), message)
    const codec = this.#codec
    if (codec) return this.#send(encodeWith(codec, message), message)
    return this.#lifecycle.hub.sender.sendMessage(message)
  }

  /**
   * Waits for the next message of a link that matches. Handlers do not receive it. It is seen before any queue, so a handler, and
   * `@OnOpen`, may await it. Inside `@OnOpen`, messages that have already arrived on its link are looked at first, oldest first.
   *
   * The wait belongs to the link that it was started on; without one, to the next link that opens.
   *
   * @returns the message; rejects with WaitTimeoutError, with ConnectionLostError when the link is lost first, with
   * ConnectionClosedError when the connection ends, with BackpressureError when far too many messages or waits are pending, with a
   * TypeError when `match` returns a promise, or with the signal's reason
   * @throws ConnectionClosedError once closing or closed
   */
  waitFor<T = unknown>(
    match: ((message: unknown) => message is T) | ((message: unknown) => boolean),
    options: WaitOptions = {},
  ): Promise<T> {
    this.#checkNotClosed()
    return this.#lifecycle.hub.takers.waitFor(
      this.#session ?? this.#lifecycle.links.openSession,
      match,
      options,
    ) as Promise<T>
  }

  /**
   * Sends a request and resolves with its reply, which the `requests` option finds. It is seen before any queue, so a handler, and
   * `@OnOpen`, may await it. Without a ready link it waits for one, while its timeout runs.
   *
   * A function makes the message when it is handed to the socket, again for each link with `resend`; the ID is added after that. If it
   * throws, or returns a promise or `undefined`, the request rejects, and `@OnError` receives the error (stage `encode`).
   *
   * The request belongs to the link that it was made on. A link that was replaced takes no new ones: they go to the new link.
   *
   * @returns the reply's result; rejects with RequestTimeoutError, with ReplyError when the reply is an error, with
   * ConnectionLostError when the link is lost first (unless `resend` is set), with ConnectionClosedError when the connection ends, with
   * BackpressureError, with EncodeError, or with the signal's reason
   * @throws TypeError when the message can have no id, or has one that is in use
   * @throws ConnectionClosedError once closing or closed
   */
  request<T = unknown, M extends Outgoing<P> = Outgoing<P>>(
    message: M | (() => M),
    options: RequestOptions = {},
  ): Promise<ReplyTo<P, M, T>> {
    this.#checkNotClosed()
    return this.#requests.request(message, options) as Promise<ReplyTo<P, M, T>>
  }

  /**
   * Sends a request and iterates over its replies, the last one included. Ends and throws like {@link request}.
   */
  requestMany<T = unknown, M extends Outgoing<P> = Outgoing<P>>(
    message: M | (() => M),
    options: RequestManyOptions,
  ): AsyncIterableIterator<ReplyTo<P, M, T>, undefined> {
    this.#checkNotClosed()
    return this.#requests.requestMany(message, options) as AsyncIterableIterator<ReplyTo<P, M, T>, undefined>
  }

  /**
   * Answers a call of the server with the ID of that call: on `context.connection` over its link, otherwise over the current one. Returns
   * like {@link send}.
   *
   * @throws TypeError when the call has no id
   * @throws NotConnectedError while not open
   * @throws ConnectionClosedError once closing or closed
   */
  respond(incoming: unknown, result: unknown): Promise<void> {
    const reply = syncAnswer(this.#lifecycle.settings.requests.respond(incoming, result), 'requests.respond')
    const link = this.#openLink()
    return link.send(encodeWith(link.codec, reply))
  }

  /**
   * Iterates over decoded messages from now on, across reconnects. Handlers still receive every message. Ends when the connection is
   * closed, throws when it is lost for good. An iteration that is behind pauses the socket.
   *
   * @throws ConnectionClosedError once closing or closed
   */
  messages(options: MessagesOptions = {}): MessageIterator {
    this.#checkNotClosed()
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it tells where the stack of the caller begins, and is not called
    return this.#lifecycle.hub.takers.streams.open(options, callerOf(this.messages))
  }

  /** Resolves when the connection is ready: `@OnOpen` has completed. Rejects with ConnectionClosedError once closing or closed. */
  whenOpen(): Promise<void> {
    return this.#lifecycle.holder.whenOpen()
  }

  /**
   * Reconnects: closes the current link with 4000, without `@OnClosing`, and starts the next attempt after its `@OnClose`. Does nothing while
   * connecting. It concerns the whole connection, also on `context.connection`.
   *
   * While no failure is counted, the attempt starts at once. Otherwise it starts at least half of `initialDelay` after the last one started, and
   * never before a time that the server asked for by `Retry-After`. While waiting, it only leaves out the backoff. A link that is replaced
   * before `minUptime` counts as a failure, so calling this on each new connection does not cause a storm.
   *
   * @param options with `overlap`, the old link stays until the new one is ready; if the new one fails, it stays, and the next try follows
   * after the backoff
   * @throws ConnectionClosedError once closing or closed
   */
  reconnect({ overlap = false }: { readonly overlap?: boolean | undefined } = {}): void {
    this.#lifecycle.reconnect(overlap)
  }

  /**
   * Leaves the last word to the server: `@OnClosing` runs, then `message` is sent, and messages are handled until the server closes, which is
   * neither an error nor a reason to reconnect. From the call on, public sends throw; what handlers return is still sent.
   *
   * @param message sent through the codec, after everything that has been accepted for sending
   * @param options after `timeout` milliseconds the connection is closed as by `close()`; the default is `closeTimeout`
   * @returns how the connection ended; rejects with NotConnectedError unless open, with ConnectionClosedError once closing or closed, and
   * with EncodeError when the codec cannot encode the message
   */
  async end(
    message?: Outgoing<P>,
    { timeout }: { readonly timeout?: number | undefined } = {},
  ): Promise<CloseInfo> {
    // Without a link there is nothing to encode it by, and `end` rejects.
    const codec = sharedCodec(this.#lifecycle.settings.codec) ?? this.#lifecycle.links.current?.link.codec
    const lastWords =
      message === undefined || !codec ? undefined : { data: copyBytes(encodeWith(codec, message)), message }
    return this.#lifecycle.end(lastWords, timeout ?? this.#lifecycle.settings.closeTimeout)
  }

  /**
   * Closes for good: running and queued handlers finish, then `@OnClosing`, the closing handshake and `@OnClose` follow, all within
   * `closeTimeout`. After half of it the close frame is sent, after nine tenths the socket is terminated. Calling it again changes nothing.
   * Called in the synchronous part of a handler, it does not wait for that handler.
   *
   * @param code 1000 to say that all is well, 1001 when the process ends, 3000 to 4999 for codes of your own. Default 1000.
   * @param reason at most 123 bytes
   * @returns how the last link ended; never rejects
   * @throws RangeError for a code or a reason that a close frame cannot carry
   * @throws TypeError for a reason that is not a string
   */
  close(code: number = CloseCode.NORMAL, reason = ''): Promise<CloseInfo> {
    checkClose(code, reason)
    return this.#lifecycle.close(code, reason)
  }

  /** Terminates the sockets and ends for good, without `@OnClosing` and a closing handshake. `@OnClose` still runs. Never rejects. */
  terminate(): Promise<CloseInfo> {
    return this.#lifecycle.terminate()
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
    const { hub, links, settings } = this.#lifecycle
    const { clock } = settings
    const openLink = (): Link => this.#openLink()
    return {
      get latency() {
        return links.callersLink?.heartbeat.latency
      },
      get lastSeen() {
        const { lastSeen } = links
        return lastSeen === undefined ? undefined : clock.date() - (clock.now() - lastSeen)
      },
      ping: () => openLink().heartbeat.ping(),
      configure(change) {
        openLink().heartbeat.configure(change)
        // A message may be meant for the heartbeat from now on.
        hub.inbound.enableInterception()
      },
    }
  }

  /** Shows no query and no credentials. */
  [INSPECT](): string {
    const url = this.url === undefined ? '' : ` ${redactUrl(this.url)}`
    return `Connection { ${this.id}${url} ${this.state.status} }`
  }

  /** The codec for messages; `undefined` if that depends on the link that will send them. */
  get #codec(): Codec | undefined {
    return this.#session?.link.codec ?? sharedCodec(this.#lifecycle.settings.codec)
  }

  #send(data: OutboxData, message: unknown): Promise<void> {
    const { sender } = this.#lifecycle.hub
    return this.#session ? sender.sendOver(this.#session.link, data, message) : sender.send(data, message)
  }

  /** The link that the caller means. */
  get #link(): Link | undefined {
    return this.#session?.link ?? this.#lifecycle.links.callersLink
  }

  /** Whose requests the caller's belong to. A link that has been replaced takes no new ones: they go to the new one. */
  get #requests(): PendingRequests {
    const { links, hub } = this.#lifecycle
    const session = this.#session?.isReplaced === false ? this.#session : links.callersSession
    return session?.requests ?? hub.takers.lobby
  }

  #openLink(): Link {
    this.#checkNotClosed()
    const link = this.#link
    if (!link?.isOpen) throw new NotConnectedError(this.state.status)
    return link
  }

  #checkNotClosed(): void {
    const { status } = this.state
    if ((status === 'closing' || status === 'closed') && !this.#lifecycle.links.isCallerLeaving) {
      throw refusalError('ConnectionClosedError', status)
    }
  }
}

/** Returns a connection as one of its links sees it. */
function asSeenFrom(lifecycle: ConnectionLifecycle, session: Session): Connection {
  return new Connection(lifecycle.id, lifecycle, session)
}
