import { Fifo } from '../../core/fifo.js'
import { toError } from '../../core/error-text.js'
import type { InboundHandlers, InboundMessage } from '../../messages/inbound.js'
import { readerOf } from '../../messages/route.js'
import type { Reader } from '../../messages/route.js'
import type { KeyedConcurrency } from '../../options/concurrency.js'
import type { RunningHandler, SlotOwner, Slots } from './slots.js'

/** Runs the messages of each key in order, one at a time, and different keys at once; the keys that wait take turns. */
export class KeyedQueue {
  readonly slots: Slots
  readonly #read: Reader
  /** True where a message that waits gives its place to a newer one of its key. */
  readonly #conflate: boolean
  /** Those keys of which something waits or runs. */
  readonly #lanes = new Map<unknown, Lane>()
  /** Of these, the ones of which nothing runs. */
  readonly #ready = new Fifo<Lane>()
  /** How the key function has failed with messages that wait. */
  readonly #keyErrors = new WeakMap<InboundMessage, Error>()
  /** The lane whose message is being run, until that holds a slot. */
  #current: Lane | undefined
  #isLooping = false

  constructor(slots: Slots, { key, conflate }: Required<Pick<KeyedConcurrency, 'key' | 'conflate'>>) {
    this.slots = slots
    this.#read = readerOf(key, 'concurrency.key')
    this.#conflate = conflate
  }

  push(message: InboundMessage): void {
    this.#add(message)
    this.#loop()
  }

  /** Adds messages in order. None is run before all are there. */
  pushAll(messages: readonly InboundMessage[]): void {
    for (const message of messages) this.#add(message)
    this.#loop()
  }

  /** The message that is being run takes time. */
  hold(running: RunningHandler): void {
    const lane = this.#current as Lane
    this.#current = undefined
    this.slots.add(running, lane)
  }

  /** Removes what waits of one session, and returns it: key by key, those of one key in order. */
  remove(handlers: InboundHandlers): readonly InboundMessage[] {
    const removed: InboundMessage[] = []
    for (const lane of this.#lanes.values()) {
      for (const message of lane.remove((each) => each.handlers === handlers)) removed.push(message)
    }
    for (const { key } of this.#ready.remove((lane) => lane.size === 0)) this.#lanes.delete(key)
    return removed
  }

  /** A handler of this lane has settled. */
  onSettled(lane: Lane, running: RunningHandler): void {
    this.slots.remove(running)
    this.#leave(lane)
    this.#loop()
  }

  #add(message: InboundMessage): void {
    const key = this.#keyOf(message)
    const lane = this.#lanes.get(key) ?? this.#enter(key)
    if (!this.#conflate || key === undefined || lane.size === 0) {
      lane.push(message)
      return
    }
    // It is the only one of its key: each before it has been replaced, too.
    const replaced = lane.shift() as InboundMessage
    lane.push(message)
    replaced.handlers.onConflated(replaced)
  }

  /** Returns the key of a message, compared as in a Map. Messages without one, `undefined`, wait for each other and are never skipped. */
  #keyOf(message: InboundMessage): unknown {
    if (message.kind !== 'message') return undefined
    try {
      return this.#read(message.value) ?? undefined
    } catch (thrown) {
      this.#keyErrors.set(message, toError(thrown))
      return undefined
    }
  }

  #enter(key: unknown): Lane {
    const lane = new Lane(key, this)
    this.#lanes.set(key, lane)
    this.#ready.push(lane)
    return lane
  }

  #loop(): void {
    // A message's run may push, synchronously: the loop that runs already will come to it.
    if (this.#isLooping) return
    this.#isLooping = true
    while (!this.slots.isFull) {
      const lane = this.#ready.shift()
      if (!lane) break
      this.#current = lane
      // A lane that is ready is never empty.
      const message = lane.shift() as InboundMessage
      const error = this.#keyErrors.get(message)
      // Told in the message's turn, like any other failure: never before @OnOpen has settled.
      if (error) message.handlers.onKeyError(error, message)
      else message.handlers.run(message)
      if (this.#isCurrent(lane)) this.#leave(lane)
    }
    this.#current = undefined
    this.#isLooping = false
  }

  /** True if the message of this lane that has been run holds no slot: it is over. */
  #isCurrent(lane: Lane): boolean {
    return this.#current === lane
  }

  /** Nothing of the lane runs any more. */
  #leave(lane: Lane): void {
    if (lane.size === 0) this.#lanes.delete(lane.key)
    else this.#ready.push(lane)
  }
}

/** What waits of one key. */
class Lane extends Fifo<InboundMessage> implements SlotOwner {
  readonly key: unknown
  readonly #queue: KeyedQueue

  constructor(key: unknown, queue: KeyedQueue) {
    super()
    this.key = key
    this.#queue = queue
  }

  onSettled(running: RunningHandler): void {
    this.#queue.onSettled(this, running)
  }
}
