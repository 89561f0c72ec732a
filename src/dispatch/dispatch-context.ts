import type { ErrorContext } from '../annotations/handler-contexts.js'
import type { Handler, HandlerTable } from '../annotations/handler-table.js'
import type { Logger } from '../core/logger.js'
import { className } from '../core/token.js'
import type { ConcurrencySettings } from '../options/concurrency.js'
import type { ClientSettings } from '../options/fill-in.js'
import type { HandlerConnection } from '../session/handler-connection.js'
import { ErrorHandlers } from './error-handlers.js'
import { Invoker } from './invoker.js'
import type { Around } from './invoker.js'
import { KeyedQueue } from './queues/keyed-queue.js'
import { Slots } from './queues/slots.js'
import { SlowHandlerWarning } from '../session/slow-handler-warning.js'
import { TaskQueue } from './queues/task-queue.js'
import type { MessageQueue } from './queues/task-queue.js'
import { RepeatedFailures, mayRepeat } from './repeated-failures.js'
import { Router } from './router.js'
import { UnhandledMessageLog } from './unhandled-messages.js'

/** Settings that a dispatcher and its sessions use. */
export type DispatchSettings = Pick<
  ClientSettings,
  'route' | 'clock' | 'concurrency' | 'replies' | 'requests'
>

/** Classes whose catch-all handler returned an object. Shared by all clients, so that the warning is logged once per class. */
const warned = new WeakSet<HandlerTable>()

/**
 * Parts that all sessions of one instance share. They are looked up once, so that handling a message costs no more than calling its
 * handler.
 *
 * perf: error handlers, the queue and the log of unhandled messages are created on demand. Each saves 57 to 330 B per idle connection.
 */
export class DispatchContext {
  readonly table: HandlerTable
  readonly invoker: Invoker
  readonly router: Router
  readonly logger: Logger
  readonly settings: DispatchSettings
  /** Name of the class. */
  readonly target: string
  #errorHandlers: ErrorHandlers | undefined
  #repeatedFailures: RepeatedFailures | undefined
  #unhandled: UnhandledMessageLog | undefined
  #queue: MessageQueue | undefined

  constructor(
    instance: object,
    table: HandlerTable,
    settings: DispatchSettings,
    logger: Logger,
    around?: Around,
  ) {
    this.table = table
    this.invoker = new Invoker(instance, around)
    this.router = new Router(settings.route, table)
    this.logger = logger
    this.settings = settings
    this.target = className(instance.constructor)
  }

  get #errors(): ErrorHandlers {
    return (this.#errorHandlers ??= new ErrorHandlers(this.table, this.invoker, this.logger))
  }

  get repeatedFailures(): RepeatedFailures {
    return (this.#repeatedFailures ??= new RepeatedFailures(this.settings.clock, this.#errors))
  }

  /**
   * Reports a failure immediately or, if it repeats, once a second with the number of failures. Never throws or rejects.
   *
   * @param consequence consequence of the failure, for the log
   */
  report(error: Error, context: ErrorContext<HandlerConnection>, consequence: string): void | Promise<void> {
    if (mayRepeat(error, context)) return this.repeatedFailures.add(error, context, consequence)
    return this.#errors.handle(error, context, consequence)
  }

  get unhandled(): UnhandledMessageLog {
    return (this.#unhandled ??= new UnhandledMessageLog(this.target, this.logger, this.table.messages))
  }

  /** Returns true if messages in which the route found this value have no handler, and this has already been logged. */
  isUnwanted(found: unknown): boolean {
    const key = this.router.keyFor(found)
    const { router, unhandled } = this
    return unhandled.hasNamed(key) || (unhandled.isFull && router.handlerFor(key) === undefined)
  }

  /** Queue shared by all links. During a handover, there are two. */
  get queue(): MessageQueue {
    return (this.#queue ??= this.#createQueue())
  }

  #createQueue(): MessageQueue {
    return createMessageQueue(this.settings.concurrency, this.createSlowWarning())
  }

  /** Creates the warning about handlers that run for too long. */
  createSlowWarning(): SlowHandlerWarning {
    return new SlowHandlerWarning(this.settings.clock, (message) => this.logger.warn(message))
  }

  /** Warns that a catch-all handler returned an object, which was sent, probably by accident. */
  onCatchAllReply({ name }: Handler): void {
    if (warned.has(this.table)) return
    warned.add(this.table)
    this.logger.warn(
      `${name} returned an object, which was sent as a reply. @OnMessage() without a key receives every unhandled message, so it replies to all of them. ` +
        `If you did not intend this, return nothing or set replies: false. Otherwise, reply from a handler with a key (logged once)`,
    )
  }

  /** Reports the repeated failures that have not been reported yet. */
  flushFailures(): void {
    this.#repeatedFailures?.flush()
  }

  /** Stops all timers when the connection ends. */
  stop(): void {
    this.repeatedFailures.stop()
    this.#queue?.slots.slowWarning.stop()
  }
}

/** Returns the queue for the `concurrency` option. */
function createMessageQueue(concurrency: ConcurrencySettings, slowWarning: SlowHandlerWarning): MessageQueue {
  if (typeof concurrency === 'number') return new TaskQueue(new Slots(concurrency, slowWarning))
  return new KeyedQueue(new Slots(concurrency.limit, slowWarning), concurrency)
}
