import type { InboundHandlers, InboundMessage } from '../../messages/inbound.js'
import type { SlowHandlerWarning } from '../../session/slow-handler-warning.js'

/** Counts handled messages. */
export interface MessageCounter {
  onHandled(message: InboundMessage): void
}

/** Owns the slot of a handler. */
export interface SlotOwner {
  onSettled(running: RunningHandler): void
}

/** Running handler. It holds a slot in the queue until it has settled or the slot is released. */
export class RunningHandler {
  readonly message: InboundMessage
  readonly #counter: MessageCounter
  #name: string
  #looks = 0
  #index = 0
  #owner: SlotOwner | undefined

  /** @param name display name, such as `TickerClient#tick` */
  constructor(message: InboundMessage, name: string, counter: MessageCounter) {
    this.message = message
    this.#name = name
    this.#counter = counter
  }

  get name(): string {
    return this.#name
  }

  /** Index in the list of running handlers. */
  get index(): number {
    return this.#index
  }

  /** True from the moment the handler gets a slot until it has settled or the slot is released. */
  get holdsSlot(): boolean {
    return this.#owner !== undefined
  }

  hold(owner: SlotOwner): void {
    this.#owner = owner
  }

  moveTo(index: number): void {
    this.#index = index
  }

  /** Counts a check, and returns the number of checks that have found this handler running. */
  look(): number {
    this.#looks += 1
    return this.#looks
  }

  /** Called when the next step for the same message starts, such as the handler after its schema. */
  rename(name: string): void {
    this.#name = name
    this.#looks = 0
  }

  /** Settles once `rest` has settled. `rest` must not reject. */
  settleAfter(rest: void | Promise<void>): void {
    if (rest) void rest.then(() => this.settle())
    else this.settle()
  }

  /** Releases the slot. Later calls have no effect. */
  settle(): void {
    const owner = this.#owner
    if (!owner) return
    this.#owner = undefined
    this.#counter.onHandled(this.message)
    owner.onSettled(this)
  }
}

/** Running handlers of a queue, up to its limit. */
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
   * perf: the last handler moves to the free slot, so that the cost does not depend on the number of handlers. A Set would cost a hash per
   * handler.
   */
  remove(running: RunningHandler): void {
    const last = this.#running.pop() as RunningHandler
    if (last === running) return
    last.moveTo(running.index)
    this.#running[running.index] = last
  }

  /** Releases the slots of the handlers of one session, and returns their names. */
  release(handlers: InboundHandlers): readonly string[] {
    const released = this.#running.filter(({ message }) => message.handlers === handlers)
    for (const running of released) running.settle()
    return released.map(({ name }) => name)
  }
}
