import { describeValue } from '../core/describe-value.js'
import { environmentProxy } from './proxy-environment.js'
import { findProxyMistake } from './proxy-url.js'
import { capitalized } from '../core/error-text.js'
import { withoutCredentials } from '../core/url.js'
import type { UrlMistake } from '../core/url.js'
import { ConnectOptionError } from '../errors/connection-errors.js'

/**
 * Proxy to connect through: a URL, `'environment'` for the proxy that the environment variables name, a function called on every attempt,
 * or `false` for none. The function receives the URL of the server without its credentials. If it returns `undefined`, the attempt connects
 * directly.
 */
export type ProxyOption =
  string | URL | ((url: string) => string | URL | undefined | Promise<string | URL | undefined>) | false

/**
 * Returns the proxy for a connection to a URL, including the proxy's credentials. Call it for each URL that an attempt connects to.
 *
 * @returns `false` to connect directly; `undefined` if the option is not set
 * @throws ConnectOptionError if the function throws, or if the proxy cannot be used
 */
export async function resolveProxy(
  option: ProxyOption | undefined,
  url: string,
): Promise<string | false | undefined> {
  if (option === undefined) return undefined
  // Proxies connect to hosts, not to Unix sockets.
  if (option === false || !/^wss?:/.test(url)) return false
  const chosen = typeof option === 'function' ? await callProxy(option, url) : option
  if (chosen === undefined) return false
  const { proxy, variable } = chosen === 'environment' ? fromEnvironment(url) : { proxy: String(chosen) }
  if (proxy === undefined) return false
  const mistake = findProxyMistake(proxy)
  if (mistake) throw unusable(mistake, variable, typeof option === 'function')
  return proxy
}

function fromEnvironment(url: string): { proxy?: string; variable?: string } {
  return environmentProxy(url) ?? {}
}

async function callProxy(option: (url: string) => unknown, url: string): Promise<string | URL | undefined> {
  let chosen: unknown
  try {
    chosen = await option(withoutCredentials(url))
  } catch (thrown) {
    throw new ConnectOptionError('proxy', thrown)
  }
  if (chosen === undefined || typeof chosen === 'string' || chosen instanceof URL) return chosen
  const cause = new TypeError(`expected a string, a URL, or undefined, received ${describeValue(chosen)}`)
  throw new ConnectOptionError('proxy', cause, true)
}

function unusable({ cause, fix }: UrlMistake, variable: string | undefined, isFunction: boolean): Error {
  const place = variable === undefined ? '' : `${variable}: `
  const reason = new TypeError(`${place}${cause}. ${capitalized(fix)}`)
  return new ConnectOptionError('proxy', reason, true, isFunction)
}
