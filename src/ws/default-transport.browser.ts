import type { Connect } from '../transports/transport.js'

/** Default transport in browsers, which do not have one yet. */
export const connectDefault: Connect = () => {
  throw new Error('No default transport in this runtime. Pass the transport option')
}
