import type { Clock } from '../core/clock.js'
import { MessageSubscriptions } from './message-subscriptions.js'
import type { MessageSubscriptionsPort } from './message-subscriptions.js'
import type { SubscribeOptions, SubscriptionsSettings } from './subscribe-options.js'
import { TopicSubscriptions } from './topic-subscriptions.js'
import type { SubscribingSession, TopicSubscription, TopicSubscriptionsPort } from './topic-subscriptions.js'

/** Knows the links, sends on them, and receives reports. */
export type SubscriptionsPort<S> = MessageSubscriptionsPort & TopicSubscriptionsPort<S>

/**
 * The subscriptions of one connection. Inject it: they are sent as soon as the connection is ready, and sent again after each reconnect.
 */
export class Subscriptions {
  readonly #port: SubscriptionsPort<SubscribingSession>
  readonly #messages: MessageSubscriptions
  readonly #topics: TopicSubscriptions<SubscribingSession> | undefined
  /** The session whose `@OnOpen` has said that the server still has everything. */
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

  /** How many subscriptions are remembered: messages and topics. */
  get size(): number {
    return this.#messages.remembered.size + (this.#topics?.topics.size ?? 0)
  }

  /**
   * Subscribes to a topic, as the `subscriptions` option says. Topics are counted: the first subscription is sent, and the last one that
   * leaves takes the topic back. What is asked for in one turn goes together.
   *
   * All calls inside `@OnOpen` are one holder: they are sent when it has completed, and the next `@OnOpen` that completes replaces them as a whole.
   * Elsewhere each call holds its topic until its `unsubscribe()`, across reconnects.
   *
   * @param topic a string, or any value for which the option has a `key`; plain objects need none
   * @throws TypeError without the `subscriptions` option, or when the topic has no key
   */
  subscribe(topic: unknown): TopicSubscription {
    if (this.#topics) return this.#topics.subscribe(topic)
    throw new TypeError(
      'subscribe() requires the subscriptions option. Set subscriptions: { subscribe: (topics) => message }, or use add()',
    )
  }

  /**
   * Says inside `@OnOpen` that the server still has all subscriptions, for example because it has resumed a session: none is sent again on this
   * link. What the last `@OnOpen` asked for stays, plus what this one asks for.
   *
   * @throws TypeError outside of `@OnOpen`
   */
  kept(): void {
    const session = this.#port.callersSession
    if (!session?.isCaller) throw new TypeError('Cannot call kept() outside @OnOpen')
    this.#keptBy = session
    this.#topics?.keep(session)
  }

  /**
   * Remembers a subscription under a key of your own, and sends it: now if the connection is ready, else once it is, and
   * again after each reconnect, until `delete(key)`. A known key is replaced: the old subscription is taken back, then the new one sent.
   *
   * @param subscribe the message to send, or a function that is called for it each time it is sent
   * @throws TypeError when there is an `id` but neither an `ack` nor `request: true`, or both of these
   * @throws RangeError when `ackTimeout` is not above 0
   */
  add(key: string, subscribe: unknown, options: SubscribeOptions = {}): void {
    this.#messages.add(key, subscribe, options)
  }

  /**
   * Forgets a subscription of `add`, and sends its `unsubscribe` if it has been sent on this connection.
   *
   * @returns whether there was one
   */
  delete(key: string): boolean {
    return this.#messages.delete(key)
  }

  /** Tells whether there is a subscription under this key, of `add` or of a topic. */
  has(key: string): boolean {
    return this.#messages.remembered.has(key) || (this.#topics?.topics.has(key) ?? false)
  }

  /** Returns the keys, in the order in which they are sent: those of `add`, then those of topics. */
  keys(): readonly string[] {
    return [...this.#messages.remembered.keys(), ...(this.#topics?.topics.keys() ?? [])]
  }

  /** Returns the key of the subscription that the server calls by this id on this connection. A number is not its text. */
  keyOf(id: unknown): string | undefined {
    return this.#messages.keyOf(id) ?? this.#topics?.keyOf(id)
  }

  /**
   * How many acknowledgements are awaited, those of subscriptions that are gone included.
   *
   * @internal
   */
  get pendingAcks(): number {
    return this.#messages.pendingAcks + (this.#topics?.pendingAcks ?? 0)
  }

  /**
   * `@OnOpen` of a link has settled well, and the link serves: sends everything on it, unless the server still has it.
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
   * Gives a message of a link to the subscription whose acknowledgement it is, and tells whether there was one.
   *
   * @internal
   */
  intercept(message: unknown, session: SubscribingSession): boolean {
    return this.#messages.intercept(message) || (this.#topics?.intercept(message, session) ?? false)
  }

  /**
   * A link is lost, or has failed to open.
   *
   * @param isReplaced true if another link serves already
   * @internal
   */
  onLost(session: SubscribingSession, isReplaced: boolean): void {
    if (!isReplaced) this.#messages.onLost()
    this.#topics?.onLost(session)
  }

  /**
   * Forgets everything: there will be no further link.
   *
   * @internal
   */
  onClosed(error: Error): void {
    this.#messages.onClosed()
    this.#topics?.onClosed(error)
  }
}
