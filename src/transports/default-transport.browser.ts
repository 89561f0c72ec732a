import type { Connect } from './transport.js'

/** There is no transport over the WebSocket of a browser yet. */
export const connectDefault: Connect = () => {
  throw new Error('No default transport in this runtime. Pass the transport option')
}
