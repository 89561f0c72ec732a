/**
 * Metrics and traces for OpenTelemetry. Requires the package `@opentelemetry/api`.
 *
 * @packageDocumentation
 */
export { HoldfastInstrumentation } from './instrumentation.js'
export type { HoldfastInstrumentationConfig, MessagePropagation } from './config.js'
