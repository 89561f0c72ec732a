import { createWsTransport } from '../../dist/transports/index.js'
import { open as openHoldfast } from './holdfast.js'

/** Holdfast with its fast paths off: what it does on the public API of `ws` alone. */
export function open(url, handle) {
  return openHoldfast(url, handle, { transport: createWsTransport({ fastPaths: false }) })
}
