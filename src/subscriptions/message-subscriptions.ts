import type { Clock } from '../core/clock.js'
import { describeValue } from '../core/describe-value.js'
import { syncAnswer } from '../core/thenable.js'
import { PendingAcks } from './pending-acks.js'
import type { AckWait } from './pending-acks.js'
import { SentSubscriptions } from './sent-subscriptions.js'
import type { SubscribeOptions, SubscriptionId } from './subscribe-options.js'
import { SUBSCRIPTIONS_DEFAULTS } from './subscribe-options.js'
import {
  ackError,
  idError,
  refusedError,
  timeoutError,
  unsentError,
  unsubscribeError,
} from './subscription-failures.js'

/** A message that is sent as a request but not tracked as a pending request. */
interface SentRequest {
  /** The message with its ID. */
  readonly message: unknown
  /** Returns whether a message is the reply, or an error if it is an error reply. */
  readonly isReply: (received: unknown) => boolean | Error
}

/** Sends subscription messages, and receives error reports. */
export interface MessageSubscriptionsPort {
  /**
   * Sends a message.
   *
   * @param left called when the message has been written to the socket, or never will be
   * @throws EncodeError if the codec cannot encode it
   */
  send(message: unknown, left: () => void): void
  /**
   * Adds a request ID to a message.
   *
   * @throws TypeError if the message cannot have an ID
   */
  asRequest(message: unknown): SentRequest
  /** Returns true from the end of `@OnOpen` until the connection is lost or closed. */
  isReady(): boolean
  report(error: Error): void
  /** Called when the server has assigned an ID to a subscription for the first time. From then on, `keyOf` can return keys. */
  onFirstId?(): void
  /** Called when the number of pending acknowledgments changes. */
  onPendingAcksChange?(): void
}

/** A subscription message with its key and options. */
interface Subscription {
  readonly key: string
  readonly subscribe: unknown
  readonly options: SubscribeOptions
}

const NOTHING: SubscribeOptions = {}

/** Subscriptions of one connection that were added with `Subscriptions.add`. */
export class MessageSubscriptions {
  readonly #port: MessageSubscriptionsPort
  readonly #subscriptions = new Map<string, Subscription>()
  /** Unsent subscriptions, in order. */
  readonly #pending = new Set<Subscription>()
  /** Subscriptions that were sent on this link or the previous one and not rejected, with the server's ID once it is known. */
  readonly #sent = new SentSubscriptions<Subscription>()
  /** If a subscription is removed, its acknowledgment stays pending, so that it is not mistaken for another subscription's. */
  readonly #acks: PendingAcks<Subscription>
  #isFlushing = false
  #hasIds = false
  /** True after a link is lost or replaced, until the next link is ready. */
  #isBetweenLinks = false

  constructor(port: MessageSubscriptionsPort, clock: Clock) {
    this.#port = port
    this.#acks = new PendingAcks(clock, {
      onChange: () => port.onPendingAcksChange?.(),
      onTimeout: (subscription, timeout) => this.#onAckTimeout(subscription, timeout),
      onError: ({ key }, thrown) => port.report(ackError(key, thrown)),
    })
  }

  /** All subscriptions by key, in the order of sending. */
  get remembered(): ReadonlyMap<string, Subscription> {
    return this.#subscriptions
  }

  /** See `Subscriptions.add`. */
  add(key: string, subscribe: unknown, options: SubscribeOptions = {}): void {
    checkOptions(options)
    const subscription = { key, subscribe, options }
    const replaced = this.#subscriptions.get(key)
    this.#subscriptions.delete(key)
    this.#subscriptions.set(key, subscription)
    if (replaced && this.#canSend()) this.#unsubscribe(replaced)
    // Not ready but already sent: during a handover, the subscription stays active on the old link until that link closes.
    else if (replaced) this.#pending.delete(replaced)
    this.#pending.add(subscription)
    this.#flush()
  }

  /** See `Subscriptions.delete`. */
  delete(key: string): boolean {
    const subscription = this.#subscriptions.get(key)
    if (!subscription) return false
    this.#subscriptions.delete(key)
    this.#unsubscribe(subscription)
    return true
  }

  /**
   * Returns the key of the subscription to which the server assigned this ID on the current connection. `1` and `'1'` are different IDs.
   */
  keyOf(id: unknown): string | undefined {
    return this.#sent.keyOf(id)
  }

  /** Number of pending acknowledgments, including those of removed subscriptions. */
  get pendingAcks(): number {
    return this.#acks.size
  }

  /**
   * Sends all unsent subscriptions. The port must be ready.
   *
   * @param isKept true if the server still has the previous link's subscriptions
   */
  onReady(isKept = false): void {
    if (this.#isBetweenLinks) {
      this.#isBetweenLinks = false
      if (isKept) for (const orphan of this.#sent.passOn(this.#subscriptions)) this.#unsubscribe(orphan)
      else this.#sent.clear()
      for (const sent of this.#sent.all()) this.#pending.delete(sent)
    }
    this.#flush()
  }

  /** Passes a message to the oldest subscription that it acknowledges or rejects, and returns whether there was one. */
  intercept(message: unknown): boolean {
    const match = this.#acks.match(message)
    if (!match) return false
    const { subscription, result } = match
    if (result === true) this.#onAcknowledged(subscription, message)
    else this.#onRefused(subscription, message, result === 'refused' ? undefined : result)
    return true
  }

  /** Called when the link is lost or replaced. The next link sends all subscriptions. */
  onLost(): void {
    this.#isBetweenLinks = true
    this.#pending.clear()
    for (const subscription of this.#subscriptions.values()) this.#pending.add(subscription)
    this.#acks.clear()
  }

  /** Removes all subscriptions, because there will be no more links. */
  onClosed(): void {
    this.#subscriptions.clear()
    this.#sent.clear()
    this.onLost()
  }

  #canSend(): boolean {
    return !this.#isBetweenLinks && this.#port.isReady()
  }

  /** Sends all unsent subscriptions. Callbacks may add and delete subscriptions in the meantime. The running loop sends the added ones. */
  #flush(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    try {
      for (const subscription of this.#pending) {
        if (!this.#canSend()) return
        this.#pending.delete(subscription)
        this.#send(subscription)
      }
    } finally {
      this.#isFlushing = false
    }
  }

  #send(subscription: Subscription): void {
    try {
      const message = messageOf(subscription.subscribe, 'the subscribe function')
      if (!this.#isKnown(subscription) || !this.#canSend()) return
      this.#sent.add(subscription)
      this.#sendAwaited(subscription, message, subscription.options)
    } catch (thrown) {
      this.#sent.delete(subscription)
      this.#acks.delete(subscription)
      this.#port.report(unsentError(subscription.key, thrown))
    }
  }

  /**
   * Sends a message. If an acknowledgment is expected, it is registered before the send, because an in-memory transport may reply during
   * the send.
   */
  #sendAwaited(subscription: Subscription, message: unknown, options: SubscribeOptions): void {
    const request = options.request ? this.#port.asRequest(message) : undefined
    const ack = request?.isReply ?? options.ack
    const { ackTimeout: timeout = SUBSCRIPTIONS_DEFAULTS.ackTimeout, id } = subscription.options
    const wait: AckWait | undefined = ack && { ack, timeout, isWantedLate: id !== undefined }
    const pending = wait && this.#acks.add(subscription, wait)
    this.#port.send(request ? request.message : message, () => pending && this.#acks.start(pending))
  }

  /** Unsubscribes a removed subscription if it was sent. */
  #unsubscribe(subscription: Subscription): void {
    this.#pending.delete(subscription)
    const id = this.#sent.idOf(subscription)
    this.#sent.forgetId(subscription)
    // If the server keeps the subscriptions for the next link, this one is unsubscribed there.
    if (!this.#canSend() || !this.#sent.delete(subscription)) return
    if (id !== undefined || !needsId(subscription)) this.#sendUnsubscribe(subscription, id)
  }

  #sendUnsubscribe(subscription: Subscription, id: SubscriptionId | undefined): void {
    const { request, unsubscribe } = subscription.options
    if (unsubscribe === undefined || !this.#canSend()) return
    try {
      const message = messageOf(unsubscribe, 'the unsubscribe function', id)
      if (!this.#canSend()) return
      // This subscription is not stored. Its reply is consumed and ignored.
      const farewell = { key: subscription.key, subscribe: undefined, options: NOTHING }
      this.#sendAwaited(farewell, message, { request: request ?? false })
    } catch (thrown) {
      this.#port.report(unsubscribeError(subscription.key, thrown))
    }
  }

  #onAcknowledged(subscription: Subscription, message: unknown): void {
    let id: SubscriptionId | undefined
    try {
      id = readId(subscription, message)
    } catch (thrown) {
      this.#port.report(idError(subscription.key, thrown))
    }
    if (id === undefined) return
    if (this.#sent.has(subscription) && this.#isKnown(subscription)) {
      this.#sent.add(subscription, id)
      if (!this.#hasIds) this.#port.onFirstId?.()
      this.#hasIds = true
    } else if (needsId(subscription)) {
      this.#sendUnsubscribe(subscription, id)
    }
  }

  #onRefused(subscription: Subscription, message: unknown, cause: Error | undefined): void {
    // The subscription was already removed, so the rejection is not an error.
    if (!this.#sent.delete(subscription) || !this.#isKnown(subscription)) return
    this.#port.report(refusedError(subscription.key, message, cause))
  }

  #onAckTimeout(subscription: Subscription, timeout: number): void {
    if (!this.#sent.has(subscription) || !this.#isKnown(subscription)) return
    this.#port.report(timeoutError(subscription.key, timeout))
  }

  #isKnown(subscription: Subscription): boolean {
    return this.#subscriptions.get(subscription.key) === subscription
  }
}

function checkOptions({ ack, ackTimeout, id, request }: SubscribeOptions): void {
  if (id && !ack && !request)
    throw new TypeError('id requires ack or request: true, because the ID is read from the acknowledgment')
  if (ack && request)
    throw new TypeError(
      'ack cannot be combined with request: true, because the reply is the acknowledgment. Remove one of them',
    )
  if (ackTimeout !== undefined && !(ackTimeout > 0)) {
    throw new RangeError(`ackTimeout must be greater than 0, received ${ackTimeout}`)
  }
}

/** Returns the server's ID from an acknowledgment, if the subscription has an `id` function. */
function readId({ options }: Subscription, message: unknown): SubscriptionId | undefined {
  if (!options.id) return undefined
  const id: unknown = options.id(message)
  if (typeof id === 'string' || typeof id === 'number') return id
  throw new TypeError(`expected a string or a number, received ${describeValue(id)}`)
}

/** Returns whether unsubscribing requires the server's ID. */
function needsId({ options: { id, unsubscribe } }: Subscription): boolean {
  return id !== undefined && typeof unsubscribe === 'function'
}

function messageOf(source: unknown, name: string, id?: SubscriptionId): unknown {
  if (typeof source !== 'function') return source
  return syncAnswer((source as (id?: SubscriptionId) => unknown)(id), name)
}
