import type { PerAttempt, RequestHeaders, Subprotocols } from '../attempt/attempt-options.js'
import type { CookieJar } from '../attempt/cookies.js'
import type { ProxyOption } from '../proxy/proxy-option.js'
import type { ConnectLimiter } from '../attempt/connect-limiter.js'
import type { Clock } from '../core/clock.js'
import type { Codec, CodecFactory } from '../codecs/codec.js'
import type { KeyedConcurrency } from './concurrency.js'
import type { OutboxSettings } from '../messages/outbox.js'
import type { RequestsOptions } from '../requests/request-options.js'
import type { HeartbeatOption } from '../link/heartbeat.js'
import type { PeriodicOptions } from '../link/periodic-messages.js'
import type { RateLimitSettings } from '../link/rate-limiter.js'
import type { Failure } from '../session/disconnect.js'
import type { AckOnArrival, Unpack } from '../messages/inbound.js'
import type { LogLogger, Logger } from '../core/logger.js'
import type { SubscriptionsOptions } from '../subscriptions/subscribe-options.js'
import type { Route } from '../messages/route.js'
import type { TlsOptions } from '../transports/socket-options.js'
import type { CompressionOptions, Connect, SocketOptions } from '../transports/transport.js'

/** Reconnect behavior after a failed attempt or a lost connection. */
export interface ReconnectOptions {
  /**
   * Upper bound of the first delay, in milliseconds. It doubles with each failure; the delay is random below it.
   *
   * Also spaces out attempts: if a connection was not ready for `minUptime`, the next attempt starts at least 0.5 to 1.5 times
   * `initialDelay` (at random) after the previous one started.
   *
   * @default 2_000
   */
  readonly initialDelay?: number | undefined
  /** Upper bound at which the delay stops doubling, in milliseconds. @default 30_000 */
  readonly maxDelay?: number | undefined
  /** Minimum ready time after which the failure and attempt counts reset, in milliseconds. @default 5_000 */
  readonly minUptime?: number | undefined
  /** Maximum number of consecutive attempts, including the first. @default Infinity */
  readonly maxAttempts?: number | undefined
  /**
   * Maximum `Retry-After` to honor, in milliseconds. A random part of `initialDelay` is added to it. If the server asks for more, Holdfast
   * retries after this time or, if the connection has never been open, gives up (RFC 9110, section 10.2.3).
   *
   * @default 3_600_000
   */
  readonly maxRetryAfter?: number | undefined
  /**
   * Custom delays in milliseconds, instead of random ones up to `maxDelay`: an array whose last delay repeats, or a function that receives
   * the number of failures so far.
   */
  readonly delays?: readonly number[] | ((failures: number) => number) | undefined
  /**
   * Overrides the retry decision: `true` retries, `false` gives up, a number sets the delay in milliseconds, `undefined` keeps the default.
   * Never called after `close()`. If it throws or returns anything else, such as a promise, Holdfast reports an error and uses the default.
   */
  readonly shouldReconnect?: ((failure: Failure) => boolean | number | undefined) | undefined
}

/** Limits and policy of the outbox, which keeps messages while they cannot be sent. */
export interface OutboxOptions {
  /** Maximum number of messages to keep. @default 1_000 */
  readonly limit?: number | undefined
  /** Maximum number of bytes to keep. For text, characters are counted. @default 1 MiB */
  readonly bytes?: number | undefined
  /** Policy for a full outbox: throw (`'reject'`), drop the oldest message, or drop the new one. @default 'reject' */
  readonly overflow?: OutboxSettings['overflow'] | undefined
  /**
   * Maximum age of a message in milliseconds, checked when the connection is ready again. Older messages are reported instead of sent.
   *
   * @default Infinity
   */
  readonly maxAge?: number | undefined
  /** Returns a key. Only the latest message per key is kept. Messages for which it returns `undefined` are all kept. */
  readonly conflate?: ((message: unknown) => unknown) | undefined
}

/** Options for a connection. Times are in milliseconds. `undefined` means the default; `false` turns a feature off. */
export interface ConnectionOptions {
  /** URL to connect to: `ws://…`, `wss://…` or `ws+unix:///path/to/socket:/path`. Pass a value, or a function called on every attempt. */
  readonly url?: PerAttempt<string | URL> | undefined
  /**
   * Subprotocols to offer, in order of preference. The server must choose one of them, unless you pass `{ offer, required: false }`. Pass a
   * value, or a function called on every attempt.
   */
  readonly protocols?: PerAttempt<Subprotocols> | undefined
  /**
   * Headers for the opening handshake. An array is sent as one header line per value. A header whose value is `undefined` is not sent. Pass
   * a value, or a function called on every attempt, for example to fetch a token. Headers win over `origin`, `userAgent`, and the
   * credentials in the URL.
   */
  readonly headers?: PerAttempt<RequestHeaders> | undefined
  /** Value of the `Origin` header (RFC 6454, section 7). @default no `Origin` header, because only browsers have to send one */
  readonly origin?: string | undefined
  /** Value of the `User-Agent` header (RFC 9110, section 10.1.5). @default no `User-Agent` header */
  readonly userAgent?: string | undefined
  /**
   * Maximum number of redirects to follow per attempt, or `true` for 10. Another origin receives none of your headers, credentials,
   * subprotocols, and client certificates. A redirect from `wss:` to `ws:` is never followed.
   *
   * @default false
   */
  readonly followRedirects?: boolean | number | undefined
  /** Cookie jar. Returns the cookies for each handshake, and receives the cookies of each response. */
  readonly cookies?: CookieJar | undefined
  /** Name of the connection in logs and errors. @default the class name */
  readonly name?: string | undefined
  /**
   * Location of a message's key: a property, a path (`'data.e'`), a position in an array (`0`, `-2`), a function, or an array of these. In
   * an array, the first location that contains a key wins. See also `keyPair`, `keyPart` and `keyPresent` in `holdfast/routes`.
   *
   * @default 'type'
   */
  readonly route?: Route | undefined
  /**
   * Encodes messages to frames and decodes frames to messages. If the decoder has state, pass a function that creates one codec per link.
   * Holdfast calls it when a link opens. If it throws, the attempt fails, and Holdfast retries.
   *
   * @default jsonCodec
   */
  readonly codec?: Codec | CodecFactory | undefined
  /**
   * Returns the messages in a decoded frame, for APIs that pack several into one. Each message is routed and handled separately. If the
   * function throws, the messages it has returned so far are handled, and the rest of the frame is reported as a `DecodeError`. Everything
   * after the first 65,536 messages of a frame is reported the same way.
   */
  readonly unpack?: Unpack | undefined
  /**
   * Returns the acknowledgment for a message, or `undefined` to send none. Holdfast calls it when the message arrives, before the message
   * is queued or handled, even while `@OnOpen` runs.
   *
   * The acknowledgment is sent immediately on the link that delivered the message, ahead of all queued messages. It can use
   * `rateLimit.reserve`. The function must be synchronous. It is not called for heartbeat replies or after `close()`. If it throws, the
   * error is reported, and the message is handled anyway.
   */
  readonly ackOnArrival?: AckOnArrival | undefined
  /** Whether to send what handlers return. @default true */
  readonly replies?: boolean | undefined
  /**
   * Whether to also parse messages that nothing handles. By default, Holdfast only counts such a message if its key is near the start of
   * its text. It then does not notice invalid JSON or a second key later in the text.
   *
   * @default false
   */
  readonly parseUnwanted?: boolean | undefined
  /**
   * Maximum number of messages handled at once, or `{ key }` to handle messages in order per key only. With 1, each message waits for the
   * previous one.
   *
   * @default 1
   */
  readonly concurrency?: number | KeyedConcurrency | undefined
  /**
   * Number of pending messages at which the socket is paused. Reading resumes at a quarter. At 16 times this number, reading stops even for
   * replies.
   *
   * @default 1_024
   */
  readonly highWaterMark?: number | undefined
  /**
   * Number of pending bytes at which the socket is paused. For text, characters are counted. Reading resumes at a quarter. @default 16 MiB
   */
  readonly highWaterBytes?: number | undefined
  /**
   * Number of buffered bytes from which the promise that `send` returns stays pending until the buffer has drained to a quarter. Above 16
   * times this number, `send` throws.
   *
   * @default 1 MiB
   */
  readonly sendHighWaterMark?: number | undefined
  /** Maximum duration of an attempt in milliseconds, option functions included. @default 10_000 */
  readonly connectTimeout?: number | false | undefined
  /** Maximum duration of `@OnOpen` in milliseconds. @default 30_000 */
  readonly onOpenTimeout?: number | false | undefined
  /**
   * Maximum time in milliseconds for handlers to finish after their link was lost or replaced, and for that link's `@OnClose`. In a
   * handover, it also limits the old link's pending requests and `@OnClosing`.
   *
   * @default 30_000
   */
  readonly drainTimeout?: number | undefined
  /**
   * Maximum duration of `close()` in milliseconds. The first half is for handlers and `@OnClosing`; then the close frame is sent. After
   * nine tenths, the socket is terminated. The remaining tenth is for `@OnClose`. Also the default timeout of `end()`.
   *
   * @default 5_000
   */
  readonly closeTimeout?: number | undefined
  /** Maximum size of a received message in bytes, after decompression. @default 32 MiB */
  readonly maxPayload?: number | false | undefined
  /** Maximum number of fragments in a received message. @default 16_384 */
  readonly maxFragments?: number | false | undefined
  /**
   * Whether to offer compression to the server (permessage-deflate, RFC 7692), or its settings. Saves bandwidth at the cost of CPU time and
   * memory per connection.
   *
   * @default false
   */
  readonly compression?: boolean | CompressionOptions | undefined
  /** Detects a lost connection, by default with pings. @default 'ping', with an interval of 20_000 and a timeout of 10_000 */
  readonly heartbeat?: HeartbeatOption | undefined
  /** Sends a message at an interval while the connection is ready, for servers that expect regular messages from the client. */
  readonly periodic?: PeriodicOptions | false | undefined
  /** Reconnect behavior. `false` ends the connection on the first failure. */
  readonly reconnect?: ReconnectOptions | false | undefined
  /** Maximum age of a link in milliseconds, shortened by up to a tenth at random. Its replacement opens before it closes. @default no limit */
  readonly maxAge?: number | undefined
  /** Keeps messages that you send while not connected, and sends them once `@OnOpen` completes. With `false`, such sends throw. */
  readonly outbox?: OutboxOptions | false | undefined
  /** Matches replies to requests; see `connection.request`. Start from a preset: `jsonRpc()`, `ocpp()` or `homeAssistant()`. */
  readonly requests?: RequestsOptions | undefined
  /**
   * Turns topics into messages; see `Subscriptions.subscribe`. `batch.size` and `batch.delay` control how topics are grouped into one
   * message.
   */
  readonly subscriptions?: SubscriptionsOptions | undefined
  /** Limits sends to `messages` per `per` milliseconds, pings included. Excess sends are queued. */
  readonly rateLimit?: RateLimitSettings | undefined
  /**
   * Limits the attempts of all clients that share the limiter; see `createConnectLimiter`. An attempt waits for its turn before its
   * option functions are called. The wait does not count toward `connectTimeout`.
   */
  readonly connectLimiter?: ConnectLimiter | undefined
  /**
   * Options for TLS: certificates, the client's own certificate and key, versions, and pins. Pass a value, or a function called on every
   * attempt, for example to read a certificate that is renewed regularly.
   */
  readonly tls?: PerAttempt<TlsOptions> | undefined
  /** Agent that creates the sockets: an `http.Agent`, or an `https.Agent` if the URL starts with `wss:`. */
  readonly agent?: SocketOptions['agent'] | undefined
  /** Path of a Unix socket, or name of a Windows named pipe, to connect to instead of the URL's host. */
  readonly socketPath?: SocketOptions['socketPath'] | undefined
  /** Creates the socket of each attempt: returns a `Duplex`, or a promise of one, or passes it to the callback. */
  readonly createConnection?: SocketOptions['createConnection'] | undefined
  /** Local IP address to connect from. */
  readonly localAddress?: SocketOptions['localAddress'] | undefined
  /** IP version to use: 4 or 6. @default either */
  readonly family?: SocketOptions['family'] | undefined
  /** Resolves the host name, like `dns.lookup`. */
  readonly lookup?: SocketOptions['lookup'] | undefined
  /**
   * Whether the operating system probes an idle connection (SO_KEEPALIVE), or the delay before its first probe in milliseconds. Rarely
   * needed: the heartbeat detects a lost connection sooner.
   *
   * @default false
   */
  readonly tcpKeepAlive?: SocketOptions['tcpKeepAlive'] | undefined
  /** Whether small messages are sent without delay (TCP_NODELAY). @default true */
  readonly tcpNoDelay?: SocketOptions['tcpNoDelay'] | undefined
  /**
   * Proxy to connect through: an `http:`, `https:` or `socks5:` URL, `'environment'` to use `HTTPS_PROXY` and similar variables, or a
   * function that returns the proxy for a URL. `false` turns off the proxy of a class. Requires the package `https-proxy-agent` or
   * `socks-proxy-agent`.
   *
   * @default no proxy
   */
  readonly proxy?: ProxyOption | undefined
  /**
   * Receives log lines and unhandled errors. `false` disables logging. A logger that has `log` instead of `info`, such as Nest's, receives
   * only text.
   *
   * @default the console, from `warn` up
   */
  readonly logger?: Logger | LogLogger | false | undefined
  /** Source of time. Replace it in tests. */
  readonly clock?: Clock | undefined
  /** Returns a random number from 0 up to, but not including, 1. Replace it in tests. @default Math.random */
  readonly random?: (() => number) | undefined
  /** Opens the sockets. Replace it in tests and on other runtimes. @default the transport that uses `ws` */
  readonly transport?: Connect | undefined
}
