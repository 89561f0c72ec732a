import type { Connect } from './transport.js'
import { createWsTransport } from './ws/ws-transport.js'

/** Default transport. The package's "browser" condition replaces this file. */
export const connectDefault: Connect = createWsTransport()
