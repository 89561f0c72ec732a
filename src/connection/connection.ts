import { NotConnectedError } from '../errors/send-errors.js'
import { encodeWith, sharedCodec } from '../codecs/codec.js'
import type { Codec } from '../codecs/codec.js'
import { ChunkedMessage, checkChunks } from '../codecs/chunked-message.js'
import type { Chunks } from '../codecs/chunked-message.js'
import { LateMessage } from '../codecs/late-message.js'
import { jsonCodec } from '../codecs/json.js'
import type { ConnectionSettings } from './settings.js'
import type { AnyProtocol, Outgoing, Protocol, ReplyTo } from '../messages/protocol.js'
import { copyBytes } from '../transports/copy-bytes.js'
import { TAP } from '../diagnostics/taps.js'
import type { ConnectionDiagnostic } from '../diagnostics/payloads.js'
import type { Tap, TapHandle } from '../diagnostics/taps.js'
import type { Clock } from '../core/clock.js'
import { keptOptions } from '../messages/sender.js'
import type { Connect, SendOptions } from '../transports/transport.js'
import { syncAnswer } from '../core/thenable.js'
import { redactUrl } from '../core/url.js'
import { CloseCode, checkClose } from '../link/close-code.js'
import type { CloseInfo } from '../session/disconnect.js'
import { callerOf } from '../messages/call-site.js'
import type { OutboxData } from '../messages/outbox.js'
import type { SettleListener } from '../core/deferred.js'
import type { HeartbeatSource } from '../link/heartbeat.js'
import type { Link } from '../link/link.js'
import type { ConnectionListener } from '../session/session-handlers.js'
import type { MessageIterator, MessagesOptions } from '../messages/message-stream.js'
import type { RequestManyOptions, RequestOptions } from '../requests/request-options.js'
import { ConnectionLifecycle, refusalError } from './connection-lifecycle.js'
import type { PendingRequests } from '../requests/pending-requests.js'
import { tapConnection } from './taps.js'
import type { Session } from '../session/session.js'
import { HandlerConnection } from '../session/handler-connection.js'
import type { ConnectionStats } from '../session/connection-stats.js'
import type { ConnectionState } from '../session/state.js'
import type { Subscriptions } from '../subscriptions/subscriptions.js'
import type { WaitOptions } from '../messages/waiters.js'

/** Node's `util.inspect.custom`, by its registered name, because browsers have no `util` module. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * The long-lived connection of a client. It uses one link after another; a link is one open socket.
 *
 * Inject it into the client, or read it from `client.connection`. Both use the current link or, inside `@OnOpen` (even after an await), the
 * link that is opening. `context.connection` is bound to the link that the handler was called for: `send`, `request` and `waitFor` use that
 * link. A `Connection<typeof market.client>` accepts only messages that this protocol sends to the server; see `defineProtocol`.
 */
export class Connection<P extends AnyProtocol = Protocol> extends HandlerConnection<P> {
  /** Name of the connection, unique in this process, such as `TickerClient#1`. */
  readonly id: string
  readonly #lifecycle: ConnectionLifecycle
  /** The link that a handler's context is bound to; `undefined` for the connection as a whole. */
  readonly #session: Session | undefined

  /** @internal */
  constructor(lifecycle: ConnectionLifecycle, session?: Session) {
    super()
    this.id = lifecycle.id
    this.#lifecycle = lifecycle
    this.#session = session
  }

  /**
   * Creates a connection that has not started connecting.
   *
   * @internal
   */
  static create(id: string, settings: ConnectionSettings, connect: Connect): Connection {
    return new Connection(new ConnectionLifecycle(id, settings, connect, asSeenFrom))
  }

  /**
   * Starts connecting. The listener receives no events before this call.
   *
   * @internal
   */
  start(listener: ConnectionListener): void {
    this.#lifecycle.start(listener)
  }

  /**
   * Resolves when `@OnOpen` completes for the first time. Rejects if the connection ends first.
   *
   * @internal
   */
  get ready(): Promise<void> {
    return this.#lifecycle.openings.ready
  }

  /**
   * Ends the connection, unless it has already been ready.
   *
   * @internal
   */
  abortStart(): void {
    this.#lifecycle.abortStart()
  }

  /**
   * Pauses reading on all links, present and future, until they close, as if a message iterator had fallen behind. While a request or a
   * waiter is pending, reading continues.
   *
   * @internal
   */
  pauseReading(): void {
    const { hub, links } = this.#lifecycle
    hub.demand.onBacklog('low', 'full')
    // A link that has received nothing yet does not count its messages, and would not be notified.
    links.current?.link.readCounter.onDemandChange()
  }

  /**
   * Calls `ended` when the connection ends permanently, immediately if it already has.
   *
   * @internal
   */
  onEnd(ended: SettleListener): void {
    this.#lifecycle.holder.closed.onSettled(ended)
  }

  /**
   * Full URL of the latest attempt, including credentials. Logs and errors omit the credentials and the query. `undefined` until the URL is
   * known.
   */
  get url(): string | undefined {
    return this.#lifecycle.links.url
  }

  /** Subprotocol that the server chose; `''` if it chose none or no link is open. */
  get protocol(): string {
    return this.#link?.transport.protocol ?? ''
  }

  /**
   * Current state of the connection, already updated when a call such as `close()` returns. `@OnStateChange` receives every state in order,
   * but can lag behind.
   */
  get state(): ConnectionState {
    return this.#lifecycle.holder.state
  }

  /** Number of bytes that were accepted but not yet passed to the operating system, including the outbox. */
  get bufferedAmount(): number {
    return (this.#link?.transport.bufferedAmount ?? 0) + this.#lifecycle.hub.outbox.bytes
  }

  /**
   * Identifies the link that a handler's context is bound to.
   *
   * @internal
   */
  get boundLink(): object | undefined {
    return this.#session
  }

  /**
   * Facts for diagnostics. For the context of a handler, those of its link.
   *
   * @internal
   */
  get facts(): ConnectionDiagnostic {
    return this.#session?.facts ?? this.#lifecycle.facts
  }

  /**
   * Link that can take a broadcast now: ready, open, and with fewer than `sendHighWaterMark` bytes waiting.
   *
   * @internal
   */
  get broadcastLink(): Link | undefined {
    const { links, settings } = this.#lifecycle
    const session = this.#session ?? links.servingSession
    if (this.state.status !== 'open' || !session?.isReady || !session.link.isOpen) return undefined
    const { link } = session
    return link.transport.bufferedAmount < settings.sendHighWaterMark ? link : undefined
  }

  /** Snapshot of the counts of unhandled, conflated, unmatched and dropped messages since the start. */
  get stats(): ConnectionStats {
    return this.#lifecycle.hub.stats
  }

  /** Aborts when the connection starts to close permanently. A handler's `context.signal` belongs to the link instead. */
  get signal(): AbortSignal {
    return this.#lifecycle.holder.signal
  }

  /** Resolves when the connection is closed permanently. If an error ended it, the result contains that error as `error`. Never rejects. */
  get closed(): Promise<CloseInfo> {
    return this.#lifecycle.holder.closed.promise
  }

  /**
   * Sends text or bytes unchanged. Until the connection is ready, the outbox keeps them. Inside `@OnOpen`, they are sent immediately. On
   * `context.connection`, they are sent on the handler's link; once that link is lost, `@OnError` receives a {@link MessageDroppedError}.
   *
   * The chunks of an iterable or async iterable are sent as one message in fragments. Other messages wait until it is complete. The iterable
   * is read only while fewer than `sendHighWaterMark` bytes are buffered. If it fails or contains anything other than strings or bytes,
   * `@OnError` receives an EncodeError (stage `encode`), and the link is closed with 1011 if a part of the message has been sent. If the
   * link is lost first, `@OnError` receives a {@link MessageDroppedError}.
   *
   * You do not have to await the promise. It is only for flow control.
   *
   * @param options `compress: false` sends the message uncompressed, for example because it is a picture. Without the `compression` option,
   * nothing is compressed.
   * @returns a promise that is already resolved if fewer than `sendHighWaterMark` bytes are buffered. Otherwise, it resolves when the
   * buffer has drained to a quarter of that, or when the link is lost. For an iterable, it resolves when the last fragment has been passed
   * to the socket, or never will be. Never rejects.
   * @throws TypeError if the data is neither a string nor bytes nor an iterable, or is an array that contains anything else
   * @throws OutboxFullError if the outbox is full (with `overflow: 'reject'`), or while more than 16 times `sendHighWaterMark` is buffered
   * @throws NotConnectedError while not open, with `outbox: false`
   * @throws ConnectionClosedError once closing or closed, except inside `@OnClosing`
   */
  send(data: string | Uint8Array | Chunks, options?: SendOptions): Promise<void> {
    const kept = keptOptions(options)
    if (typeof data === 'string' || data instanceof Uint8Array) {
      this.#checkNotClosed()
      return this.#send(data, data, kept)
    }
    checkChunks(data)
    this.#checkNotClosed()
    return this.#send(new ChunkedMessage(data, !kept), data, kept)
  }

  /**
   * Sends a value as JSON, regardless of the codec. The value can also be a function, as in {@link sendMessage}. Returns and throws the
   * same as {@link send}.
   *
   * @throws EncodeError if the value has no JSON representation
   */
  sendJson(value: Outgoing<P> | (() => Outgoing<P>), options?: SendOptions): Promise<void> {
    this.#checkNotClosed()
    const kept = keptOptions(options)
    if (typeof value === 'function')
      return this.#send(new LateMessage(value, jsonCodec, undefined, !kept), value, kept)
    return this.#send(encodeWith(jsonCodec, value), value, kept)
  }

  /**
   * Encodes a message with the codec and sends it. Returns and throws the same as {@link send}.
   *
   * Pass a function to create the message at the moment it is written to the socket, after any wait in the outbox or for `rateLimit`, for
   * example to sign it with the current time. The function is called at most once and must return the message itself. If it throws, or
   * returns a promise or `undefined`, `@OnError` receives an EncodeError (stage `encode`). Until it is called, the message counts as 0
   * bytes.
   *
   * If each link has its own codec, a message that waits for a link is encoded when it is sent.
   *
   * @throws EncodeError if the codec cannot encode the message
   */
  sendMessage(message: Outgoing<P> | (() => Outgoing<P>), options?: SendOptions): Promise<void> {
    this.#checkNotClosed()
    const kept = keptOptions(options)
    if (typeof message === 'function')
      return this.#send(new LateMessage(message, undefined, undefined, !kept), message, kept)
    const codec = this.#codec
    if (codec) return this.#send(encodeWith(codec, message), message, kept)
    return this.#lifecycle.hub.sender.sendMessage(message, kept)
  }

  /**
   * Resolves with the next matching message. Handlers do not receive it. Messages are matched before they are queued, so handlers and
   * `@OnOpen` can await this. Inside `@OnOpen`, messages that have already arrived on the link are checked first, oldest first.
   *
   * The call waits for a message on the link that is open now or, if none is, on the next link that opens.
   *
   * @returns the message. Rejects with WaitTimeoutError, with ConnectionLostError if the link is lost first, with ConnectionClosedError if
   * the connection ends, or with the signal's reason. Also rejects with BackpressureError if far too many messages or `waitFor` calls are
   * pending, and with TypeError if `match` returns a promise.
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
   * Sends a request and resolves with its reply, which the `requests` option recognizes. Replies are matched before they are queued, so
   * handlers and `@OnOpen` can await this. If no link is ready, the request waits for one while its timeout runs.
   *
   * Pass a function to create the message at the moment it is written to the socket and, with `resend`, again for each link. The ID is
   * added to its result. If the function throws, or returns a promise or `undefined`, the request rejects and `@OnError` receives the error
   * (stage `encode`).
   *
   * The request is bound to the link that it was made on. After a handover, new requests use the new link.
   *
   * @returns the result from the reply. Rejects with RequestTimeoutError, with ReplyError if the reply is an error, with
   * ConnectionLostError if the link is lost first (unless `resend` is set), or with ConnectionClosedError if the connection ends. Also
   * rejects with BackpressureError, with EncodeError, or with the signal's reason.
   * @throws TypeError if the message cannot have an ID, or its ID is already in use
   * @throws ConnectionClosedError once closing or closed
   */
  request<T = unknown, M extends Outgoing<P> = Outgoing<P>>(
    message: M | (() => M),
    options: RequestOptions = {},
  ): Promise<ReplyTo<P, M, T>> {
    this.#checkNotClosed()
    return this.#requests.request(message, options) as Promise<ReplyTo<P, M, T>>
  }

  /** Sends a request and iterates over its replies, including the last one. Fails with the same errors as {@link request}. */
  requestMany<T = unknown, M extends Outgoing<P> = Outgoing<P>>(
    message: M | (() => M),
    options: RequestManyOptions,
  ): AsyncIterableIterator<ReplyTo<P, M, T>, undefined> {
    this.#checkNotClosed()
    return this.#requests.requestMany(message, options) as AsyncIterableIterator<ReplyTo<P, M, T>, undefined>
  }

  /**
   * Replies to a call from the server, using that call's ID. On `context.connection`, the reply is sent on the handler's link; otherwise,
   * on the current link. Returns the same as {@link send}.
   *
   * @throws TypeError if the call has no ID
   * @throws NotConnectedError while not open
   * @throws ConnectionClosedError once closing or closed
   */
  respond(incoming: unknown, result: unknown): Promise<void> {
    const reply = syncAnswer(this.#lifecycle.settings.requests.respond(incoming, result), 'requests.respond')
    const link = this.#openLink()
    return link.send(encodeWith(link.codec, reply))
  }

  /**
   * Iterates over decoded messages from now on, across reconnects. Handlers still receive every message. The iteration ends when the
   * connection is closed, and throws if an error ended it. An iteration that falls behind pauses the socket.
   *
   * @throws ConnectionClosedError once closing or closed
   */
  messages(options: MessagesOptions = {}): MessageIterator {
    this.#checkNotClosed()
    // eslint-disable-next-line @typescript-eslint/unbound-method -- marks where the caller's stack starts, and is not called
    return this.#lifecycle.hub.takers.streams.open(options, callerOf(this.messages))
  }

  /** Resolves when the connection is ready: `@OnOpen` has completed. Rejects with ConnectionClosedError once closing or closed. */
  whenOpen(): Promise<void> {
    return this.#lifecycle.holder.whenOpen()
  }

  /**
   * Closes the current link with code 4000, without running `@OnClosing`, and starts the next attempt after the link's `@OnClose`. Does
   * nothing while connecting. Affects the whole connection, even when called on `context.connection`.
   *
   * If the failure count is 0, the attempt starts immediately. Otherwise, it starts at least half of `initialDelay` after the previous
   * attempt started, and never before the time set by the server's `Retry-After`. While Holdfast waits for the next attempt, this only
   * skips the backoff. A link that is replaced before `minUptime` is treated as a failure, so calling this on every new connection does not
   * cause a reconnect storm.
   *
   * @param options with `overlap: true`, the old link stays in use until the new one is ready. If the new one fails, Holdfast keeps the old
   * one, and tries again after the backoff.
   * @throws ConnectionClosedError once closing or closed
   */
  reconnect({ overlap = false }: { readonly overlap?: boolean | undefined } = {}): void {
    this.#lifecycle.reconnect(overlap)
  }

  /**
   * Lets the server close the connection: runs `@OnClosing`, sends `message`, and handles messages until the server closes. The server's
   * close is neither an error nor a reason to reconnect. After this call, sends throw, except inside `@OnClosing`. Values that handlers
   * return are still sent.
   *
   * @param message last message to send. Encoded by the codec and sent after everything already queued
   * @param options `timeout`: time in milliseconds after which Holdfast closes the connection as `close()` does. Defaults to
   * `closeTimeout`.
   * @returns how the connection ended. Rejects with NotConnectedError if the connection is not open, with ConnectionClosedError if it is
   * closing or closed, and with EncodeError if the codec cannot encode the message.
   */
  async end(
    message?: Outgoing<P>,
    { timeout }: { readonly timeout?: number | undefined } = {},
  ): Promise<CloseInfo> {
    // If there is no link, there may be no codec; `end` rejects anyway.
    const codec = sharedCodec(this.#lifecycle.settings.codec) ?? this.#lifecycle.links.current?.link.codec
    const lastWords =
      message === undefined || !codec ? undefined : { data: copyBytes(encodeWith(codec, message)), message }
    return this.#lifecycle.end(lastWords, timeout ?? this.#lifecycle.settings.closeTimeout)
  }

  /**
   * Closes the connection permanently. Running and queued handlers finish first. Then `@OnClosing`, the closing handshake and `@OnClose`
   * follow. All of this takes at most `closeTimeout`. The close frame is sent after half of that time at the latest; the socket is
   * terminated after nine tenths. Later calls have no effect. A call in the synchronous part of a handler does not wait for that handler.
   *
   * @param code 1000 for a normal closure, 1001 if the process is shutting down, 3000 to 4999 for your own codes. Defaults to 1000.
   * @param reason up to 123 bytes
   * @returns how the last link ended. Never rejects.
   * @throws RangeError if a close frame cannot contain the code or the reason
   * @throws TypeError if the reason is not a string
   */
  close(code: number = CloseCode.NORMAL, reason = ''): Promise<CloseInfo> {
    checkClose(code, reason)
    return this.#lifecycle.close(code, reason)
  }

  /**
   * Terminates the sockets and ends the connection permanently, without `@OnClosing` or a closing handshake. `@OnClose` still runs. Never
   * rejects.
   */
  terminate(): Promise<CloseInfo> {
    return this.#lifecycle.terminate()
  }

  /**
   * The injectable `Subscriptions`.
   *
   * @internal
   */
  get subscriptions(): Subscriptions {
    return this.#lifecycle.hub.takers.subscriptions
  }

  /**
   * Source of the injectable `Heartbeat`.
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
        // Messages can now be replies to heartbeats.
        hub.inbound.enableInterception()
      },
    }
  }

  /**
   * Attaches a tap; see `record` in holdfast/testing.
   *
   * @internal
   */
  [TAP](create: (clock: Clock) => Tap): TapHandle {
    return tapConnection(this.#lifecycle, create)
  }

  /** Describes the connection. Omits the URL's query and credentials. @hidden */
  [INSPECT](): string {
    const url = this.url === undefined ? '' : ` ${redactUrl(this.url)}`
    return `Connection { ${this.id}${url} ${this.state.status} }`
  }

  /** Codec for messages to send; `undefined` if it depends on the link that will send them. */
  get #codec(): Codec | undefined {
    return this.#session?.link.codec ?? sharedCodec(this.#lifecycle.settings.codec)
  }

  #send(data: OutboxData, message: unknown, options: SendOptions | undefined): Promise<void> {
    const { sender } = this.#lifecycle.hub
    return this.#session
      ? sender.sendOver(this.#session.link, data, message, options)
      : sender.send(data, message, options)
  }

  /** Link that calls use: the bound link if there is one, otherwise the link for the current caller. */
  get #link(): Link | undefined {
    return this.#session?.link ?? this.#lifecycle.links.callersLink
  }

  /** Requests of the link that calls use. After a handover, new requests use the new link. */
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

/** Returns the connection bound to one of its links. */
function asSeenFrom(lifecycle: ConnectionLifecycle, session: Session): Connection {
  return new Connection(lifecycle, session)
}
