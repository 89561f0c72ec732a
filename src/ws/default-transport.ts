import type { Connect } from '../transports/transport.js'
import { createWsTransport } from './ws-transport.js'

/** Default transport. The package's "browser" condition replaces this file. */
export const connectDefault: Connect = createWsTransport()
