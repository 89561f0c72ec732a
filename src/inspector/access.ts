import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Parts of a request that decide who may read. */
interface AccessRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: IncomingHttpHeaders
}

/** Answer to a request that does not receive what it asks for. */
export interface Refusal {
  readonly status: number
  readonly text: string
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** Returns true for the names and addresses of this machine's loopback interface. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** Decides which requests may read the page and its data. */
export class Access {
  readonly #token: string | undefined
  readonly #cookie: string

  /** @param port port of the server, because a browser sends cookies to all ports of a host */
  constructor(token: string | undefined, port: number) {
    this.#token = token
    this.#cookie = `holdfast-inspector-${port}`
  }

  /** Returns why a request is refused, or `undefined` if it is allowed. */
  refusalOf({ method, url = '/', headers }: AccessRequest): Refusal | undefined {
    if (method !== 'GET')
      return {
        status: 405,
        text: 'The inspector is read-only. Send a GET request',
        headers: { allow: 'GET' },
      }
    // Another site in the same browser could otherwise hold streams open, although it cannot read them.
    const site = headers['sec-fetch-site']
    const isFrame = /^(?:i?frame|embed|object)$/.test(String(headers['sec-fetch-dest']))
    const isNavigation = headers['sec-fetch-mode'] === 'navigate' && !isFrame
    if ((site === 'cross-site' || site === 'same-site') && !isNavigation)
      return { status: 403, text: 'The inspector does not answer requests from other sites' }
    return this.#token === undefined
      ? refusalOfHost(headers.host)
      : this.#refusalWithout(this.#token, url, headers)
  }

  #refusalWithout(token: string, url: string, headers: IncomingHttpHeaders): Refusal | undefined {
    const given = new URLSearchParams(url.split('?').slice(1).join('?')).get('token')
    if (given !== null && isSame(given, token)) return this.#rememberToken(token, url)
    const [, bearer] = /^Bearer (.+)$/i.exec(headers.authorization ?? '') ?? []
    if (given === null && bearer !== undefined && isSame(bearer, token)) return undefined
    const cookies = (headers.cookie ?? '').split(';').map((each) => each.trim())
    const prefix = `${this.#cookie}=`
    const cookie = cookies.find((each) => each.startsWith(prefix))?.slice(prefix.length)
    if (given === null && cookie !== undefined && isSame(cookie, digestOf(token))) return undefined
    const text =
      given === null
        ? "This inspector needs its token. Open its URL with ?token=…, or send the header 'Authorization: Bearer …'"
        : 'This is not the token of this inspector. Pass the one that startInspector received'
    return { status: 401, text, headers: { 'www-authenticate': 'Bearer realm="Holdfast inspector"' } }
  }

  /** Exchanges the token of a URL for a cookie, so that it does not stay in the address bar and the history. */
  #rememberToken(token: string, url: string): Refusal {
    const [path = '/'] = url.split('?')
    const location = `./${path.slice(path.lastIndexOf('/') + 1)}`
    const cookie = `${this.#cookie}=${digestOf(token)}; HttpOnly; SameSite=Lax`
    return { status: 303, text: '', headers: { location, 'set-cookie': cookie } }
  }
}

/** Without a token, a site that resolves its own name to 127.0.0.1 could read everything (DNS rebinding). */
function refusalOfHost(host: string | undefined): Refusal | undefined {
  const address = `http://${host ?? ''}`
  if (host && URL.canParse(address) && isLoopback(new URL(address).hostname)) return undefined
  return {
    status: 403,
    text: 'Without a token, the inspector answers only to localhost. Open it as localhost, or pass a token to startInspector',
  }
}

/** Derived from the token, so that the cookie does not contain it. */
function digestOf(token: string): string {
  return createHash('sha256').update(`holdfast-inspector:${token}`).digest('hex')
}

/** Compares two secrets in a time that does not depend on where they differ. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
