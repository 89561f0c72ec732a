import './reflect.js'
import { Lifecycle, container as globalContainer, injectable } from 'tsyringe'
import type { DependencyContainer, InjectionToken } from 'tsyringe'
import { nameConstructorTokens, ownClientOptions } from './annotations/metadata.js'
import { DependencyCheck } from './dependency-check.js'
import type { DependencyNode, Registration } from './dependency-check.js'
import type { Mistake } from './errors.js'
import { toError } from './errors.js'
import type { Class, Provider, Token } from './token.js'

export type { DependencyContainer } from 'tsyringe'

/** What tsyringe keeps of a registration. Its api has no way to ask; without it nothing could be checked before it is made. */
interface TsyringeRegistration {
  readonly provider: Record<string, unknown>
  readonly options: { readonly lifecycle: Lifecycle }
}

interface TsyringeInternals {
  getRegistration(token: unknown): TsyringeRegistration | null
}

/** A container of ours over one of tsyringe's: it knows what it has made, and disposes of that in reverse order. */
export class Injector {
  readonly #container: DependencyContainer
  readonly #above: Injector | DependencyContainer
  readonly #made = new Set<object>()
  readonly #watched = new Set<unknown>()
  /** What the factories of a module ask for. */
  readonly #factories = new Map<unknown, readonly unknown[]>()

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
    this.#container.register(token as InjectionToken, { useValue: value })
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
    else if ('useExisting' in provider) container.register(token, { useToken: provider.useExisting as InjectionToken })
    else if ('useValue' in provider) container.register(token, { useValue: provider.useValue })
    else {
      let made: { readonly value: unknown } | undefined
      const dependencies = (provider.inject ?? []) as InjectionToken[]
      this.#factories.set(token, dependencies)
      const make = provider.useFactory as (...dependencies: unknown[]) => unknown
      const useFactory = (): unknown => {
        made ??= { value: make(...dependencies.map((each) => container.resolve(each))) }
        return made.value
      }
      container.register(token, { useFactory })
    }
  }

  /** Makes a client class known to tsyringe, each connection's instance its own. */
  registerClient(client: Class): void {
    const options = ownClientOptions(client)
    if (options?.inject) nameConstructorTokens(client, options.inject)
    if (options) injectable()(client as new () => object)
    this.#container.register(client as InjectionToken, { useClass: client as new () => object })
  }

  /**
   * Follows all that a token depends on, and finds what cannot be made: types that are none, tokens that nobody provides, cycles.
   * What it finds well is watched, so that it will be disposed of by whoever has made it.
   *
   * @param scoped tokens that each connection will have; nothing that outlives a connection may ask for them
   */
  check(token: unknown, scoped: readonly Token[], isApplication: boolean): Mistake[] {
    const check = new DependencyCheck((each) => this.#registration(each), scoped, isApplication)
    check.follow(token)
    if (check.mistakes.length === 0) this.#watch(check.nodes)
    return check.mistakes
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

  /** Disposes of all that was made here, the last first. One that fails stops none of the others. */
  async dispose(): Promise<Error[]> {
    const errors: Error[] = []
    const made = [...this.#made].reverse()
    this.#made.clear()
    for (const each of made) {
      try {
        await disposerOf(each)?.call(each)
      } catch (thrown) {
        errors.push(toError(thrown))
      }
    }
    return errors
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
          if (typeof each === 'object' && each !== null && disposerOf(each)) this.#made.add(each)
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

  #registration(token: unknown): Registration | undefined {
    const isOwn = this.#container.isRegistered(token as InjectionToken)
    const found = (this.#container as unknown as TsyringeInternals).getRegistration(token)
    if (!found) return undefined
    const { useClass, useToken } = found.provider
    const isSingleton = found.options.lifecycle === Lifecycle.Singleton
    return { useClass, useToken, dependencies: this.#factories.get(token), isSingleton, isOwn }
  }
}

/** Finds how an instance wants to be disposed of: `dispose()`, as tsyringe has it, or one of the language's own two. */
function disposerOf(instance: object): (() => unknown) | undefined {
  const { dispose, [Symbol.asyncDispose]: asyncDispose, [Symbol.dispose]: syncDispose } = instance as {
    dispose?: () => unknown
    [Symbol.asyncDispose]?: () => unknown
    [Symbol.dispose]?: () => unknown
  }
  return [dispose, asyncDispose, syncDispose].find((each) => typeof each === 'function')
}
