import type { Connection } from '../connection/connection.js'
import type { ConnectionOptions } from '../options/options.js'
import type { Provider } from '../core/token.js'
import type { CloseInfo } from '../session/disconnect.js'
import type { ConnectionListener } from '../session/session-handlers.js'
import type { Disposal } from './disposal.js'

/** A container of tsyringe's, as far as the types of Holdfast need to know it: tsyringe is an optional peer dependency. */
export interface UserContainer {
  createChildContainer(): UserContainer
  isRegistered(token: never, recursive?: boolean): boolean
  resolve(token: never): unknown
}

/** Everything that can be given to `bootstrap`. Times are milliseconds; `undefined` means the default, `false` means off. */
export interface ClientOptions extends ConnectionOptions {
  /** The tsyringe container to find dependencies in, where no module provides them. It is never disposed of. @default tsyringe's own */
  readonly container?: UserContainer | undefined
  /** Providers that win over those of the modules and of the container, for example to replace a service in a test. */
  readonly providers?: readonly Provider[] | undefined
  /** Bounds `bootstrap`, and nothing after it: when it aborts first, nothing stays open, and `bootstrap` rejects with its reason. */
  readonly signal?: AbortSignal | undefined
  /**
   * `true` closes with 1001 on the first SIGINT or SIGTERM, then ends the process by that signal. As process 1, or if your own code listens for
   * the signal, too, the process exits with 128 plus its number. A second signal exits immediately.
   */
  readonly shutdownSignals?: boolean | undefined
}

/** The options that are about starting, not about a connection. */
export const START_OPTIONS: readonly string[] = ['container', 'providers', 'signal', 'shutdownSignals']

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
