import type { HandlerTable } from '../annotations/handler-table.js'
import type { Connection } from '../connection/connection.js'
import type { ConnectionFailure, ConnectionListener, LinkPort, Session } from '../connection/listener.js'
import type { ConnectionState } from '../connection/state.js'
import { toError } from '../errors.js'
import type { Logger } from '../logger.js'
import type { ConnectionSettings } from '../options.js'
import { ErrorHandlers } from './error-handlers.js'
import { Invoker, isThenable } from './invoker.js'
import { LinkSession } from './link-session.js'
import type { DispatchParts } from './link-session.js'
import { Router } from './router.js'
import { TaskQueue } from './task-queue.js'
import { Unrouted } from './unrouted.js'

/** Brings what a connection tells to the methods of one instance. Looks everything up once; a message costs no more than its call. */
export class Dispatcher implements ConnectionListener {
  readonly #parts: DispatchParts
  readonly #stateChanges: TaskQueue<ConnectionState> | undefined

  constructor(
    instance: object,
    table: HandlerTable,
    connection: Connection,
    settings: Pick<ConnectionSettings, 'route' | 'codec' | 'clock' | 'concurrency'>,
    logger: Logger,
  ) {
    const invoker = new Invoker(instance)
    this.#parts = {
      connection,
      table,
      invoker,
      logger,
      router: new Router(settings.route, table, connection),
      errors: new ErrorHandlers(table, invoker, logger),
      unrouted: new Unrouted(instance.constructor.name, logger),
      codec: settings.codec,
      clock: settings.clock,
      concurrency: settings.concurrency,
    }
    if (!table.single.stateChange) return
    this.#stateChanges = new TaskQueue(1, { run: (state) => this.#runStateChange(state) })
    this.#stateChanges.start()
  }

  session(link: LinkPort): Session {
    return new LinkSession(this.#parts, link)
  }

  stateChanged(state: ConnectionState): void {
    this.#stateChanges?.push(state)
  }

  failed({ error, consequence, ...facts }: ConnectionFailure): void | Promise<void> {
    const context = { connection: this.#parts.connection, ...facts }
    return this.#parts.errors.handle(error, context, consequence)
  }

  closing(): void {
    this.#parts.invoker.release()
  }

  #runStateChange(state: ConnectionState): void | Promise<void> {
    const { connection, errors, invoker, table } = this.#parts
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
