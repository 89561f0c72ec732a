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

/** A message that is sent as a request, beside those that somebody awaits. */
interface SentRequest {
  /** The message with its id. */
  readonly message: unknown
  /** Tells whether a message is the reply, or returns the error that it is. */
  readonly isReply: (received: unknown) => boolean | Error
}

/** Sends the messages of subscriptions, and receives reports. */
export interface MessageSubscriptionsPort {
  /**
   * Sends a message.
   *
   * @param left called when it has left this process, or never will
   * @throws EncodeError when the codec cannot encode it
   */
  send(message: unknown, left: () => void): void
  /**
   * Gives a message an id, as requests have them.
   *
   * @throws TypeError when it can have none
   */
  asRequest(message: unknown): SentRequest
  /** True from when `@OnOpen` has settled until the connection is lost or closes. */
  isReady(): boolean
  report(error: Error): void
  /** The server has given a subscription an id, for the first time: `keyOf` may be asked from now on. */
  onFirstId?(): void
  /** The number of acknowledgements that are awaited has changed. */
  onPendingAcksChange?(): void
}

/** A message that subscribes, and what belongs to it. */
interface Subscription {
  readonly key: string
  readonly subscribe: unknown
  readonly options: SubscribeOptions
}

const NOTHING: SubscribeOptions = {}

/** The subscriptions of one connection that are made with a message each: `Subscriptions.add`. */
export class MessageSubscriptions {
  readonly #port: MessageSubscriptionsPort
  readonly #subscriptions = new Map<string, Subscription>()
  /** Subscriptions that are still to be sent on this connection, in order. */
  readonly #pending = new Set<Subscription>()
  /** Subscriptions that were sent on this link, or the last one, and not refused, with the server's id once that is known. */
  readonly #sent = new SentSubscriptions<Subscription>()
  /** An acknowledgement stays pending when its subscription goes: it must not settle another one. */
  readonly #acks: PendingAcks<Subscription>
  #isFlushing = false
  #hasIds = false
  /** True from when a link is lost or replaced until the next one is ready. */
  #isBetweenLinks = false

  constructor(port: MessageSubscriptionsPort, clock: Clock) {
    this.#port = port
    this.#acks = new PendingAcks(clock, {
      onChange: () => port.onPendingAcksChange?.(),
      onTimeout: (subscription, timeout) => this.#onAckTimeout(subscription, timeout),
      onError: ({ key }, thrown) => port.report(ackError(key, thrown)),
    })
  }

  /** Remembered subscriptions by their keys, in the order of sending. */
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
    // Not ready, and yet said: an overlap is under way, and what was said on the old connection holds until that goes.
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

  /** Returns the key of the subscription that the server calls by this id on this connection. A number is not its text. */
  keyOf(id: unknown): string | undefined {
    return this.#sent.keyOf(id)
  }

  /** How many acknowledgements are awaited, those of subscriptions that are gone included. */
  get pendingAcks(): number {
    return this.#acks.size
  }

  /**
   * Says all that has not been said on this link. The port is ready by now.
   *
   * @param isKept true if the server still has what was said on the last link
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

  /** Gives a message to the oldest subscription whose acknowledgement it is, and tells whether there was one. */
  intercept(message: unknown): boolean {
    const match = this.#acks.match(message)
    if (!match) return false
    const { subscription, result } = match
    if (result === true) this.#onAcknowledged(subscription, message)
    else this.#onRefused(subscription, message, result === 'refused' ? undefined : result)
    return true
  }

  /** The link is lost, or another one takes its place: the subscriptions are to be said on the next one. */
  onLost(): void {
    this.#isBetweenLinks = true
    this.#pending.clear()
    for (const subscription of this.#subscriptions.values()) this.#pending.add(subscription)
    this.#acks.clear()
  }

  /** Forgets everything: there will be no further link. */
  onClosed(): void {
    this.#subscriptions.clear()
    this.#sent.clear()
    this.onLost()
  }

  #canSend(): boolean {
    return !this.#isBetweenLinks && this.#port.isReady()
  }

  /** Functions of the user's may add and delete meanwhile: what they add is said by the loop that is under way. */
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

  /** Sends a message whose acknowledgement is awaited, if it has any. That is awaited before: a transport in memory may answer within the send. */
  #sendAwaited(subscription: Subscription, message: unknown, options: SubscribeOptions): void {
    const request = options.request ? this.#port.asRequest(message) : undefined
    const ack = request?.isReply ?? options.ack
    const { ackTimeout: timeout = SUBSCRIPTIONS_DEFAULTS.ackTimeout, id } = subscription.options
    const wait: AckWait | undefined = ack && { ack, timeout, isWantedLate: id !== undefined }
    const pending = wait && this.#acks.add(subscription, wait)
    this.#port.send(request ? request.message : message, () => pending && this.#acks.start(pending))
  }

  /** Takes back what has been said of a subscription that is not remembered any more. */
  #unsubscribe(subscription: Subscription): void {
    this.#pending.delete(subscription)
    const id = this.#sent.idOf(subscription)
    this.#sent.forgetId(subscription)
    // If the next link keeps what was said on the last one, it is taken back there.
    if (!this.#canSend() || !this.#sent.delete(subscription)) return
    if (id !== undefined || !needsId(subscription)) this.#sendUnsubscribe(subscription, id)
  }

  #sendUnsubscribe(subscription: Subscription, id: SubscriptionId | undefined): void {
    const { request, unsubscribe } = subscription.options
    if (unsubscribe === undefined || !this.#canSend()) return
    try {
      const message = messageOf(unsubscribe, 'the unsubscribe function', id)
      if (!this.#canSend()) return
      // A subscription that is remembered nowhere: its reply is taken, and tells nobody anything.
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
    // Nobody wants it any more: nothing is amiss.
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
    throw new TypeError('id requires ack or request: true, because the ID is read from the acknowledgement')
  if (ack && request)
    throw new TypeError(
      'ack cannot be combined with request: true, whose reply is the acknowledgement. Remove one of them',
    )
  if (ackTimeout !== undefined && !(ackTimeout > 0)) {
    throw new RangeError(`ackTimeout must be greater than 0, received ${ackTimeout}`)
  }
}

/** Reads the server's id from an acknowledgement, where there is one to read. */
function readId({ options }: Subscription, message: unknown): SubscriptionId | undefined {
  if (!options.id) return undefined
  const id: unknown = options.id(message)
  if (typeof id === 'string' || typeof id === 'number') return id
  throw new TypeError(`expected a string or a number, received ${describeValue(id)}`)
}

/** Tells whether the server's id must be known before the subscription can be taken back. */
function needsId({ options: { id, unsubscribe } }: Subscription): boolean {
  return id !== undefined && typeof unsubscribe === 'function'
}

function messageOf(source: unknown, name: string, id?: SubscriptionId): unknown {
  if (typeof source !== 'function') return source
  return syncAnswer((source as (id?: SubscriptionId) => unknown)(id), name)
}
