/**
 * Clients that Nest creates and Holdfast connects. Requires the packages `@nestjs/common` and `@nestjs/core`.
 *
 * @packageDocumentation
 */
export { isHoldfastContext } from './enhancers.js'
export type {
  DependencyToken,
  HoldfastAsyncClientEntry,
  HoldfastClientEntry,
  HoldfastClientOptions,
  HoldfastModuleAsyncOptions,
  HoldfastModuleOptions,
} from './features.js'
export { HoldfastHealthIndicator } from './health-indicator.js'
export type { HealthCheckOptions, HealthDetails, HealthResult, HealthStatus } from './health-indicator.js'
export { HoldfastClients } from './holdfast-clients.js'
export type { OpenClientOptions } from './holdfast-clients.js'
export { HoldfastModule } from './holdfast-module.js'
export {
  HOLDFAST_CLOCK,
  HOLDFAST_RANDOM,
  HOLDFAST_TRANSPORT,
  InjectClient,
  InjectConnection,
  getClientToken,
  getConnectionToken,
  provideClient,
} from './tokens.js'
