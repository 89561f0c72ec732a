import type { Clock } from '../core/clock.js'
import { systemClock } from '../core/clock.js'
import type { Codec } from '../codecs/codec.js'
import { jsonCodec } from '../codecs/codec.js'
import { fillInConcurrency } from './concurrency.js'
import type { ConcurrencySettings, KeyedConcurrency } from './concurrency.js'
import type { HeartbeatSettings } from '../link/heartbeat.js'
import { HEARTBEAT_DEFAULTS } from '../link/heartbeat.js'
import type { OutboxSettings } from '../messages/outbox.js'
import { OUTBOX_DEFAULTS } from '../messages/outbox.js'
import { fillInRequests } from '../requests/request-options.js'
import type { RequestsOptions, RequestsSettings } from '../requests/request-options.js'
import type { RateLimitSettings } from '../link/rate-limiter.js'
import type { Failure, ReconnectSettings } from '../connection/retry-policy.js'
import { RECONNECT_DEFAULTS } from '../connection/retry-policy.js'
import type { Unpack } from '../messages/unpacking.js'
import type { Logger } from '../core/logger.js'
import type { Route } from '../messages/route.js'
import type { Connect } from '../transports/transport.js'

/** What a `url`, `headers` or `protocols` function is told, anew for each attempt. */
export interface AttemptInfo {
  /** The number of this try, counted from 1 and anew after a connection that held for `minUptime`. */
  readonly attempt: number
  /** True when the connection has been open before. */
  readonly isReconnect: boolean
  /** Why there is another attempt; `undefined` the first time. */
  readonly failure?: Failure
  /** Aborts when the attempt is given up: hand it to `fetch`. */
  readonly signal: AbortSignal
}

/** A value, or a function that gives it for each attempt: a fresh token, say. A function that fails fails the attempt. */
export type PerAttempt<T> = T | ((attempt: AttemptInfo) => T | Promise<T>)

/** A heartbeat by protocol ping, or by a message of the API's own. */
export interface BeatOptions {
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
  readonly collapse?: (message: unknown) => unknown
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
   * these of which the first that finds a key counts. See also `keyPair`, `keyPart` and `keyPresent`. @default 'type'
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
  readonly readyTimeout?: number | false
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
  readonly heartbeat?: BeatOptions | SilenceOptions | false
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

/** The options of one connection with every default filled in. */
export interface ConnectionSettings {
  readonly url: NonNullable<ConnectionOptions['url']>
  readonly protocols: NonNullable<ConnectionOptions['protocols']>
  readonly headers: NonNullable<ConnectionOptions['headers']>
  readonly route: Route
  readonly codec: Codec
  readonly unpack: Unpack | undefined
  readonly concurrency: ConcurrencySettings
  readonly highWaterMark: number
  readonly highWaterBytes: number
  readonly sendHighWaterMark: number
  readonly connectTimeout: number
  readonly readyTimeout: number
  readonly drainTimeout: number
  readonly closeTimeout: number
  readonly maxPayload: number
  readonly maxFragments: number
  readonly compression: boolean
  readonly heartbeat: HeartbeatSettings
  readonly reconnect: ReconnectSettings | false
  readonly outbox: OutboxSettings | false
  readonly maxAge: number
  readonly rateLimit: RateLimitSettings | undefined
  readonly requests: RequestsSettings
  /** True where the API is known to have requests: then beats take an id, too, and stray replies are counted. */
  readonly hasRequests: boolean
  readonly clock: Clock
  readonly random: () => number
}

const MiB = 1024 * 1024

/** The defaults of everything that is a number; the documentation's table is checked against it. */
export const DEFAULTS = {
  concurrency: 1,
  highWaterMark: 1_024,
  highWaterBytes: 16 * MiB,
  sendHighWaterMark: MiB,
  connectTimeout: 10_000,
  readyTimeout: 30_000,
  drainTimeout: 30_000,
  closeTimeout: 5_000,
  maxPayload: 32 * MiB,
  maxFragments: 16_384,
} as const

/** Lays options over each other, the later ones winning where they say anything: an explicit `undefined` says nothing. */
export function layerOptions<T extends object>(...layers: readonly (T | undefined)[]): T {
  const result: Record<string, unknown> = {}
  for (const layer of layers as readonly (Record<string, unknown> | undefined)[]) {
    for (const name of layer ? Object.keys(layer) : []) {
      if (layer?.[name] !== undefined) result[name] = layer[name]
    }
  }
  return result as T
}

const NO_PROTOCOLS: readonly string[] = []
const NO_HEADERS: Readonly<Record<string, string>> = {}

/** Fills in the defaults. */
export function fillIn(options: ConnectionOptions, url: PerAttempt<string | URL>): ConnectionSettings {
  const numberOf = (name: Exclude<keyof typeof DEFAULTS, 'concurrency'>): number | false =>
    options[name] ?? DEFAULTS[name]
  return {
    url,
    protocols: options.protocols ?? NO_PROTOCOLS,
    headers: options.headers ?? NO_HEADERS,
    route: options.route ?? 'type',
    codec: options.codec ?? jsonCodec,
    unpack: options.unpack,
    concurrency: fillInConcurrency(options.concurrency ?? DEFAULTS.concurrency),
    highWaterMark: Number(numberOf('highWaterMark')),
    highWaterBytes: Number(numberOf('highWaterBytes')),
    sendHighWaterMark: Number(numberOf('sendHighWaterMark')),
    connectTimeout: numberOf('connectTimeout') || Infinity,
    readyTimeout: numberOf('readyTimeout') || Infinity,
    drainTimeout: Number(numberOf('drainTimeout')),
    closeTimeout: Number(numberOf('closeTimeout')),
    maxPayload: Number(numberOf('maxPayload')),
    maxFragments: Number(numberOf('maxFragments')),
    compression: options.compression ?? false,
    heartbeat: fillInHeartbeat(options.heartbeat),
    reconnect: fillInGroup<ReconnectSettings>(options.reconnect, RECONNECT_DEFAULTS),
    outbox: fillInGroup<OutboxSettings>(options.outbox, OUTBOX_DEFAULTS),
    maxAge: options.maxAge ?? Infinity,
    rateLimit: options.rateLimit,
    requests: fillInRequests(options.requests),
    hasRequests: options.requests !== undefined,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  }
}

/** Groups that nobody sets are shared by all connections. */
function fillInGroup<T extends object>(group: Partial<T> | false | undefined, defaults: T): T | false {
  if (group === false) return false
  return group ? layerOptions<T>(defaults, group as T) : defaults
}

function fillInHeartbeat(option: ConnectionOptions['heartbeat']): HeartbeatSettings {
  if (option === false) return { style: 'off' }
  const { silence, interval, timeout, message, isReply }: Partial<SilenceOptions> & BeatOptions = option ?? {}
  if (silence !== undefined) return { style: 'silence', silence }
  const times = {
    interval: interval ?? HEARTBEAT_DEFAULTS.interval,
    timeout: timeout ?? HEARTBEAT_DEFAULTS.timeout,
  }
  if (!message) return { style: 'ping', ...times }
  return { style: 'message', ...times, message, isReply }
}
