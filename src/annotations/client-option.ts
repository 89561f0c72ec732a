import type { AttemptInfo, RequestHeaders, Subprotocols } from '../attempt/attempt-options.js'
import type { SubscriptionAck, SubscriptionId } from '../subscriptions/subscribe-options.js'
import type { Failure } from '../session/disconnect.js'
import type { TlsOptions } from '../transports/socket-options.js'

/**
 * Options that can be methods, and the signatures of those methods. Parameters for messages can have any type, because the server
 * determines them.
 */
export interface ClientOptionMethods {
  /** Returns the URL of an attempt. */
  url(attempt: AttemptInfo): string | URL | Promise<string | URL>
  /** Returns the headers of the handshake request. */
  headers(attempt: AttemptInfo): RequestHeaders | Promise<RequestHeaders>
  /** Returns the subprotocols to offer, in order of preference. */
  protocols(attempt: AttemptInfo): Subprotocols | Promise<Subprotocols>
  /** Returns the TLS options of an attempt. */
  tls(attempt: AttemptInfo): TlsOptions | Promise<TlsOptions>
  /** Returns the URL of the proxy for this URL; `undefined` connects directly. */
  proxy(url: string): string | URL | undefined | Promise<string | URL | undefined>
  /** Returns the `Cookie` header for this URL; `undefined` sends none. */
  'cookies.get'(url: string): string | undefined | Promise<string | undefined>
  /** Stores the `Set-Cookie` headers of the server's response. */
  'cookies.set'(url: string, setCookie: string[]): unknown
  /** Returns the key of a message; `undefined` if it has none. */
  route(message: never): unknown
  /** Returns the messages in a decoded frame. */
  unpack(decoded: never): Iterable<unknown>
  /** Returns the acknowledgment to send for a message that has just arrived; `undefined` sends nothing. */
  ackOnArrival(message: never): unknown
  /** Returns the next heartbeat message. */
  'heartbeat.message'(): unknown
  /** Returns whether a message is the reply to a heartbeat message. Handlers do not receive such replies. */
  'heartbeat.isReply'(message: never): boolean
  /** Returns the next periodic message. */
  'periodic.message'(): unknown
  /**
   * Overrides the retry decision: `true` retries, `false` gives up, a number sets the delay in milliseconds, `undefined` keeps the default.
   */
  'reconnect.shouldReconnect'(failure: Failure): boolean | number | undefined
  /** Returns the delay in milliseconds before the next attempt, after this many failures. */
  'reconnect.delays'(failures: number): number
  /** Returns a key. The outbox keeps only the latest message per key, and all messages for which this returns `undefined`. */
  'outbox.conflate'(message: never): unknown
  /** Returns a key. Messages with the same key are handled one at a time, in order. */
  'concurrency.key'(message: never): unknown
  /** Returns the message that subscribes to these topics. */
  'subscriptions.subscribe'(topics: never): unknown
  /** Returns the message that unsubscribes from these topics. `ids` contains the ID that the server gave each topic. */
  'subscriptions.unsubscribe'(topics: never, ids: readonly (SubscriptionId | undefined)[]): unknown
  /** Returns which topics a message acknowledges or rejects; `undefined` if the message is not an acknowledgment. */
  'subscriptions.ack'(message: never): SubscriptionAck | undefined
  /** Returns the key that identifies a topic. */
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
