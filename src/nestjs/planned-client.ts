import { ClientBuilder } from '../app/client-builder.js'
import type { Client } from '../app/client.js'
import type { ClientScope } from '../app/connection-scope.js'
import { Disposables } from '../app/disposables.js'
import { PlainFactory } from '../app/plain-factory.js'
import type { ConnectionScope, InstanceFactory } from '../app/instance-factory.js'
import { systemClock } from '../core/clock.js'
import type { Clock } from '../core/clock.js'
import type { Class } from '../core/token.js'
import type { Around } from '../dispatch/invoker.js'
import type { Mistake } from '../errors/startup-error.js'
import { mergeOptions } from '../options/merge-options.js'
import type { ConnectionOptions } from '../options/options.js'
import { NO_URL } from '../options/validate-options.js'
import { describeKey } from './tokens.js'
import type { ClientKey } from './tokens.js'
import { findWaitMistake } from './features.js'
import type { HoldfastClientOptions } from './features.js'

/** Options of one client, by where they come from. Later ones win. */
export interface OptionLayers {
  readonly defaults: ConnectionOptions
  readonly given: readonly HoldfastClientOptions[]
  readonly overrides: ConnectionOptions
}

/** Class of a client and, if it has one, its name. */
export type Identity = Pick<ClientKey, 'use' | 'name' | 'target'>

/** Creates an instance through Nest. */
export type CreateInstance = <T extends object>(target: Class<T>, scope: ConnectionScope) => Promise<T>

/** Creates the instances of clients that the application opens at run time. Those of its modules belong to Nest. */
class NestInstances implements InstanceFactory {
  readonly disposables = new Disposables()
  readonly #create: CreateInstance

  constructor(create: CreateInstance) {
    this.#create = create
  }

  /** Reports nothing: Nest reports what it cannot create. */
  check(): readonly Mistake[] {
    return []
  }

  async make<T extends object>(target: Class<T>, scope: ConnectionScope): Promise<T> {
    const instance = await this.#create(target, scope)
    this.disposables.add(instance)
    return instance
  }
}

/** Stands in for a client that cannot start. */
class Unstartable {}

/** Builds a connection that can be injected, but never starts. The problems that prevent the start are reported once all have been found. */
export function unstartable(): ClientBuilder {
  return new ClientBuilder(Unstartable, new PlainFactory(), [{ url: 'ws://localhost', logger: false }], {})
}

/** One client of an application: its options, the problems in them, and its connection, which exists before its instance. */
export class PlannedClient {
  readonly identity: Identity
  readonly mistakes: readonly Mistake[]
  readonly waitForOpen: boolean | number
  readonly clock: Clock
  readonly #builder: ClientBuilder
  #scope: ClientScope | undefined
  #client: Client | undefined

  private constructor(
    identity: Identity,
    mistakes: readonly Mistake[],
    { waitForOpen = false, clock = systemClock }: HoldfastClientOptions,
    builder: ClientBuilder,
  ) {
    this.identity = identity
    this.mistakes = mistakes
    this.waitForOpen = waitForOpen
    this.clock = clock
    this.#builder = builder
  }

  /** Validates a client. Creates nothing. */
  static async plan(
    identity: Identity,
    { defaults, given, overrides }: OptionLayers,
    create: CreateInstance,
  ): Promise<PlannedClient> {
    const factory = new NestInstances(create)
    const layers = [
      ...given.map((each) => ({ ...each, waitForOpen: undefined })),
      { name: identity.name },
      overrides,
    ]
    const builder = new ClientBuilder(identity.target, factory, layers, defaults)
    const found = await builder.check([])
    const together = mergeOptions<HoldfastClientOptions>(defaults, ...given, overrides)
    const mistakes = [
      ...found.map((mistake) => inClient(mistake, identity)),
      ...findWaitMistake(together.waitForOpen, identity),
    ]
    if (mistakes.length === 0) return new PlannedClient(identity, mistakes, together, builder)
    return new PlannedClient(identity, mistakes, together, unstartable())
  }

  /** Values of the client's connection, which is created with the first of them. */
  get scope(): ClientScope {
    return (this.#scope ??= this.#builder.open())
  }

  /** The client, once it has its instance. */
  get client(): Client | undefined {
    return this.#client
  }

  /** Creates the instance, and wires it to its connection. */
  async build(aroundOf: (instance: object) => Around | undefined): Promise<Client> {
    this.#client = await this.#builder.build(aroundOf)
    return this.#client
  }

  /** Wires an instance that Nest has created to its connection. */
  attach(instance: object, around: Around | undefined): Client {
    this.#client = this.#builder.attach(instance, this.scope, around)
    return this.#client
  }

  /** Ends a connection that has not started. */
  rollback(): Promise<void> {
    return this.#builder.rollback()
  }
}

/** Adds the client to the location of a problem in its options. */
function inClient(mistake: Mistake, { use, name }: Identity): Mistake {
  const described = describeKey({ use, name })
  if (mistake.cause === NO_URL) {
    const entry = name === undefined ? `use: ${use.name}` : `use: ${use.name}, name: '${name}'`
    const fix = `add one: HoldfastModule.forFeature([{ ${entry}, url: 'wss://…' }]), or @WebSocketClient({ url: 'wss://…' }) on ${use.name}`
    return { place: described, cause: NO_URL, fix }
  }
  return mistake.place.startsWith('options.')
    ? { ...mistake, place: `${described}, ${mistake.place}` }
    : mistake
}
