/** ID that a server assigns to a subscription on one connection. */
export type SubscriptionId = string | number

/** Options of one `Subscriptions.add`: how it is acknowledged and unsubscribed. */
export interface SubscribeOptions {
  /**
   * Returns true if a message is the acknowledgement. Handlers do not receive that message. Return `'refused'` or an Error if the server rejected the
   * subscription; the rejection is then reported. Without this function, Holdfast does not wait for an acknowledgement.
   */
  readonly ack?: ((message: unknown) => boolean | 'refused' | Error) | undefined
  /**
   * Maximum wait for the acknowledgement in milliseconds, from when the message was sent. After that, a SubscriptionError is reported.
   * @default 10_000
   */
  readonly ackTimeout?: number | undefined
  /**
   * Message that unsubscribes, or a function that returns it. With `id`, the function receives the server's ID. If the acknowledgement is still
   * pending, Holdfast calls the function after it arrives.
   */
  readonly unsubscribe?: object | string | ((id: SubscriptionId) => unknown) | undefined
  /**
   * Returns the ID that the server assigned to the subscription, given the acknowledgement. Messages with that ID are routed to `@OnMessage(key)`.
   * Called again after each reconnect.
   */
  readonly id?: ((ack: unknown) => SubscriptionId) | undefined
  /**
   * Sends the message as a request, according to the `requests` option. It gets an ID, and the reply with that ID is the acknowledgement, or the
   * rejection if it is an error. `unsubscribe` also gets an ID, and handlers do not receive its reply. Neither counts toward `requests.limit`.
   * @default false
   */
  readonly request?: boolean | undefined
}

/** Content of an acknowledgement or a rejection. */
export interface SubscriptionAck {
  /** The topics, or their keys. Topics that were not sent on this link are ignored. */
  readonly topics: readonly unknown[]
  /**
   * ID that the server assigned to them on this connection. Messages with that ID are routed to `@OnMessage(key)`. Read again after each
   * reconnect.
   */
  readonly id?: SubscriptionId | undefined
  /** The server's reason for rejecting the topics; `undefined` or `null` if it accepted them. */
  readonly error?: unknown
}

/**
 * Turns topics into messages: the `subscriptions` option. Its functions must be synchronous. They are declared as methods, so you can use your own
 * topic type: `subscribe: (topics: Topic[]) => …`.
 */
export interface SubscriptionsOptions {
  /** Returns the message that subscribes to a batch of topics. Required, here or as a method with `@ClientOption('subscriptions.subscribe')`. */
  subscribe?(topics: readonly unknown[]): unknown
  /**
   * Returns the message that unsubscribes from topics, given the topics and the IDs from their acknowledgements. `undefined` sends nothing; the
   * function is called again for a topic when its pending acknowledgement arrives. Without this function, nothing is sent.
   */
  unsubscribe?(topics: readonly unknown[], ids: readonly (SubscriptionId | undefined)[]): unknown
  /**
   * Returns the key of a topic. Topics with the same key are the same topic.
   * @default a string itself; for other values, their JSON with sorted property names
   */
  key?(topic: unknown): string
  /**
   * Returns the content of an acknowledgement or a rejection; `undefined` for any other message. Called for every message that no request or
   * waiter consumes. Handlers do not receive acknowledgements. Without this function, topics count as acknowledged when they are sent.
   */
  ack?(message: unknown): SubscriptionAck | undefined
  /**
   * Maximum wait for an acknowledgement in milliseconds, from when the message was sent. After that, a SubscriptionError is reported.
   * @default 10_000
   */
  readonly ackTimeout?: number | undefined
  /** Combines topics into one message. */
  readonly batch?:
    | {
        /** Maximum number of topics in one message. Use 1 if the API accepts only one at a time. @default Infinity */
        readonly size?: number | undefined
        /** Time in milliseconds that a topic waits for others. 0 combines the topics of one turn of the event loop. @default 0 */
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
  // The check of the options has ensured that `subscribe` exists.
  return { ...(options as SubscriptionsSettings), ackTimeout, batch: { size, delay } }
}
