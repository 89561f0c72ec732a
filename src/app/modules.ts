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
    if (!isProvider(provider)) {
      const fix = 'give a class, or { provide } with one of useClass, useValue, useFactory, useExisting'
      this.#mistake(`${module} providers`, `${tokenName(provider)} is no provider`, fix)
      return
    }
    if (typeof provider === 'function' && isClient(provider)) {
      const cause = `${provider.name} has handlers, and as a provider it would never be connected`
      this.#mistake(`${module} providers`, cause, `list it under clients: clients: [${provider.name}]`)
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
    this.clients.push(entry)
  }

  #mistake(place: string, cause: string, fix: string): void {
    this.mistakes.push({ place, cause, fix })
  }
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
