import type { HandlerTable } from '../annotations/handler-table.js'
import type { Clock } from '../core/clock.js'
import type { Codec } from '../codecs/codec.js'
import type { ConcurrencySettings } from '../options/concurrency.js'
import type { HandlerConnection } from '../session/handler-connection.js'
import type { ConnectionFailure, ConnectionListener, SessionHandlers } from '../session/session-handlers.js'
import type { LinkPort } from '../link/link-port.js'
import type { ConnectionState } from '../session/state.js'
import { toError } from '../core/error-text.js'
import type { Logger } from '../core/logger.js'
import type { ClientSettings } from '../options/fill-in.js'
import { ErrorHandlers } from './error-handlers.js'
import { Invoker, isThenable } from './invoker.js'
import type { Around } from './invoker.js'
import { HandlerSession } from './handler-session.js'
import type { DispatchContext } from './message-processor.js'
import { Router } from './router.js'
import type { SubscriptionKeys } from './router.js'
import { TaskQueue } from './queues/task-queue.js'
import { UnhandledMessageLog } from './unhandled-messages.js'

/**
 * Brings what a connection tells to the methods of one instance. Looks everything up once; a message costs no more than its call.
 *
 * perf: error handlers and the log of unhandled messages are made when needed: saves 57 B per idle connection, each.
 */
export class Dispatcher implements ConnectionListener, DispatchContext {
  readonly connection: HandlerConnection
  readonly table: HandlerTable
  readonly invoker: Invoker
  readonly router: Router
  readonly logger: Logger
  readonly codec: Codec
  readonly clock: Clock
  readonly concurrency: ConcurrencySettings
  readonly #target: string
  #errors: ErrorHandlers | undefined
  #unhandled: UnhandledMessageLog | undefined
  readonly #stateChanges: TaskQueue<ConnectionState> | undefined

  constructor(
    instance: object,
    table: HandlerTable,
    connection: HandlerConnection & SubscriptionKeys,
    settings: Pick<ClientSettings, 'route' | 'codec' | 'clock' | 'concurrency'>,
    logger: Logger,
    around?: Around,
  ) {
    this.connection = connection
    this.table = table
    this.invoker = new Invoker(instance, around)
    this.router = new Router(settings.route, table, connection)
    this.logger = logger
    this.codec = settings.codec
    this.clock = settings.clock
    this.concurrency = settings.concurrency
    this.#target = instance.constructor.name
    if (!table.single.stateChange) return
    this.#stateChanges = new TaskQueue(1, { run: (state) => this.#runStateChange(state) })
    this.#stateChanges.start()
  }

  get errors(): ErrorHandlers {
    return (this.#errors ??= new ErrorHandlers(this.table, this.invoker, this.logger))
  }

  get unhandled(): UnhandledMessageLog {
    return (this.#unhandled ??= new UnhandledMessageLog(this.#target, this.logger))
  }

  openSession(link: LinkPort): SessionHandlers {
    return new HandlerSession(this, link)
  }

  onStateChange(state: ConnectionState): void {
    this.#stateChanges?.push(state)
  }

  onError({ error, consequence, ...facts }: ConnectionFailure): void | Promise<void> {
    const context = { connection: this.connection, ...facts }
    return this.errors.handle(error, context, consequence)
  }

  onClosing(): void {
    this.invoker.release()
  }

  #runStateChange(state: ConnectionState): void | Promise<void> {
    const { connection, errors, invoker, table } = this
    const handler = table.single.stateChange
    if (!handler) return undefined
    const { signal } = connection
    const fail = (thrown: unknown): void | Promise<void> =>
      errors.handle(
        toError(thrown),
        { connection, signal, stage: 'handle', fatal: false, handler: handler.name },
        '',
      )
    try {
      const result = invoker.call(handler, state, { connection, signal })
      if (!isThenable(result)) return undefined
      return Promise.resolve(result).then(() => undefined, fail)
    } catch (thrown) {
      return fail(thrown)
    }
  }
}
