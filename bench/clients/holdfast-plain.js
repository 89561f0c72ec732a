import { createWsTransport } from '../../dist/transports/index.js'
import { open as openHoldfast } from './holdfast.js'

/** Holdfast with its fast paths off, so that it uses only the public API of `ws`. */
export function open(url, handle) {
  return openHoldfast(url, handle, { transport: createWsTransport({ fastPaths: false }) })
}
