import type { Connection } from '../connection/connection.js'
import type { ConnectionOptions } from '../options/options.js'
import type { Provider } from '../core/token.js'
import type { CloseInfo } from '../session/disconnect.js'
import type { ConnectionListener } from '../session/session-handlers.js'
import type { Disposal } from './disposal.js'

/** Part of a tsyringe container that the types of Holdfast need, because tsyringe is an optional peer dependency. */
export interface UserContainer {
  createChildContainer(): UserContainer
  isRegistered(token: never, recursive?: boolean): boolean
  resolve(token: never): unknown
}

/** Options of `bootstrap`. Times are in milliseconds. `undefined` means the default; `false` turns a feature off. */
export interface ClientOptions extends ConnectionOptions {
  /**
   * The tsyringe container that resolves dependencies that no module provides. Holdfast never disposes of it.
   *
   * @default tsyringe's global container
   */
  readonly container?: UserContainer | undefined
  /** Providers that override those of the modules and of the container, for example to replace a service in a test. */
  readonly providers?: readonly Provider[] | undefined
  /**
   * Cancels `bootstrap`. Has no effect after that. If it aborts before `bootstrap` has resolved, everything is closed, and `bootstrap` rejects
   * with its reason.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * `true` closes with 1001 on the first SIGINT or SIGTERM, then ends the process by that signal. If the process is PID 1, or your own code
   * also listens for the signal, the process exits with 128 plus its number instead. A second signal exits immediately.
   */
  readonly shutdownSignals?: boolean | undefined
}

/** Options that concern only the start. */
export const START_OPTIONS: readonly string[] = ['container', 'providers', 'signal', 'shutdownSignals']

/** A class that is wired to a connection. `bootstrap` returns it. */
export class Client<T extends object = object> {
  /** Instance of the class. */
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

  /** Resolves when the connection has ended for good and everything created for it has been disposed of. Never rejects. */
  get closed(): Promise<CloseInfo> {
    return (this.#closed ??= this.#end())
  }

  async #end(): Promise<CloseInfo> {
    const close = await this.connection.closed
    await this.#disposal.run()
    return close
  }

  /**
   * Starts to connect.
   *
   * @internal
   */
  start(): void {
    this.connection.start(this.#listener)
  }

  /** Closes the connection for good, gracefully; see `Connection.close`. Resolves once everything created for it has been disposed of. */
  async close(code?: number, reason?: string): Promise<CloseInfo> {
    await this.connection.close(code, reason)
    return this.closed
  }

  /** Closes with 1000, whether the block completed or threw. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
