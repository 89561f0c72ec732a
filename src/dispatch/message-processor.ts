import type { Handler, HandlerTable, MessageHandler } from '../annotations/handler-table.js'
import type { Codec } from '../codecs/codec.js'
import type { Clock } from '../core/clock.js'
import { toError } from '../core/error-text.js'
import type { Logger } from '../core/logger.js'
import type { LinkPort, ReadCounter } from '../link/link-port.js'
import type { InboundMessage } from '../messages/inbound.js'
import type { ConcurrencySettings } from '../options/concurrency.js'
import type { HandlerConnection } from '../session/handler-connection.js'
import { InboundMessageContext } from './contexts.js'
import type { ErrorHandlers } from './error-handlers.js'
import { HandlerInvocation } from './handler-invocation.js'
import type { FailurePort } from './handler-invocation.js'
import type { Invoker } from './invoker.js'
import { isThenable } from './invoker.js'
import { createMessageQueue } from './queues/message-queue.js'
import type { MessageQueue, MessageQueuePort } from './queues/message-queue.js'
import type { Router } from './router.js'
import { SlowHandlerWarning } from './slow-handler-warning.js'
import type { UnhandledMessageLog } from './unhandled-messages.js'
import { validate } from './validation.js'

// An error that no handler threw does not say where it comes from.
const ROUTE_THREW = 'thrown by the route function: the message is lost'
const KEY_THREW = 'thrown by the concurrency.key function: the message is handled as one without a key'

/** The parts of a dispatcher that all its sessions share. */
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

/** The messages of one link: each waits in the queue for its turn, is routed to its handler, validated, and handled. */
export class MessageProcessor implements MessageQueuePort {
  readonly #dispatch: DispatchContext
  readonly #link: LinkPort
  readonly #port: FailurePort
  readonly #queue: MessageQueue
  readonly #invocation: HandlerInvocation
  readonly #readCounter: ReadCounter
  readonly #slowWarning: SlowHandlerWarning

  constructor(dispatch: DispatchContext, link: LinkPort, port: FailurePort) {
    this.#dispatch = dispatch
    this.#link = link
    this.#port = port
    this.#queue = createMessageQueue(dispatch.concurrency, this)
    this.#invocation = new HandlerInvocation(dispatch.invoker, dispatch.codec, link, port)
    this.#readCounter = link.readCounter
    this.#slowWarning = new SlowHandlerWarning(dispatch.clock, (message) => dispatch.logger.warn(message))
  }

  /** From now on messages are handled. */
  start(): void {
    this.#queue.start()
  }

  receive(message: InboundMessage): void {
    this.#readCounter.add(message.size)
    this.#queue.push(message)
  }

  /** Resolves when all messages have been handled. */
  idle(): Promise<void> {
    return this.#queue.idle()
  }

  /** Gives up the messages that wait, and returns how many there were. */
  discard(): number {
    const left = this.#queue.clear()
    for (const message of left) this.#onHandled(message)
    return left.length
  }

  /** Ends the warnings about slow handlers. */
  stop(): void {
    this.#slowWarning.stop()
  }

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
    return this.#port.fail(error, 'decode', undefined, value, KEY_THREW)
  }

  #handle(message: InboundMessage): void | Promise<void> {
    if (message.kind === 'message') return this.#handleMessage(message)
    if (message.kind === 'undecodable')
      return this.#port.fail(message.value as Error, 'decode', undefined, message.raw)
    const handler = this.#dispatch.table.single.binary
    if (handler) return this.#invoke(handler, message.value, message, undefined)
    this.#dispatch.unhandled.binary()
    this.#link.count('unhandled')
    return undefined
  }

  #handleMessage(message: InboundMessage): void | Promise<void> {
    const { router } = this.#dispatch
    let key: unknown
    try {
      key = router.keyOf(message.value)
    } catch (thrown) {
      return this.#port.fail(toError(thrown), 'decode', undefined, message.value, ROUTE_THREW)
    }
    const handler = router.handlerFor(key)
    if (handler?.schema) return this.#validate(handler, message, key)
    if (handler) return this.#invoke(handler, message.value, message, key)
    this.#dispatch.unhandled.message(key)
    this.#link.count('unhandled')
    return undefined
  }

  /** Passes on what the schema has made of the message. A message whose schema takes time keeps its place in the queue. */
  #validate(first: MessageHandler, message: InboundMessage, key: unknown): void | Promise<void> {
    const fail = (thrown: unknown): void | Promise<void> =>
      this.#port.fail(toError(thrown), 'validate', first, message.value)
    try {
      const accepted = validate(first, message.value, { key, raw: message.raw })
      if (!isThenable(accepted)) return this.#invoke(accepted.handler, accepted.value, message, key)
      const settled = accepted.then(
        () => undefined,
        () => undefined,
      )
      void this.#slowWarning.watch(`The schema of ${first.name}`, settled)
      return accepted.then(({ handler, value }) => this.#invoke(handler, value, message, key), fail)
    } catch (thrown) {
      return fail(thrown)
    }
  }

  #invoke(handler: Handler, event: unknown, message: InboundMessage, key: unknown): void | Promise<void> {
    const { connection, clock } = this.#dispatch
    const context = new InboundMessageContext(connection, this.#link, message, key, clock)
    const running = this.#invocation.run(handler, event, context)
    return running && this.#slowWarning.watch(handler.name, running)
  }
}
