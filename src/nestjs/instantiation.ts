import { AsyncLocalStorage } from '#platform'
import type { ConnectionScope } from '../app/instance-factory.js'
import { toError } from '../core/error-text.js'
import { className } from '../core/token.js'
import type { Class } from '../core/token.js'
import { StartupError } from '../errors/startup-error.js'
import { ModuleRef } from './nest-packages.js'
import type { DiscoveryService } from './nest-packages.js'
import type { Wrapper } from './providers.js'

/** A client that Nest is creating at run time, and the values of its connection. */
interface Creation {
  readonly target: Class
  readonly scope: ConnectionScope
}

/** Names of Nest's errors. Their classes are not public. */
const UNKNOWN_DEPENDENCIES = 'UnknownDependenciesException'
const REQUEST_SCOPED = 'RequestScopedCreateException'

/** Creates clients at run time, through the `ModuleRef` of a module that provides what they inject. */
export class Instantiation {
  readonly #discovery: DiscoveryService
  /** Client that the current chain of calls creates. Two clients of a class can be created at the same time. */
  readonly #current = new AsyncLocalStorage<Creation>()

  constructor(discovery: DiscoveryService) {
    this.#discovery = discovery
  }

  /** Returns the values for a client that is being created at run time; `undefined` for any other class. */
  scopeFor(target: Class | undefined): ConnectionScope | undefined {
    const current = this.#current.getStore()
    return current && current.target === target ? current.scope : undefined
  }

  /**
   * Creates an instance. It sees what the module that provides its class sees or, if no module does, the first module that provides
   * everything that its constructor injects.
   *
   * @throws StartupError if it injects something that is request-scoped, or that no module provides
   * @throws unknown what the constructor throws
   */
  async create<T extends object>(target: Class<T>, scope: ConnectionScope): Promise<T> {
    let unknown: unknown
    for (const moduleRef of this.#moduleRefs(target)) {
      try {
        return await this.#current.run({ target, scope }, () => moduleRef.create<T>(target as new () => T))
      } catch (thrown) {
        const { name } = toError(thrown).constructor
        if (name === REQUEST_SCOPED) throw requestScopedError(target)
        if (name !== UNKNOWN_DEPENDENCIES) throw thrown
        unknown ??= thrown
      }
    }
    throw unknownDependencies(target, unknown)
  }

  #moduleRefs(target: Class): ModuleRef[] {
    const wrappers = this.#discovery.getProviders()
    const host = wrappers.find(({ metatype }) => metatype === target)?.host
    const ofHost = (wrapper: Wrapper): number => Number(wrapper.host !== host)
    return wrappers
      .filter(({ token }) => token === ModuleRef)
      .sort((one, other) => ofHost(one) - ofHost(other))
      .map(({ instance }) => instance as ModuleRef)
  }
}

function unknownDependencies(target: Class, cause: unknown): StartupError {
  const [reason = ''] = toError(cause).message.split('\n')
  const mistake = {
    place: className(target),
    cause: `no module provides everything that its constructor injects: ${reason}`,
    fix: 'provide all of it in one module, or import the modules that export it there',
  }
  return new StartupError(mistake.place, [mistake], { cause })
}

function requestScopedError(target: Class): StartupError {
  const place = className(target)
  const cause = 'injects something that is request-scoped, but a message is not a request'
  const fix = 'inject ModuleRef, and call moduleRef.resolve() in the handler'
  return new StartupError(place, [{ place, cause, fix }])
}
