// Node's built-in modules, and packages for Node only, that Holdfast uses outside `transports/`. No other file outside `transports/`
// imports one.
export { AsyncLocalStorage } from 'node:async_hooks'
export { channel } from 'node:diagnostics_channel'
export { getProxyForUrl } from 'proxy-from-env'

/** Calls `callback` once, after one turn of the event loop. Returns a function that cancels the call. */
export function nextTurn(callback: () => void): () => void {
  const immediate = setImmediate(callback)
  return () => clearImmediate(immediate)
}
