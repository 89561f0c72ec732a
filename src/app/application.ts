import { systemClock } from '../core/clock.js'
import { deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { connectionLogger } from '../core/logger.js'
import type { Logger } from '../core/logger.js'
import { ignore } from '../core/thenable.js'
import type { Class, Provider, Token } from '../core/token.js'
import { className, tokenName } from '../core/token.js'
import { StartupError } from '../errors/startup-error.js'
import type { Mistake } from '../errors/startup-error.js'
import { CloseCode, checkClose } from '../link/close-code.js'
import { DEFAULTS } from '../options/fill-in.js'
import { NO_URL } from '../options/validate-options.js'
import { ClientBuilder } from './client-builder.js'
import { START_OPTIONS } from './client.js'
import type { Client, ClientOptions } from './client.js'
import { CONNECTION_TOKENS } from './connection-scope.js'
import type { Injector } from './container.js'
import { disposeWithin, constructionError } from './disposal.js'
import { loadContainer, missingContainer } from './load-container.js'
import { overrideProviders, readModules, tokenOf } from './modules.js'
import type { ModuleGraph } from './modules.js'
import { PlainFactory, isPlain } from './plain-factory.js'

/** A module with all its providers and clients. Returned by `bootstrap` for a class with `@Module`. */
export class Application {
  /** All clients, in the order of the modules. */
  readonly clients: readonly Client[]
  readonly #injector: Injector | undefined
  readonly #dispose: () => Promise<void>
  readonly #closeCalled: Deferred<void> = deferred()
  #closing: Promise<void> | undefined
  #closed: Promise<void> | undefined

  /** @internal */
  constructor(clients: readonly Client[], injector: Injector | undefined, dispose: () => Promise<void>) {
    this.clients = clients
    this.#injector = injector
    this.#dispose = dispose
  }

  /**
   * Returns the instance or value of a provider.
   *
   * @throws Error if there is no provider for the token
   */
  get<T>(token: Token<T>): T {
    if (this.#injector?.isRegistered(token)) return this.#injector.resolve(token)
    throw new Error(`No provider for ${tokenName(token)}. Add it to the providers of a module`)
  }

  /**
   * Returns a client by its class and, if there are several, by its name.
   *
   * @throws Error if no client matches, or if more than one does
   */
  client<T extends object>(target: Class<T>, name?: string): Client<T> {
    const found = this.clients.filter(
      (client) => client.instance.constructor === target && (name === undefined || client.name === name),
    )
    const [only] = found
    if (only && found.length === 1) return only as Client<T>
    const wanted = className(target)
    if (only) {
      const names = found.map((client) => `'${client.name}'`).join(', ')
      throw new Error(
        `Several ${wanted} clients exist: ${names}. Pass a name: app.client(${wanted}, '${only.name}')`,
      )
    }
    const named = name === undefined ? '' : ` named '${name}'`
    const all = this.clients.map((client) => `${className(client.instance.constructor)} '${client.name}'`)
    throw new Error(`No client ${wanted}${named}. Clients of this application: ${all.join(', ') || 'none'}`)
  }

  /**
   * Closes all clients gracefully and at the same time, then disposes of the providers' instances in reverse order. Later calls have no
   * effect. Rejects with a RangeError if the close code or reason is invalid.
   */
  async close(code: number = CloseCode.NORMAL, reason = ''): Promise<void> {
    checkClose(code, reason)
    this.#closing ??= this.#close(code, reason)
    this.#closeCalled.resolve()
    await this.#closing
  }

  async #close(code: number, reason: string): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close(code, reason)))
    await this.#dispose()
  }

  /**
   * Resolves when every client has ended permanently and everything has been disposed of. If there are no clients, resolves after
   * `close()`. Never rejects.
   */
  get closed(): Promise<void> {
    return (this.#closed ??= this.#end())
  }

  async #end(): Promise<void> {
    const ends = this.clients.map((client) => client.closed)
    await (ends.length > 0 ? Promise.all(ends) : this.#closeCalled.promise)
    await this.close()
  }

  /** Closes the application with code 1000. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** An application that has been validated, and promises that resolve when the clients that it waits for are ready. */
export interface StartedApplication {
  readonly application: Application
  readonly ready: readonly Promise<void>[]
}

interface PlannedClient {
  readonly builder: ClientBuilder
  readonly isAwaited: boolean
}

/**
 * Builds an application, providers first, and starts connecting all its clients at the same time.
 *
 * @returns the application. Rejects with StartupError before anything connects, either with all problems in all modules and clients, or
 * because a constructor or a factory threw. Everything created so far has then been disposed of.
 */
export async function startApplication(module: Class, options: ClientOptions): Promise<StartedApplication> {
  const graph = overrideProviders(readModules(module), options.providers)
  const injector = needsContainer(graph, options) ? (await loadContainer())?.(options.container) : undefined
  const planned = await planClients(graph, module, injector, options)
  const { clock = systemClock, closeTimeout = DEFAULTS.closeTimeout } = options
  const logger = connectionLogger(options.logger, className(module))
  warnOfContainer(graph, options, logger)
  const dispose = async (): Promise<void> => {
    if (injector) await disposeWithin(injector.disposables, { clock, closeTimeout }, logger)
  }
  try {
    if (injector) makeProviders(graph, injector, module)
    const made: { readonly client: Client; readonly isAwaited: boolean }[] = []
    for (const { builder, isAwaited } of planned) {
      const built = builder.build()
      made.push({ client: built instanceof Promise ? await built : built, isAwaited })
    }
    const clients = made.map(({ client }) => client)
    for (const client of clients) client.start()
    const awaited = made.filter(({ isAwaited }) => isAwaited)
    const ready = awaited.map(({ client }) => client.connection.ready)
    return { application: new Application(clients, injector, dispose), ready }
  } catch (thrown) {
    await Promise.all(planned.map(({ builder }) => builder.rollback()))
    await dispose()
    throw thrown
  }
}

function needsContainer({ providers, clients }: ModuleGraph, { container }: ClientOptions): boolean {
  if (container !== undefined || providers.length > 0) return true
  return clients.some(({ use, provide = [] }) => provide.length > 0 || !isPlain(use))
}

/**
 * Warns about tokens that are registered in the container but that a module also provides. The container is used only for tokens that no
 * module provides.
 */
function warnOfContainer({ providers }: ModuleGraph, { container }: ClientOptions, logger: Logger): void {
  for (const token of providers.map(tokenOf)) {
    if (!container?.isRegistered(token as never, true)) continue
    const name = tokenName(token)
    logger.warn(
      `the container's ${name} is ignored: a module provides ${name}. To override the module, pass providers: [{ provide: ${name}, … }] to bootstrap`,
    )
  }
}

/** Validates everything. Creates nothing. */
async function planClients(
  graph: ModuleGraph,
  module: Class,
  injector: Injector | undefined,
  options: ClientOptions,
): Promise<PlannedClient[]> {
  const mistakes = [...graph.mistakes, ...checkProviders(graph, module, injector)]
  const planned: PlannedClient[] = []
  for (const [index, { use, waitForOpen, provide = [], ...entry }] of graph.clients.entries()) {
    const place = graph.places[index] as string
    const child = injector?.child()
    for (const provider of provide) child?.register(provider)
    if (!child && provide.length > 0) mistakes.push(missingContainer(`${place} provide`))
    const builder = new ClientBuilder(use, child ?? new PlainFactory(), [entry, withoutStart(options)])
    const found = await builder.check([])
    mistakes.push(...found.map((mistake) => inEntry(mistake, place, use, 'url' in entry)))
    planned.push({ builder, isAwaited: waitForOpen !== false })
  }
  if (mistakes.length === 0) return planned
  // A client and a provider that it injects report the same problem.
  const different = new Map(mistakes.map((mistake) => [`${mistake.place} ${mistake.cause}`, mistake]))
  throw new StartupError(className(module), [...different.values()])
}

function checkProviders(
  graph: ModuleGraph,
  module: Class,
  injector: Injector | undefined,
): readonly Mistake[] {
  if (graph.providers.length === 0) return []
  if (!injector) {
    return [missingContainer(`${className(module)} providers`)]
  }
  for (const provider of graph.providers) injector.register(provider)
  return injector.checkTokens(graph.providers.map(tokenOf), CONNECTION_TOKENS)
}

function makeProviders(graph: ModuleGraph, injector: Injector, module: Class): void {
  let making = className(module)
  try {
    injector.registerClasses()
    for (const provider of graph.providers) {
      making = tokenName(tokenOf(provider))
      const problem = promiseMistake(injector.resolve(tokenOf(provider)), provider)
      if (problem) throw new StartupError(className(module), [{ place: making, ...problem }])
    }
  } catch (thrown) {
    const fix = 'do the work that can fail before you call bootstrap(), and pass the result as useValue'
    throw constructionError(className(module), { place: making, cause: 'could not be created', fix }, thrown)
  }
}

/** Reports an asynchronous factory or constructor. Its promise would be injected instead of its result. */
function promiseMistake(made: unknown, provider: Provider): Pick<Mistake, 'cause' | 'fix'> | undefined {
  if (!(made instanceof Promise) || 'useValue' in provider || 'useExisting' in provider) return undefined
  ignore(made)
  if (!('useFactory' in provider))
    return { cause: 'the constructor returned a promise', fix: 'only assign fields there' }
  const fix = 'await the value before bootstrap() and pass it as useValue'
  return { cause: 'the factory returned a promise', fix }
}

function withoutStart(options: ClientOptions): ClientOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !START_OPTIONS.includes(name)))
}

/** Adds the module's entry to the location of a problem in that entry's options. */
function inEntry(mistake: Mistake, place: string, use: Class, hasUrl: boolean): Mistake {
  if (mistake.cause === NO_URL) {
    const name = className(use)
    const fix = `add one: { use: ${name}, url: 'wss://…' }, or @WebSocketClient({ url: 'wss://…' }) on ${name}`
    return { place, cause: hasUrl ? `${NO_URL}: url is undefined` : NO_URL, fix }
  }
  return mistake.place.startsWith('options.') ? { ...mistake, place: `${place}, ${mistake.place}` } : mistake
}
