import type { PerAttempt } from '../connection/attempt-options.js'
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
import type { Logger } from '../core/logger.js'
import type { SubscriptionsOptions } from '../subscriptions/subscribe-options.js'
import type { Route } from '../messages/route.js'
import type { Connect } from '../transports/transport.js'

/** Reconnect behavior after a failed attempt or a lost connection. */
export interface ReconnectOptions {
  /**
   * Upper bound of the first delay, in milliseconds. It doubles with each failure; the delay is random below it.
   *
   * It also spaces out attempts. After a connection that did not last `minUptime`, the next attempt starts at least 0.5 to 1.5 times
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
   * Maximum `Retry-After` to honor, in milliseconds; a random part of `initialDelay` is added to the wait. If the server asks for more,
   * Holdfast retries after this time or, if the connection has never been open, gives up (RFC 9110, section 10.2.3).
   *
   * @default 3_600_000
   */
  readonly maxRetryAfter?: number | undefined
  /**
   * Custom delays in milliseconds, in place of the random ones below `maxDelay`: a list whose last delay repeats, or a function of the number
   * of failures so far.
   */
  readonly delays?: readonly number[] | ((failures: number) => number) | undefined
  /**
   * Overrides the retry decision: `true` retries, `false` gives up, a number sets the delay in milliseconds, `undefined` keeps the default.
   * Never called after `close()`. If it throws or returns anything else, such as a promise, Holdfast reports that and uses the default.
   */
  readonly shouldReconnect?: ((failure: Failure) => boolean | number | undefined) | undefined
}

/** Limits and policy of the outbox, which keeps messages while they cannot be sent. */
export interface OutboxOptions {
  /** Maximum number of messages to keep. @default 1_000 */
  readonly limit?: number | undefined
  /** Maximum number of bytes to keep (for text, characters). @default 1 MiB */
  readonly bytes?: number | undefined
  /** Policy for a full outbox: throw (`'reject'`), drop the oldest message, or drop the new one. @default 'reject' */
  readonly overflow?: OutboxSettings['overflow'] | undefined
  /**
   * Maximum age of a message when the connection is ready again, in milliseconds. Older messages are reported instead of sent.
   *
   * @default Infinity
   */
  readonly maxAge?: number | undefined
  /** Returns a key. Only the latest message per key is kept. Messages for which it returns `undefined` are all kept. */
  readonly conflate?: ((message: unknown) => unknown) | undefined
}

/** Options of a connection. Times are in milliseconds. `undefined` means the default; `false` turns a feature off. */
export interface ConnectionOptions {
  /** URL to connect to, `ws://…` or `wss://…`. A value, or a function called on every attempt. */
  readonly url?: PerAttempt<string | URL> | undefined
  /** Subprotocols to offer, the preferred one first. The server must choose one of them. A value, or a function called on every attempt. */
  readonly protocols?: PerAttempt<string | readonly string[]> | undefined
  /**
   * Headers of the opening handshake. A header whose value is `undefined` is not sent. A value, or a function called on every attempt, for
   * example to fetch a token.
   */
  readonly headers?: PerAttempt<Readonly<Record<string, string | undefined>>> | undefined
  /** Name of the connection in logs and errors. @default the class name */
  readonly name?: string | undefined
  /**
   * Location of a message's key: a property, a path (`'data.e'`), a position in an array (`0`, `-2`), a function, or a list of these. In a
   * list, the first location with a key wins. See also `keyPair`, `keyPart` and `keyPresent` in `holdfast/routes`.
   *
   * @default 'type'
   */
  readonly route?: Route | undefined
  /**
   * Encodes messages to frames and decodes frames to messages. Pass a function to create one codec per link, for decoders with state. It is
   * called when a link has opened. If it throws, the attempt fails, and Holdfast retries.
   *
   * @default jsonCodec
   */
  readonly codec?: Codec | CodecFactory | undefined
  /**
   * Returns the messages in a decoded frame, for APIs that pack several into one. Each message is routed and handled separately. If the
   * function throws, the messages so far are handled, and the rest of the frame is reported as a `DecodeError`. So is everything after 65,536
   * messages.
   */
  readonly unpack?: Unpack | undefined
  /**
   * Returns the acknowledgement of a message, or `undefined` for none. It is called when the message arrives, before queues and handlers, even
   * while `@OnOpen` runs.
   *
   * The acknowledgement is sent immediately on the link that delivered the message, ahead of all queued messages. It can use the `reserve` of
   * `rateLimit`. The function must be synchronous. It is not called for heartbeat replies or after `close()`. If it throws, the error is
   * reported, and the message is handled anyway.
   */
  readonly ackOnArrival?: AckOnArrival | undefined
  /** Whether to send what handlers return. @default true */
  readonly replies?: boolean | undefined
  /**
   * Whether to also parse unhandled messages. By default, Holdfast only counts them if nothing needs them and their key is near the start of
   * their text. Invalid JSON after the key, or a second key, then goes unnoticed.
   *
   * @default false
   */
  readonly parseUnwanted?: boolean | undefined
  /**
   * Maximum number of messages handled at once, or the key by which messages wait for each other. With 1, each message waits for the previous
   * one.
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
  /** Number of pending bytes (for text, characters) at which the socket is paused. Reading resumes at a quarter. @default 16 MiB */
  readonly highWaterBytes?: number | undefined
  /**
   * Number of buffered bytes at which the promise that `send` returns stays pending, until a quarter is left. Above 16 times this number,
   * `send` throws.
   *
   * @default 1 MiB
   */
  readonly sendHighWaterMark?: number | undefined
  /** Maximum duration of an attempt in milliseconds, option functions included. @default 10_000 */
  readonly connectTimeout?: number | false | undefined
  /** Maximum duration of `@OnOpen` in milliseconds. @default 30_000 */
  readonly onOpenTimeout?: number | false | undefined
  /**
   * Maximum time in milliseconds for handlers to finish after their link was lost or replaced, and for its `@OnClose`. In a handover, it
   * also limits the requests and `@OnClosing` of the old link.
   *
   * @default 30_000
   */
  readonly drainTimeout?: number | undefined
  /**
   * Maximum duration of `close()` in milliseconds. Handlers and `@OnClosing` have the first half; then the close frame is sent. After nine
   * tenths, the socket is terminated. The rest is for `@OnClose`. Also the default for `end()`.
   *
   * @default 5_000
   */
  readonly closeTimeout?: number | undefined
  /** Maximum size of a received message in bytes, decompressed. @default 32 MiB */
  readonly maxPayload?: number | false | undefined
  /** Maximum number of fragments of a received message. @default 16_384 */
  readonly maxFragments?: number | false | undefined
  /**
   * Whether to offer compression to the server (permessage-deflate, RFC 7692). Saves bandwidth at the cost of CPU time and memory per
   * connection.
   *
   * @default false
   */
  readonly compression?: boolean | undefined
  /** Method of detecting a lost connection. @default 'ping', with an interval of 20_000 and a timeout of 10_000 */
  readonly heartbeat?: HeartbeatOption | undefined
  /** Sends a message at an interval while the connection is ready, for servers that expect signs of life. */
  readonly periodic?: PeriodicOptions | false | undefined
  /** Reconnect behavior. `false` ends the connection at its first failure. */
  readonly reconnect?: ReconnectOptions | false | undefined
  /** Maximum age of a link in milliseconds, shortened by up to a tenth at random. Its replacement opens before it closes. @default no limit */
  readonly maxAge?: number | undefined
  /** Keeps messages sent while not connected, and sends them once `@OnOpen` has completed. With `false`, such sends throw. */
  readonly outbox?: OutboxOptions | false | undefined
  /** Matches replies to requests; see `connection.request`. Start from a preset: `jsonRpc()`, `ocpp()` or `homeAssistant()`. */
  readonly requests?: RequestsOptions | undefined
  /** Turns topics into messages; see `Subscriptions.subscribe`. `batch.size` and `batch.delay` determine which topics share a message. */
  readonly subscriptions?: SubscriptionsOptions | undefined
  /** Limits sends to `messages` per `per` milliseconds, pings included. Excess sends are queued. */
  readonly rateLimit?: RateLimitSettings | undefined
  /** Receives log lines and unhandled errors. `false` disables logging. @default the console, from `warn` up */
  readonly logger?: Logger | false | undefined
  /** Source of time. Replace it in tests. */
  readonly clock?: Clock | undefined
  /** Returns a number from 0 up to, but not including, 1. Replace it in tests. @default Math.random */
  readonly random?: (() => number) | undefined
  /** Opens the sockets. Replace it in tests and for other runtimes. @default the transport over `ws` */
  readonly transport?: Connect | undefined
}
