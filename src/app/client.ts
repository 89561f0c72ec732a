import type { Connection } from '../connection/connection.js'
import type { ConnectionOptions } from '../options/options.js'
import type { Provider } from '../core/token.js'
import type { CloseInfo } from '../session/disconnect.js'
import type { ConnectionListener } from '../session/session-handlers.js'
import type { Disposal } from './disposal.js'

/** The part of a tsyringe container that Holdfast's types need. Declared here because tsyringe is an optional peer dependency. */
export interface UserContainer {
  /** Returns a container that falls back to this one. Holdfast creates one for each application. */
  createChildContainer(): UserContainer
  /** Returns whether the container has a registration for the token; with `recursive`, also in its parents. */
  isRegistered(token: never, recursive?: boolean): boolean
  /** Returns the value of a token. Throws if it cannot be resolved. */
  resolve(token: never): unknown
}

/** Options for `bootstrap`. Times are in milliseconds. `undefined` means the default; `false` turns a feature off. */
export interface ClientOptions extends ConnectionOptions {
  /**
   * tsyringe container that resolves dependencies that no module provides. Holdfast never disposes of the container.
   *
   * @default tsyringe's global container
   */
  readonly container?: UserContainer | undefined
  /** Providers that override those in modules and in the container, for example to replace a service in a test. */
  readonly providers?: readonly Provider[] | undefined
  /**
   * Cancels `bootstrap`. If the signal aborts before `bootstrap` has resolved, Holdfast closes everything, and `bootstrap` rejects with the
   * signal's reason. Has no effect once `bootstrap` has resolved.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * Whether to close with 1001 on the first SIGINT or SIGTERM, and then end the process with that signal. If the process is PID 1, or your
   * own code also listens for the signal, the process exits with code 128 plus the signal's number instead. A second signal makes the
   * process exit immediately. @default false
   */
  readonly shutdownSignals?: boolean | undefined
}

/** Options that are used only during startup. */
export const START_OPTIONS: readonly string[] = ['container', 'providers', 'signal', 'shutdownSignals']

/** An instance of your class and its connection. Returned by `bootstrap`. */
export class Client<T extends object = object> {
  /** Instance of the class. */
  readonly instance: T
  /** Connection of the instance. */
  readonly connection: Connection
  /** Name of the client: its `name` option, or the name of its class. */
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

  /** Resolves when the connection ends permanently and everything created for it has been disposed of. Never rejects. */
  get closed(): Promise<CloseInfo> {
    return (this.#closed ??= this.#end())
  }

  async #end(): Promise<CloseInfo> {
    const close = await this.connection.closed
    await this.#disposal.run()
    return close
  }

  /**
   * Starts connecting.
   *
   * @internal
   */
  start(): void {
    this.connection.start(this.#listener)
  }

  /**
   * Closes the connection gracefully and permanently; see `Connection.close`. Resolves once everything created for it has been disposed of.
   */
  async close(code?: number, reason?: string): Promise<CloseInfo> {
    await this.connection.close(code, reason)
    return this.closed
  }

  /** Closes the client with code 1000, whether the `await using` block completed or threw. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
