// Entry point holdfast/transports.
export { createWsTransport } from './ws-transport.js'
export type { WsTransportOptions } from './ws-transport.js'
