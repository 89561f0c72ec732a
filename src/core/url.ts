/** Returns the scheme, host and path of a URL for errors and logs, without its query or credentials. */
export function redactUrl(url: string): string {
  const parsed = parseUrl(url)
  if (!parsed) return '(not a URL)'
  // 'user:secret@host' is a URL with the scheme 'user' and the path 'secret@host'.
  if (isOpaque(parsed)) return `${parsed.protocol}…`
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`
}

/** Returns a valid URL without its credentials. The query stays. */
export function withoutCredentials(url: string | URL): string {
  const { href } = Object.assign(new URL(url), { username: '', password: '' })
  return href
}

/** Returns the part of a possibly invalid URL that can safely be shown. */
export function showUrl(text: string): string {
  const parsed = parseUrl(text)
  if (parsed && !isOpaque(parsed)) return redactUrl(text)
  // A password can contain characters that would otherwise end the host.
  const [, scheme = '', shown = ''] = /^([a-z][a-z\d+.-]*:\/\/)?([^?#]*)/i.exec(text) ?? []
  return text.includes('@') ? `'${scheme}…'` : `'${scheme}${shown}'`
}

/** Schemes that Holdfast can connect to. */
const SCHEMES: readonly string[] = ['ws:', 'wss:', 'ws+unix:']

/** A problem with a URL, and its fix. */
export interface UrlMistake {
  readonly cause: string
  readonly fix: string
}

/** Validates a URL to connect to. Returns the problem and its fix, or `undefined` if the URL is valid. */
export function findUrlMistake(url: string): UrlMistake | undefined {
  const parsed = parseUrl(url)
  if (!parsed || isOpaque(parsed))
    return findTextMistake(url, (port) => (port === '443' ? 'wss' : 'ws'), 'wss://example.com/feed')
  if (!SCHEMES.includes(parsed.protocol)) {
    const scheme = parsed.protocol.slice(0, -1)
    return {
      cause: `has the unsupported scheme "${scheme}"`,
      fix: `use ${scheme === 'https' ? 'wss' : 'ws'}://`,
    }
  }
  if (parsed.protocol === 'ws+unix:' && parsed.host !== '') {
    const fix = 'use three slashes: ws+unix:///run/app.sock:/path'
    return { cause: 'contains a host, which a Unix socket does not have', fix }
  }
  if (url.includes('#')) {
    return {
      cause: 'contains a fragment, which RFC 6455 forbids',
      fix: 'remove "#", or encode it as %23',
    }
  }
  return undefined
}

/**
 * Matches a host and port without a scheme, where the URL standard treats the host as the scheme. Does not match text that could be a
 * secret.
 */
const HOST_AND_PORT = /^([a-z][a-z\d.-]*):(\d{1,5})(?=[/?#]|$)(?!.*@)/i

/** Matches the port of a URL, after its host. Does not match text that could be part of a password. */
const PORT =
  /^[a-z][a-z\d+.-]*:\/\/(?:[^/?#@]*@)?(?:\[[^\]@]*\]|[^:/?#@[]*):(\d{1,20}|undefined|null|NaN)(?=[/?#]|$)(?!.*@)/i

const HIGHEST_PORT = 65_535

/**
 * Returns why a string is not a URL, or has no host.
 *
 * @param schemeOf returns the scheme to suggest for a port
 * @param example a valid URL of the kind that is expected
 */
export function findTextMistake(
  text: string,
  schemeOf: (port: string) => string,
  example: string,
): UrlMistake {
  const [, host, port] = HOST_AND_PORT.exec(text) ?? []
  if (host !== undefined && port !== undefined)
    return { cause: 'has no scheme', fix: `include the scheme: ${schemeOf(port)}://${host}:${port}` }
  const wrong = PORT.exec(text)?.[1]
  if (wrong !== undefined && !(Number(wrong) <= HIGHEST_PORT))
    return { cause: `has the invalid port ${wrong}`, fix: `use a port from 1 to ${HIGHEST_PORT}` }
  return { cause: 'is not an absolute URL', fix: `include scheme and host: '${example}'` }
}

/** Returns true if a URL has no host, such as `user:secret`. */
export function isOpaque({ host, pathname }: URL): boolean {
  return host === '' && !pathname.startsWith('/')
}

/** Returns the parsed URL; `undefined` if the text is not a URL. */
export function parseUrl(url: string): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}
