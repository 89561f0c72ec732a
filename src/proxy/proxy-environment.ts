import { getProxyForUrl } from '#platform'

/** Variables that name the proxy for a URL, by its scheme. The first one that is set wins. */
const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  'wss:': ['wss_proxy', 'https_proxy', 'all_proxy'],
  'ws:': ['ws_proxy', 'http_proxy', 'all_proxy'],
}

/** Scheme under which `proxy-from-env` finds a variable. It knows only the variable of the same scheme and `ALL_PROXY`. */
const HTTP_SCHEMES: Readonly<Record<string, string>> = { 'wss:': 'https:', 'ws:': 'http:' }

export interface EnvironmentProxy {
  /** Name of the variable, as it is set. */
  readonly variable: string
  /** URL of the proxy, including its credentials. Has not been validated yet. */
  readonly proxy: string
}

/** Returns the process's environment variables, if the platform has any. */
function environment(): Readonly<Record<string, string | undefined>> {
  const { process } = globalThis as { process?: { env?: Readonly<Record<string, string | undefined>> } }
  return process?.env ?? {}
}

/** Returns the proxy that the environment names for a URL; `undefined` if it names none, or if `NO_PROXY` covers the host. */
export function environmentProxy(url: string): EnvironmentProxy | undefined {
  const { protocol, host } = new URL(url)
  const env = environment()
  const names = VARIABLES[protocol] ?? []
  const variable = names.flatMap((name) => [name, name.toUpperCase()]).find((name) => env[name])
  const value = variable === undefined ? undefined : env[variable]
  if (variable === undefined || value === undefined) return undefined
  const isOwn = variable.toLowerCase() === names[0]
  const scheme = isOwn ? protocol : (HTTP_SCHEMES[protocol] ?? protocol)
  if (getProxyForUrl(`${scheme}//${host}`) === '') return undefined
  // Without a scheme, assumes HTTP like curl. proxy-from-env would use TLS to such a proxy for a wss: URL.
  return { variable, proxy: value.includes('://') ? value : `http://${value}` }
}

/** Schemes of WebSocket URLs, each with the other one. */
const OTHER_SCHEMES: Readonly<Record<string, string>> = { 'wss:': 'ws:', 'ws:': 'wss:' }

/**
 * Mentions a proxy that is set in the environment but was not used, because that may be why the server cannot be reached.
 *
 * @returns a sentence to append; an empty string if no proxy is set for the host of the URL
 */
export function unusedProxy(url: string): string {
  const used = environmentProxy(url)
  if (used)
    return `. ${used.variable} is set, but was not used. To connect through that proxy, use proxy: 'environment'`
  const { protocol, host } = new URL(url)
  const other = OTHER_SCHEMES[protocol]
  const unfit = other === undefined ? undefined : environmentProxy(`${other}//${host}`)
  return unfit ? `. ${unfit.variable} is set, but was not used: it applies only to ${String(other)}//` : ''
}
