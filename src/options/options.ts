import type { PerAttempt } from '../connection/attempt-options.js'
import type { Clock } from '../core/clock.js'
import type { Codec } from '../codecs/codec.js'
import type { KeyedConcurrency } from './concurrency.js'
import type { OutboxSettings } from '../messages/outbox.js'
import type { RequestsOptions } from '../requests/request-options.js'
import type { RateLimitSettings } from '../link/rate-limiter.js'
import type { Failure } from '../session/disconnect.js'
import type { Unpack } from '../messages/inbound.js'
import type { Logger } from '../core/logger.js'
import type { Route } from '../messages/route.js'
import type { Connect } from '../transports/transport.js'

/** A heartbeat by protocol ping, or by a message of the API's own. */
export interface HeartbeatOptions {
  /** Milliseconds between beats. @default 20_000 */
  readonly interval?: number
  /** Milliseconds after a beat in which some frame must arrive. @default 10_000 */
  readonly timeout?: number
  /** Makes the message to beat with; without it a protocol ping goes out. */
  readonly message?: () => unknown
  /** Recognises the answer to `message`: it measures `Heartbeat.latency`, and no handler sees it. */
  readonly isReply?: (message: unknown) => boolean
}

/** A heartbeat that only listens: the server beats, and this side never writes. */
export interface SilenceOptions {
  /** Milliseconds without any frame after which the peer is taken for dead. */
  readonly silence: number
}

/** How to come back after a failed attempt or a lost connection. */
export interface ReconnectOptions {
  /** The longest first delay, in milliseconds; it doubles with each failure, and chance draws between 0 and it. @default 2_000 */
  readonly initialDelay?: number
  /** What the delay stops growing at, in milliseconds. @default 30_000 */
  readonly maxDelay?: number
  /** How long a connection must have been ready to be forgiven the failures before it, in milliseconds. @default 5_000 */
  readonly minUptime?: number
  /** How many tries to make in a row before giving up, the first included. @default Infinity */
  readonly maxAttempts?: number
  /** Delays of your own instead, in milliseconds: a list whose last one repeats, or a function of the failures so far. */
  readonly delays?: readonly number[] | ((failures: number) => number)
  /**
   * Replaces the verdict on a failure: `true` tries again, `false` gives up, a number tries again after so many milliseconds,
   * `undefined` leaves it to the default. Never asked after `close()`. If it throws, the default holds and the error is reported.
   */
  readonly shouldReconnect?: (failure: Failure) => boolean | number | undefined
}

/** How messages are kept while they cannot be sent. */
export interface OutboxOptions {
  /** How many messages to keep. @default 1_000 */
  readonly limit?: number
  /** How many bytes of them (for text, characters). @default 1 MiB */
  readonly bytes?: number
  /** What happens when it is full: `send` throws, the oldest go, or the new one goes. @default 'reject' */
  readonly overflow?: OutboxSettings['overflow']
  /** Messages older than this when the connection is ready again are reported, not sent; in milliseconds. @default Infinity */
  readonly maxAge?: number
  /** Names a message's kind: only the latest of a kind is kept. `undefined` keeps them all. */
  readonly conflate?: (message: unknown) => unknown
}

/** Everything that can be set on a connection. Times are milliseconds; `undefined` means the default, `false` means off. */
export interface ConnectionOptions {
  /** Where to connect: `ws://…` or `wss://…`. */
  readonly url?: PerAttempt<string | URL>
  /** The subprotocols to offer, in order of preference. The server must choose one of them. */
  readonly protocols?: PerAttempt<string | readonly string[]>
  /** Headers for the opening handshake. */
  readonly headers?: PerAttempt<Readonly<Record<string, string>>>
  /** What logs and errors call the connection. @default the class's name */
  readonly name?: string
  /**
   * Where a message's key is: a property, a path of them (`'data.e'`), a position in an array (`0`, `-2`), a function, or a list of
   * these of which the first that finds a key counts. See also `keyPair`, `keyPart` and `keyPresent` of `holdfast/routes`. @default 'type'
   */
  readonly route?: Route
  /** Turns messages into frames and back. @default jsonCodec */
  readonly codec?: Codec
  /**
   * Finds the messages in a decoded frame, where one may carry several; each is then routed and handled by itself. If it throws, what
   * it has given so far is handled, and the rest of the frame is a `DecodeError`; so is all past 65,536 messages.
   */
  readonly unpack?: Unpack
  /** How many messages may be handled at once, or which of them have to wait for each other. With 1, each waits for the one before it. @default 1 */
  readonly concurrency?: number | KeyedConcurrency
  /** How many messages may wait to be handled before reading stops; it goes on at a quarter. @default 1_024 */
  readonly highWaterMark?: number
  /** The same in bytes (for text, in characters). @default 16 MiB */
  readonly highWaterBytes?: number
  /** How many bytes may wait to be sent before the promise of `send` waits; it resolves at a quarter. @default 1 MiB */
  readonly sendHighWaterMark?: number
  /** How long an attempt may take in all, its functions included. @default 10_000 */
  readonly connectTimeout?: number | false
  /** How long `@OnOpen` may take. @default 30_000 */
  readonly onOpenTimeout?: number | false
  /** How long handlers may go on with what a lost connection had delivered. @default 30_000 */
  readonly drainTimeout?: number
  /** How long `close()` may take in all: half for the handlers, the rest for the closing handshake and `@OnClose`. @default 5_000 */
  readonly closeTimeout?: number
  /** The most bytes that one received message may have. @default 32 MiB */
  readonly maxPayload?: number | false
  /** The most fragments that one received message may have. @default 16_384 */
  readonly maxFragments?: number | false
  /**
   * Whether to offer the server that messages be compressed (permessage-deflate, RFC 7692). It saves bytes, and costs time and, per
   * connection, memory. `maxPayload` counts what a message is without it. @default false
   */
  readonly compression?: boolean
  /** How a dead peer is noticed. @default a protocol ping each 20_000, and 10_000 to answer */
  readonly heartbeat?: HeartbeatOptions | SilenceOptions | false
  /** How to come back; `false` ends with the first failure. */
  readonly reconnect?: ReconnectOptions | false
  /** How long a connection is used before a new one takes its place, which is opened first; in milliseconds. @default for ever */
  readonly maxAge?: number
  /** What is sent while not connected waits here until `@OnOpen` has settled; `false` makes such a send throw. */
  readonly outbox?: OutboxOptions | false
  /** How requests and their replies belong together; see `connection.request`. Start from a preset: `jsonRpc()`, `ocpp()`, `homeAssistant()`. */
  readonly requests?: RequestsOptions
  /** No more than so many sends in any so many milliseconds, pings included: what is too much waits. */
  readonly rateLimit?: RateLimitSettings
  /** Where to write what no handler takes; `false` writes nothing. @default the console, from `warn` up */
  readonly logger?: Logger | false
  /** The time: for tests. */
  readonly clock?: Clock
  /** Returns a number from 0 up to 1: for tests. @default Math.random */
  readonly random?: () => number
  /** What opens the sockets: for tests and other runtimes. @default the one over `ws` */
  readonly transport?: Connect
}
