import { Acknowledgement } from './acknowledgement.js'

/** A topic that somebody holds. */
export interface HeldTopic {
  readonly key: string
  readonly topic: unknown
  /** Whether it has been acknowledged on the link. */
  readonly ack: Acknowledgement
}

/** A topic that a connection is to be subscribed to. */
interface ConnectionTopic extends HeldTopic {
  ack: Acknowledgement
  /** How many calls hold it, each by itself. */
  calls: number
}

interface OpeningTopic extends HeldTopic {
  /** How often it was asked for. */
  calls: number
}

/** All that one `@OnOpen` has asked for: it holds each topic once. */
export class OpenHolder {
  readonly topics = new Map<string, OpeningTopic>()
  /** The holder of an earlier `@OnOpen`, if that has taken these topics over. */
  #heir: OpenHolder | undefined

  hold(key: string, topic: unknown): HeldTopic {
    const held = this.topics.get(key) ?? { key, topic, ack: new Acknowledgement(), calls: 0 }
    held.calls += 1
    this.topics.set(key, held)
    return held
  }

  /** Another holder takes all topics over. */
  passTo(heir: OpenHolder): void {
    this.#heir = heir
    for (const { key, topic, calls } of this.topics.values())
      for (let call = 0; call < calls; call += 1) heir.hold(key, topic)
  }

  /** Returns whether nobody of its `@OnOpen` holds the topic any more. */
  release(key: string): boolean {
    if (this.#heir) return this.#heir.release(key)
    const held = this.topics.get(key)
    if (!held) return false
    held.calls -= 1
    return held.calls === 0 && this.topics.delete(key)
  }
}

/** Counts the holders of each topic of a connection: single calls, and the last `@OnOpen` as a whole. It sends nothing. */
export class TopicHolders {
  readonly #topics = new Map<string, ConnectionTopic>()
  #opened = new OpenHolder()

  /** Everything that is held. */
  get topics(): ReadonlyMap<string, HeldTopic> {
    return this.#topics
  }

  /** Holds a topic for one call. */
  hold(key: string, topic: unknown): HeldTopic {
    const held = this.#getOrAdd(key, topic, new Acknowledgement())
    held.calls += 1
    return held
  }

  /** Lets go of a topic for one call. */
  release(key: string): HeldTopic | undefined {
    const held = this.#topics.get(key)
    if (!held) return undefined
    held.calls -= 1
    return this.#drop(held)
  }

  /**
   * Lets go of a topic that an `@OnOpen` has asked for, once; an `@OnOpen` that has been replaced holds nothing.
   *
   * @returns the topic if nobody holds it any more
   */
  releaseOpened(holder: OpenHolder, key: string): HeldTopic | undefined {
    return holder.release(key) ? this.#drop(this.#topics.get(key)) : undefined
  }

  /** Renews the acknowledgements that are settled: the next link settles them again. */
  renew(): void {
    for (const held of this.#topics.values()) renewAck(held)
  }

  /** The same for one topic. */
  renewOne(key: string): void {
    const held = this.#topics.get(key)
    if (held) renewAck(held)
  }

  /**
   * Takes the topics of an `@OnOpen` that has settled in the place of those of the one before, or beside them.
   *
   * @returns the topics that nobody holds any more
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

  /** Lets go of everything, and returns it. */
  clear(): HeldTopic[] {
    const all = [...this.#topics.values()]
    this.#topics.clear()
    this.#opened = new OpenHolder()
    return all
  }

  #getOrAdd(key: string, topic: unknown, ack: Acknowledgement): ConnectionTopic {
    let held = this.#topics.get(key)
    if (!held) this.#topics.set(key, (held = { key, topic, ack, calls: 0 }))
    return held
  }

  /** Forgets a topic if nobody holds it, and returns it. */
  #drop(held: ConnectionTopic | undefined): HeldTopic | undefined {
    if (!held || held.calls > 0 || this.#opened.topics.has(held.key)) return undefined
    this.#topics.delete(held.key)
    return held
  }
}

function renewAck(held: ConnectionTopic): void {
  if (held.ack.isSettled) held.ack = new Acknowledgement()
}
