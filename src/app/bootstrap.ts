import { moduleOptions } from '../annotations/metadata.js'
import { Application, startApplication } from './application.js'
import { ClientBuilder } from './client-builder.js'
import { START_OPTIONS } from './client.js'
import type { Client, ClientOptions } from './client.js'
import type { InstanceFactory } from './instance-factory.js'
import { CloseCode } from '../link/close-code.js'
import { loadContainer, missingContainer } from './load-container.js'
import type { CreateInjector } from './load-container.js'
import { checkProviders } from './modules.js'
import { PlainFactory, isPlain } from './plain-factory.js'
import { StartupError } from '../errors/startup-error.js'
import { describeValue } from '../core/describe-value.js'
import { toError } from '../core/error-text.js'
import { mergeOptions } from '../options/merge-options.js'
import { isObject } from '../options/rules.js'
import type { PerAttempt } from '../attempt/attempt-options.js'
import { closeOnSignals } from './shutdown-signals.js'
import { className } from '../core/token.js'
import type { Class } from '../core/token.js'

/**
 * Result of `bootstrap`: an {@link Application} for a module, which is a class without members; otherwise, a {@link Client}. `object
 * extends T` rules out classes that have only private members.
 */
export type Bootstrapped<T extends object> = keyof T extends never
  ? object extends T
    ? Application
    : Client<T>
  : Client<T>

/**
 * Creates an instance of a client class through dependency injection, connects it, and keeps it connected. For a module, does this for all
 * its clients.
 *
 * Resolves when the first connection is open and `@OnOpen` has completed. Until then, failed attempts are retried as usual.
 *
 * @param target a class with handlers, or a class with `@Module`
 * @param url URL to connect to. Required unless the options of the class set it
 * @param options options that override those of the class
 * @throws StartupError before anything connects, with all problems in the class and its options
 * @throws HandshakeError | ConnectFailedError | InvalidUrlError after a failure that a retry cannot fix
 * @throws RetriesExhaustedError if `reconnect.maxAttempts` attempts have failed
 * @throws ConnectionClosedError if the connection is closed before it opens
 * @throws unknown the error that `@OnOpen` throws on the first connection, or the reason of `options.signal`
 */
export function bootstrap<T extends object>(
  target: Class<T>,
  url: PerAttempt<string | URL>,
  options?: ClientOptions,
): Promise<Client<T>>
export function bootstrap<T extends object>(
  target: Class<T>,
  options?: ClientOptions,
): Promise<Bootstrapped<T>>
export function bootstrap<T extends object>(
  target: Class<T>,
  url: undefined,
  options?: ClientOptions,
): Promise<Bootstrapped<T>>
export async function bootstrap<T extends object>(
  target: Class<T>,
  urlOrOptions?: PerAttempt<string | URL> | ClientOptions,
  given?: ClientOptions,
): Promise<Client<T> | Application> {
  const options = (isOptions(urlOrOptions) ? urlOrOptions : given) ?? {}
  const url = isOptions(urlOrOptions) ? undefined : urlOrOptions
  checkTarget(target)
  checkOptions(target, given)
  options.signal?.throwIfAborted()
  if (moduleOptions(target)) {
    if (url !== undefined) throw moduleUrlError(target)
    const { application, ready } = await startApplication(target, options)
    return untilReady(application, Promise.all(ready), options)
  }
  const client = await startClient(target, mergeOptions(options, { url }))
  return untilReady(client, client.connection.ready, options)
}

function isOptions(given: unknown): given is ClientOptions {
  return isObject(given) && !(given instanceof URL)
}

function checkTarget(target: unknown): void {
  if (typeof target === 'function' && target.prototype) return
  const place = 'bootstrap'
  const circle = target === undefined ? ' (circular import?)' : ''
  const cause = `expected a class, received ${describeValue(target)}${circle}`
  throw new StartupError('the application', [{ place, cause, fix: targetFix(target) }])
}

function checkOptions(target: Class, options: unknown): void {
  if (options === undefined || isObject(options)) return
  const cause = `expected an object, received ${describeValue(options)}`
  const fix = `call bootstrap(${className(target)}, url, { … })`
  throw new StartupError(className(target), [{ place: 'options', cause, fix }])
}

function targetFix(target: unknown): string {
  if (target === undefined) return 'break the circular import between the files, or correct the imported name'
  if (typeof target === 'function')
    return 'pass a class. If it is one, add parentheses to its decorators: @WebSocketClient(), @Module({ … })'
  if (Array.isArray(target))
    return 'list the classes in a module, @Module({ clients: [A, B] }), and pass the module'
  if (target instanceof Promise) return 'await it, and pass the class'
  const { constructor } = Object(target) as { constructor?: unknown }
  const isInstance = isObject(target) && typeof constructor === 'function' && constructor !== Object
  const name = isInstance ? className(constructor) : 'TheClient'
  return `pass the class itself: bootstrap(${name}, url)`
}

function moduleUrlError(module: Class): StartupError {
  const place = className(module)
  const cause = 'a module cannot take a URL'
  const fix = "set it on a client: clients: [{ use: TheClient, url: 'wss://…' }]"
  return new StartupError(place, [{ place, cause, fix }])
}

async function startClient<T extends object>(target: Class<T>, options: ClientOptions): Promise<Client<T>> {
  const { providers, mistakes: found } = checkProviders(options.providers, 'providers', 'options.providers')
  const chosen = factoryFor(target, { ...options, providers })
  const factory = chosen instanceof Promise ? await chosen : chosen
  const builder = new ClientBuilder(target, factory, [options])
  const checked = builder.check(START_OPTIONS)
  const mistakes = [...found, ...(checked instanceof Promise ? await checked : checked)]
  if (providers.length > 0 && factory instanceof PlainFactory)
    mistakes.push(missingContainer('options.providers'))
  if (mistakes.length > 0) throw new StartupError(className(target), mistakes)
  try {
    const built = builder.build()
    const client = built instanceof Promise ? await built : built
    client.start()
    return client
  } catch (thrown) {
    await builder.rollback()
    throw thrown
  }
}

/** Returns the factory for the instance. The container is loaded only if the class or the caller needs it. */
function factoryFor(
  target: Class,
  { container, providers = [] }: ClientOptions,
): InstanceFactory | Promise<InstanceFactory> {
  if (container === undefined && providers.length === 0 && isPlain(target)) return new PlainFactory()
  const create = loadContainer()
  const choose = (created: CreateInjector | undefined): InstanceFactory => {
    const injector = created?.(container)
    for (const provider of providers) injector?.register(provider)
    return injector ?? new PlainFactory()
  }
  return create instanceof Promise ? create.then(choose) : choose(create)
}

/** Waits until all clients are ready. If that fails or the signal aborts, closes everything before it throws the reason. */
async function untilReady<C extends Application | Client>(
  target: C,
  ready: Promise<unknown>,
  { signal, shutdownSignals }: ClientOptions,
): Promise<C> {
  const clients: readonly Client[] = target instanceof Application ? target.clients : [target]
  if (shutdownSignals) {
    const stop = closeOnSignals(() => target.close(CloseCode.GOING_AWAY, 'the process is shutting down'))
    void Promise.all(clients.map((client) => client.closed)).then(stop)
  }
  const aborted = (): void => {
    for (const client of clients) client.connection.abortStart()
  }
  signal?.addEventListener('abort', aborted)
  // A constructor may have aborted the signal.
  if (signal?.aborted) aborted()
  try {
    await ready
    signal?.throwIfAborted()
    return target
  } catch (thrown) {
    await target.close()
    throw signal?.aborted ? signal.reason : toError(thrown)
  } finally {
    signal?.removeEventListener('abort', aborted)
  }
}
