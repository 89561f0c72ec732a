import type { Clock, Timer } from '../core/clock.js'
import { RESOLVED } from '../core/deferred.js'
import { syncAnswer } from '../core/thenable.js'
import { AckBatch } from './ack-batch.js'
import { MAX_LATE } from './pending-acks.js'
import type { SubscriptionId, SubscriptionsSettings } from './subscribe-options.js'
import { refusedError, timeoutError, unsentError, unsubscribeError } from './subscription-failures.js'
import type { FailedKeys } from './subscription-failures.js'
import type { HeldTopic } from './topic-holders.js'

/** Sends the topics of one link, and receives what becomes of them. */
export interface LinkTopicsPort {
  readonly clock: Clock
  /** False once the link is gone, or the connection closes. */
  canSend(): boolean
  /**
   * Sends a message.
   *
   * @param left called when it has left this process, or never will
   * @throws EncodeError when the codec cannot encode it
   */
  send(message: unknown, left: () => void): void
  report(error: Error): void
  /** So many acknowledgements more, or fewer, are awaited. */
  onPendingChange(difference: number): void
  /** The server has given topics an id. */
  onId(): void
}

/** A topic that the server has been asked for, and has not refused. */
interface SentTopic {
  readonly key: string
  readonly topic: unknown
  id: SubscriptionId | undefined
  /** With whom its acknowledgement is awaited, while it is. */
  batch: AckBatch<SentTopic> | undefined
  wasAcknowledged: boolean
}

/** The topics that a server was asked for on one link. Sends the difference to those that are wanted. */
export class LinkTopics {
  readonly #settings: SubscriptionsSettings
  readonly #port: LinkTopicsPort
  #wanted: ReadonlyMap<string, HeldTopic>
  readonly #sent = new Map<string, SentTopic>()
  /** Topics that could not be taken back, for their acknowledgement, which may bring the id for that, is late: the oldest first. */
  readonly #late = new Map<string, SentTopic>()
  readonly #byId = new Map<unknown, string>()
  /** Keys that the server has refused, or that could not be sent: they are not sent again on this link unless somebody asks. */
  readonly #failed = new Set<string>()
  /** Keys that may have to be sent or taken back. */
  readonly #changed = new Set<string>()
  /** Runs, or is queued, until what has changed is sent. */
  #flushing: Timer | 'at the end of the turn' | undefined
  /** False while `@OnOpen` runs: nothing is taken back, for others may hold what that leaves. */
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

  /** Tells whether the server has been asked for a topic, and has not refused. */
  has(key: string): boolean {
    return this.#sent.has(key)
  }

  /** Tells whether an acknowledgement may be about a topic. */
  knows(key: string): boolean {
    return this.#sent.has(key) || this.#late.has(key)
  }

  /** A topic is asked for that the server may have: then it is acknowledged. */
  confirm({ key, ack }: HeldTopic): void {
    const sent = this.#sent.get(key)
    if (sent && !sent.batch && !this.#hasEnded && !ack.isSettled) ack.settle()
  }

  /** A topic that has failed is asked for again. */
  retry(key: string): void {
    this.#failed.delete(key)
  }

  // --- what is wanted ---------------------------------------------------------------------------------------------------

  /** Topics are wanted, or are not any more: at the end of the turn, or after `batch.delay`, the server is told. */
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
   * From now on other topics are wanted; tells the server at once.
   *
   * @param kept another link, if the server still has what was sent on that
   */
  want(wanted: ReadonlyMap<string, HeldTopic>, kept: LinkTopics | undefined): void {
    this.#wanted = wanted
    this.#isReady = true
    if (kept) this.keep(kept)
    for (const held of wanted.values()) this.confirm(held)
    for (const key of [...this.#sent.keys(), ...wanted.keys()]) this.#changed.add(key)
    this.#flush()
  }

  /** The server still has what was sent on another link. */
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

  /** Sends what has changed. */
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

  /** Where acknowledgements bring ids, a topic is not taken back before it has its own. */
  #isGone({ key, batch }: SentTopic): boolean {
    return this.#isReady && !this.#wanted.has(key) && !(batch && this.#byId.size > 0)
  }

  // --- what is sent -----------------------------------------------------------------------------------------------------

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
      // Awaited before it is sent: a transport in memory may answer within the send.
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
      // Asked again for those whose acknowledgement comes.
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
    // A function of the user's may have asked for them again meanwhile.
    this.update(batch.map(({ key }) => key).filter((key) => this.#wanted.has(key)))
  }

  /** The server has not been asked for them, or has refused: those who hold them are told. */
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

  // --- what is acknowledged ---------------------------------------------------------------------------------------------

  #onTimeout(late: readonly SentTopic[]): void {
    for (const sent of late) this.#settle(sent)
    const { ackTimeout } = this.#settings
    this.update(late.map(({ key }) => key).filter((key) => !this.#wanted.has(key)))
    rejectHeld(heldOf(late, this.#wanted), this.#port, (keys) => timeoutError(keys, ackTimeout))
  }

  /** An acknowledgement is not awaited any more. */
  #settle(sent: SentTopic): void {
    const { batch } = sent
    if (!batch) return
    sent.batch = undefined
    batch.delete(sent)
    this.#port.onPendingChange(-1)
  }

  /** The server has acknowledged a topic, in time or late. */
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
   * The server has refused topics.
   *
   * @param details the message with which it did
   */
  onRefused(refused: readonly string[], details: unknown, reason: unknown): void {
    const keys = [...new Set(refused)]
    for (const key of keys) this.#late.delete(key)
    const sent = keys.map((key) => this.#sent.get(key)).filter((each) => each !== undefined)
    this.#fail(sent, (failed) => refusedError(failed, details, reason))
  }

  // --- its end ----------------------------------------------------------------------------------------------------------

  /** The link is lost, or replaced. What was sent on it is remembered, for a link that keeps it. */
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

/** Remembers topics that were never acknowledged: they still may be, with the id that `unsubscribe` needs. */
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

/** Rejects each topic by itself, and reports them once. */
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
