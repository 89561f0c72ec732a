import type { Client } from '../app/client.js'
import { className } from '../core/token.js'
import type { Class } from '../core/token.js'
import type { ClientRegistry } from './client-registry.js'
import type { HoldfastClientOptions } from './features.js'

/** Options for `HoldfastClients.open`. They override those of `forFeature` and those of the class. */
export interface OpenClientOptions extends HoldfastClientOptions {
  /** Name of the client in logs and for `HoldfastClients.get`. No other running client of the class can have it. @default the class name */
  readonly name?: string | undefined
}

/** The running clients of a Nest application. Inject it to find a client, or to open one at run time. */
export class HoldfastClients {
  readonly #registry: ClientRegistry

  /** @internal */
  constructor(registry: ClientRegistry) {
    this.#registry = registry
  }

  /** All clients that have started and have not ended. */
  get all(): readonly Client[] {
    return this.#registry.running.flatMap(({ client }) => client ?? [])
  }

  /**
   * Returns a client by its class and, if it has one, its name. A client that `open` created can only be found while it runs.
   *
   * @throws Error if no client matches, or if more than one does
   */
  get<T extends object>(target: Class<T>, name?: string): Client<T> {
    const found = this.#registry.find(target, name)
    const [only] = found
    if (found.length === 1 && only?.client) return only.client as Client<T>
    const described = `${className(target)}${name === undefined ? '' : ` '${name}'`}`
    if (found.length > 1) throw new Error(`Several ${described} clients are running. Give each a name`)
    const all = this.all.map((client) => `${className(client.instance.constructor)} '${client.name}'`)
    throw new Error(`No client ${described}. Running clients: ${all.join(', ') || 'none'}`)
  }

  /**
   * Creates a client at run time, for example one for each tenant, and starts it. Nest creates the instance, which can inject what the
   * module that provides its class sees. The client closes with the application, or when you close it.
   *
   * Resolves once the client has started or, with `waitForOpen`, once it is ready.
   *
   * @throws StartupError with all problems in the class and its options
   * @throws Error if the name is taken, or if the application is closing
   */
  async open<T extends object>(target: Class<T>, options: OpenClientOptions): Promise<Client<T>> {
    return (await this.#registry.open(target, options)) as Client<T>
  }
}
