import { describeValue } from '../core/describe-value.js'
import { toError } from '../core/error-text.js'
import { withoutCredentials } from '../core/url.js'
import { ConnectOptionError } from '../errors/connection-errors.js'
import type { Handshake, TransportRequest } from '../transports/transport.js'
import { describeMistakes, findValueMistakes } from './request-fields.js'

/** Keeps cookies between handshakes, for example with the package `tough-cookie`. URLs start with `ws:` or `wss:`. */
export interface CookieJar {
  /**
   * Returns the value of the `Cookie` header for a handshake, such as `'a=1; b=2'`; `undefined` or `''` if there are no cookies. Called before
   * each handshake, including those that follow a redirect.
   *
   * @param url URL of the handshake, without credentials
   */
  get(url: string): string | undefined | Promise<string | undefined>
  /**
   * Keeps the cookies of a response: an upgrade, a rejection, or a redirect. Called before `@OnOpen`. Can return a promise, but only a
   * redirect waits for it.
   *
   * @param url URL of the handshake, without credentials
   * @param setCookie values of the `Set-Cookie` headers
   */
  set(url: string, setCookie: string[]): unknown
}

/**
 * Adds the cookies from the jar to a request. A cookie in the user's own `Cookie` header wins over one with the same name.
 *
 * @throws ConnectOptionError if the jar fails, or returns an invalid value
 */
export async function withCookies(jar: CookieJar, request: TransportRequest): Promise<TransportRequest> {
  const stored = await storedCookies(jar, request.url)
  if (stored === '') return request
  const headers = Object.entries(request.headers)
  const own = headers.filter(isCookie).flatMap(([, value]) => [value].flat().flatMap(pairsOf))
  const names = own.map(nameOf)
  const added = pairsOf(stored).filter((pair) => !names.includes(nameOf(pair)))
  const others = headers.filter((header) => !isCookie(header))
  return { ...request, headers: { ...Object.fromEntries(others), Cookie: [...own, ...added].join('; ') } }
}

async function storedCookies(jar: CookieJar, url: string): Promise<string> {
  let value: unknown
  try {
    value = await jar.get(withoutCredentials(url))
  } catch (thrown) {
    throw new ConnectOptionError('cookies', thrown)
  }
  if (value === undefined) return ''
  const problem =
    typeof value === 'string'
      ? describeMistakes('cookies', findValueMistakes(value))
      : `expected a string or undefined, received ${describeValue(value)}`
  if (problem !== '') throw new ConnectOptionError('cookies', new TypeError(problem), true)
  return value as string
}

function isCookie([name]: readonly [string, unknown]): boolean {
  return name.toLowerCase() === 'cookie'
}

/** Returns the cookies in a `Cookie` header (RFC 6265, section 4.2.1). */
function pairsOf(header: string): string[] {
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
}

function nameOf(pair: string): string {
  return pair.split('=', 1)[0]?.trim() ?? ''
}

/**
 * Passes the cookies of a response to the jar.
 *
 * @param report receives the error if the jar fails
 * @returns a promise, which never rejects, if the jar is still storing the cookies
 */
export function keepCookies(
  jar: CookieJar,
  url: string,
  headers: Handshake['headers'],
  report: (error: Error) => void,
): Promise<void> | undefined {
  const { 'set-cookie': value = [] } = headers
  const setCookie = typeof value === 'string' ? [value] : [...value]
  if (setCookie.length === 0) return undefined
  try {
    return Promise.resolve(jar.set(withoutCredentials(url), setCookie)).then(
      () => undefined,
      (thrown: unknown) => report(toError(thrown)),
    )
  } catch (thrown) {
    report(toError(thrown))
    return undefined
  }
}
