/** ID that the server assigns to a subscription. It is valid on one connection only. */
export type SubscriptionId = string | number

/** Options of one `Subscriptions.add` call: how the subscription is acknowledged and unsubscribed. */
export interface SubscribeOptions {
  /**
   * Returns true if a message acknowledges the subscription. Handlers do not receive that message. Return `'refused'` or an Error if the
   * server rejected the subscription; Holdfast then reports a SubscriptionError. If not set, Holdfast does not wait for an acknowledgment.
   */
  readonly ack?: ((message: unknown) => boolean | 'refused' | Error) | undefined
  /**
   * Maximum wait for the acknowledgment in milliseconds, starting when the message is sent. After that, Holdfast reports a
   * SubscriptionError.
   * @default 10_000
   */
  readonly ackTimeout?: number | undefined
  /**
   * Message that unsubscribes, or a function that returns it. If `id` is set, the function receives the server's ID. If the acknowledgment
   * is still pending, Holdfast calls the function once it arrives.
   */
  readonly unsubscribe?: object | string | ((id: SubscriptionId) => unknown) | undefined
  /**
   * Extracts from the acknowledgment the ID that the server assigned to the subscription. Messages with that ID are routed to
   * `@OnMessage(key)`. Called again after each reconnect.
   */
  readonly id?: ((ack: unknown) => SubscriptionId) | undefined
  /**
   * Sends the message as a request, using the `requests` option. Holdfast adds an ID. The reply with that ID is the acknowledgment or, if
   * it is an error, the rejection. The `unsubscribe` message also gets an ID, and handlers do not receive the reply to it. Neither message
   * counts toward `requests.limit`.
   * @default false
   */
  readonly request?: boolean | undefined
}

/** Content of an acknowledgment or a rejection. */
export interface SubscriptionAck {
  /** The topics, or their keys. Topics that were not sent on this link are ignored. */
  readonly topics: readonly unknown[]
  /**
   * ID that the server assigned to the topics on this connection. Messages with that ID are routed to `@OnMessage(key)`. After a reconnect,
   * the ID is taken from the new acknowledgment.
   */
  readonly id?: SubscriptionId | undefined
  /** The server's reason for rejecting the topics; `undefined` or `null` if it accepted them. */
  readonly error?: unknown
}

/**
 * Turns topics into subscription messages: the `subscriptions` option. Its functions must be synchronous. They are declared as methods, so
 * you can use your own topic type: `subscribe: (topics: Topic[]) => …`.
 */
export interface SubscriptionsOptions {
  /**
   * Returns the message that subscribes to a batch of topics. Required: set it here, or decorate a method with
   * `@ClientOption('subscriptions.subscribe')`.
   */
  subscribe?(topics: readonly unknown[]): unknown
  /**
   * Returns the message that unsubscribes from topics. Receives the topics and the IDs from their acknowledgments. `undefined` sends
   * nothing. If a topic's acknowledgment is still pending, the function is called again for that topic when the acknowledgment arrives. If
   * not set, nothing is sent.
   */
  unsubscribe?(topics: readonly unknown[], ids: readonly (SubscriptionId | undefined)[]): unknown
  /**
   * Returns the key of a topic. Topics with the same key are treated as the same topic.
   * @default the topic itself if it is a string, otherwise its JSON with sorted property names
   */
  key?(topic: unknown): string
  /**
   * Returns the content of an acknowledgment or a rejection; `undefined` for any other message. Called for every message that no request or
   * waiter consumes. Handlers do not receive acknowledgments. If not set, topics are treated as acknowledged when they are sent.
   */
  ack?(message: unknown): SubscriptionAck | undefined
  /**
   * Maximum wait for an acknowledgment in milliseconds, starting when the message is sent. After that, Holdfast reports a
   * SubscriptionError.
   * @default 10_000
   */
  readonly ackTimeout?: number | undefined
  /** Combines topics into one message. */
  readonly batch?:
    | {
        /** Maximum number of topics in one message. Use 1 if the API accepts only one at a time. @default Infinity */
        readonly size?: number | undefined
        /** Time in milliseconds to wait for more topics. 0 combines the topics from one turn of the event loop. @default 0 */
        readonly delay?: number | undefined
      }
    | undefined
}

export const SUBSCRIPTIONS_DEFAULTS = {
  ackTimeout: 10_000,
  'batch.size': Infinity,
  'batch.delay': 0,
} as const

/** The `subscriptions` option with its defaults filled in. */
export interface SubscriptionsSettings extends SubscriptionsOptions {
  subscribe(topics: readonly unknown[]): unknown
  readonly ackTimeout: number
  readonly batch: { readonly size: number; readonly delay: number }
}

/** Fills in the defaults. */
export function fillInSubscriptions(options?: SubscriptionsOptions): SubscriptionsSettings | undefined {
  if (!options) return undefined
  const { ackTimeout = SUBSCRIPTIONS_DEFAULTS.ackTimeout, batch } = options
  const { size = SUBSCRIPTIONS_DEFAULTS['batch.size'], delay = SUBSCRIPTIONS_DEFAULTS['batch.delay'] } =
    batch ?? {}
  // Option validation has ensured that `subscribe` exists.
  return { ...(options as SubscriptionsSettings), ackTimeout, batch: { size, delay } }
}
