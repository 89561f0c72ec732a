import type { Handler, MessageHandler } from '../annotations/handler-table.js'
import { RESOLVED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { toError } from '../core/error-text.js'
import { dropChannel } from '../diagnostics/channels.js'
import type { DropReason } from '../diagnostics/payloads.js'
import { OutboxFullError } from '../errors/send-errors.js'
import type { Stage } from '../errors/stage.js'
import type { ReadCounter } from '../link/link-port.js'
import type { InboundHandlers, InboundMessage } from '../messages/inbound.js'
import type { Discarded, SessionHandlers, SessionPort } from '../session/session-handlers.js'
import { InboundMessageContext, LinkErrorContext } from './contexts.js'
import type { DispatchContext } from './dispatch-context.js'
import { EarlyMessages } from './early-messages.js'
import { isThenable } from '../core/thenable.js'
import type { MessageQueue } from './queues/task-queue.js'
import { RunningHandler } from './queues/slots.js'
import { NoReplies, Replies } from './replies.js'
import type { HandlerPort } from './replies.js'
import { validate } from './validation.js'
import type { Accepted } from './validation.js'

// Consequences for the log. Errors that no handler threw do not name their source.
const ROUTE_THREW = 'the route function threw; message dropped'
const KEY_THREW = 'the concurrency.key function threw; message handled without a key'

/** The handler of a message, and its context. */
interface Target extends Accepted {
  readonly context: InboundMessageContext
}

const NOTHING_LEFT: Discarded = { unhandled: 0, running: [] }

/** Passes the messages of one link to the handlers, in order. Until `@OnOpen` has settled, only handlers that are marked `duringOpen` run. */
export abstract class MessageSession
  implements
    HandlerPort,
    InboundHandlers,
    Pick<SessionHandlers, 'onReady' | 'onAckError' | 'drained' | 'discard'>
{
  protected readonly dispatch: DispatchContext
  protected readonly session: SessionPort
  #isReady = false
  /** Messages that arrived before the session was ready. perf: created with the first message, saves 32 B per idle connection. */
  #early: EarlyMessages | undefined
  /** Number of received messages that are not handled yet. */
  #pending = 0
  #drained: Deferred<void> | undefined
  /** perf: created with the first reply, saves 56 B per idle connection. */
  #replies: Replies | undefined
  #readCounter: ReadCounter | undefined
  /** perf: cached, saves 20 or more instructions per message, because the call is not inlined. */
  #queue: MessageQueue | undefined

  constructor(dispatch: DispatchContext, session: SessionPort) {
    this.dispatch = dispatch
    this.session = session
  }

  onReady(): void {
    const early = this.#early
    this.#isReady = true
    if (!early?.moveTo(this.dispatch.queue)) this.#early = undefined
  }

  protected get wasReady(): boolean {
    return this.#isReady
  }

  protected get early(): EarlyMessages {
    return (this.#early ??= new EarlyMessages(this.dispatch, this.session, this))
  }

  // --- messages ---------------------------------------------------------------------------------------------------------

  receive(message: InboundMessage): void {
    this.#readCounter ??= this.session.link.readCounter
    this.#readCounter.add(message.size)
    this.#pending += 1
    if (this.#isReady) (this.#queue ??= this.dispatch.queue).push(message)
    else this.early.push(message)
  }

  /**
   * Handles a message when it is its turn.
   *
   * perf: calls the method directly, because every intermediate call costs as much as a field or two.
   *
   * @param earlier earlier step in handling this message, which holds its slot
   * @param target handler and value, if schemas validated asynchronously
   */
  run(message: InboundMessage, earlier?: RunningHandler, target?: Target): void {
    const context = target?.context ?? this.#contextOf(message, earlier)
    if (!context) return
    let handler = target?.handler ?? this.#handlerFor(message, context.key, earlier)
    let { value } = target ?? message
    if (handler?.schema && !target) {
      const accepted = this.#validate(handler, message, context, earlier)
      handler = accepted?.handler
      value = accepted?.value
    }
    if (!handler) return
    try {
      const result = this.dispatch.invoker.call(handler, value, context)
      if (result !== undefined && result !== null) this.#settle(result, handler, message, value, earlier)
      else if (earlier) earlier.settle()
      else this.onHandled(message)
    } catch (thrown) {
      this.#concludeFailed(message, this.fail(toError(thrown), 'handle', handler, value), earlier)
    }
  }

  #settle(
    result: unknown,
    handler: Handler,
    message: InboundMessage,
    event: unknown,
    earlier?: RunningHandler,
  ): void {
    earlier?.rename(handler.name)
    this.#conclude(message, this.replies.settle(result, handler, message, event, earlier), earlier)
  }

  /** Returns the context of a message, including its key. If decoding or routing failed, reports the error and returns `undefined`. */
  #contextOf(message: InboundMessage, earlier?: RunningHandler): InboundMessageContext | undefined {
    const { kind, value } = message
    const { router, settings } = this.dispatch
    try {
      if (kind === 'message')
        return new InboundMessageContext(this.session, message, router.keyOf(value), settings)
    } catch (thrown) {
      if (dropChannel.hasSubscribers) publishDrop(this.session, 'decode')
      const failed = this.fail(toError(thrown), 'decode', undefined, value, ROUTE_THREW)
      this.#concludeFailed(message, failed, earlier)
      return undefined
    }
    if (kind === 'binary') return new InboundMessageContext(this.session, message, undefined, settings)
    if (dropChannel.hasSubscribers) publishDrop(this.session, 'decode')
    this.#concludeFailed(message, this.fail(value as Error, 'decode', undefined, message.raw), earlier)
    return undefined
  }

  /** Returns the handler for a message. If there is none, counts the message and returns `undefined`. */
  #handlerFor(
    message: InboundMessage,
    key: unknown,
    earlier: RunningHandler | undefined,
  ): MessageHandler | undefined {
    const isMessage = message.kind === 'message'
    const { router, table } = this.dispatch
    const handler = isMessage ? router.handlerFor(key) : table.single.binary
    if (handler) return handler
    if (isMessage) this.dispatch.unhandled.message(key, message.value)
    else this.dispatch.unhandled.binary()
    this.session.link.count('unhandled', message.raw)
    this.#conclude(message, undefined, earlier)
    return undefined
  }

  /**
   * Returns the handler whose schema accepts a message, and the value. Returns `undefined` if no schema accepts the message (an error is reported) or if a schema is asynchronous.
   */
  #validate(
    first: MessageHandler,
    message: InboundMessage,
    context: InboundMessageContext,
    earlier: RunningHandler | undefined,
  ): Accepted | undefined {
    const fail = (thrown: unknown): void | Promise<void> => {
      if (dropChannel.hasSubscribers) publishDrop(this.session, 'validation')
      return this.fail(toError(thrown), 'validate', first, message.value)
    }
    try {
      const accepted = validate(first, message.value, context)
      if (!isThenable(accepted)) return accepted
      const name = `The schema of ${first.name}`
      const running = earlier ?? new RunningHandler(message, name, this)
      running.rename(name)
      void accepted.then(
        // If the slot has been released, the message was discarded.
        (found) => running.holdsSlot && this.run(message, running, { ...found, context }),
        (thrown: unknown) => running.settleAfter(fail(thrown)),
      )
      this.#conclude(message, running, earlier)
    } catch (thrown) {
      this.#concludeFailed(message, fail(thrown), earlier)
    }
    return undefined
  }

  /** Holds a slot while a message is still being handled, and counts the message as handled once that is done. */
  #conclude(
    message: InboundMessage,
    running: RunningHandler | undefined,
    earlier: RunningHandler | undefined,
  ): void {
    if (running && running !== earlier) (this.#isReady ? this.dispatch.queue : this.early).hold(running)
    else if (!running && earlier) earlier.settle()
    else if (!running) this.onHandled(message)
  }

  #concludeFailed(message: InboundMessage, failed: void | Promise<void>, earlier?: RunningHandler): void {
    this.#conclude(message, failed ? this.#waitFor(failed, message, earlier) : undefined, earlier)
  }

  /** Holds the slot of a message until its `@OnError` has settled. */
  #waitFor(
    failed: Promise<void>,
    message: InboundMessage,
    running = new RunningHandler(message, '@OnError', this),
  ): RunningHandler {
    running.settleAfter(failed)
    return running
  }

  protected get replies(): Replies {
    const Made = this.dispatch.settings.replies ? Replies : NoReplies
    return (this.#replies ??= new Made(this.dispatch, this.session.link, this))
  }

  onKeyError(error: Error, message: InboundMessage): void {
    const failed = this.fail(error, 'decode', undefined, message.value, KEY_THREW)
    if (!failed) {
      this.run(message)
      return
    }
    const running = new RunningHandler(message, '@OnError', this)
    void failed.then(() => {
      if (running.holdsSlot) this.run(message, running)
    })
    this.dispatch.queue.hold(running)
  }

  onAckError(error: Error, message: unknown): void {
    const isFull = error instanceof OutboxFullError
    if (isFull) this.session.link.count('dropped')
    const context = new LinkErrorContext(this.session, isFull ? 'send' : 'encode', undefined, message)
    void this.dispatch.repeatedFailures.add(error, context)
  }

  onConflated(message: InboundMessage): void {
    this.session.link.count('conflated')
    this.onHandled(message)
  }

  /** Called when a message has been handled or discarded. */
  onHandled(message: InboundMessage): void {
    this.#readCounter?.remove(message.size)
    this.#pending -= 1
    if (this.#pending === 0 && this.#drained) this.#settleDrained(this.#drained)
  }

  // --- the end ----------------------------------------------------------------------------------------------------------

  #settleDrained(drained: Deferred<void>): void {
    this.#drained = undefined
    drained.resolve()
  }

  drained(): Promise<void> {
    if (this.#pending === 0) return RESOLVED
    return (this.#drained ??= deferred()).promise
  }

  discard(): Discarded {
    if (this.#pending === 0) return NOTHING_LEFT
    const { queue } = this.dispatch
    const left = [...(this.#early?.clear() ?? []), ...queue.remove(this)]
    for (const message of left) this.onHandled(message)
    const running = [...(this.#early?.release() ?? []), ...queue.slots.release(this)]
    return { unhandled: left.length, running }
  }

  fail(
    error: Error,
    stage: Stage,
    handler?: Handler,
    message?: unknown,
    consequence = '',
  ): void | Promise<void> {
    const context = new LinkErrorContext(this.session, stage, handler?.name, message)
    return this.dispatch.report(error, context, consequence)
  }
}

function publishDrop({ connection }: SessionPort, reason: DropReason): void {
  dropChannel.publish({ ...connection.facts, reason, count: 1 })
}
