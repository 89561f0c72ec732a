import { toError } from '../core/error-text.js'
import { Fifo } from '../core/fifo.js'
import { RESOLVED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import type { InboundHandlers, InboundMessage } from '../messages/inbound.js'
import type { SessionPort } from '../session/session-handlers.js'
import type { DispatchContext } from './dispatch-context.js'
import { Slots } from './queues/slots.js'
import type { RunningHandler, SlotOwner } from './queues/slots.js'
import type { MessageQueue } from './queues/task-queue.js'
import type { HandlerPort } from './replies.js'

/**
 * Messages of a link that arrive while its `@OnOpen` runs, in order. Handlers that are marked `duringOpen` run immediately, one at a time.
 * They are treated as part of that `@OnOpen`, so the messages they send go out on this link.
 */
export class EarlyMessages implements SlotOwner {
  readonly #dispatch: DispatchContext
  readonly #session: SessionPort
  readonly #port: Pick<HandlerPort, 'fail'>
  /** True if any handlers are marked. */
  readonly #hasDuringOpen: boolean
  readonly #waiting: InboundMessage[] = []
  /** Messages for marked handlers that wait for the running handler. perf: created with the first one, saves 40 B per link without any. */
  #duringOpen: Fifo<InboundMessage> | undefined
  /** perf: created with the first asynchronous handler, saves 100 B per link without one. */
  #slots: Slots | undefined
  #running: RunningHandler | undefined
  #isBusy = false
  #settled: Deferred<void> | undefined

  constructor(dispatch: DispatchContext, session: SessionPort, port: Pick<HandlerPort, 'fail'>) {
    this.#dispatch = dispatch
    this.#session = session
    this.#port = port
    this.#hasDuringOpen = dispatch.router.hasDuringOpen(dispatch.settings.requests.duringOpen)
  }

  /** Runs the handler of a message now if it is marked and no other one is running. Otherwise, keeps the message. */
  push(message: InboundMessage): void {
    const isDuringOpen = this.#isDuringOpen(message)
    if (isDuringOpen && !this.#isBusy) {
      this.#runFrom(message)
      return
    }
    this.#waiting.push(message)
    if (isDuringOpen) (this.#duringOpen ??= new Fifo()).push(message)
  }

  #isDuringOpen({ kind, value }: InboundMessage): boolean {
    if (!this.#hasDuringOpen || kind !== 'message') return false
    const { router, settings } = this.#dispatch
    try {
      return router.isDuringOpen(value, settings.requests.duringOpen)
    } catch (thrown) {
      const consequence = 'the message waits until @OnOpen completes'
      void this.#port.fail(toError(thrown), 'decode', undefined, value, consequence)
      return false
    }
  }

  /** Handles one message after another, until a handler is asynchronous. */
  #runFrom(first: InboundMessage | undefined): void {
    this.#isBusy = true
    for (let message = first; message; message = this.#running ? undefined : this.#next()) {
      const { handlers } = message
      const own = message
      this.#session.runInScope(() => handlers.run(own))
    }
    this.#isBusy = this.#running !== undefined
  }

  #next(): InboundMessage | undefined {
    const message = this.#duringOpen?.shift()
    if (message) this.#waiting.splice(this.#waiting.indexOf(message), 1)
    return message
  }

  /** Called when the handler of the current message is asynchronous. */
  hold(running: RunningHandler): void {
    this.#running = running
    this.#slots ??= new Slots(1, this.#dispatch.createSlowWarning())
    this.#slots.add(running, this)
  }

  onSettled(running: RunningHandler): void {
    this.#letGo(running)
    this.#settled?.resolve()
    this.#runFrom(this.#next())
  }

  #letGo(running: RunningHandler): void {
    this.#slots?.remove(running)
    this.#slots?.slowWarning.stop()
    this.#running = undefined
  }

  /** Removes the oldest matching message, and returns it. Rethrows errors thrown by `match`. */
  take(match: (message: unknown) => boolean): InboundMessage | undefined {
    const found = this.#waiting.find(({ kind, value }) => kind === 'message' && match(value))
    // `match` is user code, which may have removed this very message.
    const index = found ? this.#waiting.indexOf(found) : -1
    if (index < 0) return undefined
    this.#waiting.splice(index, 1)
    this.#duringOpen?.remove((message) => message === found)
    return found
  }

  /** Stops starting handlers, and resolves when the running one has settled. */
  settled(): Promise<void> {
    this.#duringOpen = undefined
    this.#settled ??= deferred()
    if (!this.#running) this.#settled.resolve()
    return this.#running ? this.#settled.promise : RESOLVED
  }

  /**
   * Called when `@OnOpen` has settled. Moves all waiting messages into the queue. A handler that is still running comes first, and holds a
   * slot in the queue.
   *
   * @returns true if a handler is still running
   */
  moveTo(queue: MessageQueue): boolean {
    const messages = this.clear()
    const running = this.#running
    if (running)
      messages.unshift({ ...running.message, handlers: new StandIn(() => this.#hand(running, queue)) })
    queue.pushAll(messages)
    return running !== undefined
  }

  #hand(running: RunningHandler, queue: MessageQueue): void {
    // It may have settled or lost its slot while it waited in the queue.
    if (this.#running !== running) return
    this.#letGo(running)
    // Resets the handler's count of checks, because the queue starts counting again.
    running.rename(running.name)
    queue.hold(running)
  }

  /** Removes the waiting messages, and returns them in order. */
  clear(): InboundMessage[] {
    this.#duringOpen = undefined
    return this.#waiting.splice(0)
  }

  /** Frees the slot of the running handler, and returns its name. */
  release(): readonly string[] {
    const running = this.#running
    this.#duringOpen = undefined
    running?.settle()
    return running ? [running.name] : []
  }
}

/** Stands in the queue for a message whose handler is already running. */
class StandIn implements InboundHandlers {
  readonly run: () => void

  /** @param run gives a slot to the running handler */
  constructor(run: () => void) {
    this.run = run
  }

  receive(): void {
    // The message has already been received.
  }

  onConflated(): void {
    // A waiting message does not replace a running one.
  }

  onKeyError(): void {
    this.run()
  }
}
