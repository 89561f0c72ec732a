import { FakeClock } from 'holdfast/testing'
import { RunningHandler } from '#src/dispatch/queues/slots.js'
import type { MessageQueue } from '#src/dispatch/queues/task-queue.js'
import { SlowHandlerWarning } from '#src/session/slow-handler-warning.js'
import type { InboundHandlers, InboundMessage } from '#src/messages/inbound.js'

/** Returns a warning whose output is discarded. */
export function silentWarning(): SlowHandlerWarning {
  return new SlowHandlerWarning(new FakeClock(), () => undefined)
}

/** Callbacks of a session for the items that it adds to a queue. */
export interface ItemHandlers<T> {
  /** Runs an item. It occupies a slot until its promise settles. */
  readonly run: (item: T) => void | Promise<void>
  readonly onConflated?: (item: T) => void
  readonly onHandled?: (item: T) => void
  readonly onKeyError?: (error: Error, item: T) => void
}

/** A session that adds items to a queue, each as the value of a message. */
export class ItemSession<T> implements InboundHandlers {
  readonly #queue: MessageQueue
  readonly #handlers: ItemHandlers<T>

  constructor(queue: MessageQueue, handlers: ItemHandlers<T>) {
    this.#queue = queue
    this.#handlers = handlers
  }

  push(...items: readonly T[]): void {
    for (const item of items) this.receive(this.messageOf(item))
  }

  pushAll(items: readonly T[]): void {
    this.#queue.pushAll(items.map((item) => this.messageOf(item)))
  }

  /** Removes the waiting items from the queue. */
  remove(): T[] {
    return this.#queue.remove(this).map(({ value }) => value as T)
  }

  /** Frees the slots of the running items, and returns their names. */
  release(): readonly string[] {
    return this.#queue.slots.release(this)
  }

  messageOf(item: T, kind: InboundMessage['kind'] = 'message'): InboundMessage {
    return { kind, value: item, raw: '', receivedAt: 0, size: 1, handlers: this }
  }

  receive(message: InboundMessage): void {
    this.#queue.push(message)
  }

  run(message: InboundMessage): void {
    const settled = this.#handlers.run(message.value as T)
    if (!settled) {
      this.onHandled(message)
      return
    }
    const running = new RunningHandler(message, String(message.value), this)
    running.settleAfter(settled)
    this.#queue.hold(running)
  }

  onHandled({ value }: InboundMessage): void {
    this.#handlers.onHandled?.(value as T)
  }

  onConflated({ value }: InboundMessage): void {
    this.#handlers.onConflated?.(value as T)
  }

  onKeyError(error: Error, message: InboundMessage): void {
    this.#handlers.onKeyError?.(error, message.value as T)
    this.run(message)
  }
}
