import { clientOptions } from '../annotations/metadata.js'
import { compilerMetadata } from '../annotations/reflect.js'
import type { Client } from '../app/client.js'
import { settlesWithin } from '../app/settles-within.js'
import { toError } from '../core/error-text.js'
import { className } from '../core/token.js'
import type { Class } from '../core/token.js'
import type { Around } from '../dispatch/invoker.js'
import { StartupError } from '../errors/startup-error.js'
import type { Mistake } from '../errors/startup-error.js'
import { clientKey, isKnownTarget, keyOfTarget } from './tokens.js'
import type { ConnectionValues } from './connection-values.js'
import type { Enhancers } from './enhancers.js'
import type { HoldfastClientOptions } from './features.js'
import type { DiscoveryService } from './nest-packages.js'
import type { PlannedClient } from './planned-client.js'
import type { Plans } from './plans.js'
import { clientProviders, findControllerMistakes, findProviderMistakes, moduleOf } from './providers.js'
import { ROOT_OPTIONS } from './tokens.js'

/** Starts and closes all clients of one application. */
export class ClientRegistry {
  readonly #discovery: DiscoveryService
  readonly #plans: Plans
  readonly #values: ConnectionValues
  readonly #enhancers: Enhancers
  /** Clients that have started and have not ended. */
  readonly #running = new Set<PlannedClient>()
  /** Clients of the application's modules. */
  #started: readonly PlannedClient[] = []
  #isClosing = false

  constructor(discovery: DiscoveryService, plans: Plans, values: ConnectionValues, enhancers: Enhancers) {
    this.#discovery = discovery
    this.#plans = plans
    this.#values = values
    this.#enhancers = enhancers
  }

  get running(): readonly PlannedClient[] {
    return [...this.#running]
  }

  /** Returns the running clients with this class and name or, if there are none, the module's client that has ended. */
  find(target: Class, name: string | undefined): readonly PlannedClient[] {
    const isWanted = ({ identity }: PlannedClient): boolean =>
      identity.use === target && identity.name === name
    const running = this.running.filter(isWanted)
    return running.length > 0 ? running : this.#started.filter(isWanted)
  }

  /**
   * Starts all clients of all modules. Waits for those with `waitForOpen`.
   *
   * @throws StartupError with all problems of all clients, before anything connects
   * @throws Error with which a client failed permanently that the application waits for; everything has been closed then
   */
  async start(): Promise<void> {
    const wrappers = this.#discovery.getProviders()
    const providers = clientProviders(wrappers)
    const targets = [...new Set(providers.map(({ target }) => target))]
    const untyped = targets.flatMap(findTypeMistake)
    const plans = await Promise.all(targets.map((target) => this.#plans.plan(keyOfTarget(target))))
    const roots = wrappers.filter(({ token }) => token === ROOT_OPTIONS).map(moduleOf)
    this.#values.complete()
    try {
      report([
        ...(roots.length > 1 ? [TWO_ROOTS] : []),
        ...this.#values.mistakes,
        ...this.#plans.findMistakes(targets, wrappers),
        ...findProviderMistakes(providers),
        ...findControllerMistakes(this.#discovery.getControllers()),
        ...untyped,
        ...providers.flatMap(({ target, wrapper }) => this.#enhancers.findMistakes(target, wrapper.host)),
        ...plans.flatMap(({ mistakes }) => mistakes),
      ])
      providers.forEach(({ target, wrapper }, index) => {
        const instance = wrapper.instance as object
        plans[index]?.attach(instance, this.#enhancers.around(instance, target))
      })
      this.#started = plans
      for (const plan of plans) this.#run(plan)
      await Promise.all(plans.map(waitForOpen))
    } catch (thrown) {
      await this.close(1000)
      throw toError(thrown)
    }
  }

  /** Creates and starts a client at run time. See `HoldfastClients.open`. */
  async open(
    target: Class,
    { name, ...options }: HoldfastClientOptions & { readonly name?: string | undefined },
  ): Promise<Client> {
    const key = clientKey(target, undefined, 'HoldfastClients.open')
    this.#checkOpen(target, name)
    const plan = await this.#plans.create(key, name, options)
    try {
      report([...this.#enhancers.findMistakes(target), ...plan.mistakes])
      const client = await plan.build((instance): Around | undefined =>
        this.#enhancers.around(instance, target),
      )
      // While the instance was created, the application may have closed, or have opened another client with the name.
      this.#checkOpen(target, name)
      this.#run(plan)
      await waitForOpen(plan)
      return client
    } catch (thrown) {
      await plan.rollback()
      throw toError(thrown)
    }
  }

  #checkOpen(target: Class, name: string | undefined): void {
    const described = `${className(target)}${name === undefined ? '' : ` '${name}'`}`
    if (this.#isClosing) throw new Error(`Cannot open ${described}: the application is closing`)
    const isTaken = this.running.some(({ identity }) => identity.use === target && identity.name === name)
    if (name === undefined || !isTaken) return
    throw new Error(
      `Cannot open ${described}: a client with this name is already running. Close it, or use another name`,
    )
  }

  #run(plan: PlannedClient): void {
    this.#running.add(plan)
    void plan.client?.closed.then(() => this.#running.delete(plan))
    plan.client?.start()
  }

  /** Stops reading messages. Handlers that run can still send, and receive the replies that they wait for. */
  pause(): void {
    this.#isClosing = true
    for (const { client } of this.#running) client?.connection.pauseReading()
  }

  /** Closes all clients gracefully. Resolves once each `@OnClose` has run. */
  async close(code: number, reason = ''): Promise<void> {
    this.#isClosing = true
    await Promise.all(this.running.map(async ({ client }) => client?.close(code, reason)))
    const planned = await this.#plans.all
    await Promise.all(planned.map((plan) => plan.rollback()))
  }
}

const TWO_ROOTS: Mistake = {
  place: 'HoldfastModule.forRoot',
  cause: 'is imported more than once, so the application would use the options of either',
  fix: 'import it once, in the root module. Use HoldfastModule.forFeature for options of a client',
}

function report(mistakes: readonly Mistake[]): void {
  if (mistakes.length > 0) throw new StartupError('the application', mistakes)
}

/** Reports `inject` on a class that Nest has created without knowing it, because the compiler emits no types. */
function findTypeMistake(target: Class): Mistake[] {
  const { inject = [] } = clientOptions(target) ?? {}
  if (inject.length === 0 || isKnownTarget(target) || compilerMetadata('design:paramtypes', target)) return []
  const name = className(target)
  const cause = 'the compiler emitted no type metadata, and Nest does not read inject by itself'
  return [{ place: name, cause, fix: `list the client: HoldfastModule.forFeature([${name}])` }]
}

/** Waits until a client is ready, as long as its options say. */
async function waitForOpen({ client, waitForOpen: wait, clock }: PlannedClient): Promise<void> {
  if (!client || wait === false) return
  const { ready } = client.connection
  if (typeof wait !== 'number') return ready
  await settlesWithin(ready, wait, clock)
  const { status } = client.connection.state
  if (status === 'closing' || status === 'closed') await ready
}
