import { systemClock } from '../core/clock.js'
import type { PerAttempt, RequestHeaders, SocketSettings } from '../attempt/attempt-options.js'
import { RETRY_DEFAULTS } from '../connection/retry-policy.js'
import type { RetrySettings } from '../connection/retry-policy.js'
import type { ConnectionSettings } from '../connection/settings.js'
import { isPlainJson, jsonCodec } from '../codecs/json.js'
import { OUTBOX_DEFAULTS } from '../messages/outbox.js'
import type { OutboxSettings } from '../messages/outbox.js'
import { isProperty } from '../messages/route.js'
import type { Route } from '../messages/route.js'
import { fillInSubscriptions } from '../subscriptions/subscribe-options.js'
import { fillInRequests } from '../requests/request-options.js'
import { fillInConcurrency } from './concurrency.js'
import type { ConcurrencySettings } from './concurrency.js'
import { fillInHeartbeat } from './heartbeat-option.js'
import { mergeOptions } from './merge-options.js'
import { fillInPeriodic } from './periodic-option.js'
import type { ConnectionOptions } from './options.js'

/** Options of one client with all defaults filled in. Used by its connection and to dispatch messages to its handlers. */
export interface ClientSettings extends ConnectionSettings {
  readonly route: Route
  readonly concurrency: ConcurrencySettings
  readonly replies: boolean
}

const MiB = 1024 * 1024

/** Defaults that are numbers. A test compares them with the table in the documentation. */
export const DEFAULTS = {
  concurrency: 1,
  highWaterMark: 1_024,
  highWaterBytes: 16 * MiB,
  sendHighWaterMark: MiB,
  connectTimeout: 10_000,
  onOpenTimeout: 30_000,
  drainTimeout: 30_000,
  closeTimeout: 5_000,
  maxPayload: 32 * MiB,
  maxFragments: 16_384,
} as const

/** Number of redirects that `followRedirects: true` allows. */
const MOST_REDIRECTS = 10

const NO_PROTOCOLS: readonly string[] = []
const NO_HEADERS: RequestHeaders = {}

export function fillIn(options: ConnectionOptions, url: PerAttempt<string | URL>): ClientSettings {
  const numberOf = (name: Exclude<keyof typeof DEFAULTS, 'concurrency'>): number | false =>
    options[name] ?? DEFAULTS[name]
  return {
    ...fillInHandshake(options, url),
    route: options.route ?? 'type',
    codec: options.codec ?? jsonCodec,
    unpack: options.unpack,
    ackOnArrival: options.ackOnArrival,
    replies: options.replies ?? true,
    skipBy: skipBy(options),
    concurrency: fillInConcurrency(options.concurrency ?? DEFAULTS.concurrency),
    highWaterMark: Number(numberOf('highWaterMark')),
    highWaterBytes: Number(numberOf('highWaterBytes')),
    sendHighWaterMark: Number(numberOf('sendHighWaterMark')),
    connectTimeout: numberOf('connectTimeout') || Infinity,
    onOpenTimeout: numberOf('onOpenTimeout') || Infinity,
    drainTimeout: Number(numberOf('drainTimeout')),
    closeTimeout: Number(numberOf('closeTimeout')),
    socket: socketOptions(options),
    proxy: options.proxy,
    maxPayload: Number(numberOf('maxPayload')),
    maxFragments: Number(numberOf('maxFragments')),
    compression: options.compression ?? false,
    heartbeat: fillInHeartbeat(options.heartbeat),
    reconnect: fillInGroup<RetrySettings>(options.reconnect, RETRY_DEFAULTS),
    outbox: fillInGroup<OutboxSettings>(options.outbox, OUTBOX_DEFAULTS),
    maxAge: options.maxAge ?? Infinity,
    rateLimit: options.rateLimit,
    connectLimiter: options.connectLimiter,
    periodic: fillInPeriodic(options.periodic),
    requests: fillInRequests(options.requests),
    hasRequests: options.requests !== undefined,
    subscriptions: fillInSubscriptions(options.subscriptions),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  }
}

/** Fills in the options of the opening handshake. */
function fillInHandshake(
  { protocols, headers, origin, userAgent, followRedirects = false, cookies }: ConnectionOptions,
  url: PerAttempt<string | URL>,
): Pick<
  ClientSettings,
  'url' | 'protocols' | 'headers' | 'origin' | 'userAgent' | 'followRedirects' | 'cookies'
> {
  return {
    url,
    protocols: protocols ?? NO_PROTOCOLS,
    headers: headers ?? NO_HEADERS,
    origin,
    userAgent,
    followRedirects: followRedirects === true ? MOST_REDIRECTS : Number(followRedirects),
    cookies,
  }
}

/**
 * Returns the property that contains a message's key if the key can be found without parsing and no option needs to see unhandled messages.
 * `LinkUser.mayWant` covers code that needs such messages temporarily.
 */
function skipBy({
  ackOnArrival,
  codec = jsonCodec,
  parseUnwanted,
  route = 'type',
  subscriptions,
  unpack,
}: ConnectionOptions): string | undefined {
  const looksOn = unpack !== undefined || ackOnArrival !== undefined || subscriptions?.ack !== undefined
  const wantsAll = parseUnwanted === true || looksOn
  return wantsAll || typeof codec === 'function' || !isPlainJson(codec) || !isProperty(route)
    ? undefined
    : route
}

/** Names of the options that are passed on to the socket. */
export const SOCKET_OPTIONS = [
  'tls',
  'agent',
  'socketPath',
  'createConnection',
  'localAddress',
  'family',
  'lookup',
  'tcpKeepAlive',
  'tcpNoDelay',
] as const satisfies readonly (keyof SocketSettings)[]

/** Returns the options of the socket; `undefined` if none is set, as in most connections. */
function socketOptions(options: ConnectionOptions): SocketSettings | undefined {
  const set = SOCKET_OPTIONS.filter((name) => options[name] !== undefined)
  return set.length === 0 ? undefined : Object.fromEntries(set.map((name) => [name, options[name]]))
}

/** Fills in the defaults of a group. Connections that do not set the group share one object. */
function fillInGroup<T extends object>(group: Partial<T> | false | undefined, defaults: T): T | false {
  if (group === false) return false
  return group ? mergeOptions<T>(defaults, group as T) : defaults
}
