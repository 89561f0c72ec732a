import type { Clock } from '../core/clock.js'
import { describeValue } from '../core/describe-value.js'
import { syncAnswer } from '../core/thenable.js'
import { Acknowledgment } from './acknowledgment.js'
import { LinkTopics } from './link-topics.js'
import type { SubscriptionAck, SubscriptionId, SubscriptionsSettings } from './subscribe-options.js'
import { unsubscribedError } from './subscription-failures.js'
import { OpenHolder, TopicHolders } from './topic-holders.js'
import type { HeldTopic } from './topic-holders.js'
import { topicKey } from './topic-key.js'

/** A subscription to a topic. */
export interface TopicSubscription extends Disposable {
  /**
   * Resolves when the server has acknowledged the topic or, if no `ack` function is set, when the topic has been sent. Rejects with a
   * SubscriptionError if the server rejects the topic or does not acknowledge it in time, or if the topic has no subscribers left. Rejects
   * with a ConnectionClosedError if the connection ends. A reconnect does not settle the promise. After a reconnect, this property contains
   * the promise for the new connection. You do not have to await it: it never causes an unhandled rejection.
   *
   * You can await it inside `@OnOpen`. Reading the property there sends the topics that this `@OnOpen` has subscribed to so far, at the end
   * of the turn.
   */
  readonly acknowledged: Promise<void>
  /** Ends this subscription. If the topic has no other subscribers, Holdfast unsubscribes from it. Later calls do nothing. */
  readonly unsubscribe: () => void
}

/** The part of a session that subscriptions use. */
export interface SubscribingSession {
  /** True if the running code was called from this session's `@OnOpen`. */
  readonly isCaller: boolean
}

/** Sends on the connection's links, and receives error reports. */
export interface TopicSubscriptionsPort<S> {
  /** The caller's session: inside `@OnOpen`, the session that is opening; otherwise the current one. */
  readonly callersSession: S | undefined
  /** False once the link is lost or the connection is closing. */
  canSend(session: S): boolean
  /** See `LinkTopicsPort.send`. */
  sendOn(session: S, message: unknown, left: () => void): void
  report(error: Error): void
  /** Reports that the `ack` function failed for a message. */
  onAckError(thrown: unknown, message: unknown): void
  onFirstId?(): void
  onPendingAcksChange?(): void
}

/** The topics of a running `@OnOpen`, sent and unsent. */
interface Opening {
  readonly holder: OpenHolder
  readonly link: LinkTopics
  /** Keys that have not been passed to the link yet. */
  readonly unsent: Set<string>
}

/** Topics that one connection is subscribed to through `Subscriptions.subscribe`. */
export class TopicSubscriptions<S extends SubscribingSession> {
  readonly #settings: SubscriptionsSettings
  readonly #clock: Clock
  readonly #port: TopicSubscriptionsPort<S>
  readonly #holders = new TopicHolders()
  readonly #openings = new Map<S, Opening>()
  /** The current link or, if it was lost, the last one. */
  #current: { readonly session: S; readonly link: LinkTopics } | undefined
  #pendingAcks = 0
  #endedWith: Error | undefined

  constructor(settings: SubscriptionsSettings, port: TopicSubscriptionsPort<S>, clock: Clock) {
    this.#settings = settings
    this.#port = port
    this.#clock = clock
  }

  /** Topics that have subscribers, by key. */
  get topics(): ReadonlyMap<string, HeldTopic> {
    return this.#holders.topics
  }

  /** Number of pending acknowledgments. */
  get pendingAcks(): number {
    return this.#pendingAcks
  }

  /** Returns the key of the topic to which the server assigned this ID on the current link. */
  keyOf(id: unknown): string | undefined {
    return this.#current?.link.keyOf(id)
  }

  // --- subscribers ------------------------------------------------------------------------------------------------------

  /** See `Subscriptions.subscribe`. */
  subscribe(topic: unknown): TopicSubscription {
    const key = this.#keyOfTopic(topic)
    if (this.#endedWith) return endedSubscription(this.#endedWith)
    const session = this.#port.callersSession
    return session?.isCaller
      ? this.#subscribeInOpening(this.#openingOf(session), session, key, topic)
      : this.#subscribeAlone(key, topic)
  }

  #subscribeAlone(key: string, topic: unknown): TopicSubscription {
    const held = this.#holders.hold(key, topic)
    // If the topic failed on this link, it is sent again.
    const link = this.#current?.link
    if (held.ack.hasFailed && !link?.has(key)) this.#holders.renewOne(key)
    link?.retry(key)
    link?.confirm(held)
    link?.update([key])
    return topicSubscription(
      held.ack,
      () => this.topics.get(key)?.ack,
      () => this.#drop(this.#holders.release(key)),
    )
  }

  #subscribeInOpening(opening: Opening, session: S, key: string, topic: unknown): TopicSubscription {
    const { holder, link, unsent } = opening
    const held = holder.hold(key, topic)
    unsent.add(key)
    link.confirm(held)
    return topicSubscription(
      held.ack,
      () => {
        if (this.#openings.get(session) !== opening) return this.topics.get(key)?.ack
        if (session.isCaller) {
          link.update(unsent)
          unsent.clear()
        }
        return held.ack
      },
      () => {
        const isOpening = this.#openings.get(session) === opening
        if (!isOpening) this.#drop(this.#holders.releaseOpened(holder, key))
        else if (holder.release(key)) rejectWaiting(held, 'unsubscribe() was called first')
      },
    )
  }

  #drop(held: HeldTopic | undefined): void {
    if (!held) return
    rejectWaiting(held, 'unsubscribe() was called first')
    this.#current?.link.update([held.key])
  }

  #openingOf(session: S): Opening {
    let opening = this.#openings.get(session)
    if (!opening) {
      const holder = new OpenHolder()
      opening = { holder, link: this.#createLink(session, holder.topics), unsent: new Set() }
      this.#openings.set(session, opening)
    }
    return opening
  }

  #createLink(session: S, wanted: ReadonlyMap<string, HeldTopic>): LinkTopics {
    const port = this.#port
    return new LinkTopics(
      this.#settings,
      {
        clock: this.#clock,
        canSend: () => port.canSend(session),
        send: (message, left) => port.sendOn(session, message, left),
        report: (error) => port.report(error),
        onPendingChange: (difference) => {
          this.#pendingAcks += difference
          port.onPendingAcksChange?.()
        },
        onId: () => port.onFirstId?.(),
      },
      wanted,
    )
  }

  // --- links ------------------------------------------------------------------------------------------------------------

  /** Called inside a link's `@OnOpen` if the server still has the previous link's topics. */
  keep(session: S): void {
    if (this.#current) this.#openingOf(session).link.keep(this.#current.link)
  }

  /**
   * Called when a link's `@OnOpen` has completed. Sends all topics.
   *
   * @param isKept true if the server still has the previous link's topics
   */
  onReady(session: S, isKept: boolean): void {
    const { holder, link } = this.#openingOf(session)
    this.#openings.delete(session)
    const last = this.#current?.link
    last?.end()
    this.#holders.renew()
    const dropped = this.#holders.settleOpen(holder, isKept)
    this.#current = { session, link }
    for (const held of dropped) rejectWaiting(held, 'the latest @OnOpen did not subscribe to it')
    link.want(this.topics, isKept ? last : undefined)
  }

  /** Called when a link is lost or fails to open. */
  onLost(session: S): void {
    const opening = this.#openings.get(session)
    this.#openings.delete(session)
    opening?.link.end()
    for (const held of opening?.holder.topics.values() ?? [])
      rejectWaiting(held, 'the @OnOpen that subscribed to it did not complete')
    if (this.#current?.session !== session) return
    this.#current.link.end()
    this.#holders.renew()
  }

  /** Called when the connection ends. */
  onClosed(error: Error): void {
    this.#endedWith = error
    const openings = [...this.#openings.values()]
    this.#openings.clear()
    for (const { link } of openings) link.end()
    this.#current?.link.end()
    this.#current = undefined
    const held = [...openings.flatMap(({ holder }) => [...holder.topics.values()]), ...this.#holders.clear()]
    for (const { ack } of held) if (!ack.isSettled) ack.settle(error)
  }

  // --- messages ---------------------------------------------------------------------------------------------------------

  /** Handles a message from a link if it is an acknowledgment or a rejection, and returns whether it was one. */
  intercept(message: unknown, session: S): boolean {
    if (!this.#settings.ack) return false
    try {
      const ack: SubscriptionAck | undefined = checkAck(this.#settings.ack(message))
      if (!ack) return false
      const opening = this.#openings.get(session)
      const current = this.#current?.session === session ? this.#current.link : undefined
      const link = opening?.link ?? current
      const keys = ack.topics.map((topic) => this.#keyOfAcknowledged(topic, link))
      if (link) onAck(link, keys, ack, message)
      return true
    } catch (thrown) {
      this.#port.onAckError(thrown, message)
      return false
    }
  }

  /** Returns the key of an acknowledged topic. Acknowledgments contain topics or their keys. */
  #keyOfAcknowledged(topic: unknown, link: LinkTopics | undefined): string {
    return typeof topic === 'string' && link?.knows(topic) ? topic : this.#keyOfTopic(topic)
  }

  #keyOfTopic(topic: unknown): string {
    const settings = this.#settings
    return topicKey(topic, settings.key && ((each) => settings.key?.(each)))
  }
}

function onAck(link: LinkTopics, keys: readonly string[], ack: SubscriptionAck, message: unknown): void {
  const { id, error } = ack
  if (error === undefined || error === null) for (const key of keys) link.onAcknowledged(key, id)
  else link.onRefused(keys, message, error)
}

/** @throws TypeError if the `ack` function returned an invalid value */
function checkAck(ack: SubscriptionAck | undefined): SubscriptionAck | undefined {
  const answer: unknown = syncAnswer(ack, 'subscriptions.ack')
  if (answer === undefined || answer === null || answer === false) return undefined
  const { topics, id } = Object(answer) as { topics?: unknown; id?: unknown }
  if (!Array.isArray(topics)) {
    const given = typeof answer === 'object' ? `{ topics: ${describeValue(topics)} }` : describeValue(answer)
    throw new TypeError(`subscriptions.ack must return { topics: [...] } or undefined, received ${given}`)
  }
  checkId(id)
  return answer as SubscriptionAck
}

function checkId(id: unknown): asserts id is SubscriptionId | undefined {
  if (id === undefined || typeof id === 'string' || typeof id === 'number') return
  throw new TypeError(
    `subscriptions.ack must return an "id" that is a string or a number, received ${describeValue(id)}`,
  )
}

function rejectWaiting({ key, ack }: HeldTopic, why: string): void {
  if (!ack.isSettled) ack.settle(unsubscribedError(key, why))
}

/**
 * @param first the first acknowledgment
 * @param find returns the current acknowledgment if the topic has subscribers
 */
function topicSubscription(
  first: Acknowledgment,
  find: () => Acknowledgment | undefined,
  release: () => void,
): TopicSubscription {
  let ack = first
  let isReleased = false
  const current = (): Acknowledgment => (ack = (isReleased ? undefined : find()) ?? ack)
  const unsubscribe = (): void => {
    if (isReleased) return
    current()
    isReleased = true
    release()
  }
  return {
    get acknowledged() {
      return current().promise
    },
    unsubscribe,
    [Symbol.dispose]: unsubscribe,
  }
}

function endedSubscription(error: Error): TopicSubscription {
  const ack = new Acknowledgment()
  ack.settle(error)
  return topicSubscription(
    ack,
    () => undefined,
    () => undefined,
  )
}
