import type { Clock } from '../core/clock.js'
import { describeValue } from '../core/describe-value.js'
import { reasonOf, toError } from '../core/error-text.js'
import { ignore } from '../core/thenable.js'
import { SubscriptionError } from '../errors/subscription-error.js'
import { PendingAcks } from './pending-acks.js'

/** What a server calls a subscription on one connection. */
export type SubscriptionId = string | number

/** How one subscription is acknowledged and taken back. */
export interface SubscribeOptions {
  /**
   * Tells whether a message is the acknowledgement: that message is taken, no handler sees it. `'refused'`, or an Error,
   * means that it is the server's refusal, which is reported. Without it nothing is waited for.
   */
  readonly ack?: (message: unknown) => boolean | 'refused' | Error
  /** How long an acknowledgement may take before it is reported as missing, in milliseconds. @default 10_000 */
  readonly ackTimeout?: number
  /**
   * The message that takes the subscription back, or a function that is called for it each time. Where `id` is given,
   * the function is told the server's id, and waits for the acknowledgement if that is still on its way.
   */
  readonly unsubscribe?: object | string | ((id: SubscriptionId) => unknown)
  /**
   * Reads from the acknowledgement the id by which the server calls the subscription on this connection, so that
   * messages with that id reach `@OnMessage(key)`. Learned anew after each reconnect.
   */
  readonly id?: (ack: unknown) => SubscriptionId
}

/** What subscriptions act upon and ask. */
export interface SubscriptionsPort {
  /**
   * Sends a message.
   *
   * @throws EncodeError when the codec cannot encode it
   */
  send(message: unknown): void
  /** True from when `@OnOpen` has settled until the connection is lost or closes. */
  isReady(): boolean
  report(error: Error): void
  /** The server has given a subscription an id, for the first time: `keyOf` may be asked from now on. */
  onFirstId?(): void
  /** The number of acknowledgements that are awaited has changed. */
  onPendingAcksChange?(): void
}

interface Subscription {
  readonly key: string
  readonly subscribe: unknown
  readonly options: SubscribeOptions
}

const ACK_TIMEOUT = 10_000

/**
 * What one connection is subscribed to. Inject it: whatever is added is said as soon as the connection is ready, and said
 * again after each reconnect.
 */
export class Subscriptions {
  readonly #port: SubscriptionsPort
  readonly #subscriptions = new Map<string, Subscription>()
  /** What is still to be said on this connection, in order. */
  readonly #pending = new Set<Subscription>()
  /** What has been said on this connection and not been refused, with the server's id once that is known. */
  readonly #sent = new Map<Subscription, SubscriptionId | undefined>()
  readonly #byId = new Map<unknown, Subscription>()
  /** An acknowledgement stays pending when its subscription goes: it must not settle another one. */
  readonly #acks: PendingAcks<Subscription>
  #isFlushing = false
  #hasIds = false

  /** @internal */
  constructor(port: SubscriptionsPort, clock: Clock) {
    this.#port = port
    this.#acks = new PendingAcks(clock, {
      onChange: () => port.onPendingAcksChange?.(),
      onTimeout: (subscription, timeout) => this.#onAckTimeout(subscription, timeout),
      onError: (subscription, thrown) =>
        this.#onError(subscription, 'has an ack function that failed', thrown),
    })
  }

  /** How many subscriptions are remembered. */
  get size(): number {
    return this.#subscriptions.size
  }

  /**
   * Remembers a subscription under a key of your own, and says it: now if the connection is ready, else once it is, and
   * again after each reconnect. A known key is replaced: the old subscription is taken back, then the new one said.
   *
   * @param subscribe the message to send, or a function that is called for it each time it is said
   * @throws TypeError when there is an `id` without an `ack` to read it from
   * @throws RangeError when `ackTimeout` is not above 0
   */
  add(key: string, subscribe: unknown, options: SubscribeOptions = {}): void {
    checkOptions(options)
    const subscription = { key, subscribe, options }
    const replaced = this.#subscriptions.get(key)
    this.#subscriptions.delete(key)
    this.#subscriptions.set(key, subscription)
    if (replaced && this.#port.isReady()) this.#unsubscribe(replaced)
    // Not ready, and yet said: an overlap is under way, and what was said on the old connection holds until that goes.
    else if (replaced) this.#pending.delete(replaced)
    this.#pending.add(subscription)
    this.#flush()
  }

  /**
   * Forgets a subscription, and says its `unsubscribe` if it has been said on this connection.
   *
   * @returns whether there was one
   */
  delete(key: string): boolean {
    const subscription = this.#subscriptions.get(key)
    if (!subscription) return false
    this.#subscriptions.delete(key)
    this.#unsubscribe(subscription)
    return true
  }

  has(key: string): boolean {
    return this.#subscriptions.has(key)
  }

  /** Returns the keys, in the order in which they are said. */
  keys(): readonly string[] {
    return [...this.#subscriptions.keys()]
  }

  /** Returns the key of the subscription that the server calls by this id on this connection. A number is not its text. */
  keyOf(id: unknown): string | undefined {
    return this.#byId.get(id)?.key
  }

  /**
   * How many acknowledgements are awaited, those of subscriptions that are gone included.
   *
   * @internal
   */
  get pendingAcks(): number {
    return this.#acks.size
  }

  /**
   * Says all that has not been said on this connection. The port is ready by now.
   *
   * @internal
   */
  onReady(): void {
    this.#flush()
  }

  /**
   * Gives a message to the oldest subscription whose acknowledgement it is, and tells whether there was one.
   *
   * @internal
   */
  intercept(message: unknown): boolean {
    const match = this.#acks.match(message)
    if (!match) return false
    const { subscription, result } = match
    if (result === true) this.#onAcknowledged(subscription, message)
    else this.#onRefused(subscription, message, result === 'refused' ? undefined : result)
    return true
  }

  /**
   * Forgets all that was of this connection alone; the subscriptions themselves are to be said on the next one.
   *
   * @internal
   */
  onLost(): void {
    this.#sent.clear()
    this.#byId.clear()
    this.#pending.clear()
    for (const subscription of this.#subscriptions.values()) this.#pending.add(subscription)
    this.#acks.clear()
  }

  /**
   * Forgets everything: there will be no further connection.
   *
   * @internal
   */
  onClosed(): void {
    this.#subscriptions.clear()
    this.onLost()
  }

  /** Functions of the user's may add and delete meanwhile: what they add is said by the loop that is under way. */
  #flush(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    try {
      for (const subscription of this.#pending) {
        if (!this.#port.isReady()) return
        this.#pending.delete(subscription)
        this.#send(subscription)
      }
    } finally {
      this.#isFlushing = false
    }
  }

  #send(subscription: Subscription): void {
    try {
      const message = messageOf(subscription.subscribe)
      if (!this.#isKnown(subscription) || !this.#port.isReady()) return
      this.#sent.set(subscription, undefined)
      // Awaited before it is sent: a transport in memory may answer within the send.
      const { ack, ackTimeout = ACK_TIMEOUT } = subscription.options
      if (ack) this.#acks.add(subscription, ack, ackTimeout)
      this.#port.send(message)
    } catch (thrown) {
      this.#sent.delete(subscription)
      this.#acks.delete(subscription)
      this.#onError(subscription, 'could not be said', thrown)
    }
  }

  /** Takes back what has been said of a subscription that is not remembered any more. */
  #unsubscribe(subscription: Subscription): void {
    this.#pending.delete(subscription)
    if (!this.#sent.has(subscription)) return
    const id = this.#sent.get(subscription)
    this.#sent.delete(subscription)
    if (this.#byId.get(id) === subscription) this.#byId.delete(id)
    if (id !== undefined || !needsId(subscription)) this.#sendUnsubscribe(subscription, id)
  }

  #sendUnsubscribe(subscription: Subscription, id: SubscriptionId | undefined): void {
    const { unsubscribe } = subscription.options
    if (unsubscribe === undefined || !this.#port.isReady()) return
    try {
      const message = messageOf(unsubscribe, id)
      if (this.#port.isReady()) this.#port.send(message)
    } catch (thrown) {
      this.#onError(subscription, 'could not be taken back', thrown)
    }
  }

  #onAcknowledged(subscription: Subscription, message: unknown): void {
    const id = this.#readId(subscription, message)
    if (id === undefined) return
    if (this.#sent.has(subscription)) {
      this.#sent.set(subscription, id)
      this.#byId.set(id, subscription)
      if (!this.#hasIds) this.#port.onFirstId?.()
      this.#hasIds = true
    } else if (needsId(subscription)) {
      this.#sendUnsubscribe(subscription, id)
    }
  }

  #readId(subscription: Subscription, message: unknown): SubscriptionId | undefined {
    const { id: read } = subscription.options
    if (!read) return undefined
    try {
      const id: unknown = read(message)
      if (typeof id === 'string' || typeof id === 'number') return id
      throw new TypeError(`it gave ${describeValue(id)}, not a string or a number`)
    } catch (thrown) {
      this.#onError(subscription, 'has an id function that failed', thrown)
      return undefined
    }
  }

  #onRefused(subscription: Subscription, message: unknown, cause: Error | undefined): void {
    // Nobody wants it any more: nothing is amiss.
    if (!this.#sent.delete(subscription)) return
    const what = `was refused by the server${cause ? `: ${reasonOf(cause)}` : ''}`
    const facts = { details: message, ...(cause && { cause }) }
    this.#port.report(new SubscriptionError(subscription.key, 'refused', what, facts))
  }

  #onAckTimeout(subscription: Subscription, timeout: number): void {
    if (!this.#sent.has(subscription)) return
    const what = `was not acknowledged within ackTimeout (${timeout} ms)`
    this.#port.report(new SubscriptionError(subscription.key, 'timeout', what))
  }

  #onError({ key }: Subscription, what: string, thrown: unknown): void {
    const cause = toError(thrown)
    this.#port.report(new SubscriptionError(key, 'failed', `${what}: ${reasonOf(thrown)}`, { cause }))
  }

  #isKnown(subscription: Subscription): boolean {
    return this.#subscriptions.get(subscription.key) === subscription
  }
}

function checkOptions({ ack, ackTimeout, id }: SubscribeOptions): void {
  if (id && !ack)
    throw new TypeError('A subscription with an id needs an ack: the message to read the id from')
  if (ackTimeout !== undefined && !(ackTimeout > 0)) {
    throw new RangeError(`ackTimeout must be above 0 ms, and is ${ackTimeout}`)
  }
}

/** Tells whether the server's id must be known before the subscription can be taken back. */
function needsId({ options: { id, unsubscribe } }: Subscription): boolean {
  return id !== undefined && typeof unsubscribe === 'function'
}

function messageOf(source: unknown, id?: SubscriptionId): unknown {
  const message: unknown =
    typeof source === 'function' ? (source as (id?: SubscriptionId) => unknown)(id) : source
  if (!(message instanceof Promise)) return message
  ignore(message)
  throw new TypeError('it is a Promise: await what it needs before, in @OnOpen')
}
