import { toError } from '../core/error-text.js'
import type { Mistake } from '../errors/startup-error.js'
import type { Injector } from './container.js'

/** Creates the container of an application, or of a single client, under the user's container. */
export type CreateInjector = (container: object | undefined) => Injector

/** Shared by all clients, because modules load once per process. A second client then starts in the same turn of the event loop. */
let loaded: CreateInjector | undefined

/** Fix to print if {@link loadContainer} finds nothing. */
export const INSTALL_CONTAINER = 'run npm install tsyringe reflect-metadata'

/** Returns the mistake of providers without a container. */
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
    // tsyringe checks at load time that reflect-metadata is loaded.
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
