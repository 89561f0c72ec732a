import { Client, ClientPlan, CONNECTION_TOKENS, START_OPTIONS, constructorMistake } from './client.js'
import type { ClientOptions } from './client.js'
import { Injector } from './container.js'
import type { Mistake } from './errors.js'
import { StartupError, toError } from './errors.js'
import { connectionLogger } from './logger.js'
import { readModules, tokenOf } from './modules.js'
import type { ModuleGraph } from './modules.js'
import type { Class, Token } from './token.js'
import { tokenName } from './token.js'

/** A module with all its providers and clients: what `bootstrap` returns for a class with `@Module`. */
export class Application {
  /** The clients, in the order of the modules. */
  readonly clients: readonly Client[]
  readonly #injector: Injector
  readonly #reportDispose: (error: Error) => void
  #closing: Promise<void> | undefined

  /** @internal */
  constructor(clients: readonly Client[], injector: Injector, reportDispose: (error: Error) => void) {
    this.clients = clients
    this.#injector = injector
    this.#reportDispose = reportDispose
  }

  /**
   * Returns what a module provides.
   *
   * @throws Error when nobody provides it
   */
  get<T>(token: Token<T>): T {
    if (this.#injector.isRegistered(token)) return this.#injector.resolve(token)
    throw new Error(`No module provides ${tokenName(token)}: add it to the providers of one`)
  }

  /**
   * Returns a client by its class, and by its name where there are several.
   *
   * @throws Error when there is none, or more than one
   */
  client<T extends object>(target: Class<T>, name?: string): Client<T> {
    const found = this.clients.filter(
      (client) => client.instance.constructor === target && (name === undefined || client.name === name),
    )
    const [only] = found
    if (only && found.length === 1) return only as Client<T>
    const names = this.clients.map((client) => `${client.instance.constructor.name} '${client.name}'`).join(', ')
    const asked = name === undefined ? target.name : `${target.name} named '${name}'`
    throw new Error(`There ${only ? 'are several clients' : 'is no client'} ${asked}; there are: ${names || 'none'}`)
  }

  /** Closes all clients at once, each in good order, and then disposes of what the modules provide, the last first. */
  close(code?: number, reason?: string): Promise<void> {
    this.#closing ??= this.#close(code, reason)
    return this.#closing
  }

  async #close(code?: number, reason?: string): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close(code, reason)))
    for (const error of await this.#injector.dispose()) this.#reportDispose(error)
  }

  /** Closes with 1000. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** An application that has been checked, and the promises of those of its clients that it waits for. */
export interface StartedApplication {
  readonly application: Application
  readonly ready: readonly Promise<void>[]
}

/**
 * Builds an application, providers first, and begins to connect its clients, all at once.
 *
 * @throws StartupError naming every mistake of every module and client, before anything connects
 */
export function startApplication(module: Class, options: ClientOptions): StartedApplication {
  const injector = Injector.under(options.container)
  const graph = readModules(module)
  for (const provider of graph.providers) injector.register(provider)
  const mistakes = [...graph.mistakes, ...checkProviders(graph, injector)]
  const plans = graph.clients.map(({ use, waitForOpen, ...entry }) => {
    const plan = new ClientPlan(use, injector.child(), [entry, withoutStart(options)])
    mistakes.push(...plan.check([]).map((mistake) => ({ ...mistake, place: placeIn(plan, mistake) })))
    return { plan, isAwaited: waitForOpen !== false }
  })
  if (mistakes.length > 0) throw new StartupError(module.name, mistakes)
  makeProviders(graph, injector, module)
  const made = plans.map(({ plan, isAwaited }) => ({ client: plan.make(), isAwaited }))
  const clients = made.map(({ client }) => client)
  const logger = connectionLogger(options.logger, module.name)
  const application = new Application(clients, injector, (error) => {
    logger.error(`close: a dispose failed: ${error.stack ?? error.message}`)
  })
  for (const client of clients) client.start()
  const awaited = made.filter(({ isAwaited }) => isAwaited)
  return { application, ready: awaited.map(({ client }) => client.connection.ready) }
}

function checkProviders(graph: ModuleGraph, injector: Injector): Mistake[] {
  const found = graph.providers.flatMap((provider) => injector.check(tokenOf(provider), CONNECTION_TOKENS, true))
  // Two providers that need the same missing thing meet the same mistake.
  return [...new Map(found.map((mistake) => [`${mistake.place} ${mistake.cause}`, mistake])).values()]
}

function makeProviders(graph: ModuleGraph, injector: Injector, module: Class): void {
  for (const provider of graph.providers) {
    const token = tokenOf(provider)
    try {
      injector.resolve(token)
    } catch (thrown) {
      throw new StartupError(module.name, [constructorMistake(tokenName(token), toError(thrown))])
    }
  }
}

function withoutStart(options: ClientOptions): ClientOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !START_OPTIONS.includes(name)))
}

function placeIn(plan: ClientPlan, { place }: Mistake): string {
  return place.startsWith('options') ? `${plan.name}, ${place}` : place
}
