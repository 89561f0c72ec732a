import { handlersOf } from '../annotations/handler-table.js'
import { clientOptions } from '../annotations/metadata.js'
import type { PerAttempt } from '../attempt/attempt-options.js'
import { Connection } from '../connection/connection.js'
import { connectionLogger } from '../core/logger.js'
import type { Logger } from '../core/logger.js'
import { className } from '../core/token.js'
import type { Class } from '../core/token.js'
import { Dispatcher } from '../dispatch/dispatcher.js'
import type { Around } from '../dispatch/invoker.js'
import type { Mistake } from '../errors/startup-error.js'
import { fillIn } from '../options/fill-in.js'
import type { ClientSettings } from '../options/fill-in.js'
import { mergeClientOptions } from '../options/merge-options.js'
import type { ConnectionOptions } from '../options/options.js'
import { keepSettings, knownSettings } from '../options/shared-settings.js'
import { validateOptions } from '../options/validate-options.js'
import { socketAtStart } from '../options/validate-proxy.js'
import type { TlsOptions } from '../transports/socket-options.js'
import type { Connect } from '../transports/transport.js'
import { connectDefault } from '#default-transport'
import { Client, START_OPTIONS } from './client.js'
import { CONNECTION_TOKENS, ClientScope } from './connection-scope.js'
import { Disposal, constructionError } from './disposal.js'
import type { InstanceFactory } from './instance-factory.js'
import { OptionMethods } from './option-methods.js'
import { isPlain } from './plain-factory.js'

/** Warning for connections to a server whose identity is not checked. */
const UNVERIFIED =
  'tls.rejectUnauthorized is false, so anyone on the network path can impersonate the server. Pin its certificate with tls.fingerprint256, or trust it with tls.ca'

/** Number of connections created. Shared by all clients in the process, so that each connection has a unique ID. */
let connectionCount = 0

/**
 * Builds one client in four steps, which callers can combine in different ways. `check` finds all problems and creates nothing; `open`
 * creates the connection and starts nothing; a factory creates the instance; `attach` connects the two.
 */
export class ClientBuilder<T extends object = object> {
  readonly #target: Class<T>
  readonly #name: string
  readonly #factory: InstanceFactory
  readonly #options: ConnectionOptions
  /** True if later clients of the class can share the settings. Defaults come from an application, which its class must not keep in memory. */
  readonly #canShare: boolean
  /** Options that are methods; `undefined` if the class has none. */
  readonly #methods: OptionMethods | undefined
  #settings: ClientSettings | undefined
  #disposal: Disposal | undefined
  #scope: ClientScope | undefined

  /**
   * @param factory creates the instance
   * @param layers options that override those of the class; the last layer that sets an option wins
   * @param defaults options that those of the class override
   */
  constructor(
    target: Class<T>,
    factory: InstanceFactory,
    layers: readonly (ConnectionOptions | undefined)[],
    defaults?: ConnectionOptions,
  ) {
    this.#target = target
    this.#factory = factory
    this.#canShare = defaults === undefined
    const { options: methods } = handlersOf(target).table
    if (methods.size > 0) this.#methods = new OptionMethods(methods)
    // `inject` is not an option of the connection.
    const declared = { ...clientOptions(target), inject: undefined } as ConnectionOptions
    const own = defaults ? mergeClientOptions(defaults, declared) : declared
    this.#options = this.#methods?.merge(own, layers) ?? mergeClientOptions<ConnectionOptions>(own, ...layers)
    this.#name = this.#options.name ?? className(target)
  }

  /**
   * Validates the class, its dependencies and its options, and returns all problems found. Returns a promise if the transport has to look
   * for problems in the options of the socket, such as a key that does not match its certificate.
   */
  check(otherOptions: readonly string[]): readonly Mistake[] | Promise<readonly Mistake[]> {
    const { mistakes } = handlersOf(this.#target)
    const found = [...mistakes, ...this.#factory.check(this.#target, CONNECTION_TOKENS)]
    this.#settings = knownSettings(this.#target, this.#options)
    if (this.#settings) return found
    found.push(...this.#validate(otherOptions))
    const socket = socketAtStart(this.#options)
    const inSocket = socket && this.#connect.checkSocket?.(socket)
    return inSocket ? inSocket.then((others) => [...found, ...others]) : found
  }

  get #connect(): Connect {
    return this.#options.transport ?? connectDefault
  }

  #validate(otherOptions: readonly string[]): Mistake[] {
    const mistakes = validateOptions(this.#withUrl(), className(this.#target), otherOptions)
    const replaced = this.#methods?.replacedBy(this.#options) ?? []
    return mistakes.map((mistake) => {
      const method = replaced.find(({ name }) => mistake.place === `options.${name}`)?.method
      if (method === undefined) return mistake
      return {
        ...mistake,
        fix: `${mistake.fix}. The options passed here replace the whole group, including ${method}. Move them to the class`,
      }
    })
  }

  /** Creates the connection and all injectable values that belong to it. Starts nothing. */
  open(): ClientScope {
    const logger = connectionLogger(this.#options.logger, this.#name)
    const settings = (this.#settings ??= this.#fillIn(logger))
    for (const { name, method } of this.#methods?.replacedBy(this.#options) ?? [])
      logger.info(`${method} is never called: other options override or disable ${name}`)
    connectionCount += 1
    const id = `${this.#name}#${connectionCount}`
    const connection = Connection.create(id, settings, this.#connect)
    this.#disposal = new Disposal(this.#factory.disposables, settings, logger)
    this.#scope = new ClientScope(connection, logger)
    return this.#scope
  }

  /**
   * Creates the instance, and wires it to its own connection. Returns a promise only if the factory returns one.
   *
   * @param aroundOf returns the wrapper for calls of the instance's handlers
   * @throws StartupError if a constructor throws; `rollback` then disposes of everything created so far
   */
  build(aroundOf?: (instance: T) => Around | undefined): Client<T> | Promise<Client<T>> {
    const scope = this.open()
    const fail = (thrown: unknown): never => {
      const place = className(this.#target)
      const cause = isPlain(this.#target) ? 'the constructor threw' : 'could not be created'
      const fix = 'only assign fields in the constructor; move work that can fail to @OnOpen'
      throw constructionError(place, { place, cause, fix }, thrown)
    }
    let made: T | Promise<T>
    try {
      made = this.#factory.make(this.#target, scope)
    } catch (thrown) {
      return fail(thrown)
    }
    const attach = (instance: T): Client<T> => this.attach(instance, scope, aroundOf?.(instance))
    return made instanceof Promise ? made.then(attach, fail) : attach(made)
  }

  /**
   * Wires an instance to its connection.
   *
   * @param around wraps each call of a handler
   */
  attach(instance: T, { connection, logger }: ClientScope, around?: Around): Client<T> {
    const settings = this.#settings as ClientSettings
    this.#methods?.bind(instance)
    const { table } = handlersOf(this.#target)
    const dispatcher = new Dispatcher(instance, table, connection, settings, logger, around)
    return new Client(instance, connection, this.#name, this.#disposal as Disposal, dispatcher)
  }

  /** Ends and disposes of everything that has been created. */
  async rollback(): Promise<void> {
    await this.#scope?.connection.terminate()
    await this.#disposal?.run()
  }

  /** Returns the options to validate. If no URL is set but the class has a `url` method, that method is used as the URL. */
  #withUrl(): ConnectionOptions {
    if (this.#options.url !== undefined) return this.#options
    const url = this.#methods?.url(undefined)
    return url ? { ...this.#options, url } : this.#options
  }

  #fillIn(logger: Logger): ClientSettings {
    const { url } = this.#options
    const options = { ...this.#options, tls: watchTls(this.#options.tls, logger) }
    const settings = fillIn(options, (this.#methods?.url(url) ?? url) as PerAttempt<string | URL>)
    // The cached settings of a class must not keep a container, a signal or an instance in memory.
    if (this.#canShare && !this.#methods && !START_OPTIONS.some((name) => name in this.#options)) {
      keepSettings(this.#target, this.#options, settings)
    }
    return settings
  }
}

/** Returns the `tls` option. Warns once if the server's certificate is neither verified nor pinned, also if a function returns that. */
function watchTls(tls: ConnectionOptions['tls'], logger: Logger): ConnectionOptions['tls'] {
  let hasWarned = false
  const look = (options: TlsOptions | undefined): void => {
    // A function can return anything. The attempt reports invalid values.
    if (hasWarned || options?.rejectUnauthorized !== false || options.fingerprint256 !== undefined) return
    hasWarned = true
    logger.warn(UNVERIFIED)
  }
  if (typeof tls !== 'function') {
    look(tls)
    return tls
  }
  return async (attempt) => {
    const options = await tls(attempt)
    look(options)
    return options
  }
}
