import type { Connect } from './transport.js'
import { createWsTransport } from './ws/ws-transport.js'

/** The transport of a connection that is given none. The package's "browser" condition swaps this file. */
export const connectDefault: Connect = createWsTransport()
