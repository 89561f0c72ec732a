import { describeHandlers } from '../annotations/describe-handlers.js'
import type { Handler, HandlerTable } from '../annotations/handler-table.js'
import { toError } from '../core/error-text.js'
import { logsInfo } from '../core/logger.js'
import type { Logger } from '../core/logger.js'
import type { HandlerDescription } from '../diagnostics/live-connections.js'
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

/** Passes the events of a connection to the methods of one instance. */
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
    const isLogged = logsInfo(logger)
    if (stateChange || isLogged) this.#stateChanges = new StateChanges(this, stateChange, isLogged)
  }

  get handlers(): readonly HandlerDescription[] {
    return describeHandlers(this.table)
  }

  openSession(session: SessionPort): SessionHandlers {
    return new HandlerSession(this, session)
  }

  onStateChange(state: ConnectionState): void {
    if (state.status === 'closed') this.stop()
    this.#stateChanges?.push(state)
  }

  onError({ error, consequence, ...facts }: ConnectionFailure): void | Promise<void> {
    return this.report(error, { connection: this.connection, count: 1, ...facts }, consequence)
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

/** Describes a state for the log. */
function describeState(state: ConnectionState): string {
  switch (state.status) {
    case 'connecting':
      return state.limiterDelay === undefined
        ? `connecting (attempt ${state.attempt})`
        : `connecting (attempt ${state.attempt}, which waits up to ${state.limiterDelay} ms for connectLimiter)`
    case 'opening':
    case 'open':
      return `${state.status} (connection ${state.connectionNumber})`
    case 'waiting':
      return `waiting ${Math.round(state.delay)} ms before attempt ${state.attempt}`
    case 'closing':
      return `closing (${[state.code, state.reason].filter(Boolean).join(' ')})`
    case 'closed':
      return `closed (${state.close.code})`
  }
}

/** Logs state changes, and calls `@OnStateChange` for one at a time, each after the previous call has settled. */
class StateChanges {
  readonly #dispatcher: Dispatcher
  readonly #handler: Handler | undefined
  readonly #isLogged: boolean
  /** State changes that have not been passed to the handler, in order. There are never many. */
  readonly #waiting: ConnectionState[] = []
  #isRunning = false

  constructor(dispatcher: Dispatcher, handler: Handler | undefined, isLogged: boolean) {
    this.#dispatcher = dispatcher
    this.#handler = handler
    this.#isLogged = isLogged
  }

  push(state: ConnectionState): void {
    if (this.#isLogged) this.#dispatcher.logger.info(`state: ${describeState(state)}`)
    const handler = this.#handler
    if (!handler) return
    this.#waiting.push(state)
    if (!this.#isRunning) this.#runAll(handler)
  }

  #runAll(handler: Handler): void {
    this.#isRunning = true
    for (let state = this.#waiting.shift(); state; state = this.#waiting.shift()) {
      const running = this.#run(handler, state)
      if (!running) continue
      void running.then(() => this.#runAll(handler))
      return
    }
    this.#isRunning = false
  }

  #run(handler: Handler, state: ConnectionState): void | Promise<void> {
    const { connection, invoker } = this.#dispatcher
    try {
      const context = {
        connection,
        // The signal is created on demand, because it costs more than the call.
        get signal() {
          return connection.signal
        },
      }
      const result = invoker.call(handler, state, context)
      if (!isThenable(result)) return undefined
      return Promise.resolve(result).then(
        () => undefined,
        (thrown: unknown) => this.#fail(handler, thrown),
      )
    } catch (thrown) {
      return this.#fail(handler, thrown)
    }
  }

  #fail({ name: handler }: Handler, thrown: unknown): void | Promise<void> {
    const { connection } = this.#dispatcher
    const { signal } = connection
    const context = { connection, signal, stage: 'handle', fatal: false, handler, count: 1 } as const
    return this.#dispatcher.report(toError(thrown), context, '')
  }
}
