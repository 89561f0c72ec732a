import { wire } from './event-target.js'

/** The built-in WebSocket of the runtime. */
export function open(url, handle) {
  return wire(new globalThis.WebSocket(url), handle)
}
