import { wire } from './event-target.js'

/** The WebSocket of the runtime itself. */
export function open(url, handle) {
  return wire(new globalThis.WebSocket(url), handle)
}
