import type { Clock } from '../core/clock.js'
import { MessageSubscriptions } from './message-subscriptions.js'
import type { MessageSubscriptionsPort } from './message-subscriptions.js'
import type { SubscribeOptions, SubscriptionsSettings } from './subscribe-options.js'
import { TopicSubscriptions } from './topic-subscriptions.js'
import type { SubscribingSession, TopicSubscription, TopicSubscriptionsPort } from './topic-subscriptions.js'

/** Knows the links, sends on them, and receives reports. */
export type SubscriptionsPort<S> = MessageSubscriptionsPort & TopicSubscriptionsPort<S>

/**
 * Tracks the subscriptions of one connection. Inject it. Subscriptions are sent when the connection is ready, and sent again after every reconnect.
 */
export class Subscriptions {
  readonly #port: SubscriptionsPort<SubscribingSession>
  readonly #messages: MessageSubscriptions
  readonly #topics: TopicSubscriptions<SubscribingSession> | undefined
  /** The session whose `@OnOpen` called `kept()`. */
  #keptBy: SubscribingSession | undefined

  /** @internal */
  constructor(
    port: SubscriptionsPort<SubscribingSession>,
    clock: Clock,
    settings: SubscriptionsSettings | undefined,
  ) {
    this.#port = port
    this.#messages = new MessageSubscriptions(port, clock)
    if (settings) this.#topics = new TopicSubscriptions(settings, port, clock)
  }

  /** Number of subscriptions: messages and topics. */
  get size(): number {
    return this.#messages.remembered.size + (this.#topics?.topics.size ?? 0)
  }

  /**
   * Subscribes to a topic, using the `subscriptions` option. Subscriptions are counted per topic. The first one is sent to the server, and ending the
   * last one unsubscribes. Topics of one turn of the event loop are combined.
   *
   * Calls inside `@OnOpen` are sent when it completes. The next `@OnOpen` that completes replaces all of them. A call elsewhere keeps its topic until
   * its `unsubscribe()`, across reconnects.
   *
   * @param topic a string, a plain object, or any value that the option's `key` function accepts
   * @throws TypeError without the `subscriptions` option, or if the topic has no key
   */
  subscribe(topic: unknown): TopicSubscription {
    if (this.#topics) return this.#topics.subscribe(topic)
    throw new TypeError(
      'subscribe() requires the subscriptions option. Set subscriptions: { subscribe: (topics) => message }, or use add()',
    )
  }

  /**
   * Declares inside `@OnOpen` that the server still has all subscriptions, for example because it resumed the session. None are sent again on
   * this link. Topics of the last `@OnOpen` stay subscribed, in addition to those of this one.
   *
   * @throws TypeError outside `@OnOpen`
   */
  kept(): void {
    const session = this.#port.callersSession
    if (!session?.isCaller) throw new TypeError('Cannot call kept() outside @OnOpen')
    this.#keptBy = session
    this.#topics?.keep(session)
  }

  /**
   * Adds a subscription with your own key and message. The message is sent as soon as the connection is ready, and again after every
   * reconnect, until `delete(key)`. If the key exists, Holdfast unsubscribes the old subscription, then sends the new one.
   *
   * @param subscribe the message, or a function that returns it, called each time it is sent
   * @throws TypeError if `id` is given without `ack` or `request: true`, or if both `ack` and `request: true` are given
   * @throws RangeError if `ackTimeout` is not greater than 0
   */
  add(key: string, subscribe: unknown, options: SubscribeOptions = {}): void {
    this.#messages.add(key, subscribe, options)
  }

  /**
   * Removes a subscription that was added with `add`, and sends its `unsubscribe` message if it was sent on this connection.
   *
   * @returns whether the key existed
   */
  delete(key: string): boolean {
    return this.#messages.delete(key)
  }

  /** Returns whether there is a subscription with this key, added with `add` or by topic. */
  has(key: string): boolean {
    return this.#messages.remembered.has(key) || (this.#topics?.topics.has(key) ?? false)
  }

  /** Returns the keys in the order of sending: those added with `add`, then those of topics. */
  keys(): readonly string[] {
    return [...this.#messages.remembered.keys(), ...(this.#topics?.topics.keys() ?? [])]
  }

  /** Returns the key of the subscription that has this server ID on the current connection. Numbers and strings are different IDs. */
  keyOf(id: unknown): string | undefined {
    return this.#messages.keyOf(id) ?? this.#topics?.keyOf(id)
  }

  /**
   * Number of pending acknowledgements, including those of removed subscriptions.
   *
   * @internal
   */
  get pendingAcks(): number {
    return this.#messages.pendingAcks + (this.#topics?.pendingAcks ?? 0)
  }

  /**
   * Called when `@OnOpen` of a link has completed and the link is current. Sends all subscriptions, unless the server still has them.
   *
   * @internal
   */
  onReady(session: SubscribingSession): void {
    const isKept = this.#keptBy === session
    this.#keptBy = undefined
    this.#messages.onLost()
    this.#messages.onReady(isKept)
    this.#topics?.onReady(session, isKept)
  }

  /**
   * Passes a message of a link to the subscription that it acknowledges, and returns whether there was one.
   *
   * @internal
   */
  intercept(message: unknown, session: SubscribingSession): boolean {
    return this.#messages.intercept(message) || (this.#topics?.intercept(message, session) ?? false)
  }

  /**
   * Called when a link is lost or failed to open.
   *
   * @param isReplaced true if another link is already current
   * @internal
   */
  onLost(session: SubscribingSession, isReplaced: boolean): void {
    if (!isReplaced) this.#messages.onLost()
    this.#topics?.onLost(session)
  }

  /**
   * Removes everything, because there will be no more links.
   *
   * @internal
   */
  onClosed(error: Error): void {
    this.#messages.onClosed()
    this.#topics?.onClosed(error)
  }
}
