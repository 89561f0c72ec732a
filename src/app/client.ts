import { handlersOf } from '../annotations/handler-table.js'
import { clientOptions } from '../annotations/metadata.js'
import { validateOptions } from '../options/validate-options.js'
import type { CloseInfo } from '../session/disconnect.js'
import { Connection } from '../connection/connection.js'
import type { SettleListener } from '../core/deferred.js'
import { Heartbeat } from '../link/heartbeat.js'
import { JsonSender } from '../messages/json-sender.js'
import type { ConnectionListener } from '../session/session-handlers.js'
import { Deadline } from '../session/deadline.js'
import { Subscriptions } from '../messages/subscriptions.js'
import type { DependencyContainer, Disposables, Injector } from './container.js'
import { Dispatcher } from '../dispatch/dispatcher.js'
import type { Mistake } from '../errors/startup-error.js'
import { StartupError } from '../errors/startup-error.js'
import { reasonOf, toError } from '../core/error-text.js'
import { Logger, connectionLogger } from '../core/logger.js'
import { fillIn } from '../options/fill-in.js'
import { mergeOptions } from '../options/merge-options.js'
import type { ConnectionOptions } from '../options/options.js'
import type { ClientSettings } from '../options/fill-in.js'
import type { PerAttempt } from '../connection/attempt.js'
import { keepSettings, knownSettings } from '../options/shared-settings.js'
import type { Class, Token } from '../core/token.js'
import { connectWs } from '../transports/ws/ws-transport.js'

/** Everything that can be given to `bootstrap`. Times are milliseconds; `undefined` means the default, `false` means off. */
export interface ClientOptions extends ConnectionOptions {
  /** The tsyringe container to find dependencies in; it is never disposed of. @default tsyringe's own */
  readonly container?: DependencyContainer
  /** Bounds `bootstrap`, and nothing after it: when it aborts first, nothing stays open, and `bootstrap` rejects with its reason. */
  readonly signal?: AbortSignal
  /** `true` closes with 1001 on the first SIGINT or SIGTERM, then lets the signal take its course; a second one exits at once. */
  readonly shutdownSignals?: boolean
}

/** The options that are about starting, not about a connection. */
export const START_OPTIONS: readonly string[] = ['container', 'signal', 'shutdownSignals']

/** What each connection has of its own, and its client can inject. */
export const CONNECTION_TOKENS: readonly Token[] = [Connection, JsonSender, Heartbeat, Logger, Subscriptions]

let connectionCount = 0

/** A class that is wired to a connection: what `bootstrap` returns. */
export class Client<T extends object = object> {
  /** The instance that was built. */
  readonly instance: T
  readonly connection: Connection
  readonly name: string
  readonly #disposal: Disposal
  readonly #listener: ConnectionListener
  #closed: Promise<CloseInfo> | undefined

  /** @internal */
  constructor(
    instance: T,
    connection: Connection,
    name: string,
    disposal: Disposal,
    listener: ConnectionListener,
  ) {
    this.instance = instance
    this.connection = connection
    this.name = name
    this.#disposal = disposal
    this.#listener = listener
    connection.onEnd(disposal)
  }

  /** Resolves when the connection has ended for good and all that was made for it has been disposed of; never rejects. */
  get closed(): Promise<CloseInfo> {
    return (this.#closed ??= this.#end())
  }

  async #end(): Promise<CloseInfo> {
    const close = await this.connection.closed
    await this.#disposal.run()
    return close
  }

  /**
   * Begins to connect.
   *
   * @internal
   */
  start(): void {
    this.connection.start(this.#listener)
  }

  /** Closes for good, in good order: see `Connection.close`. Resolves once all has been disposed of, too. */
  async close(code?: number, reason?: string): Promise<CloseInfo> {
    await this.connection.close(code, reason)
    return this.closed
  }

  /** Closes with 1000. What ended the block is not known here. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** The disposal of what was made for one client, which happens once. The container itself is not kept: an idle client is small. */
class Disposal implements SettleListener {
  readonly #disposables: Disposables
  readonly #limits: DisposalLimits
  readonly #logger: Logger
  #done: Promise<void> | undefined

  constructor(disposables: Disposables, limits: DisposalLimits, logger: Logger) {
    this.#disposables = disposables
    this.#limits = limits
    this.#logger = logger
  }

  onSettled(): void {
    void this.run()
  }

  run(): Promise<void> {
    return (this.#done ??= disposeWithin(this.#disposables, this.#limits, this.#logger))
  }
}

/** One client before it is made: everything about it is checked here, and nothing is made or connected. */
export class ClientBuilder<T extends object = object> {
  readonly target: Class<T>
  readonly name: string
  readonly #options: ConnectionOptions
  readonly #injector: Injector
  #settings: ClientSettings | undefined
  #rollback: () => Promise<void> = () => Promise.resolve()

  /**
   * @param injector the container of this one connection
   * @param layers options over those of the class, the last ones winning
   */
  constructor(target: Class<T>, injector: Injector, layers: readonly (ConnectionOptions | undefined)[]) {
    this.target = target
    this.#injector = injector
    this.#options = mergeOptions<ConnectionOptions>(
      // What the constructor gets is not the connection's.
      { ...clientOptions(target), inject: undefined } as ConnectionOptions,
      ...layers,
    )
    this.name = this.#options.name ?? target.name
  }

  check(otherOptions: readonly string[]): Mistake[] {
    const { mistakes } = handlersOf(this.target)
    this.#injector.registerClient(this.target)
    this.#settings = knownSettings(this.target, this.#options)
    return [
      ...mistakes,
      ...this.#injector.check([this.target], CONNECTION_TOKENS, this.target),
      ...(this.#settings ? [] : validateOptions(this.#options, this.target.name, otherOptions)),
    ]
  }

  /**
   * Builds the instance and its connection.
   *
   * @throws StartupError when a constructor throws; what it was to be given has been made then, until `undo`
   */
  build(): Client<T> {
    const settings = this.#settings ?? this.#fillIn()
    const logger = connectionLogger(this.#options.logger, this.name)
    connectionCount += 1
    const connection = new Connection(
      `${this.name}#${connectionCount}`,
      settings,
      this.#options.transport ?? connectWs,
    )
    const disposal = new Disposal(this.#injector.disposables, settings, logger)
    this.#rollback = async () => {
      await connection.terminate()
      await disposal.run()
    }
    this.#injector.registerValue(Connection, connection)
    this.#injector.registerLazily(JsonSender, () => new JsonSender(connection))
    this.#injector.registerLazily(Heartbeat, () => new Heartbeat(connection.heartbeat))
    this.#injector.registerValue(Logger, logger)
    this.#injector.registerLazily(Subscriptions, () => connection.subscriptions)
    const instance = this.#build()
    const { table } = handlersOf(this.target)
    const dispatcher = new Dispatcher(instance, table, connection, settings, logger)
    return new Client(instance, connection, this.name, disposal, dispatcher)
  }

  /** Ends and disposes of whatever `make` has made. */
  rollback(): Promise<void> {
    return this.#rollback()
  }

  #fillIn(): ClientSettings {
    const settings = fillIn(this.#options, this.#options.url as PerAttempt<string | URL>)
    // A container is not to be kept by the last one who was given it, nor a signal.
    if (!START_OPTIONS.some((name) => name in this.#options)) {
      keepSettings(this.target, this.#options, settings)
    }
    return settings
  }

  #build(): T {
    try {
      this.#injector.registerClasses()
      return this.#injector.resolve(this.target)
    } catch (thrown) {
      throw constructionError(this.target.name, this.target.name, thrown)
    }
  }
}

type DisposalLimits = Pick<ClientSettings, 'clock' | 'closeTimeout'>

/** Disposes of what an injector has made, within `closeTimeout`; what fails or hangs is logged. */
export async function disposeWithin(
  made: Pick<Disposables, 'dispose'>,
  { clock, closeTimeout }: DisposalLimits,
  logger: Logger,
): Promise<void> {
  const disposed = made.dispose().then((errors) => {
    for (const error of errors) logger.error(`close: a dispose failed: ${error.stack ?? error.message}`)
  })
  const isDone = await new Deadline(clock).settlesWithin(disposed, closeTimeout)
  if (!isDone) logger.error(`close: a dispose has not settled within ${closeTimeout} ms: going on without it`)
}

/** What to say when making something throws, though nothing was missing. */
export function constructionError(target: string, place: string, thrown: unknown): StartupError {
  const error = new StartupError(target, [
    {
      place,
      cause: `could not be made: ${reasonOf(toError(thrown))}`,
      fix: 'let the constructor only store what it is given, and do what can fail in @OnOpen',
    },
  ])
  error.cause = thrown
  return error
}
