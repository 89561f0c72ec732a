import { findTextMistake, isOpaque, parseUrl, showUrl } from '../core/url.js'
import type { UrlMistake } from '../core/url.js'

/** Schemes of the proxies that Holdfast can connect through, and their default ports. */
const PORTS: Readonly<Record<string, string>> = {
  'http:': '80',
  'https:': '443',
  'socks:': '1080',
  'socks4:': '1080',
  'socks4a:': '1080',
  'socks5:': '1080',
  'socks5h:': '1080',
}

/** Maximum length of a username or password in bytes (RFC 1929, section 2). */
const LONGEST_SOCKS_FIELD = 255

/** Returns the scheme, host, and port of a proxy, without its credentials. */
export function redactProxy(proxy: string): string {
  const { protocol, hostname, port } = new URL(proxy)
  return `${protocol}//${hostname}:${port || (PORTS[protocol] ?? '')}`
}

/** Returns the port of a proxy. */
export function portOfProxy({ protocol, port }: URL): number {
  return Number(port || PORTS[protocol])
}

/** User name and password of a proxy, decoded. */
export interface ProxyCredentials {
  readonly username: string
  readonly password: string
}

/**
 * Returns the decoded username and password of a proxy; `undefined` if its URL contains none.
 *
 * @throws URIError if a percent sequence is invalid
 */
export function credentialsOfProxy({ username, password }: URL): ProxyCredentials | undefined {
  if (username === '' && password === '') return undefined
  return { username: decodeURIComponent(username), password: decodeURIComponent(password) }
}

/** Validates the URL of a proxy. Returns the problem and its fix, without credentials, or `undefined` if the URL is valid. */
export function findProxyMistake(proxy: string): UrlMistake | undefined {
  const parsed = parseUrl(proxy)
  const problem = parsed && !isOpaque(parsed) ? findPartMistake(parsed) : textMistake(proxy)
  return problem && { cause: `${showUrl(proxy)} ${problem.cause}`, fix: problem.fix }
}

function textMistake(proxy: string): UrlMistake {
  return findTextMistake(proxy, () => 'http', 'http://proxy.example.com:3128')
}

function findPartMistake(url: URL): UrlMistake | undefined {
  const { protocol, hostname } = url
  if (!Object.hasOwn(PORTS, protocol)) {
    const cause = `has the unsupported scheme "${protocol.slice(0, -1)}"`
    return { cause, fix: 'use http://, https://, or socks5://' }
  }
  if (hostname === '') return textMistake('')
  const fields = credentialFields(url)
  if (!fields) {
    const cause = 'has an invalid percent sequence in the username or password'
    return { cause, fix: 'encode a percent sign as %25' }
  }
  const isSocks = protocol.startsWith('socks')
  if (isSocks && fields.some((field) => new TextEncoder().encode(field).length > LONGEST_SOCKS_FIELD)) {
    const cause = `has a username or password of more than ${LONGEST_SOCKS_FIELD} bytes, which SOCKS does not allow`
    return { cause, fix: 'use shorter credentials' }
  }
  return undefined
}

/** Returns the decoded username and password; `undefined` if they cannot be decoded. */
function credentialFields(url: URL): readonly string[] | undefined {
  try {
    const credentials = credentialsOfProxy(url)
    return credentials ? [credentials.username, credentials.password] : []
  } catch {
    return undefined
  }
}
