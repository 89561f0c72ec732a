import { Fifo } from '../../core/fifo.js'
import { toError } from '../../core/error-text.js'
import type { InboundHandlers, InboundMessage } from '../../messages/inbound.js'
import { readerOf } from '../../messages/route.js'
import type { KeyReader } from '../../messages/route.js'
import type { KeyedConcurrency } from '../../options/concurrency.js'
import type { RunningHandler, SlotOwner, Slots } from './slots.js'

/** Handles messages with the same key in order, one at a time, and those with different keys concurrently. Waiting keys take turns. */
export class KeyedQueue {
  readonly slots: Slots
  readonly #read: KeyReader
  /** True if a newer message replaces a waiting one with the same key. */
  readonly #conflate: boolean
  /** Lanes with a waiting or running message, by key. */
  readonly #lanes = new Map<unknown, Lane>()
  /** Lanes without a running message. */
  readonly #ready = new Fifo<Lane>()
  /** Errors that the key function threw, by waiting message. */
  readonly #keyErrors = new WeakMap<InboundMessage, Error>()
  /** Lane of the message that is being handled, until that message holds a slot. */
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

  /** Adds messages in order, before any of them is handled. */
  pushAll(messages: readonly InboundMessage[]): void {
    for (const message of messages) this.#add(message)
    this.#loop()
  }

  /** Called when the handler of the current message is asynchronous. */
  hold(running: RunningHandler): void {
    const lane = this.#current as Lane
    this.#current = undefined
    this.slots.add(running, lane)
  }

  /** Removes the waiting messages of one session, and returns them key by key, in order within each key. */
  remove(handlers: InboundHandlers): readonly InboundMessage[] {
    const removed: InboundMessage[] = []
    for (const lane of this.#lanes.values()) {
      for (const message of lane.remove((each) => each.handlers === handlers)) removed.push(message)
    }
    for (const { key } of this.#ready.remove((lane) => lane.size === 0)) this.#lanes.delete(key)
    return removed
  }

  /** Called when a handler of this lane has settled. */
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
    // It is the only waiting message with its key, because every earlier one has also been replaced.
    const replaced = lane.shift() as InboundMessage
    lane.push(message)
    replaced.handlers.onConflated(replaced)
  }

  /**
   * Returns the key of a message, compared as in a Map. Messages without a key (`undefined`) wait for each other and are never conflated.
   */
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
    // A handler can push synchronously. The loop that is already running will handle that message.
    if (this.#isLooping) return
    this.#isLooping = true
    while (!this.slots.isFull) {
      const lane = this.#ready.shift()
      if (!lane) break
      this.#current = lane
      // A lane that is ready is never empty.
      const message = lane.shift() as InboundMessage
      const error = this.#keyErrors.get(message)
      // Reported when it is the message's turn, like any other failure, and never before @OnOpen has settled.
      if (error) message.handlers.onKeyError(error, message)
      else message.handlers.run(message)
      if (this.#isCurrent(lane)) this.#leave(lane)
    }
    this.#current = undefined
    this.#isLooping = false
  }

  /** Returns true if the message that was just handled in this lane does not hold a slot and is therefore done. */
  #isCurrent(lane: Lane): boolean {
    return this.#current === lane
  }

  /** Called when the lane no longer has a running message. */
  #leave(lane: Lane): void {
    if (lane.size === 0) this.#lanes.delete(lane.key)
    else this.#ready.push(lane)
  }
}

/** Waiting messages of one key. */
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
