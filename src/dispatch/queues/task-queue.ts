import { Fifo } from '../../core/fifo.js'
import type { InboundHandlers, InboundMessage } from '../../messages/inbound.js'
import type { RunningHandler, SlotOwner, Slots } from './slots.js'

/** Handles messages in order. An asynchronous handler holds a slot. A synchronous handler costs no more than its call. */
export class TaskQueue implements SlotOwner {
  readonly slots: Slots
  /** perf: created when a message has to wait, saves 40 B per connection whose handlers keep up. */
  #waiting: Fifo<InboundMessage> | undefined
  #isLooping = false

  constructor(slots: Slots) {
    this.slots = slots
  }

  push(message: InboundMessage): void {
    // While no loop runs, messages only wait for a slot.
    if (this.#isLooping || this.slots.isFull) {
      ;(this.#waiting ??= new Fifo()).push(message)
      return
    }
    // perf: bypassing the queue saves 3% of the instructions per received message.
    this.#isLooping = true
    message.handlers.run(message)
    this.#isLooping = false
    // The handler may have pushed messages, which are waiting.
    if (this.#waiting) this.#loop()
  }

  /** Adds messages in order, before any of them is handled. */
  pushAll(messages: readonly InboundMessage[]): void {
    const waiting = (this.#waiting ??= new Fifo())
    for (const message of messages) waiting.push(message)
    this.#loop()
  }

  /** Called when the handler of the current message is asynchronous. */
  hold(running: RunningHandler): void {
    this.slots.add(running, this)
  }

  onSettled(running: RunningHandler): void {
    this.slots.remove(running)
    this.#loop()
  }

  /** Removes the waiting messages of one session, and returns them. */
  remove(handlers: InboundHandlers): readonly InboundMessage[] {
    return this.#waiting?.remove((message) => message.handlers === handlers) ?? []
  }

  #loop(): void {
    // A handler can push synchronously. The loop that is already running will handle that message.
    if (this.#isLooping) return
    this.#isLooping = true
    while (this.#waiting && this.#waiting.size > 0 && !this.slots.isFull) {
      const message = this.#waiting.shift() as InboundMessage
      message.handlers.run(message)
    }
    this.#isLooping = false
  }
}

/** Queue for the messages of all links of a connection. */
export type MessageQueue = Pick<TaskQueue, 'slots' | 'push' | 'pushAll' | 'hold' | 'remove'>
