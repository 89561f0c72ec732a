import type { IncomingHttpHeaders } from 'node:http'
import { excerptOf, reasonOf } from '../core/error-text.js'
import { redactUrl } from '../core/url.js'
import { ConnectFailedError, HandshakeError, isCertificateError } from '../errors/connection-errors.js'

/** A connection to a server through a proxy. */
export interface ProxyRoute {
  /** Full URL of the server. */
  readonly url: string
  /** Scheme, host, and port of the proxy, without credentials. */
  readonly proxy: string
  readonly hasCredentials: boolean
}

/** Response of an HTTP proxy to CONNECT. */
export interface ProxyAnswer {
  readonly statusCode: number
  readonly statusText: string
  readonly headers: IncomingHttpHeaders
}

/** Maximum number of characters of the proxy's status text in a message. */
const LONGEST_TEXT = 100

/** Headers that only the server may send. Holdfast must not treat a proxy's redirect or cookies as those of the server. */
const SERVER_HEADERS: readonly string[] = ['location', 'set-cookie']

const NOT_HTTP = 'the response did not come from an HTTP proxy. Check the scheme and port of the proxy URL'
const NOT_SOCKS = 'the response did not come from a SOCKS proxy. Check the scheme and port of the proxy URL'

/** Returns the error for a proxy that responds to CONNECT with anything but 200. */
export function tunnelRefused(route: ProxyRoute, answer: ProxyAnswer): Error {
  const { statusCode: status, statusText, headers } = answer
  if (!(status >= 100 && status < 600)) return proxyFailed(route, new Error(NOT_HTTP))
  const url = redactUrl(route.url)
  const text = `HTTP ${status} ${excerptOf(statusText, LONGEST_TEXT)}`.trimEnd()
  const advice = refusalAdvice(route, answer)
  const message = `Proxy ${route.proxy} rejected the tunnel to ${url} with ${text}${advice && `. ${advice}`}`
  const kept = Object.entries(headers).filter(([name]) => !SERVER_HEADERS.includes(name))
  return new HandshakeError(url, message, { status, headers: Object.fromEntries(kept), proxy: route.proxy })
}

function refusalAdvice({ hasCredentials }: ProxyRoute, { statusCode, headers }: ProxyAnswer): string {
  if (statusCode === 407) {
    // The package returns an array if the header is repeated.
    const offers = [headers['proxy-authenticate'] ?? []].flat().join()
    const scheme = /^[\w-]+/.exec(offers)?.[0]
    if (scheme !== undefined && !/\bbasic\b/i.test(offers))
      return `The proxy requires ${scheme} authentication, but Holdfast supports only Basic`
    return hasCredentials
      ? 'Check the username and password in the proxy URL'
      : 'Add credentials to the proxy URL'
  }
  if (statusCode === 403) return 'The proxy does not allow connections to this host and port'
  if (statusCode === 405 || statusCode === 501) return 'The proxy does not support CONNECT'
  if (statusCode >= 502 && statusCode <= 504)
    return 'The proxy failed to reach the server. Check the host and port'
  return ''
}

/** Returns the error for a connection that the proxy failed to provide. */
export function proxyFailed({ url, proxy }: ProxyRoute, cause: Error, reason = reasonOf(cause)): Error {
  return new ConnectFailedError(redactUrl(url), cause, reason, { name: proxy, hasFailed: true })
}

/** Returns the error for a host name that could not be resolved before connecting through the proxy. */
export function lookupFailed({ url, proxy }: ProxyRoute, cause: Error, remoteScheme: string): Error {
  const reason = `${reasonOf(cause)}. To let the proxy resolve the host, use ${remoteScheme}//`
  return new ConnectFailedError(redactUrl(url), cause, reason, { name: proxy, hasFailed: false })
}

/** Errors from OpenSSL if the other side responds without TLS, because OpenSSL reads the response as a TLS record of an unknown version. */
export const NOT_TLS = /wrong version number|packet length too long|http request/i

/** Returns why no connection to the proxy could be opened, or why an HTTP proxy did not respond. */
export function connectReason(cause: Error, scheme: string): string {
  const { code = '', syscall } = cause as NodeJS.ErrnoException
  const reason = reasonOf(cause).trimEnd()
  if (cause instanceof AggregateError || syscall === 'connect' || syscall === 'getaddrinfo')
    return `the proxy cannot be reached: ${reason}. Check the proxy URL`
  if (scheme === 'https:' && NOT_TLS.test(reason))
    return 'the proxy does not use TLS on this port. Use http:// in the proxy URL'
  if (isCertificateError(code))
    return `the certificate of the proxy was rejected: ${reason}. Add the CA of the proxy to tls.ca`
  if (code === 'ECONNRESET' || /connection ended/.test(reason)) {
    const hint = scheme === 'http:' ? '. If the proxy expects TLS, use https:// in the proxy URL' : ''
    return `the proxy closed the connection without a response${hint}`
  }
  return /CONNECT response/.test(reason) ? NOT_HTTP : reason
}

/** Reasons for which a SOCKS proxy cannot provide a connection, by the error message from `socks`. */
const SOCKS_REASONS: readonly (readonly [RegExp, string])[] = [
  [/Authentication failed/, 'the proxy rejected the username and password'],
  [/no accepted authentication/, 'the proxy requires a username and password. Add them to the proxy URL'],
  [/NotAllowed/, 'the proxy does not allow connections to this host and port'],
  [/closed/, 'the proxy closed the connection'],
  [/timed out/, 'the proxy did not respond'],
]

/** Returns an error without the credentials that errors from `socks` contain, and its reason. */
export function socksFailed(route: ProxyRoute, { message }: Error): Error {
  const cause = new Error(message)
  const known = SOCKS_REASONS.find(([pattern]) => pattern.test(message))?.[1]
  const refusal = /rejected connection - \(?([A-Z]\w+)/.exec(message)?.[1]
  const words = refusal?.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).toLowerCase()
  const reason = words === undefined ? NOT_SOCKS : `the proxy failed to reach the server: ${words}`
  return proxyFailed(route, cause, known ?? reason)
}
