import { clientOptions, moduleOptions } from '../annotations/metadata.js'
import type { ClientEntry } from '../annotations/metadata.js'
import {
  findClientMistake,
  findImportMistake,
  findListMistake,
  findModuleMistakes,
  findProviderMistake,
} from '../annotations/module-mistakes.js'
import type { Mistake } from '../errors/startup-error.js'
import type { Class, Provider, Token } from '../core/token.js'
import { className, tokenName } from '../core/token.js'

/** Everything that a module and its imports declare, in the order of creation, imports first. */
export interface ModuleGraph {
  readonly providers: readonly Provider[]
  readonly clients: readonly ClientEntry[]
  /** Location of each client in its array, such as `AppModule clients[1] (ChatClient)`. */
  readonly places: readonly string[]
  readonly mistakes: readonly Mistake[]
}

/** Reads a module and all its imports. Each module is read only once, so modules can import each other. */
export function readModules(root: Class): ModuleGraph {
  const reader = new ModuleReader()
  reader.read(root)
  return reader
}

/** Returns the token of a provider. */
export function tokenOf(provider: Provider): Token {
  return typeof provider === 'function' ? provider : provider.provide
}

class ModuleReader implements ModuleGraph {
  readonly providers: Provider[] = []
  readonly clients: ClientEntry[] = []
  readonly places: string[] = []
  readonly mistakes: Mistake[] = []
  readonly #read = new Set<Class>()
  readonly #providedBy = new Map<Token, string>()
  readonly #names = new Map<Class, Set<string>>()

  read(module: Class): void {
    if (this.#read.has(module)) return
    this.#read.add(module)
    this.mistakes.push(...findModuleMistakes(module))
    const { imports, providers, clients } = moduleOptions(module) ?? {}
    const name = className(module)
    listOf(imports).forEach((each, index) => {
      if (this.#isRight(findImportMistake(each, `${name} imports[${index}]`))) this.read(each)
    })
    // Values that are not arrays have already been reported.
    const checked = checkProviders(listOf(providers), 'providers', `${name} providers`)
    this.mistakes.push(...checked.mistakes)
    for (const provider of checked.providers) this.#provide(provider, name)
    listOf(clients).forEach((each, index) => {
      const place = `${name} clients[${index}]`
      if (!this.#isRight(findClientMistake(each, place))) return
      this.#addClient(typeof each === 'function' ? { use: each } : each, name, place)
    })
  }

  #isRight(mistake: Mistake | undefined): boolean {
    if (mistake) this.mistakes.push(mistake)
    return mistake === undefined
  }

  #provide(provider: Provider, module: string): void {
    const token = tokenOf(provider)
    const other = this.#providedBy.get(token)
    if (other !== undefined) {
      const how = other === module ? 'provided twice' : `provided by both ${other} and ${module}`
      this.#mistake(module, `${tokenName(token)} is ${how}`, 'remove one: all modules share a container')
      return
    }
    this.#providedBy.set(token, module)
    this.providers.push(provider)
  }

  #addClient(entry: ClientEntry, module: string, place: string): void {
    const target = className(entry.use)
    const name = entry.name ?? clientOptions(entry.use)?.name ?? target
    const names = this.#names.get(entry.use) ?? new Set()
    this.#names.set(entry.use, names)
    if (names.has(name)) {
      const cause = `two ${target} clients are named "${name}"`
      this.#mistake(module, cause, `give each a unique name: { use: ${target}, name: … }`)
      return
    }
    names.add(name)
    const named = `${place} (${target})`
    const { providers, mistakes } = checkProviders(entry.provide, 'provide', `${named} provide`)
    this.mistakes.push(...mistakes)
    this.clients.push(entry.provide ? { ...entry, provide: providers } : entry)
    this.places.push(named)
  }

  #mistake(place: string, cause: string, fix: string): void {
    this.mistakes.push({ place, cause, fix })
  }
}

/** Returns the modules' providers. Providers passed to `bootstrap` replace those with the same token. */
export function overrideProviders(
  graph: ModuleGraph,
  overrides: readonly Provider[] | undefined,
): ModuleGraph {
  const { providers, mistakes } = checkProviders(overrides, 'providers', 'options.providers')
  const rest = new Map(providers.map((each) => [tokenOf(each), each]))
  const replaced = graph.providers.map((each) => {
    const override = rest.get(tokenOf(each))
    rest.delete(tokenOf(each))
    return override ?? each
  })
  return {
    ...graph,
    providers: [...replaced, ...rest.values()],
    mistakes: [...graph.mistakes, ...mistakes],
  }
}

/** The valid providers in an array, and the problems found in the others. */
export interface CheckedProviders {
  readonly providers: readonly Provider[]
  readonly mistakes: readonly Mistake[]
}

/**
 * Validates an array of providers and each provider in it.
 *
 * @param name the name of the option
 */
export function checkProviders(given: unknown, name: string, place: string): CheckedProviders {
  const notList = findListMistake(given, name, place)
  const mistakes = notList ? [notList] : []
  const providers = listOf(given as readonly Provider[] | undefined).filter((each, index) => {
    const mistake = findProviderMistake(each, `${place}[${index}]`)
    if (mistake) mistakes.push(mistake)
    return mistake === undefined
  })
  return { providers, mistakes }
}

/** Returns an array unchanged, and an empty array for anything else, which {@link findListMistake} reports. */
function listOf<T>(given: readonly T[] | undefined): readonly T[] {
  return Array.isArray(given) ? (given as readonly T[]) : []
}
