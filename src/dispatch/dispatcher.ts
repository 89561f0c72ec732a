import type { Handler, HandlerTable } from '../annotations/handler-table.js'
import { toError } from '../core/error-text.js'
import type { Logger } from '../core/logger.js'
import type { HandlerConnection } from '../session/handler-connection.js'
import type {
  ConnectionFailure,
  ConnectionListener,
  SessionHandlers,
  SessionPort,
} from '../session/session-handlers.js'
import type { ConnectionState } from '../session/state.js'
import { DispatchContext } from './dispatch-context.js'
import type { DispatchSettings } from './dispatch-context.js'
import { HandlerSession } from './handler-session.js'
import { isThenable } from '../core/thenable.js'
import type { Around } from './invoker.js'

/** Brings what a connection tells to the methods of one instance. */
export class Dispatcher extends DispatchContext implements ConnectionListener {
  readonly connection: HandlerConnection
  readonly #stateChanges: StateChanges | undefined

  constructor(
    instance: object,
    table: HandlerTable,
    connection: HandlerConnection,
    settings: DispatchSettings,
    logger: Logger,
    around?: Around,
  ) {
    super(instance, table, settings, logger, around)
    this.connection = connection
    const { stateChange } = table.single
    if (stateChange) this.#stateChanges = new StateChanges(this, stateChange)
  }

  openSession(session: SessionPort): SessionHandlers {
    return new HandlerSession(this, session)
  }

  onStateChange(state: ConnectionState): void {
    this.logger.info(`state: ${describeState(state)}`)
    if (state.status === 'closed') this.stop()
    this.#stateChanges?.push(state)
  }

  onError({ error, consequence, ...facts }: ConnectionFailure): void | Promise<void> {
    return this.errors.handle(error, { connection: this.connection, count: 1, ...facts }, consequence)
  }

  onSubscriptionIds(keyOf: (id: unknown) => string | undefined): void {
    this.router.useSubscriptionKeys(keyOf)
  }

  nameOf(event: 'open' | 'closing' | 'close'): string {
    return this.table.single[event]?.name ?? ''
  }

  onWarning(message: string): void {
    this.logger.warn(message)
  }

  onClosing(): void {
    this.invoker.release()
  }
}

/** Describes a state in one line of the log. */
function describeState(state: ConnectionState): string {
  switch (state.status) {
    case 'connecting':
      return `connecting (attempt ${state.attempt})`
    case 'opening':
    case 'open':
      return `${state.status} (connection ${state.connectionNumber})`
    case 'waiting':
      return `waiting ${Math.round(state.delay)} ms (attempt ${state.attempt} follows)`
    case 'closing':
      return `closing (${[state.code, state.reason].filter(Boolean).join(' ')})`
    case 'closed':
      return `closed (${state.close.code})`
  }
}

/** Tells `@OnStateChange` of one transition after another: the next one when the handler has settled. */
class StateChanges {
  readonly #dispatcher: Dispatcher
  readonly #handler: Handler
  /** In order; there are never many. */
  readonly #waiting: ConnectionState[] = []
  #isRunning = false

  constructor(dispatcher: Dispatcher, handler: Handler) {
    this.#dispatcher = dispatcher
    this.#handler = handler
  }

  push(state: ConnectionState): void {
    this.#waiting.push(state)
    if (!this.#isRunning) this.#runAll()
  }

  #runAll(): void {
    this.#isRunning = true
    for (let state = this.#waiting.shift(); state; state = this.#waiting.shift()) {
      const running = this.#run(state)
      if (!running) continue
      void running.then(() => this.#runAll())
      return
    }
    this.#isRunning = false
  }

  #run(state: ConnectionState): void | Promise<void> {
    const { connection, invoker } = this.#dispatcher
    try {
      const context = {
        connection,
        // Made when it is asked for: it costs more than the call.
        get signal() {
          return connection.signal
        },
      }
      const result = invoker.call(this.#handler, state, context)
      if (!isThenable(result)) return undefined
      return Promise.resolve(result).then(
        () => undefined,
        (thrown: unknown) => this.#fail(thrown),
      )
    } catch (thrown) {
      return this.#fail(thrown)
    }
  }

  #fail(thrown: unknown): void | Promise<void> {
    const { connection, errors } = this.#dispatcher
    const { signal } = connection
    const { name: handler } = this.#handler
    const context = { connection, signal, stage: 'handle', fatal: false, handler, count: 1 } as const
    return errors.handle(toError(thrown), context, '')
  }
}
