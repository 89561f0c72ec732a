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

/** How to reconnect after a failed attempt or a lost connection. */
export interface ReconnectOptions {
  /**
   * Upper bound of the first delay, in milliseconds. It doubles with each failure; the delay is random below it. After a connection that did
   * not hold for `minUptime`, the next attempt also starts between half and one and a half of it after the start of the last one.
   *
   * @default 2_000
   */
  readonly initialDelay?: number | undefined
  /** Upper bound at which the delay stops doubling, in milliseconds. @default 30_000 */
  readonly maxDelay?: number | undefined
  /** Minimum ready time after which the failures and attempts are counted again from 0, in milliseconds. @default 5_000 */
  readonly minUptime?: number | undefined
  /** Maximum number of consecutive attempts, including the first. @default Infinity */
  readonly maxAttempts?: number | undefined
  /**
   * Maximum time that a server's `Retry-After` is waited for, in milliseconds, plus a random part of `initialDelay`. A longer one is reduced to
   * it, and is fatal before the first success (RFC 9110, section 10.2.3). @default 3_600_000
   */
  readonly maxRetryAfter?: number | undefined
  /** Custom delays in milliseconds, in the place of those drawn below `maxDelay`: a list whose last one repeats, or a function of the failures so far. */
  readonly delays?: readonly number[] | ((failures: number) => number) | undefined
  /**
   * Overrides the retry decision: `true` retries, `false` gives up, a number sets the delay in milliseconds, `undefined` keeps the default.
   * Never called after `close()`. If it throws, or returns anything else such as a promise, that is reported and the default applies.
   */
  readonly shouldReconnect?: ((failure: Failure) => boolean | number | undefined) | undefined
}

/** How messages are kept while they cannot be sent. */
export interface OutboxOptions {
  /** How many messages to keep. @default 1_000 */
  readonly limit?: number | undefined
  /** How many bytes of them (for text, characters). @default 1 MiB */
  readonly bytes?: number | undefined
  /** What happens when it is full: `send` throws, the oldest go, or the new one goes. @default 'reject' */
  readonly overflow?: OutboxSettings['overflow'] | undefined
  /** Messages older than this when the connection is ready again are reported, not sent; in milliseconds. @default Infinity */
  readonly maxAge?: number | undefined
  /** Names a message's kind: only the latest of a kind is kept. `undefined` keeps them all. */
  readonly conflate?: ((message: unknown) => unknown) | undefined
}

/** Options of a connection. Times are in milliseconds; `undefined` means the default, `false` means off. */
export interface ConnectionOptions {
  /** Where to connect: `ws://…` or `wss://…`. */
  readonly url?: PerAttempt<string | URL> | undefined
  /** The subprotocols to offer, in order of preference. The server must choose one of them. */
  readonly protocols?: PerAttempt<string | readonly string[]> | undefined
  /** Headers of the opening handshake. A header whose value is `undefined` is not sent. */
  readonly headers?: PerAttempt<Readonly<Record<string, string | undefined>>> | undefined
  /** What logs and errors call the connection. @default the class's name */
  readonly name?: string | undefined
  /**
   * Where a message's key is: a property, a path of them (`'data.e'`), a position in an array (`0`, `-2`), a function, or a list of
   * these of which the first that finds a key counts. See also `keyPair`, `keyPart` and `keyPresent` of `holdfast/routes`. @default 'type'
   */
  readonly route?: Route | undefined
  /**
   * Turns messages into frames and back. A function makes one for each link, for decoders with a state: it is called when a link has opened. If it
   * throws, the attempt has failed, and the next one follows. @default jsonCodec
   */
  readonly codec?: Codec | CodecFactory | undefined
  /**
   * Finds the messages in a decoded frame, where one may carry several; each is then routed and handled by itself. If it throws, what
   * it has given so far is handled, and the rest of the frame is a `DecodeError`; so is all past 65,536 messages.
   */
  readonly unpack?: Unpack | undefined
  /**
   * Makes the acknowledgement of each message on arrival, before queue and handlers, also while `@OnOpen` runs; `undefined` for none. It is
   * sent at once through the codec on the link that delivered the message, ahead of all that waits, from the `reserve` of `rateLimit`. It has to
   * answer at once. It is not called for replies to heartbeats, nor after `close()`. If it throws, that is reported, and the message is handled.
   */
  readonly ackOnArrival?: AckOnArrival | undefined
  /** Whether to send what handlers return. `false` sends nothing of it. @default true */
  readonly replies?: boolean | undefined
  /**
   * Parses unhandled messages, too. Without it they are only counted if nothing needs them and their key is at the beginning of their text;
   * then invalid JSON behind the key, and a second key, go unnoticed. @default false
   */
  readonly parseUnwanted?: boolean | undefined
  /** How many messages may be handled at once, or which of them have to wait for each other. With 1, each waits for the one before it. @default 1 */
  readonly concurrency?: number | KeyedConcurrency | undefined
  /** Number of pending messages at which the socket is paused. Reading resumes at a quarter; at 16 times as many it stops completely. @default 1_024 */
  readonly highWaterMark?: number | undefined
  /** The same in bytes (for text, in characters). @default 16 MiB */
  readonly highWaterBytes?: number | undefined
  /** Number of buffered bytes from which the promise of `send` waits, until a quarter is left. Past 16 times as many, `send` throws. @default 1 MiB */
  readonly sendHighWaterMark?: number | undefined
  /** How long an attempt may take in all, its functions included. @default 10_000 */
  readonly connectTimeout?: number | false | undefined
  /** Maximum duration of `@OnOpen`. @default 30_000 */
  readonly onOpenTimeout?: number | false | undefined
  /**
   * Maximum time for handlers to finish after their link was lost or replaced, and for its `@OnClose`. In a handover, it also bounds the
   * requests and `@OnClosing` of the old link. @default 30_000
   */
  readonly drainTimeout?: number | undefined
  /**
   * Maximum duration of `close()`. After half of it, for handlers and `@OnClosing`, the close frame is sent; after nine tenths the socket is
   * terminated; the rest is for `@OnClose`. Also the default of `end()`. @default 5_000
   */
  readonly closeTimeout?: number | undefined
  /** The most bytes that one received message may have. @default 32 MiB */
  readonly maxPayload?: number | false | undefined
  /** The most fragments that one received message may have. @default 16_384 */
  readonly maxFragments?: number | false | undefined
  /**
   * Whether to offer the server that messages be compressed (permessage-deflate, RFC 7692). It saves bytes, and costs time and, per
   * connection, memory. `maxPayload` counts what a message is without it. @default false
   */
  readonly compression?: boolean | undefined
  /** How a dead server is detected. @default 'ping', with an interval of 20_000 and a timeout of 10_000 */
  readonly heartbeat?: HeartbeatOption | undefined
  /** Sends a message at an interval while the connection is ready, for servers that expect signs of life. */
  readonly periodic?: PeriodicOptions | false | undefined
  /** Reconnects; `false` ends the connection with its first failure. */
  readonly reconnect?: ReconnectOptions | false | undefined
  /** Maximum age of a link, minus up to a tenth by chance. Its replacement opens before it closes. @default no limit */
  readonly maxAge?: number | undefined
  /** Keeps messages that are sent while not connected until `@OnOpen` has completed; `false` makes such a send throw. */
  readonly outbox?: OutboxOptions | false | undefined
  /** How requests and their replies belong together; see `connection.request`. Start from a preset: `jsonRpc()`, `ocpp()`, `homeAssistant()`. */
  readonly requests?: RequestsOptions | undefined
  /** How topics become messages; see `Subscriptions.subscribe`. `batch.size` and `batch.delay` say what goes together. */
  readonly subscriptions?: SubscriptionsOptions | undefined
  /** No more than so many sends in any so many milliseconds, pings included: what is too much waits. */
  readonly rateLimit?: RateLimitSettings | undefined
  /** Where to write what no handler takes; `false` writes nothing. @default the console, from `warn` up */
  readonly logger?: Logger | false | undefined
  /** The time: for tests. */
  readonly clock?: Clock | undefined
  /** Returns a number from 0 up to 1: for tests. @default Math.random */
  readonly random?: (() => number) | undefined
  /** What opens the sockets: for tests and other runtimes. @default the one over `ws` */
  readonly transport?: Connect | undefined
}
