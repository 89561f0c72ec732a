import { toError } from '../../core/error-text.js'
import { Fifo } from '../../core/fifo.js'
import { RESOLVED, deferred } from '../../core/deferred.js'
import type { Deferred } from '../../core/deferred.js'
import type { InboundHandlers, InboundMessage } from '../../messages/inbound.js'
import type { SessionPort } from '../../session/session-handlers.js'
import type { DispatchContext } from '../dispatch-context.js'
import { Slots } from './slots.js'
import type { RunningHandler, SlotOwner } from './slots.js'
import type { MessageQueue } from './task-queue.js'
import type { HandlerPort } from '../replies.js'

/**
 * Messages of a link that arrived while its `@OnOpen` runs, in order. Those for handlers that are marked `duringOpen` run meanwhile, one at a
 * time, and as part of that `@OnOpen`: what they send goes out on this link.
 */
export class EarlyMessages implements SlotOwner {
  readonly #dispatch: DispatchContext
  readonly #session: SessionPort
  readonly #port: Pick<HandlerPort, 'fail'>
  /** Whether some handlers are marked. */
  readonly #hasMeanwhile: boolean
  readonly #waiting: InboundMessage[] = []
  /** Those that wait for the one that runs meanwhile. perf: made with the first, saves 40 B per link without them. */
  #meanwhile: Fifo<InboundMessage> | undefined
  /** perf: made with the first handler that takes time, saves 100 B per link without one. */
  #slots: Slots | undefined
  #running: RunningHandler | undefined
  #isBusy = false
  #settled: Deferred<void> | undefined

  constructor(dispatch: DispatchContext, session: SessionPort, port: Pick<HandlerPort, 'fail'>) {
    this.#dispatch = dispatch
    this.#session = session
    this.#port = port
    this.#hasMeanwhile = dispatch.router.hasDuringOpen(dispatch.settings.requests.duringOpen)
  }

  /** Takes a message: runs its handler now if that is marked, or else keeps it. */
  push(message: InboundMessage): void {
    const isMeanwhile = this.#isMeanwhile(message)
    if (isMeanwhile && !this.#isBusy) {
      this.#runFrom(message)
      return
    }
    this.#waiting.push(message)
    if (isMeanwhile) (this.#meanwhile ??= new Fifo()).push(message)
  }

  #isMeanwhile({ kind, value }: InboundMessage): boolean {
    if (!this.#hasMeanwhile || kind !== 'message') return false
    const { router, settings } = this.#dispatch
    try {
      return router.isDuringOpen(value, settings.requests.duringOpen)
    } catch (thrown) {
      const consequence = 'the message waits until @OnOpen completes'
      void this.#port.fail(toError(thrown), 'decode', undefined, value, consequence)
      return false
    }
  }

  /** Runs one message after another, until a handler takes time. */
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
    const message = this.#meanwhile?.shift()
    if (message) this.#waiting.splice(this.#waiting.indexOf(message), 1)
    return message
  }

  /** The message that is being run takes time. */
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

  /** Takes the oldest one that matches. Throws what `match` throws. */
  take(match: (message: unknown) => boolean): InboundMessage | undefined {
    const found = this.#waiting.find(({ kind, value }) => kind === 'message' && match(value))
    // To match is the user's code: it may have taken this very message.
    const index = found ? this.#waiting.indexOf(found) : -1
    if (index < 0) return undefined
    this.#waiting.splice(index, 1)
    this.#meanwhile?.remove((message) => message === found)
    return found
  }

  /** Starts no further handler, and resolves when the one that runs has settled. */
  settled(): Promise<void> {
    this.#meanwhile = undefined
    this.#settled ??= deferred()
    if (!this.#running) this.#settled.resolve()
    return this.#running ? this.#settled.promise : RESOLVED
  }

  /**
   * `@OnOpen` has settled: all that waits enters the queue. A handler that still runs comes first, and holds a slot there.
   *
   * @returns whether one still runs
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
    // It may have settled, or its slot been taken, while it waited for a place in the queue.
    if (this.#running !== running) return
    this.#letGo(running)
    // The queue counts its looks at what runs anew.
    running.rename(running.name)
    queue.hold(running)
  }

  /** Removes what waits, and returns it in order. */
  clear(): InboundMessage[] {
    this.#meanwhile = undefined
    return this.#waiting.splice(0)
  }

  /** Takes its slot from the handler that runs, and returns its name. */
  release(): readonly string[] {
    const running = this.#running
    this.#meanwhile = undefined
    running?.settle()
    return running ? [running.name] : []
  }
}

/** Stands in the queue for a message whose handler has run since before. */
class StandIn implements InboundHandlers {
  readonly run: () => void

  /** @param run gives the handler that runs its slot */
  constructor(run: () => void) {
    this.run = run
  }

  receive(): void {
    // It stands in the queue already.
  }

  onConflated(): void {
    // What runs is not replaced by what waits.
  }

  onKeyError(): void {
    this.run()
  }
}
