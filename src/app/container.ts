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

/** What tsyringe keeps of a registration. Its api has no way to ask; without it nothing could be checked before it is made. */
interface TsyringeRegistration {
  readonly provider: Record<string, unknown>
  readonly options: { readonly lifecycle: Lifecycle }
}

interface TsyringeInternals {
  getAllRegistrations(token: unknown): readonly TsyringeRegistration[] | null
}

/** Shared like tsyringe's own record, which is global: the classes that it can make, and the tokens of each. */
const registeredClasses = new WeakMap<Class, readonly unknown[]>()

/**
 * Makes instances with tsyringe: a container of ours over one of the user's, which knows what it has made and disposes of that in
 * reverse order.
 */
export class Injector implements InstanceFactory {
  readonly disposables = new Disposables()
  readonly #tsyringe: typeof Tsyringe
  readonly #container: DependencyContainer
  readonly #above: Injector | DependencyContainer
  readonly #watched = new Set<unknown>()
  /** Tokens that the factories of a module inject. */
  readonly #factories = new Map<unknown, readonly unknown[]>()
  /** Other names, and what they stand for. */
  readonly #aliases = new Map<unknown, unknown>()
  #check: DependencyCheck | undefined

  private constructor(tsyringe: typeof Tsyringe, above: Injector | DependencyContainer) {
    this.#tsyringe = tsyringe
    this.#above = above
    this.#container = (above instanceof Injector ? above.#container : above).createChildContainer()
  }

  /** Makes a container under the given one, or under tsyringe's own. Neither of those is ever disposed of. */
  static under(tsyringe: typeof Tsyringe, container: object | undefined): Injector {
    return new Injector(tsyringe, (container as DependencyContainer | undefined) ?? tsyringe.container)
  }

  /** Makes the container of one connection of an application. */
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

  /** Registers a value under a token; it is never disposed. */
  #registerValue(token: Token, value: unknown): void {
    // Not useValue: tsyringe takes that for a class where the value is null or undefined.
    this.#container.register(token as InjectionToken, { useFactory: () => value })
  }

  /** Registers what a module provides: made once. */
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

  /** tsyringe's own aliases throw where they form a circle: this one leaves that to the check. */
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
   * Follows all that tokens depend on, and finds what cannot be made: types that are none, tokens that nobody provides, cycles.
   * Nothing is made.
   *
   * @param scoped tokens that each connection will have; nothing that outlives a connection may ask for them
   * @param client the class of the connection that it is done for; without one, it is done for the application
   */
  checkTokens(tokens: readonly unknown[], scoped: readonly Token[], client?: Class): readonly Mistake[] {
    this.#check = new DependencyCheck((each) => this.#registrations(each), scoped, client)
    this.#check.run(tokens)
    return this.#check.mistakes
  }

  /**
   * Readies a provider that the check has found well: it can be made from now on, and its maker disposes of it.
   *
   * @throws Error whatever the constructor of a singleton throws
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
   * Makes what a token stands for.
   *
   * @throws Error whatever a constructor or a factory throws
   */
  resolve<T>(token: Token<T>): T {
    return this.#container.resolve(token as InjectionToken<T>)
  }

  /**
   * Singletons of the containers above are made there, now: tsyringe would let whichever connection asks first own them
   * (microsoft/tsyringe#237). Everything else that a walk has met is noted as it is made here.
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

  /** Makes a singleton in the container that it is registered in. */
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
