import type { ConnectionContext } from '../annotations/handler-contexts.js'
import type { Handler, HandlerTable, MessageHandler } from '../annotations/handler-table.js'
import type { Clock } from '../core/clock.js'
import type { Codec } from '../codecs/codec.js'
import type { ConcurrencySettings } from '../options/concurrency.js'
import type { InboundMessage } from '../messages/inbound.js'
import type { CloseInfo } from '../session/disconnect.js'
import type { HandlerConnection } from '../session/handler-connection.js'
import { RESOLVED } from '../core/deferred.js'
import type { LinkPort, ReadCounter } from '../link/link-port.js'
import type { OpenOutcome, SessionHandlers } from '../session/session-handlers.js'
import type { OpenInfo } from '../session/state.js'
import type { Stage } from '../errors/stage.js'
import { toError } from '../core/error-text.js'
import type { Logger } from '../core/logger.js'
import { createMessageQueue } from './queues/message-queue.js'
import type { MessageQueuePort, MessageQueue } from './queues/message-queue.js'
import { InboundMessageContext, LinkContext } from './contexts.js'
import type { ErrorHandlers } from './error-handlers.js'
import { HandlerInvocation } from './handler-invocation.js'
import type { FailurePort } from './handler-invocation.js'
import { SlowHandlerWarning } from './slow-handler-warning.js'
import type { Invoker } from './invoker.js'
import { isThenable } from './invoker.js'
import type { Router } from './router.js'
import type { UnhandledMessageLog } from './unhandled-messages.js'
import { validate } from './validation.js'

// What is thrown by no handler says nothing of its place by itself.
const ROUTE_THREW = 'thrown by the route function: the message is lost'
const KEY_THREW = 'thrown by the concurrency.key function: the message is handled as one without a key'

/** What all sessions of a connection share. */
export interface DispatchContext {
  readonly connection: HandlerConnection
  readonly table: HandlerTable
  readonly router: Router
  readonly invoker: Invoker
  readonly errors: ErrorHandlers
  readonly unhandled: UnhandledMessageLog
  readonly logger: Logger
  readonly codec: Codec
  readonly clock: Clock
  readonly concurrency: ConcurrencySettings
}

/** One link's events on their way to the handlers: in order, and never one before `@OnOpen` has settled. */
export class HandlerSession implements SessionHandlers, MessageQueuePort, FailurePort {
  readonly #dispatch: DispatchContext
  readonly #link: LinkPort
  #invocationIfAny: HandlerInvocation | undefined
  #queueIfAny: MessageQueue | undefined
  #isReady = false
  #slowWarning: SlowHandlerWarning | undefined
  #readCounterIfAny: ReadCounter | undefined
  readonly #context: ConnectionContext<HandlerConnection>

  constructor(parts: DispatchContext, link: LinkPort) {
    this.#dispatch = parts
    this.#link = link
    this.#context = new LinkContext(parts.connection, link)
  }

  // A silent connection asks for none of these.

  get #queue(): MessageQueue {
    if (!this.#queueIfAny) {
      this.#queueIfAny = createMessageQueue(this.#dispatch.concurrency, this)
      if (this.#isReady) this.#queueIfAny.start()
    }
    return this.#queueIfAny
  }

  get #invocation(): HandlerInvocation {
    const { invoker, codec } = this.#dispatch
    return (this.#invocationIfAny ??= new HandlerInvocation(invoker, codec, this.#link, this))
  }

  get #readCounter(): ReadCounter {
    return (this.#readCounterIfAny ??= this.#link.readCounter)
  }

  get hasOnOpen(): boolean {
    return this.#dispatch.table.single.open !== undefined
  }

  onOpen(open: OpenInfo): OpenOutcome | Promise<OpenOutcome> {
    const { invoker, table } = this.#dispatch
    const handler = table.single.open
    if (!handler) return 'opened'
    try {
      const result = invoker.call(handler, open, this.#context)
      if (invoker.closedDuringCall) {
        if (isThenable(result))
          result.then(undefined, (thrown: unknown) => this.fail(toError(thrown), 'open', handler))
        return 'released'
      }
      return isThenable(result) ? this.#reply(result, handler) : this.#replyNow(result, handler)
    } catch (thrown) {
      return { thrown }
    }
  }

  /** Sends what `@OnOpen` has returned. */
  #replyNow(result: unknown, handler: Handler): OpenOutcome | Promise<OpenOutcome> {
    const sent = this.#invocation.reply(result, handler, undefined)
    return sent ? sent.then(() => 'opened') : 'opened'
  }

  /** Waits for what `@OnOpen` has returned, and sends it. */
  async #reply(result: PromiseLike<unknown>, handler: Handler): Promise<OpenOutcome> {
    try {
      await this.#invocation.reply(await result, handler, undefined)
      return 'opened'
    } catch (thrown) {
      return { thrown }
    }
  }

  onReady(): void {
    this.#isReady = true
    this.#queueIfAny?.start()
  }

  receive(message: InboundMessage): void {
    this.#readCounter.add(message.size)
    this.#queue.push(message)
  }

  onPing(data: Uint8Array): void {
    this.#runAside(this.#dispatch.table.single.ping, data)
  }

  onPong(data: Uint8Array): void {
    this.#runAside(this.#dispatch.table.single.pong, data)
  }

  drained(): Promise<void> {
    return this.#queueIfAny?.idle() ?? RESOLVED
  }

  discard(): number {
    const left = this.#queueIfAny?.clear() ?? []
    for (const message of left) this.#readCounter.remove(message.size)
    return left.length
  }

  async onClose(close: CloseInfo): Promise<void> {
    this.#slowWarning?.stop()
    const handler = this.#dispatch.table.single.close
    if (!handler) {
      this.#logClose(close)
      return
    }
    try {
      const result = this.#dispatch.invoker.call(handler, close, this.#context)
      if (!isThenable(result)) return
      const settled = Promise.resolve(result).catch((thrown: unknown) =>
        this.fail(toError(thrown), 'close', handler),
      )
      if (!this.#dispatch.invoker.closedDuringCall) await settled
    } catch (thrown) {
      await this.fail(toError(thrown), 'close', handler)
    }
  }

  /** Where no @OnClose says it, an end that nobody here asked for is still not silent. */
  #logClose({ code, reason, initiator, willReconnect }: CloseInfo): void {
    if (initiator === 'local') return
    const how =
      initiator === 'network' ? 'was lost' : `was closed by the peer with ${code}${reason && ` (${reason})`}`
    if (willReconnect) this.#dispatch.logger.info(`close: the connection ${how}; it will be opened again`)
    else this.#dispatch.logger.warn(`close: the connection ${how}; it will not be opened again`)
  }

  // --- what the queue and the calls ask ---------------------------------------------------------------------------------

  run(message: InboundMessage): void | Promise<void> {
    const running = this.#handle(message)
    if (running === undefined) {
      this.#onHandled(message)
      return undefined
    }
    return running.then(() => this.#onHandled(message))
  }

  #onHandled(message: InboundMessage): void {
    this.#readCounter.remove(message.size)
  }

  onConflated(message: InboundMessage): void {
    this.#link.count('conflated')
    this.#onHandled(message)
  }

  onKeyError(error: Error, { value }: InboundMessage): void | Promise<void> {
    return this.fail(error, 'decode', undefined, value, KEY_THREW)
  }

  fail(
    error: Error,
    stage: Stage,
    handler?: Handler,
    message?: unknown,
    consequence = '',
  ): void | Promise<void> {
    const { connection, signal } = this.#context
    const context = { connection, signal, stage, fatal: false, handler: handler?.name, message }
    return this.#dispatch.errors.handle(error, context, consequence)
  }

  // --- the way of an message --------------------------------------------------------------------------------------------

  #handle(message: InboundMessage): void | Promise<void> {
    if (message.kind === 'message') return this.#handleMessage(message)
    if (message.kind === 'undecodable')
      return this.fail(message.value as Error, 'decode', undefined, message.raw)
    const handler = this.#dispatch.table.single.binary
    if (handler) return this.#invoke(handler, message.value, message, undefined)
    this.#dispatch.unhandled.binary()
    this.#link.count('unhandled')
    return undefined
  }

  #handleMessage(message: InboundMessage): void | Promise<void> {
    const { router, unhandled: unrouted } = this.#dispatch
    let key: unknown
    try {
      key = router.keyOf(message.value)
    } catch (thrown) {
      return this.fail(toError(thrown), 'decode', undefined, message.value, ROUTE_THREW)
    }
    const handler = router.handlerFor(key)
    if (handler?.schema) return this.#validate(handler, message, key)
    if (handler) return this.#invoke(handler, message.value, message, key)
    unrouted.message(key)
    this.#link.count('unhandled')
    return undefined
  }

  /** Hands over what a schema has made of the message; what a schema takes time for keeps its place in the queue. */
  #validate(first: MessageHandler, message: InboundMessage, key: unknown): void | Promise<void> {
    const fail = (thrown: unknown): void | Promise<void> =>
      this.fail(toError(thrown), 'validate', first, message.value)
    try {
      const accepted = validate(first, message.value, { key, raw: message.raw })
      if (!isThenable(accepted)) return this.#invoke(accepted.handler, accepted.value, message, key)
      const settled = accepted.then(
        () => undefined,
        () => undefined,
      )
      void this.#watched(`The schema of ${first.name}`, settled)
      return accepted.then(({ handler, value }) => this.#invoke(handler, value, message, key), fail)
    } catch (thrown) {
      return fail(thrown)
    }
  }

  #invoke(handler: Handler, event: unknown, message: InboundMessage, key: unknown): void | Promise<void> {
    const { connection, clock } = this.#dispatch
    const context = new InboundMessageContext(connection, this.#link, message, key, clock)
    const running = this.#invocation.run(handler, event, context)
    return running && this.#watched(handler.name, running)
  }

  #watched(name: string, running: Promise<void>): Promise<void> {
    const { clock, logger } = this.#dispatch
    this.#slowWarning ??= new SlowHandlerWarning(clock, (message) => logger.warn(message))
    return this.#slowWarning.watch(name, running)
  }

  /** Runs a handler beside the queue; what it returns is not sent. */
  #runAside(handler: Handler | undefined, data: Uint8Array): void {
    if (!handler) return
    try {
      const result = this.#dispatch.invoker.call(handler, data, this.#context)
      if (isThenable(result))
        result.then(undefined, (thrown: unknown) => this.fail(toError(thrown), 'handle', handler))
    } catch (thrown) {
      void this.fail(toError(thrown), 'handle', handler)
    }
  }
}
