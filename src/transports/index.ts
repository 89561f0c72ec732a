// Entry point holdfast/transports.
export { createWsTransport } from './ws/ws-transport.js'
export type { WsTransportOptions } from './ws/ws-transport.js'
