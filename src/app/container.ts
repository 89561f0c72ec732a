import type * as Tsyringe from 'tsyringe'
import type { DependencyContainer, InjectionToken, Lifecycle } from 'tsyringe'
import { nameConstructorTokens } from '../annotations/metadata.js'
import { DependencyCheck } from './dependency-check.js'
import type { DependencyNode, Registration } from './dependency-check.js'
import type { Mistake } from '../errors/startup-error.js'
import { Disposables } from './disposables.js'
import { checkInstance } from './instance-factory.js'
import type { ConnectionScope, InstanceFactory } from './instance-factory.js'
import type { Class, FactoryProvider, Provider, Token } from '../core/token.js'

/** A registration as tsyringe stores it. tsyringe's API cannot list registrations, but checking dependencies in advance requires them. */
interface TsyringeRegistration {
  readonly provider: Record<string, unknown>
  readonly options: { readonly lifecycle: Lifecycle }
}

interface TsyringeInternals {
  getAllRegistrations(token: unknown): readonly TsyringeRegistration[] | null
}

/** Classes that tsyringe can create, and the tokens of each. Global, like tsyringe's own record. */
const registeredClasses = new WeakMap<Class, readonly unknown[]>()

/**
 * Creates instances with tsyringe, in a child of the user's container. Records everything that it has created, and disposes of it in
 * reverse order.
 */
export class Injector implements InstanceFactory {
  readonly disposables = new Disposables()
  readonly #tsyringe: typeof Tsyringe
  readonly #container: DependencyContainer
  readonly #above: Injector | DependencyContainer
  readonly #watched = new Set<unknown>()
  /** Tokens that modules' factories inject, by the token that each factory provides. */
  readonly #factories = new Map<unknown, readonly unknown[]>()
  /** Aliases, and the tokens that they refer to. */
  readonly #aliases = new Map<unknown, unknown>()
  #check: DependencyCheck | undefined

  private constructor(tsyringe: typeof Tsyringe, above: Injector | DependencyContainer) {
    this.#tsyringe = tsyringe
    this.#above = above
    this.#container = (above instanceof Injector ? above.#container : above).createChildContainer()
  }

  /** Creates a child of the given container or of tsyringe's global container. The parent is never disposed of. */
  static under(tsyringe: typeof Tsyringe, container: object | undefined): Injector {
    return new Injector(tsyringe, (container as DependencyContainer | undefined) ?? tsyringe.container)
  }

  /** Creates the container for one of an application's connections. */
  child(): Injector {
    return new Injector(this.#tsyringe, this)
  }

  check(target: Class, tokens: readonly Token[]): readonly Mistake[] {
    this.#container.register(target as InjectionToken, { useClass: target })
    return this.checkTokens([target], tokens, target)
  }

  make<T extends object>(target: Class<T>, scope: ConnectionScope): T {
    for (const token of scope.tokens) {
      this.#container.register(token as InjectionToken, { useFactory: () => scope.get(token) })
    }
    this.registerClasses()
    return checkInstance(target, this.resolve<T>(target))
  }

  /** Registers a value under a token. The value is never disposed of. */
  #registerValue(token: Token, value: unknown): void {
    // Not useValue, because tsyringe treats null and undefined as a class.
    this.#container.register(token as InjectionToken, { useFactory: () => value })
  }

  /** Registers a module's provider. Its instance is created only once. */
  register(provider: Provider): void {
    const container = this.#container
    if (typeof provider === 'function') {
      container.registerSingleton(provider as Class & (new () => object))
      return
    }
    const token = provider.provide as InjectionToken
    if ('useClass' in provider) container.registerSingleton(token, provider.useClass as InjectionToken)
    else if ('useExisting' in provider) this.#registerAlias(token, provider.useExisting as InjectionToken)
    else if ('useValue' in provider) this.#registerValue(provider.provide, provider.useValue)
    else this.#registerFactory(token, provider)
  }

  /** Registers an alias. tsyringe's own aliases throw if they form a cycle; for this one, the dependency check reports the cycle. */
  #registerAlias(token: InjectionToken, existing: InjectionToken): void {
    this.#aliases.set(token, existing)
    this.#container.register(token, { useFactory: () => this.resolve(existing as Token) })
  }

  #registerFactory(token: InjectionToken, { inject = [], useFactory }: FactoryProvider): void {
    let made: { readonly value: unknown } | undefined
    const make = useFactory as (...dependencies: unknown[]) => unknown
    this.#factories.set(token, inject)
    this.#container.register(token, {
      useFactory: () => {
        made ??= { value: make(...inject.map((each) => this.resolve(each))) }
        return made.value
      },
    })
  }

  /**
   * Follows all dependencies of the tokens, and reports those that cannot be created: types without a class, tokens without a provider,
   * cycles. Creates nothing.
   *
   * @param scoped tokens that have a value for each connection; nothing that outlives a connection can inject them
   * @param client the connection's client class; `undefined` if the check is for the application
   */
  checkTokens(tokens: readonly unknown[], scoped: readonly Token[], client?: Class): readonly Mistake[] {
    this.#check = new DependencyCheck((each) => this.#registrations(each), scoped, client)
    this.#check.run(tokens)
    return this.#check.mistakes
  }

  /**
   * Registers the classes that the check has found. The container that creates an instance also disposes of it.
   *
   * @throws Error whatever a singleton's constructor throws
   */
  registerClasses(): void {
    const { classes, nodes } = this.#check ?? { classes: [], nodes: [] }
    for (const [target, tokens] of classes) {
      if (registeredClasses.get(target) === tokens) continue
      nameConstructorTokens(target, tokens)
      this.#tsyringe.injectable()(target)
      registeredClasses.set(target, tokens)
    }
    this.#watch(nodes)
  }

  isRegistered(token: Token): boolean {
    return this.#container.isRegistered(token as InjectionToken, true)
  }

  /**
   * Creates or returns the value of a token.
   *
   * @throws Error whatever a constructor or a factory throws
   */
  resolve<T>(token: Token<T>): T {
    return this.#container.resolve(token as InjectionToken<T>)
  }

  /**
   * Creates the singletons of parent containers immediately, in those containers. Otherwise, the first connection that requests a singleton
   * would own it (microsoft/tsyringe#237). Everything else in `nodes` is recorded when this container creates it.
   */
  #watch(nodes: readonly DependencyNode[]): void {
    for (const { token, isSingletonAbove } of nodes) {
      if (isSingletonAbove) this.#makeAbove(token as InjectionToken)
      if (isSingletonAbove || this.#watched.has(token)) continue
      this.#watched.add(token)
      this.#container.afterResolution(token as InjectionToken, (_token, result: unknown) => {
        for (const each of [result].flat()) {
          if (typeof each === 'object' && each !== null) this.disposables.add(each)
        }
      })
    }
  }

  /** Creates a singleton in the container in which it is registered. */
  #makeAbove(token: InjectionToken): void {
    if (!(this.#above instanceof Injector)) this.#above.resolve(token)
    else if (this.#above.#container.isRegistered(token)) this.#above.#container.resolve(token)
    else this.#above.#makeAbove(token)
  }

  #registrations(token: unknown): readonly Registration[] {
    const isOwn = this.#container.isRegistered(token as InjectionToken)
    const found = (this.#container as unknown as TsyringeInternals).getAllRegistrations(token) ?? []
    return found.map(({ provider, options }) => ({
      useClass: provider['useClass'],
      useToken: this.#aliases.get(token) ?? provider['useToken'],
      dependencies: this.#factories.get(token),
      isSingleton: options.lifecycle === this.#tsyringe.Lifecycle.Singleton,
      isOwn,
    }))
  }
}
