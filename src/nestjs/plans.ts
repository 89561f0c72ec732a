import { clientOptions } from '../annotations/metadata.js'
import { deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { describeValue } from '../core/describe-value.js'
import { className } from '../core/token.js'
import type { Class } from '../core/token.js'
import { StartupError } from '../errors/startup-error.js'
import type { Mistake } from '../errors/startup-error.js'
import { mergeClientOptions } from '../options/merge-options.js'
import type { ConnectionOptions } from '../options/options.js'
import { isObject } from '../options/rules.js'
import { describeKey } from './tokens.js'
import type { ClientKey } from './tokens.js'
import { Feature } from './features.js'
import type { HoldfastClientOptions, HoldfastModuleOptions } from './features.js'
import { ConnectionLogger } from './nest-logger.js'
import { PlannedClient } from './planned-client.js'
import type { CreateInstance } from './planned-client.js'
import { dependsOn } from './providers.js'
import type { Wrapper } from './providers.js'

/** Values of the override tokens. */
export interface Overrides {
  readonly transport: ConnectionOptions['transport']
  readonly clock: ConnectionOptions['clock']
  readonly random: ConnectionOptions['random']
}

/** The clients of one application, each planned once, with the options of all modules. */
export class Plans {
  readonly #wrappers: readonly Wrapper[]
  readonly #root: ConnectionOptions
  readonly #overrides: ConnectionOptions
  readonly #create: CreateInstance
  /** Options of all `forFeature` calls. They can arrive later, because Nest creates providers in parallel. */
  readonly #features = new Map<Feature, Deferred<HoldfastClientOptions>>()
  readonly #plans = new Map<Class, Promise<PlannedClient>>()
  readonly #mistakes: Mistake[] = []

  /** @param wrappers all providers of the application, before Nest creates their values */
  constructor(
    wrappers: readonly Wrapper[],
    root: HoldfastModuleOptions,
    overrides: Overrides,
    create: CreateInstance,
  ) {
    this.#wrappers = wrappers
    this.#root = { ...root, useGlobalEnhancers: undefined } as ConnectionOptions
    this.#overrides = { ...overrides }
    this.#create = create
    for (const { instance } of wrappers) {
      if (!(instance instanceof Feature)) continue
      const options = deferred<HoldfastClientOptions>()
      if (instance.options) options.resolve(instance.options)
      this.#features.set(instance, options)
    }
  }

  /** Clients that have been planned so far. */
  get all(): Promise<PlannedClient[]> {
    return Promise.all(this.#plans.values())
  }

  has(target: Class): boolean {
    return this.#plans.has(target)
  }

  /** Records the options that a factory has returned. */
  configure(feature: Feature, given: unknown): void {
    const options = given ?? {}
    const isRight = isObject(options)
    if (!isRight) {
      const cause = `expected an object, received ${describeValue(given)}`
      this.#mistakes.push({
        place: placeOf(feature),
        cause,
        fix: 'return the options of the client: { url: … }',
      })
    }
    this.#features.get(feature)?.resolve(isRight ? options : {})
  }

  /** Returns the plan of a client. Waits for its options if a factory returns them. */
  plan(key: ClientKey): Promise<PlannedClient> {
    let plan = this.#plans.get(key.target)
    if (!plan) {
      plan = this.create(key, key.name, {})
      this.#plans.set(key.target, plan)
    }
    return plan
  }

  /**
   * Rejects the plan of a client if a factory of its options injects something that waits for the plan. Nest would wait for both
   * indefinitely.
   *
   * @param isWaiting tells which providers wait for the plan
   */
  rejectCircle(key: ClientKey, isWaiting: (wrapper: Wrapper) => boolean): void {
    for (const feature of this.#featuresOf(key)) {
      const wrapper = this.#wrappers.find(({ token }) => token === feature.factory)
      if (!wrapper || !dependsOn(wrapper, isWaiting)) continue
      const cause = `injects ${describeKey(key)} or its connection, directly or indirectly, and that waits for these options`
      const fix = 'inject only what the options need, such as ConfigService'
      const error = new StartupError('the application', [{ place: placeOf(feature), cause, fix }])
      this.#features.get(feature)?.reject(error)
    }
  }

  /** Plans a client that the application opens at run time. */
  async create(key: ClientKey, name: string | undefined, own: HoldfastClientOptions): Promise<PlannedClient> {
    const features = this.#featuresOf(key)
    const given = await Promise.all(features.map(async (feature) => this.#features.get(feature)?.promise))
    const { use } = key
    const logger = new ConnectionLogger(name ?? clientOptions(use)?.name ?? className(use))
    const defaults = mergeClientOptions<ConnectionOptions>({ logger }, this.#root)
    const layers = { defaults, given: [...given.map((each) => each ?? {}), own], overrides: this.#overrides }
    return PlannedClient.plan({ ...key, name }, layers, this.#create)
  }

  /** Returns the options for all clients of a class, followed by those for this client. */
  #featuresOf(key: ClientKey): Feature[] {
    const isOf = (feature: Feature): boolean => feature.key === key
    const shared = [...this.#features.keys()].filter((feature) => {
      return feature.key.use === key.use && feature.key.name === undefined && !isOf(feature)
    })
    return [...shared, ...[...this.#features.keys()].filter(isOf)]
  }

  /**
   * Reports clients that `forFeature` lists more than once, or that no module provides.
   *
   * @param targets classes of all clients that modules provide
   * @param wrappers all providers of the application, including those that replace a client in a test
   */
  findMistakes(targets: readonly Class[], wrappers: readonly Wrapper[]): readonly Mistake[] {
    const mistakes = [...this.#mistakes]
    const features = [...this.#features.keys()]
    for (const key of new Set(features.map((feature) => feature.key))) {
      const described = describeKey(key)
      if (features.filter((feature) => feature.key === key).length > 1) {
        const fix = 'merge the entries into one'
        mistakes.push({ place: 'HoldfastModule.forFeature', cause: `lists ${described} more than once`, fix })
      }
      const { name, use } = key
      const isReplaced = wrappers.some(({ token }) => token === key.target)
      const isProvided = targets.some(
        (each) => each === key.target || (name === undefined && isSubclass(each, use)),
      )
      if (isReplaced || isProvided) continue
      const provider = name === undefined ? className(use) : `provideClient(${className(use)}, '${name}')`
      mistakes.push({
        place: 'HoldfastModule.forFeature',
        cause: `no module provides the client ${described}, so it would never connect`,
        fix: `add ${provider} to the providers of a module`,
      })
    }
    return mistakes
  }
}

function placeOf({ key }: Feature): string {
  return `HoldfastModule.forFeatureAsync, ${describeKey(key)}, useFactory`
}

function isSubclass(target: Class, use: Class): boolean {
  return target.prototype instanceof use
}
