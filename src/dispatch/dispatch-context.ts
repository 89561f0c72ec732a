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

/** The settings that a dispatcher and its sessions use. */
export type DispatchSettings = Pick<
  ClientSettings,
  'route' | 'clock' | 'concurrency' | 'replies' | 'requests'
>

/** Shared by all clients: an object that a handler for all the rest returns is warned of once per class. */
const warned = new WeakSet<HandlerTable>()

/**
 * The parts that all sessions of one instance share. Each is looked up once, so that a message costs no more than its call.
 *
 * perf: error handlers, the queue and the log of unhandled messages are made when needed: saves 57 to 330 B per idle connection, each.
 */
export class DispatchContext {
  readonly table: HandlerTable
  readonly invoker: Invoker
  readonly router: Router
  readonly logger: Logger
  readonly settings: DispatchSettings
  readonly #target: string
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
    this.#target = className(instance.constructor)
  }

  get #errors(): ErrorHandlers {
    return (this.#errorHandlers ??= new ErrorHandlers(this.table, this.invoker, this.logger))
  }

  get repeatedFailures(): RepeatedFailures {
    return (this.#repeatedFailures ??= new RepeatedFailures(this.settings.clock, this.#errors))
  }

  /**
   * Reports a failure: at once, or with others of its cause once a second. Never throws or rejects.
   *
   * @param consequence what follows from it, for the log
   */
  report(error: Error, context: ErrorContext<HandlerConnection>, consequence: string): void | Promise<void> {
    if (mayRepeat(error, context)) return this.repeatedFailures.add(error, context, consequence)
    return this.#errors.handle(error, context, consequence)
  }

  get unhandled(): UnhandledMessageLog {
    return (this.#unhandled ??= new UnhandledMessageLog(this.#target, this.logger, this.table.messages))
  }

  /** True where no handler takes messages in which the route finds this, and that has been said. */
  isUnwanted(found: unknown): boolean {
    const key = this.router.keyFor(found)
    const { router, unhandled } = this
    return unhandled.hasNamed(key) || (unhandled.isFull && router.handlerFor(key) === undefined)
  }

  /** The queue of all links: in a handover two of them share it. */
  get queue(): MessageQueue {
    return (this.#queue ??= this.#createQueue())
  }

  #createQueue(): MessageQueue {
    return createMessageQueue(this.settings.concurrency, this.createSlowWarning())
  }

  /** Makes what names handlers that have not settled. */
  createSlowWarning(): SlowHandlerWarning {
    return new SlowHandlerWarning(this.settings.clock, (message) => this.logger.warn(message))
  }

  /** Warns of an accident: a method that takes whatever comes has returned an object, which was sent. */
  onCatchAllReply({ name }: Handler): void {
    if (warned.has(this.table)) return
    warned.add(this.table)
    this.logger.warn(
      `${name} returned an object, which was sent as a reply. @OnMessage() without a key receives every unhandled message, so it replies to all of them. ` +
        `If you did not intend this, return nothing or set replies: false. Otherwise, reply from a handler with a key (logged once)`,
    )
  }

  /** Reports what of repeated failures has not been reported. */
  flushFailures(): void {
    this.#repeatedFailures?.flush()
  }

  /** The connection has ended: no timer runs any more. */
  stop(): void {
    this.repeatedFailures.stop()
    this.#queue?.slots.slowWarning.stop()
  }
}

/** Makes the queue that the `concurrency` option asks for. */
function createMessageQueue(concurrency: ConcurrencySettings, slowWarning: SlowHandlerWarning): MessageQueue {
  if (typeof concurrency === 'number') return new TaskQueue(new Slots(concurrency, slowWarning))
  return new KeyedQueue(new Slots(concurrency.limit, slowWarning), concurrency)
}
