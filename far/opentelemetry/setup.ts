// Compiled with `exactOptionalPropertyTypes`: the class fits OpenTelemetry's interface without importing it.
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import type { Instrumentation } from '@opentelemetry/instrumentation'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { HoldfastInstrumentation } from 'holdfast/opentelemetry'
import type { HoldfastInstrumentationConfig } from 'holdfast/opentelemetry'

const config: HoldfastInstrumentationConfig = {
  spans: 'messages',
  propagate: { extract: (message) => (message as { meta?: Record<string, string> }).meta },
}
const instrumentation: Instrumentation = new HoldfastInstrumentation(config)
export const unregister = registerInstrumentations({ instrumentations: [instrumentation] })
export const sdk = new NodeSDK({ instrumentations: [new HoldfastInstrumentation()] })
