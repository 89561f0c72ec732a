// Node's built-in modules, and packages for Node only, that Holdfast uses outside the rooms that touch the network (`ws`, `fast-paths`,
// `proxy`). No other file imports one.
export { AsyncLocalStorage } from 'node:async_hooks'
export { channel, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
export { getProxyForUrl } from 'proxy-from-env'

/** Calls `callback` once, after one turn of the event loop. Returns a function that cancels the call. */
export function nextTurn(callback: () => void): () => void {
  const immediate = setImmediate(callback)
  return () => clearImmediate(immediate)
}
