export { HoldfastInstrumentation } from './instrumentation.js'
export type { HoldfastInstrumentationConfig, MessagePropagation } from './config.js'
