import { Acknowledgment } from './acknowledgment.js'

/** A topic with at least one subscriber. */
export interface HeldTopic {
  readonly key: string
  readonly topic: unknown
  /** Acknowledgment on the current link. */
  readonly ack: Acknowledgment
}

/** A topic that a connection is subscribed to. */
interface ConnectionTopic extends HeldTopic {
  ack: Acknowledgment
  /** Number of `subscribe()` calls outside `@OnOpen` that hold the topic. */
  calls: number
}

interface OpeningTopic extends HeldTopic {
  /** Number of `subscribe()` calls that hold the topic. */
  calls: number
}

/** The topics that one `@OnOpen` subscribed to. All of its calls together are one subscriber to each topic. */
export class OpenHolder {
  readonly topics = new Map<string, OpeningTopic>()
  /** The holder of an earlier `@OnOpen`, if it has adopted these topics. */
  #heir: OpenHolder | undefined

  hold(key: string, topic: unknown): HeldTopic {
    const held = this.topics.get(key) ?? { key, topic, ack: new Acknowledgment(), calls: 0 }
    held.calls += 1
    this.topics.set(key, held)
    return held
  }

  /** Passes all topics to another holder. */
  passTo(heir: OpenHolder): void {
    this.#heir = heir
    for (const { key, topic, calls } of this.topics.values())
      for (let call = 0; call < calls; call += 1) heir.hold(key, topic)
  }

  /** Removes one call, and returns whether it was the last one that held the topic. */
  release(key: string): boolean {
    if (this.#heir) return this.#heir.release(key)
    const held = this.topics.get(key)
    if (!held) return false
    held.calls -= 1
    return held.calls === 0 && this.topics.delete(key)
  }
}

/** Counts the subscribers to each topic: calls outside `@OnOpen`, and the latest completed `@OnOpen` as a whole. Sends nothing. */
export class TopicHolders {
  readonly #topics = new Map<string, ConnectionTopic>()
  #opened = new OpenHolder()

  /** All topics that have subscribers. */
  get topics(): ReadonlyMap<string, HeldTopic> {
    return this.#topics
  }

  /** Adds one call as a subscriber to a topic. */
  hold(key: string, topic: unknown): HeldTopic {
    const held = this.#getOrAdd(key, topic, new Acknowledgment())
    held.calls += 1
    return held
  }

  /** Removes one call as a subscriber to a topic. Returns the topic if it has no subscribers left. */
  release(key: string): HeldTopic | undefined {
    const held = this.#topics.get(key)
    if (!held) return undefined
    held.calls -= 1
    return this.#drop(held)
  }

  /**
   * Removes one call inside an `@OnOpen` as a subscriber to a topic. An `@OnOpen` that was replaced holds no topics.
   *
   * @returns the topic if it has no subscribers left
   */
  releaseOpened(holder: OpenHolder, key: string): HeldTopic | undefined {
    return holder.release(key) ? this.#drop(this.#topics.get(key)) : undefined
  }

  /** Replaces settled acknowledgments with pending ones, which the next link settles. */
  renew(): void {
    for (const held of this.#topics.values()) renewAck(held)
  }

  /** Replaces one topic's acknowledgment with a pending one, if it has settled. */
  renewOne(key: string): void {
    const held = this.#topics.get(key)
    if (held) renewAck(held)
  }

  /**
   * Replaces the topics of the previous `@OnOpen` with those of the `@OnOpen` that has just completed or, if `isKept`, adds the new topics
   * to the previous ones.
   *
   * @returns the topics that have no subscribers left
   */
  settleOpen(next: OpenHolder, isKept: boolean): HeldTopic[] {
    const last = this.#opened
    if (isKept) next.passTo(last)
    else this.#opened = next
    for (const { key, topic, ack } of next.topics.values()) {
      const held = this.#getOrAdd(key, topic, ack)
      if (held.ack !== ack) ack.join(held.ack)
    }
    const dropped = [...last.topics.keys()].map((key) => this.#drop(this.#topics.get(key)))
    return dropped.filter((held) => held !== undefined)
  }

  /** Removes and returns all topics. */
  clear(): HeldTopic[] {
    const all = [...this.#topics.values()]
    this.#topics.clear()
    this.#opened = new OpenHolder()
    return all
  }

  #getOrAdd(key: string, topic: unknown, ack: Acknowledgment): ConnectionTopic {
    let held = this.#topics.get(key)
    if (!held) this.#topics.set(key, (held = { key, topic, ack, calls: 0 }))
    return held
  }

  /** Removes and returns a topic if it has no subscribers. */
  #drop(held: ConnectionTopic | undefined): HeldTopic | undefined {
    if (!held || held.calls > 0 || this.#opened.topics.has(held.key)) return undefined
    this.#topics.delete(held.key)
    return held
  }
}

function renewAck(held: ConnectionTopic): void {
  if (held.ack.isSettled) held.ack = new Acknowledgment()
}
