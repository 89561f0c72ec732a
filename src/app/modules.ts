import { clientOptions, moduleOptions, ownClientOptions, ownHandlers } from '../annotations/metadata.js'
import type { ClientEntry } from '../annotations/metadata.js'
import type { Mistake } from '../errors/startup-error.js'
import type { Class, Provider, Token } from '../core/token.js'
import { tokenName } from '../core/token.js'

/** Everything that a module and those that it imports declare, in the order in which it is made: imports first. */
export interface ModuleGraph {
  readonly providers: readonly Provider[]
  readonly clients: readonly ClientEntry[]
  readonly mistakes: readonly Mistake[]
}

/** Reads a module and all that it imports, each once; a circle of imports is no harm. */
export function readModules(root: Class): ModuleGraph {
  const reader = new ModuleReader()
  reader.read(root)
  return reader
}

/** Returns the token that a provider provides. */
export function tokenOf(provider: Provider): Token {
  return typeof provider === 'function' ? provider : provider.provide
}

class ModuleReader implements ModuleGraph {
  readonly providers: Provider[] = []
  readonly clients: ClientEntry[] = []
  readonly mistakes: Mistake[] = []
  readonly #read = new Set<Class>()
  readonly #providedBy = new Map<Token, string>()
  readonly #names = new Map<Class, Set<string>>()

  read(module: Class): void {
    if (this.#read.has(module)) return
    this.#read.add(module)
    const { imports = [], providers = [], clients = [] } = moduleOptions(module) ?? {}
    for (const each of imports as readonly unknown[]) {
      if (typeof each === 'function' && moduleOptions(each)) this.read(each as Class)
      else this.#mistake(`${module.name} imports`, `${tokenName(each)} is no module`, moduleFix(each))
    }
    for (const each of providers) this.#provide(each, module.name)
    for (const each of clients) this.#addClient(each, module.name)
  }

  #provide(provider: Provider, module: string): void {
    const mistake = findProviderMistake(provider, `${module} providers`)
    if (mistake) {
      this.mistakes.push(mistake)
      return
    }
    const token = tokenOf(provider)
    const other = this.#providedBy.get(token)
    if (other !== undefined) {
      const where = other === module ? 'twice' : `here and in ${other}`
      this.#mistake(
        module,
        `${tokenName(token)} is provided ${where}`,
        'provide it once: all modules share one container',
      )
      return
    }
    this.#providedBy.set(token, module)
    this.providers.push(provider)
  }

  #addClient(given: Class | ClientEntry, module: string): void {
    const entry = typeof given === 'function' ? { use: given } : given
    if (typeof (entry as Partial<ClientEntry> | undefined)?.use !== 'function') {
      const fix = 'give a class, or { use: TheClass, name, url, … }'
      this.#mistake(`${module} clients`, `${tokenName(given)} is no client`, fix)
      return
    }
    const name = entry.name ?? clientOptions(entry.use)?.name ?? entry.use.name
    const names = this.#names.get(entry.use) ?? new Set()
    this.#names.set(entry.use, names)
    if (names.has(name)) {
      const cause = `there are two clients ${entry.use.name} with the name '${name}'`
      this.#mistake(module, cause, 'give each a name of its own: { use, name }')
      return
    }
    names.add(name)
    const provide = entry.provide?.filter((provider) => {
      const mistake = findProviderMistake(provider, `${module} clients, provide of '${name}'`)
      if (mistake) this.mistakes.push(mistake)
      return !mistake
    })
    this.clients.push(provide ? { ...entry, provide } : entry)
  }

  #mistake(place: string, cause: string, fix: string): void {
    this.mistakes.push({ place, cause, fix })
  }
}

/** Finds what is wrong with a provider. */
export function findProviderMistake(provider: Provider, place: string): Mistake | undefined {
  if (!isProvider(provider)) {
    const fix = 'give a class, or { provide } with one of useClass, useValue, useFactory, useExisting'
    return { place, cause: `${tokenName(provider)} is no provider`, fix }
  }
  if (typeof provider === 'function' && isClient(provider)) {
    const cause = `${provider.name} has handlers, and as a provider it would never be connected`
    return { place, cause, fix: `list it under clients: clients: [${provider.name}]` }
  }
  return undefined
}

/** Returns the providers of the modules, with those that `bootstrap` was given in the place of theirs. */
export function overrideProviders(
  { providers, clients, mistakes }: ModuleGraph,
  overrides: readonly Provider[],
): ModuleGraph {
  const found = overrides.flatMap((each) => findProviderMistake(each, 'options.providers') ?? [])
  if (found.length > 0) return { providers, clients, mistakes: [...mistakes, ...found] }
  const rest = new Map(overrides.map((each) => [tokenOf(each), each]))
  const replaced = providers.map((each) => {
    const override = rest.get(tokenOf(each))
    rest.delete(tokenOf(each))
    return override ?? each
  })
  return { providers: [...replaced, ...rest.values()], clients, mistakes }
}

function moduleFix(given: unknown): string {
  if (given === undefined) return 'break the circle of imports between the files'
  return 'put @Module({ … }) on it, or list it under providers or clients'
}

function isClient(given: Class): boolean {
  return ownClientOptions(given) !== undefined || ownHandlers(given.prototype as object).length > 0
}

const WAYS = ['useClass', 'useValue', 'useFactory', 'useExisting'] as const

function isProvider(given: unknown): given is Provider {
  if (typeof given === 'function') return true
  if (typeof given !== 'object' || given === null || !('provide' in given) || given.provide === undefined)
    return false
  const ways = WAYS.filter((way) => way in given)
  const [way] = ways
  if (way === undefined || ways.length > 1) return false
  const means = (given as Record<string, unknown>)[way]
  if (way === 'useClass' || way === 'useFactory') return typeof means === 'function'
  return way === 'useValue' || means !== undefined
}
