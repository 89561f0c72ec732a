/**
 * A live page that shows all connections of the process.
 *
 * @packageDocumentation
 */
export { Inspector, startInspector } from './inspector.js'
export type { InspectorOptions } from './inspector.js'
