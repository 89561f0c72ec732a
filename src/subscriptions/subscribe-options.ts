/** ID by which a server calls a subscription on one connection. */
export type SubscriptionId = string | number

/** How one subscription of `Subscriptions.add` is acknowledged and taken back. */
export interface SubscribeOptions {
  /**
   * Tells whether a message is the acknowledgement: that message is taken, no handler sees it. `'refused'`, or an Error,
   * means that it is the server's refusal, which is reported. Without it nothing is waited for.
   */
  readonly ack?: ((message: unknown) => boolean | 'refused' | Error) | undefined
  /** Maximum wait for the acknowledgement from when the message has left, in milliseconds. Then it is reported as missing. @default 10_000 */
  readonly ackTimeout?: number | undefined
  /**
   * The message that takes the subscription back, or a function that is called for it each time. Where `id` is given,
   * the function is told the server's id, and waits for the acknowledgement if that is still on its way.
   */
  readonly unsubscribe?: object | string | ((id: SubscriptionId) => unknown) | undefined
  /**
   * Reads from the acknowledgement the id by which the server calls the subscription on this connection, so that
   * messages with that id reach `@OnMessage(key)`. Learned anew after each reconnect.
   */
  readonly id?: ((ack: unknown) => SubscriptionId) | undefined
  /**
   * Sends the message as a request of the `requests` option: it gets an id, and the reply with that id is the acknowledgement, or the
   * refusal if it is an error. `unsubscribe` gets an id, too, and its reply is taken. Both count for no `requests.limit`. @default false
   */
  readonly request?: boolean | undefined
}

/** Content of an acknowledgement. */
export interface SubscriptionAck {
  /** The topics that it is about, or their keys. Those that nobody waits for are passed over. */
  readonly topics: readonly unknown[]
  /**
   * The id by which the server calls them on this connection, so that messages with that id reach `@OnMessage(key)`. Learned anew after
   * each reconnect.
   */
  readonly id?: SubscriptionId | undefined
  /** Why the server refuses them; `undefined` or `null` if it does not. */
  readonly error?: unknown
}

/**
 * How topics become messages: the `subscriptions` option. Its functions must be synchronous. They are methods, so that they may name your own type of
 * topics: `subscribe: (topics: Topic[]) => …`.
 */
export interface SubscriptionsOptions {
  /** Makes the message that subscribes to topics: one for each batch. Required, here or as a method with `@ClientOption('subscriptions.subscribe')`. */
  subscribe?(topics: readonly unknown[]): unknown
  /**
   * Makes the message that takes topics back, from them and from the ids that acknowledgements gave them. `undefined` sends nothing now: it is
   * asked again for those whose acknowledgement is still awaited. Without the function, topics are only forgotten.
   */
  unsubscribe?(topics: readonly unknown[], ids: readonly (SubscriptionId | undefined)[]): unknown
  /** Returns what makes two topics the same. @default a string itself; for anything else its JSON, with sorted names */
  key?(topic: unknown): string
  /**
   * Reads an acknowledgement or a refusal, `undefined` where a message is neither. It is asked of every message that no request and no waiter
   * takes; what it knows is taken, no handler sees it. Without it topics count as acknowledged when they are sent.
   */
  ack?(message: unknown): SubscriptionAck | undefined
  /** Maximum wait for an acknowledgement from when the message has left, in milliseconds. Then it is reported as missing. @default 10_000 */
  readonly ackTimeout?: number | undefined
  /** Bounds of the topics that go together in one message. */
  readonly batch?:
    | {
        /** Maximum number of topics of one message; 1 for an API that takes one at a time. @default Infinity */
        readonly size?: number | undefined
        /** How long a topic waits for others, in milliseconds. With 0, those of one turn go together. @default 0 */
        readonly delay?: number | undefined
      }
    | undefined
}

export const SUBSCRIPTIONS_DEFAULTS = {
  ackTimeout: 10_000,
  'batch.size': Infinity,
  'batch.delay': 0,
} as const

/** How topics become messages, defaults filled in. */
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
  // The check has found `subscribe`.
  return { ...(options as SubscriptionsSettings), ackTimeout, batch: { size, delay } }
}
