import type { Class } from '../core/token.js'
import type { ClientRegistry } from './client-registry.js'
import { describeKey } from './tokens.js'
import type { DiscoveryService } from './nest-packages.js'
import type { PlannedClient } from './planned-client.js'

/** Options for `HoldfastHealthIndicator.check`. */
export interface HealthCheckOptions {
  /** Name of the client, if it has one. */
  readonly name?: string | undefined
  /** Time without data, in milliseconds, after which an open connection is reported as `down`. @default no limit */
  readonly maxSilence?: number | undefined
}

/** Health of a client. */
export type HealthStatus = 'up' | 'degraded' | 'down'

/** Details of a client's health. */
export interface HealthDetails {
  /** State of the connection. */
  readonly state: string
  /** Milliseconds since data last arrived, while the connection is open. */
  readonly silence?: number | undefined
  /** Number of the next attempt, while Holdfast waits to reconnect. */
  readonly attempt?: number | undefined
  /** Reason why the connection is not open. */
  readonly message?: string | undefined
}

/** Result in the form that `@nestjs/terminus` expects. */
export type HealthResult<Key extends string, Status extends string> = Record<
  Key,
  HealthDetails & {
    /** Health of the client. */
    readonly status: Status
  }
>

/**
 * Reports the health of clients to `@nestjs/terminus`. An open client is `up`. A client that is connecting or waiting to reconnect is
 * `degraded`, and the application stays healthy. A client is `down` once it has ended permanently, or has been silent for too long.
 */
export class HoldfastHealthIndicator {
  readonly #registry: ClientRegistry
  readonly #discovery: DiscoveryService

  /** @internal */
  constructor(registry: ClientRegistry, discovery: DiscoveryService) {
    this.#registry = registry
    this.#discovery = discovery
  }

  /**
   * Returns the health of a client. In `@nestjs/terminus` 11, which ignores `degraded`, such a client is `up`; see its `state`.
   *
   * @param key name of the client in the report
   */
  check<Key extends string, Status extends string = HealthStatus>(
    key: Key,
    target: Class,
    { name, maxSilence = Infinity }: HealthCheckOptions = {},
  ): HealthResult<Key, Status> {
    const [plan] = this.#registry.find(target, name)
    const { status, ...details } = plan
      ? healthOf(plan, maxSilence)
      : { status: 'down', state: 'closed', message: `${describeKey({ use: target, name })} is not running` }
    const shown = status === 'degraded' && !this.#knowsDegraded() ? 'up' : status
    return { [key]: { status: shown, ...details } } as HealthResult<Key, Status>
  }

  /** Returns false if the application uses a version of terminus that would leave a degraded client out of the report. */
  #knowsDegraded(): boolean {
    const service = this.#discovery.getProviders().find(({ name }) => name === 'HealthIndicatorService')
    const terminus = service?.instance as { check?: (key: string) => { degraded?: unknown } } | undefined
    return typeof terminus?.check !== 'function' || typeof terminus.check('').degraded === 'function'
  }
}

function healthOf(
  { client, clock }: PlannedClient,
  maxSilence: number,
): HealthDetails & { status: HealthStatus } {
  if (!client) return { status: 'down', state: 'closed' }
  const { state, heartbeat } = client.connection
  switch (state.status) {
    case 'open': {
      const silence = Math.max(0, Math.round(clock.date() - (heartbeat.lastSeen ?? clock.date())))
      return { status: silence > maxSilence ? 'down' : 'up', state: state.status, silence }
    }
    case 'waiting':
      return { status: 'degraded', state: state.status, attempt: state.attempt, message: state.cause.message }
    case 'connecting':
    case 'opening':
      return { status: 'degraded', state: state.status }
    case 'closing':
      return { status: 'down', state: state.status, message: state.reason }
    case 'closed':
      return {
        status: 'down',
        state: state.status,
        message: state.close.error?.message ?? state.close.reason,
      }
  }
}
