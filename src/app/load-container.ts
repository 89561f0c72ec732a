import { toError } from '../core/error-text.js'
import type { Mistake } from '../errors/startup-error.js'
import type { Injector } from './container.js'

/** Creates the container for an application or for a single client, as a child of the user's container. */
export type CreateInjector = (container: object | undefined) => Injector

/**
 * The loaded container module. Shared by all clients, because modules load once per process, and a later client can then start without
 * waiting.
 */
let loaded: CreateInjector | undefined

/** Fix to print if {@link loadContainer} does not find tsyringe. */
export const INSTALL_CONTAINER = 'run npm install tsyringe reflect-metadata'

/** Returns the problem to report if there are providers but tsyringe is not installed. */
export function missingContainer(place: string): Mistake {
  return { place, cause: 'providers require tsyringe, which is not installed', fix: INSTALL_CONTAINER }
}

/**
 * Loads tsyringe, which is an optional peer dependency.
 *
 * @returns `undefined` if tsyringe is not installed
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
