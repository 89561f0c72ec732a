import { toError } from '../core/error-text.js'
import type { Mistake } from '../errors/startup-error.js'
import type { Injector } from './container.js'

/** Makes the container of an application, or of a client that is started alone, under the given one of the user's. */
export type CreateInjector = (container: object | undefined) => Injector

/** Shared by all clients: modules load once per process. A second client then starts without another turn of the event loop. */
let loaded: CreateInjector | undefined

/** Fix to print if {@link loadContainer} finds nothing. */
export const INSTALL_CONTAINER = 'run npm install tsyringe reflect-metadata'

/** Returns the mistake of providers that nothing can make. */
export function missingContainer(place: string): Mistake {
  return { place, cause: 'providers require tsyringe, which is not installed', fix: INSTALL_CONTAINER }
}

/**
 * Loads tsyringe, which is an optional peer dependency.
 *
 * @returns `undefined` if it is not installed
 */
export function loadContainer(): CreateInjector | Promise<CreateInjector | undefined> {
  return loaded ?? load()
}

async function load(): Promise<CreateInjector | undefined> {
  try {
    // tsyringe checks at load time that reflect-metadata is there.
    await import('reflect-metadata')
    const tsyringe = await import('tsyringe')
    const { Injector } = await import('./container.js')
    loaded = (container) => Injector.under(tsyringe, container)
    return loaded
  } catch (thrown) {
    if ((toError(thrown) as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw thrown
    return undefined
  }
}
