import type { Clock } from '../core/clock.js'
import { MessageSubscriptions } from './message-subscriptions.js'
import type { MessageSubscriptionsPort } from './message-subscriptions.js'
import type { SubscribeOptions, SubscriptionsSettings } from './subscribe-options.js'
import { TopicSubscriptions } from './topic-subscriptions.js'
import type { SubscribingSession, TopicSubscription, TopicSubscriptionsPort } from './topic-subscriptions.js'

/** Sends on the connection's links, and receives error reports. */
export type SubscriptionsPort<S> = MessageSubscriptionsPort & TopicSubscriptionsPort<S>

/**
 * Tracks the subscriptions of one connection. Sends them when the connection is ready, and again after every reconnect. Inject it into a
 * client.
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

  /** Number of subscriptions, including those to topics. */
  get size(): number {
    return this.#messages.remembered.size + (this.#topics?.topics.size ?? 0)
  }

  /**
   * Subscribes to a topic, using the `subscriptions` option. Subscriptions are counted per topic: Holdfast subscribes on the server for the
   * first one, and unsubscribes when the last one ends. Topics from one turn of the event loop are combined into one message.
   *
   * Topics subscribed inside `@OnOpen` are sent when it completes. The topics of the next `@OnOpen` that completes replace them. Topics
   * subscribed elsewhere stay subscribed across reconnects until you call `unsubscribe()`.
   *
   * @param topic a string, a plain object, or any value that the option's `key` function accepts
   * @throws TypeError if the `subscriptions` option is not set, or if the topic has no key
   */
  subscribe(topic: unknown): TopicSubscription {
    if (this.#topics) return this.#topics.subscribe(topic)
    throw new TypeError(
      'subscribe() requires the subscriptions option. Set subscriptions: { subscribe: (topics) => message }, or use add()',
    )
  }

  /**
   * Declares that the server still has all subscriptions, for example because it resumed the session. Call it inside `@OnOpen`. No
   * subscription is sent again on this link. Topics from the previous `@OnOpen` stay subscribed, in addition to those from this one.
   *
   * @throws TypeError if it is called outside `@OnOpen`
   */
  kept(): void {
    const session = this.#port.callersSession
    if (!session?.isCaller) throw new TypeError('Cannot call kept() outside @OnOpen')
    this.#keptBy = session
    this.#topics?.keep(session)
  }

  /**
   * Adds a subscription with your own key and message. The message is sent as soon as the connection is ready, and again after every
   * reconnect, until you call `delete(key)`. If the key already exists, Holdfast unsubscribes the old subscription, then sends the new one.
   *
   * @param subscribe the message, or a function that returns it. The function is called each time the message is sent
   * @throws TypeError if `id` is set but neither `ack` nor `request: true` is, or if both `ack` and `request: true` are set
   * @throws RangeError if `ackTimeout` is not greater than 0
   */
  add(key: string, subscribe: unknown, options: SubscribeOptions = {}): void {
    this.#messages.add(key, subscribe, options)
  }

  /**
   * Removes a subscription that was added with `add`, and sends its `unsubscribe` message if the subscription was sent on this connection.
   *
   * @returns whether the key existed
   */
  delete(key: string): boolean {
    return this.#messages.delete(key)
  }

  /** Returns whether a subscription with this key exists, whether it was added with `add` or by topic. */
  has(key: string): boolean {
    return this.#messages.remembered.has(key) || (this.#topics?.topics.has(key) ?? false)
  }

  /** Returns the keys in the order of sending: those added with `add`, then those of topics. */
  keys(): readonly string[] {
    return [...this.#messages.remembered.keys(), ...(this.#topics?.topics.keys() ?? [])]
  }

  /**
   * Returns the key of the subscription to which the server assigned this ID on the current connection. `1` and `'1'` are different IDs.
   */
  keyOf(id: unknown): string | undefined {
    return this.#messages.keyOf(id) ?? this.#topics?.keyOf(id)
  }

  /**
   * Number of pending acknowledgments, including those of removed subscriptions.
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
   * Passes a message from a link to the subscription that it acknowledges or rejects, and returns whether there was one.
   *
   * @internal
   */
  intercept(message: unknown, session: SubscribingSession): boolean {
    return this.#messages.intercept(message) || (this.#topics?.intercept(message, session) ?? false)
  }

  /**
   * Called when a link is lost or fails to open.
   *
   * @param isReplaced true if another link is already current
   * @internal
   */
  onLost(session: SubscribingSession, isReplaced: boolean): void {
    if (!isReplaced) this.#messages.onLost()
    this.#topics?.onLost(session)
  }

  /**
   * Removes all subscriptions, because there will be no more links.
   *
   * @internal
   */
  onClosed(error: Error): void {
    this.#messages.onClosed()
    this.#topics?.onClosed(error)
  }
}
