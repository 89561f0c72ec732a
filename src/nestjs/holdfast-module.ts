import type { Class } from '../core/token.js'
import { clientKey, describeKey } from './tokens.js'
import type { ClientKey } from './tokens.js'
import { ConnectionValues } from './connection-values.js'
import { HoldfastCoreModule } from './core-module.js'
import { Feature } from './features.js'
import type {
  HoldfastAsyncClientEntry,
  HoldfastClientEntry,
  HoldfastModuleAsyncOptions,
  HoldfastModuleOptions,
} from './features.js'
import { NestModule } from './nest-packages.js'
import type { DynamicModule, NestProvider } from './nest-packages.js'
import { Plans } from './plans.js'
import { ROOT_OPTIONS } from './tokens.js'

/**
 * Connects the clients of a Nest application. A client is a class with Holdfast's decorators in the `providers` of a Nest module. Nest
 * creates its instance, Holdfast connects it when the application starts, and closes it when the application shuts down.
 */
export class HoldfastModule {
  /** Sets options for all clients of the application. Import it once, in the root module. */
  static forRoot(options: HoldfastModuleOptions = {}): DynamicModule {
    return rootModule({ provide: ROOT_OPTIONS, useValue: options }, [])
  }

  /** Sets options for all clients of the application, with a factory that can inject providers. */
  static forRootAsync({ imports = [], inject = [], useFactory }: HoldfastModuleAsyncOptions): DynamicModule {
    return rootModule(factory(ROOT_OPTIONS, inject, useFactory), imports)
  }

  /**
   * Sets options for clients, and provides their connections to `@InjectConnection`. The clients themselves are listed in the `providers`
   * of a module.
   *
   * @param entries classes, or classes with options
   */
  static forFeature(entries: readonly (Class | HoldfastClientEntry)[]): DynamicModule {
    const features = entries.map((entry) => {
      const { use, name, ...options } = typeof entry === 'object' ? entry : { use: entry }
      return new Feature(clientKey(use, name, 'HoldfastModule.forFeature'), options)
    })
    return featureModule(features, [], [])
  }

  /** Sets options for clients, with factories that can inject providers. See {@link HoldfastModule.forFeature}. */
  static forFeatureAsync(entries: readonly HoldfastAsyncClientEntry[]): DynamicModule {
    const features: Feature[] = []
    const factories = entries.map(({ use, name, inject = [], useFactory }) => {
      const key = clientKey(use, name, 'HoldfastModule.forFeatureAsync')
      const provide = Symbol(`Options of ${describeKey(key)}, from HoldfastModule.forFeatureAsync`)
      const feature = new Feature(key, provide)
      features.push(feature)
      return factory(provide, [Plans, ...inject], async (plans: Plans, ...dependencies: never[]) => {
        plans.configure(feature, await useFactory(...dependencies))
      })
    })
    const imports = entries.flatMap((entry) => entry.imports ?? [])
    return featureModule(features, factories, imports)
  }
}

// Without options, `imports: [HoldfastModule]` is enough.
NestModule({ imports: [HoldfastCoreModule] })(HoldfastModule)

type Imports = NonNullable<DynamicModule['imports']>

function rootModule(options: NestProvider, imports: Imports): DynamicModule {
  return {
    module: HoldfastModule,
    global: true,
    imports,
    providers: [options],
    exports: [ROOT_OPTIONS],
  }
}

function featureModule(
  features: readonly Feature[],
  factories: NestProvider[],
  imports: Imports,
): DynamicModule {
  const records = features.map((feature) => ({ provide: Symbol('Holdfast feature'), useValue: feature }))
  const keys = [...new Set(features.map(({ key }) => key))]
  return {
    module: HoldfastModule,
    global: true,
    imports,
    providers: [...records, ...factories, ...keys.map(connectionOf)],
    exports: keys.map(({ connection }) => connection),
  }
}

function connectionOf(key: ClientKey): NestProvider {
  return {
    provide: key.connection,
    inject: [ConnectionValues],
    useFactory: (values: ConnectionValues) => values.connectionOf(key),
  }
}

/** Returns a provider for the result of a factory. */
function factory(
  provide: symbol,
  inject: readonly unknown[],
  useFactory: (...dependencies: never[]) => unknown,
): NestProvider {
  return { provide, inject: inject as symbol[], useFactory: useFactory }
}
