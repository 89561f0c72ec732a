import type { Connect } from './transport.js'

/** Default transport in browsers: there is none yet. */
export const connectDefault: Connect = () => {
  throw new Error('No default transport in this runtime. Pass the transport option')
}
