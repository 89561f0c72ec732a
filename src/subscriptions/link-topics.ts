import type { Clock, Timer } from '../core/clock.js'
import { RESOLVED } from '../core/deferred.js'
import { syncAnswer } from '../core/thenable.js'
import { AckBatch } from './ack-batch.js'
import { MAX_LATE } from './pending-acks.js'
import type { SubscriptionId, SubscriptionsSettings } from './subscribe-options.js'
import { refusedError, timeoutError, unsentError, unsubscribeError } from './subscription-failures.js'
import type { FailedKeys } from './subscription-failures.js'
import type { HeldTopic } from './topic-holders.js'

/** Sends subscription messages on one link, and receives the events of its topics. */
export interface LinkTopicsPort {
  readonly clock: Clock
  /** False once the link is lost or the connection is closing. */
  canSend(): boolean
  /**
   * Sends a message.
   *
   * @param left called when the message has been written to the socket, or never will be
   * @throws EncodeError if the codec cannot encode it
   */
  send(message: unknown, left: () => void): void
  report(error: Error): void
  /** Called when the number of pending acknowledgments changes by `difference`. */
  onPendingChange(difference: number): void
  /** Called when the server has assigned an ID to topics. */
  onId(): void
}

/** A topic that was sent to the server and not rejected. */
interface SentTopic {
  readonly key: string
  readonly topic: unknown
  id: SubscriptionId | undefined
  /** The unacknowledged topics from the same message, including this one; `undefined` if this topic's acknowledgment is not pending. */
  batch: AckBatch<SentTopic> | undefined
  wasAcknowledged: boolean
}

/** The topics that were sent on one link. Subscribes and unsubscribes until they match the wanted topics. */
export class LinkTopics {
  readonly #settings: SubscriptionsSettings
  readonly #port: LinkTopicsPort
  #wanted: ReadonlyMap<string, HeldTopic>
  readonly #sent = new Map<string, SentTopic>()
  /** Topics that could not be unsubscribed because their acknowledgment is late and may contain the required ID. Oldest first. */
  readonly #late = new Map<string, SentTopic>()
  readonly #byId = new Map<unknown, string>()
  /**
   * Keys of topics that the server rejected or that could not be sent. These topics are sent again on this link only if your code
   * subscribes again.
   */
  readonly #failed = new Set<string>()
  /** Keys of topics that may have to be subscribed or unsubscribed. */
  readonly #changed = new Set<string>()
  /** Set while a flush is scheduled. */
  #flushing: Timer | 'at the end of the turn' | undefined
  /**
   * False while `@OnOpen` is running. Until it is true, nothing is unsubscribed, because a topic that `@OnOpen` releases may have other
   * subscribers.
   */
  #isReady = false
  #hasEnded = false

  constructor(settings: SubscriptionsSettings, port: LinkTopicsPort, wanted: ReadonlyMap<string, HeldTopic>) {
    this.#settings = settings
    this.#port = port
    this.#wanted = wanted
  }

  keyOf(id: unknown): string | undefined {
    return this.#byId.get(id)
  }

  /** Returns whether a topic was sent to the server and not rejected. */
  has(key: string): boolean {
    return this.#sent.has(key)
  }

  /** Returns whether an acknowledgment can be for this topic. */
  knows(key: string): boolean {
    return this.#sent.has(key) || this.#late.has(key)
  }

  /** Acknowledges a new subscription to a topic if the server already has the topic. */
  confirm({ key, ack }: HeldTopic): void {
    const sent = this.#sent.get(key)
    if (sent && !sent.batch && !this.#hasEnded && !ack.isSettled) ack.settle()
  }

  /** Allows a failed topic to be sent again. */
  retry(key: string): void {
    this.#failed.delete(key)
  }

  // --- wanted topics ----------------------------------------------------------------------------------------------------

  /** Schedules the changes to these topics. The changes are sent at the end of the turn, or after `batch.delay`. */
  update(keys: Iterable<string>): void {
    for (const key of keys) this.#changed.add(key)
    if (this.#hasEnded || this.#changed.size === 0 || this.#flushing) return
    const { delay } = this.#settings.batch
    if (delay > 0) {
      this.#flushing = this.#port.clock.setTimeout(() => this.#flush(), delay)
      return
    }
    this.#flushing = 'at the end of the turn'
    void RESOLVED.then(() => this.#flush())
  }

  /**
   * Replaces the wanted topics, and sends the changes immediately.
   *
   * @param kept the previous link, if the server still has its topics
   */
  want(wanted: ReadonlyMap<string, HeldTopic>, kept: LinkTopics | undefined): void {
    this.#wanted = wanted
    this.#isReady = true
    if (kept) this.keep(kept)
    for (const held of wanted.values()) this.confirm(held)
    for (const key of [...this.#sent.keys(), ...wanted.keys()]) this.#changed.add(key)
    this.#flush()
  }

  /** Adopts the topics of the previous link, because the server still has them. */
  keep(last: LinkTopics): void {
    for (const sent of last.#sent.values()) {
      const { key, id } = sent
      if (!this.#sent.has(key)) this.#sent.set(key, { ...sent, batch: undefined })
      if (id !== undefined) this.#byId.set(id, key)
    }
    for (const sent of last.#late.values())
      if (!this.#sent.has(sent.key)) this.#late.set(sent.key, { ...sent })
    for (const held of this.#wanted.values()) this.confirm(held)
  }

  /** Sends the changes. */
  #flush(): void {
    if (typeof this.#flushing === 'object') this.#flushing.cancel()
    this.#flushing = undefined
    if (this.#hasEnded || !this.#port.canSend()) return
    const changed = [...this.#changed]
    this.#changed.clear()
    const gone = changed.map((key) => this.#sent.get(key)).filter((sent) => sent !== undefined)
    const added = changed
      .filter((key) => !this.#sent.has(key) && !this.#failed.has(key))
      .map((key) => this.#wanted.get(key))
      .filter((held) => held !== undefined)
    const { size } = this.#settings.batch
    for (const batch of inBatches(
      gone.filter((sent) => this.#isGone(sent)),
      size,
    ))
      this.#unsubscribe(batch)
    for (const batch of inBatches(added, size)) this.#subscribe(batch)
  }

  /** Returns whether to unsubscribe from a topic now. If acknowledgments contain IDs, the topic must have its ID first. */
  #isGone({ key, batch }: SentTopic): boolean {
    return this.#isReady && !this.#wanted.has(key) && !(batch && this.#byId.size > 0)
  }

  // --- sending ----------------------------------------------------------------------------------------------------------

  #subscribe(batch: readonly HeldTopic[]): void {
    const sent = batch.map(({ key, topic }) => sentTopic(key, topic))
    for (const each of sent) {
      this.#late.delete(each.key)
      this.#sent.set(each.key, each)
    }
    try {
      const message = syncAnswer(this.#settings.subscribe(topicsOf(sent)), 'the subscribe function')
      if (!this.#port.canSend()) {
        for (const each of sent) this.#forget(each)
        return
      }
      // Registered before the send, because an in-memory transport may reply during the send.
      const acks =
        this.#settings.ack && new AckBatch(sent, (late: readonly SentTopic[]) => this.#onTimeout(late))
      for (const each of sent) each.batch = acks
      if (acks) this.#port.onPendingChange(sent.length)
      this.#port.send(message, () => acks?.start(this.#port.clock, this.#settings.ackTimeout))
      if (!acks) for (const { key } of sent) this.#wanted.get(key)?.ack.settle()
    } catch (thrown) {
      this.#fail(sent, (keys) => unsentError(keys, thrown))
    }
  }

  #unsubscribe(batch: readonly SentTopic[]): void {
    try {
      const ids = batch.map(({ id }) => id)
      const message = syncAnswer(
        this.#settings.unsubscribe?.(topicsOf(batch), ids),
        'the unsubscribe function',
      )
      // The function is called again for these topics when their acknowledgment arrives.
      if (message === undefined && this.#settings.unsubscribe)
        batch = batch.filter(({ batch: acks }) => acks === undefined)
      for (const sent of batch) this.#forget(sent)
      if (message === undefined && this.#settings.ack && this.#settings.unsubscribe)
        addLate(this.#late, batch)
      if (message !== undefined && this.#port.canSend()) this.#port.send(message, () => undefined)
    } catch (thrown) {
      for (const sent of batch) this.#forget(sent)
      const [first, ...others] = batch.map(({ key }) => key)
      if (first !== undefined) this.#port.report(unsubscribeError([first, ...others], thrown))
    }
    // The unsubscribe function may have subscribed to these topics again.
    this.update(batch.map(({ key }) => key).filter((key) => this.#wanted.has(key)))
  }

  /** Rejects the subscriptions to topics that could not be sent or that the server rejected. */
  #fail(failed: readonly SentTopic[], errorOf: (keys: FailedKeys) => Error): void {
    for (const sent of failed) {
      this.#forget(sent)
      this.#failed.add(sent.key)
    }
    rejectHeld(heldOf(failed, this.#wanted), this.#port, errorOf)
  }

  #forget(sent: SentTopic): void {
    this.#settle(sent)
    if (this.#sent.get(sent.key) === sent) this.#sent.delete(sent.key)
    if (this.#byId.get(sent.id) === sent.key) this.#byId.delete(sent.id)
  }

  // --- acknowledgments --------------------------------------------------------------------------------------------------

  #onTimeout(late: readonly SentTopic[]): void {
    for (const sent of late) this.#settle(sent)
    const { ackTimeout } = this.#settings
    this.update(late.map(({ key }) => key).filter((key) => !this.#wanted.has(key)))
    rejectHeld(heldOf(late, this.#wanted), this.#port, (keys) => timeoutError(keys, ackTimeout))
  }

  /** Stops waiting for an acknowledgment. */
  #settle(sent: SentTopic): void {
    const { batch } = sent
    if (!batch) return
    sent.batch = undefined
    batch.delete(sent)
    this.#port.onPendingChange(-1)
  }

  /** Called when the server has acknowledged a topic, in time or late. */
  onAcknowledged(key: string, id: SubscriptionId | undefined): void {
    const sent = this.#sent.get(key) ?? this.#late.get(key)
    if (!sent) return
    this.#late.delete(key)
    this.#sent.set(key, sent)
    sent.wasAcknowledged = true
    this.#settle(sent)
    if (id !== undefined) {
      this.#byId.delete(sent.id)
      sent.id = id
      this.#byId.set(id, key)
      this.#port.onId()
    }
    const held = this.#wanted.get(key)
    if (held) held.ack.settle()
    else this.update([key])
  }

  /**
   * Called when the server has rejected topics.
   *
   * @param details the message that rejected them
   */
  onRefused(refused: readonly string[], details: unknown, reason: unknown): void {
    const keys = [...new Set(refused)]
    for (const key of keys) this.#late.delete(key)
    const sent = keys.map((key) => this.#sent.get(key)).filter((each) => each !== undefined)
    this.#fail(sent, (failed) => refusedError(failed, details, reason))
  }

  // --- the end ----------------------------------------------------------------------------------------------------------

  /** Called when the link is lost or replaced. Remembers the topics that were sent, in case the server keeps them for the next link. */
  end(): void {
    this.#hasEnded = true
    if (typeof this.#flushing === 'object') this.#flushing.cancel()
    for (const sent of this.#sent.values()) this.#settle(sent)
  }
}

function sentTopic(key: string, topic: unknown): SentTopic {
  return { key, topic, id: undefined, batch: undefined, wasAcknowledged: false }
}

function topicsOf(sent: readonly SentTopic[]): unknown[] {
  return sent.map(({ topic }) => topic)
}

function inBatches<T>(topics: readonly T[], limit: number): T[][] {
  const size = Math.min(limit, topics.length || 1)
  const count = Math.ceil(topics.length / size)
  return Array.from({ length: count }, (_, index) => topics.slice(index * size, (index + 1) * size))
}

/** Remembers topics that were never acknowledged. A late acknowledgment can contain the ID that `unsubscribe` needs. */
function addLate(late: Map<string, SentTopic>, batch: readonly SentTopic[]): void {
  for (const sent of batch) if (!sent.wasAcknowledged) late.set(sent.key, sent)
  for (const oldest of late.keys()) {
    if (late.size <= MAX_LATE) return
    late.delete(oldest)
  }
}

function heldOf(sent: readonly SentTopic[], wanted: ReadonlyMap<string, HeldTopic>): HeldTopic[] {
  return sent.map(({ key }) => wanted.get(key)).filter((held) => held !== undefined)
}

/** Rejects the acknowledgment of each topic separately, and reports all topics in one error. */
function rejectHeld(
  [first, ...others]: readonly HeldTopic[],
  port: LinkTopicsPort,
  errorOf: (keys: FailedKeys) => Error,
): void {
  if (!first) return
  const error = errorOf(first.key)
  first.ack.settle(error)
  for (const { key, ack } of others) ack.settle(errorOf(key))
  port.report(others.length === 0 ? error : errorOf([first.key, ...others.map(({ key }) => key)]))
}
