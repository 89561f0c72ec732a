// Built-in modules that Holdfast uses outside `transports/`. No other file there imports any.
export { AsyncLocalStorage } from 'node:async_hooks'
export { channel } from 'node:diagnostics_channel'

/** Calls `callback` once, after one turn of the event loop. Returns a function that cancels that. */
export function nextTurn(callback: () => void): () => void {
  const immediate = setImmediate(callback)
  return () => clearImmediate(immediate)
}
