import { Fifo } from '../../core/fifo.js'
import type { InboundHandlers, InboundMessage } from '../../messages/inbound.js'
import type { RunningHandler, SlotOwner, Slots } from './slots.js'

/** Runs messages in order. A handler that takes time holds a slot; one that is over at once costs no more than its call. */
export class TaskQueue implements SlotOwner {
  readonly slots: Slots
  /** perf: made when something has to wait, saves 40 B per connection whose handlers keep up. */
  #waiting: Fifo<InboundMessage> | undefined
  #isLooping = false

  constructor(slots: Slots) {
    this.slots = slots
  }

  push(message: InboundMessage): void {
    // Whatever waits while no loop runs waits for a slot.
    if (this.#isLooping || this.slots.isFull) {
      ;(this.#waiting ??= new Fifo()).push(message)
      return
    }
    // perf: without a place in the queue, 3 % fewer instructions per received message.
    this.#isLooping = true
    message.handlers.run(message)
    this.#isLooping = false
    // What it has pushed waits.
    if (this.#waiting) this.#loop()
  }

  /** Adds messages in order. None is run before all are there. */
  pushAll(messages: readonly InboundMessage[]): void {
    const waiting = (this.#waiting ??= new Fifo())
    for (const message of messages) waiting.push(message)
    this.#loop()
  }

  /** The message that is being run takes time. */
  hold(running: RunningHandler): void {
    this.slots.add(running, this)
  }

  onSettled(running: RunningHandler): void {
    this.slots.remove(running)
    this.#loop()
  }

  /** Removes what waits of one session, and returns it. */
  remove(handlers: InboundHandlers): readonly InboundMessage[] {
    return this.#waiting?.remove((message) => message.handlers === handlers) ?? []
  }

  #loop(): void {
    // A message's run may push, synchronously: the loop that runs already will come to it.
    if (this.#isLooping) return
    this.#isLooping = true
    while (this.#waiting && this.#waiting.size > 0 && !this.slots.isFull) {
      const message = this.#waiting.shift() as InboundMessage
      message.handlers.run(message)
    }
    this.#isLooping = false
  }
}

/** Where the messages of all links of a connection wait for their handlers. */
export type MessageQueue = Pick<TaskQueue, 'slots' | 'push' | 'pushAll' | 'hold' | 'remove'>
