/**
 * The default transport with your own settings.
 *
 * @packageDocumentation
 */
export { createWsTransport } from './ws-transport.js'
export type { WsTransportOptions } from './ws-transport.js'
