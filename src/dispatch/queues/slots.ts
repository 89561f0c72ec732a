import type { InboundHandlers, InboundMessage } from '../../messages/inbound.js'
import type { SlowHandlerWarning } from '../../session/slow-handler-warning.js'

/** Learns that a message has been handled. */
export interface MessageCounter {
  onHandled(message: InboundMessage): void
}

/** Gives a handler its slot, and takes it back. */
export interface SlotOwner {
  onSettled(running: RunningHandler): void
}

/** A handler that has not settled. It holds a slot of the queue until it has, or until the slot is taken from it. */
export class RunningHandler {
  readonly message: InboundMessage
  readonly #counter: MessageCounter
  #name: string
  #looks = 0
  #index = 0
  #owner: SlotOwner | undefined

  /** @param name what runs, for people: `TickerClient#tick` */
  constructor(message: InboundMessage, name: string, counter: MessageCounter) {
    this.message = message
    this.#name = name
    this.#counter = counter
  }

  get name(): string {
    return this.#name
  }

  /** The place in the list of all that run. */
  get index(): number {
    return this.#index
  }

  /** False before it holds a slot, and again once it has settled or its slot was taken. */
  get holdsSlot(): boolean {
    return this.#owner !== undefined
  }

  hold(owner: SlotOwner): void {
    this.#owner = owner
  }

  moveTo(index: number): void {
    this.#index = index
  }

  /** Counts a look at what runs, and returns how many have seen this one. */
  look(): number {
    this.#looks += 1
    return this.#looks
  }

  /** The next part of the same message begins, such as the handler after the schema. */
  rename(name: string): void {
    this.#name = name
    this.#looks = 0
  }

  /** Settles, once there is nothing left to wait for. `rest` must not reject. */
  settleAfter(rest: void | Promise<void>): void {
    if (rest) void rest.then(() => this.settle())
    else this.settle()
  }

  /** Gives the slot back. What happens later changes nothing. */
  settle(): void {
    const owner = this.#owner
    if (!owner) return
    this.#owner = undefined
    this.#counter.onHandled(this.message)
    owner.onSettled(this)
  }
}

/** The handlers of a queue that have not settled: as many as its limit at most. */
export class Slots {
  readonly #limit: number
  readonly slowWarning: SlowHandlerWarning
  readonly #running: RunningHandler[] = []

  constructor(limit: number, slowWarning: SlowHandlerWarning) {
    this.#limit = limit
    this.slowWarning = slowWarning
  }

  get isFull(): boolean {
    return this.#running.length >= this.#limit
  }

  add(running: RunningHandler, owner: SlotOwner): void {
    running.hold(owner)
    running.moveTo(this.#running.length)
    this.#running.push(running)
    this.slowWarning.onRunning(running, this.#running)
  }

  /**
   * Frees a slot.
   *
   * perf: the last one moves to the free place, so that it costs the same however many run; a Set costs a hash per handler.
   */
  remove(running: RunningHandler): void {
    const last = this.#running.pop() as RunningHandler
    if (last === running) return
    last.moveTo(running.index)
    this.#running[running.index] = last
  }

  /** Takes their slots from the handlers of one session, and returns their names. */
  release(handlers: InboundHandlers): readonly string[] {
    const released = this.#running.filter(({ message }) => message.handlers === handlers)
    for (const running of released) running.settle()
    return released.map(({ name }) => name)
  }
}
