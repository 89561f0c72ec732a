import { describeValue } from '../core/describe-value.js'
import type { Class } from '../core/token.js'
import type { Mistake } from '../errors/startup-error.js'
import type { ConnectionOptions } from '../options/options.js'
import { describeKey } from './tokens.js'
import type { ClientKey } from './tokens.js'
import type { ModuleMetadata, OptionalFactoryDependency } from './nest-packages.js'

/** Token of a Nest provider, as in Nest's own `inject` lists. */
export type DependencyToken =
  string | symbol | (abstract new (...args: never[]) => unknown) | OptionalFactoryDependency

/** Options for all clients of an application. Those of a class, and those of `forFeature`, override them. */
export interface HoldfastModuleOptions extends Omit<ConnectionOptions, 'url' | 'name'> {
  /**
   * Whether guards, interceptors, pipes, and filters that the application registers globally also apply to handlers. They then run for
   * each message of each client, and usually expect an HTTP request.
   *
   * @default false
   */
  readonly useGlobalEnhancers?: boolean | undefined
}

/** Options for `HoldfastModule.forRootAsync`. */
export interface HoldfastModuleAsyncOptions {
  /** Modules whose providers the factory injects. */
  readonly imports?: ModuleMetadata['imports'] | undefined
  /** Tokens that the factory receives, in order. */
  readonly inject?: readonly DependencyToken[] | undefined
  /** Returns the options, or a promise of them. */
  readonly useFactory: (...dependencies: never[]) => HoldfastModuleOptions | Promise<HoldfastModuleOptions>
}

/** Options of one client in a Nest application. They override those of its class. */
export interface HoldfastClientOptions extends Omit<ConnectionOptions, 'name'> {
  /**
   * Whether the application waits at startup until this client is ready: `false` does not wait, `true` waits as long as it takes, and a
   * number waits up to that many milliseconds. If the connection fails permanently while the application waits, the startup fails.
   *
   * @default false
   */
  readonly waitForOpen?: boolean | number | undefined
}

/** A client and its options, for `HoldfastModule.forFeature`. */
export interface HoldfastClientEntry extends HoldfastClientOptions {
  /** Class of the client. */
  readonly use: Class
  /** Name of the client, as passed to `provideClient`. Omit it for the client that is listed by its class. */
  readonly name?: string | undefined
}

/** A client and a factory for its options, for `HoldfastModule.forFeatureAsync`. */
export interface HoldfastAsyncClientEntry {
  /** Class of the client. */
  readonly use: Class
  /** Name of the client, as passed to `provideClient`. Omit it for the client that is listed by its class. */
  readonly name?: string | undefined
  /** Modules whose providers the factory injects. */
  readonly imports?: ModuleMetadata['imports'] | undefined
  /** Tokens that the factory receives, in order. */
  readonly inject?: readonly DependencyToken[] | undefined
  /** Returns the options, or a promise of them. */
  readonly useFactory: (...dependencies: never[]) => HoldfastClientOptions | Promise<HoldfastClientOptions>
}

/** Options of one client, as listed in `forFeature`. Applications can share it, because it has no state. */
export class Feature {
  readonly key: ClientKey
  /** Options; `undefined` if a factory returns them. */
  readonly options: HoldfastClientOptions | undefined
  /** Token of the factory that returns the options; `undefined` if none does. */
  readonly factory: symbol | undefined

  constructor(key: ClientKey, given: HoldfastClientOptions | symbol) {
    this.key = key
    if (typeof given === 'symbol') this.factory = given
    else this.options = given
  }
}

/** Reports a `waitForOpen` that is neither a boolean nor a time. */
export function findWaitMistake(waitForOpen: unknown, key: Pick<ClientKey, 'use' | 'name'>): Mistake[] {
  const isTime = typeof waitForOpen === 'number' && waitForOpen >= 0
  if (waitForOpen === undefined || typeof waitForOpen === 'boolean' || isTime) return []
  const cause = `expected a boolean or milliseconds, received ${describeValue(waitForOpen)}`
  return [
    {
      place: `${describeKey(key)}, options.waitForOpen`,
      cause,
      fix: 'use true, false, or a number such as 5_000',
    },
  ]
}
