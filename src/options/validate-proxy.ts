import { describeValue } from '../core/describe-value.js'
import { environmentProxy } from '../proxy/proxy-environment.js'
import type { EnvironmentProxy } from '../proxy/proxy-environment.js'
import { findProxyMistake } from '../proxy/proxy-url.js'
import { findUrlMistake } from '../core/url.js'
import type { Mistake } from '../errors/startup-error.js'
import { findTlsMistakes } from '../attempt/tls-fields.js'
import type { SocketOptions } from '../transports/transport.js'
import type { ConnectionOptions } from './options.js'

/** Validates a `proxy` option and returns the problems found. If it is a function, its result is validated on every call. */
export function checkProxy(proxy: unknown, place: string): Mistake[] {
  if (typeof proxy === 'function' || proxy === false || proxy === 'environment') return []
  if (typeof proxy !== 'string' && !(proxy instanceof URL)) {
    const cause = `expected a string, a URL, a function, or false, received ${describeValue(proxy)}`
    return [{ place, cause, fix: "use 'http://…', 'socks5://…', or 'environment'" }]
  }
  const problem = findProxyMistake(String(proxy))
  return problem ? [{ place, ...problem }] : []
}

/** Validates the proxy in the environment if the `proxy` option asks for it, and returns the problems found. */
export function checkEnvironment(options: ConnectionOptions): Mistake[] {
  const found = environmentProxyOf(options)
  const problem = found && findProxyMistake(found.proxy)
  return problem ? [{ place: `environment variable ${found.variable}`, ...problem }] : []
}

/**
 * Returns the options whose contents the transport can check before an attempt; `undefined` if none of them is set. Leaves out those that
 * are functions, and those in which a mistake has already been found.
 */
export function socketAtStart(options: ConnectionOptions): SocketOptions | undefined {
  const { tls } = options
  const proxy = proxyAtStart(options)
  const socket: SocketOptions = {
    ...(typeof tls === 'object' && findTlsMistakes(tls).length === 0 && { tls }),
    ...(proxy !== undefined && { proxy }),
  }
  return Object.keys(socket).length > 0 ? socket : undefined
}

function proxyAtStart(options: ConnectionOptions): string | undefined {
  const { proxy = false } = options
  if (typeof proxy === 'function' || proxy === false) return undefined
  const chosen = environmentProxyOf(options)?.proxy ?? String(proxy)
  return findProxyMistake(chosen) ? undefined : chosen
}

/** Returns the proxy that `proxy: 'environment'` selects. If only an attempt knows the URL, the URL is assumed to be a wss: URL. */
function environmentProxyOf({ proxy, url }: ConnectionOptions): EnvironmentProxy | undefined {
  if (proxy !== 'environment') return undefined
  const text = typeof url === 'string' || url instanceof URL ? String(url) : 'wss://host.invalid'
  return findUrlMistake(text) ? undefined : environmentProxy(text)
}
