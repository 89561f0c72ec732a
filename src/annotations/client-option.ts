import type { AttemptInfo, RequestHeaders, Subprotocols } from '../attempt/attempt-options.js'
import type { SubscriptionAck, SubscriptionId } from '../subscriptions/subscribe-options.js'
import type { Failure } from '../session/disconnect.js'
import type { TlsOptions } from '../transports/socket-options.js'

/**
 * Options that can be methods, and the signatures of those methods. Parameters for messages can have any type, because the server
 * determines them.
 */
export interface ClientOptionMethods {
  url(attempt: AttemptInfo): string | URL | Promise<string | URL>
  headers(attempt: AttemptInfo): RequestHeaders | Promise<RequestHeaders>
  protocols(attempt: AttemptInfo): Subprotocols | Promise<Subprotocols>
  tls(attempt: AttemptInfo): TlsOptions | Promise<TlsOptions>
  proxy(url: string): string | URL | undefined | Promise<string | URL | undefined>
  'cookies.get'(url: string): string | undefined | Promise<string | undefined>
  'cookies.set'(url: string, setCookie: string[]): unknown
  route(message: never): unknown
  unpack(decoded: never): Iterable<unknown>
  ackOnArrival(message: never): unknown
  'heartbeat.message'(): unknown
  'heartbeat.isReply'(message: never): boolean
  'periodic.message'(): unknown
  'reconnect.shouldReconnect'(failure: Failure): boolean | number | undefined
  'reconnect.delays'(failures: number): number
  'outbox.conflate'(message: never): unknown
  'concurrency.key'(message: never): unknown
  'subscriptions.subscribe'(topics: never): unknown
  'subscriptions.unsubscribe'(topics: never, ids: readonly (SubscriptionId | undefined)[]): unknown
  'subscriptions.ack'(message: never): SubscriptionAck | undefined
  'subscriptions.key'(topic: never): string
}

/** Name of an option that can be a method, such as `'heartbeat.message'`. */
export type ClientOptionName = keyof ClientOptionMethods

/** Whether Holdfast awaits the result of each option's method. */
const AWAITED: Readonly<Record<ClientOptionName, boolean>> = {
  url: true,
  headers: true,
  protocols: true,
  tls: true,
  proxy: true,
  'cookies.get': true,
  'cookies.set': true,
  route: false,
  unpack: false,
  ackOnArrival: false,
  'heartbeat.message': false,
  'heartbeat.isReply': false,
  'periodic.message': false,
  'reconnect.shouldReconnect': false,
  'reconnect.delays': false,
  'outbox.conflate': false,
  'concurrency.key': false,
  'subscriptions.subscribe': false,
  'subscriptions.unsubscribe': false,
  'subscriptions.ack': false,
  'subscriptions.key': false,
}

export const CLIENT_OPTION_NAMES = Object.keys(AWAITED) as readonly ClientOptionName[]

export function isClientOptionName(name: unknown): name is ClientOptionName {
  return typeof name === 'string' && Object.hasOwn(AWAITED, name)
}

/** Returns true if the method can return a promise. */
export function isAwaited(name: ClientOptionName): boolean {
  return AWAITED[name]
}
