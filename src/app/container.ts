import '../annotations/reflect.js'
import { Lifecycle, container as globalContainer, injectable } from 'tsyringe'
import type { DependencyContainer, InjectionToken } from 'tsyringe'
import { nameConstructorTokens } from '../annotations/metadata.js'
import { DependencyCheck } from './dependency-check.js'
import type { DependencyNode, Registration } from './dependency-check.js'
import type { Mistake } from '../errors/startup-error.js'
import { toError } from '../core/error-text.js'
import type { Class, FactoryProvider, Provider, Token } from '../core/token.js'

export type { DependencyContainer } from 'tsyringe'

/** What tsyringe keeps of a registration. Its api has no way to ask; without it nothing could be checked before it is made. */
interface TsyringeRegistration {
  readonly provider: Record<string, unknown>
  readonly options: { readonly lifecycle: Lifecycle }
}

interface TsyringeInternals {
  getAllRegistrations(token: unknown): readonly TsyringeRegistration[] | null
}

/** The classes that tsyringe knows how to make, and what each is made with. */
const registeredClasses = new WeakMap<Class, readonly unknown[]>()

/** A container of ours over one of tsyringe's: it knows what it has made, and disposes of that in reverse order. */
export class Injector {
  readonly #container: DependencyContainer
  readonly #above: Injector | DependencyContainer
  readonly #disposables = new Disposables()
  readonly #watched = new Set<unknown>()
  /** What the factories of a module ask for. */
  readonly #factories = new Map<unknown, readonly unknown[]>()
  /** Other names, and what they stand for. */
  readonly #aliases = new Map<unknown, unknown>()
  #check: DependencyCheck | undefined

  private constructor(above: Injector | DependencyContainer) {
    this.#above = above
    this.#container = (above instanceof Injector ? above.#container : above).createChildContainer()
  }

  /** Makes a container under the given one, or under tsyringe's own. Neither of those is ever disposed of. */
  static under(container: DependencyContainer | undefined): Injector {
    return new Injector(container ?? globalContainer)
  }

  /** Makes the container of one connection of an application. */
  child(): Injector {
    return new Injector(this)
  }

  /** Registers a value under a token; it is never disposed. */
  registerValue(token: Token, value: unknown): void {
    // Not useValue: tsyringe takes that for a class where the value is null or undefined.
    this.#container.register(token as InjectionToken, { useFactory: () => value })
  }

  /** Registers something that is made when it is first asked for; it is never disposed. */
  registerLazily(token: Token, make: () => object): void {
    let made: object | undefined
    this.#container.register(token as InjectionToken, { useFactory: () => (made ??= make()) })
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
    else if ('useValue' in provider) this.registerValue(provider.provide, provider.useValue)
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

  /** Makes a client class known to tsyringe, each connection's instance its own. */
  registerClient(client: Class): void {
    this.#container.register(client as InjectionToken, { useClass: client })
  }

  /**
   * Follows all that tokens depend on, and finds what cannot be made: types that are none, tokens that nobody provides, cycles.
   * Nothing is made.
   *
   * @param scoped tokens that each connection will have; nothing that outlives a connection may ask for them
   * @param client the class of the connection that it is done for; without one, it is done for the application
   */
  check(tokens: readonly unknown[], scoped: readonly Token[], client?: Class): readonly Mistake[] {
    this.#check = new DependencyCheck((each) => this.#registrations(each), scoped, client)
    this.#check.run(tokens)
    return this.#check.mistakes
  }

  /**
   * Readies what the check has found well: it can be made from now on, and will be disposed of by whoever has made it.
   *
   * @throws Error whatever the constructor of a singleton throws
   */
  registerClasses(): void {
    const { classes, nodes } = this.#check ?? { classes: [], nodes: [] }
    for (const [target, tokens] of classes) {
      if (registeredClasses.get(target) === tokens) continue
      nameConstructorTokens(target, tokens)
      injectable()(target)
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

  /** What has been made here and is to be disposed of: all that is left to be kept once a client has been made. */
  get disposables(): Disposables {
    return this.#disposables
  }

  /** Disposes of all that was made here, the last first. One that fails stops none of the others. */
  dispose(): Promise<Error[]> {
    return this.#disposables.dispose()
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
          if (typeof each === 'object' && each !== null) this.#disposables.add(each)
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
      isSingleton: options.lifecycle === Lifecycle.Singleton,
      isOwn,
    }))
  }
}

/** Instances to be disposed of together. */
export class Disposables {
  #made: Set<object> | undefined

  /** Notes an instance, if it can be disposed of. */
  add(instance: object): void {
    if (!disposerOf(instance)) return
    this.#made ??= new Set()
    this.#made.add(instance)
  }

  /** Disposes of all, the last first. One that fails stops none of the others. */
  async dispose(): Promise<Error[]> {
    const errors: Error[] = []
    const made = [...(this.#made ?? [])].reverse()
    this.#made = undefined
    for (const each of made) {
      try {
        await disposerOf(each)?.call(each)
      } catch (thrown) {
        errors.push(toError(thrown))
      }
    }
    return errors
  }
}

/** Finds how an instance wants to be disposed of: `dispose()`, as tsyringe has it, or one of the language's own two. */
function disposerOf(instance: object): (() => unknown) | undefined {
  const {
    dispose,
    [Symbol.asyncDispose]: asyncDispose,
    [Symbol.dispose]: syncDispose,
  } = instance as {
    dispose?: () => unknown
    [Symbol.asyncDispose]?: () => unknown
    [Symbol.dispose]?: () => unknown
  }
  // A `dispose` with parameters disposes of something else.
  if (typeof dispose === 'function' && dispose.length === 0) return dispose
  return [asyncDispose, syncDispose].find((each) => typeof each === 'function')
}
