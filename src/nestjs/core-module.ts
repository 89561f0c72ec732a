import { CONNECTION_TOKENS } from '../app/connection-scope.js'
import { CloseCode } from '../link/close-code.js'
import { ClientRegistry } from './client-registry.js'
import { ConnectionValues } from './connection-values.js'
import { Enhancers } from './enhancers.js'
import type { HoldfastModuleOptions } from './features.js'
import { HoldfastHealthIndicator } from './health-indicator.js'
import { HoldfastClients } from './holdfast-clients.js'
import { Instantiation } from './instantiation.js'
import {
  DiscoveryModule,
  DiscoveryService,
  ExternalContextCreator,
  Global,
  INQUIRER,
  ModulesContainer,
  NestModule,
  Scope,
} from './nest-packages.js'
import type {
  BeforeApplicationShutdown,
  NestProvider,
  OnApplicationBootstrap,
  OnModuleDestroy,
} from './nest-packages.js'
import { Plans } from './plans.js'
import type { Overrides } from './plans.js'
import { HOLDFAST_CLOCK, HOLDFAST_RANDOM, HOLDFAST_TRANSPORT, ROOT_OPTIONS } from './tokens.js'

const OVERRIDES = Symbol('Holdfast overrides')

/** Starts and closes the clients of the application in Nest's hooks. */
class Lifecycle implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  readonly #registry: ClientRegistry

  constructor(registry: ClientRegistry) {
    this.#registry = registry
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#registry.start()
  }

  onModuleDestroy(): void {
    this.#registry.pause()
  }

  /** Nest closes its HTTP server, and other modules release their resources, in later hooks. */
  async beforeApplicationShutdown(signal?: string): Promise<void> {
    if (signal === undefined) await this.#registry.close(CloseCode.NORMAL)
    else await this.#registry.close(CloseCode.GOING_AWAY, 'the process is shutting down')
  }
}

const PROVIDERS: NestProvider[] = [
  ...[HOLDFAST_TRANSPORT, HOLDFAST_CLOCK, HOLDFAST_RANDOM].map((provide) => ({
    provide,
    useFactory: () => undefined,
  })),
  {
    provide: OVERRIDES,
    inject: [HOLDFAST_TRANSPORT, HOLDFAST_CLOCK, HOLDFAST_RANDOM],
    useFactory: (
      transport: Overrides['transport'],
      clock: Overrides['clock'],
      random: Overrides['random'],
    ): Overrides => ({ transport, clock, random }),
  },
  {
    provide: Instantiation,
    inject: [DiscoveryService],
    useFactory: (discovery: DiscoveryService) => new Instantiation(discovery),
  },
  {
    provide: Plans,
    inject: [DiscoveryService, Instantiation, OVERRIDES, { token: ROOT_OPTIONS, optional: true }],
    useFactory: (
      discovery: DiscoveryService,
      instantiation: Instantiation,
      overrides: Overrides,
      options: HoldfastModuleOptions = {},
    ) => {
      return new Plans(discovery.getProviders(), options, overrides, (target, scope) =>
        instantiation.create(target, scope),
      )
    },
  },
  {
    provide: ConnectionValues,
    inject: [Plans, Instantiation],
    useFactory: (plans: Plans, instantiation: Instantiation) => new ConnectionValues(plans, instantiation),
  },
  {
    provide: Enhancers,
    inject: [ExternalContextCreator, ModulesContainer, { token: ROOT_OPTIONS, optional: true }],
    useFactory: (
      creator: ExternalContextCreator,
      modules: ModulesContainer,
      options?: HoldfastModuleOptions,
    ) => {
      return options?.useGlobalEnhancers
        ? Enhancers.withGlobal(creator, modules)
        : Enhancers.ofHandlers(modules)
    },
  },
  {
    provide: ClientRegistry,
    inject: [DiscoveryService, Plans, ConnectionValues, Enhancers],
    useFactory: (discovery: DiscoveryService, plans: Plans, values: ConnectionValues, enhancers: Enhancers) =>
      new ClientRegistry(discovery, plans, values, enhancers),
  },
  {
    provide: Lifecycle,
    inject: [ClientRegistry],
    useFactory: (registry: ClientRegistry) => new Lifecycle(registry),
  },
  {
    provide: HoldfastClients,
    inject: [ClientRegistry],
    useFactory: (registry: ClientRegistry) => new HoldfastClients(registry),
  },
  {
    provide: HoldfastHealthIndicator,
    inject: [ClientRegistry, DiscoveryService],
    useFactory: (registry: ClientRegistry, discovery: DiscoveryService) =>
      new HoldfastHealthIndicator(registry, discovery),
  },
]

/** Values of a connection. Each client receives different ones, because Nest creates them for each class that injects them. */
const VALUES: NestProvider[] = CONNECTION_TOKENS.map((token) => ({
  provide: token as symbol,
  scope: Scope.TRANSIENT,
  inject: [INQUIRER, ConnectionValues],
  useFactory: (inquirer: object | undefined, values: ConnectionValues) => values.valueFor(inquirer, token),
}))

/** The providers that all modules of an application share. Has no state, which belongs to the providers of each application. */
export class HoldfastCoreModule {}

NestModule({
  imports: [DiscoveryModule],
  providers: [...PROVIDERS, ...VALUES],
  exports: [
    Plans,
    ConnectionValues,
    HoldfastClients,
    HoldfastHealthIndicator,
    ...(CONNECTION_TOKENS as symbol[]),
  ],
})(HoldfastCoreModule)
Global()(HoldfastCoreModule)
